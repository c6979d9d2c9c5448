"""The update in the real MicroPython VM, on a board's own LittleFS2 and its flash as the port has it: the power fails
at every flash operation from the first byte that comes to the health of what was switched to."""

import asyncio
import itertools
from functools import cache

import pytest

from interlock_loader import container
from simulator.clock import run
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system, release, source_members, unit_files
from simulator.hardware.vm import FirmwareError
from simulator.profiles import profile
from simulator.releases import bare, release_key

SECRET = "updates under cuts"
OLD, NEW = (0, 1, 0), (0, 2, 0)
PORTS = ("esp32", "rp2", "stm32wb")

# What stands in for the application: it sends itself the release that lies in /brought, as a session would, and
# switches to it. What it says of itself is on the console.
APP = """
import machine
import struct
import time

from . import VERSION


def note(phase, finding, slot, version, digest):
    print("noted", phase, finding, version)
    return True


def main(board):
    keeper = board.keeper
    print("runs", VERSION, keeper.state.standing)
    time.sleep_ms(300)
    keeper.healthy()
    print("healthy", VERSION, keeper.state.standing)
    if VERSION == (0, 1, 0):
        bring(keeper)
    while True:
        time.sleep_ms(1000)


def bring(keeper):
    from .core import updating, wire
    from .release_files import Files
    from .update import Update

    files = Files()
    update = Update(keeper, files, note, 0)
    digest = files.head_digest("/brought")
    total = files.size("/brought")
    assert update.begin(total, digest, 0) == wire.OK
    with open("/brought", "rb") as file:
        while update.phase not in (updating.READY, updating.REFUSED):
            at = struct.unpack(updating.PROGRESS_FORM, update.progress())[2]
            if update.phase in (updating.HEAD, updating.RECEIVING):
                file.seek(at)
                assert update.data(at, file.read(updating.DATA_BYTES)) == wire.OK
            while update.work(200):
                pass
    if update.phase == updating.READY and update.switch(digest) == wire.OK:
        print("switched")
        machine.reset()
"""
NEEDED = ("update", "release_files", "core/__init__", "core/lms", "core/lmots", "core/updating", "core/wire")
NEEDED += ("core/bucket", "core/ticks")
STUB = "class Board:\n    name = NAME\n    keeper = None\n\n\nBOARD = Board()\n"


def signed(version, board):
    """A small release of the loader's world, with the real code of the update in it."""
    source = source_members()
    members = {f"interlock/{name}.py": bare(source.get(f"interlock/{name}.py", b"")) for name in NEEDED}
    members |= {
        "interlock/__init__.py": f"VERSION = {version!r}\n".encode(),
        "interlock/app.py": APP.encode(),
        "interlock/boards/__init__.py": b"",
        f"interlock/boards/{board}.py": (f"NAME = {board!r}\n" + STUB).encode(),
    }
    unsigned = release(board, members, version)
    manifest = unsigned[container.HEAD_BYTES :][: container.head_sizes(unsigned[: container.HEAD_BYTES])[0]]
    signature = release_key(SECRET).sign(container.signed_bytes(manifest))
    return container.head(manifest, signature) + unsigned[container.HEAD_BYTES + len(manifest) :]


@cache
def image(port):
    board = profile(port).board
    files = unit_files(profile(port), signed(OLD, board))
    files |= {"/release.pub": release_key(SECRET).public, "/brought": signed(NEW, board)}
    return file_system(profile(port), files)


def played(port, cut=None):
    """(Lines that the board said, those after the cut, flash operations). It is played until the new release runs and
    is healthy."""

    async def scene():
        board = VirtualBoard("unit 7", profile(port), None, 1, files=image(port))
        await board.power_on()
        lost, again = [], False
        if cut is not None:
            board.on_supply_lost = lambda: lost.append(len(board.output))
            board.cut_at_flash_operation(cut, cut % 10 / 10)
        for _ in range(600):
            await asyncio.sleep(0.1)
            board.check()
            if lost and not again:
                again = True
                await board.power_on()
            if f"healthy {NEW} 0" in board.output:
                break
        await board.power_off()
        return board.output, board.output[lost[0] :] if lost else [], board.flash.programs + board.flash.erases

    return run(scene())


def works(output):
    return [line for line in output if line.startswith("runs ")]


@pytest.mark.parametrize("port", PORTS)
def test_a_release_is_taken_and_switched_to_on_each_ports_flash(port):
    output, _, operations = played(port)
    assert f"noted 6 0 {NEW}" in output and "switched" in output
    assert works(output) == [f"runs {OLD} 0", f"runs {NEW} 1"]
    assert operations > 40


@pytest.mark.deep
@pytest.mark.parametrize("port", ["esp32", "rp2"])
def test_a_cut_at_any_flash_operation_leaves_a_unit_that_works_and_finishes_its_update(port):
    for cut in itertools.count(1):
        output, after, _ = played(port, cut)
        assert f"healthy {NEW} 0" in output, (cut, output)
        if not after:
            break
        assert works(after), (cut, output)
    assert cut > 40


def test_on_the_port_whose_flash_is_a_cache_a_cut_can_cost_the_file_system():
    """As its documents say: pyb.Flash erases and rewrites whole pages, in which other blocks lie. Whoever mends that
    takes the sentence out of PROTOCOL.md 23, README and this."""
    assert not all(comes_back("stm32wb", cut) for cut in (1, 2, 3))


def comes_back(port, cut):
    try:
        return bool(works(played(port, cut)[1]))
    except FirmwareError:
        return False  # what is left of its files does not even start
