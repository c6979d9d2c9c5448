"""A camera unit's recordings, from what its journal says of the recorder's tally."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from interlock.core import camera, records, selftest
from interlock.core.layout import Record


class Recording(NamedTuple):
    """One stretch of tally on a camera unit's clock. `end_ms`: its end, or, unless `ended`, the last moment of which
    the journal knows: it may have gone on. `proven`: its unit believed the tally."""

    boot: int
    start_ms: int
    end_ms: int
    buffer_ms: int
    proven: bool
    ended: bool


def recordings_of(journal: Sequence[Record]) -> list[Recording]:
    """All stretches, in order."""
    tape = _Tape()
    for record in journal:
        tape.take(record)
    tape.cut()
    return tape.found


class _Tape:
    """The stretch that is being read. `stopping`: since its last sound record the unit has told the recorder to stop,
    and did not see the effect yet."""

    def __init__(self) -> None:
        self.found: list[Recording] = []
        self.current: Recording | None = None
        self.stopping = False
        self.before: Record | None = None

    def take(self, record: Record) -> None:
        before, self.before = self.before, record
        if before is not None and (record.boot, record.sequence) != (before.boot, before.sequence + 1):
            self.before = before
            self.cut()
            self.before = record
        if record.kind == records.SELF_TEST:
            self._tested(record.fields())
        fields = record.fields() if record.kind == records.RECORDER else None
        if fields is None:
            return
        edge_ms = record.uptime_ms - fields.tally_ago_ms
        proven, buffer_ms = bool(fields.believed), fields.buffer_100ms * 100
        current = self.current
        if current is None:
            if fields.tally:
                self.current = Recording(record.boot, edge_ms, record.uptime_ms, buffer_ms, proven, ended=False)
        elif not fields.tally:
            # What went off when told to was sound up to then.
            self.found.append(current._replace(end_ms=edge_ms, ended=True))
            self.current, self.stopping = None, False
        elif current.proven and not proven:
            self.stopping = fields.mode == camera.HOLDING
            if not self.stopping:
                self._doubt(record.uptime_ms)
        else:
            self.current, self.stopping = current._replace(end_ms=record.uptime_ms), False

    def cut(self) -> None:
        """The journal says no more of this boot, or nothing until behind a gap. A stop by itself would have been
        journalled at once, so what was on was on up to the last record."""
        if self.current is not None and self.before is not None:
            if self.stopping:
                self._doubt(self.before.uptime_ms)
            self.found.append(self.current._replace(end_ms=self.before.uptime_ms))
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

    def _doubt(self, until_ms: int) -> None:
        """From its last sound record on this tally may have lied: one stretch is proven, the next is not."""
        assert self.current is not None
        self.found.append(self.current._replace(ended=True))
        self.current = Recording(self.current.boot, self.current.end_ms, until_ms, 0, False, ended=False)
        self.stopping = False
