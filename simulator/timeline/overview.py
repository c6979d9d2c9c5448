"""The overview: every lane of every unit over the whole run, linear in time."""

import math
import re
from collections.abc import Iterable

from ..played import Happening, Run
from . import page as ui
from .lanes import Lane, WeaponUse
from .page import Page, text_width
from .style import MARGIN, SMALL, XMap, draw_lane, label, verdict_mark, with_begins

LABELS = 1.35
LANE = 0.25
LANE_OF_MANY = 0.19
MANY = 14
TEXT_ROW = 0.17
DISC_ROW = 0.26
SCALE = 0.45
_STEPS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400, 172800, 604800)
_UNITS = {"battery change": " s", "battery": " mV", "move": " m", "press": " s"}
TEXTS_MAX = 60  # with more of them what the journals note has marks only
ANNOUNCED = "#2F7FC4"


class Overview:
    """`height` in inches is known before anything is drawn; the first `numbered` of `uses` get a number and a
    ground."""

    def __init__(self, run: Run, everything: list[Lane], uses: list[WeaponUse], width: float, numbered: int) -> None:
        self._run = run
        self._uses = uses
        self._numbered = numbered
        self._lanes = everything
        self._left = MARGIN + LABELS
        self._right = width - MARGIN
        told = [(h.at_us, _words(h), ui.INK) for h in _merged(run, everything)]
        noted = [(n.at_us, f"{lane.unit} {n.words}", ui.NAVY) for lane in everything for n in lane.notes if n.words]
        if len(told) + len(noted) <= TEXTS_MAX:
            told = sorted([*told, *noted], key=lambda text: text[0])
        self._happenings = _packed(told, self._x, self._right)
        self._lane = LANE if len(everything) <= MANY else LANE_OF_MANY
        self._strip = DISC_ROW + TEXT_ROW * (1 + max((row for row, *_ in self._happenings), default=-1))
        rows = len(everything) + len({lane.unit for lane in everything if lane.name == "weapon"})
        self.height = self._strip + rows * self._lane + SCALE

    def _x(self, us: float) -> float:
        return self._left + (self._right - self._left) * us / self._run.virtual_us

    def draw(self, page: Page, top: float) -> None:
        first = top + self._strip
        bottom = top + self.height - SCALE
        disc = 0.0
        for number, use in enumerate(self._uses[: self._numbered], 1):
            left, right = self._x(use.start_us), self._x(use.end_us)
            page.bar(left, right, (top + 0.22 + bottom) / 2, bottom - top - 0.22, ui.BAND, zorder=0)
            disc = max(left + 0.105, disc + 0.23)
            page.disc(disc, top + 0.1, str(number))
        for row, x, words, at, color in self._happenings:
            y = top + DISC_ROW + 0.07 + TEXT_ROW * row
            page.line((at, at), (y, bottom), "#9AA5B0", 0.5)
            page.text(x, y, words, SMALL, color)
        self._scale(page, first, bottom)
        y = first
        for lane, begins in with_begins(self._lanes):
            if begins:
                page.line((MARGIN, self._right), (y, y))
            if lane.name == "weapon":
                label(page, MARGIN, self._left, y + self._lane / 2, lane.unit, "verdict")
                for use in self._uses:
                    for event in use.events if use.unit == lane.unit else ():
                        verdict_mark(page, self._x(event["at_ms"] * 1000), y + self._lane / 2, event["verdict"])
                y += self._lane
                begins = False
            label(page, MARGIN, self._left, y + self._lane / 2, lane.unit if begins else "", lane.name)
            draw_lane(page, lane, self._x, (0, self._run.virtual_us), y, self._lane)
            self._density(page, lane, y)
            y += self._lane

    def _density(self, page: Page, lane: Lane, y: float) -> None:
        """PDUs in each hundredth of an inch: the fuller, the higher."""
        counts: dict[int, int] = {}
        for us in lane.pdus_us:
            column = int(self._x(us) * 100)
            counts[column] = counts.get(column, 0) + 1
        most = max(counts.values(), default=1)
        base, full = y + 0.83 * self._lane, 0.66 * self._lane
        strokes = [(c / 100, base - full * math.sqrt(n / most), base) for c, n in sorted(counts.items())]
        page.strokes(strokes, ui.SLATE, 0.72)
        said = sorted({int(self._x(us) * 100) for us in lane.announced_us})
        page.strokes([(c / 100, base - 0.3 * full, base + 0.06) for c in said], ANNOUNCED, 1.0)

    def _scale(self, page: Page, top: float, bottom: float) -> None:
        page.line((self._left, self._right), (bottom, bottom), ui.MUTED)
        end_s = self._run.virtual_us / 1e6
        step_s = next((s for s in _STEPS_S if end_s / s <= 16), _STEPS_S[-1])
        for i in range(int(end_s / step_s) + 1):
            x = self._x(i * step_s * 1e6)
            page.line((x, x), (top, bottom + 0.05), "#E7EBEF", 0.6)
            words = _time(i * step_s, step_s)
            x = min(x, self._right - text_width(words) / 2)
            page.text(x, bottom + 0.14, words, SMALL, ui.MUTED, align="center")


def _time(at_s: float, step_s: float) -> str:
    """Seconds, hours and minutes, or days, as the scale goes."""
    if step_s < 300:
        return f"{at_s:g} s"
    if step_s < 86400:
        return f"{at_s // 3600:.0f}:{at_s % 3600 // 60:02.0f} h"
    return f"day {at_s / 86400:.0f}"


def _merged(run: Run, everything: Iterable[Lane]) -> list[Happening]:
    """What happened to units that are shown, and to no unit; the same to several at one instant is said once."""
    hidden = {unit.unit.id for unit in run.units} - {lane.unit for lane in everything}
    together: dict[tuple[int, str], list[str]] = {}
    for happening in run.happenings:
        if happening.unit not in hidden:
            together.setdefault((happening.at_us, happening.text), []).append(happening.unit)
    return [Happening(", ".join(units), text, at_us) for (at_us, text), units in together.items()]


def _packed(texts: Iterable[tuple[int, str, str]], x: XMap, right: float) -> list[tuple[int, float, str, float, str]]:
    """(instant, words, colour) as (row, x, words, x of the instant, colour), so that no two texts meet, in as few rows
    as that needs."""
    ends: list[float] = []
    found = []
    for at_us, words, color in texts:
        at = x(at_us)
        wide = text_width(words)
        left = at + 0.05 if at + 0.05 + wide <= right else at - 0.05 - wide
        row = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + wide + 0.15]
        found.append((row, left, words, at, color))
    return found


def _words(happening: Happening) -> str:
    action = happening.text.rstrip("0123456789.,-() ")
    text = re.sub(r"(\d)\.0\b", r"\1", happening.text)
    return f"{happening.unit} {text}{_UNITS.get(action, '')}"
