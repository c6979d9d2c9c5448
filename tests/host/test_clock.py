"""UTC for records: inside what is claimed, never sharper than known."""

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
    assert near.utc_ms == T + HOUR and 320 < near.u_ms < 340, "92 ppm in an hour, at 95 %"
    assert far.u_ms > near.u_ms and earlier.utc_ms == T - 10_000
    assert known.boots == (1,) and known.unset == () and not known.findings


def test_certain_bounds_are_all_that_the_oscillator_may_do() -> None:
    known = clock(holster().clock(10_000, T, u_ms=20))
    assert known.span(1, 10_000) == Span(T - 21, T + 21)
    drift_ms = HOUR * DRIFT_PPM / 1e6
    assert known.span(1, 10_000 + HOUR) == Span(T + HOUR - 21 - drift_ms, T + HOUR + 21 + drift_ms)
    assert known.between(1, 10_000) == (T - 21, T + 21) and known.span(7, 0) is None


def test_the_instant_of_a_sync_lies_before_its_record() -> None:
    assert clock(holster().clock(10_000, T, ago_ms=400)).at(1, 10_000) == Utc(T, 21)


def test_all_syncs_narrow_what_is_certain() -> None:
    book = holster().clock(0, T, u_ms=20).clock(10 * HOUR, T + 10 * HOUR + 3000, u_ms=20)
    span = clock(book).span(1, 5 * HOUR)
    assert span is not None
    # It gained 300 ms an hour at least for nearly all the time, and 360 at most.
    assert T + 5 * HOUR + 1500 - 342 < span.low < span.high < T + 5 * HOUR + 1500 + 342
    assert clock(book).span(1, 0) == Span(T - 21, T + 21)


def test_between_two_syncs_the_fit_is_sharper_than_beyond() -> None:
    book = holster().clock(0, T, u_ms=20).clock(10 * HOUR, T + 10 * HOUR + 900, u_ms=30).alert(20 * HOUR, 1)
    known = clock(book)
    early, middle, beyond = known.at(1, HOUR), known.at(1, 5 * HOUR), known.at(1, 20 * HOUR)
    assert early is not None and middle is not None and beyond is not None
    assert abs(early.utc_ms - (T + HOUR + 90)) < 5 and abs(middle.utc_ms - (T + 5 * HOUR + 450)) < 5
    assert early.u_ms < middle.u_ms < beyond.u_ms < 1000
    (fit,) = known.fits
    assert fit.boot == 1 and fit.syncs == 2 and fit.drift_ppm is not None and fit.drift_u_ppm is not None
    assert abs(fit.drift_ppm + 25) < 2 and fit.drift_u_ppm < 20 and fit.u_ms == beyond.u_ms and fit.residual_ms < 40


def test_one_sync_says_nothing_of_the_drift() -> None:
    (fit,) = clock(holster().clock(0, T, u_ms=20).alert(HOUR, 1)).fits
    assert fit.drift_ppm is None and fit.drift_u_ppm is None and fit.residual_ms == 0 and fit.syncs == 1


def test_a_crystal_is_known_in_a_boot_by_what_it_did_in_others() -> None:
    alone = clock(holster().clock(0, T, u_ms=20)).at(1, 10 * HOUR)
    book = holster().clock(0, T, u_ms=20).clock(48 * HOUR, T + 48 * HOUR - 5184, u_ms=20)  # 30 ppm fast
    book.reboot().clock(0, T + 50 * HOUR, u_ms=20)
    known = clock(book)
    utc = known.at(2, 10 * HOUR)
    assert utc is not None and alone is not None and utc.u_ms < alone.u_ms / 4
    assert abs(utc.utc_ms - (T + 60 * HOUR - 1080)) < 60
    assert known.span(2, 10 * HOUR) == Span(T + 60 * HOUR - 3621, T + 60 * HOUR + 3621), "what is certain stays"


def test_uptimes_beyond_the_tick_wrap_are_uptimes_like_others() -> None:
    late_ms = 3 * 2**30
    known = clock(holster().clock(late_ms, T, u_ms=20).clock(late_ms + HOUR, T + HOUR, u_ms=20))
    utc = known.at(1, late_ms + HOUR // 2)
    assert utc is not None and utc.utc_ms == T + HOUR // 2 and utc.u_ms < 60


@given(
    drift_ppm=st.floats(-99, 99),
    syncs=st.lists(st.tuples(st.integers(0, 40 * HOUR), st.integers(-50, 50)), min_size=1, max_size=6),
    at_ms=st.integers(0, 40 * HOUR),
)
@settings(max_examples=150, derandomize=True)
def test_the_true_utc_is_always_within_certain_bounds_and_the_fit_never_beyond(
    drift_ppm: float, syncs: list[tuple[int, int]], at_ms: int
) -> None:
    def true_ms(uptime_ms: float) -> float:
        return T + uptime_ms * (1 + drift_ppm / 1e6)

    book = holster()
    for uptime_ms, error_ms in sorted(syncs):
        book.clock(uptime_ms, round(true_ms(uptime_ms) + error_ms), u_ms=51)
    found = clock(book)
    certain, utc = found.span(1, at_ms), found.at(1, at_ms)
    assert certain is not None and utc is not None and not found.findings
    assert certain.low - 1 <= true_ms(at_ms) <= certain.high + 1
    assert certain.low - 2 <= utc.utc_ms - utc.u_ms and utc.utc_ms + utc.u_ms <= certain.high + 2
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


def test_records_that_are_no_clock_do_no_harm() -> None:
    book = holster()
    book.records.append(book.at(5, records.TORN, 1).records[-1])
    assert clock(book).unset == (1,)
