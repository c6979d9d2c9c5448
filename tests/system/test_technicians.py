"""A scenario's technician does what a force's does over months: spares, assignments, a rotation, a loss."""

from pathlib import Path

import pytest

from host_tools.campaign.play import play_and_judge
from simulator.scenario import parse

TABLE = {
    "name": "A pool of cameras",
    "secret": "pool",
    "duration_s": 130,
    "policy": {"hold_ms": 2000},
    "technician": {"at_m": [1.5, -1.0]},
    "unit": [
        {"id": "H1", "role": "holster", "boxed": True, "at_m": [0, 0], "cameras": ["C1"]},
        {"id": "C1", "role": "camera", "boxed": True, "at_m": [0.4, 0.3]},
        {"id": "C2", "role": "camera", "boxed": True, "at_m": [0.5, 0.3]},
    ],
    "events": [
        "0.5 * dock",
        '1 * provision signing="none"',
        '1 H1 pair camera="C1"',
        '1 H1 pair camera="C2" spare=true',
        '1 H1 assign camera="C2" officer="PC1234" hours=1',
        "60 H1 undock",
        "60 C2 undock",
        "65 H1 draw",
        "68 H1 holster",
        "75 H1 dock",
        "75 C2 dock",
        "78 H1 rotate",
        "79 C1 revoke",
        "120 H1 pull",
        "120 C2 pull",
    ],
}


@pytest.mark.deep
def test_assignment_rotation_and_revocation_are_done_in_a_world(tmp_path: Path) -> None:
    judged = play_and_judge(parse(TABLE, "pool"), 1, tmp_path, None, "vm")
    run, facts = judged.run, judged.facts
    assert judged.visitor is not None
    judged.visitor.close()
    assert [(v["do"], v["unit"]) for v in facts["technician"] if not v["succeeded"]] == []
    (use,) = [use for use in facts["uses"] if use["event"] == "draw"]
    assert run.own_cameras("H1", round(use["at_ms"] * 1000)) == ("C2",)
    assert run.own_cameras("H1", 30_000_000) in (("C1",), ("C2",))
    assert use["acked_at_ms"] is not None and use["recording_unit"] == "C2"
    assert run.unit("C1").recordings == [] or use["own_verdict"] == "late"
    notes = {v["do"]: v["note"] for v in facts["technician"]}
    assert notes["assign"] == "assigned to C2, for PC1234" and notes["revoke"].startswith("revoked")
