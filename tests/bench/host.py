"""Rows that need no VM: flash operations of the journal, HMACs that a frame costs its receiver."""

from collections.abc import Callable
from contextlib import contextmanager

from interlock.core import frames, records
from interlock.core.crypto import Hmac
from interlock.core.frames import GroupKeys, UnitKeys, build_unit
from interlock.core.journal import OVERHEAD_BYTES, Journal
from interlock.core.receiver import RESERVE_BLOCK, Receiver
from tests.core.flash import RamFlash

from .rows import Row

RECORDS = 4000
# A use as a holster unit journals it: payload bytes of its records.
USE = [
    records.EVENT,
    records.PROOF,
    records.ACK,
    records.PROOF,
    records.ACK,
    records.EVENT,
    records.EVENT,
    records.PROOF,
]
SAMPLES = {
    records.EVENT: records.pack(records.EVENT, 1, 0, 1000, 2, 1, 500, 0),
    records.PROOF: records.pack(records.PROOF, 3),
    records.ACK: records.pack(records.ACK, 2, 1000, 16, 900, 30, b"head"),
}


class CountingFlash(RamFlash):
    """Counts bytes given to `program`, and reads at host speed."""

    programmed_bytes = 0

    def read(self, offset: int, buffer: bytearray) -> None:
        buffer[:] = self.data[offset : offset + len(buffer)]

    def program(self, offset: int, data: bytes) -> None:
        self.programmed_bytes += len(data)
        super().program(offset, data)


def carried() -> list[tuple[int, bytes]]:
    """What a station with ten known units repeats in each sector."""
    marks = records.pack_peers(dict.fromkeys(range(1, 11), 1000))
    facts = [(records.RESERVE, records.pack(records.RESERVE, RESERVE_BLOCK))]
    facts += [(records.PEERS, payload) for payload in marks]
    return [*facts, (records.CONFIG, records.pack(records.CONFIG, 1, bytes(8)))]


def journal_rows() -> list[Row]:
    flash = CountingFlash(16)
    log = Journal(flash, b"BENCH001", carried)
    programs, programmed, erases, stored = flash.programs, flash.programmed_bytes, flash.erases, 0
    most = 0
    for i in range(RECORDS):
        payload = SAMPLES[USE[i % len(USE)]]
        while log.tidy(i):
            pass
        before = flash.programs
        log.append(USE[i % len(USE)], payload, i)
        most = max(most, flash.programs - before)
        stored += len(payload) + OVERHEAD_BYTES
    sectors = stored / flash.sector_bytes
    return [
        Row("journal: programs per record", (flash.programs - programs) / RECORDS, "programs", 1.0, "goal"),
        Row("journal: most programs for one record (opens a sector)", most, "programs"),
        Row(
            "journal: bytes programmed per byte of a record",
            (flash.programmed_bytes - programmed) / stored,
            "bytes",
            1.1,
            "goal",
        ),
        Row("journal: erases per sector of records", (flash.erases - erases) / sectors, "erases", 1.0, "no overhead"),
    ]


@contextmanager
def counting(counts: list[int]):  # type: ignore[no-untyped-def]
    """Count the HMACs made while it lasts."""
    digest = Hmac.digest

    def counted(self: Hmac, message: bytes) -> bytes:
        counts[0] += 1
        return digest(self, message)

    Hmac.digest = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Hmac.digest = digest  # type: ignore[method-assign]


def hmacs(act: Callable[[], object]) -> int:
    counts = [0]
    with counting(counts):
        act()
    return counts[0]


def receiver_rows() -> list[Row]:
    group, own, guest = GroupKeys(b"g" * 32), UnitKeys(b"u" * 32, 1), UnitKeys(b"h" * 32, 2)
    ear = Receiver(9, group, [own], {})
    heard = [
        ("own, the next", build_unit(own, group, frames.DRAW, 0, 1, bytes(4))),
        ("own, again", build_unit(own, group, frames.DRAW, 0, 1, bytes(4))),
        ("own, after 10 lost", build_unit(own, group, frames.DRAW, 0, 12, bytes(4))),
        ("own, back after a power cut", build_unit(own, group, frames.DRAW, 0, RESERVE_BLOCK + 1, bytes(4))),
        ("of the group", build_unit(guest, group, frames.DRAW, 0, 1, bytes(4))),
        ("of the group, again", build_unit(guest, group, frames.DRAW, 0, 1, bytes(4))),
        ("junk", frames.HEADER + bytes(29)),
        ("junk, again", frames.HEADER + bytes(29)),
    ]
    rows = [
        Row(f"HMACs to hear a frame: {name}", hmacs(lambda frame=frame: ear.hear(frame, 0)), "HMACs")
        for name, frame in heard
    ]
    return [*rows, Row("HMACs to start with one partner", hmacs(lambda: Receiver(9, group, [own], {})), "HMACs")]


def rows() -> list[Row]:
    return journal_rows() + receiver_rows()
