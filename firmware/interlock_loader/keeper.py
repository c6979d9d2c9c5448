"""Keeps which slot runs (`slots.py`) in the file `/slots`: written beside, then renamed, so a cut leaves old or new.

The application finds it at its board, as `board.keeper`. What cannot be written is no reason not to start.
"""

import os
import sys

from . import container, slots
from .container import read_manifest

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

FOLDERS = ("/a", "/b")
FILE = "/slots"
_APP = "/app.ilu"
_ENOENT = 2


class Keeper:
    """`board`: this board's name; `files`: what has `open`, `stat` and `rename`, or None for the board's own. What it
    finds wrong it says on the console, and goes on."""

    def __init__(self, board: str, files: "Any" = None) -> None:
        self.board = board
        self._os = files or os
        self._open = files.open if files else open
        self._found = [self._look(slot) for slot in (0, 1)]  # (version, minimum) of each whole release
        self.state = self._load()
        self.slot: int | None = None  # that of the application that runs
        # How this boot came about: whether the reset before it was meant, and whether an exception was its reason.
        self.was_expected = bool(self.state.expected)
        self.after_crash = self.state.expected == slots.BY_CRASH

    # What there is.

    def path(self, slot: int) -> str:
        """Where the release in a slot is."""
        return FOLDERS[slot] + _APP

    @property
    def other(self) -> int:
        """The slot that a new release goes to."""
        active: int = self.state.active
        return 1 - active

    def manifest(self, slot: int) -> "container.Manifest | None":
        """Of the release in a slot; None when there is none that is whole and for this board."""
        try:
            with self._open(self.path(slot), "rb") as file:
                manifest, first = read_manifest(file)
            why = container.why_not_here(manifest, self.board, sys.implementation)
            if not why and self._os.stat(self.path(slot))[6] != container.whole_bytes(manifest, first):
                why = "it is cut short"
        except container.ContainerError as error:
            why = str(error)
        except (OSError, MemoryError):
            return None
        if why:
            print("interlock: %s: %s" % (self.path(slot), why))
            return None
        return manifest

    def has_release(self) -> bool:
        """Whether any slot holds one."""
        return self._found != [None, None]

    def _versions(self) -> "tuple[Any, Any]":
        a, b = self._found
        return a and a[0], b and b[0]

    def _look(self, slot: int) -> "Any":
        manifest = self.manifest(slot)
        return manifest and (manifest.version, manifest.minimum)

    def _load(self) -> slots.Slots:
        state = None
        try:
            with self._open(FILE, "rb") as file:
                state = slots.unpack(file.read(slots.BYTES + 1))
        except OSError:
            pass
        if state is None:
            a, b = self._found
            state = slots.unknown(self._versions(), (a and a[1], b and b[1]))
        return state

    # What happens.

    def begin(self, is_bad: bool) -> int:
        """The slot to start. `is_bad`: a reset came before, and nobody meant it unless the state says so."""
        before = self.state
        self.state = self._next(slots.BOOT, is_bad)
        try:
            self._write(before)
        except OSError as error:
            print("interlock: %s cannot be written: %s" % (FILE, error))
            if self.state.standing == slots.TRIAL and self._found[self.other]:
                return self.other  # a boot that cannot be counted is no trial
        return int(self.state.active)

    def crashed(self, mark: bytes) -> bool:
        """An exception ended the application; True when there is no use in trying again at once. `mark`: four bytes
        that tell it."""
        before = self.state
        self.state = self._next(slots.CRASHED, mark)
        try:
            self._write(before)
        except (OSError, MemoryError):
            pass
        return slots.gives_up(self.state, self._versions())

    def arrives(self, slot: int) -> None:
        """Another release is about to be the one in `slot`, which is not to be started but when the one that runs
        fails, and then on trial. OSError, and everything is as it was."""
        before = self.state
        self.state = self._next(slots.ARRIVES, slot)
        try:
            # Even if nothing changed: without the file, the newest release there would be the first to be tried.
            self._keep()
        except OSError:
            self.state = before
            raise

    def install(self, slot: int) -> None:
        """The release in `slot` is on trial from the next boot on, and the reset that follows is meant. OSError, and
        everything is as it was, when that could not be written, or no whole release is there."""
        before = self._found[slot]
        self._found[slot] = self._look(slot)
        try:
            if self._found[slot] is None:
                raise OSError(_ENOENT)
            self._take(slots.INSTALLED, slot)
        except OSError:
            self._found[slot] = before
            raise

    def healthy(self) -> bool:
        """The application that runs works. True when that ended a trial, or a row of bad boots. OSError as above."""
        found = self._found[self.state.active]
        if found is None or self.slot != self.state.active:
            return False
        version, minimum = found
        # One above its own version has rotted: nothing could be installed any more.
        return self._take(slots.HEALTHY, minimum if minimum <= version else slots.NONE)

    def expect(self) -> None:
        """The reset that follows is meant. To be said before each of our own."""
        try:
            self._take(slots.EXPECT, None)
        except OSError:
            pass  # it will count as one that nobody meant

    def _next(self, event: int, data: "Any") -> slots.Slots:
        return slots.step(self.state, event, data, self._versions())

    def _take(self, event: int, data: "Any") -> bool:
        before, state = self.state, self._next(event, data)
        self.state = state
        try:
            self._write(before)
        except OSError:
            self.state = before
            raise
        return state != before

    def _write(self, before: slots.Slots) -> None:
        if self.state != before:
            self._keep()

    def _keep(self) -> None:
        with self._open(FILE + ".new", "wb") as file:
            file.write(slots.pack(self.state))
        self._os.rename(FILE + ".new", FILE)
