"""The receiver: own holsters by table, the group by tag, freshness by high-water mark, junk under a limit."""

from interlock.core import frames
from interlock.core.frames import Ack, GroupKeys, PairKeys, UnitKeys, build_unit
from interlock.core.receiver import (
    GROUP,
    GUESTS_PER_S,
    MARKS_MAX,
    OWN,
    OWN_REPEAT,
    OWN_STALE,
    RESERVE_BLOCK,
    WINDOW,
    AckEar,
    Receiver,
)

KEYS = GroupKeys(b"g" * 32)
MINE = UnitKeys(b"m" * 32, 1)
OTHER = UnitKeys(b"o" * 32, 2)
CAMERA = 10
DIGEST = bytes(4)


def receiver(marks=None):
    return Receiver(CAMERA, KEYS, [MINE], {} if marks is None else marks)


def draw(keys, counter, group=KEYS, event=frames.DRAW):
    return build_unit(keys, group, event, 0, counter, DIGEST)


def kind(heard):
    return None if heard is None else heard.kind


def test_an_own_frame_is_new_once_and_then_a_repeat():
    ear = receiver()
    assert kind(ear.hear(draw(MINE, 5), 0)) == OWN
    assert kind(ear.hear(draw(MINE, 5), 20)) == OWN_REPEAT
    assert kind(ear.hear(draw(MINE, 6), 40)) == OWN


def test_an_older_own_frame_is_stale_in_and_outside_the_window():
    ear = receiver()
    ear.hear(draw(MINE, 3), 0)
    ear.hear(draw(MINE, 1000), 0)
    assert ear.marks == {1: 1000}
    for old in (3, 999):
        assert kind(ear.hear(draw(MINE, old), 0)) == OWN_STALE
    assert ear.marks == {1: 1000}


def test_a_holster_that_left_the_window_is_found_again_authentically():
    ear = receiver()
    far = WINDOW * 50
    assert kind(ear.hear(draw(MINE, far), 0)) == OWN
    assert kind(ear.hear(draw(MINE, far + WINDOW - 1), 0)) == OWN
    forged = bytearray(draw(MINE, far + WINDOW * 9))
    forged[30] ^= 1
    assert ear.hear(bytes(forged), 0) is None


def test_an_own_frame_counts_even_when_its_group_key_is_not_ours():
    heard = receiver().hear(draw(MINE, 4, GroupKeys(b"x" * 32)), 0)
    assert heard.kind == OWN and heard.event is None


def test_a_member_of_the_group_is_new_once_and_never_older():
    ear = receiver()
    assert kind(ear.hear(draw(OTHER, 7), 0)) == GROUP
    for counter in (7, 6, 1):
        assert ear.hear(draw(OTHER, counter), 0) is None
    assert kind(ear.hear(draw(OTHER, 8), 0)) == GROUP


def test_marks_restored_after_a_reboot_close_the_door_to_replay():
    first = receiver()
    first.hear(draw(OTHER, 7), 0)
    first.hear(draw(MINE, 9), 0)
    second = receiver(dict(first.marks))
    assert second.hear(draw(OTHER, 7), 0) is None
    assert kind(second.hear(draw(MINE, 9), 0)) == OWN_REPEAT
    assert kind(second.hear(draw(MINE, 8), 0)) == OWN_STALE


def test_a_forged_sender_cannot_move_the_mark_of_an_own_holster():
    # A member of the group that pretends to be holster 1: right group tag, wrong own tag.
    impostor = UnitKeys(b"o" * 32, 1)
    ear = receiver()
    ear.hear(draw(MINE, 5), 0)
    assert ear.hear(draw(impostor, 500), 0) is None
    assert ear.marks == {1: 5}


def test_our_own_echo_and_strangers_are_nothing():
    ear = receiver()
    assert ear.hear(draw(UnitKeys(b"c" * 32, CAMERA), 5), 0) is None
    assert ear.hear(draw(OTHER, 5, GroupKeys(b"x" * 32)), 0) is None
    assert ear.junk == 1


def test_a_flood_of_junk_neither_stops_an_own_frame_nor_costs_more_than_its_budget():
    ear = receiver()
    for i in range(GUESTS_PER_S * 3):
        junk = b"\x1e\x21" + bytes([i]) * 29
        assert ear.hear(junk, 10) is None
    assert ear.junk == GUESTS_PER_S
    assert kind(ear.hear(draw(MINE, 1), 11)) == OWN
    assert ear.hear(draw(OTHER, 1), 12) is None
    assert kind(ear.hear(draw(OTHER, 1), 1010)) == GROUP


def test_repeats_of_other_peoples_frames_cost_nothing_but_the_first_try():
    ear = receiver()
    for i in range(5):
        for _ in range(GUESTS_PER_S):
            assert ear.hear(PairKeys(b"p" * 32, 50, 51).build(i, Ack(frames.HEARD, 0, 0, 0, DIGEST)), 10) is None
    assert ear.junk == 5
    assert kind(ear.hear(draw(OTHER, 1), 11)) == GROUP


def test_a_spoilt_copy_of_a_group_frame_does_not_hide_the_true_one():
    ear = receiver()
    true = draw(OTHER, 1)
    spoilt = bytearray(true)
    spoilt[12] ^= 1
    assert ear.hear(bytes(spoilt), 0) is None
    assert kind(ear.hear(true, 0)) == GROUP


def test_a_holster_that_lost_power_is_known_at_once_even_in_a_flood():
    for heard in (3, RESERVE_BLOCK - 2, RESERVE_BLOCK * 4 + 70):
        for blocks in (1, 2, 3):
            ear = receiver({1: heard})
            for i in range(GUESTS_PER_S * 2):
                ear.hear(b"\x1e\x21" + bytes([i]) * 29, 10)
            resumed = (heard // RESERVE_BLOCK + blocks) * RESERVE_BLOCK + 1
            assert kind(ear.hear(draw(MINE, resumed), 11)) == OWN
            ear.tidy()
            assert kind(ear.hear(draw(MINE, resumed + 5), 12)) == OWN


def test_no_frame_costs_more_than_three_hmacs_before_it_is_followed():
    class Counting:
        def __init__(self, hmac):
            self.hmac = hmac

        def digest(self, message):
            made.append(1)
            return self.hmac.digest(message)

    made = []
    group = GroupKeys(b"g" * 32)
    keys = UnitKeys(b"m" * 32, 1)
    for owner in (group, keys):
        for name in ("_enc", "_mac", "_id"):
            if hasattr(owner, name):
                setattr(owner, name, Counting(getattr(owner, name)))
    ear = Receiver(CAMERA, group, [keys], {})
    for frame in (
        draw(MINE, 20),
        draw(MINE, 20),
        draw(MINE, RESERVE_BLOCK + 1),
        draw(OTHER, 1),
        b"\x1e\x21" + bytes(29),
    ):
        del made[:]
        ear.hear(frame, 0)
        assert len(made) <= 3


def test_the_table_of_marks_is_bounded_and_keeps_the_own_holsters():
    ear = receiver()
    ear.hear(draw(MINE, 1), 0)
    for unit in range(100, 100 + MARKS_MAX + 5):
        ear.hear(draw(UnitKeys(b"u" * 32, unit), 50), unit * 1000)
    assert len(ear.marks) == MARKS_MAX and ear.marks[1] == 1


def test_acks_to_the_newest_two_frames_are_recognised_and_no_others():
    pair = PairKeys(b"p" * 32, 1, CAMERA)
    ear = AckEar([pair])
    ear.expect(5)
    ear.expect(6)
    for counter in (5, 6):
        heard = ear.hear(pair.build(counter, Ack(frames.PROVEN, 0, 3, 4, DIGEST)))
        assert (heard.camera, heard.counter, heard.ack.since_ms) == (CAMERA, counter, 3)
    ear.expect(7)
    assert ear.hear(pair.build(5, Ack(frames.PROVEN, 0, 3, 4, DIGEST))) is None
    forged = bytearray(pair.build(7, Ack(frames.PROVEN, 0, 3, 4, DIGEST)))
    forged[20] ^= 4
    assert ear.hear(bytes(forged)) is None


def test_a_camera_whose_key_changes_is_heard_under_both_until_it_speaks_under_the_later():
    old, new = PairKeys(b"p" * 32, 1, CAMERA), PairKeys(b"q" * 32, 1, CAMERA)
    other = PairKeys(b"r" * 32, 1, CAMERA + 1)
    ear = AckEar([old, new, other])
    ack = Ack(frames.HEARD, frames.REASON_NONE, 0, 0, DIGEST)
    ear.expect(1)
    assert ear.hear(old.build(1, ack)).camera == CAMERA
    ear.expect(2)
    assert ear.hear(old.build(2, ack)) is not None
    assert ear.hear(new.build(2, ack)) is not None
    for counter in (3, 4):
        ear.expect(counter)
    assert ear.hear(old.build(4, ack)) is None
    assert ear.hear(new.build(4, ack)) is not None and ear.hear(other.build(4, ack)) is not None
