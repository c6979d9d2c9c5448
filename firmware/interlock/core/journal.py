"""The journal: a ring of sealed, hash-chained records on a raw flash area. Contract and bytes: `firmware/JOURNAL.md`.

Guarantees: one record is one program operation; a record is wholly there or not; a record that `append` reported is
never lost; opening comes up after a power cut at any instant, also in opening; what rots and what fails is left out and
said in a record, and stops nothing.

The flash it needs (`drivers/`, and the simulator's): `size` and `sector_bytes` (ints), `read(offset, buffer)`,
`program(offset, data)` which only clears bits, `erase(offset)` of one sector. Failures raise OSError.
"""

from . import records
from .layout import (
    OVERHEAD_BYTES,
    RETIRED,
    SECTOR_HEAD_BYTES,
    Record,
    Sector,
    SectorHead,
    encode,
    find_head,
    first_record,
    following,
    padded,
    read_head,
)
from .patient import read_patiently
from .recovery import Recovered
from .seal import OpenSeal, Seal

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .needs import Flash

# The seal's key evolves after so many records at most, and once so few have been followed by quiet.
SEAL_MOST = 64
SEAL_FEW = 8
SEAL_QUIET_MS = 10000
SCRUB_MS = 1800000  # between two sectors that are read to see whether they still can be
BAD_SHARE = 8  # sectors that are given up in one boot: two, and an eighth of the ring
FAULTS_MAX = 16  # found in one boot and told; more would only fill the ring
_PIECE = 256
_BLANK_PIECE = b"\xff" * _PIECE


class JournalError(Exception):
    """The flash area cannot hold a journal (too small, or not writable)."""


class Journal:
    """The journal of the unit with `serial` (8 bytes) on `flash`. Opening it recovers whatever the power left.

    `carry`: a function that gives the [(type, payload), ...] to repeat at the head of each new sector, so that facts
    which must survive an overflow (counters, peers) are always near the end. The last of them is a CONFIG record: where
    one is, the set before it is complete. `seal`: whose key seals records; by default nobody's.
    """

    boot: int
    sequence: int
    first: int
    head: bytes
    _dead: list[tuple[int, int, int, int]]  # faults of sectors that could not be read at this boot
    _spared: dict[int, tuple[int, int, int, int]]  # sectors that the newest one, as it was then, says could not be read

    def __init__(
        self,
        flash: "Flash",
        serial: bytes,
        carry: "Callable[[], list[tuple[int, bytes]]]",
        seal: OpenSeal | Seal | None = None,
    ) -> None:
        self.sectors = flash.size // flash.sector_bytes
        if self.sectors < 4:
            raise JournalError("the journal needs at least 4 sectors; this area has %d" % self.sectors)
        self.seal = OpenSeal() if seal is None else seal
        self._flash = flash
        self._serial = serial
        self._carry = carry
        self._next: int | None = None  # the sector that is erased ahead
        self._bad: set[int] = set()  # sectors that did not become blank, in this boot
        # Whether what does not stay on the flash may take the journal to another sector: once, until something stays.
        self._may_leave = True
        self._is_unread = False  # whether what was programmed last could not be read back
        self._told: set[tuple[int, int]] = set()
        self.faults_told = 0  # journalled in this boot
        self._faults: list[tuple[int, int, int, int]] = []
        self._loss_known: int | None = 0
        self._unsealed = 0  # records since the key in use began
        self._last_ms = 0
        self._scrub_ms = SCRUB_MS
        self._scrub_at = 0
        self.recent: list[Record] = []  # the newest records, as recovery found them
        self.recovered_torn = 0  # writes that a cut tore, behind the newest record
        self.recovered_missing = 0  # records behind the last whole set of carried facts that cannot be read
        self._recover()

    def _recover(self) -> None:
        found = Recovered(self._flash, self._serial)
        self.boot, self.sequence, self.first, self.head = found.boot, found.sequence, found.first, found.head
        self.recent, self.recovered_torn, self.recovered_missing = found.recent, found.torn, found.missing
        # What cannot be read now may bear the numbers that come next, and may be read again at another boot.
        self._index, self._number, self._offset = found.index, found.number + len(found.unreadable), found.offset
        self._bad.update(found.unreadable)
        self._spared = found.named
        self._dead = found.faults[: len(found.unreadable)]
        for fault in found.faults:
            self._fault(*fault)
        if found.loss_known is not None:
            self._loss_known = found.loss_known
        self._unsealed = SEAL_MOST if found.unsealed is None else found.unsealed
        if isinstance(self.seal, Seal):
            # A change of key that a cut broke off is finished later.
            self.seal.settle(found.epoch)
        if found.number < 0:
            self._open_sector()

    # Writing.

    def append(self, kind: int, payload: bytes, uptime_ms: int) -> int:
        """Write one record; when this returns its sequence number, the record survives any power cut.

        What does not stay on the flash is written once more, in another place. Raises OSError when that fails, too."""
        if len(payload) > records.PAYLOAD_MAX:
            raise ValueError("a record's payload has at most %d bytes" % records.PAYLOAD_MAX)
        if self._is_unread:
            self._reread()
        room = self._flash.sector_bytes - padded(OVERHEAD_BYTES + len(payload))
        for _ in range(2):
            if self._offset > room:
                self._next_sector(uptime_ms)
            if self._write(kind, payload, uptime_ms):
                self._may_leave = True
                self._unsealed += 1
                self._last_ms = uptime_ms
                return self.sequence - 1
            self._fault(records.FAULT_PROGRAM, self._index, self.sequence, 1)
            if self._may_leave:
                # The cells behind may be as bad. Once only: a flash that keeps nothing shall not eat the ring.
                self._may_leave = False
                self._offset = self._flash.sector_bytes
        raise OSError("the flash did not keep a record, in two places")

    def _write(self, kind: int, payload: bytes, uptime_ms: int) -> bool:
        """Program one record at the next place; whether it is there now. A driver that reports failure after the flash
        took it all is not believed: writing the same number again would make the journal look altered."""
        raw, chain = encode(kind, self.sequence, self.boot, uptime_ms, payload, self.head, self.seal)
        offset = self._index * self._flash.sector_bytes + self._offset
        self._offset += padded(len(raw))
        if not self._program(offset, raw):
            return False
        self.head = chain
        self.sequence += 1
        return True

    def _program(self, offset: int, data: bytes) -> bool:
        """Whether it is there now. OSError when nobody can tell: then nothing is written before all is read anew."""
        try:
            self._flash.program(offset, data)
        except OSError:
            pass  # what is there decides
        there = bytearray(len(data))
        self._is_unread = True
        self._flash.read(offset, there)
        self._is_unread = False
        return bytes(there) == data

    def _reread(self) -> None:
        """Take up what is on the flash, as opening does, within a boot."""
        boot = self.boot
        self._next = None
        self._unsealed = 0
        self._recover()
        self.boot, self.recent, self._is_unread = boot, [], False

    def _next_sector(self, uptime_ms: int) -> None:
        self._open_sector()
        # Before the set of facts: where that is whole, all of these are there, too.
        for fault in self._dead[:FAULTS_MAX]:
            self.append(records.FAULT, records.pack(records.FAULT, *fault), uptime_ms)
        for kind, payload in self._carry():
            self.append(kind, payload, uptime_ms)
        if self.first:
            self._loss_known = None  # repeat it in each sector, as the carried facts are
            self._report_loss(uptime_ms)

    def _open_sector(self) -> None:
        """Begin the next sector that takes a header. Until one does, the sector before stays in use."""
        while True:
            index = self._blank_sector() if self._next is None else self._next
            head = SectorHead(self._number + 1, self.sequence, self.head, self.seal.epoch)
            if self._program(index * self._flash.sector_bytes, head.encode()):
                break
            self._fault(records.FAULT_PROGRAM, index, self.sequence, 0)
            if not self._may_leave:
                raise OSError("the flash did not keep a sector's header, in two sectors")
            self._may_leave = False
            self._next = None
            if self._erase(index):
                self._next = index
                if self._program(index * self._flash.sector_bytes, head.encode()):
                    break
            self._bad.add(index)
            self._next = None
        self._next = None
        self._index, self._number = index, head.number
        self._offset = SECTOR_HEAD_BYTES

    def _blank_sector(self) -> int:
        """Retire the oldest sector and erase it; its index. One that does not become blank is left out, up to a share
        of the ring: where erasing fails everywhere, what is there must stay."""
        for step in range(1, self.sectors):
            index = (self._index + step) % self.sectors
            if index in self._bad or index in self._spared:
                continue
            if len(self._bad) > 1 + self.sectors // BAD_SHARE:
                break
            if self._erase(index) or self._erase(index):
                self._find_first(index)
                self._next = index
                return index
            self._bad.add(index)
            self._fault(records.FAULT_ERASE, index, self.sequence, 0)
        raise OSError("the journal's sectors cannot be erased any more")

    def _erase(self, index: int) -> bool:
        """The header goes first: a half-erased sector never looks valid. Whether it is blank now."""
        base = index * self._flash.sector_bytes
        try:
            if read_head(self._flash, index) is not None:
                self._flash.program(base, RETIRED)
            self._flash.erase(base)
        except OSError:
            pass  # what is there decides
        piece = bytearray(_PIECE)
        for offset in range(base, base + self._flash.sector_bytes, _PIECE):
            try:
                self._flash.read(offset, piece)
            except OSError:
                return False
            if piece != _BLANK_PIECE:
                return False
        return True

    def _find_first(self, erased: int) -> None:
        """The oldest record now: of the first sector behind the erased one that holds any."""
        for step in range(1, self.sectors):
            index = (erased + step) % self.sectors
            head = None if index in self._bad else find_head(self._flash, index)
            if head is not None:
                self.first = head.first
                return

    # Quiet work.

    def tidy(self, uptime_ms: int) -> bool:
        """A piece of what is due in a quiet slot; True when there was something. An erase stops a board for long."""
        if self._is_unread:
            self._reread()
        if self._next is None:
            self._blank_sector()
            self._report_loss(uptime_ms)
        elif self._loss_known != self.first:
            self._report_loss(uptime_ms)
        elif self._faults:
            self.append(records.FAULT, records.pack(records.FAULT, *self._faults[0]), uptime_ms)
            self._faults.pop(0)
            self.faults_told += 1
        elif self.is_seal_due(uptime_ms):
            self.change_key(uptime_ms)
        elif isinstance(self.seal, Seal) and self.seal.tidy():
            pass
        elif uptime_ms >= self._scrub_ms:
            self._scrub_ms = uptime_ms + SCRUB_MS
            self._scrub()
        else:
            return False
        return True

    def _report_loss(self, uptime_ms: int) -> None:
        """Journal how far the ring has eaten its tail; also what a power cut kept from being reported."""
        first = self.first
        if self._loss_known != first:
            self.append(records.LOSS, records.pack(records.LOSS, first), uptime_ms)
            self._loss_known = first

    def _fault(self, kind: int, sector: int, sequence: int, count: int) -> None:
        """Note what is to be journalled of the flash: each once in a boot."""
        if (kind, sector) not in self._told and len(self._told) < FAULTS_MAX:
            self._told.add((kind, sector))
            self._faults.append((kind, sector, sequence, min(count, 0xFFFF)))

    def _scrub(self) -> None:
        """Read one sector that was written long ago, as an auditor will want to."""
        index = self._scrub_at
        self._scrub_at = (index + 1) % self.sectors
        if index in (self._index, self._next) or index in self._bad:
            return
        data = bytearray(self._flash.sector_bytes)
        if not read_patiently(self._flash, index * self._flash.sector_bytes, data):
            self._fault(records.FAULT_HEADER, index, 0, 0)
            return
        sector = Sector(data)
        first, count = sector.missing(self._due_behind(index, sector))
        if count:
            self._fault(records.FAULT_RECORDS, index, first, count)
        elif sector.head is None and sector.records:
            self._fault(records.FAULT_HEADER, index, sector.records[0].sequence, len(sector.records))

    def _due_behind(self, index: int, sector: Sector) -> int | None:
        """With which number the next sector begins, where none was left out before it: if it begins with the name of a
        sector for which some were, that name says so."""
        behind = None if sector.head is None else following(self._flash, index, sector.head.number)
        if sector.head is None or behind is None:
            return None
        record = first_record(self._flash, behind[0])
        fields = record.fields() if record is not None and record.kind == records.FAULT else None
        return behind[1].first if fields is None or fields.sequence <= sector.head.first else None

    # The seal.

    def is_seal_due(self, uptime_ms: int) -> bool:
        """Whether the key should evolve now, in quiet; `is_seal_overdue` is for any turn."""
        if self.is_seal_overdue():
            return True
        is_quiet = uptime_ms - self._last_ms >= SEAL_QUIET_MS
        return is_quiet and self._unsealed >= SEAL_FEW and self.seal.may_evolve()

    def is_seal_overdue(self) -> bool:
        """Whether a change of key was broken off, or too many records are under this one."""
        return self.seal.is_changing() or (self._unsealed >= SEAL_MOST and self.seal.may_evolve())

    def change_key(self, uptime_ms: int) -> None:
        """Put the next key beside the present one, say so in the last record under it, destroy it. OSError when the
        flash fails: then the present one stays in use, and the change is due again."""
        self.seal.prepare()
        self.append(records.SEAL, records.pack(records.SEAL, self.seal.next_epoch()), uptime_ms)
        self._unsealed = 0
        self.seal.begin()
