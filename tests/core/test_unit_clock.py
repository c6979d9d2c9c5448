"""The clock of a unit: who may set it to what, and which UTC a reboot still knows to be past."""

from interlock.core import wire
from interlock.core.reading import Reading
from interlock.core.records import CLOCK
from tests.core.unit_life import Life

UTC = 1795000000000


class Clocked(Life):
    def __init__(self):
        Life.__init__(self, b"CLOCKED1")

    def set(self, credential, utc_ms, uncertainty_ms=20, ago_ms=0):
        return self.unit.set_clock(credential, self.unit.uptime_ms() - ago_ms, utc_ms, uncertainty_ms)


def test_a_clock_runs_from_where_it_was_set_and_is_a_record():
    life = Clocked()
    assert life.unit.utc_ms() == 0
    assert life.set(wire.TECHNICIAN, UTC) == wire.OK
    life.now += 5000
    assert life.unit.utc_ms() == UTC + 5000 and life.unit.clock_u_ms() == 22
    assert CLOCK in [record.kind for record in Reading(life.flash).records]


def test_a_technician_corrects_drift_and_no_more_and_an_admin_anything():
    life = Clocked()
    life.set(wire.TECHNICIAN, UTC)
    life.now += 3600000
    assert life.set(wire.TECHNICIAN, UTC + 3600000 + 1800 + 250 + 40) == wire.OK
    assert life.set(wire.TECHNICIAN, UTC + 3600000 + 10000) == wire.CLOCK_JUMP
    assert life.set(wire.TECHNICIAN, UTC) == wire.CLOCK_JUMP
    assert life.set(wire.ADMIN, UTC) == wire.OK


def test_an_instant_long_past_or_to_come_or_a_vague_one_sets_no_clock():
    for credential in (wire.TECHNICIAN, wire.ADMIN):
        life = Clocked()
        life.now += 100000
        assert life.set(credential, UTC, ago_ms=60001) == wire.CLOCK_JUMP
        assert life.set(credential, UTC, ago_ms=-1) == wire.CLOCK_JUMP
        assert life.set(credential, UTC, uncertainty_ms=10001) == wire.CLOCK_JUMP
        assert life.unit.clock is None


def test_a_reboot_forgets_the_clock_but_not_what_is_past():
    life = Clocked()
    life.set(wire.TECHNICIAN, UTC)
    for _ in range(3):
        life.boot()
        assert life.unit.clock is None and life.unit.utc_ms() == UTC - 20
    assert life.set(wire.TECHNICIAN, UTC - 10000) == wire.CLOCK_JUMP
    assert life.set(wire.TECHNICIAN, UTC + 86400000) == wire.OK


def test_what_is_past_outlives_the_ring():
    life = Clocked()
    life.set(wire.TECHNICIAN, UTC)
    for _ in range(300):
        life.unit.record(2, b"\0\0\1\0")
        life.unit.tidy()
    life.boot()
    assert life.unit.floor_ms == UTC - 20


def test_an_admin_puts_back_a_clock_that_was_set_wrong_for_good():
    life = Clocked()
    life.set(wire.ADMIN, UTC + 10**12)
    life.set(wire.ADMIN, UTC)
    life.boot()
    assert life.unit.floor_ms == UTC - 20


def test_a_calendar_that_went_on_over_a_restart_is_believed_within_reason():
    life = Clocked()
    life.unit.take_calendar(UTC, 10000)
    assert life.unit.utc_ms() == UTC and life.unit.clock_u_ms() == 10000
    for utc_ms, believed in ((UTC + 86400000, True), (UTC - 3600000, False), (UTC + 400 * 86400000, False)):
        life = Clocked()
        life.set(wire.TECHNICIAN, UTC)
        life.boot()
        life.unit.take_calendar(utc_ms, 10000)
        assert (life.unit.clock is not None) == believed, utc_ms


def test_whoever_keeps_a_calendar_is_told_when_the_clock_is_set():
    life = Clocked()
    told = []
    life.unit.on_clock = told.append
    life.set(wire.TECHNICIAN, UTC, 20, 300)
    assert told == [UTC + 300]
