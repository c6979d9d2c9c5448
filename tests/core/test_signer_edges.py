"""The signing key at its edges: what it tells of rot at a boot, what it refuses, and when a new one should be made."""

import struct
from binascii import crc32

from interlock.core import lms, signer
from interlock.core.crypto import Hmac
from interlock.core.keylog import KeyLog
from interlock.core.signer import NONE, Params, Signer
from tests.core.signer_world import ENTROPY, FIRST, TINY, TINY_TWO, Area, finish, made, opened, refusal, signs
from tests.core.test_signer import Failing


def test_a_boot_tells_of_a_key_that_had_signed_and_is_none_any_more_and_of_no_other():
    assert opened(Area()).rotted is None
    for params in (TINY, TINY_TWO):
        held = made(params)
        assert opened(held._flash).rotted is None
        signs(held)
        assert opened(held._flash).rotted is None
        held._flash.data[(FIRST + signer.HEAD) * 4096 + 20] ^= 1
        again = opened(held._flash)
        assert (again.state, again.rotted, again.rotted_number, again.busy) == (NONE, signer.HEAD, 0, False)
        again.generate(params, ENTROPY)
        assert (again.rotted, again.rotted_number) == (None, 0)


def test_the_first_secrets_grow_from_the_entropy_as_the_document_says():
    flash = Area()
    opened(flash).generate(TINY_TWO, ENTROPY)
    for sector, label in ((signer.SECRETS, b"interlock secret"), (signer.BOTTOM_SECRETS, b"interlock bottom secret")):
        log = KeyLog(flash, FIRST + sector, 32)
        assert (log.number, log.secret) == (0, Hmac(ENTROPY).digest(label))


def test_a_bottom_tree_whose_rot_shows_in_signing_is_stepped_over_though_nothing_else_is_due():
    held = made(TINY_TWO)
    signs(held)
    held._flash.data[(FIRST + signer.BOTTOM_TREES[0]) * 4096 + 256 + 3 * 32] ^= 1
    assert held.take(None) == 1
    finish(held)
    held.sign(b"message")
    try:
        finish(held)
        raise AssertionError("signed with a tree that rotted")
    except OSError:
        assert (held.rotted, held.rotted_number, held.busy) == (signer.BOTTOM_TREES[0], 0, True)
    finish(held)
    assert (held.index, held.remaining) == (4, 12) and signs(held, 1) == 4


def test_an_index_may_be_taken_at_any_time_while_the_next_bottom_tree_is_made_and_costs_no_other():
    whole, slices = made(TINY_TWO), 0
    whole.take(None)
    finish(whole)
    while True:
        flash = Area()
        flash.data[:] = whole._flash.data
        held = opened(flash)
        finish(held)
        assert held.take(None) == 1
        for _ in range(slices):
            held.work(600)
        if not held.busy:
            break
        assert held.take(None) == 2
        finish(held)
        assert (held.index, held.remaining) == (3, 13)
        slices += 1
    assert slices > 6


def test_nothing_is_signed_but_with_an_index_that_was_taken_for_it():
    held = made(TINY)
    signed = made(TINY)
    assert signs(signed) == 0
    for one in (held, opened(held._flash), signed):
        try:
            one.sign(b"message")
        except ValueError as error:
            assert "take an index" in str(error)
        else:
            raise AssertionError("signed")
        assert not one.is_signing
    assert signs(held) == 0 and signs(signed) == 1


def test_a_signature_is_there_as_long_as_the_bottom_tree_that_made_it():
    held = made(TINY_TWO)
    signs(held)
    found = held.signed()
    for index in range(1, 8):
        assert held.take(None) == index
        finish(held)
        for one in (held, opened(held._flash)):
            assert one.signed() == (found if index < 5 else None)


def test_a_message_may_have_256_bytes_and_what_says_that_it_has_more_is_no_signature():
    held = made(TINY)
    held.take(None)
    held.sign(b"m" * 256)
    finish(held)
    assert held.signed()[0] == b"m" * 256
    assert lms.verify(held.public, *held.signed())
    at, head_bytes = (FIRST + signer.SIGNED) * 4096, 10
    whole = bytes(held._flash.data[at : at + head_bytes + 256 + len(held.signed()[1]) - 4])
    for head, message in (
        (b"ILC\x01" + struct.pack(">IH", 0, 256), b"m" * 256),
        (b"ILC\x01" + struct.pack(">IH", 0, 257), b"m" * 257),
        (b"ILC\x02" + struct.pack(">IH", 0, 256), b"m" * 256),
    ):
        other = head + message + whole[head_bytes + 256 :]
        flash = held._flash.copy()
        flash.erase(at)
        flash.program(at, other + struct.pack(">I", crc32(other) & 0xFFFFFFFF))
        assert opened(flash).signed() == (held.signed() if other == whole else None)


def test_a_new_key_that_the_flash_refuses_leaves_none_and_can_be_begun_again():
    old, public, failed = made(TINY_TWO), made(TINY).public, 0
    for operation in range(12):
        flash = Failing()
        flash.data[:] = old._flash.data
        held = opened(flash)
        finish(held)
        held.take(None)
        held.sign(b"message")
        flash.fail = operation
        try:
            held.generate(TINY, ENTROPY)
        except OSError:
            failed += 1
            assert (held.state, held.params, held.busy, held.is_signing) == (NONE, 0, False, False)
            assert refusal(held) == signer.NO_KEY and not held.work(1000) and not held.tidy()
            held.generate(TINY, ENTROPY)
        flash.fail = -1
    finish(held)
    assert failed > 2 and held.public == public and signs(held) == 0


def test_a_key_of_two_levels_is_low_when_a_tenth_of_all_its_indices_is_left():
    kind, code, flash = 0xDDDDDDDE, 103, Area()
    lms.HEIGHTS[kind] = 4
    table = {code: Params("sixteen/sixteen", kind, 3, 2)}
    held = Signer(flash, FIRST, table)
    held.generate(code, ENTROPY)
    finish(held)
    assert (held.remaining, held.is_low) == (256, False)
    for sector, number in ((signer.SECRETS, 14), (signer.BOTTOM_SECRETS, 14 * 16)):  # as if all before were used
        log = KeyLog(flash, FIRST + sector, 32)
        log.put(number, b"S" * 32)
        log.drop()
    held = Signer(flash, FIRST, table)
    finish(held)
    for index in range(224, 240):
        assert (held.remaining, held.is_low) == (256 - index, 256 - index <= 25)
        assert held.take(None) == index
        finish(held)


def test_nothing_of_an_older_key_stays_behind_the_leaves_of_a_new_one():
    for params, kept in ((TINY, ()), (TINY_TWO, (4, 5, 6))):
        flash = Area()
        for sector in range(FIRST + signer.LEAVES, FIRST + signer.SECTORS):
            flash.program(sector * 4096 + 2000, b"old")
        held = opened(flash)
        held.generate(params, ENTROPY)
        finish(held)
        for sector in range(signer.LEAVES, signer.SECTORS):
            data = bytes(flash.data[(FIRST + sector) * 4096 : (FIRST + sector + 1) * 4096])
            assert b"old" not in data
            blank = data[128:] if sector == signer.LEAVES else data
            assert sector in kept or blank == b"\xff" * len(blank)


def test_a_key_is_begun_without_erasing_what_is_no_secret_and_work_does_that():
    flash = Area()
    for sector in (signer.BOTTOM_SECRETS, signer.BOTTOM_SECRETS + 1, signer.SIGNED):  # of a key whose head was lost
        flash.program((FIRST + sector) * 4096, b"leaf" * 10)
    held = opened(flash)
    assert held.state == NONE and flash.erases == 0
    held.generate(TINY, ENTROPY)
    assert flash.erases == 1, "the head's sector, and no other while a session waits for its answer"
    finish(held)
    assert flash.erases == 4 and held.public == made(TINY).public and signs(held) == 0
