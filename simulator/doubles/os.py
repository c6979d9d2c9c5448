"""`os` of a board, and `open()`: entropy from the board's seed, and files, which are a folder of the host, or a file
system in the board's own flash (`simfiles.py`: then it is MicroPython's own `os` that is given on).

The folder that the script is in is the board's root; it outlives resets and power, as a file system in flash does. Not
modelled: its size and wear, what it costs in time, what a power cut leaves of it, mounting, and `..` above the root.
Source: MicroPython extmod/modos.c.
"""

import builtins
import io

# What they do to names that are not absolute, they do in the script's folder.
import uos

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

sep = "/"
_open = io.open


def urandom(n: int) -> bytes:
    entropy: bytes = simrt.call("vm.urandom", n)
    return entropy


def _place(path: str) -> str:
    return path.lstrip("/") or "."


def listdir(path: str = "") -> "list[str]":
    return sorted(uos.listdir(_place(path)))  # the host's own order is chance


def ilistdir(path: str = "") -> "Iterator[tuple[str, int, int, int]]":
    folder = _place(path)
    for name in listdir(folder):
        facts = stat(folder + sep + name)
        yield name, facts[0], 0, facts[6]


def stat(path: str) -> "tuple[int, ...]":
    """As littlefs: file or directory, size. The host's numbers, owners and times are nobody's business here."""
    facts = uos.stat(_place(path))
    return (facts[0] & 0xF000, 0, 0, 0, 0, 0, facts[6], 0, 0, 0)


def mkdir(path: str) -> None:
    uos.mkdir(_place(path))


def rmdir(path: str) -> None:
    uos.rmdir(_place(path))


def remove(path: str) -> None:
    uos.unlink(_place(path))


unlink = remove


def rename(old_path: str, new_path: str) -> None:
    uos.rename(_place(old_path), _place(new_path))


def sync() -> None:
    """Nothing is ever held back."""


def _board_open(file: "Any", *args: "Any", **kwargs: "Any") -> "Any":
    return _open(_place(file) if isinstance(file, str) else file, *args, **kwargs)


if simrt.costs["files"]:
    for _name in ("chdir", "getcwd", "ilistdir", "listdir", "mkdir", "remove", "rename", "rmdir", "stat", "statvfs"):
        globals()[_name] = getattr(uos, _name)
    unlink = uos.unlink
else:
    builtins.open = _board_open  # absolute names are the host's otherwise
