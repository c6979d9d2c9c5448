"""Ids of people, as units note them: 1 to 8 ASCII characters without blanks, such as a collar number."""

import getpass
import re

from .outcome import ToolError

PERSON = re.compile(r"[!-~]{1,8}")


def check_person(person: str, option: str = "--as ") -> str:
    """The person's id, when it is one: 1 to 8 ASCII characters without blanks. `option`: where it was given."""
    if not PERSON.fullmatch(person):
        raise ToolError(
            f"{person!r} is no person's id: 1 to 8 ASCII characters without blanks",
            f"Give the id that units shall note, such as a collar number: {option}PC1234.",
        )
    return person


def login_person() -> str:
    """The first 8 characters of the login name."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = ""
    short = "".join(character for character in name if PERSON.fullmatch(character))[:8]
    if not short:
        raise ToolError("this login has no name that a unit could note", "Give a person's id: --as PC1234.")
    return short
