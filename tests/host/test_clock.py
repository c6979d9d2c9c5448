"""UTC for records: inside what is claimed, never sharper than known, and contradictions are told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.clocks.exchange import Span
from host_tools.clocks.unit_clock import DRIFT_PPM, UnitClock, Utc
from interlock.core import records

from .books import Book, holster

T = 1_800_000_000_000
HOUR = 3_600_000


def clock(book: Book) -> UnitClock:
    return UnitClock(book.records)


def test_a_sync_gives_the_whole_boot_utc_that_widens_away_from_it() -> None:
    known = clock(holster().clock(10_000, T, u_ms=20))
    assert known.at(1, 10_000) == Utc(T, 21)
    near, far, earlier = known.at(1, 10_000 + HOUR), known.at(1, 10_000 + 10 * HOUR), known.at(1, 0)
    assert near is not None and far is not None and earlier is not None
    assert near.utc_ms == T + HOUR and near.u_ms == 21 + HOUR * DRIFT_PPM / 1e6
    assert far.u_ms > near.u_ms and earlier.utc_ms == T - 10_000
    assert known.boots == (1,) and known.unset == () and not known.findings


def test_the_instant_of_a_sync_lies_before_its_record() -> None:
    assert clock(holster().clock(10_000, T, ago_ms=400)).at(1, 10_000) == Utc(T, 21)


def test_of_several_syncs_the_one_that_is_tightest_there_counts() -> None:
    book = holster().clock(0, T, u_ms=20).clock(10 * HOUR, T + 10 * HOUR + 900, u_ms=30)
    early, late = clock(book).at(1, HOUR), clock(book).at(1, 9 * HOUR)
    assert early == Utc(T + HOUR, 381) and late == Utc(T + 9 * HOUR + 900, 391)


@given(
    drift_ppm=st.floats(-99, 99),
    syncs=st.lists(st.tuples(st.integers(0, 40 * HOUR), st.integers(-50, 50)), min_size=1, max_size=6),
    at_ms=st.integers(0, 40 * HOUR),
)
@settings(max_examples=150, derandomize=True)
def test_the_true_utc_is_always_inside(drift_ppm: float, syncs: list[tuple[int, int]], at_ms: int) -> None:
    def true_ms(uptime_ms: float) -> float:
        return T + uptime_ms * (1 + drift_ppm / 1e6)

    book = holster()
    for uptime_ms, error_ms in sorted(syncs):
        book.clock(uptime_ms, round(true_ms(uptime_ms) + error_ms), u_ms=51)
    found = clock(book)
    utc = found.at(1, at_ms)
    assert utc is not None and not found.findings
    assert abs(utc.utc_ms - true_ms(at_ms)) <= utc.u_ms + 1
    span = found.uptime(1, Span(true_ms(at_ms), true_ms(at_ms)))
    assert span is not None and span.low - 1 <= at_ms <= span.high + 1


def test_a_boot_that_was_never_set_has_no_utc_but_neighbours() -> None:
    book = holster().clock(0, T, u_ms=9).alert(HOUR, 1)
    book.reboot().alert(5000, 1)
    book.reboot().clock(60_000, T + 3 * HOUR, u_ms=9)
    known = clock(book)
    assert known.at(2, 1000) is None and known.unset == (2,)
    low_ms, high_ms = known.between(2, 1000)
    assert low_ms is not None and high_ms is not None
    assert T + HOUR + 1000 - 500 < low_ms < T + HOUR + 1000, "the first boot had lasted an hour"
    assert T + 3 * HOUR - 64_000 < high_ms < T + 3 * HOUR - 64_000 + 100, (
        "it went on for 4 s, and the next for a minute"
    )


def test_the_first_and_the_last_boot_are_bounded_on_one_side() -> None:
    book = holster().alert(1000, 1)
    book.reboot().clock(0, T)
    book.reboot().alert(7000, 1)
    known = clock(book)
    assert known.between(1, 0).low_ms is None and known.between(1, 0).high_ms is not None
    assert known.between(3, 0).low_ms is not None and known.between(3, 0).high_ms is None
    assert known.between(9, 0) == (None, None) and clock(holster()).at(1, 0) is None


def test_a_time_that_was_carried_bounds_a_boot_from_below() -> None:
    low_ms, high_ms = clock(holster().at(2000, records.FLOOR, T)).between(1, 10_000)
    assert low_ms is not None and T + 7_990 < low_ms <= T + 8_000 and high_ms is None


def test_syncs_that_contradict_each_other_are_a_finding_and_leave_it_open_which_is_right() -> None:
    known = clock(holster().clock(0, T).clock(10_000, T + 15_000))
    assert len(known.findings) == 1 and "boot 1" in known.findings[0] and "record 1" in known.findings[0]
    utc = known.at(1, 0)
    assert utc is not None
    assert utc.utc_ms - utc.u_ms <= T and utc.utc_ms + utc.u_ms >= T + 5_000


def test_syncs_apart_by_no_more_than_drift_allows_are_none() -> None:
    assert not clock(holster().clock(0, T).clock(10 * HOUR, T + 10 * HOUR + 3000)).findings
    assert clock(holster().clock(0, T).clock(10 * HOUR, T + 10 * HOUR + 3800)).findings


def test_boots_in_impossible_order_are_a_finding() -> None:
    book = holster().clock(0, T).alert(HOUR, 1)
    assert not clock(book).findings
    assert "boot 2 began before boot 1 ended" in clock(book.reboot().clock(0, T + 60_000)).findings[0]


def test_a_clock_before_a_time_that_was_past_is_a_finding() -> None:
    assert "past already" in clock(holster().at(10, records.FLOOR, T).clock(5000, T - HOUR)).findings[0]


def test_records_that_are_no_clock_do_no_harm() -> None:
    book = holster()
    book.records.append(book.at(5, records.TORN, 1).records[-1])
    assert clock(book).unset == (1,)
