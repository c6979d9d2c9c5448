"""Which line of a scenario's file has what: the TOML reader does not tell, and errors shall.

It knows the plain way of writing these files: a header, a key or a string of an array on a line of its own. What is
written otherwise is still read; only its errors come without a line.
"""

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\"-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_STRING = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*,?\s*(#.*)?$""")


class Lines:
    """The lines of one file. `table(name, index)`: the index-th table of that name, counted from 1; 0 for a plain
    table, ("", 0) for what stands before any."""

    def __init__(self, text: str) -> None:
        self._keys: dict[tuple[str, int, str], int] = {}
        self._strings: dict[tuple[str, int], int] = {}
        counts: dict[str, int] = {}
        name, index, key, strings = "", 0, "", 0
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.match(line):
                name = header[2]
                index = counts[name] = counts.get(name, 0) + 1 if header[1] == "[[" else 0
                self._keys.setdefault((name, index, ""), number)
            elif found := _KEY.match(line):
                key, strings = found[1], 0
                self._keys.setdefault((name, index, key), number)
            elif not name and _STRING.match(line):
                strings += 1
                self._strings[key, strings] = number

    def key(self, name: str, index: int, key: str) -> str:
        """ "line 12, " for a key of a table, else for a header of that name, else for the table's own; "" when none is
        known."""
        places = ((name, index, key), (key, 0, ""), (key, 1, ""), (name, index, ""))
        return _said(next((self._keys[place] for place in places if place in self._keys), None))

    def string(self, key: str, number: int) -> str:
        """The same for the number-th string (from 1) of a top-level array."""
        return _said(self._strings.get((key, number)) or self._keys.get(("", 0, key)))


def _said(number: int | None) -> str:
    return f"line {number}, " if number else ""
