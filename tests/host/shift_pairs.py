"""Four officers with their units, on duty."""

from host_tools.flows.provision import provision
from host_tools.flows.spares import make_spares
from host_tools.roster.rules import Duty

from .flow_world import CAMERA, HOLSTER, World
from .unit_model import UTC_MS

NOW_S = UTC_MS // 1000
UNTIL_S = NOW_S + 8 * 3600
PAIRS = [("PC1", "H1", "C1"), ("PC2", "H2", "C2"), ("PC3", "H3", "C3")]
DUTIES = [Duty(officer, "red", holster, camera, NOW_S - 60, UNTIL_S) for officer, holster, camera in PAIRS]


def in_service(folder):
    """Six units in service, each holster with a spare camera."""
    world = World(folder, *(f"{kind}{number}" for number in (1, 2, 3) for kind in "HC"))
    for serial in world.units:
        world.do(provision, world.label(serial), HOLSTER if serial[0] == "H" else CAMERA, signing="none")
    for unit in world.units.values():
        unit.boot()
    done = world.do(make_spares, [(holster, camera) for _, holster, camera in PAIRS])
    assert [spare.state for spare in done.pairs] == ["made"] * 3
    return world


def assigned(world, serial):
    numbers = {unit.held.unit: other for other, unit in world.units.items()}
    return numbers.get(world.units[serial].assigned[0])
