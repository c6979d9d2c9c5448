"""HMAC-SHA256 and HKDF from the one primitive that every MicroPython port has: hashlib.sha256.

Sources: RFC 2104 (HMAC), RFC 5869 (HKDF); vectors of RFC 4231 and RFC 5869 in `tests/vectors`.
"""

import hashlib

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes

BLOCK_BYTES = 64
DIGEST_BYTES = 32


def _pad(key: bytes, value: int) -> bytes:
    return bytes([b ^ value for b in key])


class Hmac:
    """HMAC-SHA256 under one key (any length), with the two padded key blocks made once."""

    def __init__(self, key: bytes) -> None:
        if len(key) > BLOCK_BYTES:
            key = hashlib.sha256(key).digest()
        key = bytes(key) + bytes(BLOCK_BYTES - len(key))
        self._inner = _pad(key, 0x36)
        self._outer = _pad(key, 0x5C)

    def digest(self, message: bytes) -> bytes:
        """The 32-byte tag of `message` (bytes)."""
        tag: bytes = hashlib.sha256(self._outer + hashlib.sha256(self._inner + message).digest()).digest()
        return tag


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 (extract and expand), `length` at most 255 * 32 bytes."""
    if length > 255 * DIGEST_BYTES:
        raise ValueError("HKDF-SHA256 gives at most 8160 bytes")
    expand = Hmac(Hmac(salt).digest(key))
    out = block = b""
    n = 1
    while len(out) < length:
        block = expand.digest(block + info + bytes([n]))
        out += block
        n += 1
    return out[:length]


def same(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are equal, in time that depends on their lengths only."""
    if len(a) != len(b):
        return False
    difference = 0
    for i in range(len(a)):
        difference |= a[i] ^ b[i]
    return difference == 0


def xor(a: "Bytes", b: bytes) -> bytes:
    """The bytes of `a` combined with as many of `b`."""
    return bytes([a[i] ^ b[i] for i in range(len(a))])
