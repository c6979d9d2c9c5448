"""Who sent this frame, and is it new? The camera's and the holster's ear.

A camera finds its own holsters by a table of expected identifiers (a look-up, no trial decryption), then checks the
own tag. Everything else is tried once as a frame of the group. Work for a frame is bounded: at most three HMACs, and
frames that are no member's are tried at most `GUESTS_PER_S` times a second, so junk cannot starve an own holster,
whose frames never pass through that gate.

Freshness is one high-water mark a sender, moved only after an authentic frame. Marks are facts that survive a reboot:
`station.py` writes them into the journal with what was heard.
"""

from collections import namedtuple

from .crypto import same
from .frames import ACK_KINDS, ID_AT, OWN_TAG_AT, SEALED_AT, open_unit
from .ticks import ticks_diff

WINDOW = 32
MARKS_MAX = 32
GUESTS_PER_S = 40
_SEEN = 8

# What a frame is to the receiver.
OWN = 1  # new, from a partner
OWN_REPEAT = 2  # the partner's newest frame again
OWN_STALE = 3  # authentic but older than the newest: delayed replay, or a holster that was rolled back
GROUP = 4  # new, from a member that is no partner

Heard = namedtuple("Heard", ("kind", "sender", "counter", "event", "flags", "digest"))
HeardAck = namedtuple("HeardAck", ("camera", "counter", "ack"))


class _Partner:
    """One own holster: keys, and the identifiers of its frames `base` .. `base + WINDOW - 1`, packed."""

    def __init__(self, keys, mark):
        self.keys = keys
        self.base = mark
        self.table = b"".join([keys.identifier(mark + i) for i in range(WINDOW)])

    def find(self, identifier):
        """The counter whose identifier this is, or None."""
        at = self.table.find(identifier)
        while at >= 0 and at % 4:
            at = self.table.find(identifier, at + 1)
        return None if at < 0 else self.base + at // 4

    def advance(self, counter):
        """Move the window so that it begins at the newest frame."""
        step = counter - self.base
        keep = self.table[4 * step :] if 0 <= step < WINDOW else b""
        first = counter + len(keep) // 4
        new = [self.keys.identifier(c) for c in range(first, counter + WINDOW)]
        self.table = keep + b"".join(new)
        self.base = counter


class Receiver:
    """`group`: GroupKeys. `partners`: UnitKeys of the own holsters. `marks`: {sender: newest counter heard}."""

    def __init__(self, unit, group, partners, marks):
        self.unit = unit
        self.marks = marks
        self.junk = 0
        self._group = group
        self._partners = {}
        for keys in partners:
            self._partners[keys.unit] = _Partner(keys, marks.get(keys.unit, 0))
        self._seen = []
        self._budget = GUESTS_PER_S
        self._budget_at = 0

    def hear(self, frame, now):
        """What `frame` (31 bytes) is: a Heard, or None for junk, for frames of our own and for what is too old."""
        identifier = bytes(frame[ID_AT:SEALED_AT])
        for unit in self._partners:
            partner = self._partners[unit]
            counter = partner.find(identifier)
            if counter is not None and same(partner.keys.tag(counter, frame), bytes(frame[OWN_TAG_AT:])):
                return self._own(partner, counter, open_unit(self._group, frame))
        return self._guest(frame, identifier, now)

    def _own(self, partner, counter, unit):
        sender = partner.keys.unit
        newest = self.marks.get(sender, 0)
        kind = OWN if counter > newest else OWN_REPEAT if counter == newest else OWN_STALE
        if kind == OWN:
            self._mark(sender, counter)
            partner.advance(counter)
        if unit is None or unit.counter != counter or unit.sender != sender:
            return Heard(kind, sender, counter, None, 0, None)  # a group key we lack: start anyway
        return Heard(kind, sender, counter, unit.event, unit.flags, unit.digest)

    def _guest(self, frame, identifier, now):
        if identifier in self._seen:
            return None
        elapsed_ms = ticks_diff(now, self._budget_at)
        if elapsed_ms >= 1000 or elapsed_ms < 0:
            self._budget, self._budget_at = GUESTS_PER_S, now
        if not self._budget:
            return None
        self._budget -= 1
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
        self._seen.append(identifier)
        if len(self._seen) > _SEEN:
            self._seen.pop(0)
        return Heard(GROUP, unit.sender, unit.counter, unit.event, unit.flags, unit.digest)

    def _mark(self, sender, counter):
        if sender not in self.marks and len(self.marks) >= MARKS_MAX:
            # Only members get here, so a full table means a group that is too large, not an attack.
            strangers = [unit for unit in self.marks if unit not in self._partners]
            del self.marks[min(strangers, key=self.marks.get)]
        self.marks[sender] = counter


class AckEar:
    """The holster's ear for acks to its newest two frames, from any of its own cameras (`pairs`: PairKeys)."""

    def __init__(self, pairs):
        self._pairs = pairs
        self._expected = {}
        self._older = {}

    def expect(self, counter):
        """From now on acks to frame `counter` are recognised, and still those to the frame before it."""
        self._older = self._expected
        self._expected = {}
        for pair in self._pairs:
            for kind in ACK_KINDS:
                self._expected[pair.identifier(counter, kind)] = (pair, counter, kind)

    def hear(self, frame):
        """The HeardAck in `frame` (31 bytes), or None when it is not an authentic ack to us."""
        identifier = bytes(frame[ID_AT:SEALED_AT])
        found = self._expected.get(identifier) or self._older.get(identifier)
        if not found:
            return None
        pair, counter, kind = found
        ack = pair.open(frame, counter, kind)
        return None if ack is None else HeardAck(pair.camera, counter, ack)
