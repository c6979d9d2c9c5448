"""Units that really seal, sign and hear each other: core code on flash in memory, without loop, radio and sensors.

`shift` plays a holster unit, its own camera and a colleague's through some uses; the files are what a host would pull.
"""

import hashlib
from copy import deepcopy
from functools import lru_cache
from itertools import count

from host_tools import journal_file
from host_tools.auditing.examine import Known
from host_tools.journal_items import Header, Signed
from interlock.core import camera as recorder
from interlock.core import checkpoint, frames, receiver, records, settings
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from interlock.core.seal import Seal
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from interlock.core.signer import Signer
from tests.core.flash import RamFlash

GROUP = frames.GroupKeys(bytes(range(32)))
SLOT = 1000  # every clock of this world stands still at it
H5 = 2
RING_SECTORS = 24
STEP_MS = 250
PAIR_KEY = bytes(range(64, 96))


def _key(what: str, serial: bytes) -> bytes:
    return hashlib.sha256(what.encode() + serial).digest()


class Unit:
    """A unit in its box, which has booted once. `signed`: its checkpoints, the newest last."""

    def __init__(self, number: int, role: int, serial: str) -> None:
        self.number, self.role, self.serial = number, role, serial.encode().ljust(8)
        self.keys = frames.UnitKeys(_key("unit", self.serial), number)
        self.seal_key = _key("seal", self.serial)[:16]
        self.ring, self.keep = RamFlash(RING_SECTORS), RamFlash(settings.SECTORS)
        self.pairs: dict[int, frames.PairKeys] = {}
        self.partners: list[Unit] = []
        self.revision = 0
        self.signed: list[Signed] = []
        self.clock = count(1000, STEP_MS)
        self.recording_ms: int | None = None
        self.boot()

    def boot(self) -> None:
        """Start (again), from what the flash holds."""
        self.counter = self.ceiling = 0
        self.journal = Journal(self.ring, self.serial, self._carry, Seal(self.keep, settings.SEAL_FIRST))
        marks: dict[int, int] = {}
        for record in self.journal.recent:
            fields = record.fields()
            if record.kind == records.RESERVE:
                self.counter = self.ceiling = fields.ceiling
            elif record.kind == records.HEARD:
                marks[fields.sender] = max(fields.counter, marks.get(fields.sender, 0))
        own = [unit.keys for unit in self.partners if unit.role & ROLE_HOLSTER]
        self.receiver = receiver.Receiver(self.number, [GROUP], own if self.role & ROLE_CAMERA else [], marks)
        self.ear = receiver.AckEar(list(self.pairs.values()) if self.role & ROLE_HOLSTER else [])
        self.signer = Signer(self.keep, settings.SIGNER_FIRST)
        self._work()
        self.record(records.BOOT, 1, 0, 1, 0)
        self.ceiling += receiver.RESERVE_BLOCK
        for kind, payload in self._carry():
            self.journal.append(kind, payload, next(self.clock))

    def _carry(self) -> list[tuple[int, bytes]]:
        config = records.pack(records.CONFIG, self.revision, bytes(8))
        return [(records.RESERVE, records.pack(records.RESERVE, self.ceiling)), (records.CONFIG, config)]

    def _work(self) -> None:
        while self.signer.work(1 << 20):
            pass

    def record(self, kind: int, *fields: int | bytes) -> int:
        return self.journal.append(kind, records.pack(kind, *fields), next(self.clock))

    def set_up(self, *partners: "Unit") -> "Unit":
        """Out of its box: a seal key, settings, a signing key; then it starts anew."""
        self.partners = list(partners)
        for partner in partners:
            holster, camera = (self, partner) if self.role & ROLE_HOLSTER else (partner, self)
            self.pairs[partner.number] = frames.PairKeys(PAIR_KEY, holster.number, camera.number)
        self.record(records.SESSION, 0, b"PC1234  ", 0)
        self.journal.seal.give(self.seal_key)
        self.change_key()
        self.signer.generate(H5, _key("sign", self.serial))
        self._work()
        self.revision = 1
        self.boot()
        return self

    def change_key(self) -> None:
        self.journal.change_key(next(self.clock))

    def sign(self) -> Signed:
        """A checkpoint over the journal's end."""
        index = self.signer.take(None)
        self.record(records.CHECKPOINT, index, self.signer.remaining)
        end = (self.journal.sequence, self.journal.head, self.journal.boot, next(self.clock))
        said = checkpoint.Checkpoint(self.serial, index, *end, 0, 0, hashlib.sha256(b"%d" % end[3]).digest()[:16])
        self.signer.sign(checkpoint.pack(said))
        self._work()
        message, signature = self.signer.signed()
        self.signed.append(Signed(message, signature, self.signer.public))
        return self.signed[-1]

    def films(self) -> None:
        """A camera: its recorder runs from now on."""
        self.record(records.RECORDER, recorder.STANDBY, 0, 1, 0, 0)
        self.record(records.RECORDER, recorder.RECORDING, 1, 1, 0, 0)
        self.recording_ms = self.journal.recent[-1].uptime_ms

    def stops(self) -> None:
        self.record(records.RECORDER, recorder.STANDBY, 0, 1, 0, 0)
        self.recording_ms = None

    # On the air.

    def frame(self, event: int) -> bytes:
        self.counter += 1
        digest = self.journal.head[: frames.DIGEST_BYTES]
        return frames.build_unit(self.keys, GROUP, event, 0, self.counter, digest, SLOT)

    def does(self, event: int, *hearers: "Unit", is_recorded: bool = True) -> None:
        """The weapon does something: a frame, heard by these cameras, and their answers."""
        frame, counter = self.frame(event), self.counter
        if is_recorded:
            self.record(records.EVENT, event, 0, counter, 3, 2, records.AGO_NONE, 0)
        self.ear.expect(counter)
        for camera in hearers:
            answer = camera.hears(frame)
            if answer is not None:
                self._hears(answer)

    def hears(self, frame: bytes) -> bytes | None:
        """A camera hears a holster's frame: the frame that it answers with."""
        at_ms = next(self.clock)
        heard = self.receiver.hear(frame, at_ms, SLOT)
        if heard is None:
            return None
        digest = heard.body or bytes(frames.DIGEST_BYTES)
        self.record(records.HEARD, heard.sender, heard.counter, heard.kind, (heard.event or 0) << 4, digest)
        self.receiver.tidy()
        if heard.kind == receiver.GROUP:
            testimony = self.frame(frames.RECORDING)
            self.record(records.AIRED, self.counter, frames.RECORDING)
            return testimony
        if heard.kind != receiver.OWN:
            return None
        head = self.journal.head[: frames.DIGEST_BYTES]
        answered_ms = at_ms + 2 * STEP_MS  # behind the record of what was heard
        since_ms = 1000 if self.recording_ms is None else answered_ms - self.recording_ms
        ack = self.pairs[heard.sender].build(heard.counter, frames.Ack(frames.PROVEN, 0, since_ms, 30, 0, head))
        self.record(records.ANSWER, heard.sender, heard.counter, frames.PROVEN << 4)
        return ack

    def _hears(self, answer: bytes) -> None:
        found = self.ear.hear(answer)
        if found is not None:
            ack = found.ack
            self.record(records.ACK, found.camera, found.counter, ack.kind << 4, ack.since_ms, ack.buffer_s, ack.digest)
            return
        heard = self.receiver.hear(answer, next(self.clock), SLOT)
        if heard is not None:
            self.record(records.WITNESS, heard.sender, heard.counter, heard.body)

    def uses(self, *hearers: "Unit") -> None:
        """Draw, arm, discharge, holster."""
        for event in (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER):
            self.does(event, *hearers)

    # Pulled.

    def image(self) -> tuple[bytes, bytes]:
        """What its flash holds."""
        return bytes(self.ring.data), bytes(self.keep.data)

    def restore(self, image: tuple[bytes, bytes]) -> None:
        """Somebody puts an old image back, and it starts."""
        self.ring.data[:], self.keep.data[:] = image
        self.boot()

    def file(self, kept: int | None = None) -> bytes:
        """Its journal as it is pulled now, with its last `kept` checkpoints (None: all)."""
        first, *later = journal_file.runs_of(Reading(self.ring).spans)
        header = Header(self.role, self.number, self.serial, first.first, first.chain, first.epoch)
        signed = self.signed if kept is None else self.signed[len(self.signed) - kept :]
        return journal_file.join(header, first.raws, later, signed)

    # What a verifier may know of it.

    def public(self) -> Known:
        return Known(signing_keys={self.signer.public: "given"})

    def vault(self) -> Known:
        return Known((self.seal_key,), {self.signer.public: "vault"}, (self.number, self.role), True)


def crew() -> tuple[Unit, Unit, Unit]:
    """A holster unit, its officer's camera, a colleague's camera: set up, and nothing happened yet."""
    return deepcopy(_crew())


@lru_cache(maxsize=1)
def _crew() -> tuple[Unit, Unit, Unit]:
    """Made once: a signing key takes longer than all else."""
    weapon, own, other = Unit(1, ROLE_HOLSTER, "H1"), Unit(2, ROLE_CAMERA, "C1"), Unit(3, ROLE_CAMERA, "C2")
    weapon.set_up(own)
    own.set_up(weapon)
    other.set_up()
    return weapon, own, other


def works(weapon: Unit, own: Unit, other: Unit, uses: int = 3) -> None:
    """So many uses, each heard by both; keys change after each, and the second and fourth are signed."""
    for use in range(uses):
        weapon.uses(own, other)
        for unit in (weapon, own, other):
            unit.change_key()
            if use % 2:
                unit.sign()


@lru_cache(maxsize=1)
def shift() -> tuple[Unit, Unit, Unit]:
    """The crew after five uses, of which the last one is not signed. Not to be changed: it is shared."""
    units = crew()
    works(*units, uses=5)
    return units
