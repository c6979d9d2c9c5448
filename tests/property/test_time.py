"""Ticks, uptime and the rota of the air, across the wrap."""

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core.airtime import FAST_MS, SLOT_MS, SLOW_MS, Airtime
from interlock.core.ticks import HALF_MS, PERIOD_MS, Uptime, earlier, is_due, ticks_add, ticks_diff

TICKS = st.one_of(st.integers(0, PERIOD_MS - 1), st.integers(-50, 50).map(lambda off: off % PERIOD_MS))
DELTAS = st.one_of(st.integers(-HALF_MS, HALF_MS - 1), st.integers(-5, 5))


@given(ticks=TICKS, delta=DELTAS)
def test_a_difference_undoes_an_addition(ticks: int, delta: int) -> None:
    later = ticks_add(ticks, delta)
    assert 0 <= later < PERIOD_MS and ticks_diff(later, ticks) == delta
    assert is_due(ticks, later) == (delta >= 0)


@given(now=TICKS, a=st.integers(-HALF_MS // 2, HALF_MS // 2 - 1), b=st.integers(-HALF_MS // 2, HALF_MS // 2 - 1))
def test_the_earlier_deadline_is_the_one_that_comes_first(now: int, a: int, b: int) -> None:
    first = earlier(ticks_add(now, a), ticks_add(now, b), now)
    assert first == ticks_add(now, min(a, b))


@given(start=TICKS, waits=st.lists(st.integers(0, HALF_MS - 1), max_size=30), back=st.integers(0, 5000))
def test_uptime_is_the_sum_of_what_passed_and_looks_back_at_latched_edges(
    start: int, waits: list[int], back: int
) -> None:
    uptime, now, total = Uptime(start), start, 0
    for wait in waits:
        now, total = ticks_add(now, wait), total + wait
        assert uptime.now(now) == total
        assert uptime.now(ticks_add(now, -back)) == max(0, total - back)
        assert uptime.now(now) == total


PUTS = st.lists(
    st.tuples(
        st.integers(0, 400),  # wait
        st.integers(0, 3),  # key
        st.integers(0, 300),  # fast
        st.integers(0, 900),  # slow
        st.sampled_from(["put", "put", "drop", "shorten"]),
    ),
    max_size=20,
)


class Wish:
    """What was asked for under one key: the model of an entry."""

    def __init__(self, frame: bytes, fast_until: int, until: int) -> None:
        self.frame, self.fast_until, self.until = frame, fast_until, until


@given(start=TICKS, puts=PUTS)
@settings(max_examples=150)
def test_what_is_aired_is_wanted_now_at_its_interval_and_only_what_is_wanted_is_aired(
    start: int, puts: list[tuple[int, int, int, int, str]]
) -> None:
    """Every millisecond against the model; the deadline never sleeps through a change."""
    air, now, passed = Airtime(), start, 0
    wishes: dict[int, Wish] = {}
    said, asleep_until = air.turn(now), None
    for number, (wait, key, fast, slow, what) in enumerate(puts):
        for _ in range(wait):
            now, passed = ticks_add(now, 1), passed + 1
            turned = air.turn(now)
            if turned != said:
                assert asleep_until is not None and is_due(asleep_until, now), "the air changed before the deadline"
            said, asleep_until = turned, air.deadline(now)
            assert asleep_until is None or not is_due(asleep_until, now), "a deadline that is over is no sleep"
            wanted = [wish for wish in wishes.values() if wish.until > passed]
            if turned is None:
                assert not wanted
            else:
                fits = [wish for wish in wanted if wish.frame == turned[0]]
                assert len(fits) == 1 and turned[1] == (FAST_MS if fits[0].fast_until > passed else SLOW_MS)
        if what == "put":
            frame = bytes([number]) * 31
            air.put(key, frame, now, fast, slow)
            wishes[key] = Wish(frame, passed + fast, passed + fast + slow)
        elif what == "drop":
            air.drop(key)
            wishes.pop(key, None)
        elif key in wishes:
            air.shorten(key, ticks_add(now, fast))
            wishes[key].until = min(wishes[key].until, passed + fast)
        said = air.turn(now)
        asleep_until = air.deadline(now)


@given(start=TICKS, count=st.integers(2, 6))
@settings(max_examples=40)
def test_entries_share_the_air_evenly_and_none_waits_longer_than_a_round(start: int, count: int) -> None:
    air = Airtime()
    for key in range(count):
        air.put(key, bytes([key]) * 31, start, 10_000, 0)
    heard = []
    for ms in range(SLOT_MS * count * 3):
        turned = air.turn(ticks_add(start, ms))
        assert turned is not None
        heard.append(turned[0][0])
    assert {heard.count(key) for key in range(count)} == {SLOT_MS * 3}
    assert all(set(heard[i : i + SLOT_MS * count]) == set(range(count)) for i in range(SLOT_MS * count))
