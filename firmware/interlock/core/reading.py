"""Reading a journal that goes on being written: record by record from any sequence number, one sector in memory."""

from . import records
from .journal import JournalError
from .layout import (
    ALIGN,
    SECTOR_HEAD_BYTES,
    UNKNOWN,
    Ring,
    Span,
    chain_next,
    decode,
    decode_head,
    following,
    is_due,
    padded,
    read_head,
    read_sector,
)

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .layout import Record
    from .needs import Flash


class Cursor:
    """Stands before the record with the sequence number `sequence` of the journal on `flash`, or, when that is not
    there (overwritten, or unreadable), before the next one that is. At least one sector must hold a journal.

    `chain`: the chain value there, UNKNOWN behind a hole in a sector; `epoch`: of the seal there, as far as known."""

    sequence: int
    chain: bytes
    epoch: int

    def __init__(self, flash: "Flash", sequence: int) -> None:
        self._flash = flash
        ring = Ring(flash)
        if not ring.order:
            raise OSError("no journal here")
        before = [index for index in ring.order if ring.heads[index][1] <= sequence]
        self._data = bytearray(flash.sector_bytes)
        self._open(before[-1] if before else ring.order[0])
        while self.sequence < sequence:
            if self.take() is None and not self._leap():
                break
        while self._next() is None and self._leap():
            pass

    def _open(self, index: int) -> None:
        self._index = index
        self._load()
        self._offset = SECTOR_HEAD_BYTES
        head = decode_head(self._data)
        assert head is not None
        self._number, self.sequence, self.chain, self.epoch = head.number, head.first, head.chain, head.epoch

    def _load(self) -> None:
        self._flash.read(self._index * self._flash.sector_bytes, self._data)

    def take(self) -> "Record | None":
        """The next record, or None: there is no further one yet, or there is a hole."""
        record = self.take_raw()
        if record is not None and self.chain != UNKNOWN:
            self.chain = chain_next(self.chain, record.chained)
        return record

    def take_raw(self) -> "Record | None":
        """The same without moving `chain`, which saves a hash: for who needs it no more."""
        record = self._next()
        if record is not None:
            self._offset += padded(len(record.raw))
            self.sequence = record.sequence + 1
            if record.kind == records.SEAL:
                begins = record.fields()
                self.epoch = self.epoch if begins is None else begins.epoch
        return record

    def _next(self) -> "Record | None":
        """The record that is due; `_offset` is where it begins."""
        record = self._find()
        if record is None and self._newer():
            record = self._find()
        return record if record is not None and record.sequence == self.sequence else None

    def _find(self) -> "Record | None":
        """The next record in the sector in memory that is not an older one's remains, whichever it is."""
        offset = self._offset
        while offset < len(self._data):
            record = decode(self._data, offset)
            if record is not None and is_due(record, self.sequence, len(self._data)):
                self._offset = offset
                return record
            offset += ALIGN
        return None

    def _newer(self) -> bool:
        """Whether there was more to read: in this sector, written since, or in the one that follows."""
        behind = following(self._flash, self._index, self._number)
        if behind is not None and behind[1].first == self.sequence:
            self._open(behind[0])
            return True
        head = read_head(self._flash, self._index)
        if behind is not None or head is None or head.number != self._number:
            return False
        self._load()
        return True

    def _leap(self) -> bool:
        """Over a hole, to the next record that can be read; False where there is none."""
        record = self._find()
        if record is not None:
            self.sequence, self.chain = record.sequence, UNKNOWN
            return True
        behind = following(self._flash, self._index, self._number)
        if behind is None:
            return False
        self._open(behind[0])
        return True


class Reading:
    """A journal as read out of `flash`, oldest record first: what files are made from. Changes nothing.

    `spans`: its records by their unbroken runs; `records`: all of them; `first`, `chain`, `epoch`: of the first span.
    """

    def __init__(self, flash: "Flash") -> None:
        order = Ring(flash).order
        if not order:
            raise JournalError("no journal on this flash: the unit was never provisioned, or the area is wrong")
        self.spans: list[Span] = []
        for index in order:
            for span in read_sector(flash, index).spans():
                self._join(span)
        self.first, self.chain, self.epoch = self.spans[0].first, self.spans[0].chain, self.spans[0].epoch
        self.records = [record for span in self.spans for record in span.records]

    def _join(self, span: Span) -> None:
        """Add a run, to the one before where it continues that."""
        if self.spans:
            before = self.spans[-1]
            if before.first + len(before.records) == span.first and before.chain != UNKNOWN and span.chain != UNKNOWN:
                before.records += span.records
                return
        self.spans.append(span)
