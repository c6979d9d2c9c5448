"""The radio's handler in a crowd: what wakes the loop, and what does not."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from interlock.core.airtime import Crowd
from simulator.fast.firmware import Modules
from simulator.hardware.vm import FIRMWARE

SCAN_RESULT = 5
FRAMES = [b"\x1e\x21" + bytes([number, 3 * number % 256]) + bytes(27) for number in range(256)]


class Stack:
    """A stack that hears what a test says."""

    def active(self, wanted: bool) -> None:
        """It always is."""

    def irq(self, handler: Any) -> None:
        self.handler = handler

    def report(self, frame: bytes) -> None:
        self.handler(SCAN_RESULT, (1, bytes(6), 2, -50, memoryview(bytearray(frame))))


class Ear:
    """The firmware's Broadcast on it; `woken`: how often the loop was."""

    def __init__(self) -> None:
        self.stack, self.woken, self.now = Stack(), 0, 0
        given = {"hashlib": hashlib, "bluetooth": SimpleNamespace(BLE=lambda: self.stack)}
        broadcast = Modules(FIRMWARE, given, print).load("interlock.radio.broadcast")
        self.radio = broadcast.Broadcast(self._wake, None, lambda: self.now)
        self.radio.crowd = self.crowd = Crowd()

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_what_needs_no_second_look_wakes_the_loop_no_more(ear: Ear) -> None:
    ear.stack.report(FRAMES[7])
    taken = ear.radio.take()
    assert taken == FRAMES[7] and ear.woken == 1
    ear.radio.spend(taken)
    for _ in range(100):
        ear.stack.report(FRAMES[7])
    assert ear.woken == 1 and ear.radio.take() is None


def test_only_the_very_same_bytes_are_dropped(ear: Ear) -> None:
    """A forged copy cannot hide the true frame, nor the true frame a later one with the same identifier."""
    ear.radio.spend(FRAMES[7])
    for at in range(2, 31):
        other = bytearray(FRAMES[7])
        other[at] ^= 1
        ear.stack.report(bytes(other))
        assert ear.radio.take() == other


def test_what_was_not_called_spent_comes_again(ear: Ear) -> None:
    """Own frames are answered each time, and what the rate limit turned away gets another chance."""
    for count in range(1, 5):
        ear.stack.report(FRAMES[7])
        assert ear.radio.take() == FRAMES[7] and ear.woken == count


def test_many_spent_frames_take_bounded_room_and_most_stay_known(ear: Ear) -> None:
    for frame in FRAMES:
        ear.radio.spend(frame)
    for frame in FRAMES[-64:]:
        ear.stack.report(frame)
    assert ear.woken == 0 and ear.radio.take() is None
    ear.stack.report(FRAMES[0])
    assert ear.radio.take() == FRAMES[0], "it was pushed out"


def test_the_crowd_counts_every_frame_of_our_shape_also_what_is_spent(ear: Ear) -> None:
    for frame in FRAMES[:20]:
        ear.radio.spend(frame)
    for frame in FRAMES[:30]:
        ear.stack.report(frame)
        ear.stack.report(frame)
        ear.radio.take()
    ear.stack.report(b"\x02\x01\x06")
    assert ear.crowd.size(ear.now) == 30 and ear.radio.raised == 0
