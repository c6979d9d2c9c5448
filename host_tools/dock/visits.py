"""One unit's turn, of whatever kind: done within its time, and whatever goes wrong is the unit's matter alone."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from interlock.core.settings import ROLE_CAMERA

from ..bench import Bench
from ..flows import dock as flow
from ..flows.bring import Round
from ..flows.pull import Progress
from ..flows.reach import NotHeard
from ..inbox import LinkLost
from ..outcome import ToolError
from ..refused import Refused, Untrue
from .board import CLOCK_SLACK_MS, PAUSE_S, UNTRUE, Board, iso
from .lanes import Lane, Only, OutOfOrder, Sparing
from .lights import ASSIGN, BRING, HOUR_S, PULL, Known, Light, Setback, Trouble, judge

if TYPE_CHECKING:
    from ..roster.rules import Duty

T = TypeVar("T")
log = logging.getLogger("interlock.dock")

CLOCK_EVERY_S = 6 * HOUR_S
CABLE_EVERY_S = 24 * HOUR_S
CABLE_AGAIN_S = HOUR_S  # where it was not done
_CABLE = re.compile(r"recorder (passed|failed|skipped)")  # as `flows/selftest.py` notes it
NOT_HEARD = "not heard"
ADAPTER = "adapter"
NOT_DONE = "not done"
CABLE_LIGHTS = {"passed": Light.GREEN, NOT_DONE: Light.YELLOW, "failed": Light.RED}


class Visits:
    """`bench`: without a radio of its own: each visit goes over a lane's; `budget_s`: what one visit may take;
    `is_host_well`: whether what goes wrong just now is not this host's fault."""

    def __init__(
        self, bench: Bench, board: Board, budget_s: float, cable: bool, is_host_well: Callable[[], bool] = lambda: True
    ) -> None:
        self._is_host_well = is_host_well
        self._bench = bench
        self._board = board
        self._budget_s = budget_s
        self._cable = cable

    async def pull(self, lane: Lane, unit: Known) -> None:
        """The everyday visit."""
        bench, now_s = replace(self._bench, radio=Sparing(lane)), self._board.now_s()
        clock_due = unit.clock_set_s is None or now_s - unit.clock_set_s > CLOCK_EVERY_S
        plan = flow.Plan(not self._board.is_clock_in_doubt, clock_due, self._is_cable_due(unit, now_s))

        def report(at: Progress) -> None:
            unit.doing = f"pulling: {at.records} of {at.total} records"

        unit.doing = "pulling"
        visited = await self._bounded(lane, [unit], PULL, lambda: flow.visit(bench, unit.serial, plan, report))
        if visited is not None:
            self._take(lane, unit, visited)

    def _is_cable_due(self, unit: Known, now_s: float) -> bool:
        if not self._cable or not unit.role & ROLE_CAMERA or unit.is_revoked:
            return False
        every_s = CABLE_AGAIN_S if unit.cable == NOT_DONE else CABLE_EVERY_S
        return unit.cable_s is None or now_s - unit.cable_s > every_s

    async def bring(self, lane: Lane, unit: Known) -> None:
        """Settings that the force's vault has for it."""
        radio = Only(Sparing(lane), [unit.serial])
        visiting = Round(replace(self._bench, radio=radio), None)
        unit.doing = "bringing settings"
        brought = await self._bounded(lane, [unit], BRING, visiting.go)
        if brought is None:
            return
        unit.setbacks.pop(BRING, None)
        for visit in brought.visits:
            self._board.counts["settings"] += 1
            self._board.tell(f"took new settings ({', '.join(visit.what)})", visit.serial)
        for failed in brought.failures:
            self._failed(lane, [unit], BRING, Trouble("settings", failed.failure, failed.advice))

    async def assign(self, lane: Lane, duty: "Duty", units: Sequence[Known]) -> bool:
        """A pair that the roster gives to an officer now; whether that is in force."""
        from ..flows.shift import take_up

        bench = replace(self._bench, radio=Sparing(lane))
        for unit in units:
            unit.doing = "assigning"
        serials = [unit.serial for unit in units]
        work = partial(take_up, bench, [duty], serials_in_range=serials, trusting=True)
        handed = await self._bounded(lane, units, ASSIGN, work)
        for each in handed or ():
            for note in each.notes:
                self._board.tell(note, f"{duty.holster}+{duty.camera}", Light.YELLOW)
            if each.outcome == "already":
                continue
            if each.failure is None:
                self._board.counts["assignments"] += 1
                said = f"they are a pair until {iso(duty.to_s * 1000)}"
                self._board.tell(said, f"{duty.holster}+{duty.camera}")
                partners = dict(duty.partners())
                for unit in units:
                    unit.assigned = partners[unit.serial]
            else:
                self._failed(lane, units, ASSIGN, Trouble("assignment", each.failure, each.advice or ""))
        is_done = bool(handed) and all(each.failure is None for each in handed or ())
        for unit in units if is_done else ():
            unit.setbacks.pop(ASSIGN, None)
        return is_done

    # What a visit may cost, and what its failures mean.

    async def _bounded(
        self, lane: Lane, units: Sequence[Known], kind: str, work: Callable[[], Awaitable[T]]
    ) -> T | None:
        """The result, or None: then the failure is told, and the units wait before they have another turn."""
        try:
            async with asyncio.timeout(self._budget_s):
                return await work()
        except TimeoutError:
            trouble = Trouble(
                "too slow",
                f"it was not done with within {self._budget_s:g} s",
                "What came until then is safe, and the next visit goes on. If it stays: move the unit closer, and look "
                "whether its firmware is sound.",
            )
        except ToolError as error:
            trouble = trouble_of(error)
        except Exception as error:  # the one place for what nobody foresaw: it must not end the dock
            log.exception("a visit of %s", ", ".join(unit.serial for unit in units))
            said = f"something went wrong that nobody foresaw: {error!r}"
            trouble = Trouble("unforeseen", said, "The dock's log has it: report it.")
        self._failed(lane, units, kind, trouble)
        return None

    def _failed(self, lane: Lane, units: Sequence[Known], kind: str, trouble: Trouble) -> None:
        """Count it against the units, unless this host is at fault: then they only wait."""
        now_s = self._board.now_s()
        is_hosts = trouble.reason == ADAPTER or not lane.is_open or not self._is_host_well()
        for unit in units:
            if trouble.reason != NOT_HEARD:
                unit.hear(now_s)
            if is_hosts:
                failures = unit.setbacks[kind].failures if kind in unit.setbacks else 0
                unit.setbacks[kind] = Setback(trouble, failures, now_s + PAUSE_S)
            else:
                self._board.fail(unit, kind, trouble)

    def _take(self, lane: Lane, unit: Known, visited: flow.Visited) -> None:
        """Fold a visit's result into what is known."""
        board, pulled, looked = self._board, visited.pulled, visited.looked
        before = judge(unit, board.now_s(), board.overdue_s)[0]
        board.counts["records"] += pulled.new
        board.counts["bytes"] += pulled.bytes
        for found in pulled.findings:
            unit.findings[f"pull: {found.kind}"] = found.text
        if looked is not None:
            unit.battery_mv, unit.flags, unit.assigned = looked.battery_mv, looked.flags, looked.assigned
            unit.clock_off_ms, unit.clock, unit.signatures = looked.clock_off_ms, looked.clock, looked.signatures
            if looked.clock == "set":
                unit.clock_set_s = board.now_s()
        if visited.failure is not None:
            self._failed(lane, [unit], PULL, trouble_of(visited.failure))
            return
        unit.setbacks.pop(PULL, None)
        unit.hear(board.now_s())
        unit.hostile, unit.arrived, unit.is_dated_ahead = False, False, False
        unit.pulled_s, unit.pulled_ms, unit.following = board.now_s(), board.utc_ms(), pulled.following
        board.counts["pulls"] += 1
        if visited.cable is not None:
            self._take_cable(unit, visited.cable)
        after = judge(unit, board.now_s(), board.overdue_s)[0]
        board.tell(f"pulled: {pulled.new} new records", unit.serial, Light.GREEN if after <= before else after)

    def _take_cable(self, unit: Known, cable: flow.Cable) -> None:
        board = self._board
        note_cable(unit, cable.outcome, cable.text, board.now_s())
        board.counts["cable_checks"] += 1
        detail = cable.outcome + (f": {cable.text}" if cable.text else "")
        light = CABLE_LIGHTS[cable.outcome]
        board.tell(f"cable check: {detail}", unit.serial, light)

    def remember_cables(self) -> None:
        """What the store says of earlier cable checks: one a day, whoever was started anew meanwhile."""
        board = self._board
        for unit in board.units.values():
            if not unit.role & ROLE_CAMERA:
                continue
            for row in self._bench.store.custody_of(unit.serial):
                found = _CABLE.search(row.detail) if row.what == "self-test" else None
                ago_ms = board.utc_ms() - row.utc_ms
                if found and ago_ms >= -CLOCK_SLACK_MS:
                    outcome = NOT_DONE if found[1] == "skipped" else found[1]
                    text = f"{iso(row.utc_ms)}, by {row.who}"
                    note_cable(unit, outcome, text, board.now_s() - max(0, ago_ms) / 1000)


def note_cable(unit: Known, outcome: str, text: str, at_s: float) -> None:
    """Let this be what is known of its cable. A check that was not done is no news of one that failed."""
    unit.cable_undone = text if outcome == NOT_DONE else ""
    if outcome == NOT_DONE and unit.cable == "failed":
        return
    unit.cable, unit.cable_text, unit.cable_s = outcome, text, at_s


def trouble_of(error: ToolError) -> Trouble:
    """An error as the dock counts it."""
    lost = ((NotHeard, NOT_HEARD), (OutOfOrder, ADAPTER), (LinkLost, "link lost"))
    reasons = (*lost, (Untrue, UNTRUE), (Refused, "refused"))
    reason = next((word for kind, word in reasons if isinstance(error, kind)), "other")
    return Trouble(reason, str(error), error.advice)
