"""Frames: their bytes are locked here and worked through in PROTOCOL.md."""

from binascii import hexlify

from interlock.core import frames
from interlock.core.frames import (
    Ack,
    GroupKeys,
    PairKeys,
    UnitKeys,
    build_unit,
    is_ours,
    nearest_slot,
    open_unit,
    slot_at,
    slot_byte,
    timed_slot,
    unpack_unit,
)

UNIT_KEY = bytes(range(32))
GROUP_KEY = bytes(range(32, 64))
PAIR_KEY = bytes(range(64, 96))
HOLSTER = UnitKeys(UNIT_KEY, 1)
GROUP = GroupKeys(GROUP_KEY)
PAIR = PairKeys(PAIR_KEY, 1, 2)
DIGEST = b"\xca\xfe\xba\xbe"
SLOT = 443108250  # 2 March 2026, 06:30 UTC

DRAW_1000 = "1e212c9df89b9c1e2e3e190b57745c1dfe065f9885091c22abdb4a49cc8189"
READY_TIME_7 = "1e21c905d9f0ed399c2fa79bc45482b230cdbdc0f9ca4dbff245a2acb3a332"
PROVEN_1000 = "1e2109d6b8c194991626b71e5933fb2b01d829bd498e2511f9d0b7f5fddba0"


def draw(counter=1000, flags=frames.FLAG_ARMED, slot=SLOT):
    return build_unit(HOLSTER, GROUP, frames.DRAW, flags, counter, DIGEST, slot)


def ready_time(slot=SLOT):
    return build_unit(HOLSTER, GROUP, frames.READY_TIME, frames.READY_OK, 7, DIGEST, slot)


def opened(frame):
    """The Unit as it is on the air, no tag checked."""
    return unpack_unit(GROUP.reveal(frame))


def test_the_bytes_of_a_draw_are_locked():
    assert hexlify(draw()).decode() == DRAW_1000


def test_the_bytes_of_a_readiness_with_time_are_locked():
    assert hexlify(ready_time()).decode() == READY_TIME_7


def test_the_bytes_of_a_recording_ack_are_locked():
    frame = PAIR.build(1000, Ack(frames.PROVEN, frames.REASON_NONE, 1234, 30, 5, DIGEST))
    assert hexlify(frame).decode() == PROVEN_1000


def test_every_frame_fills_a_legacy_advertisement_as_one_structure():
    for frame in (draw(), PAIR.build(7, Ack(frames.HEARD, 0, 0, 0, 0, DIGEST))):
        assert len(frame) == 31 and frame[0] == 30 and frame[1] == 0x21 and is_ours(memoryview(frame))
    assert not is_ours(b"") and not is_ours(draw()[:30]) and not is_ours(b"\x02" + draw()[1:])


def test_a_unit_frame_opens_to_what_was_built():
    unit = open_unit(GROUP, draw(), SLOT)
    assert unit == (frames.DRAW, frames.FLAG_ARMED, 1, 1000, SLOT, DIGEST)


def test_an_event_of_each_kind_opens_to_what_was_built_at_both_ends_of_the_counter():
    for event in frames.EVENT_NAMES:
        for counter in (1, 0xFFFF, 0x10000, frames.COUNTER_MAX):
            unit = open_unit(GROUP, build_unit(HOLSTER, GROUP, event, 5, counter, DIGEST, SLOT), SLOT)
            assert unit[:5] == (event, 5, 1, counter, SLOT)
            assert unit.body == (b"\x1a\x69\x4b\x9a" if event in frames.TIMED else DIGEST)


def test_a_frame_opens_to_whoever_knows_the_time_to_eight_minutes():
    for apart in (0, 1, 31, 32, 127):
        for sign in (1, -1):
            assert open_unit(GROUP, draw(), SLOT + sign * apart).slot == SLOT
    for apart in (128, 255, 510, -128, -255, 100000):
        assert open_unit(GROUP, draw(), SLOT + apart) is None


def test_the_byte_on_the_air_alone_dates_nothing():
    # 17 minutes apart they carry the same byte; only the tag tells them apart.
    early, late = draw(slot=SLOT), draw(slot=SLOT + frames.SLOT_BYTES)
    assert opened(early) == opened(late) and early[17:23] != late[17:23]


def test_a_frame_of_a_unit_without_a_clock_opens_at_any_time_and_says_so():
    for slot in (0, 1, SLOT):
        assert open_unit(GROUP, draw(slot=frames.NO_SLOT), slot).slot == frames.NO_SLOT


def test_no_dated_frame_passes_for_an_undated_one():
    assert open_unit(GROUP, draw(), frames.NO_SLOT) is None
    for slot in range(SLOT, SLOT + 300):
        assert slot_byte(slot) != 0 and 0 < slot_byte(slot) < 256


def test_the_slot_on_the_air_gives_the_nearest_time():
    for own in (1, 2, 127, 128, 254, 255, 256, 300, 5000, SLOT):
        for apart in range(-127, 128):
            if own + apart > 0 and own > frames.SLOT_BYTES:
                assert nearest_slot(slot_byte(own + apart), own) == own + apart
        for byte in range(1, 256):
            slot = nearest_slot(byte, own)
            assert slot > 0 and slot_byte(slot) == byte and abs(slot - own) <= frames.SLOT_BYTES


def test_a_slot_lasts_four_seconds():
    assert slot_at(0) == 0 and slot_at(3999) == 0 and slot_at(4000) == 1 and slot_at(1772433000000) == 443108250


def test_a_time_event_carries_its_slot_whole():
    assert timed_slot(opened(ready_time())) == SLOT
    assert timed_slot(opened(draw())) is None
    assert timed_slot(opened(ready_time(frames.NO_SLOT))) == frames.NO_SLOT
    told = opened(ready_time())
    assert timed_slot(frames.Unit(told.event, 0, 1, 7, told.slot, b"\0\0\0\1")) is None


def test_the_rhythm_is_a_function_of_key_and_counter_that_looks_like_noise():
    values = [HOLSTER.rhythm(counter) for counter in range(200)]
    assert values == [UnitKeys(UNIT_KEY, 1).rhythm(counter) for counter in range(200)]
    assert values != [UnitKeys(GROUP_KEY, 1).rhythm(counter) for counter in range(200)]
    assert len(set(values)) > 195 and min(values) < 3000 and max(values) > 62000
    mean = sum(values) // 200
    assert 28000 < mean < 38000


def test_an_ack_opens_to_what_was_built():
    for kind in frames.ACK_KINDS:
        ack = Ack(kind, frames.REASON_STARTING, 70000, 30, 3, DIGEST)
        assert PAIR.open(PAIR.build(5, ack), 5, kind) == ack


def test_an_ack_saturates_what_does_not_fit():
    ack = PAIR.open(PAIR.build(5, Ack(frames.PROVEN, 0, 1 << 30, 999, 300, DIGEST)), 5, frames.PROVEN)
    assert ack.since_ms == frames.AGE_MAX_MS and ack.buffer_s == ack.crew == 255


def test_any_flipped_bit_is_refused_by_one_tag_or_the_other():
    frame = draw()
    assert (frames.OWN_TAG_AT - frames.TAG_AT, len(frame) - frames.OWN_TAG_AT) == (48 // 8, 64 // 8)
    for bit in range(16, 31 * 8):
        bad = bytearray(frame)
        bad[bit // 8] ^= 1 << bit % 8
        group_ok = open_unit(GROUP, bad, SLOT) is not None
        own_ok = HOLSTER.tag(1000, bad) == bytes(bad[frames.OWN_TAG_AT :])
        # The identifier is bound by both tags; the own tag only by itself: what a group receiver cannot see.
        assert not own_ok
        assert group_ok == (bit >= 23 * 8)


def test_an_altered_ack_is_refused():
    frame = PAIR.build(9, Ack(frames.PROVEN, 0, 1, 2, 3, DIGEST))
    for bit in range(16, 31 * 8):
        bad = bytearray(frame)
        bad[bit // 8] ^= 1 << bit % 8
        assert PAIR.open(bad, 9, frames.PROVEN) is None


def test_an_ack_does_not_serve_another_counter_kind_pair_or_direction():
    frame = PAIR.build(9, Ack(frames.PROVEN, 0, 1, 2, 3, DIGEST))
    assert PAIR.open(frame, 10, frames.PROVEN) is None
    assert PAIR.open(frame, 9, frames.HEARD) is None
    assert PairKeys(PAIR_KEY, 1, 3).open(frame, 9, frames.PROVEN) is None
    assert PairKeys(PAIR_KEY, 2, 1).open(frame, 9, frames.PROVEN) is None
    assert open_unit(GROUP, frame, SLOT) is None


def test_a_frame_of_another_group_does_not_open():
    assert open_unit(GroupKeys(UNIT_KEY), draw(), SLOT) is None


def test_frames_of_following_counters_share_no_byte_pattern():
    a, b = draw(1000), draw(1001)
    assert sum([1 for i in range(2, 31) if a[i] == b[i]]) <= 4


def test_an_exhausted_counter_is_refused_with_advice():
    try:
        draw(frames.COUNTER_MAX + 1)
    except ValueError as error:
        assert "provision" in str(error)
        return
    raise AssertionError("a counter of 25 bits was aired")


def test_keys_that_are_made_anew_give_the_same_frames_and_the_same_rhythm():
    unit, group, pair = UnitKeys(UNIT_KEY, 1), GroupKeys(GROUP_KEY), PairKeys(PAIR_KEY, 1, 2)
    assert hexlify(build_unit(unit, group, frames.DRAW, 1, 1000, DIGEST, SLOT)).decode() == DRAW_1000
    ack = Ack(frames.PROVEN, frames.REASON_NONE, 1234, 30, 5, DIGEST)
    assert hexlify(pair.build(1000, ack)).decode() == PROVEN_1000
    assert (unit.unit, pair.camera) == (1, 2)
    assert UnitKeys(UNIT_KEY, 2).rhythm(7) == 0xF9F1, "as PROTOCOL.md works it through"


def test_units_have_numbers_up_to_the_largest_that_two_bytes_hold():
    keys, pair = UnitKeys(UNIT_KEY, 0xFFFF), PairKeys(PAIR_KEY, 0xFFFF, 0xFFFE)
    unit = open_unit(GROUP, build_unit(keys, GROUP, frames.DRAW, 0, 7, DIGEST, SLOT), SLOT)
    assert (unit.sender, unit.counter) == (0xFFFF, 7)
    ack = Ack(frames.HEARD, 0, 0, 0, 0, DIGEST)
    assert pair.open(pair.build(7, ack), 7, frames.HEARD) == ack
    assert PairKeys(PAIR_KEY, 0xFFFE, 0xFFFF).open(pair.build(7, ack), 7, frames.HEARD) is None


def test_slots_go_on_beyond_the_year_2242_as_far_as_four_bytes_hold_them():
    for slot in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        unit = open_unit(GROUP, ready_time(slot), slot - 3)
        assert unit.slot == timed_slot(opened(ready_time(slot))) == slot
        assert open_unit(GROUP, draw(slot=slot), slot - 100).slot == slot
        assert open_unit(GROUP, draw(slot=slot), slot - 1000) is None
