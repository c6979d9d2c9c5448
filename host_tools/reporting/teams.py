"""Whose a weapon was, by the roster: team and officer at a time, and the team that a unit belonged to last."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..roster.rules import RosterRow
from .grounds import Moment


class Whose(NamedTuple):
    """None: in no roster then, or the roster leaves more than one open."""

    team: str | None
    officer: str | None


NOBODYS = Whose(None, None)


@dataclass(frozen=True)
class Teams:
    """The rows of a roster that stand, by serial, oldest first."""

    rows: dict[str, tuple[RosterRow, ...]]

    @classmethod
    def of(cls, rows: Iterable[RosterRow]) -> "Teams":
        found: dict[str, list[RosterRow]] = {}
        for row in sorted(set(rows), key=lambda row: (row.from_s, row)):
            found.setdefault(row.serial, []).append(row)
        return cls({serial: tuple(several) for serial, several in found.items()})

    def at(self, serial: str, at: Moment) -> Whose:
        """Whose the unit was at this moment, wherever its bounds let it lie. Each of team and officer counts where the
        rows that give it cover all of these bounds, and no row of another one does so for a part."""
        if at.not_before_ms is None or at.not_after_ms is None:
            return NOBODYS
        low_ms, high_ms = at.not_before_ms, at.not_after_ms
        rows = [
            row
            for row in self.rows.get(serial, ())
            if row.from_s * 1000 <= high_ms and low_ms < row.to_s * 1000 and row.from_s < row.to_s
        ]
        return Whose(
            _only(rows, low_ms, high_ms, lambda row: row.team), _only(rows, low_ms, high_ms, lambda row: row.officer)
        )

    def last(self, serial: str, made_ms: int) -> str | None:
        """The team of the newest shift of this unit that had begun at `made_ms` (UTC, ms since 1970)."""
        begun = [row for row in self.rows.get(serial, ()) if row.from_s * 1000 <= made_ms]
        return (begun[-1].team or None) if begun else None


NO_TEAMS = Teams({})


def _only(rows: list[RosterRow], low_ms: int, high_ms: int, of: Callable[[RosterRow], str]) -> str | None:
    """What all rows say that stand between the two, where together they leave out no moment of it."""
    said = {of(row) for row in rows}
    reached_ms = low_ms
    for row in rows:
        if row.from_s * 1000 <= reached_ms:
            reached_ms = max(reached_ms, row.to_s * 1000)
    return (said.pop() or None) if len(said) == 1 and reached_ms > high_ms else None
