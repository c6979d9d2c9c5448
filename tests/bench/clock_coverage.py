"""Rows: how often UTC ± u is right over 2,000 lives of units (`tests/host/crystals.py`), and how wide it is."""

import os
import random
import statistics

from tests.host.crystals import ANY, Docked, Kind, life, told

from .rows import Row, Spec, by_id

LIVES = int(os.environ.get("BENCH_LIVES", "2000"))
KINDS = {
    "all": ("all kinds", ANY),
    "frost": ("a tuning fork in the frost", Kind(fork=True, weather=(-10, -10))),
    "long_leg": ("links with one long leg", Kind(leg=0.9)),
    "daily_15": ("docked each morning, 15 °C by day, 22 by night", Kind(docked=Docked(15, 22))),
    "daily_8": ("docked each morning, 8 °C by day, 19 by night", Kind(docked=Docked(8, 19))),
    "daily_0": ("docked each morning, 0 °C by day, 22 by night", Kind(docked=Docked(0, 22))),
    "daily_45": ("docked each morning, 45 °C by day, 22 by night", Kind(docked=Docked(45, 22))),
    "weekly_0": ("docked weekly, 0 °C by day, 22 by night", Kind(docked=Docked(0, 22, 0.15))),
    "daily_frost": ("docked each morning, -10 °C by day (not claimed)", Kind(docked=Docked(-10, 22))),
}
SPECS = tuple(
    Spec(f"time.{kind}.{what}", f"{name}: {text}", unit, beside)
    for kind, (name, _) in KINDS.items()
    for what, text, unit, beside in (
        ("within_u", "within ± u", "%", "as stated"),
        ("certain", "within certain bounds", "%", "as stated"),
        ("u", "median u", "ms", "certain bounds"),
    )
)


def rows() -> list[Row]:
    return [row for kind in KINDS for row in _rows(kind)]


def _rows(kind: str) -> list[Row]:
    name, lives = KINDS[kind]
    said = []
    for seed in range(LIVES):
        chance = random.Random(f"{name} {seed}")
        said += told(life(chance, lives), chance, 2)
    held = sum(abs(one.miss_ms) <= one.u_ms + 0.5 for one in said)
    certain = sum(one.is_certain for one in said)
    u_ms = statistics.median(one.u_ms for one in said)
    certain_ms = statistics.median(one.certain_ms for one in said)
    specs, note = by_id(SPECS), f"of {len(said):,}"
    return [
        specs[f"time.{kind}.within_u"].row(100 * held / len(said), 95, note),
        specs[f"time.{kind}.certain"].row(100 * certain / len(said), 100, note),
        specs[f"time.{kind}.u"].row(u_ms, certain_ms, note),
    ]
