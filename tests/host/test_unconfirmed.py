"""Discharges that their pick-up did not confirm, and pick-ups that were faulty: counted all the same, and said."""

import csv
import io
from pathlib import Path

import pytest

from host_tools.commands.report_shown import show
from host_tools.reporting import html, tables_csv
from host_tools.reporting.model import Event, Report
from host_tools.reporting.public import public
from interlock.core import frames, holster, lines, records

from .books import Book, own, used
from .books import holster as weapon_book
from .recount import headline as recounted
from .report_shift import T, held, made

NEVER = records.AGO_NONE
DISCHARGE = 3  # its place among the lines


def shot(book: Book, ms: int, counter: int, number: int) -> Book:
    return book.at(ms, records.EVENT, frames.DISCHARGE, 0, counter, 0, 0, NEVER, number)


def doubted(book: Book, ms: int, number: int) -> Book:
    return book.at(ms, records.EVENT, holster.NOTE_UNCONFIRMED, 0, 0, NEVER, NEVER, NEVER, number)


def told_of_lines(book: Book, ms: int, cause: int, bits: int, line: int = DISCHARGE) -> Book:
    told = bytearray(len(lines.LINES))
    told[line] = bits
    return book.at(ms, records.LINES, cause, 255, 0, bytes(told))


def spike() -> Book:
    """Drawn, one spike on the line, a true discharge, back."""
    book = weapon_book().clock(0, T).event(10_000, frames.DRAW, 5)
    doubted(shot(book, 20_000, 6, 1), 20_500, 1)
    return shot(book, 30_000, 7, 2).event(40_000, frames.REHOLSTER, 8)


def seen(weapon: Book) -> Report:
    return made(held(weapon), held(own().clock(0, T).tally(5_000, False).tally(9_000, True).tally(90_000, False)))


def shots(report: Report) -> list[Event]:
    return [event for use in report.uses for event in use.events if event.event == "discharge"]


def test_a_discharge_that_its_unit_doubts_counts_with_its_verdict_and_beside_the_headline() -> None:
    report = seen(spike())
    assert [(each.confirmed, each.verdict) for each in shots(report)] == [(False, "before"), (True, "before")]
    count = report.headline.discharges
    assert (count.total, count.before, count.unconfirmed, count.unconfirmed_before) == (2, 2, 1, 1)
    assert report.headline.arms.unconfirmed == report.headline.draws.unconfirmed == 0
    assert [event.confirmed for event in report.uses[0].events if event.event == "draw"] == [None]
    plain = report.plain()
    assert recounted(plain["uses"], plain["unlisted"]) == plain["headline"]


def test_a_doubt_is_of_the_discharge_that_it_names_though_another_one_and_the_return_are_journalled_before_it() -> None:
    book = weapon_book().clock(0, T).event(10_000, frames.DRAW, 5)
    shot(shot(book, 20_000, 6, 1), 20_300, 7, 2).event(20_400, frames.REHOLSTER, 8)
    doubted(book, 20_500, 1).event(60_000, frames.DRAW, 9).event(70_000, frames.REHOLSTER, 10)
    assert [each.confirmed for each in shots(seen(book))] == [False, True]


def test_where_the_journal_ends_before_a_doubt_could_be_written_nobody_knows() -> None:
    book = shot(weapon_book().clock(0, T).event(10_000, frames.DRAW, 5), 20_000, 6, 1)
    assert [each.confirmed for each in shots(seen(book))] == [None]
    cut = shot(weapon_book().clock(0, T).event(10_000, frames.DRAW, 5), 20_000, 6, 1).skip(3)
    assert [each.confirmed for each in shots(seen(cut.event(90_000, frames.REHOLSTER, 8)))] == [None]


def test_a_doubt_of_a_discharge_that_is_in_no_journal_changes_nothing() -> None:
    book = used(doubted(weapon_book().clock(0, T), 5_000, 1), 10_000, 5)
    doubted(book, 15_000, 7)
    assert shots(seen(book)) == [] and seen(book).headline.discharges.unconfirmed == 0


def test_the_page_the_terminal_and_the_tables_say_how_many_were_not_confirmed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = seen(spike())
    show(report)
    written = " ".join(capsys.readouterr().out.split())
    assert "2 of 2 discharges had video running before them" in written
    assert "1 of the 2 was not confirmed by its pick-up; without it: 1 of 1." in written
    page = " ".join(html.render(report).split())
    assert "One of these 2 was not confirmed by its pick-up" in page and "without it: 1 of 1" in page
    assert "not confirmed by its pick-up" in page.split('<table class="events">')[1], "at the event, too"
    tables_csv.write(report, tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "headline.csv").read_text())))
    assert (rows[0]["unconfirmed"], rows[0]["unconfirmed_before"]) == ("1", "1")
    events = list(csv.DictReader(io.StringIO((tmp_path / "events.csv").read_text())))
    assert [row["confirmed"] for row in events] == ["", "false", "true"]
    weapon = report.uses[0].timeline.lanes[0]
    assert [mark.label for mark in weapon.marks] == ["draw", "discharge, not confirmed", "discharge", "back"]


def test_without_a_doubt_nothing_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    report = seen(
        shot(weapon_book().clock(0, T).event(10_000, frames.DRAW, 5), 20_000, 6, 1).event(40_000, frames.REHOLSTER, 8)
    )
    show(report)
    assert "confirmed by" not in capsys.readouterr().out
    assert "pick-up" not in html.render(report).split('<h2 id="units">')[0]


def test_a_use_says_how_long_its_pick_up_was_faulty_within_it(capsys: pytest.CaptureFixture[str]) -> None:
    book = told_of_lines(spike(), 42_000, lines.FAULT, lines.NOISY)
    book.event(50_000, frames.DRAW, 9).event(60_000, frames.REHOLSTER, 10)
    told_of_lines(book, 112_000, lines.SOUND, 0).event(120_000, frames.DRAW, 11).event(130_000, frames.REHOLSTER, 12)
    report = seen(book)
    assert [use.pickup_faulty_ms for use in report.uses] == [0, 10_000, 0]
    assert (report.headline.pickup_faulty_uses, report.headline.pickup_faulty_ms) == (1, 10_000)
    assert [unit.pickup_faulty_ms for unit in report.units if unit.role == "holster"] == [70_000]
    finding = "its discharge pick-up was faulty for 1 min 10 s in all: discharges may be missing then, or false"
    assert [found.text for found in report.findings] == [finding]
    show(report)
    words = "In one use the pick-up of discharges was faulty, for 10 s: some may be missing then, or false."
    assert words in " ".join(capsys.readouterr().out.split())
    assert "faulty" in html.render(report) and "faulty" in html.render(public(report))


def test_a_pick_up_whose_fault_has_no_end_was_faulty_as_long_as_that_start_of_the_unit_is_known() -> None:
    book = told_of_lines(weapon_book().clock(0, T), 5_000, lines.FAULT, lines.STUCK)
    used(book, 10_000, 5)
    assert [use.pickup_faulty_ms for use in seen(book).uses] == [1_000]
    used(book.reboot(), 20_000, 30)
    assert [use.pickup_faulty_ms for use in seen(book).uses] == [1_000, 0]


def test_another_lines_fault_is_none_of_the_pick_up() -> None:
    book = used(told_of_lines(weapon_book().clock(0, T), 5_000, lines.FAULT, lines.STUCK, line=2), 10_000, 5)
    assert seen(book).headline.pickup_faulty_uses == 0 and seen(book).findings == []
