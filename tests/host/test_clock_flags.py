"""What cannot be true of a clock is told in words, with the records' numbers, and leaves open what it leaves open."""

from host_tools.clocks.spans import Span
from host_tools.clocks.unit_clock import DRIFT_PPM, UnitClock, impossible
from interlock.core import frames, records

from .books import Book, holster

T = 1_800_000_000_000
HOUR = 3_600_000


def clock(book: Book) -> UnitClock:
    return UnitClock(book.records)


def ticking(book: Book, ppm: float, *hours: float, since_ms: int = T) -> Book:
    """Syncs of a clock that runs so many ppm fast, at these hours of its uptime."""
    for hour in hours:
        book.clock(round(hour * HOUR), since_ms + round(hour * HOUR * (1 - ppm / 1e6)), u_ms=20)
    return book


def test_syncs_that_contradict_each_other_are_a_finding_and_leave_it_open_which_is_right() -> None:
    known = clock(holster().clock(0, T).clock(10_000, T + 15_000))
    (text,) = known.findings
    assert "boot 1" in text and "record 1" in text and "record 0" in text and "4.95" in text and "after" in text
    assert "a host's clock was wrong or stepped" in text and known.contradicts
    utc = known.at(1, 0)
    assert utc is not None and utc.utc_ms - utc.u_ms <= T and utc.utc_ms + utc.u_ms >= T + 5_000
    (fit,) = known.fits
    assert fit.drift_ppm is None and fit.residual_ms == 2500


def test_syncs_apart_by_no_more_than_drift_allows_are_none() -> None:
    assert not clock(holster().clock(0, T).clock(10 * HOUR, T + 10 * HOUR + 3000)).findings
    assert clock(holster().clock(0, T).clock(10 * HOUR, T + 10 * HOUR + 3800)).findings


def test_two_syncs_beyond_the_limit_may_be_host_or_crystal() -> None:
    (text,) = clock(ticking(holster(), 150, 0, 24)).findings
    assert "a host's clock was wrong or stepped, or its crystal is off by more than 100 ppm" in text
    (text,) = clock(ticking(holster(), 5000, 0, 24)).findings
    assert "crystal" not in text


def test_the_one_sync_that_disagrees_with_all_others_is_named() -> None:
    book = ticking(holster(), 10, 0, 8)
    book.clock(9 * HOUR, T + 10 * HOUR)  # an hour ahead
    ticking(book, 10, 16, 24)
    (text,) = clock(book).findings
    assert text.endswith("Without record 2 the other 4 agree") and "3599." in text
    utc = clock(book).at(1, 9 * HOUR)
    assert utc is not None and utc.u_ms > HOUR / 2, "nothing proves that the others were right"


def test_a_crystal_beyond_the_limit_that_three_syncs_agree_on_is_no_wrong_host() -> None:
    book = ticking(holster(), 250, 0, 8, 16, 24).alert(30 * HOUR, 1)
    known = clock(book)
    (text,) = known.findings
    assert "runs 250 ppm fast" in text and "beyond 100, as 4 syncs agree" in text and not known.contradicts
    for hour in (0, 4, 12, 20, 24, 30):
        true_ms = T + hour * HOUR * (1 - 250e-6)
        span, utc = known.span(1, hour * HOUR), known.at(1, hour * HOUR)
        assert span is not None and span.low <= true_ms <= span.high and span.high - span.low < 6000
        assert utc is not None and abs(utc.utc_ms - true_ms) <= utc.u_ms
    (fit,) = known.fits
    assert fit.drift_ppm is not None and abs(fit.drift_ppm - 250) < 3


def test_a_slow_crystal_is_known_by_several_boots_as_well_and_bounds_widen_in_all() -> None:
    book = ticking(holster(), -180, 0, 10)
    ticking(book.reboot(), -185, 0, 10, since_ms=T + 12 * HOUR)
    ticking(book.reboot(), -180, 0, since_ms=T + 24 * HOUR)
    known = clock(book)
    assert len(known.findings) == 1 and "boots 1, 2" in known.findings[0] and "ppm slow" in known.findings[0]
    span = known.span(3, 10 * HOUR)
    assert span is not None and span.low <= T + 34 * HOUR * 1.0 + 10 * HOUR * 180e-6 <= span.high
    assert known.fits[2].drift_ppm is None and known.unset == ()


def test_a_host_that_is_wrong_for_one_sync_is_no_crystal() -> None:
    book = ticking(holster(), 0, 0, 24)
    book.clock(48 * HOUR, T + 48 * HOUR + 20_000)  # 230 ppm of a day
    ticking(book, 0, 72, 96)
    known = clock(book)
    assert known.contradicts and "wrong or stepped" in known.findings[0] and "ppm fast" not in known.findings[0]


def test_a_clock_before_a_time_that_was_past_is_a_finding() -> None:
    (text,) = clock(holster().at(10, records.FLOOR, T).clock(5000, T - HOUR)).findings
    assert "past already" in text and "3604.969 s" in text and "record 0" in text


def test_a_sync_to_a_time_when_no_unit_was_in_service_does_not_count() -> None:
    known = clock(holster().clock(5000, 1_000_000_000_000).clock(6000, 2**64 - 1))
    assert "record 0 sets the clock to 2001-09-09 01:46:40 UTC, when no unit was in service" in known.findings[0]
    assert "record 1 sets the clock to a year beyond 9999" in known.findings[1]
    assert known.unset == (1,) and known.at(1, 5000) is None
    assert clock(holster().at(0, records.FLOOR, 2**64 - 1)).between(1, 0) == (None, None)


def test_a_sync_into_what_was_future_when_it_was_pulled_is_named() -> None:
    known = clock(holster().clock(5000, T).clock(6000, T + 1000))
    assert impossible(known, lambda _: T + 1500) == () and impossible(known, lambda _: None) == ()
    texts = impossible(known, {0: T - HOUR, 1: T + HOUR}.get)
    assert len(texts) == 1 and "record 0" in texts[0] and "3597.980 s or more after it was pulled" in texts[0]


def test_boots_in_impossible_order_are_a_finding() -> None:
    book = holster().clock(0, T).alert(HOUR, 1)
    assert not clock(book).findings
    (text,) = clock(book.reboot().clock(0, T + 60_000)).findings
    assert "boot 2 began before boot 1 ended" in text and "3539." in text


def test_boots_without_a_clock_took_their_time_too() -> None:
    book = holster().clock(0, T).alert(HOUR, 1)
    book.reboot().alert(3 * HOUR, 1)
    book.reboot().clock(0, T + 2 * HOUR)
    (text,) = clock(book).findings
    assert "boot 3 began before boot 1 ended, by their clocks, by 7198" in text


def test_a_calendar_counts_only_where_no_host_came_and_is_no_better_than_the_last_one() -> None:
    book = holster().clock(0, T, u_ms=20)
    book.reboot().at(0, records.CLOCK, records.BY_BOARD, T + 240 * HOUR, 10_000, 0)
    span = clock(book).span(2, 0)
    drifted_ms = 240 * HOUR * DRIFT_PPM / 1e6
    assert span is not None and span.low == T + 240 * HOUR - 10_001 - drifted_ms
    book.clock(60_000, T + 241 * HOUR, u_ms=20)
    known = clock(book)
    (text,) = known.findings
    assert "the board's own calendar (record 2) was 3529.9" in text and not known.contradicts
    assert known.span(2, 60_000) is not None and known.fits[1].syncs == 1


def test_a_calendar_does_not_count_where_the_ring_has_eaten_the_hosts_sync_before_it() -> None:
    """Nothing says how long it has run by itself: its own ± 10 s are of the moment at which it was read."""
    book = holster().clock(0, T).skip(1)
    book.records.clear()
    book.reboot().at(500, records.CLOCK, records.BY_BOARD, T + 720 * HOUR + 130_000, 10_000, 0)
    known = clock(book)
    assert known.unset == (2,) and known.span(2, 500) is None and known.at(2, 500) is None
    book.reboot().clock(0, T + 721 * HOUR)
    high_ms = clock(book).between(2, 500).high_ms
    assert high_ms is not None and high_ms > T + 720 * HOUR, "boots around it still bound it"


def test_a_time_heard_from_a_partner_that_a_technician_disproves_is_named() -> None:
    slot = T // frames.TIME_SLOT_MS
    assert not clock(holster().at(0, records.TIME_HEARD, 2, slot).clock(60_000, T + 90_000)).findings
    (text,) = clock(holster().at(0, records.TIME_HEARD, 2, slot).clock(60_000, T - HOUR)).findings
    assert "the time heard from unit 2 (record 0)" in text and "ahead of" in text and "3659." in text
    (text,) = clock(holster().at(0, records.TIME_HEARD, 2, slot).clock(60_000, T + HOUR)).findings
    assert "behind" in text


def test_uptimes_of_an_open_clock_hold_the_drift_on_the_way_there() -> None:
    """Two syncs an hour apart from each other: what was meant may be an hour from where bounds were asked."""
    known = clock(holster().clock(0, T, u_ms=20).clock(HOUR, T + 2 * HOUR, u_ms=20))
    asked = T + 11 * HOUR
    span = known.uptime(1, Span(asked, asked))
    assert span is not None
    # By the first sync it was uptime 11 h, by the second 10 h; clocks gain 100 ppm or lose it.
    assert span.low <= 10 * HOUR * (1 - 1e-4) and span.high >= 11 * HOUR * (1 + 1e-4)
