"""Boards that run releases: small ones, whose application is a few lines, and what a test wants to know of them."""

import asyncio
from textwrap import dedent

from interlock_loader import slots
from simulator.clock import run
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system, release, unit_files
from simulator.profiles import profile

BOARDS_STUB = """
import simclock


class Board:
    name = NAME
    keeper = None


BOARD = Board()
"""

WORKS = """
import machine
import time


def main(board):
    watchdog = machine.WDT(timeout=8000)
    keeper = board.keeper
    print("runs", VERSION, keeper.slot, keeper.state.standing, keeper.state.tries, keeper.state.fell_from)
    time.sleep_ms(1000)
    if keeper.healthy():
        print("healthy")
    while True:
        time.sleep_ms(1000)
        watchdog.feed()
"""
ENDS = """
def main(board):
    print("ends", VERSION)
"""
HANGS_EARLY = """
import time

print("waits", VERSION)
while True:
    time.sleep_ms(100)
"""
RAISES = """
def main(board):
    print("raises", VERSION)
    raise ValueError("a bad release")
"""
HANGS = """
import machine
import time


def main(board):
    print("hangs", VERSION)
    machine.WDT(timeout=2000)
    while True:
        time.sleep_ms(100)
"""
RESETS = """
import machine
import time


def main(board):
    print("resets", VERSION)
    time.sleep_ms(500)
    machine.reset()
"""
NO_IMPORT = "import nobody_has_this\n"
NO_SYNTAX = "def main(board:\n"


def application(app, version, board, minimum=(0, 0, 0)):
    """A release file whose `interlock.app` is this text."""
    members = {
        "interlock/__init__.py": f"VERSION = {version!r}\n".encode(),
        "interlock/app.py": b"from . import VERSION\n" + dedent(app).encode(),
        "interlock/boards/__init__.py": b"",
        f"interlock/boards/{board}.py": (f"NAME = {board!r}\n" + BOARDS_STUB).encode(),
    }
    return release(board, members, version, minimum)


def contents(port, a, b=None, state=None, **more):
    """The files of a unit with these release files in its slots."""
    files = unit_files(profile(port), a, b)
    if state is not None:
        files["/slots"] = slots.pack(state)
    files.update(more)
    return files


def play_unit(files, story, *, port="rp2", seed=1, script=None):
    """The board after `story(board)`, which gets it switched on at 0 s."""
    image = file_system(profile(port), files)

    async def scene():
        board = VirtualBoard("unit 7", profile(port), None, seed, files=image)
        await board.power_on()
        try:
            await story(board)
        finally:
            await board.power_off()
        return board

    return run(scene())


def for_s(seconds):
    async def story(board):
        await asyncio.sleep(seconds)
        board.check()

    return story
