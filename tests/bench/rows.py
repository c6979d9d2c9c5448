"""What a measurement is here: a count, or a ratio to something measured in the same run. Never bare seconds.

A module of this folder declares its rows as `SPECS`, without measuring, and gives them with `rows()`. What the figures
should be: `goals.py`; between which bounds they are held: `bounds.toml`.
"""

from typing import NamedTuple


class Spec(NamedTuple):
    """A row before it is measured. `id`: "group.what", never changed once bounds name it; `beside` says what the
    baseline is, empty where nothing sensible compares."""

    id: str
    name: str
    unit: str
    beside: str = ""

    def row(self, value: float, baseline: float | None = None, note: str = "") -> "Row":
        return Row(self, value, baseline, note)


class Row(NamedTuple):
    """`baseline` in the unit of `value`; `note`: what differs by the run, such as how many were counted."""

    spec: Spec
    value: float
    baseline: float | None = None
    note: str = ""

    def ratio(self) -> float | None:
        return None if not self.baseline else self.value / self.baseline


class Missing(Exception):
    """Some rows cannot be had here. Says what is missing, and what brings it."""


def by_id(specs: tuple[Spec, ...]) -> dict[str, Spec]:
    """The same, to be picked by id."""
    return {spec.id: spec for spec in specs}
