"""A summary and its pictures from runs that nobody played: exact figures, any order, the same bytes."""

import json
import random

import pytest

from host_tools.campaign import plots, progress, situations, summary
from host_tools.campaign.statistics import quantile, wilson

from .campaigns import made_up_crowd, made_up_lines, planned

IDENTITY = {"scenario": "tiny.toml", "vary": {"loss": [0, 0.5]}, "seed": 1, "fidelity": "vm", "code": "x"}


def shuffled(lines, seed=1):
    items = list(lines.items())
    random.Random(seed).shuffle(items)
    return dict(items)


def test_every_figure_of_a_use_is_that_of_its_own_runs(tmp_path):
    whole = planned(tmp_path, "loss=0,0.5", runs=40)
    lines = made_up_lines(whole)
    facts = summary.summarize(whole, IDENTITY, shuffled(lines))
    assert facts["runs"] == {"planned": 80, "played": 80, "broke": 0}
    for number, variation in enumerate(facts["variations"]):
        draws = [lines[number, seed]["uses"][0] for seed in range(1, 41)]
        use = variation["uses"][0]
        assert (use["unit"], use["event"], use["nth"], use["from_ms"]) == ("H1", "draw", 1, 1500.0)
        heard = sum(draw["heard_ms"] is not None for draw in draws)
        rate = use["rates"]["heard"]
        assert (rate["happened"], rate["of"], rate["rate"]) == (heard, 40, heard / 40)
        assert rate["low"] == pytest.approx(wilson(heard, 40).low, abs=1e-6)
        assert use["rates"]["covered"]["happened"] == heard and use["rates"]["before"]["happened"] == 0
        assert variation["uses"][1]["rates"]["before"]["happened"] == heard
        expected = quantile(sorted(draw["heard_ms"] or float("inf") for draw in draws), 0.5)
        assert use["times_ms"]["heard"]["p50"] == expected._asdict()


def test_what_never_came_is_null_in_json_and_never_in_words(tmp_path):
    whole = planned(tmp_path, runs=40)
    facts = summary.summarize(whole, IDENTITY | {"vary": {}}, made_up_lines(whole, never=1.0))
    (variation,) = facts["variations"]
    assert variation["uses"][0]["times_ms"]["acked"]["p50"] == {"value": None, "low": None, "high": None}
    assert "never (never to never)" in summary.as_markdown(facts, [])
    json.dumps(facts, allow_nan=False)


def test_a_recording_that_was_running_took_no_time():
    uses = [{"event": "draw", "unit": "H1", "at_ms": 0.0, "recording_ms": ms} for ms in (-900.0, None, 5.0)]
    (draw,) = situations.uses([{"uses": [use]} for use in uses])
    assert summary.times(draw, "recording") == [[0.0], [float("inf")], [5.0]]


def test_a_use_is_known_by_its_unit_and_count_even_where_chance_decides_the_order():
    def use(unit, at_ms):
        return {"event": "draw", "unit": unit, "at_ms": at_ms}

    lines = [{"uses": [use("H2", 5.0), use("H1", 10.0), use("H1", 30.0)]}, {"uses": [use("H1", 4.0), use("H2", 9.0)]}]
    found = situations.uses(lines)
    assert [(s.title, len(s.runs)) for s in found] == [
        ("H1 draw at 0.0 to 0.0 s", 2),
        ("H2 draw at 0.0 to 0.0 s", 2),
        ("H1 draw 2 at 0.0 s", 1),
    ]
    (every,) = situations.events(lines)
    assert (every.title, [len(run) for run in every.runs]) == ("every draw", [3, 2])


def test_a_scenario_of_many_uses_is_shown_by_kinds_of_event(tmp_path):
    whole = planned(tmp_path, runs=6)
    lines = {(0, seed): made_up_crowd(seed, 30) for seed in range(1, 7)}
    facts = summary.summarize(whole, IDENTITY | {"vary": {}}, lines)
    assert len(facts["variations"][0]["uses"]) == 30
    (every,) = facts["variations"][0]["events"]
    assert (every["event"], every["runs"], every["rates"]["heard"]["of"]) == ("draw", 6, 180)
    text = summary.as_markdown(facts, [])
    assert "## Every draw" in text and "## H1 draw" not in text
    assert plots.draw(whole, lines, tmp_path) == ["latency_heard.png", "latency_recording.png"]


def test_runs_that_broke_are_told_and_are_in_no_figure(tmp_path):
    whole = planned(tmp_path, runs=10)
    lines = made_up_lines(whole)
    broke = {"unit": "C1", "traceback": "Traceback\n  somewhere\nMemoryError: no heap"}
    lines[0, 4] = {"values": {}, "seed": 4, "code": "x", "broke": broke}
    facts = summary.summarize(whole, IDENTITY | {"vary": {}}, lines)
    assert facts["runs"] == {"planned": 10, "played": 10, "broke": 1}
    assert facts["broken"] == [{"values": {}, "seed": 4, **broke}]
    assert facts["variations"][0]["uses"][0]["rates"]["heard"]["of"] == 9
    assert "seed 4, as written: C1: `MemoryError: no heap`" in summary.as_markdown(facts, [])


def test_a_campaign_in_which_every_run_broke_has_a_summary_too(tmp_path):
    whole = planned(tmp_path, runs=1)
    broke = {"values": {}, "seed": 1, "code": "x", "broke": {"unit": "C1", "traceback": "X"}}
    facts = summary.summarize(whole, IDENTITY | {"vary": {}}, {(0, 1): broke})
    assert facts["variations"][0]["uses"] == [] and "1 runs ended" in summary.as_markdown(facts, [])
    assert plots.draw(whole, {(0, 1): broke}, tmp_path) == []


def test_runs_beyond_the_plan_are_in_no_figure(tmp_path):
    more = made_up_lines(planned(tmp_path, runs=20))
    whole = planned(tmp_path, runs=10)
    facts = summary.summarize(whole, IDENTITY | {"vary": {}}, more)
    assert facts["variations"][0]["runs"] == 10
    assert facts == summary.summarize(whole, IDENTITY | {"vary": {}}, made_up_lines(whole))


def test_the_order_in_which_runs_came_shows_nowhere(tmp_path):
    whole = planned(tmp_path, "loss=0,0.5", runs=8)
    lines = made_up_lines(whole)
    made = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        came = shuffled(lines, seed)
        names = plots.draw(whole, came, folder)
        text = summary.as_markdown(summary.summarize(whole, IDENTITY, came), names)
        made.append((text, [(name, (folder / name).read_bytes()) for name in names]))
    assert made[0] == made[1]
    assert all(data.startswith(b"\x89PNG") for _, data in made[0][1])


@pytest.mark.parametrize(
    ("vary", "names"),
    [
        ([], ["latency_heard", "latency_recording"]),
        (["loss=0,0.5"], ["latency_heard_by_loss", "latency_recording_by_loss", "rates_by_loss"]),
        (["profile=esp32,rp2"], ["latency_heard_by_profile", "latency_recording_by_profile"]),
        (["C1.at_m.x=1,9"], ["latency_heard_by_C1.at_m.x", "latency_recording_by_C1.at_m.x", "rates_by_C1.at_m.x"]),
        (
            ["loss=0.5", "policy.hold_ms=1,2"],
            [
                *(f"latency_{what}_by_loss_policy.hold_ms={ms}" for ms in (1, 2) for what in ("heard", "recording")),
                *(f"{what}_by_policy.hold_ms_loss=0.5" for what in ("latency_heard", "latency_recording", "rates")),
            ],
        ),
    ],
)
def test_what_was_varied_decides_which_pictures_there_are(tmp_path, vary, names):
    whole = planned(tmp_path, *vary, runs=2)
    made = plots.draw(whole, made_up_lines(whole), tmp_path)
    assert made == [f"{name}.png" for name in names]
    assert all((tmp_path / name).stat().st_size > 5000 for name in made)


def test_a_user_s_own_look_of_pictures_changes_nothing(tmp_path):
    import matplotlib

    whole = planned(tmp_path, runs=3)
    (first, _) = plots.draw(whole, made_up_lines(whole), tmp_path)
    plain = (tmp_path / first).read_bytes()
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "figure.dpi": 30, "lines.linewidth": 9}):
        plots.draw(whole, made_up_lines(whole), tmp_path)
    assert (tmp_path / first).read_bytes() == plain


def test_without_a_terminal_progress_is_a_line_now_and_then(capsys):
    clock = iter([0.0, 4.0, 8.0, 12.0, 16.0, 20.0])
    with progress.Progress(now_s=lambda: next(clock)).of(105, 100) as tell:
        for _ in range(5):
            tell()
    assert capsys.readouterr().err.splitlines() == [
        "100 of 105 runs were done already.",
        "103 of 105 runs, about 8 s to go",
        "105 of 105 runs",
    ]
