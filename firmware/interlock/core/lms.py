"""Hash-based signatures: LMS and HSS of RFC 8554 with SHA-256 and m = n = 32. Their security rests on SHA-256 only.

Verifying, and the pieces of which a signer is made; where its secrets live and how an index is never used twice is in
`signer.py`. A public key is 60 bytes (§6): u32 levels | u32 LMS type | u32 LM-OTS type | identifier 16 | root 32.
"""

import hashlib
import struct

from .lmots import HASH_BYTES, IDENTIFIER_BYTES, TYPES, Candidate, signature_bytes

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes

HEIGHTS = {5: 5, 6: 10, 7: 15, 8: 20, 9: 25}  # of LMS types: RFC 8554, table 2
LEVELS_MAX = 8
KEY_FORM = ">II16s32s"  # LMS type, LM-OTS type, identifier, root
KEY_BYTES = struct.calcsize(KEY_FORM)
PUBLIC_BYTES = 4 + KEY_BYTES

_LEAF = b"\x82\x82"
_INNER = b"\x83\x83"


def leaf_hash(identifier: bytes, node: int, one_time_public: bytes) -> bytes:
    """The value of leaf `node` (2^height + q) over its one-time public key (§5.3)."""
    value: bytes = hashlib.sha256(identifier + struct.pack(">I", node) + _LEAF + one_time_public).digest()
    return value


def node_hash(identifier: bytes, node: int, left: bytes, right: bytes) -> bytes:
    """The value of an inner node over its two children."""
    value: bytes = hashlib.sha256(identifier + struct.pack(">I", node) + _INNER + left + right).digest()
    return value


def lms_signature_bytes(lms_type: int, ots_type: int) -> int:
    """Length of an LMS signature (§5.4): u32 q | one-time signature | u32 LMS type | path."""
    return 4 + signature_bytes(ots_type) + 4 + HEIGHTS[lms_type] * HASH_BYTES


class Tree:
    """A tree's `root`, and the authentication `path` of leaf `q`, from its leaves, which are added in order: memory for
    one node of each height, not for the tree."""

    def __init__(self, identifier: bytes, height: int, q: int = 0) -> None:
        self._identifier = identifier
        self._height = height
        self._q = q
        self._added = 0
        self._stack: list[bytes] = []  # one node for each bit that is set in `_added`
        self._path = [b""] * height
        self.root: bytes | None = None

    def add(self, value: bytes) -> None:
        """The next leaf's value (`leaf_hash`)."""
        at = self._added
        node = (1 << self._height) + at
        level = 0
        while True:
            if level < self._height and at == (self._q >> level) ^ 1:
                self._path[level] = value
            if not at & 1 or level == self._height:
                break
            at >>= 1
            node >>= 1
            level += 1
            value = node_hash(self._identifier, node, self._stack.pop(), value)
        self._added += 1
        if level == self._height:
            self.root = value
        else:
            self._stack.append(value)

    @property
    def path(self) -> bytes:
        """The siblings from the leaf up, 32 bytes each, once there is a root."""
        return b"".join(self._path)


def _root(height: int, identifier: bytes, q: int, value: bytes, path: bytes) -> bytes:
    node = (1 << height) + q
    for level in range(height):
        sibling = path[level * HASH_BYTES : (level + 1) * HASH_BYTES]
        left, right = (sibling, value) if node & 1 else (value, sibling)
        node >>= 1
        value = node_hash(identifier, node, left, right)
    return value


class Verification:
    """Whether `signature` of `message` is right under `public`, both in the form of HSS (§6), found out a slice at a
    time: any parameter set with SHA-256 and n = m = 32, 1 to 8 levels. `is_good` once `step` says so: False for
    whatever is not right; at most 70,000 hashes and that of the message."""

    def __init__(self, public: "Bytes", message: "Bytes", signature: "Bytes") -> None:
        self.is_good = False
        self._message = message
        self._signature = bytes(signature)
        self._key = bytes(public)[4:]
        self._at = 4  # in the signature, of the level's own
        self._end = 0
        self._chains: Candidate | None = None
        self._left = 0  # levels to be looked at
        if len(public) == PUBLIC_BYTES and len(signature) >= 4:
            levels = struct.unpack_from(">I", public, 0)[0]
            if 1 <= levels <= LEVELS_MAX and struct.unpack_from(">I", self._signature, 0)[0] == levels - 1:
                self._left = levels

    def step(self, hashes: int) -> bool:
        """Go on by about as many hashes; whether it is found out."""
        if self._left and self._chains is None and not self._begin():
            self._left = 0
        if self._left and self._chains is not None and self._chains.step(hashes):
            self._left = self._left - 1 if self._is_signed(self._chains.sum.digest()) else 0
            self._chains = None
            self._key = self._signature[self._end : self._end + KEY_BYTES]
            self._at = self._end + KEY_BYTES
        return not self._left

    def _begin(self) -> bool:
        """Begin this level's one-time signature; whether it has the form that its key asks for (§5.4.2)."""
        signature, at = self._signature, self._at
        lms_type, ots_type, identifier, _ = struct.unpack(KEY_FORM, self._key)
        if lms_type not in HEIGHTS or ots_type not in TYPES:
            return False
        is_last = self._left == 1
        self._end = end = at + lms_signature_bytes(lms_type, ots_type)
        if len(signature) != end if is_last else len(signature) < end + KEY_BYTES:
            return False
        q, signed_ots_type = struct.unpack_from(">II", signature, at)
        one_time_end = at + 4 + signature_bytes(ots_type)
        signed_lms_type = struct.unpack_from(">I", signature, one_time_end)[0]
        if signed_ots_type != ots_type or signed_lms_type != lms_type or q >> HEIGHTS[lms_type]:
            return False
        message = self._message if is_last else signature[end : end + KEY_BYTES]
        self._chains = Candidate(ots_type, identifier, q, message, signature[at + 4 : one_time_end])
        return True

    def _is_signed(self, one_time_public: bytes) -> bool:
        """Whether the leaf with this one-time public key belongs to this level's root."""
        lms_type, ots_type, identifier, root = struct.unpack(KEY_FORM, self._key)
        height = HEIGHTS[lms_type]
        q = struct.unpack_from(">I", self._signature, self._at)[0]
        path = self._signature[self._at + 8 + signature_bytes(ots_type) : self._end]
        leaf = leaf_hash(identifier, (1 << height) + q, one_time_public)
        is_right = _root(height, identifier, q, leaf, path) == bytes(root)
        if is_right and self._left == 1:
            self.is_good = True
        return is_right


def verify(public: "Bytes", message: "Bytes", signature: "Bytes") -> bool:
    """As `Verification`, at once."""
    found = Verification(public, message, signature)
    while not found.step(1 << 14):
        pass
    return found.is_good


def public_key(levels: int, lms_type: int, ots_type: int, identifier: bytes, root: bytes) -> bytes:
    """A public key in the form of HSS, 60 bytes; without its first 4 it is that of LMS."""
    assert len(identifier) == IDENTIFIER_BYTES and len(root) == HASH_BYTES
    return struct.pack(">I", levels) + struct.pack(KEY_FORM, lms_type, ots_type, identifier, root)
