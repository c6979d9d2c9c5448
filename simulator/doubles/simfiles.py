"""Inside the VM: a board's file system in its own flash, MicroPython's own LittleFS2, and the module `vfs`.

`mount` takes the host's files away for good: from then on `open`, `import` and `os` know nothing but the board's flash,
so every file operation costs programs, erases and reads there, and a power cut tears them (`hardware/flash.py`). What
is mounted is what the board's own build mounts: its `_boot.py` where there is one (`firmware/boards/`), else as
MicroPython's ports do, which format what is blank.

Not as on a board: files have no time of their own, which would be the host's.
"""

import sys

import uos

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

_real: "Any" = __import__("vfs")
_KEPT = 8  # blocks
_PROGRAM_BYTES = {"rp2": 256}  # ports/rp2/modules/_boot.py; the others leave the default of 32


class _Device:
    """A block device whose blocks are read from the world once, not 32 bytes at a time. Reading costs what it costs."""

    def __init__(self, device: "Any") -> None:
        self._device = device
        self._block_bytes: int = device.ioctl(5, 0)
        self._start: int = simrt.costs["files_offset"]
        self._op = "flash.cached_peek" if simrt.profile == "stm32wb" else "flash.peek"
        self._kept = [(-1, bytearray(self._block_bytes)) for _ in range(_KEPT)]

    def readblocks(self, block_num: int, buf: bytearray, offset: int = 0) -> None:
        if offset + len(buf) > self._block_bytes:
            self._device.readblocks(block_num, buf, offset)
            return
        simrt.charge(-(-len(buf) // 256) * simrt.costs["read_us"])
        memoryview(buf)[:] = memoryview(self._block(block_num))[offset : offset + len(buf)]

    def _block(self, number: int) -> bytearray:
        for at in range(_KEPT):
            if self._kept[at][0] == number:
                found = self._kept.pop(at)
                self._kept.append(found)
                return found[1]
        data = self._kept.pop(0)[1]
        data[:] = simrt.call(self._op, self._start + number * self._block_bytes, self._block_bytes)
        self._kept.append((number, data))
        return data

    def _forget(self, block: int, length: int) -> None:
        for at in range(_KEPT):
            if block <= self._kept[at][0] <= block + length // self._block_bytes:
                self._kept[at] = (-1, self._kept[at][1])

    def writeblocks(self, block_num: int, buf: "Any", offset: "int | None" = None) -> "Any":
        self._forget(block_num, len(buf))
        try:
            if offset is None:
                return self._device.writeblocks(block_num, buf)
            return self._device.writeblocks(block_num, buf, offset)
        finally:
            self._forget(block_num, len(buf))

    def ioctl(self, op: int, arg: int) -> "Any":
        if op == 6:
            self._forget(arg, 0)
        return self._device.ioctl(op, arg)


class _Lfs2:
    """`vfs.VfsLfs2`."""

    mkfs = _real.VfsLfs2.mkfs

    def __call__(self, device: "Any", **options: "Any") -> "Any":
        options["mtime"] = False
        return _real.VfsLfs2(_Device(device), **options)


class Vfs:
    """The module: without the host's file system."""

    VfsLfs2 = _Lfs2()

    def mount(self, what: "Any", where: str, **options: "Any") -> None:
        if not hasattr(what, "mount"):
            what = self.VfsLfs2(what)  # a block device: what is on it is found out, and this is what there is
        _real.mount(what, where, **options)

    def umount(self, what: "Any") -> None:
        _real.umount(what)


module = Vfs()
_board: "Any" = None


def device() -> "Any":
    """The block device of the board's files, as its port has it."""
    start, length = simrt.costs["files_offset"], simrt.costs["files_bytes"]
    if simrt.profile == "esp32":
        from esp32 import Partition

        return Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    if simrt.profile == "rp2":
        import rp2

        return rp2.Flash(start=start, len=length)
    import pyb

    return pyb.Flash(start=start, len=length)


def mount(boot_script: str) -> None:
    """Have the board's files, and no others, from now on. `boot_script`: the host's path of its build's `_boot.py`."""
    try:
        with open(boot_script) as file:
            source = file.read()
    except OSError:
        source = ""
    its = device()
    for name in ("simsched", "simsys", "cryptolib", "stm"):
        try:
            __import__(name)  # nothing is loaded from the host later
        except ImportError:
            pass
    _real.umount("/")
    if source:
        code = compile(source, "_boot.py", "exec")
        frozen: "dict[str, Any]" = {"__name__": "_boot"}
        exec(code, frozen)  # as whoever imports it later gets it
        sys.modules["_boot"] = _Module(frozen)  # type: ignore[assignment]
        exec(code, {"__name__": "__main__"})  # as the port runs it
    else:
        _mount_as_ports_do(its)
    try:
        uos.chdir(_where())  # type: ignore[attr-defined]
    except OSError:
        pass  # nothing could be mounted


def _where() -> str:
    # ports/stm32/main.c mounts elsewhere than the others; firmware/boot.py mounts it anew
    return "/flash" if simrt.profile == "stm32wb" else "/"


def _mount_as_ports_do(its: "Any") -> None:
    # ports/esp32/modules/_boot.py and inisetup.py
    options = {"progsize": _PROGRAM_BYTES.get(simrt.profile, 32)}
    try:
        module.mount(module.VfsLfs2(its, **options), _where())
    except OSError:
        block = bytearray(its.ioctl(5, 0))
        its.readblocks(0, block)
        if block != b"\xff" * len(block):
            print("The filesystem appears to be corrupted.")
            return
        module.VfsLfs2.mkfs(its, **options)
        module.mount(module.VfsLfs2(its, **options), _where())


def board() -> "Any":
    """The module `board`: what the flash tool wrote, but with the world's door."""
    global _board
    if _board is None:
        try:
            with open("/board.py") as file:
                source = file.read()
        except OSError:
            raise ImportError("no module named 'board'")  # noqa: B904  # MicroPython has no causes
        names: "dict[str, Any]" = {"__name__": "board"}
        exec(compile(source, "board.py", "exec"), names)
        _board = _Board(names)
    return _board


class _Module:
    """Names that a script left, as a module."""

    def __init__(self, names: "dict[str, Any]") -> None:
        self._names = names

    def __getattr__(self, name: str) -> "Any":
        if name not in self._names:
            raise AttributeError(name)
        return self._names[name]


class _Board(_Module):
    def load(self) -> "Any":
        import simclock

        found = self._names["load"]()
        found.rest = simclock.rest
        return found
