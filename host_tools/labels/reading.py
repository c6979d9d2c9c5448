"""Labels as they arrive: typed, pasted, from a scanner that plays keyboard, from a file or a photograph."""

import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from ..label import PREFIX
from ..outcome import ToolError
from ..table_file import is_file, place
from .layouts import Scanned, understand
from .picture import PICTURE_BYTES_MAX, labels_in

FILE_BYTES_MAX = 64 * 1024

_BREAKS = re.compile(r"[\r\n\t\x00]+")
_ONES_END = re.compile(rf"(?<=.)(?={PREFIX}[:;ÖÆØÑÉÇÒ]|IL&M)", re.IGNORECASE)
"""In front of a label that follows right behind another one, as each keyboard writes its beginning."""


def split(text: str) -> list[str]:
    """The labels in what a scanner sent at once: each in a line, behind a tab, or right behind the one before."""
    lines = (line.strip() for line in _BREAKS.split(text))
    return [part.strip() for line in lines for part in _ONES_END.split(line) if part.strip()]


def read(argument: str) -> list[Scanned]:
    """The labels of a command's argument: the text itself; `@FILE` or a file's name: of text or a picture; `-`: one on
    standard input."""
    if argument == "-":
        return [understand(sys.stdin.readline(FILE_BYTES_MAX))]
    if argument.startswith("@"):
        return list(_of_file(place(argument[1:])))
    if ":" not in argument and is_file(argument):
        return list(_of_file(Path(argument)))
    return [understand(argument)]


def check_private(path: Path) -> None:
    """ToolError when others may read this file, which holds secrets."""
    if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ToolError(
            f"{path} holds a label's secret, and others may read it",
            f"Keep it to yourself first: chmod 600 {path}. Where that does nothing (a stick, a telephone, a shared "
            "folder), copy it to a disk of your own.",
        )


def _of_file(path: Path) -> Iterator[Scanned]:
    try:
        with path.open("rb") as file:
            check_private(path)
            data = file.read(PICTURE_BYTES_MAX + 1)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", "Check the path after @.") from error
    text = _as_text(data)
    if text is None:
        yield from labels_in(path, data)
        return
    for line in split(text) or [""]:
        yield understand(line)


def _as_text(data: bytes) -> str | None:
    """What the file says, or None: it is no text."""
    if len(data) > FILE_BYTES_MAX or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
