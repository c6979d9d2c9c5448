"""What a world says of when things were is when they were: on every board, however late its flash takes a record."""

import pytest

from interlock.core import frames, records
from simulator.profiles import CHIPS
from simulator.scenario import parse
from simulator.world import play

TABLE = {
    "name": "Truth",
    "secret": "truth",
    "duration_s": 60,
    "unit": [{"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": [], "clock_ppm": 50}],
    "events": ["10 H1 draw", "20 H1 holster", "30 H1 battery_change off_s=3", "40 H1 draw", "50 H1 holster"],
}


@pytest.mark.parametrize("profile", CHIPS)
def test_an_event_was_recorded_when_it_happened(profile: str) -> None:
    """Where a cache keeps records from the chip, they are written when they get there, tens of milliseconds later."""
    run = play(parse(TABLE | {"profile": profile}, "truth"), 1, None, fidelity="fast")
    unit = run.unit("H1")
    happened = [event.at_us for event in run.weapon_events if event.event == "draw"]
    found = [record for record in unit.reading.records if record.kind == records.EVENT]
    draws = [(record, record.fields()) for record in found if record.fields().event == frames.DRAW]
    assert [record.boot for record, _ in draws] == [1, 2]
    for (record, fields), at_us in zip(draws, happened, strict=True):
        assert abs(unit.at_us(record.boot, record.uptime_ms - fields.edge_ago_ms) - at_us) < 3000
