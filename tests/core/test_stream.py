"""The journal's stream by itself: chunks as far as the credit goes, cut into notifications, made piece by piece."""

import struct

from interlock.core import records, wire
from interlock.core.layout import RECORD_MAX, UNKNOWN, decode
from interlock.core.reading import Cursor
from interlock.core.secure import SessionKeys
from interlock.core.stream import RECORDS_A_PIECE, Stream
from tests.core.test_recovery import Unread, first_in, records_of, rot, written

ROOM = 100


class Pull:
    """A stream of the journal on `flash`, and the host that opens it. `taken`: records that it read so far."""

    def __init__(self, flash, log, sequence=0, credit=wire.CREDIT_MAX, limit=None):
        cursor = Cursor(flash, sequence)
        self.taken = 0
        take = cursor.take_raw

        def counted():
            record = take()
            self.taken += record is not None
            return record

        cursor.take_raw = counted
        limit = log.sequence if limit is None else limit
        self.stream = Stream(cursor, limit, credit, SessionKeys(b"k" * 32, b"s" * 32).stream)
        self.keys = SessionKeys(b"k" * 32, b"s" * 32).stream
        self.count = 0
        self.pipe = b""
        self.sizes = []  # of notifications

    def notification(self, room=ROOM):
        """Take one, if there is one; whether there was."""
        said = self.stream.take(room)
        if said is None:
            return False
        assert said[0] == self.count & 0xFF and len(said) <= room
        self.count += 1
        self.sizes.append(len(said))
        self.pipe += said[1:]
        return True

    def chunks(self, room=ROOM):
        """[(first sequence, sequences, bytes of the plain chunk)] of all that comes now."""
        while self.notification(room):
            pass
        found = []
        while self.pipe:
            length = struct.unpack_from(wire.CHUNK_LENGTH, self.pipe, 0)[0]
            plain = self.keys.open(self.pipe[2 : 2 + length])
            self.pipe = self.pipe[2 + length :]
            numbers, at = [], 4
            while at < len(plain):
                record = decode(plain, at)
                numbers.append(record.sequence)
                at += len(record.raw)
            found.append((struct.unpack_from(wire.CHUNK_HEAD, plain, 0)[0], numbers, len(plain)))
        return found


def numbers_of(chunks):
    return [number for _, numbers, _ in chunks for number in numbers]


def journal(count=300):
    return written(count, Unread(), list)


def test_chunks_follow_one_another_up_to_the_limit_and_nothing_comes_after():
    flash, log = journal()
    for limit in (1, 2, 3, 4, 100, log.sequence):
        pull = Pull(flash, log, limit=limit)
        chunks = pull.chunks()
        assert numbers_of(chunks) == list(range(limit)) and pull.stream.sent_to == limit
        assert [first for first, _, _ in chunks] == [numbers[0] for _, numbers, _ in chunks]
        assert pull.taken == limit and pull.chunks() == [] and not pull.stream.prepare()


def test_a_chunk_is_filled_as_far_as_the_longest_record_still_fits():
    for size in (4, 57, records.PAYLOAD_MAX):
        flash, log = journal(0)
        for _ in range(60):
            log.append(records.RESERVE, bytes(size), 0)
        sizes = [size for _, _, size in Pull(flash, log).chunks()]
        assert len(sizes) > 1 and max(sizes) <= wire.CHUNK_BYTES
        assert min(sizes[:-1]) >= 4 + wire.CHUNK_BYTES - RECORD_MAX


def test_what_is_sent_goes_as_far_as_the_credit():
    flash, log = journal()
    whole = Pull(flash, log).chunks()
    assert len(whole) > 5
    for credit in (0, 1, 3):
        pull = Pull(flash, log, credit=credit)
        assert pull.chunks() == whole[:credit] and pull.chunks() == []
        pull.stream.grant(1)
        assert pull.chunks() == whole[credit : credit + 1]
        pull.stream.grant(2)
        assert pull.chunks() == whole[credit + 1 : credit + 3]


def test_no_more_than_so_many_chunks_are_sent_ahead_whatever_is_granted():
    flash, log = written(800, Unread(9), list)
    pull = Pull(flash, log, credit=1)
    pull.stream.grant(2)
    assert len(pull.chunks()) == 3
    pull.stream.grant(1)
    pull.stream.grant(0xFFFF)
    assert len(pull.chunks()) == wire.CREDIT_MAX


def test_notifications_are_full_but_the_last_one_and_counted_round():
    flash, log = journal()
    for room in (20, 23, 100, 244, 509):
        pull = Pull(flash, log)
        assert numbers_of(pull.chunks(room)) == list(range(log.sequence))
        assert set(pull.sizes[:-1]) == {room} and 1 < pull.sizes[-1] <= room
        assert room > 23 or pull.count > 256


def test_a_sequence_counts_as_sent_with_the_chunk_that_it_is_in():
    flash, log = journal()
    whole = Pull(flash, log).chunks()
    pull = Pull(flash, log)
    assert pull.stream.sent_to == 0 and pull.notification()
    assert pull.stream.sent_to == whole[0][1][-1] + 1
    assert Pull(flash, log, 7).stream.sent_to == 7


def test_a_chunk_is_made_in_pieces_of_a_few_records_and_kept_until_it_is_taken():
    flash, log = journal()
    pull = Pull(flash, log)
    pieces, before = 0, 0
    while pull.stream.prepare():
        assert pull.taken - before <= RECORDS_A_PIECE
        pieces, before = pieces + 1, pull.taken
    assert pieces > 10 and pull.stream.sent_to == 0
    assert not pull.stream.prepare() and pull.taken == before, "one is made ahead, and no second"
    assert numbers_of(pull.chunks()) == list(range(log.sequence))


def test_without_credit_nothing_is_read():
    flash, log = journal()
    pull = Pull(flash, log, credit=0)
    assert not pull.stream.prepare() and not pull.notification() and pull.taken == 0


def test_before_a_hole_it_ends_with_one_empty_chunk():
    flash, log = journal()
    rot(flash, 20)
    pull = Pull(flash, log)
    chunks = pull.chunks()
    assert numbers_of(chunks) == list(range(20)) and chunks[-1] == (20, [], 4) and pull.stream.sent_to == 20
    assert [numbers for _, numbers, _ in chunks].count([]) == 1
    pull.stream.grant(5)
    assert pull.chunks() == []


def test_behind_a_hole_it_goes_to_the_sector_that_states_the_chain_again():
    flash, log = journal()
    rot(flash, 20)
    restated = first_in(flash, 1)
    cursor = Cursor(flash, 20)
    assert cursor.chain == UNKNOWN
    chunks = Pull(flash, log, 20).chunks()
    assert numbers_of(chunks) == list(range(21, restated)) and chunks[-1] == (restated, [], 4)
    assert chunks[0][0] == 21
    again = Pull(flash, log, restated)
    assert numbers_of(again.chunks()) == list(range(restated, log.sequence))
    assert len(records_of(flash)) == log.sequence - 1


def test_whatever_its_records_are_no_chunk_is_longer_than_a_host_expects():
    for payloads, first in (
        ([62] * 40, [12, 12]),  # eleven leave room for the longest, and twelve fill it to the last byte
        ([55] * 12 + [records.PAYLOAD_MAX] * 30, [12]),  # a thirteenth might not fit
    ):
        flash, log = journal(0)
        for size in payloads:
            log.append(records.RESERVE, bytes(size), 0)
        chunks = Pull(flash, log).chunks()
        assert [len(numbers) for _, numbers, _ in chunks][: len(first)] == first
        assert max([size for _, _, size in chunks]) <= wire.CHUNK_BYTES


def test_where_the_last_records_cannot_be_read_an_empty_chunk_says_that_nothing_comes():
    flash, log = journal()
    rot(flash, log.sequence - 1)
    pull = Pull(flash, log, log.sequence - 1)
    assert pull.chunks() == [(log.sequence - 1, [], 4)] and pull.chunks() == []


def ends_of(pull):
    """[(bytes of the stream up to its end, sequence behind it)] of each chunk."""
    while pull.notification():
        pass
    pipe, ends = pull.pipe, []
    for _, numbers, _ in pull.chunks():
        length = struct.unpack_from(wire.CHUNK_LENGTH, pipe, ends[-1][0] if ends else 0)[0]
        ends.append(((ends[-1][0] if ends else 0) + 2 + length, numbers[-1] + 1))
    return ends


def test_a_chunk_counts_as_sent_with_its_first_byte_however_notifications_fall():
    flash, log = journal(0)
    for number in range(100):
        log.append(records.RESERVE, bytes(5 if number == 0 else 4), 0)
    ends = ends_of(Pull(flash, log))
    even = [room for room in range(20, 245) if not ends[0][0] % (room - 1)]
    assert len(ends) > 2 and even, "some notifications end where the first chunk does"
    for room in even + [20, 97, 244]:
        pull = Pull(flash, log)
        while pull.notification(room):
            assert pull.stream.sent_to == next(to for end, to in ends if end >= len(pull.pipe))
