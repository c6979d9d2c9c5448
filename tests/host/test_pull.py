"""Pulls: only what is new, durable chunk by chunk, resumed after any break, and findings where a journal changed."""

import struct
from binascii import crc32

import pytest
from sqlalchemy import select

from host_tools import durable
from host_tools.flows.pull import FAILURES_MAX, pull, pull_unit
from host_tools.store.schema import records as records_table
from host_tools.store.store import Store
from interlock.core import records, wire
from interlock.core.journal import SCRUB_MS
from interlock.core.reading import Reading

from .fate import Fate
from .flow_world import struck, sweep, two_units, world_copy


def journal_of(world, serial="H1"):
    """What the store holds, verified."""
    store = Store.open(world.home / "journals.sqlite")
    try:
        return store.journal(serial)
    finally:
        store.close()


def raws_of(world, serial="H1"):
    return [record.raw for record in journal_of(world, serial).records]


def flash_raws(unit):
    return [record.raw for record in Reading(unit.journal_flash).records]


def filled(home, count=250):
    world = two_units(home)
    world.units["H1"].fill(count)
    return world


def test_a_pull_fetches_all_and_the_next_only_what_is_new(tmp_path):
    world = filled(tmp_path)
    first = world.do(pull_unit, "H1")
    assert (first.failure, first.findings, first.known, first.links) == (None, (), 0, 1)
    assert first.new == first.following == len(raws_of(world))
    assert raws_of(world) == flash_raws(world.units["H1"])[: first.following]
    world.units["H1"].fill(10)
    second = world.do(pull_unit, "H1")
    assert (second.new, second.known) == (second.following - first.following, 0)
    assert second.new == 11  # with the session's own record
    assert "PC1234" in {row.who for row in store_custody(world)}


def store_custody(world):
    store = Store.open(world.home / "journals.sqlite")
    try:
        return store.custody_of("H1")
    finally:
        store.close()


def test_progress_is_told_with_rate_and_time_left(tmp_path):
    world = filled(tmp_path, 600)
    told = []
    done = world.do(pull_unit, "H1", told.append)
    assert told[-1].records == told[-1].total == done.new and told[-1].bytes == done.bytes
    assert [at.records for at in told] == sorted(at.records for at in told)
    assert told[-1].rate_bytes_s > 0 and told[-1].eta_s == 0 and told[3].eta_s > 0


@pytest.mark.parametrize(("mtu", "stride"), [(247, 4), (40, 13), pytest.param(247, 1, marks=pytest.mark.deep)])
def test_a_pull_killed_at_every_frame_ends_with_the_same_store(tmp_path, monkeypatch, mtu, stride):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    start = filled(tmp_path / "start", 120)
    for at, home in sweep(tmp_path, stride):
        world = world_copy(start, home)
        world.mtu = mtu
        went_on = struck(world, at, True, pull_unit, "H1")
        done = world.do(pull_unit, "H1")
        assert (done.failure, done.findings, done.known) == (None, (), 0), at
        assert raws_of(world) == flash_raws(world.units["H1"])[: done.following]
        if not went_on:
            break
    assert at > 30


@pytest.mark.parametrize("stride", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_a_pull_cut_at_every_frame_makes_the_link_anew_and_ends_with_the_same_store(tmp_path, monkeypatch, stride):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    start = filled(tmp_path / "start", 120)
    for at, home in sweep(tmp_path, stride):
        world = world_copy(start, home)
        fate = Fate(at)
        done = world.do(pull_unit, "H1", fate=fate)
        assert (done.failure, done.findings, done.known) == (None, (), 0), at
        assert raws_of(world) == flash_raws(world.units["H1"])[: done.following]
        if fate.steps <= at:
            break
    assert at > 30


def test_a_link_that_dies_again_and_again_is_given_up_with_what_is_safe(tmp_path):
    world = filled(tmp_path, 600)

    class Cuts(Fate):
        def step(self):
            self.steps += 1
            return self.steps % 40 == 0 if self.steps < 90 else self.steps % 5 == 0

    done = world.do(pull_unit, "H1", fate=Cuts())
    assert done.failure and done.advice and done.new > 0
    assert done.links <= FAILURES_MAX + 4
    assert raws_of(world) == flash_raws(world.units["H1"])[: done.new]
    assert store_custody(world)[-1].what == "pull broken off"
    assert world.do(pull_unit, "H1").failure is None


@pytest.mark.parametrize("reason", [wire.FIRED, wire.CLOSED])
def test_a_unit_that_leaves_during_a_pull_is_pulled_again(tmp_path, reason):
    world = filled(tmp_path, 600)
    links = []
    told = []

    def report(at):
        told.append(at)
        if len(told) == 3:
            links[-1].end(reason)

    done = world.do(pull_unit, "H1", report, on_link=links.append)
    assert (done.failure, done.links) == (None, 2)
    assert raws_of(world) == flash_raws(world.units["H1"])[: done.following]


def test_a_unit_that_stays_away_leaves_a_plain_message(tmp_path):
    world = filled(tmp_path, 600)
    links = []

    def leave(at):
        links[-1].end(wire.FIRED)
        world.units["H1"].deaf_until_s = 1e9

    done = world.do(pull_unit, "H1", leave, on_link=links.append)
    assert "a weapon is in use" in done.failure and "back in its holster" in done.advice and done.new > 0


def test_several_units_are_pulled_and_one_that_fails_stops_no_other(tmp_path):
    world = two_units(tmp_path)
    world.units["H1"].deaf_until_s = 1e9
    world.units.pop("H1")
    gone, here = world.do(pull, ["H1", "C1"])
    assert (gone.serial, gone.new) == ("H1", 0) and "not heard" in gone.failure
    assert (here.serial, here.failure) == ("C1", None) and here.new > 0


def test_a_ring_that_overtook_the_pulls_is_a_finding(tmp_path):
    world = filled(tmp_path)
    world.do(pull_unit, "H1")
    world.units["H1"].fill(3000)
    done = world.do(pull_unit, "H1")
    assert [finding.kind for finding in done.findings] == ["overwritten"] and done.failure is None
    assert set(flash_raws(world.units["H1"])[: done.new]) <= all_raws(world)


def test_a_ring_that_overtakes_during_the_pull_is_pulled_on(tmp_path):
    world = filled(tmp_path, 600)
    once = []

    def write(at):
        if not once:
            once.append(at)
            world.units["H1"].fill(2500)

    done = world.do(pull_unit, "H1", write)
    assert done.failure is None and [finding.kind for finding in done.findings] == ["overwritten"]
    assert done.following > 2500
    assert set(flash_raws(world.units["H1"])[:-5]) <= all_raws(world)


def rolled_back(world, count):
    """The unit with an older image of its journal, gone on differently."""
    unit = world.units["H1"]
    image = bytes(unit.journal_flash.data)
    unit.fill(40)
    first = world.do(pull_unit, "H1")
    unit.journal_flash.data[:] = image
    unit.boot()
    unit.fill(count)
    return first


@pytest.mark.parametrize(("count", "kind"), [(0, "rolled_back"), (100, "rewritten")])
def test_a_journal_that_went_back_is_a_finding_and_nothing_is_overwritten(tmp_path, count, kind):
    world = filled(tmp_path)
    before = rolled_back(world, count)
    held = raws_of(world)
    done = world.do(pull_unit, "H1")
    kinds = [finding.kind for finding in done.findings]
    assert kinds[0] == kind and "conflict" in kinds and done.failure is None
    assert before.findings == ()
    assert set(held) | set(flash_raws(world.units["H1"])[: done.following]) <= all_raws(world)
    assert kind in store_custody(world)[-1].detail


def all_raws(world):
    """Every record in the store, conflicting ones included."""
    store = Store.open(world.home / "journals.sqlite")
    try:
        with store._reading() as connection:
            return set(connection.scalars(select(records_table.c.raw)))
    finally:
        store.close()


def test_a_record_changed_in_the_flash_is_a_finding(tmp_path):
    world = filled(tmp_path)
    unit = world.units["H1"]
    old = flash_raws(unit)[60]
    new = bytearray(old)
    new[14] ^= 0xFF
    new[-4:] = struct.pack(">I", crc32(bytes(new[:-4])) & 0xFFFFFFFF)
    at = bytes(unit.journal_flash.data).index(old)
    unit.journal_flash.data[at : at + len(new)] = new
    done = world.do(pull_unit, "H1")
    assert [(finding.kind, "hash chain" in finding.text) for finding in done.findings] == [("altered", True)]
    assert journal_of(world).state != "intact"
    assert {old, bytes(new)} & all_raws(world) == {bytes(new)}


def rot(unit, *sequences):
    """Let these records become unreadable in the flash."""
    for raw in [record.raw for record in Reading(unit.journal_flash).records if record.sequence in sequences]:
        at = bytes(unit.journal_flash.data).index(raw)
        unit.journal_flash.data[at + 15] ^= 0x55


@pytest.mark.parametrize("before", [0, 40], ids=["never pulled", "pulled before"])
def test_a_hole_in_the_flash_is_pulled_over_and_told(tmp_path, before):
    world = filled(tmp_path, before)
    unit = world.units["H1"]
    if before:
        world.do(pull_unit, "H1")
    end = unit.journal.sequence
    unit.fill(300)
    rot(unit, end + 10, end + 11, end + 30)
    done = world.do(pull_unit, "H1")
    assert done.failure is None
    kinds = [finding.kind for finding in done.findings]
    assert kinds == ["unreadable", "unreadable"] and f"records {end + 10} to {end + 11}" in done.findings[0].text
    held = journal_of(world)
    assert raws_of(world) == flash_raws(unit)[: len(raws_of(world))]
    gaps = [(gap.first, gap.last, gap.explained) for gap in held.gaps]
    assert gaps == [(end + 10, end + 11, False), (end + 30, end + 30, False)]
    assert any(f"records {end + 10} to {end + 11} are missing" in text for text in held.findings)
    assert held.heads[-1].following == done.following
    assert not any("does not continue" in text or "once ended" in text for text in held.findings)
    unknown = [segment.first for segment in held.segments if segment.chain == bytes(32)]
    assert unknown == [end + 12, end + 31]
    assert len(held.segments) == 4  # a sector states the chain value again
    again = world.do(pull_unit, "H1")
    assert (again.findings, again.known) == ((), 0)


def test_a_hole_that_the_unit_told_of_is_explained(tmp_path):
    world = filled(tmp_path)
    unit = world.units["H1"]
    rot(unit, 50)
    unit.note(records.FAULT, records.pack(records.FAULT, records.FAULT_RECORDS, 0, 50, 1))
    world.do(pull_unit, "H1")
    held = journal_of(world)
    assert held.gaps == ((50, 50, True),) and held.findings == () and not held.complete


def quiet(unit):
    """Time for all that the journal does unasked, until each sector was looked at."""
    for turn in range(2 * unit.journal.sectors):
        while unit.journal.tidy(turn * SCRUB_MS):
            pass


@pytest.mark.parametrize("count", [260, 330, 420], ids=["a third", "two thirds", "the next one"])
def test_what_a_dead_sector_took_and_the_numbers_left_out_for_it_are_explained_by_the_unit(
    tmp_path, monkeypatch, count
):
    world = filled(tmp_path, count)
    unit = world.units["H1"]
    reads = unit.journal_flash.read

    def read(offset, buffer):
        if offset // unit.journal_flash.sector_bytes == 1:
            raise OSError(5)
        reads(offset, buffer)

    monkeypatch.setattr(unit.journal_flash, "read", read)
    for more in (5, 120, 3):  # boots
        unit.boot()
        unit.fill(more)
        quiet(unit)
    world.do(pull_unit, "H1")
    held = journal_of(world)
    assert len(held.gaps) in (1, 2) and all(gap.explained for gap in held.gaps) and held.findings == ()
    assert held.records[-1].sequence >= unit.journal.sequence - 3


def test_what_was_pulled_before_it_rotted_is_not_missed(tmp_path):
    world = filled(tmp_path)
    unit = world.units["H1"]
    world.do(pull_unit, "H1")
    rot(unit, 50)
    unit.fill(20)
    done = world.do(pull_unit, "H1")
    assert (done.findings, done.known) == ((), 0)
    assert journal_of(world).complete


def test_a_journal_whose_last_records_cannot_be_read_is_pulled_up_to_them(tmp_path):
    world = filled(tmp_path)
    unit = world.units["H1"]

    async def rot_last(bench, serial):
        def end_is_lost(link):
            link.session._unit.note(2, bytes(4))
            rot(unit, unit.journal.sequence - 2, unit.journal.sequence - 1)

        bench.radio.on_link = end_is_lost
        return await pull_unit(bench, serial)

    done = world.do(rot_last, "H1")
    assert done.failure is None and "unreadable" in [finding.kind for finding in done.findings]
    assert raws_of(world) == flash_raws(unit)[: len(raws_of(world))]


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [10, pytest.param(3, marks=pytest.mark.deep)])
def test_a_pull_over_holes_struck_at_every_frame_ends_with_the_same_store(tmp_path, monkeypatch, kill, stride):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    start = filled(tmp_path / "start", 150)
    rot(start.units["H1"], 30, 90)
    for at, home in sweep(tmp_path, stride, stride // 2 * kill):
        world = world_copy(start, home)
        went_on = struck(world, at, kill, pull_unit, "H1")
        assert world.do(pull_unit, "H1").failure is None
        held = journal_of(world)
        assert raws_of(world) == flash_raws(world.units["H1"])[: len(raws_of(world))]
        assert [(gap.first, gap.last) for gap in held.gaps] == [(30, 30), (90, 90)]
        if not went_on:
            break
    assert at > 20


def test_the_head_is_noted_after_a_pull(tmp_path):
    world = filled(tmp_path)
    done = world.do(pull_unit, "H1")
    assert journal_of(world).heads[-1].following == done.following
