"""The reader that was written from the text agrees with ours: on files, on changed files, on flash after power cuts."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools import journal_file
from interlock.core import records
from interlock.core.journal import Journal, Reading
from tests.core.flash import PowerCut, RamFlash

from . import independent
from .documents import JOURNAL, dump

SERIAL = b"HOLSTER1"


def carry():
    return [(records.RESERVE, records.pack(records.RESERVE, 256))]


def outcome(data):
    """(intact, offset) as the host tool says it."""
    verdict = journal_file.check(data)
    return (True, None) if isinstance(verdict, journal_file.Intact) else (False, verdict.offset)


def test_every_changed_byte_of_the_worked_file_is_refused_at_the_same_place_by_both():
    whole = dump(JOURNAL, "example: ilj")
    assert outcome(whole) == (True, None)
    for at in range(len(whole)):
        for value in {whole[at] ^ 1, whole[at] ^ 0x80, 0x00, 0xFE, 0xFF} - {whole[at]}:
            bad = whole[:at] + bytes([value]) + whole[at + 1 :]
            ok, offset, _ = independent.verify(bad)
            assert not ok and (ok, offset) == outcome(bad), f"byte {at} changed to {value:#x}"


def test_a_file_cut_or_continued_anywhere_is_refused_at_the_same_place_by_both():
    whole = dump(JOURNAL, "example: ilj")
    for bad in [whole[:length] for length in range(len(whole))] + [whole + b"\x00", whole + whole]:
        ok, offset, _ = independent.verify(bad)
        assert not ok and (ok, offset) == outcome(bad), f"{len(bad)} bytes"


def test_a_record_taken_out_is_refused_where_the_next_one_stands():
    whole = dump(JOURNAL, "example: ilj")
    assert independent.verify(whole[:56] + whole[56 + 29 :]) == (False, 56, "sequence")


def test_what_is_wrong_under_right_checksums_is_refused_at_the_same_place_by_both():
    start = independent.chain_start(SERIAL)
    first, after = independent.write_record(records.BOOT, 0, 1, 3, bytes(4), start)
    second, _ = independent.write_record(records.RESERVE, 1, 1, 5, bytes(4), after)
    unchained, _ = independent.write_record(records.RESERVE, 1, 1, 5, bytes(4), start)
    late, _ = independent.write_record(records.RESERVE, 2, 1, 5, bytes(4), after)
    cases = (
        (independent.write_ilj(1, 1, b"HOLSTER2", 0, start, [first, second]), 20),
        (independent.write_ilj(1, 1, SERIAL, 1, start, [first, second]), 56),
        (independent.write_ilj(1, 1, SERIAL, 0, start, [first, unchained]), 56 + 29),
        (independent.write_ilj(1, 1, SERIAL, 0, start, [first, late]), 56 + 29),
    )
    for data, where in cases:
        ok, offset, _ = independent.verify(data)
        assert (ok, offset) == outcome(data) == (False, where)
    assert outcome(independent.write_ilj(1, 1, SERIAL, 0, start, [first, second])) == (True, None)


def worked(seed, turns):
    """A flash on which a unit lived through `turns` cuts at any operation, with records of any length."""
    chance = random.Random(seed)
    flash = RamFlash(5, 512)
    flash.keep_bits = lambda _: chance.getrandbits(8)
    for _ in range(turns):
        flash.cut_after = flash.operations + chance.randrange(1, 30)
        try:
            log = Journal(flash, SERIAL, carry)
            while True:
                log.append(chance.choice((16, 200)), chance.randbytes(chance.randrange(65)), chance.randrange(1 << 40))
                if chance.random() < 0.3:
                    log.tidy(0)
        except PowerCut:
            continue
    flash.cut_after = None
    return flash


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 32), turns=st.integers(1, 12))
def test_flash_that_lived_through_power_cuts_is_read_alike_and_its_file_is_intact(seed, turns):
    flash = worked(seed, turns)
    Journal(flash, SERIAL, carry)  # recovery may have to begin anew after a cut in the very first operation
    ours = Reading(flash)
    first, chain, held = independent.read_flash(bytes(flash.data), flash.sector_bytes)
    assert (first, chain) == (ours.first, ours.chain)
    assert [record.raw for record in held] == [record.raw for record in ours.records]
    data = independent.write_ilj(1, 1, SERIAL, first, chain, held)
    assert independent.verify(data) == (True, None, "intact")
    header = journal_file.Header(1, 1, SERIAL, first, chain)
    assert journal_file.write(header, ours.records) == data


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 32), turns=st.integers(1, 12))
def test_writing_goes_on_where_the_text_says(seed, turns):
    flash = worked(seed, turns)
    log = Journal(flash, SERIAL, carry)
    images = [bytes(flash.data[at : at + 512]) for at in range(0, flash.size, 512)]
    sectors = [(s.sequence, index, s) for index, s in enumerate(map(independent.read_sector, images)) if s]
    _, index, newest = max(sectors, key=lambda entry: entry[0])
    log.append(records.RESERVE, records.pack(records.RESERVE, 1), 0)
    written = independent.read_sector(bytes(flash.data[index * 512 : (index + 1) * 512]))
    if newest.free + 32 <= 512:
        assert independent.record_at(images[index], newest.free) is None
        assert written is not None and written.records[:-1] == newest.records
        assert flash.data[index * 512 + newest.free] == 4
    else:
        assert written == newest
