"""Journal files: what was written verifies; any change is found, and where."""

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.journal_file import Altered, Header, Intact, check, write
from interlock.core import records
from interlock.core.journal import Record, chain_start, encode

SERIAL = b"HOLSTER1"


def journal(count: int, first: int = 0) -> tuple[Header, list[Record]]:
    chain = chain_start(SERIAL)
    out = []
    for i in range(first + count):
        raw, after = encode(records.RESERVE, i, 1, i * 1000, records.pack(records.RESERVE, i), chain)
        if i == first:
            start = chain
        chain = after
        out.append(Record(raw))
    return Header(1, 7, SERIAL, first, start if count else chain), out[first:]


def sample(count: int = 5, first: int = 0) -> bytes:
    return write(*journal(count, first))


def test_an_untouched_file_is_intact_and_says_whose_it_is() -> None:
    verdict = check(sample())
    assert isinstance(verdict, Intact)
    assert verdict.header.serial == SERIAL and verdict.header.unit == 7
    assert [record.sequence for record in verdict.records] == [0, 1, 2, 3, 4]


def test_a_journal_whose_oldest_records_were_overwritten_is_intact() -> None:
    assert isinstance(check(sample(4, first=20)), Intact)


def test_every_single_changed_byte_is_found_at_or_before_where_it_is_used() -> None:
    data = sample()
    for at in range(len(data)):
        for change in (0x01, 0x80, 0xFF):
            bad = bytearray(data)
            bad[at] ^= change
            verdict = check(bytes(bad))
            assert isinstance(verdict, Altered), at
            assert 0 <= verdict.offset <= len(data) and verdict.reason
            if 56 <= at < len(data) - 44:
                assert verdict.offset <= at < verdict.offset + 29, "it says which record"


@given(st.integers(0, 4), st.data())
@settings(max_examples=60, derandomize=True)
def test_removed_swapped_doubled_and_cut_are_found(count: int, data: st.DataObject) -> None:
    header, all_records = journal(6)
    kind = data.draw(st.sampled_from(["remove", "swap", "double"]))
    at = data.draw(st.integers(0, 4))
    changed = list(all_records)
    if kind == "remove":
        del changed[at]
    elif kind == "swap":
        changed[at], changed[at + 1] = changed[at + 1], changed[at]
    else:
        changed.insert(at, changed[at])
    verdict = check(write(header, changed))
    assert isinstance(verdict, Altered) and verdict.sequence == (at + 1 if kind == "double" else at)


def test_a_file_cut_anywhere_is_altered() -> None:
    data = sample()
    for length in range(len(data)):
        assert isinstance(check(data[:length]), Altered)
    assert isinstance(check(data + b"\0"), Altered)


@given(st.binary(max_size=400))
@settings(max_examples=200, derandomize=True)
def test_any_bytes_give_a_verdict_and_never_an_exception(data: bytes) -> None:
    assert isinstance(check(data), Altered)


@given(st.binary(max_size=200), st.integers(0, 260))
@settings(max_examples=200, derandomize=True)
def test_a_file_with_any_bytes_written_over_it_gives_a_verdict(patch: bytes, at: int) -> None:
    data = bytearray(sample())
    data[at : at + len(patch)] = patch
    verdict = check(bytes(data))
    assert isinstance(verdict, Intact) == (bytes(data) == sample())
