"""Intervals against published values, and against their own promise by exact arithmetic."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.campaign.statistics import quantile, quantile_of, rate_of, wilson


@pytest.mark.parametrize(
    ("happened", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_rate_has_the_interval_that_newcombe_printed_in_1998(happened, of, low, high):
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    found = wilson(happened, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_an_interval_of_a_rate_holds_the_rate_and_mirrors(observed, confidence):
    happened, of = observed
    found, mirrored = wilson(happened, of, confidence), wilson(of - happened, of, confidence)
    assert 0 <= found.low <= found.rate <= found.high <= 1
    assert math.isclose(found.low, 1 - mirrored.high, abs_tol=1e-12)
    assert found.low > 0 or happened == 0
    assert found.high < 1 or happened == of


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(1, n - 1 or 1), st.just(n))))
def test_both_ends_of_a_rate_are_where_the_score_test_just_rejects(observed):
    happened, of = observed
    found = wilson(happened, of)
    for end in (found.low, found.high):
        if 0 < end < 1:
            assert math.isclose(
                abs(found.rate - end) / math.sqrt(end * (1 - end) / of), 1.959963984540054, rel_tol=1e-9
            )


def test_no_observation_is_no_rate_and_no_quantile():
    for wrong in (lambda: wilson(0, 0), lambda: wilson(3, 2), lambda: wilson(-1, 2), lambda: quantile([], 0.5)):
        with pytest.raises(ValueError, match="no "):
            wrong()


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (10, 2, 9), (20, 6, 15), (50, 18, 33), (100, 40, 61)])
def test_a_median_lies_between_the_ranks_that_tables_give(count, low, high):
    # The ranks of the sign test at 5 %, as in W. J. Dixon and F. J. Massey's tables.
    found = quantile(range(1, count + 1), 0.5)
    assert (found.low, found.high) == (low, high)


def test_a_quantile_is_the_least_value_with_that_share_at_or_below_it():
    ordered = [float(value) for value in range(1, 101)]
    assert [quantile(ordered, q).value for q in (0.01, 0.05, 0.5, 0.95, 0.99)] == [1, 5, 50, 95, 99]
    assert quantile([7.0], 0.5).value == 7.0


def test_too_few_observations_leave_an_interval_open():
    assert quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.5) == (3.0, 0.0, math.inf)
    assert quantile([float(value) for value in range(50)], 0.95).high == math.inf


def test_what_never_came_counts_as_later_than_everything():
    ordered = [10.0] * 80 + [math.inf] * 20
    assert quantile(ordered, 0.5) == (10.0, 10.0, 10.0)
    assert quantile(ordered, 0.95) == (math.inf, math.inf, math.inf)
    assert quantile(ordered, 0.8) == (10.0, 10.0, math.inf)


def test_one_observation_a_run_is_judged_exactly():
    assert rate_of([(1, 1)] * 15 + [(0, 1)] * 133) == wilson(15, 148)
    assert quantile_of([[3.0], [1.0], [2.0]], 0.5) == quantile([1.0, 2.0, 3.0], 0.5)


def test_runs_that_repeat_themselves_know_no_more_than_each_once():
    # All ten uses of a run end alike: the runs are the observations, but for the m - 1 of the variance.
    alike, once = rate_of([(10, 10)] * 30 + [(0, 10)] * 70), wilson(30, 100)
    assert (alike.happened, alike.of, alike.rate) == (300, 1000, 0.3)
    assert (alike.low, alike.high) == pytest.approx((once.low, once.high), abs=2e-3)
    many, few = quantile_of([[float(run)] * 10 for run in range(100)], 0.5), quantile(range(100), 0.5)
    assert many.value == few.value and (many.low, many.high) == pytest.approx((few.low, few.high), abs=2)


def test_runs_that_never_differ_count_once_each():
    assert rate_of([(5, 5)] * 20)[2:] == wilson(20, 20)[2:]
    assert quantile_of([[1.0, 2.0]] * 5, 0.95).high == math.inf


@given(st.integers(0, 10**6))
def test_independent_uses_in_many_runs_are_judged_almost_as_if_each_had_its_run(seed):
    chance = random.Random(seed)
    runs = [(sum(chance.random() < 0.4 for _ in range(10)), 10) for _ in range(200)]
    pooled, independent = rate_of(runs), wilson(sum(k for k, _ in runs), 2000)
    assert 0.75 < (pooled.high - pooled.low) / (independent.high - independent.low) < 1.35


def test_pooled_intervals_hold_the_truth_about_as_often_as_they_say():
    # Uses of a run share its luck; the true rate is 1/2, the true median 0. Seeded: the counts are what they are.
    chance = random.Random("coverage")
    held_rate = held_median = 0
    for _ in range(400):
        luck = [chance.gauss(0, 1) for _ in range(40)]
        runs = [[one + chance.gauss(0, 0.5) for _ in range(6)] for one in luck]
        found = rate_of([(sum(value > 0 for value in run), len(run)) for run in runs])
        held_rate += found.low <= 0.5 <= found.high
        low, high = quantile_of([[value + 100 for value in run] for run in runs], 0.5)[1:]
        held_median += low <= 100 <= high
    assert 366 <= held_rate <= 394 and 366 <= held_median <= 394


@given(st.integers(1, 150), st.integers(1, 99), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_quantile_holds_it_as_often_as_promised(count, percent, confidence):
    found = quantile(range(1, count + 1), percent / 100, confidence)
    low = 0 if found.low == 0 else int(found.low)
    high = count + 1 if math.isinf(found.high) else int(found.high)
    assert low <= found.value <= high
    q = Fraction(percent, 100)
    # The true quantile lies between the order statistics l and u exactly when l to u - 1 observations are below it.
    held = sum(math.comb(count, k) * q**k * (1 - q) ** (count - k) for k in range(low, high))
    assert held >= Fraction(str(confidence)) - Fraction(1, 10**9)
