"""Watch a holster unit's sensor lines live while somebody moves the weapon: where does the magnet have to sit?

The unit is in test mode meanwhile, so a bare draw is not aired; it ends that by itself, too, whatever becomes of this
program. An arming or a discharge is a real one: it ends the placement, and the session with it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from interlock.core import lines, wire
from interlock.core.settings import ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..inbox import LinkLost
from ..outcome import Exit, ToolError
from ..refused import Refused
from ..session import Session
from .reach import reach

POLL_S = 0.25
SEAT = ("seat_closes", "seat_opens")
NAMES = {
    "seat_closes": "seat, closes",
    "seat_opens": "seat, opens",
    "armed": "armed",
    "discharge": "discharge",
    "dock": "dock",
    "button": "button",
}


@dataclass(frozen=True)
class Line:
    """One sensor line since the placement began. `closes`, `opens`: how often it went on, and off; `edges`: that the
    unit's interrupt heard of, so more than both together is bounce; `shortest_ms`, `longest_ms`: that it was on, None
    before it went off again; `moved_s`: ago, None: never; `counts`: of the ADC, None where it is a contact."""

    name: str
    on: bool
    seen_on: bool
    seen_off: bool
    stuck: bool
    noisy: bool
    closes: int
    opens: int
    edges: int
    shortest_ms: int | None
    longest_ms: int | None
    moved_s: float | None
    counts: int | None

    @property
    def both_ways(self) -> bool:
        """Whether it went on and off: the weapon was out, and is back."""
        return bool(self.closes and self.opens)

    @property
    def bounces(self) -> int:
        """Edges beyond those that its changes need."""
        return max(0, self.edges - self.closes - self.opens)


@dataclass(frozen=True)
class Placed:
    """`ended`: why it is over: "seen" (the seat was seen both ways), "time", or "weapon" (armed, discharged, or the
    link was lost: what is told is from just before)."""

    serial: str
    name: str
    ended: str
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether both contacts of the seat moved, and nothing is wrong with any line."""
        seat = [line for line in self.lines if line.name in SEAT]
        moved = bool(seat) and all(line.both_ways for line in seat)
        return moved and not any(line.stuck or line.noisy for line in self.lines)


Report = Callable[[tuple[Line, ...], float], None]


def quietly(_: tuple[Line, ...], __: float) -> None:
    """Nobody watches."""


async def place(bench: Bench, serial: str, seconds: int = 0, stay: bool = False, report: Report = quietly) -> Placed:
    """`seconds`: 0: as long as the unit's policy lets a test last; `stay`: go on when the seat was seen both ways, too;
    `report`: told every line and the seconds that are left, four times a second."""
    role, name = bench.vault.name(serial)[1:3]
    if not role & ROLE_HOLSTER:
        raise ToolError(f"{serial} is a {ROLE_NAMES[role]} unit", "Sensors to be placed are of holsters: name one.")
    credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
    async with reach(bench, serial, credential) as session:
        found, ended = await _watch(session, serial, seconds, stay, report)
        if ended != "weapon":
            await session.end()
    said = ", ".join(line.name for line in found if line.both_ways)
    bench.store.custody(serial, bench.person, "sensors placed", f"seen both ways: {said or 'none'}", bench.utc_ms())
    return Placed(serial, name, ended, found)


async def _watch(
    session: Session, serial: str, seconds: int, stay: bool, report: Report
) -> tuple[tuple[Line, ...], str]:
    try:
        state = await session.place(wire.PLACE_BEGIN, seconds)
    except Refused as error:
        if error.reason not in (wire.BAD_MODE, wire.NOT_ALLOWED):
            raise
        raise ToolError(
            f"{serial} does not let its sensors be placed now",
            "Put the weapon in its holster, or the unit in its dock. Where that is so: its policy limits how long "
            "(test_ms): name fewer --seconds, or none.",
            Exit.DEVICE,
        ) from error
    found = _told(state)
    while True:
        report(found, state[1] / 10)
        if not state[0]:
            return found, "time"
        if not stay and all(line.both_ways for line in found if line.name in SEAT):
            return _told(await session.place(wire.PLACE_END)), "seen"
        await asyncio.sleep(POLL_S)
        try:
            state = await session.place(wire.LOOK)
        except (LinkLost, Refused):
            return found, "weapon"
        found = _told(state)


def _told(state: tuple[bool, int, list[wire.PlacedLine]]) -> tuple[Line, ...]:
    return tuple(_line(name, told) for name, told in zip(lines.LINES, state[2], strict=True))


def _line(name: str, told: wire.PlacedLine) -> Line:
    def given(value: int) -> int | None:
        return None if value == wire.PLACED_NONE else value

    moved = given(told.since_100ms)
    shortest = given(told.shortest_ms)
    return Line(
        name,
        bool(told.bits & lines.ON),
        bool(told.bits & lines.SEEN_ON),
        bool(told.bits & lines.SEEN_OFF),
        bool(told.bits & lines.STUCK),
        bool(told.bits & lines.NOISY),
        told.closes,
        told.opens,
        told.edges,
        shortest,
        None if shortest is None else told.longest_ms,
        None if moved is None else moved / 10,
        given(told.u16),
    )
