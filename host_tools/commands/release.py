"""`interlock release`: build and sign what units run."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..outcome import Exit, ToolError
from .progress import working
from .release_desk import OPTION, Desk
from .running import Json, Yes, end, of, print_json
from .tables import console, table

if TYPE_CHECKING:
    from ..vault.releasing import Signer

OUT = Path("build/firmware")
NOTHING: dict[str, Any] = {
    "version": None,
    "minimum": None,
    "public_key": None,
    "is_signed": False,
    "out": None,
    "releases": [],
    "explained": [],
}


def release(
    context: typer.Context,
    board: Annotated[list[str] | None, typer.Option(metavar="B", help="Only for this board; may be repeated")] = None,
    minimum: Annotated[
        str | None,
        typer.Option(
            metavar="V",
            help="Units that confirmed this release take none below version V again, such as 0.1.0; default: the "
            "highest that this key signed so far",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go")] = OUT,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Sign nothing: no vault is needed; for boards on a cable only")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make the key that signs releases, and publish its public half")
    ] = False,
    trust: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Let the vault trust this public release key, made on another computer"),
    ] = None,
    signer: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="INTERLOCK_SIGNER", help="Where the release key is; default HOME/signer"),
    ] = None,
    signer_key_file: Annotated[
        Path | None,
        typer.Option(
            OPTION,
            metavar="FILE",
            envvar="INTERLOCK_SIGNER_KEY_FILE",
            help="What opens the release key, instead of a passphrase; with --new-key it is made if there is none",
        ),
    ] = None,
    explain: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="What a number or a short name in a unit's traceback stands for"),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Build this checkout's application for all boards, and sign it with the force's release key.

    A release is one file a board, interlock-VERSION-BOARD.ilu. The version is the firmware's own (interlock.VERSION).
    The same source, mpy-cross and zlib (sizes.json names both) give the same bytes, on any day and in any folder, and
    the same signature; SHA256SUMS beside it says which.

    Units take a release over the air only when it is signed by the key whose public half interlock flash put into
    them. --new-key makes that key, once, in a vault of its own (HOME/signer, or --signer DIR: a stick, another
    computer) that opens by its own passphrase, each time: who steals the everyday vault, unlocked, can update units
    but signs nothing. The everyday vault keeps the public half, sealed; --trust FILE brings it one from elsewhere.
    Back the signer up: interlock --home DIR vault backup. Another key later locks all units out that hold the first,
    until they are flashed anew.

    Old releases stay good until a release rules them out: a unit that confirmed one takes nothing below its
    --minimum again, not even from an admin. The first has none (0.0.0): whatever was signed can come back.

    Units run the application made small: names are short, texts of errors are numbers. --explain says what they stand
    for, by the map that lies beside each release.

    Examples:

    - `interlock release --new-key`: once, before the first unit is flashed
    - `interlock release --minimum 0.1.0`: whatever is older than 0.1.0 never comes back
    - `interlock release --signer /media/stick/signer`: the key lies on a stick
    - `interlock release --trust release.pub`: another computer signs; this one flashes and updates
    - `interlock release --explain 1004 --board pico_w`: what a unit means that printed it

    Next: `interlock update --all build/firmware/*.ilu` gives it to units in service.

    Exit codes: 0 done; 1 nothing known of a WORD; 2 refused: no release key, no checkout, no compiler.

    JSON: {version, minimum, public_key, is_signed, out, releases: [{board, file, bytes, mpy_bytes, sha256}], explained:
    [{word, stands_for: [text]}]}; public_key: hex of 60 bytes (RFC 8554), null when nothing is signed.
    """
    desk = Desk(of(context), signer, signer_key_file, yes)
    if sum((bool(explain), new_key, trust is not None)) > 1:
        raise ToolError("--new-key, --trust and --explain are different things", "Do them one after the other.")
    if explain:
        _explain(explain, out, board or [], as_json)
        return
    told = NOTHING
    if new_key or trust is not None:
        told = NOTHING | {"public_key": (desk.new_key() if trust is None else desk.trust(trust)).hex()}
    else:
        wanted = None if minimum is None else version(minimum)
        told = _release(None if unsigned else desk.signer(), board, wanted, out, as_json)
    if as_json:
        print_json(told)
    else:
        _show(told, new_key)


def _release(
    signer: "Signer | None", board: list[str] | None, minimum: tuple[int, ...] | None, out: Path, quiet: bool
) -> dict[str, Any]:
    """Build, sign and write; what there is to tell."""
    from ..building import release as building

    least = _minimum(signer, minimum)
    built = []
    for name in board or building.boards():
        with working(f"{name}: building", quiet=quiet):
            one = building.build(name, least)
            built.append((one, signer.sign(building.signed_bytes(one)) if signer else b""))
    building.write(out, built)
    releases = []
    for one, signature in built:
        data = one.file(signature)
        made = {"board": one.board, "file": one.name, "bytes": len(data), "mpy_bytes": one.sizes()[building.ALL]}
        releases.append(made | {"sha256": hashlib.sha256(data).hexdigest()})
    return NOTHING | {
        "version": building.text(built[0][0].version),
        "minimum": building.text(least),
        "public_key": signer.public.hex() if signer else None,
        "is_signed": signer is not None,
        "out": str(out),
        "releases": releases,
    }


def _minimum(signer: "Signer | None", wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    """The one that is asked for, else the highest that was signed; on record before anything is signed with it."""
    from ..building import release as building

    if signer is None:
        return building.NO_MINIMUM if wanted is None else wanted
    minimum, own = signer.minimum if wanted is None else wanted, building.version(building.firmware())
    if wanted is None and minimum > own:
        raise ToolError(
            f"this checkout is {building.text(own)}, and what is below {building.text(minimum)} was ruled out by a "
            "release that this key signed",
            "Units that confirmed that one take nothing older: raise interlock.VERSION. By cable: --unsigned.",
        )
    building.check_minimum(own, minimum)
    signer.keep_minimum(minimum)
    return minimum


def version(text: str) -> tuple[int, ...]:
    """Three numbers below 256. ToolError for anything else."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        raise ToolError(f"{text!r} is no version", "A version is three numbers below 256, such as 0.1.0.")
    return tuple(int(part) for part in parts)


def _maps(folder: Path, boards: list[str]) -> list[Path]:
    found = sorted(folder.glob("*.ilu.map.json"))
    if boards:
        found = [path for path in found if path.name.removesuffix(".ilu.map.json").rpartition("-")[2] in boards]
    if not found:
        raise ToolError(f"there is no map of a release in {folder}", "Name the folder of the release: --out DIR.")
    return found


def stands_for(word: str, maps: dict[str, dict[str, str]]) -> list[str]:
    """What a word of a unit's traceback may stand for, by a release's map."""
    found = []
    for chunk, names in maps.items():
        if chunk == "attributes":
            found += sorted(real for real, short in names.items() if short == word)
        elif word in names:
            found.append(names[word])
    return found


def _explain(words: list[str], folder: Path, boards: list[str], as_json: bool) -> None:
    maps = _maps(folder, boards)
    found: dict[str, list[str]] = {word: [] for word in words}
    for path in maps:
        held = json.loads(path.read_bytes())
        for word in words:
            found[word] += [text for text in stands_for(word, held) if text not in found[word]]
    explained = [{"word": word, "stands_for": texts} for word, texts in found.items()]
    if as_json:
        print_json(NOTHING | {"explained": explained})
    else:
        rows = table("word", "stands for")
        for word, texts in found.items():
            rows.add_row(word, "\n".join(texts) or "nothing in this release")
        console().print(rows)
    if not all(found.values()):
        end(Exit.FINDINGS)


def _show(told: dict[str, Any], new_key: bool) -> None:
    if told["version"] is None:
        did = (
            "is made. interlock flash puts its public half into units" if new_key else "is the one that is trusted now"
        )
        console().print(f"The release key {did}:\n{told['public_key']}", markup=False, soft_wrap=True)
        return
    rows = table("board", "file", "bytes", ".mpy bytes", "SHA-256")
    for one in told["releases"]:
        rows.add_row(
            one["board"], one["file"], f"{one['bytes']:,}", f"{one['mpy_bytes']:,}", one["sha256"][:16] + "..."
        )
    console().print(rows)
    how = "signed" if told["is_signed"] else "not signed: for boards on a cable only"
    console().print(f"Version {told['version']}, {how}; in {told['out']}, with SHA256SUMS and maps.")
    if told["minimum"] == "0.0.0":
        back = "It rules nothing out: a unit can go back from it to whatever was signed before (--minimum V)."
    else:
        back = f"A unit that has confirmed it takes nothing below {told['minimum']} again, but by cable."
    console().print(back, markup=False, soft_wrap=True)
