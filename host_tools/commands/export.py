"""`interlock export`: a journal as a file, the evidence of an incident for a court, all that a report is made from, or
tables for other programs."""

from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer

from ..auditing.places import InFile
from ..context import Context
from ..exporting.one_journal import versions_of, write_checkpoints, write_journal, write_version
from ..journal_items import Signed
from ..label import SERIAL
from ..naming import EVENT, called
from ..outcome import Exit, ToolError
from ..store.lines import StoredJournal
from ..verifying.walk import walk
from . import export_shown
from .export_sets import write_audit, write_bundle, write_parquet
from .noting import note
from .running import Json, of
from .sharing import Cluster, Jobs


def export(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="WHAT", help="A journal file (.ilj), units by serial or name, or an event (H1:57)"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the journal as a file (.ilj)")] = None,
    checkpoints: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the checkpoints go")] = None,
    versions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where other versions of the journal go, if there are any")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="The evidence of the event's incident, for a court")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(metavar="DIR", help="All that the report is made from, and the report")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Records and events as tables, by unit and month")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="With --audit: as of interlock report (YYYY-MM-DD, UTC)")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="With --audit: as of interlock report")] = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    as_json: Json = False,
) -> None:
    """Take out of the store what others need: a journal, the evidence of an incident, or all that a report is made of.

    **For a court**: --bundle FILE.zip, of an event or an incident: journals of the units involved with what they
    signed, public keys, the verdicts with their reasons, clocks, hashes, a README for the expert, and a verifier that
    runs from the bundle alone: `python3 FILE.zip`.

    **For an auditor**: --audit DIR, of the whole store or (with serials) of these units: journals verbatim, all that is
    known beside them, and the report that follows. `interlock report --recompute DIR` reckons it again without the
    store. --parquet DIR: tables for DuckDB, Spark or Trino.

    **One journal**, of a serial or a file: --out FILE: the journal file, records verbatim, with its checkpoints.
    --checkpoints DIR: each as N.msg, the message, N.sig, its signature, and N.pub, the public key that came with it,
    in the form of RFC 8554 (HSS): any tool for LMS can verify them without us. The message is specified in
    firmware/JOURNAL.md. Whether a key is the unit's is for you to know: compare it with the one that was published. A
    second message under one index is N-2.msg, and shows that the key is there twice. --versions DIR: where the store
    holds more than one record under a number, the other versions, as SERIAL-2.ilj, SERIAL-3.ilj.

    Nothing is judged of a journal here: see interlock verify. That it was exported is noted in its chain of custody
    (interlock store custody).

    Examples:

    - `interlock export H1:57 --bundle H1-57.zip`: the incident of this event
    - `interlock export --audit november --since 2026-11-01 --until 2026-12-01`
    - `interlock export H1 --out H1.ilj --checkpoints signed`
    - `interlock export --parquet tables`

    Next: `python3 H1-57.zip`, `interlock report --recompute november`, `interlock verify H1.ilj`: which is what an
    outsider can do.

    Exit codes: 0 done; 1 the journal has no checkpoint though --checkpoints was given, is not whole, or has other
    versions; or what was exported has findings; 2 usage.

    JSON: of a journal {file, is_whole, checkpoints: [{index, following, message, signature, public}], conflicts,
    versions: [{file, first, differs_from, records}]}: file names, null for what was not written; of a bundle {bundle,
    incident, units, events: [{reference, event, verdict, camera, own_verdict}], findings, sha256}; of an audit {folder,
    units, records, findings, force_says}; of tables {folder, files, records, events}.
    """
    home, named = of(context), list(dict.fromkeys(what or ()))
    sets = [option for option in (bundle, audit, parquet) if option is not None]
    alone = [option for option in (out, checkpoints, versions) if option is not None]
    if not sets and not alone:
        raise ToolError(
            "nothing to export",
            "Say what: an event and --bundle FILE.zip for a court, --audit DIR for an auditor; a serial and --out FILE "
            "for a journal, --checkpoints DIR for what it signed, --versions DIR for others.",
        )
    if len(sets) > 1 or (sets and alone):
        raise ToolError("these are several exports", "Make one after the other: --bundle, --audit, --parquet, --out.")
    if (since or until) and audit is None:
        raise ToolError(
            "--since and --until are of --audit", "Journals and bundles are exported whole: leave them out."
        )
    if bundle is not None:
        if len(named) != 1 or EVENT.fullmatch(named[0]) is None:
            raise ToolError(
                "a bundle is of one incident",
                "Name it, or an event of it, as interlock report does: interlock export H1:57 --bundle H1-57.zip.",
            )
        write_bundle(home, named[0], bundle, jobs, cluster, as_json)
    elif audit is not None:
        write_audit(home, named, audit, (since, until), (jobs, cluster), as_json)
    elif parquet is not None:
        if named:
            raise ToolError("tables are of the whole store", "Leave the serials out: interlock export --parquet DIR.")
        write_parquet(home, parquet, jobs, cluster, as_json)
    else:
        if len(named) != 1:
            raise ToolError("a journal is exported by itself", "Name one: interlock export H1 --out H1.ilj.")
        _one_journal(home, named[0], out, checkpoints, versions, as_json)


def _one_journal(
    home: Context, what: str, out: Path | None, checkpoints: Path | None, versions: Path | None, as_json: bool
) -> None:
    what = _called(home, what)
    data, journal = _journal(home, what)
    held: list[Signed] = []
    is_whole = walk(BytesIO(data), take=lambda signed, _: held.append(signed)).fault is None
    if out is not None:
        write_journal(out, data)
    written = [] if checkpoints is None else write_checkpoints(checkpoints, held)
    others = versions_of(journal) if journal is not None else []
    told = [write_version(f"{what}-{number}.ilj", version, versions) for number, version in enumerate(others, 2)]
    if journal is not None:
        places = (out, checkpoints, versions)
        note(home, [what], "exported", ", ".join(str(path) for path in places if path is not None))
    facts = {
        "file": Path(what).name if out is None else out.name,
        "is_whole": is_whole,
        "checkpoints": written,
        "conflicts": 0 if journal is None else len(journal.conflicts),
        "versions": told,
    }
    export_shown.journal(facts, out, checkpoints, as_json)
    if not is_whole or (checkpoints is not None and not written) or told:
        raise typer.Exit(Exit.FINDINGS)


def _called(context: Context, what: str) -> str:
    """The serial of the unit that is called so; the file as it is named."""
    if Path(what).exists() or not context.has_store:
        return what
    store = context.open_store(read_only=True)
    try:
        return called({unit.serial: unit.name for unit in store.units()}, what)
    finally:
        store.close()


def _journal(context: Context, what: str) -> tuple[bytes, StoredJournal | None]:
    """The bytes of the journal file `what`, or of that of the unit with this serial; and all that the store has of
    it."""
    if SERIAL.fullmatch(what) is None or Path(what).exists():
        with InFile(Path(what)).open() as stream:
            return stream.read(), None
    store = context.open_store(read_only=True)
    try:
        return store.export_ilj(what), store.journal(what)
    finally:
        store.close()
