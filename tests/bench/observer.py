"""Rows: what an observer with every frame of twenty units makes of them, and what being ready costs. The advantage is
2 AUC - 1: 0 for a guess, 1 for certainty.

`BENCH_SHIFT_S=28800`: worlds so long, a whole shift, instead of half an hour.
"""

import os

from simulator.observer.experiment import BEYOND, EVERYTHING, Advantage, Observer
from simulator.observer.following import follow
from simulator.observer.listening import US, Burst
from tests.simulator.duty import LONELY, measure
from tests.simulator.overheard import ADDRESSES, BYTES, OFFICERS, world

from .rows import Row

CONTROL_S = 600
NEXT_S = 30
LATER_S = 110
HOPS = (1, 2, 3, 5, 10)
PORTS = ("esp32", "rp2", "stm32wb")


def rows() -> list[Row]:
    shift_s = int(os.environ.get("BENCH_SHIFT_S", "1800"))
    worlds = [world(seed, shift_s) for seed in (1, 2, 3)]
    out = []
    for window_s in (NEXT_S, LATER_S):
        found = Observer(worlds[:1], window_s * US).measure(worlds[1:])
        out += _advantages(f"bursts within {window_s} s", found)
    for change in BYTES + ADDRESSES:
        some = [world(seed, CONTROL_S, "esp32", change) for seed in (1, 2)]
        found = Observer(some[:1], NEXT_S * US).measure(some[1:])
        what = "bytes" if change in BYTES else "addresses"
        name = f"observer, were it so: {change.__name__.replace('_', ' ')}: by {what}"
        out.append(_row(name, found[what], found["timing"]))
    return [*out, *_track(worlds), *_duty()]


def _advantages(where: str, found: dict[str, Advantage]) -> list[Row]:
    named = {"bytes": "by bytes", "addresses": "by addresses", EVERYTHING: "by everything", BEYOND: f"of it {BEYOND}"}
    return [_row(f"observer, {where}: {text}", found[name], found["timing"]) for name, text in named.items()]


def _row(name: str, found: Advantage, timing: Advantage) -> Row:
    return Row(name, found.value, f"± {found.sigma:.3f} advantage", timing.value, "by times alone")


def _track(worlds: list[list[Burst]]) -> list[Row]:
    steps = follow(Observer(worlds[:2], LATER_S * US), worlds[2:], HOPS)
    guess = 100 / (2 * OFFICERS)
    return [
        Row(
            f"observer, by times alone: still with its unit after {s.distance}", 100 * s.followed, "%", guess, "a guess"
        )
        for s in steps
    ]


def _duty() -> list[Row]:
    out = []
    for port in PORTS:
        found = measure(port, 1, 1800)
        holster, lonely, camera = found["H1"], found[LONELY], found["C1"]
        out += [
            Row(f"duty, {port}: a holstered unit listens", holster.listens, "%", lonely.listens, "its camera is off"),
            Row(f"duty, {port}: a holstered unit advertises", holster.advertises, "%"),
            Row(f"duty, {port}: a camera unit advertises", camera.advertises, "%"),
            Row(f"duty, {port}: a camera unit does not listen", 100 - camera.listens, "%"),
            Row(f"duty, {port}: deaf for a change of address, at most", max(camera.gaps_ms), "ms"),
        ]
    return out
