"""One use of a weapon in milliseconds: frame, heard, recording, proven, and the verdict on each event.

Time is logarithmic since the use's first event: two milliseconds and ten seconds are both to be read.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from ..played import Run
from . import page as ui
from .lanes import Lane, WeaponUse, lanes
from .page import Page, fit, text_width
from .style import SMALL, VERDICTS, XMap, after_words, draw_lane, label, with_begins

CAMERAS_MAX = 3
NAMED_MAX = 6  # more witnesses are counted
LABELS = 1.15
LANE = 0.23
LINE = 0.235
BADGE_GAP = 0.06
NOTE_GAP = 0.15
AFTER_US = 10_000_000
_BEFORE_DECADES = 0.2
_ZERO_DECADES = 0.3


class Detail:
    """One use in logarithmic time: when its frame flew, who heard it, when a camera recorded, when that was proven."""

    def __init__(self, run: Run, use: WeaponUse, number: int) -> None:
        self._use = use
        self._number = number
        first = use.events[0]
        self._lanes = lanes(run, {use.unit, *_cameras(run, use)})
        decisive_ms = [first[name] for name in ("recording_at_ms", "acked_at_ms") if first[name] is not None]
        decisive_ms += [us / 1000 for us, _ in use.alerts[:2]]
        self._decades = 4 if all(ms - first["at_ms"] <= 6_000 for ms in decisive_ms) else 5
        self._badges = list(_badges(use.events))
        seen = sorted({w for event in use.events for w in event["witnesses"]})
        who = ", ".join(seen) if len(seen) <= NAMED_MAX else f"{len(seen)} cameras"
        self._notes = [(f"witnessed by {who}", ui.INK)] if seen else []
        self._notes += [(words, ui.CRIMSON) for words in _alarms(use)]

    def _badge_rows(self, width: float) -> list[list[tuple[str, str, float]]]:
        """Rows of (verdict, words, width), wrapped as text is."""
        rows: list[list[tuple[str, str, float]]] = [[]]
        used = 0.0
        for verdict, words in self._badges:
            wide = text_width(words) + 0.18
            if rows[-1] and used + wide > width:
                rows.append([])
                used = 0.0
            rows[-1].append((verdict, words, wide))
            used += wide + BADGE_GAP
        return rows

    def _note_rows(self, width: float) -> list[list[tuple[str, str]]]:
        """Rows of (words, ink) below the milestones, wrapped as text is."""
        rows: list[list[tuple[str, str]]] = []
        used = width
        for words, ink in self._notes:
            if used + text_width(words) > width:
                rows.append([])
                used = 0.0
            rows[-1].append((words, ink))
            used += text_width(words) + NOTE_GAP
        return rows

    def head_lines(self, width: float) -> tuple[int, int]:
        """Lines of badges, and of notes below the milestones, that it needs."""
        return len(self._badge_rows(width)), len(self._note_rows(width))

    def height(self, head_lines: tuple[int, int]) -> float:
        """Inches it needs with so many lines in its head."""
        return 0.33 + LINE * (1 + sum(head_lines)) + len(self._lanes) * LANE + 0.5

    def draw(self, page: Page, left: float, top: float, width: float, head_lines: tuple[int, int]) -> None:
        page.disc(left + 0.105, top + 0.08, str(self._number))
        first = self._use.events[0]
        title = f"{self._use.unit}: {first['event']} at {self._use.start_us / 1e6:g} s"
        title += ", cancelled" if first["cancelled"] else f", {first['coded']}" if first["coded"] else ""
        page.text(left + 0.3, top + 0.08, title, 10.5, bold=True)
        y = top + 0.38
        for i, row in enumerate(self._badge_rows(width)):
            x = left
            for verdict, words, wide in row:
                _, _, face, edge, ink = VERDICTS[verdict]
                page.pill(x, y + i * LINE, wide, face, edge if face == ui.WHITE else face)
                page.text(x + 0.09, y + i * LINE, words, SMALL, ink)
                x += wide + BADGE_GAP
        y += head_lines[0] * LINE + 0.01
        page.text(left, y, fit(_milestones(self._use.events[0]), width), SMALL)
        first_y = y + LINE - 0.03
        for i, notes in enumerate(self._note_rows(width)):
            x = left
            for words, ink in notes:
                page.text(x, first_y + i * (LINE - 0.03), fit(words, width), SMALL, ink)
                x += text_width(words) + NOTE_GAP
        y += head_lines[1] * (LINE - 0.03)
        self._plot(page, left, y + 0.17, width)

    def _plot(self, page: Page, left: float, top: float, width: float) -> None:
        inner, right = left + LABELS, left + width
        bottom = top + len(self._lanes) * LANE
        zero = inner + (right - inner) * _BEFORE_DECADES / (_BEFORE_DECADES + _ZERO_DECADES + self._decades)
        decade = (right - zero) / (_ZERO_DECADES + self._decades)

        def x(us: float) -> float:
            ms = (us - self._use.start_us) / 1000
            if ms <= 1:
                return max(inner, zero + decade * _ZERO_DECADES * ms)
            return min(right, zero + decade * (_ZERO_DECADES + math.log10(ms)))

        # What comes behind it is another story.
        end_us = min(self._use.start_us + 10**self._decades * 1000, self._use.end_us + AFTER_US)
        window = (self._use.start_us - 1000, end_us)
        y = top
        for lane, begins in with_begins(self._lanes):
            if begins:
                page.line((left, right), (y, y))
            label(page, left, inner, y + LANE / 2, lane.unit if begins else "", lane.name)
            draw_lane(page, lane, x, window, y, LANE, self._use.start_us)
            self._ticks(page, lane, x, window, y)
            y += LANE
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

    def _ticks(self, page: Page, lane: Lane, x: XMap, window: tuple[int, int], y: float) -> None:
        """Every PDU of the window, and when the first flew."""
        flown = [us for us in lane.pdus_us if window[0] <= us <= window[1]]
        at_x = sorted({round(x(us), 2) for us in flown})
        since = [us for us in flown if us >= self._use.start_us]
        if since:
            words = after_words(since[0] / 1000, self._use.start_us / 1000)
            at = x(since[0])
            left = at - 0.05 - text_width(words)
            if left < x(self._use.start_us) + 0.03:
                left = at + 0.05
                at_x = [tick for tick in at_x if not at + 0.01 < tick < left + text_width(words) + 0.03]
            page.text(left, y + LANE / 2, words)
        page.strokes([(tick, y + 0.04, y + LANE - 0.04) for tick in at_x], ui.SLATE, 0.6)


def _cameras(run: Run, use: WeaponUse) -> list[str]:
    """The cameras to show: its own, those that recorded or witnessed, and others until there are two."""
    own = [*run.unit(use.unit).unit.cameras, *(event["recording_unit"] for event in use.events)]
    own += [witness for event in use.events for witness in event["witnesses"]]
    part = [camera for camera in dict.fromkeys(own) if camera and camera != use.unit]
    others = [u.unit.id for u in run.units if u.unit.recorder and u.unit.id not in (*part, use.unit)]
    return [*part[:CAMERAS_MAX], *others[: max(0, 2 - len(part))]]


def _badges(events: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """(verdict, words) for each event; neighbours that fared alike are one badge."""

    def words(event: Mapping[str, Any]) -> tuple[str, str, str]:
        if event["verdict"] != "late":
            return event["verdict"], event["event"], event["verdict"]
        covers = {True: ", buffer covers", False: ", buffer too short"}.get(event["buffer_covers"], "")
        return "late", event["event"], f"late by {event['late_by_ms']} ± {event['late_by_u_ms']} ms{covers}"

    for (verdict, name, text), alike in groupby(events, key=words):
        count = len(list(alike))
        yield verdict, f"{name if count == 1 else f'{count} {name}s'}: {text}"


def _alarms(use: WeaponUse) -> list[str]:
    """What the officer was told, and what nobody on the boards can know."""
    found = [f"alert {after_words(us / 1000, use.start_us / 1000)} {words}" for us, words in use.alerts]
    if any(e["verdict"] in ("before", "late") and e["recording_at_ms"] is None for e in use.events):
        found.append("the tally lied: no camera recorded")
    return found


def _milestones(event: Mapping[str, Any]) -> str:
    """When the first event's frame flew, was heard, a camera recorded, and that was proven to the holster unit."""
    parts = []
    for name, words, never in (
        ("frame_at_ms", "frame", "no frame"),
        ("heard_at_ms", "heard", "not heard"),
        ("recording_at_ms", f"recording {event['recording_unit']}", "no recording"),
        ("acked_at_ms", "acked", "not acked"),
    ):
        parts.append(never if event[name] is None else f"{words} {after_words(event[name], event['at_ms'])}")
    return "  ·  ".join(parts)
