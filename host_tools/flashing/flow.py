"""From a board on a cable to a unit in its box: look, plan, do, verify, label, test, start.

Each part may be cut, and the whole run again: what is right already is not touched.
"""

from dataclasses import dataclass, field
from typing import Protocol

from interlock.core import access

from ..label import Label
from ..outcome import Exit, ToolError
from . import scripts, testing
from .areas import pages_below
from .connection import AGAIN, BoardError, Connection, Lost
from .image import Image
from .look import Found, Python, check, files, glance, look
from .plan import HOLD_FILE, RELEASE, floor_of, plan, wanted
from .testing import FAILED, PASSED, Part
from .work import do

SERIAL_BYTES = 8
FORMAT_S = 120.0
START_S = 4.0  # how long a unit that starts is listened to
_ENDED = (">>> ", "Traceback (most recent call last)")


class Desk(Protocol):
    """Who the flow asks and tells."""

    def label_for(self, unique_id: str) -> Label:
        """The label that the board of this number gets: the same one again when it is asked again."""

    def found_label(self, label: Label, is_set_up: bool) -> None:
        """The unit has this label already."""

    def confirm(self, happens: str) -> None:
        """Returns when a person, or --yes, wants that; ToolError otherwise."""

    def now(self, what: str) -> None:
        """This goes on now."""

    def report(self, path: str, done: int, total: int) -> None:
        """So many bytes are written."""


@dataclass(frozen=True)
class Flashed:
    """`written`: bytes of files; `is_new`: the label was written now; `is_set_up`: it was in service before, and is
    again."""

    serial: str
    python: Python
    unique_id: str
    written: int
    steps: int
    is_new: bool
    is_set_up: bool
    parts: list[Part]
    label: Label = field(repr=False)

    @property
    def passed(self) -> bool:
        return all(part.outcome != FAILED for part in self.parts)


def flash(
    board: Connection, image: Image, role: int, desk: Desk, *, relabel: bool = False, format_files: bool = False
) -> Flashed:
    """Do it all. `relabel`: a unit that is not set up gets another label, and loses its journal; `format_files`: a file
    system that cannot be written is made anew."""
    desk.now("looking at the board")
    board.enter()
    python = glance(board)
    try:
        check(python, image.board, image.micropython, image.mpy)
    except ToolError:
        _let_go(board)
        raise
    # First of all: the watchdog of what ran bites within seconds, and would start it again in the middle of this.
    _hold(board, image.board, desk if format_files else None)
    board.reset()
    board.return_to()
    board.ask(scripts.ROOT.format(pages=pages_below(image.board)), "mount its files at /")
    found = look(board, python, image.board)
    try:
        _agree(found, image, desk, relabel)
    except ToolError:
        _release(board)
        raise
    steps = plan(found.files, wanted(image.files, found.slots))
    desk.now(f"writing {len(steps)} changes" if steps else "nothing to write: its files are right")
    do(board, steps, desk.report)
    _verify(board, image, found)
    label, is_new = _label(found, desk, relabel)
    desk.now("self-test")
    parts = testing.test(board, image.board, role, found, len(image.files.get(RELEASE, b"")))
    if not any(part.outcome == FAILED and part.name == "radio" for part in parts):
        desk.now("starting")
        parts.append(_start(board))
    written = sum(len(step.data) - step.at for step in steps)
    return Flashed(label.serial, python, found.unique_id, written, len(steps), is_new, found.is_set_up, parts, label)


def _hold(board: Connection, name: str, may_format: Desk | None) -> None:
    try:
        board.ask(scripts.ROOT.format(pages=pages_below(name)), "mount its files at /")
        board.ask(scripts.HOLD, "write into its file system")
    except BoardError as error:
        if may_format is not None:
            may_format.confirm(
                "The board's file system is made anew: all its files go. Label, keys and journal are not among them, "
                "and stay."
            )
            board.ask(scripts.FORMAT.format(pages=pages_below(name)), "make its file system anew", FORMAT_S)
            board.reset()
            board.return_to()
            _hold(board, name, None)
            return
        _let_go(board)
        raise ToolError(
            f"the board's file system cannot be written: {error.line}",
            "Nothing was changed. Have its file system made anew: --format-files (label, keys and journal stay). If "
            f"its flash is laid out for something else, install the MicroPython of firmware/boards/{name} first: "
            "--micropython FILE.",
            Exit.DEVICE,
        ) from error


def _agree(found: Found, image: Image, desk: Desk, relabel: bool) -> None:
    """That this may be done to this unit. Raises ToolError, and nothing was changed then but /hold."""
    serial = found.label.serial if found.label else "a unit without a label"
    if found.label is not None and not relabel:
        desk.found_label(found.label, found.is_set_up)
    if relabel and found.is_set_up:
        raise ToolError(
            f"{serial} is set up, and a unit in service keeps its label: journal and keys are bound to it",
            "Flash it without --relabel. Another unit takes its place by interlock replace.",
        )
    if relabel and found.label is not None:
        desk.confirm(
            f"{serial} gets another label: its present one is good for nothing then, and its journal is erased "
            f"({found.journal_sectors} sectors)."
        )
    elif found.label is None and found.journal_sectors and not found.is_set_up:
        desk.confirm(
            f"This board has no label, but holds a journal ({found.journal_sectors} sectors), of whatever unit it was "
            "before: it is erased."
        )
    if found.is_set_up:
        desk.confirm(
            f"{serial} is in service. Its application is replaced; label, keys and journal "
            f"({found.journal_sectors} sectors) stay. It records nothing until this is done."
        )
    floor = floor_of(found.slots)
    if image.is_release and tuple(image.version) < floor:
        desk.confirm(
            f"{serial} takes nothing below version {_dotted(floor)} over the air, and this is "
            f"{_dotted(image.version)}: an older release may have a fault that is known to others."
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _verify(board: Connection, image: Image, found: Found) -> None:
    """That every file is what it shall be, by the board's own SHA-256 of all of them."""
    left = plan(files(board), wanted(image.files, found.slots))
    if left:
        raise ToolError(
            f"the board's files are not what was written: {left[0].path} and {len(left) - 1} more",
            f"Its flash may be defective. {AGAIN}",
            Exit.DEVICE,
        )


def _label(found: Found, desk: Desk, relabel: bool) -> tuple[Label, bool]:
    """(the unit's label, whether it was written now): by the application's own code, into the raw settings area."""
    if found.label is not None and not relabel:
        return found.label, False
    if found.is_set_up:
        raise ToolError(
            "this unit is set up, but has no label: it does its duty, and nobody can set it up anew",
            "Pull its journal while it works, then replace it: interlock replace.",
            Exit.DEVICE,
        )
    label = desk.label_for(found.unique_id)
    desk.now(f"writing its label: {label.serial}")
    if relabel or found.journal_sectors:
        for area in (found.journal_area, found.settings_area):
            for sector in area.used():
                area.erase(sector * area.sector_bytes)
    stored = access.Label(label.serial.encode("ascii").ljust(SERIAL_BYTES), label.secret)
    access.store_label(found.settings_area, stored)
    if access.load_label(found.settings_area) != stored:
        raise ToolError(
            "the label was not kept: the board's flash reads other bytes than were written",
            f"Its flash may be defective. {AGAIN}",
            Exit.DEVICE,
        )
    return label, True


def _start(board: Connection) -> Part:
    """Take /hold away and let the unit begin; a unit that works says nothing."""
    _release(board)
    heard = board.overhear(START_S, _ENDED)
    if any(sign in heard for sign in _ENDED):
        lines = [line.strip() for line in heard.splitlines() if line.strip() and line.strip() != ">>>"]
        said = next(
            (line for line in reversed(lines) if "Error" in line or "interlock:" in line), "it stands at the prompt"
        )
        return Part("start", FAILED, f"the application ended: {said}", "Report this, with the release's version.")
    said = next((line for line in heard.splitlines() if line.startswith("interlock:")), "")
    if said:
        return Part("start", FAILED, said, "Run it again; report it if it stays.")
    return Part("start", PASSED, f"runs, and said nothing for {START_S:.0f} s")


def _release(board: Connection) -> None:
    board.ask(scripts.UNHOLD, f"remove {HOLD_FILE}")
    _let_go(board)


def _let_go(board: Connection) -> None:
    """What was interrupted begins anew, and that is no failure of the release."""
    try:
        board.run(scripts.EXPECT, "expect its reset")
        board.reset()
    except Lost:
        pass  # it is gone, and that is what was wanted
