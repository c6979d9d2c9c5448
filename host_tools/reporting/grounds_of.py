"""Why a use is judged as it is, as the report has it: records cited by their units' names, on the weapon's clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.core import records

from ..judging import citing
from ..judging.continuity import continuity
from ..judging.evidence import Evidence
from ..judging.uses import Event, Use
from ..judging.verdict import Judgement
from .grounds import Cited, Continuity, Ground
from .held import Held


@dataclass(frozen=True)
class Pen:
    """Writes of one use. `evidence`: as far as it concerns this use; `held`: units by number."""

    evidence: Evidence
    held: Mapping[int, Held]
    use: Use

    def ground(self, judgement: Judgement) -> Ground:
        """Of a judgement of this use."""
        return Ground(judgement.row, judgement.condition, [self._cited(one) for one in judgement.cited])

    def continuity(self, event: Event, judgement: Judgement) -> Continuity | None:
        """Of the recording that shows this event; None unless it was before."""
        found = continuity(self.evidence, self.use, event, judgement)
        if found is None:
            return None
        breaks = [(self._since(began), None if ended is None else self._since(ended)) for began, ended in found.breaks]
        return Continuity(found.state.value, breaks, found.reason, [self._cited(one) for one in found.cited])

    def end(self) -> Ground:
        """Which record ended the use."""
        returned = citing.of_return(self.use)
        if returned:
            return Ground("returned", returned[0].says, [self._cited(one) for one in returned])
        last = self.held[self.use.unit].last_of_boot[self.use.boot]
        says = "the last record of this start that is here"
        cited = citing.Cited(self.use.unit, last.sequence, last.kind, says, last.uptime_ms)
        return Ground("open", "no record that is here says that the weapon was back", [self._cited(cited)])

    def _cited(self, one: citing.Cited) -> Cited:
        unit = self.held.get(one.unit)
        serial, name = (f"unit {one.unit}",) * 2 if unit is None else (unit.serial, unit.name)
        kind = records.TYPE_NAMES.get(one.kind, f"type {one.kind}")
        at_ms = None if one.here_ms is None else self._since(one.here_ms)
        return Cited(serial, name, one.sequence, kind, one.says, at_ms)

    def _since(self, here_ms: float) -> int:
        return round(here_ms - self.use.events[0].at_ms)
