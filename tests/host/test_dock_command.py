"""`interlock dock` as it is typed: one round for cron, its exit codes and JSON, one dock a home, the service's file."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys

import pytest

from host_tools.commands import dock as command
from host_tools.dock import lanes, systemd
from host_tools.dock.loop import Dock
from host_tools.dock.systemd import Order, Service, unit_file
from host_tools.outcome import ToolError

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


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A console script in a folder that every service sees, or so it seems: tests' own folders are in /tmp."""
    monkeypatch.setattr(systemd, "_UNSEEN", (tmp_path / "homes",))
    path = tmp_path / "bin" / "interlock"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def ordered(docked, program, *arguments, home="/var/lib/interlock"):
    """(exit code, unit file, its ExecStart, standard error) of `interlock ARGUMENTS --systemd`."""
    before, sys.prefix = sys.prefix, str(program.parent.parent)
    try:
        docked.home = home
        code, text, err = docked.run(*arguments, "--systemd")
    finally:
        sys.prefix = before
    start = next((line for line in text.splitlines() if line.startswith("ExecStart=")), "")
    return code, text, start.removeprefix("ExecStart="), err


def test_the_service_has_all_options_of_the_command_line(docked, program):
    code, text, start, _ = ordered(
        docked, program, "--as", "DOCK1", "--air", "tcp:127.0.0.1:7", "--store", "postgresql://dock1@h/d", "dock",
        "--every", "30", "--no-cable-check", "--links", "2", home="/var/lib/dock",
    )  # fmt: skip
    assert code == 0 and start.startswith(f"{program} ")
    words = start.split(" ", 1)[1]
    assert words == (
        "--air tcp:127.0.0.1:7 --as DOCK1 --store postgresql://dock1@h/d dock --links 2 --every 30.0 --no-cable-check"
    )
    assert "StateDirectory=dock\n" in text and "INTERLOCK_HOME=%S/dock " in text and "ProtectHome=yes" in text
    assert f"LoadCredential=interlock-vault:{docked.key}\n" in text


def test_no_password_gets_into_the_service(docked, program):
    for url in ("postgresql://dock1:geheim@server/x", "postgresql://dock1@server/x?password=geheim"):
        code, text, start, _ = ordered(docked, program, "--store", url, "dock", "--forward", url)
        assert code == 0 and "geheim" not in text and "postgresql" not in start
        assert "EnvironmentFile=-/etc/interlock/dock.env" in text
        assert "INTERLOCK_STORE=" in text and "INTERLOCK_FORWARD=" in text


def test_what_no_service_can_do_is_refused(docked, program):
    for home, arguments, said in (
        ("/srv/interlock", ("dock",), "--home /var/lib/NAME"),
        ("/var/lib/interlock", ("dock", "--once"), "--once ends"),
    ):
        code, _, _, err = ordered(docked, program, *arguments, home=home)
        assert code == 2 and said in err, err


def test_a_program_in_somebodys_home_is_shown_to_the_service_alone(docked, program, monkeypatch):
    monkeypatch.setattr(systemd, "_UNSEEN", (program.parent.parent,))
    code, text, _, _ = ordered(docked, program, "dock")
    assert code == 0 and "ProtectHome=tmpfs" in text and f"BindReadOnlyPaths={program}" in text
    program.chmod(0o700)
    code, _, _, err = ordered(docked, program, "dock")
    assert code == 2 and "cannot read" in err


def test_words_are_quoted_as_systemd_reads_them():
    assert systemd._word("a b", "$") == '"a b"' and systemd._word("100%$x", "$") == "100%%$$x"
    assert systemd._word('a"\\', "$") == '"a\\"\\\\"'


def test_the_unit_file_is_one_that_systemd_takes(tmp_path):
    text = unit_file(Order((), ("--forward", "postgresql://dock1@server/interlock", "--every", "30")))
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


@pytest.mark.parametrize("begins", [True, False])
def test_systemd_is_told_that_it_is_ready_when_it_has_begun_and_not_where_it_cannot(
    docked, tmp_path, monkeypatch, begins
):
    begin, run = Dock._begin, Dock.run
    path = tmp_path / "notify"

    def told():
        found = []
        while True:
            try:
                found.append(heard.recv(200).decode())
            except BlockingIOError:
                return found

    def beginning(dock):
        assert told() == [], "before it has begun"
        if not begins:
            raise ToolError("it cannot begin", "Do something else.")
        begin(dock)

    async def for_seconds(dock, ending):
        asyncio.get_running_loop().call_later(5, ending.set)
        await run(dock, ending)

    monkeypatch.setattr(Dock, "_begin", beginning)
    monkeypatch.setattr(Dock, "run", for_seconds)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.setblocking(False)
        code, _, err = docked.run("dock", "--no-cable-check", "--listen", "off", "--json")
        found = told()
    assert (code, "cannot begin" in err) == ((0, False) if begins else (2, True)), err
    assert ("READY=1" in found) == begins and found[-1] == "STOPPING=1"
    assert not begins or found[0] == "READY=1"


def test_no_password_of_the_server_is_shown(docked, tmp_path):
    for url in ("postgresql://dock1:geheim@127.0.0.1:1/x", "postgresql://dock1@127.0.0.1:1/x?password=geheim"):
        told = docked.json("dock", "--once", "--no-cable-check", "--forward", url, code=3)
        assert told["forward"]["trouble"] and "geheim" not in json.dumps(told)
        assert {unit["light"] for unit in told["units"]} == {"green"}, "the server's failure is not the units'"
