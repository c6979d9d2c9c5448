"""Tables that people bring as files: CSV as spreadsheets write it. What they do to it is met: a byte order mark,
semicolons or tabs, code page 1252, headings in other words and in any order. Whoever reads one says all that is wrong
with it at once, by line."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from . import bounded
from .outcome import ToolError

BYTES_MAX = 4 * 1024 * 1024
SHOWN_MAX = 40
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Row = tuple[int, list[str]]
"""(number of its line, cells)."""


def place(text: str) -> Path:
    """The path that a person wrote; `~` and `~USER` are homes."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ToolError(f"{text} cannot be read: there is no such user", "Write the path out.") from error


def is_file(text: str) -> bool:
    """Whether a file is called so; False too for what cannot be a file's name, such as a label's whole text."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def read(path: Path) -> bytes:
    """The file's bytes. ToolError when it cannot be read, or is too large for a table that a person made."""
    return bounded.read(path, BYTES_MAX, ToolError(f"{path} is larger than 4 MiB", "Is it another file?"))


def rows(data: bytes, headings: str) -> list[Row]:
    """The table in `data`, its headings first, empty lines left out. ToolError when there is none; `headings`: what it
    should have begun with."""
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip(" \t;,")), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        found = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise ToolError(f"line {reader.line_num} is no line of a table: {error}", "Export it as CSV anew.") from error
    if not found:
        raise ToolError("the table is empty", f"Its first line has the headings: {headings}.")
    return found


def _decoded(data: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise ToolError("this is no table of text: it has zero bytes", "Export it as CSV (UTF-8).")
    return text


def columns(
    heading: Row, names: Mapping[str, Sequence[str]], needed: Iterable[str], several: Sequence[str] = ()
) -> dict[str, list[int]]:
    """Places of the columns, by what they are. `names`: what each may be called, in small letters; `several`: of which
    there may be more than one. ToolError when one that is needed is missing, or one is there twice."""
    number, cells = heading
    words = [" ".join(cell.lower().replace("_", " ").replace("-", " ").split()) for cell in cells]
    found = {what: [at for at, word in enumerate(words) if word in known] for what, known in names.items()}
    missing = [what for what in needed if not found[what]]
    doubled = [what for what in names if len(found[what]) > 1 and what not in several]
    if missing or doubled:
        said = f"has no column {_quoted(missing)}" if missing else f"has {_quoted(doubled)} more than once"
        raise ToolError(
            f"line {number}, which should have the headings, {said}",
            f"The first line names the columns, in any order: {', '.join(names)}.",
        )
    return found


def wrong(what: str, errors: Iterable[tuple[int, str]]) -> ToolError:
    """All that is wrong with `what`, by line, for people."""
    told = sorted(set(errors))
    count = f"{len(told)} things are wrong" if len(told) > 1 else "one thing is wrong"
    lines = [f"  line {number}: {text}" for number, text in told[:SHOWN_MAX]]
    if len(told) > SHOWN_MAX:
        lines.append(f"  and {len(told) - SHOWN_MAX} more")
    return ToolError(
        "\n".join([f"{count} with {what}:", *lines]), "Nothing was taken from it. Mend the file, and run this again."
    )


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
