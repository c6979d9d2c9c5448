"""The label of a unit as text, `IL1:SERIAL:SECRET`, and serials as people write them.

SECRET is Crockford's base32 (no I, L, O, U; small letters, hyphens and blanks do not matter) of the 16 secret bytes
and two bytes that check serial and secret: a slip of the finger is told apart from a wrong secret before any unit
counts it. All characters of a label in capitals are in the QR code's alphanumeric set. `reading.py` takes labels
from scanners, files and photographs, `sheet.py` prints them.
"""

import hashlib
import re
from dataclasses import dataclass, field

from interlock.core.access import SECRET_BYTES

from .outcome import ToolError

PREFIX = "IL1"
SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,7}")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_CHECK_BYTES = 2
_PLAIN_BYTES = SECRET_BYTES + _CHECK_BYTES
_LETTERS = (_PLAIN_BYTES * 8 + 4) // 5
_GROUP = 5
_CHECKED = b"interlock label 1"


@dataclass(frozen=True)
class Label:
    """`serial`: as text; `secret`: 16 bytes, in no repr; empty: not at hand."""

    serial: str
    secret: bytes = field(repr=False)


def serial_text(raw: bytes) -> str:
    """A serial (8 bytes, filled up with blanks or zeros) as people read it; hex when they could not."""
    text = raw.rstrip(b"\0 ").decode("ascii", "replace")
    return text if SERIAL.fullmatch(text) else raw.hex()


def check_serial(text: str) -> str:
    """The serial, when it is one; ToolError otherwise."""
    if not SERIAL.fullmatch(text):
        raise ToolError(
            f"{text!r} is no serial: 1 to 8 letters, digits, hyphens",
            "It is printed on the unit's label, and interlock scan lists the units in range.",
        )
    return text


def label_text(serial: str, secret: bytes) -> str:
    """What is printed on the unit. `secret`: 16 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a label's secret has {SECRET_BYTES} bytes")
    plain = secret + _check(check_serial(serial), secret)
    number = int.from_bytes(plain, "big") << (_LETTERS * 5 - _PLAIN_BYTES * 8)
    letters = "".join(ALPHABET[number >> (5 * at) & 31] for at in reversed(range(_LETTERS)))
    groups = [letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP)]
    return f"{PREFIX}:{serial}:{'-'.join(groups)}"


def parse(text: str) -> Label:
    """The Label in `text`. ToolError says what is wrong with it, and never repeats the secret."""
    parts = text.strip().split(":")
    if len(parts) != 3 or parts[0].strip().upper() != PREFIX:
        raise ToolError(
            "this is no label: it reads IL1:SERIAL:SECRET",
            "Type or scan the whole text of the label, or name a file or a picture that holds it: @FILE.",
        )
    serial = check_serial(parts[1].strip())
    plain = _decode(parts[2])
    secret, check = plain[:SECRET_BYTES], plain[SECRET_BYTES:]
    # Secrets are printed in capitals: where one was typed in small letters, so was the serial. Once in 65,536 both fit.
    is_small = parts[2] != parts[2].upper()
    for candidate in (serial.upper(), serial) if is_small else (serial, serial.upper()):
        if _check(candidate, secret) == check:
            return Label(candidate, secret)
    raise ToolError(
        "the label was mistyped: serial and secret do not fit its check letters",
        "Compare it letter by letter with the label (there is no I, L, O and U in the secret).",
    )


def _decode(letters: str) -> bytes:
    values = [VALUES.get(letter) for letter in letters.upper() if letter not in "- \t"]
    if None in values:
        raise ToolError(
            "the label's secret has a character that no label has", "It is made of digits and capital letters only."
        )
    if len(values) != _LETTERS:
        raise ToolError(
            f"the label's secret has {_LETTERS} letters, not {len(values)}", "Type it whole; hyphens do not count."
        )
    number = 0
    for value in values:
        number = number << 5 | (value or 0)
    spare = _LETTERS * 5 - _PLAIN_BYTES * 8
    if number & ((1 << spare) - 1):
        raise ToolError(
            "the label was mistyped: its last letter cannot be right", "Compare it letter by letter with the label."
        )
    return (number >> spare).to_bytes(_PLAIN_BYTES, "big")


def _check(serial: str, secret: bytes) -> bytes:
    return hashlib.sha256(_CHECKED + serial.encode("ascii").ljust(8) + secret).digest()[:_CHECK_BYTES]
