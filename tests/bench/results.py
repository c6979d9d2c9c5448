"""A run of the bench: its rows, what could not be had, the machine; and `bench.json`, written and read."""

import json
import math
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.hardware.interpreter import vm_version
from tests.vm.test_core_in_vm import ROOT

from .modules import MODULES, Module
from .rows import Missing, Row, Spec

OUT = ROOT / "build" / "bench"
FILE = OUT / "bench.json"


@dataclass
class Results:
    """`modules`: CPU minutes of each that was played, its children included; `missing`: of each that was not, why;
    `commits`: of which commit each module's rows are."""

    machine: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    modules: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)

    def by_id(self) -> dict[str, Row]:
        return {row.spec.id: row for row in self.rows}

    def play(self, module: Module) -> None:
        """Measure a module's rows. Missing ones are noted; rows that it did not declare are an error."""
        before_s = cpu_s()
        try:
            rows: list[Row] = module.load().rows()
        except Missing as what:
            self.missing[module.name] = str(what)
            return
        declared, came = {spec.id for spec in module.specs()}, [row.spec.id for row in rows]
        assert set(came) == declared and len(came) == len(declared), sorted(declared ^ set(came))
        self.rows += rows
        self.modules[module.name] = round((cpu_s() - before_s) / 60, 2)
        self.commits[module.name] = self.machine.get("commit", "")


def cpu_s() -> float:
    """Of this process and of its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "vm": vm_version(),
        "commit": _commit(),
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    found = _said("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD")
    return found + " and changes" * bool(_said("git", "-C", str(ROOT), "status", "--porcelain"))


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def write(results: Results, path: Path = FILE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {
        "machine": results.machine,
        "cpu_min": results.modules,
        "missing": results.missing,
        "commits": results.commits,
        "rows": [_fact(row) for row in results.rows],
    }
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _fact(row: Row) -> dict[str, Any]:
    """JSON has no infinity: null is what never came."""
    fact = row.spec._asdict() | {"value": _finite(row.value)}
    if row.baseline is not None:
        ratio = row.ratio()
        fact |= {"baseline": _finite(row.baseline), "ratio": None if ratio is None else _finite(ratio)}
    return fact | ({"note": row.note} if row.note else {})


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def read(path: Path) -> Results:
    """What `write` wrote."""
    table = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(
            Spec(*(fact[name] for name in Spec._fields)),
            _number(fact["value"]),
            _number(fact["baseline"]) if "baseline" in fact else None,
            fact.get("note", ""),
        )
        for fact in table["rows"]
    ]
    return Results(table["machine"], rows, table["cpu_min"], table["missing"], table.get("commits", {}))


def _number(value: float | None) -> float:
    return math.inf if value is None else value


def merged(new: Results, old: Results) -> Results:
    """The rows of `new`, and of `old` those of modules that were not played now."""
    played = {*new.modules, *new.missing}
    kept = [module for module in MODULES if module.name in old.modules and module.name not in played]
    of_kept = {spec.id for module in kept for spec in module.specs()}
    order = {spec.id: place for place, spec in enumerate(spec for module in MODULES for spec in module.specs())}
    rows = [*new.rows, *(row for row in old.rows if row.spec.id in of_kept)]
    return Results(
        new.machine,
        sorted(rows, key=lambda row: order[row.spec.id]),
        {module.name: old.modules[module.name] for module in kept} | new.modules,
        {name: why for name, why in old.missing.items() if name not in played} | new.missing,
        {module.name: old.commits.get(module.name, "") for module in kept} | new.commits,
    )
