"""Who `interlock flash` asks and tells: vault and labels on one side, the person at the bench on the other."""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..context import Context
from ..flashing import flashed as memory
from ..flashing import image as images
from ..flashing.areas import firmware
from ..label import Label
from ..outcome import ToolError
from ..vault import trusted
from . import release_desk
from .labels import fresh
from .progress import Step, working
from .running import confirm
from .setting_up import given_label

if TYPE_CHECKING:
    from ..flashing.flow import Flashed
    from ..vault.vault import Vault

POLL_S = 0.3


@dataclass(frozen=True)
class Wish:
    """What was asked for. `role`: its number; `where`: where a new label goes: screen, paper or none."""

    board: str
    role: int
    label: str | None
    prefix: str
    relabel: bool
    format_files: bool
    yes: bool
    quiet: bool
    where: str


class Bench:
    """One command's boards, one after the other. It is the flow's Desk."""

    def __init__(
        self, context: Context, vault: "Vault", wish: Wish, file: Path | None, source: bool, micropython: Path | None
    ) -> None:
        self._context, self._vault, self._wish, self._micropython = context, vault, wish, micropython
        self._stack = ExitStack()
        self._step: Step | None = None
        self.image = self._image(file, source)
        self.version = ".".join(map(str, self.image.version)) if self.image.is_release else "source"

    def _image(self, file: Path | None, source: bool) -> images.Image:
        public = trusted.trusted(self._vault)
        if public is None and not self._wish.quiet:
            made = self._context.home / release_desk.FOLDER / "vault" / "public" / trusted.PUBLIC
            remedy = f"--trust {made}" if made.exists() else "--new-key, or --trust FILE"
            print(
                "The vault trusts no release key, so this unit takes no updates over the air until it is flashed again "
                f"with one: interlock release {remedy}.",
                file=sys.stderr,
            )
        if source:
            return images.of_source(self._wish.board, public)
        if file is None:
            return images.built(self._wish.board, public)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ToolError(f"{file} cannot be read: {error.strerror}", "Check the path.") from error
        return images.of_release(self._wish.board, data, str(file), public)

    def flash(self, port: str, now_s: int) -> "Flashed":
        """The board at this port."""
        from ..flashing.connection import Connection
        from ..flashing.flow import flash

        if self._micropython is not None:
            self._install(port, self._micropython)
        board = Connection(port)
        wish = self._wish
        with self._stack:
            board.open()
            try:
                done = flash(board, self.image, wish.role, self, relabel=wish.relabel, format_files=wish.format_files)
            finally:
                board.close()
        memory.note(self._context.home, self._entry(done.serial, done.unique_id, now_s))
        return done

    def _install(self, port: str, file: Path) -> None:
        from ..flashing import micropython
        from ..flashing.chips import chip
        from ..flashing.connection import Connection

        boards = firmware().parent / "boards"
        micropython.check(self._wish.board, file, boards)
        if chip(self._wish.board).esptool is not None:
            micropython.install(self._wish.board, port, file, boards)
            return
        board = Connection(port)
        try:
            board.open()
            board.enter(2.0)
            board.go("import machine\nmachine.bootloader()")
        except ToolError:
            pass  # no MicroPython answers: then its button has to be held
        finally:
            board.close()
        self.now(f"waiting for the boot drive of the {self._wish.board}")
        micropython.copy(self._wish.board, file, boards)
        _await(port, there=True)

    def await_next(self, port: str, turn: int, count: int) -> None:
        """Until the board that is done was unplugged, and another is there."""
        print(f"Unplug it, and plug the next one in ({turn} of {count}); Ctrl-C ends it.", file=sys.stderr)
        _await(port, there=False)
        _await(port, there=True)

    def hand_out(self, done: "Flashed") -> None:
        """A new label, to where it is wanted."""
        if not done.is_new or self._wish.where == "none":
            return
        if self._wish.where == "screen":
            from ..labels.screen import show

            show(done.label)
            return
        from ..labels import sheet
        from .labels_sheet import bring

        page = sheet.render([sheet.of_label(done.label)], sheet.PAPERS["a4"], 0)
        bring(page, None, None, secret=True)

    def _entry(self, serial: str, unique_id: str, at_s: int | None) -> memory.Entry:
        from interlock.core.settings import ROLE_NAMES

        wish = self._wish
        return memory.Entry(serial, unique_id, wish.board, ROLE_NAMES[wish.role], self.version, at_s)

    # As the flow's Desk.

    def label_for(self, unique_id: str) -> Label:
        """The label that was asked for; else the one that this chip was to get before; else a new one. It is in the
        vault, and this chip's, when this returns."""
        home, kept = self._context.home, {label.serial: label for label in self._vault.labels()}
        before = memory.serial_of(home, unique_id)
        if self._wish.label is not None:
            label = given_label(self._context, self._wish.label, self._wish.quiet)
            if not label.secret:
                raise ToolError(
                    f"{label.serial} is set up, so its label opens nothing any more",
                    "Take another label, or none: a new one is made.",
                )
            other = memory.read(home).get(label.serial)
            if other is not None and other.unique_id != unique_id:
                raise ToolError(
                    f"the label {label.serial} is on another board already ({other.board} {other.unique_id})",
                    "Two units of one serial cannot be told apart. Take another label, or none: a new one is made.",
                )
            self._vault.keep_label(label)
        elif before in kept and not self._wish.relabel:
            label = kept[before]
        else:
            label = fresh(self._vault, 1, self._wish.prefix)[0]
        memory.note(home, self._entry(label.serial, unique_id, None))
        return label

    def found_label(self, label: Label, is_set_up: bool) -> None:
        """The vault gets a boxed unit's label that it does not have. ToolError when it has another one of this serial,
        or when another label was asked for."""
        wanted = self._wish.label
        if wanted is not None and not is_set_up:
            asked = given_label(self._context, wanted, True)
            if asked.serial != label.serial:
                raise ToolError(
                    f"the unit has a label already: {label.serial}, not {asked.serial}",
                    "Leave --label out, or give it the other one: --relabel, which erases its journal.",
                )
        if not is_set_up and label.serial not in self._vault:
            self._vault.keep_label(label)

    def confirm(self, happens: str) -> None:
        """Ask, unless --yes."""
        self._close()
        confirm(happens, "Do that?", self._wish.yes)

    def now(self, what: str) -> None:
        """Show what goes on."""
        self._close()
        self._step = self._stack.enter_context(working(what, quiet=self._wish.quiet))

    def report(self, path: str, done: int, total: int) -> None:
        """Show how far the writing is."""
        if self._step is None or self._step.total is None:
            self._close()
            self._step = self._stack.enter_context(working("writing", total, self._wish.quiet))
        self._step(done, total)

    def _close(self) -> None:
        self._step = None
        self._stack.close()


def _await(port: str, there: bool) -> None:
    """Until a board is at the port, or none is. Ctrl-C ends it."""
    from ..flashing import ports

    while ports.is_there(port) is not there:
        time.sleep(POLL_S)
