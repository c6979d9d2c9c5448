"""`interlock import FILE...`: journal files, and other computers' stores, into the store."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..context import utc_ms
from ..outcome import Exit, ToolError
from .progress import working
from .running import Json, end, of, print_json
from .store import show_skipped
from .tables import console

if TYPE_CHECKING:
    from ..store.rows import Skipped
    from ..store.store import Store

SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Imported:
    """One file. `kind`: journal or store; `new`, `known`: records that were not, or were, in this store; `conflicts`:
    numbers of these units under which this store now holds more than one record; `skipped`: rows of a store that are
    none, and were not taken; `failure`: why nothing else of it was taken, or None; `advice`: what to do about that."""

    file: str
    kind: str
    serials: tuple[str, ...]
    new: int
    known: int
    checkpoints: int
    conflicts: int
    skipped: "tuple[Skipped, ...]" = ()
    failure: str | None = None
    advice: str | None = None


def import_(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Journal files (.ilj), or stores (.sqlite) of other computers"),
    ],
    as_json: Json = False,
) -> None:
    """Take journal files, and what other computers' stores hold, into the store: verbatim, and each record once.

    What is here already stays as it is; a record that is not the one held under its number is kept beside it, and is a
    finding. A journal file is taken wholly or, when it is damaged, not at all. Of a store that somebody changed, rows
    that are none are left out and told. That a journal was imported, by whom and from which file, is noted in its chain
    of custody together with the first that is taken of it; a store brings its own along. Broken off, it goes on when it
    is run again.

    Examples:

    - `interlock import H1.ilj`
    - `interlock import /media/usb/journals.sqlite`: what another laptop pulled

    Next: `interlock verify`.

    Exit codes: 0 done; 1 findings (conflicts, a file that is damaged, rows that are none); 2 a file cannot be read.

    JSON: a list of {file, kind, serials, new, known, checkpoints, conflicts, skipped: [{serial, table, rows, why}],
    failure, advice}; with a failure, new and checkpoints say what was taken all the same.
    """
    home = of(context)
    for file in files:
        _check_readable(file)
    store = home.open_store()
    try:
        done = []
        with working("Importing", total=len(files), quiet=as_json) as step:
            for number, file in enumerate(files):
                step(number)
                done.append(take(store, file, home.who(None)))
    finally:
        store.close()
    if as_json:
        print_json(done)
    else:
        _show(done)
    if any(one.failure or one.conflicts or one.skipped for one in done):
        end(Exit.FINDINGS)


def _check_readable(file: Path) -> None:
    if not file.is_file():
        if file.is_dir():
            raise ToolError(
                f"{file} is a folder",
                "Name the journal files in it. What interlock export --audit wrote is read by interlock report "
                "--recompute. Nothing was imported.",
            )
        raise ToolError(f"there is no file {file}", "Check the path. Nothing was imported.")
    try:
        file.open("rb").close()
    except OSError as error:
        raise ToolError(
            f"{file} cannot be read: {error.strerror}", "Check its permissions. Nothing was imported."
        ) from error


def take(store: "Store", file: Path, person: str) -> Imported:
    """One file into the store. What keeps it out, or a part of it, is in the result."""
    from ..store.sound import plain

    with file.open("rb") as stream:
        is_store = stream.read(len(SQLITE)) == SQLITE
    try:
        return _take_store(store, file, person) if is_store else _take_journal(store, file, person)
    except ToolError as error:
        kind = "store" if is_store else "journal"
        return Imported(plain(file.name), kind, (), 0, 0, 0, 0, (), plain(str(error)), plain(error.advice))


def _take_store(store: "Store", file: Path, person: str) -> Imported:
    from ..store.forward import BrokenOff
    from ..store.rows import CustodyRow
    from ..store.sound import is_serial, plain
    from ..store.store import Store

    name, failure = plain(file.name), None
    other = Store.open(file, read_only=True)
    try:
        detail = f"from the store {name} ({other.origin})"
        try:
            serials = tuple(row.serial for row in other.units() if is_serial(row.serial))
            size = other.size()
            done = other.forward(
                store, thorough=True, note=lambda serial: CustodyRow(serial, person, "imported", detail, utc_ms())
            )
        except BrokenOff as error:
            failure, done, serials = error, error.done, error.done.serials
    finally:
        other.close()
    left = sum(row.rows for row in done.skipped if row.table == "records")
    return Imported(
        name,
        "store",
        serials,
        done.records,
        0 if failure else size - done.records - left,
        done.checkpoints,
        sum(len(store.conflicts(serial)) for serial in serials),
        done.skipped,
        None if failure is None else plain(str(failure)),
        None if failure is None else f"{plain(failure.advice)} Import it again: it goes on.",
    )


def _take_journal(store: "Store", file: Path, person: str) -> Imported:
    from ..store.runs import read_runs
    from ..store.sound import plain

    name, parts = plain(file.name), read_runs(file)
    done = store.take_journal(parts, name, by=person, utc_ms=utc_ms())
    return Imported(name, "journal", (parts.serial,), *done, len(store.conflicts(parts.serial)))


def _show(done: list[Imported]) -> None:
    out = console()
    for one in done:
        if one.failure is not None and not one.serials:
            out.print(f"[bold red]finding[/] {escape(one.file)} was not taken: {escape(one.failure)}.")
            out.print(one.advice or "", markup=False)
            continue
        signed = f", {one.checkpoints} checkpoints" if one.checkpoints else ""
        units = ", ".join(one.serials) or "no unit"
        out.print(f"{one.file}: {one.new} new records, {one.known} known{signed}, of {units}.", markup=False)
        show_skipped(one.skipped)
        if one.failure is not None:
            out.print(f"[bold red]finding[/] The rest of {escape(one.file)} was not taken: {escape(one.failure)}.")
            out.print(one.advice or "", markup=False)
        if one.conflicts:
            out.print(
                f"[bold red]finding[/] {one.conflicts} numbers have more than one record: interlock store conflicts."
            )
