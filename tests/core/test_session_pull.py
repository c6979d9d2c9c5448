"""A pull: the journal streamed whole, from anywhere, over holes, under credit."""

import struct

from interlock.core import wire
from interlock.core.layout import decode
from tests.core.session_world import Host, Unit, prepared, some_access, some_settings


def test_a_pull_gives_every_record_as_it_is_stored():
    unit = Unit(journalled=400)
    host = Host(unit).open_technician()
    reason, body = host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4))
    first, following, _, _, _ = struct.unpack(wire.PULLED_FORM, body)
    held = [record.raw for record in _all(unit)]
    assert reason == wire.OK and (first, following) == (0, len(held))
    raws = []
    while True:
        chunks, _ = host.stream()
        if not chunks:
            break
        assert len(chunks) <= 4
        for first, raw in chunks:
            assert first == len(raws)
            at = 0
            while at < len(raw):
                record = decode(raw, at)
                raws.append(record.raw)
                at += len(record.raw)
        host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, len(chunks))))
    assert raws == held and host.session.pulled_to == len(held)


def _all(unit):
    cursor = unit.cursor(0)
    found = []
    while True:
        record = cursor.take()
        if record is None:
            return found
        found.append(record)


def test_a_pull_begins_anywhere_with_the_chain_value_there():
    unit = Unit(journalled=300)
    held = _all(unit)
    end = len(held)
    for start in (0, 1, 127, 128, end - 1, end, 5000):
        host = Host(unit).open_technician()
        _, body = host.ask(wire.PULL, struct.pack(wire.PULL_FORM, start, 1))
        first, following, chain, epoch, head = struct.unpack(wire.PULLED_FORM, body)
        cursor = unit.cursor(0)
        while cursor.sequence < first:
            cursor.take()
        assert first == min(start, end) and following == end and chain == cursor.chain
        assert epoch == 0 and head == unit.journal.head
        chunks, _ = host.stream()
        assert not chunks if start >= end else chunks[0][1].startswith(held[start].raw)


def test_a_pull_that_the_ring_overtakes_says_so_with_an_empty_chunk():
    unit = Unit(journalled=20, sector_bytes=512)
    host = Host(unit).open_technician()
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 0))
    for i in range(200):
        unit.journal.append(2, struct.pack(">I", i), i)
    host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, 30)))
    chunks, _ = host.stream()
    assert chunks[-1][1] == b"" and chunks[-1][0] < 20


def pulled(host, sequence):
    """(first, following, chain) of a PULL, and the records that come."""
    _, body = host.ask(wire.PULL, struct.pack(wire.PULL_FORM, sequence, wire.CREDIT_MAX))
    host.begin_stream()
    raws = []
    while True:
        chunks, _ = host.stream()
        if not chunks or chunks[-1][1] == b"":
            break
        host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, len(chunks))))
        raws += chunks
    numbers = []
    for _, raw in raws + chunks:
        at = 0
        while at < len(raw):
            record = decode(raw, at)
            numbers.append(record.sequence)
            at += len(record.raw)
    return struct.unpack(wire.PULLED_FORM, body), numbers


def rot(unit, sequence):
    """Let a record become unreadable."""
    raw = next(record.raw for record in _all(unit) if record.sequence == sequence)
    at = bytes(unit.flash.data).find(raw)
    unit.flash.data[at + 15] ^= 0x55


def test_a_pull_over_a_hole_breaks_off_and_goes_on_without_a_chain_value_until_a_sector_states_it():
    unit = Unit(journalled=400)
    end = unit.journal.sequence
    rot(unit, 20)
    host = Host(unit).open_technician()
    (first, following, _, _, head), numbers = pulled(host, 0)
    assert (first, following, head) == (0, end, unit.journal.head) and numbers == list(range(20))
    (first, _, chain, _, _), numbers = pulled(host, 20)
    assert first == 21 and chain == bytes(32) and numbers[0] == 21 and numbers[-1] < end - 1
    behind = numbers[-1] + 1
    (first, _, chain, _, _), numbers = pulled(host, behind)
    assert first == behind and chain != bytes(32) and numbers == list(range(behind, end))


def test_a_set_up_seals_the_journal_with_the_key_that_came_with_it():
    unit = Unit(boxed=True, journalled=3)
    host = Host(unit).open_setup()
    assert unit.seal.epoch == 0
    _, digest = host.ask(wire.PREPARE, prepared(some_settings(), some_access(), b"k" * 16))
    assert unit.seal.epoch == 0
    assert host.ask(wire.COMMIT, digest)[0] == wire.OK
    assert (unit.seal.epoch, unit.seal.key) == (1 << 24, b"k" * 16)
    unit.record(2, struct.pack(">I", 7))
    unit.boot()
    following = unit.journal.sequence
    admin = Host(unit).open_admin()
    (_, _, _, epoch, _), _ = pulled(admin, following - 1)
    assert epoch == 1 << 24 and (unit.seal.epoch, unit.seal.key) == (1 << 24, b"k" * 16)
    (_, _, _, epoch, _), _ = pulled(admin, 0)
    assert epoch == 0


def test_without_credit_nothing_is_streamed_and_stop_ends_it():
    unit = Unit(journalled=200)
    host = Host(unit).open_technician()
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 0))
    assert host.session.notification() is None
    host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, 1)))
    assert host.session.notification() is not None
    assert host.ask(wire.STOP)[0] == wire.OK and host.session.notification() is None
