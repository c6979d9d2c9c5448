"""Members as a release stores them: raw deflate in a window of 1 KiB, which is what a unit has room for.

A block of deflate has one code for all that is in it, and zlib begins a new one after some ten thousand symbols only. A
compiled file begins with names and texts, which are other bytes than its functions: codes of their own save 1.6 %.
"""

import hashlib
import zlib
from functools import lru_cache

from interlock_loader.container import DEFLATED, STORED, WINDOW_BITS

_BEST = 9
_PLACES = 64
_LEAST_BYTES = 256
"""Where blocks may begin: at so many places in a file, so many bytes apart at least; the code of one takes some 60."""


@lru_cache(maxsize=256)
def pack(data: bytes) -> tuple[int, bytes]:
    """(how, bytes as stored) of a member: deflated where that saves anything."""
    packed = min(_blocks(data), key=len)
    return (DEFLATED, packed) if len(packed) < len(data) else (STORED, data)


def _blocks(data: bytes) -> list[bytes]:
    """`data` deflated: as one block, and with one more as long as the best place for it saves anything."""
    step = max(_LEAST_BYTES, len(data) // _PLACES)
    begins: list[int] = []
    found = [_deflated(data, begins)]
    while True:
        tries = [sorted([*begins, place]) for place in range(step, len(data), step) if place not in begins]
        made = [(len(_deflated(data, one)), one) for one in tries]
        if not made or min(made)[0] >= len(found[-1]):
            return found
        begins = min(made)[1]
        found.append(_deflated(data, begins))


def _deflated(data: bytes, begins: list[int]) -> bytes:
    packer = zlib.compressobj(_BEST, zlib.DEFLATED, -WINDOW_BITS, _BEST)
    out = b""
    for begin, end in zip([0, *begins], [*begins, len(data)], strict=True):
        out += packer.compress(data[begin:end]) + packer.flush(zlib.Z_BLOCK if end < len(data) else zlib.Z_FINISH)
    return out


def sha256(stored: bytes) -> bytes:
    """What a manifest says of a member."""
    return hashlib.sha256(stored).digest()
