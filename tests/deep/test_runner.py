"""The runner of the deep lanes: what fails is told with the command that repeats it, what lacks its means is never
passed, what was broken off goes on."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import __main__ as entry
from . import plugin, runner
from .lanes import BY_NAME, DEEP, HYPOTHESIS, LANES, ROOT, Lane, files, owner, table_counts, takes
from .runner import CUT_SHORT, FAILED, PASSED, SKIPPED, Play, command_of, judged, of_command, repeats, source

GOOD = Lane("good", "ends well", 1, command=("this",))
BAD = Lane("bad", "ends badly", 1, command=("json.tool", "--no-such-option"))
POOR = Lane("poor", "lacks its means", 1, command=("this",), lacks=lambda: "no such machine here")
SLOW = Lane("slow", "hangs", 0.002, command=("timeit", "-n1", "-r1", "import time; time.sleep(600)"))
TESTS = Lane("tests", "some tests", 1, ("tests/",))
SAMPLE = """
import pytest
from hypothesis import given, settings, strategies as st

def test_counts(record_property):
    record_property("frames", 5)
    record_property("frames", 2)

def test_fails():
    assert False, "as it must"

def test_lacks_something():
    pytest.skip("no means")

@given(st.integers())
@settings(max_examples=5, derandomize=True)
def test_property(number):
    assert number == number
"""


def run(monkeypatch: pytest.MonkeyPatch, out: Path, lanes: tuple[Lane, ...], *words: str) -> int:
    monkeypatch.setattr(entry, "LANES", lanes)
    monkeypatch.setattr(entry, "BY_NAME", {lane.name: lane for lane in lanes})
    monkeypatch.setattr(entry.summary, "BY_NAME", {lane.name: lane for lane in lanes})
    return entry.main(list(words), out)


def test_a_lane_that_fails_fails_the_run_and_says_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, (GOOD, BAD, POOR), "--seed", "7") == 1
    told = capsys.readouterr().out
    assert "seed 7" in told and ".venv/bin/python -m tests.deep bad" in told
    assert told.endswith("1 lanes passed, 0 cut short, 1 left out (poor), 1 failed (bad)\n")
    table = json.loads((tmp_path / "summary.json").read_text())
    assert [(lane["lane"], lane["state"]) for lane in table["lanes"]] == [
        ("good", PASSED), ("bad", FAILED), ("poor", SKIPPED),
    ]  # fmt: skip
    told = (tmp_path / "summary.md").read_text()
    assert "left out: no such machine here" in told and "`.venv/bin/python -m tests.deep bad`" in told


def test_a_lane_without_its_means_is_left_out_and_not_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, tmp_path, (POOR,)) == 0
    (lane,) = json.loads((tmp_path / "summary.json").read_text())["lanes"]
    assert (lane["state"], lane["why"]) == (SKIPPED, "no such machine here")


def test_a_lane_that_hangs_is_ended_and_has_failed(tmp_path: Path) -> None:
    (result,) = Play([SLOW], 1, tmp_path, print).play(1)
    assert result.state == FAILED and "hung" in result.why


def test_a_run_that_was_broken_off_goes_on_with_what_had_not_passed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken_off(self: Play, jobs: int) -> None:
        self.results["good"] = self._one(GOOD)
        self.results["bad"] = self._one(BAD)
        self._say("")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Play, "play", broken_off)
        with pytest.raises(KeyboardInterrupt):
            run(monkeypatch, tmp_path, (GOOD, BAD), "--seed", "7")
    capsys.readouterr()
    assert run(monkeypatch, tmp_path, (GOOD, BAD)) == 1
    told = capsys.readouterr().out
    assert "seed 7; 1 of 2 lanes done before" in told and "bad: ends badly" in told and "good: ends well" not in told
    assert run(monkeypatch, tmp_path, (GOOD, BAD), "--seed", "8") == 1
    assert "good: ends well" in capsys.readouterr().out, "a run that came to its end is not gone on with"


def test_a_fresh_run_forgets_what_passed_before_under_the_same_seed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = tmp_path / "good.jsonl"
    for words, is_kept in (([], True), (["--fresh"], False)):
        notes.write_text("{}")
        assert run(monkeypatch, tmp_path, (GOOD,), "--seed", "7", *words) == 0
        assert notes.exists() == is_kept


def test_tests_are_counted_and_gone_on_with_and_properties_get_more_examples(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    notes = tmp_path / "notes.jsonl"
    words = ["-p", "tests.deep.plugin", "-q", "--deep-notes", str(notes), "--deep-times", "4", "--hypothesis-seed=3"]
    command = [sys.executable, "-m", "pytest", *words, "--rootdir", str(tmp_path), str(tmp_path / "test_sample.py")]
    for tests in (4, 2):
        done = subprocess.run([*command, "--deep-run", "a"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 1 and f"{tests - 2} passed" in done.stdout.replace("1 failed, 1 skipped", "0 passed")
    result = judged(TESTS, 3, plugin.read(notes)[1:], 1)
    assert result.state == FAILED
    assert result.counts == {"tests": 2, "frames": 7, "examples": 20}
    assert list(result.left_out.values()) == [1]
    ((what, command_of_it),) = result.failures
    assert what.endswith("test_fails") and what in command_of_it
    other = subprocess.run([*command, "--deep-run", "b"], cwd=ROOT, capture_output=True, text=True)
    assert "2 passed" in other.stdout, "another run looks at everything again"


def test_a_lane_whose_minutes_are_used_up_begins_nothing_more_and_says_how_much_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    notes = tmp_path / "notes.jsonl"
    words = ["-p", "tests.deep.plugin", "-q", "--deep-notes", str(notes), "--deep-minutes", "0", "--deep-seed", "1"]
    command = [sys.executable, "-m", "pytest", *words, "--rootdir", str(tmp_path), str(tmp_path / "test_sample.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    result = judged(TESTS, 1, plugin.read(notes)[1:], done.returncode)
    assert result.left_out == {"the lane's 0 minutes were used up": 2}
    assert (result.state, result.why) == (CUT_SHORT, "2 of 2 tests not begun")
    done = subprocess.run([*command, "--deep-minutes=9", "--deep-until=1"], cwd=ROOT, capture_output=True, text=True)
    result = judged(TESTS, 1, plugin.read(notes)[1:], done.returncode)
    assert (result.state, result.left_out) == (CUT_SHORT, {"its time by the clock was over": 2})


def test_a_lane_that_did_not_come_to_all_is_cut_short_and_never_passed() -> None:
    begun, cut = note(plugin.PASSED), note(plugin.CUT_SHORT, "used up")
    result = judged(TESTS, 1, [begun, begun, cut], 0)
    assert (result.state, result.why, result.left_out) == (CUT_SHORT, "1 of 3 tests not begun", {"used up": 1})
    assert judged(TESTS, 1, [begun, cut, note(plugin.FAILED)], 1).state == FAILED
    assert judged(TESTS, 1, [begun], 0, is_ended=True).state == CUT_SHORT
    assert judged(TESTS, 1, [begun, note(plugin.FAILED)], 0, is_ended=True).state == FAILED


def test_a_lane_that_is_for_a_number_passes_only_with_it() -> None:
    lane = TESTS._replace(least=(("frames", 10),))
    some, cut = note(plugin.PASSED) | {"counts": {"frames": 5}}, note(plugin.CUT_SHORT, "used up")
    assert judged(lane, 1, [some, some], 0).state == PASSED
    result = judged(lane, 1, [some], 0)
    assert (result.state, result.why) == (FAILED, "it went through 5 of 10 frames") and result.failures
    result = judged(lane, 1, [some, cut], 0)
    assert (result.state, result.why) == (CUT_SHORT, "1 of 2 tests not begun; 5 of 10 frames")


def test_what_was_cut_short_is_told_last_and_in_the_summary_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "print('| m | mutants | not run |\\n|---|---|---|\\n| all | 10 | 4 |')"
    lane = Lane("part", "some", 1, command=("timeit", "-n1", "-r1", table), counted=table_counts)
    assert run(monkeypatch, tmp_path, (GOOD, lane._replace(unseen="not run", all_of="mutants"), POOR)) == 0
    last = "1 lanes passed, 1 cut short (part: 6 of 10 mutants judged), 1 left out (poor), 0 failed"
    assert capsys.readouterr().out.splitlines()[-1] == last
    assert "- part: 6 of 10 mutants judged" in (tmp_path / "summary.md").read_text()
    assert [one["state"] for one in json.loads((tmp_path / "summary.json").read_text())["lanes"]] == [
        PASSED, CUT_SHORT, SKIPPED,
    ]  # fmt: skip


def test_a_sample_has_passed_with_its_least_and_says_how_much_it_is() -> None:
    table = "| m | mutants | not run |\n|---|---|---|\n| all | 10 | {} |"
    lane = Lane("part", "some", 1, command=("some",), counted=table_counts, unseen="not run", all_of="mutants")
    lane = lane._replace(is_sample=True, least=(("judged", 6),))
    result = of_command(lane, 0, table.format(4))
    assert (result.state, result.why) == (PASSED, "a sample: 6 of 10 mutants judged")
    assert of_command(lane, 0, table.format(5)).state == CUT_SHORT
    assert of_command(lane, 1, table.format(4)).state == FAILED


def test_after_the_runs_time_by_the_clock_nothing_is_begun_and_what_runs_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, (GOOD, BAD), "--minutes", "0") == 0
    assert (
        "0 lanes passed, 2 cut short (good: not begun: the run's 0 minutes were over; bad:" in capsys.readouterr().out
    )
    monkeypatch.setattr(runner, "GRACE_MIN", 0)
    (result,) = Play([SLOW._replace(minutes=9)], 1, tmp_path, print, 0.05).play(1)  # begun within 3 s
    assert (result.state, result.why) == (CUT_SHORT, "ended: the run's time was over")


def test_without_limits_a_lane_gets_none(tmp_path: Path) -> None:
    assert "--deep-minutes" not in command_of(TESTS, "run", 1, tmp_path, None)
    words = command_of(BY_NAME["gatt"], "run", 1, tmp_path, 99.0)
    assert (
        words[words.index("--deep-minutes") + 1] == f"{BY_NAME['gatt'].minutes:g}"
        and words[words.index("--deep-until") + 1] == "99"
    )
    mutation = BY_NAME["mutation"]
    minutes = []
    for until_s in (None, time.time() + 9999, time.time() + 120, time.time() - 1):
        words = command_of(mutation, "run", 1, tmp_path, until_s)
        minutes.append(float(words[words.index("--minutes") + 1]))
    assert minutes[0] > minutes[1] == mutation.minutes and 0 < minutes[2] <= 2 and minutes[3] == 0


def test_what_the_lanes_look_at_makes_another_run_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    seen = {source()}
    for name in ("firmware/a.py", "docs/power.md", "examples/a.toml", "README.md", "Makefile", "tests/page.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        seen.add(source())
    assert len(seen) == 7
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.py").write_text("made")
    assert source() in seen


def note(outcome: str, why: str = "") -> dict[str, object]:
    return {"id": "tests/test_it.py::test_it[a b]", "outcome": outcome, "counts": {}, "why": why}


def test_a_lane_of_tests_passes_only_if_something_was_looked_at() -> None:
    assert judged(TESTS, 1, [note(plugin.PASSED)], 0).state == PASSED
    assert judged(TESTS, 1, [], 5).state == FAILED
    assert judged(TESTS._replace(may_be_empty=True), 1, [], 5).state == PASSED
    assert judged(TESTS._replace(may_be_empty=True), 1, [], 2).state == FAILED, "it could not be collected"
    assert judged(TESTS, 1, [note(plugin.PASSED)], 3).state == FAILED, "pytest broke down after it"
    left_out = judged(TESTS, 1, [note(plugin.SKIPPED, "no node")], 0)
    assert (left_out.state, left_out.why) == (SKIPPED, "no node")
    assert judged(TESTS, 1, [note(plugin.SKIPPED), note(plugin.FAILED)], 1).state == FAILED


def test_a_failure_is_repeated_by_its_id_seed_and_examples() -> None:
    lane = Lane("all", "properties", 1, ("tests/",), HYPOTHESIS)
    told = repeats(lane, 9, "tests/test_it.py::test_it[a b]")
    assert "--hypothesis-seed=9" in told and "INTERLOCK_SEED=9" in told
    assert told.endswith("'tests/test_it.py::test_it[a b]'")


def test_a_command_is_judged_by_its_exit_code_and_counted_by_its_table() -> None:
    table = "| module | mutants | killed |\n|---|---|---|\n| seal | 4 | 3 |\n| all | 10 | 9 |\n"
    lane = BAD._replace(counted=table_counts)
    assert of_command(lane, 0, table).counts == {"mutants": 10, "killed": 9}
    assert of_command(lane, 1, table).state == FAILED
    assert of_command(lane, 0, table).state == PASSED
    whole = lane._replace(unseen="not run", all_of="mutants")
    assert of_command(whole, 0, table).state == PASSED
    assert of_command(whole, 0, "nothing").state == FAILED, "what looked at nothing has not passed"


def test_every_deep_test_belongs_to_one_lane_and_the_budget_is_an_hour_on_two_cores() -> None:
    assert owner("tests/some/new/test_room.py::test_something") == "rest"
    assert owner("tests/system/test_library.py::test_it[vm]") == "library"
    assert owner("tests/powercut/test_cuts.py::test_two_more_cuts_in_the_recovery_are_survived[nor.ring]") == "cuts-3"
    assert owner("tests/host/test_postgres.py::test_it") == "postgres"
    assert takes("postgres", "tests/host/test_postgres.py::test_it", set())
    assert not takes("host", "tests/host/test_postgres.py::test_it", {DEEP})
    assert takes("hypothesis", "tests/host/test_clock.py::test_it", {HYPOTHESIS})
    assert not takes("hypothesis", "tests/host/test_clock.py::test_it", {HYPOTHESIS, DEEP})
    assert sum(lane.minutes for lane in LANES) <= 120
    for lane in LANES:
        named = files(lane)
        assert lane.command or (named and all((ROOT / name).exists() for name in named)), lane.name
    assert len(BY_NAME) == len(LANES)
