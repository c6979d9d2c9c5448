"""A recorder whose adapter talks in lines over a UART: `firmware/RECORDER.md`, `core/recorder_lines.py`.

It is asked again and again, and only an answer to the question asked last is believed. Without one for STALE_MS nothing
is known any more: no tally, not awake. START and STOP say what is meant, so asking twice does no harm.
"""

from machine import UART, Pin

from ..core import recorder_lines as lines
from ..core.settings import DAY_MS
from ..core.sign import Sign
from ..core.ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

POLL_MS = 500
EVENT_MS = 50  # between questions that the adapter's own words cause
ANSWER_MS = 150  # an answer takes some 10 ms on the line
STALE_MS = 1500
STARTS = 12  # tries of a START that nobody answers: less than 2 s
STOPS = 3  # and of a STOP, which may meet somebody else's recording
SLACK_MS = 300  # by which, and a thousandth, a recording may seem shorter than we know of it


class Serial:
    """`uart`: the port's number; `tx`, `rx`: pin numbers; `sequence`: of the first question, from chance: what an
    adapter still had to say to a unit that was here before is no answer."""

    speaks = True
    toggles = False
    is_wanted = is_kept = False

    def __init__(self, uart: "int | str", tx: "int | str", rx: "int | str", sequence: int, now: int) -> None:
        # On an STM32 a UART has its pins, which have names, and takes none.
        pins: dict[str, Any] = {} if isinstance(tx, str) else {"tx": Pin(tx), "rx": Pin(rx, Pin.IN, Pin.PULL_UP)}
        self._uart: Any = UART(uart, baudrate=lines.BAUD, rxbuf=2 * lines.LINE_MAX, **pins)
        self.tally = Sign()
        self.awake = Sign()
        self.contacts = (self, self.tally, self.awake)
        self.settle_at: int | None = None
        self.buffer_ms: int | None = None
        self.proven_ms: int | None = None
        self.is_silent = False
        self._ear = lines.Ear()
        self._sequence = sequence
        self._is_asked = False  # a question waits for its answer
        self._verb = lines.STATUS
        self._left = 0  # tries of that verb
        self._has_changed = False  # as it says, since it was asked
        self._next_at = self._asked_at = now
        self._heard_at = self._proven_at = now
        self._since: int | None = None  # at the latest, its recording began then

    # For the door: bytes are something to look at, like a contact that changed.

    def differs(self) -> bool:
        return bool(self._uart.any())

    def read(self) -> bool:
        """Whether it talks."""
        return self.awake.read()

    def start(self, now: int) -> None:
        """Ask for a recording, whether there is one or not."""
        self._want(lines.START, now)

    def stop(self, now: int) -> None:
        """Ask for its end, if it talks."""
        if self.awake.read():
            self._want(lines.STOP, now)

    def _want(self, verb: str, now: int) -> None:
        self._verb, self._left = verb, STOPS if verb == lines.STOP else STARTS
        self._ask(now)

    def _ask(self, now: int) -> None:
        if self._verb != lines.STATUS:
            self._left -= 1
            if self._left < 0:
                self._verb = lines.STATUS
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._is_asked = True
        self._asked_at = now
        # One that is silent is asked less often, unless it is to do something.
        is_urgent = self.awake.read() or self._verb != lines.STATUS
        self._next_at = ticks_add(now, ANSWER_MS if is_urgent else POLL_MS)
        self._has_changed = False
        self._uart.write(lines.build(lines.ASK, self._sequence, self._verb))

    def hear(self, now: int) -> None:
        """Take what came over the line."""
        if not self._uart.any():
            return
        for line in self._ear.hear(self._uart.read() or b""):
            if line.mark == lines.EVENT:
                self._has_changed = True
                self._let_go()  # it was obeyed, or meets another recording
                if not self._is_asked:
                    self._next_at = ticks_add(self._asked_at, EVENT_MS)
            elif line.mark == lines.ANSWER and self._is_asked and line.sequence == self._sequence:
                self._believe(line, now)

    def _believe(self, line: lines.Line, now: int) -> None:
        self._is_asked = False
        self._verb = lines.STATUS
        # What it said may be older than the change that it announced meanwhile.
        self._next_at = ticks_add(self._asked_at, EVENT_MS) if self._has_changed else ticks_add(now, POLL_MS)
        self._heard_at = now
        self.is_silent = False
        self.buffer_ms = line.numbers.get("buffer")
        records = line.word == lines.RECORDING
        if records and self._is_another(line.numbers.get("since"), now):
            records, self._next_at = False, now  # it stopped in between, and records again: the next answer tells that
        elif not records:
            self._since = None
        if records:
            self._proven_at = now
        elif self.tally.read():
            self.proven_ms = ticks_diff(now, self._proven_at)
        self.tally.say(records)
        self.awake.say(line.word != lines.ASLEEP)

    def _is_another(self, since_ms: "int | None", now: int) -> bool:
        """Whether this is not the recording that it told of before."""
        known = self._since
        if known is None:
            self._since = now
            return False
        if ticks_diff(now, known) > DAY_MS:
            self._since = known = ticks_add(now, -DAY_MS)  # old ticks would seem to come
        age_ms = ticks_diff(now, known)
        if since_ms is None or since_ms + SLACK_MS + age_ms // 1000 >= age_ms:
            return False
        self._since = None
        return True

    def _let_go(self) -> None:
        if self._verb == lines.STOP:
            self._verb = lines.STATUS

    def tick(self, now: int) -> None:
        if self.is_kept:
            self._let_go()
        if ticks_diff(now, self._heard_at) >= STALE_MS:
            if self.awake.read():
                self.proven_ms = ticks_diff(now, self._proven_at)
                self.is_silent = True
                self._since = None
                self._let_go()  # whatever it records when it speaks again is another's
                self.tally.say(False)
                self.awake.say(False)
            self._heard_at = ticks_add(now, -STALE_MS)  # old ticks would seem to come
        if is_due(self._next_at, now):
            self._ask(now)

    def deadline(self, now: int) -> int | None:
        if not self.awake.read():
            return self._next_at
        return earlier(self._next_at, ticks_add(self._heard_at, STALE_MS), now)
