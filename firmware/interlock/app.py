"""Composition root: a board, its settings and the roles they name become one loop with one door.

Order of a turn: sensors first (they air the ready frame), then frames heard, then what is due, then the air, then
quiet work. Nothing here can reach the weapon.
"""

import gc
import time

from machine import WDT, reset, reset_cause

from . import life, parts, recorders
from .asked import Asked
from .core import access, frames, receiver, records, settings
from .core.ticks import earlier, ticks_add
from .drivers.calendar import CALENDAR_U_MS, Calendar
from .drivers.door import Door
from .drivers.signal import Signal
from .office import Office
from .radio.broadcast import Broadcast
from .radio.link import Link
from .radio.supervisor import Supervisor
from .service import Service
from .station import Station

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from interlock_loader.keeper import Keeper

    from .boards import Board
    from .camera_role import CameraRole
    from .core.needs import Clock
    from .desk import Desk
    from .drivers.contact import Contact
    from .drivers.door import Watched
    from .holster_role import HolsterRole
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
        self.board = board
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
        self.signal = signal
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
        self.keep = keep
        self.label = label
        self._office = Office(self.station, self._make_desk)
        self.asked = Asked(self)
        self._trial: Trial | None = None
        keeper = board.keeper
        if keeper is not None:
            # A unit without a loader has nobody to tell, and a release that works nothing more.
            self._trial, self._trial_part = parts.load(lambda: self._make_trial(keeper))
        self._is_working = False  # the signer has more to compute
        # A holster unit's own machine takes the edges of dock and button, too.
        takes = self.holster is None
        self.service = Service(self.station, self._office, link, dock, button, takes, board.address_mode)
        self.service.pressed = self.asked.press
        told = (lambda: self.station.config.revision, lambda: self.station.policy.store_after_ms)
        self._life = life.Life(board, self.station, dock, button, *told, self.holster, self.camera)
        self._supervisor = Supervisor(radio, link, self.station, self._life.restart_for_radio, self._strangers)
        self._take_calendar(Calendar())
        # Last: everything above may take long, and a watchdog cannot be stopped again.
        self._watchdog = WDT(timeout=board.watchdog_ms) if board.watchdog_ms else None
        self.door.wake()  # the first turn at once: the unit may be in its dock already

    def _make_desk(self) -> "Desk":
        from .serving import in_service

        return in_service(self)

    def _make_trial(self, keeper: "Keeper") -> "Trial":
        from .trial import Trial

        return Trial(self, keeper)

    def _contact(self, name: str) -> "Contact":
        return self.board.contact(name, self.door.wake, self._ticks)

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
        self.signal.covert = self.station.policy.covert

    def _warn(self) -> None:
        self.signal.nudge(self._ticks())

    def radio_mode(self) -> int:
        """How the radio is, as `core/radio_health.py` has it."""
        return self._supervisor.state.mode

    def _strangers(self, what: int) -> int:
        """Frames that the receiver took for junk and for replays, and those of strangers that it did not look at."""
        ear = self.station.receiver
        if what == records.RADIO_JUNK:
            return ear.junk
        return ear.replays if what == records.RADIO_REPLAY else ear.limited

    def is_busy(self) -> bool:
        """Whether a weapon is out or a recorder is being started or stopped."""
        if self.camera and self.camera.busy():
            return True
        return bool(self.holster and self.holster.busy() and not self.asked.shields())

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
        self.asked.follow()
        busy = self.is_busy()
        if busy:
            self.signal.stop_identifying()
        self.asked.turn(busy)
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
            elif self._trial is not None and self._trial.is_over:
                self._trial = None
                parts.let_go(self._trial_part)
            self.asked.let_go()
        self._life.turn(busy, self.service.is_open())

    def _deadline(self) -> int | None:
        now = self._ticks()
        first: int | None = now if self._is_working else ticks_add(now, TURN_MS)
        for role in self.roles:
            first = earlier(first, role.deadline(now), now)
        first = earlier(first, self.station.company.deadline(now), now)
        for contact in self.contacts:
            first = earlier(first, contact.settle_at, now)
        first = earlier(first, self.signal.flash_at, now)
        first = self.asked.deadline(first, now)
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
        self._is_working = self._office.work()


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
