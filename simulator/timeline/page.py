"""A page to draw on: one figure measured in inches from its upper left corner, and the look of everything on it.

Text is measured before it is drawn, so nothing overlaps. Colours stay apart for the colour-blind and, by lightness
and hatching, in greyscale. Knows nothing of scenarios: see `style.py`.
"""

import bisect
import functools
from collections.abc import Iterable
from pathlib import Path as FilePath

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

DPI = 100
SMALL_PT = 8.0
FONT = "DejaVu Sans"

INK = "#1F2933"
MUTED = "#5F6B76"
RULE = "#D9DEE3"
BAND = "#F1F4F7"
SLATE = "#55626E"
BLUE = "#9CC3E6"
NAVY = "#1F5A94"
AMBER = "#F4B93E"
AMBER_PALE = "#FDEDC8"
GREEN = "#1A936F"
GREEN_PALE = "#BFE3D3"
CRIMSON = "#8C1C3A"
VIOLET = "#B07CC6"
WHITE = "#FFFFFF"

_METADATA = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}


_HINTING = 1.03  # glyphs drawn on whole pixels are up to this much wider than their outlines


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size_pt: float = SMALL_PT, bold: bool = False) -> float:
    """Width of one line of text in inches."""
    if not text:
        return 0.0
    # By the font's own advances: outlines would have to be solved for their extents, curve by curve.
    font = get_font(findfont(FontProperties(family=FONT, weight="bold" if bold else "normal")))
    font.set_size(size_pt, 72)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return float(font.get_width_height()[0]) / 64 / 72 * _HINTING


def fit(text: str, width: float, size_pt: float = SMALL_PT) -> str:
    """The text, cut with an ellipsis where it is wider than `width` inches."""
    if text_width(text, size_pt) <= width:
        return text
    kept = bisect.bisect_right(range(len(text)), width, key=lambda n: text_width(text[:n] + " …", size_pt)) - 1
    return text[: max(kept, 0)].rstrip(" ,·") + " …"


class Page:
    """A white page of `width` by `height` inches; y grows downwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self._figure = Figure(figsize=(width, height), dpi=DPI, facecolor=WHITE)
        FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size_pt: float = SMALL_PT,
        color: str = INK,
        *,
        bold: bool = False,
        align: str = "left",
        ground: bool = False,
    ) -> None:
        """One line, vertically centred on `y`; with `ground` on a white ground, to be read above marks."""
        box = {"facecolor": WHITE, "edgecolor": "none", "pad": 0.8} if ground else None
        self._axes.text(
            x,
            y,
            text,
            size=size_pt,
            family="sans-serif",
            color=color,
            weight="bold" if bold else "normal",
            ha=align,
            va="center_baseline",
            zorder=6,
            bbox=box,
        )

    def bar(
        self,
        x0: float,
        x1: float,
        y: float,
        height: float,
        face: str,
        *,
        edge: str | None = None,
        hatch: str | None = None,
        zorder: float = 2,
    ) -> None:
        """A bar from x0 to x1, vertically centred on `y`; never thinner than can be seen."""
        self._axes.add_patch(
            Rectangle(
                (x0, y - height / 2),
                max(x1 - x0, 0.015),
                height,
                facecolor=face,
                edgecolor=edge or face,
                linewidth=0.7 if edge else 0,
                hatch=hatch,
                zorder=zorder,
            )
        )

    def line(self, xs: tuple[float, float], ys: tuple[float, float], color: str = RULE, width_pt: float = 0.7) -> None:
        self._axes.add_line(Line2D(xs, ys, color=color, linewidth=width_pt, zorder=1, solid_capstyle="butt"))

    def strokes(self, strokes: Iterable[tuple[float, float, float]], color: str, width_pt: float) -> None:
        """Many upright strokes (x, upper y, lower y) as one path, which keeps the SVG small."""
        points = [point for x, upper, lower in strokes for point in ((x, upper), (x, lower))]
        if points:
            codes = [Path.MOVETO, Path.LINETO] * (len(points) // 2)
            path = Path(points, codes)
            self._axes.add_patch(PathPatch(path, facecolor="none", edgecolor=color, linewidth=width_pt, zorder=3))

    def marker(
        self, x: float, y: float, shape: str, face: str, *, edge: str = WHITE, size_pt: float = 7, glyph: str = ""
    ) -> None:
        """A mark in one of matplotlib's marker shapes, with an optional character in it."""
        self._axes.add_line(
            Line2D(
                [x],
                [y],
                marker=shape,
                markersize=size_pt,
                markerfacecolor=face,
                markeredgecolor=edge,
                markeredgewidth=0.8,
                linestyle="none",
                zorder=5,
            )
        )
        if glyph:
            self.text(x, y, glyph, SMALL_PT, edge, bold=True, align="center")

    def disc(self, x: float, y: float, text: str) -> None:
        """A numbered disc."""
        self._axes.add_patch(Circle((x, y), 0.105, facecolor=INK, edgecolor="none", zorder=5))
        self.text(x, y, text, SMALL_PT, WHITE, bold=True, align="center")

    def pill(self, x: float, y: float, width: float, face: str, edge: str) -> None:
        """A rounded box around a line of text at `y`."""
        self._axes.add_patch(
            FancyBboxPatch(
                (x + 0.05, y - 0.06),
                width - 0.1,
                0.12,
                boxstyle="round,pad=0.045",
                facecolor=face,
                edgecolor=edge,
                linewidth=1,
                zorder=2,
            )
        )

    def save(self, path: FilePath) -> None:
        """Write the page as `path`'s suffix says (.svg or .png), the same bytes for the same page."""
        # By default SVG elements are numbered at random and the date is stamped: both would differ from run to run.
        with matplotlib.rc_context({"svg.hashsalt": "interlock", "svg.fonttype": "none", "hatch.linewidth": 0.6}):
            self._figure.savefig(path, metadata=_METADATA[path.suffix])
