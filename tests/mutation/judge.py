"""Runs inside pytest, in the copy: maps the core's lines to tests, then judges mutants, a forked process each.

A fork has every test and the whole core imported, so a mutant costs its tests and little more. The process that forks
never runs a test itself: what tests keep between them (caches, worlds) is never of sound code.

How a mutant ends: `killed` by the test named; `timed out`: it used ten times the CPU time of a test, and a second more;
`survived` all that touch its lines within the cap; `untouched`: no test of the pool runs its line or its function;
`misfit`: see `transplant.py`. What runs at import only is judged by `cold.py`.
"""

import ast
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .cold import is_noticed
from .mapping import CORE, mapped, passes
from .mutants import Mutant, mutants_of
from .transplant import Misfit, transplant

WHOLE = "whole"  # the key of a note that says: this module was judged to its end
CEILING_BYTES = 6 << 30  # of a judging process's address space
BACKSTOP_S = 300  # of wall time, for a mutant that waits without working
KILLED, TIMED_OUT, SURVIVED, UNTOUCHED, MISFIT = "killed", "timed out", "survived", "untouched", "misfit"


class Order(NamedTuple):
    """What the caller wants of this process: from a JSON file."""

    modules: list[str]
    known: dict[str, str]  # keys of mutants that need no judging again
    processes: int
    cap_s: float  # of CPU for the tests of one mutant
    until_s: float  # of `time.time`: no mutant is begun later
    only: list[str]  # keys: nothing but these, if any
    out: str  # JSON lines, one a mutant
    tables: bool  # tables and constants, too


class Judge:
    """The plugin. `order`: a file; `map_`: the folder of `mapping.py`."""

    def __init__(self, order: Path, map_: Path) -> None:
        self._order = Order(**json.loads(order.read_text(encoding="utf-8")))
        self._map_folder = map_

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._base = Path(str(session.config._tmp_path_factory.getbasetemp()))  # type: ignore[attr-defined]
        gc.collect()
        gc.freeze()
        tests = mapped(session.items, self._map_folder, self._order.processes, self._seclude)
        self._cpu = {name: test["cpu_s"] for name, test in tests.items() if test["passed"] and name in self._items}
        self._touched: dict[str, dict[int, list[str]]] = {}
        for name in sorted(self._cpu, key=self._cpu.__getitem__):
            for module, lines in tests[name]["lines"].items():
                of_module = self._touched.setdefault(module, {})
                for line in lines:
                    of_module.setdefault(line, []).append(name)
        failed = sorted(name for name, test in tests.items() if not test["passed"])
        print(f"{len(self._cpu)} tests judge; {len(failed)} are slow or fail on sound code: {', '.join(failed)[:1500]}")
        for module in self._order.modules:
            if time.time() < self._order.until_s:
                self._campaign(module)
        return True

    def _campaign(self, module: str) -> None:
        source = (CORE / f"{module}.py").read_text(encoding="utf-8")
        lines_of = {}
        killers: dict[str, list[str]] = {}
        running: dict[int, tuple[Mutant, int, float]] = {}
        with Path(self._order.out).open("a", encoding="utf-8") as out:

            def told(mutant: Mutant, state: str, by: str = "", cpu_s: float = 0.0) -> None:
                note = {"key": mutant.key, "module": module, "function": mutant.function, "line": mutant.lines[0]}
                note |= {"was": mutant.was, "now": mutant.now, "state": state, "by": by, "cpu_s": round(cpu_s, 3)}
                out.write(json.dumps(note) + "\n")
                out.flush()
                if state == KILLED:
                    mine = killers.setdefault(mutant.function, [])
                    if by in mine:
                        mine.remove(by)
                    mine.insert(0, by)

            def reap() -> None:
                pid, status, used = os.wait4(-1, 0)
                if pid not in running:
                    return
                mutant, pipe, _ = running.pop(pid)
                with os.fdopen(pipe) as said:
                    state, _, by = said.read().partition("\n")
                if os.WIFSIGNALED(status):
                    state, by = TIMED_OUT, signal.Signals(os.WTERMSIG(status)).name
                told(mutant, state or KILLED, by, used.ru_utime + used.ru_stime)

            lines_of = _body_lines(source)
            for mutant in mutants_of(module, source):
                if time.time() > self._order.until_s:
                    break
                if self._order.only and mutant.key not in self._order.only:
                    continue
                if not mutant.function and not self._order.tables:
                    continue
                if mutant.rule:
                    told(mutant, f"rule: {mutant.rule}")
                    continue
                if mutant.key in self._order.known:
                    continue
                tests = list(self._tests_of(mutant, lines_of, killers.get(mutant.function, [])))
                files = self._files_of(module) if self._order.tables and not tests else []
                if not tests and not files:
                    told(mutant, UNTOUCHED)
                    continue
                while len(running) >= self._order.processes:
                    reap()
                reading, writing = os.pipe()
                pid = os.fork()
                if not pid:
                    os.close(reading)
                    self._judge(mutant, tests, files, writing)
                os.close(writing)
                running[pid] = mutant, reading, time.time()
            else:
                out.write(json.dumps({"key": WHOLE, "module": module}) + "\n")
            while running:
                reap()

    def _tests_of(self, mutant: Mutant, lines_of: dict[str, range], killers: list[str]) -> Iterator[str]:
        """Those that run the changed lines, or else the function: first what killed its neighbours, then the quick, and
        those of the module's own test file as if they were ten times as quick."""
        if not mutant.function:
            return
        touched = self._touched.get(mutant.module, {})
        lines = range(mutant.lines[0], mutant.lines[1] + 1)
        names = {name for line in lines for name in touched.get(line, [])}
        if not names:
            names = {name for line in lines_of.get(mutant.function, ()) for name in touched.get(line, [])}
        first = [name for name in killers[:5] if name in names and self._cpu[name] < 0.3]
        used_s = 0.0
        rest = sorted(
            names.difference(first), key=lambda name: (not _is_of(name, mutant.module), self._cpu[name], name)
        )
        for name in first + rest:
            used_s += self._cpu[name]
            if used_s > self._order.cap_s:
                return
            yield name

    def _files_of(self, module: str) -> list[str]:
        """Up to five test files that run the module, the quickest ones."""
        names = {name for each in self._touched.get(module, {}).values() for name in each}
        files = {name.partition("::")[0] for name in names}
        cost_s = {file: sum(self._cpu[each] for each in self._cpu if each.startswith(f"{file}::")) for file in files}
        cheap = [file for file in files if cost_s[file] < self._order.cap_s / 3]
        return sorted(cheap, key=lambda file: cost_s[file] * (0.1 if _is_of(file, module) else 1))[:5]

    def _judge(self, mutant: Mutant, tests: list[str], files: list[str], pipe: int) -> None:
        """In the child: ends it."""
        state, by = SURVIVED, ""
        try:
            self._seclude()
            signal.alarm(BACKSTOP_S)
            if files:
                state, by = self._cold(mutant, files)
            else:
                state, by = self._warm(mutant, tests)
        except SyntaxError as error:
            state, by = MISFIT, f"no program: {error}"
        except BaseException as error:  # noqa: BLE001 - whatever a mutant does to the tests' machinery, it was noticed
            state, by = KILLED, f"{type(error).__name__} outside of a test"
        os.write(pipe, f"{state}\n{by}".encode())
        os._exit(0)

    def _warm(self, mutant: Mutant, tests: list[str]) -> tuple[str, str]:
        try:
            makes_functions = transplant(mutant)
        except Misfit as error:
            files = self._files_of(mutant.module)
            return self._cold(mutant, files) if files else (MISFIT, str(error))
        for name in tests:
            if not passes(self._items[name], 1 + 10 * self._cpu[name]):
                return KILLED, name
        return self._cold(mutant, self._files_of(mutant.module)) if makes_functions else (SURVIVED, "")

    def _cold(self, mutant: Mutant, files: list[str]) -> tuple[str, str]:
        path = str(CORE.resolve() / f"{mutant.module}.py")
        return (KILLED, files[0]) if files and is_noticed(mutant, path, files) else (SURVIVED, "")

    def _seclude(self) -> None:
        """What a mutant says goes nowhere; its files, memory and wall time are its own and limited."""
        null = os.open(os.devnull, os.O_RDWR)
        for each in (0, 1, 2):
            os.dup2(null, each)
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
        resource.setrlimit(resource.RLIMIT_AS, (CEILING_BYTES, CEILING_BYTES))
        factory = next(iter(self._items.values())).config._tmp_path_factory  # type: ignore[attr-defined]
        factory._basetemp = self._base / str(os.getpid())
        factory._basetemp.mkdir()


def _is_of(test: str, module: str) -> bool:
    """Whether this test stands in a file that is named for the module."""
    return f"/test_{module.partition('_')[0]}" in test


def _body_lines(source: str) -> dict[str, range]:
    """The lines of each function, without its first: that one runs when the module is imported."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    found[f"{node.name}.{each.name}"] = range(each.body[0].lineno, (each.end_lineno or 0) + 1)
        elif isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, range(node.body[0].lineno, (node.end_lineno or 0) + 1))
    return found


def main() -> int:
    """`python -m tests.mutation.judge ORDER MAP TESTS...`, in the copy."""
    order, map_, *tests = sys.argv[1:]
    base = Path("tmp").resolve()
    args = ["-q", "-s", "-m", "not deep", f"--basetemp={base}", *tests]
    return int(pytest.main(args, plugins=[Judge(Path(order), Path(map_))]))


if __name__ == "__main__":
    sys.exit(main())
