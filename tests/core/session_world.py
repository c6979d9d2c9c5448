"""A unit and a host for sessions without radio: the smallest that obey the rules. Runs in either interpreter."""

import hashlib
import struct

from interlock.core import access, records, settings, wire
from interlock.core.journal import Journal
from interlock.core.reading import Cursor
from interlock.core.secure import SessionKeys, transcript
from interlock.core.session import Session
from interlock.core.settings import DEFAULT_POLICY, Settings
from interlock.core.x25519 import BASE, multiply
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"
SECRET = b"label secret 16b"
ADMIN_KEY, ROOT = b"a" * 32, b"r" * 32
LABEL = access.Label(SERIAL, SECRET)


def some_settings(revision=1, unit_key=b"u" * 32):
    return Settings(revision, SERIAL, 1, settings.ROLE_HOLSTER, unit_key, b"g" * 32, [], DEFAULT_POLICY)


def some_access():
    return access.Access(0, b"FORCE   ", b"left hip        ", ADMIN_KEY, access.NO_KEY, 1, ROOT, False)


class Unit:
    """Obeys `needs.Served`, with real settings, access and journal on memory flash. `boxed`: not set up yet; `salt`:
    its entropy follows from it."""

    def __init__(self, boxed=False, journalled=0, sector_bytes=4096, salt=b""):
        self.area = RamFlash(settings.SECTORS, 1024)
        self.label = LABEL
        access.store_label(self.area, LABEL)
        self.config = self.access = None
        if not boxed:
            self.config = some_settings()
            settings.store(self.area, self.config)
            self.access = access.store(self.area, some_access())
        self.flash = RamFlash(8, sector_bytes)
        self.journal = Journal(
            self.flash, SERIAL, lambda: [(records.CONFIG, records.pack(records.CONFIG, 0, bytes(8)))]
        )
        for i in range(journalled):
            self.journal.append(records.RESERVE, records.pack(records.RESERVE, i), i)
        self.said = []  # what the session told the unit
        self.now_ms = 1000
        self.utc = 0
        self.clock_answer = wire.OK
        self.waits_s = 0
        self._salt = salt
        self._entropy = 0

    def entropy(self, count):
        self._entropy += 1
        return hashlib.sha256(self._salt + struct.pack(">I", self._entropy)).digest()[:count]

    def utc_ms(self):
        return self.utc

    def uptime_ms(self):
        return self.now_ms

    def status(self):
        head = (0, 1, 0, 1, 1, 0, 3900, self.journal.boot, self.now_ms)
        tail = (self.journal.first, self.journal.sequence, self.journal.head, 1, bytes(8), 1, 0, 0)
        return struct.pack(wire.STATUS_FORM, *(head + tail))

    def opened(self, credential, person, number):
        self.said.append(("opened", credential, person, number))

    def refused(self, reason):
        self.said.append(("refused", reason))

    def wait_s(self):
        return self.waits_s

    def set_clock(self, credential, uptime_ms, utc_ms, uncertainty_ms):
        self.said.append(("clock", credential, uptime_ms, utc_ms, uncertainty_ms))
        return self.clock_answer

    def check(self, credential, found):
        if self.config is not None and found.revision <= self.config.revision:
            return wire.STALE
        return wire.OK

    def commit(self, credential, found, granted):
        if granted is not None:
            self.access = access.store(self.area, granted)
        settings.store(self.area, found)
        self.config = found
        self.said.append(("commit", credential, found.revision))
        return wire.OK

    def ratchet(self, moved):
        self.access = access.store(self.area, moved)
        self.said.append(("ratchet", moved.step))
        return wire.OK

    def cursor(self, sequence):
        return Cursor(self.flash, sequence)

    def following(self):
        return self.journal.sequence

    def state(self):
        """All of it that a hostile peer must not change."""
        return bytes(self.area.data), bytes(self.flash.data), [said for said in self.said if said[0] != "refused"]


class Host:
    """Speaks the host's part over a Session object. `person`, `number`: as in HELLO."""

    def __init__(self, unit, mtu=wire.MTU_WANTED):
        self.unit = unit
        self.session = Session(unit, 0)
        self.session.mtu = mtu
        self.mtu = mtu
        self.now = 0
        self.keys = None
        self.hello = self.challenge = b""
        self._cutter = wire.Cutter()
        self._assembler = wire.Assembler()
        self._notified = 0

    def write(self, message):
        for frame in self._cutter.cut(message, self.mtu):
            self.session.receive(frame, self.now)

    def read(self):
        """The next whole message from the unit, or None."""
        while self.session.is_working():
            self.session.work(self.now)
        while self.session.out:
            message = self._assembler.add(self.session.out.pop(0))
            if message is not None:
                return message
        return None

    def greet(self, credential, person=b"alice   ", number=1, scalar=None):
        """HELLO; the challenge or error that comes back."""
        self.hello = struct.pack(wire.HELLO_FORM, wire.HELLO, wire.VERSION, credential, person, number, b"n" * 16)
        if scalar is not None:
            self.hello += multiply(scalar, BASE)
        self.write(self.hello)
        self.challenge = self.read()
        return self.challenge

    def prove(self, secret):
        """PROOF under this secret; the answer."""
        self.keys = SessionKeys(secret, transcript(self.hello, self.challenge))
        self.write(struct.pack(wire.PROOF_FORM, wire.PROOF, self.keys.host_proof()))
        return self.read()

    def open_admin(self):
        self.greet(wire.ADMIN)
        assert self.prove(ADMIN_KEY)[1:] == self.keys.unit_proof()
        return self

    def open_technician(self, expires_s=2000000000):
        self.greet(wire.TECHNICIAN, b"alice   ", expires_s)
        assert self.prove(access.technician_key(ROOT, b"alice   ", expires_s))[1:] == self.keys.unit_proof()
        return self

    def open_setup(self, secret=SECRET):
        scalar = bytes(range(32))
        challenge = self.greet(wire.SETUP, scalar=scalar)
        shared = multiply(scalar, challenge[-32:])
        assert self.prove(secret + shared)[1:] == self.keys.unit_proof()
        return self

    def ask(self, code, body=b""):
        """(reason, body of the reply) to one sealed request."""
        self.write(self.keys.to_unit.seal(bytes([code]) + body))
        message = self.read()
        if message is None:
            return None
        plain = self.keys.to_host.open(message)
        assert plain[0] == code | wire.REPLY_BIT
        return plain[1], plain[2:]

    def stream(self):
        """[(first sequence, raw bytes), ...] of all chunks that the unit sends by itself, and the bytes on the wire."""
        pipe, total, chunks = b"", 0, []
        while True:
            notification = self.session.notification()
            if notification is None:
                break
            assert len(notification) <= self.mtu - 3 and notification[0] == self._notified & 0xFF
            self._notified += 1
            total += len(notification)
            pipe += notification[1:]
        while pipe:
            length = struct.unpack_from(wire.CHUNK_LENGTH, pipe, 0)[0]
            plain = self.keys.stream.open(pipe[2 : 2 + length])
            chunks.append((struct.unpack_from(wire.CHUNK_HEAD, plain, 0)[0], plain[4:]))
            pipe = pipe[2 + length :]
        return chunks, total


def error_of(message):
    """The reason in an ERROR message."""
    code, reason, _ = struct.unpack(wire.ERROR_FORM, message)
    assert code == wire.ERROR
    return reason


def prepared(config, granted=None):
    """The body of PREPARE."""
    stored = settings.encode(config)
    body = struct.pack(">H", len(stored)) + stored
    if granted is not None:
        body += struct.pack(wire.ACCESS_FORM, granted.force, granted.name, granted.admin_key, granted.technician_root)
    return body
