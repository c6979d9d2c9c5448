"""What is read from flash or from a file may be anything: a clear result or a clear refusal, nothing else."""

import struct
from binascii import crc32

from hypothesis import example, given, settings
from hypothesis import strategies as st

from interlock.core import journal, records
from interlock.core import settings as unit_settings
from interlock.core.journal import Journal, JournalError, Reading
from interlock.core.settings import Partner, Policy, Settings
from tests.core.flash import RamFlash

SERIAL = b"PROPERTY"
SECTOR_BYTES = 256
KEYS = st.binary(min_size=32, max_size=32)
SHORTS, LONGS = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
POLICIES = st.builds(
    Policy, *[st.integers(least, most) for _, least, most in unit_settings.POLICY_LIMITS], st.booleans()
)
PARTNERS = st.builds(Partner, st.integers(1, 0xFFFF), st.integers(1, 3), KEYS, KEYS)
SETTINGS = st.builds(
    Settings,
    LONGS,
    st.binary(min_size=8, max_size=8),
    st.integers(1, 0xFFFF),
    st.integers(1, 3),
    KEYS,
    KEYS,
    st.lists(PARTNERS, max_size=unit_settings.PARTNERS_MAX),
    POLICIES,
)


def sealed(body: bytes) -> bytes:
    return body + struct.pack(">I", crc32(body))


@given(config=SETTINGS, after=st.binary(max_size=40))
@settings(max_examples=100)
def test_settings_are_read_as_they_were_stored(config: Settings, after: bytes) -> None:
    assert unit_settings.decode(unit_settings.encode(config) + after) == config


@given(config=SETTINGS, at=st.integers(0), mask=st.integers(1, 255), cut=st.integers(0))
@settings(max_examples=200)
def test_damaged_or_short_settings_are_none(config: Settings, at: int, mask: int, cut: int) -> None:
    data = bytearray(unit_settings.encode(config))
    assert unit_settings.decode(data[: cut % len(data)]) is None
    data[at % len(data)] ^= mask
    assert unit_settings.decode(data) is None


@given(data=st.binary(max_size=900))
@settings(max_examples=200)
def test_any_bytes_are_none_or_settings(data: bytes) -> None:
    assert unit_settings.decode(data) is None
    assert unit_settings.decode(unit_settings.MAGIC + data) is None


POLICY_FORM = ">HHHHIIIIIIIIB"


@given(
    head=st.binary(min_size=81, max_size=81),
    rest=st.binary(min_size=67, max_size=67),
    partners=st.integers(0, 1),
    policy=st.one_of(st.binary(min_size=41, max_size=41), POLICIES.map(lambda p: struct.pack(POLICY_FORM, *p))),
)
@settings(max_examples=200)
def test_settings_with_a_true_checksum_are_such_that_a_unit_can_run_with_them(
    head: bytes, rest: bytes, partners: int, policy: bytes
) -> None:
    length = 86 + partners * 67 + 41 + 4
    body = unit_settings.MAGIC + struct.pack(">H", length) + head[6:] + bytes(4) + bytes([partners])
    body += rest[: 67 * partners] + policy
    config = unit_settings.decode(sealed(body[: length - 4].ljust(length - 4, b"\0")))
    if config is not None:
        assert unit_settings.decode(unit_settings.encode(config)) == config


@given(payload=st.binary(max_size=records.PAYLOAD_MAX), kind=st.integers(0, 255), data=st.binary(max_size=200))
@settings(max_examples=300)
def test_any_payload_reads_as_fields_or_none_and_any_bytes_as_a_record_or_none(
    payload: bytes, kind: int, data: bytes
) -> None:
    fields = records.unpack(kind, payload)
    if fields is not None and kind != records.PEERS:
        assert records.pack(kind, *fields) == payload
    for offset in range(len(data) + 2):
        record = journal.decode(data, offset)
        assert record is None or record.raw == data[offset : offset + len(record.raw)]


@given(
    kind=st.integers(0, 255),
    sequence=LONGS,
    boot=SHORTS,
    uptime_ms=st.integers(0, (1 << 40) - 1),
    payload=st.binary(max_size=records.PAYLOAD_MAX),
    at=st.integers(0),
    mask=st.integers(1, 255),
)
@settings(max_examples=200)
def test_a_record_is_read_as_written_and_not_at_all_when_damaged(
    kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, at: int, mask: int
) -> None:
    raw, chain = journal.encode(kind, sequence, boot, uptime_ms, payload, bytes(32))
    record = journal.decode(raw, 0)
    assert (record.kind, record.sequence, record.boot, record.uptime_ms) == (kind, sequence, boot, uptime_ms)
    assert record.payload == payload and record.tag == chain[: journal.TAG_BYTES] and record.raw == raw
    assert journal.chain_next(bytes(32), record.body) == chain
    damaged = bytearray(raw)
    damaged[at % len(raw)] ^= mask
    assert journal.decode(damaged, 0) is None


def header(sequence: int, first: int, chain: bytes) -> bytes:
    return sealed(struct.pack(journal.SECTOR_HEAD, journal.SECTOR_MAGIC, sequence, first, chain))


# Sectors that look right where it matters: true checksums around arbitrary content, and plain noise.
ANY_HEADER = st.builds(header, st.integers(0, 5) | LONGS, st.integers(0, 5) | LONGS, KEYS)
ANY_RECORD = st.builds(
    lambda kind, sequence, boot, payload: journal.encode(kind, sequence, boot, 1, payload, bytes(32))[0],
    st.sampled_from([*records.TYPE_NAMES, 0, 255]).filter(lambda kind: kind != records.LOSS),
    st.integers(0, 5) | LONGS,
    SHORTS,
    st.binary(max_size=records.PAYLOAD_MAX),
)
PIECE = ANY_RECORD | st.binary(max_size=40) | st.integers(0, 12).map(lambda n: b"\xff" * 8 * n)
SECTOR = st.builds(
    lambda head, pieces: b"".join([head] + [p + b"\xff" * (-len(p) % 8) for p in pieces]),
    st.one_of(ANY_HEADER, ANY_HEADER, st.just(b""), st.binary(min_size=48, max_size=48)),
    st.lists(PIECE, max_size=8),
)


def flash_of(sectors: list[bytes]) -> RamFlash:
    flash = RamFlash(len(sectors), SECTOR_BYTES)
    for i, data in enumerate(sectors):
        data = data[:SECTOR_BYTES]
        flash.data[i * SECTOR_BYTES : i * SECTOR_BYTES + len(data)] = data
    return flash


def opened(flash: RamFlash) -> Journal | None:
    try:
        return Journal(flash, SERIAL, list)
    except JournalError:
        return None


@given(sectors=st.lists(SECTOR, min_size=4, max_size=5))
@settings(max_examples=200)
def test_any_flash_content_is_read_or_refused_and_can_be_opened_and_written(sectors: list[bytes]) -> None:
    flash = flash_of(sectors)
    try:
        reading = Reading(flash)
    except JournalError:
        reading = None
    if reading is not None:
        assert len(reading.chain) == 32 and all(record.raw for record in reading.records)
        for record in reading.records:
            record.fields()
    log = opened(flash)
    if log is not None and log.sequence < 0xFFFFFF00:
        written = log.append(records.RESERVE, records.pack(records.RESERVE, 1), 5)
        again = Journal(flash, SERIAL, list)
        assert again.sequence == written + 1 and again.head == log.head


@given(payload=st.binary(max_size=8).filter(lambda payload: len(payload) != 4))
@example(payload=b"")
def test_a_loss_record_of_an_unknown_size_does_not_keep_a_unit_from_booting(payload: bytes) -> None:
    raw = journal.encode(records.LOSS, 0, 1, 1, payload, bytes(32))[0]
    assert opened(flash_of([header(0, 0, bytes(32)) + bytes(raw)] + [b""] * 3)) is not None
