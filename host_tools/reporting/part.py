"""A part of a report: what the journals of one neighbourhood tell. Units of other neighbourhoods never met these, so
that nothing here depends on them; `parts.added` adds up."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from ..clocks.unit_clock import UnitClock
from ..joined import Joined
from ..judging.contradictions import Contradiction, contradictions
from ..judging.evidence import Evidence, gather
from ..verifying.mentions import mentions
from ..vouched import People
from . import incidents, model, pairs
from . import units as report_units
from .annotated import annotations
from .asked import Asked
from .coverage import by_reading
from .held import Held, unpulled
from .listed import TESTS_OF_UNIT, Left, age_of_incident, apart, without
from .parts import Part, added
from .teams import NO_TEAMS, Teams
from .times import in_order, is_out
from .uses import Court, Tried


def part(
    journals: Sequence[Held],
    own: Mapping[int, Sequence[int]] | None,
    asked: Asked,
    teams: Teams = NO_TEAMS,
    people: People | None = None,
    absent: Sequence[Held] = (),
) -> Part:
    """`journals`: all units of one neighbourhood, or of several, that are known, also those of which nothing was
    pulled; `own`: numbers of each holster's own cameras by its number, or None when that is not known; `people`: keys
    that the force vouches for; `absent`: cameras of other neighbourhoods, which may have recorded, unheard by any of
    these: no records, only up to when they were read."""
    groups = _groups(journals, own)
    parts = []
    for group in groups:
        elsewhere = [_outline(camera) for other in groups if other is not group for camera in other]
        cameras = [camera for camera in elsewhere if camera.role & ROLE_CAMERA]
        parts.append(_neighbourhood(group, own, asked, teams, people or {}, by_reading([*absent, *cameras])))
    return added(parts)


def _groups(journals: Sequence[Held], own: Mapping[int, Sequence[int]] | None) -> list[list[Held]]:
    """By neighbourhood: whoever speaks of whom, whoever is paired, and all that go by one number."""
    joined = Joined()
    for journal in journals:
        versions = (journal.records, *(branch.records for branch in journal.branches))
        told = mentions(record.raw for version in versions for record in version)
        for number in {journal.unit, *told}:
            joined.join(journal.serial, number)
    for holster, cameras in (own or {}).items():
        for camera in cameras:
            joined.join(holster, camera)
    found: dict[Hashable, list[Held]] = {}
    for journal in sorted(journals, key=lambda journal: (not journal.pulled, journal.serial)):
        found.setdefault(joined.root(journal.serial), []).append(journal)
    return list(found.values())


def _outline(camera: Held) -> Held:
    """All that is asked of a camera elsewhere: until when it was read, if nothing is missing up to there."""
    is_whole = camera.pulled and not camera.findings and not camera.gaps
    outline = unpulled(camera.serial, camera.unit, camera.role, camera.name)
    return replace(outline, pulled=True, read_ms=camera.read_ms) if is_whole else outline


def _neighbourhood(
    journals: Sequence[Held],
    own: Mapping[int, Sequence[int]] | None,
    asked: Asked,
    teams: Teams,
    people: People,
    absent: Sequence[Held],
) -> Part:
    held: dict[int, Held] = {}
    doubles: list[Held] = []  # of those that share a number, which no sound vault gives out twice
    for journal in journals:
        if journal.unit in held and journal.pulled:
            doubles.append(journal)
        held.setdefault(journal.unit, journal)
    main = Court(_gathered(held), held, own, teams, absent=absent)
    known = {held[unit].serial: clock for unit, clock in main.evidence.clocks.items()}
    clocks = {j.serial: known[j.serial] if j.serial in known else UnitClock(j.records) for j in journals}
    officers = main.officers()
    said = {
        j.serial: annotations(j, clocks[j.serial], people, officers.get(j.serial, {}), asked.made_ms) for j in journals
    }
    courts = _courts(held, doubles, replace(main, said=said))
    tried = [found for court in courts for found in court.tried() if not is_out(found.use.began, asked)]
    tried.sort(key=lambda found: (*in_order(found.use.began), found.use.serial, found.use.version))
    uses, together = incidents.joined(tried)
    listed, together, unlisted = without(uses, together, _too_many(uses, together))
    pulled = {journal.unit for journal in journals if journal.pulled}
    counted = Counter(use.serial for use in uses)

    def name_of(unit: int) -> str:
        return held[unit].name if unit in held else f"unit {unit}"

    unlike = pairs.unlike(main.evidence.uses, {unit: j.records for unit, j in held.items()}, own, name_of)
    noted = [report_units.said(j, clocks[j.serial], asked, name_of) for j in journals]
    visited = [report_units.sessions(j, clocks[j.serial], asked) for j in journals]
    return Part(
        uses=listed,
        incidents=together,
        units=[report_units.unit(j, clocks[j.serial], counted[j.serial], name_of, asked, teams) for j in journals],
        findings=[
            *(f for j in journals for f in report_units.findings(j, clocks[j.serial], people, asked.made_ms)),
            *(f for j in held.values() for f in report_units.disputed(j, main.evidence.disputed, name_of)),
            *report_units.answered(_contradictions(tried), name_of),
            *(model.Finding(held[unit].serial, held[unit].name, text) for unit, text in unlike.items()),
        ],
        sessions=[session for several, _ in visited for session in several],
        said=[note for several, _ in noted for note in several],
        vouched={j.serial: j.vouched for j in journals if j.vouched is not None},
        unlisted=unlisted,
        left=Left(sum(left for _, left in noted), sum(left for _, left in visited)),
        missed=[f for j in journals for f in report_units.missed(j, pulled, name_of)],
    )


def _contradictions(tried: Sequence[Tried]) -> list[tuple[Held, Contradiction]]:
    """Acks that cannot be true, of these uses, with the weapon that received each."""
    return [(one.held[one.told.unit], found) for one in tried for found in contradictions(one.evidence, one.told)]


def _too_many(uses: Sequence[model.Use], together: Sequence[model.Incident]) -> list[model.Incident]:
    """Of each weapon's incidents in which every use counts apart, all but the newest."""
    of_weapon: dict[str, list[model.Incident]] = {}
    for incident in apart(uses, together):
        of_weapon.setdefault(incident.serials[0], []).append(incident)
    return [one for several in of_weapon.values() for one in sorted(several, key=age_of_incident)[:-TESTS_OF_UNIT]]


def _courts(held: Mapping[int, Held], doubles: Sequence[Held], main: Court) -> list[Court]:
    """One for the main lines, then one for each other version of a journal, with what only that one tells: nothing is
    left out because it contradicts something else."""
    courts = [main]
    for journal in (*held.values(), *doubles):
        if not journal.role & ROLE_HOLSTER:
            continue
        whole = [] if held[journal.unit] is journal else [(1, 0, journal)]
        beside = [
            (version, branch.begins, replace(journal, records=branch.records))
            for version, branch in enumerate(journal.branches, 2)
        ]
        for version, begins, told in whole + beside:
            instead = {**held, told.unit: told}
            court = replace(main, evidence=_gathered(instead), held=instead)
            courts.append(replace(court, only=told.unit, version=version, begins=begins))
    return courts


def _gathered(held: Mapping[int, Held]) -> Evidence:
    return gather(journal.journal() for journal in held.values() if journal.pulled)
