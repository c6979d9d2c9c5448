"""The bundle for a court: the evidence of one incident in a zip file that checks itself.

    README.txt       for the court's expert: what this is, who proves what, how to check it, what it does not prove
    incident.html    the incident, to be read; incident.json: the same as values (`incident.py`)
    force_says.json  what the force's own report has that these files do not prove
    evidence/        the files that it follows from (`dossier.py`): of the units chosen here; what they signed as
                     files, too (`signed_files.py`)
    verify.py        checks all of it in a bare Python; __main__.py: the same, for `python3 FILE.zip`
    verifier/        what that runs: our own modules, as they are
    SHA256SUMS       of every other file

Chosen are the units of the incident and the weapons' own cameras. Where a verdict says that something was *not*
recorded, or that nobody knows, it rests on every camera that could have shown otherwise: then all cameras that are to
be judged together with these weapons come along, and, if the verdicts still differ from the whole's, all units. The
same incident of the same store gives the same bytes.
"""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from interlock.core.settings import ROLE_CAMERA

from .. import durable
from ..auditing.audit import Knowing
from ..outcome import ToolError
from ..reporting.asked import Asked, Beside, Holdings
from ..reporting.making import make
from ..reporting.model import Incident, Report, Use
from ..reporting.neighbours import look, neighbourhoods
from . import files, incident, plain, texts, unpacking
from .chosen import Chosen, known_of
from .closure import closure
from .compare import claims
from .dossier import Dossier, PublicKnowledge, reckoned, write_evidence
from .kept_files import read_kept
from .signed_files import write_signed
from .strays import EVIDENCE, INCIDENT

VERIFIER = "host_tools.exporting.verifier"
CAMERAS = 1
_ALONE = Path(__file__).with_name("run_alone.py")
_JUDGED = ("reference", "event", "verdict", "own_verdict", "late_by_ms", "own_late_by_ms", "buffer_covers", "aired")


class Bundled(NamedTuple):
    """What is in a bundle. `reference`: of the incident; `units`: serials of all that it has; `pulled`: of those with a
    journal; `events`: as in incident.json; `findings`: in words."""

    reference: str
    units: list[str]
    pulled: list[str]
    events: list[dict[str, Any]]
    findings: list[str]


def write(
    file: Path,
    reference: str,
    holdings: Holdings,
    beside: Beside,
    asked: Asked,
    report: Report | None = None,
    knowing: Knowing | None = None,
) -> Bundled:
    """The bundle of the incident of this reference, or that an event of this reference is part of. `report`: the
    force's own of all that is held, None: reckoned here with public knowledge; `knowing`: the force's own keys, by
    which its own report is reckoned again where more was pulled meanwhile, None: public ones. ToolError when there
    is no such incident, when something else is at `file`, or when something cannot be read or written."""
    if report is None:
        report = make(holdings, beside, asked, knowing=PublicKnowledge(beside).of)
    found = incident.find(report, reference)
    _check_place(file, found.reference)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        told, rendered = _evidence(folder, found, holdings, beside, asked, report)
        for row in Dossier(folder / EVIDENCE).units():
            write_signed(folder / EVIDENCE, read_kept(folder / EVIDENCE, row.serial))
        files.write(folder, INCIDENT, plain.written(told))
        files.write(folder, "incident.html", rendered.encode())
        if _went_on(report, told):  # else what was pulled since would pass for the force's claims
            evidence = Dossier(folder / EVIDENCE)
            public = PublicKnowledge(evidence.beside).of
            report = make(evidence, evidence.beside, evidence.asked, knowing=knowing or public)
        files.write(folder, "force_says.json", plain.written(_said_by_force(report, told)))
        files.write(folder, "README.txt", texts.bundle_readme(told, _keys(folder)))
        for name in ("verify.py", "__main__.py"):
            files.write(folder, name, _ALONE.read_bytes())
        for name, source in closure(VERIFIER).items():
            files.write(folder, f"verifier/{name}", source.read_bytes())
        files.write_sums(folder)
        content = {name: files.read(folder, name, files.JOURNAL_BYTES_MAX) for name, _ in files.names_in(folder)}
        pulled = [row.serial for row in Dossier(folder / EVIDENCE).units()]
    _replace(file, content)
    return Bundled(
        told["reference"],
        [unit["serial"] for unit in told["units"]],
        pulled,
        [event for use in told["uses"] for event in use["events"]],
        [f"{one['name'] or ''}: {one['text']}".removeprefix(": ") for one in told["findings"]],
    )


def _check_place(file: Path, reference: str) -> None:
    """ToolError when there is something that is no bundle of this incident: a person's files are not for us to lose,
    nor is another incident's evidence."""
    if not (file.exists() or file.is_symlink()):
        return
    try:
        with zipfile.ZipFile(file) as packed:
            entry = packed.getinfo(INCIDENT)
            is_same = entry.file_size <= files.TEXT_BYTES_MAX and (
                plain.read(packed.read(entry), INCIDENT)["reference"] == reference
            )
    except (OSError, ToolError, KeyError, TypeError, *unpacking.NO_ZIP):
        is_same = False
    if not is_same:
        raise ToolError(
            f"{file} is there already, and is no bundle of {reference}", "Name a new file: --bundle FILE.zip."
        )


def _replace(file: Path, content: dict[str, bytes]) -> None:
    """The zip file, whole or not at all, for its owner only."""
    advice = "Free space, or name another place: --bundle FILE.zip."
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"{file.parent} cannot be made: {error.strerror}", advice) from error
    with durable.replacing(file, advice) as fresh:
        unpacking.pack(fresh, content)


def _keys(folder: Path) -> dict[str, tuple[bytes, ...]]:
    return dict(Dossier(folder / EVIDENCE).beside.keys)


def _evidence(
    folder: Path, found: Incident, holdings: Holdings, beside: Beside, asked: Asked, report: Report
) -> tuple[dict[str, Any], str]:
    """The evidence in its folder, of as few units as give the same verdicts; `incident.json` and the page of it."""
    from ..reporting.html_incident import render  # brings the templates

    uses = incident.uses_of(report, found)
    events = frozenset((use.serial, event.sequence) for use in uses for event in use.events)
    rows = [row for row in holdings.annotations() if (row.serial, row.sequence) in events]
    people = {row.by for row in rows}
    keys = {row.key for row in rows}
    people |= {person for person, own in beside.people.items() if any(vouched.key in keys for vouched in own)}
    place = folder / EVIDENCE
    alone = Asked(asked.made_ms, None, None, asked.overdue_days)
    wanted = [_verdicts(uses)]
    for size, serials in enumerate(_stages(found, uses, holdings, beside)):
        if not serials:
            continue
        _empty(place)
        write_evidence(place, Chosen(holdings, frozenset(serials), events), known_of(beside, serials, people), alone)
        made = reckoned(Dossier(place))
        try:
            same = incident.find(made, found.reference)
        except ToolError:
            continue  # what tied the uses together is not among these units
        got = _verdicts(incident.uses_of(made, same))
        if got not in wanted and size == CAMERAS and len(wanted) == 1:
            # The force's vault may know of the journals what nobody else can: that is told beside, and is no reason to
            # take along more units.
            everything = make(holdings, beside, alone, knowing=PublicKnowledge(beside).of)
            wanted.append(_verdicts(incident.uses_of(everything, incident.find(everything, found.reference))))
        if got in wanted:
            break
    return incident.facts(made, same.reference), render(made, same, alone=True)


def _empty(folder: Path) -> None:
    for name, _ in list(files.names_in(folder)) if folder.exists() else ():
        (folder / name).unlink()


def _verdicts(uses: Sequence[Use]) -> list[tuple[Any, ...]]:
    return [tuple(getattr(event, name) for name in _JUDGED) for use in uses for event in use.events]


def _stages(found: Incident, uses: Sequence[Use], holdings: Holdings, beside: Beside) -> Iterator[set[str]]:
    """Serials of ever more units: those of the incident (none where that cannot do), with all cameras around (that is
    CAMERAS), all that are judged with them, all there are."""
    weapons = {use.serial for use in uses}
    named = {name for use in uses for name in use.own_cameras or ()}
    rows = {row.serial: row for row in holdings.units()}
    pairs = {camera for holster, camera in beside.pairs or () if holster in weapons}
    called = {serial: known.name for serial, known in beside.units.items()}
    called |= {serial: row.name or serial for serial, row in rows.items() if serial not in called}
    few = {*found.serials, *weapons, *pairs, *(serial for serial, name in called.items() if name in named)}
    is_shown = all(event.verdict == "before" and event.own_verdict == "before" for use in uses for event in use.events)
    yield few if is_shown else set()
    around: set[str] = set()
    for one in neighbourhoods([look(holdings, serial) for serial in rows], beside):
        here = {*one.serials, *one.missing}
        around |= here if here & few else set()
    roles = {serial: row.role for serial, row in rows.items()} | {s: known.role for s, known in beside.units.items()}
    yield few | {serial for serial in around if roles[serial] & ROLE_CAMERA}
    yield few | around
    yield {*rows, *beside.units}


def _went_on(report: Report, told: dict[str, Any]) -> bool:
    """Whether more was pulled of the bundle's units after the report was made."""
    then = {unit.serial: (unit.records, unit.last_pull_utc_ms) for unit in report.units}
    return any(then.get(one["serial"]) != (one["records"], one["last_pull_utc_ms"]) for one in told["units"])


def _said_by_force(report: Report, told: dict[str, Any]) -> dict[str, Any]:
    """Claims of the force's own report on the incident that the bundle's files do not prove: findings of these units,
    and figures of the uses, by their place in incident.json."""
    own = incident.facts(report, told["reference"])
    here = {unit["serial"] for unit in told["units"]}
    findings = [one for one in own["findings"] if one["serial"] in here and one not in told["findings"]]
    return {"has_report": True, "findings": findings, "figures": claims({"uses": told["uses"]}, {"uses": own["uses"]})}
