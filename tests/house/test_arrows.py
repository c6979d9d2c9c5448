"""Which way imports go. The rules are data; an exception stands here, with its reason, or not at all."""

import sys
from typing import NamedTuple

import pytest

from .imports import ROOT, all_arrows, arrows, cycles, followed, is_in, modules, reach, room

OURS = ("bleak_bumble", "host_tools", "interlock", "interlock_loader", "simulator", "tests")


class Wall(NamedTuple):
    """Of what is ours, `inside` may follow arrows to itself and to `outside`, which has a reason for each."""

    inside: str
    outside: dict[str, str]


_CORE = {"interlock.core": "wire formats, records and rules are declared there, once"}
_CONTAINER = {"interlock_loader.container": "a release's form is declared there, once"}
_BOARDS = {"interlock.boards": "a board is data, for every world"}

WALLS = (
    Wall("interlock.core", {}),
    Wall("interlock.drivers", _CORE),
    Wall("interlock.radio", _CORE),
    Wall("interlock.boards", _CORE | {"interlock.drivers": "a board names the drivers of what is soldered to it"}),
    Wall(
        "interlock",
        _CONTAINER | {"interlock_loader.slots": "an update is written where the loader will look for it"},
    ),
    Wall(
        "interlock_loader",
        {
            "interlock": "which version is frozen beside it",
            "interlock.app": "what it starts, once its slot is chosen and mounted",
        },
    ),
    Wall("bleak_bumble", {}),
    Wall("simulator", _CORE | _CONTAINER | _BOARDS),
    Wall(
        "host_tools",
        _CORE
        | _CONTAINER
        | _BOARDS
        | {
            "interlock": "the version that it is released with",
            "interlock_loader.slots": "where a first installation writes what the loader will look for",
            "bleak_bumble": "the virtual air behind --air and in a simulated world",
            "simulator": "`interlock simulate`; who may, is below",
        },
    ),
)

CORE_BORROWS = {"binascii", "collections", "hashlib", "micropython", "struct", "typing"}
"""Of CPython and MicroPython both (`typing`: never at run time on a board)."""

ALONE = {
    "bleak": {
        "bleak_bumble": "it is a backend of bleak",
        "host_tools.link": "the one file of the tools that knows bleak",
    },
    "bluetooth": {"interlock.radio": "the one room of the firmware that knows the radio"},
    "machine": {
        "interlock.app": "the composition root: why it was reset",
        "interlock.drivers": "the hardware",
        "interlock.life": "the watchdog, and resets after a fault",
        "interlock.setup": "what identifies the chip, and resets",
        "interlock_loader.boot": "the watchdog and the reset between slots",
    },
    "asyncio": {"bleak_bumble": "bleak's", "host_tools": "one loop a command", "simulator": "virtual time"},
}
"""Stranger: who may use it, and why; `interlock*` has one loop of its own and no asyncio."""

SIMULATES = ("host_tools.campaign", "host_tools.commands.simulate", "host_tools.live")
"""The `simulate` command, and what it alone uses."""


def _is_door(place: str, imported: str) -> bool:
    """A package's own file is no door to its rooms."""
    return imported == place if place == "interlock" else is_in(imported, place)


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.inside)
def test_imports_go_only_where_the_wall_has_a_door(wall: Wall) -> None:
    through = [
        f"{arrow.importer} -> {arrow.imported}"
        for arrow in followed()
        if is_in(arrow.importer, wall.inside)
        and arrow.imported.partition(".")[0] in OURS
        and not is_in(arrow.imported, wall.inside)
        and not any(_is_door(place, arrow.imported) for place in wall.outside)
    ]
    assert not through


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall.inside)
def test_every_door_is_used(wall: Wall) -> None:
    used = [arrow.imported for arrow in followed() if is_in(arrow.importer, wall.inside)]
    assert not [place for place in wall.outside if not any(_is_door(place, imported) for imported in used)]


def test_the_core_borrows_only_what_cpython_and_micropython_share() -> None:
    borrowed = {
        arrow.imported.partition(".")[0]
        for arrow in all_arrows()
        if is_in(arrow.importer, "interlock.core") and not is_in(arrow.imported, "interlock.core")
    }
    assert borrowed <= CORE_BORROWS


@pytest.mark.parametrize("stranger", ALONE)
def test_a_stranger_is_known_only_where_it_is_said(stranger: str) -> None:
    knowing = {arrow.importer for arrow in all_arrows() if is_in(arrow.imported, stranger)}
    assert not [module for module in knowing if not any(is_in(module, place) for place in ALONE[stranger])]
    assert not [place for place in ALONE[stranger] if not any(is_in(module, place) for module in knowing)]


def test_of_the_tools_only_the_simulate_command_comes_to_the_simulator() -> None:
    follows: dict[str, set[str]] = {}
    for arrow in followed():
        follows.setdefault(arrow.importer, set()).add(arrow.imported)
    coming = {
        name
        for name in modules({"host_tools": ROOT / "host_tools"})
        if any(is_in(other, "simulator") for other in reach(name, follows))
    }
    assert coming, "nobody: then this looks at nothing"
    assert not [name for name in coming if not any(is_in(name, place) for place in SIMULATES)]


def test_no_two_files_need_each_other() -> None:
    assert not cycles([arrow[:2] for arrow in followed()])


@pytest.mark.parametrize("house", ["host_tools", "interlock", "simulator"])
def test_no_two_rooms_need_each_other(house: str) -> None:
    inside = [arrow for arrow in followed() if all(is_in(each, house) and each != house for each in arrow[:2])]
    assert inside
    assert not cycles([(room(arrow.importer), room(arrow.imported)) for arrow in inside])


def test_an_arrow_is_seen_however_it_is_written(tmp_path) -> None:
    (tmp_path / "house" / "room").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "plain": "import house.base",
        "base": "from bleak import BleakClient",
        "room/__init__": "from ..base import thing",
        "room/late": "def work():\n    from . import early\n",
        "room/early": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .late import Late\n",
    }.items():
        (tmp_path / "house" / f"{name}.py").write_text(text, encoding="utf-8")
    found = arrows({"house": tmp_path / "house"})
    assert {tuple(arrow) for arrow in found if arrow.imported != "typing"} == {
        ("house.plain", "house.base", False),
        ("house.base", "bleak", False),
        ("house.room", "house.base", False),
        ("house.room.late", "house.room.early", False),
        ("house.room.early", "house.room.late", True),
    }
    assert cycles([arrow[:2] for arrow in found]) == [["house.room.early", "house.room.late"]]
    assert not cycles([arrow[:2] for arrow in found if not arrow.for_types])
    assert "bleak" not in sys.stdlib_module_names
