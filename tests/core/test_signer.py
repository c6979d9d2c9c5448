"""The signing key: made in slices, each index used once, refused when used up. Power cuts: test_signer_cuts.py."""

from interlock.core import lms, signer
from interlock.core.signer import EXHAUSTED, GENERATING, NONE, READY
from tests.core.signer_world import (
    ENTROPY,
    FIRST,
    H5,
    H5_TWO,
    H10,
    TINY,
    TINY_TWO,
    Area,
    finish,
    made,
    opened,
    refusal,
    signs,
)


def test_the_published_parameters_are_those_of_the_contract():
    assert signer.PARAMS_NAMES == {1: "h10", 2: "h5", 3: "h5/h5"}
    for params in signer.PARAMS.values():
        assert params.ots_type == 3 and lms.HEIGHTS[params.lms_type] == (10 if params.name == "h10" else 5)


def test_without_a_key_nothing_is_signed_and_nothing_written():
    flash = Area()
    held = opened(flash)
    assert (held.state, held.params, held.total, held.done, held.index, held.remaining) == (NONE, 0, 0, 0, 0, 0)
    assert held.public is None and held.signed() is None and not held.busy and not held.is_low
    assert not held.work(1000) and not held.tidy()
    assert refusal(held) == signer.NO_KEY
    assert flash.operations == 0


def test_a_key_is_made_in_slices_and_tells_how_far_it_is():
    for params, total, signatures in ((TINY, 4, 4), (TINY_TWO, 8, 16), (H5, 32, 32), (H5_TWO, 64, 1024)):
        held = opened(Area())
        held.generate(params, ENTROPY)
        assert (held.state, held.params, held.done, held.total, held.busy) == (GENERATING, params, 0, total, True)
        assert refusal(held) == signer.BUSY
        seen = [0]
        while held.work(300):
            assert held.done in (seen[-1], seen[-1] + 1)
            seen.append(held.done)
        assert len(seen) > total * 3 and held.done == total
        assert (held.state, held.index, held.remaining) == (READY, 0, signatures)
        assert len(held.public) == 60


def test_a_slice_is_as_long_as_was_asked():
    calls = []
    for hashes in (64, 512):
        held = opened(Area())
        held.generate(TINY, ENTROPY)
        calls.append(finish(held, hashes))
    # Four leaves of 67 chains of 15 links and a secret; what else there is to do is little.
    assert 4 * 67 * 16 // 96 < calls[0] < 4 * 67 * 16 // 48
    assert calls[0] > 6 * calls[1]


def test_the_key_is_the_same_however_it_was_sliced_and_another_for_other_entropy():
    first = made(TINY_TWO).public
    held = opened(Area())
    held.generate(TINY_TWO, ENTROPY)
    finish(held, 1)
    assert held.public == first
    held.generate(TINY_TWO, b"x" * 32)
    finish(held)
    assert held.public != first


def test_each_index_signs_once_until_none_is_left():
    for params, count in ((TINY, 4), (TINY_TWO, 16), (H5, 32)):
        held = made(params)
        public, last = held.public, None
        for index in range(count):
            assert (held.state, held.index, held.remaining) == (READY, index, count - index)
            assert held.is_low == (count - index <= 8)
            assert signs(held, last) == index
            last = index
        assert (held.state, held.index, held.remaining) == (EXHAUSTED, count, 0)
        for one in (held, opened(held._flash)):
            assert refusal(one, last) == EXHAUSTED
            assert one.public == public and one.signed() is not None


def test_two_levels_of_height_five_go_through_several_bottom_trees():
    held = made(H5_TWO)
    for index in range(110):
        assert signs(held, index - 1 if index else None) == index
    assert held.remaining == 1024 - 110
    assert len(held.signed()[1]) == 4756
    # The secrets of the first 102 indices filled a sector; now it can be erased ahead.
    assert held.tidy() and not held.tidy() and signs(held, 109) == 110


def test_the_next_bottom_tree_is_there_before_it_is_needed():
    held = made(TINY_TWO)
    for index in range(4):
        assert held.take(None) == index
        finish(held)
    assert held.take(None) == 4


def test_a_signature_waits_for_a_bottom_tree_rather_than_fail():
    held = made(TINY_TWO)
    for first in (0, 4, 8):
        for index in range(first, first + 4):
            assert held.take(None) == index
        while held.work(500):
            assert (held.index, held.remaining) == (first + 4, 12 - first)
            assert (refusal(held), held.state, held.busy) == (signer.BUSY, READY, True)
    assert signs(held) == 12


def test_another_signature_is_refused_while_one_is_computed():
    held = made(H5)
    held.take(None)
    held.sign(b"first")
    assert held.is_signing and refusal(held) == signer.BUSY
    calls = finish(held, 64)
    assert calls > 5 and not held.is_signing and held.signed()[0] == b"first"


def test_a_rolled_back_flash_is_found_out():
    held = made(TINY)
    old = held._flash.copy()
    assert signs(held) == 0 and signs(held, 0) == 1
    again = opened(old)
    for seen in (0, 1, 2, 0xFFFFFFFE):
        assert refusal(again, seen) == signer.ROLLED_BACK
    assert again.index == 0 and signs(again, None) == 0


def test_a_message_needs_an_index_of_its_own():
    held = made(TINY)
    held.take(None)
    held.sign(b"message")
    finish(held)
    for message in (b"message", b"m" * 257):
        try:
            held.sign(message)
        except ValueError:
            assert held.signed()[0] == b"message"
        else:
            raise AssertionError("signed again")
        held.take(None)


def test_the_newest_signature_survives_a_reboot():
    for params in (TINY, TINY_TWO):
        held = made(params)
        assert held.signed() is None
        for _ in range(3):
            signs(held)
        message, signature = opened(held._flash).signed()
        assert message == b"message under index 2" and lms.verify(held.public, message, signature)


def test_a_signature_is_bound_to_its_index_key_and_message():
    for params in (TINY, TINY_TWO):
        held = made(params)
        signs(held)
        message, signature = held.signed()
        other = opened(Area())
        other.generate(params, b"other" + bytes(27))
        finish(other)
        assert not lms.verify(other.public, message, signature)
        assert not lms.verify(held.public, message + b" ", signature)
        for at in range(0, len(signature), 61):
            bad = bytearray(signature)
            bad[at] ^= 4
            assert not lms.verify(held.public, message, bytes(bad))


def test_a_new_key_replaces_the_old_one_and_what_it_signed():
    held = made(H5)
    signs(held)
    for params in (TINY_TWO, TINY, H5_TWO, TINY_TWO, H5):
        before = held.public
        held.generate(params, b"another" + bytes(25))
        for one in (held, opened(held._flash)):
            assert (one.state, one.params, one.done, one.public) == (GENERATING, params, 0, None)
            assert one.signed() is None
        finish(held)
        assert held.public != before and held.signed() is None
        assert signs(held) == 0


def test_parameters_that_nobody_knows_change_nothing():
    held = made(TINY)
    before = bytes(held._flash.data)
    try:
        held.generate(99, ENTROPY)
    except ValueError:
        assert bytes(held._flash.data) == before and signs(held) == 0
    else:
        raise AssertionError("accepted")


def test_no_secret_of_a_used_index_or_of_an_older_key_stays_in_the_flash():
    flash = Area()
    held = made(TINY_TWO, flash)
    known = set()
    for _ in range(9):
        known.update([log.secret for log in held._logs])
        signs(held)
    in_force = {log.secret for log in held._logs}
    assert len(known - in_force) == 9 + 2  # of the two bottom trees that the top certified meanwhile
    for secret in known - in_force:
        assert bytes(flash.data).find(secret[:4]) < 0
    for secret in in_force:
        assert bytes(flash.data).find(secret) >= 0
    held.generate(TINY, b"y" * 32)
    for secret in in_force:
        assert bytes(flash.data).find(secret[:4]) < 0


def test_an_erase_waits_until_it_may_be():
    flash = Area()
    held = opened(flash)
    held.generate(TINY, ENTROPY)
    finish(held)
    signs(held)
    held.take(None)
    held.sign(b"second")
    erases = flash.erases
    for _ in range(50):
        assert held.work(1000, False)
    assert flash.erases == erases and held.signed()[0] == b"message under index 0"
    finish(held)
    assert flash.erases == erases + 1 and held.signed()[0] == b"second"


def test_a_call_erases_once_at_most():
    flash = Area()
    for sector in range(FIRST + signer.LEAVES, FIRST + signer.SECTORS):
        flash.program(sector * flash.sector_bytes + 100, b"old")
    held = opened(flash)
    held.generate(TINY_TWO, ENTROPY)
    erased, more = 0, True
    while more:
        before = flash.erases
        more = held.work(1 << 20)
        assert flash.erases - before <= 1
        erased += flash.erases - before
    # Leaves, the two bottom trees and what lies behind; the bottom secrets' sectors went before; a tree in one of them.
    assert erased == 7 + 1 and signs(held) == 0


def test_other_parts_of_the_flash_are_left_alone():
    flash = Area()
    flash.program(0, b"settings")
    held = made(TINY_TWO, flash)
    for _ in range(9):
        signs(held)
    assert bytes(flash.data[:8]) == b"settings" and bytes(flash.data[8:4096]) == b"\xff" * 4088


def test_a_reboot_costs_one_leaf_at_most():
    for params in (TINY, TINY_TWO):
        flash = Area()
        held = opened(flash)
        held.generate(params, ENTROPY)
        boots = 1
        while held.work(2500):
            done, held = held.done, opened(flash)
            assert held.done >= done - 1
            boots += 1
        assert boots > 2 and held.public == made(params).public


class Failing(Area):
    """The nth operation fails, once; the power stays on."""

    fail = -1

    def _fails(self):
        self.fail -= 1
        if self.fail == -1:
            raise OSError(5)

    def program(self, offset, data):
        self._fails()
        Area.program(self, offset, data)

    def erase(self, offset):
        self._fails()
        Area.erase(self, offset)


def test_a_flash_that_fails_once_costs_indices_at_most():
    whole = made(TINY_TWO)
    public = whole.public
    signs(whole)
    total = whole._flash.operations
    for operation in range(8, total, 3):
        flash = Failing()
        held = opened(flash)
        held.generate(TINY_TWO, ENTROPY)
        flash.fail = operation - flash.operations
        failed, used = 0, []
        while len(used) < 2:
            try:
                finish(held)
                used.append(signs(held, used[-1] if used else None))
            except OSError:
                failed += 1
        assert failed <= 1 and used == sorted(set(used)) and held.public == public


def test_what_is_told_after_a_failure_is_what_a_reboot_tells():
    held = made(TINY_TWO)
    for _ in range(9):
        signs(held)
    # With the next index the last bottom tree is due.
    for operation in range(40):
        flash = Failing()
        flash.data[:] = held._flash.data
        one = opened(flash)
        finish(one)
        one.take(None)
        flash.fail = operation
        for _ in range(2):
            try:
                finish(one)
            except OSError:
                pass
        again = opened(flash)
        assert (one.state, one.index, one.remaining) == (again.state, again.index, again.remaining)
        assert one.remaining == 6 or (one.remaining == 2 and operation >= 8)
    assert flash.fail > 0 and one.remaining == 6


def test_the_default_key_is_made_and_signs():
    held = made(H10)
    assert (held.state, held.total, held.remaining) == (READY, 1024, 1024)
    assert signs(held) == 0 and len(held.signed()[1]) == 2512
    again = opened(held._flash)
    assert signs(again, 0) == 1 and again.remaining == 1022
