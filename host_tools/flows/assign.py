"""Bind an officer, a holster and a camera for a shift; a technician's credential is enough.

Both units hold each other as partners beforehand (`pair`, perhaps as spares), and the unit in question says whether it
does. The camera is bound first and let go last, so that at no instant the holster counts on a camera that does not
follow it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.core import wire
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..outcome import ToolError
from ..refused import Refused
from ..session import Session
from ..time_words import utc_text
from ..vault.credential import person_bytes
from ..vault.vault import Vault
from .clock import set_clock
from .reach import patiently, reach
from .status import partner_name

if TYPE_CHECKING:
    from ..store.store import Store

PATIENCE_S = 20.0
# A clock that a technician may not set so far: the officer goes on duty with it, since an end that is a minute off does
# no harm (it counts in the dock only). The difference is told: no clock drifts so, the unit's or the host's is wrong.
NEAR_ENOUGH_MS = 60_000
NOTED = "assigned"  # what the store calls it


@dataclass(frozen=True)
class Bound:
    """What is in force on a unit. `partner`: serial of the one that is assigned (its number, where this vault does not
    know it), None: those that are paired; `until_s`: seconds since 1970, UTC; `was`: the partner before."""

    serial: str
    partner: str | None
    until_s: int | None
    was: str | None


@dataclass(frozen=True)
class Assigned:
    """`units`: in the order of the visits; `is_news`: whether any of them had to be told; `notes`: what a person has to
    know beside, in words: a clock that is off, a third unit that is left behind."""

    officer: str | None
    units: tuple[Bound, ...]
    is_news: bool = True
    notes: tuple[str, ...] = ()


async def assign(
    bench: Bench, holster: str, camera: str, officer: str, until_s: int, spare_visits: bool = False
) -> Assigned:
    """From now on until then, these two count on each other alone, for this officer (1 to 8 ASCII characters).
    `spare_visits`: a unit that says just that, and was told so by this store's host last, is not told again."""
    vault = bench.vault
    check(vault, holster, camera)
    numbers = {serial: vault.name(serial)[0] for serial in (holster, camera)}
    bound, told, notes = [], [], []
    for serial, partner in ((camera, holster), (holster, camera)):
        text = _noted_text(officer, partner, until_s)
        present = (numbers[partner], until_s) if spare_visits and _last_noted(bench.store, serial) == text else None
        found, is_told, off_ms = await _bind(bench, serial, numbers[partner], until_s, officer, unless=present)
        bound.append(found)
        told.append(is_told)
        if off_ms is not None:
            notes.append(
                f"{serial}'s clock is {abs(off_ms) / 1000:.0f} s {'ahead' if off_ms > 0 else 'behind'}, more than "
                f"clocks drift: its own or this computer's is wrong. Only the force's vault may set it so far: "
                f"interlock sync {serial}"
            )
            bench.store.custody(serial, bench.person, "clock off", f"{off_ms} ms, left as it is", bench.utc_ms())
        if found.was not in (None, partner):
            notes.append(
                f"{serial} was {found.was}'s until now, and {found.was} may count on it still: assign {found.was} "
                f"anew, or let it go: interlock assign HOLSTER --clear"
            )
        if is_told:
            bench.store.custody(serial, bench.person, NOTED, text, bench.utc_ms())
    return Assigned(officer, tuple(bound), any(told), tuple(notes))


def noted(store: "Store", holster: str, camera: str, officer: str, until_s: int) -> bool:
    """Whether this store's host told both units just that, and nothing else since."""
    ends = ((camera, holster), (holster, camera))
    return all(_last_noted(store, serial) == _noted_text(officer, partner, until_s) for serial, partner in ends)


def _noted_text(officer: str, partner: str, until_s: int) -> str:
    return f"{officer} with {partner} until {utc_text(until_s * 1000)}"


def _last_noted(store: "Store", serial: str) -> str | None:
    return next((row.detail for row in reversed(store.custody_of(serial)) if row.what == NOTED), None)


async def clear(bench: Bench, holster: str, camera: str | None = None) -> Assigned:
    """Back to the paired ones: the holster, then the camera that it was assigned to (`camera`: or this one)."""
    vault = bench.vault
    number = vault.name(holster)[0]
    bound = [await _let_go(bench, holster, None)]
    partner = camera or bound[0].was
    if partner is not None and partner in vault:
        bound.append(await _let_go(bench, partner, number))
    return Assigned(None, tuple(bound))


async def _let_go(bench: Bench, serial: str, only_if: int | None) -> Bound:
    found, is_told, _ = await _bind(bench, serial, 0, 0, bench.person, only_if=only_if)
    if is_told:
        bench.store.custody(serial, bench.person, NOTED, "the paired ones", bench.utc_ms())
    return found


def check(vault: Vault, holster: str, camera: str) -> None:
    """ToolError when these two cannot be assigned to each other, as far as this vault knows."""
    for serial, needed in ((holster, ROLE_HOLSTER), (camera, ROLE_CAMERA)):
        role = vault.name(serial)[1]
        if not role & needed:
            raise ToolError(
                f"{serial} is a {ROLE_NAMES[role]} unit, not a {ROLE_NAMES[needed]}",
                "The holster comes first: interlock assign HOLSTER CAMERA.",
            )
    if vault.person is not None:
        return  # the units say
    for serial in (holster, camera):
        vault.check_in_service(serial)
    pair = vault.pair(holster, camera)
    if pair is None or pair.state != "committed":
        raise ToolError(
            f"{holster} and {camera} do not hold each other's keys{' yet' if pair else ''}",
            f"Make them a pair first, once: interlock pair {holster} {camera} --spare. All pairs of a roster: "
            "interlock roster spares.",
        )


async def _bind(
    bench: Bench,
    serial: str,
    partner: int,
    until_s: int,
    officer: str,
    only_if: int | None = None,
    unless: tuple[int, int] | None = None,
) -> tuple[Bound, bool, int | None]:
    """One unit; how it is then, whether it was told, and how far its clock is off (ms), where it could not be set.
    `only_if`: the partner that it must be assigned to, to be let
    go; `unless`: the (partner, end) with which it is left alone."""

    async def once() -> tuple[Bound, bool, int | None]:
        off_ms = None
        credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
        async with reach(bench, serial, credential) as session:
            before = after = await session.status()
            is_told = only_if in (None, before.assigned) and unless != (before.assigned, before.until_s)
            if is_told:
                off_ms = await _tell(session, bench, partner, until_s, officer)
                after = await session.status()
            await session.end()
        was = partner_name(bench.vault, before.assigned)
        return Bound(serial, partner_name(bench.vault, after.assigned), after.until_s or None, was), is_told, off_ms

    return await patiently(once, PATIENCE_S)


async def _tell(session: Session, bench: Bench, partner: int, until_s: int, officer: str) -> int | None:
    off_ms = await _set_clock(session, bench) if partner else None
    await session.assign(partner, until_s, person_bytes(officer))
    return off_ms


async def _set_clock(session: Session, bench: Bench) -> int | None:
    """An end is a time of day, so the unit needs a clock: the right one, or at least one that is near enough for that,
    when it may not be set so far by a technician; then how far it is off, in ms."""
    try:
        await set_clock(session, bench)
    except Refused as refused:
        if refused.reason != wire.CLOCK_JUMP:
            raise
        found = await session.status()
        off_ms: int = found.utc_ms - bench.utc_ms()
        if not found.utc_ms or abs(off_ms) > NEAR_ENOUGH_MS:
            raise
        return off_ms
    return None


def longest_s(utc_ms: int) -> int:
    """The latest end that a unit takes, seconds since 1970, UTC."""
    return utc_ms // 1000 + wire.ASSIGN_MAX_S
