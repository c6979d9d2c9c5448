"""What both roles of a unit share: its journal, its persistent counter, its keys, its place on the air.

A station knows no weapon and no recorder; roles (`holster_role.py`, `camera_role.py`) do. Facts that must survive a
power cut live in the journal: the counter is reserved there in blocks before it is used, so that no reboot uses one
twice; what was heard moves the receiver's marks.
"""

from . import VERSION
from .core import frames, records, settings
from .core.airtime import FAST_MS, Airtime
from .core.journal import Journal
from .core.proof import ALERT_JOURNAL
from .core.receiver import RESERVE_BLOCK, Receiver
from .core.ticks import Uptime

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.needs import Clock, Flash
    from .radio.broadcast import Broadcast


class Station:
    """`config`: Settings; `flash`: the journal's area; `radio`: see `radio/`; `ticks`: a function that gives ticks."""

    def __init__(
        self, config: settings.Settings, flash: "Flash", radio: "Broadcast", ticks: "Clock", reset_cause: int
    ) -> None:
        self.config = config
        self.policy: settings.Policy = config.policy
        self.radio = radio
        self.ticks = ticks
        self.uptime = Uptime(ticks())
        # Set by whoever has something to alert with: alert(code).
        self.alert: Callable[[int], None] | None = None
        self.airtime = Airtime()
        self.counter = 0
        self._ceiling = 0
        self.marks: dict[int, int] = {}
        self.journal = Journal(flash, config.serial, self._carry)
        self._recover()
        self.group = frames.GroupKeys(config.group_key)
        self.keys = frames.UnitKeys(config.unit_key, config.unit)
        holsters = [frames.UnitKeys(p.unit_key, p.unit) for p in config.partners if p.role & settings.ROLE_HOLSTER]
        cares = config.role & settings.ROLE_CAMERA
        self.receiver = Receiver(config.unit, self.group, holsters if cares else [], self.marks)
        self._write_boot(reset_cause)

    # The journal and what is recovered from it.

    def _recover(self) -> None:
        for record in self.journal.recent:
            fields = record.fields()
            if fields is None:
                continue
            if record.kind == records.RESERVE:
                self.counter = self._ceiling = fields.ceiling
            elif record.kind == records.PEERS:
                for unit, counter in fields:
                    self._raise_mark(unit, counter)
            elif record.kind == records.HEARD:
                self._raise_mark(fields.sender, fields.counter)
            elif record.kind == records.WITNESS:
                self._raise_mark(fields.camera, fields.counter)

    def _raise_mark(self, unit: int, counter: int) -> None:
        self.marks[unit] = max(counter, self.marks.get(unit, 0))

    def _carry(self) -> list[tuple[int, bytes]]:
        facts = [(records.RESERVE, records.pack(records.RESERVE, self._ceiling))]
        for payload in records.pack_peers(self.marks):
            facts.append((records.PEERS, payload))
        # Last, since it closes the set for recovery.
        return facts + [self._config_fact()]

    def _config_fact(self) -> tuple[int, bytes]:
        return records.CONFIG, records.pack(records.CONFIG, self.config.revision, settings.digest(self.config))

    def _write_boot(self, cause: int) -> None:
        self.record(records.BOOT, records.pack(records.BOOT, cause, *VERSION))
        reserved = self._ceiling
        self._ceiling += RESERVE_BLOCK  # carried below
        # All carried facts anew, so that they are in the newest sector even when a cut tore the last carrying.
        for kind, payload in self._carry():
            if not self.record(kind, payload) and kind == records.RESERVE:
                self._ceiling = reserved  # `reserve` tries again at the first turn
        if self.journal.recovered_torn:
            self.record(records.TORN, records.pack(records.TORN, min(self.journal.recovered_torn, 255)))

    def record(self, kind: int, payload: bytes) -> bool:
        """Journal one record, now; True when it is safe. A flash that fails is alerted and costs that record, never
        the weapon's frame."""
        try:
            self.journal.append(kind, payload, self.uptime.now(self.ticks()))
        except OSError:
            self._journal_failed()
            return False
        return True

    def _journal_failed(self) -> None:
        if self.alert:
            self.alert(ALERT_JOURNAL)

    def tidy(self) -> bool:
        """Quiet-slot work: erase ahead. True when it did something."""
        try:
            return self.journal.tidy(self.uptime.now(self.ticks()))
        except OSError:
            self._journal_failed()
            return False

    def digest(self) -> bytes:
        """First bytes of the journal's head, as frames carry them."""
        return self.journal.head[: frames.DIGEST_BYTES]

    # Frames of our own.

    def use_counter(self) -> int:
        """Take the next counter for the air. Its block is in the journal already; were the flash dead, it is used
        all the same: a draw is aired."""
        self.counter += 1
        return self.counter

    def reserve(self) -> None:
        """Reserve the next block when the present one runs low: one program, so any turn will do, also in a use."""
        if self._ceiling - self.counter < RESERVE_BLOCK // 4:
            ceiling = self._ceiling + RESERVE_BLOCK
            if self.record(records.RESERVE, records.pack(records.RESERVE, ceiling)):
                self._ceiling = ceiling

    def frame(self, event: int, flags: int, counter: int) -> bytes:
        """A unit frame of ours (31 bytes) for the group."""
        return frames.build_unit(self.keys, self.group, event, flags & 0xF, counter, self.digest())

    def broadcast(self) -> None:
        """Give the radio what belongs on the air now. What the stack refused is tried again at the next turn."""
        wanted = self.airtime.turn(self.ticks())
        if wanted == self.airtime.now_on:
            return
        if wanted is None:
            taken = self.radio.silence()
        else:
            taken = self.radio.advertise(wanted[0], wanted[1])
        if taken:
            self.airtime.now_on = wanted

    def air_now(self, frame: bytes) -> int:
        """The hot path's door to the radio: `frame` goes on the air at once, before anything else; the tick of it."""
        if self.radio.advertise(frame, FAST_MS):
            self.airtime.now_on = (frame, FAST_MS)
        return self.ticks()
