"""An update over the air, on a real LittleFS2: whole, broken off, resumed, switched, refused."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core import updating, wire
from interlock.update import BEGIN_REFILL_MS, BEGINS
from interlock_loader import container

from .device import FIRST, Device
from .releases import digest, forbids_itself, head_bytes, key, public, release, sign

SECOND = (2, 0, 0)


def data(offset, piece):
    return struct.pack(updating.DATA_FORM, offset) + piece


def test_a_release_is_taken_checked_switched_to_and_confirmed_by_its_health():
    device, file = Device(), release()
    assert device.begin(file) == (wire.OK, (updating.HEAD, updating.SOUND, 0, 0))
    progress = device.send(file)
    assert progress == (updating.READY, updating.SOUND, len(file), len(file))
    assert not device.on_trial and device.state().version_b == SECOND and device.state().version_a == FIRST
    device.boot()
    assert device.runs == FIRST  # nothing is switched before it is asked for
    assert device.finish(file) and device.update.restart
    device.boot()
    assert device.runs == SECOND and device.on_trial and device.state().flags == updating.FLAG_TRIAL
    device.healthy()
    assert not device.on_trial
    device.boot()
    assert device.runs == SECOND
    phases = [phase for phase, _, version in device.notes if version == SECOND]
    assert phases == [updating.READY, updating.READY, updating.SWITCHED]


def test_not_a_byte_of_the_members_is_taken_before_the_signature_was_verified():
    device, file = Device(), release()
    device.begin(file)
    sent = head_bytes(file) + 500
    at = 0
    while at < sent:
        at += updating.DATA_BYTES
        _, progress = device.ask(
            wire.UPDATE_DATA, data(at - updating.DATA_BYTES, file[:sent][at - updating.DATA_BYTES : at])
        )
    assert (progress.phase, progress.taken) == (updating.VERIFYING, head_bytes(file))
    slices = 0
    while device.update.phase == updating.VERIFYING:
        assert (
            device.ask(wire.UPDATE_DATA, data(head_bytes(file), file[head_bytes(file) :][:100]))[1].taken
            == progress.taken
        )
        device.update.work(50)
        slices += 1
    assert device.update.phase == updating.RECEIVING and slices > 5


@settings(max_examples=5)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_reading_back_may_lag_as_far_as_it_likes(pieces):
    """A busy air or a weapon in use leaves no time for it, and then there is some."""
    device, file = Device(), release(sizes=(20000, 15000, 20011))
    device.begin(file)
    device.send(file, until=head_bytes(file))
    device.work()
    turn = 0
    while device.update.phase not in (updating.READY, updating.REFUSED):
        at = updating.unpack_progress(device.update.progress()).taken
        if device.update.phase == updating.RECEIVING:
            device.ask(wire.UPDATE_DATA, data(at, file[at : at + updating.DATA_BYTES]))
        for _ in range(pieces[turn % len(pieces)] if at < len(file) else 9):
            device.update.work(300)
        turn += 1
    assert device.update.phase == updating.READY


def test_a_release_that_runs_or_was_begun_already_is_not_taken_again():
    device, file = Device(), release()
    assert device.begin(release(FIRST))[1].phase == updating.RUNNING
    device.begin(file)
    device.send(file, until=4000)
    taken = device.begin(file)[1].taken
    assert taken >= 4000
    assert device.send(file).phase == updating.READY
    assert device.begin(file)[1].phase == updating.READY


def test_what_was_sent_before_a_cut_of_the_power_is_gone_on_from():
    device, file = Device(), release(sizes=(700, 60000))
    device.begin(file)
    device.send(file, until=40000)
    device.boot()
    device.begin(file)
    device.work()
    _, progress = device.ask(wire.UPDATE_DATA, data(0, b"x"))
    assert 40000 - 16384 - updating.DATA_BYTES <= progress.taken <= 40000 + updating.DATA_BYTES
    assert device.finish(file)


def test_another_release_than_the_one_broken_off_begins_at_its_beginning():
    device, one, other = Device(), release(sizes=(700, 30000)), release((3, 0, 0))
    device.begin(one)
    device.send(one, until=20000)
    assert device.begin(other)[1] == (updating.HEAD, updating.SOUND, 0, 0)
    assert device.send(other).phase == updating.READY


def test_data_that_was_not_begun_is_refused_and_nothing_is_written():
    device = Device()
    before = bytes(device.chip.data)
    assert device.ask(wire.UPDATE_DATA, data(0, b"ILU1"))[0] == wire.NOT_PREPARED
    assert device.ask(wire.UPDATE_SWITCH, bytes(32))[0] == wire.NOT_PREPARED
    assert bytes(device.chip.data) == before


def test_a_switch_is_to_the_release_that_was_meant_and_only_when_it_is_whole():
    device, file = Device(), release()
    device.begin(file)
    device.send(file, until=4000)
    assert device.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.NOT_PREPARED
    device.send(file)
    assert device.ask(wire.UPDATE_SWITCH, digest(release((3, 0, 0))))[0] == wire.NOT_PREPARED
    assert not device.update.restart
    device.note_fails = True
    assert device.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.FLASH_FAILED and not device.on_trial
    device.note_fails = False
    assert device.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.OK
    assert device.begin(release((3, 0, 0)))[0] == wire.NOT_ALLOWED  # before the restart nothing else is begun


def refused(device, file, **named):
    """The finding of this release, which leaves all files as they were."""
    before = {name: device.system.get(name) for name in ("/a/app.ilu", "/release.pub")}
    device.begin(file, **named)
    progress = device.send(file)
    assert progress.phase == updating.REFUSED
    assert all(device.system.get(name) == data for name, data in before.items())
    for gone in ("/b/app.new", "/b/app.ilu"):
        with pytest.raises(OSError):
            device.system.stat(gone)
    assert device.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.NOT_PREPARED
    assert device.notes[-1][:2] == (updating.REFUSED, progress.finding)
    device.boot()
    assert device.runs == FIRST and not device.on_trial
    return progress.finding


def test_releases_that_are_not_for_this_unit_are_refused_with_the_reason():
    assert refused(Device(), release(board="pico_w")) == updating.WRONG_BOARD
    assert refused(Device(), release(mpy=5 | 31 << 8)) == updating.WRONG_MPY
    assert refused(Device(), release(micropython=(99, 0, 0))) == updating.OLD_MICROPYTHON
    assert refused(Device(), release(loader=container.LOADER + 1)) == updating.OLD_LOADER
    assert refused(Device(), forbids_itself()) == updating.NO_RELEASE
    assert refused(Device(), release(signed_by=None)) == updating.UNSIGNED
    assert refused(Device(), release(signed_by=b"T")) == updating.BAD_SIGNATURE
    assert refused(Device(key=b""), release()) == updating.NO_KEY
    assert refused(Device(key=public()[:59]), release()) == updating.NO_KEY


def test_a_file_that_is_no_release_is_refused_by_its_first_bytes():
    device = Device()
    device.begin(bytes(5000), head=bytes(32))
    assert device.send(bytes(5000), piece=3).finding == updating.NO_RELEASE
    for head in (b"ILU1\xff\xff\xff\xff", b"ILU1\x00\x31\xff\xff", b"ILU2\x00\x80\x01\x00"):
        device = Device()
        file = head + bytes(5000)
        device.begin(file, head=bytes(32))
        assert device.send(file).finding == updating.NO_RELEASE
        assert device.update.progress()[2:6] == bytes(4)


def test_an_old_release_cannot_come_back_once_one_was_confirmed_that_says_so():
    device = Device()
    raising = release((2, 0, 0), minimum=(1, 5, 0))
    assert device.finish(raising)
    device.boot()
    assert device.state().floor == (0, 0, 0)  # on trial it binds nobody
    device.healthy()
    device.boot()
    assert device.state().floor == (1, 5, 0)
    for version, is_taken in (((1, 4, 9), False), ((1, 5, 0), True)):
        file = release(version)
        device.begin(file)
        progress = device.send(file)
        assert (progress.phase == updating.READY) == is_taken
        assert is_taken or progress.finding == updating.BELOW_FLOOR


def test_a_release_that_rotted_before_its_switch_is_not_switched_to():
    device, file = Device(), release()
    device.begin(file)
    assert device.send(file).phase == updating.READY
    device.system.put("/b/app.ilu", file[:-1])
    assert device.ask(wire.UPDATE_SWITCH, digest(file))[0] == wire.FLASH_FAILED
    assert not device.update.restart
    device.boot()
    assert device.runs == FIRST


def test_a_rotten_minimum_locks_no_unit_out_of_updates():
    """LittleFS has no sum over what files hold, and of a manifest nothing but its signature, read once, tells."""
    device = Device()
    for bit in range(24):
        spoiled = bytearray(release(FIRST))
        spoiled[container.HEAD_BYTES + 3 + bit // 8] ^= 1 << bit % 8
        device.system.put("/a/app.ilu", bytes(spoiled))
        device.boot()
        device.healthy()
        device.boot()
        assert tuple(device.keeper.state.floor) <= FIRST


def test_a_release_in_the_other_slot_that_is_refused_stays_what_the_unit_could_fall_back_to():
    device = Device()
    assert device.finish(release((2, 0, 0), minimum=(1, 5, 0)))
    device.boot()
    device.healthy()
    device.boot()
    device.begin(release(FIRST))
    assert device.send(release(FIRST)).finding == updating.BELOW_FLOOR
    assert device.system.get("/a/app.ilu") == release(FIRST)


def test_while_a_release_is_on_trial_no_other_takes_the_place_of_the_one_to_go_back_to():
    device = Device()
    assert device.finish(release())
    device.boot()
    assert device.runs == SECOND
    device.begin(release((3, 0, 0)))
    assert device.send(release((3, 0, 0))).finding == updating.ON_TRIAL
    assert device.system.get("/a/app.ilu") == release(FIRST)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bit_of_a_release_can_be_altered(data):
    """Wherever it is: the digest that was announced is the altered head's own, as a liar would announce it."""
    device, file = Device(blocks=16), bytearray(release(sizes=(200, 300)))
    at = data.draw(st.integers(0, len(file) - 1))
    file[at] ^= 1 << data.draw(st.integers(0, 7))
    file = bytes(file)
    try:
        said = digest(file)
    except container.ContainerError:
        said = bytes(32)
    device.begin(file, head=said)
    progress = device.send(file)
    assert progress.phase != updating.READY
    if progress.phase == updating.REFUSED:
        assert progress.finding in (
            updating.NO_RELEASE,
            updating.OTHER_HEAD,
            updating.OTHER_SIZE,
            updating.UNSIGNED,
            updating.BAD_SIGNATURE,
            updating.WRONG_BOARD,
            updating.WRONG_MPY,
            updating.OLD_MICROPYTHON,
            updating.OLD_LOADER,
            updating.ALTERED,
        )
    assert device.ask(wire.UPDATE_SWITCH, said)[0] == wire.NOT_PREPARED
    device.boot()
    assert device.runs == FIRST


def test_another_head_or_size_than_announced_is_refused():
    assert refused(Device(), release(), head=b"x" * 32) == updating.OTHER_HEAD
    file = release()
    assert refused(Device(), file + b"x") == updating.OTHER_SIZE
    device = Device()
    assert device.begin(file, total=len(file) - 1)[1].phase == updating.HEAD
    assert device.send(file).finding == updating.OTHER_SIZE


SMALL = release(sizes=(900, 2500))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-3000, 9000), st.integers(1, 896), st.booleans()), max_size=40), st.booleans())
def test_in_whatever_order_pieces_come_only_the_file_itself_is_stored(pieces, cuts):
    """Pieces that repeat, overlap, jump, come while the signature is verified: two hosts are no more than that."""
    device = Device(blocks=16)
    device.begin(SMALL)
    for jump, size, works in pieces:
        taken = updating.unpack_progress(device.update.progress()).taken
        at = max(0, taken + jump if jump < 0 or jump > 4000 else taken)
        piece = SMALL[at : at + size]
        reason, progress = device.ask(wire.UPDATE_DATA, data(at, piece or b"x"))
        assert reason in (wire.OK, wire.BAD_LENGTH)
        assert progress.taken == taken or at == taken
        if works:
            device.work(50)
        if cuts and size % 7 == 0:
            device.boot()
            device.begin(SMALL)
    device.boot()
    assert device.finish(SMALL)
    assert device.system.get("/b/app.ilu") == SMALL


def test_the_other_slots_old_release_goes_only_for_room_and_only_when_the_new_one_then_fits():
    big = release((2, 0, 0), sizes=(60000,))
    device = Device(blocks=48, first=release(FIRST, sizes=(40000,)))
    assert device.finish(big)
    device.boot()
    device.healthy()
    device.boot()
    third = release((3, 0, 0), sizes=(62000,))
    device.begin(third)
    device.send(third, until=20000)
    assert device.state().version_a == (0, 0, 0)  # the first one made room
    assert device.runs == SECOND
    assert device.finish(third)
    device.boot()
    assert device.runs == (3, 0, 0)

    device = Device(blocks=48, first=release(FIRST, sizes=(40000,)))
    assert device.finish(big)
    device.boot()
    device.healthy()
    device.boot()
    device.begin(giant := release((3, 0, 0), sizes=(150000,)))
    assert device.send(giant).finding == updating.NO_ROOM
    assert device.state().version_a == FIRST and device.runs == SECOND


def test_a_file_system_that_is_full_refuses_and_leaves_the_unit_as_it_was():
    device, file = Device(blocks=24), release(sizes=(30000,))
    device.system.put("/filler", bytes(40000))
    device.begin(file)
    assert device.send(file).finding == updating.NO_ROOM
    device.boot()
    assert device.runs == FIRST


def test_updates_are_begun_so_often_in_a_row_and_then_once_in_half_an_hour():
    device = Device()
    for nth in range(BEGINS):
        assert device.begin(release((2, 0, nth)))[0] == wire.OK
    erases = device.chip.erases
    assert device.begin(release((3, 0, 0)))[0] == wire.TOO_OFTEN and device.chip.erases == erases
    device.now += BEGIN_REFILL_MS
    assert device.begin(release((3, 0, 0)))[0] == wire.OK


def test_what_rotted_in_flash_after_it_was_ready_is_found_before_it_is_switched_to():
    device, file = Device(), release()
    device.begin(file)
    device.send(file)
    device.system.put("/b/app.ilu", file[:-1] + bytes([file[-1] ^ 1]))
    device.boot()
    device.begin(file)
    assert device.send(file).finding == updating.ALTERED
    device.boot()
    assert device.finish(file)


def test_a_signature_over_something_else_is_none_over_a_manifest():
    packed = container.pack_manifest(container.unpack_manifest(release()[8:][: struct.unpack(">H", release()[4:6])[0]]))
    bare = struct.pack(">I", 0) + key().sign(1, packed)  # without the context
    body = release()[head_bytes(release()) :]
    assert refused(Device(), container.head(packed, bare) + body) == updating.BAD_SIGNATURE
    assert Device().finish(container.head(packed, sign(packed, q=2)) + body)
