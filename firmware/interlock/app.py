"""Composition root: a board, its settings and the roles they name become one loop with one door.

Order of a turn: sensors first (they air the ready frame), then frames heard, then what is due, then the air, then
quiet work. Nothing here can reach the weapon.
"""

import time

from machine import WDT, reset_cause

from .camera_role import CameraRole
from .core import frames, receiver, settings
from .core.ticks import earlier, ticks_add
from .drivers.battery import Battery
from .drivers.contact import Contact
from .drivers.door import Door
from .drivers.recorder import Recorder
from .drivers.seat import Seat
from .drivers.signal import Signal
from .holster_role import HolsterRole
from .radio.broadcast import Broadcast
from .station import Station

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from .boards import Board
    from .core.needs import Clock

TURN_MS = 4000  # the loop turns at least this often: it feeds the watchdog and extends the uptime


def load_settings(board: "Board") -> settings.Settings | None:
    """The unit's Settings, or None when it is not provisioned."""
    return settings.load(board.settings_area())


class App:
    """One unit. `config`: its Settings. `run` never returns; `turn` is one pass of the loop."""

    def __init__(self, board: "Board", config: settings.Settings) -> None:
        # The stubs make ticks opaque; the core reckons with them as the integers they are.
        self._ticks: Clock = time.ticks_ms  # type: ignore[assignment]
        self.door = Door(board.rest, self._ticks)
        self._board = board
        signal = Signal(board.pins["led"], board.pins["haptic"])
        radio = Broadcast(self.door.wake, board.address_mode, self._ticks)
        self.station = Station(config, board.journal_area(), radio, self._ticks, reset_cause())
        self.holster: HolsterRole | None = None
        self.camera: CameraRole | None = None
        if config.role & settings.ROLE_CAMERA:
            recorder = Recorder(board.pins["shutter"], self._contact("tally"), self._contact("awake"))
            self.camera = CameraRole(self.station, recorder, signal)
        if config.role & settings.ROLE_HOLSTER:
            seat = Seat(self._contact("seat_closes"), self._contact("seat_opens"), config.policy.fault_ms)
            battery = Battery(board.pins["battery"], *board.battery)
            self.holster = HolsterRole(
                self.station,
                seat,
                self._contact("armed"),
                self._contact("discharge"),
                self._contact("dock"),
                self._contact("button"),
                battery,
                signal,
            )
        if self.holster and self.camera:
            self.holster.local_camera = self.camera
            self.camera.local_holster = self.holster
        self.roles = [role for role in (self.holster, self.camera) if role]
        self.station.alert = signal_alert(signal, self._ticks)
        self.contacts: tuple[Contact, ...] = ()
        for role in self.roles:
            self.contacts += tuple(role.contacts)
        # Last: everything above may take long, and a watchdog cannot be stopped again.
        self._watchdog = WDT(timeout=board.watchdog_ms) if board.watchdog_ms else None

    def _contact(self, name: str) -> Contact:
        board = self._board
        return Contact(board.pins[name], name in board.active_low, self.door.wake, self._ticks)

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
        self.station.broadcast()
        self.station.radio.watch(self._ticks())
        self.station.receiver.tidy()
        self.station.reserve()
        self._quiet_work()
        if self.holster:
            self.holster.prepare()
        if self._watchdog:
            self._watchdog.feed()

    def _deadline(self) -> int | None:
        now = self._ticks()
        first: int | None = ticks_add(now, TURN_MS)
        for role in self.roles:
            first = earlier(first, role.deadline(now), now)
        for contact in self.contacts:
            first = earlier(first, contact.settle_at, now)
        return earlier(first, self.station.airtime.deadline(now), now)

    def _hear(self) -> None:
        while True:
            frame = self.station.radio.take()
            if frame is None:
                return
            if self.holster and self.holster.hear(frame):
                continue
            heard = self.station.receiver.hear(frame, self._ticks())
            if heard is None:
                continue
            if heard.event == frames.RECORDING and heard.kind in (receiver.OWN, receiver.GROUP) and self.holster:
                self.holster.witness(heard)
            if self.camera:
                self.camera.hear(heard)

    def _quiet_work(self) -> None:
        """Erase ahead, only while nothing is on the air and no weapon is out: an erase stops a board for long."""
        if self.station.airtime.now_on is not None:
            return
        if self.holster and self.holster.busy():
            return
        if self.camera and self.camera.busy():
            return
        self.station.tidy()


def signal_alert(signal: Signal, ticks: "Clock") -> "Callable[[int], None]":
    """A station's alert line (code) -> None over a Signal driver."""

    def alert(_: int) -> None:
        signal.alert(ticks())

    return alert


def main(board: "Board") -> "NoReturn":
    """Run the unit on this board; a unit without settings waits silently to be provisioned."""
    config = load_settings(board)
    if config is None:
        print("interlock: not provisioned, nothing to do")
        while True:
            board.rest(60000)
    App(board, config).run()
