"""`interlock export WHAT`: a journal as a file, its other versions, and its signed checkpoints for other people's
tools."""

import json
from io import BytesIO
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from interlock.core import checkpoint

from ..context import Context
from ..journal_file import join
from ..journal_items import Header, Signed
from ..labels.label import SERIAL
from ..outcome import Exit, ToolError
from ..verifying.places import InFile
from ..verifying.walk import walk
from .noting import note
from .running import of


class _Version(NamedTuple):
    """Another version of a journal; `begins`: number of its first record that the journal does not have."""

    begins: int
    header: Header
    raws: list[bytes]


def export(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A journal file (.ilj), or a unit's serial: of the store")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the journal as a file (.ilj)")] = None,
    checkpoints: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the checkpoints go")] = None,
    versions: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where other versions of the journal go, if there are any")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")] = False,
) -> None:
    """Take a journal out of the store as a file, and its signed checkpoints as files for other people's tools.

    --out FILE: the journal file, records verbatim, with its checkpoints. --checkpoints DIR: each as N.msg, the message,
    N.sig, its signature, and N.pub, the public key that came with it. N is the checkpoint's index.

    Signature and key are in the HSS form of RFC 8554 (6.1, 6.2): any tool for LMS and HSS can verify them without us.
    The message is specified in firmware/JOURNAL.md. Whether a key is the unit's is for you to know: compare it with the
    one that was published when the unit was set up. A second message under one index is N-2.msg, and shows that the key
    is there twice. Nothing is judged here: see interlock verify.

    Where the store holds more than one record under a number, the unit's journal has other versions than the one that
    --out writes. --versions DIR: each as SERIAL-2.ilj, SERIAL-3.ilj, from where it is known. Their number is always
    said. That a journal was exported is noted in its chain of custody (interlock store custody).

    Examples:

    - `interlock export H1 --out H1.ilj --checkpoints signed`
    - `interlock export H1 --versions H1`

    Next: `interlock verify H1.ilj --public-key H1-1.pub`, which is what an outsider can do.

    Exit codes: 0 done; 1 the journal has no checkpoint though --checkpoints was given, is not whole, or has other
    versions; 2 usage.

    JSON: {file, is_whole, checkpoints: [{index, following, message, signature, public}], conflicts, versions: [{file,
    first, differs_from, records}]}; message, signature, public, file: file names; file is null for a version that was
    not written; conflicts: numbers with more than one record.
    """
    if out is None and checkpoints is None and versions is None:
        raise ToolError(
            "nothing to export",
            "Say what: --out FILE for the journal, --checkpoints DIR for what it signed, --versions DIR for others.",
        )
    home = of(context)
    data, conflicts, others = _journal(home, what)
    held: list[Signed] = []
    is_whole = walk(BytesIO(data), take=lambda signed, _: held.append(signed)).fault is None
    if out is not None:
        try:
            out.write_bytes(data)
        except OSError as error:
            raise ToolError(f"{out} cannot be written: {error.strerror}", "Name another place: --out FILE.") from error
    written = [] if checkpoints is None else _write(checkpoints, held)
    told = [_told(f"{what}-{number}.ilj", version, versions) for number, version in enumerate(others, 2)]
    if _is_serial(what):
        note(
            home, [what], "exported", ", ".join(str(path) for path in (out, checkpoints, versions) if path is not None)
        )
    if as_json:
        name = Path(what).name if out is None else out.name
        facts = {"file": name, "is_whole": is_whole, "checkpoints": written, "conflicts": conflicts, "versions": told}
        print(json.dumps(facts, indent=2))
    else:
        _show(out, checkpoints, written, is_whole)
        _show_versions(conflicts, told)
    if not is_whole or (checkpoints is not None and not written) or told:
        raise typer.Exit(Exit.FINDINGS)


def _is_serial(what: str) -> bool:
    return SERIAL.fullmatch(what) is not None and not Path(what).exists()


def _journal(context: Context, what: str) -> tuple[bytes, int, list[_Version]]:
    """The bytes of the journal file `what`, or of that of the unit with this serial; how many of its numbers have more
    than one record; and its other versions."""
    if not _is_serial(what):
        with InFile(Path(what)).open() as stream:
            return stream.read(), 0, []
    store = context.open_store(read_only=True)
    try:
        data, journal = store.export_ilj(what), store.journal(what)
    finally:
        store.close()
    others = [
        _Version(
            branch.begins,
            Header(*journal.header[:3], branch.records[0].sequence, branch.chain, branch.epoch),
            [record.raw for record in branch.records],
        )
        for branch in journal.branches
        if branch.records
    ]
    return data, len(journal.conflicts), others


def _told(name: str, version: _Version, folder: Path | None) -> dict[str, str | int | None]:
    """What is said of another version, which is written as `name` where there is a folder for it."""
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(join(version.header, version.raws))
        except OSError as error:
            raise ToolError(
                f"{folder / name} cannot be written: {error.strerror}", "Name another place: --versions DIR."
            ) from error
    return {
        "file": None if folder is None else name,
        "first": version.header.first,
        "differs_from": version.begins,
        "records": len(version.raws),
    }


def _show_versions(conflicts: int, told: list[dict[str, str | int | None]]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for one in told:
        where = one["file"] or "not written: --versions DIR does"
        console.print(f"another version, from record {one['differs_from']} on: {where}", markup=False)
    if told:
        console.print(
            f"[bold red]finding[/] {conflicts} numbers have more than one record: interlock store conflicts shows them."
        )


def _show(out: Path | None, checkpoints: Path | None, written: list[dict[str, str | int | None]], whole: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if out is not None:
        console.print(f"journal: {out}", markup=False)
    for item in written:
        covers = f"covers records before {item['following']}" if item["following"] is not None else "is no checkpoint"
        console.print(f"{item['message']} {covers}; {item['signature']}, {item['public']}", markup=False)
    if checkpoints is not None:
        console.print(f"{len(written)} checkpoints, in {checkpoints}", markup=False)
    if not whole:
        console.print("[bold red]finding[/] the journal is not whole: interlock verify says where.")


def _write(folder: Path, held: list[Signed]) -> list[dict[str, str | int | None]]:
    """The files of each; what was said of them. ToolError when they cannot be written."""
    written: list[dict[str, str | int | None]] = []
    times: dict[str, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for signed in dict.fromkeys(held):
            said = checkpoint.unpack(signed.message)
            stem = "unknown" if said is None else str(said.index)
            times[stem] = times.get(stem, 0) + 1
            stem += f"-{times[stem]}" if times[stem] > 1 else ""
            names = {"message": f"{stem}.msg", "signature": f"{stem}.sig", "public": f"{stem}.pub"}
            for part, name in names.items():
                (folder / name).write_bytes(getattr(signed, part))
            index, following = (None, None) if said is None else (said.index, said.following)
            written.append({"index": index, "following": following, **names})
    except OSError as error:
        raise ToolError(
            f"checkpoints cannot be written to {folder}: {error.strerror}", "Name another place: --checkpoints DIR."
        ) from error
    return written
