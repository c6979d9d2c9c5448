"""What a journal says of other units' journals, and what is compared with what they say: collected in one walk, packed
into a few bytes a record, so that the journals of a force fit in memory together. `witnesses.py` compares.
"""

import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from interlock.core import frames, receiver, records

HEAD_BYTES = frames.DIGEST_BYTES
CHANCES = 1 << 8 * HEAD_BYTES
NARROW = 64
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
# In place of an event.
_ACK = 0xFF
_MET = 0xFE  # whatever it was: mostly an announcement, which has no record of its own
_BY_OWN_KEY = (receiver.OWN, receiver.OWN_REPEAT, receiver.OWN_STALE, receiver.OWN_LATE)
# A new frame of a partner, answered from its record on; of strangers, which nobody answers, there may be some, too.
_NEW = (receiver.OWN, receiver.OWN_LATE, records.HEARD_POLICY)
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
        return self.event == _ACK

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
    _runs: list[tuple[int, int]] = field(default_factory=list)  # position, and which of `heads` is that
    _said: dict[int, bytearray] = field(default_factory=dict)  # by the unit that was heard
    _ceiling: int | None = None  # counters up to this one may be used in this boot

    # Listening.

    def begin(self, position: int) -> None:
        self._runs.append((position, len(self.heads) // HEAD_BYTES))

    def gap(self) -> None:
        self._ceiling = None

    def note(self, kind: int, sequence: int, payload: bytes) -> None:
        if kind == records.BOOT:
            if self._ceiling is not None:
                self._mark(self._ceiling, sequence, RESTART)
            return
        form = _FORMS[kind]
        if form.size != len(payload):
            return
        if kind == records.HEARD:
            sender, counter, heard, event_flags, digest = form.unpack(payload)
            self._say(sender, counter, event_flags >> 4, heard, digest, sequence)
        elif kind == records.ACK:
            camera, counter, *_, digest = form.unpack(payload)
            self._say(camera, counter, _ACK, receiver.OWN, digest, sequence)
        elif kind == records.WITNESS:
            camera, counter, digest = form.unpack(payload)
            self._say(camera, counter, frames.RECORDING, receiver.GROUP, digest, sequence)
        elif kind == records.MET:
            unit, counter, digest = form.unpack(payload)
            self._say(unit, counter, _MET, receiver.OWN, digest, sequence)
        elif kind == records.RESERVE:
            (self._ceiling,) = form.unpack(payload)
        else:
            fields = records.unpack(kind, payload)
            if fields.counter:
                self._mark(fields.counter, sequence, EVENT if fields.event in JOURNALLED else OTHER)

    def _mark(self, counter: int, sequence: int, what: int) -> None:
        if self.counters and counter <= self.counters[-1]:
            if what != RESTART:
                self.strays.add(counter)
            return
        self.counters.append(counter)
        self.places.append(sequence)
        self.whats.append(what)

    def _say(self, about: int, counter: int, event: int, heard: int, digest: bytes, sequence: int) -> None:
        self._said.setdefault(about, bytearray()).extend(_SAID.pack(counter, event, heard, digest, sequence))

    # What was heard.

    @property
    def told_of(self) -> Iterable[int]:
        """Numbers of the units of which it says anything."""
        return self._said.keys()

    def about(self, unit: int) -> Iterator[Said]:
        """All that this journal says of that unit, in its order."""
        for fields in _SAID.iter_unpack(self._said.get(unit, b"")):
            yield Said(*fields)

    def heard_of(self, unit: int) -> "tuple[array[int], array[int]]":
        """Counters of the new frames of this partner, rising, and the records that say so."""
        counters, places = array("I"), array("I")
        for said in self.about(unit):
            if said.heard not in _NEW or said.is_ack or said.is_met:
                continue
            if not counters or said.counter > counters[-1]:
                counters.append(said.counter)
                places.append(said.sequence)
        return counters, places

    def has_event(self, counter: int) -> bool:
        """Whether this unit recorded one of JOURNALLED under this counter."""
        at = bisect_left(self.counters, counter)
        return at < len(self.counters) and self.counters[at] == counter and self.whats[at] == EVENT

    # Chain values.

    def _run(self, low: int, high: int) -> tuple[int, int] | None:
        """The first byte in `heads` of the value before record `low`, and the last of that before `high`, if both are
        known and the chain is unbroken between them."""
        at = bisect_right(self._runs, low, key=lambda run: run[0]) - 1
        if at < 0:
            return None
        position, place = self._runs[at]
        end = self._runs[at + 1][1] if at + 1 < len(self._runs) else len(self.heads) // HEAD_BYTES
        if place + high - position >= end:
            return None
        return (place + low - position) * HEAD_BYTES, (place + high - position + 1) * HEAD_BYTES

    def is_known(self, low: int, high: int) -> bool:
        """Whether every chain value before records `low` to `high` is."""
        return self._run(low, high) is not None

    def index(self, digests: Iterable[bytes]) -> dict[bytes, "array[int]"]:
        """Which of `heads` each of these is, rising: one pass for all of them."""
        found = {int.from_bytes(digest, sys.byteorder): array("I") for digest in digests}
        for slot, head in enumerate(memoryview(bytes(self.heads)).cast("I")):
            if head in found:
                found[head].append(slot)
        return {head.to_bytes(HEAD_BYTES, sys.byteorder): slots for head, slots in found.items()}

    def find(self, digest: bytes, low: int, high: int, index: Mapping[bytes, "array[int]"]) -> int | None:
        """Before which of records `low` to `high` the chain value begins so; the last where several do. `index`: of
        digests at least that are looked for in more than NARROW records."""
        run = self._run(low, high)
        if run is None:
            return None
        begin, end = run
        if high - low >= NARROW:
            slots = index[digest]
            at = bisect_left(slots, end // HEAD_BYTES) - 1
            slot = slots[at] * HEAD_BYTES if at >= 0 else -1
            return low + (slot - begin) // HEAD_BYTES if slot >= begin else None
        at = self.heads.rfind(digest, begin, end)
        while at >= 0 and (at - begin) % HEAD_BYTES:
            at = self.heads.rfind(digest, begin, at + HEAD_BYTES - 1)
        return None if at < 0 else low + (at - begin) // HEAD_BYTES
