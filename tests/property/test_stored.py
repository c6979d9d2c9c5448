"""What is stored reads back as written, and any other bytes are a clear refusal: settings, records, sector headers.

Whole flash areas of anything are in `test_hostile_flash.py`."""

import struct
from binascii import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core import layout, records
from interlock.core import settings as unit_settings
from interlock.core.seal import OpenSeal
from interlock.core.settings import Partner, Policy, Settings

KEYS = st.binary(min_size=32, max_size=32)
SHORTS, LONGS = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
REACHES = ("on_draw", "on_arm", "on_discharge")
FIGURES = {
    name: st.integers(least, most) | st.just(0 if name in unit_settings.MAY_BE_NONE else least)
    for name, least, most in unit_settings.POLICY_LIMITS
}


def graver_concerns_no_fewer(policy: Policy) -> Policy:
    reaches = sorted([policy.on_draw, policy.on_arm, policy.on_discharge])
    return policy._replace(**dict(zip(REACHES, reaches, strict=True)))


POLICIES = st.builds(Policy, **FIGURES, covert=st.booleans(), stop_after_hold=st.booleans()).map(
    graver_concerns_no_fewer
)
PARTNERS = st.builds(Partner, st.integers(1, 0xFFFF), st.integers(1, 3), st.integers(0, 1), KEYS, KEYS)


def has_a_recorder(config: Settings) -> Settings:
    """A recorder that its role can have."""
    if not config.role & unit_settings.ROLE_CAMERA:
        return config._replace(recorder=unit_settings.MOMENTARY, recorder_id=bytes(8))
    if config.recorder != unit_settings.GOPRO:
        return config._replace(recorder_id=bytes(8))
    return config._replace(recorder_id=config.recorder_id if any(config.recorder_id) else b"1234    ")


SETTINGS = st.builds(
    Settings,
    LONGS,
    st.binary(min_size=8, max_size=8),
    st.integers(1, 0xFFFF),
    st.integers(1, 3),
    KEYS,
    KEYS,
    KEYS,
    st.lists(PARTNERS, max_size=unit_settings.PARTNERS_MAX),
    POLICIES,
    st.sampled_from(sorted(unit_settings.RECORDER_NAMES)),
    st.binary(min_size=8, max_size=8),
).map(has_a_recorder)


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


POLICY_FORM = ">HHHHIIIIIIIIHIIIIBBBBBI"
HEAD_BYTES, PARTNER_BYTES, POLICY_BYTES, RECORDER_BYTES = 118, 68, 67, 9


@given(
    head=st.binary(min_size=HEAD_BYTES - 7, max_size=HEAD_BYTES - 7),
    rest=st.binary(min_size=PARTNER_BYTES, max_size=PARTNER_BYTES),
    partners=st.integers(0, 1),
    policy=st.binary(min_size=POLICY_BYTES, max_size=POLICY_BYTES)
    | POLICIES.map(lambda policy: struct.pack(POLICY_FORM, *policy)),
    recorder=st.binary(min_size=RECORDER_BYTES, max_size=RECORDER_BYTES) | st.just(bytes(RECORDER_BYTES)),
)
@settings(max_examples=200)
def test_settings_with_a_true_checksum_are_such_that_a_unit_can_run_with_them(
    head: bytes, rest: bytes, partners: int, policy: bytes, recorder: bytes
) -> None:
    length = HEAD_BYTES + partners * PARTNER_BYTES + POLICY_BYTES + RECORDER_BYTES + 4
    body = unit_settings.MAGIC + struct.pack(">H", length) + head + bytes([partners])
    body += rest[: PARTNER_BYTES * partners] + policy + recorder
    assert len(body) == length - 4
    config = unit_settings.decode(sealed(body))
    if config is not None:
        assert unit_settings.decode(unit_settings.encode(config)) == config


@given(payload=st.binary(max_size=records.PAYLOAD_MAX), kind=st.integers(0, 255), data=st.binary(max_size=200))
@settings(max_examples=300)
def test_any_payload_reads_as_fields_or_none_and_any_bytes_as_a_record_or_none(
    payload: bytes, kind: int, data: bytes
) -> None:
    fields = records.unpack(kind, payload)
    if fields is not None and kind not in (records.PEERS, records.CREW):
        assert records.pack(kind, *fields) == payload
    for offset in range(len(data) + 2):
        record = layout.decode(data, offset)
        assert record is None or record.raw == data[offset : offset + len(record.raw)]


@given(
    kind=st.integers(0, 255),
    sequence=LONGS,
    boot=SHORTS,
    uptime_ms=st.integers(0, (1 << 40) - 1),
    payload=st.binary(max_size=records.PAYLOAD_MAX),
    before=KEYS,
    at=st.integers(0),
    mask=st.integers(1, 255),
)
@settings(max_examples=200)
def test_a_record_is_read_as_written_and_not_at_all_when_damaged(
    kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, before: bytes, at: int, mask: int
) -> None:
    raw, chain = layout.encode(kind, sequence, boot, uptime_ms, payload, before, OpenSeal())
    record = layout.decode(raw, 0)
    assert record is not None and (record.kind, record.sequence, record.boot, record.uptime_ms) == (
        kind,
        sequence,
        boot,
        uptime_ms,
    )
    assert record.payload == payload and record.tag == OpenSeal().tag(before, record.body) and record.raw == raw
    assert layout.chain_next(before, record.chained) == chain and len(raw) <= layout.padded(len(raw)) <= 88
    damaged = bytearray(raw)
    damaged[at % len(raw)] ^= mask
    assert layout.decode(damaged, 0) is None


@given(number=LONGS, first=LONGS, chain=KEYS, epoch=LONGS, at=st.integers(0), mask=st.integers(1, 255))
@settings(max_examples=100)
def test_a_sector_header_is_read_as_written_and_not_at_all_when_damaged(
    number: int, first: int, chain: bytes, epoch: int, at: int, mask: int
) -> None:
    data = bytearray(layout.SectorHead(number, first, chain, epoch).encode())
    head = layout.decode_head(data)
    if number <= layout.NUMBER_MAX and first <= layout.NUMBER_MAX:
        assert head is not None and (head.number, head.first, head.chain, head.epoch) == (number, first, chain, epoch)
    else:
        assert head is None
    data[at % len(data)] ^= mask
    assert layout.decode_head(data) is None
