"""Settings at their limits: which figures a unit can run with, and in which words the others are refused."""

import struct
from binascii import crc32

from interlock.core import settings
from interlock.core.settings import (
    DEFAULT_POLICY,
    GOPRO,
    MAY_BE_NONE,
    MOMENTARY,
    POLICY_LIMITS,
    ROLE_CAMERA,
    ROLE_COMBINED,
    ROLE_HOLSTER,
    UART,
    Partner,
    Policy,
    Settings,
    SettingsError,
    decode,
    encode,
    unsound_policy,
    unsound_recorder,
)
from tests.core.flash import RamFlash
from tests.core.test_settings import FIGURES, changed, sample

SPARE_CAMERA = Partner(2, ROLE_CAMERA, settings.SPARE, b"c" * 32, b"p" * 32)
ROLES = "roles must be holster, camera or combined, and unit numbers 1 to 65535"


def own(unit=1, role=ROLE_HOLSTER, partners=(), policy=DEFAULT_POLICY, serial=b"HOLSTER1", recorder=None):
    keys = (b"u" * 32, b"g" * 32, settings.NO_KEY)
    kind, which = recorder or settings.DEFAULT_RECORDER
    return Settings(*((1, serial, unit, role) + keys + (list(partners), policy, kind, which)))


def refusal(one):
    """The words with which these settings are refused, None: they are not."""
    try:
        data = encode(one)
    except SettingsError as error:
        return str(error)
    assert decode(data) == one
    return None


def stored(one):
    """The bytes of settings that no unit can run with, as if some had been stored."""
    body = b"".join([struct.pack(settings._PARTNER, *partner) for partner in one.partners])
    body += struct.pack(settings._POLICY, *one.policy) + struct.pack(settings._RECORDER, *one[9:])
    length = struct.calcsize(settings._HEAD) + len(body) + 4
    head = struct.pack(settings._HEAD, settings.MAGIC, length, *(one[:7] + (len(one.partners),)))
    return head + body + struct.pack(">I", crc32(head + body) & 0xFFFFFFFF)


def test_each_figure_of_a_policy_may_be_its_least_and_its_most():
    for name, least, most in POLICY_LIMITS:
        for value in (least, most):
            policy = changed(**{name: value})
            if policy.on_draw <= policy.on_arm <= policy.on_discharge:
                assert unsound_policy(policy) is None and refusal(own(policy=policy)) is None, name
    graver = changed(on_draw=0, on_arm=0, on_discharge=1)
    assert refusal(own(policy=graver)) is None, "each may concern few where what is lighter does"
    assert refusal(own(policy=changed(on_draw=1, on_arm=1, on_discharge=1))) is None


def test_a_figure_beyond_its_least_and_its_most_is_refused_by_its_name():
    for name, least, most in POLICY_LIMITS:
        none = ", or 0 for none" if name in MAY_BE_NONE else ""
        for value in (least - 1, most + 1):
            words = "policy %s = %d: it must be %d to %d%s" % (name, value, least, most, none)
            assert unsound_policy(changed(**{name: value})) == words
            if value >= 0:
                assert refusal(own(policy=changed(**{name: value}))) == words


def test_nought_is_none_for_what_may_be_left_out_and_for_nothing_else():
    for name, least, _ in POLICY_LIMITS:
        words = unsound_policy(changed(**{name: 0}))
        graver = name in ("on_draw", "on_arm", "on_discharge")
        assert graver or (words is None) == (least == 0 or name in MAY_BE_NONE), name


def test_what_is_graver_concerns_no_fewer():
    words = "policy on_arm: what is graver cannot concern fewer: on_draw <= on_arm <= on_discharge"
    for draw in range(3):
        for arm in range(3):
            for discharge in (1, 2):
                policy = changed(on_draw=draw, on_arm=arm, on_discharge=discharge)
                assert unsound_policy(policy) == (None if draw <= arm <= discharge else words)


def test_either_flag_is_stored_by_itself():
    for covert in (False, True):
        for stop in (False, True):
            policy = changed(covert=covert, stop_after_hold=stop)
            found = decode(encode(own(policy=policy))).policy
            assert (found.covert, found.stop_after_hold) == (covert, stop)
            assert found.covert is covert and found.stop_after_hold is stop


def test_roles_and_numbers_of_unit_and_partners_are_those_that_exist():
    for role in (ROLE_HOLSTER, ROLE_CAMERA, ROLE_COMBINED):
        for unit in (1, 0xFFFF):
            assert refusal(own(unit, role)) is None
            partner = Partner(unit, role, settings.PAIRED, b"c" * 32, b"p" * 32)
            assert refusal(own(partners=[partner])) is None
    for unit, role in ((0, ROLE_HOLSTER), (-1, ROLE_HOLSTER), (0x10000, ROLE_HOLSTER), (1, 0), (1, 4)):
        assert refusal(own(unit, role)) == ROLES
        partner = Partner(unit, role, settings.PAIRED, b"c" * 32, b"p" * 32)
        assert refusal(own(partners=[SPARE_CAMERA, partner])) == ROLES
        if 0 <= unit <= 0xFFFF:
            assert decode(stored(own(unit, role))) is None is decode(stored(own(partners=[partner])))


def test_a_partner_is_a_spare_or_paired():
    third = Partner(300, ROLE_CAMERA, 2, b"c" * 32, b"p" * 32)
    assert refusal(own(partners=[SPARE_CAMERA, third])) == "a partner is a spare (0) or paired (1); unit 300 is 2"
    assert decode(stored(own(partners=[SPARE_CAMERA]))) == own(partners=[SPARE_CAMERA])
    assert decode(stored(own(partners=[SPARE_CAMERA, third]))) is None


def test_a_unit_has_up_to_eight_partners():
    assert refusal(own(partners=[SPARE_CAMERA] * 8)) is None
    assert refusal(own(partners=[SPARE_CAMERA] * 9)) == "a unit has at most 8 partners"
    assert decode(stored(own(partners=[SPARE_CAMERA] * 8))) is not None
    assert decode(stored(own(partners=[SPARE_CAMERA] * 9))) is None


def test_a_serial_has_eight_bytes():
    for serial in (b"", b"HOLSTER", b"HOLSTER12"):
        assert refusal(own(serial=serial)) == "a serial has 8 bytes; this one has %d" % len(serial)


def test_a_recorder_that_no_unit_can_have_is_refused_in_words():
    which = b"1234\x00\x00\x00\x00"
    for kind, name in settings.RECORDER_NAMES.items():
        assert unsound_recorder(ROLE_CAMERA, kind, which if kind == GOPRO else bytes(8)) is None, name
        assert unsound_recorder(ROLE_COMBINED, kind, which if kind == GOPRO else bytes(8)) is None, name
    assert unsound_recorder(ROLE_HOLSTER, MOMENTARY, bytes(8)) is None
    unknown = "a recorder's kind is 0 to 3, and 8 bytes tell which one it is"
    for kind, one in ((4, bytes(8)), (UART, bytes(7)), (GOPRO, which + b"5")):
        assert unsound_recorder(ROLE_CAMERA, kind, one) == unknown
    for kind in (settings.LEVEL, UART, GOPRO):
        assert unsound_recorder(ROLE_HOLSTER, kind, which) == "a holster unit has no recorder"
    named = "a GoPro is told by the last characters of its name (recorder_id), and no other recorder is"
    for kind, one in ((GOPRO, bytes(8)), (UART, which), (MOMENTARY, which)):
        assert unsound_recorder(ROLE_CAMERA, kind, one) == named
        assert refusal(own(role=ROLE_CAMERA, recorder=(kind, one))) == named
        assert decode(stored(own(role=ROLE_CAMERA, recorder=(kind, one)))) is None
    assert unsound_recorder(ROLE_HOLSTER, MOMENTARY, which) == named


def test_settings_are_read_whatever_stands_behind_them_and_not_by_another_magic():
    data = encode(own(partners=[SPARE_CAMERA]))
    assert decode(data + b"\xff" * 500) == decode(bytearray(data)) == own(partners=[SPARE_CAMERA])
    for magic in (b"ILS\x01", b"ILS\x04", bytes(4)):
        other = magic + data[4:-4]
        assert decode(other + struct.pack(">I", crc32(other) & 0xFFFFFFFF)) is None


def test_settings_that_are_not_newer_are_not_put_in_force():
    flash = RamFlash(settings.SECTORS)
    settings.store(flash, sample(5))
    for revision in (1, 4, 5):
        try:
            settings.store(flash, sample(revision))
        except SettingsError as error:
            assert str(error) == "revision %d is not newer than 5, which is in force: raise it" % revision
        else:
            raise AssertionError("accepted")
        assert settings.load(flash) == sample(5)
    settings.store(flash, sample(6))
    assert settings.load(flash) == sample(6)


def test_each_figure_that_differs_is_told_at_its_own_place():
    for i, name in enumerate(FIGURES):
        value = DEFAULT_POLICY[i]
        other = (not value) if isinstance(value, bool) else value + 1
        after = Policy(*(DEFAULT_POLICY[:i] + (other,) + DEFAULT_POLICY[i + 1 :]))
        assert settings.policy_changes(DEFAULT_POLICY, after) == [(i, int(value), int(other))], name
