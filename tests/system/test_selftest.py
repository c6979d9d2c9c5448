"""A unit's self-test and its blinking, in the virtual world: the real firmware in the VM, a body-worn camera on its
three wires, and the commands' flows over the radio."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.flows.identify import identify
from host_tools.flows.selftest import Part, SelfTested, selftest
from host_tools.outcome import ToolError
from interlock.core import camera, records
from interlock.core import selftest as unit_test
from interlock.core.proof import ALERT_INTERRUPTED, ALERT_NOT_RECORDING
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from simulator.body_camera import BodyCamera
from simulator.clock import now_us

from .locker import SERIAL, Room, play

START_MS = 900


class Worn:
    """A camera unit's body-worn camera. `presses`: of its shutter; `has_shutter`: whether that wire is whole."""

    def __init__(self, room: Room, start_delay_ms: int = START_MS) -> None:
        self.recorder = BodyCamera(start_delay_ms=start_delay_ms)
        self.presses = 0
        self.has_shutter = True
        self._shutter = room._wiring.pins["shutter"]
        room.board.on_output = self._output
        self.recorder.connect(lambda level: room.drive("tally", bool(level)), lambda on: room.drive("awake", bool(on)))

    def _output(self, pin: object, level: int) -> None:
        if pin == self._shutter:
            self.presses += level
            if self.has_shutter:
                self.recorder.shutter(level)


def part(done: SelfTested, name: str = "recorder") -> Part:
    (found,) = [each for each in done.parts if each.name == name]
    return found


def notes(room: Room) -> list[tuple[int, int]]:
    """(phase, finding of the recorder) of each record of a self-test."""
    told = [record.fields() for record in room.reading().records if record.kind == records.SELF_TEST]
    return [(each.phase, each.findings[-1]) for each in told]


def camera_unit(folder: Path, story: Callable[[Room, Worn], object], start_delay_ms: int = START_MS) -> SelfTested:
    """What the story's coroutine gives, on a camera unit in service."""

    async def whole(room: Room) -> SelfTested:
        await room.provision(ROLE_CAMERA)
        worn = Worn(room, start_delay_ms)
        await asyncio.sleep(2)
        return await story(room, worn)  # type: ignore[misc, no-any-return]

    return play(folder, whole)


def test_a_sound_camera_unit_passes_and_its_recorder_is_off_again(tmp_path: Path) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        done = await selftest(room.bench, SERIAL)
        (recording,) = worn.recorder.intervals
        assert recording.end_us is not None and worn.presses == 2
        assert notes(room) == [(records.TEST_BEGUN, unit_test.NOT_ASKED), (records.TEST_DONE, unit_test.PASSED)]
        modes = [r.fields().mode for r in room.reading().records if r.kind == records.RECORDER]
        assert modes[-5:] == [camera.STANDBY, camera.STARTING, camera.HOLDING, camera.HOLDING, camera.STANDBY]
        assert [r for r in room.reading().records if r.kind == records.ALERT] == [], "nobody is alerted for a test"
        return done

    done = camera_unit(tmp_path, story)
    assert done.passed and done.complete
    outcomes = {each.name: each.outcome for each in done.parts}
    assert outcomes == {
        **dict.fromkeys(("sensors", "flash", "recorder"), "passed"),
        "battery": "skipped",  # a camera unit measures none
        "radio": outcomes["radio"],  # whether it hears anybody hangs on who else is there
        "signal": "skipped",  # only a person can tell
    }
    assert done.start_ms == pytest.approx(START_MS, abs=60) and done.stop_ms is not None and done.stop_ms < 100


@pytest.mark.deep
@pytest.mark.parametrize(
    ("fault", "finding", "presses"),
    [
        ("dead shutter", unit_test.NO_TALLY, 2),
        ("tally sticks off", unit_test.NO_TALLY, 2),
        ("tally sticks on while it records", unit_test.STUCK_ON, 2),
        ("slow", unit_test.SLOW, 2),
        ("full", unit_test.NO_TALLY, 2),
        ("dead", unit_test.NO_VOLTAGE, 0),  # a press might wake it, long after the test gave up
    ],
)
def test_a_fault_of_the_recorder_or_its_wires_is_found_and_nothing_is_left_recording(
    tmp_path: Path, fault: str, finding: int, presses: int
) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        worn.has_shutter = fault != "dead shutter"
        if fault == "tally sticks off":
            worn.recorder.tally_stuck("off")
        if fault == "full":
            worn.recorder.fill_up()
        if fault == "dead":
            worn.recorder.die()
            await asyncio.sleep(0.1)
        testing = asyncio.ensure_future(selftest(room.bench, SERIAL, unit_test.RECORDER))
        if fault == "tally sticks on while it records":
            while not worn.recorder.tally:
                await asyncio.sleep(0.05)
            worn.recorder.tally_stuck("on")
        done = await testing
        await asyncio.sleep(2)
        assert worn.presses == presses
        assert all(recording.end_us is not None for recording in worn.recorder.intervals)
        assert notes(room)[-1] == (records.TEST_DONE, finding)
        return done

    done = camera_unit(tmp_path, story, 7000 if fault == "slow" else START_MS)
    assert not done.passed and part(done).detail == unit_test.FINDING_NAMES[finding]
    assert part(done).advice


@pytest.mark.deep
def test_an_officers_recording_is_left_alone_and_goes_on_even_where_somebody_swears_that_there_is_none(
    tmp_path: Path,
) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        worn.recorder.start_by_hand()
        await asyncio.sleep(2)
        done = await selftest(room.bench, SERIAL, unit_test.RECORDER)
        assert part(done).outcome == "skipped" and worn.presses == 0
        done = await selftest(room.bench, SERIAL, unit_test.RECORDER, stands_by=True)
        await asyncio.sleep(30)
        stopped, running = worn.recorder.intervals
        assert stopped.end_us is not None and running.end_us is None, "it records again"
        assert running.start_us - stopped.end_us < 3_000_000
        return done

    done = camera_unit(tmp_path, story)
    assert part(done).detail == unit_test.FINDING_NAMES[unit_test.RECORDING]


@pytest.mark.deep
def test_a_tally_that_sticks_on_while_the_camera_stands_by_is_told_from_a_recording(tmp_path: Path) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        worn.recorder.tally_stuck("on")
        await asyncio.sleep(1)
        assert part(await selftest(room.bench, SERIAL, unit_test.RECORDER)).outcome == "skipped"
        done = await selftest(room.bench, SERIAL, unit_test.RECORDER, stands_by=True)
        assert worn.presses == 2 and worn.recorder.intervals[-1].end_us is not None, "as it was: standing by"
        return done

    done = camera_unit(tmp_path, story)
    assert part(done).detail == unit_test.FINDING_NAMES[unit_test.STUCK_ON] and not done.passed


@pytest.mark.deep
def test_a_session_that_is_lost_in_the_middle_leaves_the_test_to_end_by_itself(tmp_path: Path) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        testing = asyncio.ensure_future(selftest(room.bench, SERIAL, unit_test.RECORDER))
        while not worn.presses:
            await asyncio.sleep(0.05)
        testing.cancel()
        room.laptop.power_off()
        await asyncio.sleep(6)
        assert notes(room)[-1] == (records.TEST_DONE, unit_test.PASSED)
        assert worn.presses == 2 and worn.recorder.intervals[-1].end_us is not None
        await room.laptop.power_on()
        return SelfTested(SERIAL, "", True, (), None, None, None)

    camera_unit(tmp_path, story)


@pytest.mark.deep
@pytest.mark.parametrize("is_on", [True, False], ids=["tally on", "before its tally"])
def test_a_power_cut_in_the_middle_leaves_no_recorder_on(tmp_path: Path, is_on: bool) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        testing = asyncio.ensure_future(selftest(room.bench, SERIAL, unit_test.RECORDER))
        while not (worn.recorder.tally if is_on else worn.presses):
            await asyncio.sleep(0.05)
        testing.cancel()
        await room.board.power_off()
        await asyncio.sleep(3 if is_on else 0.2)
        await room.board.power_on()
        if not is_on:
            assert not worn.recorder.tally, "it comes after the boot"
        await asyncio.sleep(10)
        assert worn.recorder.intervals[-1].end_us is None, "a weapon that is out would be heard by now"
        await asyncio.sleep(25)
        assert worn.recorder.intervals[-1].end_us is not None and worn.presses == 2
        return SelfTested(SERIAL, "", True, (), None, None, None)

    camera_unit(tmp_path, story)


@pytest.mark.parametrize(
    "after_ms", [1500, *(pytest.param(ms, marks=pytest.mark.deep) for ms in (50, 890, 1915, 2100))]
)
def test_a_draw_in_the_middle_has_the_recorder_at_once_and_keeps_it(tmp_path: Path, after_ms: int) -> None:
    """`after_ms`: from the press: before its tally, as it comes, while it records, as it has been told to stop (and is
    pressed still), just after."""

    async def story(room: Room) -> None:
        await room.provision(ROLE_HOLSTER | ROLE_CAMERA)
        worn = Worn(room)
        room.drive("dock", False)
        room.drive("button", True)
        await asyncio.sleep(7)
        room.drive("button", False)
        testing = asyncio.ensure_future(selftest(room.bench, SERIAL, unit_test.RECORDER))
        while not worn.presses:
            await asyncio.sleep(0.005)
        await asyncio.sleep(after_ms / 1000)
        room.drive("seat_closes", False)
        room.drive("seat_opens", True)
        drawn_us = now_us(asyncio.get_running_loop())
        await asyncio.sleep(20)
        with pytest.raises(ToolError):
            await testing
        last = worn.recorder.intervals[-1]
        assert last.end_us is None and last.start_us - drawn_us < 1_500_000, "it records since soon after the draw"
        found = unit_test.PASSED if after_ms > 1900 else unit_test.IN_USE
        assert notes(room)[-1][1] == found and len(notes(room)) == 2
        room.drive("seat_opens", False)
        room.drive("seat_closes", True)
        await asyncio.sleep(20)
        assert worn.recorder.intervals[-1] == last, "held as after any use"
        await asyncio.sleep(20)
        assert worn.recorder.intervals[-1].end_us is not None
        alerts = [record.fields().code for record in room.reading().records if record.kind == records.ALERT]
        assert ALERT_NOT_RECORDING not in alerts and ALERT_INTERRUPTED not in alerts

    play(tmp_path, story)


@pytest.mark.deep
def test_a_hostile_technician_is_refused_after_some_tests_in_a_row(tmp_path: Path) -> None:
    async def story(room: Room, worn: Worn) -> SelfTested:
        for _ in range(8):
            done = await selftest(room.bench, SERIAL, unit_test.SENSORS)
        with pytest.raises(ToolError, match="too often"):
            await selftest(room.bench, SERIAL)
        assert len(notes(room)) == 16
        await asyncio.sleep(600)
        assert part(await selftest(room.bench, SERIAL)).outcome == "passed"
        return done

    camera_unit(tmp_path, story)


@pytest.mark.deep
def test_a_holster_unit_tells_what_its_contacts_and_its_cell_are(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision(ROLE_HOLSTER)
        done = await selftest(room.bench, SERIAL)
        assert done.cell_mv == pytest.approx(3900, abs=20)
        assert (part(done, "battery").outcome, part(done, "sensors").outcome) == ("passed", "passed")
        assert part(done).detail == unit_test.FINDING_NAMES[unit_test.ABSENT]
        room.drive("seat_opens", True)
        done = await selftest(room.bench, SERIAL, unit_test.SENSORS)
        assert part(done, "sensors").detail == unit_test.FINDING_NAMES[unit_test.CONTRADICTS]
        assert not done.passed

    play(tmp_path, story)


def test_a_unit_blinks_and_buzzes_when_asked_and_stops_by_itself(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        changes: list[tuple[str, int, float]] = []
        names = {room._wiring.pins[name]: name for name in ("led", "haptic")}
        loop = asyncio.get_running_loop()

        def output(pin: object, level: int) -> None:
            if pin in names:
                changes.append((names[pin], level, now_us(loop) / 1e6))

        room.board.on_output = output
        await room.provision(ROLE_HOLSTER)
        changes.clear()
        shown = await identify(room.bench, SERIAL, 3, buzz=False)
        asked_s = now_us(loop) / 1e6
        await asyncio.sleep(8)
        assert (shown.light, shown.buzz) == (True, False)
        lit = [at for name, level, at in changes if (name, level) == ("led", 1)]
        assert len(lit) == 6 and not [name for name, _, _ in changes if name == "haptic"]
        assert changes[-1][:2] == ("led", 0) and changes[-1][2] <= asked_s + 3.1
        changes.clear()
        assert (await identify(room.bench, SERIAL, 30)).buzz
        await asyncio.sleep(2)
        room.drive("dock", False)
        await asyncio.sleep(2)
        room.drive("seat_closes", False)
        room.drive("seat_opens", True)
        await asyncio.sleep(0.2)
        drawn = len(changes)
        await asyncio.sleep(0.9)
        dark = [name for name, level, _ in changes[drawn:] if (name, level) == ("led", 1)]
        assert dark == [], "a weapon in use ends it at once"

    play(tmp_path, story)


@pytest.mark.deep
def test_a_unit_in_its_box_shows_itself_to_who_holds_its_label(tmp_path: Path) -> None:
    from host_tools.label import Label

    from .locker import SECRET

    async def story(room: Room) -> None:
        room.bench.vault.keep_label(Label(SERIAL, SECRET))
        shown = await identify(room.bench, SERIAL, 2)
        assert (shown.name, shown.light, shown.buzz) == (None, True, True)

    play(tmp_path, story)
