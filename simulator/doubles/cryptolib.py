"""`cryptolib` of a board that has it: the VM's own AES, for what the port charges. Modes 1 (ECB) and 2 (CBC)."""

import simrt

if "cryptolib" in simrt.costs["lacks"]:
    raise ImportError("no module named 'cryptolib'")

from ucryptolib import aes as _aes

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any


class aes:
    def __init__(self, key: bytes, mode: int, IV: bytes | None = None) -> None:
        self._aes = _aes(key, mode) if IV is None else _aes(key, mode, IV)

    def encrypt(self, data: bytes, *out: "Any") -> "Any":
        return self._work(self._aes.encrypt, data, *out)

    def decrypt(self, data: bytes, *out: "Any") -> "Any":
        return self._work(self._aes.decrypt, data, *out)

    def _work(self, work: "Any", data: bytes, *out: "Any") -> "Any":
        simrt.charge(len(data) // 16 * simrt.costs["aes_block_us"])
        return work(data, *out)
