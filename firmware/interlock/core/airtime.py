"""What to put on the air now: one advertising set, several frames that want it.

Legacy advertising holds one payload. Each entry has a frame, the time until which it wants to be heard and its
advertising interval; entries take turns of `SLOT_MS`. A single entry is simply held: a burst keeps one payload.

In a crowd, those who repeat as fast as the radio can drown each other: most gets through where a channel is offered
half its time (pure ALOHA). So a frame's first events are always fast; then it gives way to the crowd that its sender
hears, and once it is answered it gives way much more. Who is alone or among few never slows down.
`simulator/reference.py` is the model by which the figures below were chosen.
"""

from .ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Hashable

    from .needs import Bytes

SLOT_MS = 60
FAST_MS = 20  # the shortest advertising interval that legacy advertising allows
SLOW_MS = 100
ACK_MS = 120  # each repeat heard renews an ack: so long it bridges repeats that are lost
_FIRST_MS = 50  # fast whatever the crowd
_SPREAD_MS = 32
# Interval in ms for each other frame heard within a window. The channels carry most when they are offered half their
# time, 376 us a frame, and in a crowd that fills them one hears few of the others within a window.
WANTING_MS = 6
WANTING_MAX_MS = 60  # no flood of what only looks like ours slows a weapon further
CALM_MS = 50  # the same for a frame that was answered: it leaves the air to the others
CALM_MAX_MS = 500
_STEP_MS = 20  # intervals are multiples of it: each change starts the advertiser anew
_WINDOW_BITS = 6
WINDOW_MS = 1 << _WINDOW_BITS  # a crowd is counted, and given way to, anew each 64 ms
_WINDOWS_MASK = (1 << 30 - _WINDOW_BITS) - 1  # ticks wrap at 2^30
_MARKS = 64  # a power of two; of more frames than this some are taken for one


class Crowd:
    """How many different frames of our shape are on the air around. `note` is for the radio's handler: no allocation,
    no trial of authenticity."""

    def __init__(self) -> None:
        self._marks = bytearray(_MARKS)  # by a pseudo-random byte of the frame: the window in which it was heard
        self._mark = 1  # of this window
        self._window = 0
        self._count = 0
        self._before = 0

    def note(self, frame: "Bytes", now: int) -> None:
        """`frame` was heard: new or not, authentic or not."""
        window = now >> _WINDOW_BITS
        if window != self._window:
            self._turn(window)
        place = frame[2] & (_MARKS - 1)
        if self._marks[place] != self._mark:
            self._marks[place] = self._mark
            self._count += 1

    def size(self, now: int) -> int:
        """Different frames heard in this window or the last whole one, whichever were more."""
        window = now >> _WINDOW_BITS
        if window != self._window:
            self._turn(window)
        return max(self._count, self._before)

    def _turn(self, window: int) -> None:
        self._before = self._count if (window - self._window) & _WINDOWS_MASK == 1 else 0
        self._count = 0
        self._mark = self._mark % 255 + 1
        self._window = window


def interval_ms(crowd: int, calm: bool) -> int:
    """The advertising interval at which to repeat among `crowd` other frames; `calm`: nobody waits for this one."""
    wanted = min(CALM_MS * crowd, CALM_MAX_MS) if calm else min(WANTING_MS * crowd, WANTING_MAX_MS)
    return max(FAST_MS, wanted // _STEP_MS * _STEP_MS)


def first_ms(frame: bytes) -> int:
    """How long `frame` is fast before it gives way. Its bytes are pseudo-random: two weapons drawn at once change their
    pace apart."""
    return _FIRST_MS + frame[-1] % _SPREAD_MS


class Entry:
    """One frame under a key. `fast_until`, `until`: ticks; between them it is aired slowly. `what`: its meaning.
    `calm`: nobody waits for it."""

    def __init__(
        self, key: "Hashable", frame: bytes, fast_until: int, until: int, what: object, calm: bool, judge_at: int
    ) -> None:
        self.what = what
        self.key = key
        self.frame = frame
        self.fast_until = fast_until
        self.until = until
        self.calm = calm
        self.judge_at = judge_at
        self.interval_ms = FAST_MS
        self.rests_until: int | None = None
        self._changes = 0

    def judge(self, crowd: int, now: int) -> None:
        """Fit the interval to the crowd. Starting the advertiser anew airs the frame at once: in a crowd, where all
        change their pace together, not before a pseudo-random part of the interval."""
        self.judge_at = ticks_add(now, WINDOW_MS)
        interval = interval_ms(crowd, self.calm)
        if interval != self.interval_ms:
            self.interval_ms = interval
            self._changes += 1
            self.rests_until = ticks_add(now, self.frame[-1 - self._changes % len(self.frame)] * interval >> 8)


class Airtime:
    """A small rota. `now_on` is the (frame, interval_ms) last given to the radio, or None for silence; `crowd`: what
    the radio hears around."""

    def __init__(self) -> None:
        self.crowd = Crowd()
        self._entries: list[Entry] = []
        self._turn = 0
        self._turn_until: int | None = None
        self.now_on: tuple[bytes, int] | None = None
        self.rests = False  # silent, but not for want of frames

    def says(self, key: "Hashable", what: object) -> bool:
        """Whether the entry under `key` is still wanted and means `what`."""
        return len([entry for entry in self._entries if entry.key == key and entry.what == what]) > 0

    def put(
        self,
        key: "Hashable",
        frame: bytes,
        now: int,
        fast_ms: int,
        slow_ms: int,
        what: object = None,
        calm: bool = False,
    ) -> None:
        """Air `frame` under `key` (replacing what it aired): fast first, then slowly, then no more. `calm`: nobody
        waits for it."""
        fast_until = ticks_add(now, fast_ms)
        until = ticks_add(fast_until, slow_ms)
        entry = Entry(key, frame, fast_until, until, what, calm, ticks_add(now, first_ms(frame)))
        others = [other for other in self._entries if other.key != key]
        self._entries = others + [entry]
        # What is new goes first: a weapon's frame that is on the air already is not taken off again for its turn.
        if not calm or not others:
            self._turn = len(others)
            self._turn_until = ticks_add(now, SLOT_MS)

    def calm(self, key: "Hashable", now: int) -> None:
        """The entry has been answered, in whatever way: in a crowd it gives way at once."""
        for entry in self._entries:
            if entry.key == key and not entry.calm:
                entry.calm = True
                entry.judge(self.crowd.size(now), now)

    def shorten(self, key: "Hashable", until: int) -> None:
        """The entry has been answered: air it no longer than to the tick `until`."""
        for entry in self._entries:
            if entry.key == key and ticks_diff(entry.until, until) > 0:
                entry.until = until

    def drop(self, key: "Hashable") -> None:
        self._entries = [entry for entry in self._entries if entry.key != key]

    def is_idle(self, now: int) -> bool:
        """Whether nothing wants the air."""
        for entry in self._entries:
            if not is_due(entry.until, now):
                return False
        return True

    def _end(self, now: int) -> None:
        # Apart from `turn`, whose names in such a list would be made anew, in memory, at every turn.
        self._entries = [entry for entry in self._entries if not is_due(entry.until, now)]

    def turn(self, now: int) -> tuple[bytes, int] | None:
        """The (frame, interval_ms) that belongs on the air now, or None."""
        if self._entries and self._has_ended(now):  # most turns leave the memory alone
            self._end(now)
        for entry in self._entries:
            if is_due(entry.judge_at, now):
                entry.judge(self.crowd.size(now), now)
            if is_due(entry.rests_until, now):
                entry.rests_until = None
        if not self._entries:
            self._turn_until = None
            self.rests = False
            return None
        if len(self._entries) == 1:
            self._turn = 0
            self._turn_until = None
        elif self._turn_until is None or is_due(self._turn_until, now) or self._turn >= len(self._entries):
            self._turn = (self._turn + 1) % len(self._entries)
            self._turn_until = ticks_add(now, SLOT_MS)
        awake = self._awake()
        self.rests = awake is None
        if awake is None:
            return None
        return awake.frame, max(SLOW_MS, awake.interval_ms) if is_due(awake.fast_until, now) else awake.interval_ms

    def _awake(self) -> Entry | None:
        """The entry whose turn it is, or the next one that does not rest."""
        for _ in self._entries:
            if self._entries[self._turn].rests_until is None:
                return self._entries[self._turn]
            self._turn = (self._turn + 1) % len(self._entries)
        return None

    def _has_ended(self, now: int) -> bool:
        for entry in self._entries:
            if is_due(entry.until, now):
                return True
        return False

    def deadline(self, now: int) -> int | None:
        """The tick at which `turn` may answer differently, or None."""
        first = self._turn_until
        for entry in self._entries:
            for tick in (entry.fast_until, entry.until, entry.judge_at, entry.rests_until):
                if tick is not None and not is_due(tick, now) and (first is None or ticks_diff(tick, first) < 0):
                    first = tick
        return first
