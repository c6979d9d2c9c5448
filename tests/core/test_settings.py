"""Settings: bytes, refusals, and two slots that a power cut cannot both spoil."""

from binascii import hexlify

from interlock.core import settings
from interlock.core.settings import (
    DEFAULT_POLICY,
    Partner,
    Policy,
    Settings,
    SettingsError,
    decode,
    encode,
    load,
    store,
)
from tests.core.flash import PowerCut, RamFlash


def sample(revision=1):
    partners = [Partner(2, settings.ROLE_CAMERA, b"c" * 32, b"p" * 32)]
    return Settings(revision, b"HOLSTER1", 1, settings.ROLE_HOLSTER, b"u" * 32, b"g" * 32, partners, DEFAULT_POLICY)


def test_what_is_stored_is_loaded():
    flash = RamFlash(2)
    assert load(flash) is None
    store(flash, sample())
    assert load(flash) == sample()


def test_the_digest_of_settings_is_locked():
    assert hexlify(settings.digest(sample())).decode() == "ae6d0e4dbf7d942e"


def test_the_newer_revision_wins_and_the_older_slot_is_the_one_rewritten():
    flash = RamFlash(2)
    for revision in range(1, 6):
        store(flash, sample(revision))
        assert load(flash).revision == revision


def test_a_cut_anywhere_in_storing_leaves_the_old_or_the_new():
    for bits in (0x00, 0xFF, 0x5A, 0x81):
        for cut in range(2):
            flash = RamFlash(2)
            store(flash, sample(1))
            store(flash, sample(2))
            flash.operations, flash.cut_after = 0, cut
            flash.keep_bits = lambda i, bits=bits: bits if i % 3 else 0xFF ^ bits
            try:
                store(flash, sample(3))
            except PowerCut:
                flash.cut_after = None
            assert load(flash).revision in (2, 3)


def test_any_altered_byte_makes_them_none():
    data = encode(sample())
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 1
        assert decode(bad) is None
    for length in range(len(data)):
        assert decode(data[:length]) is None


def test_what_no_unit_can_be_is_refused_with_the_reason():
    good = sample()
    busy = Policy(*([0] * 12 + [True]))  # a renewal every 0 ms: it would never do anything else
    bad = (
        Settings(1, b"short", 1, 1, good.unit_key, good.group_key, [], DEFAULT_POLICY),
        Settings(1, b"HOLSTER1", 0, 1, good.unit_key, good.group_key, [], DEFAULT_POLICY),
        Settings(1, b"HOLSTER1", 1, 9, good.unit_key, good.group_key, [], DEFAULT_POLICY),
        Settings(1, b"HOLSTER1", 1, 1, good.unit_key, good.group_key, good.partners * 9, DEFAULT_POLICY),
        Settings(1, b"HOLSTER1", 1, 1, good.unit_key, good.group_key, [], busy),
    )
    for one in bad:
        try:
            encode(one)
        except SettingsError as error:
            assert len(str(error)) > 20
        else:
            raise AssertionError("accepted")
