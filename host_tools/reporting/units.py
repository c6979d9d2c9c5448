"""Units, sessions and findings of a report, from the journals' own records."""

from collections.abc import Callable, Sequence

from interlock.core import proof, records, wire
from interlock.core.layout import Record
from interlock.core.settings import ROLE_NAMES

from .. import words
from ..clocks.unit_clock import UnitClock
from . import model
from .held import Held
from .times import is_before, moment, utc_text


def unit(held: Held, clock: UnitClock, uses: int, name_of: Callable[[int], str]) -> model.Unit:
    """`uses`: counted of it in this report; `name_of`: any unit's name by its number."""
    journal = "not pulled"
    if held.pulled:
        journal = "altered" if held.altered else "contradictory" if held.findings else "intact"
    boots, unset = len(clock.boots), len(clock.unset)
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
        clock="contradictory" if clock.findings else state if boots else "not set",
        gaps=[model.Gap(*gap) for gap in held.gaps],
        lost_records=sum(gap.last - gap.first + 1 for gap in held.gaps),
        conflicts=len(held.conflicts),
        uses=uses,
        assigned=_assigned(held, name_of),
    )


def _assigned(held: Held, name_of: Callable[[int], str]) -> str | None:
    said = [record.fields() for record in held.records if record.kind == records.ASSIGNED]
    last = next((fields for fields in reversed(said) if fields is not None), None)
    return words.assigned_text(last, name_of) if last is not None and last.partner else None


def said(held: Held, clock: UnitClock, since_ms: int | None, name_of: Callable[[int], str]) -> list[model.Said]:
    """What the unit wrote of itself and its partners, oldest first."""
    found: list[model.Said] = []
    for record in held.records:
        fields = record.fields() if record.kind in words.KINDS else None
        if fields is None or (record.kind == records.ALERT and fields.code != proof.ALERT_INTERRUPTED):
            continue  # the other alerts stand with the uses that they are of
        at = moment(clock, record.boot, record.uptime_ms, held.came_ms(record.sequence))
        text = words.in_words(record.kind, fields, held.role, name_of)
        about = words.KINDS[record.kind]
        # An assignment is written anew at each start and in each sector.
        repeats = about == "assignment" and text == next((s.text for s in reversed(found) if s.about == about), None)
        if not is_before(at, since_ms) and not repeats:
            found.append(model.Said(held.serial, held.name, at, about, text))
    return found


def findings(held: Held, clock: UnitClock) -> list[model.Finding]:
    """All that an auditor must know of one unit's journal and clock."""
    texts = [*held.findings]
    for gap in held.gaps:
        if gap.explained:
            texts.append(
                f"records {gap.first} to {gap.last} were overwritten before anybody pulled them: the unit's memory was "
                "full"
            )
    return [model.Finding(held.serial, held.name, text) for text in [*texts, *clock.findings]]


def sessions(held: Held, clock: UnitClock, since_ms: int | None) -> list[model.Session]:
    """Who was at this unit, when, and what was done, oldest first."""
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
        at = moment(clock, opening.boot, opening.uptime_ms, held.came_ms(opening.sequence))
        if opening.fields() is not None and not is_before(at, since_ms):
            found.append(_session(held, at, opening, ending))
    return found


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


def notes(helds: Sequence[Held], has_own: bool, others: int) -> list[str]:
    """What limits the figures of this report, for readers. `others`: uses from other versions of a journal."""
    found = []
    never = [held.name for held in helds if not held.pulled]
    if never:
        found.append(
            f"Of {len(never)} known units nothing was pulled yet ({', '.join(never)}). Their uses are not in these "
            "figures, and where a camera among them may have recorded, the verdict is indeterminate."
        )
    gapped = [held.name for held in helds if held.gaps]
    if gapped:
        found.append(
            f"Records are missing in the journals of {', '.join(gapped)}. Uses may have been in them that nobody "
            "counted here."
        )
    vouched = [
        f"{held.name}: {held.vouched[0]} by the seal, {held.vouched[1]} by signatures, of {len(held.records)}"
        for held in helds
        if held.vouched is not None and held.records
    ]
    if vouched:
        found.append(f"Records that more than checksums vouch for: {'; '.join(vouched)}. interlock verify says more.")
    if any(held.findings for held in helds):
        found.append("Journals with findings (see there) never prove the absence of a recording.")
    if others:
        found.append(f"{others} uses come from a second version of a unit's journal. They are counted and marked.")
    if not has_own:
        found.append(
            "Which cameras belong to which holster is not known here: this computer has no vault of the force. The "
            "verdict for the officer's own camera is therefore left open."
        )
    return found
