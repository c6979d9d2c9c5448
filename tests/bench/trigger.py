"""Rows: how fast the trigger path is, beside plain ways on the same air in the same run, and beside a model of it.

Everything is simulated, in virtual time; no figure was confirmed on a board. The rows are the goals of the design;
every cell (loss, how many draw at once, scan duty, port) with its quantiles goes to build/bench/: trigger.md,
trigger.json, latency.png. `BENCH_RUNS` (default 2) runs a cell, three times as many where a goal is, ten times without
loss; each has 50 draws.
Draws of one run share an air, so intervals from their number would be too narrow: none are given.
"""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from simulator import reference

from . import trigger_runs
from .rows import Missing, Row, Spec, by_id
from .trigger_runs import Cell

OUT = Path(__file__).resolve().parents[2] / "build" / "bench"
RUNS = int(os.environ.get("BENCH_RUNS", "2"))
DRAWS = 50
CALM = 10
"""Without loss so many times `RUNS`: then one edge in 75 comes while a camera changes its channel, and waits for the
next event. The 99th of 100 is such a one or is not, by luck; the 999th of 1,000 is."""
LOSSES = (0.0, 0.1, 0.3, 0.6)
GOAL_LOSS = 0.3
CROWDS = {1: Cell(1, 1000, places=DRAWS), 10: Cell(10, 10, places=DRAWS // 10), 50: Cell(50, 10)}
HEARD = ((1, "p50"), (1, "p99"), (10, "p50"), (10, "p99"), (50, "p50"), (50, "p99"))
"""How many draw at once, and the quantile that is told: the goals of the design, and the median of ten."""
QUANTILES = {"p50": (0.5, 1), "p99": (0.99, 100), "p99.9": (0.999, 1000)}
"""The share, and the least number of draws from which it is told."""
PORTS = ("esp32", "rp2", "stm32wb")
PRODUCT, IN_VM, CONNECT = "product", "product in the VM", "connect and write"
PLAIN, FLOOR = "plain 100 ms", "plain 20 ms"
BOUND = "model: ALOHA bound"
PEERS = (("line", PLAIN, "plain"), ("line", CONNECT, "connect"), ("heard", CONNECT, "connect"))
NAMES = {"line": "record line", "heard": "heard"}
_WAYS = (reference.adaptive(), reference.steady(20), reference.backing_off(20, 60, 40), reference.steady(100))
OF_MODELS = ("#c9a227", "#8f96a0", "#b0a0c8", "#b5835a", "#222222")
MODELS = {f"model: {way.name}": way for way in _WAYS}


class Key(NamedTuple):
    """From the edge to `what`, by one way in one cell."""

    what: str
    way: str
    cell: Cell


Figures = dict[Key, list[float]]
"""Milliseconds in ascending order."""


class Job(NamedTuple):
    way: str
    cell: Cell
    seed: int


def jobs() -> list[Job]:
    """Every run that there is."""
    lossy = {number: cell._replace(loss=GOAL_LOSS) for number, cell in CROWDS.items()}
    goals = [
        lossy[1],
        *(lossy[number]._replace(captures=captures) for number in (10, 50) for captures in (True, False)),
    ]
    crowds = [cell._replace(loss=loss) for loss in LOSSES for cell in CROWDS.values()]
    others = [lossy[1]._replace(duty=duty) for duty in (0.5, 0.1)] + [lossy[50]._replace(within_ms=1000)]
    others += [lossy[number]._replace(port=port) for port in PORTS[1:] for number in (1, 50)]
    found = [(PRODUCT, cell, 3 * RUNS) for cell in goals] + [(PRODUCT, CROWDS[1], CALM * RUNS)]
    found += [(PRODUCT, cell, RUNS) for cell in crowds + others if cell not in [*goals, CROWDS[1]]]
    found += [(way, cell, 3 * RUNS) for way in (*MODELS, BOUND) for cell in crowds]  # they capture nothing anyway
    found += [(way, cell, 3 * RUNS) for way in (PLAIN, CONNECT) for cell in dict.fromkeys(crowds + goals)]
    found += [(FLOOR, CROWDS[1], CALM * RUNS)]
    found += [(IN_VM, Cell(1, 1000, GOAL_LOSS, port=port, places=2), 1) for port in PORTS]
    return [Job(way, cell, seed) for way, cell, runs in found for seed in range(1, runs + 1)]


def play(job: Job) -> Figures:
    """One run."""
    way, cell, seed = job
    if way in (PRODUCT, IN_VM):
        draws = trigger_runs.product(cell, seed, "fast" if way == PRODUCT else "vm")
        return {
            Key(name.removesuffix("_ms"), way, cell): [getattr(draw, name) for draw in draws]
            for name in trigger_runs.Draw._fields
        }
    if way == CONNECT:
        pairs = trigger_runs.connected(cell, seed)
        return {Key(what, way, cell): [pair[i] for pair in pairs] for i, what in enumerate(("line", "heard"))}
    if way in (PLAIN, FLOOR):
        return {Key("line", way, cell): trigger_runs.plain(cell, seed, int(way.split()[1]))}
    # A model knows places and ports not; it captures nothing.
    runs, first = DRAWS // cell.together, seed * DRAWS
    if way == BOUND:
        return {Key("heard", way, cell): reference.aloha_bound(cell.together, cell.loss, runs, first)}
    within_ms = cell.within_ms if cell.together > 1 else 0
    return {Key("heard", way, cell): reference.heard_ms(MODELS[way], cell.together, cell.loss, runs, within_ms, first)}


def measure(todo: Sequence[Job]) -> Figures:
    """All runs, on two cores at least."""
    found: defaultdict[Key, list[float]] = defaultdict(list)
    # The slow ones first, so that no core waits for the last.
    ordered = sorted(todo, key=lambda job: (job.way not in (PRODUCT, IN_VM), job.cell.together == 1))
    with ProcessPoolExecutor(max(2, (os.cpu_count() or 2) // 2)) as pool:
        for figures in pool.map(play, ordered):
            for key, ms in figures.items():
                found[key] += ms
    return {key: sorted(ms) for key, ms in found.items()}


def told(ms: Sequence[float], name: str) -> float | None:
    """A quantile; None where there are too few draws to tell."""
    share, least = QUANTILES[name]
    return reference.quantile(ms, share) if len(ms) >= least else None


def text(ms: Sequence[float], name: str) -> str:
    value = told(ms, name)
    return "n too small" if value is None else "never" if math.isinf(value) else f"{value:.1f}"


def markdown(figures: Figures) -> str:
    """`trigger.md`."""
    lines = [
        "# The trigger path, simulated: milliseconds from the edge",
        "",
        f"`frame`: first PDU on the air; `line`: the recorder's line; `heard`: the holster has its camera's answer; "
        f"`recording`: it has the proof, less the recorder's own {trigger_runs.START_DELAY_MS} ms. Draws of a "
        f"crowd fall within the time given. *No capture*: of two PDUs that overlap none survives, as in the models "
        f"(`simulator/reference.py`); else the stronger may. {PLAIN}, {FLOOR}: bare radios, no answers; {CONNECT}: the "
        f"camera advertises connectably each {trigger_runs.CONNECTABLE_MS} ms; both compute nothing and prove nothing.",
        "",
        "| to | way | together | within ms | loss | scan duty | port | capture | n | p50 | p99 | p99.9 |",
        "|---|---|--:|--:|--:|--:|---|---|--:|--:|--:|--:|",
    ]
    order = ("frame", "line", "heard", "recording")
    for key in sorted(figures, key=lambda key: (order.index(key.what), key.cell[:5], not key.cell.captures, key.way)):
        cell, ms = key.cell, figures[key]
        values = " | ".join(text(ms, name) for name in QUANTILES)
        is_model = key.way.startswith("model")
        where = "any | no" if is_model else f"{cell.port} | {'yes' if cell.captures else 'no'}"
        crowd = f"{cell.together} | {cell.within_ms} | {cell.loss:.0%} | {cell.duty:g}"
        lines.append(f"| {key.what} | {key.way} | {crowd} | {where} | {len(ms)} | {values} |")
    return "\n".join(lines) + "\n"


def facts(figures: Figures) -> list[dict[str, object]]:
    """`trigger.json`; null: never, or too few draws."""
    return [
        {"to": key.what, "way": key.way, **key.cell._asdict(), "n": len(ms)}
        | {
            name: value if (value := told(ms, name)) is not None and math.isfinite(value) else None
            for name in QUANTILES
        }
        for key, ms in figures.items()
    ]


def draw(figures: Figures, path: Path) -> None:
    """Distributions of *heard* at the goals' loss, a panel for each crowd."""
    from matplotlib.figure import Figure

    shown = [PRODUCT, f"{PRODUCT}, no capture", CONNECT, *MODELS, BOUND]
    colours = dict(zip(shown, ("#1f5fa8", "#6fa3d8", "#c0392b", *OF_MODELS), strict=True))
    picture = Figure(figsize=(12, 4.6), layout="constrained")
    for axes, (number, crowd) in zip(picture.subplots(1, len(CROWDS), sharey=True), CROWDS.items(), strict=True):
        lossy = crowd._replace(loss=GOAL_LOSS)
        curves = [(way, lossy, ":", 1.2) for way in (*MODELS, BOUND)] + [(CONNECT, lossy, "-.", 1.5)]
        curves += [(PRODUCT, lossy._replace(captures=False), "--", 1.8), (PRODUCT, lossy, "-", 2.4)]
        for way, cell, dash, width in curves:
            ms = figures.get(Key("heard", way, cell))
            if ms:
                finite = [value for value in ms if math.isfinite(value)]
                shares = [(i + 1) / len(ms) for i in range(len(finite))]
                label = f"{way}{'' if cell.captures else ', no capture'}"
                axes.step(finite, shares, dash, where="post", label=label, color=colours[label], linewidth=width)
        axes.set_title("alone" if number == 1 else f"{number} at once", fontsize=10)
        axes.set(xlabel="ms from the edge to heard", xscale="log", xlim=(4, 4000), ylim=(0, 1.01))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    picture.suptitle(f"Share of draws whose answer is there, {GOAL_LOSS:.0%} of all PDUs lost", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    picture.savefig(path, dpi=120, metadata={"Software": None})


def _specs() -> Iterable[Spec]:
    for number, name in HEARD:
        for captures in (True, False) if number > 1 else (True,):
            air = "" if captures else ", no capture"
            text = f"edge to heard, {number} at once, {GOAL_LOSS:.0%} loss{air}, {name}"
            yield Spec(_heard_id(number, name, captures), text, "ms", "ALOHA bound")
    yield Spec("trigger.line.floor", "edge to record line, no loss, p99.9", "ms", f"PHY and scan window: {FLOOR}")
    for number in CROWDS:
        for what, way, id_ in PEERS:
            for name in ("p50", "p99"):
                text = f"edge to {NAMES[what]}, {number} at once, {GOAL_LOSS:.0%} loss, {name}"
                yield Spec(f"trigger.{what}.{number}.{name}.{id_}", text, "ms", way)
    for port in PORTS:
        yield Spec(f"trigger.frame.{port}", f"edge to first PDU, {port}, real VM, largest", "ms")


def _heard_id(number: int, name: str, captures: bool) -> str:
    return f"trigger.heard.{number}.{name}{'' if captures else '.no_capture'}"


SPECS = tuple(_specs())


def _heard(figures: Figures, specs: dict[str, Spec]) -> Iterable[Row]:
    for number, name in HEARD:
        lossy = CROWDS[number]._replace(loss=GOAL_LOSS)
        bound = told(figures[Key("heard", BOUND, lossy)], name)
        for captures in (True, False) if number > 1 else (True,):
            ms = figures[Key("heard", PRODUCT, lossy._replace(captures=captures))]
            spec = specs[_heard_id(number, name, captures)]
            yield spec.row(_sure(told(ms, name), spec), bound, f"n {len(ms)}")


def _beside(figures: Figures, specs: dict[str, Spec]) -> Iterable[Row]:
    floor, line = figures[Key("line", FLOOR, CROWDS[1])], figures[Key("line", PRODUCT, CROWDS[1])]
    spec = specs["trigger.line.floor"]
    yield spec.row(_sure(told(line, "p99.9"), spec), told(floor, "p99.9"), f"n {len(line)}")
    for number, cell in CROWDS.items():
        lossy = cell._replace(loss=GOAL_LOSS)
        for what, way, id_ in PEERS:
            ms = figures[Key(what, PRODUCT, lossy)]
            for name in ("p50", "p99"):
                spec = specs[f"trigger.{what}.{number}.{name}.{id_}"]
                other = told(figures[Key(what, way, lossy)], name)
                yield spec.row(_sure(told(ms, name), spec), other, f"n {len(ms)}")
    for port in PORTS:
        ms = figures[Key("frame", IN_VM, Cell(1, 1000, GOAL_LOSS, port=port, places=2))]
        yield specs[f"trigger.frame.{port}"].row(ms[-1], note=f"of {len(ms)}")


def _sure(value: float | None, spec: Spec) -> float:
    if value is None:
        raise Missing(f"{spec.name} needs more draws: BENCH_RUNS=2 or more")
    return value


def rows() -> list[Row]:
    figures, specs = measure(jobs()), by_id(SPECS)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "trigger.md").write_text(markdown(figures), encoding="utf-8")
    (OUT / "trigger.json").write_text(json.dumps(facts(figures), indent=1) + "\n", encoding="utf-8")
    draw(figures, OUT / "latency.png")
    return [*_heard(figures, specs), *_beside(figures, specs)]
