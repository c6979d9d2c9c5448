"""A report on the terminal: what people read there, and what texts of others cannot do to it."""

from dataclasses import replace

import pytest

from host_tools.commands.report import show
from host_tools.reporting import html
from host_tools.reporting.breakdown import headline
from host_tools.reporting.model import Finding, Report

from .report_shift import held, made, shift
from .rich_report import many, rich


def told(made: Report, capsys: pytest.CaptureFixture[str]) -> str:
    show(made)
    return " ".join(capsys.readouterr().out.split())


def test_names_do_no_harm_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    weapon, camera, _ = shift()
    show(made(held(weapon, name="[bold]A[/bold] [/]"), held(camera)))
    assert "[bold]A" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\rb", "a\nfinding none", "a\u202eb", "a\x9b2Jb"])
def test_texts_cannot_steer_the_terminal_nor_write_lines_of_their_own(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, findings and what people say may be from somebody else's files, or from a store that somebody changed."""
    own = rich()
    use = own.uses[0]
    said = replace(own.uses[2].events[-1].annotations[0], text=text, by=text)
    last = replace(use.events[-1], annotations=[said])
    show(
        replace(
            own,
            uses=[replace(use, name=text, events=[*use.events[:-1], last])],
            units=[replace(unit, name=text) for unit in own.units[:1]],
            findings=[Finding("H1", text, text)],
            notes=[text],
        )
    )
    written = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in written)
    assert text not in written and "finding none" not in [line.strip() for line in written.splitlines()]


def test_before_by_a_camera_that_did_not_hear_the_weapon_is_counted_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = rich()
    far = replace(own.uses[0].events[-1], in_touch=False)
    uses = [replace(own.uses[0], events=[*own.uses[0].events[:-1], far]), *own.uses[1:]]
    made = replace(own, uses=uses, headline=headline(uses))
    assert made.headline.discharges.before_untouched == 1
    count = made.headline.discharges
    words = "only by a camera that did not hear the weapon in that use"
    assert f"1 of the {count.before}: {words}." in told(made, capsys)
    page = html.render(made)
    assert f"One of those {count.before}: {words}." in page and "it did not hear the weapon in this use" in page
    assert words not in html.render(own)


def test_of_a_clock_that_is_partly_set_the_table_says_how_often_it_was_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = rich()
    partly = replace(own, units=[replace(own.units[0], clock="partly set", boots=3, boots_without_clock=1)])
    assert "1 of 3 starts without" in told(partly, capsys)


def test_findings_of_no_single_unit_are_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding(None, None, "the store was changed"), *(Finding("H1", f"H{n}", "x") for n in range(1, 40))]
    text = told(replace(rich(), findings=findings), capsys)
    assert "finding the store was changed." in text
    assert (
        "There are findings (H1, H10, H11, H12, H13, H14, H15, H16 and 31 more units, and others): see below." in text
    )


def test_the_terminal_has_months_teams_exemptions_and_who_is_behind(capsys: pytest.CaptureFixture[str]) -> None:
    made = rich()
    fewer = replace(made.headline.without_training, total=5)
    made = replace(made, headline=replace(made.headline, without_training=fewer))
    text = told(made, capsys)
    count = made.headline.discharges
    assert f"{count.before} of {count.total} discharges from 2026-10-25 on had video running before them" in text
    by_own = f"{count.own_before} by the own camera; by it {count.own_late} late, {count.own_unwitnessed} unwitnessed"
    assert by_own in text and count.own_late and "1 session" not in text
    assert f"an exemption code for {count.exempt}, {count.exempt_confirmed} of them confirmed" in text
    assert f"Without what two persons say was training or a test: {fewer.before} of 5" in text
    assert all(row.name in text for row in (*made.breakdown.months, *made.breakdown.teams))
    overdue = [unit for unit in made.units if unit.is_overdue and unit.overdue_days is not None]
    assert overdue and all(f"{unit.overdue_days} days ago" in text for unit in overdue)
    signed = {said.signature for use in made.uses for event in use.events for said in event.annotations}
    assert {"good", "forged"} <= signed and all(f"signature: {state}" in text for state in signed)


def test_of_thousands_of_uses_the_terminal_shows_those_that_need_attention(capsys: pytest.CaptureFixture[str]) -> None:
    made = many()
    text = told(made, capsys)
    assert "uses that need attention, of 3000; the files have all" in text and len(text) < 100_000


def test_rows_say_how_many_of_their_uses_count(capsys: pytest.CaptureFixture[str]) -> None:
    made = rich()
    apart = [row for row in made.breakdown.months if row.counted != row.uses]
    assert [(row.key, row.counted, row.uses) for row in apart] == [("2026-11", 4, 5)]
    words = told(made, capsys)
    note = "Uses: those that count, of all; function tests and tries in test mode count apart."
    assert "2026-11 4 of 5 " in words and note in words
    page = html.render(made)
    assert '<td class="number">4<small>of 5</small></td>' in page and note in page
    none = replace(made, breakdown=replace(made.breakdown, months=made.breakdown.months[:1], units=[], teams=[]))
    assert note not in told(none, capsys) and note not in html.render(none)


def test_where_no_use_of_many_needs_attention_no_empty_table_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    calm = [replace(use, coded="function test") for use in many(300).uses]
    words = told(replace(many(300), uses=calm), capsys)
    assert "None of 300 uses needs attention; the files have all." in words and "any camera" not in words
