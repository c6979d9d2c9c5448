"""A board at a pseudo-terminal, a desk that agrees, and a small release to put on it."""

import hashlib
import random
from contextlib import contextmanager
from dataclasses import replace

from host_tools.flashing import image, scripts
from host_tools.flashing.connection import Connection
from host_tools.flashing.flow import flash
from host_tools.label import Label
from host_tools.outcome import ToolError
from interlock.core.settings import ROLE_HOLSTER
from interlock_loader import container
from simulator.profiles import profile
from simulator.terminal.board import Seat

BOARD = "esp32_s3"
# Says so, rests, feeds nothing: as much of a unit as the loader knows.
APP = b"""
import time
def main(board):
    while True:
        board.rest(500)
"""
BAD_APP = b"""
def main(board):
    raise ValueError("a bad release")
"""


def release(app=APP, board=BOARD, version=(0, 1, 0), padding=3000, micropython=(1, 29, 0), mpy=0, loader=1):
    """A release file whose application is this source."""
    here = image.firmware()
    members = {
        "interlock/__init__.py": b"",
        "interlock/app.py": app,
        "interlock/boards/__init__.py": b"class Board:\n    keeper = None\n    rest = None\n",
        f"interlock/boards/{board}.py": b"from . import Board\nBOARD = Board()\n",
        "interlock/padding.py": b"# " + random.Random(padding).randbytes(padding // 2).hex().encode(),
    }
    assert here.name == "interlock"
    facts = tuple(
        container.Member(name, container.STORED, len(data), len(data), hashlib.sha256(data).digest())
        for name, data in members.items()
    )
    manifest = container.Manifest(version, (0, 1, 0), board, mpy, micropython, loader, bytes(20), facts)
    packed = container.pack_manifest(manifest)
    return container.head(packed, b"") + b"".join(members.values())


class Desk:
    """Agrees with everything, unless `refuses`; remembers what it was told."""

    def __init__(self, serial="IL0001", refuses=False):
        self.label = Label(serial, bytes(range(16)))
        self.refuses = refuses
        self.asked = []
        self.said = []
        self.known = []
        self.written = 0

    def label_for(self, unique_id):
        self.unique_id = unique_id
        return self.label

    def found_label(self, label, is_set_up):
        self.known.append((label, is_set_up))

    def confirm(self, happens):
        self.asked.append(happens)
        if self.refuses:
            raise ToolError("it was not confirmed", "Nothing was changed.")

    def now(self, what):
        self.said.append(what)

    def report(self, path, done, total):
        self.written = done


def flashed(seat, what=None, desk=None, role=ROLE_HOLSTER, **options):
    """What the flow says of the board at this seat."""
    what = what or image.of_release(BOARD, release(), "the release", None)
    board = Connection(str(seat.path))
    board.open()
    try:
        return flash(board, what, role, desk or Desk(), **options)
    finally:
        board.close()


def await_word(there, word):
    """Until the board has printed this."""
    board = Connection(str(there.path))
    board.open()
    try:
        assert word.decode() in board.overhear(60.0, (word.decode(),))
    finally:
        board.close()


@contextmanager
def at_prompt(there, hold=True):
    """Stand at its prompt, with nothing of ours running; the board is left held if `hold`."""
    board = Connection(str(there.path))
    board.open()
    try:
        board.enter()
        board.ask(scripts.ROOT.format(pages=32), "mount")
        if hold:
            board.ask(scripts.HOLD, "hold")
        yield board
    finally:
        board.close()


def seat(path, name="esp32", **options):
    """A board as the profile has it, but quick: nothing here asks how long anything takes."""
    quick = replace(profile(name), boot_us=1000, erase_us=0, program_us=0, read_us=0)
    return Seat(path, quick, **options)
