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

from .rows import Row, Spec, by_id

CONTROL_S = 600
NEXT_S = 30
LATER_S = 110
HOPS = (1, 2, 3, 5, 10)
PORTS = ("esp32", "rp2", "stm32wb")


_PARTS = {"bytes": "by bytes", "addresses": "by addresses", EVERYTHING: "by everything", BEYOND: f"of it {BEYOND}"}
_IDS = {"bytes": "bytes", "addresses": "addresses", EVERYTHING: "everything", BEYOND: "beyond"}
_CHANGES = {change.__name__: (change, "bytes" if change in BYTES else "addresses") for change in BYTES + ADDRESSES}
_DUTY = {
    "listens": ("a holstered unit listens", "%", "its camera is off"),
    "advertises": ("a holstered unit advertises", "%", ""),
    "camera_advertises": ("a camera unit advertises", "%", ""),
    "camera_deaf": ("a camera unit does not listen", "%", ""),
    "gap": ("deaf for a change of address, at most", "ms", ""),
}
TIMING = "by times alone"
SPECS = (
    *(
        Spec(f"unlinkable.{window_s}.{_IDS[part]}", f"bursts within {window_s} s: {text}", "advantage", TIMING)
        for window_s in (NEXT_S, LATER_S)
        for part, text in _PARTS.items()
    ),
    *(
        Spec(f"unlinkable.control.{name}", f"were it so: {name.replace('_', ' ')}: by {what}", "advantage", TIMING)
        for name, (_, what) in _CHANGES.items()
    ),
    *(
        Spec(f"unlinkable.followed.{hops}", f"by times alone: still with its unit after {hops}", "%", "a guess")
        for hops in HOPS
    ),
    *(
        Spec(f"duty.{port}.{what}", f"{port}: {text}", unit, beside)
        for port in PORTS
        for what, (text, unit, beside) in _DUTY.items()
    ),
)


def rows() -> list[Row]:
    shift_s = int(os.environ.get("BENCH_SHIFT_S", "1800"))
    worlds = [world(seed, shift_s) for seed in (1, 2, 3)]
    out, specs = [], by_id(SPECS)
    for window_s in (NEXT_S, LATER_S):
        found = Observer(worlds[:1], window_s * US).measure(worlds[1:])
        for part, id_ in _IDS.items():
            out.append(_row(specs[f"unlinkable.{window_s}.{id_}"], found[part], found["timing"]))
    for name, (change, what) in _CHANGES.items():
        some = [world(seed, CONTROL_S, "esp32", change) for seed in (1, 2)]
        found = Observer(some[:1], NEXT_S * US).measure(some[1:])
        out.append(_row(specs[f"unlinkable.control.{name}"], found[what], found["timing"]))
    return [*out, *_track(worlds, specs), *_duty(specs)]


def _row(spec: Spec, found: Advantage, timing: Advantage) -> Row:
    return spec.row(found.value, timing.value, f"± {found.sigma:.3f}")


def _track(worlds: list[list[Burst]], specs: dict[str, Spec]) -> list[Row]:
    steps = follow(Observer(worlds[:2], LATER_S * US), worlds[2:], HOPS)
    guess = 100 / (2 * OFFICERS)
    return [specs[f"unlinkable.followed.{step.distance}"].row(100 * step.followed, guess) for step in steps]


def _duty(specs: dict[str, Spec]) -> list[Row]:
    out = []
    for port in PORTS:
        found = measure(port, 1, 1800)
        holster, camera = found["H1"], found["C1"]
        counted = {
            "listens": (holster.listens, found[LONELY].listens),
            "advertises": (holster.advertises, None),
            "camera_advertises": (camera.advertises, None),
            "camera_deaf": (100 - camera.listens, None),
            "gap": (max(camera.gaps_ms), None),
        }
        out += [specs[f"duty.{port}.{what}"].row(value, baseline) for what, (value, baseline) in counted.items()]
    return out
