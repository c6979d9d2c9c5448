"""Doctor and bond over a real, private system bus, with a bluetoothd of our own on it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host_tools import cli
from host_tools.doctor.bluez import TABLE, look
from host_tools.doctor.bluez import _read as look_at
from interlock.core import wire

from .bluez_model import Model, bluez, private_bus
from .schemas import conforms


class Tool:
    """`interlock` in this process, on the loop and in the time that it has in earnest."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._home, self._capsys, self._monkeypatch = home, capsys, monkeypatch

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["interlock", "--home", str(self._home), *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out, err

    def json(self, *arguments: str, code: int = 0) -> Any:
        got, out, err = self.run(*arguments, "--json")
        assert got == code, out + err
        return json.loads(out)


@pytest.fixture
def tool(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tool:
    return Tool(tmp_path / "home", capsys, monkeypatch)


needs_bus = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon here")


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A private system bus."""
    with private_bus() as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        monkeypatch.delenv("INTERLOCK_AIR", raising=False)
        yield address


@needs_bus
def test_over_a_real_bus_a_bond_and_a_stale_table_are_found_and_forgotten(tool: Tool, bus: str) -> None:
    def furnish(model: Model) -> None:
        model.adapter()
        model.device("H1", bonded=True, table=sorted(TABLE), number=1)
        model.device("C1", table=[*sorted(TABLE)[:2], "0000f00d-0000-1000-8000-00805f9b34fb"], number=2)
        model.device("C2", table=sorted(TABLE), number=3)
        model.device("", bonded=True, number=4)  # somebody's headphones

    with bluez(bus, furnish) as model:
        told = tool.json("doctor", code=1)
        conforms("doctor", told)
        found = {each["check"]: each for each in told["findings"]}
        assert found["adapter hci0"]["outcome"] == "ok"
        assert found["bond with H1 (not in this vault)"]["outcome"] == "warn"
        assert found["cache of C1 (not in this vault)"]["outcome"] == "fail"
        assert not [check for check in found if "C2" in check]
        assert model.removed == []
        code, _, err = tool.run("doctor", "--fix")
        assert (code, "--yes" in err, model.removed) == (2, True, [])
        told = tool.json("doctor", "--fix", "--yes")
        assert [done["failure"] for done in told["mended"]] == [None, None]
        assert sorted(model.removed) == ["/org/bluez/hci0/dev_01", "/org/bluez/hci0/dev_02"]
        found = {each["check"]: each for each in told["findings"]}
        assert found["bonds and caches"]["outcome"] == "ok"
        assert found["radio"]["found"] == "a scan works; 0 units invite here", "bleak's own scan over that bus"


@pytest.mark.parametrize(("connected", "resolved"), [(True, False), (True, True), (False, False)])
def test_a_unit_that_another_program_is_just_discovering_is_not_stale(connected: bool, resolved: bool) -> None:
    path = "/org/bluez/hci0/dev_1"
    facts = {"Address": "D", "Name": "H1", "UUIDs": [wire.SERVICE], "Connected": connected}
    told = {
        path: {"org.bluez.Device1": {**facts, "ServicesResolved": resolved}},
        f"{path}/service1": {"org.bluez.GattService1": {"UUID": wire.SERVICE}},
        f"{path}/service1/char1": {"org.bluez.GattCharacteristic1": {"UUID": wire.INFO, "Service": f"{path}/service1"}},
    }
    variants = {
        place: {
            kind: {name: SimpleNamespace(value=value) for name, value in values.items()} for kind, values in it.items()
        }
        for place, it in told.items()
    }
    (device,) = look_at(variants).devices
    assert device.is_stale == (resolved or not connected)


@needs_bus
def test_over_a_real_bus_an_adapter_is_switched_on(tool: Tool, bus: str) -> None:
    with bluez(bus, lambda model: model.adapter(powered=False)):
        code, out, _ = tool.run("doctor")
        assert code == 1
        assert "adapter hci0" in out and "is off" in out and "1 to be mended" in out
        told = tool.json("doctor", "--fix", "--yes")
        assert told["mended"] == [{"what": "switch hci0 on", "failure": None}]


@needs_bus
def test_over_a_real_bus_a_missing_service_is_told_apart_from_a_missing_bus(
    tool: Tool, bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(look()).trouble == "service"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    assert asyncio.run(look()).trouble == "bus"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense")
    assert asyncio.run(look()).trouble == "bus"
    assert tool.run("bond", "--remove")[0] == 3


@needs_bus
def test_bonds_are_removed_by_serial(tool: Tool, bus: str) -> None:
    def furnish(model: Model) -> None:
        model.adapter()
        model.device("H1", bonded=True, table=sorted(TABLE), number=1)
        model.device("C1", bonded=True, table=sorted(TABLE), number=2)

    with bluez(bus, furnish) as model:
        done = tool.json("bond", "--remove", "C1")
        conforms("bond", done)
        assert done == [{"serial": "C1", "is_bonded": False}]
        assert model.removed == ["/org/bluez/hci0/dev_02"]
        assert tool.json("bond", "--remove") == [{"serial": "H1", "is_bonded": False}]
        assert tool.json("bond", "--remove") == []
