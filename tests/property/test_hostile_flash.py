"""Flash areas may hold anything: noise, worn or forged journals, numbers at the end of their range. Opening gives a
journal, reading ends after bounded work, and what is appended then is there."""

import struct
from binascii import crc32
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from interlock.core import layout, lms, records, wire
from interlock.core import settings as unit_settings
from interlock.core.journal import Journal, JournalError
from interlock.core.keylog import KeyLog
from interlock.core.layout import SectorHead
from interlock.core.reading import Cursor, Reading
from interlock.core.seal import KEY_BYTES, OpenSeal, Seal
from interlock.core.signer import PARAMS, SECTORS, Signer, SignerError
from interlock.unit import Unit
from tests.core.flash import RamFlash
from tests.powercut.audit import check_readers_agree

SERIAL = b"PROPERTY"
SECTOR_BYTES = 256
NUMBERS = st.integers(0, 6) | st.integers(layout.NUMBER_MAX - 2, layout.NUMBER_MAX + 2) | st.integers(0, 0xFFFFFFFF)
FEW_SECTORS = st.integers(4, 6)
REFUSALS = (
    wire.NO_SIGNING_KEY,
    wire.BUSY_SIGNING,
    wire.EXHAUSTED,
    wire.ROLLED_BACK,
    wire.TOO_SOON,
    wire.FLASH_FAILED,
)


class Counting(RamFlash):
    """Reads at host speed, counted."""

    def __init__(self, sectors: int, sector_bytes: int, data: bytes = b"") -> None:
        RamFlash.__init__(self, sectors, sector_bytes)
        self.data[: len(data)] = data[: self.size]
        self.reads = 0

    def read(self, offset: int, buffer: bytearray) -> None:
        assert 0 <= offset <= offset + len(buffer) <= self.size
        self.reads += 1
        buffer[:] = self.data[offset : offset + len(buffer)]

    def spent(self) -> int:
        """Reads since this was asked last."""
        reads, self.reads = self.reads, 0
        return reads


# Sectors that look right where it matters: true checksums around arbitrary content, and plain noise.
ANY_HEAD = st.builds(
    lambda number, first, chain, epoch: SectorHead(number, first, chain, epoch).encode(),
    NUMBERS,
    NUMBERS,
    st.binary(min_size=32, max_size=32),
    NUMBERS,
)
ANY_RECORD = st.builds(
    lambda kind, sequence, boot, payload: layout.encode(kind, sequence, boot, 1, payload, bytes(32), OpenSeal())[0],
    st.sampled_from([*records.TYPE_NAMES, 0, 255]),
    NUMBERS,
    st.integers(0, 0xFFFF),
    st.binary(max_size=records.PAYLOAD_MAX),
)
PIECE = ANY_RECORD | st.binary(max_size=40) | st.integers(0, 12).map(lambda n: b"\xff" * 8 * n)
SECTOR = st.builds(
    lambda head, pieces: b"".join([head] + [piece + b"\xff" * (-len(piece) % 4) for piece in pieces]),
    st.one_of(ANY_HEAD, ANY_HEAD, st.just(b""), st.binary(min_size=52, max_size=52)),
    st.lists(PIECE, max_size=8),
)
FORGED = st.lists(SECTOR, min_size=4, max_size=6).map(
    lambda sectors: b"".join(data[:SECTOR_BYTES].ljust(SECTOR_BYTES, b"\xff") for data in sectors)
)


def carry() -> list[tuple[int, bytes]]:
    return [(records.CONFIG, records.pack(records.CONFIG, 1, bytes(8)))]


def real(sectors: int, count: int, reopened: int) -> bytes:
    """The image of a journal that was written as journals are."""
    flash = Counting(sectors, SECTOR_BYTES)
    log = Journal(flash, SERIAL, carry)
    for i in range(count):
        if reopened and i % reopened == 0:
            log = Journal(flash, SERIAL, carry)
        log.append(records.ALERT, bytes([i & 0xFF]), i)
    return bytes(flash.data)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A journal with bytes changed, pieces moved over others, and whole sectors put elsewhere."""
    image = bytearray(real(draw(FEW_SECTORS), draw(st.integers(0, 60)), draw(st.integers(0, 9))))
    sectors = len(image) // SECTOR_BYTES
    places = st.integers(0, len(image) - 1)
    for _ in range(draw(st.integers(0, 4))):
        image[draw(places)] ^= draw(st.integers(1, 255))
    for _ in range(draw(st.integers(0, 2))):
        source, target, length = draw(places), draw(places), draw(st.integers(1, 200))
        piece = image[source : source + length][: len(image) - target]
        image[target : target + len(piece)] = piece
    for _ in range(draw(st.integers(0, 2))):
        source, target = (draw(st.integers(0, sectors - 1)) * SECTOR_BYTES for _ in range(2))
        image[target : target + SECTOR_BYTES] = image[source : source + SECTOR_BYTES]
    return bytes(image)


NOISE = st.binary(min_size=4 * SECTOR_BYTES, max_size=4 * SECTOR_BYTES)


@given(image=st.one_of(FORGED, damaged(), damaged(), NOISE))
@settings(max_examples=300)
def test_any_flash_is_read_to_its_end_or_refused(image: bytes) -> None:
    flash = Counting(len(image) // SECTOR_BYTES, SECTOR_BYTES, image)
    sectors = flash.size // SECTOR_BYTES
    try:
        reading = Reading(flash)
    except JournalError:
        assert flash.spent() <= sectors
        return
    assert flash.spent() <= 2 * sectors
    count = len(reading.records)
    assert count <= sectors * SECTOR_BYTES // layout.OVERHEAD_BYTES
    for start in (0, reading.first, reading.first + count // 2, 0xFFFFFFFF):
        cursor = Cursor(flash, start)
        while cursor.take() is not None:
            pass
        assert flash.spent() <= 3 * (count + 2 * sectors) * (sectors + 2)


@given(image=damaged())
@settings(max_examples=150)
def test_a_damaged_journal_reads_the_same_in_both_ways(image: bytes) -> None:
    flash = Counting(len(image) // SECTOR_BYTES, SECTOR_BYTES, image)
    numbers = [head.number for i in range(flash.size // SECTOR_BYTES) if (head := layout.read_head(flash, i))]
    if not numbers:
        return
    found = [record.sequence for record in Reading(flash).records]
    # Sectors or records that are there twice are nobody's damage, and which of them counts is open.
    if len(set(numbers)) == len(numbers) and found == sorted(set(found)):
        check_readers_agree(flash, starts=(0, *found[len(found) // 2 :][:1]))


STRAY = b"".join(
    sector.ljust(SECTOR_BYTES, bytes(1))
    for sector in (
        b"",
        b"",
        bytes(52) + layout.encode(records.ALERT, 16, 1, 1, b"\x00", bytes(32), OpenSeal())[0],
        SectorHead(0, 0, bytes(32), 0).encode(),
    )
)
"""A sector without header, whose record is a dozen numbers ahead of the newest."""


@given(image=st.one_of(FORGED, damaged(), damaged(), NOISE), rounds=st.integers(2, 12))
@settings(max_examples=300)
@example(image=b"", rounds=2)
@example(image=STRAY, rounds=12)
def test_any_flash_can_be_opened_and_what_is_appended_then_is_there(image: bytes, rounds: int) -> None:
    flash = Counting(max(4, len(image) // SECTOR_BYTES), SECTOR_BYTES, image)
    sectors = flash.size // SECTOR_BYTES
    log = Journal(flash, SERIAL, carry)
    assert flash.spent() <= 6 * sectors
    heads = [head for i in range(sectors) if (head := layout.read_head(flash, i)) is not None]
    if max(max(head.number, head.first) for head in heads) > layout.NUMBER_MAX - 1000:
        rounds = 1  # and nobody asks what a journal does that is at its end
    headless = [index for index in range(sectors) if layout.read_head(flash, index) is None]
    stray = {record.sequence for index in headless for record in layout.read_sector(flash, index).records}
    flash.spent()
    for i in range(rounds):
        sequence = log.append(records.ALERT, bytes([i]), i)
        log.tidy(i)
        assert flash.spent() <= 60 * sectors
        again = Journal(flash, SERIAL, carry)
        if rounds == 1:
            return
        if again.sequence == log.sequence:
            assert again.head == log.head
        else:  # near the numbers of a sector without header: it went on to them, and only an opening steps over them
            assert again.sequence > log.sequence and again.sequence - 1 in stray
            log = again
        found = [record for record in Reading(flash).records if record.sequence == sequence]
        assert [record.payload for record in found][-1:] == [bytes([i])]
        if i % 3 == 2:
            log = again
            flash.spent()


@given(payload=st.binary(max_size=8).filter(lambda payload: len(payload) != 4))
@example(payload=b"")
def test_a_loss_record_of_an_unknown_size_does_not_keep_a_unit_from_booting(payload: bytes) -> None:
    raw = layout.encode(records.LOSS, 0, 1, 1, payload, bytes(32), OpenSeal())[0]
    flash = Counting(4, SECTOR_BYTES, SectorHead(0, 0, bytes(32), 0).encode() + raw)
    assert Journal(flash, SERIAL, list).sequence == 1


def slot(number: int, secret: bytes) -> bytes:
    data = struct.pack(">I", number) + secret
    return data + struct.pack(">I", crc32(data))


KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
KEY_SLOT = st.one_of(
    st.builds(slot, st.integers(0, 9) | st.integers(0, 0xFFFFFF00), KEYS),
    st.sampled_from([b"\xff" * 24, bytes(24)]),
    st.binary(min_size=24, max_size=24),
)


@given(slots=st.lists(KEY_SLOT, max_size=21), epoch=st.integers(0, 0xFFFFFFFF))
@settings(max_examples=200)
def test_any_key_log_opens_and_takes_the_next_key(slots: list[bytes], epoch: int) -> None:
    flash = Counting(2, SECTOR_BYTES, b"".join(slots[:10]).ljust(SECTOR_BYTES, b"\xff") + b"".join(slots[10:]))
    seal = Seal(flash, 0)
    seal.settle(epoch)
    assert flash.spent() <= 2 * SECTOR_BYTES // 24
    log = KeyLog(flash, 0, KEY_BYTES)
    following = 0 if log.number is None else log.number + 1
    log.put(following, b"k" * KEY_BYTES)
    log.drop()
    again = KeyLog(flash, 0, KEY_BYTES)
    assert (again.number, again.secret, again.previous) == (following, b"k" * KEY_BYTES, None)


CERTIFICATE_AT = 256 + 32 * 32  # in the sector of a bottom tree of 32 leaves
NEAR = st.sampled_from([0, 1, 31, 32, 33, 1023, 1024, 1025, 1 << 27, (1 << 27) - 1]) | NUMBERS
SECRETS = st.binary(min_size=32, max_size=32)


def tree(code: int, number: int, root: bytes | None, certificate: bytes | None = None) -> bytes:
    """The head of a tree, begun; complete with a root, and certified as a bottom tree is."""
    head = b"ILK\x01" + struct.pack(">II", code, number) + bytes(16)
    made = b"" if root is None else root + struct.pack(">I", crc32(head + root))
    data = head + struct.pack(">I", crc32(head)) + bytes(4) + made
    if certificate is None:
        return data
    certificate = certificate.ljust(4 + lms.lms_signature_bytes(5, 3) + lms.KEY_BYTES, b"c")
    return data.ljust(CERTIFICATE_AT, b"\xff") + certificate + struct.pack(">I", crc32(certificate))


@st.composite
def signer_sectors(draw: st.DrawFn) -> dict[int, bytes]:
    """{sector: its beginning}: secrets, and heads of trees with true checksums around anything."""
    found = {}
    for sector in draw(st.sets(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 11]), max_size=6)):
        if sector in (0, 1, 4, 5):
            found[sector] = b"".join(draw(st.lists(st.builds(slot, NEAR, SECRETS), min_size=1, max_size=3)))
        elif sector in (2, 6, 7):
            certificate = draw(st.none() | st.binary(max_size=8)) if sector != 2 else None
            code = draw(st.just(3) | st.integers(0, 4))
            found[sector] = tree(code, draw(NEAR), draw(st.none() | SECRETS), certificate)
        else:
            found[sector] = draw(st.binary(max_size=60))
    return found


def two_levels(top: int, index: int, *numbers: int) -> dict[int, bytes]:
    """A key of two levels with these numbers of its secrets and its certified bottom trees."""
    found = {0: slot(top, bytes(32)), 2: tree(3, 0, bytes(32)), 4: slot(index, bytes(32))}
    found.update({6 + i: tree(3, number, bytes(32), b"") for i, number in enumerate(numbers)})
    return found


def put(flash: RamFlash, first: int, sectors: dict[int, bytes]) -> None:
    """Let these sectors, counted from `first` on, begin so."""
    for sector, data in sectors.items():
        at = (first + sector) * flash.sector_bytes
        flash.data[at : at + len(data)] = data


@given(sectors=signer_sectors())
@settings(max_examples=100)
@example(sectors={0: slot(layout.NUMBER_MAX, bytes(32)), 2: tree(1, 0, bytes(32))})  # an index beyond all leaves
@example(  # a bottom tree of other parameters than its top's
    sectors={0: slot(0, bytes(32)), 2: tree(3, 0, bytes(32)), 4: slot(0, bytes(32)), 6: tree(1, 0, bytes(32))}
)
def test_any_signer_area_opens_and_refuses_or_takes_an_index_once(sectors: dict[int, bytes]) -> None:
    flash = Counting(SECTORS, 4096)
    put(flash, 0, sectors)
    held = Signer(flash, 0)
    assert held.state in (0, 1, 2, 3) and held.remaining >= 0 and held.params in (0, *PARAMS)
    held.signed()
    try:
        index = held.take(None)
    except SignerError:
        return
    assert Signer(flash, 0).index > index


class Unreadable(Counting):
    """Some sectors never read."""

    dead: frozenset[int] = frozenset()

    def read(self, offset: int, buffer: bytearray) -> None:
        if offset // self.sector_bytes in self.dead:
            raise OSError(5)
        Counting.read(self, offset, buffer)


@given(
    keys=st.lists(KEY_SLOT, max_size=4),
    sectors=signer_sectors(),
    dead=st.frozensets(st.integers(unit_settings.SEAL_FIRST, unit_settings.SECTORS - 1), max_size=2),
)
@settings(max_examples=100)
@example(keys=[slot(0xFFFFFFFE, bytes(16)), slot(0xFFFFFFFF, bytes(16))], sectors={}, dead=frozenset())
@example(keys=[], sectors=two_levels(1, 1, 0), dead=frozenset())
@example(keys=[], sectors=two_levels(1, 0xFFFFFFFF, (1 << 27) - 1), dead=frozenset())
@example(keys=[], sectors=two_levels(1, 5, 1 << 27), dead=frozenset())  # steps over 2^32 indices
@example(keys=[], sectors=two_levels(32, 1024, 31), dead=frozenset())
@example(
    keys=[], sectors={2: tree(3, 0, bytes(32)), 0: slot(33, bytes(32)), 4: slot(1025, bytes(32))}, dead=frozenset()
)
def test_a_unit_boots_over_any_keys_and_refuses_or_goes_on(
    keys: list[bytes], sectors: dict[int, bytes], dead: frozenset[int]
) -> None:
    keep = Unreadable(unit_settings.SECTORS, 4096)
    put(keep, unit_settings.SEAL_FIRST, {0: b"".join(keys[:2]), 1: b"".join(keys[2:])})
    put(keep, unit_settings.SIGNER_FIRST, sectors)
    keep.dead = dead
    ring, now = RamFlash(4), iter(range(0, 1 << 20, 50))
    for last_seen in (None, 5):
        unit = Unit(SERIAL, ring, keep, Any, now.__next__)
        unit.write_boot(1)
        assert unit.reseal(bytes(16)) in (wire.OK, wire.FLASH_FAILED)
        notary = unit.notary()
        for credential in (wire.ADMIN, wire.TECHNICIAN):
            reason, index, remaining = notary.checkpoint(credential, last_seen, bytes(16))
            assert reason in REFUSALS or index + remaining <= 1024
            for _ in range(20):
                notary.work(4000)
                unit.tidy()
            notary.signed()
            wire.unpack_key(notary.key())
    reason = notary.make_key(2, bytes(32), bytes(32))
    assert reason in (wire.OK, wire.BUSY_SIGNING, wire.FLASH_FAILED)
    if dead or reason == wire.BUSY_SIGNING:
        return
    while notary.work(4000):
        pass
    assert notary.checkpoint(wire.ADMIN, None, bytes(16)) == (wire.OK, 0, 31)
