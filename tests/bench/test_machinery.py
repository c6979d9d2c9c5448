"""The bench itself, with rows made up: what is judged is judged right, and nothing that is declared is forgotten."""

import json
import math
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulator.hardware.interpreter import command_of, find_vm
from tests.vm.test_core_in_vm import ROOT

from . import bounds, goals, plots, report, results, service
from .__main__ import main
from .bounds import Bound
from .goals import Goal
from .modules import GROUPS, MODULES, Module, by_name
from .results import Results
from .rows import Missing, Row, Spec

SPECS = [spec for module in MODULES for spec in module.specs()]
ONE = Spec("journal.made_up", "made up", "programs", "another")
CHEAP = ("hot_path", "vm", "receiver", "opening", "power")


def test_every_row_has_an_id_of_its_own_in_a_group_that_there_is() -> None:
    ids = [spec.id for spec in SPECS]
    assert len(set(ids)) == len(ids)
    assert {id_.split(".")[0] for id_ in ids} == set(GROUPS)
    assert all(module.cpu_min > 0 for module in MODULES)


def test_every_module_that_gives_rows_is_in_the_table() -> None:
    giving = {path.stem for path in Path(__file__).parent.glob("*.py") if "\nSPECS" in path.read_text("utf-8")}
    assert giving - {Path(__file__).stem} == {module.name for module in MODULES}


def test_bounds_are_set_for_exactly_the_rows_that_there_are() -> None:
    assert set(bounds.load()) == {spec.id for spec in SPECS}


def test_every_figure_of_the_design_has_a_goal_and_every_goal_a_row() -> None:
    assert {goal.figure for goal in goals.GOALS} == {*goals.DESIGN, *goals.ELSEWHERE}
    named = {spec.id: spec for spec in SPECS}
    for goal in goals.GOALS:
        assert goal.id in named
        assert named[goal.id].beside or not goal.is_ratio, f"{goal.id} has no baseline"


ROLES = ("holster", "camera", "combined")


@pytest.mark.parametrize(
    "id_, op, bound",
    [
        ("journal.programs_mean", "<=", 1),
        ("journal.amplification", "<=", 1.1),
        ("journal.waits.lfs_32", "==", 0),
        ("adversary.attacks", ">=", 1_000_000),
        ("verify.sealed", ">=", 0.8),
        ("service.calm.days", ">=", 30),
        *((f"unit.{role}.{way}.held", "<=", 65_536) for role in ROLES for way in ("in_place", "loaded")),
        *((f"unit.{role}.in_place.data_held", "<=", 65_536) for role in ROLES),
    ],
)
def test_a_goal_stays_on_the_row_that_it_was_set_for(id_: str, op: str, bound: float) -> None:
    """What only counts where it is easily met is beside it, and marked."""
    (goal,) = (goal for goal in goals.GOALS if goal.id == id_)
    assert (goal.op, goal.bound, goal.is_finer) == (op, bound, False)


def test_a_row_has_one_goal_and_every_figure_one_that_is_not_of_the_bench() -> None:
    ids = [goal.id for goal in goals.GOALS]
    assert len(set(ids)) == len(ids)
    assert {goal.figure for goal in goals.GOALS if not goal.is_finer} == {*goals.DESIGN, *goals.ELSEWHERE}


def test_no_bound_lets_a_goal_be_lost_that_should_be_met() -> None:
    """Where bound and goal are of the same kind; the others are told by `goals.lost`."""
    held = bounds.load()
    for goal in goals.GOALS:
        bound = held[goal.id]
        if isinstance(bound, Bound) and bound.is_ratio == goal.is_ratio and not goal.limit:
            assert bounds.clipped(goal.id, bound) == bound, f"{goal.id}: {bound.text()}, goal {goal.text()}"
            worst = bound.low if goal.op == ">=" else bound.high
            assert goal.op == "<" or goal.is_met(Row(Spec(goal.id, "", "", "one"), worst, 1.0))


@pytest.mark.parametrize(
    "op, bound, is_ratio, value, is_met",
    [
        ("<", 50, False, 49.9, True),
        ("<", 50, False, 50, False),
        ("<=", 50, False, 50, True),
        (">=", 0.8, True, 80, True),
        (">=", 0.8, True, 79, False),
        ("==", 0, False, 0, True),
        ("==", 0, False, 1, False),
        ("<", 50, False, math.inf, False),
    ],
)
def test_a_goal_is_met_by_its_value_or_ratio(op: str, bound: float, is_ratio: bool, value: float, is_met: bool) -> None:
    assert Goal("made up", ONE.id, op, bound, is_ratio).is_met(ONE.row(value, 100)) is is_met


def test_a_goal_on_a_ratio_without_a_baseline_is_missed() -> None:
    assert not Goal("made up", ONE.id, "<=", 1, True).is_met(ONE.row(0.5))


@pytest.mark.parametrize(
    "row, bound, said",
    [
        (ONE.row(5), Bound(5, 5), None),
        (ONE.row(4), Bound(5, 6), "4 is out of 5 to 6"),
        (ONE.row(7), Bound(5, 6), "7 is out of 5 to 6"),
        (ONE.row(math.inf), Bound(5, 6), "inf is out of"),
        (ONE.row(math.inf), Bound(5, math.inf), None),
        (ONE.row(9, 10), Bound(0.9, 1, True), None),
        (ONE.row(8, 10), Bound(0.9, 1, True), "0.8 is out of 0.9 to 1 times its baseline"),
        (ONE.row(0.95), Bound(0.9, 1, True), "nothing is out of"),
        (ONE.row(8), "why not", None),
        (ONE.row(8), None, "no bound in bounds.toml"),
    ],
)
def test_rows_out_of_bounds_are_told(row: Row, bound: Bound | str | None, said: str | None) -> None:
    found = bounds.judge([row], [ONE.id], {} if bound is None else {ONE.id: bound})
    assert (len(found) == 1 and said in found[0]) if said else not found


def test_a_bound_whose_row_does_not_come_is_told() -> None:
    (said,) = bounds.judge([], [ONE.id], {ONE.id: Bound(0, 1)})
    assert "no row came" in said


def test_bounds_that_are_written_are_read_again_and_others_stay() -> None:
    rows = [Spec("journal.programs", "", "").row(1.0), Spec("pull.esp32.23", "", "", "bare").row(92, 100)]
    before: dict[str, Bound | str] = {"force.pull.rate": "a reason", "opening.13.bytes": Bound(0, 7.5), "gone": "x"}
    ids = ["journal.programs", "pull.esp32.23", *before, "unit.holster.loaded.held", "service.rp2.days"]
    told = bounds.written(ids[:4] + ids[5:], rows, before)
    assert bounds.load(told) == {
        "unit.holster.loaded.held": bounds.NEVER,
        "service.rp2.days": Bound(30, math.inf),
        "journal.programs": Bound(1.0, 1.0),
        "pull.esp32.23": Bound(0.9, math.inf, True),
        "force.pull.rate": "a reason",
        "opening.13.bytes": Bound(0, 7.5),
    }
    assert all(not bounds.judge([row], [row.spec.id], bounds.load(told)) for row in rows)


@pytest.mark.parametrize("text", ["[bounds]\na = [2, 1]\n", '[bounds]\na = [1, 2]\n[free]\na = "why"\n'])
def test_bounds_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bounds\.toml: a"):
        bounds.load(text)


def made_up(monkeypatch: pytest.MonkeyPatch, rows: object) -> Module:
    """A module that gives these rows, or raises them."""

    def give() -> object:
        if isinstance(rows, Exception):
            raise rows
        return rows

    monkeypatch.setattr(Module, "load", lambda self: SimpleNamespace(SPECS=(ONE,), rows=give))
    return Module("made_up", True, 1)


def test_what_cannot_be_had_is_noted_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Results({})
    found.play(made_up(monkeypatch, Missing("no such thing here")))
    assert (found.rows, found.modules, found.missing) == ([], {}, {"made_up": "no such thing here"})


@pytest.mark.parametrize("rows", [[], [ONE.row(1), ONE.row(1)], [ONE._replace(id="journal.other").row(1)]])
def test_a_module_gives_the_rows_that_it_declares_each_once(monkeypatch: pytest.MonkeyPatch, rows: list[Row]) -> None:
    with pytest.raises(AssertionError):
        Results({}).play(made_up(monkeypatch, rows))


def whole() -> Results:
    """A made-up run in which every row came."""
    rows = [spec.row(1 + place, 2.0, "a note") for place, spec in enumerate(SPECS)]
    return Results(dict.fromkeys(results.machine(), "x"), rows, {module.name: 0.1 for module in MODULES})


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = Results(
        {"python": "3"}, [ONE.row(math.inf, 2), ONE.row(1.5, math.inf, "note"), ONE.row(3)], {"a": 1.0}, {"b": "c"}
    )
    results.write(run, tmp_path / "bench.json")
    assert results.read(tmp_path / "bench.json") == run


def test_a_run_of_some_modules_leaves_the_rows_of_others() -> None:
    old, wear = whole(), by_name(["wear"])[0]
    old.missing = {"service": "not there"}
    new = Results(old.machine, [spec.row(0) for spec in wear.specs()], {"wear": 0.2})
    found = results.merged(new, old)
    assert [row.spec for row in found.rows] == SPECS
    assert all((row.value == 0) == (row.spec in wear.specs()) for row in found.rows)
    assert found.modules["wear"] == 0.2 and found.modules["opening"] == 0.1 and found.missing == old.missing


def test_the_report_tells_goals_met_missed_and_not_measured() -> None:
    run = whole()
    told = report.markdown(run)
    assert all(f"## {title}" in told for title in GROUPS.values())
    assert report.NOT_MEASURED not in told and f"| {report.MET} |" in told and report.MISSED in told
    assert f"{report.NOT_MEASURED}:" not in report.counted(run) and "| heap on a board, *finer* |" in told
    run.rows = []
    assert report.markdown(run).count(f"| {report.NOT_MEASURED} |") == len(goals.GOALS)
    assert report.counted(run).startswith(f"0 of {len(goals.GOALS)} goals are met; {report.NOT_MEASURED}: ")
    assert "service 5" in report.counted(run)


def test_a_picture_is_drawn_where_its_rows_came(tmp_path: Path) -> None:
    assert {path.name for path in plots.draw_all(whole(), tmp_path)} == set(plots.PICTURES)
    assert all((tmp_path / name).stat().st_size > 5000 for name in plots.PICTURES)
    assert plots.draw_all(Results({}), tmp_path) == []


def test_a_check_of_a_file_ends_with_one_where_a_row_is_out_of_its_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specs, file = by_name(["hot_path"])[0].specs(), tmp_path / "bench.json"
    held = bounds.load()
    low = {spec.id: bound.low for spec in specs if isinstance(bound := held[spec.id], Bound)}
    for off, left_out, code in ((0, 0, 0), (1, 0, 1), (0, 1, 1)):
        rows = [spec.row(low[spec.id] + off * (spec.id == "hot_path.allocations")) for spec in specs[left_out:]]
        results.write(Results({}, rows), file)
        assert main(["check", "hot_path", "--from", str(file)]) == code
        assert main(["check", "hot_path", "--allow-missing", "--from", str(file)]) == code
        assert ("hot_path.allocations" in capsys.readouterr().out) == bool(code)


def test_a_file_that_lacks_a_module_fails_unless_it_says_why_and_that_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, why = tmp_path / "bench.json", "make test-deep was not run"
    for missing, allowed, code in (({}, [], 1), ({}, ["--allow-missing"], 1),
                                   ({"service": why}, [], 1), ({"service": why}, ["--allow-missing"], 0)):  # fmt: skip
        results.write(Results({}, missing=missing), file)
        assert main(["check", "service", *allowed, "--from", str(file)]) == code
        out = capsys.readouterr().out
        assert (why in out and "modules left out: 1" in out) is bool(missing)


def test_a_check_ends_with_one_where_only_a_goal_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though the row is within its bounds. A goal with a limit is missed as it was."""
    module, file = by_name(["hot_path"])[0], tmp_path / "bench.json"
    held = bounds.load() | {spec.id: Bound(0, 5) for spec in module.specs()}
    monkeypatch.setattr(bounds, "load", lambda: held)
    for limit, value, code in (("", 0, 0), ("", 5, 1), ("made up", 5, 0), ("made up", 0, 0)):
        goal = Goal("made up", "hot_path.allocations", "==", 0, limit=limit)
        monkeypatch.setattr(goals, "GOALS", (goal,))
        results.write(Results({}, [spec.row(value) for spec in module.specs()]), file)
        assert main(["check", "hot_path", "--from", str(file)]) == code
        out = capsys.readouterr().out
        assert ("misses its goal" in out) is bool(code)
        assert ("its limit may go" in out) is (limit != "" and value == 0)


@pytest.mark.parametrize(
    "goal, bound, found",
    [
        (("<=", 4), (0, 5), (0, 4)),
        (("<", 4), (0, 5), (0, 4)),
        ((">=", 4), (3, math.inf), (4, math.inf)),
        (("==", 4), (3, 5), (4, 4)),
        (("<=", 6), (0, 5), (0, 5)),
        (("<=", 4), (5, 6), (5, 6)),
        (("<=", 4, True), (0, 5), (0, 5)),
        (("<=", 4, False, "a limit"), (0, 5), (0, 5)),
    ],
)
def test_a_bound_ends_at_a_goal_that_is_met(
    goal: tuple[str, float], bound: tuple[float, float], found: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "GOALS", (Goal("made up", ONE.id, *goal),))
    assert bounds.clipped(ONE.id, Bound(*bound)) == Bound(*found)
    assert bounds.load(bounds.written([ONE.id], [], {ONE.id: Bound(*bound)})) == {ONE.id: Bound(*found)}


def lane(name: str, state: str = "passed", **counts: int) -> dict[str, object]:
    return {"lane": name, "state": state, "counts": counts}


def test_days_of_service_are_those_of_the_lane_that_has_no_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane that failed has none, one that was not played is missing."""
    monkeypatch.setattr(service, "SUMMARY", tmp_path / "summary.json")
    lanes = [lane("soak-calm", days=30), lane("soak-vm", days=6, days_in_a_row=3)]
    lanes += [lane(f"soak-{port}", "passed" if port == "rp2" else "failed", days=30) for port in service.PORTS]
    for told in (lanes, lanes[1:], [lane("soak-calm", "left out"), *lanes[1:]]):
        service.SUMMARY.write_text(json.dumps({"lanes": told}), encoding="utf-8")
        if told == lanes:
            found = {row.spec.id: row.value for row in service.rows()}
            assert [found[f"service.{what}.days"] for what in ("calm", "vm", *service.PORTS)] == [30, 3, 0, 30, 0]
        else:
            with pytest.raises(Missing, match="soak-calm"):
                service.rows()


def test_a_module_that_there_is_not_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "nothing"])
    assert ended.value.code == 2 and "no module nothing" in capsys.readouterr().err


@pytest.mark.parametrize("script", sorted(Path(__file__).parent.glob("*_in_vm.py")), ids=lambda path: path.stem)
def test_what_runs_in_the_vm_is_micropython(script: Path) -> None:
    code = f"compile(open({str(script)!r}).read(), {script.name!r}, 'exec')"
    done = subprocess.run([*command_of(find_vm()), "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CHEAP)
def test_what_costs_little_is_measured_here_too(name: str) -> None:
    found = Results({})
    found.play(by_name([name])[0])
    if found.missing:
        pytest.skip(found.missing[name])
    assert found.rows and all(math.isfinite(row.value) for row in found.rows)


def test_the_menu_has_both() -> None:
    menu = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "python -m tests.bench\n" in menu and "python -m tests.bench check\n" in menu
