"""Let units hold the keys of each other that a roster asks for: pairs that count only while they are assigned.

All pairs are in the vault first; then each unit is visited, once for all its new partners, as by `bring.py`. Cut
anywhere, run again: that, or any rotation, goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..bench import Bench
from ..outcome import ToolError
from ..vault.entries import PairEntry
from ..vault.fields import KEY_BYTES
from .bring import Brought, Report, Round, quietly
from .pair import check_roles

State = Literal["made", "already", "unfinished", "impossible"]


@dataclass(frozen=True)
class Spare:
    """A holster and a camera that are to hold each other's keys. `state`: made now; already so; unfinished: a unit was
    not reached yet; impossible: `reason`, and nothing was begun."""

    holster: str
    camera: str
    state: State
    reason: str | None


@dataclass(frozen=True)
class Spares:
    """`pairs`: in the order asked for; `brought`: the visits."""

    pairs: tuple[Spare, ...]
    brought: Brought


async def make_spares(bench: Bench, wanted: Sequence[tuple[str, str]], report: Report = quietly) -> Spares:
    """Make these (holster, camera) spares, but for those that are a pair of either kind already."""
    vault = bench.vault
    vault.check_own("authority to pair units")
    with vault.locked():
        already = {ends for ends in wanted if _is_made(bench, *ends)}
        reasons = {ends: _begin(bench, *ends) for ends in wanted if ends not in already}
        brought = await Round(bench, None, report).go()
        pairs = []
        for ends in wanted:
            state: State = "already" if ends in already else "made" if _is_made(bench, *ends) else "unfinished"
            reason = reasons.get(ends)
            pairs.append(Spare(*ends, "impossible" if reason else state, reason))
        return Spares(tuple(pairs), brought)


def _is_made(bench: Bench, holster: str, camera: str) -> bool:
    entry = bench.vault.pair(holster, camera)
    return entry is not None and entry.state == "committed"


def _begin(bench: Bench, holster: str, camera: str) -> str | None:
    """Put the pair into the vault, unless it is there; or why it cannot be."""
    vault = bench.vault
    try:
        for serial in (holster, camera):
            vault.check_in_service(serial)
        check_roles(vault, holster, camera)
        if vault.pair(holster, camera) is None:
            vault.save_pair(PairEntry(holster, camera, "prepared", vault.entropy(KEY_BYTES), None, True))
    except ToolError as error:
        return str(error)
    return None
