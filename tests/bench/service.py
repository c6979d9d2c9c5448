"""Rows: days of service in a row, across the ticks' wrap. Not measured here: read from what `make test-deep` left in
build/deep/summary.json.

Thirty days are played by the firmware in CPython, with nobody connected: without a reset on one port, and on each port
with faults on every day, two of which start a unit anew. In MicroPython's VM, with docks and a technician, they are
fewer, unless INTERLOCK_SOAK=1 asks for all.
"""

import json
from typing import Any, NamedTuple

from tests.vm.test_core_in_vm import ROOT

from .rows import Missing, Row, Spec, by_id

PORTS = ("esp32", "rp2", "stm32wb")
SUMMARY = ROOT / "build" / "deep" / "summary.json"
FAST = "firmware in CPython, nobody connected"


class Source(NamedTuple):
    """What stands behind a row: a lane of `make test-deep`, and which of its counts."""

    lane: str
    count: str
    name: str


SOURCES = {
    "service.calm.days": Source("soak-calm", "days", f"esp32, {FAST}: days without a reset"),
    "service.vm.days": Source(
        "soak-vm", "days_in_a_row", "esp32, MicroPython's VM, docks and a technician: days without a reset"
    ),
    **{
        f"service.{port}.days": Source(f"soak-{port}", "days", f"{port}, {FAST}: days of faults, no reset but by these")
        for port in PORTS
    },
}
SPECS = tuple(Spec(id_, source.name, "simulated days") for id_, source in SOURCES.items())


def rows() -> list[Row]:
    try:
        lanes = {lane["lane"]: lane for lane in json.loads(SUMMARY.read_text(encoding="utf-8"))["lanes"]}
    except OSError:
        raise Missing("thirty days are played by make test-deep: build/deep/summary.json is not there") from None
    specs = by_id(SPECS)
    return [specs[id_].row(days(lanes.get(source.lane), source), note=source.lane) for id_, source in SOURCES.items()]


def days(lane: dict[str, Any] | None, source: Source) -> float:
    """0 where the lane failed, or left the test out that counts them; Missing where it was not played."""
    if lane is None or lane["state"] not in ("passed", "failed"):
        raise Missing(f"the last make test-deep did not play {source.lane}")
    found: float = lane["counts"].get(source.count, 0) if lane["state"] == "passed" else 0
    return found
