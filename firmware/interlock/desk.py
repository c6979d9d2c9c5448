"""What a session may do to a unit (`core/needs.pyi`, Served): joins `core/session.py` to journal, settings, clock and
signer. What the signer has to compute is done here in slices, whenever the unit has nothing better to do."""

import os
import struct

from . import VERSION, parts
from .core import access, records, settings, wire
from .core.bucket import Bucket
from .core.reading import Cursor
from .core.refusals import Refusals
from .core.settings import ROLE_CAMERA, ROLE_HOLSTER, SettingsError
from .office import DUTY_HASHES, SERVICE_HASHES

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from interlock_loader.keeper import Keeper

    from .core.needs import Flash
    from .core.x25519 import Ladder
    from .unit import Unit
    from .update import Update

# Records that a technician's requests make (clock, assignment, mode), in a row, and then one in so long: whoever stole
# a laptop must not wash the journal out before it is pulled.
NOTES = 64
NOTES_REFILL_MS = 30000


class Desk:
    """`unit`: Unit or Station; `area`: the settings area; `label`: Label; `config`: its Settings or None when boxed.

    `adopt`: called with new Settings that are in force from now on; `sense`: gives (status flags, cell mV);
    `identify`: blinks for some ms, as `Served.identify` says; `command`: enters a mode for some seconds and gives OK or
    why not, `self_test`: as `Served.self_test`; both None on a unit that has none; `keeper`: the loader's, None on a
    unit without slots, which no update reaches over the air.
    `restart`: set when the unit must start anew once the session is over. `in_service_mode`: whether it is.
    """

    def __init__(
        self,
        unit: "Unit",
        area: "Flash",
        label: access.Label,
        config: settings.Settings | None,
        adopt: "Callable[[settings.Settings], None]",
        sense: "Callable[[], tuple[int, int]]",
        identify: "Callable[[int, int], int]",
        command: "Callable[[int, int], int] | None" = None,
        self_test: "Callable[[int, int], tuple[int, bytes]] | None" = None,
        keeper: "Keeper | None" = None,
    ) -> None:
        self.label = label
        self.config = config
        self.access: access.Access | None = None
        try:
            if config is not None:
                self.access = access.load(area)
        except OSError:
            # The unit does its duty, and nobody is let in: not by the label either, which may long be closed.
            self.label = access.Label(label.serial, b"")
        self.restart = False
        self.plays_both = True  # whether the board has pins for both roles at once
        self.has_recorder: Callable[[int], bool] = _any  # whether the board can have a recorder of this kind
        self.in_service_mode = False
        self._notary = unit.notary()
        self._unit = unit
        self._area = area
        self._adopt = adopt
        self._sense = sense
        self._command = command
        self._identify = identify
        self._self_test = self_test
        self._keeper = keeper
        self._update = parts.Part(self._make_update)  # what only an admin needs
        # As `Served.place`, with the seconds that it may last; None on a unit without a holster's part.
        self.placement: Callable[[int, int, int], tuple[int, bytes]] | None = None
        self._refusals = Refusals(self._note_refusals)
        self._notes = Bucket(NOTES, NOTES_REFILL_MS, unit.ticks())
        if self.state() != wire.STATE_IN_SERVICE:
            _find_ladder()  # in time, and to go with the desk

    # What the session asks.

    def entropy(self, count: int) -> bytes:
        return os.urandom(count)

    def utc_ms(self) -> int:
        return self._unit.utc_ms()

    def uptime_ms(self) -> int:
        return self._unit.uptime_ms()

    def state(self) -> int:
        """The unit's state as it says it in the open."""
        if self.config is None:
            return wire.STATE_BOXED
        return wire.STATE_LABEL_OPEN if self.access is None or self.access.label_open else wire.STATE_IN_SERVICE

    def status(self) -> bytes:
        unit, journal, config = self._unit, self._unit.journal, self.config
        flags, cell_mv = self._sense()
        if self.state() != wire.STATE_IN_SERVICE:
            flags |= wire.FLAG_LABEL_OPEN
        if self._keeper is not None:
            flags |= self._slot_flags(self._keeper)
        return struct.pack(
            wire.STATUS_FORM,
            *VERSION,
            config.role if config else 0,
            config.unit if config else 0,
            flags,
            cell_mv,
            journal.boot,
            unit.uptime_ms(),
            journal.first,
            journal.sequence,
            journal.head,
            config.revision if config else 0,
            settings.digest(config) if config else bytes(8),
            self.access.step if self.access else 0,
            unit.utc_ms() if unit.clock else 0,
            unit.clock_u_ms(),
            *unit.assigned[:2],
            0 if config is None else 1 if config.group_other == settings.NO_KEY else 2,
        )

    def _slot_flags(self, keeper: "Keeper") -> int:
        active, standing, _, failed = keeper.state[:4]
        flags = wire.FLAG_SLOT_B if active else 0
        flags |= wire.FLAG_ON_TRIAL if standing else 0
        return flags | (wire.FLAG_GAVE_UP if failed & 1 << (1 - active) else 0)

    def opened(self, credential: int, person: bytes, number: int) -> None:
        self._refusals.right(credential)
        self._unit.record(records.SESSION, records.pack(records.SESSION, credential, person, number))

    def refused(self, credential: int, reason: int) -> None:
        now = self._unit.ticks()
        if reason == wire.BAD_PROOF:
            self._refusals.wrong(credential, now)
        self._refusals.count(reason, now)

    def _note_refusals(self, reason: int, tries: int) -> None:
        self._unit.record(records.REFUSED, records.pack(records.REFUSED, reason, tries))

    def wait_s(self, credential: int) -> int:
        return (self._refusals.wait_ms(credential, self._unit.ticks()) + 999) // 1000

    def tidy(self, now: int) -> None:
        """Journal what was refused and only counted so far, once its time is over."""
        self._refusals.tidy(now)
        self._notes.refill(now)

    def is_idle(self, now: int) -> bool:
        """Whether nothing would be forgotten with it."""
        update: Update | None = self._update.held
        if self.restart or (update is not None and not update.is_idle(now)):
            return False
        return self._refusals.is_idle() and self._notes.is_full()

    def let_go(self) -> None:
        """Nobody is here any more: let go of what was loaded for who was."""
        update: Update | None = self._update.held
        if update is not None:
            update.close()
        self._update.forget()

    def _may_note(self, credential: int) -> bool:
        return credential != wire.TECHNICIAN or self._notes.take(self._unit.ticks())

    def set_clock(self, credential: int, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> int:
        if not self._may_note(credential):
            return wire.TOO_OFTEN
        return self._unit.set_clock(credential, uptime_ms, utc_ms, uncertainty_ms)

    def check(self, credential: int, found: settings.Settings) -> int:
        present = self.config
        if found.role == ROLE_CAMERA | ROLE_HOLSTER and not self.plays_both:
            return wire.BAD_SETTINGS
        if found.role & ROLE_CAMERA and not self.has_recorder(found.recorder):
            return wire.BAD_SETTINGS
        if present is None:
            return wire.OK
        if credential == wire.ADMIN:
            # Who a unit is does not change in service: its journal and its partners go by it. Its key does: a partner
            # that was lost knew it.
            if (found.unit, found.role) != (present.unit, present.role):
                return wire.BAD_SETTINGS
            if settings.digest(found) == settings.digest(present):
                return wire.OK
        return wire.OK if found.revision > present.revision else wire.STALE

    def commit(self, credential: int, found: settings.Settings, granted: access.Granted | None) -> int:
        reason = self.check(credential, found)
        is_new = self.config is None or settings.digest(found) != settings.digest(self.config)
        if reason == wire.OK and is_new and not self._note_policy(found.policy):
            reason = wire.FLASH_FAILED
        # The seal's key first, access next: they count only beside settings, so a cut in between leaves what was there.
        if reason == wire.OK and granted is not None:
            reason = self._unit.reseal(granted.seal_key)
        if reason != wire.OK:
            return reason
        try:
            if granted is not None:
                access.store(self._area, granted.access)
            if is_new:
                settings.store(self._area, found)
        except SettingsError:
            return wire.STALE
        except OSError:
            return wire.FLASH_FAILED
        if granted is not None:
            self.restart = True
        elif is_new:
            present, self.config = self.config, found
            self._adopt(found)
            # A recorder's driver is made at a start.
            self.restart = self.restart or (present is not None and present[-2:] != found[-2:])
        return wire.OK

    def _note_policy(self, policy: settings.Policy) -> bool:
        """Journal which figures change, and from what, before they do: no cut hides that. They are in force from the
        record of the configuration that follows."""
        before = settings.DEFAULT_POLICY if self.config is None else self.config.policy
        for change in settings.policy_changes(before, policy):
            if not self._unit.record(records.POLICY, records.pack(records.POLICY, *change)):
                return False
        return True

    def assign(self, credential: int, partner: int, until_s: int, officer: bytes) -> int:
        config = self.config
        if config is None:
            return wire.NOT_ALLOWED
        if partner and not (self._is_time(until_s) and _may_count(config, partner)):
            return wire.BAD_ASSIGNMENT
        if not self._may_note(credential):
            return wire.TOO_OFTEN
        if not self._unit.assign(partner, until_s if partner else 0, credential, officer):
            return wire.FLASH_FAILED
        return wire.OK

    def _is_time(self, until_s: int) -> bool:
        """Whether an assignment may end then. A unit without a clock knows only what is past for certain."""
        ahead_ms = until_s * 1000 - self._unit.utc_ms()
        return ahead_ms > 0 and (self._unit.clock is None or ahead_ms <= wire.ASSIGN_MAX_S * 1000)

    def set_mode(self, credential: int, mode: int, seconds: int) -> int:
        config = self.config
        if config is None or self._command is None:
            return wire.BAD_MODE
        if not self._may_note(credential):
            return wire.TOO_OFTEN
        longest_s = 0
        if mode == records.MODE_MUTE:
            longest_s = config.policy.mute_ms // 1000
        elif mode in (records.MODE_TEST, records.MODE_FUNCTION_TEST):
            longest_s = config.policy.test_ms // 1000
        elif mode == records.MODE_NORMAL:
            return self._command(mode, 0)
        # What an admin decided about how long, nobody exceeds.
        if not longest_s or seconds > longest_s:
            return wire.BAD_MODE
        return self._command(mode, seconds or longest_s)

    def identify(self, seconds: int, how: int) -> int:
        return self._identify(seconds * 1000, how)

    def self_test(self, credential: int, parts: int) -> tuple[int, bytes]:
        if self._self_test is None:
            return wire.NOT_ALLOWED, b""
        return self._self_test(credential, parts)

    def place(self, credential: int, what: int, seconds: int) -> tuple[int, bytes]:
        if self.placement is None or self.config is None:
            return wire.NOT_ALLOWED, b""
        if what == wire.PLACE_BEGIN:
            longest_s = self.config.policy.test_ms // 1000
            if not longest_s or seconds > longest_s:
                return wire.BAD_MODE, b""
            if not self._may_note(credential):
                return wire.TOO_OFTEN, b""
            seconds = seconds or longest_s
        return self.placement(credential, what, seconds)

    def update(self, code: int, body: bytes) -> tuple[int, bytes]:
        if self._keeper is None:
            return wire.NOT_ALLOWED, b""
        update: Update | None = self._update.get()
        if update is None:
            return wire.FLASH_FAILED, b""
        try:
            reason, answer = update.serve(code, body, self._unit.ticks())
            self.restart = self.restart or update.restart
        except Exception:  # noqa: BLE001 - whatever is wrong with updating, the unit goes on doing its duty
            self._update.forget()
            return wire.FLASH_FAILED, b""
        return reason, answer

    def _make_update(self) -> "Update":
        from .update import Update

        assert self._keeper is not None
        return Update(self._keeper, None, self._note_update, self._unit.ticks())

    def _note_update(self, phase: int, finding: int, slot: int, version: tuple[int, ...], digest: bytes) -> bool:
        fields = (phase, finding, slot) + tuple(version) + (digest[:8],) + VERSION
        return self._unit.record(records.UPDATE, records.pack(records.UPDATE, *fields))

    def ratchet(self, moved: access.Access) -> int:
        try:
            self.access = access.store(self._area, moved)
        except OSError:
            return wire.FLASH_FAILED
        return wire.OK

    def cursor(self, sequence: int) -> Cursor:
        return Cursor(self._unit.flash, sequence)

    def end(self) -> tuple[int, bytes]:
        return self._unit.journal.sequence, self._unit.journal.head

    def checkpoint(self, credential: int, last_seen: int | None, nonce: bytes) -> tuple[int, int, int]:
        return self._notary.checkpoint(credential, last_seen, nonce)

    def signed(self) -> tuple[int, bytes]:
        return self._notary.signed()

    def key(self) -> bytes:
        return self._notary.key()

    def make_key(self, params: int, entropy: bytes) -> int:
        return self._notary.make_key(params, entropy, self.entropy(len(entropy)))

    def work(self) -> bool:
        """Do a slice of the signer's work, and of an update's; whether there is more of it. At every turn, unless a
        weapon is in use."""
        hashes = SERVICE_HASHES if self.in_service_mode else DUTY_HASHES
        more = self._notary.work(hashes)
        update: Update | None = self._update.held
        if update is not None:
            try:
                more = update.work(hashes) or more
            except Exception:  # noqa: BLE001 - as in `update`
                self._update.forget()
        return more

    def closed(self, reason: int, operations: int, pulled_to: int) -> None:
        """A session that had been opened is over."""
        fields = (reason, operations, pulled_to)
        self._unit.record(records.SESSION_END, records.pack(records.SESSION_END, *fields))


def _find_ladder() -> "type[Ladder]":
    """What agrees on a key with whoever has the label, while that counts."""
    from .core.x25519 import Ladder

    return Ladder


def _any(_: int) -> bool:
    return True


def _may_count(config: settings.Settings, number: int) -> bool:
    """Whether this partner, paired or spare, can do what the unit needs a partner for."""
    wanted = 0
    if config.role & ROLE_HOLSTER:
        wanted |= ROLE_CAMERA
    if config.role & ROLE_CAMERA:
        wanted |= ROLE_HOLSTER
    for partner in config.partners:
        if partner.unit == number and partner.role & wanted:
            return True
    return False
