"""Journal files: what was written verifies; any change is found, and where. What keys show: `test_verifying*.py`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.journal_file import Altered, Header, Intact, Run, Signed, check, join, write
from host_tools.journal_items import BREAK_BYTES, FOOTER_BYTES, HEADER_BYTES
from interlock.core import records
from interlock.core.layout import UNKNOWN, Record, chain_start, encode
from interlock.core.seal import OpenSeal

SERIAL = b"HOLSTER1"
RECORD_BYTES = 27


def journal(count: int, first: int = 0) -> tuple[Header, list[Record]]:
    chain = chain_start(SERIAL)
    chains, out = [chain], []
    for i in range(first + count):
        payload = records.pack(records.RESERVE, i)
        raw, chain = encode(records.RESERVE, i, 1, i * 1000, payload, chain, OpenSeal())
        chains.append(chain)
        out.append(Record(raw))
    return Header(1, 7, SERIAL, first, chains[first]), out[first:]


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
            if HEADER_BYTES <= at < len(data) - FOOTER_BYTES:
                assert verdict.offset <= at < verdict.offset + RECORD_BYTES, "it says which record"
                assert len(verdict.records) == (verdict.offset - HEADER_BYTES) // RECORD_BYTES


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


def test_a_hole_that_the_file_states_is_none_of_its_faults() -> None:
    header, held = journal(9)
    raws = [record.raw for record in held]
    chain = journal(1, first=6)[0].chain
    behind = [Run(4, UNKNOWN, 0, raws[4:6]), Run(6, chain, 0, raws[6:])]
    verdict = check(join(header, raws[:3], behind))
    assert isinstance(verdict, Intact)
    assert [record.sequence for record in verdict.records] == [0, 1, 2, 4, 5, 6, 7, 8]
    wrong = check(join(header, raws[:3], [Run(4, UNKNOWN, 0, raws[4:6]), Run(6, bytes([1]) * 32, 0, raws[6:])]))
    assert isinstance(wrong, Altered) and wrong.sequence == 6
    assert wrong.offset == HEADER_BYTES + 5 * RECORD_BYTES + 2 * BREAK_BYTES


def test_checkpoints_are_carried_whatever_they_are() -> None:
    header, held = journal(3)
    data = write(header, held, [Signed(b"message", b"signature", b"public"), Signed(b"", b"", b"")])
    verdict = check(data)
    assert isinstance(verdict, Intact) and len(verdict.records) == 3
    assert isinstance(check(data.replace(b"message", b"massage")), Altered)


def test_a_file_of_the_first_version_is_told_by_its_version() -> None:
    data = sample()
    verdict = check(data[:4] + b"\1" + data[5:])
    assert isinstance(verdict, Altered) and "version 1" in verdict.reason


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
