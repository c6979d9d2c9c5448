"""`interlock export WHAT`: a journal as a file, and its signed checkpoints for other people's tools."""

import json
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interlock.core import checkpoint

from ..context import Context
from ..journal_items import Signed
from ..label import SERIAL
from ..outcome import Exit, ToolError
from ..store import Store
from ..verifying.places import InFile
from ..verifying.walk import walk
from .running import of


def export(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A journal file (.ilj), or a unit's serial: of the store")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the journal as a file (.ilj)")] = None,
    checkpoints: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the checkpoints go")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output")] = False,
) -> None:
    """Take a journal out of the store as a file, and its signed checkpoints as files for other people's tools.

    --out FILE: the journal file, records verbatim, with its checkpoints. --checkpoints DIR: each as N.msg, the message,
    N.sig, its signature, and N.pub, the public key that came with it. N is the checkpoint's index.

    Signature and key are in the HSS form of RFC 8554 (6.1, 6.2): any tool for LMS and HSS can verify them without us.
    The message is specified in firmware/JOURNAL.md. Whether a key is the unit's is for you to know: compare it with the
    one that was published when the unit was set up. A second message under one index is N-2.msg, and shows that the key
    is there twice. Nothing is judged here: see interlock verify.

    Exit codes: 0 done; 1 the journal has no checkpoint though --checkpoints was given, or is not whole; 2 usage.

    JSON: {file, is_whole, checkpoints: [{index, following, message, signature, public}]}, the last three file names.
    """
    if out is None and checkpoints is None:
        raise ToolError(
            "nothing to export", "Say what: --out FILE for the journal, --checkpoints DIR for what it signed."
        )
    data = _journal(of(context), what)
    held: list[Signed] = []
    is_whole = walk(BytesIO(data), take=lambda signed, _: held.append(signed)).fault is None
    if out is not None:
        try:
            out.write_bytes(data)
        except OSError as error:
            raise ToolError(f"{out} cannot be written: {error.strerror}", "Name another place: --out FILE.") from error
    written = [] if checkpoints is None else _write(checkpoints, held)
    if as_json:
        name = Path(what).name if out is None else out.name
        print(json.dumps({"file": name, "is_whole": is_whole, "checkpoints": written}, indent=2))
    else:
        _show(out, checkpoints, written, is_whole)
    if not is_whole or (checkpoints is not None and not written):
        raise typer.Exit(Exit.FINDINGS)


def _journal(context: Context, what: str) -> bytes:
    """The bytes of the journal file `what`, or of that of the unit with this serial."""
    path = Path(what)
    if path.exists() or not SERIAL.fullmatch(what):
        with InFile(path).open() as stream:
            return stream.read()
    store = Store.open(context.store_path, read_only=True)
    try:
        return store.export_ilj(what)
    finally:
        store.close()


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
