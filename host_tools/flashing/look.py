"""What is on a board: its MicroPython, its files by size and SHA-256, its label, whether it is in service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlock.core import access, settings

from ..label import Label, serial_text
from ..outcome import Exit, ToolError
from . import chips, scripts
from .areas import Area, areas
from .connection import BoardError, Connection

HASH_S = 120.0


@dataclass(frozen=True)
class Python:
    """The MicroPython there. `version`: its first three numbers; `mpy`: version of the .mpy files it loads, 0 for
    none."""

    name: str
    version: tuple[int, ...]
    said: str
    machine: str
    mpy: int
    platform: str


@dataclass(frozen=True)
class Found:
    """`files`: {path: (bytes, SHA-256 in hex), or None for a folder}; `label`: as the unit has it, serial as text;
    `is_set_up`: it has settings or an access, so it is somebody's unit in service; `slots`: the loader's file, as it
    is, or None."""

    python: Python
    unique_id: str
    files: Mapping[str, tuple[int, str] | None]
    label: Label | None
    is_set_up: bool
    journal_sectors: int
    slots: bytes | None
    settings_area: Area = field(compare=False)
    journal_area: Area = field(compare=False)


def glance(board: Connection) -> Python:
    """Which MicroPython answers. ToolError when it is something else."""
    try:
        name, version, machine, mpy, platform = board.ask(scripts.GLANCE, "say what it is")
    except BoardError as error:
        raise ToolError(
            f"what answers at {board.port} is no MicroPython that could be used: {error.line}",
            "Install MicroPython 1.29 or newer on the board: --micropython FILE.",
            Exit.DEVICE,
        ) from error
    numbers = tuple(part for part in version if isinstance(part, int))[:3]
    said = ".".join(map(str, numbers)) + "".join(f"-{part}" for part in version[3:] if part)
    return Python(name, numbers, said, machine, mpy & 0xFF, platform)


def check(python: Python, name: str, needed: tuple[int, ...], mpy: int) -> None:
    """That this MicroPython can be a unit of the board `name`. `needed`: the least version; `mpy`: of the files that
    are to be loaded, 0 for none. ToolError says what is wrong."""
    row = chips.chip(name)
    install = f"Install the MicroPython of firmware/boards/{name}: --micropython FILE."
    if python.name != "micropython":
        raise ToolError(f"the board runs {python.name}, not MicroPython", install, Exit.DEVICE)
    least = max(tuple(needed), chips.MICROPYTHON_LEAST)
    if python.version < least:
        wanted = ".".join(map(str, least))
        raise ToolError(f"the board runs MicroPython {python.said}; {wanted} is needed", install, Exit.DEVICE)
    if python.platform != row.platform or not chips.is_mcu(python.machine, row.mcu):
        may_be = chips.of_machine(python.platform, python.machine)
        raise ToolError(
            f"this is no {name}: it calls itself {python.machine!r}, and a {name} has an {row.mcu}",
            f"Say which board it is: --board {' or --board '.join(may_be)}."
            if may_be
            else "Take the board that you named, or write a board's files for this one: firmware/boards/TEMPLATE.",
            Exit.DEVICE,
        )
    if mpy and python.mpy != mpy:
        raise ToolError(
            f"its MicroPython loads .mpy files of version {python.mpy or 'none'}; these are of version {mpy}",
            f"{install} Or bring the source instead: --source.",
            Exit.DEVICE,
        )


def space(board: Connection) -> int:
    """Free bytes of its file system; -1 where the port cannot say."""
    free: int = board.ask(scripts.SPACE, "say how much room its files have")
    return free


def files(board: Connection) -> dict[str, tuple[int, str] | None]:
    """All files there, by size and SHA-256, as the board reads them; a folder as None."""
    board.ask(scripts.SUMS, "learn to hash")
    found: dict[str, tuple[int, str] | None] = board.ask(scripts.FILES, "hash its files", HASH_S)
    return found


def look(board: Connection, python: Python, name: str) -> Found:
    """All of it. The board stands at its prompt, with nothing of ours running."""
    settings_area, journal_area = areas(board, name)
    stored = access.load_label(settings_area)
    label = None if stored is None else Label(serial_text(stored.serial), stored.secret)
    is_set_up = access.load(settings_area) is not None or settings.load(settings_area) is not None
    return Found(
        python,
        board.ask(scripts.UNIQUE, "say its number"),
        files(board),
        label,
        is_set_up,
        journal_area.journal_sectors(),
        board.ask(scripts.SLOTS, "say which release runs"),
        settings_area,
        journal_area,
    )
