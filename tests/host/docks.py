"""Docks in processes of their own, and what of their reports a store does not bear out."""

import subprocess
import sys
import threading
from pathlib import Path

from host_tools.store.store import Store

from .dock_writer import RECORDS, SERIALS
from .journals import life

ENDS_S = 120.0


class Dock:
    """A dock's process, and what it reported."""

    def __init__(self, *arguments: str) -> None:
        self.name = arguments[0]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.host.dock_writer", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.reported = dict.fromkeys(SERIALS, 0)
        self.lines = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith("\n"):
                break  # killed while it wrote: half a line reports nothing
            serial, following = line.split()
            self.reported[serial] = int(following)
            self.lines += 1

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self.ended()

    def ended(self) -> int:
        code = self._process.wait(ENDS_S)
        self._reader.join()
        assert self._process.stderr is not None
        told = self._process.stderr.read()
        assert code in (0, -9), told
        return code


def missing(place: Path | str, *docks: Dock) -> list[str]:
    """What docks reported and this store does not hold; nothing of it may be there twice or in doubt."""
    reports = [(dock.name, dict(dock.reported)) for dock in docks]  # they go on meanwhile
    store = Store.open(place, read_only=True)
    lost = []
    for serial in [row.serial for row in store.units()]:
        raws, _ = life(RECORDS, serial=serial)
        journal = store.journal(serial)
        assert not journal.conflicts and not journal.branches and not journal.told, journal.findings
        held = {record.sequence: record.raw for record in journal.records}
        assert all(raws[sequence] == raw for sequence, raw in held.items())
        assert len(journal.records) == len(held)
        for name, reported in reports:
            lost += [f"{name} {serial} {n}" for n in range(reported[serial]) if n not in held]
            noted = {row.detail for row in store.custody_of(serial) if row.who == name}
            lost += [f"{name} {serial} noted"] if f"up to {reported[serial]}" not in {"up to 0", *noted} else []
    store.close()
    return lost
