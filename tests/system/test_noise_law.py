"""A law over noise: whichever line of a holster unit chatters, at whatever pace, what really happens is aired within a
second, and what never happened is little and fills no journal. Stories of single lines: `test_noise.py`."""

from pathlib import Path
from typing import Any

import pytest

from interlock.core import lines

from .test_noise import played

# The noise goes on from 20 s to 140 s. A use within it; the line is put right; a use three minutes after it.
USES = (
    *("60 H1 draw", "70 H1 arm", "80 H1 discharge for_s=5.0", "95 H1 holster"),
    "150 H1 holster",
    *("315 H1 draw", "318 H1 arm", "320 H1 discharge for_s=2.0", "330 H1 holster"),
)
QUIET_MS = 140_000
PACES_MS = ((1, 1.5), (8, 80), (8, 190), (60, 500), (400, 700))
AIRED_MS = 1000
FALSE_MAX = 40  # of each kind: a contact that says for 300 ms that the weapon is out makes a draw, however noisy it is
RECORDS_MAX = 450


def is_excused(use: dict[str, Any], line: str, on_ms: float, off_ms: float) -> bool:
    """What nobody could tell, in the noise: an arming of a line that its noise arms; a discharge among pulses that come
    as fast as a weapon's, which are one that goes on; a draw while a contact says that the weapon is out already."""
    if use["at_ms"] > QUIET_MS:
        return False
    told_apart = {"armed": "arm", "discharge": "discharge", "seat_closes": "draw", "seat_opens": "draw"}
    return told_apart.get(line) == use["event"] and (line != "discharge" or on_ms + off_ms < 140)


@pytest.mark.deep
@pytest.mark.parametrize("line", lines.LINES)
@pytest.mark.parametrize(("on_ms", "off_ms"), PACES_MS)
def test_noise_of_one_line_costs_little_and_hides_nothing(
    tmp_path: Path, line: str, on_ms: float, off_ms: float
) -> None:
    noise = f'20 H1 line_chatters line="{line}" for_s=120 on_ms={on_ms} off_ms={off_ms}'
    facts = played(tmp_path, 340, noise, *USES).facts
    false = facts["units"][0]["false_events"]
    assert all(count <= FALSE_MAX for count in false.values()), false
    assert all(unit["records"] <= RECORDS_MAX for unit in facts["units"]), facts["units"]
    for use in facts["uses"]:
        if not is_excused(use, line, on_ms, off_ms):
            assert use["journalled"] and use["frame_at_ms"] - use["at_ms"] <= AIRED_MS, use
