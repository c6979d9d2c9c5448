"""One machine for all tests of this room, a world for each, and what a technician types, with its time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import machine, packages

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE_S = 240.0
TRIES = 3
ASKED = "INTERLOCK_BLUEZ"


class Steps:
    """Prints what is done, and how long it took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"  {time.monotonic() - self._began:6.1f} s  {text}", flush=True)


@pytest.fixture(scope="session")
def steps() -> Steps:
    return Steps()


@pytest.fixture(scope="session")
def box(steps: Steps) -> "Iterator[machine.Machine]":
    """The machine, without a radio yet."""
    if not os.environ.get(ASKED):
        pytest.skip("real bluetoothd in a small machine takes minutes: make test-bluez")
    try:
        files = machine.prepare(ROOT / "build" / "bluez", steps)
    except packages.Unfit as why:
        pytest.skip(f"no machine with bluetoothd can be made here: {why}")
    steps("boot the machine")
    with machine.Machine(files) as found:
        steps("bluetoothd runs")
        yield found


class Host:
    """The `interlock` of this host, with the machine's bluetoothd for its own; and a live world around it."""

    def __init__(self, home: Path, box: machine.Machine, steps: Steps) -> None:
        self.home = home
        self.machine = box
        self._steps = steps
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": box.bus_address, "BLEAK_DBUS_AUTH_UID": "0"}
        for name in ("INTERLOCK_AIR", "INTERLOCK_STORE"):
            self.env.pop(name, None)
        self.world = subprocess.Popen(
            [BIN / "interlock", "simulate", "simulator/scenarios/locker_room.toml", "--live"]
            + ["--port", "0", "--json", "--out", home / "live"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.world.stdout is not None
        told = json.loads(self.world.stdout.readline())
        self.labels: dict[str, str] = told["labels"]
        self.door_port = int(told["air"].rsplit(":", 1)[1])

    def happens(self, *lines: str, apart_s: float = 1.5) -> None:
        """In the world, one after the other."""
        assert self.world.stdin is not None
        for line in lines:
            self.world.stdin.write(line + "\n")
            self.world.stdin.flush()
            time.sleep(apart_s)

    def run(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        """One command to its end."""
        done = subprocess.run(
            [BIN / "interlock", "--home", self.home / "home", "--key-file", self.home / "key", *arguments],
            env=self.env,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        said = (done.stderr if done.returncode else done.stdout).strip().splitlines()
        self._steps(f"interlock {' '.join(arguments)[:60]}: {done.returncode}{'  ' + said[0][:100] if said else ''}")
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it says. A radio's failure is met as the tool advises: run again, it goes on where it stopped; here
        kernel, radio and units share the host's processor, and emulated seconds pass without any of them."""
        for _ in range(TRIES):
            done = self.run(*arguments, "--json")
            if done.returncode != 3 or code == 3:
                break
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def heard(self, *serials: str) -> list[dict[str, Any]]:
        """What a scan hears, once it has heard all these."""
        for _ in range(TRIES):
            found: list[dict[str, Any]] = self.json("scan", "--seconds", "12")
            if {unit["serial"] for unit in found} >= set(serials):
                return found
        raise AssertionError(f"heard only {found}")

    def end(self) -> None:
        self.world.kill()
        self.world.communicate()


@pytest.fixture
def host(box: machine.Machine, steps: Steps, tmp_path: Path) -> "Iterator[Host]":
    found = Host(tmp_path, box, steps)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def radio(box: machine.Machine, host: Host, steps: Steps) -> "Iterator[machine.Cable]":
    """One radio of the world, in the machine's hands."""
    cable = box.plug_in(host.door_port)
    steps("plugged in a radio")
    try:
        yield cable
    finally:
        box.unplug(cable)
