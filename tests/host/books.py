"""Journals written by hand, for tests of what is made of them."""

from host_tools.journal_file import Header, Verdict, check, write
from host_tools.judging.evidence import UnitJournal
from interlock.core import camera, frames, records
from interlock.core.layout import Record, chain_next, chain_start, encode
from interlock.core.seal import OpenSeal
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

HOLSTER, OWN, OTHER = 1, 2, 3


class Book:
    """A journal in the making; `base_ms` is where this unit's clock stands when the holster's shows 0."""

    def __init__(self, unit: int, role: int, base_ms: int = 0) -> None:
        self.unit, self.role, self.base_ms = unit, role, base_ms
        self.serial = f"UNIT{unit}"
        self.records: list[Record] = []
        self.chains = [chain_start(self.serial_bytes)]  # before each record, and after the last
        self.boot = 1
        self.skipped = 0

    @property
    def serial_bytes(self) -> bytes:
        return self.serial.encode().ljust(8)

    def at(self, ms: int, kind: int, *fields: object) -> "Book":
        payload = records.pack(kind, *fields)
        sequence = len(self.records) + self.skipped
        raw, chain = encode(kind, sequence, self.boot, ms + self.base_ms, payload, self.chains[-1], OpenSeal())
        self.records.append(Record(raw))
        self.chains.append(chain)
        return self

    def reboot(self) -> "Book":
        self.boot += 1
        return self.at(-self.base_ms, records.BOOT, 1, 0, 1, 0)

    def event(self, ms: int, event: int, counter: int) -> "Book":
        return self.at(ms, records.EVENT, event, 0, counter, 0, 0, records.AGO_NONE, 0)

    def ack(self, ms: int, counter: int, kind: int, since_ms: int = 0, camera_unit: int = OWN) -> "Book":
        return self.at(ms, records.ACK, camera_unit, counter, kind << 4, since_ms, 30, bytes(4))

    def heard(self, ms: int, counter: int, kind: int = 1) -> "Book":
        return self.at(ms, records.HEARD, HOLSTER, counter, kind, 0x10, bytes(4))

    def tally(self, ms: int, on: bool, seen_off: bool = True, buffer_ms: int = 0) -> "Book":
        mode = camera.RECORDING if on else camera.STANDBY
        return self.at(ms, records.RECORDER, mode, int(on), int(seen_off), 0, buffer_ms // 100)

    def clock(self, ms: int, utc_ms: int, u_ms: int = 20, ago_ms: int = 0) -> "Book":
        """A sync: it was `utc_ms` at this unit's moment `ms`."""
        return self.at(ms + ago_ms, records.CLOCK, 2, utc_ms, u_ms, ago_ms)

    def alert(self, ms: int, code: int) -> "Book":
        return self.at(ms, records.ALERT, code)

    def session(self, ms: int, person: bytes = b"PC1234  ") -> "Book":
        self.at(ms, records.SESSION, 2, person, 1_800_000_000)
        return self.at(ms + 900, records.SESSION_END, 0, 0b1011, len(self.records))

    def skip(self, count: int) -> "Book":
        """So many records are written and lost to the ring before anybody reads them."""
        for _ in range(count):
            body = len(self.chains).to_bytes(4, "big") + bytes([self.skipped & 0xFF])
            self.chains[-1] = chain_next(self.chains[-1], body)
            self.skipped += 1
        return self

    @property
    def raws(self) -> list[bytes]:
        return [record.raw for record in self.records]

    def done(self, complete: bool = True) -> UnitJournal:
        return UnitJournal(self.unit, self.role, tuple(self.records), complete)

    def verdict(self) -> Verdict:
        """As a journal file says."""
        return check(write(Header(self.role, self.unit, self.serial_bytes, 0, self.chains[0]), self.records))


def holster() -> Book:
    return Book(HOLSTER, ROLE_HOLSTER)


def own() -> Book:
    return Book(OWN, ROLE_CAMERA, 500_000)


def other() -> Book:
    return Book(OTHER, ROLE_CAMERA, 3_000)


def used(book: Book, ms: int, counter: int, *events: int) -> Book:
    """A use of the weapon with an event a second from `ms` on, the last of which is the return."""
    for number, event in enumerate([frames.DRAW, *events, frames.REHOLSTER]):
        book.event(ms + number * 1000, event, counter + number)
    return book
