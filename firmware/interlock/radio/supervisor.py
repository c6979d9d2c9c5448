"""Keeps the radio alive: asks the stack's handler anew, starts scan, stack or unit anew as `core/radio_health.py` says,
and tells the journal. One `turn` for each turn of the loop, after what it airs."""

import gc

from ..core import radio_health, records
from ..core.machine import due, is_any_due
from ..core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..unit import Unit
    from .broadcast import Broadcast
    from .link import Link

REGISTER_MS = 1000  # a handler that the port has unregistered hears again after so long, or at the next turn
RAISED_MAX = 8  # exceptions in the handler, and nothing heard between them
PAUSE_MS = 600000  # trouble of one kind is journalled so often; the pause doubles while it goes on
PAUSE_MAX_MS = 21600000


class Trouble:
    """How often something happened, on its way to the journal: seldom, since an attacker or a quiet place causes it."""

    def __init__(self, what: int) -> None:
        self.what = what
        self._seen = 0
        self._owed = 0
        self._until: int | None = None
        self._pause_ms = PAUSE_MS

    def due(self, total: int, now: int) -> int:
        """`total` times since boot; how many of these to write down now."""
        self._owed += max(0, total - self._seen)
        self._seen = total
        if self._until is not None:
            if not is_due(self._until, now):
                return 0
            if not self._owed:
                self._until, self._pause_ms = None, PAUSE_MS
                return 0
            self._pause_ms = min(2 * self._pause_ms, PAUSE_MAX_MS)
        if not self._owed:
            return 0
        self._until = ticks_add(now, self._pause_ms)
        owed, self._owed = min(self._owed, 0xFFFF), 0
        return owed


class Supervisor:
    """`unit`: whose journal and airtime they are; `reset`: starts the unit anew; `strangers`: of what the receiver has
    counted, by `records.RADIO_JUNK`, `RADIO_REPLAY` and `RADIO_LIMITED`."""

    def __init__(
        self,
        radio: "Broadcast",
        link: "Link",
        unit: "Unit",
        reset: "Callable[[], object]",
        strangers: "Callable[[int], int]",
    ) -> None:
        self._radio = radio
        self._link = link
        self._unit = unit
        self._reset = reset
        self._strangers = strangers
        now = unit.ticks()
        self.state = radio_health.at_boot(unit.radio_restarts, now)
        self._taken = radio.taken
        self._refusals = radio.refusals
        self._raised = radio.raised
        self._register_at = self._silent_at = now
        self._was_in_use = False
        self._troubles = [Trouble(what) for what in _COUNTED]

    def turn(self, in_use: bool, is_missed: bool) -> None:
        """`in_use`: a weapon or a recorder is; `is_missed`: a partner is missing that was there since boot."""
        radio, now = self._radio, self._unit.ticks()
        if is_due(self._register_at, now):
            self._register_at = ticks_add(now, REGISTER_MS)
            radio.register()
        self._observe(is_missed, now)
        if in_use and not self._was_in_use:
            self._step(radio_health.USED)
        self._was_in_use = in_use
        data = radio_health.IN_USE if in_use else 0
        data |= radio_health.LINKED if self._link.connection is not None or radio.leave else 0
        data |= radio_health.MISSED if is_missed else 0
        data |= radio_health.HEARING if radio.hears_ours(now) else 0
        if is_any_due(self.state, now):
            self.state, event = due(self.state, now)
            assert event is not None
            self._step(event, data)
        radio.watch(now)
        if not in_use:
            self._journal(now)

    def _observe(self, is_missed: bool, now: int) -> None:
        radio = self._radio
        if not radio.is_up and self.state.mode != radio_health.DOWN:
            self._step(radio_health.FAILED)
        if radio.refusals != self._refusals:
            self._step(radio_health.REFUSED)
        elif radio.taken != self._taken and self.state.mode != radio_health.SOUND:
            self._step(radio_health.TAKEN)
        self._refusals, self._taken = radio.refusals, radio.taken
        if radio.raised != self._raised:
            self._raised = radio.raised
            gc.collect()  # most likely it was short of memory
            if radio.raised_in_a_row >= RAISED_MAX:
                self._step(radio_health.RAISED)
        if radio.has_heard:
            radio.has_heard = False
            if self.state.mode != radio_health.SOUND:
                self._step(radio_health.HEARD)
        elif is_due(self._silent_at, now) and radio.silent_ms(now, is_missed) >= radio_health.QUIET_MS:
            self._silent_at = ticks_add(now, radio_health.QUIET_MS)
            self._step(radio_health.SILENT)

    def _step(self, event: int, data: int | None = None) -> None:
        now = self._unit.ticks()
        # It reads no policy.
        self.state, effects = radio_health.MACHINE.step(self.state, event, data, now, None)  # type: ignore[arg-type]
        for effect in effects:
            if effect[0] == radio_health.RESTART_SCAN:
                self._radio.restart_scan()
            elif effect[0] == radio_health.DISCONNECT:
                self._link.disconnect()
                if self._radio.leave:
                    self._radio.leave()
            elif effect[0] == radio_health.RESTART_STACK:
                self._restart_stack()
            elif effect[0] == radio_health.RESTART_UNIT:
                self._note(records.RADIO_RESTART, effect[1])
                self._reset()

    def _restart_stack(self) -> None:
        is_up = self._radio.restart()
        self._unit.uninvited()  # nothing is on the air: what is wanted there is aired anew
        self._note(records.RADIO_STACK, 1)
        self._step(radio_health.STARTED if is_up else radio_health.FAILED)

    def _journal(self, now: int) -> None:
        for trouble in self._troubles:
            count = trouble.due(self._total(trouble.what), now)
            if count:
                self._note(trouble.what, count)

    def _total(self, what: int) -> int:
        """How often since boot. A number each, since a tuple of all at every turn would fill the heap."""
        radio = self._radio
        if what == records.RADIO_SCAN:
            return radio.scan_restarts
        if what == records.RADIO_REFUSED:
            return radio.refusals
        if what == records.RADIO_HANDLER:
            return radio.raised
        return radio.dropped if what == records.RADIO_DROPPED else self._strangers(what)

    def _note(self, what: int, count: int) -> None:
        self._unit.record(records.RADIO, records.pack(records.RADIO, what, count))

    def deadline(self) -> int | None:
        """The next tick at which there is something to do, or None. Registering and counts wait for the loop."""
        return self.state.next_at


_COUNTED = (
    records.RADIO_SCAN,
    records.RADIO_REFUSED,
    records.RADIO_HANDLER,
    records.RADIO_DROPPED,
    records.RADIO_JUNK,
    records.RADIO_REPLAY,
    records.RADIO_LIMITED,
)
