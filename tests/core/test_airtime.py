"""One advertising set, several frames that want it."""

from interlock.core.airtime import FAST_MS, SLOT_MS, SLOW_MS, Airtime
from interlock.core.ticks import PERIOD_MS, ticks_add

START = PERIOD_MS - 100
A, B = b"a" * 31, b"b" * 31


def test_a_single_frame_is_held_fast_then_slow_then_gone():
    air = Airtime()
    air.put("k", A, START, 2000, 8000)
    assert air.turn(START) == (A, FAST_MS)
    assert air.deadline(START) == ticks_add(START, 2000)
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
