"""`hashlib` of a board: the VM's own SHA-256, for what the port charges. No `copy()`: MicroPython has none."""

from uhashlib import sha256 as _sha256

import simrt


class sha256:
    def __init__(self, data: bytes = b"") -> None:
        self._hash = _sha256()
        self._length = 0
        simrt.charge(simrt.costs["sha256_call_us"])
        if len(data):
            self.update(data)

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        blocks = (self._length % 64 + len(data)) // 64
        self._length += len(data)
        simrt.charge(simrt.costs["sha256_call_us"] + blocks * simrt.costs["sha256_block_us"])

    def digest(self) -> bytes:
        digest: bytes = self._hash.digest()
        blocks = 1 if self._length % 64 < 56 else 2  # padding: one bit and a 64-bit length (FIPS 180-4, 5.1.1)
        simrt.charge(simrt.costs["sha256_call_us"] + blocks * simrt.costs["sha256_block_us"])
        return digest
