"""What a measurement is here: a count, or a ratio to something measured in the same run. Never bare seconds."""

from typing import NamedTuple


class Row(NamedTuple):
    """`baseline` in the same unit, with `beside` saying what it is; None where nothing sensible compares."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    beside: str = ""

    def ratio(self) -> float | None:
        return None if not self.baseline else self.value / self.baseline


class Missing(Exception):
    """Some rows cannot be had here. Says what is missing, and what brings it."""
