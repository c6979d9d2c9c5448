"""Rows: how often UTC ± u is right over 2,000 lives of units (`tests/host/crystals.py`), and how wide it is."""

import random
import statistics

from tests.host.crystals import ANY, Docked, Kind, life, told

from .rows import Row

LIVES = 2000
KINDS = {
    "all kinds": ANY,
    "a tuning fork in the frost": Kind(fork=True, weather=(-10, -10)),
    "links with one long leg": Kind(leg=0.9),
    "docked each morning, 15 °C by day, 22 by night": Kind(docked=Docked(15, 22)),
    "docked each morning, 8 °C by day, 19 by night": Kind(docked=Docked(8, 19)),
    "docked each morning, 0 °C by day, 22 by night": Kind(docked=Docked(0, 22)),
    "docked each morning, 45 °C by day, 22 by night": Kind(docked=Docked(45, 22)),
    "docked weekly, 0 °C by day, 22 by night": Kind(docked=Docked(0, 22, 0.15)),
    "docked each morning, -10 °C by day (not claimed)": Kind(docked=Docked(-10, 22)),
}


def rows() -> list[Row]:
    return [row for name, kind in KINDS.items() for row in _rows(name, kind)]


def _rows(name: str, kind: Kind) -> list[Row]:
    said = []
    for seed in range(LIVES):
        chance = random.Random(f"{name} {seed}")
        said += told(life(chance, kind), chance, 2)
    held = sum(abs(one.miss_ms) <= one.u_ms + 0.5 for one in said)
    certain = sum(one.is_certain for one in said)
    u_ms = statistics.median(one.u_ms for one in said)
    certain_ms = statistics.median(one.certain_ms for one in said)
    return [
        Row(f"time, {name}: within ± u", 100 * held / len(said), f"% of {len(said)}", 95, "as stated"),
        Row(f"time, {name}: within certain bounds", 100 * certain / len(said), f"% of {len(said)}", 100, "as stated"),
        Row(f"time, {name}: median u", u_ms, "ms", certain_ms, "certain bounds"),
    ]
