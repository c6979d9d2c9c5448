"""Pick-up and seat over contacts that a test moves: what takes minutes to happen. The real contacts: `tests/vm`."""

from interlock.core.lines import STUCK
from interlock.core.pickup import (
    DISCHARGES,
    DOUBTFUL,
    LATEST_MS,
    PULSES,
    QUALIFY_MS,
    QUIET_MS,
    REFILL_MS,
    TRAIN_MS,
    Pickup,
)
from interlock.drivers.seat import HALF_DRAWS, HELD_MS, Seat
from interlock.lines import Lines


class Line:
    """A contact; `pulse` is one that is over before the loop looks."""

    held_back = 0
    noisy = False
    seen = 3

    def __init__(self, on=False):
        self.on = on
        self.edge_at = self.edges = self.pulse_ms = 0
        self._changes = 0

    def set(self, on, now):
        self._changes, self.on, self.edge_at = 1, on, now
        self.edges += 1

    def pulse(self, now, ms):
        self._changes, self.edge_at, self.pulse_ms = 2, now, ms
        self.edges += 2

    def take(self):
        changes, self._changes = self._changes, 0
        return changes


REFRACTORY_MS = 200


class Watched:
    """A pick-up whose loop turns each 10 ms, and the holster machine's rule that pulses go on; `said`: (ms, what)."""

    def __init__(self):
        self.line, self.now, self.said = Line(), 0, []
        self.pickup = Pickup(self.line, 0)
        self._last, self._discharges = -REFRACTORY_MS, 0

    def _doubt(self, discharge):
        if discharge:
            self.said.append((self.now, f"unconfirmed {discharge}"))

    def pass_by(self, ms):
        for _ in range(ms // 10):
            self.now += 10
            if self.pickup.take(self.now):
                fresh, self._last = self.now - self._last >= REFRACTORY_MS, self.now
                if fresh:
                    self._discharges += 1
                    self.said.append((self.now, "discharge"))
                    self._doubt(self.pickup.begun(self.now, self._discharges))
            self._doubt(self.pickup.tick(self.now))
        return self

    def days(self, count):
        """Nothing happens for so long; the loop turns once a minute."""
        for _ in range(count * 24 * 60):
            self.now += 60000
            assert not self.pickup.take(self.now)
            self._doubt(self.pickup.tick(self.now))
        return self

    def pulses(self, count, every_ms=50):
        """Each as the monostable makes it: 8 ms."""
        for _ in range(count):
            self.line.pulse(self.now, 8)
            self.pass_by(every_ms)
        return self

    def words(self):
        return [word for _, word in self.said]

    def discharges(self):
        return self.words().count("discharge")


def doubted(count):
    return [word for nth in range(count) for word in ("discharge", f"unconfirmed {nth + 1}")]


def test_a_lone_pulse_of_the_documented_circuit_is_a_discharge_at_once_that_was_not_confirmed():
    unit = Watched().pulses(1).pass_by(3000)
    assert unit.said == [(10, "discharge"), (10 + QUALIFY_MS, "unconfirmed 1")]


def test_a_trigger_held_for_five_seconds_is_one_discharge_and_confirmed():
    unit = Watched().pulses(95).pass_by(3000)
    assert unit.said == [(10, "discharge")] and not unit.pickup.faulty and unit.pickup.held_back == 0


def test_a_discharge_whose_first_pulses_were_weak_is_one_and_confirmed_by_those_that_follow():
    unit = Watched().pulses(4, 150).pulses(40).pass_by(3000)
    assert unit.words() == ["discharge"]


def test_spikes_that_come_hours_apart_are_each_a_discharge_that_was_not_confirmed():
    unit = Watched()
    for _ in range(8):
        unit.pulses(1).pass_by(REFILL_MS)
    assert unit.words() == doubted(8) and not unit.pickup.faulty


def test_a_line_that_gives_one_lone_spike_after_another_must_confirm_until_it_was_quiet_for_a_minute():
    unit = Watched().pulses(20, 1000)
    assert unit.words() == doubted(DOUBTFUL + 1)
    assert unit.pickup.faulty and not unit.pickup.stuck and unit.pickup.held_back == 20 - DOUBTFUL - 1
    unit.pass_by(QUIET_MS - 3000)
    assert unit.pickup.faulty
    unit.pass_by(4000)
    assert not unit.pickup.faulty
    unit.pulses(1).pass_by(1000)
    assert unit.words() == doubted(DOUBTFUL + 2), "its first edge counts again"


def test_real_discharges_of_a_line_that_gave_lone_spikes_are_discharges_within_half_a_second():
    unit = Watched().pulses(5, 10_000)
    assert unit.pickup.faulty
    before = unit.discharges()
    for _ in range(4):
        began = unit.now
        unit.pulses(95).pass_by(15_000)
        assert unit.said[-1][1] == "discharge" and unit.said[-1][0] - began <= QUALIFY_MS
    assert unit.discharges() == before + 4


def test_the_edge_of_a_discharge_that_had_to_be_confirmed_is_that_of_its_first_pulse():
    unit = Watched().pulses(5, 10_000)
    began = unit.now
    unit.pulses(PULSES - 1)
    assert unit.words()[-1] != "discharge"
    unit.line.pulse(unit.now, 8)
    unit.pass_by(10)
    assert unit.words()[-1] == "discharge" and 0 <= unit.pickup.edge_at - began <= 20


def test_slow_noise_for_two_minutes_is_a_few_discharges_none_confirmed_and_hides_no_real_one():
    for every_ms in (90, 190, 210):
        slow_noise(every_ms)


def slow_noise(every_ms):
    unit = Watched().pulses(40_000 // every_ms, every_ms)
    noise = unit.discharges()
    assert 1 <= noise <= DOUBTFUL + 2
    assert [word for word in unit.words() if word != "discharge"] == [f"unconfirmed {nth + 1}" for nth in range(noise)]
    began = unit.now
    for nth in range(95):  # a trigger held for five seconds, and the noise goes on meanwhile
        unit.pulses(1, 50 if nth % 4 else 40)
    assert unit.discharges() == noise + 1 and unit.said[-1][0] - began <= 2 * QUALIFY_MS
    unit.pulses(80_000 // every_ms, every_ms)
    assert unit.pickup.faulty and unit.discharges() == noise + 1 and unit.pickup.held_back > 300


def test_more_discharges_than_anybody_fires_are_limited_and_counted_and_a_few_go_on_being_told():
    unit = Watched()
    for _ in range(120):
        unit.pulses(10).pass_by(1000)
    assert unit.pickup.faulty and unit.pickup.held_back > 300
    assert DISCHARGES + 10 <= unit.discharges() <= DISCHARGES + 30


def test_ten_discharges_one_after_the_other_are_ten_and_no_fault():
    unit = Watched()
    for _ in range(DISCHARGES):
        unit.pulses(95).pass_by(1000)
    assert unit.words() == ["discharge"] * DISCHARGES and not unit.pickup.faulty


def test_pulses_that_go_on_for_minutes_are_a_fault_and_one_discharge_a_minute():
    unit = Watched().pulses(4 * TRAIN_MS // 50)
    assert unit.pickup.faulty and 3 <= unit.discharges() <= 5


def test_a_second_lone_pulse_before_the_first_was_judged_leaves_both_unconfirmed():
    unit = Watched().pulses(1, 300).pulses(1).pass_by(LATEST_MS)
    assert unit.words() == ["discharge", "discharge", "unconfirmed 1", "unconfirmed 2"]


def test_the_first_pulse_after_a_week_counts_at_once_whatever_came_before():
    for days in (7, 13):  # ticks compare over six days, and wrap after twelve
        unit = Watched().pulses(1).days(days)
        began = unit.now
        unit.pulses(1)
        assert (began + 10, "discharge") in unit.said


class Seated:
    """A seat, its two contacts, and what `take` gave."""

    def __init__(self):
        self.closes, self.opens = Line(True), Line(False)
        self.seat, self.now, self.said = Seat(self.closes, self.opens, 10_000), 0, []

    def take(self, ms=100):
        self.now += ms
        changes = self.seat.take(self.now)
        if changes:
            self.said.append("blip" if changes == 2 else "back" if self.seat.seated else "out")
        return self

    def half_draw(self):
        self.closes.set(False, self.now)
        self.take()
        self.closes.set(True, self.now)
        return self.take(1000)

    def noisy(self):
        for _ in range(HALF_DRAWS + 1):
            self.half_draw()
        assert self.seat.noisy and self.said == ["out", "back"] * (HALF_DRAWS + 1)
        self.said = []
        return self

    def draw(self, first):
        moves = [(self.closes, False), (self.opens, True)]
        for line, on in moves if first == "closes" else reversed(moves):
            line.set(on, self.now)
            self.take(3)
        return self


def test_noise_of_last_week_is_forgotten_though_ticks_compare_over_six_days_only():
    unit = Seated()
    for _ in range(HALF_DRAWS):
        unit.half_draw()
    assert not unit.seat.noisy
    for _ in range(7 * 24 * 60):
        unit.take(60000)
    unit.half_draw().half_draw()
    assert not unit.seat.noisy


def test_a_storm_of_bounces_is_no_noise():
    unit = Seated()
    for nth in range(100):
        unit.closes.set(bool(nth % 2), unit.now)
        unit.take(5)
    assert not unit.seat.noisy


def test_a_noisy_contact_makes_no_more_draws_alone_and_a_draw_that_both_see_is_one():
    for first in ("closes", "opens"):
        unit = Seated().noisy()
        for _ in range(30):
            unit.half_draw()
        assert unit.said == []
        assert unit.draw(first).said == ["out"]


def test_a_weapon_that_is_out_is_not_put_away_by_the_contact_that_is_noisy():
    unit = Seated().noisy().draw("closes")
    for on in (True, False, True):
        unit.closes.set(on, unit.now)
        unit.take(2000)
    assert unit.said == ["out"] and not unit.seat.seated
    unit.opens.set(False, unit.now)
    assert unit.take().said == ["out", "back"]


def test_a_pulse_of_both_contacts_is_a_draw_even_of_a_noisy_seat():
    unit = Seated().noisy()
    unit.closes.pulse(unit.now, 5)
    unit.take()
    assert unit.said == []
    unit.closes.pulse(unit.now, 5)
    unit.opens.pulse(unit.now, 5)
    assert unit.take().said == ["blip"]


def test_a_noisy_contact_is_believed_again_after_some_quiet_minutes_and_not_while_it_chatters():
    unit = Seated().noisy()
    for _ in range(20):
        unit.half_draw().take(30_000)
    assert unit.seat.noisy
    unit.take(HALF_DRAWS * 60_000 + 1000)
    assert not unit.seat.noisy
    assert unit.half_draw().said == ["out", "back"]


def test_a_seat_with_one_dead_contact_misses_no_draw_however_often_the_weapon_is_drawn():
    for dead in ("closes", "opens"):
        one_dead_contact(dead)


def one_dead_contact(dead):
    unit = Seated()
    for nth in range(30):
        for out in (True, False):
            if dead == "opens":
                unit.closes.set(not out, unit.now)
            else:
                unit.opens.set(out, unit.now)
            for _ in range(20 if out else 80):
                unit.take(250)
        assert unit.said == ["out", "back"] * (nth + 1)
    assert unit.seat.noisy, "which is told, and hides nothing"


def test_a_weapon_that_stays_out_of_a_noisy_seat_of_which_one_contact_is_dead_is_out_within_a_third_of_a_second():
    unit = Seated().noisy()
    unit.closes.set(False, unit.now)
    began = unit.now
    while not unit.said:
        unit.take(5)
    assert unit.said == ["out"] and unit.now - began <= HELD_MS + 10 and unit.seat.edge_at == began
    for _ in range(900):
        unit.take(1000)
    assert not unit.seat.seated and not unit.seat.noisy
    unit.closes.set(True, unit.now)
    assert unit.take().said == ["out", "back"]


def test_draws_of_one_noisy_contact_that_were_too_short_to_be_one_are_counted():
    unit = Seated().noisy()
    for _ in range(30):
        unit.half_draw()
    assert unit.said == [] and unit.seat.held_back == 30


def test_draws_that_both_contacts_see_never_make_a_seat_noisy():
    unit = Seated()
    for _ in range(40):
        unit.draw("closes")
        unit.opens.set(False, unit.now)
        unit.take(3)
        unit.closes.set(True, unit.now)
        unit.take(3)
    assert unit.said == ["out", "back"] * 40 and not unit.seat.noisy


class Quiet:
    """A station that journals nothing, and an officer who feels nothing."""

    def __init__(self):
        self.notes = 0

    def ticks(self):
        return 0

    def nudge(self, now):
        pass

    def record(self, kind, payload):
        self.notes += 1
        return True


def test_a_button_that_sticks_for_a_fortnight_is_one_fault_all_the_time():
    unit, held, rests = Quiet(), Line(True), Line()
    watched = Lines(unit, unit, Seat(Line(True), Line(False), 100), Pickup(Line(), 0), Line(), rests, held)
    for minute in range(1, 14 * 24 * 60):
        watched.tick(minute * 60000)
        assert minute < 2 or watched.look()[5] & STUCK
    assert unit.notes == 1
