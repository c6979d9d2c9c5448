"""A receiver with one partner, and frames for it to hear, in either interpreter."""

from interlock.core import frames
from interlock.core.crypto import Hmac
from interlock.core.frames import GroupKeys, UnitKeys, build_unit
from interlock.core.receiver import Receiver

KEYS = GroupKeys(b"g" * 32)
OTHER_EPOCH = GroupKeys(b"e" * 32)
MINE = UnitKeys(b"m" * 32, 1)
OTHER = UnitKeys(b"o" * 32, 2)
CAMERA = 10
DIGEST = bytes(4)
SLOT = 443108250
HOUR = 900  # slots
NO_CLOCK = frames.NO_SLOT


def receiver(marks=None, groups=(KEYS,), partners=(MINE,)):
    return Receiver(CAMERA, list(groups), list(partners), {} if marks is None else marks)


def draw(keys, counter, group=KEYS, event=frames.DRAW, slot=SLOT):
    return build_unit(keys, group, event, 0, counter, DIGEST, slot)


def hear(ear, frame, now=0, slot=SLOT):
    """The class of what was heard, or None."""
    heard = ear.hear(frame, now, slot)
    return None if heard is None else heard.kind


def junk(number):
    return b"\x1e\x21" + bytes([number & 0xFF, number >> 8]) + bytes(27)


def settle(ear):
    while ear.tidy():
        pass


def hmacs_of(act):
    """HMACs that `act` costs."""
    made = []
    digest = Hmac.digest

    def counted(self, message):
        made.append(1)
        return digest(self, message)

    Hmac.digest = counted
    try:
        act()
    finally:
        Hmac.digest = digest
    return len(made)


def cost(ear, frame, slot=SLOT):
    return hmacs_of(lambda: ear.hear(frame, 0, slot))
