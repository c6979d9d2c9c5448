"""What is published names nobody: no serial, name, officer, person or text of the force's own report is in it, in no
form, and its figures are the same."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from host_tools.program import app
from host_tools.reporting import breakdown, html, tables_csv
from host_tools.reporting.model import Annotation, Finding, Headline, Report, Use
from host_tools.reporting.public import DAY_MS, OTHER_TEAMS, TEAM_MIN, _pseudonyms, day, public
from host_tools.reporting.public_text import Scrubber
from host_tools.statements import weigh
from host_tools.store.rows import AnnotationRow
from host_tools.vouched import Vouched

from .report_shift import filled, shift, shift_report
from .reports import T, moment, report, unit, use
from .rich_report import rich
from .schemas import conforms

NAMED = re.compile(r"Holster no\. \d+|\b[HC]\d+\b|PC\d+|Insp Ruth Hale")
MARK = "QX"


def renamed(value: Any, name_of: Callable[[str], str]) -> Any:
    """The same values with every name in them replaced."""
    if isinstance(value, str):
        return NAMED.sub(lambda found: name_of(found.group()), value)
    if isinstance(value, (list, tuple)):
        return type(value)(renamed(item, name_of) for item in value)
    if isinstance(value, Annotation):
        value = replace(value, text=f"{MARK} was there", doubts=[f"{MARK}'s word", *value.doubts])
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: renamed(getattr(value, field.name), name_of) for field in fields(value)})
    return value


def everything(report: Report) -> str:
    """All that is published of it."""
    pages = "".join(path + page for path, page in html.pages(report))
    tables = "".join(tables_csv.text(table) for table in tables_csv.tables(report).values())
    return json.dumps(report.plain(), ensure_ascii=False) + pages + tables


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("12 a<'\"&:-_é\u202e", max_size=5), min_size=60, max_size=60, unique=True))
def test_no_name_whatever_it_looks_like_is_in_the_public_report(endings: list[str]) -> None:
    given_names: dict[str, str] = {}

    def name_of(name: str) -> str:
        return given_names.setdefault(name, MARK + endings[len(given_names)])

    secret = renamed(rich(), name_of)
    assert MARK in everything(secret)
    assert MARK not in everything(public(secret))


def test_a_public_report_has_the_same_figures_and_says_that_it_is_public() -> None:
    own, published = rich(), public(rich())
    assert published.is_public and published.headline == own.headline
    assert [row.headline for row in published.breakdown.months] == [row.headline for row in own.breakdown.months]
    by_figures = sorted(repr(row.headline) for row in published.breakdown.units)
    assert by_figures == sorted(repr(row.headline) for row in own.breakdown.units)
    assert len(published.uses) == len(own.uses) and len(published.findings) == len(own.findings)
    assert public(own) == published, "the same report gives the same public one"


def test_pseudonyms_are_the_same_throughout_and_tell_roles() -> None:
    own, published = rich(), public(rich())
    of = _pseudonyms(own)
    weapons = {of[use.serial] for use in own.uses}
    assert len(set(of.values())) == len(of) and all(name.startswith("Holster ") for name in weapons)

    def named(use: Use, name_of: Callable[[str], str]) -> list[str]:
        """Whose it is, and whose events refer to it."""
        references = [use.incident, *(event.reference for event in use.events)]
        return [name_of(use.serial), *(name_of(reference.rpartition(":")[0]) for reference in references)]

    assert sorted(named(use, str) for use in published.uses) == sorted(named(use, of.__getitem__) for use in own.uses)
    events = [(use.serial, event) for use in published.uses for event in use.events]
    assert [event.reference for _, event in events] == [f"{serial}:{event.sequence}" for serial, event in events]
    assert all(use.name == use.serial for use in published.uses)
    first = next(one for one in published.incidents if len(one.uses) > 1)
    assert (
        set(first.serials[:2]) == {of["H1"], of["H2"]}
        and first.reference == first.uses[0]
        and first.reference.startswith(of["H1"])
    )
    assert [use.serial for use in published.uses if use.incident == first.reference] == sorted(first.serials[:2])
    assert first.timeline.lanes[0].name == of["H1"]
    told = {unit.serial for unit in published.units}
    assert {cited.serial for use in published.uses for e in use.events for cited in e.ground.cited} <= told


def test_another_report_gives_other_pseudonyms() -> None:
    later = replace(rich(), made_utc_ms=T)
    of = [[use.serial for use in public(made).uses] for made in (rich(), later)]
    assert of[0] != of[1], "nobody follows a unit from one report to the next"


def test_no_time_of_day_is_in_it_but_when_it_was_made() -> None:
    published = replace(public(rich()), made="", since=None)
    text = everything(published)
    assert not re.search(r"\d\d:\d\d", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))
    days = [published.uses[0].began.utc_ms, published.units[0].last_pull_utc_ms]
    assert all(ms is not None and ms % DAY_MS == 0 for ms in days)


@pytest.mark.parametrize("u_ms", [14, 3_600_000, 3 * DAY_MS])
def test_a_day_and_its_uncertainty_cover_the_moment(u_ms: int) -> None:
    own = moment(T, u_ms=u_ms)
    made = day(own)
    assert made.utc_ms is not None and made.u_ms is not None and own.utc_ms is not None
    assert made.utc_ms - made.u_ms <= own.utc_ms - u_ms and own.utc_ms + u_ms <= made.utc_ms + made.u_ms
    assert (made.boot, made.uptime_ms, made.text) == (0, 0, "2026-10-26")
    unset = day(moment(None))
    assert (
        unset.utc_ms is None and unset.text == "on a day that is not known" and (unset.not_after_ms or 1) % DAY_MS == 0
    )


def test_officers_sessions_notes_and_words_are_left_out_and_what_they_count_for_is_not() -> None:
    published = public(rich())
    assert published.sessions == [] and published.said == []
    assert {use.officer for use in published.uses} == {None} and {unit.assigned for unit in published.units} == {None}
    said = [one for use in published.uses for event in use.events for one in event.annotations]
    assert [one.code for one in said] == ["immediate_danger", "training", "other", "sensor_fault", "test"]
    assert [one.signature for one in said] == ["good", "good", "forged", "none", "stranger"]
    assert (
        {one.text for one in said} == {""}
        and {one.by for one in said} == {"a person"}
        and {one.key for one in said} == {None}
    )
    assert [one.confirmed_by for one in said] == ["a second person", None, None, None, None]
    assert {text for one in said for text in one.doubts} == {
        "there is a doubt about it, which the force's own report states"
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 6))
def test_no_team_of_few_weapons_stands_alone_nor_can_be_reckoned(sizes: list[int], unassigned: int) -> None:
    teams: list[str | None] = [f"T{place}" for place, size in enumerate(sizes) for _ in range(size)]
    teams += [None] * unassigned
    uses = [use(number, T, team, "lb") for number, team in enumerate(teams, 1)]
    units = [unit(number, "holster", team) for number, team in enumerate(teams, 1)]
    published = public(report(uses, units))
    weapons = {row.key: row.uses for row in published.breakdown.teams}
    assert sum(weapons.values()) == len(uses)
    assert all(count >= TEAM_MIN for count in weapons.values()) or len(weapons) == 1, "one row is the headline again"
    big = [team for team in set(teams) if team is not None and teams.count(team) >= TEAM_MIN]
    assert len(set(weapons) - {OTHER_TEAMS, "unknown"}) >= len(big) - 1, "one more than must be is put together"


SCRUBBER = Scrubber(
    {"H1": "Holster 3", "H12": "Holster 9", "Unit A": "Camera 1", "Unit A2": "Camera 2", "77": "Camera 5"},
    {7: "Holster 3"},
    ["Ann", "4711"],
    {("H1", 57): 2},
)


@pytest.mark.parametrize(
    ("own", "published"),
    [
        ("H1 and H12, H1's clock", "Holster 3 and Holster 9, Holster 3's clock"),
        ("camera Unit A2 heard Unit A", "Camera 2 heard Camera 1"),
        ("H1:57 and H99:57", "Holster 3:2 and …:57"),
        ("set by Ann at 2026-11-24 10:11:12 UTC", "set by a person at 2026-11-24"),
        ("boot 3, 12:04 after start", "boot …, … after start"),
        ("boots 3, 4, 17: 12 ms", "boots …: 12 ms"),
        ("triggers of unit 7 and of unit 78", "triggers of Holster 3 and of another unit"),
        ("another unit has number 7, too: H1", "another unit has the number of Holster 3, too: Holster 3"),
        ("Annual, unAnn", "Annual, unAnn"),
        ("by PC9 with the key 5f2c8a9b", "by … with the key …"),
        ("the code 'Ann was there' is none", "the code … is none"),
        ("4711 set it back, records 77 to 4711, 77 ms late", "a person set it back, records …, 77 ms late"),
        ("it isn't the 3rd time that Ed25519 isn't there", "it isn't the 3rd time that Ed25519 isn't there"),
        ("stamped 1793000000000, by a key that ends in 10293847", "stamped …, by a key that ends in …"),
        (
            "it calls itself unit 7 of role 1; it is 18 of role 2",
            "it calls itself Holster 3 of role 1; it is … of role 2",
        ),
        ("frame 77 and record 5, the last of 77", "frame … and record …, the last of 77"),
        ("altered between records 0 and 31 (byte 947)", "altered between records … (byte …)"),
        ("7 numbers with more than one record, the first is 32", "7 numbers with more than one record, the first is …"),
        ("its clock is behind by at least 412 ms", "its clock is behind by at least … ms"),
    ],
)
def test_what_is_known_is_replaced_and_what_looks_like_a_name_is_left_out(own: str, published: str) -> None:
    assert SCRUBBER.text(own) == published


def test_findings_about_what_people_said_name_the_event_only() -> None:
    joe, maud = "Joe Ordinary", "Maud"
    signed = {"record": bytes(32), "key": bytes(32), "signature": bytes(64)}
    rows = [
        AnnotationRow("H3", 102, "training", "it was one", joe, T, **signed),
        AnnotationRow("H3", 102, "other", f"of {maud}", maud, T),
        AnnotationRow("H3", 102, "confirmed", "", joe, T, about=bytes(32)),
        AnnotationRow("H3", 103, "of 'Joe' of H3:7", "", joe, T),
    ]
    texts = weigh.findings(rows, lambda _: None, {maud: (Vouched(bytes(32)),)})
    assert len(texts) > 4 and all(joe in text or maud in text for text in texts)
    made = public(replace(rich(), findings=[Finding("H3", "Holster no. 3", text) for text in texts]))
    told = {finding.text for finding in made.findings}
    name = next(one.name for one in made.findings)
    assert f"something that was said of {name}:3 is forged" in told
    assert all(
        re.fullmatch(f"something that was said of {name}:[3…] is (forged|not to be relied on)", one) for one in told
    )


def test_persons_whom_only_somebody_else_knows_can_be_named_to_be_left_out() -> None:
    own = replace(rich(), findings=[Finding(None, None, "set back by Maud Green")])
    assert public(own, ["Maud Green"]).findings[0].text == "set back by a person"


def test_the_public_page_says_what_was_left_out() -> None:
    page = html.render(public(rich()))
    assert "What this public version leaves out" in page and "Who was at the units" not in page
    assert "What this public version leaves out" not in html.render(rich())


def test_a_public_report_has_the_fields_that_every_report_has() -> None:
    conforms("report", json.loads(json.dumps(public(rich()).plain())))


def test_what_real_journals_give_names_nobody_either() -> None:
    own = shift_report()
    assert re.search("UNIT|PC1234", everything(own)), "the force's own report does"
    published = public(own)
    assert not re.search("UNIT|PC1234", everything(published))
    assert [event.verdict for use in published.uses for event in use.events] == [
        "late",
        "before",
        "before",
        "unwitnessed",
    ]
    conforms("report", json.loads(json.dumps(published.plain())))


def test_a_force_without_teams_has_none_in_public_either() -> None:
    uses = [use(1, T, None, "lb"), use(2, T, None, "l")]
    published = public(report(uses, [unit(1, "holster", None), unit(2, "holster", None)]))
    assert [(row.key, row.uses) for row in published.breakdown.teams] == [("unknown", 2)]
    assert "By team" not in html.render(published)


def test_the_command_publishes_no_file_that_names_anybody(tmp_path: Path) -> None:
    filled(tmp_path / "home" / "journals.sqlite", shift()).close()
    arguments = ["--home", str(tmp_path / "home"), "report", "--public", "--out", str(tmp_path / "published")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    files = [path for path in (tmp_path / "published").rglob("*") if path.is_file()]
    assert {"report.html", "report.json", "uses.csv"} <= {path.name for path in files}
    assert [path for path in files if re.search("UNIT|PC1234", path.name + path.read_text())] == []
    assert not re.search("UNIT|PC1234", done.output)


def test_a_unit_called_like_a_word_of_the_report_changes_no_figure() -> None:
    own = rich()
    for name in ("before", "unwitnessed", "discharge", "draw", "late", "returned", "camera not heard", "training"):
        called = replace(
            own,
            units=[replace(unit, name=name) if unit.serial == "H7" else unit for unit in own.units],
            uses=[replace(use, name=name, officer=name) if use.serial == "H7" else use for use in own.uses],
        )
        published = public(called)
        assert published.headline == breakdown.headline(published.uses, published.unlisted), name
        assert by_team(published) == by_team(public(own)), name
        assert len(list(html.pages(published))) == len(own.incidents) + 1


def by_team(report: Report) -> dict[str, Headline]:
    return {row.key: row.headline for row in report.breakdown.teams}


def test_nothing_that_only_grows_tells_a_unit_again_in_the_next_report() -> None:
    """Numbers of records and starts go on from report to report, and so do two clocks beside each other."""
    published = public(rich())
    assert all(one.offsets == [] for one in published.uses)
    assert {unit.records for unit in published.units} == {0, 4000}
    for one in published.uses:
        shown = [event.sequence for event in one.events]
        shown += [cited.sequence for event in one.events for cited in event.ground.cited]
        assert max([0, *shown]) < 20, "from 1 on, where they were from 100 on and from 812 on"
    assert not re.search(r"\b(812|840|4211)\b", everything(published))
    assert [(gap.first, gap.last) for unit in published.units for gap in unit.gaps] == [(1, 16)]
