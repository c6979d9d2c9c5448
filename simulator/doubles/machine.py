"""`machine` of a board: pins with soft interrupts, a battery input, watchdog, reset. Host side: `simulator/board.py`.

Interrupt handlers are soft on every profile (as on the ESP32, whatever `hard` says): they run between bytecodes of
the main program, may allocate, and an exception in one is printed and forgotten.
"""

import sys

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
SOFT_RESET = 5


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    _watched: "dict[int, tuple[Pin, Callable[[Pin], None] | None]]" = {}
    _levels: dict[int, int] = {}

    def __init__(self, id: int, mode: int | None = None, pull: int | None = None, *, value: int | None = None) -> None:
        self._id = id
        self.init(mode, pull, value=value)

    def init(self, mode: int | None = None, pull: int | None = None, *, value: int | None = None) -> None:
        simrt.call("pin.init", self._id, mode, pull, None if value is None else int(bool(value)))

    def value(self, x: int | None = None) -> int | None:
        if x is None:
            simrt.charge(simrt.costs["tick_us"])
            return Pin._levels[self._id]
        depth = simrt.open_heap()
        try:
            simrt.request("pin.write", (self._id, int(bool(x))))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()
        return None

    __call__ = value

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    def irq(
        self,
        handler: "Callable[[Pin], None] | None" = None,
        trigger: int = IRQ_FALLING | IRQ_RISING,
        hard: bool = False,
    ) -> None:
        Pin._watched[self._id] = (self, handler)
        simrt.call("pin.irq", self._id, trigger if handler else 0)


def _on_edge(id: int) -> None:
    pin, handler = Pin._watched[id]
    if handler is None:
        return
    try:
        handler(pin)
    except Exception as e:  # noqa: BLE001  # as the port does
        sys.print_exception(e)


simrt.on("pin", _on_edge)
simrt.mirror(Pin._levels)


class ADC:
    """`read_uv` is the port's calibrated reading; rp2 documents `read_u16` only (3.3 V is 65535)."""

    def __init__(self, pin: Pin | int) -> None:
        self._id = pin._id if isinstance(pin, Pin) else pin

    def read_uv(self) -> int:
        return self._mv() * 1000

    def read_u16(self) -> int:
        return min(65535, self._mv() * 65535 // 3300)

    def _mv(self) -> int:
        mv: int = simrt.call("adc.mv", self._id)
        return mv


class WDT:
    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        if timeout < 1 or timeout > simrt.costs["watchdog_max_ms"]:
            raise ValueError("timeout out of range")
        simrt.call("wdt.start", timeout)

    def feed(self) -> None:
        simrt.call("wdt.feed")


def reset() -> None:
    simrt.call("chip.reset")  # the host ends this process: nothing runs after it, no finally either


def reset_cause() -> int:
    cause: int = simrt.call("chip.reset_cause")
    return cause


def unique_id() -> bytes:
    serial: bytes = simrt.call("chip.unique_id")
    return serial
