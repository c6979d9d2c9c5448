"""The loader on virtual boards with a file system of their own, real LittleFS2: what it starts and survives."""

import asyncio

import pytest

from interlock_loader import slots
from simulator.hardware.files import release, unit_files
from simulator.profiles import profile

from .units import (
    ENDS,
    HANGS,
    HANGS_EARLY,
    NO_IMPORT,
    NO_SYNTAX,
    RAISES,
    RESETS,
    WORKS,
    application,
    contents,
    for_s,
    play_unit,
)

OLD, NEW = (0, 1, 0), (0, 2, 0)
PORTS = ("esp32", "rp2", "stm32wb")
ON_TRIAL = slots.step(slots.FIRST, slots.INSTALLED, 1, (OLD, NEW))


def said(board, word):
    return [line for line in board.output if line.startswith(word)]


def app(source, version, port="rp2", **more):
    return application(source, version, profile(port).board, **more)


@pytest.mark.parametrize("port", PORTS)
def test_a_unit_starts_the_release_in_its_slot_from_its_own_file_system(port):
    board = play_unit(contents(port, app(WORKS, OLD, port)), for_s(5), port=port)
    assert board.output == ["runs (0, 1, 0) 0 0 0 (0, 0, 0)"]
    assert board.flash.programs == 0, "an ordinary boot writes nothing"


def test_a_release_on_trial_that_is_healthy_is_confirmed_and_stays():
    async def story(board):
        await asyncio.sleep(5)
        for _ in range(5):
            await board.power_off()
            await board.power_on()
            await asyncio.sleep(3)

    board = play_unit(contents("rp2", app(WORKS, OLD), app(WORKS, NEW), ON_TRIAL), story)
    assert board.output[:2] == ["runs (0, 2, 0) 1 1 1 (0, 0, 0)", "healthy"]
    assert board.output[2:] == ["runs (0, 2, 0) 1 0 0 (0, 0, 0)"] * 5


@pytest.mark.parametrize(
    "bad, seen",
    [
        (RAISES, "raises (0, 2, 0)"),
        (HANGS, "hangs (0, 2, 0)"),
        (HANGS_EARLY, "waits (0, 2, 0)"),
        (RESETS, "resets (0, 2, 0)"),
        (ENDS, "ends (0, 2, 0)"),
    ],
    ids=["raises", "hangs", "hangs before it has a watchdog", "resets", "ends"],
)
@pytest.mark.parametrize(
    "port", ["rp2", *(pytest.param(port, marks=pytest.mark.deep) for port in ("esp32", "stm32wb"))]
)
def test_a_release_that_fails_at_three_boots_gives_way_to_the_one_before(port, bad, seen):
    files = contents(port, app(WORKS, OLD, port), app(bad, NEW, port), ON_TRIAL)
    board = play_unit(files, for_s(32), port=port)
    assert said(board, seen.split()[0]) == [seen] * 3
    assert said(board, "runs") == ["runs (0, 1, 0) 0 0 0 (0, 2, 0)"]
    assert said(board, "healthy") == ["healthy"]
    assert board.boots == 4


@pytest.mark.parametrize("bad", [NO_IMPORT, NO_SYNTAX], ids=["import", "syntax"])
def test_a_release_that_cannot_even_be_imported_does_too(bad):
    board = play_unit(contents("rp2", app(WORKS, OLD), app(bad, NEW), ON_TRIAL), for_s(8))
    assert said(board, "runs") == ["runs (0, 1, 0) 0 0 0 (0, 2, 0)"]
    assert board.boots == 4


def test_a_power_cut_in_every_trial_boot_counts_as_a_trial():
    async def story(board):
        for _ in range(4):
            await asyncio.sleep(0.8)
            await board.power_off()
            await board.power_on()
        await asyncio.sleep(3)

    board = play_unit(contents("rp2", app(WORKS, OLD), app(WORKS, NEW), ON_TRIAL), story)
    assert [line.split()[1:4] for line in said(board, "runs")][-1] == ["(0,", "1,", "0)"]
    assert len(said(board, "runs (0, 2, 0)")) == 3


def test_a_confirmed_release_survives_any_number_of_power_cuts():
    async def story(board):
        for _ in range(12):
            await asyncio.sleep(0.9)
            await board.power_off()
            await board.power_on()
        await asyncio.sleep(2)

    board = play_unit(contents("rp2", app(WORKS, OLD), app(WORKS, NEW), slots.FIRST), story)
    assert board.output == ["runs (0, 1, 0) 0 0 0 (0, 0, 0)"] * 13


def test_a_confirmed_release_that_hangs_three_times_in_a_row_gives_way():
    board = play_unit(contents("rp2", app(HANGS, OLD), app(WORKS, NEW), slots.FIRST), for_s(20))
    assert len(said(board, "hangs")) == 3
    assert said(board, "runs") == ["runs (0, 2, 0) 1 1 1 (0, 1, 0)"]


@pytest.mark.parametrize(
    "state", [slots.step(slots.FIRST, slots.ARRIVES, 1, (OLD, NEW)), None], ids=["confirmed one fails", "state lost"]
)
def test_a_release_that_nobody_switched_to_and_that_hangs_for_good_leaves_a_unit_that_works(state):
    """It came over the air, whole and signed, and hangs before it has a watchdog of its own. The other one raises, or
    the loader's state is lost."""

    loose = "    if keeper.state.fell_from == (0, 0, 0):\n        raise ValueError('a loose sensor')\n    print(\"runs"
    old = WORKS.replace('    print("runs', loose) if state is not None else WORKS
    board = play_unit(contents("rp2", app(old, OLD), app(HANGS_EARLY, NEW), state), for_s(45))
    assert said(board, "waits") == ["waits (0, 2, 0)"] * 3
    assert [line[:14] for line in said(board, "runs")] == ["runs (0, 1, 0)"]
    assert said(board, "runs")[0].endswith("(0, 2, 0)")


def test_where_no_release_starts_the_unit_waits_and_tries_again():
    async def story(board):
        await asyncio.sleep(60)
        tried = len(said(board, "raises"))
        assert tried == 6, "three times each"
        assert "no release starts" in "\n".join(board.output)
        await asyncio.sleep(300)
        assert len(said(board, "raises")) > tried

    play_unit(contents("rp2", app(RAISES, OLD), app(RAISES, NEW), slots.FIRST), story)


def test_the_last_exception_is_told_to_the_release_that_runs_next():
    tells = WORKS.replace('print("runs"', 'print("mark", keeper.state.crash, keeper.after_crash)\n    print("runs"')
    board = play_unit(contents("rp2", app(tells, OLD), app(RAISES, NEW), ON_TRIAL), for_s(8))
    (mark,) = said(board, "mark")
    assert mark.endswith("True") and "b'\\x00\\x00\\x00\\x00'" not in mark


# Garbage.


@pytest.mark.parametrize(
    "state", [b"", b"rubbish", b"\xff" * 25, b"\x00" * 4096, slots.pack(ON_TRIAL)[:-1], slots.pack(ON_TRIAL) + b"x"]
)
def test_a_spoiled_state_starts_the_newest_whole_release(state):
    files = contents("rp2", app(WORKS, OLD), app(WORKS, NEW)) | {"/slots": state}
    assert play_unit(files, for_s(4)).output == ["runs (0, 2, 0) 1 1 1 (0, 0, 0)", "healthy"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: b"",
        lambda whole: b"rubbish",
        lambda whole: whole[:40],
        lambda whole: whole[:-1],
        lambda whole: whole + b"x",
        lambda whole: whole[:6] + b"\xff\xff" + whole[8:],
    ],
)
def test_a_container_that_is_not_whole_is_not_started(spoil):
    files = contents("rp2", app(WORKS, OLD), spoil(app(WORKS, NEW)), ON_TRIAL)
    board = play_unit(files, for_s(4))
    assert said(board, "runs (0, 1, 0) 0 0 0")
    assert board.boots == 1


def test_a_member_that_has_rotted_ends_the_import_and_counts():
    whole = bytearray(app(WORKS, NEW))
    whole[-3] ^= 0x10
    board = play_unit(contents("rp2", app(WORKS, OLD), bytes(whole), ON_TRIAL), for_s(8))
    assert "is not what was released" in "\n".join(board.output)
    assert said(board, "runs") == ["runs (0, 1, 0) 0 0 0 (0, 2, 0)"]


def test_a_release_for_another_board_or_another_micropython_is_not_started():
    other = application(WORKS, NEW, "esp32_c3")
    board = play_unit(contents("rp2", app(WORKS, OLD), other, ON_TRIAL), for_s(4))
    assert "it is for the board esp32_c3, this is pico_w" in board.output[0]
    assert said(board, "runs (0, 1, 0)")


def test_a_folder_where_a_file_should_be_is_no_release():
    files = contents("rp2", app(WORKS, OLD))
    files["/b/app.ilu/here"] = b"a folder"
    files["/slots/here"] = b"another"
    board = play_unit(files, for_s(4))
    assert said(board, "runs") == ["runs (0, 1, 0) 0 0 0 (0, 0, 0)"]


def test_slots_without_a_release_are_no_reason_to_run_what_else_lies_there():
    files = unit_files(profile("rp2"), b"")
    files["/interlock/__init__.py"] = b""
    files["/interlock/app.py"] = b"print('something else')\n"
    board = play_unit(files, for_s(4))
    assert "there is no whole release" in "\n".join(board.output)
    assert "something else" not in board.output


@pytest.mark.parametrize("missing", ["/a/app.ilu", "/board.py"])
def test_a_unit_without_application_or_board_says_what_brings_it_and_tries_again(missing):
    files = contents("rp2", app(WORKS, OLD))
    del files[missing]
    board = play_unit(files, for_s(310))
    assert len(said(board, "interlock: there is no")) == 2
    assert "interlock flash" in board.output[0]
    assert board.boots == 2


def test_without_slots_the_package_on_the_path_runs():
    files = unit_files(profile("rp2"), b"")
    del files["/a/app.ilu"]
    files["/interlock/__init__.py"] = b""
    files["/interlock/boards/__init__.py"] = b""
    files["/interlock/boards/pico_w.py"] = b"class Board:\n    keeper = 1\n\n\nBOARD = Board()\n"
    files["/interlock/app.py"] = b"def main(board):\n    print('from the path', board.keeper)\n"
    assert play_unit(files, for_s(4)).output == ["from the path None"]


@pytest.mark.parametrize("port", PORTS)
def test_a_file_system_that_is_full_keeps_no_unit_from_starting(port):
    files = contents(port, app(WORKS, OLD, port), app(RAISES, NEW, port), ON_TRIAL)
    block = 512 if port == "stm32wb" else 4096
    spare = profile(port).files_bytes - sum(-(-len(data) // block) * block for data in files.values()) - 12 * block
    files["/ballast"] = bytes(spare)
    board = play_unit(files, for_s(10), port=port)
    assert said(board, "runs (0, 1, 0)")


# Who is at the board.


def hold_button(board, level=0):
    board.pins.set_level(7, level)  # pico_w's


def test_a_button_held_for_two_seconds_leads_to_safe_mode_and_back():
    async def story(board):
        await board.power_off()
        hold_button(board)
        await board.power_on()
        await asyncio.sleep(10)
        assert "safe mode" in "\n".join(board.output)
        assert not said(board, "runs")
        hold_button(board, 1)
        await asyncio.sleep(25)
        assert said(board, "runs"), "nobody came: the unit does its duty"

    play_unit(contents("rp2", app(WORKS, OLD)), story)


def test_a_button_that_sticks_keeps_no_unit_from_its_duty():
    async def story(board):
        await board.power_off()
        hold_button(board)
        await board.power_on()
        await asyncio.sleep(35)
        assert said(board, "runs"), "safe mode was half a minute, at power-on"
        board.reset("watchdog")
        await asyncio.sleep(3)
        assert len(said(board, "runs")) == 2

    play_unit(contents("rp2", app(WORKS, OLD)), story)


def test_a_button_that_is_let_go_of_starts_the_application():
    async def story(board):
        await board.power_off()
        hold_button(board)
        await board.power_on()
        await asyncio.sleep(1.5)
        hold_button(board, 1)
        await asyncio.sleep(1)
        assert said(board, "runs")

    play_unit(contents("rp2", app(WORKS, OLD)), story)


def test_a_button_that_is_not_held_costs_no_time():
    async def story(board):
        await asyncio.sleep(profile("rp2").boot_us / 1e6 + 0.05)
        assert said(board, "runs")

    play_unit(contents("rp2", app(WORKS, OLD)), story)


def test_while_somebody_is_at_work_nothing_starts_and_no_watchdog_bites():
    board = play_unit(contents("rp2", app(HANGS, OLD)) | {"/hold": b""}, for_s(60))
    assert board.boots == 1
    assert board.output == ["interlock: /hold is there, so nothing was started; remove it and reset"]


def test_the_real_application_runs_from_a_release():
    from simulator.hardware.files import source_members

    files = unit_files(profile("esp32"), release(profile("esp32").board, source_members()))
    board = play_unit(files, for_s(5), port="esp32")
    assert "this unit has no label" in "\n".join(board.output)
