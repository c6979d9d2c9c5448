"""Audits of journals that are in memory, for tests of what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from host_tools.auditing.audit import Report, audit
from host_tools.auditing.examine import Known
from host_tools.journal_items import Header
from host_tools.verifying.outcomes import Outcome

from .sealed_world import Unit

LEVELS = ("nothing", "public key", "vault")


@dataclass(frozen=True)
class InMemory:
    name: str
    data: bytes

    def open(self) -> BinaryIO:
        return BytesIO(self.data)


def known_at(level: str, *units: Unit) -> dict[bytes, Known]:
    """What a verifier has of these units who has nothing, their public keys, or the force's vault."""
    if level == "nothing":
        return {}
    return {unit.serial: unit.public() if level == "public key" else unit.vault() for unit in units}


def reports(known: Mapping[bytes, Known], *files: bytes) -> list[Report]:
    def knowing(header: Header | None) -> Known:
        return Known() if header is None else known.get(header.serial, Known())

    return audit([InMemory(f"{place}.ilj", data) for place, data in enumerate(files)], knowing)


def the(found: Report, kind: type[Outcome]) -> Outcome:
    """The one outcome of this kind."""
    (only,) = [outcome for outcome in found.outcomes if isinstance(outcome, kind)]
    return only
