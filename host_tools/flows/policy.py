"""The force's policy: change it and bring it to units; see where units differ."""

from dataclasses import dataclass

from interlock.core import settings as unit_settings
from interlock.core.settings import REACH_GROUP, Policy

from ..bench import Bench
from ..vault import changes, keyring
from ..vault.entries import UnitEntry
from .bring import Failure, Report, Round, Visit, quietly
from .reach import reach

REACHES = ("on_draw", "on_arm", "on_discharge")
HOLD_MIN_MS = 5000


@dataclass(frozen=True)
class PolicySet:
    """`was`: the force's before; `changed`: by this command; `visits`, `failures`, `missing`: as of `bring.Brought`."""

    version: int
    was: Policy
    policy: Policy
    changed: bool
    visits: tuple[Visit, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One unit against the force. `exceptions`: its own figures, that it is to have; `pending`: figure to (what it
    holds, what it is to have); `is_known`: False where nobody knows what it holds."""

    serial: str
    name: str
    exceptions: dict[str, int]
    pending: dict[str, tuple[int, int]]
    is_known: bool

    @property
    def is_none(self) -> bool:
        return self.is_known and not self.exceptions and not self.pending


async def set_policy(bench: Bench, figures: dict[str, int], report: Report = quietly) -> PolicySet:
    """Give the force and all its units these figures, and bring them to the units in range. Without figures: bring."""
    vault = bench.vault
    vault.check_own("authority over the policy")
    with vault.locked():
        was = vault.force().policy
        changed = changes.set_policy(vault, figures)
        brought = await Round(bench, None, report).go()
        force = vault.force()
        parts = (brought.visits, brought.failures, brought.missing)
        return PolicySet(force.policy_version, was, force.policy, changed, *parts)


def doubts(policy: Policy) -> list[str]:
    """What is odd about figures that units can run with, in words."""
    found = []
    if policy.heard_limit_ms > policy.start_limit_ms:
        found.append(
            f"heard_limit_ms ({policy.heard_limit_ms}) is above start_limit_ms ({policy.start_limit_ms}): a camera "
            "that nobody hears is told later than one that does not start"
        )
    if policy.hold_ms < HOLD_MIN_MS:
        found.append(f"hold_ms = {policy.hold_ms}: a recording ends within {HOLD_MIN_MS // 1000} s after its use")
    below = [name for name in REACHES if getattr(policy, name) < REACH_GROUP]
    if below:
        found.append(
            f"{', '.join(below)} below group: this does not satisfy the Assembly's motion, by which every draw, arm "
            "and discharge starts the own camera and those of the group"
        )
    return found


async def differences(bench: Bench, serials: list[str] | None) -> list[Difference]:
    """Of these units, which are asked whether they hold what they confirmed last; None: of all, by the vault alone."""
    vault = bench.vault
    vault.check_own("policy")
    force, members = vault.force(), vault.book().members()
    found = []
    for serial in members if serials is None else serials:
        vault.check_in_service(serial)
        held = _held(vault.unit(serial)) if serials is None else await _asked(bench, serial)
        found.append(difference(force.policy, vault.unit(serial), held))
    return found


def difference(policy: Policy, unit: UnitEntry, held: Policy | None) -> Difference:
    """`policy`: the force's; `held`: what the unit has in force, None: not known."""
    exceptions = {name: value for name, value in unit.policy._asdict().items() if value != getattr(policy, name)}
    pending = {}
    if held is not None:
        pending = {
            name: (value, getattr(unit.policy, name))
            for name, value in held._asdict().items()
            if value != getattr(unit.policy, name)
        }
    return Difference(unit.serial, unit.name, exceptions, pending, held is not None)


def _held(unit: UnitEntry) -> Policy | None:
    """What the vault knows it to hold."""
    policies = {settings.policy for settings in keyring.perhaps(unit)}
    return policies.pop() if len(policies) == 1 else None


async def _asked(bench: Bench, serial: str) -> Policy | None:
    credential = bench.vault.technician(serial, bench.person, bench.utc_ms())
    async with reach(bench, serial, credential) as session:
        status = await session.status()
        await session.end()
    for settings in keyring.perhaps(bench.vault.unit(serial)):
        if unit_settings.digest(settings) == status.digest:
            policy: Policy = settings.policy
            return policy
    return None
