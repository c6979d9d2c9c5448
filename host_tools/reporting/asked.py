"""What a report is made of, and what it is asked for: values, the same whether they come from a store and a vault or
from files that were exported of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ..auditing.places import Place
from ..store.lines import StoredJournal
from ..store.rows import AnnotationRow, RosterRow, UnitRow
from ..vouched import Vouched

OVERDUE_DAYS = 7


class Asked(NamedTuple):
    """`made_ms`: now; `since_ms`, `until_ms`: leave out what certainly was before, or not before (UTC, ms since 1970;
    None: nothing); `overdue_days`: after so many days without a pull a unit is overdue."""

    made_ms: int
    since_ms: int | None = None
    until_ms: int | None = None
    overdue_days: int = OVERDUE_DAYS


class Named(NamedTuple):
    """A unit as the force knows it."""

    number: int
    role: int
    name: str


@dataclass(frozen=True)
class Beside:
    """What is known beside journals. `units`: by serial, of all that the force has set up; `pairs`: serials of
    (holster, camera), spares left out, None: not known here; `people`: public keys that the force vouches for, and
    how long, by person: whose word counts as theirs; `keys`: units' public keys (60 bytes: RFC 8554, 6.1) that the
    force vouches for, by serial; `is_part`: of what is held some units were left out on purpose."""

    force: str | None = None
    units: Mapping[str, Named] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] | None = None
    people: Mapping[str, tuple[Vouched, ...]] = field(default_factory=dict)
    keys: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    is_part: bool = False


class Holdings(Protocol):
    """What was pulled and noted. Every method raises ToolError with advice where it cannot be read. It can be pickled:
    other processes open it again."""

    def units(self) -> list[UnitRow]: ...

    def place(self, serial: str) -> Place: ...

    def journal(self, serial: str) -> StoredJournal: ...

    def annotations(self) -> list[AnnotationRow]: ...

    def roster(self) -> list[RosterRow]: ...
