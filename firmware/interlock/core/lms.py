"""Hash-based signatures: LMS and HSS of RFC 8554 with SHA-256 and m = n = 32. Their security rests on SHA-256 only.

Verifying, and the pieces of which a signer is made; where its secrets live and how an index is never used twice is in
`signer.py`. A public key is 60 bytes (§6): u32 levels | u32 LMS type | u32 LM-OTS type | identifier 16 | root 32.
"""

import hashlib
import struct

from .lmots import HASH_BYTES, IDENTIFIER_BYTES, TYPES, candidate, signature_bytes

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


def _is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an LMS signature of the length that the key's types ask for is right (§5.4.2)."""
    lms_type, ots_type, identifier, root = struct.unpack(KEY_FORM, key)
    q, signed_ots_type = struct.unpack_from(">II", signature, 0)
    end = 4 + signature_bytes(ots_type)
    height = HEIGHTS[lms_type]
    if signed_ots_type != ots_type or struct.unpack_from(">I", signature, end)[0] != lms_type or q >> height:
        return False
    one_time_public = candidate(ots_type, identifier, q, message, signature[4:end])
    leaf = leaf_hash(identifier, (1 << height) + q, one_time_public)
    return _root(height, identifier, q, leaf, signature[end + 4 :]) == bytes(root)


def verify(public: "Bytes", message: "Bytes", signature: "Bytes") -> bool:
    """Whether `signature` of `message` is right under `public`, both in the form of HSS (§6): any parameter set with
    SHA-256 and n = m = 32, 1 to 8 levels. False for whatever is not; at most 70,000 hashes and that of the message."""
    if len(public) != PUBLIC_BYTES or len(signature) < 4:
        return False
    public, message, signature = bytes(public), bytes(message), bytes(signature)
    levels = struct.unpack_from(">I", public, 0)[0]
    if not 1 <= levels <= LEVELS_MAX or struct.unpack_from(">I", signature, 0)[0] != levels - 1:
        return False
    key, at = public[4:], 4
    for level in range(levels):
        lms_type, ots_type = struct.unpack_from(">II", key, 0)
        if lms_type not in HEIGHTS or ots_type not in TYPES:
            return False
        end = at + lms_signature_bytes(lms_type, ots_type)
        last = level == levels - 1
        if len(signature) != end if last else len(signature) < end + KEY_BYTES:
            return False
        signed = message if last else signature[end : end + KEY_BYTES]
        if not _is_signed(key, signed, signature[at:end]):
            return False
        key, at = signed, end + KEY_BYTES
    return True


def public_key(levels: int, lms_type: int, ots_type: int, identifier: bytes, root: bytes) -> bytes:
    """A public key in the form of HSS, 60 bytes; without its first 4 it is that of LMS."""
    assert len(identifier) == IDENTIFIER_BYTES and len(root) == HASH_BYTES
    return struct.pack(">I", levels) + struct.pack(KEY_FORM, lms_type, ots_type, identifier, root)
