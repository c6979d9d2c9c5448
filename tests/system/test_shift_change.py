"""A shift changes hands at the counter: real firmware in the VM, Bumble's radio, bleak, the commands' flows, and what
that takes of (virtual) time."""

import asyncio
from pathlib import Path

import pytest

from host_tools.flows.shift import take_up
from host_tools.flows.spares import make_spares
from host_tools.flows.status import status
from host_tools.roster.rules import Duty
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .counter import EPOCH_MS, Counter, play

ROLES = {"H1": ROLE_HOLSTER, "C1": ROLE_CAMERA, "H2": ROLE_HOLSTER, "C2": ROLE_CAMERA}
UNTIL_S = EPOCH_MS // 1000 + 8 * 3600
DUTIES = [
    Duty("PC1", "red", "H1", "C1", EPOCH_MS // 1000, UNTIL_S),
    Duty("PC2", "red", "H2", "C2", EPOCH_MS // 1000, UNTIL_S),
]
GOAL_S = 10.0
"""What a pair may take at the dock."""


def hand_over(folder: Path, port: str, duties: list[Duty]) -> tuple[float, float]:
    """Seconds that the slowest pair took, and all of them together."""

    async def story(counter: Counter) -> tuple[float, float]:
        loop, bench = asyncio.get_running_loop(), counter.bench
        recorders = {duty.camera: counter.wear(duty.camera) for duty in duties}
        recorders[duties[-1].camera].has_shutter = False
        await asyncio.sleep(2)
        made = await make_spares(bench, [(duty.holster, duty.camera) for duty in duties])
        assert all(spare.state == "made" for spare in made.pairs)
        began_s = loop.time()
        handed = await take_up(bench, duties)
        all_s = loop.time() - began_s
        assert [each.outcome for each in handed] == ["assigned"] * len(duties)
        for duty in duties:
            for serial, partner in ((duty.holster, duty.camera), (duty.camera, duty.holster)):
                told = await status(bench, serial)
                assert (told.assigned, told.status.until_s) == (partner, UNTIL_S)
        again = await take_up(bench, duties, cable_check=True)
        sound = len(duties) - 1
        assert [each.outcome for each in again] == ["already"] * len(duties)
        assert [each.recorder for each in again] == ["passed"] * sound + ["failed"]
        assert all(each.detail for each in again)
        for recorder in list(recorders.values())[:sound]:
            (recording,) = recorder.intervals
            assert recording.end_us is not None, "a check leaves no camera running"
        assert recorders[duties[-1].camera].intervals == []
        return max(each.seconds for each in handed), all_s

    names = [serial for duty in duties for serial in (duty.holster, duty.camera)]
    return play(folder, story, {serial: ROLES[serial] for serial in names}, port=port)


def test_a_pair_changes_hands_in_less_than_ten_seconds_and_a_dead_cable_is_found(tmp_path: Path) -> None:
    slowest_s, _ = hand_over(tmp_path, "esp32", DUTIES[:1])
    print(f"\na pair takes {slowest_s:.1f} s (virtual)")
    assert slowest_s < GOAL_S


@pytest.mark.deep
@pytest.mark.parametrize("port", ["esp32", "rp2"])
def test_two_pairs_have_their_turns_at_the_same_time(tmp_path: Path, port: str) -> None:
    slowest_s, all_s = hand_over(tmp_path, port, DUTIES)
    print(f"\n{port}: a pair takes {slowest_s:.1f} s, two {all_s:.1f} s (virtual)")
    assert slowest_s < GOAL_S and all_s < 2 * slowest_s
