"""`interlock report`: what it reads, what it leaves, how it ends."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from host_tools import durable
from host_tools.outcome import ToolError
from host_tools.program import app
from host_tools.reporting import html
from host_tools.store.store import Store
from interlock.core import frames

from .books import holster, own, used
from .report_shift import HOUR, T, filled, shift
from .rich_report import rich
from .schemas import conforms


def report(home: Path, *options: str, **env: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), "report", *options], env={"COLUMNS": "80", **env})


def facts(home: Path, *options: str) -> Any:
    done = report(home, *options, "--json")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    conforms("report", json.loads(done.stdout))
    return json.loads(done.stdout)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    filled(tmp_path / "home" / "journals.sqlite", shift()).close()
    return tmp_path / "home"


def test_report_and_verify_read_the_home_and_say_findings_by_exit_code(tmp_path: Path) -> None:
    store = filled(tmp_path / "home" / "journals.sqlite", shift())
    home, out = ["--home", str(tmp_path / "home")], tmp_path / "out"
    runner = CliRunner()
    done = runner.invoke(app, [*home, "report", "--out", str(out)], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert "1 of 1 discharges had video running before" in done.output
    assert max(map(len, done.output.replace(str(out), "").splitlines())) <= 80
    facts = json.loads((out / "report.json").read_text())
    assert facts["headline"]["discharges"]["before"] == 1
    written = {str(path.relative_to(out)): path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()}
    assert {"report.html", "report.json", "events.csv", "incidents/UNIT1-3.html"} < set(written)
    assert set(written.values()) == {0o600}
    printed = json.loads(runner.invoke(app, [*home, "report", "--json"]).output)
    assert printed["uses"] == facts["uses"] and not (tmp_path / "home" / "report").exists()
    verified = runner.invoke(app, [*home, "verify", "--json"])
    assert verified.exit_code == 0
    assert [unit["verdict"] for unit in json.loads(verified.output)] == ["intact"] * 3
    store.note_head("UNIT1", 99, bytes(32), utc_ms=T)
    for command in ("verify", "report"):
        done = runner.invoke(app, [*home, command], env={"COLUMNS": "80"})
        assert done.exit_code == 1 and "before record 99" in " ".join(done.output.split())


def test_a_home_with_nothing_in_it_is_an_error_with_advice(tmp_path: Path) -> None:
    for command in ("verify", "report"):
        done = CliRunner().invoke(app, ["--home", str(tmp_path / "none"), command])
        assert done.exit_code != 0 and getattr(done.exception, "advice", "")
        assert not (tmp_path / "none").exists()
    done = CliRunner().invoke(app, ["--home", str(tmp_path), "report", "--since", "yesterday"])
    assert "is no day" in str(done.exception)


def test_a_period_without_discharges_is_said_to_be_one(home: Path) -> None:
    done = report(home, "--since", "2030-01-01", "--until", "2030-02-01", "--out", str(home / "out"))
    text = " ".join(done.output.split())
    words = "No discharge from 2030-01-01 on, before 2030-02-01 is in the journals that were pulled."
    assert words in text
    page = (home / "out" / "report.html").read_text()
    assert "from 2030-01-01 on, before 2030-02-01 is in the journals that were pulled." in page


def test_the_page_shows_the_own_camera_apart_in_a_bar_and_in_rows_and_says_what_the_others_prove() -> None:
    made = rich()
    page = " ".join(html.render(made).split())
    for kind in ("discharges", "arms", "draws"):
        count = getattr(made.headline, kind)
        row = page.split(f'<tr class="own" data-of="{kind}">')[1].split("</tr>")[0]
        numbers = [int(number) for number in re.findall(r'data-what="[^"]+">(\d+)<', row)]
        own = [count.own_before, count.own_late, count.own_unwitnessed, count.own_indeterminate]
        assert numbers == [count.total, *own] and sum(own) == count.total
    before, figures = page.split('<p class="own">')[0], page.split('<p class="own">')[1]
    assert 'class="share big"' in before and 'class="share big"' in figures.split("</ul>")[0]
    assert "is not one that faced the scene" in figures.split("</p>")[0]


def test_where_own_cameras_are_not_known_the_page_has_no_bar_of_them() -> None:
    made = rich()
    unknown = replace(made, uses=[replace(use, own_cameras=None) for use in made.uses])
    page = html.render(unknown)
    assert '<p class="own">' not in page and "is not known here" in page and 'class="own" data-of' not in page


def test_a_folder_that_cannot_be_made_is_told_with_the_option_that_names_another(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    done = report(home, "--out", str(tmp_path / "file"))
    assert "--out" in getattr(done.exception, "advice", "") and (tmp_path / "file").read_text() == "precious"


def test_pages_are_not_put_into_the_export_that_they_are_made_from(export: Path) -> None:
    done = CliRunner().invoke(app, ["report", "--recompute", str(export), "--out", str(export / "page")])
    assert "is in the export itself" in str(done.exception) and not (export / "page").exists()


def test_until_leaves_out_a_day_and_what_came_after(home: Path) -> None:
    day = "2027-01-15"  # of T
    assert len(facts(home)["uses"]) == len(facts(home, "--since", day)["uses"]) == 2
    assert facts(home, "--until", day)["uses"] == []
    told = facts(home, "--since", day, "--until", "2027-01-16")
    assert len(told["uses"]) == 2 and told["until"] == "2027-01-16 00:00:00 UTC" and told["since_utc_ms"] < T


def test_a_time_that_is_none_is_an_error_with_advice(home: Path) -> None:
    done = report(home, "--since", "2027-01-15", "--until", "2027-01-15")
    assert "--until is not after --since" in str(done.exception)
    assert "is no day" in str(report(home, "--until", "2027-13-01").exception)


def test_overdue_units_are_in_the_units_the_notes_and_the_table(home: Path) -> None:
    told = facts(home, "--overdue-days", "0")
    assert told["overdue_after_days"] == 0
    # The wall's clock may lie before or after the journals' pull; never do both figures disagree.
    for unit in told["units"]:
        assert unit["is_overdue"] == (unit["overdue_days"] is None or told["made_utc_ms"] > unit["last_pull_utc_ms"])


def test_every_breakdown_is_in_the_json_and_on_the_terminal(home: Path) -> None:
    told = facts(home)
    (month,) = told["breakdown"]["months"]
    assert (month["key"], month["uses"], month["headline"]["discharges"]["before"]) == ("2027-01", 2, 1)
    assert [row["key"] for row in told["breakdown"]["units"]] == ["UNIT1"]
    assert [row["key"] for row in told["breakdown"]["teams"]] == ["unknown"]
    shown = report(home)
    assert "Months, UTC" in shown.output and "2027-01" in shown.output and "Teams" not in shown.output
    assert "by the buffer; half by" in " ".join(shown.output.split())


def test_every_verdict_says_on_which_records_it_rests(home: Path) -> None:
    events = [event for use in facts(home)["uses"] for event in use["events"]]
    rows = [event["ground"]["row"] for event in events]
    assert rows == ["late", "before-protocol", "before-protocol", "own-unknown"]
    for event in events:
        cited = event["ground"]["cited"]
        assert (event["sequence"], "event") in {(one["sequence"], one["kind"]) for one in cited}
        assert event["verdict"] != "before" or event["continuity"]["state"] == "unbroken"
    (offset,) = [o for o in facts(home)["uses"][0]["offsets"] if o["serial"] == "UNIT2"]
    assert abs(offset["ms"] - 500_000) <= offset["u_ms"] <= 60 and offset["low_ms"] <= 500_000 <= offset["high_ms"]


def test_pages_of_incidents_that_are_gone_are_removed_and_others_files_stay(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert report(home, "--out", str(out)).exit_code == 0
    assert sorted(path.name for path in (out / "incidents").iterdir()) == ["UNIT1-12.html", "UNIT1-3.html"]
    (out / "mine.txt").write_text("stays")
    assert report(home, "--out", str(out), "--until", "2027-01-15").exit_code == 0
    assert list((out / "incidents").iterdir()) == [] and (out / "mine.txt").read_text() == "stays"


def test_a_public_report_names_nobody(home: Path, tmp_path: Path) -> None:
    told = facts(home, "--public", "--out", str(tmp_path / "out"))
    assert told["is_public"] and told["headline"] == facts(home)["headline"]
    published = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert published and not any("UNIT1" in text or "PC1234" in text for text in published)


def full_disk(path: Path, _: bytes) -> None:
    raise ToolError(f"{path} cannot be written: No space left on device", "Free space.")


def test_what_names_people_is_gone_before_anything_public_stands_beside_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert report(home, "--out", str(out)).exit_code == 0
    halves = [out / "incidents" / ".UNIT1-9.html.new", out / ".report.html.new", out / ".uses.csv.new"]
    for left in halves:  # by a command that was killed
        left.write_text("UNIT1")
    with monkeypatch.context() as broken:
        broken.setattr(durable, "replace", full_disk)
        assert isinstance(report(home, "--public", "--out", str(out)).exception, ToolError)
    assert not any("UNIT1" in path.read_text() for path in out.rglob("*") if path.is_file())
    assert report(home, "--public", "--out", str(out)).exit_code == 0
    assert not any("UNIT1" in path.read_text() for path in out.rglob("*") if path.is_file())
    assert (out / "report.html").exists() and not list(out.rglob(".*.new"))


def test_jobs_change_nothing_but_who_does_the_work(home: Path) -> None:
    alone, shared = facts(home), facts(home, "--jobs", "2")
    alone.pop("made_utc_ms"), alone.pop("made"), shared.pop("made_utc_ms"), shared.pop("made")
    assert alone == shared


# Recomputed from an export.


@pytest.fixture
def export(home: Path, tmp_path: Path) -> Path:
    done = CliRunner().invoke(app, ["--home", str(home), "export", "--audit", str(tmp_path / "export")])
    assert done.exit_code == 0, done.output
    return tmp_path / "export"


def test_a_report_is_made_anew_from_an_export_without_home_store_or_vault(export: Path, tmp_path: Path) -> None:
    done = report(tmp_path / "nowhere", "--recompute", str(export))
    assert done.exit_code == 0, done.output
    assert "1 of 1 discharges" in done.output and "every figure is as the export says" in done.stderr
    assert not (tmp_path / "nowhere").exists()
    told = facts(tmp_path / "nowhere", "--recompute", str(export))
    assert told == json.loads((export / "report.json").read_text())


def test_a_figure_that_was_changed_in_an_export_is_named(export: Path, tmp_path: Path) -> None:
    told = json.loads((export / "report.json").read_text())
    told["headline"]["discharges"]["before"] += 7
    (export / "report.json").write_text(json.dumps(told))
    done = report(tmp_path / "nowhere", "--recompute", str(export))
    assert done.exit_code == 1
    assert "headline.discharges.before: 8 in the export, 1 recomputed" in done.stderr


def test_an_export_says_itself_what_it_was_asked_for(export: Path, tmp_path: Path) -> None:
    done = report(tmp_path, "--recompute", str(export), "--since", "2027-01-01")
    assert "says itself" in str(done.exception)


# Units that lie about who they are.


def test_a_duplicate_serial_is_a_finding_that_says_so(tmp_path: Path) -> None:
    book = holster().clock(0, T)
    common = len(book.records)
    used(book, 10_000, 5, frames.DISCHARGE)
    store: Store = filled(tmp_path / "journals.sqlite", [book, own().clock(0, T)])
    twin = used(holster().clock(0, T), 70_000, 5)
    store.add(twin.serial, common, twin.chains[common], twin.raws[common:], epoch=0, by="PC1", utc_ms=T + 11 * HOUR)
    store.close()
    done = report(tmp_path)
    assert done.exit_code == 1
    assert "two units, or a copied one, may have answered as UNIT1" in " ".join(done.output.split())
