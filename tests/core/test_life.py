"""A unit's life: counters, the fallback of its figures, and the day's table."""

from interlock.core import life, records, settings
from interlock.core.life import FIRST_REVISION, NEW, ROW_MAX, SLEEP, WORN, Life, begun, healthy
from interlock.core.machine import due
from interlock.core.ticks import ticks_add
from interlock.station import Station
from tests.core.flash import RamFlash
from tests.core.station_world import Ether, config_of, partner, policy_with

UNMEANT, CRASHED, FALLBACK = records.LIFE_UNMEANT, records.LIFE_CRASHED, records.LIFE_FALLBACK
MARK = b"\x01\x02\x03\x04"


def boots(state, *flags, revision=2):
    told = 0
    for flag in flags:
        state, told = begun(state, flag, MARK, revision)
    return state, told


def test_an_ordinary_boot_changes_nothing():
    assert boots(NEW, 0, 0, 0) == (NEW, 0)


def test_each_kind_of_bad_boot_is_counted_for_life():
    state, _ = boots(NEW, UNMEANT, CRASHED, CRASHED | UNMEANT, records.LIFE_LOW_CELL, revision=1)
    assert (state.resets, state.crashes, state.brown_outs, state.crash) == (1, 2, 1, MARK)
    assert healthy(state, 1)[1:4] == (1, 2, 1)


def test_counters_end_at_their_most():
    full = Life(0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 1, 0, MARK)
    assert boots(full, UNMEANT, CRASHED, records.LIFE_LOW_CELL, revision=1)[0][1:5] == full[1:5]
    assert life.with_faults(full, 3).faults == 0xFFFF


def test_three_bad_boots_under_new_settings_put_the_default_figures_in_force():
    state, told = boots(NEW, UNMEANT, CRASHED)
    assert not told & FALLBACK
    state, told = boots(state, UNMEANT)
    assert told & FALLBACK and state.fallen == 2 and state.row == 0
    assert boots(state, 0)[1] == FALLBACK, "and the next boot says so again"


def test_being_well_under_the_default_figures_is_no_word_for_the_settings():
    state = healthy(boots(NEW, *[UNMEANT] * ROW_MAX)[0], 2)
    assert (state.fallen, state.healthy, state.row) == (2, FIRST_REVISION, 0)
    assert boots(state, 0)[1] == FALLBACK


def test_the_next_settings_end_it():
    state = healthy(boots(NEW, *[UNMEANT] * ROW_MAX)[0], 2)
    state, told = boots(state, 0, revision=3)
    assert not told
    state = healthy(state, 3)
    assert state.healthy == 3
    assert boots(state, *[UNMEANT] * 10, revision=3)[1] == UNMEANT


def test_settings_that_it_was_well_under_are_not_blamed():
    state = healthy(NEW, 2)
    assert not boots(state, *[UNMEANT, CRASHED] * 5)[1] & FALLBACK


def test_what_a_unit_was_set_up_with_is_not_blamed():
    assert not boots(NEW, *[UNMEANT] * 9, revision=FIRST_REVISION)[1] & FALLBACK
    assert not boots(NEW, *[UNMEANT] * 9, revision=0)[1] & FALLBACK


def test_power_cuts_are_neither_bad_boots_nor_good_ones():
    state, _ = boots(NEW, UNMEANT, 0, 0, UNMEANT, 0)
    assert state.row == 2
    assert boots(state, UNMEANT)[1] & FALLBACK


def test_the_record_says_it_all():
    state = Life(1, 2, 3, 4, 5, 6, 7, MARK)
    fields = records.unpack(records.LIFE, life.pack(records.LIFE_BEGUN, CRASHED, state))
    assert (fields.what, fields.detail) == (records.LIFE_BEGUN, CRASHED)
    assert life.unpack(fields) == state


# The day.


def steps(state, *events, now=0):
    effects = []
    for event, data in events:
        state, found = life.MACHINE.step(state, event, data, now, None)
        effects += found
    return state, effects


def test_a_unit_that_rests_long_enough_goes_to_sleep():
    state, effects = steps(life.DayState(), (life.REST, 5000))
    assert (state.store_at, effects) == (5000, [])
    again, _ = steps(state, (life.REST, 5000), now=3000)
    assert again.store_at == 5000, "rest goes on"
    state, event = due(again, 5000)
    state, effects = steps(state, (event, 0), now=5000)
    assert (state.mode, effects) == (life.STORED, [(SLEEP,)])


def test_whatever_wants_it_begins_the_rest_anew():
    state, _ = steps(life.DayState(), (life.REST, 5000), (life.STIR, 0))
    assert (state.mode, state.store_at) == (WORN, None)
    state, _ = steps(state, (life.REST, 5000), now=7000)
    assert state.store_at == ticks_add(7000, 5000)


def test_in_service_it_neither_rests_nor_sleeps():
    state, _ = steps(life.DayState(), (life.REST, 5000), (life.OPEN, 0))
    assert (state.mode, state.store_at) == (life.SERVICE, None)
    assert steps(state, (life.REST, 5000), (life.STORE, 0))[0].key() == state.key()
    assert steps(state, (life.SHUT, 0))[0].mode == WORN


def test_a_policy_of_zero_never_lets_it_sleep():
    assert steps(life.DayState(), (life.REST, 0))[0].store_at is None
    assert steps(life.DayState(), (life.REST, 1))[0].store_at == 1, "and any other does"


# In a station: what the journal keeps of it over boots.


class Boots:
    """One unit's boots over one flash, under settings that may change."""

    def __init__(self):
        self.flash, self.keep = RamFlash(8, 1024), RamFlash(settings.SECTORS)
        self.now = 0

    def boot(self, flags=0, revision=2, crash=life.NO_CRASH, **figures):
        partners = [partner(2, settings.ROLE_CAMERA)]
        config = config_of(1, settings.ROLE_HOLSTER, partners, policy_with(**figures), revision)
        came = (flags, crash)
        self.station = Station(config, self.flash, self.keep, Ether(), lambda: self.now, 3, came)
        return self.station


def told(station):
    from interlock.core.reading import Reading

    return [record.fields() for record in Reading(station.flash).records if record.kind == records.LIFE]


def test_an_ordinary_unit_writes_no_life_record():
    boots = Boots()
    for _ in range(5):
        station = boots.boot(revision=1)
        station.be_well(1)
    assert told(station) == []


def test_a_unit_that_fails_under_new_figures_goes_by_the_default_ones_and_keeps_keys_and_partners():
    boots = Boots()
    for _ in range(2):
        assert boots.boot(UNMEANT, hold_ms=1000).policy.hold_ms == 1000
    station = boots.boot(UNMEANT, hold_ms=1000)
    assert station.has_fallen and station.policy == settings.DEFAULT_POLICY
    assert [p.unit for p in station.config.partners] == [2] and station.config.policy.hold_ms == 1000
    assert told(station)[-1].detail == UNMEANT | FALLBACK
    station.be_well(2)
    assert boots.boot(0, hold_ms=1000).has_fallen, "until others come"
    assert not boots.boot(0, revision=3, hold_ms=2000).has_fallen
    station = boots.station
    station.be_well(3)
    assert told(station)[-1].what == records.LIFE_HEALTHY and told(station)[-1].healthy == 3


def test_the_default_figures_leave_alone_what_the_force_decided():
    """Whom a draw concerns, whether a light shows and a recording is stopped, and what is never done: none of that can
    make a unit fail, and all of it is policy."""
    decided = {
        "covert": True,
        "stop_after_hold": False,
        "on_draw": settings.REACH_JOURNAL,
        "on_arm": settings.REACH_OWN,
        "on_discharge": settings.REACH_OWN,
        "ready_every_ms": 0,
        "present_every_ms": 0,
        "store_after_ms": 0,
        "cancel_ms": 0,
    }
    boots = Boots()
    for _ in range(3):
        station = boots.boot(UNMEANT, hold_ms=1000, renew_ms=60000, **decided)
    assert station.has_fallen
    assert station.policy == policy_with(**decided)


def test_a_commit_in_service_ends_it_at_once():
    boots = Boots()
    for _ in range(3):
        station = boots.boot(UNMEANT, hold_ms=1000)
    assert station.has_fallen
    station.go_by(config_of(1, settings.ROLE_HOLSTER, [], policy_with(hold_ms=3000), 3))
    assert not station.has_fallen and station.policy.hold_ms == 3000


def test_a_restart_that_was_told_is_none_that_nobody_meant():
    boots = Boots()
    for _ in range(5):
        boots.boot(UNMEANT).tell_life(records.LIFE_RESTART, records.LIFE_FOR_SETTINGS)
    assert told(boots.boot(UNMEANT))[-1].resets == 1, "the first one: nothing was told before it"


def test_counters_outlive_the_ring():
    boots = Boots()
    for _ in range(3):
        station = boots.boot(UNMEANT, revision=1)
    for _ in range(600):
        station.record(records.ALERT, records.pack(records.ALERT, 1))
        station.tidy()
    assert station.journal.first > 20, "the ring has lost its beginning"
    assert boots.boot(revision=1).life.resets == 3


def test_flash_faults_are_counted_for_life():
    boots = Boots()
    station = boots.boot(revision=1)
    station.record(records.FAULT, records.pack(records.FAULT, records.FAULT_ERASE, 3, 0, 0))
    for kind in (records.FAULT_PART, records.FAULT_SIGNING):  # the journal's own part of the flash is sound
        station.record(records.FAULT, records.pack(records.FAULT, kind, 2, 0, 0))
    assert boots.boot(revision=1).life.faults == 1
    assert boots.boot(revision=1).life.faults == 1
