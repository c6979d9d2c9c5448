"""What the roles of a unit hold on to: a station whose frames are in clear, an air without microseconds, drivers
without pins. No double has an output but lamp, buzzer and shutter; none of them leads to a weapon.
"""

from collections.abc import Callable
from typing import Any

from interlock.company import Company
from interlock.core import records
from interlock.core.frames import NO_SLOT
from interlock.core.settings import (
    DEFAULT_RECORDER,
    NO_KEY,
    PAIRED,
    ROLE_CAMERA,
    ROLE_HOLSTER,
    Partner,
    Policy,
    Settings,
)
from interlock.core.ticks import is_due, ticks_add, ticks_diff
from interlock.station import Station
from interlock.unit import NOBODY_ASSIGNED

from .clear import ClearUnit, Ear, unit_frame
from .freeze import COUNTERS

AIRED_MS = 2
"""How long anything is on the air on a tiny clock; what was on the air may be heard later all the same (`world.py`)."""


class Contact:
    """A switch; `pulse` is one that is over before the loop looks."""

    noisy = False
    held_back = 0
    edges = 0
    pulse_ms = 8
    seen = 3

    def __init__(self, on: bool) -> None:
        self.on = on
        self.edge_at = 0
        self._changes = 0

    def set(self, on: bool) -> None:
        if on != self.on:
            self.on, self._changes = on, 1

    def pulse(self) -> None:
        self._changes = 2

    def take(self) -> int:
        changes, self._changes = self._changes, 0
        return changes

    def read(self) -> bool:
        return self.on


class Seat:
    contacts = ()
    faulty = noisy = False
    held_back = 0
    disagree_at = left_at = None

    def __init__(self, seated: bool) -> None:
        self.seated = seated
        self.edge_at = 0
        self._changes = 0

    def set(self, seated: bool) -> None:
        if seated != self.seated:
            self.seated, self._changes = seated, 1

    def take(self, now: int) -> int:
        changes, self._changes = self._changes, 0
        return changes


class Pickup:
    """Believes each pulse: more of them come here in some milliseconds than any line gives without being faulty. The
    real one: `tests/core/test_lines.py`, `tests/vm/test_lines.py`."""

    qualify_at = None

    def __init__(self, line: Contact) -> None:
        self.line = line
        self.edge_at = 0

    def take(self, now: int) -> bool:
        changes = self.line.take()
        self.edge_at = self.line.edge_at
        return changes == 2 or (changes == 1 and self.line.on)

    def begun(self, now: int, discharge: int) -> int:
        return 0

    def tick(self, now: int) -> int:
        return 0


class Battery:
    low = doubts = False

    def check(self) -> None:
        pass


class Signal:
    """`lit`: the alert is on. `nudges`: discreet words so far in this turn."""

    off_at = None
    covert = False

    def __init__(self) -> None:
        self.lit = False
        self.nudges = 0

    def alert(self, now: int) -> None:
        self.lit = True

    def nudge(self, now: int) -> None:
        self.nudges += 1

    def calm(self) -> None:
        self.lit = False

    def tick(self, now: int) -> None:
        pass


class Recorder:
    """The wires to a recorder. `pressed` is told of each pulse."""

    speaks = False
    toggles = True
    buffer_ms = proven_ms = None
    is_silent = False
    is_wanted = is_kept = False

    def __init__(self, pressed: Callable[[], None], running: bool) -> None:
        self.pressed = pressed
        self.tally = Contact(running)
        self.awake = Contact(True)
        self.contacts = (self.tally, self.awake)

    def start(self, now: int) -> None:
        if not self.tally.read():
            self.pressed()

    def stop(self, now: int) -> None:
        if self.tally.read():
            self.pressed()

    def hear(self, now: int) -> None:
        pass

    def tick(self, now: int) -> None:
        pass

    def deadline(self, now: int) -> int | None:
        return None


class Airtime:
    """Like the real one, but that nobody takes turns: all that is on the air can be heard."""

    def __init__(self, aired: Callable[[bytes], None]) -> None:
        self._aired = aired
        self.entries: dict[Any, tuple[bytes, int, Any]] = {}
        self.now_on = None

    def put(
        self, key: Any, frame: bytes, now: int, fast_ms: int, slow_ms: int, what: Any = None, calm: bool = False
    ) -> None:
        self._aired(frame)
        self.entries.pop(key, None)
        self.entries[key] = (frame, ticks_add(now, AIRED_MS), what)

    def says(self, key: Any, what: Any) -> bool:
        return key in self.entries and self.entries[key][2] == what

    def shorten(self, key: Any, until: int) -> None:
        if key in self.entries:
            frame, before, what = self.entries[key]
            self.entries[key] = (frame, until if ticks_diff(before, until) > 0 else before, what)

    def calm(self, key: Any, now: int) -> None:
        pass

    def drop(self, key: Any) -> None:
        self.entries.pop(key, None)

    def expire(self, now: int) -> None:
        self.entries = {key: entry for key, entry in self.entries.items() if not is_due(entry[1], now)}

    def is_idle(self, now: int) -> bool:
        return not self.entries

    def live(self) -> list[bytes]:
        return [frame for frame, _, _ in self.entries.values()]


class Radio:
    retry_at = None

    def listen(self, *_: Any) -> None:
        pass

    def deafen(self) -> None:
        pass


class Journal:
    def __init__(self) -> None:
        self.sequence = 0


def settings_of(unit: int, role: int, partners: list[int], policy: Policy) -> Settings:
    """`partners`: units of the other role."""
    theirs = ROLE_CAMERA if role == ROLE_HOLSTER else ROLE_HOLSTER
    entries = [Partner(number, theirs, PAIRED, b"", b"") for number in partners]
    return Settings(1, b"UNIT%4d" % unit, unit, role, b"", b"", NO_KEY, entries, policy, *DEFAULT_RECORDER)


class TestStation(Station):
    """The real station's methods over clear frames. `told(record kind, fields)` hears every record, `aired(frame)`
    every frame. What a journal would keep through a power cut is kept: see `boot`."""

    __test__ = False

    def __init__(
        self,
        config: Settings,
        ticks: Callable[[], int],
        told: Callable[[int, Any], None],
        aired: Callable[[bytes], None],
        clockless: bool,
    ) -> None:
        self.config, self.policy = config, config.policy
        self.ticks, self._told, self._aired = ticks, told, aired
        self.radio = Radio()  # type: ignore[assignment]
        self.airtime = Airtime(aired)  # type: ignore[assignment]
        self.journal = Journal()  # type: ignore[assignment]
        self.keys = ClearUnit(b"", config.unit)  # type: ignore[assignment]
        self.assigned = NOBODY_ASSIGNED
        self.in_session = False
        self.was_recording = False
        self.was_testing = False
        self.counter = config.unit * COUNTERS
        self.marks = {}
        self.kept: dict[int, int] = {}  # the marks that are in the journal
        self.kept_recording = False
        self.ear = Ear(config.unit, [p.unit for p in config.partners], clockless)

    def boot(self) -> None:
        """What a boot finds in the journal. Counters go on behind the block in use."""
        self.airtime.entries = {}  # type: ignore[attr-defined]
        self.counter += 1
        self.marks = dict(self.kept)
        self.was_recording = self.kept_recording
        self.company = Company(self)

    def record(self, kind: int, payload: bytes) -> bool:
        self.journal.sequence += 1
        fields = records.unpack(kind, payload)
        if kind == records.HEARD:
            self.kept[fields.sender] = max(fields.counter, self.kept.get(fields.sender, 0))
        elif kind == records.WITNESS:
            self.kept[fields.camera] = max(fields.counter, self.kept.get(fields.camera, 0))
        elif kind == records.RECORDER:
            self.kept_recording = bool(fields.tally and fields.believed)
        self._told(kind, fields)
        return True

    def digest(self) -> bytes:
        return b"same"

    def slot(self) -> int:
        return NO_SLOT  # freshness by time is the receiver's business: `clear.Ear`

    def uptime_ms(self) -> int:
        return self.ticks()

    def rotate(self) -> None:
        pass

    def frame(self, event: int, flags: int, counter: int, body: bytes | None = None) -> bytes:
        return unit_frame(self.config.unit, event, flags & 0xF, counter, body or self.digest())

    def air_now(self, frame: bytes) -> int | None:
        self._aired(frame)
        return self.ticks()

    def broadcast(self) -> None:
        pass
