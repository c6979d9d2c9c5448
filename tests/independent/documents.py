"""Tables of PROTOCOL.md and JOURNAL.md as data, so that the documents themselves are what decodes."""

import pathlib
import re

PLACE = pathlib.Path(__file__).resolve().parents[2] / "firmware"


def text_of(name):
    """The whole text of PROTOCOL.md or JOURNAL.md."""
    return (PLACE / name).read_text(encoding="utf-8")


def rows_of(document, marker):
    """Rows of the table behind a marker, each a list of its cells, headings left out; KeyError where there is none."""
    match = re.search(rf"<!-- {re.escape(marker)} -->\n(.*?)<!-- end -->", document, re.DOTALL)
    if match is None:
        raise KeyError(marker)
    lines = [line for line in match.group(1).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes_of(document, name):
    """{code: word} of one of the document's tables of codes."""
    return {int(row[0]): row[1] for row in rows_of(document, f"codes: {name}")}


def bits_of(table, value):
    """The words of the bits that are set in a byte, by a table of bits."""
    return [table.get(1 << bit, f"bit {1 << bit}") for bit in range(8) if value >> bit & 1]
