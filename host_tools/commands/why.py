"""`interlock why EVENT`: why a verdict is what it is, record by record."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding

from interlock.core.layout import Record

from ..clocks.unit_clock import UnitClock
from ..console import Console
from ..context import Context, utc_ms
from ..naming import EVENT, did_you_mean, event_called
from ..outcome import ToolError
from ..record_words import fields_text
from ..reporting.asked import Asked
from ..reporting.grounds import Annotation, Cited, Continuity, Ground
from ..reporting.model import Event, Report, Use
from ..reporting.times import moment
from ..time_words import duration_text
from .progress import working
from .running import Json, of, print_json
from .tables import STYLES, console, shown

if TYPE_CHECKING:
    from ..store.lines import StoredJournal

LISTED = 8
"""Events that are named when another one is asked for."""
CONFIRMED = "Its pick-up heard enough pulses to be sure."
UNCONFIRMED = "Not confirmed by its pick-up: a stray pulse, or too little of it was heard. It counts all the same."
KNOWN_BY = {"both": "radio and UTC"}


def why(
    context: typer.Context,
    event: Annotated[str, typer.Argument(metavar="SERIAL:NUMBER", help="The event, as interlock report lists it")],
    as_json: Json = False,
) -> None:
    """Why the verdict on a draw, arm or discharge is what it is: which row of the truth table decided, how it was met,
    and every record that this rests on, in the order of the argument, for any camera and for the holster's own. Also
    whether the recording went on until the weapon was back, how far the cameras' clocks were ahead of the weapon's, and
    what people say of it.

    The rows are in host_tools/FIGURES.md (The verdict). What an event is called: interlock report lists them. An event
    that two versions of a journal tell is shown as each of them has it.

    Examples:

    - `interlock why H1:57`
    - `interlock why H1:57 --json`: for programs

    Next: `interlock verify` says who vouches for those records; `interlock annotate H1:57` says something beside it.

    Exit codes: 0 done; 2 usage (there is no such event).

    JSON: a list, with one entry for each version of the journal that tells the event: {reference, serial, name,
    version, event, at, after_ms, verdict, reason, camera, late_by_ms, late_by_u_ms, buffer_covers, ground, own_verdict,
    own_reason, own_camera, own_late_by_ms, own_late_by_u_ms, own_buffer_covers, own_ground, continuity, offsets, end,
    annotations, exempt, confirmed, pickup_faulty_ms}; as in interlock report --json. ground, own_ground, continuity and
    end have cited: [{serial, name, sequence, kind, says, at_ms, fields, utc}]: a record, what it shows here, what is in
    it, and when it was made.
    """
    home = of(context)
    if EVENT.fullmatch(event) is None:
        raise ToolError(f"{event!r} is no event", "Name it as interlock report lists it, such as H1:57.")
    from .report import from_home

    vault = home.open_vault() if home.has_vault else None
    with working("Reading the journals", total=1, quiet=as_json) as step:
        made = from_home(home, vault, Asked(utc_ms()), lambda done, total: step(100 * done / (total or 1), 100))
    found = _found(made, event_called({unit.serial: unit.name for unit in made.units}, event))
    reader = Reader(home, made)
    if as_json:
        print_json([_plain(use, told, reader) for use, told in found])
        return
    for use, told in found:
        _show(use, told, reader)


def _found(made: Report, reference: str) -> list[tuple[Use, Event]]:
    """The event, once for each version of the journal that tells it. ToolError when none does."""
    wanted = reference.casefold()
    events = [(use, event) for use in made.uses for event in use.events]
    found = [(use, event) for use, event in events if event.reference.casefold() == wanted]
    if found:
        return found
    serial, _, number = wanted.rpartition(":")
    near = sorted(
        (abs(event.sequence - int(number)), event.sequence, event.reference)
        for use, event in events
        if use.serial.casefold() == serial
    )
    if near:
        listed = ", ".join(name for _, _, name in sorted(near[:LISTED], key=lambda told: told[1]))
        advice = f"Its events nearby: {listed}. interlock report lists all."
    else:
        weapons = dict.fromkeys(use.serial for use, _ in events)
        advice = f"{did_you_mean(serial, weapons)}interlock report lists events by serial and number, such as H1:57."
    raise ToolError(f"no draw, arm or discharge is record {number} of {reference.rpartition(':')[0]}", advice)


@dataclass
class Reader:
    """Looks records up as they are stored."""

    home: Context
    made: Report

    def __post_init__(self) -> None:
        self._journals: dict[str, tuple[StoredJournal, UnitClock]] = {}
        self._names = {unit.unit: unit.name for unit in reversed(self.made.units)}
        self._known = {unit.serial for unit in self.made.units if unit.records}
        self._contradicted = {unit.serial for unit in self.made.units if unit.clock == "contradictory"}

    def told(self, cited: Cited, version: int) -> dict[str, Any]:
        """The cited record, what is in it, and when it was made. `version`: of the journal that tells the use."""
        plain = asdict(cited) | {"fields": None, "utc": None}
        found = self._record(cited, version)
        if found is None:
            return plain
        journal, clock, record = found
        at = moment(clock, record.boot, record.uptime_ms, None)
        name = self._names.get
        fields = fields_text(record, journal.header.role, lambda unit: name(unit) or f"unit {unit}")
        # Its own clock alone says this.
        doubt = " (contradicted, see findings)" if cited.serial in self._contradicted and at.utc_ms is not None else ""
        return plain | {"fields": fields, "utc": at.text + doubt}

    def _record(self, cited: Cited, version: int) -> "tuple[StoredJournal, UnitClock, Record] | None":
        if cited.serial not in self._known or not self.home.has_store:
            return None
        if cited.serial not in self._journals:
            store = self.home.open_store(read_only=True)
            try:
                journal = store.journal(cited.serial)
            finally:
                store.close()
            self._journals[cited.serial] = journal, UnitClock(journal.records)
        journal, clock = self._journals[cited.serial]
        lines = [journal.records, *(branch.records for branch in journal.branches)]
        ordered = [lines[version - 1], *lines] if version <= len(lines) else lines
        records = (record for line in ordered for record in line if record.sequence == cited.sequence)
        record = next(records, None)
        return None if record is None else (journal, clock, record)


def _plain(use: Use, event: Event, reader: Reader) -> dict[str, Any]:
    def ground(found: Ground) -> dict[str, Any]:
        cited = [reader.told(one, use.version) for one in found.cited]
        return {"row": found.row, "condition": found.condition, "cited": cited}

    told = asdict(event)
    kept = {name: value for name, value in told.items() if name not in ("sequence", "witnesses", "alerts", "aired")}
    kept.pop("contradicted")
    ran = event.continuity
    followed = None
    if ran is not None:
        cited = [reader.told(one, use.version) for one in ran.cited]
        followed = asdict(ran) | {"breaks": [list(gap) for gap in ran.breaks], "cited": cited}
    return kept | {
        "serial": use.serial,
        "name": use.name,
        "version": use.version,
        "ground": ground(event.ground),
        "own_ground": ground(event.own_ground),
        "continuity": followed,
        "offsets": [asdict(offset) for offset in use.offsets],
        "end": ground(use.end),
        "pickup_faulty_ms": use.pickup_faulty_ms,
    }


# For people.


def _show(use: Use, event: Event, reader: Reader) -> None:
    out = console()
    version = f", version {use.version} of its journal" if use.version > 1 else ""
    out.print(f"[bold]{shown(event.reference)}[/]: {event.event} by {shown(use.name)}{version}, {event.at.text}")
    if event.confirmed is not None:
        out.print(CONFIRMED if event.confirmed else f"[yellow]{UNCONFIRMED}[/]")
    if use.pickup_faulty_ms:
        lasted = duration_text(use.pickup_faulty_ms)
        out.print(f"[yellow]Its pick-up was faulty for {lasted} of this use: discharges may be missing, or false.[/]")
    _verdict(out, "Any camera", event.verdict, event.camera, event.ground)
    _records(out, event.ground.cited, use, reader)
    if event.own_ground == event.ground:
        out.print("Own camera: the same.\n")
    else:
        _verdict(out, "Own camera", event.own_verdict, event.own_camera, event.own_ground)
        _records(out, event.own_ground.cited, use, reader)
    if event.continuity is not None:
        _continuity(out, event.continuity, use, reader)
    out.print(f"End of the use: {shown(use.end.condition)}.")
    for offset in use.offsets:
        certain = f"certainly between {_ahead(offset.low_ms)} and {_ahead(offset.high_ms)}"
        name, by = shown(f"{offset.camera}, start {offset.boot}"), KNOWN_BY.get(offset.by, offset.by)
        sure = f"± {offset.u_ms} ms, in 95 of 100 cases; {certain}"
        out.print(f"Clock of {name}: {_ahead(offset.ms)} ({sure}), known by {by}.")
    for said in event.annotations:
        out.print(_annotation(said))


def _ahead(ms: int) -> str:
    """Of a clock, beside the weapon's."""
    return f"{abs(ms)} ms {'behind' if ms < 0 else 'ahead'}"


def _verdict(out: Console, whose: str, verdict: str, camera: str | None, ground: Ground) -> None:
    by = f" ({shown(camera)})" if camera else ""
    out.print(f"\n{whose}: [{STYLES[verdict]}]{verdict}[/]{by}, row {ground.row}: {shown(ground.condition)}.")


def _records(out: Console, several: list[Cited], use: Use, reader: Reader) -> None:
    """Two lines a record: what it shows, and what is in it."""
    for one in several:
        told = reader.told(one, use.version)
        since = "" if one.at_ms is None else f"{one.at_ms / 1000:+.3f} s"
        record = f"{one.serial}:{one.sequence}"
        name = f" ({one.name})" if one.name != one.serial else ""
        out.print(Padding(f"[bold]{shown(record)}[/] {since:>10}  {shown(one.says)}", (0, 0, 0, 2), expand=False))
        if told["fields"] is not None:
            words = shown(f"{one.kind}{name}: {told['fields']}; {told['utc']}")
            out.print(Padding(words, (0, 0, 0, 4), style="dim", expand=False))


def _continuity(out: Console, ran: Continuity, use: Use, reader: Reader) -> None:
    out.print(f"Until the weapon was back: [bold]{ran.state}[/]: {shown(ran.reason)}.")
    _records(out, ran.cited, use, reader)


def _annotation(said: Annotation) -> str:
    signed = f"signature: {said.signature}"
    confirmed = f", confirmed by {said.confirmed_by}" if said.confirmed_by else ""
    doubts = f"; {'; '.join(said.doubts)}" if said.doubts else ""
    text = f": {said.text}" if said.text else ""
    words = f"{said.code}{text} (said by {said.by}, {said.at}; {signed}{confirmed}{doubts})"
    return f"[cyan]annotation[/] {shown(words)}"
