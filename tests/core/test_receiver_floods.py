"""The receiver in a flood: who is heard all the same, and what it costs."""

from interlock.core import frames
from interlock.core.expected import FAR, FAR_STEP, NEAR
from interlock.core.frames import Ack, PairKeys, UnitKeys
from interlock.core.receiver import GROUP, GUESTS_PER_S, OWN, RESERVE_BLOCK

from .receiver_world import (
    DIGEST,
    KEYS,
    MINE,
    NO_CLOCK,
    OTHER,
    OTHER_EPOCH,
    SLOT,
    cost,
    draw,
    hear,
    hmacs_of,
    junk,
    receiver,
    settle,
)


def test_a_flood_of_junk_neither_stops_an_own_frame_nor_costs_more_than_its_budget():
    ear = receiver()
    for i in range(GUESTS_PER_S * 3):
        assert ear.hear(junk(i), 10, SLOT) is None
    # The gate's secret jitter gives or takes a few.
    assert abs(ear.junk - GUESTS_PER_S) < 8 and ear.junk + ear.limited == 3 * GUESTS_PER_S
    assert hear(ear, draw(MINE, 1), 11) == OWN
    assert ear.hear(draw(OTHER, 1), 12, SLOT) is None
    assert hear(ear, draw(OTHER, 1), 1010) == GROUP


def test_a_partner_unheard_for_long_is_known_again_within_eight_frames_whatever_else_is_on_the_air():
    for mark in (0, 5, 254, 256, 4000):
        for gap in (NEAR, 100, 500, FAR * FAR_STEP - FAR_STEP):
            ear = receiver({1: mark})
            settle(ear)
            for i in range(GUESTS_PER_S * 2):
                ear.hear(junk(i), 10, SLOT)
            kinds = []
            for i in range(FAR_STEP):
                kinds.append(hear(ear, draw(MINE, mark + gap + i), 10))
                ear.tidy()
            first = kinds.index(OWN)
            assert kinds == [None] * first + [OWN] * (FAR_STEP - first)


def test_a_partner_never_heard_is_expected_as_one_whose_mark_is_nought():
    for marks in ({}, {1: 0}):
        known = []
        for counter in (0, 1, NEAR - 1, NEAR, NEAR + 1, FAR * FAR_STEP - 7, FAR * FAR_STEP + 1):
            ear = receiver(dict(marks), groups=(OTHER_EPOCH,))  # what is not in the tables is nothing
            settle(ear)
            known.append(hear(ear, draw(MINE, counter)) is not None)
        assert known == [True, True, True, False, True, True, False]


def test_a_holster_that_lost_power_is_known_at_once_even_in_a_flood():
    for heard in (3, RESERVE_BLOCK - 2, RESERVE_BLOCK * 4 + 70):
        for blocks in (1, 2, 3):
            ear = receiver({1: heard})
            settle(ear)
            for i in range(GUESTS_PER_S * 2):
                ear.hear(junk(i), 10, SLOT)
            resumed = (heard // RESERVE_BLOCK + blocks) * RESERVE_BLOCK + 1
            assert hear(ear, draw(MINE, resumed), 11) == OWN
            ear.tidy()
            assert hear(ear, draw(MINE, resumed + 5), 12) == OWN


def test_the_first_turns_compute_the_tables_a_little_at_a_time():
    ear = receiver()
    turns = 0
    while hmacs_of(ear.tidy) > 0:
        turns += 1
    assert turns == FAR // 4
    hear(ear, draw(MINE, 20))
    assert hmacs_of(ear.tidy) <= NEAR
    assert hmacs_of(ear.tidy) <= 4


def test_repeats_of_other_peoples_frames_cost_nothing_but_the_first_try():
    ear = receiver()
    for i in range(5):
        for _ in range(GUESTS_PER_S):
            ack = PairKeys(b"p" * 32, 50, 51).build(i, Ack(frames.HEARD, 0, 0, 0, 0, DIGEST))
            assert ear.hear(ack, 10, SLOT) is None
    assert ear.junk == 5 and ear.limited == 0
    assert hear(ear, draw(OTHER, 1), 11) == GROUP


def test_junk_does_not_push_the_groups_frames_out_of_memory():
    ear = receiver()
    assert hear(ear, draw(OTHER, 1)) == GROUP
    for i in range(200):
        ear.hear(junk(i), i * 30, SLOT)
    assert cost(ear, draw(OTHER, 1)) == 0


def test_a_spoilt_copy_of_a_group_frame_does_not_hide_the_true_one():
    ear = receiver()
    true = draw(OTHER, 1)
    spoilt = bytearray(true)
    spoilt[12] ^= 1
    assert ear.hear(bytes(spoilt), 0, SLOT) is None
    assert hear(ear, true) == GROUP


def test_each_class_of_frame_costs_its_hmacs_and_no_more():
    later = UnitKeys(b"l" * 32, 1)
    lookalike = draw(MINE, 21)[:6] + bytes(25)
    for groups, partners, expected in (
        # own; own, no clock; repeat; group; again; junk; again; junk behind an own id; resync
        ((KEYS,), (MINE,), (3, 2, 0, 2, 0, 2, 0, 3, 3)),
        ((OTHER_EPOCH, KEYS), (MINE,), (4, 3, 0, 4, 0, 4, 0, 5, 5)),
        ((KEYS,), (MINE, later), (3, 2, 0, 2, 0, 2, 0, 3, 3)),
    ):
        ear = receiver(groups=groups, partners=partners)
        found = (
            cost(ear, draw(MINE, 20)),
            cost(ear, draw(MINE, 21), NO_CLOCK),
            cost(ear, draw(MINE, 21)),
            cost(ear, draw(OTHER, 1)),
            cost(ear, draw(OTHER, 1)),
            cost(ear, junk(1)),
            cost(ear, junk(1)),
            cost(ear, lookalike),
            cost(ear, draw(MINE, 6000)),
        )
        assert found == expected, found
