"""The receiver: partners by table, the group by tag and time, freshness by high-water mark.

Floods and work: `test_receiver_floods.py`; the holster's ear for acks: `test_ack_ear.py`; an attacker with his way:
`tests/property/test_adversary.py`.
"""

from interlock.core import frames
from interlock.core.expected import NEAR
from interlock.core.frames import GroupKeys, UnitKeys
from interlock.core.receiver import GROUP, MARKS_MAX, OWN, OWN_LATE, OWN_REPEAT, OWN_STALE, SLOTS_APART, UNDATED

from .receiver_world import (
    CAMERA,
    DIGEST,
    HOUR,
    KEYS,
    MINE,
    NO_CLOCK,
    OTHER,
    OTHER_EPOCH,
    SLOT,
    draw,
    hear,
    receiver,
    settle,
)

# Partners.


def test_an_own_frame_is_new_once_and_then_a_repeat():
    for slot in (SLOT, NO_CLOCK):
        ear = receiver()
        assert hear(ear, draw(MINE, 5), 0, slot) == OWN
        assert hear(ear, draw(MINE, 5), 20, slot) == OWN_REPEAT
        assert hear(ear, draw(MINE, 6), 40, slot) == OWN


def test_what_was_heard_comes_with_everything_that_it_said():
    ear = receiver()
    assert ear.hear(draw(MINE, 5), 0, SLOT + 2) == (OWN, 1, 5, frames.DRAW, 0, DIGEST, SLOT)
    assert ear.hear(draw(OTHER, 6), 0, SLOT - 2) == (GROUP, 2, 6, frames.DRAW, 0, DIGEST, SLOT)
    assert ear.hear(draw(MINE, 6), 0, NO_CLOCK) == (OWN, 1, 6, frames.DRAW, 0, DIGEST, NO_CLOCK)


def test_an_older_own_frame_is_stale_in_and_outside_the_window():
    ear = receiver()
    hear(ear, draw(MINE, 3))
    hear(ear, draw(MINE, 1000))
    assert ear.marks == {1: 1000}
    for old in (3, 999):
        assert hear(ear, draw(MINE, old)) == OWN_STALE
    settle(ear)
    assert hear(ear, draw(MINE, 998)) == OWN_STALE
    assert ear.marks == {1: 1000} and ear.replays == 0


def test_a_partner_that_left_the_tables_is_found_again_authentically():
    ear = receiver()
    far = NEAR * 500
    assert hear(ear, draw(MINE, far)) == OWN
    assert hear(ear, draw(MINE, far + NEAR - 1)) == OWN
    forged = bytearray(draw(MINE, far + NEAR * 90))
    forged[30] ^= 1
    assert ear.hear(bytes(forged), 0, SLOT) is None


def test_an_own_frame_counts_even_when_its_group_key_is_not_ours():
    heard = receiver().hear(draw(MINE, 4, GroupKeys(b"x" * 32)), 0, SLOT)
    assert heard.kind == OWN and heard.event is None and heard.slot == NO_CLOCK


def test_a_forged_sender_cannot_move_the_mark_of_a_partner():
    # A member of the group that pretends to be holster 1: right group tag, wrong own tag.
    impostor = UnitKeys(b"o" * 32, 1)
    for slot in (SLOT, NO_CLOCK):
        ear = receiver()
        hear(ear, draw(MINE, 5), 0, slot)
        assert ear.hear(draw(impostor, 500), 0, slot) is None
        assert ear.marks == {1: 5}


def test_a_partner_whose_unit_key_changes_is_heard_under_both_until_it_speaks_under_the_later():
    later = UnitKeys(b"l" * 32, 1)
    ear = receiver(partners=(MINE, later, OTHER))
    assert hear(ear, draw(MINE, 5)) == OWN
    assert hear(ear, draw(MINE, 600)) == OWN
    assert hear(ear, draw(later, 601)) == OWN
    assert hear(ear, draw(later, 601)) == OWN_REPEAT
    for counter in (602, 700, 2000):
        assert ear.hear(draw(MINE, counter), 0, SLOT) is None
    assert hear(ear, draw(later, 2000)) == OWN and hear(ear, draw(OTHER, 1)) == OWN


def test_a_partner_listed_twice_under_one_key_goes_on():
    ear = receiver(partners=(MINE, UnitKeys(b"m" * 32, 1)))
    for counter in (5, 600, 601):
        assert hear(ear, draw(MINE, counter)) == OWN
        assert hear(ear, draw(MINE, counter)) == OWN_REPEAT
        settle(ear)
    assert hear(ear, draw(MINE, 599)) == OWN_STALE


# Dates of partners.


def test_an_event_dated_minutes_off_is_followed_and_flagged_and_its_repeat_is_a_repeat():
    for apart in (SLOTS_APART + 1, 100, 127, 128, 255, HOUR, -SLOTS_APART - 1, -128, -255, -HOUR):
        ear = receiver()
        assert hear(ear, draw(MINE, 5), 0, SLOT + apart) == OWN_LATE
        assert hear(ear, draw(MINE, 5), 0, SLOT + apart) == OWN_REPEAT
        assert ear.marks == {1: 5} and ear.replays == 0


def test_clocks_two_minutes_apart_are_on_time_either_way():
    for apart in (SLOTS_APART, -SLOTS_APART, 0):
        assert hear(receiver(), draw(MINE, 5), 0, SLOT + apart) == OWN
        assert hear(receiver(), draw(OTHER, 5), 0, SLOT + apart) == GROUP


def test_renewals_presence_and_readiness_have_no_value_late():
    for event in (frames.OUT,) + frames.PRESENCE + frames.READINESS:
        for apart in (SLOTS_APART + 1, 255, HOUR):
            ear = receiver()
            for _ in range(3):
                assert ear.hear(draw(MINE, 5, event=event), 0, SLOT + apart) is None
            assert ear.replays == 1
            if event in frames.TIMED or apart < 128:
                # Dated ahead it is no old frame: one of the two clocks is wrong.
                assert hear(receiver(), draw(MINE, 5, event=event), 0, SLOT - apart) == OWN_LATE
            assert hear(receiver(), draw(MINE, 5, event=event)) == OWN


def test_a_holster_whose_clock_is_an_hour_wrong_serves_its_pair_through_a_use():
    ear = receiver()
    events = (
        frames.DRAW,
        frames.OUT,
        frames.OUT,
        frames.ARM,
        frames.OUT,
        frames.DISCHARGE,
        frames.OUT,
        frames.REHOLSTER,
    )
    for wrong in (HOUR, -HOUR):
        for use in range(2):
            for i, event in enumerate(events):
                slot = SLOT + use * 300 + i * 10
                counter = ear.marks.get(1, 0) + 1
                assert hear(ear, draw(MINE, counter, event=event, slot=slot + wrong), 0, slot) == OWN_LATE
                settle(ear)


def test_renewals_go_on_late_only_if_they_stray_as_the_event_did():
    ear = receiver()
    assert hear(ear, draw(MINE, 5), 0, SLOT + 100) == OWN_LATE
    assert hear(ear, draw(MINE, 6, event=frames.OUT), 0, SLOT + 100 + SLOTS_APART) == OWN_LATE
    assert ear.hear(draw(MINE, 7, event=frames.OUT), 0, SLOT + 100 + SLOTS_APART + 1) is None
    # A frame on time says that the clock is right.
    assert hear(ear, draw(MINE, 8), 0, SLOT) == OWN
    assert ear.hear(draw(MINE, 9, event=frames.OUT), 0, SLOT + 100) is None


def test_the_newest_frame_played_again_after_a_reboot_opens_no_door_to_renewals():
    ear = receiver({1: 5})
    assert ear.hear(draw(MINE, 5), 0, SLOT + HOUR) is None
    for counter in range(6, 20):
        assert ear.hear(draw(MINE, counter, event=frames.OUT), 0, SLOT + HOUR) is None
    assert ear.replays == 15
    assert hear(receiver({1: 5}), draw(MINE, 5), 0, SLOT + SLOTS_APART) == OWN_REPEAT


def test_an_old_own_frame_from_minutes_ago_is_a_replay_and_a_recent_one_is_stale():
    ear = receiver({1: 100})
    assert ear.hear(draw(MINE, 50), 0, SLOT + SLOTS_APART + 1) is None
    assert ear.hear(draw(MINE, 51), 0, SLOT + 255) is None
    assert ear.replays == 2
    assert hear(ear, draw(MINE, 52), 0, SLOT + SLOTS_APART) == OWN_STALE
    assert hear(ear, draw(MINE, 53, slot=NO_CLOCK)) == OWN_STALE
    assert hear(ear, draw(MINE, 54), 0, NO_CLOCK) == OWN_STALE
    assert ear.hear(draw(MINE, 55, event=frames.READY), 0, SLOT) is None, "what only says *there* is worth nothing late"


def test_a_partners_time_event_tells_a_unit_without_a_clock_the_time():
    for event in frames.TIMED:
        assert receiver().hear(draw(MINE, 5, event=event), 0, NO_CLOCK).slot == SLOT
        assert receiver().hear(draw(MINE, 5, event=event), 0, SLOT + HOUR) is None
        # A unit whose clock an old frame set is told better.
        told = receiver().hear(draw(MINE, 5, event=event), 0, SLOT - 21600)
        assert (told.kind, told.slot) == (OWN_LATE, SLOT)
    assert receiver().hear(draw(MINE, 5), 0, NO_CLOCK).slot == NO_CLOCK


# Strangers.


def test_a_member_of_the_group_is_new_once_and_never_older():
    ear = receiver()
    assert hear(ear, draw(OTHER, 7)) == GROUP
    for counter in (7, 6, 1):
        assert ear.hear(draw(OTHER, counter), 0, SLOT) is None
    assert hear(ear, draw(OTHER, 8)) == GROUP


def test_without_a_clock_a_unit_serves_its_partners_only():
    ear = receiver()
    assert ear.hear(draw(OTHER, 7), 0, NO_CLOCK) is None
    assert ear.hear(draw(OTHER, 8, slot=NO_CLOCK), 0, NO_CLOCK) is None
    assert hear(ear, draw(MINE, 7), 0, NO_CLOCK) == OWN
    assert hear(ear, draw(MINE, 5000), 0, NO_CLOCK) == OWN
    assert ear.marks == {1: 5000} and ear.junk == 0


def test_a_strangers_frame_from_minutes_ago_or_ahead_is_a_replay():
    for apart in (SLOTS_APART + 1, 127, -SLOTS_APART - 1, -127):
        ear = receiver()
        assert ear.hear(draw(OTHER, 7), 0, SLOT + apart) is None
        assert (ear.replays, ear.junk, ear.marks) == (1, 0, {})
    # Beyond the reach of the byte on the air nothing fits, though the byte itself may look fresh.
    for apart in (128, 255, 255 + 3, 510, HOUR, -255):
        ear = receiver()
        assert ear.hear(draw(OTHER, 7), 0, SLOT + apart) is None
        assert (ear.replays, ear.junk, ear.marks) == (0, 1, {})


def test_a_stranger_without_a_clock_is_told_apart_and_new_once():
    ear = receiver()
    assert hear(ear, draw(OTHER, 7, slot=NO_CLOCK)) == UNDATED
    for counter in (7, 6):
        assert ear.hear(draw(OTHER, counter, slot=NO_CLOCK), 0, SLOT + HOUR) is None
    assert hear(ear, draw(OTHER, 8)) == GROUP


def test_both_epochs_of_the_group_are_taken_and_no_third():
    for groups in ((KEYS, OTHER_EPOCH), (OTHER_EPOCH, KEYS), (KEYS, KEYS)):
        ear = receiver(groups=groups)
        assert hear(ear, draw(OTHER, 7)) == GROUP
        assert ear.hear(draw(OTHER, 7), 0, SLOT) is None
        assert hear(ear, draw(MINE, 7)) == OWN
        if OTHER_EPOCH in groups:
            assert hear(ear, draw(OTHER, 8, OTHER_EPOCH)) == GROUP
            assert hear(ear, draw(MINE, 9000, OTHER_EPOCH)) == OWN
        assert ear.hear(draw(OTHER, 9, GroupKeys(b"x" * 32)), 0, SLOT) is None
        assert ear.junk == 1


def test_our_own_echo_and_strangers_are_nothing():
    ear = receiver()
    assert ear.hear(draw(UnitKeys(b"c" * 32, CAMERA), 5), 0, SLOT) is None
    assert ear.hear(draw(OTHER, 5, GroupKeys(b"x" * 32)), 0, SLOT) is None
    assert ear.junk == 1


# Marks.


def test_marks_restored_after_a_reboot_close_the_door_to_replay():
    first = receiver()
    hear(first, draw(OTHER, 7))
    hear(first, draw(MINE, 9))
    second = receiver(dict(first.marks))
    assert second.hear(draw(OTHER, 7), 0, SLOT) is None
    assert hear(second, draw(MINE, 9)) == OWN_REPEAT
    assert hear(second, draw(MINE, 8)) == OWN_STALE


def test_the_table_of_marks_is_bounded_and_keeps_the_partners():
    ear = receiver()
    hear(ear, draw(MINE, 1))
    for unit in range(100, 100 + MARKS_MAX + 5):
        slot = SLOT + unit
        assert hear(ear, draw(UnitKeys(b"u" * 32, unit), 50, slot=slot), unit * 1000, slot) == GROUP
    assert len(ear.marks) == MARKS_MAX + 1 and ear.marks[1] == 1


def crowd(ear, count, slot):
    """So many strangers, each in a slot of its own."""
    for unit in range(100, 100 + count):
        assert hear(ear, draw(UnitKeys(b"u" * 32, unit), 50, slot=slot + unit - 100), unit * 1000, slot) == GROUP


def test_a_stranger_that_was_forgotten_stays_out_with_its_old_frames_and_comes_back_with_new_ones():
    ear = receiver()
    crowd(ear, MARKS_MAX - 1, SLOT)
    hear(ear, draw(OTHER, 7, slot=SLOT - 3))  # whose clock lags: it is the first to be forgotten
    for unit in range(200, 204):
        hear(ear, draw(UnitKeys(b"u" * 32, unit), 9, slot=SLOT + 20), 60000)
    assert 2 not in ear.marks and len(ear.marks) == MARKS_MAX
    for i in range(20):  # and its bytes, too, are forgotten
        hear(ear, draw(MINE, 9000 + 100 * i), 80000)
    for counter in (6, 7):
        assert ear.hear(draw(OTHER, counter, slot=SLOT - 3), 90000, SLOT) is None
    assert ear.replays == 2
    assert hear(ear, draw(OTHER, 8, slot=SLOT + 9), 90000) == GROUP


def test_a_stranger_known_from_before_the_boot_may_be_forgotten_and_its_old_frames_stay_out():
    marks = dict.fromkeys(range(300, 300 + MARKS_MAX), 7)
    ear = receiver(marks)
    assert hear(ear, draw(OTHER, 7, slot=SLOT), 0, SLOT) == GROUP
    forgotten = [unit for unit in range(300, 300 + MARKS_MAX) if unit not in ear.marks]
    assert len(forgotten) == 1
    assert ear.hear(draw(UnitKeys(b"u" * 32, forgotten[0]), 7, slot=SLOT - 1), 0, SLOT) is None
    later = SLOT + 2 * SLOTS_APART + 1
    assert hear(ear, draw(UnitKeys(b"u" * 32, forgotten[0]), 8, slot=later), 0, later) == GROUP


def test_a_clock_that_is_put_back_locks_nobody_out():
    ear = receiver(dict.fromkeys(range(300, 300 + MARKS_MAX), 7))
    hear(ear, draw(OTHER, 7, slot=SLOT + HOUR), 0, SLOT + HOUR)
    assert hear(ear, draw(UnitKeys(b"u" * 32, 500), 1, slot=SLOT), 0, SLOT) == GROUP
