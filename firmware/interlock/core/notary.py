"""What a technician's session may ask of the unit's signer: a key, a checkpoint over the journal's end, the signature.

Nothing here waits: key and signature are begun, and `work` goes on with them, in slices, whenever the unit is at rest
(`desk.py`). Bytes: `wire.py` and `checkpoint.py`; refusals are reasons of `wire.py`.
"""

import struct

from . import checkpoint, records, signer, wire
from .crypto import Hmac
from .signer import SignerError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Signing
    from .signer import Signer

TECHNICIAN_MS = 20 * 3600 * 1000  # signatures are few: a technician has one a day, whenever in the day that is

KEY_STATE_NAMES = {
    signer.NONE: "none",
    signer.GENERATING: "being made",
    signer.READY: "ready",
    signer.EXHAUSTED: "used up",
}
_REASONS = {
    signer.NO_KEY: wire.NO_SIGNING_KEY,
    signer.BUSY: wire.BUSY_SIGNING,
    signer.EXHAUSTED: wire.EXHAUSTED,
    signer.ROLLED_BACK: wire.ROLLED_BACK,
}


PAST_MS, TAKEN_MS, TOLD = range(3)
_SECTORS = 16  # more than the signer has


class Notary:
    """`unit`: whose journal it is (`needs.Signing`); `serial`: its 8 bytes; `noted`: what those of a boot hand on, who
    come and go with technicians: a UTC that was past when it began, the uptime at which an index was taken last, and
    from TOLD on which trees of the key were told to have rotted (number times _SECTORS, and sector). None where nothing
    is known; the first may be left out."""

    def __init__(self, held: "Signer", unit: "Signing", serial: bytes, noted: "list[int | None] | None" = None) -> None:
        self._signer = held
        self._unit = unit
        self._serial = serial
        self._noted = [unit.utc_ms(), None] if noted is None else noted

    def checkpoint(self, credential: int, last_seen: int | None, nonce: bytes) -> tuple[int, int, int]:
        """Take an index, say so in the journal, and begin to sign the journal's end behind that record: OK or why not,
        the index, how many are left. A cut from here on costs the index, and nothing else."""
        if credential == wire.TECHNICIAN and self._rests_ms() < TECHNICIAN_MS:
            return wire.TOO_SOON, 0, 0
        try:
            index = self._signer.take(last_seen)
        except SignerError as error:
            return _REASONS[error.reason], 0, 0
        except OSError:
            self._noted[TAKEN_MS] = self._unit.uptime_ms()  # it may be used up
            return wire.FLASH_FAILED, 0, 0
        unit, remaining = self._unit, self._signer.remaining
        self._noted[TAKEN_MS] = unit.uptime_ms()
        if not unit.record(records.CHECKPOINT, records.pack(records.CHECKPOINT, index, remaining)):
            return wire.FLASH_FAILED, 0, 0
        journal = unit.journal
        end = (journal.sequence, journal.head, journal.boot, unit.uptime_ms())
        clock = (unit.utc_ms(), unit.clock_u_ms()) if unit.clock is not None else (0, 0)
        said = checkpoint.Checkpoint(self._serial, index, *(end + clock + (nonce,)))
        self._signer.sign(checkpoint.pack(said))
        return wire.OK, index, remaining

    def _rests_ms(self) -> int:
        """For how long at least no index was taken: by the uptime, and over a reboot by UTC as well.

        Where a cut left no signature of the last index, it counts from the UTC known at boot: a clock must have been
        set since, which is journalled, so the next boot knows a later one. A technician who sets the clock of a unit
        that just booted into the future gets ahead of his time, but never beyond his credential's expiry."""
        unit, index = self._unit, self._signer.index
        if not index:
            return TECHNICIAN_MS
        taken_ms = self._noted[TAKEN_MS]
        if taken_ms is not None:
            return unit.uptime_ms() - taken_ms
        signed = self._signer.signed()
        last = None if signed is None else checkpoint.unpack(signed[0])
        since_ms = last.utc_ms if last is not None and last.index + 1 == index else 0
        since_ms = since_ms or self._noted[PAST_MS] or 0
        return max(unit.uptime_ms(), unit.utc_ms() - since_ms)

    def signed(self) -> tuple[int, bytes]:
        """OK and the newest message with its signature behind it (nothing while that is computed), or why not."""
        if self._signer.is_signing:
            return wire.OK, b""
        found = self._signer.signed()
        return (wire.NOT_PREPARED, b"") if found is None else (wire.OK, found[0] + found[1])

    def key(self) -> bytes:
        """`wire.KEY_FORM`, packed, and the public key once it is there."""
        held = self._signer
        counts = (held.done, held.total, held.index, held.remaining)
        return struct.pack(wire.KEY_FORM, held.state, held.params, *counts) + (held.public or b"")

    def make_key(self, params: int, theirs: bytes, ours: bytes) -> int:
        """Begin to make a key (one that is there is destroyed), or go on with it: OK or why not. `theirs`, `ours`: 32
        bytes of entropy from host and unit; either of them suffices."""
        held = self._signer
        if params not in signer.PARAMS_NAMES:
            return wire.BAD_SETTINGS
        if held.state == signer.GENERATING:
            return wire.OK if held.params == params else wire.BUSY_SIGNING
        if held.is_signing:
            return wire.BUSY_SIGNING
        del self._noted[TOLD:]  # of the key that was there
        try:
            held.generate(params, Hmac(theirs).digest(ours))
        except OSError:
            return wire.FLASH_FAILED
        return wire.OK

    def work(self, hashes: int) -> bool:
        """Do about so many hashes of what is due; whether there is more. Where the flash fails there is not: what is
        due is tried again at the next turn."""
        held, unit = self._signer, self._unit
        try:
            more = held.work(hashes) or held.tidy()
        except OSError:
            more = False
        rotted, held.rotted = held.rotted, None
        if rotted is not None:
            tree = held.rotted_number * _SECTORS + rotted
            if tree not in self._noted[TOLD:]:
                self._noted.append(tree)
                fields = (records.FAULT_SIGNING, rotted, unit.journal.sequence, 0)
                unit.record(records.FAULT, records.pack(records.FAULT, *fields))
        return more

    def is_idle(self) -> bool:
        """Whether there is nothing to compute and nothing to tell."""
        return not self._signer.busy and self._signer.rotted is None
