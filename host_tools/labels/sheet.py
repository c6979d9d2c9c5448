"""Sheets of labels for a printer: one page of HTML that needs nothing from elsewhere. Text comes from
`templates/labels.html`; every value is escaped there.

A label for set-up bears the whole text with its secret, in a QR code and in letters; one for a unit in service bears
its serial only, to be scanned at the counter. Both say the serial in words, for telephone and radio.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import segno
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ..label import Label, check_serial, label_text

QUIET_ZONE = 4
"""Modules of white around a code: ISO/IEC 18004, 9.1."""
_GROUPS = 3  # of a secret's letters in a line

_LETTERS = (
    *("Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo", "Lima"),
    *("Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor", "Whiskey"),
    *("X-ray", "Yankee", "Zulu"),
)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS: Mapping[str, str] = (
    {chr(ord("A") + at): word for at, word in enumerate(_LETTERS)}
    | {chr(ord("a") + at): f"small {word}" for at, word in enumerate(_LETTERS)}
    | {str(at): word for at, word in enumerate(_DIGITS)}
    | {"-": "dash", "_": "underscore"}
)
"""The spelling alphabet of ICAO Annex 10, Volume II, 5.2.1.3, for every character that a serial may have."""


@dataclass(frozen=True)
class Paper:
    """A sheet of self-adhesive labels, in millimetres: `page` as CSS calls it, its size, `width` and `height` of a
    label, the margins, `pitch`: from one label's left edge to the next one's."""

    name: str
    page: str
    page_width: float
    page_height: float
    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    pitch: float

    @property
    def places(self) -> int:
        return self.columns * self.rows


PAPERS: Mapping[str, Paper] = {
    "a4": Paper("a4", "A4", 210, 297, 3, 8, 63.5, 33.9, 7.2, 12.9, 66.04),
    "letter": Paper("letter", "letter", 215.9, 279.4, 2, 7, 101.6, 33.87, 4.06, 21.2, 106.43),
}
"""A4: 24 of 63.5 x 33.9 mm (Avery L7159); Letter: 14 of 4 x 1 1/3 inches (Avery 5162)."""


@dataclass(frozen=True)
class Cell:
    """One label. `text`: what its code says; `name`: what people call the unit, or empty; `is_secret`: whether it opens
    the unit."""

    serial: str
    words: str
    text: str
    name: str
    is_secret: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of a label for set-up, broken where people rest when they type it."""
        head, _, secret = self.text.rpartition(":")
        groups = secret.split("-")
        return f"{head}:", "-".join(groups[:_GROUPS]) + "-", "-".join(groups[_GROUPS:])

    @property
    def code(self) -> Markup:
        """The QR code as a drawing."""
        # Of a library that gets nothing but characters which `label.py` made or checked: no markup can be in it.
        return Markup(segno.make_qr(self.text, error="m").svg_inline(border=QUIET_ZONE, omitsize=True))


def in_words(serial: str) -> str:
    """Hotel zero one, for H01."""
    return " ".join(WORDS[character] for character in check_serial(serial))


def of_label(label: Label, name: str = "") -> Cell:
    """A label for set-up."""
    return Cell(label.serial, in_words(label.serial), label_text(label.serial, label.secret), name, True)


def of_serial(serial: str, name: str = "") -> Cell:
    """A label for a unit in service."""
    return Cell(serial, in_words(serial), serial, name, False)


def render(cells: Sequence[Cell], paper: Paper, skip: int = 0) -> str:
    """The page: as many sheets as it takes. `skip`: places of the first sheet that are used up already."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("host_tools").joinpath("templates", "labels.html").read_text(encoding="utf-8")
    places: list[Cell | None] = [None] * skip + list(cells)
    sheets = [places[at : at + paper.places] for at in range(0, len(places), paper.places)]
    has_secrets = any(cell.is_secret for cell in cells)
    return environment.from_string(source).render(sheets=sheets, paper=paper, has_secrets=has_secrets)
