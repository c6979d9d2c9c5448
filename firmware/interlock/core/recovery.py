"""What a power cut, rot and time have left of a journal: where writing goes on, and what must not be used again.

Only reads. The order of its steps: `firmware/JOURNAL.md`, "Recovery".
"""

from . import records
from .layout import (
    NUMBER_MAX,
    UNKNOWN,
    Record,
    Ring,
    Sector,
    chain_next,
    chain_start,
    first_record,
    is_due,
    most_records,
    read_sector,
)

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Flash


class Recovered:
    """The journal of the unit with `serial` as it lies on `flash`.

    `number`, `index`: of the newest sector, -1 and the last one where there is none; `offset`: where the next record
    goes in it; `sequence`, `head`, `boot`, `epoch`: of the next record; `first`: sequence of the oldest; `recent`: the
    newest records, back to the last whole set of carried facts; `loss_known`: first record kept as the journal says it,
    None: it says nothing; `unsealed`: records since the key last changed, None: nobody knows; `torn`: writes that a cut
    tore behind the newest record; `missing`: records behind that set that cannot be read; `unreadable`: sectors;
    `named`: those of which the newest one says that they could not be read, with that fault; they are not to be
    written; `faults`: (kind, sector, sequence, count) of what is to be told, of unreadable sectors first.
    """

    head: bytes

    def __init__(self, flash: "Flash", serial: bytes) -> None:
        self._flash = flash
        self.sequence = self.first = self.torn = self.missing = self.epoch = 0
        self.boot = 1
        self.loss_known: int | None = None
        self.unsealed: int | None = None
        self.recent: list[Record] = []
        self.faults: list[tuple[int, int, int, int]] = []
        ring = Ring(flash)
        # What was never a journal is not gone through.
        headless = [index for index in ring.headless if first_record(flash, index) is not None]
        self.unreadable = ring.unreadable
        self.named: dict[int, tuple[int, int, int, int]] = {}
        if ring.order:
            self._go_on(ring, headless)
        else:
            self._begin(serial, headless)
        self.faults = [self.named[index] for index in self.unreadable] + self.faults

    def _begin(self, serial: bytes, headless: list[int]) -> None:
        """First use. Where there are records all the same, every header has rotted, and what cannot be read may hold
        some: their numbers are not used again."""
        self.head = chain_start(serial)
        self.index = self._flash.size // self._flash.sector_bytes - 1
        self.number = -1
        self.offset = self._flash.sector_bytes
        for index in headless:
            found = [record for record in read_sector(self._flash, index).records if record.sequence < NUMBER_MAX]
            if found and found[-1].sequence >= self.sequence:
                self.faults.append((records.FAULT_HEADER, index, found[0].sequence, len(found)))
                self.sequence = self.first = found[-1].sequence + 1
                self.head, self.recent, self.index = UNKNOWN, found, index
                self.boot = (found[-1].boot + 1) & 0xFFFF
        if self.unreadable:
            self._leave_out()
            self.first = self.sequence

    def _go_on(self, ring: Ring, headless: list[int]) -> None:
        heads, order = ring.heads, ring.order
        self.index = order[-1]
        self.number = heads[self.index][0]
        self.first = heads[order[0]][1]
        newest = read_sector(self._flash, self.index)
        self.torn = newest.torn
        self._take_newest(newest)
        self._take_headless(headless)
        self._take_names()
        if self.unreadable and not self._are_counted():
            self._leave_out()
        # Back to the last complete set of carried facts: cuts may have torn any number of attempts since, and of a set
        # before something that rotted, that may have been a part.
        whole = [] if self.missing else self.recent
        following = heads[order[-1]][1]
        for index in reversed(order[:-1]):
            if records.CONFIG in [record.kind for record in whole]:
                break
            sector = read_sector(self._flash, index)
            _, missing = sector.missing(following)
            self.missing += missing
            self.recent = sector.records + self.recent
            whole = [] if missing else sector.records + whole
            following = heads[index][1]
        self.epoch = newest.head.epoch if newest.head is not None else 0
        for record in self.recent:
            self.boot = (record.boot + 1) & 0xFFFF
            if self.unsealed is not None:
                self.unsealed += 1
            fields = record.fields()
            if record.kind == records.LOSS and fields is not None:
                self.loss_known = fields.first_kept
            elif record.kind == records.SEAL and fields is not None:
                self.epoch, self.unsealed = max(self.epoch, fields.epoch), 0

    def _take_newest(self, newest: Sector) -> None:
        head = newest.head
        assert head is not None
        self.sequence, self.head = head.first, head.chain
        for record in newest.records:
            self.head = chain_next(self.head, record.chained)
            self.sequence = record.sequence + 1
        self.recent = newest.records
        self.offset = newest.free
        first, count = newest.missing()
        if count:
            self.faults.append((records.FAULT_RECORDS, self.index, first, count))
            self.missing = count
            self._go_behind_unknown()

    def _go_behind_unknown(self) -> None:
        """Go on where the chain value can be stated anew: as unknown, since a made-up one would be taken for a
        forgery."""
        self.offset, self.head = self._flash.sector_bytes, UNKNOWN

    def _take_names(self) -> None:
        """Faults with a number are of sectors for which numbers were left out."""
        for record in self.recent:
            fields = record.fields() if record.kind == records.FAULT else None
            if fields is not None and fields.kind == records.FAULT_HEADER and fields.sequence and not fields.count:
                self.named[fields.sector] = tuple(fields)

    def _are_counted(self) -> bool:
        """Whether the newest sector names all that cannot be read, so that they were not written since, and has a whole
        set of facts, which are newer than theirs."""
        is_whole = not self.faults and records.CONFIG in [record.kind for record in self.recent]
        return is_whole and all(index in self.named for index in self.unreadable)

    def _leave_out(self) -> None:
        """What is told of each ends where the numbers go on: so it explains those before and the records behind, whose
        chain value is unknown."""
        most = most_records(self._flash.sector_bytes)
        for index in self.unreadable:
            self.sequence += most
            self.missing += most
            self.named[index] = (records.FAULT_HEADER, index, self.sequence, 0)
        self._go_behind_unknown()

    def _take_headless(self, headless: list[int]) -> None:
        """The newest sectors may have lost their headers: numbers and counters in them must not be used again, and they
        stay until the ring comes round."""
        found = True
        while found:
            found = False
            for index in headless:
                newer = self._newer_in(index)
                if newer:
                    found = True
                    self._go_behind(index, newer)

    def _newer_in(self, index: int) -> list[Record]:
        """The records of this sector that come behind all that are known."""
        found = read_sector(self._flash, index).records
        return [record for record in found if is_due(record, self.sequence, self._flash.sector_bytes)]

    def _go_behind(self, index: int, newer: list[Record]) -> None:
        self.faults.append((records.FAULT_HEADER, index, newer[0].sequence, len(newer)))
        for record in newer:
            self.missing += record.sequence - self.sequence
            is_next = record.sequence == self.sequence and self.head != UNKNOWN
            self.head = chain_next(self.head, record.chained) if is_next else UNKNOWN
            self.sequence = record.sequence + 1
        self.recent = self.recent + newer
        self.index = index
        self.number += 1
        self.offset = self._flash.sector_bytes
