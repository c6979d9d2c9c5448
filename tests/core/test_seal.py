"""Which key is in use after a cut: the one that the journal's last word says, never a newer one on the quiet."""

from interlock.core.seal import OPEN_KEY, OpenSeal, Seal, first_epoch, next_key
from tests.core.flash import RamFlash

KEY = b"k" * 16
ERA = first_epoch(0)


def in_use(keep, epoch):
    """(epoch, key, whether a newer one waits) after opening with a journal that says so."""
    seal = Seal(keep, 0)
    seal.settle(epoch)
    return seal.epoch, seal.key, seal.is_changing()


def test_a_unit_without_a_key_seals_openly_and_has_nothing_to_change():
    open_seal = OpenSeal()
    assert (open_seal.epoch, open_seal.key, open_seal.is_changing(), open_seal.may_evolve()) == (
        0,
        OPEN_KEY,
        False,
        False,
    )
    assert in_use(RamFlash(2), 0) == (0, OPEN_KEY, False)


def test_a_key_that_was_given_waits_for_the_record_that_announces_it():
    keep = RamFlash(2)
    seal = Seal(keep, 0)
    seal.give(KEY)
    assert seal.epoch == 0 and seal.is_changing() and not seal.may_evolve() and seal.next_epoch() == ERA == 1 << 24
    assert in_use(keep, 0) == (0, OPEN_KEY, True)
    assert in_use(keep, ERA) == (ERA, KEY, False)
    seal.begin()
    assert (seal.epoch, seal.key, seal.may_evolve(), seal.is_changing()) == (ERA, KEY, True, False)


def test_of_two_keys_the_one_is_used_whose_epoch_the_journal_says_began():
    keep = RamFlash(2)
    seal = Seal(keep, 0)
    seal.give(KEY)
    seal.begin()
    seal.prepare()
    seal.prepare()  # asked twice
    assert seal.next_epoch() == ERA + 1
    assert in_use(keep, ERA) == (ERA, KEY, True)
    assert in_use(keep, ERA + 1) == (ERA + 1, next_key(KEY), False)


def test_of_past_keys_nothing_stays():
    keep = RamFlash(2)
    seal = Seal(keep, 0)
    seal.give(KEY)
    seal.begin()
    seal.prepare()
    waiting = Seal(keep, 0)
    waiting.settle(ERA)
    waiting.destroy_past()
    assert not waiting.tidy() and KEY in bytes(keep.data), "it is in use until the new one is announced"
    for finish in ("destroy_past", "tidy"):
        copy = RamFlash(2)
        copy.data[:] = keep.data
        later = Seal(copy, 0)
        later.settle(ERA + 1)
        assert getattr(later, finish)() in (None, True)
        assert KEY not in bytes(copy.data) and next_key(KEY) in bytes(copy.data)
