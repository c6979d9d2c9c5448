"""Does the steps of a plan on a board, and holds every byte that was written against its SHA-256 there."""

import base64
from collections.abc import Callable, Sequence

from ..outcome import Exit, ToolError
from . import scripts
from .connection import AGAIN, BoardError, Connection
from .plan import Do, Step, sums

PIECE = 1024  # bytes a command: little enough for a board's memory, in base64 and as bytes
FULL = ("ENOSPC", "28")

Report = Callable[[str, int, int], None]
"""`report(path, bytes done, bytes in all)`, of what is written."""


def do(board: Connection, steps: Sequence[Step], report: Report) -> None:
    """All of them, in their order. What stops it leaves a board that can be flashed again."""
    total = sum(len(step.data) - step.at for step in steps)
    done = 0
    for step in steps:
        if step.do is Do.PUT:
            done = _put(board, step, done, total, report)
        elif step.do is Do.RENAME:
            board.ask(scripts.RENAME.format(old=repr(step.path), new=repr(step.onto)), f"put {step.onto} in force")
        elif step.do is Do.FOLDER:
            board.ask(scripts.MKDIR.format(path=repr(step.path)), f"make {step.path}")
        else:
            how = "os.rmdir" if step.do is Do.REMOVE_FOLDER else "os.remove"
            board.ask(scripts.REMOVE.format(how=how, path=repr(step.path)), f"remove {step.path}")


def _put(board: Connection, step: Step, done: int, total: int, report: Report) -> int:
    """Write a file beside its name; bytes done."""
    mode = "ab" if step.at else "wb"
    try:
        board.run(scripts.OPEN.format(path=repr(step.path), mode=repr(mode)), f"open {step.path}")
        for at in range(step.at, len(step.data), PIECE):
            piece = step.data[at : at + PIECE]
            board.run(scripts.WRITE.format(data=repr(base64.b64encode(piece))), f"write {step.path}")
            done += len(piece)
            report(step.path, done, total)
        board.ask(scripts.CLOSE, f"close {step.path}")
    except BoardError as error:
        if not any(word in error.line for word in FULL):
            raise
        raise ToolError(
            f"the board's file system is full: {step.path} does not fit",
            "Remove what is not the unit's (mpremote fs ls), or take a smaller release. " + AGAIN,
            Exit.DEVICE,
        ) from error
    is_there = board.ask(scripts.SUM.format(path=repr(step.path)), f"hash {step.path}")
    if tuple(is_there) != sums(step.data):
        raise ToolError(
            f"{step.path} on the board is not what was sent: {is_there[0]} bytes of {len(step.data)}, or others",
            "Run it again. If it happens twice, the board's flash or cable is defective.",
            Exit.DEVICE,
        )
    return done
