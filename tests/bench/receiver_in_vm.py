"""Runs inside MicroPython: HMACs and heap bytes that each class of frame costs its receiver, as JSON."""

import gc
import json
import sys

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core import frames
from interlock.core.crypto import Hmac
from interlock.core.frames import GroupKeys, PairKeys, UnitKeys, build_unit
from interlock.core.receiver import RESERVE_BLOCK, AckEar, Receiver

SLOT = 443108250
FRAMES = 8  # of each class
NOW_MS = 5000
PATIENT_MS = 60  # so that every frame is tried

EPOCHS = [GroupKeys(b"g" * 32), GroupKeys(b"h" * 32)]
OWN, GUEST = UnitKeys(b"u" * 32, 1), UnitKeys(b"v" * 32, 2)
PAIR = PairKeys(b"p" * 32, 1, 9)
ACK = frames.Ack(frames.PROVEN, 0, 900, 30, 2, bytes(4))


def unit_frame(keys, counter, event=frames.DRAW, group=EPOCHS[0]):
    return build_unit(keys, group, event, 0, counter, bytes(4), SLOT)


def junk(number):
    return frames.HEADER + bytes([number]) * 29


# (Name, epochs taken, own time slot, the frame by its number, what was heard before.)
CLASSES = (
    ("own, the next", 1, SLOT, lambda i: unit_frame(OWN, i + 1), None),
    ("own, the next, no clock", 1, 0, lambda i: unit_frame(OWN, i + 1), None),
    ("own, the next, two epochs", 2, SLOT, lambda i: unit_frame(OWN, i + 1, group=EPOCHS[1]), None),
    ("own, after 10 lost", 1, SLOT, lambda i: unit_frame(OWN, 11 * i + 11), None),
    ("own, back after a power cut", 1, SLOT, lambda i: unit_frame(OWN, (i + 1) * RESERVE_BLOCK + 1), None),
    ("own, long unheard", 1, SLOT, lambda i: unit_frame(OWN, (i + 1) * 5000), None),
    ("own, again", 1, SLOT, lambda i: unit_frame(OWN, 1), lambda i: unit_frame(OWN, 1)),
    ("of the group", 1, SLOT, lambda i: unit_frame(GUEST, i + 1), None),
    ("of the group, two epochs", 2, SLOT, lambda i: unit_frame(GUEST, i + 1, group=EPOCHS[1]), None),
    ("of the group, again", 1, SLOT, lambda i: unit_frame(GUEST, i + 1), lambda i: unit_frame(GUEST, i + 1)),
    ("junk", 1, SLOT, junk, None),
    ("junk, two epochs", 2, SLOT, junk, None),
    ("junk, again", 1, SLOT, junk, junk),
    ("junk behind an own identifier", 1, SLOT, lambda i: unit_frame(OWN, 5)[:6] + bytes([i]) * 25, None),
    ("an ack between others", 1, SLOT, lambda i: PAIR.build(i, ACK), None),
)


def hmacs(act, frame):
    """HMACs of one act."""
    made = []
    digest = Hmac.digest

    def counted(self, message):
        made.append(1)
        return digest(self, message)

    Hmac.digest = counted
    act(frame)
    Hmac.digest = digest
    return len(made)


def heap_bytes(act, frame):
    """Bytes that one act takes from the heap, without those of the call itself."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    nothing(frame)
    between = gc.mem_alloc()
    act(frame)
    taken = gc.mem_alloc() - between - (between - before)
    gc.enable()
    return taken


def nothing(_):
    pass


def settle(ear):
    while ear.tidy():
        pass


def heard(measure, epochs, slot, make, before):
    """Mean cost of such a frame, the tables in order before each."""
    ear = Receiver(9, EPOCHS[:epochs], [OWN], {})
    clock, total = [NOW_MS], 0

    def hear(frame):
        ear.hear(frame, clock[0], slot)

    for make_one in (before, make):
        total = 0
        for i in range(FRAMES):
            if make_one:
                clock[0] += PATIENT_MS
                settle(ear)
                total += measure(hear, make_one(i))
    return total / FRAMES


def ack_to_us(measure):
    ear = AckEar([PAIR])
    ear.expect(5)
    return measure(ear.hear, PAIR.build(5, ACK))


def tables(measure):
    """To start with one partner: at once, and over the first turns."""
    at_once = measure(lambda partner: Receiver(9, EPOCHS[:1], [partner], {}), OWN)
    return at_once, measure(settle, Receiver(9, EPOCHS[:1], [OWN], {}))


heard(hmacs, *CLASSES[0][1:])  # MicroPython makes the constants of a function at its first call
print(
    json.dumps(
        {
            "word_bytes": 8 if sys.maxsize > 0x7FFFFFFF else 4,
            "heard": [[one[0], heard(hmacs, *one[1:]), heard(heap_bytes, *one[1:])] for one in CLASSES],
            "ack": [ack_to_us(hmacs), ack_to_us(heap_bytes)],
            "tables": [tables(hmacs), tables(heap_bytes)],
        }
    )
)
