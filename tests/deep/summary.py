"""What a run leaves: `summary.json` and `summary.md`."""

import json
from dataclasses import asdict
from pathlib import Path

from .lanes import BY_NAME
from .runner import CUT_SHORT, Result


def write(results: list[Result], seed: int, out: Path) -> None:
    """Into the folder `out`."""
    table = {
        "seed": seed,
        "cpu_min": round(sum(result.cpu_min for result in results), 1),
        "wall_min_of_lanes": round(sum(result.wall_min for result in results), 1),
        "lanes": [asdict(result) for result in results],
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    (out / "summary.md").write_text(markdown(results, seed), encoding="utf-8")


def markdown(results: list[Result], seed: int) -> str:
    """A row for each lane, and what failed."""
    rows = [
        "# The deep run",
        "",
        f"Seed {seed}. CPU: minutes of one core, children included.",
        "",
        "| lane | what | state | went through | CPU min (budget) | clock min |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        lane = BY_NAME[result.lane]
        state = result.state + (f": {result.why}" if result.why else "")
        counts = ", ".join(f"{value:,.0f} {name}" for name, value in result.counts.items())
        left_out = "".join(f"; {number} left out: {reason}" for reason, number in result.left_out.items())
        times = f"{result.cpu_min:g} ({lane.minutes:g}) | {result.wall_min:g}"
        rows.append(f"| {result.lane} | {lane.what} | {state} | {counts}{left_out} | {times} |")
    rows.append(f"| all | | | | {sum(result.cpu_min for result in results):.1f} | |")
    cut = [result for result in results if result.state == CUT_SHORT]
    if cut:
        rows += ["", "## What was cut short: nothing failed, not all was looked at", ""]
        rows += [f"- {result.lane}: {result.why}" for result in cut]
    failures = [failure for result in results for failure in result.failures]
    if failures:
        rows += ["", "## What failed, and how to see it again", ""]
        rows += [f"- `{what}`: `{command}`" for what, command in failures]
    return "\n".join(rows) + "\n"
