"""`machine.UART` of a board. Host side: `simulator/hardware/uart.py`.

Source: MicroPython 1.29, docs/library/machine.UART.rst; extmod/machine_uart.c and the ports' machine_uart.c. What came
in waits in a buffer of `rxbuf` bytes, and what finds no room there is lost; `read` and `readinto` give None where there
is nothing, at once (timeouts other than 0 are refused here); `write` returns at once.

On stm32 a UART has its own pins, and `tx` and `rx` are no keywords. Which pins are given elsewhere is looked at by
nobody: a wire of the world leads to the UART. Left out: `irq`, flow control, parity, breaks, other rates at both ends.
"""

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

_HAS_PINS = simrt.profile != "stm32wb"
_RXBUF = 256 if _HAS_PINS else 64


class UART:
    def __init__(self, id: int | str, baudrate: int = 115200, **options: "Any") -> None:
        self._id = id
        self.init(baudrate, **options)

    def init(self, baudrate: int = 115200, *, timeout: int = 0, rxbuf: int = _RXBUF, **options: "Any") -> None:
        for name in options:
            if not _HAS_PINS or name not in ("tx", "rx"):
                raise TypeError("extra keyword arguments given")
        if timeout:
            raise ValueError("a virtual UART does not wait: timeout is 0")
        simrt.call("uart.open", self._id, int(baudrate), int(rxbuf))

    def deinit(self) -> None:
        simrt.call("uart.close", self._id)

    def any(self) -> int:
        waiting: int = simrt.call("uart.any", self._id)
        return waiting

    def read(self, nbytes: int = -1) -> bytes | None:
        data: bytes = simrt.call("uart.read", self._id, nbytes)
        return data or None

    def readinto(self, buf: "Any", nbytes: int = -1) -> int | None:
        room = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        data: bytes = simrt.call("uart.read", self._id, room)
        if not data:
            return None
        buf[: len(data)] = data
        return len(data)

    def readline(self) -> bytes | None:
        line: bytes = simrt.call("uart.line", self._id)
        return line or None

    def write(self, buf: "Any") -> int:
        data = buf.encode() if isinstance(buf, str) else bytes(memoryview(buf))
        simrt.call("uart.write", self._id, data)
        return len(data)
