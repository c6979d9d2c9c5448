"""What a unit's journal says of UTC: one reading for each *clock set* record, and the words for a time."""

from typing import NamedTuple

from .spans import TICK_MS, Bound, Span


class Utc(NamedTuple):
    """Milliseconds since 1970, UTC, give or take `u_ms`."""

    utc_ms: int
    u_ms: int


class Between(NamedTuple):
    """A moment lies between these (UTC, ms since 1970), as far as is known; None: not bounded."""

    low_ms: float | None
    high_ms: float | None


class Reading(NamedTuple):
    """One sync: at uptime `at_ms` it was `utc_ms` ± `u_ms`; `sequence`: of its record; `by_board`: no host said it, but
    the board's own calendar, which went on over a restart."""

    at_ms: int
    utc_ms: int
    u_ms: int
    sequence: int
    by_board: bool = False

    @property
    def ahead_ms(self) -> int:
        """UTC less uptime, as it says."""
        return self.utc_ms - self.at_ms

    def bound(self) -> Bound:
        """UTC less uptime, as it may be."""
        u_ms = self.u_ms + TICK_MS
        return Bound(self.at_ms, Span(self.ahead_ms - u_ms, self.ahead_ms + u_ms))
