"""Composition root: a board, its settings and the roles they name become one loop with one door.

Order of a turn: sensors first (they air the ready frame), then frames heard, then what is due, then the air, then
quiet work. Nothing here can reach the weapon.
"""

import gc
import time

from machine import WDT, reset, reset_cause

from . import life, recorders
from .core import access, frames, holster, receiver, records, settings, wire
from .core.ticks import earlier, ticks_add
from .desk import Desk
from .drivers.calendar import CALENDAR_U_MS, Calendar
from .drivers.door import Door
from .drivers.signal import Signal
from .radio.broadcast import Broadcast
from .radio.link import Link
from .radio.supervisor import Supervisor
from .service import Service
from .station import Station

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from .boards import Board
    from .camera_role import CameraRole
    from .core.needs import Clock
    from .drivers.contact import Contact
    from .drivers.door import Watched
    from .holster_role import HolsterRole
    from .placement import Placement
    from .self_test import SelfTest
    from .trial import Trial

GARBAGE_BYTES = 16384
TURN_MS = 4000  # the loop turns at least this often: it feeds the watchdog and extends the uptime


class App:
    """One unit in service. `config`: its Settings; `label`: its Label. `run` never returns; `turn` is one pass of the
    loop."""

    def __init__(self, board: "Board", config: settings.Settings, label: access.Label) -> None:
        # The stubs make ticks opaque; the core reckons with them as the integers they are.
        self._ticks: Clock = time.ticks_ms  # type: ignore[assignment]
        self.door = Door(board.rest, self._ticks)
        self._board = board
        signal = Signal(board.pins["led"], board.pins["haptic"], board.pins.get("buzzer"))
        radio = Broadcast(self.door.wake, board.address_mode, self._ticks, board.adv_floor_ms)
        # Before anything is aired: the stack takes services only then.
        link = Link(radio, self.door.wake)
        keep = board.settings_area()
        came = life.before(board, bool(config.role & settings.ROLE_HOLSTER))
        self.station = Station(config, board.journal_area(), keep, radio, self._ticks, reset_cause(), came)
        self.holster: "HolsterRole | None" = None
        self.camera: "CameraRole | None" = None
        dock, button = self._contact("dock"), self._contact("button")
        self._dock = dock
        self.button = button
        if config.role & settings.ROLE_CAMERA:
            about = (self._contact, radio, link.bonds, self._ticks(), self.station.was_recording)
            recorder = recorders.make(board, config, *about)
            from .camera_role import CameraRole  # a role takes no memory from units of the other one

            self.camera = CameraRole(self.station, recorder, signal, dock)
        if config.role & settings.ROLE_HOLSTER:
            from .holster_role import HolsterRole  # isort: skip  # as above; what it needs comes with it
            from .drivers.battery import Battery
            from .drivers.seat import Seat

            seat = Seat(self._contact("seat_closes"), self._contact("seat_opens"), self.station.policy.fault_ms)
            battery = Battery(board.pins["battery"], *board.battery)
            self.holster = HolsterRole(
                self.station,
                seat,
                self._contact("armed"),
                self._contact("discharge"),
                dock,
                button,
                battery,
                signal,
            )
            if not seat.seated and not self.holster.armed.on and life.is_stowed_still(board, self.station):
                self.holster.stay_stowed()
        if self.holster and self.camera:
            self.holster.local_camera = self.camera
            self.camera.local_holster = self.holster
        self.roles = [role for role in (self.holster, self.camera) if role]
        self._signal = signal
        self.station.alert = signal_alert(signal, self._ticks)
        self.station.on_change = self._follow_settings
        company = self.station.company
        company.warn = self._warn
        if self.holster:
            company.says = self.holster.says
        elif self.camera:
            company.says = self.camera.says
        self._follow_settings()
        self.contacts: tuple[Watched, ...] = ()
        for role in self.roles:
            self.contacts += tuple(role.contacts)
        if not self.holster:
            self.contacts += (dock, button)
        does = (self._adopt, self._sense, self.identify, self._command, self._test)
        self._desk = Desk(self.station, keep, label, config, *does, keeper=board.keeper)
        self._desk.placement = self._place
        self._desk.plays_both = board.plays_both
        self._desk.has_recorder = lambda kind: recorders.is_possible(kind, board)
        self._tester: SelfTest | None = None
        self._placement: Placement | None = None
        self._trial: Trial | None = None
        if board.keeper is not None:
            from . import trial  # a unit without a loader has nobody to tell

            self._trial = trial.Trial(self, board.keeper)
        self._is_working = False  # the signer has more to compute
        # A holster unit's own machine takes the edges of dock and button, too.
        takes = self.holster is None
        self.service = Service(self.station, self._desk, link, dock, button, takes, board.address_mode)
        self.service.pressed = self._pressed
        self._life = life.Life(board, self.station, dock, button, self._standing, self.holster, self.camera)
        self._supervisor = Supervisor(radio, link, self.station, self._life.restart_for_radio, self._strangers)
        self._take_calendar(Calendar())
        # Last: everything above may take long, and a watchdog cannot be stopped again.
        self._watchdog = WDT(timeout=board.watchdog_ms) if board.watchdog_ms else None
        self.door.wake()  # the first turn at once: the unit may be in its dock already

    def _contact(self, name: str) -> "Contact":
        return self._board.contact(name, self.door.wake, self._ticks)

    def _adopt(self, config: settings.Settings) -> None:
        """New settings are in force: go by them without a restart."""
        self.station.go_by(config)
        kind, payload = self.station.config_fact()
        self.station.record(kind, payload)

    def _standing(self) -> tuple[int, int]:
        """(revision of the settings, ms of rest after which it sleeps)."""
        return self.station.config.revision, self.station.policy.store_after_ms

    def _take_calendar(self, calendar: Calendar) -> None:
        """Go by what the RTC kept over a restart, until somebody knows better."""
        utc_ms = calendar.read()
        # In deep sleep it runs on an oscillator that is wrong by seconds in minutes.
        if utc_ms is not None and not life.is_woken():
            self.station.take_calendar(utc_ms, CALENDAR_U_MS)
        self.station.on_clock = calendar.set

    def _follow_settings(self) -> None:
        for role in self.roles:
            role.adopt()
        self._signal.covert = self.station.policy.covert

    def _warn(self) -> None:
        self._signal.nudge(self._ticks())

    def _command(self, mode: int, seconds: int) -> int:
        """Enter a mode, by a technician; OK, or why not."""
        if self.holster and self.holster.command(mode, seconds):
            return wire.OK
        return wire.BAD_MODE

    def identify(self, ms: int, how: int) -> int:
        """Blink, and buzz, for so long; what of it, as `Served.identify` says. Not with a weapon in use."""
        if self._is_busy():
            return 0
        return self._signal.identify(self._ticks(), ms, bool(how & wire.BY_BUZZ))

    def radio_mode(self) -> int:
        """How the radio is, as `core/radio_health.py` has it."""
        return self._supervisor.state.mode

    def _test(self, credential: int, parts: int) -> tuple[int, bytes]:
        """Begin a self-test of these parts, or none; OK or why not, and the last one's report."""
        if self._tester is None:
            from .self_test import SelfTest  # what only a technician needs takes no memory from others

            self._tester = SelfTest(self)
        reason = self._tester.begin(credential, parts) if parts else wire.OK
        return reason, self._tester.report()

    def _place(self, credential: int, what: int, seconds: int) -> tuple[int, bytes]:
        """As `Served.place`."""
        if self.holster is None:
            return wire.NOT_ALLOWED, b""
        if self._placement is None:
            from .placement import Placement  # as above

            self._placement = Placement(self.holster)
        return self._placement.ask(credential, what, seconds)

    def _pressed(self) -> None:
        """A short press. Put away, or without a holster's part, the unit tests itself: so its officer may at the
        shift's start."""
        if not self._is_busy() and (self.holster is None or self.holster.state.mode == holster.STOWED):
            from .core.selftest import ALL  # as above

            self._test(records.BY_BUTTON, ALL)

    def feel(self, pattern: tuple[int, ...]) -> None:
        """Let a pattern of `drivers/signal.py` be felt."""
        self._signal.play(self._ticks(), pattern)

    def _sense(self) -> tuple[int, int]:
        """(status flags, cell mV) for a technician."""
        cell_mv = 0
        flags = wire.FLAG_FALLBACK if self.station.has_fallen else 0
        if self.holster:
            cell_mv = self.holster.battery.read_mv()
            flags |= wire.FLAG_LOW_BATTERY if self.holster.battery.low else 0
            flags |= wire.FLAG_SENSOR_FAULT if self.holster.state.conditions & frames.FLAG_SENSOR_FAULT else 0
            flags |= wire.FLAG_MUTED if self.holster.answers.is_muted else 0
            flags |= wire.FLAG_TEST if self.holster.state.duty == records.MODE_TEST else 0
            flags |= wire.FLAG_FUNCTION_TEST if self.holster.state.duty == records.MODE_FUNCTION_TEST else 0
        if self.camera:
            flags |= wire.FLAG_TALLY if self.camera.recorder.tally.on else 0
            flags |= wire.FLAG_AWAKE if self.camera.recorder.awake.on else 0
        return flags, cell_mv

    def _strangers(self, what: int) -> int:
        """Frames that the receiver took for junk and for replays, and those of strangers that it did not look at."""
        ear = self.station.receiver
        if what == records.RADIO_JUNK:
            return ear.junk
        return ear.replays if what == records.RADIO_REPLAY else ear.limited

    def _is_busy(self) -> bool:
        """Whether a weapon is out or a recorder is being started or stopped."""
        if self.camera and self.camera.busy():
            return True
        return bool(self.holster and self.holster.busy() and not (self._placement and self._placement.shields()))

    def run(self) -> "NoReturn":
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait at the door, then do what there is to do."""
        self.door.idle(self._deadline(), self.contacts)
        for role in self.roles:
            role.react()
        self._hear()
        for role in self.roles:
            role.tick()
        if self._placement:
            self._placement.turn()
        busy = self._is_busy()
        if busy:
            self._signal.stop_identifying()
        if self._tester:
            self._tester.turn(busy)
        self.station.company.tick(self._ticks(), busy)
        self.service.react()
        self.service.turn(busy)
        self.station.broadcast()
        self._supervisor.turn(busy, self.station.company.misses_somebody())
        tidying = self.station.receiver.tidy()
        self.station.reserve()
        self._quiet_work(busy)
        self._is_working = self._is_working or tidying
        if self.holster:
            self._is_working = self.holster.prepare() or self._is_working
        if self._trial:
            self._trial.turn(busy)
        if self._watchdog:
            self._watchdog.feed()
        if not busy:
            if self.service.is_done():
                self._life.restart(records.LIFE_FOR_SETTINGS)
            elif self._trial is not None and self._trial.restart:
                self._life.restart(records.LIFE_FOR_TRIAL)
        self._life.turn(busy, self.service.is_open())

    def _deadline(self) -> int | None:
        now = self._ticks()
        first: int | None = now if self._is_working else ticks_add(now, TURN_MS)
        for role in self.roles:
            first = earlier(first, role.deadline(now), now)
        first = earlier(first, self.station.company.deadline(now), now)
        for contact in self.contacts:
            first = earlier(first, contact.settle_at, now)
        first = earlier(first, self._signal.flash_at, now)
        if self._tester:
            first = earlier(first, self._tester.deadline(now), now)
        if self._trial:
            first = earlier(first, self._trial.deadline(now), now)
        first = earlier(first, self.service.deadline(now), now)
        first = earlier(first, self._supervisor.deadline(), now)
        first = earlier(first, self._life.deadline(), now)
        return earlier(first, self.station.air_deadline(now), now)

    def _hear(self) -> None:
        while True:
            frame = self.station.radio.take()
            if frame is None:
                return
            if self.holster and self.holster.hear(frame):
                continue
            heard = self.station.receiver.hear(frame, self._ticks(), self.station.slot())
            is_own = heard is not None and heard.kind not in (receiver.GROUP, receiver.UNDATED)
            if not is_own and self.station.receiver.is_spent(frame):
                self.station.radio.spend(frame)
            if heard is None:
                continue
            self.station.company.hear(heard)
            if (
                heard.event == frames.RECORDING
                and heard.kind in (receiver.OWN, receiver.GROUP, receiver.UNDATED)
                and self.holster
            ):
                self.holster.witness(heard)
            if self.camera:
                self.station.hold()
                try:
                    self.camera.hear(heard)
                finally:
                    self.station.release()

    def _quiet_work(self, busy: bool) -> None:
        """Erase ahead, and let the signer compute: only while nothing is on the air and no weapon is out, since an
        erase stops a board for long."""
        if busy or not self.station.airtime.is_idle(self._ticks()):
            self._is_working = False
            return
        self.station.tidy()
        if self._dock.on:
            self.station.lapse()
        self._is_working = self._desk.work()


def signal_alert(signal: Signal, ticks: "Clock") -> "Callable[[int], None]":
    """A station's alert line (code) -> None over a Signal driver."""

    def alert(_: int) -> None:
        signal.alert(ticks())

    return alert


def main(board: "Board") -> "NoReturn":
    """Run the unit on this board: in service when it has settings, else in its box, waiting for its label's holder."""
    if hasattr(gc, "threshold"):  # MicroPython's own
        # Early and often: a long collection would sit between an edge and its frame, and a heap that is collected only
        # when it is full falls to pieces.
        gc.threshold(GARBAGE_BYTES)
    area = board.settings_area()
    label = access.load_label(area)
    try:
        config = settings.load(area)
    except OSError as error:
        # No boxed unit, which its label would open: it may read at the next try.
        print("interlock: %s; starting anew in a minute" % error)
        if board.keeper is not None:
            board.keeper.expect()  # no fault of the release
        watchdog = WDT(timeout=board.watchdog_ms) if board.watchdog_ms else None
        for _ in range(60):
            board.rest(1000)
            if watchdog:
                watchdog.feed()  # the loader's may run already
        reset()
    if label is None:
        # Without a label nobody could ever set it up; with settings it still does its duty.
        print("interlock: this unit has no label, it cannot be set up")
        label = access.Label(config.serial if config else bytes(8), b"")
    if config is not None:
        life.sleep_on(board, config)
        App(board, config, label).run()
    if not label.secret:
        while True:
            board.rest(60000)
    from .setup import SetUp  # what only a boxed unit needs takes no memory from one in service

    SetUp(board, label).run()
