"""Frames in clear: as long as real ones, in real fields, but readable. What keys do is tested elsewhere
(`test_receiver.py`, `test_adversary.py`); here a frame is authentic because nobody else can make one."""

import struct
from typing import Any

from interlock.core import frames, receiver

from .freeze import MEANING

_UNIT = ">4sHBBI"
_ID = ">BBH"


class ClearPair:
    """Stands for PairKeys. Ages and crew are left out of acks: they are told in records, and decide nothing."""

    def __init__(self, key: bytes, holster: int, camera: int) -> None:
        self.holster = holster
        self.camera = camera

    def identifier(self, counter: int, kind: int) -> bytes:
        identifier = struct.pack(">BBH", self.holster << 4 | self.camera, kind, counter % 0x10000)
        MEANING[identifier] = ("id", self.holster, self.camera, kind, counter)
        return identifier

    def build(self, counter: int, ack: Any) -> bytes:
        head = frames.HEADER + self.identifier(counter, ack.kind)
        frame = (head + bytes((ack.reason,))).ljust(frames.FRAME_BYTES, b"\0")
        MEANING[frame] = ("ack", self.holster, self.camera, counter, ack.kind, ack.reason)
        _ACKS[frame] = ack._replace(since_ms=0, buffer_s=0, crew=0, digest=b"same")
        return frame

    def open(self, frame: bytes, counter: int, kind: int) -> Any:
        return _ACKS[frame]


class ClearUnit:
    """Stands for UnitKeys, as far as the roles ask them."""

    def __init__(self, key: bytes, unit: int) -> None:
        self.unit = unit

    def rhythm(self, counter: int) -> int:
        return 0x8000


_ACKS: dict[bytes, Any] = {}


def unit_frame(sender: int, event: int, flags: int, counter: int, body: bytes) -> bytes:
    """Stands for `frames.build_unit`."""
    head = frames.HEADER + struct.pack(_UNIT, b"unit", sender, event, flags, counter) + body
    frame = head.ljust(frames.FRAME_BYTES, b"\0")
    MEANING[frame] = ("unit", sender, event, flags, counter, body)
    return frame


class Ear:
    """Stands for the Receiver: classes by counter, as its own tests hold it to. `clockless`: strangers do not know the
    time."""

    def __init__(self, unit: int, partners: list[int], clockless: bool) -> None:
        self.unit, self.partners, self.clockless = unit, partners, clockless

    def hear(self, frame: bytes, marks: dict[int, int]) -> receiver.Heard | None:
        _, sender, event, flags, counter, body = MEANING[frame]
        newest = marks.get(sender, 0)
        if sender in self.partners:
            kind = receiver.OWN if counter > newest else receiver.OWN_REPEAT
            kind = receiver.OWN_STALE if counter < newest else kind
        elif counter > newest:
            kind = receiver.UNDATED if self.clockless else receiver.GROUP
        else:
            return None
        if kind == receiver.OWN_STALE and event in frames.PRESENCE + frames.READINESS:
            return None
        marks[sender] = max(counter, newest)
        return receiver.Heard(kind, sender, counter, event, flags, body, 0)
