"""What a journal says of other units' journals, and what is compared with what they say: collected in one walk, packed
into a few bytes a record, so that the journals of a force fit in memory together. `witnesses.py` compares.
"""

import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import NamedTuple

from interlock.core import frames, receiver, records

HEAD_BYTES = frames.DIGEST_BYTES
CHANCES = 1 << 8 * HEAD_BYTES
NARROW = 1 << 10
"""So many records are searched at once; for more of them an index is made."""
NOT_READ = bytes(HEAD_BYTES)  # of an own frame whose sealed part could not be opened

EVENT, OTHER, RESTART = range(3)
JOURNALLED = (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER, frames.STOW, frames.CANCEL)
"""Events whose frame is never on the air without a record right behind it, nor heard without one, unless power or flash
fails. A weapon that is out says so again and again, which is recorded only where it is news."""

# As `records.unpack` has them, without making a named tuple of each of millions.
_FORMS = {
    kind: struct.Struct(records.FORMATS[kind][0])
    for kind in (
        records.RESERVE,
        records.EVENT,
        records.AIRED,
        records.HEARD,
        records.ACK,
        records.WITNESS,
        records.MET,
    )
}
_EVENT_AND_COUNTER = {
    kind: itemgetter(*map(records.FORMATS[kind][1]._fields.index, ("event", "counter")))
    for kind in (records.EVENT, records.AIRED)
}
# In place of an event.
ACK = 0xFF
_MET = 0xFE  # whatever it was: mostly an announcement, which has no record of its own
_NO_FRAME = (ACK, _MET)
_BY_OWN_KEY = (receiver.OWN, receiver.OWN_REPEAT, receiver.OWN_STALE, receiver.OWN_LATE)
# A new frame of a partner, answered from its record on; of strangers, which nobody answers, there may be some, too.
_NEW = (receiver.OWN, receiver.OWN_LATE, records.HEARD_POLICY)
Index = dict[bytes, "array[int]"]
_SAID = struct.Struct(f">IBB{HEAD_BYTES}sI")


class Said(NamedTuple):
    """Record `sequence` of a journal says: a frame was heard, and this beginning of its sender's chain value. `event`,
    `counter`: of the frame, or, of an answer to an own frame, of that; `heard`: as `receiver.py` and `records.py` have
    it."""

    counter: int
    event: int
    heard: int
    digest: bytes
    sequence: int

    @property
    def is_ack(self) -> bool:
        return self.event == ACK

    @property
    def is_own(self) -> bool:
        """Whether a key that the two share certainly authenticated it, and not only the group's."""
        return self.heard in _BY_OWN_KEY

    @property
    def is_met(self) -> bool:
        """Whether a partner's head was noted in passing, with whatever frame that was."""
        return self.event == _MET


@dataclass
class Testimony:
    """Listens to a walk (`walk.Witness`). `counters`, `places`, `whats`: this unit's frames by rising counter, the
    records that they have, and what they are (EVENT, OTHER; RESTART is no frame, but a restart, before which all
    counters up to that one were used); `strays`: counters that do not rise."""

    kinds = frozenset((records.BOOT, *_FORMS))
    heads: bytearray = field(default_factory=bytearray)
    counters: "array[int]" = field(default_factory=lambda: array("I"))
    places: "array[int]" = field(default_factory=lambda: array("I"))
    whats: bytearray = field(default_factory=bytearray)
    strays: set[int] = field(default_factory=set)
    _runs: list[int] = field(default_factory=list)  # positions where the chain value became known
    _slots: list[int] = field(default_factory=list)  # and which of `heads` each is
    _said: defaultdict[int, bytearray] = field(default_factory=lambda: defaultdict(bytearray))  # by who was heard
    _ceiling: int | None = None  # counters up to this one may be used in this boot

    # Listening.

    def begin(self, position: int) -> None:
        self._runs.append(position)
        self._slots.append(len(self.heads) // HEAD_BYTES)

    def gap(self) -> None:
        self._ceiling = None

    def hear(self, said: Iterable[tuple[int, int, bytes]]) -> None:
        forms, tell, pack, about = _FORMS, self._said, _SAID.pack, 0
        for kind, sequence, payload in said:
            if kind == records.BOOT:
                if self._ceiling is not None:
                    self._mark(self._ceiling, sequence, RESTART)
                continue
            form = forms[kind]
            if form.size != len(payload):
                continue
            if kind == records.HEARD:
                about, counter, heard, event_flags, digest = form.unpack(payload)
                tell[about] += pack(counter, event_flags >> 4, heard, digest, sequence)
            elif kind == records.ACK:
                about, counter, _, _, _, digest = form.unpack(payload)
                tell[about] += pack(counter, ACK, receiver.OWN, digest, sequence)
            elif kind == records.WITNESS:
                about, counter, digest = form.unpack(payload)
                tell[about] += pack(counter, frames.RECORDING, receiver.GROUP, digest, sequence)
            elif kind == records.MET:
                about, counter, digest = form.unpack(payload)
                tell[about] += pack(counter, _MET, receiver.OWN, digest, sequence)
            elif kind == records.RESERVE:
                (self._ceiling,) = form.unpack(payload)
            else:
                event, counter = _EVENT_AND_COUNTER[kind](form.unpack(payload))
                if counter:
                    self._mark(counter, sequence, EVENT if event in JOURNALLED else OTHER)

    def _mark(self, counter: int, sequence: int, what: int) -> None:
        if self.counters and counter <= self.counters[-1]:
            if what != RESTART:
                self.strays.add(counter)
            return
        self.counters.append(counter)
        self.places.append(sequence)
        self.whats.append(what)

    # What was heard.

    @property
    def told_of(self) -> Iterable[int]:
        """Numbers of the units of which it says anything."""
        return self._said.keys()

    def about(self, unit: int) -> Iterator[Said]:
        """All that this journal says of that unit, in its order."""
        return map(Said._make, _SAID.iter_unpack(self._said.get(unit, b"")))

    def digests_of(self, unit: int) -> set[bytes]:
        """The beginnings of that unit's chain values which it says."""
        return {digest for _, _, _, digest, _ in _SAID.iter_unpack(self._said.get(unit, b""))}

    def heard_of(self, unit: int) -> "tuple[array[int], array[int]]":
        """Counters of the new frames of this partner, rising, and the records that say so."""
        counters, places = array("I"), array("I")
        last = -1
        for counter, event, heard, _, sequence in _SAID.iter_unpack(self._said.get(unit, b"")):
            if heard in _NEW and event not in _NO_FRAME and counter > last:
                last = counter
                counters.append(counter)
                places.append(sequence)
        return counters, places

    def has_event(self, counter: int) -> bool:
        """Whether this unit recorded one of JOURNALLED under this counter."""
        at = bisect_left(self.counters, counter)
        return at < len(self.counters) and self.counters[at] == counter and self.whats[at] == EVENT

    # Chain values.

    def _run(self, low: int, high: int) -> tuple[int, int] | None:
        """The first byte in `heads` of the value before record `low`, and the last of that before `high`, if both are
        known and the chain is unbroken between them."""
        following = bisect_right(self._runs, low)
        if not following:
            return None
        shift = self._slots[following - 1] - self._runs[following - 1]
        end = self._slots[following] if following < len(self._slots) else len(self.heads) // HEAD_BYTES
        if high + shift >= end:
            return None
        return (low + shift) * HEAD_BYTES, (high + shift + 1) * HEAD_BYTES

    def is_known(self, low: int, high: int) -> bool:
        """Whether every chain value before records `low` to `high` is."""
        return self._run(low, high) is not None

    def index(self, digests: Iterable[bytes]) -> Index:
        """Which of `heads` each of these is, rising: one pass for all of them."""
        found = {int.from_bytes(digest, sys.byteorder): array("I") for digest in digests}
        heads = memoryview(bytes(self.heads)).cast("I")
        for slot in compress(range(len(heads)), map(found.__contains__, heads)):
            found[heads[slot]].append(slot)
        return {head.to_bytes(HEAD_BYTES, sys.byteorder): slots for head, slots in found.items()}

    def find(self, digest: bytes, low: int, high: int, index: Callable[[], Index]) -> int | None:
        """Before which of records `low` to `high` the chain value begins so; the last where several do. `index`: makes
        one, with this digest at least; asked only where there are more than NARROW records."""
        run = self._run(low, high)
        if run is None:
            return None
        begin, end = run
        if high - low >= NARROW:
            slots = index()[digest]
            at = bisect_left(slots, end // HEAD_BYTES) - 1
            slot = slots[at] * HEAD_BYTES if at >= 0 else -1
            return low + (slot - begin) // HEAD_BYTES if slot >= begin else None
        at = self.heads.rfind(digest, begin, end)
        while at >= 0 and (at - begin) % HEAD_BYTES:
            at = self.heads.rfind(digest, begin, at + HEAD_BYTES - 1)
        return None if at < 0 else low + (at - begin) // HEAD_BYTES
