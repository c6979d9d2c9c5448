"""What units say to each other comes before what hosts' clocks say: a clock that was set wrong is named, and takes
nothing from what the radio proves."""

import pytest

from host_tools.judging.evidence import gather
from host_tools.reporting.held import Held, from_verdict
from host_tools.reporting.model import Report
from host_tools.reporting.report import build
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import OTHER, OWN, Book

T = 1_800_000_000_000
HOUR = 3_600_000
SECOND = 11


def held(book: Book) -> Held:
    return from_verdict(book.serial, book.serial, book.verdict(), T + 20 * HOUR)


def weapon(off_ms: int, unit: int = 1, counter: int = 5) -> Book:
    """A use of ten seconds, 10 s after its clock was set; the group's camera says that it records."""
    book = Book(unit, ROLE_HOLSTER).clock(1000, T + 1000 + off_ms).event(10_000, frames.DRAW, counter)
    book.at(12_040, records.WITNESS, OTHER, 9, bytes(4)).event(13_000, frames.DISCHARGE, counter + 1)
    return book.event(20_000, frames.REHOLSTER, counter + 2)


def recorder(off_ms: int, *heard: tuple[int, int]) -> Book:
    """It records from 5 s to 50 s, hears both frames, and says so between them. `heard`: more senders and counters."""
    book = Book(OTHER, ROLE_CAMERA).clock(500, T + 500 + off_ms).tally(600, False).tally(5000, True)
    for sender, counter in ((1, 5), *heard):
        book.at(10_010, records.HEARD, sender, counter, 4, 0x10, bytes(4))
    return book.at(12_000, records.AIRED, 9, 7).heard(13_010, 6, kind=4).tally(50_000, False)


def made(*books: Book) -> Report:
    silent = Book(OWN, ROLE_CAMERA).clock(500, T + 500).tally(600, False)
    return build([held(book) for book in (*books, silent)], {1: [OWN], SECOND: []}, made_ms=T + 21 * HOUR)


@pytest.mark.parametrize("off_ms", [-HOUR, -60_000, 60_000, 20 * 24 * HOUR])
@pytest.mark.parametrize("is_weapons", [True, False])
def test_a_recording_that_the_radio_ties_is_before_whatever_host_set_one_of_the_clocks(
    off_ms: int, is_weapons: bool
) -> None:
    report = made(weapon(off_ms if is_weapons else 0), recorder(0 if is_weapons else off_ms))
    for event in report.uses[0].events:
        assert (event.verdict, event.ground.row) == ("before", "before-clocks")
        assert event.continuity is not None and event.continuity.state == "unbroken"
        assert event.own_verdict == "indeterminate", "of a camera that heard nothing only that UTC would tell"
    (finding,) = [found for found in report.findings if "that of UNIT" in found.text]
    is_ahead = (off_ms > 0) == is_weapons
    assert finding.name == "UNIT1" and f"{'ahead of' if is_ahead else 'behind'} that of UNIT{OTHER}" in finding.text
    assert "one of the two was set wrong" in finding.text and "(record " in finding.text


def test_right_clocks_contradict_nothing_and_a_second_of_a_host_is_no_dispute() -> None:
    for off_ms in (0, -900, 900):
        report = made(weapon(off_ms), recorder(0))
        assert not report.findings and report.uses[0].events[0].own_verdict == "unwitnessed"


def test_of_two_that_disagree_the_one_with_whom_others_agree_is_right() -> None:
    books = [weapon(-HOUR), weapon(0, SECOND, 50), recorder(0, (SECOND, 50))]
    books[1].ack(21_000, 50, frames.HEARD, camera_unit=OTHER)
    found = gather([book.done() for book in books]).disputed
    assert {segment.unit for segment in found.wrong} == {1, OTHER}, "one against one: either may be"
    books += [weapon(0, 12, 60)]
    books[2] = recorder(0, (SECOND, 50), (12, 60))
    evidence = gather([book.done() for book in books])
    assert {segment.unit for segment in evidence.disputed.wrong} == {1}
    assert evidence.tying(1) is not None and evidence.tying(1).unset == (1,)  # type: ignore[union-attr]
    (finding,) = made(*books).findings
    assert finding.name == "UNIT1"


def test_other_boots_of_a_unit_keep_their_clocks() -> None:
    book = weapon(-HOUR).reboot().clock(1000, T + 5 * HOUR).event(10_000, frames.DRAW, 80)
    evidence = gather([book.done(), recorder(0).done()])
    clock = evidence.tying(1)
    assert clock is not None and clock.unset == (1,)
    assert clock.between(1, 10_000).high_ms is not None, "the next boot bounds it"
