"""Composition root: a board, its settings and the roles they name become one loop with one door.

Order of a turn: sensors first (they air the ready frame), then frames heard, then what is due, then the air, then
quiet work. Nothing here can reach the weapon.
"""

import time

from machine import WDT, reset, reset_cause

from .camera_role import CameraRole
from .core import access, frames, receiver, records, settings, wire
from .core.ticks import earlier, ticks_add
from .desk import Desk
from .drivers.battery import Battery
from .drivers.calendar import CALENDAR_U_MS, Calendar
from .drivers.door import Door
from .drivers.recorder import Recorder
from .drivers.seat import Seat
from .drivers.signal import Signal
from .holster_role import HolsterRole
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
    from .core.needs import Clock
    from .drivers.contact import Contact
    from .self_test import SelfTest

TURN_MS = 4000  # the loop turns at least this often: it feeds the watchdog and extends the uptime


class App:
    """One unit in service. `config`: its Settings; `label`: its Label. `run` never returns; `turn` is one pass of the
    loop."""

    def __init__(self, board: "Board", config: settings.Settings, label: access.Label) -> None:
        # The stubs make ticks opaque; the core reckons with them as the integers they are.
        self._ticks: Clock = time.ticks_ms  # type: ignore[assignment]
        self.door = Door(board.rest, self._ticks)
        self._board = board
        signal = Signal(board.pins["led"], board.pins["haptic"])
        radio = Broadcast(self.door.wake, board.address_mode, self._ticks)
        # Before anything is aired: the stack takes services only then.
        link = Link(radio, self.door.wake)
        keep = board.settings_area()
        self.station = Station(config, board.journal_area(), keep, radio, self._ticks, reset_cause())
        self.holster: HolsterRole | None = None
        self.camera: CameraRole | None = None
        dock, button = self._contact("dock"), self._contact("button")
        self._dock = dock
        self.button = button
        if config.role & settings.ROLE_CAMERA:
            recorder = Recorder(board.pins["shutter"], self._contact("tally"), self._contact("awake"))
            self.camera = CameraRole(self.station, recorder, signal, dock)
        if config.role & settings.ROLE_HOLSTER:
            seat = Seat(self._contact("seat_closes"), self._contact("seat_opens"), config.policy.fault_ms)
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
        self.contacts: tuple[Contact, ...] = ()
        for role in self.roles:
            self.contacts += tuple(role.contacts)
        if not self.holster:
            self.contacts += (dock, button)
        does = (self._adopt, self._sense, self.identify, self._command, self._test)
        self._desk = Desk(self.station, keep, label, config, *does)
        self._tester: SelfTest | None = None
        self._is_working = False  # the signer has more to compute
        # A holster unit's own machine takes the edges of dock and button, too.
        takes = self.holster is None
        self.service = Service(self.station, self._desk, link, dock, button, takes, board.address_mode)
        self._supervisor = Supervisor(radio, link, self.station, reset, self._strangers)
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

    def _take_calendar(self, calendar: Calendar) -> None:
        """Go by what the RTC kept over a restart, until somebody knows better."""
        utc_ms = calendar.read()
        if utc_ms is not None:
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

    def _sense(self) -> tuple[int, int]:
        """(status flags, cell mV) for a technician."""
        flags = cell_mv = 0
        if self.holster:
            cell_mv = self.holster.battery.read_mv()
            flags |= wire.FLAG_LOW_BATTERY if self.holster.battery.low else 0
            flags |= wire.FLAG_SENSOR_FAULT if self.holster.seat.faulty else 0
            flags |= wire.FLAG_MUTED if self.holster.answers.is_muted else 0
            flags |= wire.FLAG_TEST if self.holster.state.duty == records.MODE_TEST else 0
            flags |= wire.FLAG_FUNCTION_TEST if self.holster.state.duty == records.MODE_FUNCTION_TEST else 0
        if self.camera:
            flags |= wire.FLAG_TALLY if self.camera.recorder.tally.on else 0
            flags |= wire.FLAG_AWAKE if self.camera.recorder.awake.on else 0
        return flags, cell_mv

    def _strangers(self) -> tuple[int, int, int]:
        """Frames that the receiver took for junk and for replays, and those of strangers that it did not look at."""
        ear = self.station.receiver
        return ear.junk, ear.replays, ear.limited

    def _is_busy(self) -> bool:
        """Whether a weapon is out or a recorder is being started or stopped."""
        return bool((self.holster and self.holster.busy()) or (self.camera and self.camera.busy()))

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
        if self._watchdog:
            self._watchdog.feed()
        if self.service.is_done():
            reset()

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
        first = earlier(first, self.service.deadline(now), now)
        first = earlier(first, self._supervisor.deadline(), now)
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
    area = board.settings_area()
    label = access.load_label(area)
    try:
        config = settings.load(area)
    except OSError as error:
        # No boxed unit, which its label would open: it may read at the next try.
        print("interlock: %s; starting anew in a minute" % error)
        board.rest(60000)
        reset()
    if label is None:
        # Without a label nobody could ever set it up; with settings it still does its duty.
        print("interlock: this unit has no label, it cannot be set up")
        label = access.Label(config.serial if config else bytes(8), b"")
    if config is not None:
        App(board, config, label).run()
    if not label.secret:
        while True:
            board.rest(60000)
    from .setup import SetUp  # what only a boxed unit needs takes no memory from one in service

    SetUp(board, label).run()
