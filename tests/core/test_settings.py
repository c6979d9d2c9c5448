"""Settings: bytes, refusals, and two slots that a power cut cannot both spoil."""

import struct
from binascii import crc32, hexlify

from interlock.core import records, settings, wire
from interlock.core.settings import (
    DEFAULT_POLICY,
    DEFAULT_RECORDER,
    REACH_GROUP,
    REACH_OWN,
    Partner,
    Policy,
    Settings,
    SettingsError,
    decode,
    encode,
    load,
    policy_changes,
    store,
)
from tests.core.flash import PowerCut, RamFlash

FIGURES = tuple(name for name, _, _ in settings.POLICY_LIMITS[:-1])
FIGURES += ("covert", "stop_after_hold", settings.POLICY_LIMITS[-1][0])


def sample(revision=1):
    partners = [Partner(2, settings.ROLE_CAMERA, settings.PAIRED, b"c" * 32, b"p" * 32)]
    return Settings(
        revision,
        b"HOLSTER1",
        1,
        settings.ROLE_HOLSTER,
        b"u" * 32,
        b"g" * 32,
        settings.NO_KEY,
        partners,
        DEFAULT_POLICY,
        *DEFAULT_RECORDER,
    )


def changed(**figures):
    return Policy(*[figures.get(FIGURES[i], DEFAULT_POLICY[i]) for i in range(len(FIGURES))])


def with_policy(policy):
    good = sample()
    return Settings(
        1, b"HOLSTER1", 1, 1, good.unit_key, good.group_key, good.group_other, [], policy, *DEFAULT_RECORDER
    )


def test_what_is_stored_is_loaded():
    flash = RamFlash(2)
    assert load(flash) is None
    store(flash, sample())
    assert load(flash) == sample()


def test_the_digest_of_settings_is_locked():
    assert hexlify(settings.digest(sample())).decode() == "261e11c17f28b6b1"


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
    busy = Policy(*([0] * 20 + [False, True, 0]))  # a renewal every 0 ms: it would never do anything else
    fewer = changed(on_draw=REACH_GROUP, on_arm=REACH_OWN)  # the graver event would concern fewer
    secret = changed(on_draw=0, on_arm=0, on_discharge=0)  # a discharge that no camera hears of
    often = changed(ready_every_ms=4999)
    stranger = Partner(2, settings.ROLE_CAMERA, 2, b"c" * 32, b"p" * 32)
    bad = (
        Settings(
            1, b"short", 1, 1, good.unit_key, good.group_key, good.group_other, [], DEFAULT_POLICY, *DEFAULT_RECORDER
        ),
        Settings(
            1, b"HOLSTER1", 0, 1, good.unit_key, good.group_key, good.group_other, [], DEFAULT_POLICY, *DEFAULT_RECORDER
        ),
        Settings(
            1, b"HOLSTER1", 1, 9, good.unit_key, good.group_key, good.group_other, [], DEFAULT_POLICY, *DEFAULT_RECORDER
        ),
        Settings(
            1,
            b"HOLSTER1",
            1,
            1,
            good.unit_key,
            good.group_key,
            good.group_other,
            good.partners * 9,
            DEFAULT_POLICY,
            *DEFAULT_RECORDER,
        ),
        with_policy(busy),
        with_policy(fewer),
        with_policy(secret),
        with_policy(often),
        Settings(
            1,
            b"HOLSTER1",
            1,
            1,
            good.unit_key,
            good.group_key,
            good.group_other,
            [stranger],
            DEFAULT_POLICY,
            *DEFAULT_RECORDER,
        ),
    )
    for one in bad:
        try:
            encode(one)
        except SettingsError as error:
            assert len(str(error)) > 20
        else:
            raise AssertionError("accepted")


def with_recorder(role, kind, which):
    return Settings(1, b"CAMERA01", 1, role, b"u" * 32, b"g" * 32, settings.NO_KEY, [], DEFAULT_POLICY, kind, which)


def test_a_recorder_is_told_by_its_kind_and_a_gopro_by_which_one_it_is_too():
    which = b"1234" + bytes(4)
    for kind, one in ((settings.LEVEL, bytes(8)), (settings.UART, bytes(8)), (settings.GOPRO, which)):
        good = with_recorder(settings.ROLE_CAMERA, kind, one)
        assert decode(encode(good)) == good
    bad = (
        (settings.ROLE_CAMERA, 4, bytes(8)),
        (settings.ROLE_CAMERA, settings.GOPRO, bytes(8)),  # whichever is near
        (settings.ROLE_CAMERA, settings.GOPRO, b"1234"),
        (settings.ROLE_COMBINED, settings.UART, which),
        (settings.ROLE_HOLSTER, settings.LEVEL, bytes(8)),
    )
    for one in bad:
        try:
            encode(with_recorder(*one))
        except SettingsError as error:
            assert "recorder" in str(error) or "GoPro" in str(error)
        else:
            raise AssertionError("accepted")


def test_settings_of_the_form_before_are_in_force_with_the_defaults_of_what_they_lack():
    flash = RamFlash(2)
    whole = encode(sample())
    body = b"ILS\x02" + struct.pack(">H", len(whole) - 13) + whole[6:-17]
    flash.program(0, body + struct.pack(">I", crc32(body) & 0xFFFFFFFF))
    assert load(flash) == sample()
    store(flash, sample(2))
    assert load(flash) == sample(2)
    assert decode(body + struct.pack(">I", crc32(body) & 0xFFFFFFFF ^ 1)) is None


def test_readiness_and_presence_may_be_left_out():
    silent = with_policy(changed(ready_every_ms=0, present_every_ms=0))
    assert decode(encode(silent)) == silent


def test_a_flag_that_is_neither_yes_nor_no_is_no_setting():
    data = bytearray(encode(sample()))
    data[-18] = 2
    data[-4:] = struct.pack(">I", crc32(bytes(data[:-4])) & 0xFFFFFFFF)
    assert decode(data) is None


def test_the_largest_settings_of_a_set_up_fit_into_one_message():
    crowd = [Partner(2 + i, settings.ROLE_CAMERA, settings.SPARE, b"c" * 32, b"p" * 32) for i in range(8)]
    good = sample()
    whole = Settings(
        1, b"HOLSTER1", 1, 1, good.unit_key, good.group_key, b"o" * 32, crowd, DEFAULT_POLICY, *DEFAULT_RECORDER
    )
    sealed = 1 + 2 + len(encode(whole)) + struct.calcsize(wire.ACCESS_FORM) + 24
    assert sealed <= wire.MESSAGE_MAX


def test_what_changed_in_a_policy_is_told_by_place_before_and_after():
    after = changed(hold_ms=60000, on_draw=REACH_OWN, covert=True)
    assert policy_changes(DEFAULT_POLICY, DEFAULT_POLICY) == []
    told = [(FIGURES[place], before, new) for place, before, new in policy_changes(DEFAULT_POLICY, after)]
    assert told == [("hold_ms", 30000, 60000), ("on_draw", 2, 1), ("covert", 0, 1)]
    for _, before, new in policy_changes(DEFAULT_POLICY, after):
        assert records.unpack(records.POLICY, records.pack(records.POLICY, 0, before, new)) == (0, before, new)
