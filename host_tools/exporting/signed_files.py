"""What units signed, as files for other people's tools: `signed/SERIAL.N.msg`, the message of the Nth checkpoint in the
unit's journal (0: the first), and `SERIAL.N.msg.sig`, its signature (HSS, RFC 8554). The key is in `keys/`.
"""

from collections.abc import Iterator
from pathlib import Path

from ..auditing.places import Kept
from . import files

FOLDER = "signed"


def _content(kept: Kept) -> Iterator[tuple[str, bytes]]:
    data = (part for signed in kept.signed for part in (signed.message, signed.signature))
    yield from zip(names_signed(kept.stored.serial, len(kept.signed)), data, strict=True)


def names_signed(serial: str, count: int) -> Iterator[str]:
    """Names of the files of so many checkpoints of a unit."""
    for number in range(count):
        yield f"{FOLDER}/{serial}.{number}.msg"
        yield f"{FOLDER}/{serial}.{number}.msg.sig"


def write_signed(folder: Path, kept: Kept) -> None:
    for name, data in _content(kept):
        files.write(folder, name, data)


def unlike(folder: Path, kept: Kept) -> list[str]:
    """Names of those that are not what the unit's journal has. ToolError when one cannot be read."""
    return [name for name, data in _content(kept) if files.read(folder, name) != data]
