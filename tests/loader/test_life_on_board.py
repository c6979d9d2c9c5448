"""The real application, run from a release on a board with files of its own: what its journal says of its boots."""

import asyncio
from typing import Any

import pytest

from interlock.core import records, settings
from interlock.core.reading import Reading
from interlock_loader import slots
from simulator.clock import run
from simulator.factory import Area, make, unit_settings
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system, release, source_members, unit_files
from simulator.profiles import SECTOR_BYTES, profile
from simulator.radio.air import Air
from simulator.scenario import parse

from .units import WORKS, application

PORT = profile("esp32")
SKIP = settings.SECTORS * SECTOR_BYTES
UNIT = {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]}
CAMERA = {"id": "C1", "role": "camera", "at_m": [0, 1], "recorder": {}}
TABLE: dict[str, Any] = {"name": "life", "duration_s": 9, "secret": "life", "unit": [UNIT, CAMERA], "event": []}


def boxed(state: slots.Slots) -> VirtualBoard:
    """A boxed unit whose slot b has another application, which tells that it runs."""
    files = unit_files(PORT, release(PORT.board, source_members()), application(WORKS, (0, 2, 0), PORT.board))
    files["/slots"] = slots.pack(state)
    board = VirtualBoard("H1", PORT, Air(1), 1, files=file_system(PORT, files))
    image = bytearray(board.flash.image())
    scenario = parse(TABLE | {"unit": [UNIT | {"boxed": True}, CAMERA]}, "life")
    make(Area(image, PORT.journal_offset, SKIP), scenario, scenario.units[0])
    board.flash.load(bytes(image))
    return board


def unit(policy: settings.Policy, revision: int) -> VirtualBoard:
    """H1 with a release in slot a, and settings of this revision; without power yet."""
    files = unit_files(PORT, release(PORT.board, source_members()))
    board = VirtualBoard("H1", PORT, Air(1), 1, files=file_system(PORT, files))
    scenario = parse(TABLE, "life")
    image = bytearray(board.flash.image())
    area = Area(image, PORT.journal_offset, SKIP)
    make(area, scenario, scenario.units[0])
    held = unit_settings(scenario, scenario.units[0])
    if revision > held.revision:
        settings.store(area, held._replace(revision=revision, policy=policy))
    board.flash.load(bytes(image))
    return board


def life(board: VirtualBoard) -> list[Any]:
    area = Area(bytearray(board.flash.image()), PORT.journal_offset + SKIP, PORT.journal_bytes - SKIP)
    return [record.fields() for record in Reading(area).records if record.kind == records.LIFE]


def played(policy: settings.Policy, revision: int, story: Any) -> VirtualBoard:
    async def scene() -> VirtualBoard:
        board = unit(policy, revision)
        await board.power_on()
        try:
            await story(board)
        finally:
            await board.power_off()
        board.check()
        return board

    return run(scene())


async def bitten(board: VirtualBoard, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(2)
        board.reset("watchdog")
    await asyncio.sleep(2)


def test_a_unit_that_the_watchdog_bit_tells_it_and_goes_by_the_default_figures_after_three() -> None:
    slow = settings.DEFAULT_POLICY._replace(hold_ms=1234)

    async def story(board: VirtualBoard) -> None:
        await bitten(board, 2)
        assert [fields.detail for fields in life(board)] == [records.LIFE_UNMEANT] * 2
        assert life(board)[-1].resets == 2 and not life(board)[-1].fallen
        await bitten(board, 1)
        assert life(board)[-1].detail == records.LIFE_UNMEANT | records.LIFE_FALLBACK
        assert life(board)[-1].fallen == 2
        await board.power_off()
        await board.power_on()
        await asyncio.sleep(2)
        assert life(board)[-1].detail == records.LIFE_FALLBACK, "until other settings come"

    played(slow, 2, story)


@pytest.mark.deep
def test_a_unit_that_was_well_for_a_minute_writes_nothing_of_it_under_its_first_settings() -> None:
    async def story(board: VirtualBoard) -> None:
        await asyncio.sleep(70)
        assert life(board) == []

    played(settings.DEFAULT_POLICY, 1, story)


@pytest.mark.deep
def test_of_a_boxed_unit_a_minute_without_trouble_ends_the_row_of_bad_boots() -> None:
    async def scene() -> VirtualBoard:
        board = boxed(slots.FIRST._replace(proven=3, tries=2))
        await board.power_on()
        await asyncio.sleep(70)
        board.reset("watchdog")
        await asyncio.sleep(5)
        await board.power_off()
        return board

    board = run(scene())
    assert board.boots == 2
    assert not [line for line in board.output if line.startswith("runs")], board.output


@pytest.mark.deep
def test_a_release_on_trial_that_cannot_read_its_settings_waits_its_minute_and_starts_anew() -> None:
    members = source_members()
    members["interlock/core/settings.py"] += b"\n\ndef load(area):\n    raise OSError(5)\n"
    files = unit_files(PORT, application(WORKS, (0, 1, 0), PORT.board), release(PORT.board, members, (0, 2, 0)))
    files["/slots"] = slots.pack(slots.step(slots.FIRST, slots.INSTALLED, 1, ((0, 1, 0), (0, 2, 0))))

    async def scene() -> VirtualBoard:
        board = VirtualBoard("H1", PORT, Air(1), 1, files=file_system(PORT, files))
        await board.power_on()
        await asyncio.sleep(90)
        await board.power_off()
        return board

    board = run(scene())
    assert board.boots == 2, "no watchdog bit it"
    assert len([line for line in board.output if "starting anew in a minute" in line]) == 2
