"""LMS and HSS by the published vectors of RFC 8554, appendix F; whatever differs from a right signature is refused."""

import hashlib
import struct
from binascii import hexlify, unhexlify

from interlock.core import lmots, lms
from interlock.core.lmots import Leaf, OneTime
from interlock.core.lms import Tree, leaf_hash, public_key, verify
from tests.core import rfc8554

PUBLIC_1, SIGNATURE_1 = unhexlify(rfc8554.PUBLIC_1), unhexlify(rfc8554.SIGNATURE_1)
PUBLIC_2, SIGNATURE_2 = unhexlify(rfc8554.PUBLIC_2), unhexlify(rfc8554.SIGNATURE_2)
MESSAGE_1, MESSAGE_2 = rfc8554.MESSAGE_1, rfc8554.MESSAGE_2
TOP = unhexlify(rfc8554.TOP_IDENTIFIER), unhexlify(rfc8554.TOP_SEED)
BOTTOM = unhexlify(rfc8554.BOTTOM_IDENTIFIER), unhexlify(rfc8554.BOTTOM_SEED)

# Case 2, field by field: offset in the signature. Its top is of height 10 with W4, its bottom of height 5 with W8.
W4, W8 = 4 + 32 + 67 * 32, 4 + 32 + 34 * 32
TOP_AT, TOP_TYPE_AT = 4, 8 + W4
KEY_AT = TOP_TYPE_AT + 4 + 10 * 32
BOTTOM_AT = KEY_AT + lms.KEY_BYTES
BOTTOM_TYPE_AT = BOTTOM_AT + 4 + W8


def computed(ots_type, identifier, q, seed, slice_hashes=1 << 20):
    leaf = Leaf(ots_type, identifier, q, seed)
    while not leaf.step(slice_hashes):
        assert leaf.public is None
    return leaf.public


def one_time(ots_type, identifier, q, seed, randomizer, message, slice_hashes=1 << 20):
    out = bytearray()
    signature = OneTime(ots_type, identifier, q, seed, randomizer, message, out.extend)
    while not signature.step(slice_hashes):
        pass
    return bytes(out)


def altered(data, at, bit=1):
    bad = bytearray(data)
    bad[at] ^= bit
    return bytes(bad)


def with_word(data, at, value):
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


class Key:
    """A whole tree of height 5, all of whose leaves share a seed, and its signatures."""

    def __init__(self, ots_type):
        self.ots_type, self.identifier, self.seed = ots_type, b"I" * 16, b"S" * 32
        self.leaves = []
        for q in range(32):
            public = computed(ots_type, self.identifier, q, self.seed)
            self.leaves.append(leaf_hash(self.identifier, 32 + q, public))
        self.key = self.public(1)[4:]

    def tree(self, q):
        tree = Tree(self.identifier, 5, q)
        for leaf in self.leaves:
            assert tree.root is None
            tree.add(leaf)
        return tree

    def public(self, levels):
        return public_key(levels, 5, self.ots_type, self.identifier, self.tree(0).root)

    def sign(self, q, message):
        """The LMS signature."""
        chosen = lmots.randomizer(self.identifier, q, self.seed)
        part = one_time(self.ots_type, self.identifier, q, self.seed, chosen, message)
        return struct.pack(">I", q) + part + struct.pack(">I", 5) + self.tree(q).path


def test_the_published_signatures_are_right():
    assert verify(PUBLIC_1, MESSAGE_1, SIGNATURE_1)
    assert verify(PUBLIC_2, MESSAGE_2, SIGNATURE_2)
    assert verify(bytearray(PUBLIC_2), memoryview(MESSAGE_2), bytearray(SIGNATURE_2))


def test_another_message_or_key_is_refused():
    assert not verify(PUBLIC_1, MESSAGE_2, SIGNATURE_1) and not verify(PUBLIC_2, MESSAGE_2, SIGNATURE_1)
    assert not verify(PUBLIC_1, MESSAGE_1, SIGNATURE_2) and not verify(PUBLIC_1, b"", SIGNATURE_1)
    for at in (0, 40, len(MESSAGE_2) - 1):
        assert not verify(PUBLIC_2, altered(MESSAGE_2, at), SIGNATURE_2)
    assert not verify(PUBLIC_2, MESSAGE_2 + b"\n", SIGNATURE_2)


def test_every_field_of_the_public_key_is_bound():
    for at in (0, 3, 4, 7, 8, 11, 12, 27, 28, 59):
        for bit in (1, 2, 0x80):
            assert not verify(altered(PUBLIC_2, at, bit), MESSAGE_2, SIGNATURE_2)


def test_every_field_of_the_signature_is_bound():
    fields = [0, 3]  # levels less one
    for start, one_time_bytes, height in ((TOP_AT, W4, 10), (BOTTOM_AT, W8, 5)):
        body = start + 8
        end = start + 4 + one_time_bytes
        # q, LM-OTS type, randomizer, first and last chains (message digits and checksum), LMS type, ends of the path
        fields += [start, start + 3, start + 4, start + 7, body, body + 31, body + 32, body + 63, body + 64]
        fields += [end - 64, end - 1, end, end + 3, end + 4, end + 35, end + 4 + height * 32 - 32]
        fields += [end + 4 + height * 32 - 1]
    fields += [KEY_AT, KEY_AT + 3, KEY_AT + 4, KEY_AT + 7, KEY_AT + 8, KEY_AT + 23, KEY_AT + 24, KEY_AT + 55]
    for at in fields:
        for bit in (1, 0x80):
            assert not verify(PUBLIC_2, MESSAGE_2, altered(SIGNATURE_2, at, bit)), at


def test_a_signature_of_any_other_length_is_refused():
    assert BOTTOM_TYPE_AT + 4 + 5 * 32 == len(SIGNATURE_2)
    for length in (0, 3, 4, 7, TOP_TYPE_AT, KEY_AT, KEY_AT + 55, BOTTOM_AT, BOTTOM_AT + 7, len(SIGNATURE_2) - 1):
        assert not verify(PUBLIC_2, MESSAGE_2, SIGNATURE_2[:length])
    for more in (b"\x00", bytes(32), SIGNATURE_2):
        assert not verify(PUBLIC_2, MESSAGE_2, SIGNATURE_2 + more)
    for length in (0, 4, 59):
        assert not verify(PUBLIC_2[:length], MESSAGE_2, SIGNATURE_2)
    assert not verify(PUBLIC_2 + b"\x00", MESSAGE_2, SIGNATURE_2)


def test_types_that_were_changed_on_both_sides_are_refused():
    for lms_type in (0, 5, 7, 8, 9, 10, 0xFFFFFFFF):
        public = with_word(PUBLIC_2, 4, lms_type)
        assert not verify(public, MESSAGE_2, with_word(SIGNATURE_2, TOP_TYPE_AT, lms_type))
    for ots_type in (0, 1, 2, 4, 5, 0xFFFFFFFF):
        public = with_word(PUBLIC_2, 8, ots_type)
        assert not verify(public, MESSAGE_2, with_word(SIGNATURE_2, TOP_AT + 4, ots_type))


def test_a_leaf_that_the_tree_does_not_have_is_refused():
    for q in (0, 1, 1023, 1024, 0x80000003, 0xFFFFFFFF):
        assert not verify(PUBLIC_2, MESSAGE_2, with_word(SIGNATURE_2, TOP_AT, q))
    # The same number in the bits that the path goes by.
    q = struct.unpack_from(">I", SIGNATURE_2, TOP_AT)[0]
    assert not verify(PUBLIC_2, MESSAGE_2, with_word(SIGNATURE_2, TOP_AT, q + 1024))


def test_a_bottom_signature_alone_is_not_one_of_the_whole():
    alone = bytes(4) + SIGNATURE_2[BOTTOM_AT:]
    inner = SIGNATURE_2[KEY_AT:BOTTOM_AT]
    assert verify(struct.pack(">I", 1) + inner, MESSAGE_2, alone)
    assert not verify(PUBLIC_2, MESSAGE_2, alone)
    assert not verify(struct.pack(">I", 2) + inner, MESSAGE_2, alone)


def test_the_published_private_keys_give_the_published_one_time_signatures():
    for ots_type, (identifier, seed), at, size, message in (
        (3, TOP, TOP_AT, W4, SIGNATURE_2[KEY_AT:BOTTOM_AT]),
        (4, BOTTOM, BOTTOM_AT, W8, MESSAGE_2),
    ):
        q = struct.unpack_from(">I", SIGNATURE_2, at)[0]
        published = SIGNATURE_2[at + 4 : at + 4 + size]
        assert one_time(ots_type, identifier, q, seed, published[4:36], message) == published
        chains = lmots.Candidate(ots_type, identifier, q, message, published)
        assert chains.step(1 << 20)
        assert computed(ots_type, identifier, q, seed) == chains.sum.digest()


def test_a_signature_is_verified_in_slices_with_the_same_result():
    for hashes in (1, 7, 100):
        for message, is_good in ((MESSAGE_2, True), (MESSAGE_2 + b".", False)):
            found = lms.Verification(PUBLIC_2, memoryview(message), memoryview(SIGNATURE_2))
            slices = 0
            while not found.step(hashes):
                slices += 1
            assert found.is_good == is_good and slices > 5


def test_the_published_private_key_gives_the_published_bottom_tree():
    identifier, seed = BOTTOM
    q = struct.unpack_from(">I", SIGNATURE_2, BOTTOM_AT)[0]
    tree = Tree(identifier, 5, q)
    for leaf in range(32):
        tree.add(leaf_hash(identifier, 32 + leaf, computed(4, identifier, leaf, seed)))
    assert hexlify(tree.root).decode() == rfc8554.BOTTOM_ROOT
    assert tree.path == SIGNATURE_2[BOTTOM_TYPE_AT + 4 :]
    assert public_key(2, 5, 4, identifier, tree.root)[4:] == SIGNATURE_2[KEY_AT:BOTTOM_AT]


def test_the_published_private_key_gives_the_published_top_tree():
    identifier, seed = TOP
    tree = Tree(identifier, 10, struct.unpack_from(">I", SIGNATURE_2, TOP_AT)[0])
    for leaf in range(1024):
        tree.add(leaf_hash(identifier, 1024 + leaf, computed(3, identifier, leaf, seed)))
    assert public_key(2, 6, 3, identifier, tree.root) == PUBLIC_2
    assert tree.path == SIGNATURE_2[TOP_TYPE_AT + 4 : KEY_AT]


def test_small_slices_give_what_one_long_one_gives():
    identifier, seed = TOP
    chosen = lmots.randomizer(identifier, 3, seed)
    assert computed(3, identifier, 3, seed, 7) == computed(3, identifier, 3, seed)
    whole = one_time(3, identifier, 3, seed, chosen, b"message")
    assert one_time(3, identifier, 3, seed, chosen, b"message", 1) == whole
    steps = 0
    leaf = Leaf(3, identifier, 3, seed)
    while not leaf.step(16):
        steps += 1
    assert steps == 66  # a chain of 15 links and its secret each


def test_whoever_asks_for_no_leaf_gets_the_path_of_the_first():
    leaves = [bytes([i]) * 32 for i in range(4)]
    trees = [Tree(b"I" * 16, 2), Tree(b"I" * 16, 2, 0), Tree(b"I" * 16, 2, 1)]
    for tree in trees:
        for leaf in leaves:
            tree.add(leaf)
    assert trees[0].path == trees[1].path != trees[2].path
    assert trees[0].root == trees[2].root and trees[0].path[:32] == leaves[1]


def test_a_public_key_is_made_of_a_whole_identifier_and_a_whole_root():
    assert len(public_key(1, 5, 3, bytes(16), bytes(32))) == lms.PUBLIC_BYTES == 60
    for identifier, root in ((15, 32), (16, 31), (17, 33)):
        try:
            public_key(1, 5, 3, bytes(identifier), bytes(root))
        except AssertionError:
            continue
        raise RuntimeError("a key of other lengths was made")


def by_the_formulas(width, chains, identifier, q, seed):
    """A one-time public key as RFC 8554 writes it: appendix A, then algorithm 1."""
    where = identifier + struct.pack(">I", q)
    ends = b""
    for i in range(chains):
        chain = where + struct.pack(">H", i)
        value = hashlib.sha256(chain + b"\xff" + seed).digest()
        for link in range((1 << width) - 1):
            value = hashlib.sha256(chain + bytes([link]) + value).digest()
        ends += value
    return hashlib.sha256(where + b"\x80\x80" + ends).digest()


def test_one_time_keys_of_every_width_are_those_of_the_formulas():
    identifier, seed = TOP
    for ots_type, width, chains in ((1, 1, 265), (2, 2, 133), (3, 4, 67), (4, 8, 34)):
        wanted = by_the_formulas(width, chains, identifier, 70000, seed)
        assert computed(ots_type, identifier, 70000, seed) == wanted


def test_a_slice_takes_as_many_hashes_as_it_may():
    identifier, seed = TOP
    whole = 67 * 16  # a chain of 15 links and its secret each
    for hashes in (1, 7, 40, 100):
        leaf = Leaf(3, identifier, 3, seed)
        calls = 1
        while not leaf.step(hashes):
            calls += 1
        assert calls == -(-whole // hashes)


def test_every_leaf_and_every_width_signs():
    for ots_type in (1, 2, 3):
        key = Key(ots_type)
        for q in (0, 1, 13, 30, 31):
            signature = bytes(4) + key.sign(q, b"message")
            assert verify(key.public(1), b"message", signature)
            assert not verify(key.public(1), b"massage", signature)
            assert not verify(key.public(1), b"message", with_word(signature, 4, q ^ 1))
            assert len(signature) == 4 + lms.lms_signature_bytes(5, ots_type)


def test_up_to_eight_levels_are_followed_and_no_more():
    key = Key(2)
    for levels in (1, 2, 8, 9):
        signature = struct.pack(">I", levels - 1)
        for level in range(levels - 1):
            signature += key.sign(level, key.key) + key.key
        signature += key.sign(levels, b"message")
        assert verify(key.public(levels), b"message", signature) is (levels <= 8)
        assert not verify(key.public(levels + 1), b"message", signature)
        assert not verify(key.public(levels), b"massage", signature)
    assert not verify(key.public(0), b"message", struct.pack(">I", 0xFFFFFFFF))


def test_a_level_that_signed_something_else_than_a_key_is_refused():
    key = Key(2)
    for signed in (b"", b"short", key.key[:55], bytes(56)):
        signature = struct.pack(">I", 1) + key.sign(0, signed) + signed
        assert not verify(key.public(2), b"message", signature)
        assert not verify(key.public(2), b"message", signature + key.sign(1, b"message"))


def test_digits_and_their_checksum_are_those_of_the_standard():
    for ots_type, width in ((1, 1), (2, 2), (3, 4), (4, 8)):
        top = (1 << width) - 1
        count = 256 // width
        most = lmots.digits(ots_type, b"\xff" * 32)
        assert most[:count] == bytes([top]) * count and most[count:] == bytes(len(most) - count)
        least = lmots.digits(ots_type, bytes(32))
        checksum = 0
        for digit in least[count:]:
            checksum = checksum << width | digit
        assert least[:count] == bytes(count) and checksum == count * top
    assert lmots.digits(3, b"\x12" + bytes(31))[:3] == b"\x01\x02\x00"
