"""The power fails at every flash operation of making keys and signing, and again in what follows: no leaf signs twice,
no key changes, no signature is half there."""

from interlock.core import lms, trees
from interlock.core.lmots import OneTime
from interlock.core.signer import EXHAUSTED, GENERATING, NONE, SignerError
from tests.core.signer_world import (
    ENTROPY,
    TINY,
    TINY_TWO,
    Area,
    Uses,
    cut_everywhere,
    finish,
    made,
    opened,
    signs,
)


def survives_making(flash, params):
    told = {}

    def live(torn):
        told["is_begun"], told["held"] = False, None
        held = opened(torn)
        held.generate(params, ENTROPY)
        told["is_begun"], told["held"] = True, held
        finish(held)

    def check(torn):
        held = opened(torn)
        assert held.state != NONE or not told["is_begun"]
        if told["held"] is not None and params == TINY:
            # The leaf that may be torn is computed again, no other one is.
            assert held.done >= told["held"].done - 1
        if held.params != params or held.public not in (None, public):
            assert not told["is_begun"]
            held.generate(params, ENTROPY)
            told["is_begun"], told["held"] = True, None
        finish(held)
        assert held.public == public and held.signed() is None
        assert signs(held) >= 0 and held.state != GENERATING

    public = made(params).public
    return cut_everywhere(flash, live, check)


def test_a_key_is_finished_with_the_same_public_key_whenever_the_power_fails():
    assert survives_making(Area(), TINY) > 8
    assert survives_making(Area(), TINY_TWO) >= 30


def test_a_key_that_replaces_another_is_made_whole_or_not_begun():
    for before, params in ((TINY, TINY_TWO), (TINY_TWO, TINY)):
        held = made(before)
        signs(held)
        assert survives_making(held._flash, params) > 14


def survives_signing(params, used):
    """With so many indices used before: one more is taken, and signs."""
    told = {}

    def live(torn):
        told["last"] = used - 1
        held = opened(torn)
        finish(held)
        told["last"] = held.take(None)
        held.sign(b"the message")
        finish(held)

    def check(torn):
        held = opened(torn)
        assert held.public == public and held.index in (told["last"] + 1, told["last"] + 2, stepped)
        found = held.signed()
        if found is not None:
            assert lms.verify(public, found[0], found[1])
        finish(held)
        for _ in range(2):
            try:
                last = held.take(told["last"] if told["last"] >= 0 else None)
            except SignerError as error:
                assert error.reason == EXHAUSTED and told["last"] >= capacity - 2
                return
            assert last > told["last"]
            told["last"] = last
            held.sign(b"another message")
            finish(held)
            said, signature = held.signed()
            assert said == b"another message" and lms.verify(public, said, signature)

    uses = Uses()
    try:
        held = made(params)
        public, capacity = held.public, held.remaining
        for _ in range(used):
            signs(held)
        # Where a cut burned a tree, the indices go on with the next one.
        stepped = (used // 4 + 2) * 4 if params == TINY_TWO else used
        return cut_everywhere(held._flash, live, check)
    finally:
        trees.OneTime = OneTime
        assert len(uses.seen) >= used


def test_one_level_never_uses_an_index_twice():
    for used in (0, 3):
        assert survives_signing(TINY, used) >= 12


def test_two_levels_never_use_an_index_twice_within_a_tree():
    assert survives_signing(TINY_TWO, 1) >= 32  # with the next bottom tree, made ahead


def test_two_levels_never_use_an_index_twice_at_a_tree_s_end():
    assert survives_signing(TINY_TWO, 3) >= 12


def test_two_levels_never_use_an_index_twice_at_the_very_end():
    assert survives_signing(TINY_TWO, 15) >= 12


def test_a_secret_that_a_cut_kept_alive_is_destroyed_first_thing():
    held = made(TINY_TWO)
    for log in held._logs:
        secret = log.secret
        log.put(log.number + 1, trees.next_secret(secret))
        again = opened(held._flash)
        assert again.busy and bytes(held._flash.data).find(secret) >= 0
        again.work(1)
        assert bytes(held._flash.data).find(secret[:4]) < 0


def test_a_burned_leaf_of_the_top_costs_its_bottom_tree_and_nothing_else():
    held = made(TINY_TWO)
    signs(held)
    # The top's leaf is taken for the next tree, and the power fails before it signed.
    top = held._logs[0]
    top.put(top.number + 1, trees.next_secret(top.secret))
    top.drop()
    again = opened(held._flash)
    finish(again)
    assert again.remaining == 3 + 2 * 4
    used = [0]
    while again.state != EXHAUSTED:
        used.append(signs(again, used[-1]))
    assert used == [0, 1, 2, 3] + list(range(8, 16))
