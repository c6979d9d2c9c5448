"""What `interlock export` makes of many journals: a bundle, an audit's files, tables. Each is noted in the chain of
custody of the units that are in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from ..context import Context, utc_ms
from ..naming import called, event_called
from ..outcome import Exit, ToolError
from ..reporting.asked import Asked, Beside
from . import export_shown
from .noting import note
from .progress import working
from .report import from_home
from .sharing import guarded, workers
from .times import period_ms

if TYPE_CHECKING:
    from ..reporting.holdings import StoreHoldings
    from ..vault.vault import Vault
    from ..workers.executor import Executor


EVENT = ("reference", "event", "verdict", "camera", "own_verdict")
"""What is told of an event, as in the report."""


class Home(NamedTuple):
    """What is at hand: the store, what is known beside it, and the vault, if there is one."""

    holdings: "StoreHoldings"
    beside: Beside
    vault: "Vault | None"

    def names(self) -> dict[str, str]:
        """Of all units, by serial."""
        held = {row.serial: row.name for row in self.holdings.units()}
        return held | {serial: named.name for serial, named in self.beside.units.items()}


def _home(context: Context) -> Home:
    from ..reporting.holdings import StoreHoldings, beside_of

    if not context.has_store:
        raise ToolError(f"there is no store at {context.store_place}", "Pull a journal first (interlock pull).")
    vault = context.open_vault() if context.has_vault else None
    place = context.store_place
    at = place.resolve() if isinstance(place, Path) else place
    return Home(StoreHoldings(at), beside_of(vault), vault)


@contextmanager
def _workers(home: Home, jobs: int | None, cluster: str | None) -> "Iterator[Executor | None]":
    from ..auditing.audit import STORED_BYTES

    units = len(home.holdings.units())
    with workers(jobs, cluster, units * STORED_BYTES, units) as executor:
        yield executor


def write_bundle(
    context: Context, reference: str, file: Path, jobs: int | None, cluster: str | None, as_json: bool
) -> None:
    """The evidence of the incident that `reference` is or is part of."""
    from ..auditing.keys import Knowledge
    from ..exporting import bundle
    from ..exporting.files import digest

    home = _home(context)
    reference = event_called(home.names(), reference)
    asked = Asked(utc_ms())
    with (
        working("Reading the journals", total=1, quiet=as_json) as step,
        _workers(home, jobs, cluster) as executor,
    ):
        report = from_home(
            context, home.vault, asked, lambda done, total: step(90 * done / (total or 1), 100), executor, cluster
        )
        knowing = None if home.vault is None else guarded(Knowledge((), home.vault).of, cluster)
        made = bundle.write(file, reference, home.holdings, home.beside, asked, report, knowing)
    note(context, made.pulled, "exported", f"bundle of incident {made.reference}: {file}")
    facts = {
        "bundle": file.name,
        "incident": made.reference,
        "units": made.units,
        "events": [{name: event[name] for name in EVENT} for event in made.events],
        "findings": made.findings,
        "sha256": digest(file),
    }
    export_shown.bundle(facts, file, as_json)
    if made.findings:
        raise typer.Exit(Exit.FINDINGS)


def write_audit(
    context: Context,
    serials: list[str],
    folder: Path,
    between: tuple[str | None, str | None],
    shared: tuple[int | None, str | None],
    as_json: bool,
) -> None:
    """All that the report is made from, of these units (none: of all), and the report."""
    from ..auditing.keys import Knowledge
    from ..exporting import dossier
    from ..exporting.chosen import Chosen, known_of_all

    since_ms, until_ms = period_ms(*between)
    home = _home(context)
    asked = Asked(utc_ms(), since_ms, until_ms)
    holdings, beside = home.holdings, home.beside
    known = home.names()
    serials = list(dict.fromkeys(called(known, serial) for serial in serials))
    strange = [serial for serial in serials if serial not in known]
    if strange:
        raise ToolError(f"the store knows no unit {strange[0]}", "interlock verify lists those that it knows.")
    part = Chosen(holdings, frozenset(serials or known))
    if serials:
        beside = known_of_all(holdings, beside)
    with (
        working("Reading the journals", total=1, quiet=as_json) as step,
        _workers(home, *shared) as executor,
    ):
        knowing = None if home.vault is None else guarded(Knowledge((), home.vault).of, shared[1])
        public = dossier.write(folder, part, beside, asked, knowing, executor)
        step(100, 100)
    units = [row.serial for row in dossier.Dossier(folder).units()]
    note(context, units, "exported", f"audit: {folder}")
    said = dossier.Dossier(folder).force_says
    findings = [f"{finding.name or ''}: {finding.text}".removeprefix(": ") for finding in public.findings]
    facts = {
        "folder": str(folder),
        "units": len(units),
        "records": sum(unit.records for unit in public.units),
        "findings": findings,
        "force_says": len(said["findings"]) + len(said["figures"]),
    }
    export_shown.audit(facts, folder, as_json)
    if findings:
        raise typer.Exit(Exit.FINDINGS)


def write_parquet(context: Context, folder: Path, jobs: int | None, cluster: str | None, as_json: bool) -> None:
    """Records and events of the whole store as tables."""
    from ..auditing.keys import Knowledge
    from ..exporting import parquet

    home = _home(context)
    with (
        working("Writing the tables", total=1, quiet=as_json) as step,
        _workers(home, jobs, cluster) as executor,
    ):
        written = parquet.write(
            home.holdings,
            home.beside,
            folder,
            executor,
            lambda done, total: step(100 * done / (total or 1), 100),
            asked=Asked(utc_ms()),
            knowing=guarded(Knowledge((), home.vault).of, cluster),
        )
    note(context, [row.serial for row in home.holdings.units()], "exported", f"tables: {folder}")
    facts = {"folder": str(folder), **written._asdict()}
    export_shown.tables(facts, folder, as_json)
