"""The unit's end of a session: who gets in, what each may do, and that nothing half done stays."""

import struct

from interlock.core import access, settings, wire
from tests.core.flash import RamFlash  # noqa: F401 - the world's flash, named here for who looks for it
from tests.core.session_world import (
    ADMIN_KEY,
    ROOT,
    SECRET,
    Host,
    Unit,
    error_of,
    prepared,
    some_access,
    some_settings,
)


def test_an_admin_a_technician_and_the_label_each_open_a_session():
    assert Host(Unit()).open_admin().ask(wire.PING)[0] == wire.OK
    assert Host(Unit()).open_technician().ask(wire.PING)[0] == wire.OK
    assert Host(Unit(boxed=True)).open_setup().ask(wire.PING)[0] == wire.OK


def test_every_mtu_carries_a_session():
    for mtu in (23, 24, 27, 64, 185, 247, 517):
        unit = Unit(journalled=30)
        host = Host(unit, mtu).open_admin()
        reason, body = host.ask(wire.STATUS)
        assert reason == wire.OK and wire.unpack_status(body).following == unit.journal.sequence
        host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 8))
        chunks, _ = host.stream()
        assert chunks[0][0] == 0


def test_a_wrong_secret_is_refused_counted_and_tells_nothing():
    unit = Unit()
    host = Host(unit)
    host.greet(wire.ADMIN)
    assert error_of(host.prove(b"x" * 32)) == wire.BAD_PROOF
    assert host.session.ended == wire.BAD_PROOF and unit.said == [("refused", wire.ADMIN, wire.BAD_PROOF)]
    boxed = Unit(boxed=True)
    host = Host(boxed)
    challenge = host.greet(wire.SETUP, scalar=bytes(32))
    assert error_of(host.prove(b"wrong secret 16b" + challenge[-32:])) == wire.BAD_PROOF


def test_after_wrong_secrets_nobody_is_heard_for_a_while():
    unit = Unit()
    unit.waits_s = 2
    answer = Host(unit).greet(wire.ADMIN)
    assert struct.unpack(wire.ERROR_FORM, answer) == (wire.ERROR, wire.WAIT, 2)


def test_a_public_key_of_small_order_opens_nothing():
    # RFC 7748, 6.1: these give zero whatever the other side's scalar.
    for point in (bytes(32), b"\x01" + bytes(31)):
        host = Host(Unit(boxed=True))
        hello = struct.pack(wire.HELLO_FORM, wire.HELLO, wire.VERSION, wire.SETUP, b"alice   ", 0, b"n" * 16) + point
        host.write(hello)
        host.hello, host.challenge = hello, host.read()
        host.prove(SECRET + bytes(32))
        assert host.session.ended == wire.BAD_PROOF and host.unit.said == [("refused", wire.SETUP, wire.BAD_PROOF)]


def test_a_credential_that_the_unit_does_not_hold_is_named_so():
    for unit, credential, number, scalar in (
        (Unit(), wire.ADMIN, 2, None),
        (Unit(), wire.ADMIN, 0, None),
        (Unit(), wire.SETUP, 0, bytes(32)),
        (Unit(boxed=True), wire.ADMIN, 1, None),
        (Unit(boxed=True), wire.TECHNICIAN, 2000000000, None),
    ):
        host = Host(unit)
        assert error_of(host.greet(credential, b"alice   ", number, scalar)) == wire.NO_CREDENTIAL
        assert unit.said == []


def test_an_expired_technician_is_refused_as_far_as_the_unit_knows_the_time():
    unit = Unit()
    unit.utc = 2000000001 * 1000
    assert error_of(Host(unit).greet(wire.TECHNICIAN, b"alice   ", 2000000000)) == wire.EXPIRED
    unit.utc = 0
    Host(unit).open_technician(2000000000)


# Who may what: set-up, admin, technician. Written out here, so that a slip in the code's own table shows.
MAY = {
    wire.STATUS: "SAT",
    wire.PING: "SAT",
    wire.CLOCK_SET: "AT",
    wire.PULL: "AT",
    wire.CREDIT: "AT",
    wire.STOP: "AT",
    wire.END: "SAT",
    wire.CHECKPOINT: "AT",
    wire.SIGNED: "AT",
    wire.KEY: "AT",
    wire.ASSIGN: "AT",
    wire.MODE: "AT",
    wire.IDENTIFY: "SAT",
    wire.SELF_TEST: "AT",
    wire.PLACE: "AT",
    wire.PREPARE: "SA",
    wire.COMMIT: "SA",
    wire.RATCHET: "A",
    wire.MAKE_KEY: "A",
    wire.UPDATE_BEGIN: "A",
    wire.UPDATE_DATA: "A",
    wire.UPDATE_STATE: "A",
    wire.UPDATE_SWITCH: "A",
}


def test_each_credential_may_ask_for_what_the_table_gives_it_and_for_nothing_else():
    assert set(MAY) == set(wire.OPERATIONS)
    for who in "SAT":
        unit = Unit(boxed=who == "S")
        host = Host(unit)
        {"S": host.open_setup, "A": host.open_admin, "T": host.open_technician}[who]()
        codes = [code for code in range(256) if code != wire.END] + [wire.END]
        for code in codes:
            before = unit.state()
            body = bytes(wire.OPERATIONS[code].least if code in MAY else 0)
            answer = host.ask(code, body)
            reason = wire.OK if answer is None else answer[0]  # a credit that is taken has no reply
            if code not in MAY:
                assert reason == wire.BAD_CODE and unit.state() == before, code
            elif who in MAY[code]:
                assert reason not in (wire.BAD_CODE, wire.NOT_ALLOWED, wire.BAD_LENGTH), (who, code)
            else:
                assert reason == wire.NOT_ALLOWED and unit.state() == before, (who, code)
        assert host.session.ended == wire.OK


def test_an_assignment_and_a_mode_are_passed_on_with_who_asked():
    unit = Unit()
    host = Host(unit).open_technician()
    asked = struct.pack(wire.ASSIGN_FORM, 7, 1795000000, 0, b"PC1234  ")
    assert host.ask(wire.ASSIGN, asked) == (wire.OK, b"")
    assert unit.said[-1] == ("assign", wire.TECHNICIAN, 7, 1795000000, b"PC1234  ")
    assert host.ask(wire.MODE, struct.pack(wire.MODE_FORM, 2, 30)) == (wire.OK, b"")
    assert unit.said[-1] == ("mode", wire.TECHNICIAN, 2, 30)
    before = unit.state()
    for code, length in ((wire.ASSIGN, 14), (wire.ASSIGN, 16), (wire.MODE, 2), (wire.MODE, 4)):
        assert host.ask(code, bytes(length))[0] == wire.BAD_LENGTH
    assert unit.state() == before


def test_requests_that_do_not_fit_are_refused_and_the_session_goes_on():
    unit = Unit()
    host = Host(unit).open_admin()
    before = unit.state()
    assert host.ask(0x55)[0] == wire.BAD_CODE
    assert host.ask(wire.STATUS, b"x")[0] == wire.BAD_LENGTH
    assert host.ask(wire.PULL, b"x")[0] == wire.BAD_LENGTH
    assert host.ask(wire.PREPARE, b"\0\0")[0] == wire.BAD_SETTINGS
    assert host.ask(wire.PREPARE, b"\xff\xff" + bytes(40))[0] == wire.BAD_SETTINGS
    assert host.ask(wire.PREPARE, prepared(some_settings(2)) + b"x")[0] == wire.BAD_LENGTH
    assert host.ask(wire.COMMIT, bytes(8))[0] == wire.NOT_PREPARED
    assert unit.state() == before and host.ask(wire.PING)[0] == wire.OK


def test_settings_change_only_by_prepare_and_the_commit_of_just_these():
    unit = Unit()
    host = Host(unit).open_admin()
    wanted = some_settings(2)
    before = unit.state()
    reason, digest = host.ask(wire.PREPARE, prepared(wanted))
    assert reason == wire.OK and digest == settings.digest(wanted)
    assert unit.state() == before
    assert host.ask(wire.COMMIT, b"other888")[0] == wire.NOT_PREPARED
    assert host.ask(wire.COMMIT, digest)[0] == wire.NOT_PREPARED  # a wrong one spends what was prepared
    host.ask(wire.PREPARE, prepared(wanted))
    assert host.ask(wire.COMMIT, digest) == (wire.OK, struct.pack(">I", 2))
    assert settings.load(unit.area) == wanted


def test_settings_of_another_unit_are_refused():
    unit = Unit()
    other = settings.Settings(
        2,
        b"OTHERONE",
        1,
        1,
        b"u" * 32,
        b"g" * 32,
        settings.NO_KEY,
        [],
        settings.DEFAULT_POLICY,
        *settings.DEFAULT_RECORDER,
    )
    assert Host(unit).open_admin().ask(wire.PREPARE, prepared(other))[0] == wire.BAD_SETTINGS


def test_a_boxed_unit_takes_settings_and_access_together():
    unit = Unit(boxed=True)
    host = Host(unit).open_setup()
    wanted, granted = some_settings(), some_access()
    assert host.ask(wire.PREPARE, prepared(wanted))[0] == wire.BAD_LENGTH
    reason, digest = host.ask(wire.PREPARE, prepared(wanted, granted))
    assert reason == wire.OK and host.ask(wire.COMMIT, digest)[0] == wire.OK
    assert settings.load(unit.area) == wanted
    held = access.load(unit.area)
    assert (held.admin_key, held.step, held.label_open) == (ADMIN_KEY, 1, True)
    # Both open it until an admin has spoken to it, and then the label does no more.
    assert Host(unit).open_setup().ask(wire.PING)[0] == wire.OK
    admin = Host(unit).open_admin()
    assert admin.ask(wire.RATCHET, struct.pack(">I", 1))[0] == wire.OK
    assert error_of(Host(unit).greet(wire.SETUP, scalar=bytes(32))) == wire.NO_CREDENTIAL


def test_the_admin_key_moves_on_and_the_step_before_still_opens():
    unit = Unit()
    host = Host(unit).open_admin()
    following = host.keys.next_admin_key
    assert host.ask(wire.RATCHET, struct.pack(">I", 7))[0] == wire.STALE
    assert host.ask(wire.RATCHET, struct.pack(">I", 1)) == (wire.OK, struct.pack(">I", 2))
    assert host.ask(wire.RATCHET, struct.pack(">I", 1))[0] == wire.OK  # asked twice: no harm
    assert access.load(unit.area).admin_key == following and access.load(unit.area).step == 2
    again = Host(unit).open_admin()  # the vault missed the answer: the old key still serves, and moves on anew
    assert again.ask(wire.RATCHET, struct.pack(">I", 1))[0] == wire.OK
    assert access.load(unit.area).admin_key == again.keys.next_admin_key != following
    newest = Host(unit)
    newest.greet(wire.ADMIN, number=2)
    assert newest.prove(again.keys.next_admin_key)[1:] == newest.keys.unit_proof()
    assert newest.ask(wire.RATCHET, struct.pack(">I", 2))[0] == wire.OK
    assert error_of(Host(unit).greet(wire.ADMIN, number=1)) == wire.NO_CREDENTIAL


def test_every_operation_has_a_bit_of_its_own_in_the_sessions_record():
    # One changes nothing; the others have records of their own.
    apart = [wire.IDENTIFY, wire.SELF_TEST, wire.PLACE]
    apart += [wire.UPDATE_BEGIN, wire.UPDATE_DATA, wire.UPDATE_STATE, wire.UPDATE_SWITCH]
    bits = [wire.done_bit(code) for code in wire.OPERATIONS if code not in apart]
    assert len(set(bits)) == len(bits) and 0 < min(bits) and max(bits) < 1 << 16
    assert not any(wire.done_bit(code) for code in apart)


def test_the_clock_is_passed_on_with_who_asked():
    unit = Unit()
    host = Host(unit).open_technician()
    assert host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 1795000000000, 20))[0] == wire.OK
    assert unit.said[-1] == ("clock", wire.TECHNICIAN, 990, 1795000000000, 20)
    assert host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 2000000001 * 1000, 20))[0] == wire.CLOCK_JUMP
    unit.clock_answer = wire.CLOCK_JUMP
    assert host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 0, 20))[0] == wire.CLOCK_JUMP


def test_a_session_that_says_nothing_ends():
    host = Host(Unit())
    host.session.tick(14000)
    assert host.session.ended is None
    host.session.tick(15000)
    assert host.session.ended == wire.IDLE
    host = Host(Unit()).open_admin()
    host.session.tick(29000)
    assert host.session.ended is None
    host.session.tick(31000)
    assert host.session.ended == wire.IDLE


def test_end_says_goodbye_and_afterwards_nothing_is_heard():
    unit = Unit()
    host = Host(unit).open_admin()
    assert host.ask(wire.END)[0] == wire.OK and host.session.ended == wire.OK
    before = unit.state()
    host.write(host.keys.to_unit.seal(bytes([wire.PING])))
    assert host.read() is None and unit.state() == before


def test_a_weapon_in_use_ends_a_session_in_the_middle_of_anything():
    unit = Unit(journalled=100)
    host = Host(unit).open_admin()
    host.ask(wire.PREPARE, prepared(some_settings(2)))
    host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4))
    before = unit.state()
    host.session.end(wire.FIRED)
    assert error_of(host.read()) == wire.FIRED
    assert host.session.notification() is None and unit.state() == before


def test_a_message_sent_twice_or_out_of_turn_ends_the_session():
    for order in ((0, 0), (1, 0), (1,)):
        unit = Unit()
        host = Host(unit).open_admin()
        sealed = [host.keys.to_unit.seal(bytes([wire.PING])) for _ in range(2)]
        for i in order:
            host.write(sealed[i])
        assert host.session.ended == wire.BAD_SEAL


def test_a_technicians_key_is_for_one_person_one_unit_and_one_expiry():
    keys = {
        access.technician_key(root, person, expires_s)
        for root in (ROOT, b"s" * 32)
        for person in (b"alice   ", b"bob     ")
        for expires_s in (1, 2)
    }
    assert len(keys) == 8
