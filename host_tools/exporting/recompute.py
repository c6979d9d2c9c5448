"""`interlock report --recompute EXPORT`: the report made anew from exported files alone, and compared with the one that
is in them. No store, no vault. EXPORT is a dossier, or a bundle, unpacked or not.
"""

import json
import re
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
from .strays import EVIDENCE, INCIDENT, strays

if TYPE_CHECKING:
    from ..workers.executor import Executor

PART = "beside.json calls this a part of what is held (is_part), as only bundles are: that hides a missing unit"
Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class Recomputed:
    """`report`: as it was made anew; `differences`: what the exported one says otherwise, or does not say; `unlike`:
    files that are not what SHA256SUMS says, or no part of an export; `is_part`: it calls itself a part of what is held,
    which only bundles are."""

    report: Report
    differences: list[Difference]
    unlike: list[files.Unlike]
    is_part: bool = False

    @property
    def findings(self) -> list[str]:
        """All that does not fit, in words."""
        found = [*(unlike_text(one) for one in self.unlike), *(one.text for one in self.differences)]
        return [*found, *([PART] if self.is_part else [])]


def unlike_text(one: files.Unlike) -> str:
    told = {
        "altered": f"{one.name} was altered: its SHA-256 is not the one in {files.SUMS}",
        "missing": f"{one.name} is missing, and {files.SUMS} lists it",
        "not listed": f"{one.name} is not listed in {files.SUMS}: it was put there",
        "no plain file": f"{one.name} is no plain file: nothing was read through it",
        "too deep": f"{one.name} is a folder in more folders than an export has: what is in it was not looked at",
        "no part": f"{one.name} is no part of such an export: nothing in it is read",
    }
    if one.what == "untold":
        notes = re.sub(r"(\.[0-9]+)?\.ilj$", ".json", one.name)
        return f"{one.name} has more, or others, than {notes} tells of it"
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
        known = {one.name for one in unlike}
        unlike += [one for one in strays(export, held) if one.name not in known]
    except ToolError as error:
        if not unlike:
            raise
        raise ToolError(f"{unlike_text(unlike[0])}; and so {error}", error.advice, Exit.FINDINGS) from error
    return Recomputed(report, differences(exported, again), unlike, beside.is_part and held.folder == export)


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
