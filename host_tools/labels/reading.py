"""Labels as they arrive: typed, pasted, from a scanner that plays keyboard, from a file or a photograph.

A scanner sends keys, and the host's layout makes characters of them: on a German one Y and Z change places and a colon
becomes an umlaut. Which layout it was is told by the label's own check letters, and what was assumed is said. Nothing
is guessed that they do not confirm: two bytes, so that one wrong text in 65536 would pass for each layout.
"""

import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..outcome import ToolError
from ..roster.table_file import is_file, place
from .label import PREFIX, Label, parse

FILE_BYTES_MAX = 64 * 1024
PICTURE_BYTES_MAX = 64 * 1024 * 1024

_YZ = {"Y": "Z", "Z": "Y", "y": "z", "z": "y"}
_AZERTY = dict(zip("&é\"'(çà", "1234590", strict=True)) | {"M": ":", "m": ":", "?": "M", ",": "m", ")": "-"}
_AZERTY |= {"A": "Q", "Q": "A", "Z": "W", "W": "Z", "a": "q", "q": "a", "z": "w", "w": "z"}
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "a keyboard without its shift key": {";": ":"},
    "a German or Austrian keyboard": _YZ | {"Ö": ":", "ö": ":", "ß": "-", "?": "-"},
    "a Swiss keyboard": _YZ | {"é": ":", "ö": ":", "è": ":", "'": "-"},
    "a Swedish or Finnish keyboard": {"Ö": ":", "ö": ":", "+": "-"},
    "a Danish or Norwegian keyboard": {"Æ": ":", "æ": ":", "Ø": ":", "ø": ":", "+": "-"},
    "a Spanish keyboard": {"Ñ": ":", "ñ": ":", "'": "-"},
    "an Italian keyboard": {"ç": ":", "ò": ":", "'": "-"},
    "a French keyboard": _AZERTY | dict(zip("-è_", "678", strict=True)),
    "a Belgian keyboard": _AZERTY | dict(zip("§è!", "678", strict=True)),
}
"""What a host with this layout makes of the keys of a scanner that thinks of a US one, and what they were."""

_BREAKS = re.compile(r"[\r\n\t\x00]+")
_ONES_END = re.compile(rf"(?<=.)(?={PREFIX}[:;ÖÆØÑÉÇÒ]|IL&M)", re.IGNORECASE)
"""In front of a label that follows right behind another one, as each keyboard writes its beginning."""


class Scanned(NamedTuple):
    """`assumed`: which keyboard it came through, None: it reads as printed."""

    label: Label
    assumed: str | None


def understand(text: str) -> Scanned:
    """The label in `text`, whatever keyboard it came through. ToolError as of `label.parse`."""
    try:
        return Scanned(parse(text), None)
    except ToolError as error:
        for name, keys in LAYOUTS.items():
            try:
                return Scanned(parse("".join(keys.get(letter, letter) for letter in text)), name)
            except ToolError:
                continue
        raise error


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
        from .picture import labels_in

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
