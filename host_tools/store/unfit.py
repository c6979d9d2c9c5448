"""Rows of a unit that no journal can hold: SQLite takes anything in any column, and a store may have been in others'
hands. They are left out of what is made of the unit, told as findings, and hinder nothing else. No database here.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..verifying.outcomes import Altered

NUMBERS = 1 << 32
UNITS, ROLES = 1 << 16, 1 << 8
CHAIN_BYTES = 32
PART_BYTES = 1 << 16
"""More of a message, a signature or a key fits into no journal file."""
NUMBER_MAX = 2**62
"""One more is still a number of either database."""
LATEST_S = 253_370_764_800
"""The year 9999 begins: a day in every time zone."""

Fits = Callable[[Any], bool]


class Kind(NamedTuple):
    """Rows of one kind. `what`: as people call them; `fits`: by column, what a value must be; `bulk`: the same of many
    rows at once, by their columns, None: each is looked at."""

    what: str
    fits: dict[str, Fits]
    bulk: Callable[[Sequence[Sequence[Any]]], bool] | None = None


class Sorted(NamedTuple):
    """`fit`: rows that can be; `unfit`: what is to be said of the others, nothing where there are none."""

    fit: list[Any]
    unfit: tuple[Altered, ...]


def _is_number(below: int) -> Fits:
    return lambda value: type(value) is int and 0 <= value < below


def _is_bytes(size: int) -> Fits:
    return lambda value: type(value) is bytes and len(value) == size


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_part(value: Any) -> bool:
    return type(value) is bytes and len(value) < PART_BYTES


def _are_records(columns: Sequence[Sequence[Any]]) -> bool:
    sequences, chains, afters, epochs, raws = columns
    return (
        all(set(map(type, column)) == {int} and min(column) >= 0 and max(column) < NUMBERS
            for column in (sequences, epochs))
        and all(set(map(type, column)) == {bytes} and set(map(len, column)) == {CHAIN_BYTES}
                for column in (chains, afters))
        and set(map(type, raws)) == {bytes}
    )  # fmt: skip


RECORDS = Kind(
    "records",
    {
        "sequence": _is_number(NUMBERS),
        "chain": _is_bytes(CHAIN_BYTES),
        "after": _is_bytes(CHAIN_BYTES),
        "epoch": _is_number(NUMBERS),
        "raw": lambda value: type(value) is bytes,
    },
    _are_records,
)
HEADS = Kind(
    "ends that it stated",
    {"following": _is_number(NUMBERS), "chain": _is_bytes(CHAIN_BYTES), "utc_ms": _is_number(LATEST_S * 1000)},
)
ARRIVALS = Kind(
    "notes of who brought records",
    {"first": _is_number(NUMBERS), "last": _is_number(NUMBERS), "by": _is_text, "utc_ms": _is_number(LATEST_S * 1000)},
)
UNIT = Kind("notes of what it is", {"unit": _is_number(UNITS), "role": _is_number(ROLES), "name": _is_text})
SIGNED = Kind("checkpoints", {"message": _is_part, "signature": _is_part, "public": _is_part})


def sort_out(kind: Kind, rows: Sequence[Any]) -> Sorted:
    """`rows`: of values that begin with the kind's columns, in their order."""
    width = len(kind.fits)
    if not rows or (kind.bulk is not None and kind.bulk(list(zip(*rows, strict=True))[:width])):
        return Sorted(list(rows), ())
    fit, unfit = [], []
    for row in rows:
        wrong = next((name for place, (name, fits) in enumerate(kind.fits.items()) if not fits(row[place])), None)
        fit.append(row) if wrong is None else unfit.append((row, wrong))
    return Sorted(fit, (_told(kind, unfit),) if unfit else ())


def _told(kind: Kind, unfit: Sequence[tuple[Any, str]]) -> Altered:
    """Doubt begins at the first record of which the number is known; where it is not, at the first of all."""
    firsts: Iterable[Any] = [row[0] for row, _ in unfit] if kind is RECORDS else []
    first = min((n for n in firsts if RECORDS.fits["sequence"](n)), default=None)
    if kind is RECORDS and any(wrong == "sequence" for _, wrong in unfit):
        first = None
    reason = (
        f"{len(unfit)} of its {kind.what} in the store are none, of the first {unfit[0][1]} is no such value: the "
        "store was changed, and they are left out"
    )
    return Altered(first, first, None, "store", reason)
