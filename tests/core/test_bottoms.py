"""The two bottom trees of a signing key: what a reboot tells of them, and when the next one is made."""

from interlock.core import signer
from interlock.core.signer import READY
from tests.core.signer_world import FIRST, TINY_TWO, finish, made, opened, signs


def test_what_is_left_is_the_same_before_and_after_a_reboot():
    held = made(TINY_TWO)
    for index in range(10):
        for one in (held, opened(held._flash)):
            assert (one.index, one.remaining, one.done, one.total) == (index, 16 - index, 8, 8)
        assert signs(held) == index


def test_the_next_tree_is_made_once_half_of_the_newest_is_used_up():
    held = made(TINY_TWO)
    for index in range(13):
        assert held.take(None) == index
        is_made = finish(held, 64) > 10
        assert is_made == (index % 4 == 1 and index < 12), index


def test_a_key_whose_bottom_trees_are_lost_is_made_all_the_same_and_goes_on_behind_them():
    for signed in (1, 2, 3):
        held = made(TINY_TWO)
        for _ in range(signed):
            signs(held)
        for sector in signer.BOTTOM_TREES:
            begin = (FIRST + sector) * 4096
            held._flash.data[begin : begin + 4096] = bytes(4096)
        again = opened(held._flash)
        assert again.state == READY and again.done == 8
        finish(again)
        assert signs(again) in (4, 8)
