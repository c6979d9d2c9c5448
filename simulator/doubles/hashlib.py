"""`hashlib` of a board: the VM's own SHA-256, for what the port charges. No `copy()`: MicroPython has none.

A unit that makes a signing key comes through here a million times: as few calls as can be.
"""

from uhashlib import sha256 as _sha256

import simrt

_call_us: int = simrt.costs["sha256_call_us"]
_block_us: int = simrt.costs["sha256_block_us"]


class sha256:
    def __init__(self, data: bytes = b"") -> None:
        self._hash = _sha256(data)
        self._length = length = len(data)
        simrt.charge(_call_us + _call_us + length // 64 * _block_us if length else _call_us)

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        blocks = (self._length % 64 + len(data)) // 64
        self._length += len(data)
        simrt.charge(_call_us + blocks * _block_us)

    def digest(self) -> bytes:
        digest: bytes = self._hash.digest()
        # Padding: one bit and a 64-bit length (FIPS 180-4, 5.1.1).
        simrt.charge(_call_us + _block_us if self._length % 64 < 56 else _call_us + _block_us + _block_us)
        return digest
