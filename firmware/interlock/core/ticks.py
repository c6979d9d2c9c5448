"""Wrap-safe time. Ticks are milliseconds modulo 2^30, as `time.ticks_ms()` gives on 32-bit MicroPython ports.

Law: two ticks can be compared only when they lie less than 2^29 ms (6.2 days) apart. Deadlines of the machines are
minutes at most; what must outlive a wrap counts in uptime (`Uptime`), which every loop turn extends.
"""

PERIOD_MS = 1 << 30
HALF_MS = PERIOD_MS >> 1
_MASK = PERIOD_MS - 1

# On a 32-bit board small integers end at 2^30 - 1 and larger ones are objects on the heap. Between an edge and its
# frame nothing is allocated, so no step of a sum here leaves [-2^30, 2^30).


def ticks_add(ticks: int, delta_ms: int) -> int:
    """The tick that lies `delta_ms` (in [-2^29, 2^29)) after (or, negative, before) `ticks`."""
    return ((ticks - HALF_MS + delta_ms) & _MASK) ^ HALF_MS  # the highest of 30 bits: adding it is flipping it


def ticks_diff(later: int, earlier: int) -> int:
    """Signed milliseconds from `earlier` to `later`, in [-2^29, 2^29)."""
    delta = (later - earlier) & _MASK
    return delta if delta < HALF_MS else delta - HALF_MS - HALF_MS


def is_due(deadline: int | None, now: int) -> bool:
    """Whether the deadline (a tick, or None for never) is reached."""
    return deadline is not None and ticks_diff(now, deadline) >= 0


def earlier(a: int | None, b: int | None, now: int) -> int | None:
    """The deadline that comes first as seen from `now`; None means never."""
    if a is None:
        return b
    if b is None:
        return a
    return a if ticks_diff(a, now) <= ticks_diff(b, now) else b


class Uptime:
    """Milliseconds since boot that never wrap; `now(ticks)` must be called at least every six days."""

    def __init__(self, ticks: int) -> None:
        self._last = ticks
        self._ms = 0

    def now(self, ticks: int) -> int:
        """Uptime in ms at `ticks`. A tick that lies before the last one seen (a latched edge) looks back."""
        delta = ticks_diff(ticks, self._last)
        if delta <= 0:
            return max(0, self._ms + delta)
        self._last = ticks
        self._ms += delta
        return self._ms
