"""What a receiver makes of frames in doubt: repeats, strays, noise that looks like a word, and marks from before."""

from hashlib import sha256

from interlock.core import frames
from interlock.core.frames import UnitKeys, build_unit, unpack_unit
from interlock.core.receiver import (
    _JUNK,
    GROUP,
    GUESTS_PER_S,
    MARKS_MAX,
    OWN,
    OWN_LATE,
    OWN_REPEAT,
    SLOTS_APART,
    UNDATED,
)
from tests.core.receiver_world import (
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
    junk,
    receiver,
)


def test_a_repeat_says_all_that_the_frame_said():
    ear = receiver()
    frame = draw(MINE, 5)
    first = ear.hear(frame, 0, SLOT)
    again = ear.hear(frame, 0, SLOT)
    assert (first.kind, again.kind) == (OWN, OWN_REPEAT)
    assert tuple(again)[1:] == tuple(first)[1:] == (1, 5, frames.DRAW, 0, DIGEST, SLOT)


def test_noise_under_a_key_that_we_lack_is_no_word_of_the_partner_though_it_names_it():
    """One frame in 65,536 under another group's key reveals the right sender by chance, and not its counter."""
    frame = draw(MINE, 30410, group=OTHER_EPOCH)
    noise = unpack_unit(KEYS.reveal(frame))
    assert noise.sender == MINE.unit and noise.counter != 30410
    heard = receiver({1: 30409}).hear(frame, 0, SLOT)
    assert tuple(heard) == (OWN, MINE.unit, 30410, None, 0, None, NO_CLOCK)


def test_only_a_frame_dated_on_time_says_that_the_partners_clock_is_right_again():
    """One without a date, or heard without a clock, says nothing of it: renewals are followed on."""
    for slot, now_slot in ((NO_CLOCK, SLOT + 100), (SLOT, NO_CLOCK)):
        ear = receiver()
        assert hear(ear, draw(MINE, 5), 0, SLOT + 100) == OWN_LATE
        assert hear(ear, draw(MINE, 6, slot=slot), 0, now_slot) == OWN
        assert hear(ear, draw(MINE, 7, event=frames.OUT), 0, SLOT + 100) == OWN_LATE
    for late in (100, HOUR):
        ear = receiver()
        assert hear(ear, draw(MINE, 5), 0, SLOT + late) == OWN_LATE
        assert hear(ear, draw(MINE, 6), 0, SLOT) == OWN
        assert ear.hear(draw(MINE, 7, event=frames.OUT), 0, SLOT + late) is None


def test_what_was_tried_as_a_strangers_is_spent_and_nothing_else_is():
    ear = receiver()
    own, known, other = draw(MINE, 5), draw(OTHER, 5), draw(OTHER, 6)
    for frame in (own, known, junk(1)):
        ear.hear(frame, 0, SLOT)
    assert ear.is_spent(known) and ear.is_spent(junk(1))
    assert not ear.is_spent(own) and not ear.is_spent(other) and not ear.is_spent(junk(2))


def test_marks_from_before_the_boot_count_as_old_as_the_boot_however_late_they_are_forgotten():
    ear = receiver(dict.fromkeys(range(300, 300 + MARKS_MAX), 7))
    hear(ear, draw(MINE, 1), 0, SLOT)
    for newcomer in (500, 501, 502):
        late = draw(UnitKeys(b"u" * 32, newcomer), 1, slot=SLOT + HOUR)
        assert hear(ear, late, newcomer * 1000, SLOT + HOUR) == GROUP


def test_a_stranger_without_a_clock_is_the_last_to_be_forgotten():
    ear = receiver()
    undated = draw(OTHER, 7, slot=NO_CLOCK)
    assert hear(ear, undated) == UNDATED
    for unit in range(300, 300 + MARKS_MAX):
        assert hear(ear, draw(UnitKeys(b"u" * 32, unit), 1), unit * 1000) == GROUP
    assert OTHER.unit in ear.marks and len(ear.marks) == MARKS_MAX and CAMERA not in ear.marks


def test_a_time_that_is_told_to_a_unit_without_a_clock_or_by_one_is_an_own_frame_like_others():
    for event in frames.TIMED:
        assert hear(receiver(), draw(MINE, 5, event=event), 0, NO_CLOCK) == OWN
        assert hear(receiver(), draw(MINE, 5, event=event, slot=NO_CLOCK), 0, SLOT) == OWN


def test_renewals_may_stray_from_their_event_by_two_minutes_to_either_side():
    for by, heard in ((SLOTS_APART, OWN_LATE), (-SLOTS_APART, OWN_LATE), (SLOTS_APART + 1, None), (-40, None)):
        ear = receiver()
        assert hear(ear, draw(MINE, 5), 0, SLOT + HOUR) == OWN_LATE
        assert hear(ear, draw(MINE, 6, event=frames.OUT), 0, SLOT + HOUR + by) == heard


def test_tries_are_granted_at_the_rate_that_is_written_whatever_the_instants():
    """Ten seconds of junk, a frame each five milliseconds: new ones only, then each of them twice."""
    for copies, per_s in ((1, GUESTS_PER_S // 2), (2, GUESTS_PER_S)):
        ear = receiver()
        ahead = GUESTS_PER_S * (1 + copies) // 2
        for turn in range(2000):
            ear.hear(junk(turn // copies), turn * 5, SLOT)
        assert 0.85 * per_s * 10 <= ear.junk - ahead <= 1.15 * per_s * 10
        assert ear.limited > 0


def test_frames_of_members_are_tried_at_that_rate_too():
    """Ten seconds of authentic frames of units with low numbers; the ends of their journals are any bytes."""
    members = [UnitKeys(b"u" * 32, 20 + i) for i in range(8)]
    for copies, per_s in ((1, GUESTS_PER_S // 2), (2, GUESTS_PER_S)):
        ear, tried = receiver(), 0
        for turn in range(2000):
            number = turn // copies
            if turn % copies == 0:
                digest = sha256(bytes([number >> 8, number & 255])).digest()[:4]
                frame = build_unit(members[number % 8], KEYS, frames.DRAW, 0, number + 1, digest, SLOT)
            tried += hear(ear, frame, turn * 5) == GROUP
        tried -= GUESTS_PER_S * (1 + copies) // 2
        assert 0.85 * per_s * 10 <= tried <= 1.15 * per_s * 10


def test_a_partner_far_outside_its_tables_is_found_under_either_epoch_without_a_clock_and_is_spent():
    for group in (KEYS, OTHER_EPOCH):
        ear = receiver(groups=(OTHER_EPOCH, KEYS))
        frame = draw(MINE, 500002, group=group)
        assert hear(ear, frame, 0, NO_CLOCK) == OWN
        assert ear.is_spent(frame)


def member(ear, unit, counter, slot, now_slot=SLOT):
    """How a frame of this unit, which is no partner, is heard. Tries are never short."""
    return hear(ear, draw(UnitKeys(b"u" * 32, unit), counter, slot=slot), unit * 1000 + counter * 100, now_slot)


def test_the_stranger_whose_date_is_oldest_is_forgotten_and_what_is_dated_so_stays_out():
    ear = receiver()
    for unit in range(300, 300 + MARKS_MAX):
        assert member(ear, unit, 1, SLOT - 9 if unit == 310 else SLOT) == GROUP
    assert member(ear, 400, 1, SLOT) == GROUP
    assert 310 not in ear.marks and len(ear.marks) == MARKS_MAX
    assert member(ear, 401, 1, SLOT - 9) is None and member(ear, 402, 1, SLOT - 8) == GROUP


def test_what_is_dated_as_a_forgotten_stranger_was_stays_out_though_undated_ones_were_forgotten_first():
    ear = receiver()
    for unit in range(300, 301 + MARKS_MAX):
        assert member(ear, unit, 1, NO_CLOCK) == UNDATED
    for later in range(20):  # each makes room for the next; the first one's bytes, too, are forgotten
        assert member(ear, 400 + later, 1, SLOT + later) == GROUP
    assert 400 not in ear.marks and ear.replays == 0
    assert member(ear, 400, 1, SLOT) is None and ear.replays == 1


def test_a_stranger_whose_clock_was_put_back_is_as_old_as_its_latest_date():
    ear = receiver()
    for unit in range(300, 300 + MARKS_MAX):
        assert member(ear, unit, 1, SLOT) == GROUP
    assert member(ear, 310, 2, SLOT - 9) == GROUP
    assert member(ear, 400, 1, SLOT) == GROUP
    assert member(ear, 401, 1, SLOT) is None, "what was forgotten was dated so"


def test_of_undated_strangers_any_may_be_forgotten_and_dated_ones_are_still_heard():
    ear = receiver()
    for unit in range(300, 302 + MARKS_MAX):
        assert member(ear, unit, 1, NO_CLOCK) == UNDATED
    assert len(ear.marks) == len(ear._newest) == MARKS_MAX
    assert member(ear, 400, 1, SLOT) == GROUP


def test_junk_is_remembered_up_to_a_number_and_the_oldest_goes_first():
    ear = receiver()
    for number in range(_JUNK):
        ear.hear(junk(number), number * 1000, SLOT)
    assert ear.is_spent(junk(0))
    ear.hear(junk(_JUNK), _JUNK * 1000, SLOT)
    assert not ear.is_spent(junk(0)) and ear.is_spent(junk(1)) and ear.is_spent(junk(_JUNK))


def test_at_one_instant_so_many_new_frames_and_half_as_many_that_come_again_are_tried():
    ear = receiver()
    for number in range(GUESTS_PER_S):
        ear.hear(junk(number), 0, SLOT)
    for begin in (100, 200):
        for number in list(range(begin, begin + 12)) * 2:
            ear.hear(junk(number), 0, SLOT)
    # Each try moves the next one by half its time at most, either way: some come early.
    assert 0 <= ear.junk - GUESTS_PER_S - GUESTS_PER_S // 2 <= 8
