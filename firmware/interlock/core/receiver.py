"""Who sent this frame, and is it new? The camera's and the holster's ear.

A unit finds its own partners by a table of expected identifiers (a look-up, no trial decryption; `expected.py`), then
checks the own tag. Everything else is tried as a frame of the group, `GUESTS_PER_S` times a second on average, and the
same bytes only once while they are remembered, the authentic apart from the junk. So neither junk nor other people's
acks starve an own partner, whose frames do not pass that gate. Half of the tries are kept for bytes that come again, as
those of a burst do, and they are granted at instants that nobody outside can know: a flood must air all its junk twice,
and cannot be timed.

Freshness is one high-water mark a sender, moved only after an authentic frame; and, for whoever has a clock, the time
slot that the frame is dated with. Partners are served without a clock; strangers are not. Marks are facts that survive
a reboot: `station.py` writes them into the journal with what was heard.

Work a frame, in HMACs: see `PROTOCOL.md`, section 6.
"""

from collections import namedtuple

from .bucket import Bucket
from .crypto import same
from .expected import Partner
from .frames import (
    ACK_KINDS,
    ID_AT,
    NO_SLOT,
    OUT,
    OWN_TAG_AT,
    PRESENCE,
    READINESS,
    SEALED_AT,
    SLOT_BYTES,
    GroupKeys,
    PairKeys,
    Unit,
    UnitKeys,
    nearest_slot,
    slot_byte,
    timed_slot,
    unpack_unit,
)

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import TypeAlias

    Opened: TypeAlias = tuple[GroupKeys, bytes, Unit]

MARKS_MAX = 32  # strangers remembered
GUESTS_PER_S = 40
RESERVE_BLOCK = 256  # counters are reserved in such blocks: after a power cut a unit goes on behind the last one
_TRY_MS = 2000 // GUESTS_PER_S  # of each of the two buckets
SLOTS_APART = 39  # clocks may lie two minutes apart, either way, and frames are made up to eight slots ahead
_KNOWN = 16
_JUNK = 32
_UNTRIED = 16
_BEHIND, _AHEAD = -1, 1
_UNDATED = 1 << 32  # above any slot: such a mark is evicted last

# What a frame is to the receiver.
OWN = 1  # new, from a partner
OWN_REPEAT = 2  # the partner's newest frame again
OWN_STALE = 3  # authentic but older than the newest: delayed by minutes at most, or a holster that was rolled back
GROUP = 4  # new, from a member that is no partner
OWN_LATE = 5  # new by its counter, from a partner, but dated minutes off: replayed late, or one of us has a wrong clock
UNDATED = 6  # new by its counter, from a member that is no partner and has no clock

Heard = namedtuple("Heard", ("kind", "sender", "counter", "event", "flags", "body", "slot"))
HeardAck = namedtuple("HeardAck", ("camera", "counter", "ack"))


def _stray(byte: int, slot: int) -> int:
    """By how many slots (modulo 255) a byte on the air is ahead of `slot`."""
    return (byte - slot_byte(slot)) % SLOT_BYTES


class Receiver:
    """`groups`: GroupKeys of the epochs taken, one or two. `partners`: UnitKeys of the own partners. `marks`: {sender:
    newest counter heard}.

    A partner whose unit key is being changed is there twice, the older key first: both count until it speaks under the
    later one."""

    def __init__(self, unit: int, groups: list[GroupKeys], partners: list[UnitKeys], marks: dict[int, int]) -> None:
        self.unit = unit
        self.marks = marks
        self.junk = 0  # frames that no key of ours fits, or too old to tell
        self.replays = 0  # authentic, and provably from minutes ago
        self.limited = 0  # not tried, since the gate was shut
        self._groups = groups
        self._partners = [Partner(keys, marks.get(keys.unit, 0)) for keys in partners]
        self._tries = Bucket(GUESTS_PER_S, _TRY_MS, 0)
        self._second_tries = Bucket(GUESTS_PER_S // 2, _TRY_MS, 0)
        self._known: list[bytes] = []
        self._seen_junk: list[bytes] = []
        self._untried: list[bytes] = []
        self._newest: dict[int, int] = {}  # stranger -> the latest slot it was heard with since boot
        self._first_slot = NO_SLOT  # own slot when the clock was first there
        self._floor = NO_SLOT  # a stranger without a mark must be dated later

    def hear(self, frame: bytes, now: int, slot: int) -> Heard | None:
        """What `frame` (31 bytes) is: a Heard, or None for junk, for replays, for frames of our own and for what was
        heard before. `slot`: the time slot of now, NO_SLOT without a clock."""
        if slot and not self._first_slot:
            self._first_slot = slot
        identifier = bytes(frame[ID_AT:SEALED_AT])
        for partner in self._partners:
            if frame == partner.frame:
                return partner.repeat
            counter = partner.find(identifier)
            if counter is not None and self._is_from(partner, counter, frame):
                return self._own(partner, counter, bytes(frame), slot, self._open(partner.unit, counter, frame))
        return self._guest(bytes(frame), now, slot)

    def is_spent(self, frame: bytes) -> bool:
        """Whether the frame just heard was tried as a stranger's, so that the same bytes need no second look."""
        return frame in self._known or frame in self._seen_junk

    def tidy(self) -> bool:
        """Work on the partners' tables, a little: after what was heard was followed. False when nothing was left."""
        busy = False
        for partner in self._partners:
            busy = partner.tidy(self.marks.get(partner.unit, 0)) or busy
        return busy

    # Partners.

    def _is_from(self, partner: Partner, counter: int, frame: bytes) -> bool:
        return same(partner.keys.tag(counter, frame), bytes(frame[OWN_TAG_AT:]))

    def _open(self, sender: int, counter: int, frame: bytes) -> "Opened | None":
        """What a frame with a right own tag says: so whatever opens to this sender and counter is authentic. None when
        it was sealed under a group key that we lack."""
        for group in self._groups:
            plain = group.reveal(frame)
            unit = unpack_unit(plain)
            if unit.sender == sender and unit.counter == counter:
                return group, plain, unit
        return None

    def _own(self, partner: Partner, counter: int, frame: bytes, slot: int, opened: "Opened | None") -> Heard | None:
        """A frame with a partner's own tag, and the counter that it fits."""
        self._retire(partner)
        unit, sent_slot, off = self._date(frame, slot, opened)
        newest = self.marks.get(partner.unit, 0)
        says_there = unit is not None and unit.event in PRESENCE + READINESS
        if counter < newest:
            if off == _BEHIND or says_there:
                self.replays += 1
                return None
            return _heard(OWN_STALE, partner.unit, counter, unit, sent_slot)
        partner.frame, partner.repeat = frame, None
        kind = OWN_REPEAT
        if counter > newest:
            self.marks[partner.unit] = counter
            kind = OWN
            if sent_slot and slot and not off:
                partner.astray = None
        if off == _BEHIND and unit is not None:
            # A burst that goes on is known by its bytes: this repeat is of one from before the boot.
            if kind == OWN_REPEAT or says_there or not self._is_followed_late(partner, unit, slot):
                self.replays += 1
                return None
        if off and kind == OWN:
            kind = OWN_LATE
        partner.repeat = _heard(OWN_REPEAT, partner.unit, counter, unit, sent_slot)
        return _heard(kind, partner.unit, counter, unit, sent_slot)

    def _date(self, frame: bytes, slot: int, opened: "Opened | None") -> "tuple[Unit | None, int, int]":
        """(the Unit or None, the slot it was sent in as far as known, 0 or by which side that is provably minutes off).

        What is dated ahead is no replay: one of the two clocks is wrong, perhaps our own, which an old frame set."""
        if opened is None:
            return None, NO_SLOT, 0
        group, plain, unit = opened
        sent_slot = timed_slot(unit)
        if sent_slot is None:
            if not unit.slot or not slot:
                return unit, NO_SLOT, 0
            sent_slot = nearest_slot(unit.slot, slot)
            if not group.proves(frame, plain, sent_slot):
                return unit, NO_SLOT, _BEHIND  # or ahead, but further off than the byte reaches
        if not slot or not sent_slot or abs(sent_slot - slot) <= SLOTS_APART:
            return unit, sent_slot, 0
        return unit, sent_slot, _AHEAD if sent_slot > slot else _BEHIND

    def _is_followed_late(self, partner: Partner, unit: Unit, slot: int) -> bool:
        """Whether a partner's new frame counts although it is dated minutes ago. An event does: better one start too
        many. A renewal does only after such an event, and if it strays as that did."""
        stray = _stray(unit.slot, slot)
        if unit.event != OUT:
            partner.astray = stray
            return True
        if partner.astray is None:
            return False
        return (stray - partner.astray + SLOTS_APART) % SLOT_BYTES <= 2 * SLOTS_APART

    def _retire(self, partner: Partner) -> None:
        """A unit speaks under this key: its older ones count no more."""
        older = self._partners[: self._partners.index(partner)]
        self._partners = [p for p in self._partners if p not in older or p.unit != partner.unit]

    # Strangers.

    def _guest(self, frame: bytes, now: int, slot: int) -> Heard | None:
        # Whole frames are remembered, not identifiers: a spoilt copy must not hide the true one.
        if frame in self._known or frame in self._seen_junk:
            return None
        if not self._may_try(frame, now):
            self.limited += 1
            return None
        for group in self._groups:
            plain = group.reveal(frame)
            # By half the time either way, drawn from a keystream that the sender of junk does not know.
            self._tries.put_off((plain[-1] - 128) * _TRY_MS // 256)
            self._second_tries.put_off((plain[-2] - 128) * _TRY_MS // 256)
            unit = unpack_unit(plain)
            partners = [p for p in self._partners if p.unit == unit.sender]
            for partner in partners:  # outside the tables: the authentic resync
                if self._is_from(partner, unit.counter, frame):
                    _remember(self._known, _KNOWN, frame)
                    return self._own(partner, unit.counter, frame, slot, (group, plain, unit))
            if partners or not slot:
                continue
            sent_slot = nearest_slot(unit.slot, slot) if unit.slot else NO_SLOT
            if group.proves(frame, plain, sent_slot):
                _remember(self._known, _KNOWN, frame)
                return self._stranger(unit, sent_slot, slot)
        if slot:  # without a clock, a stranger's frame and junk look the same
            self.junk += 1
        _remember(self._seen_junk, _JUNK, frame)
        return None

    def _may_try(self, frame: bytes, now: int) -> bool:
        if self._tries.take(now):
            return True
        if frame in self._untried:
            return self._second_tries.take(now)
        _remember(self._untried, _UNTRIED, frame)
        return False

    def _stranger(self, unit: Unit, sent_slot: int, slot: int) -> Heard | None:
        sender = unit.sender
        if sender == self.unit:
            return None
        if sent_slot:
            # A floor ahead of the clock is from before it was put back.
            floor = self._floor if sender not in self.marks and self._floor <= slot + SLOTS_APART else NO_SLOT
            if abs(sent_slot - slot) > SLOTS_APART or sent_slot <= floor:
                self.replays += 1
                return None
        if unit.counter <= self.marks.get(sender, 0):
            return None
        if sender not in self.marks:
            self._make_room()
        self.marks[sender] = unit.counter
        self._newest[sender] = max(sent_slot, self._newest.get(sender, 0)) if sent_slot else _UNDATED
        return _heard(GROUP if sent_slot else UNDATED, sender, unit.counter, unit, sent_slot)

    def _make_room(self) -> None:
        """Forget the stranger that was heard longest ago. Its frames stay out: by their age, or by the floor."""
        own = [partner.unit for partner in self._partners]
        # Of marks from before the boot nothing is known but that their clocks were not minutes ahead.
        at_boot = self._first_slot + SLOTS_APART
        slots = {unit: self._newest.get(unit, at_boot) for unit in self.marks if unit not in own}
        if len(slots) < MARKS_MAX:
            return
        victim = min(slots, key=slots.__getitem__)
        if slots[victim] < _UNDATED:
            self._floor = max(self._floor, slots[victim])
        self._newest.pop(victim, None)
        del self.marks[victim]


def _heard(kind: int, sender: int, counter: int, unit: Unit | None, slot: int) -> Heard:
    if unit is None:
        return Heard(kind, sender, counter, None, 0, None, slot)  # a group key we lack: start anyway
    return Heard(kind, sender, counter, unit.event, unit.flags, unit.body, slot)


def _remember(frames: list[bytes], most: int, frame: bytes) -> None:
    frames.append(frame)
    if len(frames) > most:
        frames.pop(0)


class AckEar:
    """The holster's ear for acks to its newest two frames, from any of its own cameras (`pairs`: PairKeys).

    A camera whose key is being changed is there twice, the older key first: both count until it speaks under the newer.
    """

    def __init__(self, pairs: list[PairKeys]) -> None:
        self._pairs = pairs
        self._expected: dict[bytes, tuple[PairKeys, int, int]] = {}
        self._older: dict[bytes, tuple[PairKeys, int, int]] = {}

    def forget(self) -> None:
        """A use begins: an ack to a frame of the one before proves nothing in it."""
        self._expected = {}
        self._older = {}

    def expect(self, counter: int) -> None:
        """From now on acks to frame `counter` are recognised, and still those to the frame before it."""
        self._older = self._expected
        self._expected = {}
        for pair in self._pairs:
            for kind in ACK_KINDS:
                self._expected[pair.identifier(counter, kind)] = (pair, counter, kind)

    def hear(self, frame: bytes) -> HeardAck | None:
        """The HeardAck in `frame` (31 bytes), or None when it is not an authentic ack to us."""
        identifier = bytes(frame[ID_AT:SEALED_AT])
        found = self._expected.get(identifier) or self._older.get(identifier)
        if not found:
            return None
        pair, counter, kind = found
        ack = pair.open(frame, counter, kind)
        if ack is None:
            return None
        self._retire(pair)
        return HeardAck(pair.camera, counter, ack)

    def _retire(self, pair: PairKeys) -> None:
        """A camera speaks under this key: from the next frame on its older keys count no more."""
        older = self._pairs[: self._pairs.index(pair)]
        self._pairs = [p for p in self._pairs if p not in older or p.camera != pair.camera]
