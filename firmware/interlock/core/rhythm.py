"""When a unit says that it is there, and when its partners listen. Pure.

A unit airs a short frame each `every_ms`, ten per cent more or less. The jitter is a function of the frame's counter
and of a key that only partners hold: to others the gaps look random, while a partner that heard one frame knows to the
millisecond when the next ones come, and listens then only.
"""

from .ticks import ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .frames import UnitKeys

AIR_MS = 120  # such a frame is on the air so long: six PDUs on each channel
LEAD_MS = 15  # the partner listens from so long before, and, should it hear nothing, so long
WINDOW_MS = 30 + AIR_MS
DRIFT_PPM = 100  # of the two crystals against each other, at most


def gap_ms(keys: "UnitKeys", counter: int, every_ms: int) -> int:
    """Milliseconds from the begin of the frame with this counter to that of the next one."""
    return every_ms * 9 // 10 + (every_ms // 5 * keys.rhythm(counter) >> 16)


class Expectation:
    """What a unit knows of a partner's next frame. `keys`: the partner's; `every_ms`: its period, by policy."""

    def __init__(self, keys: "UnitKeys", every_ms: int) -> None:
        self._keys = keys
        self._every_ms = every_ms
        self._slack_ms = 1
        self.at: int | None = None  # the tick at which its next frame begins

    def heard(self, counter: int, now: int) -> None:
        """Its frame with this counter was heard at `now`: in the first of its PDUs or in a later one."""
        begin = now
        if self.at is not None and 0 < ticks_diff(now, self.at) <= WINDOW_MS:
            # Not the first PDU, or the crystals drift: of both a little.
            begin = ticks_add(self.at, ticks_diff(now, self.at) // 8)
        self._expect(begin, gap_ms(self._keys, counter, self._every_ms))

    def told(self, ms: int, now: int) -> None:
        """It said at `now` that its next frame comes in so many milliseconds."""
        self._expect(now, min(ms, 2 * self._every_ms))

    def put_off(self, now: int) -> None:
        """Nothing is known but that it should be heard within its longest period from `now` on."""
        self._expect(now, self._every_ms * 11 // 10)

    def _expect(self, begin: int, gap: int) -> None:
        self.at = ticks_add(begin, gap)
        self._slack_ms = gap * DRIFT_PPM // 1000000 + 1

    def opens(self) -> int | None:
        """The tick from which to listen, or None: nothing is known."""
        return None if self.at is None else ticks_add(self.at, -LEAD_MS - self._slack_ms)

    def closes(self) -> int | None:
        """The tick at which it is missed."""
        return None if self.at is None else ticks_add(self.at, WINDOW_MS + self._slack_ms)

    def is_open(self, now: int) -> bool:
        opens = self.opens()
        return opens is not None and ticks_diff(now, opens) >= 0
