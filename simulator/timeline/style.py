"""How states and verdicts look, and how a lane is drawn over any map from time to place.

A state is a bar; rest is a thin line; what is absent (no power, dead, asleep) is dotted. Verdicts differ in shape too.
"""

from collections.abc import Callable, Iterable

from . import page as ui
from .lanes import Lane, Look, Span
from .notes import Sign
from .page import Page, fit, text_width

SMALL = ui.SMALL_PT
MARGIN = 0.4

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
    Look.SET_UP: (0.66, ui.VIOLET, None, None, ui.INK),
    Look.PULL: (0.66, ui.SLATE, None, None, ui.WHITE),
    Look.FAILED: (0.66, ui.CRIMSON, None, None, ui.WHITE),
}
_ABSENT = (Look.OFF, Look.ASLEEP, Look.DEAD)
LEGEND = (
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
    (Look.SET_UP, "set up, pair"),
    (Look.PULL, "clock, pull"),
)
# verdict -> marker, glyph in it, face, edge, colour of text on it
VERDICTS = {
    "before": ("o", "", ui.GREEN, ui.WHITE, ui.WHITE),
    "late": ("D", "", ui.AMBER, ui.INK, ui.INK),
    "unwitnessed": ("X", "", ui.CRIMSON, ui.WHITE, ui.WHITE),
    "indeterminate": ("s", "?", ui.WHITE, ui.VIOLET, ui.INK),
}
# sign -> marker, face, edge, size
SIGNS: dict[Sign, tuple[str, str, str, float]] = {
    Sign.WARNED: ("v", ui.AMBER, ui.INK, 8),
    Sign.FIT: ("o", ui.WHITE, ui.GREEN, 5),
    Sign.MODE: ("d", ui.VIOLET, ui.INK, 7.5),
    Sign.CANCELLED: ("X", ui.WHITE, ui.INK, 8),
    Sign.LATE: (">", ui.GREEN, ui.WHITE, 8),
    Sign.STOPPED: ("s", ui.CRIMSON, ui.WHITE, 6.5),
    Sign.UPDATE: ("^", ui.VIOLET, ui.WHITE, 7.5),
}
XMap = Callable[[float], float]


def draw_lane(
    page: Page, lane: Lane, x: XMap, window: tuple[int, int], y: float, height: float, zero_us: int | None = None
) -> None:
    """Spans and marks of a lane within the window; with `zero_us` spans say when, counted from it."""
    middle = y + height / 2
    for span in lane.spans:
        if span.end_us <= window[0] or span.start_us >= window[1]:
            continue
        left, right = x(max(span.start_us, window[0])), x(min(span.end_us, window[1]))
        if span.look in _ABSENT and right - left < 0.1:
            continue
        draw_bar(page, left, right, middle, height, span.look)
        marks = [x(us) for us in (*lane.discharges_us, *lane.alerts_us, *(note.at_us for note in lane.notes))]
        free = left + 0.1 if any(abs(mark - left) < 0.05 for mark in marks) else left
        until = min((mark - 0.05 for mark in marks if mark > free), default=right)
        _name(page, span, free, min(until, right), middle, zero_us)
    for us in lane.discharges_us:
        if window[0] <= us <= window[1]:
            page.strokes([(x(us), y + 0.02, y + height - 0.02)], ui.INK, 2.2)
    for us in lane.alerts_us:
        if window[0] <= us <= window[1]:
            page.marker(x(us), middle, "^", ui.CRIMSON, size_pt=8)
    for note in lane.notes:
        if window[0] <= note.at_us <= window[1]:
            sign_mark(page, x(note.at_us), middle, note.sign)


def sign_mark(page: Page, x: float, y: float, sign: Sign) -> None:
    """What a unit's journal notes at an instant."""
    shape, face, edge, size_pt = SIGNS[sign]
    page.marker(x, y, shape, face, edge=edge, size_pt=size_pt)


def draw_bar(page: Page, left: float, right: float, y: float, height: float, look: Look) -> None:
    """The bar of a state in a lane of `height` centred on `y`."""
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
    when = after_words(span.start_us / 1000, zero_us / 1000)
    for words in (f"{span.look} {when}", when, str(span.look)) if span.start_us > zero_us else (str(span.look),):
        if text_width(words) + 0.08 <= right - left:
            page.text(left + 0.05, y, words, SMALL, _STYLES[span.look][4])
            return


def label(page: Page, left: float, right: float, y: float, unit: str, name: str) -> None:
    """A lane's name at its left end, and the unit's id where its set begins."""
    page.text(left, y, fit(unit, right - left - text_width(name) - 0.15, SMALL + 0.5), SMALL + 0.5, bold=True)
    page.text(right - 0.08, y, name, SMALL, ui.MUTED, align="right")


def verdict_mark(page: Page, x: float, y: float, verdict: str) -> None:
    """The verdict on one event as a mark."""
    shape, glyph, face, edge, _ = VERDICTS[verdict]
    page.marker(x, y, shape, face, edge=edge, size_pt={"D": 6.5, "X": 9, "s": 9}.get(shape, 8), glyph=glyph)


def after_words(at_ms: float, zero_ms: float) -> str:
    """How long after `zero_ms`, for people."""
    ms = at_ms - zero_ms
    return f"{ms:+.0f} ms".replace("-", "−") if abs(ms) < 10_000 else f"{ms / 1000:+.1f} s".replace("-", "−")


def with_begins(found: list[Lane]) -> Iterable[tuple[Lane, bool]]:
    """Each lane, and whether a unit's set begins with it."""
    for i, lane in enumerate(found):
        yield lane, i == 0 or found[i - 1].unit != lane.unit
