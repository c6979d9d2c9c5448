"""A weapon that is drawn in the middle of a transfer comes first: its frame is late by one piece of a file at most,
the session ends, and the update goes on in the next one."""

import tomllib
from pathlib import Path

import pytest

from host_tools.campaign.play import play_and_judge
from interlock.core import records, updating, wire
from simulator.scenario import parse

SCENARIO = """
name = "Drawn in the middle"
profile = "esp32"
duration_s = 190
flashed = true
secret = "drawn in the middle"
events = [
    "0.5 H1 dock",
    '2 H1 provision signing="none"',
    "20 H1 undock",
    "24 H1 press_service",
    "32 H1 update",
    "45 H1 draw",
    "47 H1 arm",
    "55 H1 holster",
    "62 H1 press_service",
    "170 H1 dock",
    "175 H1 pull",
]
[technician]
at_m = [1.0, 0.0]
[[unit]]
id = "H1"
role = "holster"
boxed = true
at_m = [0.0, 0.0]
"""
# One piece of a file: at most a block that is erased, and its bytes (esp32's costs, simulator/profiles).
PIECE_MS = 150


@pytest.mark.deep
def test_a_draw_in_the_middle_of_a_transfer_is_aired_at_once_and_the_update_goes_on_later(tmp_path: Path) -> None:
    judged = play_and_judge(parse(tomllib.loads(SCENARIO), "drawn"), 1, tmp_path, None, "vm")
    if judged.visitor:
        judged.visitor.close()
    (update,) = [each for each in judged.run.visits if each.do == "update"]
    assert update.note.startswith("0.1.0 to 0.2.0: confirmed"), update.note
    assert update.start_us < 45e6 < update.end_us, "it was drawn in the middle"
    (draw,) = [use for use in judged.facts["uses"] if use["event"] == "draw"]
    assert draw["journalled"] and draw["frame_at_ms"] - draw["at_ms"] < PIECE_MS
    told = judged.run.unit("H1").reading.records
    ends = [record.fields().reason for record in told if record.kind == records.SESSION_END]
    assert wire.FIRED in ends
    assert [record.fields().phase for record in told if record.kind == records.UPDATE] == [
        updating.READY,
        updating.SWITCHED,
        updating.CONFIRMED,
    ]
    assert {journal["verdict"] for journal in judged.facts["journals"]} == {"intact"}
