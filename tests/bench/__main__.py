"""`python -m tests.bench [MODULE ...]`: counts and same-run ratios, in one table, and in build/bench/: bench.json,
bench.md, pictures. Tells which goals are missed, and judges nothing; rows of modules that were not named stay as they
were.

`python -m tests.bench check [MODULE ...]`: the quick modules, or these, measured anew and held to bounds.toml; with
`--from FILE` (build/bench/bench.json) nothing is measured, and all rows of that file are. Exit code 1: something is out
of its bounds, or has none; a goal without a limit (goals.py) is missed; a module was left out, unless `--allow-missing`
is said. `python -m tests.bench bounds`: writes bounds.toml from build/bench/bench.json.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from . import bounds, goals, plots, report, results
from .modules import MODULES, Module, by_name
from .results import Results


def measured(modules: list[Module], keep: Callable[[Results], None]) -> Results:
    """These, one after the other; each is named on the error stream while it runs, and kept when it is over."""
    found = Results(results.machine())
    for module in modules:
        print(f"{module.name} (about {module.cpu_min:g} CPU min) ...", file=sys.stderr, flush=True)
        found.play(module)
        keep(found)
    return found


def bench(modules: list[Module], console: Console) -> int:
    new = measured(modules, lambda found: results.write(results.merged(found, _kept())))
    whole = results.merged(new, _kept())
    (results.OUT / "bench.md").write_text(report.markdown(whole), encoding="utf-8")
    plots.draw_all(whole, results.OUT)
    report.show(new, console)
    console.print(f"{results.OUT}/bench.md, bench.json, *.png")
    return 0


def _kept() -> Results:
    """What is there, without rows that there are no longer."""
    if not results.FILE.exists():
        return Results({})
    known = {spec.id for module in MODULES for spec in module.specs()}
    old = results.read(results.FILE)
    old.rows = [row for row in old.rows if row.spec.id in known]
    return old


def check(modules: list[Module], source: Path | None, may_miss: bool, console: Console) -> int:
    found = measured(modules, lambda _: None) if source is None else results.read(source)
    left_out = [module for module in modules if module.name in found.missing]
    wanted = [spec.id for module in modules if module not in left_out for spec in module.specs()]
    ids = {spec.id for module in modules for spec in module.specs()}
    rows = [row for row in found.rows if row.spec.id in ids or source is None]
    said, lost = bounds.judge(rows, wanted, bounds.load()), goals.lost(rows)
    for module in left_out:
        console.print(f"left out ({module.name}): {found.missing[module.name]}")
    for line in [*said, *lost, *goals.gained(rows)]:
        console.print(line)
    console.print(
        f"{len(rows)} rows of {len(modules)} modules; out of bounds, unbound or missing: {len(said)}; "
        f"goals lost: {len(lost)}; modules left out: {len(left_out)}"
    )
    if left_out and not may_miss:
        console.print("What was left out is not held: exit code 1 (--allow-missing takes it for granted)")
    return 1 if said or lost or (left_out and not may_miss) else 0


def main(words: list[str]) -> int:
    told = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    told.add_argument("names", nargs="*", metavar="MODULE", help="check, bounds, or modules: all of them for none")
    told.add_argument("--from", dest="source", type=Path, metavar="FILE")
    told.add_argument(
        "--allow-missing", action="store_true", help="check: modules that cannot be had here are no fault"
    )
    asked = told.parse_args(words)
    what = asked.names.pop(0) if asked.names[:1] in (["check"], ["bounds"]) else "bench"
    console = Console(width=160, highlight=False)
    try:
        modules = by_name(asked.names)
    except ValueError as error:
        told.error(str(error))
    if what == "bounds":
        ids = [spec.id for module in MODULES for spec in module.specs()]
        rows = results.read(asked.source or results.FILE).rows
        bounds.FILE.write_text(bounds.written(ids, rows, bounds.load()), encoding="utf-8")
        return 0
    if what == "check":
        is_all = bool(asked.names or asked.source)
        return check(
            [module for module in modules if is_all or module.is_quick], asked.source, asked.allow_missing, console
        )
    return bench(modules, console)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
