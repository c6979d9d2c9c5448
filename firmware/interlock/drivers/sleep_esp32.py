"""Deep sleep of the ESP32 family, and the pins that end it.

In deep sleep the chip's own resistors may let go: `ext1` and `gpio` wake with the domain off that holds them (ESP-IDF,
"Sleep Modes"; micropython docs/library/machine.Pin.rst, `hold`). So the resistors of inputs are held here, and a board
should have its own beside them. Never tried on hardware.
"""

import esp32
import machine
from machine import Pin, deepsleep, wake_pins

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .. import boards


def wakes_now(board: "boards.Board", signals: tuple[str, ...]) -> bool:
    """Whether one of these signals has the level at which it ends a sleep, so that none would begin."""
    for _, level, names in board.wakes:
        for name in names:
            if name in signals and Pin(board.pins[name]).value() == level:
                return True
    return False


def sleep(board: "boards.Board", signals: tuple[str, ...], for_ms: int | None) -> None:
    """Deep sleep until one of these signals has the level that its board wakes at, or `for_ms` is over (None: never);
    what follows is a boot. The radio is off already. Returns only where the port refuses."""
    for how, level, names in board.wakes:
        pins = []
        for name in names:
            if name in signals:
                pull = Pin.PULL_UP if name in board.active_low else Pin.PULL_DOWN
                pins.append(_held(board.pins[name], pull))
        if not pins:
            continue
        at = esp32.WAKEUP_ANY_HIGH if level else esp32.WAKEUP_ALL_LOW
        if how == "ext0":
            esp32.wake_on_ext0(pins[0], at)
        elif how == "ext1":
            esp32.wake_on_ext1(tuple(pins), at)
        else:
            esp32.wake_on_gpio(tuple(pins), at)
    if for_ms is None:
        deepsleep()
    else:
        deepsleep(for_ms)


def woken_by() -> "tuple[int, ...]":
    """The pins that ended the last deep sleep."""
    return tuple(wake_pins())


def ended_by_time() -> bool:
    """Whether the time that was given ended the last deep sleep."""
    return bool(machine.wake_reason() == machine.TIMER_WAKE)


def _held(number: "int | str", pull: int) -> Pin:
    """An input whose resistor stays through deep sleep, where the pin has one."""
    try:
        return Pin(number, Pin.IN, pull, hold=True)  # type: ignore[call-arg]  # the stubs do not know it
    except (TypeError, ValueError):
        return Pin(number, Pin.IN)  # a pin without resistors: the board has its own
