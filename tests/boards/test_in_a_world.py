"""The firmware on every board, in MicroPython: a weapon is drawn, its camera records and answers, the journals tell it.

The ports' own three are played by many other tests; here are those derived from them."""

import pytest

from interlock.core import frames, records
from simulator.profiles import CHIPS, PROFILES
from simulator.scenario import ScenarioError, parse
from simulator.world import play

TABLE = {
    "name": "Board",
    "secret": "board",
    "duration_s": 6,
    "unit": [
        {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]},
        {"id": "C1", "role": "camera", "at_m": [0.5, 0], "recorder": {"start_delay_ms": 300}},
    ],
    "events": ["2 H1 draw", "4 H1 arm"],
}


OFTEN = ("esp32_c3", "pico2_w")  # the one whose roles share pins, and the one with another flash


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(name, marks=() if name in OFTEN else pytest.mark.deep)
        for name in sorted(set(CHIPS) - set(PROFILES))
    ],
)
def test_a_draw_on_that_board_starts_its_camera_and_is_answered(profile: str):
    run = play(parse(TABLE | {"profile": profile}, "board"), 1, None)
    events = [r.fields().event for r in run.unit("H1").reading.records if r.kind == records.EVENT]
    assert {frames.DRAW, frames.ARM} <= set(events)
    for unit, kind in (("C1", records.RECORDER), ("H1", records.ACK), ("H1", records.PROOF)):
        assert kind in [record.kind for record in run.unit(unit).reading.records]


def test_a_board_without_pins_for_both_roles_plays_no_such_unit():
    both = {"id": "U1", "role": "combined", "at_m": [0, 0], "cameras": []}
    with pytest.raises(ScenarioError, match="profile esp32_c3 has not the pins for U1's two roles"):
        parse(TABLE | {"profile": "esp32_c3", "unit": [both], "events": []}, "board")
    assert parse(TABLE | {"profile": "esp32_c6", "unit": [both], "events": []}, "board").profile == "esp32_c6"
