"""A real LittleFS2, as MicroPython's ports have it, on NOR flash in memory whose power fails at the nth operation.

`System` looks like MicroPython's `open` and `os` to what runs on it. Once the power has failed every call raises
OSError and nothing reaches the flash any more, until it is mounted anew."""

import errno
import random

from littlefs import LittleFS, lfs
from littlefs.errors import LittleFSError

BLOCK_BYTES = 4096
_IO = -5  # LFS_ERR_IO
_NO_SPACE = -28
# VfsLfs2's own (extmod/vfs_lfs.c): read and program size 32, look-ahead 32, a cache of four program sizes.
SIZES = {"read_size": 32, "prog_size": 32, "lookahead_size": 32, "cache_size": 128, "block_cycles": 100}


class Chip:
    """littlefs-python's context on bytes. `cut_at`: the operation, from 0, that the power fails in: it leaves some of
    its bits done, by `seed`. `operations`, `erases`: so far."""

    def __init__(self, blocks):
        self.data = bytearray(b"\xff" * (blocks * BLOCK_BYTES))
        self.operations = self.erases = 0
        self.cut_at = None
        self.is_dead = False
        self.is_off = False  # what a torn-down file system still writes goes nowhere, and it does not hear of it
        self._random = random.Random(0)

    def read(self, _, block, offset, size):
        at = block * BLOCK_BYTES + offset
        return self.data[at : at + size]

    def prog(self, _, block, offset, data):
        at = block * BLOCK_BYTES + offset
        new = bytes(old & bits for old, bits in zip(self.data[at : at + len(data)], data, strict=True))
        return self._change(at, new)

    def erase(self, _, block):
        self.erases += 1
        return self._change(block * BLOCK_BYTES, b"\xff" * BLOCK_BYTES)

    def sync(self, _):
        return _IO if self.is_dead and not self.is_off else 0

    def _change(self, at, new):
        if self.is_off:
            return 0
        if self.is_dead:
            return _IO
        if self.operations == self.cut_at:
            self.is_dead = True
            torn = self._random.randrange(len(new) + 1)
            self.data[at : at + torn] = new[:torn]
            if torn < len(new):
                old = self.data[at + torn]
                self.data[at + torn] = old ^ ((old ^ new[torn]) & self._random.randrange(256))
            return _IO
        self.operations += 1
        self.data[at : at + len(new)] = new
        return 0


class System:
    """The chip's file system, mounted. `format`: makes one."""

    def __init__(self, chip, format=False):
        self.chip, self._files, self._is_on = chip, [], False
        blocks = len(chip.data) // BLOCK_BYTES
        self._fs = LittleFS(chip, mount=False, block_size=BLOCK_BYTES, block_count=blocks, **SIZES)
        if format:
            self._fs.format()
        self._fs.mount()
        self._is_on = True

    def off(self):
        """The power is gone: nothing that is open reaches the flash any more."""
        if not self._is_on:
            return  # littlefs-python aborts when it is unmounted twice
        self._is_on = False
        self.chip.is_off = True
        for file in list(self._files):
            try:
                file.close()
            except OSError:
                pass  # a full file system fails without the flash
        self._fs.unmount()
        self.chip.is_off = False

    def __del__(self):
        # littlefs-python aborts where a file outlives its file system.
        self.off()

    def _do(self, call, *arguments):
        if self.chip.is_dead and not self.chip.is_off:
            raise OSError(errno.EIO)  # nothing runs without power; littlefs would assert after such an end
        try:
            return call(*arguments)
        except FileNotFoundError:
            raise OSError(errno.ENOENT) from None
        except LittleFSError as error:
            raise OSError(-error.code) from None

    def open(self, path, mode):
        if mode == "ab":
            # littlefs-python does not make what it appends to; MicroPython does (extmod/vfs_lfsx_file.c).
            try:
                self.stat(path)
            except OSError:
                mode = "wb"
        return File(self, path, mode)

    def stat(self, path):
        found = self._do(self._fs.stat, path)
        return (0x8000 if found.type == 1 else 0x4000, 0, 0, 0, 0, 0, found.size, 0, 0, 0)

    def statvfs(self, _):
        blocks = len(self.chip.data) // BLOCK_BYTES
        free = blocks - self._do(lambda: self._fs.used_block_count)
        return (BLOCK_BYTES, BLOCK_BYTES, blocks, free, free, 0, 0, 0, 0, 255)

    def rename(self, old, new):
        self._do(self._fs.rename, old, new)

    def remove(self, path):
        self._do(self._fs.remove, path)

    def mkdir(self, path):
        self._do(self._fs.mkdir, path)

    def put(self, path, data):
        with self.open(path, "wb") as file:
            file.write(data)

    def get(self, path):
        with self.open(path, "rb") as file:
            return file.read()


class File:
    """A file as MicroPython has it: written and read as asked, closed once."""

    def __init__(self, system, path, mode):
        self._system, self._fs = system, system._fs.fs
        self._file = system._do(lfs.file_open, self._fs, path, mode)
        system._files.append(self)

    def read(self, count=1 << 30):
        count = min(count, lfs.file_size(self._fs, self._file) - lfs.file_tell(self._fs, self._file))
        return bytes(self._system._do(lfs.file_read, self._fs, self._file, count))

    def write(self, data):
        assert self._system._do(lfs.file_write, self._fs, self._file, bytes(data)) == len(data)

    def seek(self, at):
        return self._system._do(lfs.file_seek, self._fs, self._file, at, 0)

    def close(self):
        if self in self._system._files:
            self._system._files.remove(self)
            self._system._do(lfs.file_close, self._fs, self._file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
