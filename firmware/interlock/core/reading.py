"""Reading a journal that goes on being written: record by record from any sequence number, one sector in memory."""

from .journal import ALIGN, SECTOR_HEAD_BYTES, chain_next, decode, padded, read_header, read_sector_head

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .journal import Record
    from .needs import Flash


class Cursor:
    """Stands before the record with the sequence number `sequence` of the journal on `flash`, or, when that is no
    longer held, before the oldest. `chain`: the chain value there. At least one sector must hold a journal."""

    def __init__(self, flash: "Flash", sequence: int) -> None:
        self._flash = flash
        self._sectors = flash.size // flash.sector_bytes
        best = oldest = None
        for index in range(self._sectors):
            header = read_header(flash, index)
            if header is None:
                continue
            if oldest is None or header[0] < oldest[0]:
                oldest = (header[0], index)
            if header[1] <= sequence and (best is None or header[0] > best[0]):
                best = (header[0], index)
        found = best or oldest
        if found is None:
            raise ValueError("no journal here")
        self._data = bytearray(flash.sector_bytes)
        self._open(found[1])
        while self.sequence < sequence and self.take() is not None:
            pass

    def _open(self, index: int) -> None:
        self._index = index
        self._load()
        self._offset = SECTOR_HEAD_BYTES
        head = read_sector_head(self._data)
        assert head is not None
        self._number, self.sequence, self.chain = head

    def _load(self) -> None:
        self._flash.read(self._index * self._flash.sector_bytes, self._data)

    def take(self) -> "Record | None":
        """The next record, or None: there is no further one yet, or the ring has eaten what follows."""
        record = self.take_raw()
        if record is not None:
            self.chain = chain_next(self.chain, record.body)
        return record

    def take_raw(self) -> "Record | None":
        """The same without moving `chain`, which saves a hash: for who needs it no more."""
        record = self._find()
        if record is None and self._newer():
            record = self._find()
        if record is not None:
            self.sequence = record.sequence + 1
        return record

    def _find(self) -> "Record | None":
        """The next record in the sector in memory."""
        offset = self._offset
        while offset < len(self._data):
            record = decode(self._data, offset)
            if record is not None and record.sequence == self.sequence:
                self._offset = offset + padded(len(record.raw))
                return record
            offset += ALIGN
        return None

    def _newer(self) -> bool:
        """Whether there was more to read: in this sector, written since, or in the one that follows."""
        following = (self._index + 1) % self._sectors
        header = read_header(self._flash, following)
        if header is not None and header == (self._number + 1, self.sequence):
            self._open(following)
            return True
        header = read_header(self._flash, self._index)
        if header is None or header[0] != self._number:
            return False
        self._load()
        return True
