"""A shift changes hands: bring what the roster says to the units in range, several pairs at a time.

Each pair is assigned as by `assign.py`, and one that is in force already is left alone. With a cable check, each camera
then starts and stops its recorder once, and its tally has to follow (`selftest.py`). Whatever goes wrong with one pair
is in its result, and stops no other. Run again, it does what is left.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ..bench import Bench
from ..outcome import ToolError
from ..roster.rules import Duty
from .assign import assign, check, noted

SCAN_S = 6.0
CHECK_HOLDS_MS = 24 * 3600 * 1000
_RECORDER = re.compile(r"recorder (passed|failed|skipped)")  # as `selftest.py` notes it
LANES = 3
"""Links at a time: an adapter carries some, and shares its time among them."""

Outcome = Literal["assigned", "already", "missing", "failed"]


@dataclass(frozen=True)
class Handed:
    """What became of a duty. `outcome`: assigned now; already in force; missing: one of them was not heard; failed.
    `recorder`: of the camera's check, passed, failed or skipped; None: it was not tried; `detail`: of that, in words;
    `failure`, `advice`: why it did not come about; `seconds`: how long it took; `notes`: as `Assigned` has them."""

    duty: Duty
    outcome: Outcome
    seconds: float
    recorder: str | None = None
    detail: str | None = None
    failure: str | None = None
    advice: str | None = None
    notes: tuple[str, ...] = ()


Report = Callable[[Handed], None]


def quietly(_: Handed) -> None:
    """Nobody watches."""


async def take_up(
    bench: Bench,
    duties: Iterable[Duty],
    report: Report = quietly,
    serials_in_range: Collection[str] | None = None,
    cable_check: bool = False,
    trusting: bool = False,
) -> tuple[Handed, ...]:
    """Assign these pairs, as far as they are in range; their results, in the same order. `serials_in_range`: None: look
    for them; `cable_check`: try each camera's recorder; `trusting`: what this store noted last of both units is taken
    for what is in force, and they are not asked."""
    duties = list(duties)
    if serials_in_range is None:
        wanted = {serial for duty in duties for serial in (duty.holster, duty.camera)}
        heard = await bench.radio.scan(SCAN_S, wanted) if wanted else []
        serials_in_range = {sighting.serial for sighting in heard if sighting.serial is not None}
    lanes = asyncio.Semaphore(LANES)

    async def one(duty: Duty) -> Handed:
        async with lanes:
            done = await _take_up(bench, duty, serials_in_range, cable_check, trusting)
        report(done)
        return done

    tasks = [asyncio.ensure_future(one(duty)) for duty in duties]
    try:
        return tuple(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def _take_up(bench: Bench, duty: Duty, near: Collection[str], cable_check: bool, trusting: bool) -> Handed:
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def handed(outcome: Outcome, **more: str | tuple[str, ...] | None) -> Handed:
        found = Handed(duty, outcome, loop.time() - began_s)
        return replace(found, **more)  # type: ignore[arg-type]

    missing = [serial for serial in (duty.holster, duty.camera) if serial not in near]
    try:
        check(bench.vault, duty.holster, duty.camera)
        if trusting and noted(bench.store, duty.holster, duty.camera, duty.officer, duty.to_s):
            return handed("already")
        if missing:
            return handed(
                "missing", failure=f"{' and '.join(missing)} not in range", advice="Dock it, or hold its button."
            )
        done = await assign(bench, duty.holster, duty.camera, duty.officer, duty.to_s, spare_visits=True)
        outcome: Outcome = "assigned" if done.is_news else "already"
        recorder, detail = None, None
        if cable_check:
            passed = None if done.is_news else _passed_lately(bench, duty.camera)
            recorder, detail = passed or await try_recorder(bench, duty.camera)
        return handed(outcome, recorder=recorder, detail=detail, notes=done.notes)
    except ToolError as error:
        return handed("failed", failure=str(error), advice=error.advice)


def _passed_lately(bench: Bench, camera: str) -> "Tried | None":
    """What this store's host found within a day: a unit takes few tests, and what is in force may be brought often."""
    since_ms = bench.utc_ms() - CHECK_HOLDS_MS
    for row in reversed(bench.store.custody_of(camera)):
        if row.what == "self-test" and row.utc_ms > since_ms and (found := _RECORDER.search(row.detail)):
            return Tried("passed", "within the day, as noted here") if found[1] == "passed" else None
    return None


class Tried(NamedTuple):
    """A camera's recorder, and its tally on and off: passed, failed or skipped, and why."""

    outcome: str
    detail: str


async def try_recorder(bench: Bench, camera: str) -> Tried:
    """Let the camera unit try it. What hinders that says nothing of the recorder: it is skipped, and never raised."""
    from .selftest import RECORDER, selftest

    try:
        tested = await selftest(bench, camera, parts=RECORDER)
    except ToolError as error:
        return Tried("skipped", f"{error}. {error.advice}")
    if not tested.complete or not tested.parts:
        return Tried("skipped", "a weapon came first")
    part = tested.parts[0]
    return Tried(part.outcome, f"{part.detail}. {part.advice}" if part.advice else part.detail)
