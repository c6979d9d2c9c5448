"""Time that wraps at 2^30 ms."""

from interlock.core.ticks import HALF_MS, PERIOD_MS, Uptime, earlier, is_due, ticks_add, ticks_diff

EDGE = PERIOD_MS - 3


def test_adding_wraps_and_the_difference_does_not_notice():
    for start in (0, 5, EDGE, HALF_MS):
        for delta in (0, 1, 1000, HALF_MS - 1, -1, -1000, -HALF_MS):
            assert ticks_diff(ticks_add(start, delta), start) == delta


def test_a_deadline_across_the_wrap_is_due_when_reached():
    deadline = ticks_add(EDGE, 10)
    assert not is_due(deadline, EDGE) and not is_due(deadline, ticks_add(EDGE, 9))
    assert is_due(deadline, ticks_add(EDGE, 10)) and is_due(deadline, ticks_add(EDGE, 11))
    assert not is_due(None, EDGE)


def test_the_earlier_of_two_deadlines_is_found_across_the_wrap():
    soon, late = ticks_add(EDGE, 2), ticks_add(EDGE, 8)
    assert earlier(soon, late, EDGE) == soon and earlier(late, soon, EDGE) == soon
    assert earlier(None, late, EDGE) == late and earlier(soon, None, EDGE) == soon and earlier(None, None, EDGE) is None


def test_uptime_outlives_many_wraps():
    uptime, ticks, total = Uptime(EDGE), EDGE, 0
    step = HALF_MS - 7
    for _ in range(9):
        ticks = ticks_add(ticks, step)
        total += step
        assert uptime.now(ticks) == total


def test_uptime_looks_back_without_running_back():
    uptime = Uptime(EDGE)
    assert uptime.now(ticks_add(EDGE, 100)) == 100
    assert uptime.now(ticks_add(EDGE, 40)) == 40
    assert uptime.now(ticks_add(EDGE, 101)) == 101
    assert uptime.now(ticks_add(EDGE, -500)) == 0


class Small:
    """An integer of a 32-bit board: its sums must stay within 31 bits."""

    def __init__(self, value):
        assert -(1 << 30) <= value < 1 << 30
        self.value = value

    def __add__(self, other):
        return Small(self.value + other)

    def __sub__(self, other):
        return Small(self.value - other)

    def __and__(self, other):
        return self.value & other


def test_no_step_of_a_sum_of_ticks_leaves_the_small_integers_of_a_32_bit_board():
    for start in (0, 1, HALF_MS - 1, HALF_MS, HALF_MS + 1, PERIOD_MS - 1):
        for delta in (0, 1, 600000, HALF_MS - 1, -1, -600000, -HALF_MS):
            assert ticks_add(Small(start), delta) == (start + delta) % PERIOD_MS
