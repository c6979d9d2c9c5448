"""Bring units what the vault says: visit those in range, as long as a visit lets something go on.

Every visit is an admin's session of its own, in which the unit takes the settings that it is to hold now and the vault
learns that it does; by that, other units may be to hold something else (`vault/keyring.py`). Cut anywhere, run again:
nothing but the vault's facts decides what is next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from interlock.core.settings import NO_KEY, Settings

from ..bench import Bench
from ..inbox import LinkLost
from ..refused import Refused, Untrue
from ..vault import keyring
from .reach import admin, bring_up_to_date, patiently

SCAN_S = 6.0
PATIENCE_S = 20.0
Step = Literal["accept", "speak", "settled"]


@dataclass(frozen=True)
class Visit:
    """A unit took new settings. `what`: which parts of them are new; `step`: of the group's key, which step that was
    for it, None: that key is as before."""

    serial: str
    revision: int
    what: tuple[str, ...]
    step: Step | None


@dataclass(frozen=True)
class Failure:
    """A unit was to be visited and was not, or not to the end."""

    serial: str
    failure: str
    advice: str


@dataclass(frozen=True)
class Brought:
    """`missing`: units in service that do not hold yet, or did not confirm, what the vault says."""

    visits: tuple[Visit, ...]
    failures: tuple[Failure, ...]
    missing: tuple[str, ...]


Report = Callable[[Visit], None]


def quietly(_: Visit) -> None:
    """Nobody watches."""


class Round:
    """One command's visits. `serials`: units to visit, were it only to see that they hold what they should; None: those
    in range that are known not to."""

    def __init__(self, bench: Bench, serials: list[str] | None, report: Report = quietly) -> None:
        self._bench = bench
        self._named = serials
        self._report = report
        self._near: list[str] | None = None
        self._visits: list[Visit] = []
        self._failures: dict[str, Failure] = {}

    async def go(self) -> Brought:
        """Visit whoever is near until no visit is due; may be called again when something else is to be brought."""
        self._bench.vault.go_on()  # a step that a cut kept from being taken
        if self._near is None:
            self._near = await self._look()
            for serial in self._named or ():
                await self._visit(serial)
        while due := [serial for serial in self._near if serial not in self._failures and self._is_due(serial)]:
            for serial in due:
                await self._visit(serial)
        return self.done()

    def done(self) -> Brought:
        book = self._bench.vault.book()
        missing = tuple(serial for serial in book.members() if not keyring.is_up_to_date(book, serial))
        return Brought(tuple(self._visits), tuple(self._failures.values()), missing)

    async def _look(self) -> list[str]:
        """Units to visit: those named, or those in range."""
        vault = self._bench.vault
        members = vault.book().members()
        if self._named is not None:
            for serial in self._named:
                vault.check_in_service(serial)
            return self._named
        if all(not self._is_due(serial) for serial in members):
            return []
        heard = {sighting.serial for sighting in await self._bench.radio.scan(SCAN_S)}
        return [serial for serial in members if serial in heard]

    def _is_due(self, serial: str) -> bool:
        return keyring.needs_visit(self._bench.vault.book(), serial)

    async def _visit(self, serial: str) -> None:
        vault = self._bench.vault
        before = vault.unit(serial).held

        async def once() -> None:
            async with admin(self._bench, serial) as session:
                await bring_up_to_date(session, vault, serial)

        try:
            await patiently(once, PATIENCE_S)
        except (LinkLost, Refused, Untrue) as error:
            self._failures[serial] = Failure(serial, str(error), error.advice)
        held = vault.unit(serial).held
        if held is not None and held != before:
            visit = Visit(serial, held.revision, differences(before, held), group_step(before, held))
            self._visits.append(visit)
            self._bench.store.custody(
                serial, self._bench.person, "settings", f"revision {held.revision}: {', '.join(visit.what)}",
                self._bench.utc_ms(),
            )  # fmt: skip
            self._report(visit)


def group_step(before: Settings | None, after: Settings) -> Step | None:
    """The step of the group's key that these settings are for a unit; None where that key is as before, or its
    first."""
    if before is None or (before.group_key, before.group_other) == (after.group_key, after.group_other):
        return None
    if after.group_other == NO_KEY:
        return "settled"
    return "accept" if after.group_key == before.group_key else "speak"


def differences(before: Settings | None, after: Settings) -> tuple[str, ...]:
    """Which parts of the settings are new, in words."""
    if before is None:
        return ("all",)
    parts = (
        ("group key", (before.group_key, before.group_other) != (after.group_key, after.group_other)),
        ("own key", before.unit_key != after.unit_key),
        ("partners", before.partners != after.partners),
        ("policy", before.policy != after.policy),
    )
    return tuple(name for name, differs in parts if differs)
