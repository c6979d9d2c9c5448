"""What a session may do to a unit (`core/needs.pyi`, Served): joins `core/session.py` to journal, settings, clock and
signer. What the signer has to compute is done here in slices, whenever the unit has nothing better to do."""

import os
import struct

from . import VERSION
from .core import access, records, settings, wire
from .core.notary import Notary
from .core.reading import Cursor
from .core.settings import SettingsError
from .core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.needs import Flash
    from .unit import Unit

PAUSE_MS = 2000  # after a wrong secret nobody is heard for so long
REFUSALS_MS = 600000  # wrong secrets are journalled at most so often, counted together
# Hashes in a turn of the loop, at some 0.2 ms each: 40 ms in service mode; elsewhere so few that a weapon is not kept
# waiting for its frame.
SERVICE_HASHES = 200
DUTY_HASHES = 20


class Desk:
    """`unit`: Unit or Station; `area`: the settings area; `label`: Label; `config`: its Settings or None when boxed.

    `adopt`: called with new Settings that are in force from now on; `sense`: gives (status flags, cell mV).
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
        self.in_service_mode = False
        self._notary = Notary(unit.signer, unit, label.serial)
        self._unit = unit
        self._area = area
        self._adopt = adopt
        self._sense = sense
        self._wait_until: int | None = None
        self._tries = 0  # wrong secrets not journalled yet
        self._refusals_until: int | None = None

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
        )

    def opened(self, credential: int, person: bytes, number: int) -> None:
        self._note_refusals()
        self._unit.record(records.SESSION, records.pack(records.SESSION, credential, person, number))

    def refused(self, reason: int) -> None:
        now = self._unit.ticks()
        self._wait_until = ticks_add(now, PAUSE_MS)
        self._tries = min(self._tries + 1, 0xFFFF)
        if self._refusals_until is None or is_due(self._refusals_until, now):
            self._refusals_until = ticks_add(now, REFUSALS_MS)
            self._note_refusals()

    def _note_refusals(self) -> None:
        if self._tries:
            self._unit.record(records.REFUSED, records.pack(records.REFUSED, wire.BAD_PROOF, self._tries))
            self._tries = 0

    def wait_s(self) -> int:
        now = self._unit.ticks()
        if self._wait_until is None or is_due(self._wait_until, now):
            self._wait_until = None
            return 0
        return (ticks_diff(self._wait_until, now) + 999) // 1000

    def tidy(self, now: int) -> None:
        """Journal wrong secrets that were only counted, once their time is over."""
        if is_due(self._refusals_until, now):
            self._refusals_until = None
            self._note_refusals()

    def set_clock(self, credential: int, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> int:
        return self._unit.set_clock(credential, uptime_ms, utc_ms, uncertainty_ms)

    def check(self, credential: int, found: settings.Settings) -> int:
        present = self.config
        if present is None:
            return wire.OK
        if credential == wire.ADMIN:
            # Who a unit is does not change in service: its journal and its partners go by it.
            if (found.unit, found.role, found.unit_key) != (present.unit, present.role, present.unit_key):
                return wire.BAD_SETTINGS
            if settings.digest(found) == settings.digest(present):
                return wire.OK
        return wire.OK if found.revision > present.revision else wire.STALE

    def commit(self, credential: int, found: settings.Settings, granted: access.Granted | None) -> int:
        reason = self.check(credential, found)
        # The seal's key first, access next: they count only beside settings, so a cut in between leaves what was there.
        if reason == wire.OK and granted is not None:
            reason = self._unit.reseal(granted.seal_key)
        if reason != wire.OK:
            return reason
        try:
            if granted is not None:
                access.store(self._area, granted.access)
            if self.config is None or settings.digest(found) != settings.digest(self.config):
                settings.store(self._area, found)
        except SettingsError:
            return wire.STALE
        except OSError:
            return wire.FLASH_FAILED
        if granted is not None:
            self.restart = True
        elif self.config is None or settings.digest(found) != settings.digest(self.config):
            self.config = found
            self._adopt(found)
        return wire.OK

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
        """Do a slice of the signer's work; whether there is more of it. At every turn, unless a weapon is in use."""
        return self._notary.work(SERVICE_HASHES if self.in_service_mode else DUTY_HASHES)

    def closed(self, reason: int, operations: int, pulled_to: int) -> None:
        """A session that had been opened is over."""
        fields = (reason, operations, pulled_to)
        self._unit.record(records.SESSION_END, records.pack(records.SESSION_END, *fields))
