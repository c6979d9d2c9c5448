"""Free text without what identifies anybody: names and serials become pseudonyms, persons "a person", times days.

What is known is replaced; what only looks like an identifier (letters and digits in one word, a quotation, a time of
day, a very long number) is left out as well, since findings may name what stands nowhere else in the report.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

LEFT_OUT = "…"
A_PERSON = "a person"
ANOTHER = "another unit"
_TOKEN = re.compile(r"\w+|\W", re.DOTALL)
_REFERENCE = re.compile(r"([\w-]+):(\d+)")
_SAID = re.compile(r"(?:a withdrawal|a confirmation|the annotation .*?) of (?P<event>[^\s:]+:\d+) by ", re.DOTALL)
_UNIT = re.compile(r"(?P<before>(?:another )?unit |has number )(?P<number>\d+)(?!\w)")
_NETS = (
    (re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?: ?UTC|Z)?(?!\w)"), r"\1"),
    (re.compile(r"\d{1,4}:\d\d(?::\d\d)?(?: UTC)?(?!\w)"), LEFT_OUT),
    (re.compile(r"\"[^\"]*\"|“[^”]*”|'[^']*'(?!\w)"), LEFT_OUT),
    (re.compile(r"(?!\d+(?:st|nd|rd|th)(?!\w)|Ed25519(?!\w))(?=\w*\d)(?=\w*[^\W\d])\w+"), LEFT_OUT),
    (re.compile(r"\d{10,}"), LEFT_OUT),
)
_TWICE = re.compile(r"\b(?:camera|holster|unit) (?=(?:Camera|Holster|Combined|Unit) \d)")
_FIGURE_BEFORE = re.compile(r"(?:records?|boots?|± ?|\d to|by the seal,|of) $")
_FIGURE_BEHIND = re.compile(
    r" ?(?:%|ms|s|min|h|ppm|V|mV|days?|records?|times?|units?|uses|starts|of|by the|by sig)(?!\w)"
)
CACHED = 50_000


class Scrubber:
    """`names`: what stands for each name, serials among them; `numbers`: for each unit's number; `persons`: who must
    not be named. A name is found as a whole, never within a longer word or name."""

    def __init__(self, names: Mapping[str, str], numbers: Mapping[int, str], persons: Iterable[str]) -> None:
        found = dict.fromkeys(persons, A_PERSON) | dict(names)
        self._numbers = numbers
        self._serials = names
        self._starting: dict[str, list[tuple[str, str]]] = {}
        for name in sorted((name for name in found if name.strip()), key=len, reverse=True):
            self._starting.setdefault(_first(name), []).append((name, found[name]))
        self.text = lru_cache(CACHED)(self._text)

    def reference(self, text: str) -> str:
        """H1:57 as Holster 3:57; of a unit that is not known, without it."""
        serial, _, sequence = text.rpartition(":")
        return f"{self._serials.get(serial, ANOTHER)}:{sequence if sequence.isdecimal() else LEFT_OUT}"

    def _text(self, text: str) -> str:
        said = _SAID.match(text)
        if said is not None:
            what = "is forged" if " is forged" in text else "is not to be relied on"
            return f"something that was said of {self.reference(said['event'])} {what}"
        out, at = [], 0
        while at < len(text):
            replaced, end = self._at(text, at)
            out.append(replaced)
            at = end
        return _TWICE.sub("", "".join(out))

    def _at(self, text: str, at: int) -> tuple[str, int]:
        """What stands for the next piece, and where it ends. A piece begins where a word does, or between words."""
        known = self._name(text, at)
        if known is not None:
            return known
        unit = _UNIT.match(text, at)
        if unit is not None:
            number = self._numbers.get(int(unit["number"]), ANOTHER)
            return number if "unit" in unit["before"] else f"has the number of {number}", unit.end()
        for net, instead in _NETS:
            found = net.match(text, at)
            if found is not None and not (text[at] == "'" and at and text[at - 1].isalnum()):
                return found.expand(instead), found.end()
        token = _TOKEN.match(text, at)
        assert token is not None
        return token.group(), token.end()

    def _name(self, text: str, at: int) -> tuple[str, int] | None:
        reference = _REFERENCE.match(text, at)
        if reference is not None and reference[1] in self._serials:
            return f"{self._serials[reference[1]]}:{reference[2]}", reference.end()
        for name, instead in self._starting.get(_first(text, at), ()):
            end = at + len(name)
            if text.startswith(name, at) and not (_is_word(name[-1:]) and _is_word(text[end : end + 1])):
                if name.isdecimal() and (_FIGURE_BEFORE.search(text, 0, at) or _FIGURE_BEHIND.match(text, end)):
                    continue
                return instead, end
        return None


def _first(text: str, at: int = 0) -> str:
    token = _TOKEN.match(text, at)
    return "" if token is None else token.group()


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_")
