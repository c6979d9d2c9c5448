"""How far cameras' clocks were ahead of a weapon's, as a report has it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..clocks.exchange import Segment
from ..clocks.unit_clock import HOST_U_MS
from ..judging.evidence import Evidence
from ..judging.uses import Use
from .grounds import ClockOffset
from .held import Held


@dataclass(frozen=True)
class Ties:
    """Of the units in `held`, by number."""

    held: Mapping[int, Held]
    _boots: dict[int, list[tuple[float, float, int]]] = field(default_factory=dict)

    def offsets(self, evidence: Evidence, use: Use, cameras: Iterable[int]) -> list[ClockOffset]:
        """At the first event of this use, of each boot of these cameras in which the two spoke, or which UTC shows to
        have been under way then."""
        here, here_ms = Segment(use.unit, use.boot), use.events[0].at_ms
        found = []
        for camera in cameras:
            if camera == use.unit or camera not in self.held:
                continue
            unit = self.held[camera]
            for boot in self._candidates(evidence, use, camera):
                offset = evidence.measured(here, Segment(camera, boot), here_ms)
                last = unit.last_of_boot.get(boot)
                if offset is None or last is None:
                    continue
                # Of several boots that were spoken in, that of another use is not meant.
                if here_ms + offset.high_ms < 0 or here_ms + offset.low_ms > last.uptime_ms:
                    continue
                edges = math.floor(offset.low_ms), math.ceil(offset.high_ms)
                sure = (round(offset.ms), math.ceil(offset.u_ms), *edges)
                found.append(ClockOffset(unit.name, unit.serial, boot, *sure, offset.by))
        return found

    def _candidates(self, evidence: Evidence, use: Use, camera: int) -> list[int]:
        here, clock = Segment(use.unit, use.boot), evidence.clocks[use.unit]
        boots = [boot for boot in self.held[camera].last_of_boot if (here, Segment(camera, boot)) in evidence.bounds]
        utc = clock.span(use.boot, use.events[0].at_ms)
        if utc is not None:
            low_ms, high_ms = utc.low - 2 * HOST_U_MS, utc.high + 2 * HOST_U_MS
            timed = self._timed(evidence, camera)
            boots += [boot for began, ended, boot in timed if began <= high_ms and ended >= low_ms]
        return sorted(set(boots))

    def _timed(self, evidence: Evidence, camera: int) -> list[tuple[float, float, int]]:
        """UTC of the beginning and the end of each boot that was ever set, at the widest, and the boot."""
        found = self._boots.get(camera)
        if found is None:
            found = self._boots[camera] = []
            for boot, last in self.held[camera].last_of_boot.items():
                clock = evidence.clocks.get(camera)
                began, ended = (
                    (None, None) if clock is None else (clock.span(boot, 0), clock.span(boot, last.uptime_ms))
                )
                if began is not None and ended is not None:
                    found.append((began.low, ended.high, boot))
        return found
