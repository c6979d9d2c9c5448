"""A camera unit's recordings, from what its journal says of the recorder's tally."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from interlock.core import camera, records, selftest
from interlock.core.layout import Record

BOOTED_MS = 2_000
"""So soon after its first record a unit has looked at its recorder. What was on then began nobody knows when."""


STAMP_MS = 50
"""A record may be stamped so much later than the moment from which it says how long the tally has been on."""
AGE_MOST_MS = 1 << 28
"""A tally that has been as it is for longer reads as this (`camera_state.saturate`)."""


class Recording(NamedTuple):
    """One stretch of tally on a camera unit's clock. `end_ms`: its end, or, unless `ended`, the last moment of which
    the journal knows: it may have gone on. `proven`: its unit believed the tally. `is_begin_seen`: false where the
    tally was on when the unit started, so that it began before `start_ms`, and after not before `begins_after`,
    (boot, ms) of the start before, None: not known. `first`, `last`: sequence numbers of the
    records that say that it was on, and that it ended, or what was known last. `ended_by_ms`: of one whose end nobody
    wrote down, when it was off for certain; `end_ms`: when it was on for certain. `is_doubted`: it ended with the last
    record that its unit believed, and the tally may have lied from then on. `sound`: false where it rests on records
    that are altered, or that something contradicts; `is_clipped`: how it went on, such records say."""

    boot: int
    start_ms: int
    end_ms: int
    buffer_ms: int
    proven: bool
    ended: bool
    is_begin_seen: bool = True
    first: int = 0
    last: int = 0
    ended_by_ms: int | None = None
    is_doubted: bool = False
    begins_after: tuple[int, int] | None = None
    sound: bool = True
    is_clipped: bool = False


def recordings_of(journal: Sequence[Record], doubted: int | None = None) -> list[Recording]:
    """All stretches, in order. `doubted`: from this record on the journal proves nothing, None: all of it does. Of one
    that began before that, what is sound comes first, as a stretch of its own."""
    tape = _Tape()
    for record in journal:
        tape.take(record)
    tape.cut()
    if doubted is None:
        return tape.found
    sound = next((record for record in reversed(journal) if record.sequence < doubted), None)
    return [part for found in tape.found for part in _weighed(found, doubted, sound)]


def _weighed(found: Recording, doubted: int, last: Record | None) -> list[Recording]:
    """`last`: the last sound record; up to then a recording that began before it was on."""
    if found.last < doubted:
        return [found]
    unsound = found._replace(sound=False)
    if last is None or found.first >= doubted:
        return [unsound]
    open_end = found._replace(end_ms=min(found.end_ms, last.uptime_ms), last=last.sequence, ended=False)
    return [open_end._replace(ended_by_ms=None, is_doubted=False, is_clipped=True), unsound]


class _Tape:
    """The stretch that is being read. `stopping`: since its last sound record the unit has told the recorder to stop,
    and did not see the effect yet; `on_ms`: when the tally was on last; `boot`: the one of which a recorder record is
    here; `booted_ms`: when this boot's first record was made, 0 where it is not here; `earlier`: since when
    at the earliest a tally may be on that this boot finds on."""

    def __init__(self) -> None:
        self.found: list[Recording] = []
        self.current: Recording | None = None
        self.stopping = False
        self.before: Record | None = None
        self.on_ms = 0
        self.boot: int | None = None
        self.booted_ms = 0
        self.earlier: tuple[int, int] | None = None

    def take(self, record: Record) -> None:
        before, self.before = self.before, record
        if before is not None and (record.boot, record.sequence) != (before.boot, before.sequence + 1):
            self.before = before
            self.cut()
            self.before = record
        if record.kind == records.SELF_TEST:
            self._tested(record.fields())
        if before is None or before.boot != record.boot:
            self.booted_ms = record.uptime_ms if record.kind == records.BOOT else 0
            self.earlier = self._before_boot(before, record)
        elif record.sequence != before.sequence + 1:
            self.earlier = None
        fields = record.fields() if record.kind == records.RECORDER else None
        if fields is None:
            return
        is_first, self.boot = record.boot != self.boot, record.boot
        edge_ms = record.uptime_ms - fields.tally_ago_ms
        proven, buffer_ms = bool(fields.believed), fields.buffer_100ms * 100
        if self.current is not None and self._is_another(fields, edge_ms):
            # It was off meanwhile, and nobody wrote down since when.
            over = {"end_ms": self.on_ms, "ended": True, "last": record.sequence, "ended_by_ms": edge_ms}
            self.found.append(self.current._replace(**over))
            self.current, self.stopping = None, False
        current, self.on_ms = self.current, record.uptime_ms
        if current is None:
            if fields.tally:
                seen = not (is_first and edge_ms <= self.booted_ms + BOOTED_MS)
                said = (buffer_ms, proven, False, seen, record.sequence, record.sequence)
                self.current = Recording(record.boot, edge_ms, record.uptime_ms, *said)
                if not seen:
                    self.current = self.current._replace(begins_after=self.earlier)
        elif not fields.tally:
            # What went off when told to was sound up to then.
            self.found.append(current._replace(end_ms=edge_ms, ended=True, last=record.sequence))
            self.current, self.stopping = None, False
        elif current.proven and not proven:
            # Told to stop, and then to start by a weapon before it had stopped, or told to stop only.
            self.stopping = fields.mode in (camera.HOLDING, camera.STARTING)
            if not self.stopping:
                self._doubt(record)
        else:
            self.current, self.stopping = current._replace(end_ms=record.uptime_ms, last=record.sequence), False

    def _before_boot(self, before: Record | None, record: Record) -> tuple[int, int] | None:
        """Since when at the earliest a tally may be on that this boot finds on: since it was seen off, or came on."""
        if before is None or record.sequence != before.sequence + 1:
            return None
        last = self.found[-1] if self.found else None
        if last is None or last.ended or last.last != before.sequence:
            return before.boot, before.uptime_ms
        return (last.boot, last.start_ms) if last.is_begin_seen else last.begins_after

    def _is_another(self, fields: Any, edge_ms: int) -> bool:
        """Whether the tally of this record came on after it was seen on last: a unit that was told to start again
        before the recorder had stopped does not write down that it stopped."""
        return bool(fields.tally) and edge_ms > self.on_ms + STAMP_MS and fields.tally_ago_ms < AGE_MOST_MS

    def cut(self) -> None:
        """The journal says no more of this boot, or nothing until behind a gap. A stop by itself would have been
        journalled at once, so what was on was on up to the last record."""
        if self.current is not None and self.before is not None:
            if self.stopping:
                self._doubt(self.before)
            self.found.append(self.current._replace(end_ms=self.before.uptime_ms, last=self.before.sequence))
        self.current, self.stopping = None, False

    def _tested(self, fields: Any) -> None:
        """A self-test found that the tally stays on though the recorder was told to stop: nobody knows since when."""
        if fields is None or fields.findings[-1] != selftest.STUCK_ON:
            return
        for at in range(len(self.found) - 1, -1, -1):
            following = self.found[at + 1] if at + 1 < len(self.found) else self.current
            if following is None or following.proven or self.found[at].end_ms != following.start_ms:
                return
            if self.found[at].boot != following.boot:
                return
            self.found[at] = self.found[at]._replace(proven=False)

    def _doubt(self, by: Record) -> None:
        """From its last sound record on this tally may have lied: one stretch is proven, the next is not."""
        assert self.current is not None
        sound = self.current._replace(ended=True, is_doubted=True)
        self.found.append(sound)
        said = (0, False, False, True, sound.last, by.sequence)
        self.current = Recording(sound.boot, sound.end_ms, by.uptime_ms, *said)
        self.stopping = False
