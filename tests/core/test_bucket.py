"""The token bucket: a few at once, then as they come back."""

from interlock.core.bucket import Bucket
from interlock.core.ticks import PERIOD_MS, ticks_add


def test_what_is_there_is_given_and_no_more():
    bucket = Bucket(3, 1000, 0)
    assert [bucket.take(0) for _ in range(5)] == [True, True, True, False, False]


def test_tokens_come_back_one_by_one_and_never_more_than_fit():
    bucket = Bucket(2, 1000, 0)
    bucket.take(0)
    bucket.take(0)
    assert not bucket.take(999) and bucket.take(1000) and not bucket.take(1001)
    assert [bucket.take(90000) for _ in range(3)] == [True, True, False]


def test_a_full_bucket_saves_nothing_up():
    bucket = Bucket(1, 1000, 0)
    assert bucket.take(50000) and not bucket.take(50500) and bucket.take(51000)


def test_the_wrap_of_the_ticks_is_no_gift():
    start = PERIOD_MS - 500
    bucket = Bucket(1, 1000, start)
    assert bucket.take(start)
    assert not bucket.take(ticks_add(start, 999)) and bucket.take(ticks_add(start, 1000))


def test_weeks_without_a_question_leave_it_full_if_time_was_told_meanwhile():
    bucket = Bucket(4, 300000, 0)
    for _ in range(4):
        assert bucket.take(0)
    now = 0
    for _ in range(14 * 24):
        now = ticks_add(now, 3600000)
        bucket.refill(now)
    assert [bucket.take(now) for _ in range(5)] == [True] * 4 + [False]


def test_a_token_may_come_back_each_millisecond():
    bucket = Bucket(2, 1, 0)
    assert bucket.take(0) and bucket.take(0) and not bucket.take(0) and bucket.take(1) and not bucket.take(1)


def test_a_clock_that_was_put_back_delays_a_token_by_one_interval_only():
    bucket = Bucket(1, 1000, 50000)
    assert bucket.take(50000) and not bucket.take(10000)
    assert not bucket.take(10999) and bucket.take(11000)
    late = Bucket(1, 1000, 1000)
    assert late.take(500) and not late.take(1499) and late.take(1500)


def test_the_next_token_can_be_put_off_by_a_whole_interval():
    bucket = Bucket(1, 1000, 0)
    assert bucket.take(0)
    bucket.put_off(1000)
    assert not bucket.take(0) and not bucket.take(1999) and bucket.take(2000)


def test_a_bucket_that_was_full_again_when_a_token_went_has_kept_no_part_of_an_interval():
    bucket = Bucket(1, 1000, 0)
    assert bucket.take(0) and bucket.take(1500)
    assert not bucket.take(2499) and bucket.take(2500)
