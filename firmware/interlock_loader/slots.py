"""Which of the two slots a unit starts, as data and a pure step. What it is kept in: `keeper.py`.

A release is *on trial* until the application calls itself healthy, once; each boot on trial counts, and the fourth
goes back to the other slot. Of a *confirmed* release only boots count that followed a reset nobody meant, or an
exception, so that an empty cell is no witness against it. What has failed, and what only arrived and nobody switched
to, is tried when the other one fails, too: a unit that works beats one that does not.
"""

import struct
from binascii import crc32
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

CONFIRMED = 0
TRIAL = 1
TRIES = 3
TRIES_TO_GO_BELOW = 9  # before a confirmed release gives way to one that is below the floor

BOOT = 0  # data: whether a reset that nobody meant was before
CRASHED = 1  # data: four bytes that tell the exception (`boot.py`)
INSTALLED = 2  # data: the slot
HEALTHY = 3  # data: the running release's minimum
EXPECT = 4  # the reset that follows is meant
ARRIVES = 5  # data: the slot that another release comes to; nobody switched to it yet

NO_CRASH = bytes(4)
NONE = (0, 0, 0)
NOT_WHOLE = (255, 255, 255)  # version of what was left since it cannot be read any more
BY_CRASH = 2

# active: slot, 0 or 1. standing: CONFIRMED when that is proven. tries: boots in a row that count and were not healthy.
# failed, proven: a bit for each slot that was left for its failures, or whose release was healthy here. floor: nothing
# below this version is installed. fell_from: version that was left since the last healthy boot, or NONE. crash: of the
# last exception. expected: the reset to come is meant (1), or follows an exception (BY_CRASH). bad_boots: those that
# counted against a release, in the unit's life.
Slots = namedtuple(
    "Slots", ("active", "standing", "tries", "failed", "proven", "floor", "fell_from", "crash", "expected", "bad_boots")
)
FIRST = Slots(0, CONFIRMED, 0, 0, 1, NONE, NONE, NO_CRASH, 0, 0)

_FORM = ">4sBBBB3s3s4sBH"
_MAGIC = b"ILT1"
BYTES = 25


def step(state: Slots, event: int, data: "Any", versions: "tuple[Any, Any]") -> Slots:
    """The next state. `versions`: of the whole release in each slot, or None."""
    active, standing, tries, failed, proven, floor, fell_from, crash, expected, bad_boots = state
    if event == BOOT:
        is_bad = bool(data) and not expected
        expected = 0
        if standing == CONFIRMED and is_bad:
            tries, bad_boots = _one_more(tries, bad_boots)
        after = _leave(active, tries, failed, floor, versions)
        if after != active:
            fell_from = versions[active] or NOT_WHOLE
            failed = 1 << active  # the other one gets another chance when this one fails as well
            active, tries = after, 0
        if _standing(active, proven) == TRIAL:
            tries, bad_boots = _one_more(tries, bad_boots)
    elif event == CRASHED:
        # The unit restarts itself, and a boot on trial was counted when it began.
        crash, expected = data, BY_CRASH
        if standing == CONFIRMED:
            tries, bad_boots = _one_more(tries, bad_boots)
    elif event in (INSTALLED, ARRIVES):
        failed &= ~(1 << data)
        proven &= ~(1 << data)
        if event == INSTALLED:
            active, tries, fell_from, crash, expected = data, 0, NONE, NO_CRASH, 1
    elif event == HEALTHY:
        tries, fell_from, crash = 0, NONE, NO_CRASH
        failed &= ~(1 << active)
        proven |= 1 << active
        floor = max(floor, data)
    elif event == EXPECT:
        expected = 1
    standing = _standing(active, proven)
    return Slots(active, standing, tries, failed, proven, floor, fell_from, crash, expected, bad_boots)


def _standing(active: int, proven: int) -> int:
    return CONFIRMED if proven & 1 << active else TRIAL


def _one_more(tries: int, bad_boots: int) -> tuple[int, int]:
    return min(tries + 1, TRIES_TO_GO_BELOW), min(bad_boots + 1, 0xFFFF)


def _leave(active: int, tries: int, failed: int, floor: "Any", versions: "tuple[Any, Any]") -> int:
    """The slot to start: the active one, or the other one when that is not whole or has had its tries."""
    other = 1 - active
    if versions[other] is None:
        return active
    if versions[active] is None:
        return other
    return other if tries >= (TRIES_TO_GO_BELOW if versions[other] < floor else TRIES) else active


def gives_up(state: Slots, versions: "tuple[Any, Any]") -> bool:
    """Whether to stop after an exception, instead of trying at once again: each release there is has had its tries."""
    other = 1 - state.active
    return state.tries >= TRIES and (versions[other] is None or bool(state.failed & 1 << other))


def pack(state: Slots) -> bytes:
    """As it is kept: BYTES, the last four a CRC."""
    active, _, tries, failed, proven, floor, fell_from, crash, expected, bad_boots = state
    form = (_FORM, _MAGIC, active, proven, tries, failed, bytes(floor), bytes(fell_from), crash, expected, bad_boots)
    packed = struct.pack(*form)
    return packed + struct.pack(">I", crc32(packed))


def unpack(data: bytes) -> "Slots | None":
    """What `pack` has packed; None when it is anything else."""
    if len(data) != BYTES or data[:4] != _MAGIC or crc32(data[:-4]) != struct.unpack(">I", data[-4:])[0]:
        return None
    fields = struct.unpack(_FORM, data[:-4])
    _, active, proven, tries, failed, floor, fell_from, crash, expected, bad_boots = fields
    if active > 1 or proven > 3:
        return None
    standing = _standing(active, proven)
    return Slots(active, standing, tries, failed, proven, tuple(floor), tuple(fell_from), crash, expected, bad_boots)


def unknown(versions: "tuple[Any, Any]", minimums: "tuple[Any, Any]") -> Slots:
    """The state of a unit that has none, or a spoiled one. The newer whole release is on trial, since it may never have
    run here; a lone one is taken for confirmed. The floor is the highest that any of them demands, as far as all of
    them are above it."""
    newer = 1 if versions[1] is not None and (versions[0] is None or versions[1] > versions[0]) else 0
    whole = [version for version in versions if version is not None] or [NONE]
    floor = min([max([minimum for minimum in minimums if minimum is not None] or [NONE])] + whole)
    proven = 1 << newer if len(whole) == 1 else 0
    return Slots(newer, _standing(newer, proven), 0, 0, proven, floor, NONE, NO_CRASH, 0, 0)
