"""A unit's raw flash over the cable: core's own code reads and writes labels here, the board's own driver moves bytes.

Which driver, and with what, the board's data module says: it is asked with a driver that notes instead of acting. The
driver's source then runs on the board, so that what a unit in service reads is written by the same lines.
"""

import base64
import importlib
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import interlock

from ..outcome import Exit, ToolError
from . import scripts

if TYPE_CHECKING:
    from .connection import Connection

_DRIVERS = "interlock.drivers"
_PIECE = 1024
ERASE_S = 30.0
SEARCH_S = 120.0
# The whole storage, of ports on which files and areas share it.
_DEVICES = {"rp2": "import rp2\nd = rp2.Flash()", "pyb": "import pyb\nd = pyb.Flash(start=0)"}


def firmware() -> Path:
    """The folder of the application's source. ToolError where this program was installed without."""
    found = interlock.__file__
    if found is None:
        raise ToolError("the firmware's source is not here", "Use a checkout, or install the tools anew.")
    return Path(found).parent


class _Noted:
    """Which driver a board's area would be made with."""

    def __init__(self, module: str, name: str, arguments: tuple[Any, ...]) -> None:
        self.module = module
        self.arguments = arguments
        self.call = f"{name}({', '.join(map(repr, arguments))})"


class _Noting(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments: _Noted(self.__name__, name, arguments)


def _noted(board: str) -> tuple[_Noted, _Noted]:
    """How this board makes its settings area and its journal area."""
    names = [f"{_DRIVERS}.{path.stem}" for path in (firmware() / "drivers").glob("flash_*.py")]
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: _Noting(name) for name in names})
    try:
        data = importlib.import_module(f"interlock.boards.{board}").BOARD
        settings, journal = data.settings_area(), data.journal_area()
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return settings, journal


def pages_below(board: str) -> int:
    """Sectors of the storage before the settings: on an STM32 those of the file system."""
    first = _noted(board)[0].arguments[0]
    return first if isinstance(first, int) else 0


def recipe(board: str) -> tuple[str, str, str]:
    """(the driver's source, what makes the settings area, what makes the journal area) on this board, as text."""
    settings, journal = _noted(board)
    source = firmware() / "drivers" / f"{settings.module.rpartition('.')[2]}.py"
    return source.read_text(encoding="utf-8"), settings.call, journal.call


class Area:
    """One of the board's areas, as `core/needs.pyi` wants a flash: `read`, `program`, `erase`, `size`, `sector_bytes`.
    A refusal of the board is an OSError, as there."""

    def __init__(self, board: "Connection", name: str, size: int, sector_bytes: int) -> None:
        self._board, self._name = board, name
        self.size, self.sector_bytes = size, sector_bytes

    def read(self, offset: int, buffer: bytearray | memoryview) -> None:
        """Fill `buffer`."""
        for at in range(0, len(buffer), _PIECE):
            count = min(_PIECE, len(buffer) - at)
            script = scripts.AREA_READ.format(area=self._name, offset=offset + at, count=count)
            found = self._board.ask(script, "read its flash")
            buffer[at : at + count] = b"\xff" * count if found is None else base64.b64decode(found)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`."""
        script = scripts.AREA_PROGRAM.format(area=self._name, offset=offset, data=base64.b64encode(data))
        self._board.ask(script, "write its flash")

    def erase(self, offset: int) -> None:
        """Set a sector to 0xFF."""
        self._board.ask(scripts.AREA_ERASE.format(area=self._name, offset=offset), "erase its flash", ERASE_S)

    def journal_sectors(self) -> int:
        """How many sectors begin as a journal's do."""
        return int(self._board.ask(scripts.AREA_HEADS.format(area=self._name), "look through its flash", SEARCH_S))

    def used(self) -> list[int]:
        """Numbers of the sectors in which anything was programmed."""
        return list(self._board.ask(scripts.AREA_USED.format(area=self._name), "look through its flash", SEARCH_S))


def areas(board: "Connection", name: str) -> tuple[Area, Area]:
    """(settings, journal) of the board of this name that is there. ToolError when it lacks the room for them."""
    from .connection import BoardError

    source, settings, journal = recipe(name)
    try:
        board.run(source, "take the flash driver")
        sizes = board.ask(scripts.AREAS.format(settings=settings, journal=journal), "find its settings and journal")
        _check_apart(board, source, sizes[0] + sizes[2])
    except BoardError as error:
        raise ToolError(
            f"the flash of this board is not laid out for a unit: {error.line}",
            f"It needs the MicroPython of this board's folder, firmware/boards/{name}: install that with "
            "--micropython FILE (firmware/README.md says how it is made).",
            Exit.DEVICE,
        ) from error
    return Area(board, "_s", sizes[0], sizes[1]), Area(board, "_j", sizes[2], sizes[3])


def _check_apart(board: "Connection", driver: str, kept: int) -> None:
    """That the file system leaves those bytes alone. On an ESP32 partitions see to it."""
    device = next((how for module, how in _DEVICES.items() if f"import {module}" in driver), None)
    if device is None:
        return
    files, storage = board.ask(scripts.STORAGE.format(device=device), "say how large its file system is")
    if files + kept > storage:
        raise ToolError(
            f"the board's file system lies over the place of settings and journal ({files} of {storage} bytes)",
            "This is MicroPython's own build, which takes all of the storage for files. Install the one of this "
            "board's folder in firmware/boards: --micropython FILE.",
            Exit.DEVICE,
        )
