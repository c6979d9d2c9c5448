"""The dock's day: hear who is there, give everybody their turn, and never let one unit, adapter, server or disk stop
the rest.

    dock = Dock(bench, lanes, board, settings, place)
    await dock.run(ending)         # until that event is set
    await dock.once()              # one round, for cron

All waiting is by the event loop's clock, which does not jump when the host's does.
"""

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..bench import Bench, Sighting
from ..outcome import ToolError
from ..vault import keyring
from .aside import Aside, aside
from .background import Checking, Forwarding
from .board import Board
from .lanes import Lane
from .lights import ASSIGN, BRING, HOUR_S, PULL, Known, Light
from .visits import Visits

if TYPE_CHECKING:
    from ..roster.rules import Duty

log = logging.getLogger("interlock.dock")

AWAY_S = 60.0  # unheard for so long, a unit that comes again was away, and has news
LONG_AWAY_S = 600.0  # what it did before is of another day
REVIEW_S = 20.0
TICK_S = 1.0
CLOCK_STEP_S = 2.0
BRINGS_MAX = 6  # of one unit in one round: a rotation of keys has three steps
AGAIN_S = 5.0  # after one of the dock's own tasks broke down
LEAVE_S = 8.0
DISK_FREE_BYTES = 64 << 20
NEW_SETTINGS = "a visit with new settings"

Turn = tuple[str, tuple[str, ...], Lane]
"""A kind of visit, the units, and the adapter that it goes over."""


@dataclass(frozen=True)
class Settings:
    """`every_s`: a unit that stays is pulled so often; `budget_s`: what one visit may take; `cable`: cameras' cables
    are checked once a day; `server`: where to forward to, or None; `sweep_s`, `pause_s`: how long, and how long after
    the last time, the dock listens for who is there; `free_bytes`: with less space on the disk nothing is pulled."""

    every_s: float = HOUR_S
    budget_s: float = 600.0
    cable: bool = True
    server: str | None = None
    sweep_s: float = 2.0
    pause_s: float = 4.0
    free_bytes: int = DISK_FREE_BYTES


class Dock:
    """`place`: of the store, for those who open it anew; `home`: whose disk is watched."""

    def __init__(
        self,
        bench: Bench,
        board: Board,
        settings: Settings,
        place: Path | str,
        home: Path,
        beside: Aside = aside,
    ) -> None:
        self.board = board
        self.visits = Visits(bench, board, settings.budget_s, settings.cable, self._has_space)
        self.checking = Checking(board, place, bench.vault, beside)
        self.forwarding = None if settings.server is None else Forwarding(board, place, settings.server, beside)
        self.alive_s = 0.0
        self._bench = bench
        self._settings = settings
        self._home = home
        self._news = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._is_bringing = False
        self._settled: set[Duty] = set()
        self._duties: list[Duty] = []
        self._clock_ahead_s: float | None = None
        self._is_ours = bench.vault.person is None

    # Its two ways of life.

    async def run(self, ending: asyncio.Event) -> None:
        """Until `ending` is set; then what is under way is broken off, which loses nothing."""
        self._begin()
        tasks = [
            asyncio.create_task(self._for_ever(name, work))
            for name, work in (
                ("listening", self._listen),
                ("reviewing", self._reviewing),
                ("giving turns", self._give_turns),
                ("checking", self.checking.go_on),
                *([("forwarding", self.forwarding.go_on)] if self.forwarding is not None else []),
            )
        ]
        try:
            await ending.wait()
        finally:
            await self._end(tasks)

    async def once(self) -> None:
        """Everybody in range has one turn of each kind that is due; then what came is checked and forwarded."""
        self._begin()
        tried: Counter[tuple[str, tuple[str, ...]]] = Counter()
        try:
            for sweep_s in (self._settings.sweep_s, 2 * self._settings.sweep_s):
                # Twice: one that was not heard at first may be hard to hear, or was just put down.
                await asyncio.gather(*(self._sweep(lane, sweep_s) for lane in self.board.lanes))
                await self._give_turns_once(tried)
            await self.checking.until_done()
            if self.forwarding is not None:
                await self.forwarding.once()
        finally:
            await self._end([])

    async def _give_turns_once(self, tried: "Counter[tuple[str, tuple[str, ...]]]") -> None:
        """Until nobody in range has one to come."""
        self.review()
        while True:
            self.alive_s = self.board.now_s()
            for kind, serials, lane in self._due(tried):
                tried[kind, serials] += 1
                self._start(kind, serials, lane)
            if not self._turns:
                return
            await asyncio.wait(self._turns, return_when=asyncio.FIRST_COMPLETED)
            self.review()

    def _begin(self) -> None:
        vault = self._bench.vault
        if vault.kind == "auditor":
            raise ToolError(
                f"this is {vault.person}'s vault, an auditor's: it opens no unit",
                "A dock works with a technician's vault (interlock credentials PERSON), or with the force's.",
            )
        self.board.learn(vault, self._bench.store)
        self.visits.remember_cables()
        self.checking.ask(sorted(row.serial for row in self._bench.store.units() if row.serial in self.board.units))
        self.alive_s = self.board.now_s()
        if not self._is_ours:
            self.board.notice(
                "settings",
                Light.GREEN,
                f"this is {self._bench.vault.person}'s vault, so settings and policy are not brought to units",
                "That needs the force's vault: run interlock rotate or policy set there.",
            )

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        ending = [*tasks, *self._turns]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=LEAVE_S)
        for lane in self.board.lanes:
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await lane.close()

    async def _for_ever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """One of the dock's own tasks: where it breaks down, it is told, and begun again."""
        while True:
            try:
                await work()
            except ToolError as error:
                self.board.notice(name, Light.RED, f"{name} does not work: {error}", error.advice)
            except Exception as error:  # the dock's own defect must not end the dock, either
                log.exception("the dock's task: %s", name)
                self.board.notice(name, Light.RED, f"{name} broke down: {error!r}", "The dock's log has it: report it.")
            await asyncio.sleep(AGAIN_S)

    # Who is there.

    async def _listen(self) -> None:
        while True:
            await asyncio.gather(*(self._sweep(lane, self._settings.sweep_s) for lane in self.board.lanes))
            self.board.notices.pop("listening", None)
            await asyncio.sleep(self._settings.pause_s)

    async def _sweep(self, lane: Lane, seconds: float) -> None:
        for sighting in await lane.sweep(seconds):
            self._heard(sighting)
        if lane.trouble is not None:
            said = f"adapter {lane.name}: {lane.trouble}"
            self.board.notice(f"adapter {lane.name}", Light.RED, said, lane.trouble.advice)
        else:
            self.board.withdraw(f"adapter {lane.name}")
        self._news.set()

    def _heard(self, sighting: Sighting) -> None:
        now_s = self.board.now_s()
        if sighting.serial is None:
            return
        unit = self.board.units.get(sighting.serial)
        if unit is None:
            self.board.others[sighting.serial] = (now_s, sighting.state_name)
            return
        away_s = now_s - (-LONG_AWAY_S if unit.heard_s is None else unit.heard_s)
        if unit.doing is None and away_s > AWAY_S:
            unit.arrived = True
            if away_s > LONG_AWAY_S or not unit.is_quarantined:
                unit.setbacks.clear()  # somebody took it and brought it again
        unit.heard_s, unit.rssi = now_s, sighting.rssi

    # What is due, reviewed now and then.

    async def _reviewing(self) -> None:
        while True:
            self.review()
            self.board.notices.pop("reviewing", None)
            await asyncio.sleep(REVIEW_S)

    def review(self) -> None:
        """Look at the vault, the roster, the clock and the disk."""
        board = self.board
        book = board.learn(self._bench.vault, self._bench.store)
        self._look_at_clock()
        self._look_at_roster()
        for serial, unit in board.units.items():
            waits = [NEW_SETTINGS] if book is not None and self._needs(book, serial) else []
            waits += [f"assignment: {d.holster}, {d.camera}" for d in self._duties if serial in (d.holster, d.camera)]
            unit.pending = tuple(waits)
        self._news.set()

    @staticmethod
    def _needs(book: keyring.Book, serial: str) -> bool:
        return serial in book.members() and keyring.needs_visit(book, serial)

    def _look_at_roster(self) -> None:
        from ..roster.rules import due, problems

        now_s = self.board.utc_ms() // 1000
        rows = self._bench.store.roster(now_s, now_s + 1)
        roles = {serial: unit.role for serial, unit in self.board.units.items()}
        duties = due(rows, now_s, roles)
        officers = {serial: duty.officer for duty in duties for serial in (duty.holster, duty.camera)}
        for serial, unit in self.board.units.items():
            unit.officer = officers.get(serial)
        self._settled &= set(duties)
        self._duties = [duty for duty in duties if duty not in self._settled]
        found = problems(rows, roles, now_s)
        if found:
            said = f"the roster does not resolve for {len(found)} of its officers"
            self.board.notice("the roster", Light.YELLOW, said, "interlock roster show says why.")
        else:
            self.board.withdraw("the roster")

    def _look_at_clock(self) -> None:
        board = self.board
        now_ms = board.utc_ms()
        newest_ms = max((unit.pulled_ms or 0 for unit in board.units.values()), default=0)
        ahead_s = now_ms / 1000 - board.now_s()
        if self._clock_ahead_s is not None and abs(ahead_s - self._clock_ahead_s) > CLOCK_STEP_S:
            board.tell(f"this host's clock jumped by {ahead_s - self._clock_ahead_s:+.1f} s", None, Light.YELLOW)
        self._clock_ahead_s = ahead_s
        self.visits.may_set_clocks = now_ms >= newest_ms - CLOCK_STEP_S * 1000
        if self.visits.may_set_clocks:
            board.withdraw("this host's clock")
        else:
            board.notice(
                "this host's clock",
                Light.RED,
                "this host's clock is behind the newest pull in the store, so no unit's clock is set by it",
                "Set it right (NTP): units keep their own time meanwhile.",
            )

    def _has_space(self) -> bool:
        free = shutil.disk_usage(self._home).free
        if free >= self._settings.free_bytes:
            self.board.withdraw("the disk")
            return True
        self.board.notice(
            "the disk",
            Light.RED,
            f"the disk is full ({free >> 20} MiB are left), so nothing is pulled",
            "Free some space: the dock goes on by itself. Units keep their journals, and nothing is lost.",
        )
        return False

    # Turns.

    async def _give_turns(self) -> None:
        while True:
            self.alive_s = self.board.now_s()
            self._news.clear()
            self.board.notices.pop("giving turns", None)
            for kind, serials, lane in self._due():
                self._start(kind, serials, lane)
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._news.wait()

    def _due(self, tried: "Counter[tuple[str, tuple[str, ...]]] | None" = None) -> Iterator[Turn]:
        """Visits that are due and have a lane, the urgent ones first: somebody waits for an assignment, a unit that has
        just come has news. Each is to be started before the next is asked for. `tried`: of one round: how often."""
        board, tried = self.board, Counter() if tried is None else tried
        if not self._has_space():
            return
        for duty in self._duties:
            serials = (duty.holster, duty.camera)
            pair = [board.units[serial] for serial in serials if serial in board.units]
            is_ready = len(pair) == len(serials) and all(self._is_ready(unit, ASSIGN) for unit in pair)
            if is_ready and not tried[ASSIGN, serials] and (lane := self._lane(pair[0])):
                yield ASSIGN, serials, lane
        units = sorted(board.units.values(), key=lambda unit: (unit.failures, not unit.arrived, unit.pulled_s or 0.0))
        for unit in units:
            is_due = self._is_ready(unit, PULL) and self._wants_pull(unit) and not tried[PULL, (unit.serial,)]
            if is_due and (lane := self._lane(unit)):
                yield PULL, (unit.serial,), lane
        for unit in units:
            if self._is_bringing:
                return  # one admin's visit at a time
            is_due = self._is_ready(unit, BRING) and NEW_SETTINGS in unit.pending
            if is_due and tried[BRING, (unit.serial,)] < BRINGS_MAX and (lane := self._lane(unit)):
                yield BRING, (unit.serial,), lane

    def _is_ready(self, unit: Known, kind: str) -> bool:
        return unit.doing is None and self.board.in_range(unit) and unit.may(kind, self.board.now_s())

    def _wants_pull(self, unit: Known) -> bool:
        age_s = unit.age_s(self.board.now_s())
        return unit.arrived or unit.failures > 0 or age_s is None or age_s >= self._settings.every_s

    def _lane(self, unit: Known) -> Lane | None:
        """The free adapter that heard it best."""
        free = [lane for lane in self.board.lanes if lane.is_free]
        if not free:
            return None

        def weight(lane: Lane) -> tuple[int, int]:
            _, heard = lane.heard.get(unit.serial, (0.0, []))
            return lane.busy, -max((sighting.rssi for sighting in heard), default=-200)

        return min(free, key=weight)

    def _start(self, kind: str, serials: tuple[str, ...], lane: Lane) -> None:
        units = [self.board.units[serial] for serial in serials]
        lane.busy += 1
        self._is_bringing = self._is_bringing or kind == BRING
        for unit in units:
            unit.doing = "its turn begins"
        turn = asyncio.create_task(self._turn(kind, units, lane))
        self._turns.add(turn)

        def over(turn: asyncio.Task[None]) -> None:
            lane.busy -= 1
            self._is_bringing = self._is_bringing and kind != BRING
            for unit in units:
                unit.doing = None
            self._turns.discard(turn)
            self._news.set()

        turn.add_done_callback(over)

    async def _turn(self, kind: str, units: list[Known], lane: Lane) -> None:
        try:
            await self._visit(kind, units, lane)
        except ToolError as error:
            self.board.notice("a visit's end", Light.RED, f"a visit could not be noted: {error}", error.advice)
        except Exception as error:  # as of `_for_ever`
            log.exception("a turn: %s %s", kind, [unit.serial for unit in units])
            self.board.notice("a visit's end", Light.RED, f"a visit broke down: {error!r}", "The dock's log has it.")

    async def _visit(self, kind: str, units: list[Known], lane: Lane) -> None:
        (unit, *_) = units
        if kind == PULL:
            await self.visits.pull(lane, unit)
            self.checking.ask([unit.serial])
        elif kind == BRING:
            await self.visits.bring(lane, unit)
            self.review()
        else:
            duty = next(duty for duty in self._duties if duty.holster == unit.serial)
            if await self.visits.assign(lane, duty, units):
                self._settled.add(duty)
            self.review()
        if self.forwarding is not None:
            self.forwarding.ask()
