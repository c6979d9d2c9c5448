"""The journal of a unit in a folder that `dossier.py` wrote, as a place that an audit reads."""

from dataclasses import dataclass
from pathlib import Path

from ..auditing.places import Holding, Kept
from .kept_files import read_kept


@dataclass(frozen=True)
class InDossier(Holding):
    """`folder`: of the export; `serial`: of the unit."""

    folder: Path
    serial: str

    @property
    def name(self) -> str:
        return "the export"

    def kept(self) -> Kept:
        return read_kept(self.folder, self.serial)
