"""The picture of a played scenario, for people: the whole run above, and each use of a weapon in milliseconds below.

Lanes weapon, air and camera are the world's truth, the units' lanes what their journals say. Start at `lanes.py` for
what is shown, at `overview.py` and `detail.py` for where; `style.py` holds the look, `page.py` is the paper.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..played import Run
from . import page as ui
from .detail import Detail
from .lanes import UNITS_MAX, lanes, units_shown, weapon_uses
from .notes import Sign
from .overview import ANNOUNCED, Overview
from .page import Page, fit, text_width
from .style import LEGEND, MARGIN, SMALL, VERDICTS, draw_bar, sign_mark, verdict_mark

USES_MAX = 6
WIDTH = 16.0
HEAD = 1.52
FOOT = 0.4
TITLE = 0.5
GAP = 0.35


def draw(run: Run, uses: list[dict[str, Any]], paths: tuple[Path, ...]) -> None:
    """Write the picture of `run` to every path (.svg, .png); `uses` are the entries of its `result.json`."""
    found = weapon_uses(run, uses)
    shown = units_shown(run, found)
    overview = Overview(run, lanes(run, shown), found, WIDTH, USES_MAX)
    details = [Detail(run, use, number) for number, use in enumerate(found[:USES_MAX], 1)]
    columns = {1: 1, 2: 2, 4: 2}.get(len(details), 3)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    rows = [details[i : i + columns] for i in range(0, len(details), columns)]
    heads = [_tallest(detail.head_lines(width) for detail in row) for row in rows]
    heights = [max(detail.height(head) for detail in row) for row, head in zip(rows, heads, strict=True)]
    page = Page(WIDTH, HEAD + overview.height + (TITLE if details else 0) + sum(heights) + FOOT)
    _head(page, run)
    overview.draw(page, HEAD)
    y = HEAD + overview.height
    if details:
        which = "Every use" if len(found) <= USES_MAX else f"The first {USES_MAX} of {len(found)} uses"
        page.text(MARGIN, y + 0.2, f"{which}, in logarithmic time since the first event", 10.5, bold=True)
        y += TITLE
    for row, head, height in zip(rows, heads, heights, strict=True):
        for column, detail in enumerate(row):
            detail.draw(page, MARGIN + column * (width + GAP), y, width, head)
        y += height
    _foot(page, y + 0.15)
    for path in paths:
        page.save(path)


def _tallest(heads: Iterable[tuple[int, int]]) -> tuple[int, int]:
    badges, notes = zip(*heads, strict=True)
    return max(badges), max(notes)


def _head(page: Page, run: Run) -> None:
    scenario = run.scenario
    page.text(MARGIN, 0.38, scenario.name, 17, bold=True)
    facts = f"seed {run.seed}  ·  profile {scenario.profile}  ·  {run.virtual_us / 1e6:.0f} s of virtual time"
    if len(run.units) > UNITS_MAX:
        facts = f"{UNITS_MAX} of {len(run.units)} units  ·  {facts}"
    page.text(WIDTH - MARGIN, 0.38, facts, 9.5, ui.MUTED, align="right")
    keys = WIDTH - MARGIN - sum(text_width(verdict) + 0.36 for verdict in VERDICTS) + 0.16
    page.text(MARGIN, 0.68, fit(scenario.about, keys - MARGIN - 1, 10), 10, ui.MUTED)
    page.text(keys - 0.12, 0.68, "verdicts", SMALL, ui.MUTED, align="right")
    for verdict in VERDICTS:
        verdict_mark(page, keys + 0.08, 0.68, verdict)
        page.text(keys + 0.2, 0.68, verdict, SMALL, ui.MUTED)
        keys += text_width(verdict) + 0.36
    wide = sum(text_width(words) + 0.33 for _, words in LEGEND)
    gap = (WIDTH - 2 * MARGIN - wide) / (len(LEGEND) - 1)
    x, y = MARGIN, 1.0
    for look, words in LEGEND:
        if look is None:
            page.strokes([(x + 0.13, y - 0.075, y + 0.075)], ui.INK, 2.2)
        else:
            draw_bar(page, x, x + 0.26, y, 0.2, look)
        page.text(x + 0.33, y, words, SMALL, ui.MUTED)
        x += 0.33 + text_width(words) + gap
    _signs(page, MARGIN, 1.24)


def _signs(page: Page, x: float, y: float) -> None:
    """The marks: of the journals, and of announcements among what is aired."""
    page.marker(x + 0.13, y, "^", ui.CRIMSON, size_pt=8)
    page.text(x + 0.33, y, "alert", SMALL, ui.MUTED)
    x += 0.55 + text_width("alert")
    for sign in Sign:
        sign_mark(page, x + 0.13, y, sign)
        page.text(x + 0.33, y, sign, SMALL, ui.MUTED)
        x += 0.55 + text_width(sign)
    page.strokes([(x + 0.13, y - 0.05, y + 0.05)], ANNOUNCED, 1.0)
    page.text(x + 0.25, y, "announcement: ready, present", SMALL, ui.MUTED)


def _foot(page: Page, y: float) -> None:
    words = (
        "Simulated: the real firmware in a MicroPython VM, in virtual time; latencies are unverified on boards."
        "   Lanes weapon, air, camera are the world's truth; units' lanes, blue words, verdicts are their journals'."
    )
    page.text(MARGIN, y, fit(words, WIDTH - 2 * MARGIN), SMALL, ui.MUTED)
