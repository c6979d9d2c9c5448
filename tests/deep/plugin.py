"""Inside pytest: takes one lane's items, counts what they went through, and notes each as it ends.

`pytest -p tests.deep.plugin --deep-lane NAME --deep-notes FILE`. What tests give to `record_property` as numbers is
added up. A file of notes that belongs to the same run is gone on with: what passed in it is not looked at again.
`--deep-minutes M`: what is not begun after so many minutes of computing, children included, is left out and noted as
cut short; so is what is not begun at `--deep-until T` (`time.time`). `--deep-seed N` shuffles, so that another run
comes to it. `--deep-times N`: hypothesis tests get N times their
examples, and no fixed ones.
"""

import json
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .. import examples
from . import lanes

PASSED, FAILED, SKIPPED, CUT_SHORT = "passed", "failed", "skipped", "cut short"
_EXAMPLES = re.compile(r"(\d+) passing")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("deep")
    group.addoption("--deep-lane", help="the lane whose items are taken; none: all that are given")
    group.addoption("--deep-notes", type=Path, help="file of notes, a JSON object a line")
    group.addoption("--deep-run", default="", help="which run it is: notes of another one begin anew")
    group.addoption("--deep-seed", type=int, help="items are shuffled by it, file by file")
    group.addoption("--deep-minutes", type=float, help="no item is begun after so many minutes of computing")
    group.addoption("--deep-until", type=float, help="no item is begun at or after this time.time()")
    group.addoption("--deep-times", type=int, help="hypothesis tests get so many times their examples")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Notes(config), "deep-notes")


class Notes:
    """The lane's items, and what became of them."""

    def __init__(self, config: pytest.Config) -> None:
        self._lane: str | None = config.getoption("--deep-lane")
        self._times: int | None = config.getoption("--deep-times")
        self._minutes: float | None = config.getoption("--deep-minutes")
        self._until_s: float | None = config.getoption("--deep-until")
        self._seed: int | None = config.getoption("--deep-seed")
        self._file: Path | None = config.getoption("--deep-notes")
        self._done = set[str]()
        self._now: dict[str, Any] = {}
        self._cpu_s = 0.0
        if self._file is not None:
            head = {"run": config.getoption("--deep-run")}
            notes = read(self._file)
            if notes and notes[0] == head:
                self._done = {note["id"] for note in notes[1:] if note["outcome"] == PASSED}
                notes = [head, *(note for note in notes[1:] if note["outcome"] == PASSED)]
            else:
                notes = [head]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text("".join(json.dumps(note) + "\n" for note in notes), encoding="utf-8")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        mine = [item for item in items if self._is_mine(item) and item.nodeid not in self._done]
        left = [item for item in items if item not in set(mine)]
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = mine
        if self._seed is not None:
            items[:] = shuffled(items, self._seed)
        if self._times is not None:
            more_examples(items, self._times)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        why = ""
        if self._minutes is not None and _cpu_s() > self._minutes * 60:
            why = f"the lane's {self._minutes:g} minutes were used up"
        elif self._until_s is not None and time.time() >= self._until_s:
            why = "its time by the clock was over"
        if why:
            self._now |= {"outcome": CUT_SHORT, "why": why}
            pytest.skip(why)

    def _is_mine(self, item: pytest.Item) -> bool:
        return self._lane is None or lanes.takes(self._lane, item.nodeid, {mark.name for mark in item.iter_markers()})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now = {"id": item.nodeid, "outcome": PASSED, "counts": {}}
        self._cpu_s = _cpu_s()
        done = yield
        self._now["cpu_s"] = round(_cpu_s() - self._cpu_s, 2)
        found = _EXAMPLES.findall(str(getattr(item, "hypothesis_statistics", "")))
        if found:
            self._now["counts"]["examples"] = sum(map(int, found))
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._now) + "\n")
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        now = self._now
        if report.failed:
            now["outcome"] = FAILED
            now["why"] = str(report.longrepr)[-2000:]
        elif report.skipped and now["outcome"] == PASSED:
            now["outcome"] = SKIPPED
            now["why"] = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if report.when == "call":
            for name, value in report.user_properties:
                if isinstance(value, (int, float)):
                    now["counts"][name] = now["counts"].get(name, 0) + value


def read(file: Path) -> list[dict[str, Any]]:
    """The notes in a file, the first one about the run; a line that a crash cut short is left out."""
    notes = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                notes.append(json.loads(line))
            except ValueError:
                break
    return notes


def shuffled(items: list[pytest.Item], seed: int) -> list[pytest.Item]:
    """File by file, since tests of a file share what they set up."""
    chance = random.Random(seed)
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    order = sorted(files)
    chance.shuffle(order)
    found = []
    for name in order:
        chance.shuffle(files[name])
        found += files[name]
    return found


def more_examples(items: list[pytest.Item], times: int) -> None:
    """Let hypothesis tests look for so many times longer, each run elsewhere (the seed is `--hypothesis-seed`)."""
    examples.change(
        items, lambda count: count * times, derandomize=False, database=None, deadline=None, print_blob=True
    )


def _cpu_s() -> float:
    """Of this process and its children that were waited for."""
    return sum(os.times()[:4])
