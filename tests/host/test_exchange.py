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
