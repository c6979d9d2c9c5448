"""Placing sensors, the self-test by the button, and lines that stick, in the virtual world: the real firmware in the
VM, the commands' flows over the radio."""

import asyncio
from pathlib import Path

import pytest

from host_tools.flows.place import Line, Placed, place
from host_tools.flows.reach import reach
from host_tools.flows.selftest import SelfTested, selftest
from host_tools.flows.status import status
from host_tools.outcome import ToolError
from interlock.core import frames, lines, records, wire
from interlock.core import selftest as unit_test
from interlock.core.layout import Record
from interlock.core.settings import ROLE_CAMERA
from simulator.clock import now_us

from .locker import SERIAL, Room, play


def line(done: Placed, name: str) -> Line:
    (found,) = [each for each in done.lines if each.name == name]
    return found


def kept(room: Room, kind: int) -> list[Record]:
    return [record for record in room.reading().records if record.kind == kind]


def move(room: Room, seated: bool) -> None:
    room.drive("seat_closes", seated)
    room.drive("seat_opens", not seated)


async def on_duty(room: Room) -> None:
    """A holster unit, out of its dock with the weapon in, that invites since its button was held."""
    await room.provision()
    await asyncio.sleep(2)
    room.drive("dock", False)
    await asyncio.sleep(2)
    room.drive("button", True)
    await asyncio.sleep(7)
    room.drive("button", False)
    await asyncio.sleep(0.5)


def events(room: Room) -> list[tuple[int, bool]]:
    """(event, whether it was aired)"""
    return [(each.fields().event, bool(each.fields().counter)) for each in kept(room, records.EVENT)]


def test_a_weapon_that_is_drawn_for_its_sensors_is_no_draw_and_each_line_is_told(tmp_path: Path) -> None:
    async def story(room: Room) -> Placed:
        await on_duty(room)
        task = asyncio.create_task(place(room.bench, SERIAL))
        await asyncio.sleep(8)
        move(room, False)
        await asyncio.sleep(2)
        move(room, True)
        done = await task
        await asyncio.sleep(3)
        (record,) = kept(room, records.LINES)
        told = record.fields()
        assert told.cause == lines.PLACED and told.lines[0] & lines.SEEN_OFF and told.lines[1] & lines.SEEN_ON
        drawn = [aired for event, aired in events(room) if event in (frames.DRAW, frames.REHOLSTER)]
        assert drawn == [False, False]
        return done

    done = play(tmp_path, story)
    assert done.passed and done.ended == "seen"
    closes, opens = line(done, "seat_closes"), line(done, "seat_opens")
    assert (closes.closes, closes.opens) == (1, 1) and (opens.closes, opens.opens) == (1, 1)
    assert opens.longest_ms is not None and abs(opens.longest_ms - 2000) < 30
    assert not line(done, "armed").seen_on and line(done, "dock").closes == 0


def test_a_weapon_that_is_armed_meanwhile_is_armed_and_ends_it(tmp_path: Path) -> None:
    async def story(room: Room) -> Placed:
        await on_duty(room)
        task = asyncio.create_task(place(room.bench, SERIAL, stay=True))
        await asyncio.sleep(8)
        move(room, False)
        await asyncio.sleep(1)
        room.drive("armed", True)
        done = await task
        assert (frames.ARM, True) in events(room)
        assert kept(room, records.LINES)[0].fields().cause == lines.PLACED
        return done

    assert play(tmp_path, story).ended == "weapon"


def test_a_weapon_that_is_still_out_when_the_time_is_over_is_a_draw_then(tmp_path: Path) -> None:
    async def story(room: Room) -> Placed:
        await on_duty(room)
        task = asyncio.create_task(place(room.bench, SERIAL, seconds=10, stay=True))
        await asyncio.sleep(8)
        move(room, False)
        done = await task
        await asyncio.sleep(2)
        assert (frames.OUT, True) in events(room)
        return done

    assert play(tmp_path, story).ended in ("time", "weapon")


@pytest.mark.deep
def test_a_placement_that_nobody_watches_any_more_ends_by_itself(tmp_path: Path) -> None:
    async def story(room: Room) -> list[Record]:
        await on_duty(room)
        task = asyncio.create_task(place(room.bench, SERIAL, seconds=20, stay=True))
        await asyncio.sleep(8)
        room.laptop.power_off()
        task.cancel()
        await asyncio.sleep(20)
        return kept(room, records.LINES)

    (record,) = play(tmp_path, story)
    assert record.fields().number == 20


def test_how_the_last_test_and_placement_went_is_told_also_after_nobody_was_there_for_long(tmp_path: Path) -> None:
    """Both are let go of meanwhile, as far as nothing of them is forgotten."""

    async def told(room: Room) -> tuple[unit_test.Report, list[tuple[int, int]]]:
        credential = room.bench.vault.technician(SERIAL, room.bench.person, room.bench.utc_ms())
        async with reach(room.bench, SERIAL, credential) as session:
            report, (_, _, lines_told) = await session.self_test(), await session.place(wire.LOOK)
            await session.end()
        return report, [(each.bits & (lines.SEEN_ON | lines.SEEN_OFF), each.closes) for each in lines_told]

    async def story(room: Room) -> None:
        await room.provision()
        await asyncio.sleep(2)
        assert (await told(room))[0].phase == unit_test.NEVER
        await selftest(room.bench, SERIAL, unit_test.SENSORS)
        await place(room.bench, SERIAL, seconds=5, stay=True)
        before = await told(room)
        assert before[0].phase == records.TEST_DONE and len(before[1]) > 3
        room.drive("dock", False)
        await asyncio.sleep(1200)
        room.drive("dock", True)
        await asyncio.sleep(2)
        assert await told(room) == before

    play(tmp_path, story)


def test_a_camera_unit_and_too_long_a_time_are_refused(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        await room.provision()
        await asyncio.sleep(2)
        with pytest.raises(ToolError, match="does not let its sensors be placed"):
            await place(room.bench, SERIAL, seconds=60_000)

    play(tmp_path, story)


# The self-test by the officer, and what it finds of lines and cell.


def outcome(done: SelfTested, name: str) -> str:
    (found,) = [part for part in done.parts if part.name == name]
    return found.outcome + (f": {found.detail}" if found.outcome != "passed" else "")


@pytest.mark.parametrize("is_low", [False, True])
def test_a_short_press_in_the_dock_tests_the_unit_and_is_answered_by_what_is_felt(tmp_path: Path, is_low: bool) -> None:
    async def story(room: Room) -> tuple[list[Record], list[int]]:
        await room.provision()
        await asyncio.sleep(40)
        haptic, felt = room._wiring.pins["haptic"], [0]

        def output(pin: object, level: int) -> None:
            if pin == haptic and level:
                felt.append(now_us(asyncio.get_running_loop()))

        room.board.on_output = output
        if is_low:
            room.board.adc_mv[room._wiring.pins["battery"]] = 1600
            await asyncio.sleep(70)
        felt.clear()
        room.drive("button", True)
        await asyncio.sleep(0.3)
        room.drive("button", False)
        await asyncio.sleep(5)
        return kept(room, records.SELF_TEST), felt

    found, felt = play(tmp_path, story)
    assert [each.fields().credential for each in found] == [records.BY_BUTTON] * 2
    assert [each.fields().phase for each in found] == [records.TEST_BEGUN, records.TEST_DONE]
    battery = found[1].fields().findings[unit_test.PARTS.index(unit_test.BATTERY)]
    assert battery == (unit_test.CELL_LOW if is_low else unit_test.PASSED)
    assert len(felt) >= (3 if is_low else 2)


def test_a_press_on_duty_tests_nothing(tmp_path: Path) -> None:
    async def story(room: Room) -> list[Record]:
        await on_duty(room)
        room.drive("button", True)
        await asyncio.sleep(0.3)
        room.drive("button", False)
        await asyncio.sleep(5)
        return kept(room, records.SELF_TEST)

    assert play(tmp_path, story) == []


def test_a_camera_units_button_tests_its_recorder(tmp_path: Path) -> None:
    async def story(room: Room) -> list[Record]:
        await room.provision(ROLE_CAMERA)
        room.drive("awake", True)
        await asyncio.sleep(3)
        room.drive("button", True)
        await asyncio.sleep(0.3)
        room.drive("button", False)
        await asyncio.sleep(20)
        return kept(room, records.SELF_TEST)

    found = play(tmp_path, story)[-1].fields()
    assert found.findings[unit_test.PARTS.index(unit_test.RECORDER)] == unit_test.NO_TALLY


def test_the_self_test_says_that_the_seat_was_seen_both_ways_and_that_a_cell_gives_way(tmp_path: Path) -> None:
    async def story(room: Room) -> list[SelfTested]:
        await room.provision()
        await asyncio.sleep(3)
        done = [await selftest(room.bench, SERIAL)]
        move(room, False)
        await asyncio.sleep(1)
        move(room, True)
        await asyncio.sleep(2)
        haptic = room._wiring.pins["haptic"]
        room.board.adc_faults[room._wiring.pins["battery"]] = lambda mv: mv - 200 * room.board.pins.level(haptic)
        done.append(await selftest(room.bench, SERIAL))
        room.board.adc_mv[room._wiring.pins["battery"]] = 1600
        await asyncio.sleep(40)
        done.append(await selftest(room.bench, SERIAL))
        return done

    before, after, low = play(tmp_path, story)
    assert outcome(low, "battery").split(": ")[1] == unit_test.FINDING_NAMES[unit_test.CELL_LOW]
    assert outcome(before, "sensors") == outcome(after, "sensors") == "passed"
    (sensors,) = [part.detail for part in after.parts if part.name == "sensors"]
    assert "seen out and in" in sensors
    assert outcome(before, "battery") == "passed"
    assert outcome(after, "battery") == f"failed: {unit_test.FINDING_NAMES[unit_test.SAGS]}"


# Lines that stick.


def test_a_button_that_sticks_opens_service_mode_once_and_is_a_fault_felt_once(tmp_path: Path) -> None:
    async def story(room: Room) -> tuple[list[Record], int]:
        await room.provision()
        await asyncio.sleep(2)
        room.drive("dock", False)
        await asyncio.sleep(2)
        room.board.pins.stick(room._wiring.pins["button"], 0)
        await asyncio.sleep(300)
        assert room.board.ble is not None
        heard = await room.bench.radio.scan(5.0, (SERIAL,))
        return kept(room, records.LINES), len(heard)

    found, heard = play(tmp_path, story)
    assert heard == 0, "it does not invite for ever"
    (record,) = found
    assert record.fields().cause == lines.FAULT and record.fields().lines[5] & lines.STUCK


@pytest.mark.deep
def test_an_armed_line_that_sticks_with_the_weapon_in_is_a_fault_that_status_tells(tmp_path: Path) -> None:
    async def story(room: Room) -> tuple[list[int], list[str]]:
        await room.provision()
        await asyncio.sleep(2)
        room.board.pins.stick(room._wiring.pins["armed"], 0)
        await asyncio.sleep(75)
        causes = [record.fields().cause for record in kept(room, records.LINES)]
        room.board.pins.mend(room._wiring.pins["armed"])
        await asyncio.sleep(80)
        causes += [record.fields().cause for record in kept(room, records.LINES)]
        flags = list((await status(room.bench, SERIAL)).flags)
        return causes, flags

    causes, flags = play(tmp_path, story)
    assert causes == [lines.FAULT, lines.FAULT, lines.SOUND] and "sensor fault" not in flags
