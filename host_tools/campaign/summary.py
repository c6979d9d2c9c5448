"""What the runs of a campaign say together: `summary.json`, and `summary.md` for people. The same runs give the same
bytes, in whatever order they came.

Each use of the scenario is judged by itself, and every draw, arm and discharge together. A time that never came is
infinite, not left out: otherwise the runs in which all went wrong would make the others look fast.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import situations
from .plan import Plan, Variation, show
from .situations import USES_MAX, Line, Situation, Use
from .statistics import CONFIDENCE, Quantile, Rate, quantile_of, rate_of

TIMES = ("frame", "heard", "recording", "acked")
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
RATES = ("journalled", "heard", "recorded", "acked", "witnessed", "before", "covered", "unwitnessed")

_FORMULAS = f"""Times are milliseconds after the weapon's event in the simulated world; the boards' share of them is
estimated, and unverified. `heard`: the holster unit has an own camera's answer; `recording`: the recording that serves
the use began (0: one was running); `acked`: the holster unit has an own camera's proof; `witnessed`: another camera's.
`covered`: *before*, or *late* and certainly within the pre-event buffer.

Intervals hold the true figure with {CONFIDENCE:.0%} confidence each. Rates: Wilson's score interval,
(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Quantiles: two order statistics of ranks from the binomial
distribution (n, q); *never*: it did not happen in so many. n counts uses, one in each run, and each run has its own
seed; where *every* draw is taken together, runs have several, n is the effective number n* = p(1-p)/v, v the variance
of the rate between runs, and the quantile's interval is Woodruff's (approximate both).
"""


def summarize(plan: Plan, identity: Line, lines: Mapping[tuple[int, int], Line]) -> dict[str, Any]:
    """`summary.json`; `lines`: those of the plan, by (number of the variation, seed). Names are stable."""
    by_variation = [
        [lines[v.number, seed] for seed in range(plan.seed, plan.seed + plan.runs) if (v.number, seed) in lines]
        for v in plan.variations
    ]
    broken = [line for some in by_variation for line in some if "broke" in line]
    whole = [[line for line in some if "broke" not in line] for some in by_variation]
    return {
        "campaign": dict(identity),
        "confidence": CONFIDENCE,
        "runs": {"planned": plan.count, "played": sum(map(len, by_variation)), "broke": len(broken)},
        "vm": sorted({line["vm"] for some in whole for line in some}),
        "variations": [_variation(v, some) for v, some in zip(plan.variations, whole, strict=True)],
        "broken": [{"values": line["values"], "seed": line["seed"], **line["broke"]} for line in broken],
    }


def _variation(variation: Variation, lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "values": dict(variation.values),
        "profile": variation.scenario.profile,
        "runs": len(lines),
        "virtual_s": sum(line["virtual_s"] for line in lines),
        "journals_not_intact": sum(verdict != "intact" for line in lines for verdict in line["journals"].values()),
        "visits_failed": sum(line["visits_failed"] for line in lines),
        "air": {name: sum(line["air"][name] for line in lines) for name in (lines[0]["air"] if lines else ())},
        "uses": [
            {**use.key._asdict(), "from_ms": use.from_ms, "to_ms": use.to_ms, **_figures(use)}
            for use in situations.uses(lines)
        ],
        "events": [{"event": every.key.event, **_figures(every)} for every in situations.events(lines)],
    }


def _figures(situation: Situation) -> dict[str, Any]:
    return {
        "title": situation.title,
        "runs": len(situation.runs),
        "rates": {name: _rate(rate(situation, name)) for name in RATES},
        "times_ms": {
            name: {word: _finite(quantile_of(times(situation, name), q)) for word, q in QUANTILES.items()}
            for name in TIMES
        },
    }


def rate(situation: Situation, name: str) -> Rate:
    """How often `name` (of RATES) is so."""
    return rate_of([(sum(_is(use, name) for use in run), len(run)) for run in situation.runs])


def _is(use: Use, name: str) -> bool:
    verdict = use["verdict"]
    facts: dict[str, bool] = {
        "journalled": bool(use["journalled"]),
        "heard": use["heard_ms"] is not None,
        "recorded": use["recording_ms"] is not None,
        "acked": use["acked_ms"] is not None,
        "witnessed": bool(use["witnesses"]),
        "before": verdict == "before",
        "covered": verdict == "before" or (verdict == "late" and bool(use["buffer_covers"])),
        "unwitnessed": verdict == "unwitnessed",
    }
    return facts[name]


def times(situation: Situation, name: str) -> list[list[float]]:
    """How long until `name` (of TIMES), run by run; infinite where it never came, 0 where it was there."""
    field = f"{name}_ms"
    return [[math.inf if use[field] is None else max(0.0, use[field]) for use in run] for run in situation.runs]


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "happened": rate.happened,
        "of": rate.of,
        "rate": round(rate.rate, 6),
        "low": round(rate.low, 6),
        "high": round(rate.high, 6),
    }


def _finite(found: Quantile) -> dict[str, float | None]:
    """JSON has no infinity: null is *never*."""
    return {name: value if math.isfinite(value) else None for name, value in found._asdict().items()}


def as_markdown(summary: Line, plots: Sequence[str]) -> str:
    """`summary.md`. `plots`: names of the pictures beside it."""
    campaign, runs = summary["campaign"], summary["runs"]
    varied = " ".join(f"--vary {name}={','.join(map(show, values))}" for name, values in campaign["vary"].items())
    lines = [
        f"# {campaign['scenario']}: {runs['played']} runs",
        "",
        f"{runs['played']} of {runs['planned']} planned runs, seeds from {campaign['seed']} on"
        f"{', ' + varied if varied else ''}; code {campaign['code']}; {', '.join(summary['vm']) or 'no VM'}.",
        "",
        _FORMULAS,
        *_again(campaign),
    ]
    if summary["broken"]:
        lines += ["", f"**{runs['broke']} runs ended with an exception in the firmware** and are in no figure:", ""]
        for broken in summary["broken"]:
            told = broken["traceback"].strip().splitlines()[-1]
            lines.append(f"- seed {broken['seed']}, {_values(broken['values'])}: {broken['unit']}: `{told}`")
    for title, rows in tables(summary):
        lines += _table(title, rows)
    for name in plots:
        lines += ["", f"![{name.removesuffix('.png').replace('_', ' ')}]({name})"]
    return "\n".join(lines) + "\n"


def _again(campaign: Line) -> list[str]:
    one = " ".join(f"--vary {name}=..." for name in campaign["vary"])
    fidelity = "" if campaign["fidelity"] == "vm" else f" --fidelity {campaign['fidelity']}"
    command = f"interlock simulate {campaign['scenario']} --seed N{fidelity}{' ' + one if one else ''}"
    return [f"Any run by itself: `{command}`{', with its one value of each' if one else ''}."]


def _values(values: Line) -> str:
    return ", ".join(f"{name}={show(value)}" for name, value in values.items()) or "as written"


def tables(summary: Line) -> list[tuple[str, list[tuple[str, Line]]]]:
    """What people are shown: (title, [(variation, figures)]) for each use, or for each kind where uses are many."""
    whole = [variation for variation in summary["variations"] if variation["runs"]]
    are_many = any(len(variation["uses"]) > USES_MAX for variation in whole)
    names = ("event",) if are_many else ("event", "unit", "nth")
    found: dict[tuple[Any, ...], list[tuple[str, Line]]] = {}
    for variation in whole:
        for figures in variation["events" if are_many else "uses"]:
            row = (_values(variation["values"]), figures)
            found.setdefault(tuple(figures[name] for name in names), []).append(row)
    return [(rows[0][1]["title"], rows) for rows in found.values()]


def _table(title: str, rows: Iterable[tuple[str, Line]]) -> list[str]:
    made = [
        "",
        f"## {title[0].upper()}{title[1:]}",
        "",
        "| variation | n | heard | acked | witnessed | before | covered | heard p50 | heard p95 | recording p50 "
        "| recording p95 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for variation, figures in rows:
        rates = [_percent(figures["rates"][name]) for name in ("heard", "acked", "witnessed", "before", "covered")]
        spans = [_span(figures["times_ms"][name][q]) for name in ("heard", "recording") for q in ("p50", "p95")]
        n = figures["rates"]["heard"]["of"]
        made.append("| " + " | ".join([variation, str(n), *rates, *spans]) + " |")
    return made


def _percent(rate: Line) -> str:
    return f"{rate['rate']:.1%} ({rate['low']:.1%} to {rate['high']:.1%})"


def _span(found: Line) -> str:
    value, low, high = (found[name] for name in ("value", "low", "high"))
    return f"{_ms(value)} ({_ms(low)} to {_ms(high)})"


def _ms(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f}"
