"""Cut the power at every flash operation, let every kind of torn bits stay behind, and go on from there.

A *plan* is a list of cuts, one for each life: (flash operation of that life, kind of tear). `play` runs a story through
the lives; the story itself checks what must be true after each. A failure names its plan as `CUT=...`; the environment
variable CUT with that value repeats just that one. Not here: what is written and what must survive, see the tests.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from interlock.core.journal import SECTOR_HEAD_BYTES
from tests.core.flash import PowerCut, RamFlash

# For each byte of the operation that was cut: which bits keep their old value.
TEARS: dict[str, Callable[[int], int]] = {
    "none": lambda i: 0xFF,  # nothing of it happened
    "all": lambda i: 0x00,  # everything happened, but nobody was told
    "front": lambda i: 0x00 if i % 4096 < 11 else 0xFF,
    "back": lambda i: 0xFF if i % 512 < SECTOR_HEAD_BYTES else 0x55,
    "bits": lambda i: (i * 0x9E3779B1 >> 7) & 0xFF,
    "most": lambda i: 0x10 if i % 5 == 3 else 0x00,
}


class Cut(NamedTuple):
    operation: int
    tear: str


Plan = tuple[Cut, ...]


class Flash(RamFlash):
    """The core tests' flash, with reading at host speed and copies for branching.

    `survives`: the operation that is due to be cut fails with OSError instead, once, and the power stays on."""

    survives = False
    tears_records = False  # a battery just too weak: headers (48 bytes) succeed, the first record is torn

    def program(self, offset: int, data: bytes) -> None:
        if self.tears_records and len(data) != SECTOR_HEAD_BYTES:
            self.arm(Cut(0, "bits"))
        try:
            super().program(offset, data)
        except PowerCut:
            self._fail()

    def erase(self, offset: int) -> None:
        try:
            super().erase(offset)
        except PowerCut:
            self._fail()

    def _fail(self) -> None:
        if not self.survives:
            raise PowerCut
        self.cut_after = None
        raise OSError(5)

    def read(self, offset: int, buffer: bytearray) -> None:
        assert offset >= 0 and offset + len(buffer) <= self.size
        buffer[:] = self.data[offset : offset + len(buffer)]

    def copy(self) -> "Flash":
        other = Flash(self.size // self.sector_bytes, self.sector_bytes)
        other.data[:] = self.data
        return other

    def arm(self, cut: Cut | None) -> None:
        self.operations = 0
        self.cut_after = None if cut is None else cut.operation
        self.keep_bits = None if cut is None else TEARS[cut.tear]


class Story(Protocol):
    """One unit's flash and what an onlooker knows of it."""

    flash: Flash

    def copy(self) -> "Any": ...

    def live(self, life: int) -> None:
        """Boot and work; PowerCut may end it at any flash operation."""

    def check(self) -> None:
        """What must be true of the flash between two lives. Raises AssertionError."""


def name_of(story: str, plan: Plan) -> str:
    return story + ":" + "/".join(f"{cut.operation}.{cut.tear}" for cut in plan)


def plan_of(name: str) -> tuple[str, Plan]:
    story, _, cuts = name.partition(":")
    parsed = [cut.split(".") for cut in cuts.split("/") if cut]
    return story, tuple(Cut(int(operation), tear) for operation, tear in parsed)


def live(story: Any, life: int, cut: Cut | None) -> bool:
    """One life, up to the cut or to its end; whether it was cut."""
    story.flash.arm(cut)
    try:
        story.live(life)
    except PowerCut:
        story.flash.arm(None)
        story.check()
        return True
    story.check()
    return False


def branches(story: Any, life: int, tears: tuple[str, ...], stride: int = 1) -> Iterator[tuple[Cut, Any]]:
    """Every (cut, story as it is after that cut) of one life."""
    whole = story.copy()
    whole.flash.arm(None)
    whole.live(life)
    for operation in range(0, whole.flash.operations, stride):
        for tear in tears:
            yield Cut(operation, tear), story.copy()


def sweep(name: str, make: Callable[[], Any], depth: int, tears: list[tuple[str, ...]], stride: int = 1) -> int:
    """All plans of `depth` cuts, `tears[life]` being the tears tried in that life; the number of plans played."""
    wanted = os.environ.get("CUT", "")
    if wanted:
        story, plan = plan_of(wanted)
        if story == name:
            _guarded(name, plan, lambda: _play(make(), plan))
            return 1
        return 0
    return _sweep(name, make(), (), depth, tears, stride)


def _sweep(name: str, story: Any, plan: Plan, depth: int, tears: list[tuple[str, ...]], stride: int) -> int:
    life = len(plan)
    if life == depth:
        _guarded(name, plan, lambda: live(story, life, None))
        return 1
    played = 0
    for cut, branch in branches(story, life, tears[life], stride if life == 0 else 1):
        here = (*plan, cut)
        _guarded(name, here, lambda branch=branch, cut=cut: live(branch, life, cut))
        played += _sweep(name, branch, here, depth, tears, stride)
    return played


def _play(story: Any, plan: Plan) -> None:
    for life, cut in enumerate(plan):
        assert live(story, life, cut), "the plan names an operation that this life never reaches"
    live(story, len(plan), None)


def _guarded(name: str, plan: Plan, act: Callable[[], Any]) -> None:
    try:
        act()
    except Exception as error:
        raise AssertionError(f"CUT={name_of(name, plan)} : {type(error).__name__}: {error}") from error
