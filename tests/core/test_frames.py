"""Frames: their bytes are locked here and worked through in PROTOCOL.md."""

from binascii import hexlify

from interlock.core import frames
from interlock.core.frames import Ack, GroupKeys, PairKeys, UnitKeys, build_unit, is_ours, open_unit

UNIT_KEY = bytes(range(32))
GROUP_KEY = bytes(range(32, 64))
PAIR_KEY = bytes(range(64, 96))
HOLSTER = UnitKeys(UNIT_KEY, 1)
GROUP = GroupKeys(GROUP_KEY)
PAIR = PairKeys(PAIR_KEY, 1, 2)
DIGEST = b"\xca\xfe\xba\xbe"

DRAW_1000 = "1e21d05a489ff793a15c012a7a2d94c128da61fcc476db2d97659343b3ebb7"
PROVEN_1000 = "1e21383a91fa4d5bd6a5b6622552554aea136f7d3448a54dff670208c8b175"


def draw(counter=1000, flags=frames.FLAG_ARMED):
    return build_unit(HOLSTER, GROUP, frames.DRAW, flags, counter, DIGEST)


def test_the_bytes_of_a_draw_are_locked():
    assert hexlify(draw()).decode() == DRAW_1000


def test_the_bytes_of_a_recording_ack_are_locked():
    frame = PAIR.build(1000, Ack(frames.PROVEN, frames.REASON_NONE, 1234, 30, DIGEST))
    assert hexlify(frame).decode() == PROVEN_1000


def test_every_frame_fills_a_legacy_advertisement_as_one_structure():
    for frame in (draw(), PAIR.build(7, Ack(frames.HEARD, 0, 0, 0, DIGEST))):
        assert len(frame) == 31 and frame[0] == 30 and frame[1] == 0x21 and is_ours(memoryview(frame))
    assert not is_ours(b"") and not is_ours(draw()[:30]) and not is_ours(b"\x02" + draw()[1:])


def test_a_unit_frame_opens_to_what_was_built():
    unit = open_unit(GROUP, draw())
    assert unit == (frames.DRAW, frames.FLAG_ARMED, 1, 1000, DIGEST)


def test_an_ack_opens_to_what_was_built():
    for kind in frames.ACK_KINDS:
        ack = Ack(kind, frames.REASON_STARTING, 70000, 30, DIGEST)
        assert PAIR.open(PAIR.build(5, ack), 5, kind) == ack


def test_an_ack_saturates_what_does_not_fit():
    ack = PAIR.open(PAIR.build(5, Ack(frames.PROVEN, 0, 1 << 30, 999, DIGEST)), 5, frames.PROVEN)
    assert ack.since_ms == frames.AGE_MAX_MS and ack.buffer_s == 255


def test_any_flipped_bit_is_refused_by_one_tag_or_the_other():
    frame = draw()
    for bit in range(16, 31 * 8):
        bad = bytearray(frame)
        bad[bit // 8] ^= 1 << bit % 8
        group_ok = open_unit(GROUP, bad) is not None
        own_ok = HOLSTER.tag(1000, bad) == bytes(bad[frames.OWN_TAG_AT :])
        # The identifier is bound by both tags; the own tag only by itself: what a group receiver cannot see.
        assert not own_ok
        assert group_ok == (bit >= 23 * 8)


def test_an_altered_ack_is_refused():
    frame = PAIR.build(9, Ack(frames.PROVEN, 0, 1, 2, DIGEST))
    for bit in range(16, 31 * 8):
        bad = bytearray(frame)
        bad[bit // 8] ^= 1 << bit % 8
        assert PAIR.open(bad, 9, frames.PROVEN) is None


def test_an_ack_does_not_serve_another_counter_kind_pair_or_direction():
    frame = PAIR.build(9, Ack(frames.PROVEN, 0, 1, 2, DIGEST))
    assert PAIR.open(frame, 10, frames.PROVEN) is None
    assert PAIR.open(frame, 9, frames.HEARD) is None
    assert PairKeys(PAIR_KEY, 1, 3).open(frame, 9, frames.PROVEN) is None
    assert PairKeys(PAIR_KEY, 2, 1).open(frame, 9, frames.PROVEN) is None
    assert open_unit(GROUP, frame) is None


def test_a_frame_of_another_group_does_not_open():
    assert open_unit(GroupKeys(UNIT_KEY), draw()) is None


def test_frames_of_following_counters_share_no_byte_pattern():
    a, b = draw(1000), draw(1001)
    assert sum([1 for i in range(2, 31) if a[i] == b[i]]) <= 4


def test_an_exhausted_counter_is_refused_with_advice():
    try:
        draw(frames.COUNTER_MAX + 1)
    except ValueError as error:
        assert "provision" in str(error)
        return
    raise AssertionError("a counter of 33 bits was aired")
