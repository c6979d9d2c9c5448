"""Two clocks joined by exchanges."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.clocks.exchange import Bound, Span, offset_at


def test_one_round_trip_bounds_the_offset_from_both_sides() -> None:
    heard = Bound(1000.0, Span(-math.inf, 510.0))
    answered = Bound(1050.0, Span(450.0, math.inf))
    offset = offset_at([heard, answered], 1050.0)
    assert offset is not None and offset.low <= 450 <= offset.high and offset.high - offset.low < 65


def test_half_an_exchange_says_nothing() -> None:
    assert offset_at([Bound(0.0, Span(-math.inf, 5.0))], 0.0) is None
    assert offset_at([], 0.0) is None


def test_exchanges_that_contradict_each_other_say_nothing() -> None:
    assert offset_at([Bound(0.0, Span(-math.inf, 5.0)), Bound(0.0, Span(90.0, math.inf))], 0.0) is None


@given(
    offset=st.floats(-1e6, 1e6),
    drift_ppm=st.floats(-99, 99),
    trips=st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 200), st.floats(0, 200)), min_size=1, max_size=5),
    at=st.floats(0, 1e6),
)
@settings(max_examples=200, derandomize=True)
def test_the_true_offset_is_always_inside(
    offset: float, drift_ppm: float, trips: list[tuple[float, float, float]], at: float
) -> None:
    def there(here: float) -> float:
        return here + offset + here * drift_ppm / 1e6

    bounds = []
    for aired, out, back in trips:
        heard, answered = there(aired + out), aired + out + back
        bounds += [Bound(aired, Span(-math.inf, heard - aired)), Bound(answered, Span(heard - answered, math.inf))]
    found = offset_at(bounds, at)
    assert found is not None
    assert found.low - 1e-6 <= there(at) - at <= found.high + 1e-6


def trips(ppm: float, *minutes: float) -> list[Bound]:
    """Round trips of 40 ms, by a clock that runs so many ppm faster than ours."""
    bounds = []
    for here_ms in (minute * 60_000.0 for minute in minutes):
        ahead = 5000 + here_ms * ppm / 1e6
        bounds.append(Bound(here_ms, Span(-math.inf, ahead + 20)))
        bounds.append(Bound(here_ms + 40, Span(ahead - 20, math.inf)))
    return bounds


def test_two_clocks_each_at_the_edge_of_what_is_allowed_do_not_contradict_each_other() -> None:
    offset = offset_at(trips(190, 0, 60, 120), 30 * 60_000.0)
    assert offset is not None and offset.low <= 5000 + 342 <= offset.high


def test_clocks_that_run_apart_faster_are_known_by_several_exchanges() -> None:
    bounds = trips(600, 0, 60, 120, 180)
    for minute in (0, 30, 90, 180, 240):
        offset = offset_at(bounds, minute * 60_000.0)
        assert offset is not None
        assert offset.low <= 5000 + minute * 60_000 * 600e-6 <= offset.high and offset.high - offset.low < 1800


def test_a_step_is_no_drift() -> None:
    stepped = [
        *trips(0, 0, 60),
        *(Bound(b.here_ms + 7.2e6, Span(*(x + 3000 for x in b.offset))) for b in trips(0, 0, 60)),
    ]
    assert offset_at(stepped, 0.0) is None
    assert offset_at(trips(600, 0, 60), 0.0) is None, "one stretch of time may have been a step"
    assert offset_at(trips(5000, 0, 60, 120), 0.0) is None, "no oscillator does that"


def test_thousands_of_exchanges_of_fast_clocks_are_weighed_in_time() -> None:
    offset = offset_at(trips(450, *range(0, 6000, 3)), 9000.0)
    assert offset is not None and offset.low <= 5000 + 4.05 <= offset.high
