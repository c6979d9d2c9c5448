"""A verifier of hash-based signatures, written from RFC 8554 alone: standard library, nothing of ours.

Parameter sets are those of `firmware/JOURNAL.md` section 7. Part of the independent reader (`independent.py`).
"""

import struct
from hashlib import sha256

N = 32
ONE_TIME_KINDS = {3: (4, 67, 4)}
"""LM-OTS typecode: Winternitz width in bits, chains p, left shift ls of the checksum (RFC 8554, table 1)."""
TREE_KINDS = {5: 5, 6: 10}
"""LMS typecode: height h (RFC 8554, table 2)."""
TREE_PUBLIC = struct.Struct(">II16s32s")
D_PBLC, D_MESG, D_LEAF, D_INTR = b"\x80\x80", b"\x81\x81", b"\x82\x82", b"\x83\x83"


def index_of(message: bytes, signature: bytes, public: bytes) -> int:
    """The one-time index under which `signature` signs `message` for the HSS key `public` (RFC 8554 section 6.3).

    ValueError when it does not. Of two levels, it is the upper tree's q times the lower tree's leaves plus the lower q.
    """
    levels, above = int.from_bytes(public[:4]), int.from_bytes(signature[:4])
    if levels not in (1, 2) or above != levels - 1:
        raise ValueError("levels of public key and signature")
    tree, rest, index = public[4:], signature[4:], 0
    for _ in range(above):
        signed_bytes = _signature_bytes(tree)
        lower = rest[signed_bytes : signed_bytes + TREE_PUBLIC.size]
        index = _tree_index(lower, rest[:signed_bytes], tree)
        tree, rest = lower, rest[signed_bytes + TREE_PUBLIC.size :]
    return (index << _parameters(tree)[-1]) + _tree_index(message, rest, tree)


def _parameters(tree: bytes) -> tuple[int, int, int, int]:
    """(width, chains, shift, height) of an LMS public key; ValueError for a set that section 7 does not name."""
    if len(tree) != TREE_PUBLIC.size:
        raise ValueError("length of public key")
    kind, one_time_kind, _identity, _root = TREE_PUBLIC.unpack(tree)
    if kind not in TREE_KINDS or one_time_kind not in ONE_TIME_KINDS:
        raise ValueError("parameter set")
    return (*ONE_TIME_KINDS[one_time_kind], TREE_KINDS[kind])


def _signature_bytes(tree: bytes) -> int:
    """u32str(q) | LM-OTS signature | u32str(type) | path."""
    _width, chains, _shift, height = _parameters(tree)
    return 4 + (4 + N + chains * N) + 4 + height * N


def _tree_index(message: bytes, signature: bytes, tree: bytes) -> int:
    """q of an LMS signature; ValueError when it does not fit (RFC 8554, algorithms 6 and 6a)."""
    _width, chains, _shift, height = _parameters(tree)
    if len(signature) != _signature_bytes(tree):
        raise ValueError("length of signature")
    _kind, _one_time_kind, identity, root = TREE_PUBLIC.unpack(tree)
    q, path_at = int.from_bytes(signature[:4]), 8 + N + chains * N + 4
    if q >= 1 << height or (signature[path_at - 4 : path_at], signature[4:8]) != (tree[:4], tree[4:8]):
        raise ValueError("not a signature of this tree")
    key = _one_time_key(message, signature[8 : path_at - 4], identity + struct.pack(">I", q), tree)
    node = (1 << height) + q
    value = sha256(identity + struct.pack(">I", node) + D_LEAF + key).digest()
    for at in range(path_at, len(signature), N):
        sibling = signature[at : at + N]
        pair = sibling + value if node & 1 else value + sibling
        node >>= 1
        value = sha256(identity + struct.pack(">I", node) + D_INTR + pair).digest()
    if value != root:
        raise ValueError("signature does not fit")
    return q


def _one_time_key(message: bytes, signature: bytes, place: bytes, tree: bytes) -> bytes:
    """Candidate Kc of an LM-OTS signature C | y, `place` being I | u32str(q) (RFC 8554, algorithm 4b)."""
    width, chains, shift, _height = _parameters(tree)
    top = (1 << width) - 1
    digest = sha256(place + D_MESG + signature[:N] + message).digest()
    checksum = sum(top - digit for digit in _digits(digest, width)) << shift
    ends = sha256(place + D_PBLC)
    for i, digit in enumerate(_digits(digest + struct.pack(">H", checksum), width)[:chains]):
        value = signature[N + i * N : 2 * N + i * N]
        for j in range(digit, top):
            value = sha256(place + struct.pack(">HB", i, j) + value).digest()
        ends.update(value)
    return ends.digest()


def _digits(data: bytes, width: int) -> list[int]:
    """All `coef(data, i, width)` (RFC 8554 section 3.1.3)."""
    return [byte >> shift & (1 << width) - 1 for byte in data for shift in range(8 - width, -1, -width)]
