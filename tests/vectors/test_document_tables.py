"""Codes, constants and state tables of the documents are those of the code."""

import ast
import re

import pytest

from interlock.core import camera as camera_machine
from interlock.core import (
    frames,
    holster,
    journal,
    keylog,
    layout,
    lines,
    lms,
    proof,
    receiver,
    records,
    seal,
    settings,
    signer,
    watch,
    wire,
)
from simulator.profiles import CHIPS

from . import independent_lms, tables
from .documents import FIRMWARE, JOURNAL, PROTOCOL, codes, rows

CREW_FLAGS = {
    records.CREW_OWN: "own",
    records.CREW_ACKED: "acked",
    records.CREW_WITNESS: "witness",
    records.CREW_READY: "ready",
    records.CREW_HOLSTER: "holster",
}


def flag_names(*modules):
    """{bit: name} of every FLAG_... constant of the modules, but for those that presence frames have instead."""
    return {
        value: name.removeprefix("FLAG_").replace("_", " ").lower()
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("FLAG_") and name not in ("FLAG_SEEKING", "FLAG_STOWED")
    }


# Codes, constants, tables.


@pytest.mark.parametrize(
    ("path", "marker", "declared"),
    [
        (PROTOCOL, "events", frames.EVENT_NAMES),
        (PROTOCOL, "flags", flag_names(frames)),
        (PROTOCOL, "kinds", frames.ACK_NAMES),
        (PROTOCOL, "reasons", frames.REASON_NAMES),
        (PROTOCOL, "readiness", frames.READY_NAMES),
        (JOURNAL, "events", {**frames.EVENT_NAMES, **holster.NOTE_NAMES}),
        (JOURNAL, "flags", flag_names(frames, holster)),
        (JOURNAL, "alerts", proof.ALERT_NAMES),
        (JOURNAL, "proof modes", proof.MODE_NAMES),
        (JOURNAL, "recorder modes", camera_machine.MODE_NAMES),
        (JOURNAL, "faults", records.FAULT_NAMES),
        (JOURNAL, "modes", records.MODE_NAMES),
        (JOURNAL, "mode causes", records.MODE_CAUSES),
        (JOURNAL, "partner modes", watch.MODE_NAMES),
        (JOURNAL, "crew flags", CREW_FLAGS),
        (JOURNAL, "radio", records.RADIO_NAMES),
        (JOURNAL, "life", records.LIFE_NAMES),
        (JOURNAL, "life flags", records.LIFE_FLAG_NAMES),
        (JOURNAL, "life reasons", records.LIFE_REASONS),
        (JOURNAL, "line bits", lines.BIT_NAMES),
        (JOURNAL, "line causes", lines.CAUSE_NAMES),
        (JOURNAL, "signing", signer.PARAMS_NAMES),
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
        receiver.OWN_LATE: "own late",
        receiver.UNDATED: "undated",
    }
    assert codes(PROTOCOL, "codes: heard") == declared
    told = codes(JOURNAL, "codes: heard")
    assert told.keys() == declared.keys() | {records.HEARD_LIMITED, records.HEARD_POLICY}
    assert all(told[kind].startswith(name) for kind, name in declared.items())
    assert all(told[kind].startswith("not followed") for kind in told.keys() - declared.keys())


def test_the_sets_of_signing_parameters_are_those_of_the_code_and_of_the_reader():
    for code, _, trees, signatures, _ in rows(JOURNAL, "codes: signing"):
        declared = signer.PARAMS[int(code)]
        height = lms.HEIGHTS[declared.lms_type]
        assert (
            independent_lms.TREE_KINDS[declared.lms_type] == height
            and declared.ots_type in independent_lms.ONE_TIME_KINDS
        )
        assert f"LMS_SHA256_M32_H{height}" in trees and f"L = {declared.levels}" in trees
        assert int(signatures) == (1 << height) ** declared.levels


def test_the_area_is_used_as_the_table_says():
    spans = {
        "settings": (settings.FIRST, settings.ACCESS_FIRST),
        "access": (settings.ACCESS_FIRST, settings.LABEL_FIRST),
        "label": (settings.LABEL_FIRST, settings.SEAL_FIRST),
        "seal keys": (settings.SEAL_FIRST, settings.SIGNER_FIRST),
        "signing key and signature": (settings.SIGNER_FIRST, settings.SECTORS),
    }
    assert (settings.SIGNER_SECTORS, settings.SIGNER_FIRST - settings.SEAL_FIRST) == (signer.SECTORS, keylog.SECTORS)
    told = {}
    for sectors, what in rows(JOURNAL, "areas"):
        first, _, last = sectors.partition("-")
        told[what.split(" (")[0]] = (first, last or first)
    ring = told.pop("the journal's ring")
    assert ring[0] == f"from {settings.SECTORS} on"
    assert told == {name: (str(first), str(following - 1)) for name, (first, following) in spans.items()}


def test_every_board_has_the_sectors_that_the_document_gives():
    told = {row[0]: row[1:] for row in rows(JOURNAL, "boards")}["sectors in all; of them journal"]
    """What the boards themselves keep is held to the profiles by `tests/boards/test_layout.py`."""
    cells = {}
    for name, chip in CHIPS.items():
        sectors = chip.journal_bytes // 4096
        cells[name] = f"{sectors}; {sectors - settings.SECTORS}"
    assert cells["esp32"] == cells["esp32_classic"] == cells["esp32_c3"] == cells["esp32_c6"]
    assert told == [cells["esp32"], f"Pico W {cells['rp2']}, Pico 2 W {cells['pico2_w']}", cells["stm32wb"]]


def test_the_figures_of_the_journals_text_are_those_of_the_code():
    text = JOURNAL.read_text(encoding="utf-8")
    quiet_s, few, most = figures(
        text,
        r"once (\d+) s passed since the last record and (\d+) or more are\s+under the key, and at any time after (\d+)",
    )
    assert (quiet_s * 1000, few, most) == (journal.SEAL_QUIET_MS, journal.SEAL_FEW, journal.SEAL_MOST)
    overhead, align, least, longest = figures(
        text, r"CRC32\(body \| tag\) +(\d+) bytes and the payload\n.* multiple of (\d+) +(\d+) to (\d+) bytes"
    )
    assert (overhead, align) == (layout.OVERHEAD_BYTES, layout.ALIGN)
    assert (least, longest) == (layout.padded(overhead), layout.padded(overhead + records.PAYLOAD_MAX))
    assert figures(text, r"count a trace and go (\d+) bytes further") == [longest] == [layout.RECORD_MAX]
    assert figures(text, r"The ring is N sectors, at least (\d+)\. .* header of (\d+) bytes") == [
        4,
        layout.SECTOR_HEAD_BYTES,
    ]
    assert figures(text, r"in slots of (\d+) bytes from") == [keylog.OVERHEAD_BYTES + seal.KEY_BYTES]
    assert figures(text, r"program its first (\d+) and its last (\d+) header bytes to 00") == [
        len(layout.RETIRED) - len(layout.RETIRED.lstrip(b"\0")),
        len(layout.RETIRED) - len(layout.RETIRED.rstrip(b"\0")),
    ]
    (below, above), (code, late) = (
        figures(text, r"bit `code - (\d+)` for request codes below 32, bit `code - (\d+)`"),
        (16, 32),
    )
    assert (wire.done_bit(code), wire.done_bit(late)) == (1 << code - below, 1 << late - above)
    assert "left out (an eighth of the ring and two at most in a boot)" in text and journal.BAD_SHARE == 8
    assert "one sector in half an hour of quiet" in text and journal.SCRUB_MS == 30 * 60 * 1000


def figures(text, pattern):
    """The numbers in the one place that the pattern fits."""
    (found,) = re.findall(pattern, text)
    return [int(number) for number in ([found] if isinstance(found, str) else found)]


def assigned(module, constant):
    """The value that a module of the firmware gives a constant; the module is not imported."""
    tree = ast.parse((FIRMWARE / "interlock" / f"{module}.py").read_text(encoding="utf-8"))
    (value,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == constant
    ]
    return value


def test_every_constant_has_the_value_that_the_document_gives():
    for name, value, _ in rows(PROTOCOL, "constants"):
        module, constant = name.rsplit(".", 1)
        assert assigned(module, constant) == int(value), name


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
