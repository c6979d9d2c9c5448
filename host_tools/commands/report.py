"""`interlock report`: for every draw, arm and discharge in the store, was video running before it?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import Console
from ..context import Context, utc_ms
from ..outcome import Exit, ToolError
from ..reporting.asked import OVERDUE_DAYS, Asked
from ..reporting.model import Report
from .progress import working
from .report_shown import show
from .report_written import FACTS, PAGE, write
from .running import Json, of
from .sharing import Cluster, Jobs, guarded, workers
from .times import period_ms

# The store's database, the page's templates and the vault's ciphers are imported when they are used.
if TYPE_CHECKING:
    from ..store.store import Store
    from ..vault.vault import Vault
    from ..workers.executor import Executor

__all__ = ["FACTS", "PAGE", "from_home", "from_store", "report", "show", "write"]

DIFFERENCES_SHOWN = 20


def report(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the page goes [default: HOME/report]")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Leave out what was certainly before this day (YYYY-MM-DD, UTC)")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Leave out what was certainly on this day or after it")
    ] = None,
    overdue_days: Annotated[
        int, typer.Option("--overdue-days", min=0, metavar="N", help="Overdue: not pulled for more than so many days")
    ] = OVERDUE_DAYS,
    is_public: Annotated[
        bool, typer.Option("--public", help="Leave out what identifies persons: for publication")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--recompute", metavar="EXPORT", help="Make it anew from exported files alone, and compare"),
    ] = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """For every draw, arm and discharge that was pulled: was video running before it? Leaves report.html, report.json
    and tables (.csv) in DIR, and a page for each incident; they need nothing else and can be printed.

    How every figure is reckoned is in host_tools/FIGURES.md. With --recompute the report is made from what interlock
    export --audit wrote, with neither store nor vault, and must have the figures that are in it.

    Examples:

    - `interlock report`: of all that was pulled; it says where its page is
    - `interlock report --since 2026-11-01 --until 2026-12-01 --out november`
    - `interlock report --public --out published`: without names, serials and officers
    - `interlock report --recompute audit`: what an outsider does with exported files

    Next: open the page in a browser; `interlock why EVENT` says what a verdict rests on, `interlock verify` explains a
    finding.

    Exit codes: 0 done; 1 findings (a journal is altered, gapped or contradictory, a clock is, or an annotation is
    forged; with --recompute: figures differ); 2 usage.

    JSON: {made_utc_ms, made, force, since_utc_ms, since, until_utc_ms, until, is_public, overdue_after_days, headline,
    breakdown, incidents, uses, units, findings, sessions, said, notes, unlisted}; the fields of each are in
    host_tools/reporting/model.py, and keep their names.
    """
    at = of(context)
    since_ms, until_ms = period_ms(since, until)
    if export is not None and out is not None and out.resolve().is_relative_to(export.resolve()):
        raise ToolError(f"{out} is in the export itself", "Its files are what SHA256SUMS lists: name another folder.")
    if export is not None:
        if (since, until, cluster) != (None, None, None) or overdue_days != OVERDUE_DAYS:
            raise ToolError("an export says itself what its report was asked for", "Give --recompute alone.")
        made, differ = _recomputed(export, jobs, as_json)
    else:
        differ = False
        # Before the bar: it may ask for a passphrase.
        vault = at.open_vault() if at.has_vault else None
        asked = Asked(utc_ms(), since_ms, until_ms, overdue_days)
        made = _made(at, vault, asked, jobs, cluster, as_json)
    if is_public:
        from ..reporting.public import public

        made = public(made)
    folder = out if out is not None else None if as_json or export is not None else at.home / "report"
    if folder is not None:
        write(made, folder)
    if as_json:
        print(json.dumps(made.plain(), indent=2))
    else:
        show(made, folder is not None)
        if folder is not None:
            where = f"\nThe page: {folder}/{PAGE} (figures: {FACTS})"
            Console(soft_wrap=True).print(where, markup=False, highlight=False)
    if made.findings or differ:
        raise typer.Exit(Exit.FINDINGS)


Progress = Callable[[float, float], None]


def _untold(_: float, __: float) -> None:
    """Nobody watches."""


def _made(
    at: Context, vault: "Vault | None", asked: Asked, jobs: int | None, cluster: str | None, quiet: bool
) -> Report:
    from ..auditing.audit import STORED_BYTES

    units = 0
    if at.has_store:
        store = at.open_store(read_only=True)
        units = len(store.units())
        store.close()
    with (
        working("Reading the journals", total=1, quiet=quiet) as step,
        workers(jobs, cluster, units * STORED_BYTES, units) as executor,
    ):
        return from_home(at, vault, asked, lambda done, total: step(100 * done / (total or 1), 100), executor, cluster)


def from_home(
    context: Context,
    vault: "Vault | None",
    asked: Asked,
    progress: Progress = _untold,
    executor: "Executor | None" = None,
    cluster: str | None = None,
) -> Report:
    """The report of what store and vault of this home hold; either may be missing, both not. `executor`: whose workers
    read the journals, None: this process; `cluster`: their address, where they are not of this machine."""
    if not context.has_store and vault is None:
        raise ToolError(
            f"there is nothing to report on in {context.home}",
            "Pull journals first (interlock pull), or name another place with --home DIR.",
        )
    return _of_place(context.store_place if context.has_store else None, vault, asked, progress, executor, cluster)


def from_store(
    store: "Store | None",
    vault: "Vault | None",
    made_ms: int,
    since_ms: int | None = None,
    progress: Progress = _untold,
) -> Report:
    """The report of a store; the vault adds names, pairs and units that were never pulled."""
    return _of_place(None if store is None else store.place, vault, Asked(made_ms, since_ms), progress)


def _of_place(
    place: "Path | str | None",
    vault: "Vault | None",
    asked: Asked,
    progress: Progress = _untold,
    executor: "Executor | None" = None,
    cluster: str | None = None,
) -> Report:
    from ..auditing.keys import Knowledge
    from ..reporting.holdings import NoHoldings, StoreHoldings, beside_of
    from ..reporting.making import make

    at = place.resolve() if isinstance(place, Path) else place
    holdings = NoHoldings() if at is None else StoreHoldings(at)
    knowing = guarded(Knowledge((), vault).of, cluster)
    return make(holdings, beside_of(vault), asked, executor, progress, knowing=knowing)


def _recomputed(export: Path, jobs: int | None, quiet: bool) -> tuple[Report, bool]:
    """The report made from exported files, and whether anything in them does not fit it: said on standard error."""
    from ..exporting.recompute import recompute

    size = sum(path.stat().st_size for path in export.rglob("*.ilj")) if export.is_dir() else 0
    with (
        working("Reading the export", total=1, quiet=quiet) as step,
        workers(jobs, None, size, len(list(export.rglob("*.ilj"))) if export.is_dir() else 1) as executor,
    ):
        again = recompute(export, executor, lambda done, total: step(100 * done / (total or 1), 100))
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for text in again.findings[:DIFFERENCES_SHOWN]:
        console.print(f"differs: {text}", markup=False)
    more = len(again.findings) - DIFFERENCES_SHOWN
    if more > 0:
        console.print(f"differs: and {more} more", markup=False)
    if not again.findings:
        console.print(f"{export}: every figure is as the export says.", markup=False)
    return again.report, bool(again.findings)
