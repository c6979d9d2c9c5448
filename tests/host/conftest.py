"""A host with units around it, for tests of commands; fate's way into the vault, for tests of flows."""

import functools
import io
import json
import shutil
import sys
import tempfile
import types
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from host_tools import cli, context, durable, label
from host_tools.commands import running
from host_tools.flows import assign, bring, pair, provision, reach
from host_tools.store import sqlite
from host_tools.vault import keys as vault_keys
from host_tools.vault import unlock as vault_unlock
from host_tools.vault.vault import Vault
from simulator.clock import run

from . import schemas
from .compiled import Statements
from .flow_world import SET_UP, World, units_copy
from .model_radio import ModelRadio
from .unit_model import ModelUnit

SET_UP_UNITS: dict[str, dict[str, ModelUnit]] = {}


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once():
    shared = {"compiled_cache": Statements()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "create_engine", functools.partial(sqlite.create_engine, execution_options=shared))
        yield


class Desk:
    """A host with units around it."""

    def __init__(self, home, capsys):
        self.home, self._capsys = home, capsys
        self.key = str(home.parent / "key")  # of all vaults that commands make here
        self.units = {}
        self.on_link = lambda _: None

    def unit(self, serial):
        self.units[serial] = ModelUnit(serial)
        return label.label_text(serial, self.units[serial].label.secret)

    def run(self, *arguments):
        """(exit code, standard output, standard error) of one command."""
        sys.argv = ["interlock", "--home", str(self.home), *arguments]
        for unit in self.units.values():
            unit.deaf_until_s, unit.wait_until_ms, unit.worked_until_s = 0.0, 0, 0.0
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code
        out, err = self._capsys.readouterr()
        return code, out, err

    def lend(self, person, out, *arguments):
        """What `interlock credentials` says."""
        return self.json("credentials", person, "--out", str(out), "--new-key-file", self.key, *arguments)

    def vault(self, path=None):
        """The vault that commands made at its home, or elsewhere."""
        path = path or self.home / "vault"
        return Vault.open(path, keys=vault_keys.unlock(path, vault_unlock.read_key_file(Path(self.key))))

    def json(self, *arguments, code=0):
        got, out, err = self.run(*arguments, "--json")
        assert got == code, err
        told = json.loads(out)
        command = schemas.command_of(arguments)
        if command is not None:
            schemas.conforms(command, told)
        return told


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch):
    desk = Desk(tmp_path / "home", capsys)

    @asynccontextmanager
    async def radio(_):
        radio = ModelRadio(list(desk.units.values()))
        radio.on_link = lambda link: desk.on_link(link)
        yield radio

    monkeypatch.setattr(context.Context, "radio", radio)
    # of commands alone: whatever else runs a loop talks to real servers, in real time
    monkeypatch.setattr(running, "asyncio", types.SimpleNamespace(run=run))
    monkeypatch.setenv("INTERLOCK_KEY_FILE", desk.key)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return desk


def set_up_once(desk, name, set_up):
    """`set_up(desk)`, or a copy of what it left when it was played before, in this process; the desk is new."""
    kept = SET_UP / name
    if name not in SET_UP_UNITS:
        set_up(desk)
        SET_UP_UNITS[name] = units_copy(desk.units)
        shutil.copytree(desk.home, kept / "home")
        shutil.copy2(desk.key, kept / "key")
        return
    desk.units.update(units_copy(SET_UP_UNITS[name]))
    shutil.copytree(kept / "home", desk.home)
    shutil.copy2(kept / "key", desk.key)


def holster_and_camera(desk):
    key = ("--signing", "h5")
    assert desk.run("provision", desk.unit("H1"), "--role", "holster", "--force", "MPS", *key)[0] == 0
    assert desk.run("provision", desk.unit("C1"), "--role", "camera", "--name", "front [desk]", *key)[0] == 0


@pytest.fixture
def team(desk):
    """A holster and a camera that are set up."""
    set_up_once(desk, "team", holster_and_camera)
    return desk


@pytest.fixture
def fated_writes(monkeypatch):
    """Each write into the vault is a step of fate, before and after."""
    write = durable.replace

    def fated(path, data):
        World.acting.step()
        write(path, data)
        World.acting.step()

    monkeypatch.setattr(durable, "replace", fated)
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)


@pytest.fixture
def impatient(monkeypatch):
    """A lost link is not made anew by the flow itself: so each cut shows."""
    monkeypatch.setattr(provision, "AFTER_RESET_S", 3.0)
    for module in (pair, bring, assign):
        monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(reach, "SCAN_S", 5.0)


@pytest.fixture
def memory(monkeypatch):
    """A session's own folder, in memory."""
    if sys.platform != "linux" or not Path("/dev/shm").is_dir():
        pytest.skip("needs a file system in memory at /dev/shm")
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)
