"""Trees of one-time keys in flash, and the secrets they grow from. Bytes: `firmware/JOURNAL.md`, "Signing key".

What takes long is a generator here: it yields what each piece of its work cost, in hashes, or ERASE where the next
piece begins with the erase of a sector. `signer.py` runs them.

A leaf's private key grows from a seed of its own, and that from the secret of its index; the next index has the next
secret, and there is no way back. So a unit that forgot a secret cannot sign under its index or any before.
"""

import struct
from binascii import crc32
from collections import namedtuple

from . import lms
from .crypto import Hmac
from .lmots import HASH_BYTES, IDENTIFIER_BYTES, Leaf, OneTime, randomizer
from .lms import HEIGHTS, Tree, leaf_hash
from .patient import read_patiently

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from .needs import Flash

# `levels` 2: a top tree signs bottom trees, all of the same types.
Params = namedtuple("Params", ("name", "lms_type", "ots_type", "levels"))

ERASE = -1
SLICE = 32  # hashes between two chances to stop
_HMAC_HASHES = 8  # what an HMAC takes, in hashes
_LEAF_HASHES = 2  # what it takes to read a leaf and to go on up the tree

_PAGE_BYTES = 256

_MAGIC = b"ILK\x01"
_HEAD_FORM = ">4sII16s"  # magic, parameters, number of the tree, identifier; CRC32
_HEAD_BYTES = struct.calcsize(_HEAD_FORM)
_BEGUN_AT = _HEAD_BYTES + 4  # zeros: the sectors of the leaves were erased for this tree
_BEGUN = bytes(4)
_ROOT_AT = _BEGUN_AT + len(_BEGUN)  # root, CRC32 of head and root
_END = _ROOT_AT + HASH_BYTES + 4
_BOTTOM_LEAVES_AT = 256


def next_secret(secret: bytes) -> bytes:
    """The secret (32 bytes) of the index after that of `secret`."""
    return Hmac(secret).digest(b"interlock next")


def leaf_seed(secret: bytes) -> bytes:
    """The seed of the leaf whose index has `secret`."""
    return Hmac(secret).digest(b"interlock leaf")


def identifier_of(secret: bytes) -> bytes:
    """The identifier of the tree whose first leaf has `secret`."""
    return Hmac(secret).digest(b"interlock identifier")[:IDENTIFIER_BYTES]


def advance(secret: bytes, steps: int) -> "Generator[int, None, bytes]":
    """The secret so many indices on."""
    for _ in range(steps):
        secret = next_secret(secret)
        yield _HMAC_HASHES
    return secret


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", crc32(data) & 0xFFFFFFFF)


class RotError(OSError):
    """The leaves of a tree are not those that its root was made from. `sector`: where its head is; `number`: the
    tree's."""

    def __init__(self, sector: int, number: int) -> None:
        super().__init__("a leaf of the signing tree in sector %d changed in the flash: it signs no more" % sector)
        self.sector = sector
        self.number = number


def read(flash: "Flash", offset: int, count: int) -> bytes:
    """So many bytes of the flash; zeros, which no checksum here fits, where it cannot be read."""
    data = bytearray(count)
    return bytes(data) if read_patiently(flash, offset, data) else bytes(count)


def program(flash: "Flash", offset: int, data: bytes) -> None:
    """Program and read back. Where a cut tore the same write before, this completes it."""
    flash.program(offset, data)
    if read(flash, offset, len(data)) != data:
        raise OSError("the flash did not keep what was written at %d: the signer cannot go on" % offset)


def is_blank(flash: "Flash", sector: int) -> bool:
    """Whether nothing was programmed in that sector."""
    for offset in range(sector * flash.sector_bytes, (sector + 1) * flash.sector_bytes, _PAGE_BYTES):
        if read(flash, offset, _PAGE_BYTES) != b"\xff" * _PAGE_BYTES:
            return False
    return True


class Slot:
    """Bytes that are programmed one behind the other as they come, a page at a time, their CRC32 at the end."""

    def __init__(self, flash: "Flash", offset: int) -> None:
        self._flash = flash
        self._offset = offset
        self._crc = 0
        self._page = b""

    def emit(self, data: bytes) -> None:
        """The next bytes."""
        self._crc = crc32(data, self._crc)
        self._page += data
        while len(self._page) >= _PAGE_BYTES:
            self._program(self._page[:_PAGE_BYTES])
            self._page = self._page[_PAGE_BYTES:]

    def close(self) -> None:
        """Those were all."""
        self._program(self._page + struct.pack(">I", self._crc & 0xFFFFFFFF))

    def _program(self, data: bytes) -> None:
        self._flash.program(self._offset, data)
        self._offset += len(data)


def is_intact(flash: "Flash", offset: int, count: int) -> bool:
    """Whether a closed Slot of so many bytes lies there."""
    end, crc = offset + count, 0
    while offset < end:
        piece = read(flash, offset, min(_PAGE_BYTES, end - offset))
        crc = crc32(piece, crc)
        offset += len(piece)
    return struct.pack(">I", crc & 0xFFFFFFFF) == read(flash, end, 4)


class StoredTree:
    """A tree whose head is at offset `head` of `flash` and whose leaves lie from offset `leaves` on.

    `number`: which of its kind it is, -1 while there is no head; `code`, `params`, `identifier`, `height`, `size`: what
    the head says; `root`: None until it is complete; `done`: leaves that are computed; `is_sound`: whether the
    root still is that of the leaves, None while nobody has looked. `table`: parameters by code.
    """

    def __init__(self, flash: "Flash", head: int, leaves: int, table: "Mapping[int, Params]") -> None:
        self._flash = flash
        self._head = head
        self._leaves = leaves
        self._table = table
        self.number = -1
        self.root: bytes | None = None
        self.done = 0
        self.is_sound: bool | None = None
        self._is_begun = False
        self._open()

    def _open(self) -> None:
        stored = read(self._flash, self._head, _END)
        head = stored[:_HEAD_BYTES]
        magic, code, number, identifier = struct.unpack(_HEAD_FORM, head)
        if magic != _MAGIC or stored[_HEAD_BYTES:_BEGUN_AT] != _crc(head) or code not in self._table:
            return
        self._describe(code, number, identifier)
        self._is_begun = stored[_BEGUN_AT:_ROOT_AT] == _BEGUN
        root = stored[_ROOT_AT : _ROOT_AT + HASH_BYTES]
        if stored[_ROOT_AT + HASH_BYTES :] == _crc(head + root):
            self.root = root
            self.done = self.size
        elif self._is_begun:
            count = 0
            none = b"\xff" * HASH_BYTES, bytes(HASH_BYTES)
            while count < self.size and self._stored(count) not in none:
                count += 1
            # A cut may have torn the last of them: it is computed again.
            self.done = max(count - 1, 0)

    def _describe(self, code: int, number: int, identifier: bytes) -> None:
        self.code, self.number, self.identifier = code, number, identifier
        self.params = self._table[code]
        self.height = HEIGHTS[self.params.lms_type]
        self.size = 1 << self.height

    def begin(self, code: int, number: int, identifier: bytes) -> None:
        """Write the head of a new tree into its erased sector."""
        head = struct.pack(_HEAD_FORM, _MAGIC, code, number, identifier)
        program(self._flash, self._head, head + _crc(head))
        self._describe(code, number, identifier)
        self.root, self.done, self.is_sound, self._is_begun = None, 0, None, False

    @property
    def key(self) -> bytes:
        """Its LMS public key, 56 bytes, once it is complete."""
        assert self.root is not None
        return lms.public_key(1, self.params.lms_type, self.params.ots_type, self.identifier, self.root)[4:]

    @property
    def signature_bytes(self) -> int:
        """Length of its LMS signatures."""
        return lms.lms_signature_bytes(self.params.lms_type, self.params.ots_type)

    def certificate(self) -> bytes:
        """What its signatures begin with in the form of HSS: no level is above it."""
        return bytes(4)

    def _leaf(self, q: int) -> bytes:
        data = self._stored(q)
        if data == bytes(HASH_BYTES):
            raise OSError("a leaf of the signing tree cannot be read")
        return data

    def _stored(self, q: int) -> bytes:
        """A leaf as it is there; zeros where it cannot be read."""
        return read(self._flash, self._leaves + q * HASH_BYTES, HASH_BYTES)

    def make(self, secret: bytes, sectors: "Iterable[int]") -> "Generator[int, None, None]":
        """Compute leaves and root, behind those that are there. `secret`: that of leaf 0; `sectors`: to be blank before
        the first leaf. A tree that is complete is checked."""
        if self.root is not None:
            yield from self.check()
            return
        if not self._is_begun:
            for sector in sectors:
                yield _LEAF_HASHES
                if not is_blank(self._flash, sector):
                    yield ERASE
                    self._flash.erase(sector * self._flash.sector_bytes)
            program(self._flash, self._head + _BEGUN_AT, _BEGUN)
            self._is_begun = True
        secret = yield from advance(secret, self.done)
        for q in range(self.done, self.size):
            leaf = Leaf(self.params.ots_type, self.identifier, q, leaf_seed(secret))
            while not leaf.step(SLICE):
                yield SLICE
            assert leaf.public is not None
            value = leaf_hash(self.identifier, self.size + q, leaf.public)
            program(self._flash, self._leaves + q * HASH_BYTES, value)
            self.done = q + 1
            secret = yield from advance(secret, 1)
        root = (yield from self._climb(0)).root
        assert root is not None
        head = struct.pack(_HEAD_FORM, _MAGIC, self.code, self.number, self.identifier)
        program(self._flash, self._head + _ROOT_AT, root + _crc(head + root))
        self.root, self.is_sound = root, True

    def check(self, q: int = 0) -> "Generator[int, None, Tree]":
        """Whether the leaves still are those of the root; the Tree with the path of leaf `q`. RotError when not."""
        tree = yield from self._climb(q)
        self.is_sound = tree.root == self.root
        if not self.is_sound:
            raise RotError(self._head // self._flash.sector_bytes, self.number)
        return tree

    def _climb(self, q: int) -> "Generator[int, None, Tree]":
        tree = Tree(self.identifier, self.height, q)
        for leaf in range(self.size):
            tree.add(self._leaf(leaf))
            yield _LEAF_HASHES
        return tree

    def sign(self, q: int, seed: bytes, message: bytes, slot: Slot) -> "Generator[int, None, None]":
        """The LMS signature of `message` by leaf `q` into `slot`."""
        tree = yield from self.check(q)
        slot.emit(struct.pack(">I", q))
        chosen = randomizer(self.identifier, q, seed)
        one_time = OneTime(self.params.ots_type, self.identifier, q, seed, chosen, message, slot.emit)
        while not one_time.step(SLICE):
            yield SLICE
        slot.emit(struct.pack(">I", self.params.lms_type) + tree.path)


class BottomTree(StoredTree):
    """A tree in one sector, with what its top tree says of it: head, leaves, certificate.

    Certificate: what an HSS signature of two levels begins with: u32 1 | LMS signature by the top | LMS public key.
    `is_certified`: whether it is there and the tree sound, so that it may sign."""

    def __init__(self, flash: "Flash", sector: int, table: "Mapping[int, Params]") -> None:
        self._sector = sector
        head = sector * flash.sector_bytes
        StoredTree.__init__(self, flash, head, head + _BOTTOM_LEAVES_AT, table)
        self._is_certified = self.root is not None and self.number < self.size and self._is_intact()

    @property
    def is_certified(self) -> bool:
        return self._is_certified and self.is_sound is not False

    def _place(self) -> tuple[int, int]:
        """Its offset and length."""
        return self._leaves + self.size * HASH_BYTES, 4 + self.signature_bytes + lms.KEY_BYTES

    def _is_intact(self) -> bool:
        return is_intact(self._flash, *self._place())

    def renew(self, code: int, number: int, identifier: bytes) -> "Generator[int, None, None]":
        """Erase it for another tree."""
        yield ERASE
        self._is_certified = False
        self.number = -1
        self._flash.erase(self._sector * self._flash.sector_bytes)
        self.begin(code, number, identifier)

    def certify(self, top: StoredTree, q: int, seed: bytes) -> "Generator[int, None, None]":
        """Let leaf `q` of `top`, whose seed is given, sign the public key."""
        slot = Slot(self._flash, self._place()[0])
        slot.emit(struct.pack(">I", 1))
        yield from top.sign(q, seed, self.key, slot)
        slot.emit(self.key)
        slot.close()
        if not self._is_intact():
            raise OSError("the flash did not keep the top tree's signature: the next bottom tree is made")
        self._is_certified = True

    def certificate(self) -> bytes:
        return read(self._flash, *self._place())
