"""All that was said, row by row, with what each is worth: what `interlock annotate` lists."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from ..store.rows import CONFIRMED, AnnotationRow
from ..store.store import Store
from ..vouched import People
from . import statement
from .weigh import RawOf, Weighed, key_digits, state, weighed


class Listed(NamedTuple):
    """A row of the store. `stands`: it was not withdrawn, and is none itself; the rest as of `weigh.Weighed`."""

    serial: str
    sequence: int
    code: str
    text: str
    by: str
    utc_ms: int
    stands: bool
    signature: str
    key: str | None
    confirmed_by: str | None
    confirmed_utc_ms: int | None
    doubts: tuple[str, ...]


def listed(store: Store, rows: Iterable[AnnotationRow], people: People) -> list[Listed]:
    """These rows of the store, in their order."""
    wanted = list(rows)
    standing: dict[AnnotationRow, Weighed] = {}
    for serial in sorted({row.serial for row in wanted}):
        of = weighed(store.annotations(serial), partial(store.raws, serial), people)
        standing |= {said.row: said for said in of}
    holds = {statement.digest(row) for row in standing}
    return [_listed(row, partial(store.raws, row.serial), people, standing.get(row), holds) for row in wanted]


def _listed(row: AnnotationRow, raw_of: RawOf, people: People, said: Weighed | None, holds: set[bytes]) -> Listed:
    stands = said is not None or (row.code == CONFIRMED and row.about in holds)
    if said is None:
        signature, why = state(row, raw_of, people)
        said = Weighed(row, signature, key_digits(row), None, None, (why,) if why else ())
    serial, code, text, by = (str(field) for field in (row.serial, row.code, row.text, row.by))  # or what SQL put there
    sequence, utc_ms = (field if isinstance(field, int) else -1 for field in (row.sequence, row.utc_ms))
    return Listed(serial, sequence, code, text, by, utc_ms, stands, *said[1:])
