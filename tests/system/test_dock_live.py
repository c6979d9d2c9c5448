"""The docking station as a process beside a live world with real firmware: pulled, killed, begun again; three bad units
of twenty; the server gone and back. What it has at the end is what the units hold."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from host_tools.store.store import Store

from .dock_room import FAR, FOREIGN, FORGED

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE_S = 300.0  # for a machine that is busy; nothing is decided by it


class Room:
    """A live room: its home, its door, and in the end its journals."""

    def __init__(self, process: "subprocess.Popen[str]", home: Path) -> None:
        assert process.stdout is not None
        self._process = process
        self.home = home
        self.port = int(process.stdout.readline())

    def journals(self) -> dict[str, list[str]]:
        """End the world; what each unit holds."""
        output, _ = self._process.communicate("", timeout=PATIENCE_S)
        found: dict[str, list[str]] = json.loads(output)
        return found


@contextmanager
def room(home: Path, count: int, held: int, bad: bool = False) -> Iterator[Room]:
    command = [sys.executable, "-m", "tests.system.dock_room", str(home), str(count), str(held)]
    process = subprocess.Popen(
        [*command, *(["bad"] if bad else [])], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Room(process, home)
    finally:
        process.kill()
        process.communicate()


class Dock:
    """A dock's process; `url` of its page."""

    def __init__(self, room: Room, *options: str) -> None:
        command = [str(BIN / "interlock"), "--home", str(room.home), "--as", "DOCK1"]
        command += ["--air", f"tcp:127.0.0.1:{room.port}", "dock", "--listen", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert self.process.stderr is not None
        self.url = ""
        for line in self.process.stderr:
            if "The status page is at " in line:
                self.url = line.split("is at ")[1].split()[0].rstrip(".")
                break
        assert self.url, self.process.communicate()

    def status(self) -> Any:
        with urllib.request.urlopen(f"{self.url}status.json", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def until(self, done: Callable[[Any], bool], seconds: float = PATIENCE_S) -> Any:
        """The status, as soon as it is so."""
        until_s = time.monotonic() + seconds
        while not done(told := self.status()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until_s, json.dumps(told, indent=1)
            time.sleep(0.2)
        return told

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


def stored(place: Path) -> dict[str, list[str]]:
    """What a store holds of each unit, in hex; every journal without a finding, nothing twice."""
    store = Store.open(place)
    try:
        found = {}
        for row in store.units():
            journal = store.journal(row.serial)
            if journal.records:
                assert not journal.findings and not journal.conflicts, row.serial
                found[row.serial] = [record.raw.hex() for record in journal.records]
        return found
    finally:
        store.close()


def count(home: Path) -> int:
    place = home / "journals.sqlite"
    if not place.exists():
        return 0
    store = Store.open(place)
    try:
        return store.size()
    finally:
        store.close()


def lights(told: Any) -> dict[str, str]:
    return {unit["serial"]: unit["light"] for unit in told["units"]}


def are_well(units: list[Any]) -> bool:
    """A world that this machine cannot play in real time has slow clocks: that is yellow, and true."""
    return all(reason == "pulled and verified" or "clock" in reason for unit in units for reason in unit["reasons"])


def test_a_dock_that_is_killed_in_its_middle_has_everything_when_it_is_begun_again(tmp_path: Path) -> None:
    with room(tmp_path, 3, 250) as world:
        server = tmp_path / "server.sqlite"
        lanes = ("--adapters", "2", "--links", "1", "--no-cable-check")  # so the third unit waits for one of them
        first = Dock(world, *lanes)
        while count(tmp_path) == 0:
            time.sleep(0.05)
        first.process.kill()
        first.process.communicate()
        reached = count(tmp_path)
        second = Dock(world, *lanes, "--forward", str(server))
        told = second.until(
            lambda told: len(told["units"]) == 3 and are_well(told["units"]) and told["forward"]["behind_s"] == 0
        )
        assert [adapter["trouble"] for adapter in told["adapters"]] == [None, None]
        with urllib.request.urlopen(f"{second.url}metrics", timeout=PATIENCE_S) as answer:
            light = lights(told)["H1"]
            assert f'interlock_unit_light{{light="{light}",serial="H1"}} 1.0' in answer.read().decode()
        refused = subprocess.run(
            [str(BIN / "interlock"), "--home", str(tmp_path), "dock", "--once"],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert refused.returncode == 3 and "another dock is running" in refused.stderr
        assert second.end(signal.SIGTERM) == 0
        held = world.journals()
    had = stored(tmp_path / "journals.sqlite")
    assert sum(map(len, had.values())) > reached > 0
    for serial, raws in held.items():
        assert had[serial] == raws[: len(had[serial])] and len(had[serial]) > 250
    assert stored(server) == had


@pytest.mark.deep
def test_three_bad_units_of_twenty_and_a_dock_that_is_killed_again_and_again(tmp_path: Path) -> None:
    three_bad(tmp_path, 20)


def three_bad(tmp_path: Path, units: int) -> None:
    seed = int(os.environ.get("SEED", time.time_ns() % 100_000))
    print(f"SEED={seed}")
    chance = random.Random(seed)
    with room(tmp_path, units, 120, bad=True) as world:
        reached = []
        for _ in range(4):
            dock = Dock(world, "--adapters", "2", "--no-cable-check")
            time.sleep(chance.uniform(3, 20))
            dock.process.kill()
            dock.process.communicate()
            reached.append(count(tmp_path))
        assert reached == sorted(reached), "a killed dock lost what was stored before"
        dock = Dock(world, "--adapters", "2", "--no-cable-check", "--budget", "120")
        bad = {FORGED, FOREIGN, FAR}

        def is_done(told: Any) -> bool:
            found = lights(told)
            good = [unit for unit in told["units"] if unit["serial"] not in bad]
            why = {unit["serial"]: " ".join(unit["reasons"]) for unit in told["units"]}
            told_of = "not sealed with any key" in why[FORGED] and "wrong secret" in why[FOREIGN]
            return are_well(good) and told_of and found[FORGED] == found[FOREIGN] == "red"

        dock.until(is_done, 600)
        assert dock.end(signal.SIGINT) == 0
        held = world.journals()
    store = Store.open(tmp_path / "journals.sqlite")
    try:
        for serial in set(held) - bad:
            journal = store.journal(serial)
            raws = [record.raw.hex() for record in journal.records]
            assert not journal.findings and raws == held[serial][: len(raws)] and len(raws) > 120
    finally:
        store.close()


def test_a_world_that_ends_is_told_as_an_adapter_that_is_out_of_order(tmp_path: Path) -> None:
    with room(tmp_path, 1, 20) as world:
        dock = Dock(world, "--no-cable-check")
        dock.until(lambda told: lights(told) == {"H1": "green"})
        world.journals()
        told = dock.until(lambda told: told["adapters"][0]["trouble"] is not None)
        assert told["light"] == "red" and lights(told) == {"H1": "green"}
        try:
            with urllib.request.urlopen(f"{dock.url}healthz", timeout=PATIENCE_S) as answer:
                assert answer.status == 200, "a dock without an adapter is alive all the same"
        except urllib.error.HTTPError as error:
            raise AssertionError("it is ill") from error
        assert dock.end(signal.SIGTERM) == 0
