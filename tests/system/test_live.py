"""Two processes: a world in real time, and another terminal's commands. What README says is typed, line by line."""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.store.store import Store

from .live_world import BIN, ROOT, LiveWorld

README = (ROOT / "host_tools" / "README.md").read_text(encoding="utf-8")
PATIENCE_S = 300.0  # for one command, on a machine that is busy; nothing is decided by it


def lines(name: str) -> list[str]:
    """The lines to type in a section of README."""
    block = README.split(f"<!-- live: {name} -->\n```")[1].split("\n```\n")[0]
    return block.splitlines()[1:]


class Terminal:
    """A shell's environment, grown by its `export` lines."""

    def __init__(self, **env: str) -> None:
        self.env = {**os.environ, **env}

    def type(self, line: str, timeout_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        if line.startswith("export "):
            for name, value in re.findall(r"(\w+)=(\S+)", line):
                self.env[name] = re.sub(r"\$(\w+)", lambda m: self.env.get(m[1], ""), value)
            return subprocess.CompletedProcess(line, 0, "", "")
        return subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, timeout=timeout_s, check=False, env=self.env
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LiveWorld]:
    """README's world, but for a door and a folder of its own."""
    (line,) = lines("world")
    world = LiveWorld(tmp_path, tuple(line.replace(".venv/bin/", f"{BIN}/").split()))
    try:
        yield world
    finally:
        world.end()


def use(world: LiveWorld) -> None:
    """What README types where the world runs, until units invite again."""
    for line in lines("use"):
        world.happens(line, apart_s=2.5 if line == "H1 holster" else 1.5)
    world.wait(5)


def test_the_commands_of_readme_typed_one_by_one_do_what_it_says(world: LiveWorld, tmp_path: Path) -> None:
    terminal = Terminal(PWD=str(tmp_path))
    (tmp_path / "build" / "locker_room").mkdir(parents=True)  # where README's world leaves its capture
    said: dict[str, str] = {}

    def type_all(section: str) -> None:
        for line in lines(section):
            done = terminal.type(line)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            said[line.split(" IL1")[0]] = done.stdout
            if line.startswith("export "):
                terminal.env["PATH"] = f"{BIN}:{os.environ['PATH']}"
                terminal.env["INTERLOCK_AIR"] = world.air  # README's port may be taken on this machine

    for serial, text in world.labels.items():
        assert text in README or serial == "C2", f"README shows another label for {serial}"
    type_all("set up")
    assert all(serial in said["interlock scan"] and "boxed" in said["interlock scan"] for serial in ("H1", "C1", "C2"))
    assert "holster 1" in said["interlock status H1"]
    use(world)
    type_all("proof")
    assert "H1" in said["interlock pull"] and "C1" in said["interlock pull"]
    assert said["interlock verify"].count("intact") == 2
    assert "1 of 1 discharges had video running before" in said["interlock report"]
    assert "not confirmed" not in said["interlock report"]
    home = Path(terminal.env["INTERLOCK_HOME"])
    assert str(home).startswith(str(tmp_path))
    facts = json.loads((home / "report" / "report.json").read_text())
    assert [event["event"] for use in facts["uses"] for event in use["events"]] == ["draw", "arm", "discharge"]
    assert "video running before" in (home / "report" / "report.html").read_text()
    assert world.is_running, world.end()
    seen = world.end()
    # A self-test has it record before.
    assert "C1's camera records" in seen[seen.index("H1 draw") : seen.index("H1 holster")], seen


@pytest.fixture
def room(tmp_path: Path) -> "Iterator[tuple[subprocess.Popen[str], Path, int]]":
    """A unit with a long journal in a live world; home and port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.system.live_room", str(tmp_path), "2500"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, tmp_path, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@pytest.mark.deep
def test_a_pull_that_is_killed_again_and_again_ends_with_the_units_journal(
    room: "tuple[subprocess.Popen[str], Path, int]",
) -> None:
    """SIGKILL before anything came, and in the middle: as soon as so many records are seen in the store."""
    world, home, port = room
    chance = random.Random(7)
    command = [str(BIN / "interlock"), "--home", str(home), "--as", "alice", "--air", f"tcp:127.0.0.1:{port}", "pull"]
    reached = []
    for wanted in (0, 1, 200, 500, 900, 1400):
        pulling = subprocess.Popen([*command, "H1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while pulling.poll() is None and stored(home) < wanted:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.05))
        pulling.kill()
        pulling.wait()
        reached.append(stored(home))
    assert any(0 < count < 2500 for count in reached), "no pull was killed in its middle"
    assert reached == sorted(reached), "a killed pull lost what was stored before"
    done = subprocess.run([*command, "H1", "--json"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = json.loads(done.stdout)
    assert told["findings"] == [] and told["failure"] is None
    store = Store.open(home / "journals.sqlite")
    journal = store.journal("H1")
    store.close()
    assert not journal.findings
    output, _ = world.communicate("", timeout=60)
    held = output.split()
    assert [record.raw.hex() for record in journal.records] == held[: told["following"]]


def stored(home: Path) -> int:
    store = Store.open(home / "journals.sqlite")
    try:
        return store.going_on("H1").next_sequence if store.units() else 0
    finally:
        store.close()
