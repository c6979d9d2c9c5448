"""Pins of a board and their interrupts: `Pin` of `machine`, which says what is left out. Sources there.

Also, for the doubles: `find_pin`, and `wakers`, the pins that end a sleep.
"""

import sys

import micropython
import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Name = int | str

_FACTS = simrt.costs
_LACKS = _FACTS["lacks"]
_NUMBERS = _FACTS["pins"]
_NAMES = dict(_FACTS["pin_names"])
_UNTOUCHED: "Any" = object()

wakers: "dict[str, list[tuple[Name, int, int]]]" = {}
ALL_LOW = 2  # instead of a level: low, and with it all others that say so; simulator/hardware/sleep.py
"""(pin, level, reason) of what ends a sleep, by source; `esp32.py` fills it, too."""


def find_pin(id: "Any") -> "Name":
    """The pin's name in the world. ValueError where the port has no such pin."""
    if isinstance(id, Pin):
        return id._id
    if id in _NAMES:
        pin: "Name" = _NAMES[id]
        return pin
    if isinstance(id, int) and id in _NUMBERS:
        return id
    raise ValueError("invalid pin")


class _Irq:
    def __init__(self, pin: "Pin") -> None:
        self.pin = pin
        self.handler: "Callable[[Any], None] | None" = None
        self.hard = False
        self._trigger = 0
        self._flags = 0

    def trigger(self, trigger: int | None = None) -> int:
        before = self._trigger
        if trigger is not None:
            self.watch(self.handler, trigger, self.hard)
        return before

    def flags(self) -> int:
        if "irq.flags" in _LACKS:
            raise AttributeError("'IRQ' object has no attribute 'flags'")
        return self._flags

    def __call__(self) -> None:
        self.happen(0)

    def watch(self, handler: "Callable[[Any], None] | None", trigger: int, hard: bool) -> None:
        self.handler, self._trigger, self.hard, self._flags = handler, trigger, hard, 0
        rising, falling = Pin.IRQ_RISING & ~Pin.IRQ_FALLING, Pin.IRQ_FALLING & ~Pin.IRQ_RISING
        edges = (1 if trigger & rising else 0) | (2 if trigger & falling else 0)
        simrt.call("pin.irq", self.pin._id, edges if handler else 0, hard)

    def happen(self, edges: int) -> None:
        self._flags = (Pin.IRQ_RISING if edges & 1 else 0) | (Pin.IRQ_FALLING if edges & 2 else 0)
        if self.handler is None:
            return
        if self.hard:
            if not call_hard(self.handler, self.pin):
                self.watch(None, 0, False)
        else:
            call_soft(self.handler, self.pin)


def call_soft(handler: "Callable[[Any], None]", argument: "Any") -> None:
    try:
        handler(argument)
    except Exception as e:  # noqa: BLE001  # as the ports do
        sys.print_exception(e)


def call_hard(handler: "Callable[[Any], None]", argument: "Any") -> bool:
    micropython.heap_lock()
    try:
        handler(argument)
        return True
    except Exception as e:  # noqa: BLE001  # as the ports do
        micropython.heap_unlock()
        print("Uncaught exception in IRQ callback handler")
        sys.print_exception(e)
        micropython.heap_lock()
        return False
    finally:
        micropython.heap_unlock()


class Pin:
    IN: int
    OUT: int
    OPEN_DRAIN: int
    PULL_UP: int
    PULL_DOWN: int
    IRQ_RISING: int
    IRQ_FALLING: int
    WAKE_LOW: int
    WAKE_HIGH: int

    _levels: "dict[Name, int]" = {}
    _latches: "dict[Name, int]" = {}
    _irqs: "dict[Name, _Irq]" = {}

    def __init__(
        self,
        id: "Name | Pin",
        mode: int | None = None,
        pull: int | None = -1,
        *,
        value: int | None = None,
        hold: bool | None = None,
    ) -> None:
        self._id = find_pin(id)
        self.init(mode, pull, value=value, hold=hold)

    def init(
        self,
        mode: int | None = None,
        pull: int | None = -1,
        *,
        value: int | None = None,
        hold: bool | None = None,  # through deep sleep, of which levels in the world do not depend
    ) -> None:
        if hold is not None and simrt.profile != "esp32":
            raise TypeError("extra keyword arguments given")
        modes = {Pin.IN: 0, Pin.OUT: 1, Pin.OPEN_DRAIN: 2}
        if mode is not None and mode not in modes:
            raise ValueError("invalid pin mode: %d" % mode)
        if mode == Pin.OPEN_DRAIN and value is None and _FACTS["open_drain_released"]:
            value = 1
        if pull == -1:
            resistors = None if mode is None or _FACTS["pin_default_keeps_pull"] else 0
        elif pull is None:
            resistors = 0
        else:
            resistors = {Pin.PULL_UP: 1, Pin.PULL_DOWN: 2}[pull]
        if value is not None:
            value = Pin._latches[self._id] = int(bool(value))
        simrt.call("pin.init", self._id, None if mode is None else modes[mode], resistors, value)

    def value(self, x: int | None = None) -> int | None:
        if x is None:
            simrt.charge(_FACTS["tick_us"])
            return Pin._levels[self._id]
        level = int(bool(x))
        if Pin._latches.get(self._id, 0) == level:
            simrt.charge(_FACTS["tick_us"])
            return None  # as it was: nothing in the world hears of it
        depth = simrt.open_heap()
        try:
            Pin._latches[self._id] = level
            simrt.request("pin.write", (self._id, level))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()
        return None

    __call__ = value

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    high = on
    low = off

    def toggle(self) -> None:
        self.value(1 - Pin._latches.get(self._id, 0))

    def irq(
        self,
        handler: "Callable[[Any], None] | None" = _UNTOUCHED,
        trigger: int | None = None,
        *,
        hard: bool | None = None,
        wake: int | None = None,
    ) -> "_Irq | None":
        for given, name in ((hard, "Pin.irq(hard)"), (wake, "Pin.irq(wake)")):
            if given is not None and name in _LACKS:
                raise TypeError("extra keyword arguments given")
        irq = Pin._irqs.setdefault(self._id, _Irq(self))
        if wake is not None:
            self._wake(trigger, wake)
        elif handler is not _UNTOUCHED or trigger is not None:
            handler = None if handler is _UNTOUCHED else handler
            trigger = Pin.IRQ_RISING | Pin.IRQ_FALLING if trigger is None else trigger
            if trigger & ~(Pin.IRQ_RISING | Pin.IRQ_FALLING):
                raise ValueError("a virtual board has no level interrupts")
            if handler is not None:
                self._take_line()
            irq.pin = self
            irq.watch(handler, trigger, bool(hard))
        return None if "irq" in _LACKS else irq

    def _take_line(self) -> None:
        lines: int = _FACTS["irq_lines"]
        for id, irq in Pin._irqs.items():
            if lines and irq.handler is not None and id != self._id and str(id)[1:] == str(self._id)[1:]:
                raise OSError("IRQ resource already taken by Pin('%s')" % id)

    def _wake(self, trigger: int | None, wake: int) -> None:
        if trigger not in (Pin.WAKE_LOW, Pin.WAKE_HIGH) or not 2 <= wake <= 7:
            raise ValueError("bad wake value")
        if "ext0" not in dict(_FACTS["deep_wakes"]):
            return  # the port takes it for a wish and does nothing
        wakers["ext0"] = [(self._id, int(trigger == Pin.WAKE_HIGH), dict(_FACTS["machine"])["EXT0_WAKE"])]


def _on_edge(data: "tuple[Name, int]") -> None:
    id, edges = data
    Pin._irqs[id].happen(edges)


simrt.on("pin", _on_edge)
simrt.on("hard_pin", _on_edge)
simrt.mirror(Pin._levels)
