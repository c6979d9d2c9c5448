"""Months as a small picture: one bar a month, as high as its discharges, coloured by verdict."""

from collections.abc import Sequence

from .breakdown import UNKNOWN
from .model import Row
from .svg import WIDTH, Box, Drawing, Stroke, Words

HEIGHT = 120
TOP, FOOT, BESIDE = 20, 34, 8
BAR_MAX = 48
MONTH, NARROWEST = 84, 320  # width of a month, and of the narrowest picture: that of a phone
LABEL = 56  # width of a month's name, generously
VERDICTS = ("before", "late", "unwitnessed", "indeterminate")


def draw_months(rows: Sequence[Row]) -> Drawing | None:
    """None where there is nothing to compare. The newest 36; uses of an unknown month are in the table only."""
    months = [row for row in rows if row.key != UNKNOWN][-36:]
    most = max((row.headline.discharges.total for row in months), default=0)
    if len(months) < 2 or most == 0:
        return None
    drawing = Drawing("Discharges by month: how many had video running before them", height=TOP + HEIGHT + FOOT)
    drawing.width = min(max(NARROWEST, MONTH * len(months)), WIDTH)
    step = (drawing.width - 2 * BESIDE) / len(months)
    width = round(min(step * 0.6, BAR_MAX), 1)
    drawing.strokes.append(Stroke(0, TOP + HEIGHT, drawing.width, TOP + HEIGHT, "rule"))
    every = -(-LABEL // int(step))
    for place, row in enumerate(months):
        middle = round(BESIDE + (place + 0.5) * step, 1)
        _bar(drawing, row, middle, width, HEIGHT / most)
        if (len(months) - 1 - place) % every == 0:
            drawing.words.append(Words(middle, TOP + HEIGHT + 16, row.name, "tick", "middle"))
    return drawing


def _bar(drawing: Drawing, row: Row, middle: float, width: float, unit: float) -> None:
    count, y = row.headline.discharges, float(TOP + HEIGHT)
    for verdict in VERDICTS:
        number = getattr(count, verdict)
        if number:
            height = round(number * unit, 1)
            y = round(y - height, 1)
            title = f"{row.name}: {number} of {count.total} {verdict}"
            drawing.boxes.append(Box(round(middle - width / 2, 1), y, width, height, verdict, title))
    if count.total and width >= 12:
        drawing.words.append(Words(middle, y - 5, f"{count.before}/{count.total}", "tick", "middle"))
