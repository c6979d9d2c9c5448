"""What this host flashed: which board got which label, and what it is to be. No secrets; a file beside the vault.

So a board whose flashing was cut gets the same label again, and `interlock provision` knows the role.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..durable import replace

FILE = "flashed.json"


@dataclass(frozen=True)
class Entry:
    """`unique_id`: of the chip, in hex; `role`: by name; `version`: of the release, or "source"; `at_s`: seconds since
    1970, UTC; None: its flashing has not ended yet."""

    serial: str
    unique_id: str
    board: str
    role: str
    version: str
    at_s: int | None


def read(home: Path) -> dict[str, Entry]:
    """By serial. What cannot be read is as if it were not there: nothing depends on it but convenience."""
    try:
        rows = json.loads((home / FILE).read_text(encoding="utf-8"))
        return {row["serial"]: Entry(**row) for row in rows}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def note(home: Path, entry: Entry) -> None:
    """Remember it, instead of what was known of this serial, or of this chip under another one."""
    known = {
        serial: other
        for serial, other in read(home).items()
        if serial != entry.serial and other.unique_id != entry.unique_id
    }
    rows = [asdict(row) for row in sorted([*known.values(), entry], key=lambda row: row.serial)]
    replace(home / FILE, (json.dumps(rows, indent=1) + "\n").encode())


def serial_of(home: Path, unique_id: str) -> str | None:
    """The label that this chip was to get."""
    return next((row.serial for row in read(home).values() if row.unique_id == unique_id), None)
