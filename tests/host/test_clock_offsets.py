"""How far two clocks were apart: measured, and certain."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.clocks.exchange import Bound, Span
from host_tools.clocks.offsets import measured

HOUR = 3_600_000.0


def trip(here_ms: float, ahead: float, out: float = 20, back: float = 20) -> list[Bound]:
    return [Bound(here_ms, Span(-math.inf, ahead + out)), Bound(here_ms + out + back, Span(ahead - back, math.inf))]


def test_one_exchange_measures_to_its_round_trip() -> None:
    found = measured(trip(1000, 500), None, 1000)
    assert found is not None and found.by == "radio"
    assert abs(found.ms - 500) < 1 and found.u_ms < 22 and found.low_ms <= 480 and found.high_ms >= 520


def test_nothing_ties_clocks_that_never_met() -> None:
    assert measured([], None, 0.0) is None
    assert measured(trip(0, 0)[:1], None, 0.0) is None


def test_utc_alone_ties_them_and_is_named() -> None:
    found = measured([], Span(-2000.0, 3000.0), 0.0)
    assert found is not None and found.by == "UTC" and found.ms == 500 and abs(found.u_ms - 0.95 * 2501) < 0.1
    assert (found.low_ms, found.high_ms) == (-2001, 3001)


def test_utc_that_contradicts_the_exchanges_does_not_count() -> None:
    found = measured(trip(0, 500), Span(60_000.0, 62_000.0), 0.0)
    assert found is not None and found.by == "radio" and abs(found.ms - 500) < 2
    agreeing = measured(trip(0, 500), Span(-1000.0, 1000.0), 0.0)
    assert agreeing is not None and agreeing.by == "both"


@given(way=st.floats(0, 90), beyond=st.floats(0, 2500), other=st.floats(0, 2500), is_heard=st.booleans())
@settings(max_examples=200, derandomize=True, deadline=None)
def test_what_was_heard_and_never_answered_bounds_one_side_and_the_truth_is_near_it(
    way: float, beyond: float, other: float, is_heard: bool
) -> None:
    ahead = 500.0
    # Heard by the camera; or a frame of the camera's own that the weapon heard.
    said = Span(-math.inf, ahead + way) if is_heard else Span(ahead - way, math.inf)
    by_utc = Span(ahead - other, ahead + way + beyond) if is_heard else Span(ahead - way - beyond, ahead + other)
    found = measured([Bound(1000, said)], by_utc, 1000)
    assert found is not None and abs(found.ms - ahead) <= found.u_ms and found.by == "both"


def test_several_uses_tell_how_the_two_drift() -> None:
    bounds = [bound for hour in (0, 2, 4, 6) for bound in trip(hour * HOUR, 500 + hour * HOUR * 60e-6)]
    found = measured(bounds, None, 5 * HOUR)
    assert found is not None and abs(found.ms - (500 + 5 * HOUR * 60e-6)) < 30
    assert found.u_ms < (found.high_ms - found.low_ms) / 4


@given(
    ppm=st.floats(-150, 150),
    trips=st.lists(st.tuples(st.floats(0, 8 * HOUR), st.floats(1, 90), st.floats(1, 90)), min_size=1, max_size=6),
    here_ms=st.floats(0, 8 * HOUR),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_what_is_measured_lies_within_what_is_certain(
    ppm: float, trips: list[tuple[float, float, float]], here_ms: float
) -> None:
    def ahead(at_ms: float) -> float:
        return 700 + at_ms * ppm / 1e6

    bounds = []
    for at_ms, out, back in trips:
        bounds += [
            Bound(at_ms, Span(-math.inf, ahead(at_ms) + out)),
            Bound(at_ms + out + back, Span(ahead(at_ms) - back, math.inf)),
        ]
    found = measured(bounds, None, here_ms)
    assert found is not None and found.low_ms - 1 <= ahead(here_ms) <= found.high_ms + 1
    assert found.low_ms - 1e-6 <= found.ms - found.u_ms and found.ms + found.u_ms <= found.high_ms + 1e-6


def test_where_a_frame_was_heard_and_nothing_came_back_the_truth_next_to_its_bound_is_within_u() -> None:
    """By UTC alone it might be anywhere in 4 s; a frame on its way takes milliseconds, so it is at the edge."""
    heard = Bound(1000.0, Span(-math.inf, 5.0 + 20.0))  # the offset is 5, the frame took 20 ms
    found = measured([heard], Span(-1990.0, 2010.0), 1000.0)
    assert found is not None and found.by == "both"
    assert abs(found.ms - 5) <= found.u_ms and found.low_ms <= 5 <= found.high_ms
    looser = measured([Bound(1000.0, Span(-math.inf, 9000.0))], Span(-1990.0, 2010.0), 1000.0)
    assert looser is not None and looser.by == "UTC" and looser.u_ms < 2000
