"""The tables of expected identifiers: what is found, how they move, and how little at a time."""

from interlock.core.expected import FAR, FAR_STEP, NEAR, Partner
from interlock.core.receiver import RESERVE_BLOCK


class Keys:
    """Identifiers that are told: those of some counters, else the counter itself."""

    def __init__(self, told):
        self.unit = 1
        self.told = told
        self.made = 0

    def identifier(self, counter):
        self.made += 1
        return self.told.get(counter, bytes([255, counter >> 16, counter >> 8 & 255, counter & 255]))


def full(keys, mark=0):
    partner = Partner(keys, mark)
    while partner.tidy(mark):
        pass
    return partner


def found(partner):
    """The counters that it knows, of the next two thousand."""
    return [n for n in range(2000) if partner.find(Keys({}).identifier(n)) is not None]


def test_an_identifier_is_found_whole_and_not_across_two():
    partner = full(Keys({0: b"abcd", 1: b"efgh", 5: b"cdef"}))
    assert partner.find(b"cdef") == 5 and partner.find(b"efgh") == 1
    assert partner.find(b"bcde") is None and partner.find(b"none") is None


def test_the_tables_hold_the_next_ones_and_every_eighth_of_the_next_thousand():
    for mark in (0, 1, 7, 8, 9, 300):
        far = [n for n in range(mark + 1, 2000) if n % FAR_STEP == 1][:FAR]
        assert found(full(Keys({}), mark)) == sorted(set(range(mark, mark + NEAR)) | set(far))


def test_the_first_frames_after_three_power_cuts_are_among_them():
    for mark in (0, 255, 256, 300):
        for blocks in (1, 2, 3):
            counter = (mark // RESERVE_BLOCK + blocks) * RESERVE_BLOCK + 1
            assert full(Keys({}), mark).find(Keys({}).identifier(counter)) == counter


def test_moving_keeps_what_is_still_ahead_and_computes_the_rest():
    for step in (1, 8, 31, 32, 500, 5000):
        keys = Keys({})
        partner = full(keys)
        keys.made = 0
        assert partner.tidy(step)
        assert keys.made == min(step, NEAR)
        while partner.tidy(step):
            assert keys.made <= NEAR + FAR
        assert found(partner) == found(full(Keys({}), step))


def test_a_turn_costs_four_identifiers_at_most_but_for_the_near_ones():
    keys = Keys({})
    partner = Partner(keys, 0)
    assert keys.made == NEAR
    turns = 0
    while partner.tidy(0):
        turns += 1
        assert keys.made == NEAR + 4 * turns
    assert turns == FAR // 4


def test_an_identifier_is_found_wherever_it_seems_to_begin_before():
    """Bytes of two neighbours look like it, one byte before it stands there whole; and the next one ends like it."""
    partner = full(Keys({2: b"a\0\0\0", 3: b"\0\0\0\0", 4: b"\0\0\0\0", 5: b"\0\0\0b"}))
    assert partner.find(b"\0\0\0\0") == 3 and partner.find(b"\0\0\0b") == 5


def test_of_two_counters_with_one_identifier_the_lower_is_meant():
    partner = full(Keys({3: b"same", 9: b"same"}))
    assert partner.find(b"same") == 3


def test_moving_up_computes_what_is_new_and_nothing_again():
    keys = Keys({})
    partner = full(keys)
    keys.made = 0
    assert partner.tidy(3)
    assert keys.made == 3  # near ones; the far ones begin at 9 now instead of 1
    while partner.tidy(3):
        pass
    assert keys.made == 4
    assert partner.tidy(9)
    while partner.tidy(9):
        pass
    assert keys.made == 4 + 6 + 1  # now they begin at 17


def test_the_far_table_grows_by_four_identifiers_a_turn_and_says_when_it_is_whole():
    keys = Keys({})
    partner = Partner(keys, 0)
    assert keys.made == NEAR
    turns = [partner.tidy(0) for _ in range(FAR // 4)]
    assert all(turns) and keys.made == NEAR + FAR and not partner.tidy(0)


def test_a_far_table_with_one_identifier_missing_is_not_whole():
    keys = Keys({})
    partner = full(keys, 1)
    assert partner.tidy(10) and partner.tidy(10), "one is missing at the end"
    assert not partner.tidy(10)


def test_moving_up_within_a_step_keeps_the_whole_far_table():
    keys = Keys({})
    partner = full(keys, 2)
    keys.made = 0
    assert partner.tidy(3) and not partner.tidy(3)
    assert keys.made == 1
