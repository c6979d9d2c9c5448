"""`interlock report --recompute EXPORT`: the report made anew from exported files alone, and compared with the one that
is in them. No store, no vault. EXPORT is a dossier, or a bundle, unpacked or not.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..outcome import Exit, ToolError
from ..reporting.making import make
from ..reporting.model import Report
from . import dossier, files, incident, plain, unpacking
from .compare import Difference, differences
from .dossier import Dossier, PublicKnowledge

if TYPE_CHECKING:
    from ..campaign.executor import Executor

Progress = Callable[[float, float], None]
EVIDENCE, INCIDENT = "evidence", "incident.json"


@dataclass(frozen=True)
class Recomputed:
    """`report`: as it was made anew; `differences`: what the exported one says otherwise; `not_compared`: fields that
    only one of the two has, as versions of this program differ; `unlike`: files that are not what SHA256SUMS says."""

    report: Report
    differences: list[Difference]
    not_compared: list[Difference]
    unlike: list[files.Unlike]

    @property
    def findings(self) -> list[str]:
        """All that does not fit, in words."""
        return [*(unlike_text(one) for one in self.unlike), *(one.text for one in self.differences)]

    @property
    def notes(self) -> list[str]:
        """What could not be compared, in words."""
        return [one.text for one in self.not_compared]


def unlike_text(one: files.Unlike) -> str:
    told = {
        "altered": f"{one.name} was altered: its SHA-256 is not the one in {files.SUMS}",
        "missing": f"{one.name} is missing, and {files.SUMS} lists it",
        "not listed": f"{one.name} is not listed in {files.SUMS}: it was put there",
        "no plain file": f"{one.name} is no plain file: nothing was read through it",
    }
    return told[one.what]


def recompute(export: Path, executor: "Executor | None" = None, progress: Progress = lambda _, __: None) -> Recomputed:
    """`export`: the folder of a dossier or of an unpacked bundle, or a bundle's file. ToolError when it is none, or
    when what is in it cannot be read."""
    if export.is_file():
        with tempfile.TemporaryDirectory() as folder:
            unpacking.unpack(export, Path(folder))
            return recompute(Path(folder), executor, progress)
    evidence = export / EVIDENCE if (export / INCIDENT).is_file() else export
    dossier.check(evidence)
    unlike = files.check_sums(export)
    try:
        held = Dossier(evidence)
        beside = held.beside
        report = make(held, beside, held.asked, executor, progress, knowing=PublicKnowledge(beside).of)
        exported, again = _both(export, held, report)
    except ToolError as error:
        if not unlike:
            raise
        raise ToolError(f"{unlike_text(unlike[0])}; and so {error}", error.advice, Exit.FINDINGS) from error
    found = differences(exported, again)
    return Recomputed(
        report,
        [one for one in found if one.is_comparable],
        [one for one in found if not one.is_comparable],
        unlike,
    )


def _both(export: Path, held: Dossier, report: Report) -> tuple[Any, Any]:
    """What the export says, and the same made anew."""
    if held.folder == export:
        exported = held.report_json
        again: Any = as_json(report.plain())
    else:
        exported = plain.read(files.read(export, INCIDENT), INCIDENT)
        again = incident.facts(report, incident.reference_in(exported))
    if not isinstance(exported, dict):
        raise plain.wrong("report.json" if held.folder == export else INCIDENT, "is no report")
    return exported, again


def as_json(value: Any) -> Any:
    """As it is behind JSON: tuples are lists."""
    return json.loads(json.dumps(value))
