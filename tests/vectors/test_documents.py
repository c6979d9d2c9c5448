"""The specifications say what the code does: examples, layouts, codes, constants and state tables."""

import ast
import zlib

import pytest

from interlock.core import access, frames, holster, journal, proof, receiver, records, settings
from interlock.core import camera as camera_machine

from . import independent, independent_frames, tables
from .documents import FIRMWARE, JOURNAL, PROTOCOL, codes, dump, layout, parse_fields, rows, values

UNIT_KEY, GROUP_KEY, PAIR_KEY = (bytes(range(first, first + 32)) for first in (0, 32, 64))
DIGEST = bytes.fromhex("cafebabe")
SERIAL = b"HOLSTER1"


def flag_names(*modules):
    """{bit: name} of every FLAG_... constant of the modules."""
    return {
        value: name.removeprefix("FLAG_").replace("_", " ").lower()
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("FLAG_")
    }


# Worked examples.


def test_the_worked_draw_follows_from_the_text_and_is_what_the_code_builds():
    shown = values(PROTOCOL, "example: draw")
    derived = independent_frames.unit_frame(UNIT_KEY, GROUP_KEY, 1, 1000, 1, 1, DIGEST)
    assert list(shown.items()) == list(derived.items())
    built = frames.build_unit(
        frames.UnitKeys(UNIT_KEY, 1), frames.GroupKeys(GROUP_KEY), frames.DRAW, frames.FLAG_ARMED, 1000, DIGEST
    )
    assert built == shown["frame"]


def test_the_worked_ack_follows_from_the_text_and_is_what_the_code_builds():
    shown = values(PROTOCOL, "example: ack")
    derived = independent_frames.ack_frame(PAIR_KEY, 1, 2, 1000, 1, 0, 1234, 30, DIGEST)
    assert list(shown.items()) == list(derived.items())
    ack = frames.Ack(frames.PROVEN, frames.REASON_NONE, 1234, 30, DIGEST)
    assert frames.PairKeys(PAIR_KEY, 1, 2).build(1000, ack) == shown["frame"]


def test_the_worked_journal_file_follows_from_the_text_and_is_what_the_code_encodes():
    shown = dump(JOURNAL, "example: ilj")
    assert independent.verify(shown) == (True, None, "intact")
    chain = start = independent.chain_start(SERIAL)
    assert start == journal.chain_start(SERIAL)
    held = []
    payloads = (
        (records.BOOT, 3, records.pack(records.BOOT, 1, 0, 1, 0)),
        (records.RESERVE, 5, records.pack(records.RESERVE, 256)),
    )
    for sequence, (kind, uptime_ms, payload) in enumerate(payloads):
        raw, after = journal.encode(kind, sequence, 1, uptime_ms, payload, chain)
        record, chain = independent.write_record(kind, sequence, 1, uptime_ms, payload, chain)
        assert (record.raw, chain) == (raw, after)
        held.append(record)
    assert independent.write_ilj(settings.ROLE_HOLSTER, 1, SERIAL, 0, start, held) == shown


def test_the_worked_sector_holds_the_records_of_the_worked_file():
    shown = dump(JOURNAL, "example: sector")
    assert shown[:48] == independent.write_sector_header(0, 0, independent.chain_start(SERIAL))
    sector = independent.read_sector(shown.ljust(4096, b"\xff"))
    assert sector is not None and sector.free == len(shown)
    assert b"".join(record.raw for record in sector.records) == dump(JOURNAL, "example: ilj")[56:-44]


# Layouts.


def test_every_layout_has_the_size_that_the_code_and_the_reader_use():
    sizes = {
        "sector header": (journal.SECTOR_HEAD_BYTES, independent.SECTOR_HEADER.size),
        "record head": (journal.HEAD_BYTES, independent.RECORD_HEAD.size),
        "ilj header": (56, independent.ILJ_HEADER.size),
        "ilj footer": (44, independent.ILJ_FOOTER.size),
    }
    for name, expected in sizes.items():
        size = layout(JOURNAL, name).size
        assert (size, size) == expected, name


def test_the_worked_file_reads_as_its_layouts_say():
    shown = dump(JOURNAL, "example: ilj")
    header = layout(JOURNAL, "ilj header").unpack(shown[:56])
    assert (header["magic"], header["unit"], header["serial"], header["first"]) == (b"ILJF", 1, SERIAL, 0)
    head = layout(JOURNAL, "record head").unpack(shown[56 + 29 : 56 + 29 + 13])
    assert head == {"length": 4, "type": records.RESERVE, "sequence": 1, "boot": 1, "uptime_ms": 5}
    footer = layout(JOURNAL, "ilj footer").unpack(shown[-44:])
    assert footer["count"] == 2 and footer["crc"] == zlib.crc32(shown[:-4])


def test_the_sealed_parts_are_laid_out_as_the_tables_say():
    unit = {"event_flags": 0x11, "sender": 1, "counter": 1000, "digest": DIGEST}
    assert layout(PROTOCOL, "unit plain").pack(unit) == values(PROTOCOL, "example: draw")["plain"]
    ack = {"kind_reason": 0x10, "since_ms": 1234, "buffer_s": 30, "zero": bytes(2), "digest": DIGEST}
    assert layout(PROTOCOL, "ack plain").pack(ack) == values(PROTOCOL, "example: ack")["plain"]


def test_every_record_type_has_its_name_and_its_fields_in_the_table():
    assert codes(JOURNAL, "codes: types") == records.TYPE_NAMES
    for number, name, payload, _ in rows(JOURNAL, "codes: types"):
        told = parse_fields(payload)
        sample = bytes(range(1, told.size + 1))
        fields = records.unpack(int(number), sample)
        if int(number) == records.PEERS:
            assert records.pack_peers({0x0102: 0x03040506}) == [sample] and fields == [(0x0102, 0x03040506)]
        else:
            assert fields is not None, f"{name}: the code has another size than {told.size}"
            assert fields._asdict() == told.unpack(sample), name


def test_settings_are_stored_as_the_tables_say():
    partner = settings.Partner(2, settings.ROLE_CAMERA, bytes([4]) * 32, bytes([5]) * 32)
    stored = settings.encode(
        settings.Settings(7, SERIAL, 1, settings.ROLE_HOLSTER, UNIT_KEY, GROUP_KEY, [partner], settings.DEFAULT_POLICY)
    )
    head = {
        "magic": b"ILS\x01",
        "length": len(stored),
        "revision": 7,
        "serial": SERIAL,
        "unit": 1,
        "role": 1,
        "unit_key": UNIT_KEY,
        "group_key": GROUP_KEY,
        "partners": 1,
    }
    policy = {row[1]: int(row[3]) for row in rows(JOURNAL, "layout: settings policy")}
    told = layout(JOURNAL, "settings head").pack(head)
    told += layout(JOURNAL, "settings partner").pack(partner._asdict())
    told += layout(JOURNAL, "settings policy").pack(policy)
    assert stored == told + zlib.crc32(told).to_bytes(4, "big")
    assert policy == {name: int(value) for name, value in settings.DEFAULT_POLICY._asdict().items()}
    assert len(stored) == 131 + 67
    told_limits = [(row[1], *map(int, row[4].split(" to "))) for row in rows(JOURNAL, "layout: settings policy")[:-1]]
    assert told_limits == list(settings.POLICY_LIMITS)


def test_access_and_label_are_stored_as_the_tables_say():
    held = access.Access(
        3, b"FORCE   ", b"left hip        ", bytes([1]) * 32, bytes([2]) * 32, 9, bytes([3]) * 32, True
    )
    stored = access.encode(held)
    told = {"magic": access.MAGIC, **held._asdict(), "crc": zlib.crc32(stored[:-4])}
    assert layout(JOURNAL, "access").pack(told) == stored and len(stored) == access.STORED_BYTES
    label = access.encode_label(access.Label(SERIAL, bytes(range(16))))
    told = {"magic": access.LABEL_MAGIC, "serial": SERIAL, "secret": bytes(range(16)), "crc": zlib.crc32(label[:-4])}
    assert layout(JOURNAL, "label").pack(told) == label


# Codes, constants, tables.


@pytest.mark.parametrize(
    ("path", "marker", "declared"),
    [
        (PROTOCOL, "events", frames.EVENT_NAMES),
        (PROTOCOL, "flags", flag_names(frames)),
        (PROTOCOL, "kinds", frames.ACK_NAMES),
        (PROTOCOL, "reasons", frames.REASON_NAMES),
        (JOURNAL, "events", {**frames.EVENT_NAMES, **holster.NOTE_NAMES}),
        (JOURNAL, "flags", flag_names(frames, holster)),
        (JOURNAL, "alerts", proof.ALERT_NAMES),
        (JOURNAL, "proof modes", proof.MODE_NAMES),
        (JOURNAL, "recorder modes", camera_machine.MODE_NAMES),
    ],
)
def test_every_code_is_in_the_documents_with_its_number(path, marker, declared):
    assert codes(path, f"codes: {marker}") == declared


def test_what_a_frame_is_to_a_receiver_has_the_same_number_in_both_documents():
    declared = {
        receiver.OWN: "own",
        receiver.OWN_REPEAT: "own repeat",
        receiver.OWN_STALE: "own stale",
        receiver.GROUP: "group",
    }
    assert codes(PROTOCOL, "codes: heard") == declared
    told = codes(JOURNAL, "codes: heard")
    assert told.keys() == declared.keys()
    assert all(told[kind].startswith(name) for kind, name in declared.items())


def test_every_constant_has_the_value_that_the_document_gives():
    for name, value, _ in rows(PROTOCOL, "constants"):
        module, constant = name.rsplit(".", 1)
        tree = ast.parse((FIRMWARE / "interlock" / f"{module}.py").read_text(encoding="utf-8"))
        assigned = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == constant
        ]
        assert assigned == [int(value)], name


def test_the_state_tables_are_those_of_the_code():
    assert tables.stale() == []


def test_a_state_table_that_drifted_is_found_and_put_right(tmp_path, monkeypatch):
    drifted = tmp_path / "PROTOCOL.md"
    right = PROTOCOL.read_text(encoding="utf-8")
    drifted.write_text(right.replace("| unknown | stow |", "| unknown | no such rule |").replace("begin use", "begin"))
    monkeypatch.setattr(tables, "PROTOCOL", drifted)
    assert tables.stale() == ["holster"]
    tables.rewrite()
    assert drifted.read_text(encoding="utf-8") == right
