"""What the figures should be: the design's list of figures to reach, and goals that were set elsewhere, each a bound on
one row. Goals stay on the rows that they were set for; what the bench asks of rows beside these is marked as finer.

A goal that is missed has its `limit`, which says why. All others are met, and `check` fails when one of these is lost.
Bounds of `make bench-check` are another thing (`bounds.toml`): they hold what was reached.

The design's measure of memory, the smallest heap with 32-bit objects, cannot be had: that VM's heap grows, and objects
of the other are twice as large (rows `smallest`, without a verdict). It is no less than what is held at most: where
that row misses the goal, the design's measure does.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .rows import Row

KIB64 = 65_536
HOSTILE_FRAMES = 1_000_000
LINE, HEARD = "edge to record line", "edge to heard"
FLAG, FORGED, FLASH, CUTS = "flag to first PDU", "forged frames accepted", "journal: programs, bytes", "power cuts"
PULL, VERIFY, SIMULATION = "pull efficiency", "verify", "simulation"
HEAP, SERVICE = "heap on a board", "service"
DESIGN = (FLAG, LINE, HEARD, FORGED, FLASH, CUTS, PULL, VERIFY, SIMULATION, HEAP, SERVICE)
"""The design's figures to reach, all of them."""
IDLE, WAITS, TIME = "an idle turn allocates nothing", "no record waits for an erase", "UTC ± u as stated"
ELSEWHERE = (IDLE, WAITS, TIME)
"""Goals of the firmware's README, the journal's chapter of the design, JOURNAL.md."""
_OPERATIONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
}

OPENS = "a sector's opening programs its header (0.010), the facts it repeats and its loss (0.034), beside the record"
DOCKED = "what serves technicians is held there as well; code's names and constants, frozen, would be in flash"
LOADED = "bytecode is on the heap, too"
BOTH = "both roles' names and constants are on the heap; frozen, they would be in flash"
SHORT = "of journals of a week a third is no hashing: files opened, records taken and compared (tests/bench/README.md)"
IN_VM = "thirty days take half an hour of computing in the VM: INTERLOCK_SOAK=1 plays them"
ALL_PARTS = "all roles, set-up, sessions, update, recorders; where the bytes go: firmware/README.md"


class Goal(NamedTuple):
    """`is_ratio`: of the row to its baseline; `limit`: why it is missed, empty where it is met; `is_finer`: it is the
    bench's own, beside the goal of that figure."""

    figure: str
    id: str
    op: str
    bound: float
    is_ratio: bool = False
    limit: str = ""
    is_finer: bool = False

    def reached(self, row: Row) -> float | None:
        """What is compared."""
        return row.ratio() if self.is_ratio else row.value

    def is_met(self, row: Row) -> bool:
        value = self.reached(row)
        return value is not None and _OPERATIONS[self.op](value, self.bound)

    def text(self) -> str:
        return f"{self.op} {self.bound:,g}{'×' * self.is_ratio}"


def _goals() -> Iterable[Goal]:
    yield Goal(FLAG, "hot_path.allocations", "==", 0)
    for edge in ("draw", "arm", "discharge"):
        for what in ("hashes", "reads", "writes"):
            yield Goal(FLAG, f"hot_path.{edge}.{what}", "==", 0, is_finer=True)
    yield Goal(LINE, "trigger.line.floor", "<=", 2, is_ratio=True)
    for where, bound_ms in (("1.p50", 50), ("1.p99", 200), ("10.p99", 350), ("50.p50", 350), ("50.p99", 1200)):
        yield Goal(HEARD, f"trigger.heard.{where}", "<", bound_ms)
        if not where.startswith("1."):
            yield Goal(HEARD, f"trigger.heard.{where}.no_capture", "<", bound_ms)
    yield Goal(FORGED, "adversary.attacks", ">=", HOSTILE_FRAMES)
    yield Goal(FORGED, "adversary.accepted", "==", 0)
    yield Goal(FORGED, "adversary.acks_accepted", "==", 0)
    yield Goal(FLASH, "journal.programs_mean", "<=", 1, limit=OPENS)
    yield Goal(FLASH, "journal.programs", "==", 1, is_finer=True)
    yield Goal(FLASH, "journal.amplification", "<=", 1.1)
    yield Goal(CUTS, "power_cut.lost", "==", 0)
    for port in ("esp32", "rp2"):
        for mtu in (247, 23):
            yield Goal(PULL, f"pull.{port}.{mtu}", ">=", 0.9, is_ratio=True)
    yield Goal(VERIFY, "verify.sealed", ">=", 0.8, is_ratio=True)
    yield Goal(VERIFY, "force.verify.rate", ">=", 0.8, is_ratio=True, limit=SHORT)
    yield Goal(VERIFY, "force.verify.year", "<=", 1, is_ratio=True)
    yield Goal(SIMULATION, "simulation.day.vm", ">=", 1000)
    for role in ("holster", "camera", "combined"):
        yield Goal(HEAP, f"unit.{role}.in_place.held", "<=", KIB64, limit=DOCKED)
        yield Goal(HEAP, f"unit.{role}.loaded.held", "<=", KIB64, limit=LOADED)
        yield Goal(HEAP, f"unit.{role}.in_place.data_held", "<=", KIB64)
        yield Goal(HEAP, f"unit.{role}.in_place.data", "<=", KIB64, is_finer=True)
        limit = BOTH if role == "combined" else ""
        yield Goal(HEAP, f"unit.{role}.in_place.worn", "<=", KIB64, limit=limit, is_finer=True)
    yield Goal(HEAP, "size.pico_w.mpy", "<=", KIB64, limit=ALL_PARTS)
    for role in ("holster", "camera", "combined"):
        yield Goal(HEAP, f"size.pico_w.{role}", "<=", KIB64, is_finer=True)
    yield Goal(SERVICE, "service.calm.days", ">=", 30)
    yield Goal(SERVICE, "service.vm.days", ">=", 30, limit=IN_VM, is_finer=True)
    for port in ("esp32", "rp2", "stm32wb"):
        yield Goal(SERVICE, f"service.{port}.days", ">=", 30, is_finer=True)
    for role in ("holster", "camera", "combined"):
        yield Goal(IDLE, f"unit.{role}.in_place.idle", "==", 0)
    yield Goal(WAITS, "journal.waits.lfs_32", "==", 0)
    for kind in ("all", "frost", "long_leg", "daily_15", "daily_8", "daily_0", "daily_45", "weekly_0"):
        yield Goal(TIME, f"time.{kind}.within_u", ">=", 95)
        yield Goal(TIME, f"time.{kind}.certain", ">=", 100)


GOALS = tuple(_goals())


def lost(rows: Sequence[Row]) -> list[str]:
    """Goals of these rows that should be met and are not, a line each."""
    found = {row.spec.id: row for row in rows}
    missed = [goal for goal in GOALS if goal.id in found and not goal.limit and not goal.is_met(found[goal.id])]
    return [f"{goal.id}: {_reached(goal, found[goal.id])} misses its goal, {goal.text()}" for goal in missed]


def gained(rows: Sequence[Row]) -> list[str]:
    """Goals of these rows that are met, though a limit says why they are not."""
    found = {row.spec.id: row for row in rows}
    met = [goal for goal in GOALS if goal.id in found and goal.limit and goal.is_met(found[goal.id])]
    return [
        f"{goal.id}: {_reached(goal, found[goal.id])} meets its goal, {goal.text()}: its limit may go" for goal in met
    ]


def _reached(goal: Goal, row: Row) -> str:
    value = goal.reached(row)
    return "nothing" if value is None else f"{value:,.6g}{'×' * goal.is_ratio}"
