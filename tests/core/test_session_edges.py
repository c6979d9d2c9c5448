"""A session from its first tick to its last: what it says of itself, counts, passes on and lets go."""

import struct

from interlock.core import wire
from interlock.core.session import ENDED, HELLO_MS, IDLE_MS, OPEN, OPENING, Session
from tests.core.session_world import Host, Unit, error_of, prepared, some_settings


def test_a_new_session_is_not_open_and_waits_for_a_greeting():
    session = Session(Unit(), 500)
    assert (session.mtu, session.out, session.ended, session.phase) == (wire.MTU_MIN, [], None, OPENING)
    assert (session.done, session.pulled_to, session.deadline()) == (0, 0, 500 + HELLO_MS)
    assert not session.is_open() and not session.is_working() and session.work(600) is False


def test_an_open_session_says_so_until_it_ends():
    host = Host(Unit())
    host.now = 700
    session = host.open_admin().session
    assert session.is_open() and session.phase == OPEN and session.deadline() == 700 + IDLE_MS
    assert session.work(800) is False and not session.is_working()
    session.end(wire.LINK_LOST)
    assert not session.is_open() and (session.phase, session.deadline()) == (ENDED, None)
    assert session.out == [], "there is nobody to tell"
    session.end(wire.IDLE)
    assert session.ended == wire.LINK_LOST


def test_each_message_puts_the_end_off():
    host = Host(Unit()).open_admin()
    host.now = 20000
    assert host.ask(wire.PING)[0] == wire.OK
    assert host.session.deadline() == 20000 + IDLE_MS
    host.session.tick(20000 + IDLE_MS - 1)
    assert host.session.ended is None
    host.session.tick(20000 + IDLE_MS)
    assert error_of(host.read()) == wire.IDLE


def test_what_was_carried_out_is_counted_and_what_was_refused_is_not():
    host = Host(Unit()).open_admin()
    host.ask(wire.PING)
    host.ask(wire.STATUS)
    both = wire.done_bit(wire.PING) | wire.done_bit(wire.STATUS)
    assert both and host.session.done == both
    assert host.ask(wire.COMMIT, bytes(8))[0] != wire.OK
    assert host.ask(wire.PING, b"too long")[0] == wire.BAD_LENGTH
    assert host.session.done == both
    host.ask(wire.PING)
    assert host.session.done == both


def test_a_reply_that_says_nothing_more_has_no_body():
    host = Host(Unit()).open_admin()
    assert host.ask(wire.STOP) == (wire.OK, b"") and host.ask(250) == (wire.BAD_CODE, b"")
    assert host.ask(wire.PING, b"x") == (wire.BAD_LENGTH, b"")


def test_updates_are_passed_on_as_they_came():
    unit = Unit()
    host = Host(unit).open_admin()
    body = bytes(wire.OPERATIONS[wire.UPDATE_DATA].least)
    assert host.ask(wire.UPDATE_DATA, body)[0] == wire.OK
    assert unit.said[-1] == ("update", wire.UPDATE_DATA, body)


class Asked(Unit):
    """Notes of whom it was asked how long they must wait."""

    waits_of = ()

    def wait_s(self, credential):
        self.waits_of += (credential,)
        return Unit.wait_s(self, credential)


def test_who_must_wait_is_told_how_long_and_others_are_told_nothing_of_it():
    unit = Asked()
    unit.waits_s = 7
    answer = Host(unit).greet(wire.ADMIN)
    assert struct.unpack(wire.ERROR_FORM, answer) == (wire.ERROR, wire.WAIT, 7)
    assert set(unit.waits_of) == {wire.ADMIN}
    host = Host(unit)
    host.session.end(wire.IDLE)
    assert struct.unpack(wire.ERROR_FORM, host.read()) == (wire.ERROR, wire.IDLE, 0)


def test_a_piece_of_a_pull_counts_up_to_what_was_sent():
    unit = Unit(journalled=60)
    host = Host(unit).open_admin()
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 5, 1))
    chunks, _ = host.stream()
    assert chunks[0][0] == 5 and 5 < host.session.pulled_to <= unit.journal.sequence
    reached = host.session.pulled_to
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 1))
    host.begin_stream()
    host.stream()
    assert host.session.pulled_to >= reached
    assert host.ask(wire.STOP)[0] == wire.OK and host.session.notification() is None


def test_settings_that_are_asked_for_anew_replace_those_that_were_prepared():
    host = Host(Unit()).open_admin()
    reason, digest = host.ask(wire.PREPARE, prepared(some_settings(2)))
    assert reason == wire.OK
    assert host.ask(wire.PREPARE, b"\x00\x05short")[0] == wire.BAD_SETTINGS
    assert host.ask(wire.COMMIT, digest)[0] == wire.NOT_PREPARED


def test_a_pull_tells_where_it_begins_and_where_the_journal_ends():
    unit = Unit(journalled=30)
    host = Host(unit).open_admin()
    end = unit.journal.sequence
    for asked, begins in ((7, 7), (0, 0), (end + 50, end)):
        reason, body = host.ask(wire.PULL, struct.pack(wire.PULL_FORM, asked, 1))
        sequence, following, _, epoch, head = struct.unpack(wire.PULLED_FORM, body)
        assert (reason, sequence, following, epoch, head) == (wire.OK, begins, end, 0, unit.journal.head)


class Told(Unit):
    """Notes who asked for what is checked and committed, too; `fails`: its journal cannot be read."""

    fails = False

    def check(self, credential, found):
        self.said.append(("check", credential))
        return Unit.check(self, credential, found)

    def cursor(self, sequence):
        if self.fails:
            raise OSError(5)
        return Unit.cursor(self, sequence)


def test_a_refusal_says_its_reason_and_nothing_more():
    unit = Told()
    host = Host(unit).open_admin()
    stale = struct.pack(wire.RATCHET_FORM, 9)
    with_rest = prepared(some_settings(2)) + b"rest"
    broken = bytearray(prepared(some_settings(2)))
    broken[40] ^= 1
    too_long = struct.pack(wire.IDENTIFY_FORM, wire.IDENTIFY_MAX_S + 1, 0)
    cases = (
        (wire.COMMIT, bytes(8), wire.NOT_PREPARED),
        (wire.PREPARE, bytes(broken), wire.BAD_SETTINGS),
        (wire.PREPARE, with_rest, wire.BAD_LENGTH),
        (wire.RATCHET, stale, wire.STALE),
        (wire.ASSIGN, struct.pack(wire.ASSIGN_FORM, 9, 5, 1, bytes(8)), wire.BAD_ASSIGNMENT),
        (wire.IDENTIFY, too_long, wire.BAD_MODE),
    )
    for code, body, reason in cases:
        assert host.ask(code, body) == (reason, b""), code
    assert host.ask(wire.IDENTIFY, struct.pack(wire.IDENTIFY_FORM, wire.IDENTIFY_MAX_S, 1)) == (wire.OK, b"\x01")
    assert unit.said[-1] == ("identify", wire.IDENTIFY_MAX_S, 1)
    unit.fails = True
    assert host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 1)) == (wire.FLASH_FAILED, b"")
    assert host.ask(wire.END) == (wire.OK, b"")
    boxed = Host(Unit(boxed=True)).open_setup()
    assert boxed.ask(wire.PREPARE, with_rest) == (wire.BAD_LENGTH, b"")


def test_a_technicians_clock_may_be_set_to_the_end_of_their_credential_and_not_behind():
    host = Host(Unit()).open_technician(2000000000)
    for late_ms, answer in ((0, wire.OK), (1, wire.CLOCK_JUMP)):
        reason, body = host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 2000000000000 + late_ms, 20))
        assert reason == answer and len(body) == (0 if reason else 8)


def test_the_unit_is_told_who_asks():
    unit = Told()
    host = Host(unit).open_admin()
    _, digest = host.ask(wire.PREPARE, prepared(some_settings(2)))
    host.ask(wire.COMMIT, digest)
    host.ask(wire.SELF_TEST, struct.pack(wire.SELF_TEST_FORM, 3))
    asked = [said for said in unit.said if said[0] in ("check", "commit", "self-test")]
    assert asked == [("check", wire.ADMIN), ("commit", wire.ADMIN, 2), ("self-test", wire.ADMIN, 3)]


def test_a_ratchet_that_is_asked_for_twice_moves_one_step_and_keeps_what_it_does_not_concern():
    unit = Unit()
    before = unit.access
    host = Host(unit).open_admin()
    for _ in range(2):
        assert host.ask(wire.RATCHET, struct.pack(wire.RATCHET_FORM, 1)) == (wire.OK, struct.pack(wire.RATCHET_FORM, 2))
    assert [said for said in unit.said if said[0] == "ratchet"] == [("ratchet", 2)]
    held = unit.access
    assert (held.step, held.admin_key, held.admin_old) == (2, host.keys.next_admin_key, before.admin_key)
    assert (held.force, held.name, held.technician_root) == (before.force, before.name, before.technician_root)
    # Who comes with the step before gives up the one behind, and is not shut out by it.
    again = Host(unit)
    again.greet(wire.ADMIN, number=1)
    again.prove(before.admin_key)
    assert again.ask(wire.RATCHET, struct.pack(wire.RATCHET_FORM, 1))[0] == wire.OK
    assert unit.access.step == 2 and unit.access.admin_key == again.keys.next_admin_key
    assert unit.access.admin_old == before.admin_key


def test_a_stream_that_the_flash_breaks_off_ends_the_session():
    unit = Unit(journalled=300)
    host = Host(unit).open_admin()
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 40))
    read = unit.flash.read

    def broken(offset, buffer):
        raise OSError(5)

    unit.flash.read = broken
    for _ in range(300):
        if host.session.ended is not None:
            break
        host.session.notification()
    unit.flash.read = read
    assert host.session.ended == wire.FLASH_FAILED and error_of(host.read()) == wire.FLASH_FAILED


def test_what_will_be_sent_next_is_made_ready_piece_by_piece():
    host = Host(Unit(journalled=100)).open_admin()
    assert host.session.prepare() is False, "nothing was asked for"
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4))
    pieces = 0
    while host.session.prepare():
        pieces += 1
        assert pieces < 1000
    assert pieces > 0
    chunks, _ = host.stream()
    assert chunks[0][0] == 0
