"""A journal as files for other people's tools: the journal itself, other versions of it, and what it signed."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from interlock.core import checkpoint

from ..journal_file import join
from ..journal_items import Header, Signed
from ..outcome import ToolError
from ..store.lines import StoredJournal

Facts = dict[str, str | int | None]


class Version(NamedTuple):
    """Another version of a journal; `begins`: number of its first record that the journal does not have."""

    begins: int
    header: Header
    raws: list[bytes]


def versions_of(journal: StoredJournal) -> list[Version]:
    """Those that decode, each from where it is known."""
    return [
        Version(
            branch.begins,
            Header(*journal.header[:3], branch.records[0].sequence, branch.chain, branch.epoch),
            [record.raw for record in branch.records],
        )
        for branch in journal.branches
        if branch.records
    ]


def write_journal(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", "Name another place: --out FILE.") from error


def write_version(name: str, version: Version, folder: Path | None) -> Facts:
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


def write_checkpoints(folder: Path, held: Sequence[Signed]) -> list[Facts]:
    """The files of each (N.msg, N.sig, N.pub); what was said of them. ToolError when they cannot be written."""
    written: list[Facts] = []
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
