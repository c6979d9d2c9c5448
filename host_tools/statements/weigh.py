"""What of all that people said of a unit's events is to be believed. Pure; standard library and interlock.core only.

Whoever has the database can insert rows, alter and copy them. What they cannot do is sign. So of each row it is asked
whether its signature fits what it says and the record that is here; whether the force vouches that the key is that
person's, then; and a row takes away, or confirms, only what is no better signed than itself. Rules, in words:
`host_tools/STATEMENTS.md`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from interlock.core import records
from interlock.core.layout import decode

from ..store.rows import CODES, CONFIRMED, WITHDRAWN, AnnotationRow
from ..vouched import People, holders, signs, term
from . import statement

State = Literal["good", "stranger", "forged", "none"]
_RANK: dict[State, int] = {"forged": 0, "none": 1, "stranger": 2, "good": 3}
KEY_DIGITS = 16
AHEAD_MS = 600_000  # how far off a host's clock may be that nobody checked

RawOf = Callable[[int], "bytes | tuple[bytes, ...] | None"]
"""The record of this number as it is here: its bytes; several, where the unit told more than one; None: it is not."""


class Weighed(NamedTuple):
    """A statement that stands. `signature`: good, by a key that the force vouches for as this person's then; stranger,
    good by another key; forged, it does not fit; none. `key`: the first 16 digits of it, None: none. `confirmed_by`:
    the second person, whose own signature is good. `doubts`: in words, what speaks against it."""

    row: AnnotationRow
    signature: State
    key: str | None
    confirmed_by: str | None
    confirmed_utc_ms: int | None
    doubts: tuple[str, ...]


class Known(NamedTuple):
    """What is known of events beside their records. `happened_ms`: UTC before which this event was certainly not;
    `officer`: whose use it is; None: not known. `now_ms`: when this is asked."""

    happened_ms: Callable[[int], int | None] = lambda _: None
    officer: Callable[[int], str | None] = lambda _: None
    now_ms: int | None = None


class _Judged(NamedTuple):
    row: AnnotationRow
    digest: bytes
    state: State
    why: str  # of forged and stranger


def weighed(rows: Sequence[AnnotationRow], raw_of: RawOf, people: People, known: Known | None = None) -> list[Weighed]:
    """Those that stand of one unit's `rows`, which are in the order in which they were said."""
    return _weigh(rows, raw_of, people, known or Known())[0]


def findings(rows: Sequence[AnnotationRow], raw_of: RawOf, people: People, known: Known | None = None) -> list[str]:
    """What somebody did to the rows, or left undone: forged and copied ones, unsigned ones of people who can sign,
    those about what is no event or is not here, of a date that cannot be, those that take away what another one said,
    or more than they may. In words, each with its event."""
    return _weigh(rows, raw_of, people, known or Known())[1]


def astray(row: AnnotationRow) -> str:
    """The finding of a row about a unit that is not here at all, in words: nobody weighs it, a withdrawal least."""
    text = f"{_named(row)} is about a unit of which nothing is here: it was moved there, or that unit was taken out"
    is_forged = state(row, lambda _: None, {})[0] == "forged"
    return f"{text}; its signature does not fit what it says" if is_forged else text


def _weigh(
    rows: Sequence[AnnotationRow], raw_of: RawOf, people: People, known: Known
) -> tuple[list[Weighed], list[str]]:
    found: list[str] = []
    judged = _judged(rows, raw_of, people, known, found)
    for one in judged:
        found += _wrong(one, raw_of, people, known)
    gone = _withdrawn(judged, found)
    confirmations: dict[bytes, list[_Judged]] = {}
    for one in judged:
        if one.row.code == CONFIRMED and one.digest not in gone:
            confirmations.setdefault(one.row.about or b"", []).append(one)
    said = [one for one in judged if one.row.code in CODES]
    events = {(one.row.sequence, one.digest) for one in said}
    for of in confirmations.values():
        found += [
            f"{_named(one.row)} confirms a statement that is not here"
            for one in of
            if (one.row.sequence, one.row.about) not in events
        ]
    standing = [
        _stands(one, confirmations.get(one.digest, ()), people, known) for one in said if one.digest not in gone
    ]
    return standing, found


def _judged(
    rows: Iterable[AnnotationRow], raw_of: RawOf, people: People, known: Known, found: list[str]
) -> list[_Judged]:
    """Each statement once, as its best signed row has it: a copy says nothing anew, and takes no signature away."""
    best: dict[bytes, tuple[int, _Judged]] = {}
    for place, row in enumerate(rows):
        try:
            digest = statement.digest(row)
        except ValueError:
            found.append(f"{_named(row)} is no statement that this program could have stored: it counts for nothing")
            continue
        one = _Judged(row, digest, *state(row, raw_of, people, known))
        if digest in best:
            found.append(f"{_named(row)} is there twice: somebody copied it")
            if _RANK[one.state] <= _RANK[best[digest][1].state]:
                continue
        best[digest] = (place, one)
    return [one for _, one in sorted(best.values(), key=lambda numbered: numbered[0])]


def state(row: AnnotationRow, raw_of: RawOf, people: People, known: Known | None = None) -> tuple[State, str]:
    """Of one row's signature; and of forged and stranger, why."""
    if row.key is None and row.signature is None:
        return "none", ""
    if row.key is None or not statement.is_signed_well(row):
        return "forged", "its signature does not fit what it says"
    if row.record is None:
        return "forged", "it does not say of which record it was said"
    if not _fits(row, raw_of):
        return "forged", "the record that is here under this number is not the one that it was said of"
    vouched = term(people, row.by, row.key)
    if vouched is not None:
        if vouched.holds(row.utc_ms):
            impossible = _impossible(row, known or Known())
            return ("stranger", impossible) if impossible else ("good", "")
        if vouched.is_void:
            return "stranger", f"the key of {row.by} that signed it is one that others may have"
        return "stranger", f"it is dated when the force did not vouch for {row.by}'s key"
    others = holders(people, row.key)
    if others:
        return "stranger", f"it is signed with the key of {', '.join(others)}"
    return "stranger", "nobody here vouches for the key that signed it"


def _impossible(row: AnnotationRow, known: Known) -> str | None:
    """Why nobody can have said it then; None: they can. It names its record by digest, and dates are the signer's."""
    happened_ms = known.happened_ms(row.sequence)
    if happened_ms is not None and row.utc_ms + AHEAD_MS < happened_ms:
        return "it is dated before the event, of which nobody could know then"
    if known.now_ms is not None and row.utc_ms > known.now_ms + AHEAD_MS:
        return "it is dated in the future"
    return None


def _fits(row: AnnotationRow, raw_of: RawOf) -> bool:
    """Whether it was said of a record that is here; also where none is: another finding says that."""
    versions = _versions(raw_of, row.sequence)
    return not versions or row.record in [statement.record_digest(raw) for raw in versions]


def _versions(raw_of: RawOf, sequence: int) -> tuple[bytes, ...]:
    raw = raw_of(sequence)
    return () if raw is None else raw if isinstance(raw, tuple) else (bytes(raw),)


def _wrong(one: _Judged, raw_of: RawOf, people: People, known: Known) -> Iterable[str]:
    """What is wrong with a row by itself."""
    row, named = one.row, _named(one.row)
    if row.code not in CODES and row.code not in (WITHDRAWN, CONFIRMED):
        yield f"{named} has a code that no one can give"
    if not row.by.isascii():
        yield f"{named} bears a name that is no person's id: it may look like another one's"
    if one.state == "forged":
        yield f"{named} is forged: {one.why}"
    if one.state == "none" and signs(people, row.by, row.utc_ms):
        yield f"{named} is not signed, though {row.by} has a key that the force vouches for"
    if one.state == "none" and row.record is not None and not _fits(row, raw_of):
        yield f"{named} was said of another record than the one that is here under this number"
    impossible = _impossible(row, known)
    if impossible and one.state != "forged":
        yield f"{named} cannot be of its date: {impossible}"
    versions = _versions(raw_of, row.sequence)
    if not versions:
        yield f"{named} is about a record that is not here"
    elif not any(_is_event(raw) for raw in versions):
        yield f"{named} is about a record that is no event of the weapon"


def _is_event(raw: bytes) -> bool:
    record = decode(raw, 0)
    return record is not None and record.kind == records.EVENT


def _withdrawn(judged: Sequence[_Judged], found: list[str]) -> set[bytes]:
    """Digests of what does not hold any more."""
    gone: set[bytes] = set()
    for place, one in enumerate(judged):
        row = one.row
        if row.code != WITHDRAWN:
            continue
        if row.about is None:
            about = [other for other in judged[:place] if other.row.sequence == row.sequence]
        else:
            about = [other for other in judged if (other.row.sequence, other.digest) == (row.sequence, row.about)]
            if not about:
                found.append(f"{_named(row)} withdraws a statement that is not here")
        for other in about:
            if other.row.code == WITHDRAWN or other.digest in gone:
                continue
            if one.state != "forged" and _RANK[one.state] >= _RANK[other.state]:
                gone.add(other.digest)
                if other.row.code in CODES and other.state == "good" and other.row.by != row.by:
                    words = f": {_shown(row.text)}" if row.text else ""
                    found.append(f"{_named(other.row)} was taken away by {_shown(row.by)}, who did not say it{words}")
            elif other.row.code in CODES:
                found.append(f"{_named(row)} does not count: it is less well signed than what {other.row.by} said")
    return gone


def _stands(one: _Judged, confirmations: Iterable[_Judged], people: People, known: Known) -> Weighed:
    row = one.row
    doubts = [one.why] if one.why else []
    officer, happened_ms = known.officer(row.sequence), known.happened_ms(row.sequence)
    if one.state == "none" and signs(people, row.by, row.utc_ms):
        doubts.append(f"it is not signed, though {row.by} has a key")
    if row.by == officer:
        doubts.append("it was said by the officer whose use it is")
    impossible = _impossible(row, known)
    if impossible:
        doubts.append(impossible)
    elif happened_ms is not None and row.utc_ms < happened_ms:
        doubts.append("it is dated before the event")
    confirmed: AnnotationRow | None = None
    for other in confirmations:
        if other.row.sequence != row.sequence:
            continue
        objection = _objection(one, other, officer)
        if objection is not None:
            doubts.append(objection)
        elif confirmed is None:
            confirmed = other.row
    key = key_digits(row)
    by, utc_ms = (None, None) if confirmed is None else (confirmed.by, confirmed.utc_ms)
    return Weighed(row, one.state, key, by, utc_ms, tuple(dict.fromkeys(doubts)))


def key_digits(row: AnnotationRow) -> str | None:
    """By which people tell keys apart; None: none, or no key at all."""
    return row.key.hex()[:KEY_DIGITS] if isinstance(row.key, bytes) else None


def _objection(said: _Judged, confirmed: _Judged, officer: str | None) -> str | None:
    """Why this is no second person's word; None: it is."""
    by = confirmed.row.by
    if confirmed.state == "forged":
        return f"its confirmation by {by} is forged"
    if by == officer:
        return f"its confirmation by {by} does not count: it is the use of {by}"
    if by == said.row.by:
        return "the same person confirmed it"
    if said.row.key is not None and confirmed.row.key == said.row.key:
        return f"{by} confirmed it with the very key that said it"
    if confirmed.state == "none":
        return f"its confirmation by {by} is not signed"
    if confirmed.state == "stranger":
        return f"its confirmation by {by} does not count: {confirmed.why}"
    return None


def _named(row: AnnotationRow) -> str:
    what = {WITHDRAWN: "a withdrawal", CONFIRMED: "a confirmation"}.get(row.code, f"the annotation {_shown(row.code)}")
    return f"{what} of {_shown(row.serial)}:{_shown(row.sequence)} by {_shown(row.by)}"


def _shown(text: object) -> str:
    """What SQL put there may steer a terminal."""
    return text if isinstance(text, str) and text.isprintable() else str(text) if type(text) is int else repr(text)
