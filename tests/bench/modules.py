"""The modules of this folder that measure, as a table, in the order of the report; and the groups of their rows."""

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from .rows import Spec


class Module(NamedTuple):
    """`is_quick`: deterministic or nearly, and cheap: what `make bench-check` measures anew; `cpu_min`: about, of one
    core of 2026."""

    name: str
    is_quick: bool
    cpu_min: float

    def load(self) -> ModuleType:
        return import_module(f"tests.bench.{self.name}")

    def specs(self) -> tuple[Spec, ...]:
        found: tuple[Spec, ...] = self.load().SPECS
        return found


MODULES = (
    Module("hot_path", True, 0.1),
    Module("trigger", False, 7.5),
    Module("adversary", True, 0.5),
    Module("receiver", True, 0.1),
    Module("wear", True, 0.1),
    Module("opening", True, 0.1),
    Module("powercuts", True, 1.3),
    Module("pull", True, 0.8),
    Module("smp", False, 0.8),
    Module("dock", False, 0.6),
    Module("verify", True, 0.3),
    Module("scale", False, 1.3),
    Module("simulation", False, 1),
    Module("sizes", True, 0.4),
    Module("units", True, 0.4),
    Module("heap", True, 0.1),
    Module("vm", True, 0.1),
    Module("lms", True, 0.1),
    Module("clock_coverage", True, 0.5),
    Module("observer", False, 1.2),
    Module("power", True, 0.1),
    Module("service", False, 0.1),
)

GROUPS = {
    "hot_path": "From the flag to the first PDU",
    "trigger": "The trigger path, in virtual time",
    "adversary": "Hostile frames",
    "receive": "What a frame costs its receiver",
    "journal": "The journal and its flash",
    "opening": "What a boot reads of its flash",
    "power_cut": "Power cuts",
    "pull": "A pull, in virtual time",
    "dock": "The docking station, in virtual time",
    "verify": "Verifying a journal",
    "force": "A force's year, extrapolated from a sample",
    "simulation": "The simulator beside real time",
    "size": "Size of the application",
    "unit": "Heap of a whole unit",
    "heap": "Heap of single steps",
    "hmac": "HMAC in the VM",
    "lms": "Signatures (LMS)",
    "time": "How often UTC ± u is right",
    "unlinkable": "What an observer makes of the air",
    "duty": "Share of time that a radio works",
    "power": "Life on a cell, reckoned",
    "service": "Days of service",
}
"""Title of each group, by what its ids begin with."""


def by_name(names: list[str]) -> list[Module]:
    """These, in their own order; all for none. ValueError for one that there is not."""
    known = {module.name: module for module in MODULES}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no module {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] or list(MODULES)
