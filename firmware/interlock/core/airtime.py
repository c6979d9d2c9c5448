"""What to put on the air now: one advertising set, several frames that want it.

Legacy advertising holds one payload. Each entry has a frame, the time until which it wants to be heard and its
advertising interval; entries take turns of `SLOT_MS`. A single entry is simply held: a burst keeps one payload.
"""

from .ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Hashable

SLOT_MS = 60
FAST_MS = 20  # the shortest advertising interval that legacy advertising allows
SLOW_MS = 100


class Entry:
    """One frame under a key. `fast_until`, `until`: ticks; between them it is aired slowly. `what`: its meaning."""

    def __init__(self, key: "Hashable", frame: bytes, fast_until: int, until: int, what: object) -> None:
        self.what = what
        self.key = key
        self.frame = frame
        self.fast_until = fast_until
        self.until = until


class Airtime:
    """A small rota. `now_on` is the (frame, interval_ms) last given to the radio, or None for silence."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._turn = 0
        self._turn_until: int | None = None
        self.now_on: tuple[bytes, int] | None = None

    def says(self, key: "Hashable", what: object) -> bool:
        """Whether the entry under `key` is still wanted and means `what`."""
        return len([entry for entry in self._entries if entry.key == key and entry.what == what]) > 0

    def put(self, key: "Hashable", frame: bytes, now: int, fast_ms: int, slow_ms: int, what: object = None) -> None:
        """Air `frame` under `key` (replacing what it aired): fast first, then slowly, then no more."""
        fast_until = ticks_add(now, fast_ms)
        entry = Entry(key, frame, fast_until, ticks_add(fast_until, slow_ms), what)
        self._entries = [other for other in self._entries if other.key != key] + [entry]
        # What is new goes first: a weapon's frame that is on the air already is not taken off again for its turn.
        self._turn = len(self._entries) - 1
        self._turn_until = ticks_add(now, SLOT_MS)

    def shorten(self, key: "Hashable", until: int) -> None:
        """The entry has been answered: air it no longer than to the tick `until`."""
        for entry in self._entries:
            if entry.key == key and ticks_diff(entry.until, until) > 0:
                entry.until = until

    def drop(self, key: "Hashable") -> None:
        self._entries = [entry for entry in self._entries if entry.key != key]

    def turn(self, now: int) -> tuple[bytes, int] | None:
        """The (frame, interval_ms) that belongs on the air now, or None."""
        self._entries = [entry for entry in self._entries if not is_due(entry.until, now)]
        if not self._entries:
            self._turn_until = None
            return None
        if len(self._entries) == 1:
            self._turn = 0
            self._turn_until = None
        elif self._turn_until is None or is_due(self._turn_until, now) or self._turn >= len(self._entries):
            self._turn = (self._turn + 1) % len(self._entries)
            self._turn_until = ticks_add(now, SLOT_MS)
        entry = self._entries[self._turn]
        return entry.frame, SLOW_MS if is_due(entry.fast_until, now) else FAST_MS

    def deadline(self, now: int) -> int | None:
        """The tick at which `turn` may answer differently, or None."""
        first = self._turn_until
        for entry in self._entries:
            for tick in (entry.fast_until, entry.until):
                if not is_due(tick, now) and (first is None or ticks_diff(tick, first) < 0):
                    first = tick
        return first
