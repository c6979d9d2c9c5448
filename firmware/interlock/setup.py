"""A unit in its box: no keys, no partners, silent. It waits for its dock or its button, and then for whoever knows its
label (`service.py`); once set up it starts anew as a unit in service."""

import time

from machine import WDT, reset_cause

from . import life
from .core import access, records, wire
from .core.ticks import earlier, ticks_add
from .drivers.door import Door
from .drivers.signal import Signal
from .office import Office
from .radio.broadcast import Broadcast
from .radio.link import Link
from .radio.supervisor import Supervisor
from .service import Service
from .unit import Unit

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import NoReturn

    from .boards import Board
    from .core.needs import Clock
    from .desk import Desk

TURN_MS = 4000  # it feeds the watchdog


class SetUp:
    """`label`: the unit's Label. `run` ends with a restart."""

    def __init__(self, board: "Board", label: access.Label) -> None:
        # The stubs make ticks opaque; the core reckons with them as the integers they are.
        self._ticks: Clock = time.ticks_ms  # type: ignore[assignment]
        self.door = Door(board.rest, self._ticks)
        radio = Broadcast(self.door.wake, board.address_mode, self._ticks, board.adv_floor_ms)
        link = Link(radio, self.door.wake)
        keep = board.settings_area()
        self.unit = Unit(label.serial, board.journal_area(), keep, radio, self._ticks)
        self.unit.begin_life(*life.before(board, False), 0)
        self.unit.write_boot(reset_cause())
        self._signal = Signal(board.pins["led"], board.pins["haptic"])
        self.board = board
        self.label = label
        self._office = Office(self.unit, self._make_desk)
        dock = board.contact("dock", self.door.wake, self._ticks)
        button = board.contact("button", self.door.wake, self._ticks)
        self._contacts = (dock, button)
        self.service = Service(self.unit, self._office, link, dock, button, True, board.address_mode)
        self._life = life.Life(board, self.unit, dock, button, _no_revision, _rests_ms)
        self._supervisor = Supervisor(radio, link, self.unit, self._life.restart_for_radio, _no_strangers)
        self._is_working = False
        self._watchdog = WDT(timeout=board.watchdog_ms) if board.watchdog_ms else None
        self.door.wake()  # it may be in its dock already

    def _make_desk(self) -> "Desk":
        from .serving import boxed

        return boxed(self)

    def identify(self, ms: int, how: int) -> int:
        """Blink for so long; what of it, as `Served.identify` says."""
        return self._signal.identify(self._ticks(), ms, bool(how & wire.BY_BUZZ))

    def run(self) -> "NoReturn":
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait at the door, then do what there is to do."""
        now = self._ticks()
        first = now if self._is_working else earlier(ticks_add(now, TURN_MS), self.service.deadline(now), now)
        first = earlier(first, self.unit.air_deadline(now), now)
        first = earlier(first, self._supervisor.deadline(), now)
        first = earlier(first, self._life.deadline(), now)
        first = earlier(first, self._signal.deadline(now), now)
        for contact in self._contacts:
            first = earlier(first, contact.settle_at, now)
        self.door.idle(first, self._contacts)
        self.service.react()
        self.service.turn(False)
        self._signal.tick(self._ticks())
        self.unit.broadcast()
        self._supervisor.turn(False, False)
        self._is_working = self._office.work()
        self.unit.tidy()
        if self._watchdog:
            self._watchdog.feed()
        if self.service.is_done():
            self._life.restart(records.LIFE_FOR_SETTINGS)
        self._life.turn(False, self.service.is_open())


def _no_revision() -> int:
    """A boxed unit has no settings."""
    return 0


def _rests_ms() -> int:
    return life.BOXED_MS


def _no_strangers(_: int) -> int:
    """A boxed unit hears nobody."""
    return 0
