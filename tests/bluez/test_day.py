"""A technician's day over the real thing: bleak's Linux backend, bluetoothd, the kernel's Bluetooth; only the radio and
the units are virtual."""

import pytest

from .conftest import Host


def provision(host: Host, serial: str, role: str, *more: str) -> None:
    """Set a boxed unit up, by its label typed unseen."""
    host.json("provision", host.labels[serial], "--role", role, "--signing", "h5", *more)


@pytest.mark.usefixtures("radio")
def test_from_boxed_units_to_a_verified_pull(host: Host) -> None:
    heard = host.heard("H1", "C1", "C2")
    assert {unit["state"] for unit in heard} == {"boxed"}
    provision(host, "H1", "holster", "--force", "LONDON")
    provision(host, "C1", "camera")
    host.json("pair", "H1", "C1")
    host.happens("H1 undock", "C1 undock", "H1 draw", "H1 arm", "H1 discharge", "H1 holster", "H1 dock", "C1 dock")
    host.happens(apart_s=5)
    pulled = host.json("pull")
    assert {unit["serial"] for unit in pulled} == {"H1", "C1"}
    assert all(unit["failure"] is None and unit["findings"] == [] for unit in pulled)
    (again,) = host.json("pull", "H1")
    (first,) = [unit for unit in pulled if unit["serial"] == "H1"]
    assert again["following"] - again["new"] == first["following"], "a second pull fetches only what is new"
    assert [journal["verdict"] for journal in host.json("verify")] == ["intact", "intact"]
    discharges = host.json("report")["headline"]["discharges"]
    assert (discharges["before"], discharges["total"]) == (1, 1)
    docked = host.json("dock", "--once", "--no-cable-check", "--listen", "off")
    told = {unit["serial"]: (unit["light"], unit["reasons"]) for unit in docked["units"]}
    assert told["H1"][0] == "green" and len(told) == 2, told
    # A camera records on for its hold time after a use, in the dock, too; on a slow host that may be over.
    assert told["C1"][0] == "green" or ["tally was on" in why for why in told["C1"][1]] == [True], told
