"""The pick-up's figures at their edges. Its stories are in `test_lines.py`."""

from interlock.core.pickup import (
    DISCHARGES,
    EDGES,
    EDGES_MAX,
    GAP_MS,
    LATEST_MS,
    PULSES,
    QUALIFY_MS,
    QUIET_MS,
    STUCK_MS,
    TRAIN_MS,
    WINDOW_MS,
    Pickup,
)
from tests.core.test_lines import Line


def fresh():
    line = Line()
    return line, Pickup(line, 0)


def pulse(line, pickup, now, edges=2):
    line.pulse(now, 8)
    line.edges += edges - 2
    return pickup.take(now)


def when(pickup, begin, end, wanted):
    """The first of these ticks, each ten milliseconds, at which `faulty` is as wanted."""
    for now in range(begin, end, 10):
        pickup.tick(now)
        if pickup.faulty == wanted:
            return now
    return None


def test_a_new_pickup_has_nothing_to_tell_and_believes_its_first_pulse():
    line, pickup = fresh()
    assert (pickup.faulty, pickup.stuck, pickup.held_back, pickup.qualify_at) == (False, False, 0, None)
    assert not pickup.take(5) and pickup.tick(6) == 0
    assert pulse(line, pickup, 10) and pickup.edge_at == 10


def test_a_line_that_is_on_for_a_second_is_stuck_and_one_that_is_quiet_for_a_minute_is_mended():
    line, pickup = fresh()
    line.set(True, 100)
    assert pickup.take(100)
    assert when(pickup, 100, 9000, True) == 100 + STUCK_MS and pickup.stuck
    line.set(False, 2500)
    assert not pickup.take(2500)
    # The turn at 2510 is the last that sees an edge.
    assert when(pickup, 2510, 90000, False) == 2510 + QUIET_MS


def noisy(windows):
    """A line that gives so many edges in each second, spread over it: is it faulty then?"""
    line, pickup = fresh()
    for window, edges in enumerate(windows):
        for step in range(100):
            now = window * WINDOW_MS + step * 10
            pickup.tick(now)
            line.edges += edges // 100 + (step < edges % 100)
    pickup.tick(len(windows) * WINDOW_MS)
    return pickup.faulty and not pickup.stuck


def test_noise_is_more_edges_than_two_weapons_make_in_two_seconds_one_after_the_other():
    many = EDGES_MAX + 1
    assert noisy((many, many)) and noisy((0, many, many))
    assert not noisy((many,)) and not noisy((EDGES_MAX, EDGES_MAX, EDGES_MAX))
    assert not noisy((many, 0, many)) and not noisy((many, EDGES_MAX, many))


def confirmed(*edges):
    """Whether pulses of so many edges each confirm the discharge that the first of them began."""
    line, pickup = fresh()
    assert pulse(line, pickup, 1000, edges[0])
    assert pickup.begun(1000, 4) == 0
    for number in range(1, len(edges)):
        pulse(line, pickup, 1000 + number * 50, edges[number])
    told = [pickup.tick(now) for now in range(1000, 5000, 10)]
    assert set(told) <= {0, 4}
    return 4 not in told


def test_enough_pulses_confirm_a_discharge_if_they_bounce_no_more_than_once_each():
    twice = [2] * PULSES
    assert confirmed(*twice) and not confirmed(*twice[1:])
    # Of the first pulse only its first edge was counted when it began.
    most = [EDGES] * PULSES
    most[-3:] = [EDGES + 1] * 3
    assert 1 + sum(most[1:]) == EDGES * PULSES and confirmed(*most)
    most[1] += 1
    assert not confirmed(*most)


def test_a_discharge_that_is_not_confirmed_is_told_once_when_its_time_is_over():
    line, pickup = fresh()
    assert pulse(line, pickup, 1000)
    pickup.begun(1000, 7)
    told = [(now, pickup.tick(now)) for now in range(1000, 5000, 10)]
    assert [each for each in told if each[1]] == [(1000 + QUALIFY_MS, 7)]


def doubtful():
    """A pick-up that must be confirmed, as it gave lone spikes; when."""
    line, pickup = fresh()
    now = 0
    while not pickup.faulty:
        now += 2000
        if pulse(line, pickup, now):
            pickup.begun(now, 1)
        for step in range(0, 2000, 10):
            pickup.tick(now + step)
    assert pickup.stuck is False
    return line, pickup, now + 2000


def test_pulses_of_a_doubtful_line_are_held_back_until_they_are_enough_and_count_from_the_first():
    line, pickup, now = doubtful()
    held_back = pickup.held_back
    believed = []
    for number in range(PULSES + 3):
        at = now + number * 50
        if pulse(line, pickup, at):
            believed.append((number, pickup.edge_at))
        pickup.tick(at)
    assert believed[0] == (PULSES - 1, now)
    assert believed[1:] == [(number, now + number * 50) for number in range(PULSES, PULSES + 3)]
    assert pickup.held_back - held_back == PULSES - 1


def test_a_confirmed_discharge_of_a_doubtful_line_goes_on_over_short_gaps_and_not_over_long_ones():
    for gap_ms, goes_on in ((GAP_MS, True), (GAP_MS + 10, False)):
        line, pickup, now = doubtful()
        for number in range(PULSES):
            pulse(line, pickup, now + number * 50)
            pickup.tick(now + number * 50)
        last = now + (PULSES - 1) * 50
        for step in range(10, gap_ms, 10):
            pickup.tick(last + step)
        assert pulse(line, pickup, last + gap_ms) is goes_on
        assert not goes_on or pickup.edge_at == last + gap_ms, "not that of the first of them once more"


def test_a_discharge_that_was_confirmed_before_it_counted_is_not_told_as_unconfirmed():
    line, pickup, now = doubtful()
    for number in range(PULSES):
        if pulse(line, pickup, now + number * 50):
            assert pickup.begun(now + number * 50, 9) == 0
        assert pickup.tick(now + number * 50) == 0
    assert [pickup.tick(now + ms) for ms in range(PULSES * 50, 5000, 10)] == [0] * len(range(PULSES * 50, 5000, 10))


def test_more_discharges_than_anybody_fires_make_a_line_doubtful_and_not_stuck():
    line, pickup = fresh()
    now = 0
    for number in range(DISCHARGES + 1):
        assert not pickup.faulty
        now += 900
        for step in range(PULSES):
            if pulse(line, pickup, now + step * 50) and step == 0:
                pickup.begun(now, number + 1)
            pickup.tick(now + step * 50)
    assert pickup.faulty and pickup.stuck is False


def test_a_train_of_pulses_for_a_minute_is_no_trigger_that_is_held():
    line, pickup = fresh()
    now, at = 1000, None
    assert pulse(line, pickup, now)
    pickup.begun(now, 1)
    while at is None and now < 70000:
        now += 50
        pulse(line, pickup, now)
        pickup.tick(now)
        if pickup.faulty:
            at = now
    assert at == 1000 + TRAIN_MS and not pickup.stuck


def test_bounces_are_counted_beyond_the_counters_wrap():
    line, pickup = fresh()
    line.edges = 0xFFFE
    assert pulse(line, pickup, 1000)
    line.edges &= 0xFFFF
    pickup.begun(1000, 1)
    for number in range(1, PULSES):
        pulse(line, pickup, 1000 + number * 50)
    assert [pickup.tick(now) for now in range(1000, 4000, 10)] == [0] * 300


def test_noise_behind_a_confirmed_discharge_of_a_doubtful_line_is_believed_for_a_second_and_no_longer():
    line, pickup, now = doubtful()
    for number in range(PULSES):
        sure = pulse(line, pickup, now + number * 50)
        pickup.tick(now + number * 50)
    assert sure
    last, held_back, believed = now + (PULSES - 1) * 50, pickup.held_back, []
    for ms in range(10, 10000, 10):
        if ms % 100 == 50 and pulse(line, pickup, last + ms, 30):
            believed.append(ms)
        pickup.tick(last + ms)
    assert believed == list(range(50, 2 * QUALIFY_MS, 100))
    assert pickup.faulty and pickup.held_back - held_back == 100 - len(believed)


def test_a_pause_behind_an_unconfirmed_discharge_is_longer_than_half_a_second():
    for gap_ms, is_pause in ((QUALIFY_MS, False), (QUALIFY_MS + 1, True)):
        line, pickup = fresh()
        assert pulse(line, pickup, 1000)
        pickup.begun(1000, 1)
        assert pickup.tick(1000 + QUALIFY_MS) == 1
        assert pulse(line, pickup, 1000 + gap_ms) is is_pause


def test_the_last_pulse_that_confirms_a_discharge_may_come_at_the_very_end_of_half_a_second():
    for last_ms, sure in ((QUALIFY_MS, True), (QUALIFY_MS + 1, False)):
        line, pickup = fresh()
        for ms in [number * 50 for number in range(PULSES - 1)] + [last_ms]:
            if pulse(line, pickup, 1000 + ms) and ms == 0:
                pickup.begun(1000, 1)
        told = [pickup.tick(now) for now in range(1000 + last_ms, 5000)]
        assert (1 not in told) is sure


def test_pulses_that_go_on_too_slowly_to_confirm_a_discharge_have_two_seconds_for_it():
    line, pickup = fresh()
    told = []
    for now in range(1000, 6000, 10):
        if (now - 1000) % 150 == 0 and pulse(line, pickup, now) and now == 1000:
            pickup.begun(now, 5)
        if pickup.tick(now):
            told.append(now)
    assert told == [1000 + LATEST_MS]
