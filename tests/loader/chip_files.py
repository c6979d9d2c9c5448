"""LittleFS (the same C code that boards have, by littlefs-python) on a NOR chip whose power can fail in any operation:
what a Keeper keeps its state in, without a virtual machine."""

from typing import Any

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from simulator.hardware.flash import NorFlash, PowerCut

BLOCK_BYTES = 4096
BLOCKS = 16
EIO = 5


class _Context(UserContext):
    def __init__(self, flash: NorFlash) -> None:
        super().__init__(buffer=bytearray())
        self.flash = flash
        self.is_dead = False

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        return bytearray(self.flash.read(block * BLOCK_BYTES + off, size))

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return self._do(lambda: self.flash.program(block * BLOCK_BYTES + off, bytes(data)))

    def erase(self, cfg: Any, block: int) -> int:
        return self._do(lambda: self.flash.erase(block * BLOCK_BYTES))

    def _do(self, work: Any) -> int:
        if self.is_dead:
            return -EIO
        try:
            work()
        except PowerCut:
            self.is_dead = True
            return -EIO
        return 0


class Files:
    """What is on the chip, as `interlock_loader.keeper` wants it. PowerCut once the power has failed."""

    def __init__(self, flash: NorFlash, program_bytes: int = 32) -> None:
        self._context = _Context(flash)
        sizes = {"read_size": program_bytes, "prog_size": program_bytes, "cache_size": 4 * program_bytes}
        self._fs = LittleFS(
            self._context, mount=False, block_size=BLOCK_BYTES, block_count=BLOCKS, lookahead_size=32, **sizes
        )
        try:
            self._fs.mount()
        except LittleFSError:
            self._fs.format()
            self._fs.mount()

    def _guarded(self, work: Any) -> Any:
        try:
            found = work()
        except LittleFSError as error:
            if self._context.is_dead:
                raise PowerCut from error
            raise OSError(-error.code) from error
        if self._context.is_dead:
            raise PowerCut
        return found

    def open(self, path: str, mode: str) -> Any:
        return _File(self, self._guarded(lambda: self._fs.open(path, mode, buffering=0)))

    def stat(self, path: str) -> tuple[int, ...]:
        return (0,) * 6 + (self._guarded(lambda: self._fs.stat(path)).size,)

    def rename(self, old: str, new: str) -> None:
        self._guarded(lambda: self._fs.rename(old, new))

    def put(self, path: str, data: bytes) -> None:
        """A file, and its folder."""
        folder = path.rsplit("/", 1)[0]
        if folder:
            self._guarded(lambda: self._fs.makedirs(folder, exist_ok=True))
        with self.open(path, "wb") as file:
            file.write(data)


class _File:
    def __init__(self, files: Files, raw: Any) -> None:
        self._files = files
        self._raw = raw

    def read(self, size: int) -> bytes:
        return bytes(self._files._guarded(lambda: self._raw.read(size)))

    def write(self, data: bytes) -> int:
        return int(self._files._guarded(lambda: self._raw.write(data)))

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._files._guarded(self._raw.close)
        finally:
            setattr(self._raw, "__IOBase_closed", True)  # LittleFS aborts when a file is closed twice
