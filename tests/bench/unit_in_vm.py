"""Runs in a MicroPython VM: the whole application as built for a board, in one role, on the least of a world.

`turn` boots it, then turns its loop for some minutes of its time, with a use and a stay in its dock in them, where it
is asked for its updates, a self-test and how its lines are; then for twenty minutes more. `found` tells what the heap
held.
Where the code is, says who starts this: in place, or loaded out of a release file (`where`). The flash is beside the
heap's account: two arrays, made first.
"""

import gc
import json
import sys

HALF = 1 << 29
TURN_MS = 500
TURNS = 400
IDLE_FROM = 30  # by then what follows a boot is over
LONG_TURN_S = 20
USE_AT, HOLSTER_AT = 100, 140
DOCK_AT, UNDOCK_AT = 300, 330  # technicians are expected in between
ASK_AT = 315  # without a session, which takes more
WEAPON_MOVES, DOCK_MOVES = (USE_AT, HOLSTER_AT), (DOCK_AT, UNDOCK_AT)
SETTINGS_SECTORS, JOURNAL_SECTORS, SECTOR_BYTES = 18, 8, 4096
INPUTS = ("seat_closes", "seat_opens", "armed", "discharge", "dock", "button", "tally", "awake")
DOCK = INPUTS.index("dock")
SIGNALS = INPUTS + ("led", "haptic", "shutter", "battery", "buzzer", "uart_tx", "uart_rx")


class Time:
    now = 1000

    @staticmethod
    def ticks_ms():
        return Time.now

    @staticmethod
    def ticks_us():
        return Time.now * 1000

    @staticmethod
    def ticks_diff(a, b):
        return a - b

    @staticmethod
    def ticks_add(a, b):
        return a + b

    @staticmethod
    def sleep_ms(ms):
        pass

    sleep_us = sleep_ms


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = range(6)

    def __init__(self, number, *_, value=None):
        self.level = int(number == 0)
        self.handler = None
        _pins[number] = self

    def init(self, *_, **__):
        pass

    def irq(self, handler, trigger):
        self.handler = handler

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        return None

    __call__ = value

    def turn(self):
        self.level = 1 - self.level
        self.handler(self)


class RTC:
    def datetime(self, when=None):
        return (2000, 1, 1, 5, 0, 0, 0, 0)

    def memory(self, data=None):
        return b""


class ADC:
    def __init__(self, pin):
        pass

    def read_u16(self):
        return 40000


class BLE:
    def active(self, on=None):
        return True

    def config(self, *names, **settings):
        return None

    def irq(self, handler):
        pass

    def gatts_register_services(self, services):
        return ((1, 2, 3, 4),)

    def gatts_set_buffer(self, handle, length):
        pass

    def gatts_write(self, handle, data):
        pass

    def gap_scan(self, *figures):
        pass

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if adv_data is not None and connectable:
            _found["invited"] = True
        elif adv_data is not None:
            _found["aired"] += 1


class Flash:
    def __init__(self, sectors):
        self.size = sectors * SECTOR_BYTES
        self.sector_bytes = SECTOR_BYTES
        self.data = bytearray(b"\xff" * self.size)

    def read(self, offset, buffer):
        buffer[:] = memoryview(self.data)[offset : offset + len(buffer)]

    def program(self, offset, data):
        for at in range(len(data)):
            self.data[offset + at] &= data[at]

    def erase(self, offset):
        for at in range(offset, offset + SECTOR_BYTES):
            self.data[at] = 0xFF


class Keeper:
    """The loader's, of a unit with one release, which is sound."""

    board = "test"
    slot = 0
    was_expected = True
    after_crash = False

    class state:
        active = standing = failed = 0
        fell_from = floor = (0, 0, 0)
        crash = bytes(4)

    def path(self, slot):
        return f"/nowhere-{slot}.ilu"

    def healthy(self):
        _found["healthy"] = True


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


def _world():
    """What a unit has around it: not on its account."""
    global _area, _journal
    machine = Module(Pin=Pin, ADC=ADC, RTC=RTC, WDT=None, PWM=None, reset=None, reset_cause=lambda: 1)
    for number, name in enumerate(("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")):
        setattr(machine, name, number + 1)
    sys.modules["machine"] = machine
    sys.modules["bluetooth"] = Module(BLE=BLE, UUID=str)
    sys.modules["time"] = Time
    _area, _journal = Flash(SETTINGS_SECTORS), Flash(JOURNAL_SECTORS)


def _import():
    from interlock import app

    assert app.App


def _boot():
    """The unit in service."""
    global _unit
    from interlock import app

    partner = app.Partner(9, 3 - role if role < 3 else 2, 1, b"c" * 32, b"p" * 32)
    who = (1, b"MEASURED", 1, role, b"u" * 32, b"g" * 32, bytes(32))
    config = app.Settings(*who, [partner], app.DEFAULT_POLICY, 0, bytes(8))
    numbers = {name: number for number, name in enumerate(SIGNALS)}
    board = app.Board("test", numbers, lambda: _area, lambda: _journal, None, _rest, (2, 1, 2), None, ())
    board.keeper = Keeper() if has_loader else None
    _unit = app.App(board, config, app.Label(b"MEASURED", b""))


WATCHED = ("notary", "session", "serving", "update", "self_test", "placement", "trial", "x25519", "setup")
role = 1  # 1 holster, 2 camera
has_loader = False  # and so a trial at each start, and updates
asks = (0, 0, 0, 0)  # update state, technician, all parts of a self-test, look: whoever starts this knows the codes
_STEPS = [_world, _import, _boot]
_found = {"aired": 0, "turns": 0, "world": 0, "code and constants": 0, "alive after boot": 0, "alive at most": 0}
_found["at most before a collection"] = _found["around it"] = 0
_found["invited"] = _found["healthy"] = False
_found["alive when asked"] = _found["alive after a test"] = 0
_found["parts"] = {}  # which of WATCHED were there at some moments
_found["alive before it"] = _found["alive in its dock"] = _found["alive after it"] = 0
_pins = {}
_idle = []  # bytes that turns allocated in which nothing was to be done
_unit = _area = _journal = None


def _rest(ms):
    _unit.door.wake()


def _happens():
    """What the world does before this turn, which waits for it or not."""
    if _found["turns"] in WEAPON_MOVES and role & 1:
        for number in (0, 1):
            _pins[number].turn()
    if _found["turns"] in DOCK_MOVES:
        _pins[DOCK].turn()
    if _found["turns"] == ASK_AT:
        update_state, technician, parts, look = asks
        desk = _unit._office.desk
        if desk is None:
            raise MemoryError("signer, session or desk could not be loaded")
        answers = [desk.self_test(technician, parts)]
        if has_loader:
            answers.append(desk.update(update_state, b""))
        if role & 1:
            answers.append(desk.place(technician, look, 0))
        _found["answers"] = [[reason, len(answer)] for reason, answer in answers]
        if any(reason for reason, _ in answers):
            raise MemoryError("what was asked for could not be loaded")


def largest():
    """Bytes of the largest block that is free."""
    low, high = 0, 1 << 24
    while high - low > 64:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
    return low


def live(days):
    """[(largest free block, bytes free) at the end of each day] of a unit in service for so long, with a use each hour;
    a turn is 20 s of its time. For a VM that collects whenever it must."""
    _world()
    _boot()
    gc.threshold(16384)  # as the application's `main` does
    found = []
    for _ in range(days):
        for number in range(86400 // LONG_TURN_S):
            Time.now = (Time.now + 1000 * LONG_TURN_S) & (2 * HALF - 1)
            if role & 1 and number % 180 in (90, 95):
                for pin in (0, 1):
                    _pins[pin].turn()
            _unit.turn()
        gc.collect()
        found.append([largest(), gc.mem_free()])
    return found


def turn():
    """Memory is collected before each call, and (in the 32-bit VM) never within one."""
    gc.collect()
    alive = gc.mem_alloc() - _found["world"]
    if _STEPS:
        step = _STEPS.pop(0)
        if step is _import:
            _found["world"] = _found["around it"] = alive
        if step is _boot:
            _found["code and constants"] = alive
        step()
        return True
    if not _found["turns"]:
        _found["alive after boot"] = alive
    _found["alive at most"] = max(alive, _found["alive at most"])
    if _found["turns"] == DOCK_AT:
        _found["alive before it"] = alive
    elif DOCK_AT < _found["turns"] < ASK_AT:
        _found["alive in its dock"] = max(alive, _found["alive in its dock"])
    elif ASK_AT <= _found["turns"] < UNDOCK_AT:
        _found["alive when asked"] = max(alive, _found["alive when asked"])
    elif _found["turns"] == UNDOCK_AT + 5:
        _found["alive after a test"] = alive
    _found["alive after it"] = alive
    if _found["turns"] in (0, ASK_AT, UNDOCK_AT + 5, TURNS - 1):
        _found["parts"][str(_found["turns"])] = [name for name in WATCHED if "interlock." + name in sys.modules]
    is_long = _found["turns"] > UNDOCK_AT + 5
    Time.now = (Time.now + (1000 * LONG_TURN_S if is_long else TURN_MS)) & (2 * HALF - 1)
    _found["turns"] += 1
    _happens()
    aired, before = _found["aired"], gc.mem_alloc()
    _unit.turn()
    used = gc.mem_alloc()
    if IDLE_FROM < _found["turns"] < USE_AT and aired == _found["aired"]:
        _idle.append(used - before)
    used -= _found["world"]
    _found["at most before a collection"] = max(used, _found["at most before a collection"])
    return _found["turns"] < TURNS


def found():
    return json.dumps(dict(_found, idle=_idle, is_32_bit=sys.maxsize < 1 << 32))
