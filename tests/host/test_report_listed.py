"""What a report lists where there is too much: what counts always, of the rest the newest, and all of it in figures."""

import random

import pytest

from host_tools.reporting import part as one_part
from host_tools.reporting import parts
from host_tools.reporting import units as report_units
from host_tools.reporting.asked import Asked, Beside
from host_tools.reporting.figures import Apart
from host_tools.reporting.held import Held, from_verdict
from host_tools.reporting.model import Report
from host_tools.reporting.part import part
from host_tools.reporting.public import public
from host_tools.reporting.report import build, whole
from interlock.core import frames, holster, records
from interlock.core.settings import ROLE_HOLSTER

from .books import Book
from .schemas import conforms
from .test_uses import crew

T = 1_800_000_000_000
HOUR = 3_600_000
MADE = T + 2000 * HOUR
TEST = holster.FLAG_FUNCTION_TEST


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small journals reach."""
    for name, most in (("CUT_AFTER", 7), ("TESTS_MAX", 4), ("NOTES_MAX", 6), ("SESSIONS_MAX", 5)):
        monkeypatch.setattr(parts, name, most)
    monkeypatch.setattr(one_part, "TESTS_OF_UNIT", 3)
    monkeypatch.setattr(report_units, "NOTES_OF_UNIT", 4)
    monkeypatch.setattr(report_units, "SESSIONS_OF_UNIT", 3)


def story(unit: int, hours: list[int], real: int | None = None) -> Book:
    """A function test at each of these hours, and a discharge, that is none, at hour `real`."""
    book = Book(unit, ROLE_HOLSTER).clock(0, T)
    for place, hour in enumerate(sorted({*hours, *([] if real is None else [real])})):
        flags = 0 if hour == real else TEST
        for step, event in enumerate((frames.DRAW, frames.DISCHARGE, frames.REHOLSTER)):
            ms, counter = hour * HOUR + 1000 * step, 10 * place + 5 + step
            book.at(ms, records.EVENT, event, flags, counter, 0, 0, records.AGO_NONE, 0)
    return book


def held(book: Book) -> Held:
    return from_verdict(book.serial, book.serial, book.verdict(), T + 1900 * HOUR)


def made(*books: Book) -> Report:
    report = build([held(book) for book in books], {}, made_ms=MADE)
    conforms("report", report.plain())
    return report


def hours(report: Report, serial: str) -> list[int]:
    return [use.began.uptime_ms // HOUR for use in report.uses if use.serial == serial]


@pytest.mark.usefixtures("few")
def test_of_a_weapons_function_tests_the_newest_are_listed_and_all_are_counted() -> None:
    report = made(story(1, [10, 20, 30, 40, 50], real=5))
    assert hours(report, "UNIT1") == [5, 30, 40, 50], "the discharge that counts is listed, however old"
    assert report.headline.function_tests == Apart(uses=5, discharges=5, arms=0, draws=5)
    assert report.headline.discharges.total == 1
    assert [(one.serial, one.coded, one.uses, one.discharges) for one in report.unlisted] == [
        ("UNIT1", "function test", 2, 2)
    ]
    assert len(report.incidents) == 4 and report.units[0].uses == 6
    for rows in (report.breakdown.months, report.breakdown.units, report.breakdown.teams):
        assert sum(row.uses for row in rows) == 6
        assert sum(row.headline.function_tests.uses for row in rows) == 5
    assert (
        sum("2 function tests and tries in test mode are counted and not listed" in note for note in report.notes) == 1
    )


@pytest.mark.usefixtures("few")
def test_a_function_test_in_an_incident_with_a_use_that_counts_is_listed() -> None:
    other = story(2, [], real=10)
    crew(other, 10 * HOUR + 2500, (1, records.CREW_HOLSTER))
    report = made(story(1, [10, 20, 30, 40, 50]), other)
    assert hours(report, "UNIT1") == [10, 30, 40, 50]
    assert [len(incident.uses) for incident in report.incidents] == [2, 1, 1, 1]


@pytest.mark.usefixtures("few")
def test_what_is_listed_is_the_same_however_the_work_was_shared_out() -> None:
    chance = random.Random(1)
    books = [story(n, chance.sample(range(1000), 8), real=1000 + n) for n in range(1, 7)]
    for book in books:
        for hour in chance.sample(range(1100, 1200), 5):
            book.at(hour * HOUR, records.MODE, records.MODE_MUTE, 0, 60)
            book.session(hour * HOUR + 5000)
    journals = [held(book) for book in books]
    asked, beside = Asked(MADE), Beside(pairs=())
    at_once = whole([part(journals, {}, asked)], beside, asked)
    assert len([use for use in at_once.uses if use.coded]) == 4, "of all weapons together"
    assert len(at_once.said) == 6 and len(at_once.sessions) == 5
    assert at_once.headline.discharges.total == 6 and at_once.headline.function_tests.uses == 48
    for _ in range(10):
        chance.shuffle(journals)
        cut = chance.randint(1, 5)
        shares = [part(journals[:cut], {}, asked), part(journals[cut:], {}, asked)]
        assert whole(shares, beside, asked) == at_once
        assert whole([part([journal], {}, asked) for journal in journals], beside, asked) == at_once


@pytest.mark.usefixtures("few")
def test_notes_and_sessions_that_are_not_listed_are_counted_in_words() -> None:
    book = Book(1, ROLE_HOLSTER).clock(0, T)
    for hour in range(10):
        book.at(hour * HOUR, records.MODE, records.MODE_MUTE, 0, 60 + hour).session(hour * HOUR + 5000)
    report = made(book)
    assert len(report.said) == 4 and "69 s" in report.said[-1].text
    assert [session.at.uptime_ms // HOUR for session in report.sessions] == [7, 8, 9]
    assert any("6 older notes of units and 7 older sessions" in note for note in report.notes)
    later = build([held(book)], {}, made_ms=MADE, since_ms=T + 8 * HOUR)
    assert len(later.said) == 2 and not any("older" in note for note in later.notes)


@pytest.mark.usefixtures("few")
def test_the_public_report_counts_what_is_not_listed_under_pseudonyms() -> None:
    report = public(made(story(1, [10, 20, 30, 40, 50])))
    (more,) = report.unlisted
    assert more.serial != "UNIT1" and more.uses == 2
    assert [row.headline.function_tests.uses for row in report.breakdown.units] == [5]


def test_small_reports_list_everything() -> None:
    report = made(story(1, list(range(1, 60)), real=70))
    assert len(report.uses) == 60 and report.unlisted == [] and report.notes == made(story(1, [1])).notes
