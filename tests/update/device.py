"""A unit for updates, without radio: the loader's Keeper and the application's Update on a real LittleFS2. What it
`notes` is what it would journal; `runs` is the version that started, and is sound."""

import hashlib

from interlock.core import updating, wire
from interlock.release_files import Files
from interlock.update import Update
from interlock_loader import container
from interlock_loader.keeper import Keeper
from interlock_loader.slots import TRIAL

from .flash_files import BLOCK_BYTES, Chip, System
from .releases import BOARD, digest, public, release

FIRST = (1, 0, 0)
BLOCKS = 48


class Device:
    def __init__(self, blocks=BLOCKS, key=None, first=None):
        self.chip = Chip(blocks)
        self.system = system = System(self.chip, format=True)
        system.put("/release.pub", public() if key is None else key)
        system.mkdir("/a")
        system.put("/a/app.ilu", first or release(FIRST))
        self._set_up()
        self.boot()

    def _set_up(self):
        self.notes = []
        self.now = 0
        self.crashes = ()  # versions that never come up
        self.note_fails = False

    @classmethod
    def of(cls, image, crashes=(), start=True):
        """A unit with this flash."""
        device = cls.__new__(cls)
        device.chip = Chip(len(image) // BLOCK_BYTES)
        device.chip.data[:] = image
        device.system = System(device.chip)
        device._set_up()
        device.crashes = crashes
        if start:
            device.boot()
        return device

    def boot(self, is_reset=False):
        """Power comes, or, when `is_reset`, a reset that nobody meant; bad releases crash until the loader gives up on
        them."""
        self.chip.is_dead, self.chip.cut_at = False, None
        self.boot_under_power(is_reset)

    def boot_under_power(self, is_reset=False):
        """The same; a cut that is to come may come, and ends it."""
        for _ in range(12):
            self.system.off()
            if self.chip.is_dead:
                return
            self.system = System(self.chip)
            self.keeper = Keeper(BOARD, self.system)
            slot = self.keeper.begin(is_reset)
            if self.chip.is_dead:
                return
            self.keeper.slot = slot
            self.runs = self._sound(slot)
            if self.runs not in self.crashes:
                break
            self.keeper.crashed(b"mark")
        else:
            raise AssertionError("the unit never comes up")
        self.files = Files(self.system)
        self.update = Update(self.keeper, self.files, self._note, self.now)

    def _sound(self, slot):
        """The version of what starts there, every member of it hashed as the loader does."""
        with self.system.open(self.keeper.path(slot), "rb") as file:
            packed, _, first = container.read_head(file)
            manifest = container.unpack_manifest(packed)
            for member in manifest.members:
                file.seek(container.members_at(manifest, first)[member.name][0])
                assert hashlib.sha256(file.read(member.stored)).digest() == member.sha256, "what starts is altered"
        return manifest.version

    def _note(self, phase, finding, slot, version, head_digest):
        if self.note_fails:
            return False
        self.notes.append((phase, finding, tuple(version)))
        return True

    @property
    def on_trial(self):
        return self.keeper.state.standing == TRIAL

    def healthy(self):
        self.keeper.healthy()

    # As a host.

    def ask(self, code, body=b""):
        """(reason, Progress) of one request."""
        reason, answer = self.update.serve(code, body, self.now)
        return reason, updating.unpack_progress(answer)

    def state(self):
        found = updating.unpack_state(self.update.serve(wire.UPDATE_STATE, b"", self.now)[1])
        assert found is not None
        return found

    def begin(self, file, total=None, head=None):
        body = updating.struct.pack(updating.BEGIN_FORM, len(file) if total is None else total, head or digest(file))
        return self.ask(wire.UPDATE_BEGIN, body)

    def work(self, hashes=400):
        while self.update.work(hashes):
            pass

    def send(self, file, piece=updating.DATA_BYTES, until=None):
        """Send it from where the unit is, until it takes no more or `until` bytes; the last Progress."""
        while True:
            self.work()
            progress = updating.unpack_progress(self.update.progress())
            at = progress.taken
            part = file[at : at + piece]
            if progress.phase not in (updating.HEAD, updating.RECEIVING) or not part or (until and at >= until):
                return progress
            self.ask(wire.UPDATE_DATA, updating.struct.pack(updating.DATA_FORM, at) + part)

    def finish(self, file):
        """Begin, or go on, to the switch and the trial; whether it got there."""
        if self.begin(file)[0] != wire.OK or self.send(file).phase != updating.READY:
            return False
        return self.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.OK
