"""`interlock dock` as it is typed: one round for cron, its exit codes and JSON, one dock a home, the service's file."""

import json
import shutil
import socket
import subprocess

import pytest

from host_tools.commands import dock as command
from host_tools.dock import lanes
from host_tools.dock.systemd import Service, unit_file

from .bad_units import forget_keys
from .station import inline


@pytest.fixture
def docked(team, monkeypatch):
    """Two units that are set up, and a host without adapters of its own."""
    monkeypatch.setattr(command, "BESIDE", inline)
    monkeypatch.setattr(lanes, "adapters_present", list)
    # Each command has a virtual time of its own, so a model unit's clock stands still between them.
    team.on_link = lambda link: setattr(link.unit, "clock", None)
    return team


def test_a_round_for_cron_pulls_and_says_how_everybody_is(docked):
    code, out, err = docked.run("dock", "--once", "--no-cable-check")
    assert code == 0, out + err
    assert "H1" in out and "pulled and verified" in out and " s ago" in out
    told = docked.json("dock", "--once", "--no-cable-check")
    assert told["light"] == "green" and told["counts"]["pulls"] == 2 and told["overdue"] == []
    assert {unit["serial"]: unit["light"] for unit in told["units"]} == {"H1": "green", "C1": "green"}


def test_a_round_with_a_unit_that_fails_ends_with_3(docked):
    forget_keys(docked.units["C1"])
    told = docked.json("dock", "--once", "--no-cable-check", code=3)
    assert told["failures"] == {"refused": 1}
    assert {unit["serial"]: unit["light"] for unit in told["units"]} == {"H1": "green", "C1": "red"}


def test_a_unit_that_is_away_is_no_failure_until_it_is_overdue(docked):
    docked.json("dock", "--once", "--no-cable-check")
    away = docked.units.pop("C1")
    assert docked.json("dock", "--once", "--no-cable-check")["light"] == "green"
    docked.units["C1"] = away
    told = docked.json("dock", "--once", "--no-cable-check", "--overdue-hours", "0.1")
    assert told["light"] == "green"


def test_the_cable_check_is_done_once_a_day_whoever_starts_the_dock(docked):
    assert docked.json("dock", "--once")["counts"]["cable_checks"] == 1
    assert "cable_checks" not in docked.json("dock", "--once")["counts"]


def test_a_second_dock_on_the_same_home_is_refused(docked):
    with command.alone(docked.home):
        code, _, err = docked.run("dock", "--once")
    assert code == 3 and "another dock is running" in err and "--home" in err
    assert docked.run("dock", "--once", "--no-cable-check")[0] == 0


def test_what_cannot_be_is_refused_with_advice(docked):
    for arguments, said in (
        (("--air", "tcp:127.0.0.1:1", "dock", "--adapter", "hci0"), "--adapters N"),
        (("dock", "--listen", "here"), "HOST:PORT"),
        (("dock", "--forward", "postgresql://u@h:port/x"), "--forward"),
    ):
        code, _, err = docked.run(*arguments)
        assert code == 2 and said in err, err


def test_the_unit_file_is_one_that_systemd_takes(tmp_path):
    text = unit_file(["--forward", "postgresql://dock1@server/interlock", "--every", "30"])
    assert "--forward postgresql://dock1@server/interlock --every 30" in text
    for line in ("Type=notify", "Restart=always", "ProtectSystem=strict", "NoNewPrivileges=yes", "DynamicUser=yes"):
        assert line in text.splitlines()
    assert "LoadCredential=interlock-vault:" in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here to judge the unit file")
    path = tmp_path / "interlock-dock.service"
    lines = ["ExecStart=/bin/true" if line.startswith("ExecStart=") else line for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and str(path.name) not in done.stderr, done.stderr


def test_systemd_is_told_in_its_own_words(tmp_path, monkeypatch):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "120000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        service = Service()
        service.tell("READY=1")
        assert heard.recv(100) == b"READY=1" and service.watchdog_s == 120
    service.tell("WATCHDOG=1")  # nobody listens any more: no matter
    monkeypatch.delenv("NOTIFY_SOCKET")
    Service().tell("READY=1")


def test_no_password_of_the_server_is_shown(docked, tmp_path):
    for url in ("postgresql://dock1:geheim@127.0.0.1:1/x", "postgresql://dock1@127.0.0.1:1/x?password=geheim"):
        told = docked.json("dock", "--once", "--no-cable-check", "--forward", url, code=3)
        assert told["forward"]["trouble"] and "geheim" not in json.dumps(told)
        assert {unit["light"] for unit in told["units"]} == {"green"}, "the server's failure is not the units'"
