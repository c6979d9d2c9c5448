"""The virtual body camera: what its button, its lines and its officer do to it."""

import asyncio
from collections.abc import Callable

import pytest

from simulator.body_camera import BodyCamera, Interval, State
from simulator.clock import run

BUFFER_MS = 30_000


def play(*scene: tuple[float, Callable[[BodyCamera], None]], until_s: float = 120.0) -> tuple[BodyCamera, list]:
    """A camera made at 0 s on which each (second, action) happens; and what its lines did: (second, line, level)."""
    lines: list = []

    async def story() -> BodyCamera:
        loop = asyncio.get_running_loop()
        camera = BodyCamera(buffer_ms=BUFFER_MS, start_delay_ms=500, wake_delay_ms=3000)
        camera.connect(
            lambda level: lines.append((round(loop.time(), 6), "tally", level)),
            lambda level: lines.append((round(loop.time(), 6), "awake", level)),
        )
        for at_s, action in scene:
            loop.call_at(at_s, action, camera)
        await asyncio.sleep(until_s)
        return camera

    return run(story()), lines


def press(camera: BodyCamera) -> None:
    camera.shutter(1)
    camera.shutter(0)


def test_it_begins_in_standby_awake_and_silent():
    camera, lines = play()
    assert camera.state is State.STANDBY
    assert lines == [(0, "tally", 0), (0, "awake", 1)]


def test_a_press_starts_it_after_its_delay_and_the_tally_tells():
    camera, lines = play((60, press))
    assert camera.intervals == [Interval(60_500_000, None, 30_500_000, True, "shutter")]
    assert lines[-1] == (60.5, "tally", 1)


def test_a_camera_that_is_woken_by_hand_stands_by_after_its_wake_delay_with_an_empty_buffer():
    camera, lines = play(
        (10, lambda c: c.fall_asleep()), (20, lambda c: c.wake_up()), (24, press), (60, lambda c: c.wake_up())
    )
    assert lines[-4:] == [(0, "awake", 1), (10, "awake", 0), (23, "awake", 1), (24.5, "tally", 1)]
    assert camera.intervals == [Interval(24_500_000, None, 23_000_000, True, "shutter")], "one that is awake stays so"


def test_a_second_press_stops_it():
    camera, lines = play((60, press), (70, press))
    assert camera.intervals[0].end_us == 70_000_000
    assert lines[-1] == (70, "tally", 0)
    assert camera.state is State.STANDBY


def test_only_the_rising_edge_counts():
    camera, _ = play((1, lambda c: c.shutter(1)), (5, lambda c: c.shutter(1)), (9, lambda c: c.shutter(0)))
    assert len(camera.intervals) == 1 and camera.intervals[0].end_us is None


def test_presses_while_it_starts_are_ignored():
    camera, _ = play((1, press), (1.2, press))
    assert camera.state is State.RECORDING


def test_the_buffer_reaches_back_no_further_than_standby_began():
    camera, _ = play((5, press), (20, press), (24, press))
    assert [i.buffer_start_us for i in camera.intervals] == [0, 20_000_000]


def test_a_sleeping_camera_wakes_first_and_has_no_buffer():
    camera, lines = play((1, BodyCamera.fall_asleep), (60, press))
    assert camera.intervals == [Interval(63_500_000, None, 63_000_000, True, "shutter")]
    assert lines[2:] == [(1, "awake", 0), (63, "awake", 1), (63.5, "tally", 1)]


def test_a_dead_camera_ignores_the_shutter_and_the_hand():
    camera, lines = play((1, BodyCamera.die), (2, press), (3, BodyCamera.start_by_hand))
    assert camera.intervals == []
    assert lines[-1] == (1, "awake", 0)


def test_dying_ends_the_recording_and_both_lines():
    camera, lines = play((1, press), (10, BodyCamera.die))
    assert camera.intervals[0].end_us == 10_000_000
    assert sorted(lines[-2:]) == [(10, "awake", 0), (10, "tally", 0)]


def test_dying_while_it_starts_leaves_no_recording():
    camera, _ = play((1, press), (1.2, BodyCamera.die))
    assert camera.intervals == []


def test_a_revived_camera_stands_by_with_an_empty_buffer():
    camera, _ = play((1, BodyCamera.die), (60, BodyCamera.revive), (61, press))
    assert camera.intervals[0].buffer_start_us == 60_000_000


def test_a_full_camera_accepts_the_press_and_never_tallies():
    seen: list[State] = []
    camera, lines = play((1, BodyCamera.fill_up), (2, press), (2.1, lambda c: seen.append(c.state)))
    assert seen == [State.STARTING]
    assert camera.state is State.STANDBY
    assert camera.intervals == []
    assert all(line != "tally" or not level for _, line, level in lines)


def test_filling_up_ends_the_recording_and_emptying_helps():
    camera, _ = play((1, press), (10, BodyCamera.fill_up), (11, press), (20, BodyCamera.empty), (21, press))
    assert [(i.start_us, i.end_us) for i in camera.intervals] == [(1_500_000, 10_000_000), (21_500_000, None)]


def test_the_officer_starts_and_stops_it_by_hand():
    camera, _ = play((1, BodyCamera.start_by_hand), (10, BodyCamera.stop_by_hand), (11, BodyCamera.stop_by_hand))
    assert camera.intervals == [Interval(1_500_000, 10_000_000, 0, True, "hand")]


@pytest.mark.parametrize("stuck, truth", [("on", 0), ("off", 1)])
def test_a_stuck_tally_lies_about_the_recording_until_it_is_freed(stuck, truth):
    def stick(camera: BodyCamera) -> None:
        camera.tally_stuck(stuck)

    scene = [(1.0, press)] if truth else []
    camera, lines = play(*scene, (5, stick), (50, lambda c: c.tally_stuck(None)))
    assert (5, "tally", 1 - truth) in lines
    assert lines[-1] == (50, "tally", truth)
    assert bool(camera.intervals) == bool(truth)


def test_falling_asleep_ends_a_recording():
    camera, _ = play((1, press), (9, BodyCamera.fall_asleep))
    assert camera.state is State.ASLEEP
    assert camera.intervals[0].end_us == 9_000_000


def test_who_looks_at_it_sees_when_it_begins_to_record_and_when_it_ends_whatever_its_tally_says() -> None:
    seen: list = []

    def watched(camera: BodyCamera) -> None:
        camera.tally_stuck("off")
        camera.on_record = lambda on: seen.append((asyncio.get_running_loop().time(), on))

    camera, lines = play((1, watched), (5, press), (9, press), (20, BodyCamera.start_by_hand), (30, BodyCamera.die))
    assert seen == [(5.5, 1), (9, 0), (20.5, 1), (30, 0)]
    assert [one.start_us for one in camera.intervals] == [5_500_000, 20_500_000]
    assert ("tally", 1) not in {line[1:] for line in lines}
