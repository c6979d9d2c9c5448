"""What units' journals tell beside the states of their lanes, as marks at an instant: warnings, modes, a draw that was
cancelled, an ack that came late, a recording that was stopped by hand. No drawing here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from interlock.core import frames, lines, proof, records, selftest, updating, watch
from interlock.core.settings import ROLE_HOLSTER

from ..played import Run, UnitRun


class Sign(StrEnum):
    """A kind of mark; its value is what people read in the legend."""

    WARNED = "warned: partner not fit"
    FIT = "partner fit"
    MODE = "mode"
    CANCELLED = "cancelled"
    LATE = "late ack"
    STOPPED = "stopped by hand"
    UPDATE = "release"


@dataclass(frozen=True)
class Note:
    """`words`: what is said of it beside the mark; empty where the mark says enough."""

    at_us: int
    sign: Sign
    words: str = ""


def notes(run: Run, unit: UnitRun) -> list[Note]:
    """Of one unit, in order."""
    names = {other.unit.number: other.unit.id for other in run.units}
    found: list[Note] = []
    teller = _Teller(unit, names)
    for record in unit.reading.records:
        fields = record.fields()
        if fields is None:
            continue
        told = teller.told(record.kind, fields)
        if told is not None:
            found.append(Note(unit.when_us(record), *told))
    return found


class _Teller:
    def __init__(self, unit: UnitRun, names: Mapping[int, str]) -> None:
        self._is_holster = bool(unit.unit.role & ROLE_HOLSTER)
        self._names = names
        self._unfit: set[int] = set()
        self._alerted: int | None = None  # the newest alert of this use that no ack has answered

    def told(self, kind: int, fields: Any) -> tuple[Sign, str] | None:
        if kind == records.BOOT:
            self._alerted = None
        elif kind == records.PARTNER:
            return self._partner(fields)
        elif kind == records.MODE:
            name = records.MODE_NAMES.get(fields.mode, f"mode {fields.mode}")
            return Sign.MODE, name if fields.seconds else f"{name} over"
        elif kind == records.SELF_TEST and fields.phase != records.TEST_BEGUN:
            return Sign.MODE, f"self-test {selftest.PHASE_NAMES.get(fields.phase, fields.phase)}"
        elif kind == records.LINES and fields.cause != lines.PLACED:
            return self._lines(fields)
        elif kind == records.UPDATE:
            version = f"{fields.major}.{fields.minor}.{fields.patch}"
            return Sign.UPDATE, f"{version} {updating.PHASE_NAMES.get(fields.phase, fields.phase)}"
        elif kind == records.ALERT:
            if fields.code == proof.ALERT_INTERRUPTED:
                return Sign.STOPPED, "stopped by hand"
            self._alerted = fields.code
        elif kind == records.ACK and self._is_holster:
            return self._ack(fields.kind_reason >> 4)
        elif kind == records.EVENT:
            if fields.event in (frames.DRAW, frames.REHOLSTER, frames.STOW):
                self._alerted = None
            elif fields.event == frames.CANCEL:
                return Sign.CANCELLED, "draw cancelled"
        return None

    def _lines(self, fields: Any) -> tuple[Sign, str]:
        wrong = [
            name for name, bits in zip(lines.LINES, fields.lines, strict=True) if bits & (lines.STUCK | lines.NOISY)
        ]
        if fields.cause == lines.SOUND:
            return Sign.FIT, "sensors sound again"
        return Sign.WARNED, f"warned: {', '.join(wrong)}"

    def _partner(self, fields: Any) -> tuple[Sign, str] | None:
        name = self._names.get(fields.unit, f"unit {fields.unit}")
        if fields.mode == watch.GOOD:
            # Who was never missed is not news.
            is_news = fields.unit in self._unfit
            self._unfit.discard(fields.unit)
            return Sign.FIT, f"{name} is back" if is_news else ""
        if fields.mode not in (watch.POOR, watch.MISSING):
            return None
        self._unfit.add(fields.unit)
        why = "missing" if fields.mode == watch.MISSING else self._why(fields.detail)
        return Sign.WARNED, f"warned: {name} {why}"

    def _why(self, detail: int) -> str:
        if self._is_holster:
            return frames.READY_NAMES.get(detail, f"state {detail}")
        return "low battery" if detail & frames.FLAG_LOW_BATTERY else "sensor fault"

    def _ack(self, kind: int) -> tuple[Sign, str] | None:
        if self._alerted == proof.ALERT_NOT_HEARD or (self._alerted is not None and kind == frames.PROVEN):
            came_late = self._alerted in (proof.ALERT_NOT_HEARD, proof.ALERT_NOT_RECORDING)
            self._alerted = None
            return (Sign.LATE, "late ack") if came_late else None
        return None
