"""Bind an officer, a holster and a camera for a shift; a technician's credential is enough.

Both units hold each other as partners beforehand (`pair`, perhaps as spares), and the unit in question says whether it
does. The camera is bound first and let go last, so that at no instant the holster counts on a camera that does not
follow it.
"""

from dataclasses import dataclass

from interlock.core import wire
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, ROLE_NAMES

from ..bench import Bench
from ..credential import person_bytes
from ..outcome import ToolError
from ..session import Session
from ..vault import Vault
from .clock import set_clock
from .reach import patiently, reach
from .status import partner_name

PATIENCE_S = 20.0


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
    """`units`: in the order of the visits."""

    officer: str | None
    units: tuple[Bound, ...]


async def assign(bench: Bench, holster: str, camera: str, officer: str, until_s: int) -> Assigned:
    """From now on until then, these two count on each other alone, for this officer (1 to 8 ASCII characters)."""
    vault = bench.vault
    check(vault, holster, camera)
    numbers = {serial: vault.name(serial)[0] for serial in (holster, camera)}
    bound = []
    for serial, partner in ((camera, holster), (holster, camera)):
        bound.append(await _bind(bench, serial, numbers[partner], until_s, officer))
    return Assigned(officer, tuple(bound))


async def clear(bench: Bench, holster: str, camera: str | None = None) -> Assigned:
    """Back to the paired ones: the holster, then the camera that it was assigned to (`camera`: or this one)."""
    vault = bench.vault
    number = vault.name(holster)[0]
    bound = [await _bind(bench, holster, 0, 0, bench.person)]
    partner = camera or bound[0].was
    if partner is not None and partner in vault:
        bound.append(await _bind(bench, partner, 0, 0, bench.person, only_if=number))
    return Assigned(None, tuple(bound))


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
            f"Make them a pair first, once: interlock pair {holster} {camera} --spare.",
        )


async def _bind(
    bench: Bench, serial: str, partner: int, until_s: int, officer: str, only_if: int | None = None
) -> Bound:
    """One unit. `only_if`: the partner that it must be assigned to, to be let go."""

    async def once() -> Bound:
        credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
        async with reach(bench, serial, credential) as session:
            before = await session.status()
            if only_if in (None, before.assigned):
                await _tell(session, bench, partner, until_s, officer)
            after = await session.status()
            await session.end()
        was = partner_name(bench.vault, before.assigned)
        return Bound(serial, partner_name(bench.vault, after.assigned), after.until_s or None, was)

    return await patiently(once, PATIENCE_S)


async def _tell(session: Session, bench: Bench, partner: int, until_s: int, officer: str) -> None:
    if partner:
        # An end is a time of day: the unit needs a clock that is right for it.
        await set_clock(session, bench)
    await session.assign(partner, until_s, person_bytes(officer))


def longest_s(utc_ms: int) -> int:
    """The latest end that a unit takes, seconds since 1970, UTC."""
    return utc_ms // 1000 + wire.ASSIGN_MAX_S
