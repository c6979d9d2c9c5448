"""Units, a home and commands in virtual time for the flows' tests, and a fate that strikes at the nth step."""

import atexit
import copy
import functools
import itertools
import shutil
import tempfile
from pathlib import Path

import pytest

from host_tools.flows.provision import provision
from host_tools.flows.status import status
from host_tools.inbox import LinkLost
from host_tools.label import Label
from host_tools.refused import Refused
from host_tools.store.store import Store
from host_tools.vault.vault import Vault
from interlock.core import settings
from simulator.clock import run

from .fate import Fate, Killed
from .model_radio import ModelRadio, bench_of
from .unit_model import ModelUnit

HOLSTER, CAMERA = settings.ROLE_HOLSTER, settings.ROLE_CAMERA
# Of strokes upon flows that take hundreds of steps: some of them, and, slowly, every one.
STRIDES = pytest.mark.parametrize("stride", [59, pytest.param(1, marks=pytest.mark.deep)])

SET_UP = Path(tempfile.mkdtemp(prefix="set-up-"))
"""Homes that this process sets up once, and copies."""
atexit.register(shutil.rmtree, SET_UP)


class World:
    """Units and a home that outlive commands. `acting`: the fate of the command that runs."""

    acting = Fate()

    def __init__(self, home, *serials):
        self.home = home
        self.units = {serial: ModelUnit(serial) for serial in serials}
        self.mtu = 247
        Vault.create(home / "vault", "MPS")

    def label(self, serial):
        return Label(serial, self.units[serial].label.secret)

    @property
    def vault(self):
        return Vault.open(self.home / "vault")

    def do(self, flow, *arguments, fate=None, person="PC1234", vault=None, on_link=None, **named):
        """One command: its own process, as it were."""
        fate = fate or Fate()

        async def main():
            radio = ModelRadio(list(self.units.values()), fate, self.mtu)
            radio.on_link = on_link or radio.on_link
            for unit in self.units.values():
                unit.deaf_until_s, unit.wait_until_ms = 0.0, 0  # time passes between commands
                unit.worked_until_s = 0.0
            store = FatedStore(Store.open(self.home / "journals.sqlite"), fate)
            try:
                return await flow(bench_of(radio, vault or self.vault, store, person), *arguments, **named)
            finally:
                store.store.close()

        World.acting = fate
        try:
            return run(main())
        finally:
            World.acting = Fate()


class FatedStore:
    """The real store; each addition is a step of fate, before and after."""

    def __init__(self, store, fate):
        self.store, self.fate = store, fate

    def __getattr__(self, name):
        return getattr(self.store, name)

    def add(self, *arguments, **named):
        self.fate.step()
        added = self.store.add(*arguments, **named)
        self.fate.step()
        return added

    def custody(self, *arguments):
        if not self.fate.is_dead:
            self.store.custody(*arguments)


def struck(world, at, kill, flow, *arguments, **named):
    """Run `flow` with a stroke at this step; whether the stroke came before its end."""
    fate = Fate(at, kill)
    try:
        world.do(flow, *arguments, fate=fate, **named)
    except Killed:
        assert kill
    except (LinkLost, Refused):
        assert not kill
    return fate.steps > at


def sweep(tmp_path, stride=1, first=0):
    """Homes for stroke after stroke; the caller stops when none strikes any more."""
    for at in itertools.count(first, stride):
        yield at, tmp_path / str(at)


def two_units(home, *more, signing="none"):
    """A world with a holster and a camera that are set up. `signing`: which key each has, ready and in the vault.
    A copy of one that is set up once in a process."""
    return world_copy(_two_units(more, signing), home)


@functools.cache
def _two_units(more, signing):
    world = World(SET_UP / " ".join((signing.replace("/", "+"), *more)), "H1", "C1", *more)
    for serial, unit in world.units.items():
        world.do(provision, world.label(serial), HOLSTER if serial == "H1" else CAMERA, signing=signing)
        unit.compute()
        world.do(status, serial)
    return world


def world_copy(source, home):
    world = copy.copy(source)
    world.home = home
    shutil.copytree(source.home, home, dirs_exist_ok=True)
    world.units = units_copy(source.units)
    return world


def units_copy(units):
    """Units as they are, in no loop."""
    for unit in units.values():
        unit.loop = None
    return copy.deepcopy(units)


def lend(world, person):
    world.vault.lend(world.home / person, person, 1_790_000_000 + 86_400)
    return Vault.open(world.home / person)
