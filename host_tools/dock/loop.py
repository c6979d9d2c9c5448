"""The dock's day: hear who is there, give everybody their turn, and never let one unit, adapter, server or disk stop
the rest.

    dock = Dock(bench, lanes, board, settings, place)
    await dock.run(ending)         # until that event is set
    await dock.once()              # one round, for cron

All waiting is by the event loop's clock, which does not jump when the host's does.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..bench import Bench, Sighting
from ..outcome import Exit, ToolError
from ..vault import keyring
from ..vault.keys import Keys
from .aside import Aside, aside
from .background import Checking, Forwarding
from .board import MISSES, Board
from .host import Host, cannot_unlock
from .lanes import Lane
from .lights import ASSIGN, BRING, HOUR_S, PULL, Known, Light
from .visits import Visits

if TYPE_CHECKING:
    from ..roster.rules import Duty

log = logging.getLogger("interlock.dock")

AWAY_S = 60.0  # so long after the first of some scans that missed it, a unit that comes again was away, and has news
LONG_AWAY_S = 600.0  # what it did before is of another day
REVIEW_S = 20.0
TICK_S = 1.0
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
    """`place`: of the store, for those who open it anew; `home`: whose disk is watched; `unlock`, `is_clock_kept`: see
    `Host`."""

    def __init__(
        self,
        bench: Bench,
        board: Board,
        settings: Settings,
        place: Path | str,
        home: Path,
        beside: Aside = aside,
        unlock: Callable[[], Keys | None] = cannot_unlock,
        is_clock_kept: Callable[[], bool | None] = lambda: None,
    ) -> None:
        self.board = board
        self.host = Host(board, bench.vault, bench.store, home, settings.free_bytes, unlock, is_clock_kept)
        self.visits = Visits(bench, board, settings.budget_s, settings.cable, self.host.is_well)
        self.checking = Checking(board, place, bench.vault, beside, self.host.look_at_vault)
        self.forwarding = None if settings.server is None else Forwarding(board, place, settings.server, beside)
        self.alive_s = 0.0
        self._bench = bench
        self._settings = settings
        self._news = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._is_bringing = False
        self._settled: set[Duty] = set()
        self._duties: list[Duty] = []
        self._is_ours = bench.vault.person is None

    # Its two ways of life.

    async def run(self, ending: asyncio.Event) -> None:
        """Until `ending` is set; then what is under way is broken off, which loses nothing."""
        self._begin()
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "reviewing": self._reviewing,
            "giving turns": self._give_turns,
            "checking": self.checking.go_on,
        }
        for lane in self.board.lanes:
            works[f"listening on {lane.name}"] = partial(self._listen, lane)
        if self.forwarding is not None:
            works["forwarding"] = self.forwarding.go_on
        tasks = [asyncio.create_task(self._for_ever(name, work)) for name, work in works.items()]
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
        if not self.host.has_keys:
            said = self.board.notices.get("the vault") or self.board.notices["the credentials"]
            raise ToolError(said.text, said.advice, Exit.DEVICE)
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
        self.host.look_at_vault()
        if vault.kind == "auditor":
            raise ToolError(
                f"this is {vault.person}'s vault, an auditor's: it opens no unit",
                "A dock works with a technician's vault (interlock credentials PERSON), or with the force's.",
            )
        self.host.look_at_clock()
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

    async def _listen(self, lane: Lane) -> None:
        while True:
            await self._sweep(lane, self._settings.sweep_s)
            self.board.notices.pop(f"listening on {lane.name}", None)
            await asyncio.sleep(self._settings.pause_s)

    async def _sweep(self, lane: Lane, seconds: float) -> None:
        found = await lane.sweep(seconds)
        for sighting in found:
            self._heard(sighting, lane)
        if lane.trouble is None:
            self._missed({sighting.serial for sighting in found}, lane)
        if lane.trouble is not None:
            said = f"adapter {lane.name}: {lane.trouble}"
            self.board.notice(f"adapter {lane.name}", Light.RED, said, lane.trouble.advice)
        else:
            self.board.withdraw(f"adapter {lane.name}")
        self._news.set()

    def _heard(self, sighting: Sighting, lane: Lane) -> None:
        now_s = self.board.now_s()
        if sighting.serial is None:
            return
        unit = self.board.units.get(sighting.serial)
        if unit is None:
            self.board.others[sighting.serial] = (now_s, sighting.state_name)
            return
        away_s = LONG_AWAY_S + 1 if unit.heard_s is None else 0.0
        if unit.missed_s is not None and unit.missed >= MISSES:
            away_s = now_s - unit.missed_s
        if unit.doing is None and away_s > AWAY_S:
            unit.arrived = True
            if away_s > LONG_AWAY_S or not unit.is_quarantined:
                unit.setbacks.clear()  # somebody took it and brought it again
        unit.hear(now_s)
        unit.heard_by, unit.rssi = lane.name, sighting.rssi

    def _missed(self, heard: "set[str | None]", lane: Lane) -> None:
        """A unit is missed by the adapter that heard it last; by any, while that one is out of order. Only a scan that
        came to its end says so: while nobody listens, nobody goes away."""
        works = {each.name for each in self.board.lanes if each.trouble is None}
        for unit in self.board.units.values():
            is_its = unit.heard_by == lane.name or unit.heard_by not in works
            if is_its and unit.serial not in heard and unit.doing is None and unit.heard_s is not None:
                unit.miss(self.board.now_s())

    # What is due, reviewed now and then.

    async def _reviewing(self) -> None:
        while True:
            self.review()
            self.board.notices.pop("reviewing", None)
            await asyncio.sleep(REVIEW_S)

    def review(self) -> None:
        """Look at the vault, the clock and the roster."""
        board = self.board
        self.host.look_at_clock()
        self.host.look_at_vault()
        if "the vault" in board.notices:
            return
        book = board.learn(self._bench.vault, self._bench.store)
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
        # Somebody who assigned it otherwise since then had a reason: the dock tells, and does not undo it.
        brought = {serial: partner for duty in self._settled for serial, partner in duty.partners()}
        for serial, unit in self.board.units.items():
            unit.rostered = brought.get(serial)
        found = problems(rows, roles, now_s)
        if found:
            said = f"the roster does not resolve for {len(found)} of its officers"
            self.board.notice("the roster", Light.YELLOW, said, "interlock roster show says why.")
        else:
            self.board.withdraw("the roster")

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
        if not self.host.may_visit():
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

        def weight(lane: Lane) -> tuple[bool, int, int, int]:
            _, heard = lane.heard.get(unit.serial, (0.0, []))
            return lane.is_slow, lane.hangs, lane.busy, -max((sighting.rssi for sighting in heard), default=-200)

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
