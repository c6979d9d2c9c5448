"""A journal as files for other people's tools: the journal itself, other versions of it, and what it signed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from interlock.core import checkpoint

from .. import durable
from ..journal_file import join
from ..journal_items import Header, Signed
from ..outcome import ToolError
from ..store.lines import StoredJournal
from ..store.runs import Runs, read_runs, runs_in

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
    """The journal's file, for its owner only. What is there already is replaced when all of it is in this one, too:
    an earlier export. ToolError otherwise, and when it cannot be written."""
    if path.exists() and not path.is_file():  # a pipe, a device: nothing of it can be lost
        _write(path, data, "Name another place: --out FILE.")
        return
    if (path.exists() or path.is_symlink()) and not _is_within(path, data):
        raise ToolError(
            f"{path} is there already, and holds what this journal does not",
            "Keep it (it may be evidence) and name a new file: --out FILE.",
        )
    durable.replace(path, data)


def _is_within(path: Path, data: bytes) -> bool:
    """Whether all records and signatures of the journal file at `path` are in `data`, or it is the same file."""
    try:
        if path.read_bytes() == data:  # that of an altered journal, too
            return True
        before, now = read_runs(path), runs_in(data)
    except (OSError, ToolError):
        return False
    is_same = before.header[:3] == now.header[:3] and set(before.signed) <= set(now.signed)
    return is_same and set(_numbered(before)) <= set(_numbered(now))


def _numbered(runs: Runs) -> Iterator[tuple[int, bytes]]:
    for run in runs.runs:
        yield from enumerate(run.raws, run.first)


def _put(path: Path, data: bytes, advice: str) -> None:
    """A file that may be there already, the same. ToolError when another one is."""
    try:
        if path.exists() and path.read_bytes() != data:
            raise ToolError(f"{path} is there already, and is another file", f"Keep it. {advice}")
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", advice) from error
    _write(path, data, advice)


def _write(path: Path, data: bytes, advice: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ToolError(f"{path} cannot be written: {error.strerror}", advice) from error


def write_version(name: str, version: Version, folder: Path | None) -> Facts:
    """What is said of another version, which is written as `name` where there is a folder for it."""
    if folder is not None:
        _put(folder / name, join(version.header, version.raws), "Name another place: --versions DIR.")
    return {
        "file": None if folder is None else name,
        "first": version.header.first,
        "differs_from": version.begins,
        "records": len(version.raws),
    }


def write_checkpoints(folder: Path, held: Sequence[Signed]) -> list[Facts]:
    """The files of each (N.msg, N.sig, N.pub); what was said of them. ToolError when they cannot be written, or when
    others, as another unit's, are there under these names."""
    advice = "Name another place: --checkpoints DIR."
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"{folder} cannot be made: {error.strerror}", advice) from error
    written: list[Facts] = []
    times: dict[str, int] = {}
    for signed in dict.fromkeys(held):
        said = checkpoint.unpack(signed.message)
        stem = "unknown" if said is None else str(said.index)
        times[stem] = times.get(stem, 0) + 1
        stem += f"-{times[stem]}" if times[stem] > 1 else ""
        names = {"message": f"{stem}.msg", "signature": f"{stem}.sig", "public": f"{stem}.pub"}
        for part, name in names.items():
            _put(folder / name, getattr(signed, part), advice)
        index, following = (None, None) if said is None else (said.index, said.following)
        written.append({"index": index, "following": following, **names})
    return written
