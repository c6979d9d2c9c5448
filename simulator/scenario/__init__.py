"""Scenarios: what is in the world and what happens when. TOML in, checked dataclasses out.

Every error names the line, the place and the remedy. The actions are carried out in `world.py` and its neighbours; the
library is `simulator/scenarios/`, with `schema.json` for editors.
"""

from .actions import ACTIONS, AIR, AIR_ACTIONS, LAPTOP_ACTIONS, TECHNICIAN_ACTIONS
from .keys import ScenarioError
from .model import EPOCH, LAPTOP, Event, Recorder, Scenario, Technician, Unit
from .parsing import ROLES, load, parse, parse_line

__all__ = [
    "ACTIONS",
    "AIR",
    "AIR_ACTIONS",
    "EPOCH",
    "LAPTOP",
    "LAPTOP_ACTIONS",
    "ROLES",
    "TECHNICIAN_ACTIONS",
    "Event",
    "Recorder",
    "Scenario",
    "ScenarioError",
    "Technician",
    "Unit",
    "load",
    "parse",
    "parse_line",
]
