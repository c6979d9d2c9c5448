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
from .tables import console

if TYPE_CHECKING:
    from ..store.store import Store

SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Imported:
    """One file. `kind`: journal or store; `new`, `known`: records that were not, or were, in this store; `conflicts`:
    numbers of these units under which this store now holds more than one record; `failure`: why nothing of it was
    taken, or None; `advice`: what to do about that."""

    file: str
    kind: str
    serials: tuple[str, ...]
    new: int
    known: int
    checkpoints: int
    conflicts: int
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
    finding. A journal file that is damaged is not taken at all. That a journal was imported, by whom and from which
    file, is noted in its chain of custody; a store brings its own along.

    Examples:

    - `interlock import H1.ilj`
    - `interlock import /media/usb/journals.sqlite`: what another laptop pulled

    Next: `interlock verify`.

    Exit codes: 0 done; 1 findings (conflicts, a file that is damaged); 2 a file cannot be read.

    JSON: a list of {file, kind, serials, new, known, checkpoints, conflicts, failure, advice}.
    """
    home = of(context)
    for file in files:
        if not file.is_file():
            raise ToolError(f"there is no file {file}", "Check the path. Nothing was imported.")
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
    if any(one.failure or one.conflicts for one in done):
        end(Exit.FINDINGS)


def take(store: "Store", file: Path, person: str) -> Imported:
    """One file into the store. What keeps it out is in the result."""
    with file.open("rb") as stream:
        is_store = stream.read(len(SQLITE)) == SQLITE
    try:
        return _take_store(store, file, person) if is_store else _take_journal(store, file, person)
    except ToolError as error:
        kind = "store" if is_store else "journal"
        return Imported(file.name, kind, (), 0, 0, 0, 0, str(error), error.advice)


def _take_store(store: "Store", file: Path, person: str) -> Imported:
    from ..store.store import Store

    other = Store.open(file, read_only=True)
    try:
        serials, size = tuple(row.serial for row in other.units()), other.size()
        done = other.forward(store)
    finally:
        other.close()
    for serial in done.serials:
        store.custody(serial, person, "imported", f"from the store {file.name} ({other.origin})", utc_ms())
    conflicts = sum(len(store.conflicts(serial)) for serial in serials)
    return Imported(file.name, "store", serials, done.records, size - done.records, done.checkpoints, conflicts)


def _take_journal(store: "Store", file: Path, person: str) -> Imported:
    from interlock.core import checkpoint

    from ..store.runs import read_runs

    serial, header, runs, signed = read_runs(file)
    known_units = {row.serial: row for row in store.units()}
    if serial not in known_units or not known_units[serial].unit:
        store.learn_unit(serial, header.unit, header.role, "")
    new = known = 0
    for run in runs:
        added = store.add(serial, run.first, run.chain, run.raws, epoch=run.epoch, by=person, utc_ms=utc_ms())
        new, known = new + added.new, known + added.known
    before = len(store.checkpoints(serial))
    for one in signed:
        said = checkpoint.unpack(one.message)
        index = -1 if said is None else said.index
        store.add_checkpoint(serial, index, *one, by=person, utc_ms=utc_ms())
    brought = len(store.checkpoints(serial)) - before
    if new or brought:
        store.custody(serial, person, "imported", f"{new} new, {known} known, from {file.name}", utc_ms())
    return Imported(file.name, "journal", (serial,), new, known, brought, len(store.conflicts(serial)))


def _show(done: list[Imported]) -> None:
    out = console()
    for one in done:
        if one.failure is not None:
            out.print(f"[bold red]finding[/] {escape(one.file)} was not taken: {escape(one.failure)}.")
            out.print(one.advice or "", markup=False)
            continue
        signed = f", {one.checkpoints} checkpoints" if one.checkpoints else ""
        units = ", ".join(one.serials) or "no unit"
        out.print(f"{one.file}: {one.new} new records, {one.known} known{signed}, of {units}.", markup=False)
        if one.conflicts:
            out.print(
                f"[bold red]finding[/] {one.conflicts} numbers have more than one record: interlock store conflicts."
            )
