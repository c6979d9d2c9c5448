"""Which runs a campaign has, and how a value to vary is written and refused."""

import pytest

from host_tools.campaign import plan
from host_tools.outcome import ToolError

from .campaigns import TINY, planned, tiny


def scenarios(folder, *vary):
    return [variation.scenario for variation in planned(folder, *vary).variations]


def test_without_anything_to_vary_the_scenario_is_played_as_it_is_written(tmp_path):
    from simulator.scenario import load

    assert scenarios(tmp_path) == [load(tiny(tmp_path))]


@pytest.mark.parametrize(
    ("name", "values", "read"),
    [
        ("loss", (0, 0.25), lambda s: s.loss),
        ("profile", ("esp32", "rp2"), lambda s: s.profile),
        ("policy.hold_ms", (0, 2500), lambda s: s.policy.hold_ms),
        ("policy.stop_after_hold", (True, False), lambda s: s.policy.stop_after_hold),
        ("recorder.start_delay_ms", (0, 900), lambda s: s.unit("C1").recorder.start_delay_ms),
        ("C1.recorder.buffer_ms", (0, 120_000), lambda s: s.unit("C1").recorder.buffer_ms),
        ("C1.at_m.x", (-2.5, 90), lambda s: s.unit("C1").at_m[0]),
        ("H1.at_m.y", (1e2,), lambda s: s.unit("H1").at_m[1]),
    ],
)
def test_each_value_is_set_where_its_name_says(tmp_path, name, values, read):
    varied = scenarios(tmp_path, f"{name}={','.join(plan.show(value) for value in values)}")
    assert [read(scenario) for scenario in varied] == list(values)


def test_a_recorder_without_a_unit_is_every_camera_s(tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(TINY + '[[unit]]\nid = "C2"\nrole = "camera"\nat_m = [9, 0]\n')
    (variation,) = plan.apply(path, plan.parse_axes(["recorder.wake_delay_ms=5"]))
    assert [variation.scenario.unit(unit).recorder.wake_delay_ms for unit in ("C1", "C2")] == [5, 5]


def test_crews_grow_and_their_recorders_are_recorders(tmp_path):
    path = tmp_path / "crew.toml"
    path.write_text('name = "x"\nduration_s = 5\nsecret = "s"\n[[crew]]\ncount = 1\n')
    varied = plan.apply(path, plan.parse_axes(["crew.count=1,3", "recorder.start_delay_ms=70"]))
    assert [len(variation.scenario.units) for variation in varied] == [2, 6]
    assert {unit.recorder.start_delay_ms for unit in varied[1].scenario.units if unit.recorder} == {70}


def test_several_axes_give_every_combination_and_each_the_same_seeds(tmp_path):
    whole = planned(tmp_path, "loss=0,0.5", "policy.hold_ms=0,100,200", runs=2, seed=7)
    assert [v.text for v in whole.variations][:2] == ["loss=0, policy.hold_ms=0", "loss=0, policy.hold_ms=100"]
    assert [v.number for v in whole.variations] == list(range(6))
    assert [job.key for job in whole.jobs()] == [(v, seed) for seed in (7, 8) for v in range(6)]
    assert whole.count == 12


def test_a_place_is_a_distance_in_pictures(tmp_path):
    whole = planned(tmp_path, "C1.at_m.y=0,4")
    assert [v.x(whole.axes[0]) for v in whole.variations] == [3.0, 5.0]
    whole = planned(tmp_path, "H1.at_m.x=10")
    assert whole.variations[0].x(whole.axes[0]) == 7.0
    whole = planned(tmp_path, "loss=0.5")
    assert whole.variations[0].x(whole.axes[0]) == 0.5


@pytest.mark.parametrize(
    ("texts", "happened", "advice"),
    [
        (["loss"], "names no values", "--vary loss=0,0.1,0.3"),
        (["=1"], "names no values", "--vary"),
        (["loss="], "'' is no value", "commas"),
        (["loss=0,,1"], "'' is no value", "commas"),
        (["loss=0.1,nan"], "'nan' is no value", "Write numbers"),
        (["loss=0.1,inf"], "'inf' is no value", "Write numbers"),
        (["loss=[1]"], "'[1]' is no value", "Write numbers"),
        (["loss=0.1,0.10"], "0.1 twice", "once"),
        (["loss=0", "loss=0.1"], "varied twice", "at once"),
        (["loss=1.5"], "loss = 1.5", "Vary loss"),
        (["loss=high"], "loss = 'high'", "Vary loss"),
        (["luck=1"], "nothing that can be varied", "UNIT.at_m.x"),
        (["H1.role=1"], "nothing that can be varied", "UNIT.at_m.x"),
        (["secret=x"], "nothing that can be varied", "UNIT.at_m.x"),
        (["duration_s=9"], "nothing that can be varied", "UNIT.at_m.x"),
        (["policy.patience=1"], "nobody knows patience", "Vary"),
        (["policy.renew_ms=1"], "renew_ms", "Vary"),
        (["recorder.colour=1"], "nobody knows colour", "Vary"),
        (["crew.count=1"], "no [[crew]]", "Vary"),
        (["H1.recorder.buffer_ms=1"], "nobody knows recorder", "Vary"),
        (["C9.at_m.x=1"], "no [[unit]] 'C9'", "H1, C1"),
        (["profile=avr"], "'avr'", "Vary"),
    ],
)
def test_what_cannot_be_varied_is_refused_with_its_name_and_the_remedy(tmp_path, texts, happened, advice):
    with pytest.raises(ToolError) as refused:
        planned(tmp_path, *texts)
    assert happened in str(refused.value) and advice in refused.value.advice


def test_a_scenario_that_is_wrong_by_itself_is_not_blamed_on_what_is_varied(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('name = "x"\nunit = 3\npolicy = 4\n')
    with pytest.raises(ToolError) as refused:
        plan.apply(path, plan.parse_axes(["policy.hold_ms=1"]))
    assert "--vary" not in str(refused.value) and "wrong.toml" in str(refused.value)
