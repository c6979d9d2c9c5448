"""Let a unit test itself: sensors, battery, flash, radio, light and buzz, and a camera unit its recorder, by shutter
and tally; a technician's credential is enough.

The unit does it by itself (`interlock/self_test.py`) and is asked how it goes. A link that is lost meanwhile is made
anew; a weapon ends the test, and the session with it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from interlock.core import records
from interlock.core import selftest as unit_test
from interlock.core.selftest import ALL, RECORDER, Report
from interlock.core.settings import POLICY_LIMITS

from ..bench import Bench
from ..outcome import Exit, ToolError
from ..session import Session
from .reach import patiently, reach

__all__ = ["ALL", "RECORDER", "Part", "SelfTested", "quietly", "selftest"]

POLL_S = 0.5
PATIENCE_S = 20.0
BEGINS_MAX = 3  # somebody else's test may be under way, of other parts
_START_LIMIT_MAX_MS = next(most for name, _, most in POLICY_LIMITS if name == "start_limit_ms")
_UNTRIED = unit_test.FINDING_NAMES[unit_test.RECORDING]
LONGEST_S = unit_test.longest_ms(_START_LIMIT_MAX_MS) / 1000 + POLL_S

Outcome = Literal["passed", "failed", "skipped"]

ADVICE = {
    unit_test.RECORDING: "Is the camera recording? Then stop it, and test again. Does it stand by, and its light says "
    "so? Then its tally sticks on: interlock selftest SERIAL --stands-by proves it.",
    unit_test.NOBODY_HEARD: "Wake or undock a partner nearby and test again: whether it hears shows only then.",
    unit_test.CONTRADICTS: "Put the weapon in firmly and test again; if it stays, look at the seat's two contacts and "
    "their wires.",
    unit_test.ARMED_ON: "Make the weapon safe. If it is, the armed contact or its wire is stuck.",
    unit_test.DISCHARGE_ON: "The discharge line must pulse only: look for a short in its wire.",
    unit_test.BUTTON_ON: "Let the button go and test again; if it stays, it is stuck.",
    unit_test.CELL_LOW: "Charge it or change its cell before it goes on duty.",
    unit_test.CELL_UNREAD: "Look at the divider's two resistors and the cell's contacts.",
    unit_test.NOT_READ_BACK: "Take the unit out of service: its journal is not to be relied on.",
    unit_test.REFUSES: "Take its power away for a moment and test again; if it stays, the radio is defective.",
    unit_test.SLOW: "The camera starts too slowly for the policy: look at its settings, its card, its firmware; or "
    "give it longer: interlock policy set start_limit_ms=...",
    unit_test.NO_TALLY: "Watch the camera during another test. If its light shows a recording, the tally's wire is the "
    "one to mend, else the shutter's.",
    unit_test.STUCK_ON: "Look at the camera: if it still records, stop it by hand. Then look at the tally's wire, and "
    "at the shutter's. Until then nothing that this unit says of recordings is proof.",
    unit_test.HALTED: "Did somebody press it? Else free its storage, and test again.",
    unit_test.NOISY: "interlock place SERIAL shows which line, live; look at its wire, its magnet and its contact.",
    unit_test.SAGS: "Warm the unit and test again; if it stays, change its cell, and look at the contacts.",
    unit_test.NO_VOLTAGE: "Switch the camera on, charge it, and look at the accessory wire; then test again.",
}


@dataclass(frozen=True)
class Part:
    """`name`: of `selftest.PART_NAMES`; `detail`: what was found, in words; `advice`: what to do about it, or None."""

    name: str
    outcome: Outcome
    detail: str
    advice: str | None = None


@dataclass(frozen=True)
class SelfTested:
    """`complete`: no weapon came first; `cell_mv`, `start_ms`, `stop_ms`: the cell, and from the shutter's press to the
    tally on, and off again; None where not measured."""

    serial: str
    name: str
    complete: bool
    parts: tuple[Part, ...]
    cell_mv: int | None
    start_ms: int | None
    stop_ms: int | None

    @property
    def passed(self) -> bool:
        """Whether it is fit for duty: nothing failed, and a recorder that it has was tried. One that records cannot be,
        and what looks so may be a tally that sticks on: then a draw presses no shutter."""
        return self.complete and not any(part.outcome == "failed" or part.detail == _UNTRIED for part in self.parts)


def quietly(_: float) -> None:
    """Nobody watches."""


async def selftest(
    bench: Bench,
    serial: str,
    parts: int = ALL,
    stands_by: bool = False,
    report: Callable[[float], None] = quietly,
) -> SelfTested:
    """Test these parts (bits of `selftest.py`). `stands_by`: a person sees that the camera does, so a tally that is on
    is tried all the same; `report`: told the seconds since it began. ToolError when the unit cannot be asked; what
    fails of it is in the result."""
    name = bench.vault.name(serial)[2]
    asked = parts | (unit_test.STANDS_BY if stands_by else 0)

    is_begun = False

    async def once() -> Report:
        nonlocal is_begun
        credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
        async with reach(bench, serial, credential) as session:
            found = await session.self_test(0 if is_begun else asked)
            is_begun = True
            found = await _follow(session, asked, found, report)
            await session.end()
        return found

    found = await patiently(once, PATIENCE_S)
    done = _told(serial, name, found)
    said = ", ".join(f"{part.name} {part.outcome}" for part in done.parts)
    bench.store.custody(serial, bench.person, "self-test", said, bench.utc_ms())
    return done


async def _follow(session: Session, asked: int, found: Report, report: Callable[[float], None]) -> Report:
    """How the test of these parts ended. It is begun anew where another one, of other parts, was under way, or the unit
    started anew meanwhile."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for _ in range(BEGINS_MAX):
        while found.phase == records.TEST_BEGUN:
            if loop.time() - began_s > LONGEST_S:
                raise ToolError(
                    f"{session.serial} does not come to an end with its self-test",
                    "Take its power away for a moment and test again; report this if it stays.",
                    Exit.DEVICE,
                )
            await asyncio.sleep(POLL_S)
            report(loop.time() - began_s)
            found = await session.self_test()
        if found.parts == asked:
            return found
        found = await session.self_test(asked)
    raise ToolError(
        f"{session.serial} is kept busy with other self-tests", "Is somebody else testing it? Test again after that."
    )


def _told(serial: str, name: str, found: Report) -> SelfTested:
    parts = []
    for part, finding in zip(unit_test.PARTS, found.findings, strict=True):
        if found.parts & part:
            parts.append(_part(part, finding))
    figures = (found.cell_mv or None, found.start_ms or None, found.stop_ms or None)
    return SelfTested(serial, name, found.phase == records.TEST_DONE, tuple(parts), *figures)


def _part(part: int, finding: int) -> Part:
    if finding >= unit_test.FAILED_FROM:
        outcome: Outcome = "failed"
    else:
        outcome = "passed" if finding in (unit_test.PASSED, unit_test.SEEN) else "skipped"
    detail = unit_test.FINDING_NAMES.get(finding, f"finding {finding}, of newer firmware")
    return Part(unit_test.PART_NAMES[part], outcome, detail, ADVICE.get(finding))
