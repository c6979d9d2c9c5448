"""The rows of one unit as journal files that anybody can read, and what those files cannot say of them.

The unit's journal (the main line, with all that it signed) is `SERIAL.ilj`, byte for byte what `interlock export`
writes; each other version that the store holds is `SERIAL.2.ilj`, `SERIAL.3.ilj`, from its beginning. A *stretch* says
of rows that stand one behind the other in one of these files what was noted with them: with which addition they came,
and the chain values that the unit stated. Rows come back as they were, those that somebody changed in the store, too;
only a record that is held twice, with and without its chain value, comes back once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

from interlock.core import records
from interlock.core.layout import CRC_BYTES, OVERHEAD_BYTES, UNKNOWN, Record, chain_next, chain_start

from .. import journal_file
from ..journal_items import BREAK_BYTES, HEADER_BYTES, Header, Malformed, Signed, Source
from ..store.lines import Row, Stored, branches_of, main_line, runs_of, serial_bytes, without_doubles
from .plain import wrong

SIGNED_MAX = 1 << 16
CHAIN_BYTES = len(UNKNOWN)


class Stretch(NamedTuple):
    """`records` rows, `size` bytes, in `file` from byte `at` on: records `first`, `first` + 1, ... that came with
    addition number `addition`. `chain`: before the first of them, `after`: behind the last, both as stated; in between
    each leads to the next. `epoch`: of the first one's seal; *seal* records move it on."""

    file: str
    at: int
    size: int
    first: int
    records: int
    chain: bytes
    after: bytes
    epoch: int
    addition: int


@dataclass(frozen=True)
class LaidOut:
    """`files`: by name; `signed_at`: byte of the journal from which on its checkpoints stand, one behind the other."""

    files: Mapping[str, bytes]
    stretches: tuple[Stretch, ...]
    signed_at: int


def laid_out(stored: Stored, signed: Sequence[Signed]) -> LaidOut:
    """The files of one unit."""
    unit, role, _ = stored.identity
    rows = without_doubles(stored.rows)
    raw_serial = serial_bytes(stored.serial, rows)
    runs = runs_of(rows)
    main = main_line(runs)

    def header(path: Sequence[Row]) -> Header:
        return Header(role, unit, raw_serial, path[0].sequence, path[0].chain, path[0].epoch)

    name = f"{stored.serial}.ilj"
    first, *later = main or [[]]
    begin = header(first) if first else Header(role, unit, raw_serial, 0, chain_start(raw_serial), 0)
    files = {
        name: journal_file.join(
            begin,
            [row.raw for row in first],
            [journal_file.Run(p[0].sequence, p[0].chain, p[0].epoch, [row.raw for row in p]) for p in later],
            signed,
        )
    }
    stretches = list(_stretches(name, main, frozenset()))
    signed_at = HEADER_BYTES + sum(len(row.raw) for path in main for row in path) + BREAK_BYTES * len(later)
    taken = {row for path in main for row in path}
    for run in runs:
        path = run.path()
        if any(row not in taken for row in run.rows):
            name = f"{stored.serial}.{len(files) + 1}.ilj"
            files[name] = journal_file.join(header(path), [row.raw for row in path])
            stretches += _stretches(name, [path], taken)
            taken.update(path)
    assert len(branches_of(runs, main)) == len(files) - 1
    return LaidOut(files, tuple(stretches), signed_at)


def _stretches(file: str, paths: Iterable[Sequence[Row]], known: Iterable[Row]) -> Iterator[Stretch]:
    """Of the rows in this file that are not known."""
    skipped = frozenset(known)
    at = HEADER_BYTES
    for place, path in enumerate(paths):
        at += BREAK_BYTES if place else 0
        open_: Stretch | None = None
        due: tuple[bytes, int] | None = None  # chain value and epoch of the next row, if it is to go on
        for row in path:
            size = len(row.raw)
            if row in skipped:
                open_, due, at = None, None, at + size
                continue
            goes_on = due == (row.chain, row.epoch) and _is_measured(row.raw)
            if open_ is not None and goes_on and row.addition == open_.addition:
                open_ = open_._replace(size=open_.size + size, records=open_.records + 1, after=row.after)
            else:
                if open_ is not None:
                    yield open_
                open_ = Stretch(file, at, size, row.sequence, 1, row.chain, row.after, row.epoch, row.addition)
            due = _due(row)
            if due is None:
                yield open_
                open_ = None
            at += size
        if open_ is not None:
            yield open_


def _due(row: Row) -> tuple[bytes, int] | None:
    """Chain value and epoch of the record behind it, where they follow from its bytes; None: they were stated
    otherwise, or the bytes do not even say how many they are."""
    if not _is_measured(row.raw) or row.after != _after(row.chain, row.raw):
        return None
    return row.after, _epoch_behind(row.raw, row.epoch)


def _is_measured(raw: bytes) -> bool:
    return bool(raw) and raw[0] <= records.PAYLOAD_MAX and len(raw) == OVERHEAD_BYTES + raw[0]


def _after(chain: bytes, raw: bytes) -> bytes:
    return UNKNOWN if chain == UNKNOWN else chain_next(chain, raw[:-CRC_BYTES])


def _epoch_behind(raw: bytes, epoch: int) -> int:
    record = Record(raw)
    begins = record.fields() if record.kind == records.SEAL else None
    return epoch if begins is None else int(begins.epoch)


def rows_of(stretches: Iterable[Stretch], files: Mapping[str, bytes], where: str) -> list[Row]:
    """The rows, by number and as they came. `where`: the unit's file, for people. ToolError when a stretch does not fit
    the file that it is about."""
    rows: list[Row] = []
    for number, stretch in enumerate(stretches):
        data = files.get(stretch.file)
        place = f"{where}, stretch {number}"
        if data is None or not _is_possible(stretch):
            raise wrong(place, "is none")
        raws = _cut(data[stretch.at : stretch.at + stretch.size], stretch.records)
        if raws is None:
            raise wrong(place, f"does not fit {stretch.file}, from byte {stretch.at} on")
        chain, epoch = stretch.chain, stretch.epoch
        for offset, raw in enumerate(raws):
            is_last = offset == stretch.records - 1
            after = stretch.after if is_last else _after(chain, raw)
            rows.append(Row(stretch.first + offset, chain, after, epoch, raw, stretch.addition))
            if not is_last:
                chain, epoch = after, _epoch_behind(raw, epoch)
    return sorted(rows, key=lambda row: (row.sequence, row.addition))


def _is_possible(stretch: Stretch) -> bool:
    least = min(stretch.at, stretch.size, stretch.first, stretch.records - 1, stretch.epoch, stretch.addition)
    most = max(stretch.first + stretch.records, stretch.epoch)
    return least >= 0 and most < 1 << 32 and len(stretch.chain) == len(stretch.after) == CHAIN_BYTES


def _cut(data: bytes, count: int) -> list[bytes] | None:
    """So many records, by the length that each begins with; one takes all there is. None: they do not fit."""
    if count == 1:
        return [data]
    raws: list[bytes] = []
    at = 0
    while at < len(data):
        raw = data[at : at + OVERHEAD_BYTES + data[at]]
        if not _is_measured(raw):
            return None
        raws.append(raw)
        at += len(raw)
    return raws if len(raws) == count else None


def signed_in(data: bytes, at: int, count: int, where: str) -> list[Signed]:
    """The checkpoints that stand in a journal file from byte `at` on. ToolError when they do not."""
    if not (0 <= at <= len(data) and 0 <= count <= SIGNED_MAX):
        raise wrong(where, "does not say where its checkpoints are")
    source = Source(BytesIO(data[at:]), len(data))
    source.more(0)
    found: list[Signed] = []
    place = 0
    try:
        for _ in range(count):
            one, size = source.signed(place)
            found.append(one)
            place += size
    except Malformed as error:
        raise wrong(where, f"has a checkpoint that is none, at byte {at + error.offset} of the file") from error
    return found
