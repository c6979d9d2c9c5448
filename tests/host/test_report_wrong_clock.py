"""A clock that what units said to each other proves wrong: named, and the UTC of its moments is as open as that leaves
it, while verdicts go by the order that the radio proves."""

import pytest

from host_tools.clocks.spans import Bound, Span
from host_tools.clocks.unit_clock import UnitClock
from host_tools.reporting.report import Report
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA

from .books import HOLSTER, OTHER, OWN, Book, holster, other, own
from .report_shift import HOUR, T, held, made

DAY = 24 * HOUR


def met(weapon_off_ms: int = 0, camera_off_ms: int = 0) -> tuple[Book, Book]:
    """A use that the own camera acks; each clock set so far off."""
    weapon = holster().clock(1000, T + 1000 + weapon_off_ms)
    weapon.event(10_000, frames.DRAW, 5).ack(10_030, 5, frames.HEARD).ack(10_950, 5, frames.PROVEN, 20)
    weapon.event(13_000, frames.DISCHARGE, 7).ack(13_040, 7, frames.PROVEN, 2_100).event(20_000, frames.REHOLSTER, 8)
    camera = own().clock(0, T + camera_off_ms).tally(600, False).heard(10_010, 5).tally(10_925, True, buffer_ms=30_000)
    return weapon, camera.heard(13_010, 7).tally(50_000, False)


def told(*books: Book) -> Report:
    return made(*(held(book, T + 30 * DAY) for book in books))


def test_clocks_that_agree_with_what_was_said_are_no_finding() -> None:
    report = told(*met())
    assert not report.findings and report.uses[0].began.u_ms is not None and report.uses[0].began.u_ms < 30


@pytest.mark.parametrize("off_ms", [-20 * DAY, -HOUR, 5000, HOUR])
def test_utc_of_a_clock_that_exchanges_prove_wrong_is_as_open_as_they_leave_it(off_ms: int) -> None:
    report = told(*met(off_ms))
    (finding,) = report.findings
    assert finding.serial == f"UNIT{HOLSTER}" and f"UNIT{OWN}" in finding.text and "record" in finding.text
    (use,) = report.uses
    began = use.began
    assert began.utc_ms is not None and began.u_ms is not None and began.not_before_ms is not None
    for right_ms in (T + 10_000, T + 10_000 + off_ms):
        assert began.utc_ms - began.u_ms <= right_ms <= began.utc_ms + began.u_ms, "nothing proves which was wrong"
        assert began.not_before_ms <= right_ms <= (began.not_after_ms or 0)
    assert began.u_ms < abs(off_ms) / 2 + 1000
    assert (use.month is None) is (off_ms == -20 * DAY)
    assert [unit.clock for unit in report.units if unit.unit in (HOLSTER, OWN)] == ["contradictory", "contradictory"]
    assert [event.verdict for event in use.events] == ["late", "before"], "their order is the radio's affair"


def test_the_one_whose_clock_is_wrong_is_told_by_the_others_that_it_met() -> None:
    weapon, camera = met()
    weapon.at(20_100, records.WITNESS, OTHER, 9, bytes(4))
    wrong = other().clock(0, T - DAY).heard(10_020, 5, kind=4).tally(11_500, True).at(11_510, records.AIRED, 9, 7)
    second = Book(4, ROLE_CAMERA, 9_000).clock(0, T)
    second.heard(10_015, 5, kind=4).at(12_000, records.AIRED, 3, 7)
    weapon.at(20_150, records.WITNESS, 4, 3, bytes(4))
    report = told(weapon, camera, wrong.heard(13_010, 7, kind=4).tally(60_000, False), second)
    assert {finding.serial for finding in report.findings} == {f"UNIT{OTHER}"}
    began = report.uses[0].began
    assert began.u_ms is not None and began.u_ms < 30, "the weapon's own clock agrees with both others"


def test_what_others_say_of_a_boot_leaves_its_other_boots_alone() -> None:
    clock = UnitClock(holster().clock(0, T).reboot().clock(0, T + HOUR).records)
    beside = clock.beside({2: [Bound(1000, Span(T + 5 * HOUR, T + 5 * HOUR + 40))]})
    assert beside.at(1, 500) == clock.at(1, 500) and beside.contradicts and not clock.contradicts
    assert beside.findings == clock.findings
    span = beside.span(2, 1000)
    assert span is not None and span.low <= T + HOUR + 1000 and span.high >= T + 5 * HOUR + 1040
    utc = beside.at(2, 1000)
    assert utc is not None and utc.u_ms >= 2 * HOUR


def restarted(is_heard: bool = True) -> tuple[Book, Book]:
    """The camera records before the use; its clock is set an hour ahead, and not again when its unit starts anew before
    it hears the weapon."""
    weapon = holster().clock(1000, T + 1000).event(10_000, frames.DRAW, 5).ack(10_950, 5, frames.HEARD)
    weapon.event(13_000, frames.DISCHARGE, 7).event(20_000, frames.REHOLSTER, 8)
    camera = own().clock(0, T + HOUR).tally(600, False).tally(5_000, True)
    camera.boot, camera.base_ms = 2, -8000
    camera.at(8000, records.BOOT, 1, 0, 1, 0).tally(8_050, True)
    if is_heard:
        camera.heard(10_010, 5).heard(13_010, 7)
    return weapon, camera.tally(50_000, False)


def test_a_wrong_clock_of_the_boot_before_is_found_by_what_is_said_in_the_next_one() -> None:
    report = told(*restarted())
    (finding,) = report.findings
    assert f"UNIT{HOLSTER}" in (finding.serial, finding.text) or f"UNIT{OWN}" in finding.text
    assert "boot 1" in finding.text and "set wrong" in finding.text
    assert {event.verdict for event in report.uses[0].events} == {"before"}


def test_boots_of_which_the_later_is_set_before_the_earlier_tie_nothing() -> None:
    """One of the two was set wrong, and nobody who met it says which."""
    weapon, camera = restarted(is_heard=False)
    camera.clock(60_000, T + 60_000)
    report = told(weapon, camera)
    assert any("began before boot 1 ended" in finding.text for finding in report.findings)
    assert {event.verdict for event in report.uses[0].events} == {"indeterminate"}
