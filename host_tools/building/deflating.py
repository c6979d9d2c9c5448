"""Members as a release stores them: raw deflate in a window of 1 KiB, which is what a unit has room for."""

import hashlib
import zlib

from interlock_loader.container import DEFLATED, STORED, WINDOW_BITS

_BEST = 9


def pack(data: bytes) -> tuple[int, bytes]:
    """(how, bytes as stored) of a member: deflated where that saves anything."""
    packer = zlib.compressobj(_BEST, zlib.DEFLATED, -WINDOW_BITS, _BEST)
    packed = packer.compress(data) + packer.flush()
    return (DEFLATED, packed) if len(packed) < len(data) else (STORED, data)


def sha256(stored: bytes) -> bytes:
    """What a manifest says of a member."""
    return hashlib.sha256(stored).digest()
