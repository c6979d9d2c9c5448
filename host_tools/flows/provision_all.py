"""Set up all boxed units in range, one after the other; keys are made in all of them at the same time afterwards.

One that fails is told and left behind. Cut anywhere, run again: those that are done are not boxed any more, and those
that are half done are finished.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from interlock.core import wire

from ..bench import Bench, Sighting
from ..label import Label
from ..outcome import ToolError
from ..vault.entries import PREPARED
from . import signing as keys
from .identify import identify
from .provision import Provisioned, provision

SCAN_S = 6.0
BLINK_S = 5
Stage = Literal["set up", "key"]


@dataclass(frozen=True)
class Wish:
    """What a unit is to be. `role`: `settings.ROLE_*`; `name`: None: role and number."""

    label: Label = field(repr=False)
    role: int
    name: str | None = None


@dataclass(frozen=True)
class Tried:
    """What became of a wish: `done`, or why not (`failure`, `advice`)."""

    serial: str
    done: Provisioned | None
    failure: str | None = None
    advice: str | None = None


@dataclass(frozen=True)
class Progress:
    """`at`: how many units are through with this stage, of `total`; `tried`: the one that just was."""

    stage: Stage
    at: int
    total: int
    tried: Tried


async def boxed(bench: Bench, seconds: float = SCAN_S) -> list[Sighting]:
    """Units in range that wait to be set up, or to be set up to the end, the nearest first, each once."""
    vault = bench.vault
    nearest: dict[str, Sighting] = {}
    for sighting in await bench.radio.scan(seconds):
        serial = sighting.serial
        if serial is None or not (_is_open(sighting) or (serial in vault and vault.unit(serial).state == PREPARED)):
            continue
        if serial not in nearest or sighting.rssi > nearest[serial].rssi:
            nearest[serial] = sighting
    return sorted(nearest.values(), key=lambda sighting: (-sighting.rssi, sighting.serial or ""))


def _is_open(sighting: Sighting) -> bool:
    return sighting.state in (wire.STATE_BOXED, wire.STATE_LABEL_OPEN)


async def provision_all(
    bench: Bench,
    wishes: Sequence[Wish],
    signing: str | None = None,
    waits: bool = True,
    blinks: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> tuple[Tried, ...]:
    """The results, in the order of the wishes. `signing`: as of `provision`; `waits`: until the signing keys are made
    and their public halves in the vault; `blinks`: each shows itself before its turn, if the vault has its label."""
    tried = []
    for wish in wishes:
        tried.append(await _try(bench, wish, signing, blinks))
        report(Progress("set up", len(tried), len(wishes), tried[-1]))
    if not waits:
        return tuple(tried)
    making = [at for at, each in enumerate(tried) if each.done is not None and each.done.signing.is_being_made]
    for count, at in enumerate(making, 1):
        tried[at] = await _wait(bench, tried[at])
        report(Progress("key", count, len(making), tried[at]))
    return tuple(tried)


async def blink(bench: Bench, label: Label) -> None:
    """Let a boxed unit show itself, if the vault has its label."""
    if label in bench.vault.labels():
        await identify(bench, label.serial, BLINK_S)


async def _try(bench: Bench, wish: Wish, signing: str | None, blinks: bool) -> Tried:
    serial = wish.label.serial
    try:
        if blinks:
            await blink(bench, wish.label)
        return Tried(serial, await provision(bench, wish.label, wish.role, wish.name, None, signing))
    except ToolError as error:
        return Tried(serial, None, str(error), error.advice)


async def _wait(bench: Bench, tried: Tried) -> Tried:
    """The same once its key is made. That it was not heard of meanwhile does not undo its set-up."""
    assert tried.done is not None
    try:
        return replace(tried, done=replace(tried.done, signing=await keys.wait(bench, tried.serial)))
    except ToolError as error:
        return replace(tried, failure=str(error), advice=error.advice)
