"""`interlock export --parquet DIR`: all records, and all events with their verdicts, as columns for DuckDB, Spark or
Trino, partitioned as Hive does it:

    records/unit=SERIAL/month=2027-01/records.parquet     month=unknown: of boots whose clock was never set
    events/unit=SERIAL/month=2027-01/events.parquet       draws, arms, discharges of that weapon: as a report lists them
    files.json        every file with its rows; `is_whole` is false while they are written, and after a run that was
                      broken off

One unit's journal, or one neighbourhood's, is in a process at a time. Done again, each file is replaced whole by what
is held now, and those that hold nothing any more go; whoever reads meanwhile may find some new and some old. Columns:
`columns.py`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from .. import durable
from ..auditing.audit import Knowing
from ..outcome import Exit, ToolError
from ..reporting.asked import Asked, Beside, Holdings
from ..reporting.making import parts
from ..reporting.model import Use
from ..workers.sharing import shared
from .columns import EVENTS, RECORDS, event_rows, packed, pyarrow, record_rows

if TYPE_CHECKING:
    from ..workers.executor import Executor

MANIFEST = "files.json"
SERIAL_MAX = 100  # characters
Progress = Callable[[float, float], None]


class Written(NamedTuple):
    """`files`: how many there are now; `records`, `events`: rows in them."""

    files: int
    records: int
    events: int


def write(
    holdings: Holdings,
    beside: Beside,
    folder: Path,
    executor: "Executor | None" = None,
    progress: Progress = lambda _, __: None,
    *,
    asked: Asked | None = None,
    knowing: Knowing | None = None,
) -> Written:
    """All that is held, in this folder. `asked`: what events are judged for, None: records only, no events; `knowing`:
    as of `reporting.making.parts`. ToolError when a journal cannot be read, a file not written, or when something else
    is in the folder."""
    pyarrow()
    before = _manifest(folder)
    durable.make_private(folder)
    if before is None and any(folder.iterdir()):
        raise ToolError(
            f"{folder} holds files that no such export made", "Name an empty folder, or one of an earlier --parquet."
        )
    now: dict[str, int] = {}
    _note(folder, before or {}, is_whole=False)  # so that what is written from here on is known to be this export's
    share = 0.5 if asked is not None else 1.0
    made_of: list[Iterable[tuple[str, bytes, int]]] = [
        _records(holdings, executor, lambda done, total: progress(share * done, total))
    ]
    if asked is not None:
        made_of.append(
            _events(holdings, beside, asked, executor, lambda done, total: progress(done + total, 2 * total), knowing)
        )
    counts = [0, 0]
    for place, made in enumerate(made_of):
        for name, data, count in made:
            durable.make_private((folder / name).parent)
            durable.replace(folder / name, data)
            now[name] = count
            counts[place] += count
    for name in sorted(set(before or {}) - set(now)):
        _remove(folder, name)
    _note(folder, now, is_whole=True)
    return Written(len(now), *counts)


def partition(kind: str, serial: str, month: str) -> str:
    """The path of a partition's file, of names that are safe on any disk: what is not a letter, digit, `_`, `.`, `-` or
    `~` is written %XX, as Hive does. What is too long for a name, as no unit's serial is, is shortened: the column
    `serial` has all of it."""
    name = quote(str(serial).encode("utf-8", "surrogatepass"), safe="")
    if len(name) > SERIAL_MAX:
        name = f"{name[:SERIAL_MAX].replace('%', '_')}~{hashlib.sha256(name.encode()).hexdigest()}"
    return f"{kind}/unit={name}/month={month}/{kind}.parquet"


def _records(holdings: Holdings, executor: "Executor | None", progress: Progress) -> Iterator[tuple[str, bytes, int]]:
    """(path, bytes, rows) of each file."""
    serials = [unit.serial for unit in holdings.units()]
    for done, (_, files) in enumerate(shared(partial(of_unit, holdings), serials, executor), 1):
        yield from files
        progress(done, len(serials))


def of_unit(holdings: Holdings, serial: str) -> list[tuple[str, bytes, int]]:
    """The files of one unit's records, in any process."""
    return _files("records", RECORDS, serial, record_rows(holdings.journal(serial)))


def _files(
    kind: str, columns: dict[str, str], serial: str, rows: Iterable[tuple[str, tuple[Any, ...]]]
) -> list[tuple[str, bytes, int]]:
    by_month: dict[str, list[tuple[Any, ...]]] = {}
    for month, row in rows:
        by_month.setdefault(month, []).append(row)
    return [
        (partition(kind, serial, month), packed(columns, several), len(several))
        for month, several in sorted(by_month.items())
    ]


def _events(
    holdings: Holdings,
    beside: Beside,
    asked: Asked,
    executor: "Executor | None",
    progress: Progress,
    knowing: Knowing | None,
) -> Iterator[tuple[str, bytes, int]]:
    for part in parts(holdings, beside, asked, executor, progress, knowing=knowing):
        by_weapon: dict[str, list[Use]] = {}
        for use in part.uses:
            by_weapon.setdefault(use.serial, []).append(use)
        for serial, uses in sorted(by_weapon.items()):
            yield from _files("events", EVENTS, serial, (row for use in uses for row in event_rows(use)))


def _manifest(folder: Path) -> dict[str, int] | None:
    """Rows by file, of an earlier export; None: there was none. Files that are named from outside of the folder are
    none of ours."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        return {str(name): int(rows) for name, rows in found["files"].items()}
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise ToolError(f"{folder} is no folder", "Name an empty one.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"{folder / MANIFEST} says nothing of an earlier export: {error}", "Name an empty folder.", Exit.USAGE
        ) from error


def _note(folder: Path, rows: dict[str, int], *, is_whole: bool) -> None:
    facts = {"is_whole": is_whole, "files": dict(sorted(rows.items()))}
    durable.replace(folder / MANIFEST, (json.dumps(facts, indent=1) + "\n").encode())


def _remove(folder: Path, name: str) -> None:
    """One of an earlier export's files, and the folders that it leaves empty."""
    inside = name.split("/")
    if len(inside) != 4 or inside[0] not in ("records", "events") or ".." in inside:
        return
    durable.remove(folder / name)
    for above in ((folder / name).parent, (folder / name).parent.parent):
        if not any(above.iterdir()):
            above.rmdir()
