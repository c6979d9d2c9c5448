"""Rows that need no VM: HMACs that a frame costs its receiver."""

from collections.abc import Callable
from contextlib import contextmanager

from interlock.core import frames
from interlock.core.crypto import Hmac
from interlock.core.frames import GroupKeys, UnitKeys, build_unit
from interlock.core.receiver import RESERVE_BLOCK, Receiver

from .rows import Row


@contextmanager
def counting(counts: list[int]):  # type: ignore[no-untyped-def]
    """Count the HMACs made while it lasts."""
    digest = Hmac.digest

    def counted(self: Hmac, message: bytes) -> bytes:
        counts[0] += 1
        return digest(self, message)

    Hmac.digest = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Hmac.digest = digest  # type: ignore[method-assign]


def hmacs(act: Callable[[], object]) -> int:
    counts = [0]
    with counting(counts):
        act()
    return counts[0]


def receiver_rows() -> list[Row]:
    group, own, guest = GroupKeys(b"g" * 32), UnitKeys(b"u" * 32, 1), UnitKeys(b"h" * 32, 2)
    ear = Receiver(9, group, [own], {})
    heard = [
        ("own, the next", build_unit(own, group, frames.DRAW, 0, 1, bytes(4))),
        ("own, again", build_unit(own, group, frames.DRAW, 0, 1, bytes(4))),
        ("own, after 10 lost", build_unit(own, group, frames.DRAW, 0, 12, bytes(4))),
        ("own, back after a power cut", build_unit(own, group, frames.DRAW, 0, RESERVE_BLOCK + 1, bytes(4))),
        ("of the group", build_unit(guest, group, frames.DRAW, 0, 1, bytes(4))),
        ("of the group, again", build_unit(guest, group, frames.DRAW, 0, 1, bytes(4))),
        ("junk", frames.HEADER + bytes(29)),
        ("junk, again", frames.HEADER + bytes(29)),
    ]
    rows = [
        Row(f"HMACs to hear a frame: {name}", hmacs(lambda frame=frame: ear.hear(frame, 0)), "HMACs")
        for name, frame in heard
    ]
    return [*rows, Row("HMACs to start with one partner", hmacs(lambda: Receiver(9, group, [own], {})), "HMACs")]


def rows() -> list[Row]:
    return receiver_rows()
