"""The unit's end of an update over the air: a release goes to the slot that does not run, is checked, and switched to.

Loaded when an admin asks for it. Order: head (manifest, signature) and nothing else; the signature, in slices; then the
members, each read back from flash and compared with its hash in the manifest; the new name, which makes it whole; the
switch. A cut between any two of these leaves the release that runs as it is, and what was stored is gone on from.
Files are touched only while no weapon is in use. Which release starts is not decided here (`interlock_loader`), nor
whether it is any good (`trial.py`). Byte by byte: `firmware/PROTOCOL.md`, "Update".
"""

import hashlib
import struct
import sys

from interlock_loader import container
from interlock_loader.container import ContainerError
from interlock_loader.slots import TRIAL

from .core import lms, updating, wire
from .core.bucket import Bucket
from .core.ticks import ticks_diff
from .core.updating import CHECKING, HEAD, NOTHING, READY, RECEIVING, REFUSED, RUNNING, SWITCHED, VERIFYING
from .release_files import KEY_PATH, NO_VERSION, PIECE_BYTES, Files

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from interlock_loader.keeper import Keeper

    Note = Callable[[int, int, int, tuple[int, ...], bytes], bool]

# What a cut costs at most; the file system copies a block at each such point, so more of them would wear the flash.
SYNC_BYTES = 16384
SIGNATURE_MAX_BYTES = 12288  # a level of H10 with W4 takes 2.5 KiB: RFC 8554, 5.4
SPARE_BYTES = 8192  # left to the file system, which copies a block before it lets go of the old one
# Whoever holds an admin's key shall not wear the flash out: so many begun in a row, and then one in so long.
BEGINS = 8
BEGIN_REFILL_MS = 1800000
LEFT_MS = 600000  # nobody has asked for so long: they went
_NO_SPACE = 28  # ENOSPC


class Update:
    """`keeper`: the loader's, who knows the slots; `files`: None for the board's own; `note`: journals (phase, finding,
    slot, version, head's digest) and says whether it could; `now`: a tick."""

    def __init__(self, keeper: "Keeper", files: "Files | None", note: "Note", now: int) -> None:
        self.phase = NOTHING
        self.restart = False  # it was switched: the unit is to start anew once the session is over
        self._keeper = keeper
        self._running = keeper.state.active
        self._files = files or Files()
        self._note = note
        self._bucket = Bucket(BEGINS, BEGIN_REFILL_MS, now)
        self._asked_at = now
        self._finding = updating.SOUND
        self._total = 0
        self._digest = b""
        self._slot = 0  # the one that it goes to
        self._path = ""
        self._forget()

    def _forget(self) -> None:
        """Hold nothing of a release: memory, open files."""
        self._taken = self._synced = self._checked = 0
        self._first = b""  # the head's first bytes, as they come
        self._head_end = 0
        self._version = NO_VERSION
        self._proof: lms.Verification | None = None
        self._members: tuple[container.Member, ...] = ()
        self._member = 0  # the one that is being checked
        self._left = 0  # bytes of it
        self._sum: Any = None
        self._writer: Any = None
        self._reader: Any = None
        self._readable = 0  # an open reader sees no more than there was when it was opened

    def close(self) -> None:
        """Close what is open: what came is there then, to be gone on from."""
        for file in (self._writer, self._reader):
            if file is not None:
                try:
                    file.close()
                except OSError:
                    pass  # it is given up
        self._writer = self._reader = None

    def is_idle(self, now: int) -> bool:
        """Whether it may be forgotten: what is on its way is gone on from what is in the files, as after a cut."""
        self._bucket.refill(now)
        if self.phase == SWITCHED or not self._bucket.is_full():
            return False
        if self.phase in (NOTHING, REFUSED, RUNNING):
            return True
        return not self._is_working() and not 0 <= ticks_diff(now, self._asked_at) < LEFT_MS

    # What a session asks.

    def serve(self, code: int, body: bytes, now: int) -> tuple[int, bytes]:
        """Carry out a request of `wire.py`, UPDATE_BEGIN or above: OK or why not, and the reply's body."""
        self._asked_at = now
        if code == wire.UPDATE_STATE:
            return wire.OK, self.state()
        if code == wire.UPDATE_BEGIN:
            total, digest = struct.unpack(updating.BEGIN_FORM, body)
            reason = self.begin(total, digest, now)
        elif code == wire.UPDATE_DATA:
            reason = self.data(struct.unpack_from(updating.DATA_FORM, body, 0)[0], body[4:])
        else:
            reason = self.switch(body)
        return reason, self.progress()

    def progress(self) -> bytes:
        """`updating.PROGRESS_FORM`, packed."""
        return struct.pack(updating.PROGRESS_FORM, self.phase, self._finding, self._taken, self._checked)

    def state(self) -> bytes:
        """`updating.STATE_FORM`, packed."""
        keeper = self._keeper
        flags = updating.FLAG_TRIAL if self._is_on_trial() else 0
        if keeper.state.failed & 1 << (1 - self._running):
            flags |= updating.FLAG_FELL_BACK
        versions = [bytes(self._files.version(keeper.path(slot))) for slot in (0, 1)]
        key = self._key()
        return self.progress() + struct.pack(
            ">" + updating.STATE_FORM[len(updating.PROGRESS_FORM) :],
            self._total,
            self._running,
            flags,
            versions[0],
            versions[1],
            bytes(keeper.state.floor),
            keeper.board.encode(),
            getattr(sys.implementation, "_mpy", 0) & 0xFF,
            bytes(sys.implementation.version[:3]),
            hashlib.sha256(key).digest()[:8] if key else bytes(8),
        )

    def begin(self, total: int, digest: bytes, now: int) -> int:
        """Take the release of `total` bytes whose head has this SHA-256, or go on with it; OK or why not."""
        is_same = (total, digest) == (self._total, self._digest)
        if is_same and self.phase not in (NOTHING, REFUSED):
            return wire.OK
        if self.phase == SWITCHED:
            return wire.NOT_ALLOWED  # nothing else is begun before the unit has started anew
        is_running = self._files.head_digest(self._keeper.path(self._running)) == digest
        if not is_running and not self._bucket.take(now):
            return wire.TOO_OFTEN
        self.close()
        self._forget()
        self._total, self._digest, self._finding = total, digest, updating.SOUND
        self._slot = 1 - self._running
        self._path = self._whole()[:-3] + "new"
        if is_running:
            self.phase = RUNNING
            return wire.OK
        try:
            self._look()
        except OSError:
            self._refuse(updating.FILES_FAILED)
        return wire.OK

    def _look(self) -> None:
        """What of it is here already."""
        files, whole = self._files, self._whole()
        if self._is_on_trial():
            # Until it is confirmed, the other slot's is what the unit goes back to.
            self._refuse(updating.ON_TRIAL)
        elif self._files.head_digest(whole) == self._digest and files.size(whole) == self._total:
            self._path = whole
            self._taken = self._synced = self._total
            self.phase = VERIFYING
        elif self._files.head_digest(self._path) == self._digest and files.size(self._path) <= self._total:
            self._taken = self._synced = files.size(self._path)
            self.phase = VERIFYING
        else:
            files.remove(self._path)
            self.phase = HEAD

    def data(self, offset: int, data: bytes) -> int:
        """The file's bytes from `offset` on; OK or why not. What does not follow what was taken, or comes while nothing
        is awaited, is not taken: `progress` says from where on it goes."""
        if self.phase == NOTHING:
            return wire.NOT_PREPARED
        if offset + len(data) > self._total:
            return wire.BAD_LENGTH
        if self.phase in (HEAD, RECEIVING) and offset == self._taken:
            try:
                self._take(data)
            except ContainerError:
                self._refuse(updating.NO_RELEASE)
            except OSError as error:
                is_full = bool(error.args) and error.args[0] == _NO_SPACE
                self._refuse(updating.NO_ROOM if is_full else updating.FILES_FAILED)
        return wire.OK

    def _take(self, data: bytes) -> None:
        if self.phase == HEAD:
            self._first = (self._first + data)[: container.HEAD_BYTES]
            if not self._head_end and len(self._first) == container.HEAD_BYTES:
                manifest_bytes, signature_bytes = container.head_sizes(self._first)
                self._head_end = container.HEAD_BYTES + manifest_bytes + signature_bytes
                if self._head_end > self._total or signature_bytes > SIGNATURE_MAX_BYTES:
                    raise ContainerError("a head of %d bytes" % self._head_end)
                if not signature_bytes:
                    self._refuse(updating.UNSIGNED)
                    return
            if self._head_end:
                data = data[: self._head_end - self._taken]
        if self._writer is None:
            self._writer = self._files.append(self._path)
        self._writer.write(data)
        self._taken += len(data)
        if self._taken in (self._head_end, self._total) or self._taken - self._synced >= SYNC_BYTES:
            # Closed: only then is it there after a power cut, and can be read back.
            writer, self._writer = self._writer, None
            writer.close()
            self._synced = self._taken
        if self.phase == HEAD:
            self.phase = VERIFYING if self._taken == self._head_end else HEAD
        elif self._taken == self._total:
            self.phase = CHECKING

    def switch(self, digest: bytes) -> int:
        """Let the release of this head run from the next start on, on trial; OK or why not."""
        if digest != self._digest or self.phase not in (READY, SWITCHED):
            return wire.NOT_PREPARED
        if self.phase == READY:
            # Journalled before: no cut hides who switched what.
            if not self._note(SWITCHED, updating.SOUND, self._slot, self._version, self._digest):
                return wire.FLASH_FAILED
            try:
                self._keeper.install(self._slot)
            except OSError:
                return wire.FLASH_FAILED
            self.phase = SWITCHED
        self.restart = True
        return wire.OK

    # What is done between the requests.

    def work(self, hashes: int) -> bool:
        """Do a piece of about so many hashes; whether there is more of it. Not while a weapon is in use."""
        try:
            if self.phase == VERIFYING:
                self._verify(hashes)
            elif self.phase in (RECEIVING, CHECKING):
                self._check()
        except ContainerError:
            self._refuse(updating.NO_RELEASE)
        except OSError:
            self._refuse(updating.FILES_FAILED)
        except MemoryError:
            self._refuse(updating.NO_MEMORY)
        return self._is_working()

    def _is_working(self) -> bool:
        """Whether there is something to compute now."""
        return self.phase == VERIFYING or (self.phase in (RECEIVING, CHECKING) and self._checked < self._synced)

    def _verify(self, hashes: int) -> None:
        if self._proof is None:
            self._proof = self._read_head()
        elif self._proof.step(hashes):
            is_good, self._proof = self._proof.is_good, None
            if not is_good:
                self._refuse(updating.BAD_SIGNATURE)
            elif self._taken < self._total and not self._make_room():
                self._refuse(updating.NO_ROOM)
            else:
                self._checked = self._head_end
                self.phase = RECEIVING if self._taken < self._total else CHECKING

    def _read_head(self) -> "lms.Verification | None":
        """Look at the head as it was stored; the check of its signature, or None: it is refused."""
        with self._files.read(self._path) as file:
            packed, signature, self._head_end = container.read_head(file)
        if hashlib.sha256(container.head(packed, signature)).digest() != self._digest:
            self._refuse(updating.OTHER_HEAD)
            return None
        manifest = container.unpack_manifest(packed)
        self._version, self._members = manifest.version, manifest.members
        finding = self._judge(manifest, signature)
        if finding != updating.SOUND:
            self._refuse(finding)
            return None
        return lms.Verification(self._key(), container.signed_bytes(packed), signature)

    def _judge(self, manifest: container.Manifest, signature: bytes) -> int:
        """The finding of what the manifest says of itself."""
        if container.whole_bytes(manifest, self._head_end) != self._total:
            return updating.OTHER_SIZE
        if manifest.minimum > manifest.version:
            return updating.NO_RELEASE  # it would lock the unit out of updates
        if not signature:
            return updating.UNSIGNED
        if not self._key():
            return updating.NO_KEY
        if manifest.board != self._keeper.board:
            return updating.WRONG_BOARD
        if manifest.version < tuple(self._keeper.state.floor):
            return updating.BELOW_FLOOR
        if manifest.micropython > tuple(sys.implementation.version[:3]):
            return updating.OLD_MICROPYTHON
        if manifest.loader > container.LOADER:
            return updating.OLD_LOADER
        if container.why_not_here(manifest, self._keeper.board, sys.implementation):
            return updating.WRONG_MPY
        return updating.SOUND

    def _make_room(self) -> bool:
        """Let the file system have room for the rest; whether it has. The other slot's old release goes for it, if it
        must: the one that runs is confirmed, so nothing relies on the other."""
        files, old = self._files, self._whole()
        wanted = self._total - self._taken + SPARE_BYTES
        free = files.free()
        if free < wanted <= free + files.size(old):
            files.remove(old)
            free = files.free()
        return free >= wanted

    def _check(self) -> None:
        """Read a piece back."""
        if self._sum is None and self._member < len(self._members):
            self._sum = hashlib.sha256()
            self._left = self._members[self._member].stored
        if self._left:
            if self._reader is None:
                self._readable = self._synced
            piece = min(PIECE_BYTES, self._left, self._readable - self._checked)
            if piece:
                self._read_back(piece)
        if self._sum is not None and not self._left:
            if self._sum.digest() != self._members[self._member].sha256:
                self._refuse(updating.ALTERED)
                return
            self._member += 1
            self._sum = None
        if self.phase == CHECKING and self._member == len(self._members):
            self._finish()

    def _read_back(self, count: int) -> None:
        if self._reader is None:
            self._reader = self._files.read(self._path)
            self._reader.seek(self._checked)
        data = self._reader.read(count)
        if len(data) != count:
            raise OSError("the file is shorter than what was written")
        self._sum.update(data)
        self._checked += count
        self._left -= count
        if self._checked == self._readable:
            self._reader.close()
            self._reader = None

    def _finish(self) -> None:
        whole = self._whole()
        if self._path != whole:
            self._keeper.arrives(self._slot)
            self._files.rename(self._path, whole)
            self._path = whole
        self.close()
        self._members = ()
        self.phase = READY
        self._note(READY, updating.SOUND, self._slot, self._version, self._digest)

    def _refuse(self, finding: int) -> None:
        """Give it up, and what was stored of it; a whole one in the other slot only if it is spoiled: it is what the
        unit may fall back to."""
        self.close()
        is_new = self._path != self._whole()
        if finding == updating.ALTERED or (is_new and finding != updating.ON_TRIAL):
            try:
                self._files.remove(self._path)
            except OSError:
                pass  # it is no release by its name, and the next one begun overwrites it
        slot, version = self._slot, self._version
        self._forget()
        self.phase, self._finding = REFUSED, finding
        self._note(REFUSED, finding, slot, version, self._digest)

    # Files.

    def _whole(self) -> str:
        """Where a whole release is in the slot that it goes to."""
        path: str = self._keeper.path(self._slot)
        return path

    def _is_on_trial(self) -> bool:
        return bool(self._keeper.state.standing == TRIAL)

    def _key(self) -> bytes:
        """The public key of who signs this unit's releases, or nothing."""
        try:
            with self._files.read(KEY_PATH) as file:
                key: bytes = file.read(lms.PUBLIC_BYTES + 1)
        except OSError:
            return b""
        return key if len(key) == lms.PUBLIC_BYTES else b""
