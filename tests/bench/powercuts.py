"""Rows: power cuts that a unit's flash was put through, and the promises that broke. Stories, tears and checks are
those of `tests/powercut`: after each cut the unit comes up, holds every record that it reported as written, goes on.

Here: every operation of every story on every port, with every kind of torn bits; and a second cut in the recovery, for
a part of the first ones. All of them, and a third cut: `make test-deep`.
"""

from collections.abc import Callable

from tests.powercut.catalogue import NAMES, REAL_PORTS, SIGNING, STORIES, story_of
from tests.powercut.sweep import NOTHING, Tally, single, sweep, thorough

from .rows import Row, Spec, by_id

BARE = tuple(name for name in NAMES if name.startswith("nor."))
ON_A_PORT = tuple(f"{REAL_PORTS[place % 2]}.{story}" for place, story in enumerate(STORIES))
SIGNED = tuple(f"rp2.{story}" for story in SIGNING)
SPECS = (
    Spec("power_cut.lost", "power cuts that lost an acknowledged record or broke another promise", "stories"),
    Spec("power_cut.operations", "flash operations that the power failed in", "operations"),
    Spec("power_cut.single", "cuts, each with every kind of torn bits", "cuts"),
    Spec("power_cut.double", "pairs of cuts, the second in the recovery from the first", "pairs"),
)


def _once(name: str) -> Tally:
    return sweep(name, story_of(name), [thorough])


def _twice(name: str) -> Tally:
    stride = 2 if name in BARE else 13 if name in SIGNED else 4
    return sweep(name, story_of(name), [single, single], stride=stride, in_recovery=True)


def rows() -> list[Row]:
    broken: list[str] = []

    def swept(act: Callable[[str], Tally], names: tuple[str, ...]) -> Tally:
        tally = NOTHING
        for name in names:
            try:
                tally += act(name)
            except AssertionError as error:
                broken.append(str(error)[:120])
        return tally

    once, twice = swept(_once, tuple(NAMES)), swept(_twice, BARE + ON_A_PORT + SIGNED)
    specs, note = by_id(SPECS), f"of {len(NAMES)} stories"
    return [
        specs["power_cut.lost"].row(len(broken), note="; ".join([note, *broken])),
        specs["power_cut.operations"].row(once.points, note=note),
        specs["power_cut.single"].row(once.cuts, note=note),
        specs["power_cut.double"].row(twice.plans, note=note),
    ]
