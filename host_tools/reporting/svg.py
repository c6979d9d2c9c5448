"""Timelines as shapes with places: what `templates/marks.html` writes out as inline SVG. All in pixels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from unicodedata import east_asian_width

from .model import Bar, Lane, Mark, Timeline

WIDTH = 760
LEFT = 112
RIGHT = 12
TOP = 6
AXIS = 24
CAMERA_HEIGHT = 36
ROW = 15  # of labels
LETTER = 6.3  # width of a small letter, generously
TICKS_MAX = 8
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000)
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Stroke:
    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True)
class Sign:
    """A symbol of `kind` around a point."""

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Words:
    x: float
    y: float
    text: str
    kind: str
    anchor: str


@dataclass
class Drawing:
    title: str
    height: float = TOP
    width: float = WIDTH
    boxes: list[Box] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


class _Scale:
    def __init__(self, timeline: Timeline) -> None:
        self.from_ms, self.to_ms = timeline.from_ms, max(timeline.to_ms, timeline.from_ms + 1)

    def x(self, ms: float) -> float:
        """Clipped to what the timeline shows."""
        inside = min(max(ms, self.from_ms), self.to_ms)
        share = (inside - self.from_ms) / (self.to_ms - self.from_ms)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> list[int]:
        span_ms = self.to_ms - self.from_ms
        step = next((step for step in _STEPS if span_ms / step <= TICKS_MAX), None)
        if step is None:
            step = -(-span_ms // (TICKS_MAX * _HOUR_MS)) * _HOUR_MS
        first = -(-self.from_ms // step) * step
        return list(range(first, self.to_ms + 1, step))


def draw(timeline: Timeline, title: str) -> Drawing:
    """`title`: what the picture shows, for those who do not see it."""
    scale, drawing = _Scale(timeline), Drawing(title)
    for lane in timeline.lanes:
        top = drawing.height
        if lane.kind in ("weapon", "alerts"):
            drawing.height += _labelled(drawing, scale, lane, top)
        else:
            _camera(drawing, scale, lane, top)
            drawing.height += CAMERA_HEIGHT
        drawing.strokes.append(Stroke(0, drawing.height, WIDTH, drawing.height, "rule"))
        _name(drawing, lane, top)
    for mark in [mark for lane in timeline.lanes if lane.kind == "weapon" for mark in lane.marks]:
        x = scale.x(mark.at_ms)
        drawing.strokes.append(Stroke(x, TOP, x, drawing.height, f"event {mark.kind}"))
    for ms in scale.ticks():
        x = scale.x(ms)
        drawing.strokes.append(Stroke(x, drawing.height, x, drawing.height + 4, "tick"))
        drawing.words.append(Words(x, drawing.height + 16, _tick(ms), "tick", "middle"))
    drawing.height += AXIS
    return drawing


def _name(drawing: Drawing, lane: Lane, top: float) -> None:
    """What is too long for the column is cut, the tables have it whole; a lane that shows nothing has room for it."""
    name, aside = lane.name, "own camera" if lane.kind == "own" else ""
    if lane.kind in ("weapon", "alerts") and name.endswith(")") and " (" in name:
        name, _, aside = name.rpartition(" (")
        aside = aside.removesuffix(")")
    most = (LEFT if lane.marks or lane.bars else WIDTH) - 8
    drawing.words.append(Words(0, top + 15, _cut(name, most), "name", "start"))
    if aside:
        drawing.words.append(Words(0, top + 29, _cut(aside, most), "aside", "start"))


def _cut(text: str, most: float) -> str:
    """As much of it as is no wider than `most` pixels. What has no shape of its own is no part of a picture."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    widths = list(accumulate(_width(letter) for letter in text))
    if not widths or widths[-1] <= most:
        return text
    return text[: sum(width <= most - LETTER - 1 for width in widths)] + "…"


def _width(letter: str) -> float:
    """Generously, of a bold letter."""
    if letter in "WM@%" or east_asian_width(letter) in "WF":
        return 2 * LETTER
    return 1.4 * LETTER if letter.isupper() else LETTER


def _tick(ms: int) -> str:
    sign = "−" if ms < 0 else "+" if ms else ""
    ms = abs(ms)
    if ms >= 120_000:
        seconds = ms // 1000
        return f"{sign}{seconds // 60}:{seconds % 60:02} min"
    return f"{sign}{ms / 1000:g} s"


def _labelled(drawing: Drawing, scale: _Scale, lane: Lane, top: float) -> float:
    """A lane of marks with words; labels that would overlap go a row down. Gives its height."""
    ends: list[float] = []
    for mark in sorted(lane.marks, key=lambda mark: mark.at_ms):
        x, width = scale.x(mark.at_ms), len(mark.label) * LETTER + 14
        left = x + width > WIDTH
        begin = x - width if left else x
        row = next((row for row, end in enumerate(ends) if end <= begin), len(ends))
        ends[row : row + 1] = [begin + width]
        y = top + 8 + row * ROW
        drawing.signs.append(Sign(x, y, mark.kind, _said(mark)))
        drawing.words.append(Words(x - 8 if left else x + 8, y + 4, mark.label, mark.kind, "end" if left else "start"))
    return max(len(ends), 2 if lane.name.endswith(")") else 1) * ROW + 6


def _said(mark: Mark) -> str:
    return f"{mark.label}, {mark.at_ms / 1000:+.3f} s"


def _camera(drawing: Drawing, scale: _Scale, lane: Lane, top: float) -> None:
    y, height = top + 17, 12
    for bar in lane.bars:
        for kind, begin, end, title in _parts(scale, bar):
            x1, x2 = scale.x(begin), scale.x(end)
            if x2 - x1 >= 0.3:
                drawing.boxes.append(Box(x1, y, round(x2 - x1, 1), height, kind, title))
    for mark in lane.marks:
        drawing.signs.append(Sign(scale.x(mark.at_ms), top + 9, mark.kind, _said(mark)))


def _parts(scale: _Scale, bar: Bar) -> Iterable[tuple[str, float, float, str]]:
    """(kind, begin, end, words) of a recording: what is certain, and what is not."""
    firm = "recorded" if bar.proven else "unproven"
    if bar.buffer_ms:
        covered = f"pre-event buffer: up to {bar.buffer_ms / 1000:g} s before the recording"
        yield "buffer", bar.start_low_ms - bar.buffer_ms, bar.start_low_ms, covered
    yield "unsure", bar.start_low_ms, bar.start_high_ms, "the recording began here somewhere"
    said = "recording" if bar.proven else "the camera's signal was on, but proves nothing"
    yield firm, bar.start_high_ms, max(bar.end_low_ms, bar.start_high_ms), said
    if bar.end_high_ms is None:
        yield "unsure", bar.end_low_ms, scale.to_ms, "the journal does not say how long it went on"
    else:
        yield "unsure", bar.end_low_ms, bar.end_high_ms, "the recording ended here somewhere"
