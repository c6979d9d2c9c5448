"""A vault's files on disk: sealed (`sealed.py`) under its data key, one writer at a time, whole after any cut.

A new data key comes in three steps, of which each cut leaves a vault that opens: `keys.json` gets the new key, with the
old one sealed under it; file after file moves to the new one; `keys.json` forgets the old one. Whoever locks the vault
next finishes what was broken off. A vault in clear is encrypted in the same way, and only while that goes on is a file
in clear taken for one of the vault's.

A mirror, if there is one, is another folder that gets each file as soon as it is written here, sealed as it is.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import durable
from ..outcome import ToolError
from . import keys as vault_keys
from . import sealed
from .fields import Damaged
from .keys import Keys

FOLDERS = ("units", "pairs", "labels", "people", "releases")
LOG, LOG_STATE = "uses.log", "log.json"  # of `log.py`
_LOG_LOCK = "log.lock"
_LOG_PATIENCE_S = 5.0
_ASIDE = ".new"


class Files:
    """Those of the vault at `path`. `keys`: None for a vault in clear; `tell`: of what went wrong by the way."""

    def __init__(self, path: Path, keys: Keys | None) -> None:
        self.path = path
        self.keys = keys
        self.tell: Callable[[str], None] = lambda _: None
        self._depth = 0

    # One file.

    def read(self, path: Path) -> bytes:
        """What a file holds. ToolError when it is not just what was written there."""
        data = durable.read(path)
        keys = self.keys
        if not sealed.is_sealed(data):
            if keys is None or keys.locks.is_partly_clear:
                return data
            raise Damaged(path, "it is not sealed, as all files of this vault are")
        if keys is None:
            if (file := self.path / vault_keys.FILE).exists():
                raise _turned(self.path)
            raise Damaged(file, "it is missing, and files are sealed under it")
        try:
            found = sealed.parse(data)
            key = keys.of(found.generation)
            if key is None:
                locks = vault_keys.read(self.path)
                if locks is not None and locks.key_name == (keys.locks.vault, found.generation):
                    raise _turned(self.path)
                raise sealed.NotOpened
            return found.open(key, self._place(path))
        except sealed.NotOpened:
            raise Damaged(path, "it was changed, or is not from this place of this vault") from None

    def write(self, path: Path, data: bytes) -> None:
        """Let a file hold this: on disk when it returns, in the mirror soon."""
        assert self._depth, "whoever writes the vault locks it first"
        self.put(path, data)

    def put(self, path: Path, data: bytes) -> None:
        """The same for whoever has the log's lock."""
        keys = self.keys
        if keys is not None:
            data = sealed.seal(keys.data, keys.locks.generation, self._place(path), data)
        durable.replace(path, data)
        if path.name != LOG_STATE:  # comes into the mirror with the log itself
            self.mirror(path)

    def write_open(self, path: Path, data: bytes) -> None:
        """Let a file hold this for everybody to read."""
        assert self._depth, "whoever writes the vault locks it first"
        durable.make_private(path.parent)
        durable.replace(path, data)
        path.chmod(0o644)
        self.mirror(path)

    def remove(self, path: Path) -> None:
        """Take a file away, here and in the mirror."""
        assert self._depth, "whoever writes the vault locks it first"
        durable.remove(path)
        if (twin := self._twin(path)) is not None:
            try:
                durable.remove(twin)
            except ToolError as error:
                self.tell(f"the mirror is behind: {error}")

    def _place(self, path: Path) -> str:
        assert self.keys is not None
        return f"{self.keys.locks.vault} {path.relative_to(self.path).as_posix()}"

    def secrets(self) -> list[Path]:
        """All files that are sealed, or are to be."""
        found = [self.path / "force.json", self.path / LOG_STATE]
        return [path for path in found if path.exists()] + [
            path for folder in FOLDERS for path in sorted((self.path / folder).glob("*.json"))
        ]

    # One writer.

    @contextmanager
    def locked(self, patience_s: float = 0.0) -> Iterator[None]:
        """Be the only command that changes this vault. Within one command it may be nested."""
        if self._depth:
            yield
            return
        with durable.locked(self.path, patience_s):
            self._depth += 1
            try:
                self.refresh()
                if self.keys is not None and self.keys.locks.is_moving:
                    self._move()
                if self._twin(self.path) is not None:
                    with self.logging():
                        self.bring_mirror()
                yield
            finally:
                self._depth -= 1

    def refresh(self) -> None:
        """See the locks as they are now. ToolError when another command changed the data key since this one began."""
        locks = vault_keys.read(self.path)
        keys = self.keys
        if keys is None and locks is None:
            return
        if keys is None or locks is None or locks.key_name != keys.locks.key_name:
            raise _turned(self.path)
        self.keys = vault_keys.with_data_key(self.path, keys.slot.number, keys.data)

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Be the only one that writes the log of uses: for a moment, beside whoever changes the vault."""
        busy = ToolError(f"another command writes the log of {self.path}", "Run this again in a moment.")
        with durable.holding(self.path / _LOG_LOCK, _LOG_PATIENCE_S, busy):
            yield

    # Keys.

    def lock_with(self, keys: Keys) -> None:
        """Let these be the vault's keys: slots added, or a new data key (`vault_keys.turning`), or the first one."""
        assert self._depth, "whoever writes the vault locks it first"
        now = self.keys
        if now is not None and now.locks.is_moving and keys.locks.key_name != now.locks.key_name:
            raise ToolError(
                "the last change of the vault's keys could not be finished, because a file is damaged",
                "See which one: interlock vault check. Restore it from a backup, or move it out of the vault.",
            )
        with self.logging():
            path = self.path / vault_keys.FILE
            durable.replace(path, vault_keys.encode(keys))
            self.keys = keys
            self.mirror(path)
        if keys.locks.is_moving:
            self._move()

    def _move(self) -> None:
        """Bring all files under the present data key, and forget the one before."""
        keys = self.keys
        assert keys is not None
        with self.logging():
            for path in self.left_behind():
                try:
                    self.put(path, self.read(path))
                except Damaged as error:
                    self.tell(f"not all files are under the vault's new key: {error}. {error.advice}")
            if self.left_behind():  # the key before is kept for them
                return
            for left in self.path.rglob(".*.new"):  # of commands that were killed: perhaps in clear
                durable.remove(left)
            done = vault_keys.settled(keys)
            durable.replace(self.path / vault_keys.FILE, vault_keys.encode(done))
            self.keys = done
            self.mirror(self.path / vault_keys.FILE)

    def left_behind(self) -> list[Path]:
        """The files that are not under the present data key: while it changes, and after it those that are damaged."""
        assert self.keys is not None
        return [path for path in self.secrets() if not self._is_at(path, self.keys.locks.generation)]

    @staticmethod
    def _is_at(path: Path, generation: int) -> bool:
        """Whether this file is sealed under the key of this generation."""
        data = durable.read(path)
        try:
            return sealed.is_sealed(data) and sealed.parse(data).generation == generation
        except sealed.NotOpened:
            return False

    # The mirror.

    def _twin(self, path: Path) -> Path | None:
        folder = None if self.keys is None else self.keys.locks.mirror
        return None if folder is None else Path(folder) / path.relative_to(self.path)

    def mirror(self, path: Path) -> None:
        """Bring one file into the mirror, if there is one; what hinders is told, and made up for at the next change."""
        twin = self._twin(path)
        if twin is None or self.path.name.endswith(_ASIDE):
            return
        try:
            if not Path(str(self.keys and self.keys.locks.mirror)).is_dir():
                raise OSError(2, "it is not there")
            durable.make_private(twin.parent)
            durable.replace(twin, path.read_bytes())
        except (OSError, ToolError) as error:
            self.tell(f"the vault's mirror is behind: {error}")

    def bring_mirror(self) -> None:
        """Make up for what the mirror missed. Nothing is taken out of it that is not here, but labels: one that was
        used up is no secret of a unit any more, and would come back as one."""
        for path in (self.path / vault_keys.FILE, *self.secrets(), *self.others()):
            twin = self._twin(path)
            assert twin is not None
            try:
                if twin.read_bytes() == path.read_bytes():
                    continue
            except OSError:
                pass  # not there yet
            if not Path(str(self.keys and self.keys.locks.mirror)).is_dir():
                self.tell("the vault's mirror is behind: it is not there")
                return
            self.mirror(path)
        labels = self._twin(self.path / "labels")
        for twin in sorted(labels.glob("*.json")) if labels is not None else ():
            if not (self.path / "labels" / twin.name).exists():
                try:
                    durable.remove(twin)
                except ToolError as error:
                    self.tell(f"the mirror is behind: {error}")

    def others(self) -> list[Path]:
        """Files that hold no secret and belong to the vault: public keys, the log."""
        found = sorted((self.path / "public").glob("*.pub"))
        return found + [path for path in (self.path / LOG,) if path.exists()]


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A folder beside `path` in which a vault is made, and put in its place when it is whole: half a vault is never
    taken for one. ToolError when there is one already."""
    if (path / "force.json").exists():
        raise ToolError(f"there is a vault at {path} already", "Use it, or name another place with --home DIR.")
    if path.exists() and any(found.is_file() and found.name != "lock" for found in path.rglob("*")):
        raise ToolError(
            f"{path} is no vault (its force.json is missing), and not empty",
            "If it was one, restore it from a backup; else name another place with --home DIR.",
        )
    beside = path.with_name(f".{path.name}{_ASIDE}")
    try:
        shutil.rmtree(beside, ignore_errors=True)  # of a command that was killed
        for folder in (beside, *(beside / name for name in FOLDERS)):
            durable.make_private(folder)
        yield beside
        if path.exists():
            _remove_empty(path)
        beside.rename(path)
        durable.sync(path.parent)
    except OSError as error:
        raise ToolError(f"{path} cannot be made: {error.strerror}", "Name another place with --home DIR.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _remove_empty(path: Path) -> None:
    """Take an empty folder away. OSError when there is a file in it after all: another command's vault."""
    for found in sorted(path.rglob("*"), reverse=True):
        if found.is_dir():
            found.rmdir()
    (path / "lock").unlink(missing_ok=True)
    path.rmdir()


@contextmanager
def made(path: Path, keys: Keys | None) -> Iterator[Files]:
    """The files of a new vault, `path` after all."""
    with aside(path) as beside:
        files = Files(beside, keys)
        with durable.locked(beside):
            files._depth += 1
            if keys is not None:
                durable.replace(beside / vault_keys.FILE, vault_keys.encode(keys))
            yield files
            files._depth -= 1
    files.path = path


def _turned(path: Path) -> ToolError:
    return ToolError(
        f"another command gave the vault at {path} new keys since this one began", "Nothing is lost: run this again."
    )
