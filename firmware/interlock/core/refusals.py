"""Wrong secrets: how long a kind of credential is not heard after them, and when the journal is told.

Each kind pauses by itself: who guesses at one does not keep out the holders of another. A pause doubles with each
wrong secret up to PAUSE_MAX_MS, is a step shorter for each FORGET_MS without one, and over with a true one. So nobody
is kept out for longer than a minute by what was tried before, and nothing of it outlives a restart. Secrets have 128
bits and more: pauses spare the cell and the journal, no guess is likely to come true without them.
"""

from .ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_MS = 2000  # after the first wrong secret, and after the second: a vault may hold two steps, one of them given up
PAUSE_MAX_MS = 60000
FORGET_MS = 600000
TOGETHER_MS = 600000  # refusals are journalled at most so often, those of one reason counted together
_STEPS = 7  # wrong secrets until the longest pause: more are not remembered


class _Pause:
    def __init__(self) -> None:
        self.tries = 0
        self.until: int | None = None
        self.forget_at: int | None = None


class Refusals:
    """`write`: called with (reason, tries) when that is to be journalled."""

    def __init__(self, write: "Callable[[int, int], None]") -> None:
        self._write = write
        self._pauses: dict[int, _Pause] = {}  # by credential
        self._counts: dict[int, int] = {}  # by reason: not written yet
        self._quiet_until: int | None = None

    def wrong(self, credential: int, now: int) -> None:
        """Somebody failed to prove this kind of credential: nobody of that kind is heard for a while."""
        pause = self._pauses.setdefault(credential, _Pause())
        pause.tries = min(pause.tries + 1, _STEPS)
        pause.until = ticks_add(now, min(PAUSE_MS << max(0, pause.tries - 2), PAUSE_MAX_MS))
        pause.forget_at = ticks_add(now, FORGET_MS)

    def right(self, credential: int) -> None:
        """Somebody proved it. What was refused before is written down, so that it stands before their session."""
        self._pauses.pop(credential, None)
        self._flush()

    def wait_ms(self, credential: int, now: int) -> int:
        """For how long this kind is not heard; 0: it is."""
        self.tidy(now)
        pause = self._pauses.get(credential)
        return 0 if pause is None or pause.until is None else ticks_diff(pause.until, now)

    def count(self, reason: int, now: int) -> None:
        """Journal a refusal: the first at once, those that follow together."""
        self._counts[reason] = min(self._counts.get(reason, 0) + 1, 0xFFFF)
        if self._quiet_until is None:
            self._quiet_until = ticks_add(now, TOGETHER_MS)
            self._flush()

    def tidy(self, now: int) -> None:
        """What is over by now. To be called every day at least, since ticks compare over some days only."""
        if is_due(self._quiet_until, now):
            self._quiet_until = ticks_add(now, TOGETHER_MS) if self._counts else None
            self._flush()
        if not self._pauses:
            return
        for credential in list(self._pauses):
            pause = self._pauses[credential]
            if is_due(pause.until, now):
                pause.until = None
            while pause.tries and pause.forget_at is not None and is_due(pause.forget_at, now):
                pause.tries -= 1
                pause.forget_at = ticks_add(pause.forget_at, FORGET_MS)
            if not pause.tries:
                del self._pauses[credential]

    def is_idle(self) -> bool:
        """Whether nothing is remembered."""
        return self._quiet_until is None and not self._pauses and not self._counts

    def _flush(self) -> None:
        counts, self._counts = self._counts, {}
        for reason in sorted(counts):
            self._write(reason, counts[reason])
