"""Free text without what identifies anybody: names and serials become pseudonyms, persons "a person", times days.

What is known is replaced; what only looks like an identifier (letters and digits in one word, a quotation, a time of
day, a very long number) is left out as well, since findings may name what stands nowhere else in the report. So are
numbers of records, frames and starts, which only grow: they would tell a unit again in the next report.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .public_order import KINDS, place

LEFT_OUT = "…"
A_PERSON = "a person"
ANOTHER = "another unit"
_TOKEN = re.compile(r"\w+|\W", re.DOTALL)
NONE: Mapping[tuple[str, int], int] = {}
_REFERENCE = re.compile(r"([\w-]+):(\d+)")
_SAID = re.compile(r"(?:a withdrawal|a confirmation|the annotation .*?) of (?P<event>[^\s:]+:\d+) by ", re.DOTALL)
_UNIT = re.compile(r"(?P<before>(?:another )?unit |has number )(?P<number>\d+)(?!\w)")
_GROWING = "(?:records?|frames?|checkpoints?|byte|first is|(?:ahead|behind) by at (?:most|least)|up to)"
_NETS = (
    (re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?: ?UTC|Z)?(?!\w)"), r"\1"),
    (re.compile(rf"({_GROWING} )-?\d+(?:(?: to | and )\d+)?(?!\w)"), r"\1…"),
    (re.compile(r"(boots? )\d+(?:, \d+(?!\w|:\d))*(?!\w)"), r"\1…"),
    (re.compile(r"\d{1,4}:\d\d(?::\d\d)?(?: UTC)?(?!\w)"), LEFT_OUT),
    (re.compile(r"\"[^\"]*\"|“[^”]*”|'[^']*'(?!\w)"), LEFT_OUT),
    (re.compile(r"(?!\d+(?:st|nd|rd|th)(?!\w)|Ed25519(?!\w))(?=\w*\d)(?=\w*[^\W\d])\w+"), LEFT_OUT),
    (re.compile(r"(it is )\d+(?= of role )"), r"\1…"),
    (re.compile(r"\d{8,}"), LEFT_OUT),
)
_TWICE = re.compile(r"\b(?:camera|holster|unit) (?=(?:Camera|Holster|Combined|Unit) \d)")
_NAME = rf"(?:(?:{'|'.join(KINDS)}) \d+|another unit|…)"
_ITEM = (
    rf"{_NAME}(?: \(\d+ days?\)|: \d+ by the seal, \d+ by signatures, of \d+| \(its record (?:\d+|…)\))?(?!\w|'s|:\d)"
)
_BETWEEN = r"(?:, |; |(?<=\)) and )"
_MORE = r"(?:(?:, |; | )and (?P<more>\d+) more)?"
_LIST = re.compile(rf"(?P<items>{_ITEM}(?:{_BETWEEN}{_ITEM})*){_MORE}")
_VOUCHED = re.compile(r": (\d+) by the seal, (\d+) by signatures, of (\d+)$")
_ITEMS = re.compile(rf"({_ITEM})({_BETWEEN}|$)")
_FIGURE_BEFORE = re.compile(r"(?:records?|boots?|± ?|\d to|by the seal,|of) $")
_FIGURE_BEHIND = re.compile(
    r" ?(?:%|ms|s|min|h|ppm|V|mV|days?|records?|times?|units?|uses|starts|of|by the|by sig)(?!\w)"
)
CACHED = 50_000


class Scrubber:
    """`names`: what stands for each name, serials among them; `numbers`: for each unit's number; `persons`: who must
    not be named; `places`: what stands for the number of a serial's record. A name is found as a whole, never within a
    longer word or name."""

    def __init__(
        self,
        names: Mapping[str, str],
        numbers: Mapping[int, str],
        persons: Iterable[str],
        places: Mapping[tuple[str, int], int] = NONE,
    ) -> None:
        found = dict.fromkeys(persons, A_PERSON) | dict(names)
        self._numbers = numbers
        self._serials, self._places = names, places
        self._starting: dict[str, list[tuple[str, str]]] = {}
        for name in sorted((name for name in found if name.strip()), key=len, reverse=True):
            self._starting.setdefault(_first(name), []).append((name, found[name]))
        self.text = lru_cache(CACHED)(self._text)

    def reference(self, text: str) -> str:
        """H1:57 as Holster 3:4; of a unit, or a record, that is not known, without it."""
        serial, _, sequence = text.rpartition(":")
        place = self._places.get((serial, int(sequence))) if sequence.isdecimal() else None
        return f"{self._serials.get(serial, ANOTHER)}:{LEFT_OUT if place is None else place}"

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
        return _LIST.sub(_in_order, _TWICE.sub("", "".join(out)))

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
            return self.reference(reference.group()), reference.end()
        for name, instead in self._starting.get(_first(text, at), ()):
            end = at + len(name)
            if text.startswith(name, at) and not (_is_word(name[-1:]) and _is_word(text[end : end + 1])):
                if name.isdecimal() and (_FIGURE_BEFORE.search(text, 0, at) or _FIGURE_BEHIND.match(text, end)):
                    continue
                return instead, end
        return None


def _in_order(found: re.Match[str]) -> str:
    """A list of units in an order that tells nothing; of one that names some of them only, how many they are: which
    ones it names follows from their serials."""
    items = _ITEMS.findall(found["items"])
    if found["more"] is not None:
        return f"{len(items) + int(found['more'])} units, which the force's own report names"
    vouched = [_VOUCHED.search(item) for item, _ in items]
    if None not in vouched:
        sums = [sum(int(one[part]) for one in vouched if one is not None) for part in (1, 2, 3)]
        return "{} by the seal, {} by signatures, of {} in {}".format(*sums, _units(len(items)))
    if len(items) == 1:
        return found.group()
    named = sorted((item for item, _ in items), key=place)
    return "".join(item + between for item, (_, between) in zip(named, items, strict=True))


def _units(number: int) -> str:
    return "1 unit" if number == 1 else f"{number} units"


def _first(text: str, at: int = 0) -> str:
    token = _TOKEN.match(text, at)
    return "" if token is None else token.group()


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_")
