"""The whole audit: each journal by itself, then the journals of one unit together, then those of different units.

What each comes to is a Report; `commands/verify.py` shows it. Deterministic: the same journals and keys give the same
reports, on any number of processes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..journal_items import Header
from ..verifying.checkpoints import stories
from ..verifying.numbers import by_others
from ..verifying.outcomes import (
    Contradicted,
    Intact,
    Outcome,
    RolledBack,
    TruncatedTail,
    UnsignedSince,
    UnwitnessedTail,
    verdict_of,
)
from ..verifying.outcomes import in_order as outcomes_in_order
from ..verifying.witnesses import Book, Seen, compare
from ..workers.sharing import in_order
from .examine import Examined, Job, Known, examine
from .forks import parting
from .places import InFile, InStore, Place, Remembered, header_of

if TYPE_CHECKING:
    from ..workers.executor import Executor

STORED_BYTES = 1 << 20
"""Taken for the size of a journal in a store, where progress is told."""


@dataclass(frozen=True)
class Report:
    """All that is to be said of one journal. `outcomes`: findings first; `limits`: what could not be shown."""

    place: Place
    header: Header | None
    records: int
    following: int
    torn_writes: int
    sealed: int
    signed: int
    outcomes: tuple[Outcome, ...]
    limits: tuple[str, ...]
    remembered: Remembered | None

    @property
    def verdict(self) -> str:
        return verdict_of(self.outcomes)

    @property
    def findings(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.is_finding)

    @property
    def notes(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if not outcome.is_finding)


Knowing = Callable[[Header | None], Known]
"""What is known of the unit with this header beside its journal."""


Progress = Callable[[float, float], None]
"""Told how much is done, of how much: bytes of files; a journal in a store counts as STORED_BYTES."""


def audit(
    places: Sequence[Place],
    knowing: Knowing,
    beside: Mapping[str, InStore] | None = None,
    executor: "Executor | None" = None,
    progress: Progress = lambda _, __: None,
) -> list[Report]:
    """Reports on `places`, in their order. `beside`: by serial, what a store holds of units: their records are compared
    with those of `places`, and no report is made of them. `executor`: whose workers read the journals, None: this
    process. ToolError when one cannot be read."""
    headers = {place: header_of(place) for place in places}
    with_others = len({header.unit for header in headers.values() if header is not None}) > 1
    work = [Job(place, knowing(headers[place]), with_others) for place in places]
    examined = _examined(work, executor, progress)
    return compared(examined, _beside(examined, beside or {}, knowing))


def compared(examined: Sequence[Examined], extra: Sequence[Examined] = ()) -> list[Report]:
    """Reports on these journals, in their order, each compared with all others. `extra`: no report is made of them."""
    for same in _by_serial([*examined, *extra]).values():
        _compare_one_unit(same)
    known_to = _compare_units(examined, extra)
    return [_report(journal, known_to[place]) for place, journal in enumerate(examined)]


def _examined(work: Sequence[Job], executor: "Executor | None", progress: Progress) -> list[Examined]:
    total = sum(_bytes(job.place) for job in work)
    through = 0
    if executor is None:
        in_turn = []
        for job in work:
            most = _bytes(job.place)

            def read(so_far: int, before: int = through, most: int = most) -> None:
                progress(before + min(so_far, most), total)

            in_turn.append(examine(job, read))
            through += most
            progress(through, total)
        return in_turn

    def done(job: Job) -> None:
        nonlocal through
        through += _bytes(job.place)
        progress(through, total)

    return in_order(examine, work, executor, done, lambda job: _bytes(job.place))


def _bytes(place: Place) -> int:
    return place.size if isinstance(place, InFile) else STORED_BYTES


def _beside(examined: Sequence[Examined], beside: Mapping[str, InStore], knowing: Knowing) -> list[Examined]:
    """What the store holds of the units that are examined."""
    found: dict[str, Examined] = {}
    for journal in examined:
        serial = journal.serial
        if isinstance(journal.place, InFile) and serial in beside and serial not in found:
            assert serial is not None
            found[serial] = examine(Job(beside[serial], knowing(journal.header), False))
    return list(found.values())


def _by_serial(journals: Iterable[Examined]) -> dict[str, list[Examined]]:
    found: dict[str, list[Examined]] = {}
    for journal in journals:
        if journal.serial is not None:
            found.setdefault(journal.serial, []).append(journal)
    return found


# Journals of one unit.


def _compare_one_unit(same: Sequence[Examined]) -> None:
    """Add to each what the others show: where they part, and what was signed twice."""
    told = stories(fact for journal in same for fact in journal.facts)
    for journal in same:
        journal.outcomes += told
    newest = max(same, key=lambda journal: journal.walked.following)
    if newest.known.seal_keys and newest.is_unsealed:
        shows = "gave the unit a seal key, and no record here is under it"
        newest.outcomes.append(TruncatedTail(newest.walked.following, "the vault", shows))
    for journal in same:
        if journal is newest:
            continue
        sequence = parting(journal, newest)
        for one, other in ((journal, newest), (newest, journal)):
            one.agreed_to = max(one.agreed_to, other.sound_to if sequence is None else sequence)
            if sequence is not None:
                one.outcomes.append(_parted(one, other, sequence))


def _parted(one: Examined, other: Examined, sequence: int) -> Outcome:
    if _book(one).is_proven(sequence) and _book(other).is_proven(sequence):
        return RolledBack(sequence, f"{other.place.name} has another record {sequence}, and both are the unit's own")
    return Contradicted(sequence, sequence, f"{other.place.name}, which has another record {sequence}")


# Journals of several units.


def _book(journal: Examined, is_newest: bool = True) -> Book:
    unit = 0 if journal.header is None else journal.header.unit
    book = Book(
        journal.serial or "",
        unit,
        journal.walked,
        journal.testimony,
        journal.sound_to,
        journal.judged.covered,
        is_newest,
    )
    remembered = journal.remembered
    if remembered is None:
        return book
    return replace(book, read_ms=remembered.read_ms, came_ms=remembered.came_ms)


def _compare_units(examined: Sequence[Examined], extra: Sequence[Examined]) -> list[int]:
    """Add to each journal what other units' journals say of it. For each: the number up to which somebody else than the
    unit itself knows its records, `extra` and the other reads of it included."""
    newest: dict[str | None, int] = {}
    for journal in (*examined, *extra):
        newest[journal.serial] = max(newest.get(journal.serial, 0), journal.walked.following)
    books = [_book(journal, journal.walked.following == newest[journal.serial]) for journal in examined]
    for place, misnamed in list(by_others(books)):
        examined[place].outcomes.append(misnamed)
        books[place].unit = misnamed.unit or 0
    twice = _numbers_given_twice(examined, books)
    tellers: dict[int, list[Book]] = {}  # by the unit that they speak of
    for book in books:
        for unit in book.testimony.told_of if book.unit and book.unit not in twice else ():
            tellers.setdefault(unit, []).append(book)
    known_to = []
    for journal, book in zip(examined, books, strict=True):
        seen = Seen((), 0)
        if book.unit and book.unit not in twice:
            seen = compare(book, [other for other in tellers.get(book.unit, ()) if other.unit != book.unit])
        journal.outcomes += seen.outcomes
        known_to.append(max(seen.known_to, journal.judged.signed_to, journal.agreed_to))
    return known_to


def _numbers_given_twice(examined: Iterable[Examined], books: Iterable[Book]) -> set[int]:
    """Unit numbers that more than one serial uses: of different forces, or forged. Nothing is said by numbers then."""
    serials: dict[int, set[bytes]] = {}
    for journal, book in zip(examined, books, strict=True):
        if journal.header is not None:
            serials.setdefault(book.unit, set()).add(journal.header.serial)
    return {unit for unit, of_it in serials.items() if len(of_it) > 1}


# Reports.


def _report(journal: Examined, known_to: int) -> Report:
    walked, judged = journal.walked, journal.judged
    sealed = walked.count("sealed")
    signed = sum(following - first for first, following in judged.covered)
    outcomes = list(journal.outcomes)
    if walked.header is not None and walked.records and walked.fault is None:
        following, begin = walked.following, walked.header.first
        unsigned, unwitnessed = max(judged.signed_to, begin), max(known_to, begin)
        if following > unsigned:
            index = None if judged.last is None else judged.last.index
            outcomes.append(UnsignedSince(unsigned, following - unsigned, index))
        if following > unwitnessed:
            outcomes.append(UnwitnessedTail(unwitnessed, following - unwitnessed))
    if not any(outcome.is_finding for outcome in outcomes):
        outcomes.insert(0, Intact(walked.records, sealed, signed, walked.count("loose")))
    return Report(
        journal.place,
        walked.header,
        walked.records,
        walked.following,
        walked.torn,
        sealed,
        signed,
        outcomes_in_order(outcomes),
        tuple(_limits(journal)),
        journal.remembered,
    )


_UNTIED = (
    "whether that is where its seal continues: whoever took the unit apart can have sealed it anew under the key that "
    "they found; heads, checkpoints and other units' journals tell"
)


def _limits(journal: Examined) -> Iterable[str]:
    """What could not be shown of this journal, and why."""
    walked, known = journal.walked, journal.known
    if walked.header is None:
        return
    chained = walked.count("chained")
    if chained and known.in_vault is None:
        yield f"the seals of {chained} records: no vault was given"
    elif chained and not known.seal_keys:
        yield f"the seals of {chained} records: the vault has no seal key of this unit"
    elif chained:
        yield f"the seals of {chained} records: they stand behind the first that does not fit"
    if walked.count("open"):
        yield f"who wrote the {walked.count('open')} records before the unit was set up: their key is everybody's"
    if walked.count("loose"):
        yield f"{walked.count('loose')} records behind holes: neither chain nor seal reaches them"
    if walked.header.first:
        yield f"what was before record {walked.header.first}, and {_UNTIED}"
    for hole in walked.holes:
        if walked.held_by(walked.loose_from(hole.last + 1)) == "sealed":
            yield f"behind record {hole.last}, {_UNTIED}"
            break
    for fact in journal.judged.apart:
        said = f"checkpoint {fact.index} ({fact.where}), signed before record {fact.said.following}"
        yield f"whether the journal is what {said}: what was there is missing, or behind a hole"
    covered = journal.judged.covered
    if covered and any(hole.first < journal.judged.signed_to for hole in walked.holes):
        yield f"whether records before {covered[-1][0]} are what was signed: no signature reaches back over a hole"
    if journal.facts and not known.signing_keys:
        yield "whose its signatures are: no public key was given"
    if not journal.testimony.heads:
        yield "whether its end was cut off, and whether all that was on the air is in it: it was checked alone"
