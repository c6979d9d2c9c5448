"""What the fast fidelity cannot play: it says so before, or at the latest where it happens."""

from ..scenario import LAPTOP_ACTIONS, TECHNICIAN_ACTIONS, Scenario

_NEEDS_CONNECTIONS = (*TECHNICIAN_ACTIONS, *LAPTOP_ACTIONS, "dock", "press_service")


class FidelityError(ValueError):
    """This needs `fidelity = "vm"`; the text says what."""

    def __init__(self, what: str) -> None:
        super().__init__(f'{what}: the fast fidelity has no connections. Play it with fidelity = "vm".')


def refuse_connections(scenario: Scenario) -> None:
    """FidelityError when something in the scenario needs a technician's connection, or invites one."""
    for unit in scenario.units:
        if unit.boxed:
            raise FidelityError(f"{scenario.name}: {unit.id} is still in its box")
        if unit.recorder and unit.recorder.kind == "gopro":
            raise FidelityError(f"{scenario.name}: {unit.id} connects to a GoPro")
    for event in scenario.events:
        if event.do in _NEEDS_CONNECTIONS:
            raise FidelityError(f"{scenario.name}: {event.unit} {event.do} at {event.at_s} s")
