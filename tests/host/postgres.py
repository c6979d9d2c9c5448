"""A PostgreSQL server of the test's own: Debian's binaries or those on PATH, on a socket in a directory of its own.

It runs as it does in service (it waits for its disk), and can be killed like one."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

ANSWERS_S = 60.0
SETTINGS = {"shared_buffers": "16MB", "max_connections": "40", "listen_addresses": "", "autovacuum": "off"}


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are: the newest of Debian's, or those on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    found = shutil.which("postgres")
    return debian[-1].parent if debian else Path(found).parent if found else None


class Server:
    """`fresh()`: the URL of an empty schema in its one database."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs
        # The server refuses to run as root; then it gets a user without rights.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._numbers = count()
        if self._user:
            shutil.chown(folder, self._user)
        self._do("initdb", "-D", "data", "-U", "interlock", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None

    def _do(self, program: str, *arguments: str) -> None:
        path = str(self._programs / program)
        done = subprocess.run(
            [path, *arguments], cwd=self.folder, user=self._user, env={"LC_ALL": "C"}, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self, **more: str) -> None:
        """`more`: settings beside those that it has anyway."""
        settings = [word for name, value in (SETTINGS | more).items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", "data", "-k", str(self.folder), *settings],
                cwd=self.folder, user=self._user, env={"LC_ALL": "C"}, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + ANSWERS_S
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def kill(self) -> None:
        """-9, every process of it: what a power cut leaves, but for what the disk had not taken yet."""
        assert self._process is not None
        children = [pid for pid, parent in _parents() if parent == self._process.pid]
        for pid in (self._process.pid, *children):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._end()
        until = time.monotonic() + ANSWERS_S
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            assert time.monotonic() < until, "a killed process is still there"
            time.sleep(0.01)

    def stop_at_once(self) -> None:
        """Immediate shutdown: no session ends what it began, nothing is written out."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait(ANSWERS_S)
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.stop_at_once()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"postgresql://interlock@/postgres?host={self.folder}"

    def fresh(self) -> str:
        name = f"t{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """As the server's administrator."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []


def serving() -> Iterator[Server]:
    """A server that runs; the test is skipped where there is none."""
    programs = binaries()
    if programs is None or not (programs / "initdb").exists():
        pytest.skip("no PostgreSQL server is installed here: on Debian and Ubuntu, apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="interlock-pg-"))
    try:
        server = Server(folder, programs)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        server.start()
        yield server
    finally:
        server.close()


def _parents() -> Iterator[tuple[int, int]]:
    """(process, its parent) of all."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it has ended
        yield int(stat.parent.name), int(text.rpartition(")")[2].split()[1])
