"""A label's text, whatever keyboard it came through.

A scanner sends keys, and the host's layout makes characters of them: on a German one Y and Z change places and a colon
becomes an umlaut. Which layout it was is told by the label's own check letters, and what was assumed is said. Nothing
is guessed that they do not confirm: two bytes, so that one wrong text in 65536 would pass for each layout.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ..label import Label, parse
from ..outcome import ToolError

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
