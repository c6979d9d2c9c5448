"""The report made: journals audited, units grouped, each neighbourhood judged by itself, and all put together.

Only the records of one neighbourhood are in a process at a time. `report.py` has what is pure of it; here it is shared
out, to as many processes as an executor has. The report is the same for any number of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..auditing.audit import Knowing, compared
from ..auditing.examine import Job, Known, examine
from ..auditing.places import Loaded
from ..journal_items import Header
from ..label import serial_text
from ..statements.weigh import astray
from ..store.rows import AnnotationRow
from ..verifying.outcomes import Altered, Misnamed
from ..workers.sharing import in_order, shared
from .asked import Asked, Beside, Holdings
from .doubted import doubted_from
from .held import from_store, unpulled
from .holdings import StoreHoldings
from .model import Finding, Report
from .neighbours import (
    Neighbourhood,
    absent,
    as_shown,
    kept_at,
    look,
    named,
    neighbourhoods,
    outsiders,
    own_cameras,
    read_ms,
)
from .part import part
from .parts import Part, added
from .report import whole
from .teams import Teams

if TYPE_CHECKING:
    from ..workers.executor import Executor

Progress = Callable[[float, float], None]
"""Told how much is done, of how much."""

_LOOKING, _JUDGING = 1, 4
"""What a unit's first and second reading are of the work, about, where progress is told."""


class Audited(NamedTuple):
    """What the audit says of one journal. `altered`: where it is not as it was written, None: nowhere; `findings`: in
    words; `sealed`, `signed`: records that the seal and those that signatures vouch for; `doubted`: from this record on
    it is altered, or something contradicts it, None: nowhere; `unit`: its number by what others heard, None: as it
    states."""

    altered: str | None
    findings: tuple[str, ...]
    sealed: int
    signed: int
    doubted: int | None = None
    unit: int | None = None


def by_public_keys(beside: Beside) -> Knowing:
    """What is known of units without the force's secrets: whoever knows only this can tell no seal."""

    def known(header: Header | None) -> Known:
        serial = "" if header is None else serial_text(header.serial)
        unit = beside.units.get(serial)
        return Known(
            signing_keys=dict.fromkeys(beside.keys.get(serial, ()), "vault"),
            identity=None if unit is None else (unit.number, unit.role),
            in_vault=False if beside.units else None,
        )

    return known


def make(
    holdings: Holdings,
    beside: Beside,
    asked: Asked,
    executor: "Executor | None" = None,
    progress: Progress = lambda _, __: None,
    *,
    knowing: Knowing | None = None,
    audits: Mapping[str, Audited] | None = None,
) -> Report:
    """The report of all that is held: arguments as of `parts`."""
    return whole(parts(holdings, beside, asked, executor, progress, knowing=knowing, audits=audits), beside, asked)


def parts(
    holdings: Holdings,
    beside: Beside,
    asked: Asked,
    executor: "Executor | None" = None,
    progress: Progress = lambda _, __: None,
    *,
    knowing: Knowing | None = None,
    audits: Mapping[str, Audited] | None = None,
) -> Iterator[Part]:
    """One of each neighbourhood, in any order. `executor`: whose workers read the journals, None: this process;
    `knowing`: keys for seals and signatures, None: the public ones that are in `beside`; `audits`: by serial, what
    another audit found and is taken over here, for whoever lacks the keys. ToolError when a journal cannot be read."""
    serials = [unit.serial for unit in holdings.units()]
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        progress(done, len(serials) * (_LOOKING + _JUDGING))

    seen = in_order(partial(look, holdings), serials, executor, lambda _: told(_LOOKING))
    knows = by_public_keys(beside) if knowing is None else knowing
    by_serial = {unit.serial: unit for unit in seen}
    beside = as_shown(beside, seen)
    groups = neighbourhoods(seen, beside)
    reads = dict(in_order(partial(read_ms, holdings), outsiders(groups, beside), executor))
    said: dict[str, list[AnnotationRow]] = {}
    for row in holdings.annotations():
        said.setdefault(row.serial, []).append(row)
    work = [
        Neighbours(
            holdings,
            {serial: knows(by_serial[serial].header) for serial in around.serials},
            {serial: said[serial] for serial in around.serials if serial in said},
            None if audits is None else {serial: audits[serial] for serial in around.serials},
            around,
        )
        for around in groups
    ]
    work.sort(key=lambda neighbours: -len(neighbours.known))  # the last one that is begun should be short
    judge = partial(judged, beside=beside, asked=asked, teams=Teams.of(holdings.roster()), reads=reads)
    texts = [astray(row) for serial, rows in said.items() if serial not in by_serial for row in rows]
    texts += holdings.oddities() if isinstance(holdings, StoreHoldings) else []
    yield replace(added(()), findings=[Finding(None, None, text) for text in texts])
    for neighbours, made in shared(judge, work, executor):
        told(_JUDGING * len(neighbours.known))
        yield made


class Neighbours(NamedTuple):
    """What one neighbourhood is judged by, beside what is the same for all. By serial: `known`, keys; `said`, all that
    was ever said; `audits`, what is taken over, None: nothing."""

    holdings: Holdings
    known: Mapping[str, Known]
    said: Mapping[str, list[AnnotationRow]]
    audits: Mapping[str, Audited] | None
    around: Neighbourhood


def judged(work: Neighbours, *, beside: Beside, asked: Asked, teams: Teams, reads: Mapping[str, int | None]) -> Part:
    """One neighbourhood, in any process."""
    loaded = {serial: kept_at(work.holdings, serial).loaded() for serial in work.around.serials}
    audits = audited(work, loaded) if work.audits is None else work.audits
    journals = [unpulled(serial, *named(beside.units[serial], serial)) for serial in work.around.missing]
    for serial in work.around.serials:
        held = from_store(loaded.pop(serial).journal).annotated(work.said.get(serial, ()))
        if serial in beside.units:
            held = held.named(*named(beside.units[serial], serial))
        journals.append(held.audited(*audits[serial]))
    numbers = {held.serial: (held.unit, held.role) for held in journals}
    own, elsewhere = own_cameras(beside, numbers), absent(reads, beside, work.around)
    return part(journals, own, asked, teams, beside.people, elsewhere)


def audited(work: Neighbours, loaded: Mapping[str, Loaded]) -> dict[str, Audited]:
    """What `interlock verify` says of these journals, by serial."""
    jobs = {serial: Job(work.holdings.place(serial), work.known[serial], True) for serial in loaded}
    reports = compared([examine(job, loaded=loaded[serial]) for serial, job in jobs.items()])
    found: dict[str, Audited] = {}
    for serial, report in zip(jobs, reports, strict=True):
        altered = next((outcome.text for outcome in report.findings if isinstance(outcome, Altered)), None)
        texts = tuple(outcome.text for outcome in report.findings)
        shown = [outcome.unit for outcome in report.findings if isinstance(outcome, Misnamed)]
        unit = next((number for number in shown if number is not None), None)
        doubted = doubted_from(report.findings)
        found[serial] = Audited(altered, texts, report.sealed, report.signed, doubted, unit)
    return found
