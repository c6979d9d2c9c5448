"""A sector's bytes as they are read: which header is one, which records are due in it, what is left over."""

from interlock.core import records
from interlock.core.layout import (
    NUMBER_MAX,
    OVERHEAD_BYTES,
    RECORD_MAX,
    SECTOR_HEAD_BYTES,
    UNKNOWN,
    Ring,
    Sector,
    SectorHead,
    chain_start,
    decode,
    decode_head,
    encode,
    find_head,
    first_record,
    is_due,
    padded,
)
from interlock.core.seal import OpenSeal
from tests.core.flash import RamFlash
from tests.core.journal_written import Dead

SECTOR_BYTES = 1024
CHAIN = chain_start(b"HOLSTER1")
MOST = SECTOR_BYTES // OVERHEAD_BYTES


def record_bytes(sequence):
    """A record of 27 bytes with its padding."""
    raw, _ = encode(records.RESERVE, sequence, 7, sequence * 10, b"\x00\x01\x02\x03", CHAIN, OpenSeal())
    return raw + b"\xff" * (padded(len(raw)) - len(raw))


STEP = len(record_bytes(0))


def sector(*sequences, first=None, more=()):
    """The Sector with these records behind a header that begins with `first`, none without it. `more`: (offset,
    bytes) that stand there besides."""
    data = bytearray(b"\xff" * SECTOR_BYTES)
    if first is not None:
        data[:SECTOR_HEAD_BYTES] = SectorHead(3, first, CHAIN, 5).encode()
    for i, sequence in enumerate(sequences):
        data[SECTOR_HEAD_BYTES + i * STEP : SECTOR_HEAD_BYTES + (i + 1) * STEP] = record_bytes(sequence)
    for offset, what in more:
        data[offset : offset + len(what)] = what
    return Sector(data)


def numbers(found):
    return [record.sequence for record in found.records]


def test_a_header_is_read_as_it_was_written_up_to_the_largest_number():
    for number, first in ((0, 0), (NUMBER_MAX, 0), (0, NUMBER_MAX), (NUMBER_MAX, NUMBER_MAX)):
        head = decode_head(SectorHead(number, first, CHAIN, 1 << 24).encode() + b"\xff" * 9)
        assert (head.number, head.first, head.chain, head.epoch) == (number, first, CHAIN, 1 << 24)


def test_a_header_beyond_the_largest_number_is_none_though_its_checksum_holds():
    for number, first in ((NUMBER_MAX + 1, 0), (0, NUMBER_MAX + 1)):
        assert decode_head(SectorHead(number, first, CHAIN, 0).encode()) is None


def test_as_many_numbers_may_be_missing_in_a_sector_as_it_can_hold():
    for due in (0, 100):
        for ahead, expected in ((-1, False), (0, True), (MOST, True), (MOST + 1, False)):
            if due + ahead >= 0:
                assert is_due(decode(record_bytes(due + ahead), 0), due, SECTOR_BYTES) == expected


def test_an_erased_sector_is_blank_and_one_programmed_byte_anywhere_makes_it_another():
    found = sector()
    assert (found.head, found.records, found.torn, found.is_blank, found.free) == (None, [], 0, True, SECTOR_BYTES)
    for at in (0, 1, SECTOR_HEAD_BYTES, SECTOR_BYTES - 1):
        assert not sector(more=((at, b"\x7f"),)).is_blank
    assert not sector(first=0).is_blank


def test_what_an_older_life_of_the_sector_left_over_is_no_record_of_it():
    assert numbers(sector(100, 5, 101, first=100)) == [100, 101]
    assert numbers(sector(100, 100, 101, first=100)) == [100, 101], "the same again is left over, too"
    assert numbers(sector(99, 100, 101, first=100)) == [100, 101]
    assert numbers(sector(100, 102 + MOST, 101, first=100)) == [100, 101], "and what is too new is nobody's"
    assert numbers(sector(5, 100, first=100)) == [100]


def test_without_a_header_the_first_record_says_what_is_due():
    assert numbers(sector(100, 5, 101, 101)) == [100, 101]
    assert sector(100, 101).spans() == [] and sector(100, 102).missing() == (0, 0)


def test_a_record_may_end_where_the_data_end_and_no_later():
    for payload in (b"", b"\xff" * 4, b"\xff" * records.PAYLOAD_MAX):
        raw, _ = encode(records.RESERVE, 1, 2, 3, payload, CHAIN, OpenSeal())
        for before in (b"", b"\x00" * 8):
            found = decode(before + raw, len(before))
            assert (found.payload, found.sequence, found.boot, found.uptime_ms) == (payload, 1, 2, 3)
            assert decode(before + raw[:-1], len(before)) is None
        assert decode(raw, len(raw)) is None
    assert decode(b"", 0) is None


def test_a_longer_payload_than_any_record_has_is_none_though_its_checksum_holds():
    raw, _ = encode(records.RESERVE, 1, 2, 3, b"\xff" * (records.PAYLOAD_MAX + 1), CHAIN, OpenSeal())
    assert decode(raw, 0) is None


def test_all_that_a_record_holds_is_told_by_its_parts():
    raw, _ = encode(records.RESERVE, 0xF0000000, 0xFFFF, (1 << 40) - 2, b"\x00\x01\x02\x03", CHAIN, OpenSeal())
    found = decode(raw + b"\xff" * 30, 0)
    assert (found.kind, found.sequence, found.boot) == (records.RESERVE, 0xF0000000, 0xFFFF)
    assert found.uptime_ms == (1 << 40) - 2 and found.raw == raw
    assert found.body + found.tag == found.chained == raw[:-4] and len(found.tag) == 6
    assert found.tag == OpenSeal().tag(CHAIN, found.body)


def test_a_write_that_was_torn_is_counted_and_passed_by_the_longest_record():
    end = SECTOR_HEAD_BYTES + 2 * STEP
    assert (sector(0, 1, first=0).torn, sector(0, 1, first=0).free) == (0, end)
    for touched, torn in ((0, 1), (RECORD_MAX - 1, 1), (RECORD_MAX, 2)):
        found = sector(0, 1, first=0, more=((end + touched, b"\x7f"),))
        assert (found.torn, found.free, numbers(found)) == (torn, end + torn * RECORD_MAX, [0, 1])
    found = sector(0, 1, first=0, more=((SECTOR_BYTES - 1, b"\x7f"),))
    assert found.free == SECTOR_BYTES and found.torn == (SECTOR_BYTES - 1 - end) // RECORD_MAX + 1


def test_runs_are_told_apart_where_a_number_is_missing_and_behind_that_the_chain_is_unknown():
    found = sector(100, 101, 104, 105, 107, first=100)
    told = [(span.first, span.chain, span.epoch, len(span.records)) for span in found.spans()]
    assert told == [(100, CHAIN, 5, 2), (104, UNKNOWN, 5, 2), (107, UNKNOWN, 5, 1)]
    told = [(span.first, span.chain, len(span.records)) for span in sector(102, first=100).spans()]
    assert told == [(102, UNKNOWN, 1)]
    told = [(span.first, span.chain, span.epoch, span.records) for span in sector(first=100).spans()]
    assert told == [(100, CHAIN, 5, [])]


def test_what_is_missing_is_the_first_number_that_is_and_how_many_there_are():
    found = sector(100, 101, 104, 105, 107, first=100)
    assert found.missing() == found.missing(108) == (102, 3)
    assert found.missing(110) == (102, 5)
    whole = sector(100, 101, first=100)
    assert whole.missing() == whole.missing(102) == whole.missing(50) == (0, 0)
    assert whole.missing(103) == (102, 1) and whole.missing(102 + MOST) == (102, MOST)
    assert whole.missing(103 + MOST) == (0, 0), "no sector holds so many: the next one is of another life"
    assert sector(102, first=100).missing() == (100, 2)


def with_seal(payload):
    """A sector of epoch 5 with a record that announces a new key as its second one."""
    sealed, _ = encode(records.SEAL, 101, 7, 0, payload, CHAIN, OpenSeal())
    sealed += b"\xff" * (padded(len(sealed)) - len(sealed))
    data = SectorHead(3, 100, CHAIN, 5).encode() + record_bytes(100) + sealed + record_bytes(102) + record_bytes(104)
    return Sector(data + b"\xff" * (SECTOR_BYTES - len(data)))


def test_behind_the_record_of_a_new_key_runs_are_of_its_epoch():
    for payload, epoch in ((records.pack(records.SEAL, 9), 9), (b"\x00\x09", 5)):
        found = with_seal(payload)
        assert numbers(found) == [100, 101, 102, 104]
        assert [(span.first, span.epoch) for span in found.spans()] == [(100, 5), (104, epoch)]


def test_the_ring_is_in_the_order_in_which_its_sectors_were_begun():
    flash = Dead(6, SECTOR_BYTES)
    for index, number in ((0, 7), (2, 5), (4, 6)):  # none of them got a record
        flash.program(index * SECTOR_BYTES, SectorHead(number, 30, CHAIN, 0).encode())
    flash.program(5 * SECTOR_BYTES, b"\x00")
    flash.dead = 3
    ring = Ring(flash)
    assert ring.order == [2, 4, 0] and ring.heads == {0: (7, 30), 2: (5, 30), 4: (6, 30)}
    assert (ring.headless, ring.unreadable) == ([5], [3])


class Late(RamFlash):
    """Reports that a read failed, when all was read."""

    fails = True

    def read(self, offset, buffer):
        RamFlash.read(self, offset, buffer)
        if self.fails:
            raise OSError(5)


def test_a_header_whose_read_was_reported_to_have_failed_is_none():
    flash = Late(4, SECTOR_BYTES)
    flash.program(0, SectorHead(7, 30, CHAIN, 0).encode())
    assert find_head(flash, 0) is None
    flash.fails = False
    assert find_head(flash, 0).first == 30 and find_head(flash, 1) is None


def test_of_sectors_with_one_number_the_one_that_begins_later_is_the_later():
    firsts = (50, 20, 80, 40, 70, 10, 60, 30)
    flash = Dead(len(firsts), SECTOR_BYTES)
    for index, first in enumerate(firsts):
        flash.program(index * SECTOR_BYTES, SectorHead(5, first, CHAIN, 0).encode())
    assert [firsts[index] for index in Ring(flash).order] == sorted(firsts)


def test_a_record_behind_the_place_of_the_header_is_seen_whatever_stands_there():
    flash = Dead(4, SECTOR_BYTES)
    for index in (1, 2):
        flash.program(index * SECTOR_BYTES + SECTOR_HEAD_BYTES, record_bytes(9))
    flash.program(0, b"\x00")
    flash.dead = 2
    assert [first_record(flash, index) is not None for index in range(4)] == [False, True, False, False]
