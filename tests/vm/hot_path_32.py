"""Runs in a MicroPython with 32-bit objects (`tests/bench/web_vm.py`): the unit from its pins to its radio, its heap
locked from an edge until the frame is the stack's. `machine`, `bluetooth` and `time` are the least that it runs on.

Ticks wrap in the midst of it: sums that leave 31 bits would be objects on the heap. `turn` is a turn of the loop; after
the last, `found` tells what was aired, and which of it on a locked heap.
"""

import json
import sys

import micropython

from interlock.boards import SIGNALS, Board

WRAP_MS = 1 << 30
HALF_MS = 1 << 29
SETTLE_MS = 2000
TURN_MS = 50
EDGES = (("seat_closes", "seat_opens"), ("armed",), ("discharge",))


class Time:
    now = WRAP_MS - SETTLE_MS - TURN_MS - 5  # it wraps at the first edge

    @staticmethod
    def ticks_ms():
        return Time.now


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = range(6)

    def __init__(self, number, *_, value=None):
        self.level = int(number == SIGNALS.index("seat_closes"))
        self.handler = None
        _pins[number] = self

    def irq(self, handler, trigger):
        self.handler = handler

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        return None

    def turn(self):
        self.level = 1 - self.level
        self.handler(self)


class RTC:
    def datetime(self, when=None):
        return (2000, 1, 1, 5, 0, 0, 0, 0)  # nobody has set it


class ADC:
    def __init__(self, pin):
        pass

    def read_u16(self):
        return 40000


class BLE:
    is_locked = False

    def active(self, on):
        return on

    def config(self, **settings):
        pass

    def irq(self, handler):
        pass

    def gatts_register_services(self, services):
        return ((1, 2, 3, 4),)

    def gatts_set_buffer(self, handle, length):
        pass

    def gap_scan(self, *figures):
        pass

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if BLE.is_locked:
            BLE.is_locked = False
            micropython.heap_unlock()
            _aired.append("locked")
        elif adv_data is not None:
            _aired.append("open")


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


def _unit():
    machine = Module(Pin=Pin, ADC=ADC, RTC=RTC, WDT=None, reset=None, reset_cause=lambda: 1)
    machine.PWRON_RESET, machine.WDT_RESET = 1, 3
    sys.modules["machine"] = machine
    sys.modules["bluetooth"] = Module(BLE=BLE, UUID=str)
    sys.modules["time"] = Time
    from interlock import app
    from interlock.core import access, settings
    from tests.core.flash import RamFlash

    partner = settings.Partner(9, settings.ROLE_CAMERA, settings.PAIRED, b"c" * 32, b"p" * 32)
    who = (1, b"LOCKED01", 1, settings.ROLE_HOLSTER, b"u" * 32, b"g" * 32, settings.NO_KEY)
    config = settings.Settings(*who, [partner], settings.DEFAULT_POLICY, *settings.DEFAULT_RECORDER)
    area, journal = RamFlash(settings.SECTORS), RamFlash(8)
    numbers = {name: number for number, name in enumerate(SIGNALS)}
    board = Board("test", numbers, lambda: area, lambda: journal, None, _rest, (2, 1, 2), None, ())
    return app.App(board, config, access.Label(b"LOCKED01", b""))


_pins = {}
_aired = []  # in this turn
_found = []
_unit_in_service = None


def _rest(ms):
    """The door: once the unit has settled it waits for the next edge."""
    if Time.now < SETTLE_MS:
        BLE.is_locked = True
        micropython.heap_lock()
        for name in EDGES[len(_found)]:
            _pins[SIGNALS.index(name)].turn()
    else:
        _unit_in_service.door.wake()


def turn():
    global _unit_in_service
    if _unit_in_service is None:
        _unit_in_service = _unit()
        return True
    Time.now = (Time.now + TURN_MS) % WRAP_MS
    _aired.clear()
    try:
        _unit_in_service.turn()
    except MemoryError:
        if not BLE.is_locked:
            raise
        BLE.is_locked = False
        micropython.heap_unlock()
        _aired.append("allocated too early")
    if _aired and Time.now < SETTLE_MS:
        _found.append(list(_aired))
    return len(_found) < len(EDGES) and (Time.now > HALF_MS or Time.now < SETTLE_MS)


def found():
    return json.dumps({"aired": _found, "is_32_bit": sys.maxsize < 1 << 32, "ticks": Time.now})
