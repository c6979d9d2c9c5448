"""Units, sessions and findings of a report, from the journals' own records."""

from collections.abc import Callable, Collection, Sequence

from interlock.core import proof, records, wire
from interlock.core.layout import Record
from interlock.core.settings import ROLE_NAMES

from .. import words
from ..clocks.unit_clock import UnitClock, impossible
from ..judging.contradictions import Contradiction
from ..judging.contradictions import in_words as contradiction_text
from ..judging.disputes import Judged, in_words, told_of
from ..judging.pickups import faulty
from ..time_words import DAY_MS, duration_text, utc_text
from ..vouched import People
from . import model
from .annotated import findings as said_findings
from .asked import Asked
from .held import Held
from .listed import NOTES_OF_UNIT, SESSIONS_OF_UNIT
from .teams import Teams
from .times import is_out, moment


def unit(
    held: Held, clock: UnitClock, uses: int, name_of: Callable[[int], str], asked: Asked, teams: Teams
) -> model.Unit:
    """`uses`: counted of it in this report; `name_of`: any unit's name by its number."""
    journal = "not pulled"
    if held.pulled:
        journal = "altered" if held.altered else "contradictory" if held.findings else "intact"
    boots, unset = len(clock.boots), len(clock.unset)
    since_pull_ms = None if held.read_ms is None else max(0, asked.made_ms - held.read_ms)
    state = "set" if not unset else "partly set" if unset < boots else "not set"
    return model.Unit(
        serial=held.serial,
        name=held.name,
        unit=held.unit,
        role=ROLE_NAMES.get(held.role, "unknown"),
        journal=journal,
        records=len(held.records),
        last_pull_utc_ms=held.read_ms,
        last_pull="never" if held.read_ms is None else utc_text(held.read_ms),
        boots=boots,
        boots_without_clock=unset,
        clock="contradictory" if clock.contradicts else state if boots else "not set",
        gaps=[model.Gap(*gap) for gap in held.gaps],
        lost_records=sum(gap.last - gap.first + 1 for gap in held.gaps),
        conflicts=len(held.conflicts),
        uses=uses,
        assigned=_assigned(held, name_of),
        team=teams.last(held.serial, asked.made_ms),
        overdue_days=None if since_pull_ms is None else since_pull_ms // DAY_MS,
        is_overdue=since_pull_ms is None or since_pull_ms > asked.overdue_days * DAY_MS,
        fits=[model.ClockFit(*fit) for fit in clock.fits],
        pickup_faulty_ms=sum(one.ms for one in faulty(held.records)),
    )


def _assigned(held: Held, name_of: Callable[[int], str]) -> str | None:
    said = [record.fields() for record in held.records if record.kind == records.ASSIGNED]
    last = next((fields for fields in reversed(said) if fields is not None), None)
    return words.assigned_text(last, name_of) if last is not None and last.partner else None


def said(held: Held, clock: UnitClock, asked: Asked, name_of: Callable[[int], str]) -> tuple[list[model.Said], int]:
    """What the unit wrote of itself and its partners, oldest first, and how many older ones are left out."""
    told: list[tuple[Record, str, str]] = []
    assignment = ""
    is_all = asked.since_ms is None and asked.until_ms is None
    for record in held.records:
        fields = record.fields() if record.kind in words.KINDS else None
        if fields is None or (record.kind == records.ALERT and fields.code != proof.ALERT_INTERRUPTED):
            continue  # the other alerts stand with the uses that they are of
        if record.kind == records.LIFE and fields.what == records.LIFE_COUNTS:
            continue  # repeated in each sector
        if not is_all and is_out(_at(held, clock, record), asked):
            continue
        text, about = words.in_words(record.kind, fields, held.role, name_of), words.KINDS[record.kind]
        if about == "assignment":
            # It is written anew at each start and in each sector.
            repeats, assignment = text == assignment, text
            if repeats:
                continue
        told.append((record, about, text))
    shown = told[-NOTES_OF_UNIT:]
    found = [model.Said(held.serial, held.name, _at(held, clock, record), about, text) for record, about, text in shown]
    return found, len(told) - len(shown)


def _at(held: Held, clock: UnitClock, record: Record) -> model.Moment:
    return moment(clock, record.boot, record.uptime_ms, held.came_ms(record.sequence))


def findings(held: Held, clock: UnitClock, people: People, made_ms: int) -> list[model.Finding]:
    """All that an auditor must know of one unit's journal and clock, and of what people say of its records. `people`:
    keys that the force vouches for; `made_ms`: UTC now."""
    texts = [*held.findings]
    if held.conflicts:
        numbers, first = len(held.conflicts), held.conflicts[0].sequence
        texts.append(
            f"two units, or a copied one, may have answered as {held.serial}, or its memory was put back: {numbers} "
            f"{'numbers have' if numbers > 1 else 'number has'} more than one record, the first is {first}. What each "
            "version tells is counted"
        )
    for gap in held.gaps:
        if gap.explained:
            texts.append(
                f"records {gap.first} to {gap.last} were overwritten before anybody pulled them: the unit's memory was "
                "full"
            )
    pickup_ms = sum(one.ms for one in faulty(held.records))
    if pickup_ms:
        texts.append(
            f"its discharge pick-up was faulty for {duration_text(pickup_ms)} in all: discharges may be missing then, "
            "or false"
        )
    texts += [
        *held.misdated,
        *clock.findings,
        *impossible(clock, held.came_ms),
        *said_findings(held, clock, people, made_ms),
    ]
    return [model.Finding(held.serial, held.name, text) for text in texts]


def disputed(held: Held, found: Judged, name_of: Callable[[int], str]) -> list[model.Finding]:
    """Clocks of this unit that what it said to others proves wrong."""
    return [
        model.Finding(held.serial, held.name, in_words(dispute, held.unit, name_of(dispute.other(held.unit))))
        for dispute in told_of(found, held.unit)
    ]


def answered(found: Sequence[tuple[Held, Contradiction]], name_of: Callable[[int], str]) -> list[model.Finding]:
    """Acks in the journals of these weapons' units that cannot be true: the first of each camera, and how many more."""
    told: dict[tuple[str, int], list[Contradiction]] = {}
    held = {}
    for weapon, one in found:
        held[weapon.serial] = weapon
        told.setdefault((weapon.serial, one.camera), []).append(one)
    return [
        model.Finding(serial, held[serial].name, contradiction_text(several[0], name_of(camera), len(several) - 1))
        for (serial, camera), several in sorted(told.items())
    ]


def missed(held: Held, pulled: Collection[int], name_of: Callable[[int], str]) -> list[model.Finding]:
    """Weapons that this unit followed, and whose journals are not here. `pulled`: numbers of the units of which
    anything was pulled."""
    texts = [
        f"it heard {count} triggers of {name_of(sender)}, of which nothing was pulled: its uses are in no figure here"
        for sender, count in sorted(_heard(held).items())
        if sender not in pulled
    ]
    return [model.Finding(held.serial, held.name, text) for text in texts]


def _heard(held: Held) -> dict[int, int]:
    """How many triggers of each unit this one followed, by number."""
    found: dict[int, int] = {}
    for record in held.records:
        fields = record.fields() if record.kind == records.HEARD else None
        if fields is not None:
            found[fields.sender] = found.get(fields.sender, 0) + 1
    return found


def sessions(held: Held, clock: UnitClock, asked: Asked) -> tuple[list[model.Session], int]:
    """Who was at this unit, when, and what was done, oldest first, and how many older ones are left out."""
    found: list[model.Session] = []
    openings: list[tuple[Record, Record | None]] = []
    for record in held.records:
        if record.kind == records.SESSION:
            openings.append((record, None))
        elif record.kind == records.SESSION_END and openings and openings[-1][1] is None:
            if openings[-1][0].boot == record.boot:
                openings[-1] = (openings[-1][0], record)
        elif record.kind == records.REFUSED:
            openings.append((record, record))
    for opening, ending in openings:
        at = _at(held, clock, opening)
        if opening.fields() is not None and not is_out(at, asked):
            found.append(_session(held, at, opening, ending))
    return found[-SESSIONS_OF_UNIT:], max(0, len(found) - SESSIONS_OF_UNIT)


def _session(held: Held, at: model.Moment, opening: Record, ending: Record | None) -> model.Session:
    said = opening.fields()
    if opening.kind == records.REFUSED:
        why = wire.REASON_NAMES.get(said.reason, f"reason {said.reason}")
        return model.Session(held.serial, held.name, at, None, None, why, None, [], None, said.tries)
    end = None if ending is None else ending.fields()
    return model.Session(
        serial=held.serial,
        name=held.name,
        at=at,
        person=said.person.decode("ascii", "replace").rstrip(" \0") or None,
        credential=wire.CREDENTIAL_NAMES.get(said.credential, f"credential {said.credential}"),
        ended=None if end is None else wire.REASON_NAMES.get(end.reason, f"reason {end.reason}"),
        lasted_ms=None if ending is None else ending.uptime_ms - opening.uptime_ms,
        did=[] if end is None else _operations(end.operations),
        pulled_to=None if end is None else end.pulled_to or None,
        refused=0,
    )


def _operations(bits: int) -> list[str]:
    """Names of what a session's end says was asked and granted; bits as in JOURNAL.md, `operations`."""
    names = {wire.done_bit(code): operation.name for code, operation in wire.OPERATIONS.items()}
    did = [names.get(1 << bit, f"request of bit {bit}") for bit in range(16) if bits >> bit & 1]
    return [name for name in did if name not in ("end", "credit", "stop")]
