"""A bundle checked, part by part: files, keys, journals, what people said, clocks and verdicts. `verifier.py` shows it.

Standard library only: it runs from the bundle alone.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..auditing.audit import compared
from ..auditing.examine import Job, examine
from ..auditing.places import header_of
from ..outcome import Exit, ToolError
from ..reporting.model import Event, Report, Use
from ..verifying.checkpoints import Judged
from . import files, incident, people, plain, texts, unpacking, unsigned
from .dossier import Dossier, PublicKnowledge
from .fingerprints import fingerprint
from .given import PersonKey, UnitKey
from .line import Line
from .recompute import Recomputed, recompute, unlike_text
from .signed_files import unlike
from .strays import EVIDENCE, INCIDENT, strays


@dataclass(frozen=True)
class Checked:
    """All that was found of a bundle, in order. `bare`: serials of journals of which nothing is signed."""

    reference: str
    lines: tuple[Line, ...]
    bare: tuple[str, ...] = ()

    @property
    def code(self) -> Exit:
        return Exit.FINDINGS if any(line.state == "finding" for line in self.lines) else Exit.DONE

    @property
    def is_sound(self) -> bool:
        """Whether the bundle is what it says it is; what it says of journals may be findings all the same."""
        return not any(line.state == "finding" and not line.is_stated for line in self.lines)


def check(bundle: Path, given: Sequence[UnitKey], known: Sequence[PersonKey] = ()) -> Checked:
    """`bundle`: its folder or its file; `given`: public keys of units that whoever asks had from elsewhere, `known`:
    those of people. What cannot be read on the way is a finding; ToolError when what a bundle stands on is not there:
    its list of sums, and an incident.json that says of which event it is."""
    if bundle.is_file():
        with tempfile.TemporaryDirectory() as folder:
            unpacking.unpack(bundle, Path(folder))
            return check(Path(folder), given, known)
    if not (bundle / INCIDENT).is_file():
        raise ToolError(f"{bundle} is no bundle of an incident", "Unpack the whole of it, and run verify.py there.")
    dossier = Dossier(bundle / EVIDENCE)
    altered = files.check_sums(bundle)
    lines = list(_files(bundle, altered))
    stated = plain.read(files.read(bundle, INCIDENT), INCIDENT)
    reference = incident.reference_in(stated)
    signed: dict[str, Judged] = {}
    try:
        lines += _readme(bundle, dossier, stated)
        lines += _strays(bundle, dossier, altered)
        lines += _keys(dossier, given)
        lines += people.keys(dossier.beside.people, known)
        lines += _journals(dossier, given, stated, signed)
        again = recompute(bundle)
        lines += people.said(again.report, reference, dossier.beside.people, known)
        lines += _judged(again, reference, signed)
        lines += _found(again.report, stated, {line.text for line in lines})
        lines += _of_force(bundle)
    except ToolError as error:
        lines.append(Line("finding", "The rest", f"cannot be checked: {error}"))
    return Checked(reference, tuple(lines), tuple(unsigned.bare(signed)))


def _files(bundle: Path, altered: Sequence[files.Unlike]) -> Iterator[Line]:
    part = "Files"
    for one in altered:
        yield Line("finding", part, unlike_text(one))
    if not altered:
        yield Line("ok", part, f"all are as {files.SUMS} says")
    yield Line("note", part, f"SHA-256 of {files.SUMS} itself: {files.digest(bundle / files.SUMS)}")


def _readme(bundle: Path, dossier: Dossier, stated: Any) -> Iterator[Line]:
    """README.txt follows from the values that are compared; the page is drawn by more than a bare Python has."""
    part = "Files"
    try:
        is_same = texts.bundle_readme(stated, dossier.beside.keys) == files.read(bundle, "README.txt")
    except (
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
        IndexError,
    ):  # what is stated is none: that is compared below
        is_same = False
    if is_same:
        yield Line("ok", part, f"README.txt says what {INCIDENT} says")
    else:
        yield Line("finding", part, f"README.txt does not say what {INCIDENT} says")
    yield Line("open", part, f"whether incident.html says what {INCIDENT} says: only that is compared below")


def _strays(bundle: Path, dossier: Dossier, altered: Sequence[files.Unlike]) -> Iterator[Line]:
    known = {one.name for one in altered}
    found = [one for one in strays(bundle, dossier) if one.name not in known]
    for one in found:
        yield Line("finding", "What lies in it", unlike_text(one))
    if not found:
        yield Line("ok", "What lies in it", "every file in evidence/ is read, each journal to its end")


def _keys(dossier: Dossier, given: Sequence[UnitKey]) -> Iterator[Line]:
    part = "Public keys of the units"
    held = [(serial, key) for serial, keys in dossier.beside.keys.items() for key in keys]
    for serial, key in held:
        if UnitKey(serial, key) in given or UnitKey(None, key) in given:
            yield Line("ok", part, f"{serial}: {fingerprint(key)}, which is one that you gave")
        else:
            yield Line("note", part, f"{serial}: {fingerprint(key)}; only this bundle says that it is the unit's")
    for whose, key in given:
        if whose is not None and (whose, key) not in held:
            yield Line("finding", part, f"{fingerprint(key)}, which you gave as {whose}'s, is not {whose}'s here")
        elif key not in [one for _, one in held]:
            text = f"{fingerprint(key)}, which you gave, is no unit's here: the key was exchanged, or is another unit's"
            yield Line("finding", part, text)
    if not held:
        yield Line("open", part, "whose the signatures are: the force vouches for no key here")


def _journals(dossier: Dossier, given: Sequence[UnitKey], stated: Any, signed: dict[str, Judged]) -> Iterator[Line]:
    """`signed`: gets what signatures vouch for, by serial."""
    part = "Journals"
    texts = _stated(stated)
    known = PublicKnowledge(dossier.beside, [one.key for one in given])
    serials = [row.serial for row in dossier.units()]
    examined = []
    for serial in serials:
        place = dossier.place(serial)
        kept = place.kept()
        for name in unlike(dossier.folder, kept):
            yield Line("finding", part, f"{serial}: {name} is not what the unit's journal has")
        for text in unsigned.missing(kept):
            yield Line("open", part, f"{serial}: {text}")
        examined.append(examine(Job(place, known.of(header_of(place)), True)))
        signed[serial] = examined[-1].judged
    for serial, found in zip(serials, compared(examined), strict=True):
        for outcome in found.outcomes:
            if not outcome.is_finding:
                state = "ok" if outcome.name in ("intact", "witnessed") else "open"
                yield Line(state, part, f"{serial}: {outcome.text}")
            else:
                yield Line("finding", part, f"{serial}: {outcome.text}", (serial, outcome.text) in texts)
        for limit in found.limits:
            yield Line("open", part, f"{serial}: {limit}")


def _judged(again: Recomputed, reference: str, signed: Mapping[str, Judged]) -> Iterator[Line]:
    part = "Clocks and verdicts, made anew from the journals"
    for text in (one.text for one in again.differences):
        yield Line("finding", part, f"{INCIDENT}: {text}")
    differs = bool(again.differences)
    for use in again.report.uses:
        if use.incident != reference:
            continue
        for event in use.events:
            own = f"; own cameras: {event.own_verdict}" if use.own_cameras is not None else ""
            text = f"{event.reference} {event.event}, {event.at.text}: {event.verdict} ({event.reason}){own}"
            yield Line("note" if differs else "ok", part, text)
            yield from (Line("open", part, text) for text in _unsigned(use, event, signed))
        yield from (Line("note", part, text) for text in _clocks(again.report, use))
    if not differs:
        yield Line("ok", part, f"every field of {INCIDENT} is what follows from the journals")


def _unsigned(use: Use, event: Event, signed: Mapping[str, Judged]) -> Iterator[str]:
    """Which of the records that an event's verdict rests on no unit's signature covers, in words."""
    cited = {(use.serial, event.sequence)}
    for ground in (event.ground, event.own_ground, event.continuity):
        cited |= {(one.serial, one.sequence) for one in ground.cited} if ground is not None else set()
    bare = sorted((serial, n) for serial, n in cited if serial not in signed or not signed[serial].covers(n))
    if bare:
        names = ", ".join(f"{serial}:{n}" for serial, n in bare)
        yield f"{event.reference}: whether records that this rests on are as written: no signature covers {names}"


def _clocks(report: Report, use: Use) -> Iterator[str]:
    """How well times of this use are known, in words."""
    unit = next(unit for unit in report.units if unit.serial == use.serial)
    for fit in unit.fits:
        if fit.boot == use.began.boot:
            drift = "" if fit.drift_ppm is None else f"; it drifts by {fit.drift_ppm:.1f} ± {fit.drift_u_ppm:.1f} ppm"
            times = "once" if fit.syncs == 1 else f"{fit.syncs} times"
            yield f"{use.serial}'s clock, boot {fit.boot}: set {times}{drift}"
    for offset in use.offsets:
        side = "ahead of" if offset.ms >= 0 else "behind"
        far = f"{abs(offset.ms)} ± {offset.u_ms} ms"
        yield f"{offset.serial}'s clock is {far} {side} {use.serial}'s, by {offset.by}"


def _found(report: Report, stated: Any, told_already: set[str]) -> Iterator[Line]:
    """Findings of the report that are not of one journal alone."""
    seen = _stated(stated)
    for finding in report.findings:
        if f"{finding.serial}: {finding.text}" not in told_already:
            text = f"{finding.serial}: {finding.text}" if finding.serial else finding.text
            yield Line("finding", "Findings", text, (str(finding.serial), finding.text) in seen)


def _stated(stated: Any) -> set[tuple[Any, Any]]:
    """(serial, text) of the findings that the bundle states itself."""
    return {(str(one.get("serial")), str(one.get("text"))) for one in _objects(stated, "findings")}


def _of_force(bundle: Path) -> Iterator[Line]:
    part = "What the force says beyond this, which the bundle cannot prove"
    said = plain.read(files.read(bundle, "force_says.json"), "force_says.json")
    for one in _objects(said, "findings"):
        yield Line("note", part, f"{one.get('name') or ''}: {one.get('text')}")
    for one in _objects(said, "figures"):
        yield Line("note", part, f"{one.get('path')}: {one.get('force')}; here {one.get('here')}")


def _objects(said: Any, name: str) -> list[dict[str, Any]]:
    found = said.get(name) if isinstance(said, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
