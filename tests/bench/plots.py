"""Pictures of a run, each from its rows alone; where these are missing, so is the picture. Latency distributions are
drawn by `trigger.py`, which has the draws."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .goals import DESIGN, ELSEWHERE, GOALS, KIB64, Goal
from .results import Results
from .rows import Row

OURS, PEER, OTHER, GOOD, BAD, LINE = "#1f5fa8", "#c9cdd3", "#8f96a0", "#2e8b57", "#c0392b", "#444444"
Rows = dict[str, Row]


def draw_all(results: Results, folder: Path) -> list[Path]:
    """All that can be drawn; the files."""
    rows, made = results.by_id(), []
    for name, (draw, width, height) in PICTURES.items():
        picture = Figure(figsize=(width, height), layout="constrained")
        try:
            draw(picture, rows)
        except KeyError:
            continue
        made.append(folder / name)
        picture.savefig(folder / name, dpi=120, metadata={"Software": None})
    return made


def _plain(axes: Axes) -> Axes:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    return axes


def _labelled(axes: Axes, places: Sequence[float], values: Sequence[float], texts: Sequence[str]) -> None:
    """A text beside the end of each horizontal bar."""
    for place, value, text in zip(places, values, texts, strict=True):
        axes.annotate(text, (value, place), (5, 0), textcoords="offset points", va="center", fontsize=8, color=LINE)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _goals(picture: Figure, rows: Rows) -> None:
    """What was reached as a share of its goal: right of the line is better. Goals of none are met or not."""
    shown = [
        goal
        for name in (*DESIGN, *ELSEWHERE)
        for goal in GOALS
        if goal.figure == name and goal.bound and goal.id in rows and not goal.id.startswith("time.")
    ]
    if not shown:
        raise KeyError
    axes = _plain(picture.subplots())
    gains = [_gain(goal, rows[goal.id]) for goal in shown]
    places = range(len(shown), 0, -1)
    colours = [GOOD if goal.is_met(rows[goal.id]) else BAD for goal in shown]
    axes.barh(places, [math.log2(gain) for gain in gains], color=colours, height=0.62)
    axes.axvline(0, color=LINE, linewidth=1)
    most = max(2.0, *(abs(math.log2(gain)) for gain in gains))
    for place, goal, gain in zip(places, shown, gains, strict=True):
        reached = goal.reached(rows[goal.id])
        text = f"{_short(reached or 0)}{'×' * goal.is_ratio}  ({goal.text()})"
        at = math.log2(gain)
        side = -1 if at < 0 else 1
        axes.annotate(
            text, (at, place), (5 * side, 0), textcoords="offset points", va="center",
            ha="left" if side > 0 else "right", fontsize=8, color=LINE,
        )  # fmt: skip
    axes.set_yticks(list(places), [f"{rows[goal.id].spec.name}" for goal in shown], fontsize=8)
    axes.set_xlim(-most * 1.5, most * 1.6)
    axes.set_ylim(0.3, len(shown) + 0.7)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    none = [goal for goal in GOALS if not goal.bound and goal.id in rows]
    met = sum(goal.is_met(rows[goal.id]) for goal in none)
    axes.set_title(
        "Goals: bars to the right are met, their length is the margin (doubled each: logarithmic)\n"
        f"Beside these, {met} of {len(none)} goals of nothing (allocations, hashes, losses, forgeries) are met",
        fontsize=10, loc="right",
    )  # fmt: skip


def _gain(goal: Goal, row: Row) -> float:
    """Above 1: better than the goal."""
    reached = goal.reached(row) or 1e-9
    gain = reached / goal.bound if goal.op == ">=" else goal.bound / reached
    return min(max(gain, 1 / 64), 64)


def _journal(picture: Figure, rows: Rows) -> None:
    ways = {"lfs_32": "LittleFS2\nprogram size 32", "lfs_256": "LittleFS2\nprogram size 256"}
    kinds = {"programs": "programs", "bytes": "bytes programmed", "erases": "erases"}
    for axes, (kind, title) in zip(picture.subplots(1, len(kinds)), kinds.items(), strict=True):
        found = [rows[f"journal.{kind}.{way}"] for way in ways]
        values = [found[0].value, *(row.baseline or 0 for row in found)]
        _bars(axes, ["journal", *ways.values()], values, f"{title} per record")
    picture.suptitle("The same records appended to the same flash, seal and sectors' openings included", fontsize=10)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], title: str) -> None:
    """The first one is ours."""
    _plain(axes)
    axes.bar(range(len(values)), values, color=[OURS, *[PEER] * (len(values) - 1)], width=0.66)
    for place, value in enumerate(values):
        axes.annotate(_short(value), (place, value), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_xticks(range(len(values)), names, fontsize=8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title(title, fontsize=9)


def _pull(picture: Figure, rows: Rows) -> None:
    cells = [(port, mtu) for port in ("esp32", "rp2") for mtu in (247, 23)]
    for axes, (port, mtu) in zip(picture.subplots(1, len(cells)), cells, strict=True):
        pull, best, default = (rows[f"pull.{port}.{mtu}{peer}"] for peer in ("", ".smp", ".smp.default"))
        values = [pull.value, pull.baseline or 0, best.baseline or 0, default.baseline or 0]
        names = ["pull", "bare\nnotify", "SMP\nlong", "SMP\ndefault"]
        _bars(axes, names, [value / 1000 for value in values], f"{port}, MTU {mtu}")
    picture.suptitle(
        "A journal over Bluetooth, kB a second of virtual time: pull beside its ceiling and smpclient", fontsize=10
    )


def _verify(picture: Figure, rows: Rows) -> None:
    chain, sealed, force = rows["verify.chain"], rows["verify.sealed"], rows["force.verify.rate"]
    several = (("chain", chain), ("chain and seal", sealed), ("a force's mixture,\nchain, seal, findings", force))
    axes = _plain(picture.subplots())
    places = [2, 1, 0]
    ratios = [row.ratio() or 0 for _, row in several]
    axes.barh(places, ratios, color=OURS, height=0.55)
    axes.axvline(1, color=LINE, linewidth=1)
    axes.axvline(0.8, color=GOOD, linewidth=1, linestyle=":")
    axes.annotate("goal 0.8", (0.8, 2.45), (-4, 0), textcoords="offset points", ha="right", fontsize=8, color=GOOD)
    axes.annotate("bare hmac.digest", (1, 2.45), (4, 0), textcoords="offset points", fontsize=8, color=LINE)
    _labelled(axes, places, ratios, [f"{value:.2f}" for value in ratios])
    axes.set_yticks(places, [name for name, _ in several], fontsize=9)
    axes.set_ylim(-0.6, 2.7)
    axes.set_xlim(0, max(1.3, *(value * 1.15 for value in ratios)))
    axes.set_title(
        "Records verified in the time in which a bare hmac.digest loop goes over one", fontsize=10, loc="left"
    )


def _size(picture: Figure, rows: Rows) -> None:
    left, right = picture.subplots(1, 2)
    parts = {"all .mpy": "mpy", "loaded by\na holster unit": "holster", "loaded by\na camera unit": "camera"}
    _stacked(
        left, {name: [rows[f"size.pico_w.{part}"].value] for name, part in parts.items()}, ["code"], "Flash, pico_w: kB"
    )
    held, most = {}, []
    for role in ("holster", "camera", "combined"):
        place, loaded = (rows[f"unit.{role}.{way}.worn"].value for way in ("in_place", "loaded"))
        data = rows[f"unit.{role}.in_place.data"].value
        held[role] = [data, place - data, loaded - place]
        most.append([rows[f"unit.{role}.{way}.held"].value / 1000 for way in ("in_place", "loaded")])
    names = ["data", "code's names and constants (in flash when frozen)", "bytecode, where it is loaded from files"]
    _stacked(right, held, names, "Heap of a worn unit, 32-bit objects: kB")
    for way, (text, style) in enumerate((("most, in its dock, code in place", "-"), ("the same, loaded", ":"))):
        marks = [several[way] for several in most]
        places = range(len(marks))
        right.hlines(marks, [at - 0.36 for at in places], [at + 0.36 for at in places], BAD, style, label=text)
        for at, mark in zip(places, marks, strict=True):
            right.annotate(_short(mark), (at + 0.36, mark), (2, -3), textcoords="offset points", fontsize=8, color=BAD)
    right.set_ylim(0, max(map(max, most)) * 1.5)
    right.legend(fontsize=8, frameon=False, loc="upper left")


def _stacked(axes: Axes, columns: dict[str, list[float]], parts: Sequence[str], title: str) -> None:
    """A line at 64 KiB."""
    _plain(axes)
    colours = [OURS, OTHER, PEER]
    below = [0.0] * len(columns)
    for place, part in enumerate(parts):
        values = [column[place] / 1000 for column in columns.values()]
        axes.bar(range(len(columns)), values, bottom=below, color=colours[place], width=0.6, label=part)
        below = [base + value for base, value in zip(below, values, strict=True)]
    for place, top in enumerate(below):
        axes.annotate(_short(top), (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.axhline(KIB64 / 1000, color=GOOD, linewidth=1, linestyle="--")
    axes.annotate(
        "64 KiB", (len(columns) - 0.6, KIB64 / 1000), (0, 3), textcoords="offset points", fontsize=8, color=GOOD
    )
    axes.set_xticks(range(len(columns)), list(columns), fontsize=9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0, max(*below, KIB64 / 1000) * 1.25)
    axes.set_title(title, fontsize=10, loc="left")
    if len(parts) > 1:
        axes.legend(fontsize=8, frameon=False, loc="upper left")


PICTURES: dict[str, tuple[Callable[[Figure, Rows], None], float, float]] = {
    "goals.png": (_goals, 11, 10),
    "journal.png": (_journal, 10, 3.6),
    "pull.png": (_pull, 11, 3.6),
    "verify.png": (_verify, 8, 3.2),
    "size.png": (_size, 11, 4.2),
}
"""What draws each, and its size in inches."""
