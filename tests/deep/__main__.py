"""`python -m tests.deep [LANE ...]`: all lanes, or these; two at a time, or `--jobs N`.

`--list`: their names. `--seed N`: all chance of lanes that have any; else a new one, which is printed. A lane begins no
test once its minutes of computing are used up, or four times as many by the clock; the whole run begins nothing after
`--minutes M` by the clock (60; with one job 120), and ends what still runs ten minutes later. What a lane did not come
to is told, and the lane is *cut short*, not passed: the same seed goes on with what is left, as long as no source
changes; another one comes to other tests. `--whole`: no such limits. `--fresh`: forget what passed before.
Exit codes: 0 nothing failed: the last line says what passed, what was cut short, and what was left out for want of
means; 1 a lane failed; 2 usage.
"""

import argparse
import json
import random
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from . import summary
from .lanes import BY_NAME, LANES
from .runner import CUT_SHORT, PASSED, ROOT, SKIPPED, Play, Result, source

MINUTES = 60.0
OUT = ROOT / "build" / "deep"


def main(words: list[str], out: Path = OUT) -> int:
    told = argparse.ArgumentParser(prog="python -m tests.deep", description=__doc__)
    told.add_argument("lanes", nargs="*", metavar="LANE")
    told.add_argument("--list", action="store_true")
    told.add_argument("--jobs", type=int, default=2)
    told.add_argument("--seed", type=int)
    told.add_argument("--minutes", type=float)
    told.add_argument("--whole", action="store_true")
    told.add_argument("--fresh", action="store_true")
    asked = told.parse_args(words)
    unknown = [name for name in asked.lanes if name not in BY_NAME]
    if unknown:
        told.error(f"no lane {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    if asked.list:
        for lane in LANES:
            print(f"{lane.name:14}{lane.minutes:4g} min  {lane.what}")
        print(f"{'all':14}{sum(lane.minutes for lane in LANES):4g} min of one core")
        return 0
    lanes = [BY_NAME[name] for name in asked.lanes] or list(LANES)
    out.mkdir(parents=True, exist_ok=True)
    if asked.fresh:
        for lane in lanes:
            (out / f"{lane.name}.jsonl").unlink(missing_ok=True)
    before = {} if asked.fresh else _broken_off(out, [lane.name for lane in lanes])
    seed = asked.seed if asked.seed is not None else before.get("seed", random.SystemRandom().randrange(1 << 31))
    if before.get("seed") != seed:
        before = {}
    kept = {name: it for name, it in before.get("done", {}).items() if not asked.whole or it["state"] != CUT_SHORT}
    done = {name: Result(**result) for name, result in kept.items()}
    print(f"seed {seed}; {len(done)} of {len(lanes)} lanes done before" if done else f"seed {seed}", flush=True)
    state = {"seed": seed, "source": source(), "wanted": [lane.name for lane in lanes], "done": kept}

    def say(line: str) -> None:
        print(line, flush=True)
        _keep(out, state, play.results)

    jobs = max(1, asked.jobs)
    minutes = None if asked.whole else asked.minutes if asked.minutes is not None else MINUTES * (2 if jobs == 1 else 1)
    play = Play([lane for lane in lanes if lane.name not in done], seed, out, say, minutes)
    _keep(out, state, {})
    found = {result.lane: result for result in play.play(jobs)} | done
    results = [found[lane.name] for lane in lanes]
    summary.write(results, seed, out)
    (out / "broken_off.json").unlink()
    bad = [result.lane for result in results if result.is_bad]
    passed = sum(result.state == PASSED for result in results)
    left_out = [result.lane for result in results if result.state == SKIPPED]
    cut = [f"{result.lane}: {result.why}" for result in results if result.state == CUT_SHORT]
    single = [
        f"{sum(result.left_out.values())} in {result.lane}"
        for result in results
        if result.left_out and result.state == PASSED
    ]
    if single:
        print(f"tests left out by themselves: {', '.join(single)}")
    print(f"{out / 'summary.md'}")
    print(
        f"{passed} lanes passed, {_listed(cut, 'cut short', '; ')}, {_listed(left_out, 'left out')}, "
        f"{_listed(bad, 'failed')}"
    )
    return 1 if bad else 0


def _listed(names: list[str], what: str, between: str = ", ") -> str:
    return f"{len(names)} {what}" + (f" ({between.join(names)})" if names else "")


def _keep(out: Path, state: dict[str, object], results: dict[str, Result]) -> None:
    """For a run that is broken off."""
    done = dict(state["done"])  # type: ignore[call-overload]
    done |= {name: asdict(result) for name, result in results.items() if not result.is_bad}
    (out / "broken_off.json").write_text(json.dumps({**state, "done": done}), encoding="utf-8")


def _broken_off(out: Path, wanted: list[str]) -> dict[str, object]:
    """What a run over the same lanes and sources left."""
    try:
        state: dict[str, object] = json.loads((out / "broken_off.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if state["source"] == source() and state["wanted"] == wanted else {}


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)  # lanes are processes of their own: none may be left behind
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("broken off: the same command goes on")
