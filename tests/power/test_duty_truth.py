"""What the model thinks a unit does with its time, against simulated units' real PDUs and scan times, and against the
firmware's own constants."""

import ast
import functools

import pytest

from host_tools.power import duty
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER
from tests.simulator.duty import measure
from tests.vectors.documents import FIRMWARE

QUIET = duty.Habits(missed=0.0)
PDUS_ONLY = duty.PDU_MS / (duty.PDU_MS + duty.RAMP_MS)
measured = functools.cache(lambda: measure("esp32", 1, 900))


def modelled(role):
    return duty.of_role(role, DEFAULT_POLICY, QUIET, 0.25, 0.8, 70)[duty.WORN]


def test_a_holstered_unit_listens_as_long_as_the_model_says():
    for unit in ("H1", "H2"):
        assert measured()[unit].listens / 100 == pytest.approx(modelled(ROLE_HOLSTER).receive, rel=0.3)


@pytest.mark.parametrize(("unit", "role"), [("H1", ROLE_HOLSTER), ("C1", ROLE_CAMERA)])
def test_a_unit_transmits_as_long_as_the_model_says(unit, role):
    expected = modelled(role).transmit * PDUS_ONLY
    assert measured()[unit].transmits / 100 == pytest.approx(expected, rel=0.12)


def test_a_camera_unit_listens_all_the_time():
    assert measured()["C1"].listens > 99.95 and modelled(ROLE_CAMERA).receive == 1.0


def constants(path):
    """{name: value} of a module's numbers, read and not run: it needs a board."""
    tree = ast.parse((FIRMWARE / "interlock" / path).read_text(encoding="utf-8"))
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_the_model_goes_by_the_firmware_s_own_figures():
    role = constants("holster_role.py")
    names = ("BURST_MIN_MS", "BEACON_MS", "FAST_ENDING_MS")
    assert {name: role[name] for name in names} == {name: getattr(duty, name) for name in names}
    assert constants("drivers/door.py")["POLL_MS"] == duty.POLL_MS
    assert constants("radio/broadcast.py")["SCAN_US"] == duty.SCAN_MS * 1000


def test_what_never_announces_never_transmits_and_never_waits():
    silent = DEFAULT_POLICY._replace(ready_every_ms=0, present_every_ms=0)
    for role in (ROLE_HOLSTER, ROLE_CAMERA):
        assert duty.of_role(role, silent, QUIET, 0.25, 0.8, 70)[duty.WORN].transmit == 0
    assert duty.of_role(ROLE_HOLSTER, silent, QUIET, 0.25, 0.8, 70)[duty.WORN].receive == 0


def test_shares_are_shares_whatever_the_policy():
    hasty = DEFAULT_POLICY._replace(ready_every_ms=5000, present_every_ms=10000, renew_ms=200)
    for role in (1, 2, 3):
        for one in duty.of_role(role, hasty, duty.Habits(use_s=1), 5, 5, 500).values():
            assert all(0 <= share <= 1 for share in one[:7]), one
