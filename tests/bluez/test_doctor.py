"""`interlock doctor` and `interlock bond` beside the real bluetoothd."""

from .conftest import Host
from .machine import Cable
from .test_day import provision


def checks(host: Host, *arguments: str, code: int) -> dict[str, dict[str, str]]:
    told = host.json("doctor", *arguments, code=code)
    assert told["is_fit"] is (code == 0)
    return {finding["check"]: finding for finding in told["findings"]}


def test_an_adapter_that_is_off_is_named_by_doctor_and_command_and_switched_on(host: Host, radio: Cable) -> None:
    found = checks(host, code=0)
    assert found["adapter hci0"]["outcome"] == "ok"
    assert found["radio"]["found"].startswith("a scan works")
    host.machine.power("hci0", False)
    found = checks(host, code=1)
    assert found["adapter hci0"]["outcome"] == "fail"
    assert found["adapter hci0"]["found"].endswith("is off")
    assert found["radio"]["outcome"] == "skipped"
    done = host.run("scan")
    assert done.returncode == 3
    assert "bluetoothctl power on" in done.stderr
    told = host.json("doctor", "--fix", "--yes")
    assert told["mended"] == [{"what": "switch hci0 on", "failure": None}]
    assert host.run("scan").returncode == 0


def test_a_service_that_is_gone_and_an_adapter_that_was_unplugged_are_told_apart(host: Host, radio: Cable) -> None:
    assert checks(host, code=0)["Bluetooth service"]["outcome"] == "ok"
    host.machine.unplug(radio)
    found = checks(host, code=1)
    assert found["Bluetooth service"]["outcome"] == "ok"
    assert found["adapter"]["found"] == "this computer has no Bluetooth adapter"
    done = host.run("scan")
    assert (done.returncode, "adapter" in done.stderr) == (3, True)
    host.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
    assert checks(host, code=1)["Bluetooth service"]["outcome"] == "fail"
    done = host.run("scan")
    assert (done.returncode, "does not run on this host" in done.stderr) == (3, True)


def test_a_bond_holds_until_the_unit_starts_anew_and_is_then_found_and_removed(host: Host, radio: Cable) -> None:
    provision(host, "H1", "holster", "--force", "LONDON")
    assert host.json("bond", "H1") == [{"serial": "H1", "is_bonded": True}]
    assert host.json("status", "H1")[0]["serial"] == "H1"
    assert checks(host, code=0)["bond with H1"]["outcome"] == "warn"
    host.happens("H1 battery_change off_s=2", "H1 dock", apart_s=8)
    assert host.json("status", "H1")[0]["serial"] == "H1", "a stale bond keeps its host out"
    assert checks(host, code=0)["bond with H1"]["outcome"] == "warn"
    told = host.json("doctor", "--fix", "--yes")
    assert [done["failure"] for done in told["mended"]] == [None]
    assert checks(host, code=0)["bonds and caches"]["outcome"] == "ok"
    assert host.json("status", "H1")[0]["serial"] == "H1"
    assert host.json("bond", "H1") == [{"serial": "H1", "is_bonded": True}]
    assert host.json("bond", "--remove", "H1") == [{"serial": "H1", "is_bonded": False}]
    assert "bond with H1" not in checks(host, code=0)
