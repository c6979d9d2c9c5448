"""The picture of a played scenario, for people: the whole run above, and each use of a weapon in milliseconds below.

Whole runs last minutes and what matters takes milliseconds, so a use is drawn over logarithmic time since its first
event. What the lanes hold is found out in `timeline_lanes.py`; `timeline_page.py` is the paper.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from . import timeline_page as ui
from .timeline_lanes import Lane, Look, Span, WeaponUse, lanes, weapon_uses
from .timeline_page import Page, fit, text_width
from .world import Happening, Run

SMALL = ui.SMALL_PT
USES_MAX = 6
CAMERAS_MAX = 3
WIDTH = 16.0
MARGIN = 0.4
LABELS = 1.35
GAP = 0.35
ZOOM_LANE = 0.23
LINE = 0.235
_BEFORE_DECADES = 0.2
_ZERO_DECADES = 0.3

# look -> height (of the lane), face, edge, hatch, colour of text on it
_Style = tuple[float, str, str | None, str | None, str]
_STYLES: dict[Look, _Style] = {
    Look.HOLSTERED: (0.1, "#C5CCD3", None, None, ui.MUTED),
    Look.IDLE: (0.1, "#C5CCD3", None, None, ui.MUTED),
    Look.STANDBY: (0.1, "#C5CCD3", None, None, ui.MUTED),
    Look.DRAWN: (0.66, ui.BLUE, None, None, ui.INK),
    Look.ARMED: (0.66, ui.NAVY, None, None, ui.WHITE),
    Look.CALLING: (0.66, ui.AMBER_PALE, "#C48A0A", None, ui.INK),
    Look.HEARD: (0.66, ui.AMBER, None, None, ui.INK),
    Look.STARTING: (0.66, ui.AMBER, None, None, ui.INK),
    Look.PROVEN: (0.66, ui.GREEN, None, None, ui.WHITE),
    Look.RECORDING: (0.66, ui.GREEN, None, None, ui.WHITE),
    Look.HOLDING: (0.66, ui.GREEN_PALE, None, None, ui.INK),
    Look.BUFFER: (0.4, "#F3FAF7", "#6DB89C", "////", ui.INK),
    Look.UNPROVEN: (0.66, ui.WHITE, ui.VIOLET, "xxxx", ui.INK),
    Look.ALERT: (0.66, ui.CRIMSON, None, None, ui.WHITE),
    Look.FAULT: (0.66, ui.CRIMSON, None, None, ui.WHITE),
    Look.INTERRUPTED: (0.66, ui.CRIMSON, None, None, ui.WHITE),
    Look.OFF: (0.4, ui.WHITE, "#B4BCC4", "....", ui.MUTED),
    Look.ASLEEP: (0.4, ui.WHITE, "#B4BCC4", "....", ui.MUTED),
    Look.DEAD: (0.4, ui.WHITE, "#B4BCC4", "....", ui.MUTED),
}
_ABSENT = (Look.OFF, Look.ASLEEP, Look.DEAD)
_LEGEND = (
    (Look.DRAWN, "drawn"),
    (Look.ARMED, "armed"),
    (None, "discharge"),
    (Look.CALLING, "calling"),
    (Look.HEARD, "heard, starting"),
    (Look.RECORDING, "recording, proven"),
    (Look.HOLDING, "post-event hold"),
    (Look.BUFFER, "pre-event buffer kept"),
    (Look.FAULT, "alert, fault"),
    (Look.DEAD, "dead, asleep, no power"),
)
# verdict -> marker, glyph in it, face, edge, colour of text on it
_VERDICTS = {
    "before": ("o", "", ui.GREEN, ui.WHITE, ui.WHITE),
    "late": ("D", "", ui.AMBER, ui.INK, ui.INK),
    "unwitnessed": ("X", "", ui.CRIMSON, ui.WHITE, ui.WHITE),
    "indeterminate": ("s", "?", ui.WHITE, ui.VIOLET, ui.INK),
}
_UNITS = {"battery change": " s", "battery": " mV", "move": " m"}
_Map = Callable[[float], float]


def draw(run: Run, uses: list[dict[str, Any]], paths: tuple[Path, ...]) -> None:
    """Write the picture of `run` to every path (.svg, .png); `uses` are the entries of its `result.json`."""
    everything = lanes(run)
    found = weapon_uses(run, uses)
    details = [_Detail(run, use, number) for number, use in enumerate(found[:USES_MAX], 1)]
    columns = {1: 1, 2: 2, 4: 2}.get(len(details), 3)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    rows = [details[i : i + columns] for i in range(0, len(details), columns)]
    overview = _Overview(run, everything, found)
    heights = [max(detail.height(width) for detail in row) for row in rows]
    head = 1.3
    page = Page(WIDTH, head + overview.height + sum(heights) + (0.55 if details else 0.1) + 0.4)
    _head(page, run)
    y = head
    overview.draw(page, y)
    y += overview.height
    if details:
        shown = "" if len(found) <= USES_MAX else f" (the first {USES_MAX} of {len(found)})"
        page.text(MARGIN, y + 0.2, f"Every use{shown}, in logarithmic time since its first event", 10.5, bold=True)
        y += 0.5
    for row, height in zip(rows, heights, strict=True):
        badge_lines = max(detail.badge_lines(width) for detail in row)
        for column, detail in enumerate(row):
            detail.draw(page, MARGIN + column * (width + GAP), y, width, badge_lines)
        y += height
    _foot(page, y + 0.12)
    for path in paths:
        page.save(path)


def _head(page: Page, run: Run) -> None:
    scenario = run.scenario
    page.text(MARGIN, 0.38, scenario.name, 17, bold=True)
    facts = f"seed {run.seed}  ·  profile {scenario.profile}  ·  {run.virtual_us / 1e6:.0f} s of virtual time"
    page.text(WIDTH - MARGIN, 0.38, facts, 9.5, ui.MUTED, align="right")
    keys = WIDTH - MARGIN - sum(text_width(verdict) + 0.36 for verdict in _VERDICTS) + 0.16
    page.text(MARGIN, 0.68, fit(scenario.about, keys - MARGIN - 1, 10), 10, ui.MUTED)
    page.text(keys - 0.12, 0.68, "verdicts", SMALL, ui.MUTED, align="right")
    for verdict in _VERDICTS:
        _verdict_mark(page, keys + 0.08, 0.68, verdict)
        page.text(keys + 0.2, 0.68, verdict, SMALL, ui.MUTED)
        keys += text_width(verdict) + 0.36
    wide = sum(text_width(words) + 0.33 for _, words in _LEGEND)
    gap = (WIDTH - 2 * MARGIN - wide) / (len(_LEGEND) - 1)
    x, y = MARGIN, 1.0
    for look, words in _LEGEND:
        if look is None:
            page.strokes([(x + 0.13, y - 0.075, y + 0.075)], ui.INK, 2.2)
        else:
            _bar(page, x, x + 0.26, y, 0.2, look)
        page.text(x + 0.33, y, words, SMALL, ui.MUTED)
        x += 0.33 + text_width(words) + gap


def _foot(page: Page, y: float) -> None:
    words = (
        "Simulated: the real firmware in a MicroPython VM, in virtual time; latencies are unverified on physical boards.  "
        "Lanes weapon, air and camera are the world's truth; the units' lanes and all verdicts come from the journals."
    )
    page.text(MARGIN, y, fit(words, WIDTH - 2 * MARGIN), SMALL, ui.MUTED)


class _Overview:
    """The whole run, linear in time."""

    def __init__(self, run: Run, everything: list[Lane], uses: list[WeaponUse]) -> None:
        self._run = run
        self._uses = uses
        self._lanes = everything
        self._left = MARGIN + LABELS
        self._right = WIDTH - MARGIN
        self._happenings = _packed(run.happenings, self._x, self._right)
        self._lane = 0.25 if len(everything) <= 14 else 0.19
        self._strip = 0.26 + 0.17 * (1 + max((row for row, *_ in self._happenings), default=-1))
        rows = len(everything) + len({lane.unit for lane in everything if lane.name == "weapon"})
        self.height = self._strip + rows * self._lane + 0.45

    def _x(self, us: float) -> float:
        return self._left + (self._right - self._left) * us / self._run.virtual_us

    def draw(self, page: Page, top: float) -> None:
        first = top + self._strip
        bottom = top + self.height - 0.45
        for number, use in enumerate(self._uses, 1):
            left, right = self._x(use.start_us), self._x(use.end_us)
            page.bar(left, right, (top + 0.22 + bottom) / 2, bottom - top - 0.22, ui.BAND, zorder=0)
            page.disc(min(left + 0.105, self._right - 0.105), top + 0.1, str(number))
        for row, x, align, words, at in self._happenings:
            y = top + 0.33 + 0.17 * row
            page.line((at, at), (y, bottom), "#9AA5B0", 0.5)
            page.text(x, y, words, SMALL, ui.INK, align=align)
        self._scale(page, first, bottom)
        y = first
        for lane, begins in _with_begins(self._lanes):
            if begins:
                page.line((MARGIN, self._right), (y, y))
            if lane.name == "weapon":
                _label(page, MARGIN, self._left, y + self._lane / 2, lane.unit, "verdict")
                for use in self._uses:
                    for event in use.events if use.unit == lane.unit else ():
                        _verdict_mark(page, self._x(event["at_ms"] * 1000), y + self._lane / 2, event["verdict"])
                y += self._lane
                begins = False
            _label(page, MARGIN, self._left, y + self._lane / 2, lane.unit if begins else "", lane.name)
            _lane(page, lane, self._x, (0, self._run.virtual_us), y, self._lane)
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

    def _scale(self, page: Page, top: float, bottom: float) -> None:
        page.line((self._left, self._right), (bottom, bottom), ui.MUTED)
        end_s = self._run.virtual_us / 1e6
        step_s = next((s for s in (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800) if end_s / s <= 16), 3600)
        for i in range(int(end_s / step_s) + 1):
            x = self._x(i * step_s * 1e6)
            page.line((x, x), (top, bottom + 0.05), "#E7EBEF", 0.6)
            words = f"{i * step_s:g} s"
            page.text(min(x, self._right - text_width(words) / 2), bottom + 0.14, words, SMALL, ui.MUTED, align="center")


class _Detail:
    """One use in logarithmic time: when its frame flew, who heard it, when a camera recorded, when that was proven."""

    def __init__(self, run: Run, use: WeaponUse, number: int) -> None:
        self._use = use
        self._number = number
        first = use.events[0]
        own = run.unit(use.unit).unit.cameras
        cameras = [*own, first["recording_unit"], *(w for event in use.events for w in event["witnesses"])]
        cameras += [unit.unit.id for unit in run.units if unit.unit.recorder]
        present = list(dict.fromkeys(c for c in cameras if c and c != use.unit))
        took_part = {c for c in cameras[: len(own)] if c} | set(filter(None, [first["recording_unit"]]))
        took_part |= {w for event in use.events for w in event["witnesses"]}
        shown = present[: max(2, min(CAMERAS_MAX, len(took_part)))]
        self._lanes = lanes(run, {use.unit, *shown})
        answered = [first[name] for name in ("recording_at_ms", "acked_at_ms") if first[name]]
        last_ms = max([at - first["at_ms"] for at in answered] + [(us - use.start_us) / 1000 for us, _ in use.alerts[:2]], default=0)
        self._decades = 4 if last_ms <= 8_000 else 5
        self._badges = list(_badges(use.events))

    def _badge_rows(self, width: float) -> list[list[tuple[str, str, float]]]:
        rows: list[list[tuple[str, str, float]]] = [[]]
        used = 0.0
        for verdict, words in self._badges:
            needed = text_width(words) + 0.28
            if rows[-1] and used + needed > width:
                rows.append([])
                used = 0.0
            rows[-1].append((verdict, words, needed - 0.08))
            used += needed
        return rows

    def badge_lines(self, width: float) -> int:
        return len(self._badge_rows(width))

    def height(self, width: float) -> float:
        return 0.25 + LINE * (self.badge_lines(width) + 2) + 0.08 + len(self._lanes) * ZOOM_LANE + 0.55

    def draw(self, page: Page, left: float, top: float, width: float, badge_lines: int) -> None:
        page.disc(left + 0.105, top + 0.08, str(self._number))
        at_s = self._use.start_us / 1e6
        page.text(left + 0.3, top + 0.08, f"{self._use.unit}: {self._use.events[0]['event']} at {at_s:g} s", 10.5, bold=True)
        y = top + 0.38
        for i, row in enumerate(self._badge_rows(width)):
            x = left
            for verdict, words, wide in row:
                _, _, face, edge, ink = _VERDICTS[verdict]
                page.pill(x, y + i * LINE, wide, face, edge if face == ui.WHITE else face)
                page.text(x + 0.1, y + i * LINE, words, SMALL, ink)
                x += wide + 0.08
        y += badge_lines * LINE + 0.01
        page.text(left, y, fit(_milestones(self._use.events[0]), width), SMALL)
        y += LINE - 0.03
        seen = sorted({w for event in self._use.events for w in event["witnesses"]})
        words = fit(f"witnessed by {', '.join(seen)}", width) if seen else ""
        page.text(left, y, words, SMALL, ui.INK)
        if self._use.alerts:
            x = left + text_width(words) + (0.15 if words else 0)
            page.text(x, y, fit(self._alert_words(), left + width - x), SMALL, ui.CRIMSON)
        self._plot(page, left, y + 0.17, width)

    def _alert_words(self) -> str:
        return "alert " + ", ".join(
            f"{_after(us / 1000, self._use.start_us / 1000)} {words}" for us, words in self._use.alerts
        )

    def _plot(self, page: Page, left: float, top: float, width: float) -> None:
        inner, right = left + LABELS - 0.1, left + width
        bottom = top + len(self._lanes) * ZOOM_LANE
        zero = inner + (right - inner) * _BEFORE_DECADES / (_BEFORE_DECADES + _ZERO_DECADES + self._decades)
        decade = (right - zero) / (_ZERO_DECADES + self._decades)

        def x(us: float) -> float:
            ms = (us - self._use.start_us) / 1000
            if ms <= 1:
                return max(inner, zero + decade * _ZERO_DECADES * ms)
            return min(right, zero + decade * (_ZERO_DECADES + math.log10(ms)))

        window = (self._use.start_us - 1000, self._use.start_us + 10**self._decades * 1000)
        y = top
        for lane, begins in _with_begins(self._lanes):
            if begins:
                page.line((left, right), (y, y))
            _label(page, left, inner, y + ZOOM_LANE / 2, lane.unit if begins else "", lane.name)
            _lane(page, lane, x, window, y, ZOOM_LANE, self._use.start_us)
            self._ticks(page, lane, x, window, y)
            y += ZOOM_LANE
        page.line((inner, right), (bottom, bottom), ui.MUTED)
        page.line((zero, zero), (top, bottom + 0.05), ui.INK, 0.8)
        page.text(zero, bottom + 0.14, self._use.events[0]["event"], SMALL, ui.INK, align="center")
        for power in range(self._decades + 1):
            at = x(self._use.start_us + 10**power * 1000)
            page.line((at, at), (top, bottom + 0.05), "#E7EBEF", 0.6)
            words = f"{10**power} ms" if power < 3 else f"{10 ** (power - 3)} s"
            if at - text_width(words) / 2 > zero + 0.25:
                align = "right" if power == self._decades else "center"
                page.text(at, bottom + 0.14, words, SMALL, ui.MUTED, align=align)

    def _ticks(self, page: Page, lane: Lane, x: _Map, window: tuple[int, int], y: float) -> None:
        """Every PDU of the window, and when the first flew."""
        flown = [us for us in lane.pdus_us if window[0] <= us <= window[1]]
        at_x = sorted({round(x(us), 2) for us in flown})
        since = [us for us in flown if us >= self._use.start_us]
        if since:
            words = _after(since[0] / 1000, self._use.start_us / 1000)
            at = x(since[0])
            left = at - 0.05 - text_width(words)
            if left < x(self._use.start_us) + 0.03:
                left = at + 0.05
                at_x = [tick for tick in at_x if not at + 0.01 < tick < left + text_width(words) + 0.03]
            page.text(left, y + ZOOM_LANE / 2, words)
        page.strokes([(tick, y + 0.04, y + ZOOM_LANE - 0.04) for tick in at_x], ui.SLATE, 0.6)


def _lane(page: Page, lane: Lane, x: _Map, window: tuple[int, int], y: float, height: float, zero_us: int | None = None) -> None:
    """Spans and marks of a lane within the window; with `zero_us` spans say when, counted from it."""
    middle = y + height / 2
    for span in lane.spans:
        if span.end_us <= window[0] or span.start_us >= window[1]:
            continue
        left, right = x(max(span.start_us, window[0])), x(min(span.end_us, window[1]))
        _bar(page, left, right, middle, height, span.look)
        marks = [x(us) for us in (*lane.discharges_us, *lane.alerts_us)]
        free = left + 0.1 if any(abs(mark - left) < 0.05 for mark in marks) else left
        until = min((mark - 0.05 for mark in marks if mark > free), default=right)
        _name(page, span, free, min(until, right), middle, zero_us)
    for us in lane.discharges_us:
        if window[0] <= us <= window[1]:
            page.strokes([(x(us), y + 0.02, y + height - 0.02)], ui.INK, 2.2)
    for us in lane.alerts_us:
        if window[0] <= us <= window[1]:
            page.marker(x(us), middle, "^", ui.CRIMSON, size_pt=8)


def _bar(page: Page, left: float, right: float, y: float, height: float, look: Look) -> None:
    part, face, edge, hatch, _ = _STYLES[look]
    page.bar(left, right, y, part * height, face, edge=edge, hatch=hatch)


def _name(page: Page, span: Span, left: float, right: float, y: float, zero_us: int | None) -> None:
    """Words in a bar, as many as it has room for."""
    if span.look in _ABSENT:
        if text_width(span.look) + 0.2 <= right - left:
            page.text((left + right) / 2, y, span.look, SMALL, ui.MUTED, align="center", ground=True)
        return
    if zero_us is None or _STYLES[span.look][0] < 0.5:
        return
    after = _after(span.start_us / 1000, zero_us / 1000)
    for words in (f"{span.look} {after}", after, str(span.look)) if span.start_us > zero_us else (str(span.look),):
        if text_width(words) + 0.1 <= right - left:
            page.text(left + 0.05, y, words, SMALL, _STYLES[span.look][4])
            return


def _label(page: Page, left: float, right: float, y: float, unit: str, name: str) -> None:
    page.text(left, y, fit(unit, right - left - text_width(name) - 0.15, SMALL + 0.5), SMALL + 0.5, bold=True)
    page.text(right - 0.08, y, name, SMALL, ui.MUTED, align="right")


def _verdict_mark(page: Page, x: float, y: float, verdict: str) -> None:
    shape, glyph, face, edge, _ = _VERDICTS[verdict]
    page.marker(x, y, shape, face, edge=edge, size_pt={"D": 6.5, "X": 9, "s": 9}.get(shape, 8), glyph=glyph)


def _badges(events: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """(verdict, words) for each event; neighbours that fared alike are one badge."""

    def words(event: Mapping[str, Any]) -> tuple[str, str, str]:
        if event["verdict"] != "late":
            return event["verdict"], event["event"], event["verdict"]
        covers = {True: ", buffer covers", False: ", buffer too short"}.get(event["buffer_covers"], "")
        return "late", event["event"], f"late by {event['late_by_ms']} ± {event['late_by_u_ms']} ms{covers}"

    for (verdict, name, text), alike in groupby(events, key=words):
        count = len(list(alike))
        yield verdict, f"{name if count == 1 else f'{count} {name}s'} {text}"


def _milestones(event: Mapping[str, Any]) -> str:
    """When the first event's frame flew, was heard, a camera recorded, and that was proven to the holster unit."""
    parts = []
    for name, words, never in (
        ("frame_at_ms", "frame", "no frame"),
        ("heard_at_ms", "heard", "not heard"),
        ("recording_at_ms", f"recording {event['recording_unit']}", "no recording"),
        ("acked_at_ms", "acked", "not acked"),
    ):
        parts.append(never if event[name] is None else f"{words} {_after(event[name], event['at_ms'])}")
    return "  ·  ".join(parts)


def _after(at_ms: float, zero_ms: float) -> str:
    ms = at_ms - zero_ms
    return f"{ms:+.0f} ms".replace("-", "−") if abs(ms) < 10_000 else f"{ms / 1000:+.1f} s".replace("-", "−")


def _with_begins(found: list[Lane]) -> Iterable[tuple[Lane, bool]]:
    """Each lane, and whether a unit's set begins with it."""
    for i, lane in enumerate(found):
        yield lane, i == 0 or found[i - 1].unit != lane.unit


def _packed(happenings: Iterable[Happening], x: _Map, right: float) -> list[tuple[int, float, str, str, float]]:
    """(row, x, alignment, words, x of the instant) so that no two texts meet, in as few rows as that needs."""
    ends: list[float] = []
    found = []
    for happening in happenings:
        words = _words(happening)
        at = x(happening.at_us)
        wide = text_width(words)
        left = at + 0.05 if at + 0.05 + wide <= right else at - 0.05 - wide
        row = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + wide + 0.15]
        found.append((row, left, "left", words, at))
    return found


def _words(happening: Happening) -> str:
    action = happening.text.rstrip("0123456789.,-() ")
    text = re.sub(r"(\d)\.0\b", r"\1", happening.text)
    return f"{happening.unit} {text}{_UNITS.get(action, '')}"
