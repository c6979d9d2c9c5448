"""File systems for boards: LittleFS2 images made by MicroPython itself, and what a unit that runs releases has in them.

`unit_files` is what the flash tool leaves on a board: loader, `board.py`, a release in slot a. `release` packs the
firmware's source, or what stands in for it, as a release file: it is unsigned, and its members are source.
"""

import hashlib
import subprocess
import tempfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from interlock_loader import container

from ..profiles import Profile
from .interpreter import VmError, command_of, find_vm
from .vm import FIRMWARE

_MAKE = """
import sys, vfs

size, block_bytes, progsize, listed, out = sys.argv[1:]
size, block_bytes = int(size), int(block_bytes)
cells = bytearray(b"\\xff" * size)


class Blocks:
    def readblocks(self, block, buf, offset=0):
        at = block * block_bytes + offset
        buf[:] = memoryview(cells)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        at = block * block_bytes + (offset or 0)
        cells[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        return {4: size // block_bytes, 5: block_bytes}.get(op, 0)


blocks = Blocks()
vfs.VfsLfs2.mkfs(blocks, progsize=int(progsize))
files = vfs.VfsLfs2(blocks, progsize=int(progsize), mtime=False)
files.mount(False, False)
made = set()
with open(listed) as listing:
    for line in listing:
        name, length, source = line.split()
        parts = name.split("/")
        for depth in range(2, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in made:
                files.mkdir(folder)
                made.add(folder)
        with open(source, "rb") as data, files.open(name, "wb") as file:
            file.write(data.read())
files.umount()
with open(out, "wb") as file:
    file.write(cells)
"""


def file_system(profile: Profile, contents: Mapping[str, bytes]) -> bytes:
    """A whole file system of this board's size with these files ("/name": what is in it). VmError when they do not
    fit, or without a usable VM."""
    block_bytes = 512 if profile.port == "stm32wb" else 4096
    program_bytes = 256 if profile.port == "rp2" else 32
    return _made(profile.files_bytes, block_bytes, program_bytes, tuple(sorted(contents.items())))


@lru_cache(maxsize=16)
def _made(size: int, block_bytes: int, program_bytes: int, contents: tuple[tuple[str, bytes], ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        lines = []
        for number, (name, data) in enumerate(contents):
            source = there / str(number)
            source.write_bytes(data)
            lines.append(f"{name} {len(data)} {source}\n")
        (there / "listing").write_text("".join(lines))
        (there / "make.py").write_text(_MAKE)
        sizes = [str(size), str(block_bytes), str(program_bytes)]
        command = [
            *command_of(find_vm()),
            "-X",
            "heapsize=32m",
            str(there / "make.py"),
            *sizes,
            str(there / "listing"),
            str(there / "image"),
        ]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if made.returncode:
            raise VmError(f"no file system of {size} bytes could be made:\n{made.stdout[-500:]}{made.stderr[-500:]}")
        return (there / "image").read_bytes()


def source_members(folder: Path = FIRMWARE) -> dict[str, bytes]:
    """The application's source, as members of a release: {name: what is in it}."""
    files = sorted((folder / "interlock").rglob("*.py"))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def release(
    board: str,
    members: Mapping[str, bytes],
    version: tuple[int, int, int] = (0, 1, 0),
    minimum: tuple[int, int, int] = (0, 0, 0),
) -> bytes:
    """A release file, unsigned, its members deflated."""
    bodies, packed = [], []
    for name, plain in members.items():
        deflate = zlib.compressobj(9, zlib.DEFLATED, -container.WINDOW_BITS)
        stored = deflate.compress(plain) + deflate.flush()
        bodies.append(stored)
        digest = hashlib.sha256(stored).digest()
        packed.append(container.Member(name, container.DEFLATED, len(stored), len(plain), digest))
    manifest = container.Manifest(version, minimum, board, 0, (1, 20, 0), 1, bytes(20), tuple(packed))
    return container.head(container.pack_manifest(manifest), b"") + b"".join(bodies)


def unit_files(profile: Profile, slot_a: bytes, slot_b: bytes | None = None) -> dict[str, bytes]:
    """What is on a board after flashing, with these release files in its slots."""
    from interlock import boards  # its modules are data

    module = __import__(f"{boards.__name__}.{profile.board}", fromlist=["BOARD"])
    button = module.BOARD.pins["button"]
    active = 0 if "button" in module.BOARD.active_low else 1
    files = {f"/{file.name}": file.read_bytes() for file in (FIRMWARE / "boot.py", FIRMWARE / "main.py")}
    for file in (FIRMWARE / "interlock_loader").glob("*.py"):
        files[f"/interlock_loader/{file.name}"] = file.read_bytes()
    files["/board.py"] = (
        f"NAME = {profile.board!r}\nBUTTON = {button!r}\nBUTTON_ACTIVE = {active}\n\n\n"
        f"def load():\n    from interlock.boards.{profile.board} import BOARD\n\n    return BOARD\n"
    ).encode()
    files["/a/app.ilu"] = slot_a
    if slot_b is not None:
        files["/b/app.ilu"] = slot_b
    return files
