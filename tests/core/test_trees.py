"""The signing key's trees, byte by byte as JOURNAL.md §8 writes them, and what is made of flash that does not read."""

import struct
from binascii import crc32

from interlock.core import lms, signer, trees
from interlock.core.crypto import Hmac
from interlock.core.lmots import Leaf
from interlock.core.lms import Tree, leaf_hash
from interlock.core.signer import GENERATING, READY
from tests.core.flash import RamFlash
from tests.core.signer_world import ENTROPY, FIRST, TABLE, TINY, TINY_TWO, Area, finish, made, opened, signs

SECTOR = 4096


def crc(data):
    return struct.pack(">I", crc32(data) & 0xFFFFFFFF)


def secrets(label, count):
    """S_0 and those after it."""
    found = [Hmac(ENTROPY).digest(label)]
    for _ in range(count - 1):
        found.append(Hmac(found[-1]).digest(b"interlock next"))
    return found


def grown(kept):
    """Identifier, leaves and root of the tree whose leaves have these secrets."""
    identifier = Hmac(kept[0]).digest(b"interlock identifier")[:16]
    tree, leaves = Tree(identifier, 2), b""
    for q, secret in enumerate(kept):
        leaf = Leaf(3, identifier, q, Hmac(secret).digest(b"interlock leaf"))
        while not leaf.step(1000):
            pass
        value = leaf_hash(identifier, 4 + q, leaf.public)
        tree.add(value)
        leaves += value
    return identifier, leaves, tree.root


def head_of(params, number, identifier, root):
    head = b"ILK\x01" + struct.pack(">II", params, number) + identifier
    return head + crc(head) + bytes(4) + root + crc(head + root)


def lies(flash, sector, at, data):
    offset = (FIRST + sector) * SECTOR + at
    assert bytes(flash.data[offset : offset + len(data)]) == data


def test_a_key_of_one_level_lies_in_the_flash_as_the_document_says():
    held = made(TINY)
    identifier, leaves, root = grown(secrets(b"interlock secret", 4))
    lies(held._flash, signer.HEAD, 0, head_of(TINY, 0, identifier, root) + b"\xff" * 100)
    lies(held._flash, signer.LEAVES, 0, leaves + b"\xff" * 100)
    types = struct.pack(">II", TABLE[TINY].lms_type, 3)
    assert held.public == struct.pack(">I", 1) + types + identifier + root
    signs(held)
    message, signature = held.signed()
    whole = b"ILC\x01" + struct.pack(">IH", 0, len(message)) + message + signature[4:]
    lies(held._flash, signer.SIGNED, 0, whole + crc(whole) + b"\xff" * 100)


def test_a_bottom_tree_lies_in_its_sector_as_the_document_says():
    held = made(TINY_TWO)
    for _ in range(3):
        signs(held)  # half used: the next tree is there
    tops, bottoms = secrets(b"interlock secret", 4), secrets(b"interlock bottom secret", 8)
    identifier, leaves, root = grown(tops)
    lies(held._flash, signer.HEAD, 0, head_of(TINY_TWO, 0, identifier, root))
    lies(held._flash, signer.LEAVES, 0, leaves)
    for number, sector in enumerate(signer.BOTTOM_TREES):
        below, leaves, root = grown(bottoms[4 * number : 4 * number + 4])
        lies(held._flash, sector, 0, head_of(TINY_TWO, number, below, root) + b"\xff" * (256 - 72))
        lies(held._flash, sector, 256, leaves)
        key = struct.pack(">II", TABLE[TINY_TWO].lms_type, 3) + below + root
        at = (FIRST + sector) * SECTOR + 256 + 4 * 32
        size = 4 + lms.lms_signature_bytes(TABLE[TINY_TWO].lms_type, 3) + len(key)
        said = bytes(held._flash.data[at : at + size])
        assert said[:8] == struct.pack(">II", 1, number) and said.endswith(key)
        lies(held._flash, sector, 256 + 4 * 32 + size, crc(said) + b"\xff" * 100)
    assert held.signed()[1][4:8] == struct.pack(">I", 0), "signed by the first leaf of the top"


class Halting(RamFlash):
    """A read fails in its midst: what is in the buffer then is nothing that anybody may take for the flash's."""

    def read(self, offset, buffer):
        RamFlash.read(self, offset, buffer)
        raise OSError(5)


def test_what_cannot_be_read_whole_is_told_as_zeros():
    assert trees.read(RamFlash(1), 8, 16) == b"\xff" * 16
    assert trees.read(Halting(1), 8, 16) == bytes(16)


def test_what_is_emitted_is_programmed_as_soon_as_it_fills_a_page():
    flash = RamFlash(1)
    slot, said, begin = trees.Slot(flash, 256), bytes(range(256)) * 2, 0
    for end, programs in ((255, 0), (256, 1), (300, 1), (512, 2)):
        slot.emit(said[begin:end])
        begin = end
        assert flash.programs == programs
    slot.close()
    assert flash.programs == 3 and bytes(flash.data[256:768]) == said
    assert trees.is_intact(flash, 256, 512) and not trees.is_intact(flash, 256, 511)


def test_a_place_where_no_tree_is_has_no_number_no_root_and_no_leaves():
    for tree in (trees.StoredTree(Area(), 0, SECTOR, TABLE), trees.BottomTree(Area(), 3, TABLE)):
        assert (tree.number, tree.root, tree.done, tree.is_sound) == (-1, None, 0, None)
    assert not tree.is_certified


def test_of_a_tree_half_made_all_leaves_count_but_the_last_which_may_be_torn():
    for params in (TINY, TINY_TWO):
        public, flash, seen = made(params).public, Area(), []
        held = opened(flash)
        held.generate(params, ENTROPY)
        while held.work(500):
            again = opened(flash.copy())
            assert max(held.done - 1, 0) <= again.done <= held.done
            seen.append(held.done)
        assert set(seen) >= set(range(held.total)) and held.public == public


def test_a_leaf_that_a_cut_tore_is_computed_again():
    for there in range(1, 5):
        held = opened(Area())
        held.generate(TINY, ENTROPY)
        while held.done < there:
            held.work(1)
        torn = held._flash.copy()
        at = (FIRST + signer.LEAVES) * SECTOR + (there - 1) * 32
        for i in range(at, at + 32):
            torn.data[i] |= 0x5A
        again = opened(torn)
        assert again.done == there - 1
        finish(again)
        assert again.public == made(TINY).public and signs(again) == 0


class Gap(Area):
    """Of the leaves' sector the first one cannot be read, while `is_there`."""

    is_there = True

    def read(self, offset, buffer):
        Area.read(self, offset, buffer)
        if self.is_there and offset == (FIRST + signer.LEAVES) * SECTOR:
            raise OSError(5)


def test_leaves_count_from_the_first_on_and_where_it_cannot_be_read_none_does():
    held = opened(Area())
    held.generate(TINY, ENTROPY)
    while held.done < 3:
        held.work(1)
    assert opened(held._flash.copy()).done == 2
    flash = Gap()
    flash.data[:] = held._flash.data
    again = opened(flash)
    assert (again.state, again.done, again.total) == (GENERATING, 0, 4)
    flash.is_there = False
    finish(again)
    assert again.public == made(TINY).public and signs(again) == 0


def test_what_lies_behind_the_last_leaf_of_a_tree_without_a_root_is_no_leaf():
    held = made(TINY_TWO)
    assert (held.state, held.done, held.total) == (READY, 8, 8)
    held._flash.data[(FIRST + signer.BOTTOM_TREES[0]) * SECTOR + 40] ^= 1  # of its root: the certificate is there
    again = opened(held._flash)
    assert (again.state, again.done, again.total) == (GENERATING, 7, 8)
    finish(again)
    assert (again.state, again.done) == (READY, 8) and signs(again) == 4
