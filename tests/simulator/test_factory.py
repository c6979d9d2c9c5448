"""What a unit of a scenario is made with: label, settings, and the first key of its journal's seal."""

from dataclasses import replace
from pathlib import Path

import pytest

from interlock.core import access, settings
from interlock.core.keylog import KeyLog
from interlock.core.seal import KEY_BYTES, OPEN_KEY, Seal, first_epoch
from interlock.core.signer import NONE, Signer
from simulator.factory import Area, make, unit_label, unit_seal_key, unit_settings
from simulator.profiles import SECTOR_BYTES
from simulator.scenario import load

LIBRARY = Path(__file__).parents[2] / "simulator" / "scenarios"


@pytest.fixture
def made():
    """A scenario whose second unit is boxed, and the settings areas of its units."""
    scenario = load(LIBRARY / "bad_sensors.toml")
    in_service, boxed, *_ = scenario.units
    units = (in_service, replace(boxed, boxed=True))
    scenario, areas = replace(scenario, units=units), {}
    for unit in scenario.units:
        areas[unit.id] = Area(bytearray(b"\xff" * settings.SECTORS * SECTOR_BYTES), 0, settings.SECTORS * SECTOR_BYTES)
        make(areas[unit.id], scenario, unit)
    return scenario, areas


def test_a_unit_in_service_has_a_seal_key_of_its_own_and_makes_its_signing_key_itself(made):
    scenario, areas = made
    unit, other = scenario.units
    area, key = areas[unit.id], unit_seal_key(scenario, unit)
    assert settings.load(area) == unit_settings(scenario, unit)
    log = KeyLog(area, settings.SEAL_FIRST, KEY_BYTES)
    assert (log.number, log.secret) == (first_epoch(0), key) and key != unit_seal_key(scenario, other)
    assert Seal(area, settings.SEAL_FIRST).is_changing(), "its journal says so first"
    assert Signer(area, settings.SIGNER_FIRST).state == NONE


def test_a_boxed_unit_has_its_label_and_nothing_else(made):
    scenario, areas = made
    boxed = scenario.units[1]
    area = areas[boxed.id]
    assert access.load_label(area) == unit_label(scenario, boxed)
    assert settings.load(area) is None
    seal = Seal(area, settings.SEAL_FIRST)
    assert seal.key == OPEN_KEY and not seal.is_changing()
