"""Who sent this frame, and is it new? The camera's and the holster's ear.

A camera finds its own holsters by a table of expected identifiers (a look-up, no trial decryption), then checks the
own tag. The table holds the next WINDOW frames and the points at which a holster resumes after a power cut. Everything
else is tried as a frame of the group, at most `GUESTS_PER_S` times a second, and the same bytes only once while they
are remembered; so neither junk nor other people's acks starve an own holster, whose frames do not pass that gate
(but for the first after it went unheard for longer than the table reaches). At most three HMACs a frame.

Freshness is one high-water mark a sender, moved only after an authentic frame. Marks are facts that survive a reboot:
`station.py` writes them into the journal with what was heard.
"""

from collections import namedtuple

from .crypto import same
from .frames import ACK_KINDS, ID_AT, OWN_TAG_AT, SEALED_AT, GroupKeys, PairKeys, Unit, UnitKeys, open_unit
from .ticks import ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Iterable

WINDOW = 32
MARKS_MAX = 32
GUESTS_PER_S = 40
RESERVE_BLOCK = 256  # counters are reserved in such blocks: after a power cut a unit goes on behind the last one
_RESUME_BLOCKS = 3
_RESUME_FRAMES = 4
_SEEN = 16

# What a frame is to the receiver.
OWN = 1  # new, from a partner
OWN_REPEAT = 2  # the partner's newest frame again
OWN_STALE = 3  # authentic but older than the newest: delayed replay, or a holster that was rolled back
GROUP = 4  # new, from a member that is no partner

Heard = namedtuple("Heard", ("kind", "sender", "counter", "event", "flags", "digest"))
HeardAck = namedtuple("HeardAck", ("camera", "counter", "ack"))


class _Partner:
    """One own holster: keys, and the identifiers, packed, of its frames `base` .. `base + WINDOW - 1`, and of the first
    few frames of the blocks in which it may resume."""

    def __init__(self, keys: UnitKeys, mark: int) -> None:
        self.keys = keys
        self.base = mark
        self.table = self._identifiers(range(mark, mark + WINDOW))
        self._resume()

    def _identifiers(self, counters: "Iterable[int]") -> bytes:
        return b"".join([self.keys.identifier(counter) for counter in counters])

    def _resume(self) -> None:
        self._block = self.base // RESERVE_BLOCK
        self._resumes: list[int] = []
        for block in range(self._block + 1, self._block + 1 + _RESUME_BLOCKS):
            self._resumes += [block * RESERVE_BLOCK + i for i in range(1, _RESUME_FRAMES + 1)]
        self._resume_table = self._identifiers(self._resumes)

    def find(self, identifier: bytes) -> int | None:
        """The counter whose identifier this is, or None."""
        at = _find4(self.table, identifier)
        if at is not None:
            return self.base + at
        at = _find4(self._resume_table, identifier)
        return None if at is None else self._resumes[at]

    def advance(self, counter: int) -> None:
        """Move the window so that it begins at the newest frame."""
        step = counter - self.base
        keep = self.table[4 * step :] if 0 <= step < WINDOW else b""
        first = counter + len(keep) // 4
        self.table = keep + self._identifiers(range(first, counter + WINDOW))
        self.base = counter
        if counter // RESERVE_BLOCK != self._block:
            self._resume()

    def is_behind(self, mark: int) -> bool:
        """Whether the table begins before the newest frame."""
        return mark > self.base


def _find4(table: bytes, identifier: bytes) -> int | None:
    """The index of a 4-byte identifier in a packed table, or None."""
    at = table.find(identifier)
    while at >= 0 and at % 4:
        at = table.find(identifier, at + 1)
    return None if at < 0 else at // 4


class Receiver:
    """`group`: GroupKeys. `partners`: UnitKeys of the own holsters. `marks`: {sender: newest counter heard}."""

    def __init__(self, unit: int, group: GroupKeys, partners: list[UnitKeys], marks: dict[int, int]) -> None:
        self.unit = unit
        self.marks = marks
        self.junk = 0
        self._group = group
        self._partners: dict[int, _Partner] = {}
        for keys in partners:
            self._partners[keys.unit] = _Partner(keys, marks.get(keys.unit, 0))
        self._seen: list[bytes] = []
        self._budget = GUESTS_PER_S
        self._budget_at = 0

    def hear(self, frame: bytes, now: int) -> Heard | None:
        """What `frame` (31 bytes) is: a Heard, or None for junk, for frames of our own and for what is too old."""
        identifier = bytes(frame[ID_AT:SEALED_AT])
        for unit in self._partners:
            partner = self._partners[unit]
            counter = partner.find(identifier)
            if counter is not None and same(partner.keys.tag(counter, frame), bytes(frame[OWN_TAG_AT:])):
                return self._own(partner, counter, open_unit(self._group, frame))
        return self._guest(bytes(frame), now)

    def tidy(self) -> None:
        """Move the tables up to the newest frames heard: after these were followed, since it costs an HMAC a step."""
        for unit in self._partners:
            partner = self._partners[unit]
            if partner.is_behind(self.marks.get(unit, 0)):
                partner.advance(self.marks[unit])

    def _own(self, partner: _Partner, counter: int, unit: Unit | None) -> Heard:
        sender = partner.keys.unit
        newest = self.marks.get(sender, 0)
        kind = OWN if counter > newest else OWN_REPEAT if counter == newest else OWN_STALE
        if kind == OWN:
            self._mark(sender, counter)
        if unit is None or unit.counter != counter or unit.sender != sender:
            return Heard(kind, sender, counter, None, 0, None)  # a group key we lack: start anyway
        return Heard(kind, sender, counter, unit.event, unit.flags, unit.digest)

    def _guest(self, frame: bytes, now: int) -> Heard | None:
        # Whole frames are remembered, not identifiers: a spoilt copy must not hide the true one.
        if frame in self._seen:
            return None
        elapsed_ms = ticks_diff(now, self._budget_at)
        if elapsed_ms >= 1000 or elapsed_ms < 0:
            self._budget, self._budget_at = GUESTS_PER_S, now
        if not self._budget:
            return None
        self._budget -= 1
        self._seen.append(frame)
        if len(self._seen) > _SEEN:
            self._seen.pop(0)
        unit = open_unit(self._group, frame)
        if unit is None:
            self.junk += 1
            return None
        if unit.sender == self.unit:
            return None
        partner = self._partners.get(unit.sender)
        if partner:  # outside the window: the authentic resync
            if not same(partner.keys.tag(unit.counter, frame), bytes(frame[OWN_TAG_AT:])):
                self.junk += 1
                return None
            return self._own(partner, unit.counter, unit)
        newest = self.marks.get(unit.sender, 0)
        if unit.counter <= newest:
            return None
        self._mark(unit.sender, unit.counter)
        return Heard(GROUP, unit.sender, unit.counter, unit.event, unit.flags, unit.digest)

    def _mark(self, sender: int, counter: int) -> None:
        if sender not in self.marks and len(self.marks) >= MARKS_MAX:
            # Only members get here, so a full table means a group that is too large, not an attack.
            strangers = [unit for unit in self.marks if unit not in self._partners]
            del self.marks[min(strangers, key=lambda unit: self.marks[unit])]
        self.marks[sender] = counter


class AckEar:
    """The holster's ear for acks to its newest two frames, from any of its own cameras (`pairs`: PairKeys).

    A camera whose key is being changed is there twice, the older key first: both count until it speaks under the newer.
    """

    def __init__(self, pairs: list[PairKeys]) -> None:
        self._pairs = pairs
        self._expected: dict[bytes, tuple[PairKeys, int, int]] = {}
        self._older: dict[bytes, tuple[PairKeys, int, int]] = {}

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
