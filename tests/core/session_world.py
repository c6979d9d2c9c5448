"""A unit and a host for sessions without radio: the smallest that obey the rules. Runs in either interpreter."""

import hashlib
import struct

from interlock.core import access, records, selftest, settings, wire
from interlock.core.journal import Journal
from interlock.core.notary import Notary
from interlock.core.reading import Cursor
from interlock.core.seal import Seal
from interlock.core.secure import SessionKeys, transcript
from interlock.core.session import Session
from interlock.core.settings import DEFAULT_POLICY, Settings
from interlock.core.signer import Signer
from interlock.core.x25519 import BASE, multiply
from tests.core.flash import RamFlash

SERIAL = b"HOLSTER1"
SECRET = b"label secret 16b"
ADMIN_KEY, ROOT = b"a" * 32, b"r" * 32
LABEL = access.Label(SERIAL, SECRET)
SEAL_KEY = b"s" * 16
H10, H5, H5_H5 = 1, 2, 3
_KEYS = {}  # parameters: signer's sectors once the key is made, since that takes long


def some_settings(revision=1, unit_key=b"u" * 32):
    return Settings(
        revision,
        SERIAL,
        1,
        settings.ROLE_HOLSTER,
        unit_key,
        b"g" * 32,
        settings.NO_KEY,
        [],
        DEFAULT_POLICY,
        *settings.DEFAULT_RECORDER,
    )


def some_access():
    return access.Access(0, b"FORCE   ", b"left hip        ", ADMIN_KEY, access.NO_KEY, 1, ROOT, False)


def with_key(area, params=H5):
    """Let a unit with this settings area have a signing key, freshly made."""
    begin = settings.SIGNER_FIRST * area.sector_bytes
    if params not in _KEYS:
        signer = Signer(area, settings.SIGNER_FIRST)
        signer.generate(params, b"e" * 32)
        while signer.work(1000):
            pass
        _KEYS[params] = bytes(area.data[begin:])
    area.data[begin:] = _KEYS[params]


class Unit:
    """Obeys `needs.Served`, with real settings, access, journal and signer on memory flash. `boxed`: not set up yet;
    `salt`: its entropy follows from it; `params`: of its signing key, 0 for none."""

    def __init__(self, boxed=False, journalled=0, sector_bytes=4096, salt=b"", params=0):
        self.area = RamFlash(settings.SECTORS)
        access.store_label(self.area, LABEL)
        if not boxed:
            settings.store(self.area, some_settings())
            access.store(self.area, some_access())
        if params:
            with_key(self.area, params)
        self.flash = RamFlash(8, sector_bytes)
        self.said = []  # what the session told the unit
        self.now_ms = 1000
        self.utc = 0
        self.clock = None  # set, or not
        self.clock_answer = wire.OK
        self.waits_s = 0
        self._salt = salt
        self._entropy = 0
        self.boot()
        for i in range(journalled):
            self.record(records.RESERVE, records.pack(records.RESERVE, i))

    def boot(self):
        """What is in the flash is in force; what was computed is forgotten."""
        self.label = access.load_label(self.area)
        self.config = settings.load(self.area)
        self.access = access.load(self.area)
        self.seal = Seal(self.area, settings.SEAL_FIRST)
        self.journal = Journal(self.flash, SERIAL, self._carry, self.seal)
        self.signer = Signer(self.area, settings.SIGNER_FIRST)
        self.notary = Notary(self.signer, self, SERIAL)

    def _carry(self):
        return [(records.CONFIG, records.pack(records.CONFIG, 0, bytes(8)))]

    # needs.Signing

    def record(self, kind, payload):
        self.journal.append(kind, payload, self.now_ms)
        return True

    def clock_u_ms(self):
        return 7

    # needs.Served

    def entropy(self, count):
        self._entropy += 1
        return hashlib.sha256(self._salt + struct.pack(">I", self._entropy)).digest()[:count]

    def utc_ms(self):
        return self.utc

    def uptime_ms(self):
        return self.now_ms

    def status(self):
        head = (0, 1, 0, 1, 1, 0, 3900, self.journal.boot, self.now_ms)
        tail = (self.journal.first, self.journal.sequence, self.journal.head, 1, bytes(8), 1, 0, 0, 0, 0, 1)
        return struct.pack(wire.STATUS_FORM, *(head + tail))

    def opened(self, credential, person, number):
        self.said.append(("opened", credential, person, number))

    def refused(self, credential, reason):
        self.said.append(("refused", credential, reason))

    def wait_s(self, credential):
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
            self.seal.give(granted.seal_key)
            self.journal.change_key(self.now_ms)
            self.access = access.store(self.area, granted.access)
        settings.store(self.area, found)
        self.config = found
        self.said.append(("commit", credential, found.revision))
        return wire.OK

    def assign(self, credential, partner, until_s, officer):
        self.said.append(("assign", credential, partner, until_s, officer))
        return wire.OK

    def set_mode(self, credential, mode, seconds):
        self.said.append(("mode", credential, mode, seconds))
        return wire.OK

    def identify(self, seconds, how):
        self.said.append(("identify", seconds, how))
        return how

    def self_test(self, credential, parts):
        self.said.append(("self-test", credential, parts))
        return wire.OK, selftest.pack(records.TEST_BEGUN, parts, {}, 0, 0, 0)

    def place(self, credential, what, seconds):
        self.said.append(("place", credential, what, seconds))
        return wire.OK, struct.pack(wire.PLACED_HEAD, 0, 0, 0)

    def update(self, code, body):
        self.said.append(("update", code, body))
        return wire.OK, b""

    def ratchet(self, moved):
        self.access = access.store(self.area, moved)
        self.said.append(("ratchet", moved.step))
        return wire.OK

    def cursor(self, sequence):
        return Cursor(self.flash, sequence)

    def end(self):
        return self.journal.sequence, self.journal.head

    def checkpoint(self, credential, last_seen, nonce):
        return self.notary.checkpoint(credential, last_seen, nonce)

    def signed(self):
        return self.notary.signed()

    def key(self):
        return self.notary.key()

    def make_key(self, params, entropy):
        return self.notary.make_key(params, entropy, self.entropy(32))

    def compute(self):
        """Do all that is due."""
        while self.notary.work(1000):
            pass

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

    def begin_stream(self):
        """A PULL was answered: notifications are counted anew."""
        self._notified = 0

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


def prepared(config, granted=None, seal_key=SEAL_KEY):
    """The body of PREPARE."""
    stored = settings.encode(config)
    body = struct.pack(">H", len(stored)) + stored
    if granted is not None:
        keys = (granted.admin_key, granted.technician_root, seal_key)
        body += struct.pack(wire.ACCESS_FORM, granted.force, granted.name, *keys)
    return body
