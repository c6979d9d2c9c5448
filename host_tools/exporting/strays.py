"""What lies in an export and is not read: whole files, such as the journal of a camera that somebody took out of the
lists, and parts of a journal that the notes beside it pass over. What it shows is in no figure.
"""

from collections.abc import Iterator
from pathlib import Path

from . import files
from .dossier import Dossier
from .kept_files import names_of, read_kept, untold
from .signed_files import names_signed

EVIDENCE, INCIDENT = "evidence", "incident.json"
VERIFIER = "verifier/"
_HELD = ("asked.json", "beside.json", "units.json", "annotations.json", "roster.json")
_DOSSIER = ("README.txt", "FIGURES.md", "report.json", "force_says.json")
_BUNDLE = ("README.txt", "incident.html", INCIDENT, "force_says.json", "verify.py", "__main__.py")


def strays(export: Path, held: Dossier) -> list[files.Unlike]:
    """Of a dossier, or of an unpacked bundle with the evidence `held`. ToolError when its lists cannot be read."""
    is_bundle = held.folder != export
    place = f"{EVIDENCE}/" if is_bundle else ""
    parts = {files.SUMS, *(_BUNDLE if is_bundle else _DOSSIER), *(place + name for name in _evidence(held, is_bundle))}
    apart = [
        files.Unlike(name, "no part")
        for name, is_plain in files.names_in(export)
        if is_plain and name not in parts and not (is_bundle and _is_source(name))
    ]
    serials = [row.serial for row in held.units()]
    passed_over = [place + name for serial in serials for name in untold(held.folder, read_kept(held.folder, serial))]
    return apart + [files.Unlike(name, "untold") for name in passed_over]


def _is_source(name: str) -> bool:
    return name.startswith(VERIFIER) and name.endswith(".py")


def _evidence(held: Dossier, is_bundle: bool) -> Iterator[str]:
    yield from _HELD
    beside = held.beside
    serials = [row.serial for row in held.units()]
    for serial in {*serials, *beside.units}:
        yield from (f"keys/{serial}-{number}.pub" for number, _ in enumerate(beside.keys.get(serial, ()), 1))
    for serial in serials:
        names, signed = names_of(held.folder, serial)
        yield from names
        yield from names_signed(serial, signed) if is_bundle else ()
