"""What every unit has, boxed or in service: a journal, a clock as far as somebody set it, a place on the air.

Facts that must survive a power cut live in the journal: the frame counter is reserved there in blocks before it is
used, so that no reboot uses one twice; what was heard moves the receiver's marks; a UTC that is past stays past.
`station.py` adds what a unit in service knows (settings, keys, partners); `setup.py` runs a boxed one.
"""

from . import VERSION
from .core import camera_state, frames, life, records, settings, wire
from .core.airtime import Airtime
from .core.journal import Journal
from .core.proof import ALERT_JOURNAL
from .core.receiver import RESERVE_BLOCK, SLOTS_APART
from .core.seal import Seal
from .core.ticks import Uptime, earlier, is_due

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.needs import Clock, Flash
    from .core.notary import Notary
    from .radio.broadcast import Broadcast

# What a technician may move the clock by, beyond both uncertainties: crystals, and a host's own clock between syncs.
DRIFT_PPM = 500
CLOCK_SLACK_MS = 250
CLOCK_U_MAX_MS = 10000
NOBODY_ASSIGNED = (0, 0, 0, bytes(8))
CALENDAR_AHEAD_MAX_MS = 366 * 86400000
CLOCK_AGE_MAX_MS = 60000  # the instant that a CLOCK_SET speaks of is at most so long ago


def _above(ceiling: int, blocks: int) -> int:
    """The ceiling of counters so many blocks on. At the end there are none left, and frames say so."""
    return min(ceiling + blocks * RESERVE_BLOCK, frames.COUNTER_MAX)


class Unit:
    """`serial`: 8 bytes; `flash`: the journal's area; `keep`: the settings area, where the journal's keys are; `radio`:
    see `radio/`; `ticks`: a function that gives ticks."""

    def __init__(self, serial: bytes, flash: "Flash", keep: "Flash", radio: "Broadcast", ticks: "Clock") -> None:
        self.radio = radio
        self.ticks = ticks
        self.uptime = Uptime(ticks())
        # Set by whoever has something to alert with: alert(code).
        self.alert: Callable[[int], None] | None = None
        # And by whoever has a calendar: on_clock(UTC ms), when the clock was set.
        self.on_clock: Callable[[int], None] | None = None
        self.airtime = Airtime()
        radio.crowd = self.airtime.crowd
        # What to air when nothing else wants the air: (advertising data, scan response, interval ms), connectable.
        self.invitation: tuple[bytes, bytes, int] | None = None
        self._inviting: tuple[bytes, bytes, int] | None = None
        self.flash = flash
        self.clock: tuple[int, int, int] | None = None  # uptime ms, UTC ms then, uncertainty ms
        self.floor_ms = 0  # a UTC that is past, as the journal proves
        # Uptime ms and time slot of a partner's word, while the clock is not set: for freshness, never for evidence.
        self._rough: tuple[int, int] | None = None
        self.was_testing = False  # a self-test of the recorder began last, and its end is not journalled
        self.was_recording = False  # the journal's last word on the recorder: its tally was on, and proved it
        self.in_session = False  # a technician is connected
        self.life = life.NEW
        self._story = 0  # flags of how this boot began, until they are journalled
        self._was_meant = False  # the boot before ended on purpose
        self.was_asleep = False  # and went to sleep
        self.counter = 0
        self._ceiling = 0
        self.marks: dict[int, int] = {}
        self.radio_restarts = 0  # boots in a row, up to this one, that the radio caused
        # Who counts as partner: number (0: the paired ones), until (seconds since 1970, UTC), credential, officer.
        self.assigned = NOBODY_ASSIGNED
        self._serial = serial
        self._keep = keep
        self._notary: Notary | None = None
        self._held: list[tuple[int, bytes, int]] | None = None
        self._seal = Seal(keep, settings.SEAL_FIRST)
        self.journal = Journal(flash, serial, self._carry, self._seal)
        self._recover()
        # What notaries of this boot leave to the next one (`notary.py`); no clock is set yet.
        self._noted: list[int | None] = [self.floor_ms, None]

    def notary(self) -> "Notary":
        """Who signs this unit's journal: loaded when first asked for."""
        if self._notary is None:
            from .core.notary import Notary
            from .core.signer import Signer

            self._notary = Notary(Signer(self._keep, settings.SIGNER_FIRST), self, self._serial, self._noted)
        return self._notary

    def let_notary_go(self) -> bool:
        """Forget the notary, unless there is something to compute or to tell; whether there is none now."""
        if self._notary is not None and self._notary.is_idle():
            self._notary = None
        return self._notary is None

    # What the journal carries through power cuts.

    def _recover(self) -> None:
        for record in self.journal.recent:
            fields = record.fields()
            if fields is None:
                continue
            is_last = (record.boot + 1) & 0xFFFF == self.journal.boot
            if record.kind in (records.HEARD, records.EVENT):
                self.was_testing = False  # a weapon took the recorder over
            if record.kind == records.RESERVE:
                self._ceiling = fields.ceiling
            elif record.kind == records.PEERS:
                for unit, counter in fields:
                    self._raise_mark(unit, counter)
            elif record.kind == records.HEARD:
                self._raise_mark(fields.sender, fields.counter)
            elif record.kind == records.WITNESS:
                self._raise_mark(fields.camera, fields.counter)
            elif record.kind == records.CLOCK:
                # The last one counts, not the latest: an admin may have put a clock back that was set wrong.
                self.floor_ms = max(0, fields.utc_ms - fields.uncertainty_ms)
            elif record.kind == records.FLOOR:
                self.floor_ms = fields.utc_ms
            elif record.kind == records.LIFE:
                self.life = life.unpack(fields)
                self.was_asleep = is_last and fields.what == records.LIFE_STORED
                self._was_meant = is_last and fields.what == records.LIFE_RESTART
            elif record.kind == records.FAULT and fields.kind < records.FAULT_SIGNING:
                self.life = life.with_faults(self.life, 1)
            elif record.kind == records.RADIO and fields.what == records.RADIO_RESTART:
                self.radio_restarts = fields.count if is_last else 0
            elif record.kind == records.RECORDER:
                self.was_recording = bool(fields.tally and fields.believed)
                # At rest, or given up: what records from then on is nobody's loan.
                self.was_testing = self.was_testing and fields.mode not in (camera_state.STANDBY, camera_state.UNPROVEN)
            elif record.kind == records.SELF_TEST:
                self.was_testing = fields.phase == records.TEST_BEGUN and bool(fields.parts & records.TEST_OF_RECORDER)
            elif record.kind == records.ASSIGNED:
                self.assigned = tuple(fields)
        # Each record that cannot be read any more may have raised it, and what looks torn may be one that rotted.
        blocks = self.journal.recovered_missing + self.journal.recovered_torn
        self.counter = self._ceiling = _above(self._ceiling, blocks)
        self.journal.recent = []  # they take memory, and have told what they had to tell

    def _raise_mark(self, unit: int, counter: int) -> None:
        self.marks[unit] = max(counter, self.marks.get(unit, 0))

    def _carry(self) -> list[tuple[int, bytes]]:
        """Facts to repeat at the head of each journal sector."""
        facts = [(records.RESERVE, records.pack(records.RESERVE, self._ceiling))]
        for payload in records.pack_peers(self.marks):
            facts.append((records.PEERS, payload))
        if self.floor_ms:
            facts.append((records.FLOOR, records.pack(records.FLOOR, self.floor_ms)))
        if self.assigned[0]:
            facts.append((records.ASSIGNED, records.pack(records.ASSIGNED, *self.assigned)))
        lived = self._lived()
        if self._story or lived != life.NEW:
            what = records.LIFE_BEGUN if self._story else records.LIFE_COUNTS
            facts.append((records.LIFE, life.pack(what, self._story, lived)))
        # Last, since it closes the set for recovery.
        return facts + [self.config_fact()]

    def config_fact(self) -> tuple[int, bytes]:
        """The record that says which settings are in force."""
        return records.CONFIG, records.pack(records.CONFIG, 0, bytes(8))

    def _lived(self) -> life.Life:
        """The life so far, with the faults that this boot has journalled."""
        return life.with_faults(self.life, self.journal.faults_told)

    def begin_life(self, flags: int, crash: bytes, revision: int) -> None:
        """How this boot came about, before anything goes by the settings: what `interlock/life.py` knows of it, and the
        revision of the settings, 0 without any."""
        if self._was_meant:
            flags &= ~records.LIFE_UNMEANT
        self.life, self._story = life.begun(self.life, flags, crash, revision)

    def tell_life(self, what: int, detail: int) -> None:
        """Journal an occasion of the unit's life."""
        self.record(records.LIFE, life.pack(what, detail, self._lived()))

    def be_well(self, revision: int) -> None:
        """It has been well for a while, under settings of this revision."""
        before, self.life = self.life, life.healthy(self.life, revision)
        if self.life != before:
            self.tell_life(records.LIFE_HEALTHY, 0)

    def write_boot(self, cause: int) -> None:
        """First records of a boot."""
        try:
            self._seal.destroy_past()
        except OSError:
            self._journal_failed()
        if self._seal.is_changing():
            self._change_key()  # a cut broke it off; nothing of this boot shall be under the past key
        self.record(records.BOOT, records.pack(records.BOOT, cause, *VERSION))
        reserved = self._ceiling
        self._ceiling = _above(self._ceiling, 1)  # carried below
        # All carried facts anew, so that they are in the newest sector even when a cut tore the last carrying.
        for kind, payload in self._carry():
            if not self.record(kind, payload) and kind == records.RESERVE:
                self._ceiling = reserved  # `reserve` tries again at the first turn
        self._story = 0
        if self.journal.recovered_torn:
            self.record(records.TORN, records.pack(records.TORN, min(self.journal.recovered_torn, 255)))

    def reserve(self) -> None:
        """What keeps the journal sound also in a long use, a few programs at a time: the next block of counters when
        the present one runs low, the next seal key when the present one has sealed much."""
        if self.journal.is_seal_overdue():
            self._change_key()
        if self._ceiling - self.counter < RESERVE_BLOCK // 4:
            ceiling = _above(self._ceiling, 1)
            if self.record(records.RESERVE, records.pack(records.RESERVE, ceiling)):
                self._ceiling = ceiling

    # The journal.

    def record(self, kind: int, payload: bytes) -> bool:
        """Journal one record, now; True when it is safe (or held, see `hold`). A flash that fails is alerted and costs
        that record, never the weapon's frame."""
        if self._held is not None:
            self._held.append((kind, payload, self.uptime_ms()))
            return True
        return self._write(kind, payload, self.uptime_ms())

    def hold(self) -> None:
        """Keep what is to be journalled until `release`, with its time: first the recorder, the answer, the air."""
        self._held = []

    def release(self) -> None:
        """Journal what was held, in its order."""
        held, self._held = self._held, None
        for kind, payload, uptime_ms in held or ():
            try:
                self._write(kind, payload, uptime_ms)
            except MemoryError:
                self._journal_failed()  # it costs this record, and none behind it

    def _write(self, kind: int, payload: bytes, uptime_ms: int) -> bool:
        try:
            self.journal.append(kind, payload, uptime_ms)
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
            return self.journal.tidy(self.uptime_ms())
        except OSError:
            self._journal_failed()
            return False

    def _change_key(self) -> bool:
        try:
            self.journal.change_key(self.uptime_ms())
        except OSError:
            self._journal_failed()
            return False
        return True

    def reseal(self, key: bytes) -> int:
        """Seal under `key` (16 bytes, the vault's) from the next record on; OK or why not."""
        if self._seal.is_changing() and not self._change_key():
            return wire.FLASH_FAILED  # one that a cut kept from being announced comes first
        try:
            self._seal.give(key)
        except OSError:
            return wire.FLASH_FAILED
        return wire.OK if self._change_key() else wire.FLASH_FAILED

    def assign(self, partner: int, until_s: int, credential: int, officer: bytes) -> bool:
        """From now on `partner` (its number; 0: the paired ones again) counts until then, and journal that; False, and
        nothing changed, when the flash failed."""
        assigned = (partner, until_s, credential, officer)
        if not self.record(records.ASSIGNED, records.pack(records.ASSIGNED, *assigned)):
            return False
        self.assigned = assigned
        return True

    # The clock.

    def uptime_ms(self) -> int:
        return self.uptime.now(self.ticks())

    def utc_ms(self) -> int:
        """UTC now; without a clock the latest UTC known to be past; 0 when there is none."""
        if self.clock is None:
            return self.floor_ms
        return self.clock[1] + self.uptime_ms() - self.clock[0]

    def clock_u_ms(self) -> int:
        """Uncertainty of `utc_ms` while the clock is set."""
        if self.clock is None:
            return 0
        return self.clock[2] + (self.uptime_ms() - self.clock[0]) * DRIFT_PPM // 1000000

    def slot(self) -> int:
        """The time slot now, as far as it is known (`frames.slot_at`), else NO_SLOT."""
        if self.clock is not None:
            return frames.slot_at(self.utc_ms())
        if self._rough is None:
            return frames.NO_SLOT
        return self._rough[1] + (self.uptime_ms() - self._rough[0]) // frames.TIME_SLOT_MS

    def take_time(self, sender: int, slot: int) -> None:
        """A partner says that it is this slot. Without a clock of its own a unit goes by the latest such word: an old
        frame, played again, cannot put it back."""
        before = self.slot()
        if self.clock is not None or slot <= before or slot < frames.slot_at(self.floor_ms):
            return
        self._rough = (self.uptime_ms(), slot)
        if slot - before > SLOTS_APART:
            self.record(records.TIME_HEARD, records.pack(records.TIME_HEARD, sender, slot))

    def set_clock(self, credential: int, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> int:
        """Take the UTC of an instant just past; OK or why not. Only an admin may make it jump."""
        now = self.uptime_ms()
        if not 0 <= now - uptime_ms <= CLOCK_AGE_MAX_MS or uncertainty_ms > CLOCK_U_MAX_MS:
            return wire.CLOCK_JUMP
        if credential != wire.ADMIN and not self._is_plausible(uptime_ms, utc_ms, uncertainty_ms):
            return wire.CLOCK_JUMP
        fields = (credential, utc_ms, uncertainty_ms, now - uptime_ms)
        if not self.record(records.CLOCK, records.pack(records.CLOCK, *fields)):
            return wire.FLASH_FAILED
        self.clock = (uptime_ms, utc_ms, uncertainty_ms)
        if self.on_clock:
            self.on_clock(self.utc_ms())
        self.floor_ms = max(0, utc_ms - uncertainty_ms)
        return wire.OK

    def take_calendar(self, utc_ms: int, uncertainty_ms: int) -> None:
        """Go by what a calendar kept over a restart, until somebody knows better. Not by one that runs a year ahead of
        all that the journal knows: it would keep every technician out, whose credentials end sooner."""
        if not self.floor_ms or utc_ms <= self.floor_ms + CALENDAR_AHEAD_MAX_MS:
            self.set_clock(records.BY_BOARD, self.uptime_ms(), utc_ms, uncertainty_ms)

    def _is_plausible(self, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> bool:
        if self.clock is None:
            return utc_ms + uncertainty_ms + CLOCK_SLACK_MS >= self.floor_ms
        before_ms, at_ms, before_u_ms = self.clock
        elapsed_ms = uptime_ms - before_ms
        allowed_ms = before_u_ms + uncertainty_ms + CLOCK_SLACK_MS + abs(elapsed_ms) * DRIFT_PPM // 1000000
        return abs(utc_ms - at_ms - elapsed_ms) <= allowed_ms

    # The air.

    def broadcast(self) -> None:
        """Give the radio what belongs on the air now. What the stack refused is tried again: see `air_deadline`."""
        now = self.ticks()
        wanted = self.airtime.turn(now)
        invitation = self.invitation if wanted is None and not self.airtime.rests else None
        if wanted == self.airtime.now_on and invitation == self._inviting:
            return
        if self.radio.retry_at is not None and not is_due(self.radio.retry_at, now):
            return  # a stack that is dead must not empty the cell
        if wanted is not None:
            taken = self.radio.advertise(wanted[0], wanted[1])
        elif invitation is not None:
            taken = self.radio.invite(*invitation)
        else:
            taken = self.radio.silence()
        if taken:
            self.airtime.now_on = wanted
            self._inviting = invitation

    def is_airing(self) -> bool:
        """Whether the stack has taken an advertisement that is on the air now."""
        return self.airtime.now_on is not None or self._inviting is not None

    def air_deadline(self, now: int) -> int | None:
        """The next tick at which `broadcast` may have something to do, or None."""
        return earlier(self.airtime.deadline(now), self.radio.retry_at, now)

    def change_address(self, mode: int | None) -> None:
        """Take a fresh address of this kind. The stack refuses that while it advertises or scans, so it is silent and
        deaf for some milliseconds."""
        self.radio.change_address(mode)
        self.airtime.now_on = None
        self._inviting = None

    def rotate(self) -> None:
        """Take a fresh address of the board's kind, so that what comes is not linked with what was. Not while a
        technician is invited or here: service mode has an address of its own."""
        if self.invitation is None and not self.in_session and self.radio.address_mode is not None:
            self.change_address(self.radio.address_mode)

    def uninvited(self) -> None:
        """A central has connected: the stack has taken the invitation off the air."""
        self._inviting = None
        self.airtime.now_on = None
