"""Life against latency as a picture, SVG or PNG by the file's name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..outcome import ToolError

SUFFIXES = (".svg", ".png")
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_MARKS = ("o", "s", "D", "^")


def draw(told: Mapping[str, Any], path: Path) -> None:
    """Draw the points of `report.reckoned`. ToolError where the file's kind is another, or matplotlib is missing."""
    if path.suffix.lower() not in SUFFIXES:
        raise ToolError(f"{path.name} is neither SVG nor PNG", "Name a file that ends in .svg or .png.")
    try:
        import matplotlib
    except ImportError:
        raise ToolError("pictures need matplotlib", "Install the extra: pip install 'interlock[sim]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9, "svg.hashsalt": "interlock power"}):
        figure, axes = pyplot.subplots(figsize=(8.4, 5.2), layout="constrained")
        by_interval: dict[float, list[Mapping[str, Any]]] = {}
        for point in told["points"]:
            by_interval.setdefault(point["advertising_ms"], []).append(point)
        for place, (interval_ms, points) in enumerate(sorted(by_interval.items())):
            _curve(axes, place, interval_ms, sorted(points, key=lambda p: p["scan_duty"]))
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ticker.LogFormatter())
        axes.xaxis.set_minor_formatter(ticker.LogFormatter())
        axes.set_ylim(bottom=0)
        axes.set_xlabel("from the weapon's first frame until the camera hears it, in 99 of 100 cases (ms)")
        axes.set_ylabel(f"life on duty with {told['battery_mah']:g} mAh (h); shaded: least to most")
        axes.set_title(
            f"{told['board']}, {told['role']} unit: life against latency\n"
            "Reckoned from data sheets and others' measurements; nothing was measured on a board",
            fontsize=10,
        )
        axes.grid(color="#D9DEE3")
        axes.spines[["right", "top"]].set_visible(False)
        figure.legend(frameon=False, loc="outside lower center", ncols=len(by_interval))
        try:
            figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None, dpi=110)
        except OSError as error:
            raise ToolError(f"{path} cannot be written: {error.strerror}", "Name another file.") from error
        finally:
            pyplot.close(figure)


def _curve(axes: Any, place: int, interval_ms: float, points: list[Mapping[str, Any]]) -> None:
    colour = _COLOURS[place % len(_COLOURS)]
    across = [point["latency_ms"]["p99"] for point in points]
    low, typ, high = ([point["life_h"][end] for point in points] for end in ("low", "typ", "high"))
    label = f"advertised each {interval_ms:g} ms"
    axes.plot(across, typ, color=colour, marker=_MARKS[place % len(_MARKS)], linewidth=1.2, markersize=5, label=label)
    if len(points) > 1:
        axes.fill_between(across, low, high, color=colour, alpha=0.1, linewidth=0)
    else:
        axes.errorbar(across, typ, yerr=[[typ[0] - low[0]], [high[0] - typ[0]]], color=colour, capsize=3, linewidth=0.8)
    for x, y, point in zip(across, typ, points, strict=True):
        if place == 0:
            text = "today: listens 100 %" if point["is_today"] else f"{100 * point['scan_duty']:.0f} %"
            axes.annotate(text, (x, y), xytext=(0, 8), textcoords="offset points", fontsize=8, color=colour)
