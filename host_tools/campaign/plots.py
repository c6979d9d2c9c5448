"""Pictures of a campaign, one PNG each, the same bytes for the same runs: what was varied decides which there are.

    latency_{heard,recording}[_by_AXIS].png   distribution, one panel a draw (or for every draw), one curve a value
    rates_by_AXIS.png                         own camera's proof, and other cameras as witnesses, against the value
    latency_by_scan_power.png                 when scan_duty is varied: against the mean current that listening takes

Where several things are varied there is a set for each combination of the others, and the name says which. Numbers in
the pictures are those of `statistics.py`.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from . import situations
from .plan import Axis, Plan, Variation, show
from .situations import Key, Line, Situation
from .statistics import CONFIDENCE, quantile_of, rate_of
from .summary import rate, times

RECEIVE_MA: Mapping[str, tuple[float, str]] = {
    "esp32": (97.5, "ESP32 Series Datasheet, current by RF mode, BT/BLE receive: 95 to 100 mA"),
}
"""By profile: what the whole chip draws while it listens, and who says so. None for rp2: no figure with a source is
known to us."""

_WORDS = {
    "heard": "from the event until the holster unit hears its camera (ms)",
    "recording": "from the event until a recording serves it (ms)",
}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1F2933")
_DASHES = ("-", "--", ":", "-.")
_MARKS = ("o", "s", "D", "^", "v", "P", "X")
_LOOK: Any = {  # matplotlib types every name
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#D9DEE3",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.dpi": 110,
    "savefig.dpi": 110,
}
_COLUMNS = 3
_PANELS_MAX = 6  # a scenario with more draws is drawn by all of them together
_STEPS_MAX = 400  # of a curve
_STRAIGHT_TO = 20  # a tail that reaches further than so many medians is drawn on a logarithmic axis
Lines = Mapping[tuple[int, int], Line]


class _Sample(NamedTuple):
    """One variation: its draws, how many runs there are, and what sets it apart in a picture."""

    variation: Variation
    draws: dict[Key, Situation]
    runs: int
    label: str = ""


def draw(plan: Plan, lines: Lines, folder: Path) -> list[str]:
    """Draw into `folder` what the campaign's runs have to show; the names of the files, in order."""
    runs = [_whole(variation, plan, lines) for variation in plan.variations]
    are_many = any(len(_draws(situations.uses(some))) > _PANELS_MAX for some in runs)
    found = [_draws((situations.events if are_many else situations.uses)(some)) for some in runs]
    samples = [
        _Sample(variation, draws, len(some))
        for variation, some, draws in zip(plan.variations, runs, found, strict=True)
        if draws
    ]
    made: list[str] = []
    if not samples:
        return made
    for axis in plan.axes or (None,):
        for others, same in _grouped(samples, axis):
            keys = list(dict.fromkeys(key for sample in same for key in sample.draws))
            suffix = (f"_by_{axis.name}" if axis else "") + "".join(f"_{n}={show(v)}" for n, v in others.items())
            told = [f"{n}={show(v)}" for n, v in others.items()]
            titled = "; ".join(told if plan.fidelity == "vm" else [*told, f"{plan.fidelity} fidelity"])
            for name in _WORDS:
                made += _picture(folder, f"latency_{name}{suffix}", titled, _distribution, name, same, keys)
            if axis and len(same) > 1 and all(_is_number(s.variation.values[axis.name]) for s in same):
                made += _picture(folder, f"rates{suffix}", titled, _rates, axis, same, keys)
            if axis and axis.name == "scan_duty" and same[0].variation.scenario.profile in RECEIVE_MA:
                power = suffix.replace("_by_scan_duty", "_by_scan_power")
                made += _picture(folder, f"latency{power}", titled, _power, axis, same, keys)
    return made


def _whole(variation: Variation, plan: Plan, lines: Lines) -> list[Line]:
    keys = [(variation.number, seed) for seed in range(plan.seed, plan.seed + plan.runs)]
    return [lines[key] for key in keys if key in lines and "broke" not in lines[key]]


def _draws(found: Sequence[Situation]) -> dict[Key, Situation]:
    """Those that are pictured: the draws, which everything else follows; all where there is none."""
    draws = [situation for situation in found if situation.key.event == "draw"]
    return {situation.key: situation for situation in draws or found}


def _grouped(samples: Sequence[_Sample], axis: Axis | None) -> Iterator[tuple[dict[str, Any], list[_Sample]]]:
    """The samples that differ in `axis` only, for each combination of the other values."""
    groups: dict[str, tuple[dict[str, Any], list[_Sample]]] = {}
    for sample in samples:
        values = dict(sample.variation.values)
        label = "all runs" if axis is None else f"{axis.name} = {show(values.pop(axis.name))}"
        _, same = groups.setdefault(repr(values), (values, []))
        same.append(sample._replace(label=f"{label} (n={sample.runs} runs)"))
    yield from groups.values()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _picture(folder: Path, name: str, titled: str, fill: Any, *about: Any) -> list[str]:
    with _figure() as figure:
        fill(figure, titled, *about)
        path = folder / f"{re.sub(r'[^-.=+A-Za-z0-9]', '_', name)}.png"  # a unit's id may have any character
        figure.savefig(path, metadata={"Software": None})
    return [path.name]


@contextmanager
def _figure() -> Iterator[Any]:
    """A figure whose look is ours, whatever the user's own settings of matplotlib are."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def _panels(figure: Any, titled: str, count: int, y_label: str) -> list[Any]:
    columns = 2 if count == 4 else min(count, _COLUMNS)
    rows = -(-count // columns)
    figure.set_size_inches(max(6.0, 4.2 * columns), 3.9 * rows + (0.3 if titled else 0))
    if titled:
        figure.suptitle(titled, fontsize=10)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten().tolist()
    for spare in panels[count:]:
        spare.remove()
    for panel in panels[:count:columns]:
        panel.set_ylabel(y_label)
    return list(panels[:count])


def _having(key: Key, samples: Sequence[_Sample]) -> list[tuple[_Sample, Situation]]:
    return [(sample, sample.draws[key]) for sample in samples if key in sample.draws]


def _style(number: int) -> dict[str, Any]:
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "linestyle": _DASHES[number // len(_COLOURS) % len(_DASHES)],
    }


def _distribution(figure: Any, titled: str, name: str, samples: Sequence[_Sample], keys: Sequence[Key]) -> None:
    """The share of uses in which it has happened by then; what never happened keeps a curve below 1."""
    y_label = f"share of uses (bands: {CONFIDENCE:.0%}, pointwise)"
    for panel, key in zip(_panels(figure, titled, len(keys), y_label), keys, strict=True):
        having = _having(key, samples)
        found = [times(situation, name) for _, situation in having]
        finite = sorted(value for runs in found for run in runs for value in run if math.isfinite(value))
        left, right = _span(panel, finite)
        for place, ((sample, _), runs) in enumerate(zip(having, found, strict=True)):
            _curve(panel, runs, left, right, sample.label, place, len(having))
        panel.set_xlim(left, right)
        panel.set_ylim(0, 1.02)
        panel.set_title(having[0][1].title, fontsize=9)
        panel.set_xlabel(_WORDS[name])
    handles, labels = panel.get_legend_handles_labels()
    columns = int(figure.get_figwidth() / (0.8 + 0.075 * max(map(len, labels))))  # inches: a line, and its words
    figure.legend(handles, labels, loc="outside lower center", ncols=max(1, columns))


def _span(panel: Any, finite: Sequence[float]) -> tuple[float, float]:
    """From where to where the axis of these ascending times goes."""
    if not finite:
        return 0.0, 1.0
    first, last = finite[0], max(finite[-1], 1.0)
    if first > 0 and last > _STRAIGHT_TO * finite[len(finite) // 2]:
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter("{x:g}")
        return first * 0.8, last * 1.25
    margin = 0.05 * (last - first) + 0.5
    return (0.0 if first < last / 2 else first - margin), last + margin


def _curve(panel: Any, runs: list[list[float]], left: float, right: float, label: str, place: int, of: int) -> None:
    """Number `place` of so many: the first are wider, so that one that lies under another still shows."""
    steps = sorted({value for run in runs for value in run if math.isfinite(value)})
    if len(steps) > _STEPS_MAX:
        steps = [steps[len(steps) * i // _STEPS_MAX] for i in range(_STEPS_MAX)] + steps[-1:]
    x = [left, *steps, right]
    ascending = [sorted(run) for run in runs]
    bands = [rate_of([(bisect_right(run, step), len(run)) for run in ascending]) for step in x]
    width = 1.3 + 2.0 * (of - 1 - place) / of
    panel.step(x, [band.rate for band in bands], where="post", label=label, linewidth=width, **_style(place))
    low, high = [band.low for band in bands], [band.high for band in bands]
    panel.fill_between(x, low, high, step="post", color=_style(place)["color"], alpha=min(0.12, 0.3 / of))


def _rates(figure: Any, titled: str, axis: Axis, samples: Sequence[_Sample], keys: Sequence[Key]) -> None:
    told = (("acked", "own camera proved to record"), ("witnessed", "another camera witnesses"))
    word = f"distance of {axis.name.partition('.')[0]} when the world begins (m)" if axis.is_place else axis.name
    y_label = f"share of uses ({_counts(samples)}; bars: {CONFIDENCE:.0%}, Wilson)"
    for panel, (name, title) in zip(_panels(figure, titled, len(told), y_label), told, strict=True):
        for place, key in enumerate(keys):
            having = _having(key, samples)
            found = [(sample.variation.x(axis), rate(situation, name)) for sample, situation in having]
            points = [(x, share.rate, share.low, share.high) for x, share in found]
            _errorbars(panel, sorted(points), place, having[0][1].title)
        panel.set_ylim(-0.03, 1.03)
        panel.set_title(title, fontsize=9)
        panel.set_xlabel(word)
        panel.legend(loc="best")


def _power(figure: Any, titled: str, duty: Axis, samples: Sequence[_Sample], keys: Sequence[Key]) -> None:
    receive_ma, source = RECEIVE_MA[samples[0].variation.scenario.profile]
    y_label = f"until the holster unit hears its camera (ms)\n{_counts(samples)}; bars: {CONFIDENCE:.0%}"
    highest = 1.0
    panels = _panels(figure, titled, len(keys), y_label)
    for panel, key in zip(panels, keys, strict=True):
        having = _having(key, samples)
        for place, (q, label) in enumerate(((0.5, "median"), (0.95, "95th percentile"))):
            points = []
            for sample, situation in having:
                found = quantile_of(times(situation, "heard"), q)
                if math.isfinite(found.value):
                    points.append((sample.variation.x(duty) * receive_ma, *found))
                    highest = max([highest, *filter(math.isfinite, found)])
            _errorbars(panel, sorted(points), place, label)
        panel.set_xlim(left=0)
        panel.set_title(having[0][1].title, fontsize=9)
        panel.set_xlabel("mean current for listening (mA), an estimate")
        panel.legend(loc="upper right")
    panels[0].set_ylim(0, highest * 1.1)  # of all, which share it
    said = "A bar to the edge is open; no mark: too many uses in which it never came."
    figure.supxlabel(f"Estimate: scan duty × {receive_ma} mA ({source}). Not measured.\n{said}", fontsize=8)


def _counts(samples: Sequence[_Sample]) -> str:
    counts = sorted({sample.runs for sample in samples})
    return f"n={counts[0]} runs" if len(counts) == 1 else f"n={counts[0]} to {counts[-1]} runs"


def _errorbars(panel: Any, points: Sequence[tuple[float, float, float, float]], place: int, label: str) -> None:
    """Points (x, value, low, high) with bars; an open bar goes to the edge of the panel."""
    far = 1e9
    below = [value - low for _, value, low, _ in points]
    above = [min(high, far) - value for _, value, _, high in points]
    panel.errorbar(
        [x for x, *_ in points],
        [value for _, value, _, _ in points],
        yerr=[below, above],
        marker=_MARKS[place % len(_MARKS)],
        markersize=5,
        capsize=3,
        linewidth=1.2,
        label=label,
        **_style(place),
    )
