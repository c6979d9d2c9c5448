"""Public keys that whoever checks had from elsewhere: of units, and of people. Standard library only."""

from pathlib import Path
from typing import NamedTuple

from ..auditing.keys import read_public_key
from ..outcome import ToolError
from ..statements.keytext import parse
from .kept_files import SERIAL


class UnitKey(NamedTuple):
    """`key`: 60 bytes (RFC 8554, 6.1); `serial`: of whom it was said to be, None: of one of these units."""

    serial: str | None
    key: bytes


class PersonKey(NamedTuple):
    """That a key (32 bytes, Ed25519) is this person's."""

    person: str
    key: bytes


def unit_key(text: str) -> UnitKey:
    """FILE or SERIAL=FILE. ToolError when there is no key in the file."""
    serial, is_there, path = text.partition("=")
    if is_there and SERIAL.fullmatch(serial) is not None and not Path(text).exists():
        return UnitKey(serial, read_public_key(Path(path)))
    return UnitKey(None, read_public_key(Path(text)))


def person_key(text: str) -> PersonKey:
    """PERSON=KEY, as people write it. ToolError when it is none."""
    person, is_there, key = text.rpartition("=")
    if not is_there or not person:
        raise ToolError(f"{text!r} names no person", "Give it as PERSON=KEY: --person-key PC1=ILK1-...")
    return PersonKey(person, parse(key))
