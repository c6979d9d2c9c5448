"""Scenarios are written by people: what they mean, and what a slip of the pen is told."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario import ROLES, Scenario, ScenarioError, load, parse, parse_line
from simulator.scenario.keys import clock_time
from simulator.scenario.schema import schema

LIBRARY = Path(__file__).resolve().parents[2] / "simulator" / "scenarios"
NAMES = sorted(path.stem for path in LIBRARY.glob("*.toml"))

SHORT = """name = "Short"
duration_s = 100
secret = "s"

events = [
    "5     H1 draw",
    "1:20  C1 camera_dies",
]

[technician]
at_m = [1, 1]

[[unit]]
id = "H1"
role = "holster"
at_m = [0, 0]
cameras = ["C1"]

[[unit]]
id = "C1"
role = "camera"
at_m = [0.4, 0.3]
recorder = { start_delay_ms = 900 }

[[event]]
at_s = 7
unit = "H1"
do = "holster"
"""


def _written(folder: Path, text: str) -> Scenario:
    path = folder / "short.toml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_of_the_library_can_be_read_and_keeps_to_the_schema(name: str):
    scenario = load(LIBRARY / f"{name}.toml")
    assert scenario.about
    written = tomllib.loads((LIBRARY / f"{name}.toml").read_text())
    jsonschema.validate(json.loads(json.dumps(written, default=str)), schema())


def test_the_published_schema_is_that_of_the_code():
    assert json.loads((LIBRARY / "schema.json").read_text()) == schema(), "run: python -m simulator.scenario.schema"


def test_lines_and_tables_of_events_mean_the_same_and_are_played_in_order_of_time(tmp_path: Path):
    events = _written(tmp_path, SHORT).events
    assert [(e.at_s, e.unit, e.do) for e in events] == [
        (5.0, "H1", "draw"),
        (7.0, "H1", "holster"),
        (80.0, "C1", "camera_dies"),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("12.5", 12.5), ("4:30", 270), ("8:04:30.5", 29070.5), ("100:00:00", 360000), ("75", 75)],
)
def test_times_are_seconds_or_minutes_or_hours(text: str, seconds: float):
    assert clock_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "4:60", "1:2:3:4", "nan", "inf", "1e3", "4:3x", ":30", "1_0", "4:-3"])
def test_what_is_no_time_is_none(text: str):
    assert clock_time(text) is None


def test_a_pattern_lets_it_happen_to_every_unit_and_a_repetition_as_often():
    scenario = _crowd('events = ["1 H* draw within_s=0.5", "2 C* camera_dies every_s=2 times=3"]')
    assert [e.unit for e in scenario.events if e.do == "draw"] == ["H1", "H2", "H3"]
    assert {e.within_s for e in scenario.events if e.do == "draw"} == {0.5}
    assert [(e.at_s, e.unit) for e in scenario.events if e.do == "camera_dies"] == [
        (at_s, unit) for at_s in (2.0, 4.0, 6.0) for unit in ("C1", "C2", "C3")
    ]


def _crowd(line: str) -> Scenario:
    text = f'name="x"\nduration_s=10\nsecret="s"\n{line}\n[[crew]]\ncount=3\nradius_m=5\nclock_ppm=20\n'
    return parse(tomllib.loads(text), "crowd.toml")


def test_a_crew_is_pairs_on_a_disc_at_the_same_places_for_every_seed():
    scenario = _crowd("")
    assert [(u.id, u.number) for u in scenario.units] == [
        ("H1", 1), ("C1", 2), ("H2", 3), ("C2", 4), ("H3", 5), ("C3", 6)
    ]  # fmt: skip
    for holster, camera in zip(scenario.units[::2], scenario.units[1::2], strict=True):
        assert holster.cameras == (camera.id,) and camera.recorder is not None
        assert holster.at_m[0] ** 2 + holster.at_m[1] ** 2 <= 5.01**2
        assert abs(holster.clock_ppm) <= 20
        assert holster.facing_deg is not None and holster.facing_deg == camera.facing_deg, "one officer, one body"
    assert _crowd("") == scenario


MISTAKES = [
    ('do = "holster"', 'do = "holter"', "line 28, short.toml, event 1: do = 'holter'", "write 'holster'"),
    ("at_s = 7", "at_s = 700", "line 26, short.toml, event 1", "outside the 100 s"),
    ("at_s = 7", "at_s = true", "line 26, short.toml, event 1: at_s = true is not a number", ""),
    ('role = "holster"', 'role = "hoster"', "line 15, short.toml, unit 1: role", "write 'holster'"),
    ('id = "C1"', 'id = "H1"', "line 20, short.toml, unit 2: two units are called 'H1'", "its own id"),
    ("at_m = [0.4, 0.3]", "at_m = [0.4]", "line 22, short.toml, unit 2: at_m", "two numbers in metres"),
    ("start_delay_ms = 900", "colour = 1", "short.toml, unit 2, recorder: nobody knows colour", "Check the spelling"),
    ('secret = "s"', "", "short.toml: secret is missing", "labels and keys follow from it"),
    ("duration_s = 100", "duration_s = -1", "line 2, short.toml: duration_s = -1.0", "write a number from 0 up"),
    ('cameras = ["C1"]', 'cameras = ["C9"]', "line 17, short.toml: H1 names 'C9'", "no such camera unit"),
    ("5     H1 draw", "5     H9 draw", "line 6, short.toml, events 1: no unit 'H9'", "one of H1, C1"),
    ("5     H1 draw", "5:99  H1 draw", "line 6, short.toml, events 1: '5:99' is no time", "4:30"),
    ("5     H1 draw", "5 H1", "line 6, short.toml, events 1: write a time, a unit", "H1 draw"),
    ("5     H1 draw", "5 C1 draw", "line 6, short.toml, events 1: draw happens to a holster unit", "C1 is a camera"),
    ("5     H1 draw", "5 H1 jam for_s=1", "line 6, short.toml, events 1: jam happens to the air", '"air"'),
    ("5     H1 draw", "5 air jam", "line 6, short.toml, events 1: for_s is missing", "nothing gets through"),
    ("5     H1 draw", "5 H1 pull by='bob'", "line 6, short.toml, events 1: pull needs a technician", "laptop"),
    ("5     H1 draw", "5 H1 dies", "line 6, short.toml, events 1: dies happens to a laptop", "laptop"),
    ("5     H1 draw", "5 H1 draw times=2", "line 6, short.toml, events 1: what happens several times", "every_s"),
    ("5     H1 draw", "5 H1 draw unit=3", "line 6, short.toml, events 1: unit is told by its place", "Leave it out"),
    ("5     H1 draw", "5 H1 draw x y", "line 6, short.toml, events 1: 'x' is not name=value", ""),
    ("5     H1 draw", "5 H1 draw within_s=1 within_s=2", "line 6, short.toml, events 1: within_s is there twice", ""),
    ("[technician]", '[technician]\nname = "C1"', "line 11, short.toml, technician: a unit is called 'C1'", "another"),
    ("[technician]", "[technicians]", "line 10, short.toml: nobody knows technicians", "spelling"),
    ("[technician]", "loss = 7\n[technician]", "line 10, short.toml: loss = 7.0", "number up to 0.999"),
    ("[technician]", "[policy]\nhold_ms = -1\n[technician]", "line 11, short.toml, policy: policy hold_ms", ""),
    ("[technician]", "begins = 2026-03-02T06:00:00\n[technician]", "line 10, short.toml: begins", "time zone"),
    ('name = "Short"', 'name = "Short', "short.toml is not TOML", "line 1"),
]


@pytest.mark.parametrize(("right", "wrong", "where", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_a_remedy(tmp_path: Path, right: str, wrong: str, where: str, remedy: str):
    assert right in SHORT
    with pytest.raises(ScenarioError) as error:
        _written(tmp_path, SHORT.replace(right, wrong, 1))
    assert where in str(error.value) and remedy in str(error.value)


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(LIBRARY / "nowhere.toml")


SLIPS = (
    ("H9 draw", "^'H9 draw': no unit 'H9'"),
    ("5 H1 draw", "^'5 H1 draw': here everything happens now. Leave 5 out.$"),
    ("H1 draw within_s=x", "^'H1 draw within_s=x': 'within_s=x' is not name=value"),
)


def test_a_line_typed_into_a_live_world_happens_now(tmp_path: Path):
    scenario = _written(tmp_path, SHORT)
    event = parse_line(scenario, "H1 battery_change off_s=4")
    assert (event.at_s, event.unit, event.do, event.args) == (0.0, "H1", "battery_change", {"off_s": 4.0})
    assert parse_line(scenario, "air jam for_s=2").unit == "air"
    for line, told in (
        ("H1", "write a unit"),
        ("help", "What can happen here: .*draw"),
        ("H1 pull", "host tools"),
        ("laptop dies", "host tools"),
        *SLIPS,
    ):
        with pytest.raises(ScenarioError, match=told):
            parse_line(scenario, line)


_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 300), st.floats(), st.text(max_size=5), st.sampled_from(sorted(ROLES))
)
_values: st.SearchStrategy[Any] = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(
    place=st.sampled_from(["", "unit", "event", "crew", "policy", "technician"]),
    name=st.sampled_from(
        ["id", "role", "at_m", "cameras", "recorder", "do", "at_s", "unit", "every_s", "times", "count", "events"]
        + ["name", "loss", "duration_s", "begins", "policy", "event", "hold_ms", "boxed", "by", "camera", "radius_m"]
    ),
    value=_values,
)
def test_whatever_stands_anywhere_is_played_or_refused_in_words(place: str, name: str, value: Any):
    table: dict[str, Any] = tomllib.loads(SHORT)
    table["crew"] = [{"count": 2}] if place == "crew" else []
    table["unit"] = [] if place == "crew" else table["unit"]
    if place == "crew":
        table["event"] = table["events"] = []
    target = table.setdefault(place, {}) if place else table
    (target[0] if isinstance(target, list) else target)[name] = value
    try:
        parse(table, "fuzz.toml")
    except ScenarioError as error:
        assert str(error).startswith("fuzz.toml") and str(error).endswith(".")
