"""When a release calls itself healthy, and what is journalled of that: the trial, with an application's parts and a
loader's keeper as a test makes them."""

import pytest

from interlock import VERSION
from interlock.core import radio_health, records, updating
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from interlock.trial import LIMIT_MS, SETTLED_MS, TURNS, Trial
from interlock_loader.slots import NO_CRASH, NONE, TRIAL
from tests.core.flash import RamFlash


class State:
    def __init__(self, standing, fell_from=NONE, crash=NO_CRASH):
        self.standing, self.active, self.fell_from, self.crash = standing, 1, fell_from, crash


class Keeper:
    """The loader's, as far as a trial asks it: told of health once or more."""

    def __init__(self, standing=TRIAL, fell_from=NONE, crash=NO_CRASH):
        self.state, self.healthy_calls, self.fails = State(standing, fell_from, crash), 0, False
        self.slot = self.state.active

    def path(self, slot):
        return f"/nowhere/{slot}"

    def healthy(self):
        self.healthy_calls += 1
        if self.fails:
            raise OSError(5)


class Line:
    def __init__(self):
        self.broken = False

    def read(self):
        if self.broken:
            raise OSError(5)
        return False


class Station:
    def __init__(self):
        self.now, self.airs, self.counter = 0, True, 100
        self.flash = RamFlash(4)
        self.journal = Journal(self.flash, b"HOLSTER1", list)
        self.record(records.BOOT, records.pack(records.BOOT, 1, 0, 2, 0))

    def ticks(self):
        return self.now

    def is_airing(self):
        return self.airs

    def record(self, kind, payload):
        self.journal.append(kind, payload, self.now)
        return True


class App:
    holster = None

    def __init__(self):
        self.station, self.line, self.mode = Station(), Line(), radio_health.SOUND
        self.contacts = (self.line,)

    def radio_mode(self):
        return self.mode


def play(trial, app, until_ms, busy=False, step_ms=1000):
    while app.station.now < until_ms and not trial.is_over:
        app.station.now += step_ms
        trial.turn(busy)


def told(app):
    return [record.fields().phase for record in Reading(app.station.flash).records if record.kind == records.UPDATE]


def test_a_release_on_trial_confirms_itself_once_it_has_run_a_while_and_all_its_parts_answer():
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    play(trial, app, SETTLED_MS - 1000)
    assert keeper.healthy_calls == 0
    play(trial, app, SETTLED_MS)
    assert keeper.healthy_calls == 1 and trial.is_over and not trial.restart
    assert told(app) == [updating.CONFIRMED]
    play(trial, app, LIMIT_MS * 2)
    assert keeper.healthy_calls == 1, "once a boot"


def test_a_confirmed_release_tells_the_loader_that_it_is_well_and_journals_nothing():
    app, keeper = App(), Keeper(standing=0)
    play(Trial(app, keeper), app, LIMIT_MS)
    assert keeper.healthy_calls == 1 and told(app) == []


def spoil(app, what):
    if what == "air":
        app.station.airs = False
    elif what == "stack":
        app.mode = radio_health.REFUSING
    elif what == "journal":
        app.station.flash.data[: app.station.flash.size] = b"\xff" * app.station.flash.size


@pytest.mark.parametrize("what", ["air", "stack", "journal"])
def test_a_release_whose_radio_or_journal_does_not_work_starts_the_unit_anew_within_five_minutes(what):
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    spoil(app, what)
    app.station.counter += 1  # there was something to air
    play(trial, app, LIMIT_MS - 1000)
    assert not trial.restart and trial.deadline(app.station.now) is not None
    play(trial, app, LIMIT_MS)
    assert trial.restart and keeper.healthy_calls == 0


def test_a_unit_that_has_nothing_to_air_is_healthy_without():
    """Its policy wants silence, or it is put away: in all the time no frame was made."""
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    app.station.airs = False
    play(trial, app, LIMIT_MS - 1000)
    assert keeper.healthy_calls == 0
    play(trial, app, LIMIT_MS)
    assert keeper.healthy_calls == 1 and not trial.restart


def test_a_sensor_that_cannot_be_read_is_an_exception_which_counts_against_the_release():
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    app.line.broken = True
    with pytest.raises(OSError):
        play(trial, app, SETTLED_MS)
    assert keeper.healthy_calls == 0


def test_a_confirmed_release_is_never_started_anew_for_not_being_healthy():
    app, keeper = App(), Keeper(standing=0)
    trial = Trial(app, keeper)
    app.station.airs = False
    play(trial, app, LIMIT_MS * 2)
    assert trial.is_over and not trial.restart


def test_a_weapon_in_use_is_not_kept_waiting_for_the_trial_and_does_not_end_it():
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    play(trial, app, LIMIT_MS * 3, busy=True)
    assert keeper.healthy_calls == 0 and not trial.restart and not trial.is_over
    assert trial.deadline(app.station.now) is None, "a deadline that is over would keep the loop from sleeping"
    play(trial, app, LIMIT_MS * 3 + 5000)
    assert keeper.healthy_calls == 1


def test_it_takes_some_turns_of_the_loop_however_long_they_last():
    app, keeper = App(), Keeper()
    trial = Trial(app, keeper)
    for turn in range(1, TURNS + 1):
        assert keeper.healthy_calls == 0, turn
        app.station.now += SETTLED_MS
        trial.turn(False)
    assert keeper.healthy_calls == 1


def test_a_loader_that_cannot_write_costs_nothing_but_the_confirmation():
    app, keeper = App(), Keeper()
    keeper.fails = True
    trial = Trial(app, keeper)
    play(trial, app, LIMIT_MS)
    assert trial.is_over and not trial.restart


def test_a_release_that_was_given_up_is_told_by_the_one_that_runs_again():
    app = App()
    Trial(app, Keeper(standing=0, fell_from=(0, 3, 0)))
    (fields,) = [record.fields() for record in Reading(app.station.flash).records if record.kind == records.UPDATE]
    assert (fields.phase, fields.slot) == (updating.FELL_BACK, 0)
    assert (fields.major, fields.minor, fields.patch) == (0, 3, 0)
    assert (fields.of_major, fields.of_minor, fields.of_patch) == VERSION


def test_a_confirmed_release_that_crashed_is_well_only_after_a_use_that_it_saw_begin_and_end():
    """Else one that crashes at each use would be well in between, and its row of crashes begin anew."""
    app, keeper = App(), Keeper(standing=0, crash=b"mark")
    trial = Trial(app, keeper)
    play(trial, app, SETTLED_MS, busy=True)  # it was out when the unit came back
    play(trial, app, LIMIT_MS * 2)
    assert keeper.healthy_calls == 0 and not trial.restart and trial.deadline(app.station.now) is None
    play(trial, app, LIMIT_MS * 2 + 5000, busy=True)
    assert keeper.healthy_calls == 0
    play(trial, app, LIMIT_MS * 2 + 10000)
    assert keeper.healthy_calls == 1


def test_on_trial_or_back_from_one_a_crash_before_is_no_reason_to_wait_for_a_use():
    for keeper in (Keeper(crash=b"mark"), Keeper(standing=0, fell_from=(0, 3, 0), crash=b"mark")):
        app = App()
        play(Trial(app, keeper), app, LIMIT_MS)
        assert keeper.healthy_calls == 1
