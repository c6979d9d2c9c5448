"""What has to be done to a board, from what is on it and what shall be: pure, and only what differs.

The order is the law. Nothing starts while `/hold` is there, so whatever is cut leaves a board that starts nothing and
can be flashed again. A file is written beside its name and renamed, the identity comes when all files are right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from interlock_loader import slots

HOLD_FILE = "/hold"
SLOTS_FILE = "/slots"
RELEASE = "/a/app.ilu"
# What this tool, the loader and updates write, and nobody else: of these, what is not wanted goes.
OWN_FOLDERS = ("/interlock_loader", "/a", "/b", "/interlock")
OWN_FILES = ("/boot.py", "/main.py", "/board.py", "/release.pub", "/slots")


class Do(Enum):
    """Kinds of steps."""

    FOLDER = "make folder"
    PUT = "write"
    RENAME = "put in force"
    REMOVE = "remove"
    REMOVE_FOLDER = "remove folder"


@dataclass(frozen=True)
class Step:
    """`at`: bytes of `data` that are there already, of a PUT; `onto`: of a RENAME."""

    do: Do
    path: str
    data: bytes = b""
    onto: str = ""
    at: int = 0


def fresh_name(path: str) -> str:
    """Where a file is written before it is in force."""
    return f"{path[: -len('.ilu')]}.new" if path.endswith(".ilu") else f"{path}.new"


def sums(data: bytes) -> tuple[int, str]:
    """As a board says what a file is."""
    return len(data), sha256(data).hexdigest()


def plan(found: Mapping[str, tuple[int, str] | None], wanted: Mapping[str, bytes]) -> list[Step]:
    """The steps from the files that are there (`look.Found.files`) to those that are wanted ({path: contents}).

    What is whole already is not touched; a file that was written to its last byte and not renamed is renamed; one that
    was begun is gone on with where its beginning is right. Files of others stay."""
    steps = [
        Step(Do.FOLDER, folder)
        for folder in sorted({parent for path in wanted for parent in _parents(path)})
        if folder not in found
    ]
    for path in sorted(wanted, key=lambda path: (path == SLOTS_FILE, path)):
        data = wanted[path]
        if found.get(path) == sums(data):
            continue
        fresh = fresh_name(path)
        begun = found.get(fresh)
        at = begun[0] if begun is not None and begun == sums(data[: begun[0]]) else 0
        if begun is None or begun != sums(data):
            steps.append(Step(Do.PUT, fresh, data, at=at))
        steps.append(Step(Do.RENAME, fresh, onto=path))
    return steps + leavings(found, wanted)


def leavings(found: Mapping[str, tuple[int, str] | None], wanted: Mapping[str, bytes]) -> list[Step]:
    """Steps that remove what is ours and not wanted: releases before, halves of files, source beside a release."""
    kept = {parent for path in wanted for parent in _parents(path)}
    fresh = {fresh_name(path) for path, data in wanted.items() if found.get(path) != sums(data)}
    steps, folders = [], []
    for path, sum_ in sorted(found.items()):
        is_ours = path.removesuffix(".new") in OWN_FILES or any(
            path == own or path.startswith(f"{own}/") for own in OWN_FOLDERS
        )
        if not is_ours or path in wanted or path in kept or path in fresh:
            continue
        if sum_ is None:
            folders.append(path)
        else:
            steps.append(Step(Do.REMOVE, path))
    # What the running release was must go before its slot is said to be another's.
    return steps + [Step(Do.REMOVE_FOLDER, path) for path in reversed(folders)]


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: at + 1]) for at in range(len(parts))]


def wanted(files: Mapping[str, bytes], stored: bytes | None) -> dict[str, bytes]:
    """These files, and with a release among them the loader's `/slots` (`stored`: as it is on the board, or None): the
    release in slot a runs, confirmed at once, since a person stands by. Floor and count of bad boots stay as they are
    (`interlock_loader/slots.py`)."""
    if RELEASE not in files:
        return dict(files)
    before = None if stored is None else slots.unpack(stored)
    if stored is not None and before is not None and before.active == 0 and before.standing == slots.CONFIRMED:
        return {**files, SLOTS_FILE: stored}
    before = before or slots.FIRST
    after = slots.FIRST._replace(floor=before.floor, bad_boots=before.bad_boots)
    return {**files, SLOTS_FILE: bytes(slots.pack(after))}


def floor_of(stored: bytes | None) -> tuple[int, int, int]:
    """Below which version this unit takes nothing over the air."""
    before = (None if stored is None else slots.unpack(stored)) or slots.FIRST
    return tuple(before.floor)
