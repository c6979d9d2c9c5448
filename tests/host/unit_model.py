"""A unit in memory for the host tools' tests: the real core's session, journal, settings and access on RAM flash, a
radio that carries frames at once, under a fate (`fate.py`) that strikes at the nth step.

Not the firmware: the real one, on the simulated radio, is tested in `tests/system`.
"""

import asyncio
import random
import struct

from host_tools.inbox import Inbox, LinkLost
from host_tools.session import REPLY_BYTES_MAX
from interlock.core import access, records, settings, wire
from interlock.core.journal import Journal
from interlock.core.notary import Notary
from interlock.core.reading import Cursor
from interlock.core.seal import Seal
from interlock.core.session import Session
from interlock.core.signer import Signer
from tests.core.flash import RamFlash

from .fate import Fate, Killed
from .tester_model import Tested
from .update_model import Updatable

UTC_MS = 1_790_000_000_000
RESTART_S = 1.0
BURST, BURST_S = 10, 0.02
HASH_S = 0.0002
SLICE = 2000


class ModelUnit(Tested, Updatable):
    """`needs.Served` on RAM flash. `held`: the settings in force; a unit that was set up starts anew when the
    session is over."""

    battery_mv = 3900

    def __init__(self, serial: str, seed: int = 1, sectors: int = 8) -> None:
        self.serial = serial
        self._random = random.Random(f"{serial} {seed}")
        self.label = access.Label(serial.encode().ljust(8), self._random.randbytes(16))
        self.settings_flash = RamFlash(settings.SECTORS)
        self.journal_flash = RamFlash(sectors)
        access.store_label(self.settings_flash, self.label)
        self.tries = 0
        self.waits_s = 0
        self.wait_until_ms = 0
        self.clock: tuple[int, int] | None = None  # uptime ms, UTC ms
        self.assigned: tuple[int, int, int, bytes] = (0, 0, 0, bytes(8))
        self.mode = records.MODE_NORMAL
        self.loop: asyncio.AbstractEventLoop | None = None
        self.deaf_until_s = 0.0
        self.worked_until_s = 0.0
        self.is_new = False
        super().__init__()
        self.boot()

    def boot(self) -> None:
        self.label = access.load_label(self.settings_flash)
        self.access = access.load(self.settings_flash)
        self.held = settings.load(self.settings_flash)
        self.clock = None
        self.is_new = False
        self.start_device()
        self.seal = Seal(self.settings_flash, settings.SEAL_FIRST)
        self.journal = Journal(self.journal_flash, self.label.serial, self._carry, self.seal)
        self.signer = Signer(self.settings_flash, settings.SIGNER_FIRST)
        self.notary = Notary(self.signer, self, self.label.serial)
        self.note(records.BOOT, records.pack(records.BOOT, 0, 1, 0, 0))
        for kind, payload in self._carry():
            self.note(kind, payload)

    def _carry(self) -> list[tuple[int, bytes]]:
        held = self.held
        fact = (held.revision, settings.digest(held)) if held else (0, bytes(8))
        return [(records.CONFIG, records.pack(records.CONFIG, *fact))]

    def note(self, kind: int, payload: bytes) -> None:
        if self.journal.is_seal_overdue():
            self.journal.change_key(self.uptime_ms())
        self.journal.append(kind, payload, self.uptime_ms())

    def compute(self) -> None:
        """Do all that the signer has to do, at once."""
        while self.notary.work(SLICE):
            pass

    def compute_meanwhile(self) -> None:
        """Do what could be done of it since it was looked at last."""
        now_s = 0.0 if self.loop is None else self.loop.time()
        left = int((now_s - self.worked_until_s) / HASH_S)
        self.worked_until_s = now_s
        while left > 0 and self.notary.work(min(left, SLICE)):
            left -= SLICE

    def fill(self, count: int) -> None:
        """So many routine records."""
        for index in range(count):
            self.note(records.MET, records.pack(records.MET, 7, index, bytes(4)))

    @property
    def state(self) -> int:
        if self.access is None:
            return wire.STATE_BOXED
        return wire.STATE_LABEL_OPEN if self.access.label_open else wire.STATE_IN_SERVICE

    def keys_with(self, other: "ModelUnit") -> list[bytes]:
        """Pair keys that this unit holds for the other."""
        if self.held is None or other.held is None:
            return []
        return [partner.pair_key for partner in self.held.partners if partner.unit == other.held.unit]

    # needs.Signing

    def record(self, kind: int, payload: bytes) -> bool:
        self.note(kind, payload)
        return True

    def clock_u_ms(self) -> int:
        return 5

    # needs.Served

    def entropy(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def uptime_ms(self) -> int:
        return 1000 + (0 if self.loop is None else int(self.loop.time() * 1000))

    def utc_ms(self) -> int:
        return 0 if self.clock is None else self.clock[1] + self.uptime_ms() - self.clock[0]

    def status(self) -> bytes:
        held, journal = self.held, self.journal
        return struct.pack(
            wire.STATUS_FORM,
            0,
            1,
            0,
            held.role if held else 0,
            held.unit if held else 0,
            wire.FLAG_LABEL_OPEN if self.access is None or self.access.label_open else 0,
            self.battery_mv,
            journal.boot,
            self.uptime_ms(),
            journal.first,
            journal.sequence,
            journal.head,
            held.revision if held else 0,
            settings.digest(held) if held else bytes(8),
            self.access.step if self.access else 0,
            self.utc_ms(),
            5,
            *self.assigned[:2],
            0 if held is None else 1 if held.group_other == settings.NO_KEY else 2,
        )

    def opened(self, credential: int, person: bytes, number: int) -> None:
        self.tries = 0
        self.note(records.SESSION, records.pack(records.SESSION, credential, person, number))

    def refused(self, credential: int, reason: int) -> None:
        self.tries += 1
        self.wait_until_ms = self.uptime_ms() + 2000

    def wait_s(self, credential: int) -> int:
        return self.waits_s or max(0, self.wait_until_ms - self.uptime_ms() + 999) // 1000

    def set_clock(self, credential: int, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> int:
        if credential != wire.ADMIN and self.clock and abs(self.utc_ms() - utc_ms) > 1000:
            return wire.CLOCK_JUMP
        self.clock = (uptime_ms, utc_ms)
        ago = self.uptime_ms() - uptime_ms
        self.note(records.CLOCK, records.pack(records.CLOCK, credential, utc_ms, uncertainty_ms, ago))
        return wire.OK

    def check(self, credential: int, wanted: settings.Settings) -> int:
        held = self.held
        if held is None:
            return wire.OK
        if credential == wire.ADMIN:
            if (wanted.unit, wanted.role) != (held.unit, held.role):
                return wire.BAD_SETTINGS
            if settings.digest(wanted) == settings.digest(held):
                return wire.OK
        return wire.OK if wanted.revision > held.revision else wire.STALE

    def commit(self, credential: int, wanted: settings.Settings, granted: access.Granted | None) -> int:
        if granted is not None:
            self.seal.give(granted.seal_key)
            self.journal.change_key(self.uptime_ms())
            access.store(self.settings_flash, granted.access)
        if self.held is None or settings.digest(wanted) != settings.digest(self.held):
            before = settings.DEFAULT_POLICY if self.held is None else self.held.policy
            for change in settings.policy_changes(before, wanted.policy):
                self.note(records.POLICY, records.pack(records.POLICY, *change))
            settings.store(self.settings_flash, wanted)
        if granted is not None:
            self.is_new = True
        else:
            self.held = wanted
            self.note(*self._carry()[0])
        return wire.OK

    def assign(self, credential: int, partner: int, until_s: int, officer: bytes) -> int:
        assert self.held is not None
        known = [each.unit for each in self.held.partners]
        ahead_ms = until_s * 1000 - self.utc_ms()
        if partner and (partner not in known or ahead_ms <= 0):
            return wire.BAD_ASSIGNMENT
        if partner and self.clock is not None and ahead_ms > wire.ASSIGN_MAX_S * 1000:
            return wire.BAD_ASSIGNMENT
        self.assigned = (partner, until_s if partner else 0, credential, officer)
        self.note(records.ASSIGNED, records.pack(records.ASSIGNED, *self.assigned))
        return wire.OK

    def set_mode(self, credential: int, mode: int, seconds: int) -> int:
        if self.held is None or not self.held.role & settings.ROLE_HOLSTER or mode not in records.MODE_NAMES:
            return wire.BAD_MODE
        self.mode = mode
        self.note(records.MODE, records.pack(records.MODE, mode, records.MODE_BY_SESSION, seconds))
        return wire.OK

    def ratchet(self, moved: access.Access) -> int:
        self.access = access.store(self.settings_flash, moved)
        return wire.OK

    def cursor(self, sequence: int) -> Cursor:
        return Cursor(self.journal_flash, sequence)

    def end(self) -> tuple[int, bytes]:
        return self.journal.sequence, self.journal.head

    def checkpoint(self, credential: int, last_seen: int | None, nonce: bytes) -> tuple[int, int, int]:
        return self.notary.checkpoint(credential, last_seen, nonce)

    def signed(self) -> tuple[int, bytes]:
        return self.notary.signed()

    def key(self) -> bytes:
        return self.notary.key()

    def make_key(self, params: int, entropy: bytes) -> int:
        return self.notary.make_key(params, entropy, self.entropy(len(entropy)))


class ModelLink:
    """`session.Link`: frames are carried at once, each of them a step of fate."""

    def __init__(self, unit: ModelUnit, fate: Fate, mtu: int) -> None:
        self.unit = unit
        self.mtu = mtu
        self.replies = Inbox(REPLY_BYTES_MAX)
        self.is_up = True
        self._fate = fate
        self._stream: Inbox | None = None
        self.session = Session(unit, self._now())
        self.session.mtu = mtu

    def _now(self) -> int:
        return self.unit.uptime_ms() & 0x3FFFFFFF

    async def command(self, frame: bytes) -> None:
        assert len(frame) <= self.mtu - 3, "a write longer than MTU - 3 would be prepared in pieces"
        await asyncio.sleep(0.03)
        if self.is_up and self._fate.step():
            self.drop()
        if not self.is_up:
            raise LinkLost
        self.unit.compute_meanwhile()
        self.session.receive(frame, self._now())
        self.pump()

    async def on_stream(self, stream: Inbox) -> None:
        self._stream = stream

    def pump(self) -> None:
        """Let the unit compute and send all it can."""
        session = self.session
        while session.work(self._now()):
            pass
        while session.out and self._carry(self.replies, session.out.pop(0)):
            pass
        self._send_some()
        if session.ended is not None and not session.out:
            self.drop()

    def _send_some(self) -> None:
        """Some notifications now, the others a little later."""
        for _ in range(BURST):
            frame = self.session.notification() if self.is_up else None
            if frame is None:
                return
            assert self._stream is not None, "the unit streams to nobody"
            if not self._carry(self._stream, frame):
                return
        asyncio.get_running_loop().call_later(BURST_S, self._go_on)

    def _go_on(self) -> None:
        try:
            self._send_some()
        except Killed:
            self.drop()  # nobody is there any more to be told

    def _carry(self, inbox: Inbox, frame: bytes) -> bool:
        assert len(frame) <= self.mtu - 3
        if self._fate.step():
            self.drop()
            return False
        inbox.put(frame)
        return True

    def end(self, reason: int) -> None:
        """The unit ends the session by itself."""
        self.session.end(reason)
        self.pump()

    def drop(self) -> None:
        """The connection is lost; what a restart puts in force is so a second later."""
        if not self.is_up:
            return
        self.is_up = False
        if self.session.ended is None:
            self.session.end(wire.LINK_LOST)
        unit = self.unit
        if unit.loop is not None and unit.is_new:
            unit.deaf_until_s = unit.loop.time() + RESTART_S
        self.replies.close("the connection to the unit was lost")
        if self._stream is not None:
            self._stream.close("the connection to the unit was lost")


ADMIN_KEY = bytes(range(32))
ROOT = bytes(range(32, 64))


def put_in_service(unit: ModelUnit, role: int = settings.ROLE_HOLSTER, number: int = 1) -> None:
    """As provisioning would leave it, with the keys above."""
    held = settings.Settings(
        1,
        unit.label.serial,
        number,
        role,
        bytes(32),
        bytes(32),
        bytes(32),
        [],
        settings.DEFAULT_POLICY,
        *settings.DEFAULT_RECORDER,
    )
    settings.store(unit.settings_flash, held)
    granted = access.Access(0, b"FORCE   ", b"unit".ljust(16), ADMIN_KEY, access.NO_KEY, 1, ROOT, False)
    access.store(unit.settings_flash, granted)
    unit.boot()
