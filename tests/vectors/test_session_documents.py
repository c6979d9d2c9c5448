"""PROTOCOL.md's session says what the code does: worked example, layouts, codes, GATT table."""

import re
import struct

import pytest

from interlock.core import access, notary, refusals, selftest, updating, wire
from interlock.core.secure import SessionKeys, transcript
from interlock_loader import container

from . import independent_session
from .documents import JOURNAL, PROTOCOL, codes, dump, layout, parse_fields, rows, values

FORMS = {
    "hello": wire.HELLO_FORM,
    "challenge": wire.CHALLENGE_FORM,
    "access wire": wire.ACCESS_FORM,
    "status": wire.STATUS_FORM,
    "key": wire.KEY_FORM,
    "self-test": selftest.REPORT_FORM,
    "update state": updating.STATE_FORM,
    "release head": container.HEAD,
    "manifest": container.FIXED,
    "member": container.MEMBER,
    "place": wire.PLACED_HEAD,
    "placed line": wire.PLACED_LINE,
}


def first_record() -> bytes:
    return dump(JOURNAL, "example: ilj")[60 : 60 + 27]


def test_the_worked_session_follows_from_the_text():
    shown = values(PROTOCOL, "example: session")
    derived = independent_session.session(
        bytes(range(0x80, 0xA0)),
        b"alice   ",
        1800000000,
        b"HOLSTER1",
        (bytes(range(16)), bytes(range(16, 32))),
        123456,
        first_record(),
    )
    assert list(shown.items()) == list(derived.items())


def test_the_worked_session_is_what_the_code_says():
    v = values(PROTOCOL, "example: session")
    assert access.technician_key(v["technician root"], b"alice   ", 1800000000) == v["technician key"]
    assert transcript(v["hello"], v["challenge"]) == v["transcript"]
    unit, host = (SessionKeys(v["technician key"], v["transcript"]) for _ in range(2))
    assert (host.host_proof(), unit.unit_proof()) == (v["host proof"], v["unit proof"])
    assert unit.next_admin_key == v["next admin key"]
    assert host.to_unit.seal(v["request"]) == v["sealed request"]
    assert unit.to_unit.open(v["sealed request"]) == v["request"]
    assert unit.to_host.seal(v["reply"]) == v["sealed reply"]
    assert struct.pack(wire.CHUNK_LENGTH, len(v["piped"]) - 2) + unit.stream.seal(v["chunk"]) == v["piped"]
    cutter = wire.Cutter()
    frames = [frame for name in ("hello", "proof", "sealed request") for frame in cutter.cut(v[name], 23)]
    assert frames == [v[f"frame {i}"] for i in range(len(frames))]


@pytest.mark.parametrize("name", FORMS)
def test_every_message_is_laid_out_as_its_table_says(name):
    told = layout(PROTOCOL, name)
    sample = bytes(i * 7 & 0xFF for i in range(told.size))
    assert struct.calcsize(FORMS[name]) == told.size
    assert list(told.unpack(sample).values()) == list(struct.unpack(FORMS[name], sample))


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("status", wire.Status),
        ("key", wire.Key),
        ("self-test", selftest.Report),
        ("placed line", wire.PlacedLine),
        ("update state", updating.State),
    ],
)
def test_the_fields_of_an_answer_have_the_names_of_the_table(name, declared):
    told = tuple(field for field, _, _ in layout(PROTOCOL, name).fields)
    assert told == declared._fields[: len(told)]
    assert set(declared._fields) - set(told) in (set(), {"public"})


def test_requests_are_as_long_as_the_table_says():
    rows_of = {int(row[0]): (row[2], row[3]) for row in rows(PROTOCOL, "codes: operations")}
    for code, form, reply in (
        (wire.CHECKPOINT, wire.CHECKPOINT_FORM, wire.TAKEN_FORM),
        (wire.PULL, wire.PULL_FORM, wire.PULLED_FORM),
        (wire.MAKE_KEY, wire.MAKE_KEY_FORM, None),
        (wire.ASSIGN, wire.ASSIGN_FORM, None),
        (wire.MODE, wire.MODE_FORM, None),
        (wire.IDENTIFY, wire.IDENTIFY_FORM, "B"),
        (wire.SELF_TEST, wire.SELF_TEST_FORM, None),
        (wire.UPDATE_BEGIN, updating.BEGIN_FORM, updating.PROGRESS_FORM),
        (wire.PLACE, wire.PLACE_FORM, None),
    ):
        body, answer = rows_of[code]
        assert parse_fields(body.replace("last seen", "last_seen")).size == struct.calcsize(form)
        assert wire.OPERATIONS[code].least == wire.OPERATIONS[code].most == struct.calcsize(form)
        assert reply is None or parse_fields(answer).size == struct.calcsize(reply)


@pytest.mark.parametrize(
    ("marker", "declared"),
    [
        ("states", wire.STATE_NAMES),
        ("credentials", wire.CREDENTIAL_NAMES),
        ("operations", {code: operation.name for code, operation in wire.OPERATIONS.items()}),
        ("status flags", wire.STATUS_FLAG_NAMES),
        ("key states", notary.KEY_STATE_NAMES),
        ("session reasons", wire.REASON_NAMES),
        ("self-test parts", {**selftest.PART_NAMES, selftest.STANDS_BY: "(stands by)"}),
        ("self-test findings", selftest.FINDING_NAMES),
        ("update phases", updating.PHASE_NAMES),
        ("update findings", updating.FINDING_NAMES),
    ],
)
def test_every_code_of_the_session_is_in_the_document(marker, declared):
    assert codes(PROTOCOL, f"codes: {marker}") == declared


def test_who_may_ask_what_is_as_the_table_says():
    may = {int(row[0]): row[3] for row in rows(PROTOCOL, "codes: credentials")}
    names = {operation.name: operation for operation in wire.OPERATIONS.values()}
    for_setup = may[wire.SETUP].split(".")[0].split(", ")
    assert {name for name, o in names.items() if wire.SETUP in o.credentials} == set(for_setup)
    kept = may[wire.TECHNICIAN].removeprefix("everything but ").split(", ")
    assert {name for name, o in names.items() if wire.TECHNICIAN not in o.credentials} == set(kept)
    assert may[wire.ADMIN] == "everything" and all(wire.ADMIN in o.credentials for o in names.values())


def test_the_gatt_table_has_the_uuids_of_the_code():
    assert {row[0]: row[1] for row in rows(PROTOCOL, "gatt")} == {
        name: getattr(wire, name) for name in ("SERVICE", "INFO", "COMMAND", "REPLY", "STREAM")
    }


def test_pauses_after_wrong_secrets_are_as_long_as_the_text_says():
    text = PROTOCOL.read_text(encoding="utf-8")
    told = re.search(r"hear that kind of credential for (\d+) s, after the second one (.*) s from the seventh on", text)
    seconds = [int(number) for number in re.findall(r"\d+", " ".join(told.groups()))]
    held = refusals.Refusals(lambda *_: None)
    now = 0
    for told_s in seconds:
        held.wrong(wire.ADMIN, now)
        assert held.wait_ms(wire.ADMIN, now) == told_s * 1000
        now += told_s * 1000
    assert len(seconds) == 7 and seconds[-1] * 1000 == refusals.PAUSE_MAX_MS


def test_a_technician_may_do_no_more_than_the_table_on_a_stolen_laptop_bounds():
    """An operation that is given to technicians later must be thought about there."""
    text = PROTOCOL.read_text(encoding="utf-8")
    assert {operation.name for operation in wire.OPERATIONS.values() if wire.TECHNICIAN in operation.credentials} == {
        *("status", "ping", "pull", "credit", "stop", "end", "signed", "key"),  # they read
        *("set clock", "assign", "mode", "checkpoint", "identify", "self-test", "place"),  # a row each
    }
    for bound in (
        f"| assign a partner, or take that back | one of the unit's own settings, {wire.ASSIGN_MAX_S // 86400} days",
        f"| have a checkpoint signed | once in {notary.TECHNICIAN_MS // 3600000} hours",
        "| set a clock | by possible drift",
        "| test or mute a holster unit | as long as the policy says",
        "| place a holster unit's sensors | as a test of it: as long as the policy says",
        f"| let a unit blink and buzz | {wire.IDENTIFY_MAX_S} s a time",
        "| test a unit, and start and stop its recorder for that | eight times in a row, then once in ten minutes",
    ):
        assert bound in text
