"""Rot, sectors that never read, and numbers that no unit wrote: they cost the signing key at most, and are told."""

import struct
from binascii import crc32

from interlock.core import lms, signer
from interlock.core.keylog import KeyLog
from interlock.core.signer import EXHAUSTED, GENERATING, NONE, READY, SignerError
from tests.core.signer_world import ENTROPY, FIRST, TINY, TINY_TWO, Area, finish, made, opened, refusal, signs

LEAF_OF_TOP = (signer.LEAVES, 3 * 32)
LEAF_OF_BOTTOM = (signer.BOTTOM_TREES[0], 256 + 3 * 32)


def rot_leaf(flash, leaf):
    flash.data[(FIRST + leaf[0]) * 4096 + leaf[1]] ^= 1


def fails(held):
    """Work until the flash fails: what it says."""
    try:
        finish(held)
    except OSError as error:
        return str(error)
    raise AssertionError("nothing failed")


def test_a_key_with_a_leaf_that_rotted_costs_one_index_and_is_none_from_then_on():
    held = made(TINY)
    rot_leaf(held._flash, LEAF_OF_TOP)
    held.take(None)
    held.sign(b"message")
    assert fails(held) == "a leaf of the signing tree in sector 3 changed in the flash: it signs no more"
    assert (held.state, held.rotted, held.busy, held.signed()) == (NONE, signer.HEAD, False, None)
    before = bytes(held._flash.data)
    assert refusal(held) == signer.NO_KEY and bytes(held._flash.data) == before
    held.generate(TINY, ENTROPY)
    finish(held)
    assert held.rotted is None and signs(held) == 0


def test_a_leaf_that_rotted_is_found_after_a_reboot_before_anybody_asks():
    for params in (TINY, TINY_TWO):
        held = made(params)
        signs(held)
        rot_leaf(held._flash, LEAF_OF_TOP)
        before = bytes(held._flash.data)
        again = opened(held._flash)
        assert again.state == READY and "changed in the flash" in fails(again)
        assert (again.state, again.rotted, refusal(again)) == (NONE, signer.HEAD, signer.NO_KEY)
        assert bytes(held._flash.data) == before


def test_a_bottom_tree_that_rotted_is_stepped_over():
    for is_seen_at_boot in (True, False):
        held = made(TINY_TWO)
        assert signs(held) == 0
        rot_leaf(held._flash, LEAF_OF_BOTTOM)
        if is_seen_at_boot:
            held = opened(held._flash)
        else:
            held.take(None)
            held.sign(b"message")
        fails(held)
        assert (held.rotted, held.public is not None) == (signer.BOTTOM_TREES[0], True)
        finish(held)
        again = opened(held._flash)
        finish(again)
        for one in (held, again):
            assert (one.state, one.index, one.remaining) == (READY, 4, 12)
        used = [0]
        while again.state != EXHAUSTED:
            used.append(signs(again, used[-1]))
        assert used == [0] + list(range(4, 16))


class RootKeeping(Area):
    """Keeps a copy of what is there when the first bottom tree's root is."""

    def program(self, offset, data):
        Area.program(self, offset, data)
        if offset == (FIRST + signer.BOTTOM_TREES[0]) * self.sector_bytes + 36:
            self.kept = self.copy()


def test_a_bottom_tree_that_rots_before_it_is_certified_is_made_anew():
    flash = RootKeeping()
    held = opened(flash)
    held.generate(TINY_TWO, ENTROPY)
    finish(held)
    rot_leaf(flash.kept, LEAF_OF_BOTTOM)
    again = opened(flash.kept)
    assert again.state == GENERATING and "changed in the flash" in fails(again)
    finish(again)
    assert again.state == READY and signs(again) == 0


def test_numbers_beyond_all_leaves_are_no_key():
    for params, sectors, most in ((TINY, [signer.SECRETS], 4), (TINY_TWO, [signer.SECRETS, signer.BOTTOM_SECRETS], 4)):
        for level, sector in enumerate(sectors):
            for number in (most ** (level + 1) + 1, 0xFFFFFFFF):
                held = made(params)
                log = KeyLog(held._flash, FIRST + sector, 32)
                log.put(number, bytes(32))
                log.drop()
                again = opened(held._flash)
                assert (again.state, again.remaining, again.index, again.busy) == (NONE, 0, 0, False)
                assert refusal(again) == signer.NO_KEY


def test_a_bottom_tree_beyond_all_leaves_is_none():
    for number in (4, 1 << 27):
        held = made(TINY_TWO)
        at = (FIRST + signer.BOTTOM_TREES[0]) * 4096
        head = b"ILK\x01" + struct.pack(">II", TINY_TWO, number) + bytes(held._flash.data[at + 12 : at + 28])
        root = bytes(held._flash.data[at + 36 : at + 68])
        held._flash.data[at : at + 28] = head
        held._flash.data[at + 28 : at + 32] = struct.pack(">I", crc32(head) & 0xFFFFFFFF)
        held._flash.data[at + 68 : at + 72] = struct.pack(">I", crc32(head + root) & 0xFFFFFFFF)
        again = opened(held._flash)
        assert again.state == GENERATING
        finish(again)
        assert signs(again) == 4


class Unreadable(Area):
    """A sector of the signer never reads."""

    dead = -1

    def read(self, offset, buffer):
        if offset // self.sector_bytes == FIRST + self.dead:
            raise OSError(5)
        Area.read(self, offset, buffer)


def goes_on(held):
    """Work as a unit does: what the flash refuses is tried again."""
    for _ in range(6):
        try:
            finish(held)
        except OSError:
            pass


def test_a_sector_that_cannot_be_read_costs_the_key_at_most():
    for params in (TINY, TINY_TWO):
        held = made(params)
        signs(held)
        for dead in range(signer.SECTORS):
            flash = Unreadable()
            flash.data[:] = held._flash.data
            flash.dead = dead
            one = opened(flash)
            goes_on(one)
            signatures = 0
            for _ in range(2):
                try:
                    taken = one.take(None)
                except (SignerError, OSError):
                    continue
                assert taken > 0
                one.sign(b"message under index %d" % taken)
                goes_on(one)
                found = one.signed()
                signatures += found is not None and lms.verify(one.public, found[0], found[1])
            whole = dead not in (signer.SECRETS, signer.HEAD, signer.LEAVES, signer.SIGNED)
            whole = whole and (params == TINY or dead not in (signer.BOTTOM_SECRETS, signer.BOTTOM_TREES[0]))
            assert signatures == 2 or not whole


def test_a_key_whose_head_or_root_rotted_is_none():
    for params in (TINY, TINY_TWO):
        for at in (0, 5, 9, 20, 40):
            held = made(params)
            signs(held)
            rot_head(held._flash, at)
            again = opened(held._flash)
            assert (again.state, again.public, again.signed()) == (NONE, None, None)
            assert refusal(again) == signer.NO_KEY
            again.generate(params, ENTROPY)
            finish(again)
            assert signs(again) == 0


def rot_head(flash, at):
    flash.data[(FIRST + signer.HEAD) * flash.sector_bytes + at] ^= 1


def test_a_key_whose_head_rotted_while_it_was_made_is_none():
    held = opened(Area())
    held.generate(TINY, ENTROPY)
    rot_head(held._flash, 20)
    assert opened(held._flash).state == NONE
