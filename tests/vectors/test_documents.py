"""The specifications say what the code does: examples, layouts, codes, constants and state tables."""

import zlib

from host_tools import journal_items
from interlock.core import (
    access,
    checkpoint,
    frames,
    keylog,
    layout,
    proof,
    records,
    seal,
    settings,
)
from tests.core.flash import RamFlash

from . import documents, independent, independent_flash, independent_frames, independent_seal
from .documents import JOURNAL, PROTOCOL, codes, dump, parse_fields, rows, values

UNIT_KEY, GROUP_KEY, PAIR_KEY, OTHER_KEY = (bytes(range(first, first + 32)) for first in (0, 32, 64, 96))
DIGEST = bytes.fromhex("cafebabe")
SLOT = 443108250  # 2 March 2026, 06:30 UTC
SERIAL = b"HOLSTER1"
SEAL_KEY = bytes(range(16))


# Worked examples.


def test_the_worked_draw_follows_from_the_text_and_is_what_the_code_builds():
    shown = values(PROTOCOL, "example: draw")
    derived = independent_frames.unit_frame(UNIT_KEY, GROUP_KEY, 1, 1000, 1, 1, DIGEST, SLOT)
    assert list(shown.items()) == list(derived.items())
    keys = frames.UnitKeys(UNIT_KEY, 1), frames.GroupKeys(GROUP_KEY)
    assert frames.build_unit(*keys, frames.DRAW, frames.FLAG_ARMED, 1000, DIGEST, SLOT) == shown["frame"]


def test_the_worked_readiness_follows_from_the_text_and_is_what_the_code_builds():
    shown = values(PROTOCOL, "example: readiness")
    derived = independent_frames.unit_frame(UNIT_KEY, GROUP_KEY, 2, 7, 11, 3, SLOT.to_bytes(4, "big"), SLOT)
    derived["rhythm"] = independent_frames.mac(derived["U.id"], derived["counter64"] + b"rhythm")[:2]
    # Only what differs from the draw is shown.
    assert list(shown.items()) == [(name, value) for name, value in derived.items() if name in shown]
    assert {"counter64", "slot", "slot byte", "plain", "frame", "rhythm"} <= set(shown)
    keys = frames.UnitKeys(UNIT_KEY, 2), frames.GroupKeys(GROUP_KEY)
    assert frames.build_unit(*keys, frames.READY_TIME, frames.READY_ASLEEP, 7, DIGEST, SLOT) == shown["frame"]
    assert keys[0].rhythm(7).to_bytes(2, "big") == shown["rhythm"]


def test_the_worked_ack_follows_from_the_text_and_is_what_the_code_builds():
    shown = values(PROTOCOL, "example: ack")
    derived = independent_frames.ack_frame(PAIR_KEY, 1, 2, 1000, 1, 0, 1234, 30, 5, DIGEST)
    assert list(shown.items()) == list(derived.items())
    ack = frames.Ack(frames.PROVEN, frames.REASON_NONE, 1234, 30, 5, DIGEST)
    assert frames.PairKeys(PAIR_KEY, 1, 2).build(1000, ack) == shown["frame"]


def test_the_worked_journal_file_follows_from_the_text_and_is_what_the_code_encodes():
    shown = dump(JOURNAL, "example: ilj")
    assert independent.verify(shown, [SEAL_KEY]) == independent.Verdict(True, None, "intact")
    chain = start = independent.chain_start(SERIAL)
    assert start == layout.chain_start(SERIAL)
    unit_seal = seal.Seal(RamFlash(2), 0)
    held, key = [], independent_seal.OPEN_KEY
    payloads = (
        (records.BOOT, 3, records.pack(records.BOOT, 1, 0, 1, 0)),
        (records.SEAL, 60000, records.pack(records.SEAL, seal.first_epoch(0))),
        (records.ALERT, 61000, records.pack(records.ALERT, proof.ALERT_UNPAIRED)),
    )
    for sequence, (kind, uptime_ms, payload) in enumerate(payloads):
        raw, after = layout.encode(kind, sequence, 1, uptime_ms, payload, chain, unit_seal)
        record, chain = independent.write_record(kind, sequence, 1, uptime_ms, payload, chain, key)
        assert (record.raw, chain) == (raw, after)
        held.append(record)
        if kind == records.SEAL:
            key = SEAL_KEY
            unit_seal.give(SEAL_KEY)
            unit_seal.begin()
    assert independent.write_ilj(settings.ROLE_HOLSTER, 1, SERIAL, 0, start, held) == shown


def test_the_worked_sector_holds_the_records_of_the_worked_file():
    shown = dump(JOURNAL, "example: sector")
    head = independent_flash.write_sector_header(0, 0, independent.chain_start(SERIAL), 0)
    assert shown[: layout.SECTOR_HEAD_BYTES] == head == layout.SectorHead(0, 0, layout.chain_start(SERIAL), 0).encode()
    sector = independent_flash.read_sector(shown.ljust(4096, b"\xff"))
    assert sector is not None and sector.free == len(shown)
    raws = [record.raw for record in sector.records]
    assert b"".join(raws) == dump(JOURNAL, "example: ilj")[journal_items.HEADER_BYTES : -journal_items.FOOTER_BYTES]
    assert raws == [record.raw for record in layout.Sector(shown.ljust(4096, b"\xff")).records]


# Layouts.


def test_every_layout_has_the_size_that_the_code_and_the_reader_use():
    slot_bytes = keylog.OVERHEAD_BYTES + seal.KEY_BYTES
    head_bytes = journal_items.SIGNED_BYTES_MAX - 3 * 0xFFFF - layout.CRC_BYTES
    sizes = {
        "sector header": (layout.SECTOR_HEAD_BYTES, independent_flash.SECTOR_HEADER.size),
        "record head": (layout.HEAD_BYTES, independent.RECORD_HEAD.size),
        "key slot": (slot_bytes, independent_seal.SLOT.size),
        "checkpoint": (checkpoint.MESSAGE_BYTES, independent_seal.STATEMENT.size),
        "ilj header": (journal_items.HEADER_BYTES, independent.ILJ_HEADER.size),
        "ilj break": (journal_items.BREAK_BYTES, independent.ILJ_BREAK.size),
        "ilj checkpoint": (head_bytes, independent.ILJ_CHECKPOINT.size),
        "ilj footer": (journal_items.FOOTER_BYTES, independent.ILJ_FOOTER.size),
    }
    for name, expected in sizes.items():
        size = documents.layout(JOURNAL, name).size
        assert (size, size) == expected, name


def test_the_worked_file_reads_as_its_layouts_say():
    shown = dump(JOURNAL, "example: ilj")
    header = documents.layout(JOURNAL, "ilj header").unpack(shown[:60])
    assert (header["magic"], header["unit"], header["serial"], header["first"]) == (b"ILJF", 1, SERIAL, 0)
    head = documents.layout(JOURNAL, "record head").unpack(shown[60 + 27 : 60 + 27 + 13])
    assert head == {"length": 4, "type": records.SEAL, "sequence": 1, "boot": 1, "uptime_ms": 60000}
    footer = documents.layout(JOURNAL, "ilj footer").unpack(shown[-44:])
    assert footer["count"] == 3 and footer["crc"] == zlib.crc32(shown[:-4])


def test_the_pieces_of_a_file_are_laid_out_as_the_tables_say():
    told = {"magic": journal_items.BREAK_MAGIC, "first": 7, "chain": bytes(range(32)), "epoch": 1 << 24}
    written = journal_items.Break(7, bytes(range(32)), 1 << 24).pack()
    assert documents.layout(JOURNAL, "ilj break").pack(told | {"crc": zlib.crc32(written[:-4])}) == written
    assert independent.Break(7, bytes(range(32)), 1 << 24).raw == written
    parts = (b"message", b"signed", b"public key")
    told = {"magic": journal_items.SIGNED_MAGIC, "zero": 0}
    told |= dict(zip(("message_bytes", "signature_bytes", "public_bytes"), map(len, parts), strict=True))
    whole = documents.layout(JOURNAL, "ilj checkpoint").pack(told) + b"".join(parts)
    whole += zlib.crc32(whole).to_bytes(4, "big")
    assert journal_items.Signed(*parts).pack() == whole == independent.Checkpoint(*parts).raw
    start = independent.chain_start(SERIAL)
    header = journal_items.Header(1, 1, SERIAL, 0, start, 0).pack()
    assert header == dump(JOURNAL, "example: ilj")[:60]


def test_a_sector_header_is_laid_out_as_the_table_says():
    head = layout.SectorHead(5, 99, bytes(range(32)), 1 << 24)
    told = {"magic": layout.SECTOR_MAGIC, "sector_sequence": 5, "first": 99, "chain": head.chain, "epoch": 1 << 24}
    stored = head.encode()
    assert documents.layout(JOURNAL, "sector header").pack(told | {"crc": zlib.crc32(stored[:-4])}) == stored


def test_a_key_is_stored_as_the_table_says():
    flash = RamFlash(2)
    keylog.KeyLog(flash, 0, seal.KEY_BYTES).put(1 << 24, SEAL_KEY)
    slot = bytes(flash.data[:24])
    told = {"number": 1 << 24, "secret": SEAL_KEY, "crc": zlib.crc32(slot[:-4])}
    assert documents.layout(JOURNAL, "key slot").pack(told) == slot
    assert flash.data[24:].count(0xFF) == len(flash.data) - 24
    assert flash.sector_bytes % 24 == 16  # which the text says to be unused


def test_a_checkpoint_is_laid_out_as_the_table_says():
    said = checkpoint.Checkpoint(SERIAL, 7, 1234, bytes(range(32)), 3, 0x0102030405, 1 << 40, 250, bytes(range(16)))
    message = checkpoint.pack(said)
    assert documents.layout(JOURNAL, "checkpoint").pack({"label": checkpoint.LABEL, **said._asdict()}) == message
    told = independent_seal.Statement(**said._asdict())
    assert independent_seal.read_statement(message) == told and independent_seal.write_statement(told) == message


def test_the_sealed_parts_are_laid_out_as_the_tables_say():
    unit = {"event_flags": 0x11, "sender": 1, "counter": 1000, "slot": 1 + SLOT % 255, "body": DIGEST}
    assert documents.layout(PROTOCOL, "unit plain").pack(unit) == values(PROTOCOL, "example: draw")["plain"]
    ack = {"kind_reason": 0x10, "since_ms": 1234, "buffer_s": 30, "crew": 5, "zero": bytes(1), "digest": DIGEST}
    assert documents.layout(PROTOCOL, "ack plain").pack(ack) == values(PROTOCOL, "example: ack")["plain"]


def test_every_record_type_has_its_name_and_its_fields_in_the_table():
    assert codes(JOURNAL, "codes: types") == records.TYPE_NAMES
    for number, name, payload, _ in rows(JOURNAL, "codes: types"):
        told = parse_fields(payload)
        sample = bytes(range(1, told.size + 1))
        fields = records.unpack(int(number), sample)
        if int(number) == records.PEERS:
            assert records.pack_peers({0x0102: 0x03040506}) == [sample] and fields == [(0x0102, 0x03040506)]
        elif int(number) == records.CREW:
            assert records.pack_crew([(0x0102, 3, 4)]) == sample and fields == [(0x0102, 3, 4)]
        else:
            assert fields is not None, f"{name}: the code has another size than {told.size}"
            assert fields._asdict() == told.unpack(sample), name


def test_settings_are_stored_as_the_tables_say():
    partner = settings.Partner(2, settings.ROLE_CAMERA, settings.PAIRED, bytes([4]) * 32, bytes([5]) * 32)
    stored = settings.encode(
        settings.Settings(
            7,
            SERIAL,
            1,
            settings.ROLE_HOLSTER,
            UNIT_KEY,
            GROUP_KEY,
            OTHER_KEY,
            [partner],
            settings.DEFAULT_POLICY,
            *settings.DEFAULT_RECORDER,
        )
    )
    head = {
        "magic": b"ILS\x03",
        "length": len(stored),
        "revision": 7,
        "serial": SERIAL,
        "unit": 1,
        "role": 1,
        "unit_key": UNIT_KEY,
        "group_key": GROUP_KEY,
        "group_other": OTHER_KEY,
        "partners": 1,
    }
    policy = {row[1]: int(row[3]) for row in rows(JOURNAL, "layout: settings policy")}
    told = documents.layout(JOURNAL, "settings head").pack(head)
    told += documents.layout(JOURNAL, "settings partner").pack(partner._asdict())
    told += documents.layout(JOURNAL, "settings policy").pack(policy)
    told += documents.layout(JOURNAL, "settings recorder").pack({"recorder": 0, "recorder_id": bytes(8)})
    assert stored == told + zlib.crc32(told).to_bytes(4, "big")
    assert policy == {name: int(value) for name, value in settings.DEFAULT_POLICY._asdict().items()}
    assert len(stored) == 198 + 68
    limits = {row[1]: row[4] for row in rows(JOURNAL, "layout: settings policy")}
    assert limits.pop("covert") == limits.pop("stop_after_hold") == "0 or 1"
    assert tuple(name for name in limits if limits[name].startswith("0, ")) == settings.MAY_BE_NONE
    told_limits = [(name, *map(int, limit.removeprefix("0, ").split(" to "))) for name, limit in limits.items()]
    assert told_limits == list(settings.POLICY_LIMITS)


def test_access_and_label_are_stored_as_the_tables_say():
    held = access.Access(
        3, b"FORCE   ", b"left hip        ", bytes([1]) * 32, bytes([2]) * 32, 9, bytes([3]) * 32, True
    )
    stored = access.encode(held)
    told = {"magic": access.MAGIC, **held._asdict(), "crc": zlib.crc32(stored[:-4])}
    assert documents.layout(JOURNAL, "access").pack(told) == stored and len(stored) == access.STORED_BYTES
    label = access.encode_label(access.Label(SERIAL, bytes(range(16))))
    told = {"magic": access.LABEL_MAGIC, "serial": SERIAL, "secret": bytes(range(16)), "crc": zlib.crc32(label[:-4])}
    assert documents.layout(JOURNAL, "label").pack(told) == label
