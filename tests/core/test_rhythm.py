"""When the next announcement comes: known to the millisecond to partners, irregular to others."""

from interlock.core.frames import UnitKeys
from interlock.core.rhythm import AIR_MS, LEAD_MS, WINDOW_MS, Expectation, gap_ms
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

KEYS = UnitKeys(b"k" * 32, 7)
EVERY = 20000


def test_gaps_lie_within_ten_per_cent_and_depend_on_the_key():
    gaps = [gap_ms(KEYS, counter, EVERY) for counter in range(300)]
    assert min(gaps) >= 18000 and max(gaps) < 22000
    assert max(gaps) - min(gaps) > 3000 and len(set(gaps)) > 250
    assert gaps != [gap_ms(UnitKeys(b"l" * 32, 7), counter, EVERY) for counter in range(300)]


def test_a_partner_knows_the_next_begin_across_the_wrap_of_the_ticks():
    begin = PERIOD_MS - 3
    expected = Expectation(KEYS, EVERY)
    expected.heard(5, begin)
    assert expected.at == ticks_add(begin, gap_ms(KEYS, 5, EVERY))
    assert ticks_diff(expected.at, expected.opens()) >= LEAD_MS
    assert ticks_diff(expected.closes(), expected.at) >= AIR_MS


def test_an_answer_tells_the_next_begin_and_no_answer_can_put_it_off_for_ever():
    expected = Expectation(KEYS, EVERY)
    expected.told(7000, 1000)
    assert expected.at == 8000
    expected.told(0xFFFFFFFF, 1000)
    assert expected.at == 1000 + 2 * EVERY


def test_who_listens_always_expects_a_partner_within_its_longest_period():
    expected = Expectation(KEYS, EVERY)
    expected.put_off(1000)
    assert expected.at == 1000 + EVERY * 11 // 10


def test_nothing_is_expected_of_whom_nothing_is_known():
    expected = Expectation(KEYS, EVERY)
    assert expected.opens() is None and expected.closes() is None and not expected.is_open(0)


def test_a_late_pdu_does_not_drag_the_window_behind_the_frame():
    """For 500 frames only the last PDU of each is heard, and the partner's crystal is 40 ppm slow: the window still
    begins before the frame, and not long before it."""
    expected = Expectation(KEYS, EVERY)
    begin = 1000.0
    expected.heard(0, 1000)
    for counter in range(1, 500):
        begin += gap_ms(KEYS, counter - 1, EVERY) * 1.00004
        assert expected.opens() <= begin + AIR_MS - 20 <= expected.closes()
        heard_at = int(begin) + (100 if counter % 3 else 0)
        expected.heard(counter, heard_at)
    assert abs(expected.at - int(begin) - gap_ms(KEYS, 499, EVERY)) < WINDOW_MS


def test_a_gap_is_nine_tenths_of_the_period_and_a_share_of_its_fifth():
    for every in (1000, EVERY, 20004, 300000):
        for counter in range(20):
            share = (every // 5) * KEYS.rhythm(counter) // 65536
            assert gap_ms(KEYS, counter, every) == every * 9 // 10 + share


def test_a_frame_within_the_window_is_a_late_pdu_and_one_past_it_a_new_begin():
    gap = gap_ms(KEYS, 8, EVERY)
    for late_ms, begin_ms in ((0, 0), (1, 0), (8, 1), (WINDOW_MS, WINDOW_MS // 8), (WINDOW_MS + 1, WINDOW_MS + 1)):
        expected = Expectation(KEYS, EVERY)
        expected.told(7000, 1000)
        expected.heard(8, 8000 + late_ms)
        assert expected.at == 8000 + begin_ms + gap, late_ms


def test_one_listens_from_before_the_begin_until_the_window_is_over_by_what_the_crystals_may_drift():
    expected = Expectation(KEYS, EVERY)
    expected.told(30000, 1000)
    drift_ms = 30000 * 100 // 1000000 + 1
    assert (expected.opens(), expected.closes()) == (31000 - LEAD_MS - drift_ms, 31000 + WINDOW_MS + drift_ms)
    assert not expected.is_open(expected.opens() - 1) and expected.is_open(expected.opens())
