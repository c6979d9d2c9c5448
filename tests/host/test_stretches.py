"""Rows of a store as journal files, and back: whatever the rows are, they come back as they were."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.exporting.plain import of_row, read, to_rows, written
from host_tools.exporting.stretches import Stretch, laid_out, rows_of, signed_in
from host_tools.journal_items import Signed
from host_tools.outcome import ToolError
from host_tools.store.lines import Arrival, Row, Stored, assemble, without_doubles
from host_tools.verifying.walk import walk
from interlock.core import layout, records
from interlock.core.layout import CRC_BYTES, UNKNOWN, chain_next, chain_start
from interlock.core.seal import ERA_SHIFT, OpenSeal

SERIAL = "H1"
SIGNED = (Signed(b"message", b"signature", b"public"), Signed(b"", b"", b""))


def line(salt: int, first: int, count: int, chain: bytes, addition: int, epoch: int = 1 << ERA_SHIFT) -> list[Row]:
    """Rows as a pull brings them; every fifth record begins an epoch."""
    rows = []
    for sequence in range(first, first + count):
        is_seal = sequence % 5 == 4
        kind = records.SEAL if is_seal else records.RESERVE
        raw, after = layout.encode(
            kind, sequence, 1, sequence * 10, records.pack(kind, epoch + 1 if is_seal else salt), chain, OpenSeal()
        )
        after = UNKNOWN if chain == UNKNOWN else chain_next(chain, raw[:-CRC_BYTES])
        rows.append(Row(sequence, chain, after, epoch, raw, addition))
        chain, epoch = after, epoch + is_seal
    return rows


@st.composite
def stores(draw: st.DrawFn) -> list[Row]:
    """Main line, gaps, forks, stretches behind holes, and rows that somebody changed."""
    rows = line(0, 0, draw(st.integers(0, 12)), chain_start(b"H1      "), 1)
    for addition in range(2, draw(st.integers(2, 5))):
        if rows and draw(st.booleans()):
            begin = draw(st.sampled_from(rows))
            first, chain, epoch = begin.sequence + 1, begin.after, begin.epoch + (begin.sequence % 5 == 4)
        else:
            first, chain = draw(st.integers(0, 40)), draw(st.sampled_from([UNKNOWN, bytes(range(32))]))
            epoch = draw(st.integers(0, 9))
        rows += line(addition, first, draw(st.integers(1, 9)), chain, addition, epoch)
    for _ in range(draw(st.integers(0, 2)) if rows else 0):
        place = draw(st.integers(0, len(rows) - 1))
        change = draw(st.sampled_from(["raw", "after", "chain", "epoch", "length"]))
        row = rows[place]
        if change == "raw" and row.raw:
            rows[place] = row._replace(raw=row.raw[:-1] + bytes([row.raw[-1] ^ 1]))
        elif change == "length":
            rows[place] = row._replace(raw=draw(st.binary(max_size=60)))
        elif change == "epoch":
            rows[place] = row._replace(epoch=row.epoch + 7)
        else:
            rows[place] = row._replace(**{change if change != "raw" else "chain": bytes(reversed(range(32)))})
    return sorted(dict.fromkeys(rows), key=lambda row: (row.sequence, row.addition))


def through_files(stored: Stored) -> list[Row]:
    laid = laid_out(stored, SIGNED)
    text = written([of_row(stretch) for stretch in laid.stretches])
    stretches = to_rows(Stretch, read(text, "x"), "x")
    main = laid.files[f"{stored.serial}.ilj"]
    assert signed_in(main, laid.signed_at, len(SIGNED), "x") == list(SIGNED)
    return rows_of(stretches, laid.files, "x")


@given(rows=stores())
@settings(max_examples=300, deadline=None)
def test_whatever_a_store_holds_comes_back_as_it_was(rows: list[Row]) -> None:
    found = through_files(Stored(SERIAL, (1, 1, "one"), rows, [], []))
    expected = sorted(without_doubles(rows), key=lambda row: (row.sequence, row.addition))
    assert sorted(found) == sorted(expected)
    files = [laid_out(Stored(SERIAL, (1, 1, "one"), told, [], []), SIGNED).files for told in (rows, found)]
    assert files[0] == files[1], "who reads an export knows what its files must be"
    arrivals = [Arrival(row.sequence, row.sequence, "PC1", 5) for row in rows]
    one, other = (assemble(SERIAL, (1, 1, "one"), told, [], arrivals) for told in (rows, found))
    assert one.findings == other.findings and one.conflicts == other.conflicts and one.gaps == other.gaps
    assert [s._replace(verdict=None) for s in one.segments] == [s._replace(verdict=None) for s in other.segments]
    assert [b.begins for b in one.branches] == [b.begins for b in other.branches]


def test_the_journals_file_is_what_any_reader_of_journals_takes() -> None:
    rows = line(0, 0, 4, chain_start(b"H1      "), 1, epoch=0)
    fork = line(1, 2, 2, rows[2].chain, 2, epoch=0)
    laid = laid_out(Stored(SERIAL, (1, 1, "one"), sorted(rows + fork), [], []), [])
    assert sorted(laid.files) == ["H1.2.ilj", "H1.ilj"]
    for data in laid.files.values():
        found = walk(BytesIO(data))
        assert found.fault is None and found.header is not None and found.header.unit == 1
    assert sum(stretch.records for stretch in laid.stretches) == 6


@pytest.mark.parametrize(
    "change",
    [{"at": -1}, {"records": 0}, {"records": 3}, {"size": 7}, {"file": "other"}, {"first": 1 << 40}, {"chain": b""}],
)
def test_a_stretch_that_does_not_fit_its_file_is_told(change: dict[str, object]) -> None:
    laid = laid_out(Stored(SERIAL, (1, 1, "one"), line(0, 0, 4, chain_start(b"H1      "), 1), [], []), [])
    wrong = [laid.stretches[0]._replace(**change)]
    with pytest.raises(ToolError, match="stretch 0"):
        rows_of(wrong, laid.files, "journals/H1.json")
