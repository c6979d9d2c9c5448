"""One visit of the docking station to one unit: its state, its clock and its journal in one session, then its cable.

Who is visited when, and what is done about failures, is the dock's business (`../dock/`). A visit can be broken off at
any point, as a pull can.
"""

from dataclasses import dataclass

from interlock.core import wire
from interlock.core.settings import ROLE_CAMERA
from interlock.core.wire import Status

from ..bench import Bench
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..refused import Refused
from ..session import Session
from .clock import measure
from .pull import Pulled, Report, pull_and_why
from .status import partner_name

PINGS = 3
CLOCK_OFF_MS = 250


@dataclass(frozen=True)
class Plan:
    """What a visit is for, beside the pull. `clock`: set it, where it is off or not set; `clock_due`: set it anyhow;
    `cable`: let a camera prove that its recorder's cable is sound."""

    clock: bool = True
    clock_due: bool = True
    cable: bool = False


@dataclass(frozen=True)
class Looked:
    """What a unit said of itself. `clock_off_ms`: what its clock was ahead of this host's, None: it was not set;
    `clock`: set, kept, or refused (the unit would not let its clock jump); `battery_mv`: None: not measured."""

    clock_off_ms: int | None
    clock: str
    battery_mv: int | None
    flags: tuple[str, ...]
    following: int
    assigned: str | None
    signatures: int | None


@dataclass(frozen=True)
class Cable:
    """`outcome`: passed, failed, or not done: it is tried again; `text`: why."""

    outcome: str
    text: str


@dataclass(frozen=True)
class Visited:
    """`looked`: None when it did not come to that; `cable`: None: not asked for, or the pull failed; `failure`: why the
    pull is not complete, or None."""

    serial: str
    pulled: Pulled
    looked: Looked | None
    cable: Cable | None
    failure: ToolError | None


async def visit(bench: Bench, serial: str, plan: Plan, report: Report = lambda _: None) -> Visited:
    """Pull from this unit, set its clock, try its cable. Failures of unit and radio are in the result."""
    look = _Look(bench, serial, plan)
    pulled, failure = await pull_and_why(bench, serial, report, first=look)
    cable = None
    if plan.cable and failure is None and bench.vault.name(serial)[1] & ROLE_CAMERA:
        cable = await try_cable(bench, serial)
    return Visited(serial, pulled, look.looked, cable, failure)


class _Look:
    """The first thing that is done in the pull's session."""

    def __init__(self, bench: Bench, serial: str, plan: Plan) -> None:
        self.looked: Looked | None = None
        self._bench = bench
        self._serial = serial
        self._plan = plan

    async def __call__(self, session: Session) -> None:
        bench = self._bench
        status = await session.status()
        clock = await measure(session, bench, PINGS)
        off_ms = None
        if status.utc_ms:
            off_ms = status.utc_ms - status.uptime_ms - (clock.utc_ms - clock.uptime_ms)
        said = "kept"
        if self._is_due(off_ms, clock.uncertainty_ms):
            try:
                await session.set_clock(clock.uptime_ms, clock.utc_ms, clock.uncertainty_ms)
                said = "set"
            except Refused as refused:
                if refused.reason != wire.CLOCK_JUMP:
                    raise
                said = "refused"
        key = await session.key()
        if key.public:
            bench.vault.learn_key(self._serial, key.public)
        self.looked = _looked(status, off_ms, said, key.remaining if key.public else None, bench)

    def _is_due(self, off_ms: int | None, uncertainty_ms: int) -> bool:
        if not self._plan.clock:
            return False
        return off_ms is None or self._plan.clock_due or abs(off_ms) > CLOCK_OFF_MS + uncertainty_ms


def _looked(status: Status, off_ms: int | None, clock: str, signatures: int | None, bench: Bench) -> Looked:
    flags = tuple(text for flag, text in wire.STATUS_FLAG_NAMES.items() if status.flags & flag)
    battery_mv = int(status.battery_mv) or None
    assigned = partner_name(bench.vault, status.assigned)
    return Looked(off_ms, clock, battery_mv, flags, int(status.following), assigned, signatures)


async def try_cable(bench: Bench, serial: str) -> Cable:
    """Let a camera's unit see its recorder's tally on and off."""
    from .selftest import RECORDER, selftest

    try:
        tested = await selftest(bench, serial, parts=RECORDER)
    except (LinkLost, Refused) as error:
        return Cable("not done", str(error))
    except ToolError as error:
        if error.code is not Exit.DEVICE:
            raise
        return Cable("failed", str(error))
    (part,) = tested.parts
    if not tested.complete or part.outcome == "skipped":
        return Cable("not done", part.detail)
    return Cable(part.outcome, part.detail + (f". {part.advice}" if part.advice else ""))
