"""One advertising set, several frames that want it."""

from interlock.core.airtime import (
    CALM_MAX_MS,
    FAST_MS,
    SLOT_MS,
    SLOW_MS,
    WANTING_MAX_MS,
    WINDOW_MS,
    Airtime,
    Crowd,
    first_ms,
    interval_ms,
)
from interlock.core.ticks import PERIOD_MS, ticks_add, ticks_diff

START = PERIOD_MS - 100
A, B = b"a" * 31, b"b" * 31


def test_a_single_frame_is_held_fast_then_slow_then_gone():
    air = Airtime()
    air.put("k", A, START, 2000, 8000)
    assert air.turn(START) == (A, FAST_MS)
    assert air.turn(ticks_add(START, 1999)) == (A, FAST_MS)
    assert air.turn(ticks_add(START, 2000)) == (A, SLOW_MS)
    assert air.turn(ticks_add(START, 9999)) == (A, SLOW_MS)
    assert air.turn(ticks_add(START, 10000)) is None and air.deadline(START) is None


def test_two_frames_take_turns():
    air = Airtime()
    air.put("a", A, START, 5000, 0)
    air.put("b", B, START, 5000, 0)
    heard = [air.turn(ticks_add(START, i * SLOT_MS))[0] for i in range(6)]
    assert heard in ([A, B] * 3, [B, A] * 3)


def test_a_new_frame_replaces_the_one_under_its_key():
    air = Airtime()
    air.put("a", A, START, 100, 0, "old")
    air.put("a", B, START, 100, 0, "new")
    assert air.turn(START) == (B, FAST_MS)
    assert air.says("a", "new") and not air.says("a", "old")


def test_a_new_frame_takes_the_turn_at_once():
    air = Airtime()
    air.put("ack", A, START, 5000, 0)
    for i in range(10):
        now = ticks_add(START, i * 7)
        air.put("weapon", B, now, 5000, 0)
        assert air.turn(now) == (B, FAST_MS)
        air.put("ack", A, now, 5000, 0)
        assert air.turn(now) == (A, FAST_MS)


def test_an_answered_frame_is_shortened_never_lengthened():
    air = Airtime()
    air.put("a", A, START, 100, 0)
    air.shorten("a", ticks_add(START, 50))
    air.shorten("a", ticks_add(START, 90))
    assert air.turn(ticks_add(START, 49)) and air.turn(ticks_add(START, 50)) is None


def test_a_dropped_frame_is_silent_at_once():
    air = Airtime()
    air.put("a", A, START, 100, 0)
    air.drop("a")
    assert air.turn(START) is None


def noted(crowd, others, now):
    """So many different frames are heard at `now`, each of them twice."""
    for number in list(range(others)) * 2:
        crowd.note(b"\x1e\x21" + bytes([number] * 29), now)


def test_a_crowd_is_who_was_heard_in_this_window_or_the_last():
    crowd = Crowd()
    start = ticks_add(0, 5 * WINDOW_MS)
    noted(crowd, 12, start)
    assert crowd.size(start) == 12
    noted(crowd, 3, ticks_add(start, WINDOW_MS))
    assert crowd.size(ticks_add(start, WINDOW_MS)) == 12
    assert crowd.size(ticks_add(start, 2 * WINDOW_MS)) == 3
    assert crowd.size(ticks_add(start, 3 * WINDOW_MS)) == 0
    noted(crowd, 4, start)
    assert crowd.size(ticks_add(start, 2 * WINDOW_MS)) == 0, "a whole window was silent"


def test_a_crowd_is_counted_across_the_wrap_of_the_ticks():
    crowd = Crowd()
    for step in range(40):
        now = ticks_add(PERIOD_MS - 20 * WINDOW_MS, step * WINDOW_MS)
        noted(crowd, 7, now)
        assert crowd.size(now) == 7


def test_few_others_change_no_interval_and_more_lengthen_it_up_to_a_limit():
    for calm in (False, True):
        intervals = [interval_ms(others, calm) for others in range(100)]
        assert intervals[0] == FAST_MS and intervals == sorted(intervals)
        assert intervals[-1] == (CALM_MAX_MS if calm else WANTING_MAX_MS)
    assert interval_ms(6, False) == FAST_MS
    assert [others for others in range(100) if interval_ms(others, True) < interval_ms(others, False)] == []


def spells(air, now, ms, others=0):
    """[(interval_ms, or None for silence, how long)] of the next so many ms, while so many others are heard."""
    found = []
    for step in range(ms):
        if step % (WINDOW_MS // 2) == 0:
            noted(air.crowd, others, ticks_add(now, step))
        turned = air.turn(ticks_add(now, step))
        interval = turned[1] if turned else None
        if not found or found[-1][0] != interval:
            found.append([interval, 0])
        found[-1][1] += 1
    return [tuple(spell) for spell in found]


def test_the_first_events_are_fast_in_any_crowd_then_a_frame_gives_way():
    air = Airtime()
    air.put("k", A, START, 2000, 0)
    fast, silent, slower = spells(air, START, 2000, others=30)
    assert fast == (FAST_MS, first_ms(A)) and fast[1] > FAST_MS + 10
    assert silent[0] is None and silent[1] < WANTING_MAX_MS and slower[0] == WANTING_MAX_MS


def test_two_frames_drawn_at_once_change_their_pace_apart():
    begins = set()
    for last in range(16):
        air = Airtime()
        air.put("k", bytes([last * 16] * 30 + [last]), START, 2000, 0)
        begins.add(sum([ms for _, ms in spells(air, START, 200, others=30)[:-1]]))
    assert len(begins) > 12


def test_a_frame_speeds_up_again_when_the_crowd_is_gone():
    air = Airtime()
    air.put("k", A, START, 2000, 0)
    assert spells(air, START, 600, others=30)[-1][0] == WANTING_MAX_MS
    assert spells(air, ticks_add(START, 600), 600)[-1][0] == FAST_MS


def test_an_answered_frame_gives_way_at_once_and_much_more():
    air = Airtime()
    air.put("k", A, START, 2000, 0)
    now = ticks_add(START, 10)
    noted(air.crowd, 30, now)
    air.calm("k", now)
    assert air.turn(now) is None and air.rests
    silent, calm = spells(air, now, 1000, others=30)
    assert silent[0] is None and silent[1] < CALM_MAX_MS and calm[0] == CALM_MAX_MS


def test_who_is_alone_or_among_few_is_never_slowed_or_silent():
    air = Airtime()
    air.put("k", A, START, 2000, 0)
    air.calm("k", ticks_add(START, 30))
    assert spells(air, START, 2000) == [(FAST_MS, 2000)]
    air.put("k", A, START, 2000, 0)
    assert spells(air, START, 2000, others=6) == [(FAST_MS, 2000)]


def test_what_nobody_waits_for_does_not_take_the_turn():
    air = Airtime()
    air.put("ack", A, START, 1000, 0)
    air.put("witness", B, START, 1000, 0, calm=True)
    assert air.turn(START) == (A, FAST_MS)
    assert air.turn(ticks_add(START, SLOT_MS)) == (B, FAST_MS)


def test_who_rests_leaves_its_turn_to_the_others():
    air = Airtime()
    air.put("ack", B, START, 1000, 0)
    air.put("weapon", A, START, 1000, 0)
    assert air.turn(START) == (A, FAST_MS)
    noted(air.crowd, 30, START)
    air.calm("weapon", START)
    assert [air.turn(ticks_add(START, step)) for step in range(first_ms(B))] == [(B, FAST_MS)] * first_ms(B)


def test_no_change_comes_before_its_deadline():
    air = Airtime()
    air.put("k", A, START, 1000, 500)
    said, deadline = air.turn(START), air.deadline(START)
    for step in range(1600):
        now = ticks_add(START, step)
        if step % 50 == 0 and step < 700:
            noted(air.crowd, 30, now)
        turned = air.turn(now)
        if turned != said:
            assert deadline is not None and ticks_diff(now, deadline) >= 0
        said, deadline = turned, air.deadline(now)


def test_an_air_that_nobody_asked_for_anything_is_idle_and_silent():
    air = Airtime()
    assert air.deadline(START) is None, "before its first turn, too"
    assert (air.now_on, air.rests, air.is_idle(START), air.turn(START), air.deadline(START)) == (
        None,
        False,
        True,
        None,
        None,
    )
    assert Crowd().size(0) == 0 and Crowd().size(START) == 0


def test_it_is_idle_again_when_the_last_frame_has_had_its_time():
    air = Airtime()
    air.put("a", A, START, 100, 50)
    air.put("b", B, START, 100, 0)
    assert not air.is_idle(START) and not air.is_idle(ticks_add(START, 149)) and air.is_idle(ticks_add(START, 150))


def test_a_crowd_is_counted_for_hundreds_of_windows():
    crowd = Crowd()
    for window in range(600):
        noted(crowd, 2, window * WINDOW_MS)
        assert crowd.size(window * WINDOW_MS) == 2


def frame_ending(last):
    """As frames are: their first two bytes are always the same."""
    return b"\x1e\x21" + bytes([last] * 29)


def test_how_long_a_frame_is_fast_is_50_to_81_ms_by_its_last_bytes():
    found = {first_ms(frame_ending(last)) for last in range(256)}
    assert found == set(range(50, 82))


def test_in_a_crowd_a_change_of_pace_rests_up_to_a_whole_interval_by_the_frames_bytes():
    rests = set()
    for last in range(0, 256, 5):
        air = Airtime()
        air.put("k", frame_ending(last), START, 2000, 0)
        silent = [ms for interval, ms in spells(air, START, 300, others=30) if interval is None]
        rests.add(sum(silent))
    assert len(rests) > 30 and max(rests) >= WANTING_MAX_MS * 9 // 10 and max(rests) < WANTING_MAX_MS


def test_what_nobody_waits_for_gives_way_much_more_from_its_first_change_on():
    air = Airtime()
    air.put("witness", A, START, 2000, 0, calm=True)
    assert spells(air, START, 1000, others=30)[-1][0] == CALM_MAX_MS


def test_three_frames_take_turns_in_their_order_and_one_that_goes_hands_its_turn_on():
    air = Airtime()
    for name in "abc":
        air.put(name, name.encode() * 31, START, 5000, 0, calm=True)
    said = [chr(air.turn(ticks_add(START, i * SLOT_MS))[0][0]) for i in range(7)]
    assert said == ["a", "b", "c", "a", "b", "c", "a"]
    assert air.turn(ticks_add(START, 8 * SLOT_MS))[0][:1] == b"b"
    assert air.turn(ticks_add(START, 9 * SLOT_MS))[0][:1] == b"c"
    air.drop("c")
    assert air.turn(ticks_add(START, 9 * SLOT_MS + 1))[0][:1] in (b"a", b"b")


def test_a_frame_is_shortened_by_a_single_millisecond_too():
    air = Airtime()
    air.put("k", A, START, 100, 0)
    air.shorten("k", ticks_add(START, 99))
    assert air.turn(ticks_add(START, 98)) is not None and air.turn(ticks_add(START, 99)) is None


def test_who_rests_is_silent_for_want_of_air_and_who_is_gone_for_want_of_frames():
    air = Airtime()
    air.put("k", A, START, 2000, 0)
    noted(air.crowd, 30, START)
    air.calm("k", START)
    assert air.turn(START) is None and air.rests
    air.drop("k")
    assert air.turn(START) is None and not air.rests


def test_the_end_of_a_turn_is_a_deadline_and_what_is_over_is_none():
    air = Airtime()
    air.put("c", frame_ending(31), START, 1000, 0)
    air.put("d", frame_ending(63), START, 1000, 0)
    air.turn(START)
    assert air.deadline(START) == ticks_add(START, SLOT_MS)
    alone = Airtime()
    alone.put("c", frame_ending(31), START, 100, 500)
    for step in range(600):
        now = ticks_add(START, step)
        alone.turn(now)
        assert ticks_diff(alone.deadline(now), now) > 0
    assert alone.turn(ticks_add(START, 600)) is None


def test_who_rests_hands_its_turn_to_the_next_one():
    air = Airtime()
    for name in "abc":
        air.put(name, name.encode() * 31, START, 5000, 0, calm=name != "a")
    assert air.turn(START)[0][:1] == b"a"
    noted(air.crowd, 30, START)
    air.calm("a", START)
    assert air.turn(ticks_add(START, 1))[0][:1] == b"b"


def test_each_turn_lasts_a_slot_however_often_it_is_asked_whose_it_is():
    air = Airtime()
    air.put("a", A, START, 5000, 0)
    air.put("b", B, START, 5000, 0)
    heard = [air.turn(ticks_add(START, ms))[0] for ms in range(6 * SLOT_MS)]
    turns = [heard[i * SLOT_MS : (i + 1) * SLOT_MS] for i in range(6)]
    assert turns in ([[A] * SLOT_MS, [B] * SLOT_MS] * 3, [[B] * SLOT_MS, [A] * SLOT_MS] * 3)


def test_each_change_of_pace_rests_by_another_byte_of_the_frame_until_all_had_their_turn():
    air = Airtime()
    air.put("k", bytes(range(0, 248, 8)), START, 200000, 0)
    rests = []
    for change in range(4 * 31):
        now = ticks_add(START, 1000 * (change + 1))
        noted(air.crowd, 0 if change % 2 else 30, now)
        rests.append(sum([air.turn(ticks_add(now, ms)) is None for ms in range(WINDOW_MS)]))
    for paces in (rests[0::2], rests[1::2]):
        assert paces[:31] == paces[31:] and max([paces[:31].count(rest) for rest in paces]) < 4
    assert len(set(rests[0::2])) == 31 and max(rests) < WANTING_MAX_MS


def test_a_turn_in_which_no_frame_ends_makes_no_list_anew():
    air = Airtime()
    air.put("a", A, START, 100, 0)
    air.put("b", B, START, 200, 0)
    held = air._entries
    assert [air.turn(ticks_add(START, ms)) is not None for ms in range(100)] == [True] * 100 and air._entries is held
    air.turn(ticks_add(START, 100))
    assert air._entries is not held and len(air._entries) == 1
