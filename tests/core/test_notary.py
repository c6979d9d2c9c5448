"""A session's checkpoints: signed once, each under its own index, over the journal as it is; there for whoever asks."""

import struct

from interlock.core import access, checkpoint, lms, records, settings, signer, wire
from interlock.core.layout import chain_next
from interlock.core.notary import Notary
from interlock.core.reading import Reading
from tests.core.session_world import H5, H5_H5, H10, Host, Unit
from tests.core.signer_world import FIRST, TINY_TWO, finish, made, opened, signs

NONCE = b"n" * 16
HOUR_MS = 3600 * 1000


def ask(host, last_seen=wire.NO_INDEX, nonce=NONCE):
    """(reason, index, remaining) of a CHECKPOINT."""
    reason, body = host.ask(wire.CHECKPOINT, struct.pack(wire.CHECKPOINT_FORM, last_seen, nonce))
    return (reason,) + struct.unpack(wire.TAKEN_FORM, body)


def key(host):
    reason, body = host.ask(wire.KEY)
    assert reason == wire.OK
    return wire.unpack_key(body)


def signed(host):
    """(Checkpoint, whether its signature is good), None while it is computed; the reason where there is none."""
    data = b""
    while True:
        reason, body = host.ask(wire.SIGNED, struct.pack(wire.SIGNED_FORM, len(data)))
        if reason != wire.OK:
            return reason
        total = struct.unpack_from(wire.SIGNED_FORM, body, 0)[0]
        assert len(body) <= 2 + wire.SIGNED_BYTES
        data += body[2:]
        if len(data) == total:
            break
    if not data:
        return None
    message, signature = data[: checkpoint.MESSAGE_BYTES], data[checkpoint.MESSAGE_BYTES :]
    return checkpoint.unpack(message), lms.verify(host.unit.signer.public, message, signature)


def test_a_checkpoint_is_a_record_and_a_signature_over_the_end_behind_it():
    unit = Unit(journalled=30, params=H5)
    unit.clock, unit.utc = True, 1790000000000
    host = Host(unit).open_admin()
    before = unit.journal.sequence
    assert ask(host) == (wire.OK, 0, 31)
    assert unit.journal.sequence == before + 1
    assert signed(host) is None
    assert ask(host)[0] == wire.BUSY_SIGNING
    head, taken = unit.journal.head, None
    unit.record(records.RESERVE, records.pack(records.RESERVE, 99))  # what comes later is not covered
    unit.compute()
    said, good = signed(host)
    cursor = unit.cursor(0)
    while cursor.sequence <= before:
        taken = cursor.take()
    assert taken.kind == records.CHECKPOINT and tuple(taken.fields()) == (0, 31)
    assert good and (said.index, said.following, said.chain, said.nonce) == (0, before + 1, head, NONCE)
    assert said.chain == cursor.chain == chain_next(said_before(unit, before), taken.chained)
    assert (said.serial, said.boot, said.uptime_ms) == (b"HOLSTER1", unit.journal.boot, 1000)
    assert (said.utc_ms, said.utc_u_ms) == (1790000000000, 7)
    assert ask(host, 0)[:2] == (wire.OK, 1)
    unit.compute()
    assert signed(host)[0].index == 1


def said_before(unit, sequence):
    return unit.cursor(sequence).chain


def test_every_mtu_carries_a_signature_of_every_kind():
    for params in (H5, H5_H5):
        unit = Unit(params=params)
        for mtu in (23, 247):
            host = Host(unit, mtu).open_admin()
            assert ask(host)[0] == wire.OK
            unit.compute()
            assert signed(host)[1]


def test_an_index_that_was_seen_already_is_not_taken_and_nothing_is_written():
    unit = Unit(params=H5)
    host = Host(unit).open_admin()
    before = unit.state()
    assert ask(host, 0)[0] == wire.ROLLED_BACK and ask(host, 31)[0] == wire.ROLLED_BACK
    assert unit.state() == before
    assert ask(host)[0] == wire.OK


def test_without_a_key_there_is_no_checkpoint():
    unit = Unit()
    host = Host(unit).open_admin()
    before = unit.state()
    assert ask(host)[0] == wire.NO_SIGNING_KEY and unit.state() == before
    assert signed(host) == wire.NOT_PREPARED
    assert key(host) == (signer.NONE, 0, 0, 0, 0, 0, b"")


def test_a_used_up_key_refuses_and_says_so():
    unit = Unit(params=H5)
    host = Host(unit).open_admin()
    for index in range(32):
        assert ask(host) == (wire.OK, index, 31 - index)
        unit.compute()
    assert ask(host)[0] == wire.EXHAUSTED
    assert key(host).state == signer.EXHAUSTED and signed(host)[0].index == 31


def test_a_technician_gets_one_a_day_by_the_uptime():
    unit = Unit(params=H5)
    assert ask(Host(unit).open_technician())[0] == wire.OK
    unit.compute()
    for hours, reason in ((1, wire.TOO_SOON), (19, wire.TOO_SOON), (20, wire.OK)):
        unit.now_ms = 1000 + hours * HOUR_MS
        assert ask(Host(unit).open_technician())[0] == reason
    unit.compute()
    assert ask(Host(unit).open_admin())[0] == wire.OK  # an admin at any time
    unit.compute()
    unit.now_ms += HOUR_MS
    assert ask(Host(unit).open_technician())[0] == wire.TOO_SOON  # whoever had the last one


def test_over_a_restart_the_day_is_that_of_utc_or_of_the_new_uptime():
    unit = Unit(params=H5)
    unit.clock, unit.utc = True, 1790000000000
    assert ask(Host(unit).open_technician())[0] == wire.OK
    unit.compute()
    unit.record(records.BOOT, records.pack(records.BOOT, 1, 0, 1, 0))
    unit.boot()
    unit.clock, unit.utc, unit.now_ms = None, 0, 1000
    assert ask(Host(unit).open_technician())[0] == wire.TOO_SOON
    unit.clock, unit.utc = True, 1790000000000 + 19 * HOUR_MS
    assert ask(Host(unit).open_technician())[0] == wire.TOO_SOON
    unit.utc += 2 * HOUR_MS
    assert ask(Host(unit).open_technician())[0] == wire.OK
    unit.compute()
    unit.boot()
    unit.clock, unit.utc, unit.now_ms = None, 0, 21 * HOUR_MS
    assert ask(Host(unit).open_technician(4000000000))[0] == wire.OK


def granted_by_cutting(clocked):
    """How many indices a technician gets in 60 hours on whose every fifth the power fails before anything is signed."""
    unit, granted = Unit(params=H5), 0
    for hours in range(0, 61, 5):
        unit.clock, unit.now_ms = None, 1000
        unit.boot()
        if clocked:
            unit.clock, unit.utc = True, 1790000000000 + hours * HOUR_MS
        reason = ask(Host(unit).open_technician())[0]
        assert reason in (wire.OK, wire.TOO_SOON)
        granted += reason == wire.OK
    return granted


def test_a_technician_gets_no_more_by_cutting_the_power():
    assert granted_by_cutting(False) == 1


def test_a_technician_who_sets_the_clock_gets_no_more_by_cutting_the_power():
    assert granted_by_cutting(True) == 1


def test_after_a_cut_the_day_counts_from_the_utc_that_was_known_at_boot():
    unit = Unit(params=H5)
    unit.clock, unit.utc = True, 1790000000000
    assert ask(Host(unit).open_technician())[:2] == (wire.OK, 0)
    for hours, reason in ((19, wire.TOO_SOON), (20, wire.OK)):
        unit.clock, unit.utc, unit.now_ms = None, 1790000000000, 1000
        unit.boot()  # nothing is signed
        assert ask(Host(unit).open_technician())[0] == wire.TOO_SOON
        unit.clock, unit.utc = True, 1790000000000 + hours * HOUR_MS
        assert ask(Host(unit).open_technician())[0] == reason
    assert ask(Host(unit).open_admin())[0] == wire.BUSY_SIGNING
    unit.compute()
    assert ask(Host(unit).open_admin())[:2] == (wire.OK, 2)


def test_an_index_that_a_failing_flash_may_have_cost_counts():
    unit = Unit(params=H5)
    assert ask(Host(unit).open_admin())[0] == wire.OK
    unit.compute()
    unit.now_ms += 21 * HOUR_MS
    host, program = Host(unit).open_admin(), unit.area.program
    unit.area.program = failing
    assert ask(host)[0] == wire.FLASH_FAILED
    unit.area.program = program
    assert ask(Host(unit).open_technician())[0] == wire.TOO_SOON


def failing(*_):
    raise OSError(5)


def test_a_signing_key_that_rotted_is_told_once_in_the_journal_and_refuses():
    unit = Unit(params=H5)
    at = (settings.SIGNER_FIRST + signer.LEAVES) * 4096 + 5 * 32
    unit.area.data[at] ^= 1
    for boot in (1, 2):
        if boot == 1:
            assert ask(Host(unit).open_admin())[:2] == (wire.OK, 0)
        unit.compute()
        assert ask(Host(unit).open_admin())[0] == wire.NO_SIGNING_KEY
        told = key(Host(unit).open_admin())
        assert (told.state, told.params, told.remaining, told.public) == (signer.NONE, 0, 0, b"")
        unit.compute()
        found = [tuple(record.fields()) for record in Reading(unit.flash).records if record.kind == records.FAULT]
        assert [fields[:2] for fields in found] == [(records.FAULT_SIGNING, signer.HEAD)] * boot
        unit.boot()
    host = Host(unit).open_admin()
    assert host.ask(wire.MAKE_KEY, bytes([H5]) + bytes(32))[0] == wire.OK
    unit.compute()
    assert ask(host)[:2] == (wire.OK, 0)


def test_each_bottom_tree_that_rots_in_a_boot_is_told_also_one_in_the_same_sector_and_told_once():
    unit, flash = Unit(), made(TINY_TWO)._flash
    noted, told, sector = [0, None], 0, signer.BOTTOM_TREES[0]
    for number in (0, 2):
        held = opened(flash)
        finish(held)
        while held.index < number * 4 or (number == 2 and held.index < 9):
            signs(held, None)
        flash.data[(FIRST + sector) * 4096 + 256 + 3 * 32] ^= 1  # a leaf of it
        told += 1
        for _ in range(3):  # as often as technicians come
            notary = Notary(opened(flash), unit, b"HOLSTER1", noted)
            for _ in range(50):
                notary.work(1 << 12)
            found = [tuple(record.fields()) for record in Reading(unit.flash).records if record.kind == records.FAULT]
            assert [fields[:2] for fields in found] == [(records.FAULT_SIGNING, sector)] * told


def test_what_is_signed_for_a_link_that_was_lost_is_there_for_the_next_session():
    unit = Unit(params=H5)
    host = Host(unit).open_technician()
    assert ask(host, nonce=b"1" * 16)[0] == wire.OK
    host.session.end(wire.LINK_LOST)
    later = Host(unit).open_technician()
    assert signed(later) is None
    unit.compute()
    said, good = signed(later)
    assert good and said.nonce == b"1" * 16


def test_a_cut_costs_the_index_and_nothing_is_signed_with_it_again():
    unit = Unit(params=H5)
    assert ask(Host(unit).open_admin())[:2] == (wire.OK, 0)
    unit.boot()
    host = Host(unit).open_admin()
    assert signed(host) == wire.NOT_PREPARED
    assert key(host).index == 1 and ask(host)[:2] == (wire.OK, 1)
    unit.compute()
    assert signed(host)[0].index == 1


def test_a_key_is_made_while_sessions_come_and_go_and_tells_how_far_it_is():
    unit = Unit()
    host = Host(unit).open_admin()
    assert host.ask(wire.MAKE_KEY, bytes([H5]) + bytes(32))[0] == wire.OK
    told = key(host)
    assert (told.state, told.params, told.done, told.total, told.public) == (signer.GENERATING, H5, 0, 32, b"")
    assert ask(host)[0] == wire.BUSY_SIGNING
    assert host.ask(wire.MAKE_KEY, bytes([H5]) + bytes(32))[0] == wire.OK  # asked twice: it goes on
    assert host.ask(wire.MAKE_KEY, bytes([H10]) + bytes(32))[0] == wire.BUSY_SIGNING
    host.session.end(wire.FIRED)
    for _ in range(100):
        unit.notary.work(200)
    technician = Host(unit).open_technician()
    assert 0 < key(technician).done < 32
    unit.boot()  # a cut
    assert 0 < key(Host(unit).open_technician()).done < 32
    unit.compute()
    told = key(Host(unit).open_technician())
    assert (told.state, told.done, told.index, told.remaining) == (signer.READY, 32, 0, 32)
    assert told.public == unit.signer.public and len(told.public) == 60
    assert ask(Host(unit).open_technician())[0] == wire.OK


def test_a_new_key_takes_the_place_of_one_that_is_there():
    unit = Unit(params=H5)
    host = Host(unit).open_admin()
    before = key(host).public
    ask(host)
    unit.compute()
    reason, body = host.ask(wire.MAKE_KEY, bytes([H5]) + b"x" * 32)
    assert reason == wire.OK and wire.unpack_key(body).state == signer.GENERATING
    unit.compute()
    told = key(host)
    assert told.public != before and (told.index, told.remaining) == (0, 32)
    assert signed(host) == wire.NOT_PREPARED


def test_the_keys_of_two_units_differ_though_the_host_gives_both_the_same_entropy():
    keys = []
    for salt in (b"one", b"two"):
        unit = Unit(salt=salt)
        Host(unit).open_admin().ask(wire.MAKE_KEY, bytes([H5]) + bytes(32))
        unit.compute()
        keys.append(unit.signer.public)
    assert keys[0] != keys[1]


def test_only_an_admin_makes_keys_and_only_those_that_there_are():
    unit = Unit()
    before = unit.state()
    assert Host(unit).open_technician().ask(wire.MAKE_KEY, bytes([H5]) + bytes(32))[0] == wire.NOT_ALLOWED
    for params in (0, 4, 255):
        assert Host(unit).open_admin().ask(wire.MAKE_KEY, bytes([params]) + bytes(32))[0] == wire.BAD_SETTINGS
    assert unit.state()[:2] == before[:2]


def test_the_label_gets_no_checkpoint():
    host = Host(Unit(boxed=True, params=H5)).open_setup()
    for code, body in ((wire.CHECKPOINT, bytes(20)), (wire.SIGNED, bytes(2)), (wire.KEY, b"")):
        assert host.ask(code, body)[0] == wire.NOT_ALLOWED


def test_a_flash_that_fails_is_told_and_leaves_a_sound_key():
    unit = Unit(params=H5)

    def fail(offset, data):
        raise OSError(5)

    program, unit.area.program = unit.area.program, fail
    assert ask(Host(unit).open_admin())[0] == wire.FLASH_FAILED
    unit.area.program = program
    unit.boot()
    host = Host(unit).open_admin()
    assert ask(host)[0] == wire.OK
    unit.compute()
    assert signed(host)[1]


def test_the_area_of_the_settings_holds_the_label_the_access_and_the_key_beside_each_other():
    unit = Unit(params=H5)
    assert access.load_label(unit.area) == unit.label and access.load(unit.area) == unit.access
    assert settings.load(unit.area) == unit.config and unit.signer.state == signer.READY
