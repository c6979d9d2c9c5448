"""Which test runs which lines of the core, and how much CPU time it takes: kept a test file, as long as that and the
core stay the same."""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coverage
import pytest

CORE = Path("firmware/interlock/core")
SLOW_S = 1.0  # of CPU, tracing included: a test that needs more judges no mutant

Map = dict[str, dict[str, Any]]  # by test: cpu_s, passed, lines by module


class _TooSlow(BaseException):
    """Raised by the timer."""


def passes(item: pytest.Item, limit_s: float, raises: bool = False) -> bool:
    """Whether the test passes. One that uses more CPU time than the limit ends the process or, `raises`, fails.

    pytest's own protocol would make a report of a failure, which costs more than most tests.
    """

    def late(*_: object) -> None:
        raise _TooSlow

    signal.signal(signal.SIGVTALRM, late if raises else signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    hook = item.ihook
    try:
        if not getattr(item, "_request", True):
            item._initrequest()  # type: ignore[attr-defined]
        try:
            hook.pytest_runtest_setup(item=item)
            hook.pytest_runtest_call(item=item)
        finally:
            hook.pytest_runtest_teardown(item=item, nextitem=None)
    except pytest.skip.Exception:
        return True
    except (Exception, _TooSlow, pytest.fail.Exception):  # noqa: BLE001 - whatever it is, the test failed
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return True


def mapped(items: list[pytest.Item], folder: Path, processes: int, seclude: Callable[[], None]) -> Map:
    """The map of all items. `seclude` is called in each process that runs tests; this one runs none."""
    core = b"".join(path.read_bytes() for path in sorted(CORE.glob("*.py")))
    by_file: dict[str, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.nodeid.partition("::")[0], []).append(item)
    parts = {}
    for file in by_file:
        digest = hashlib.sha256(core + Path(file).read_bytes()).hexdigest()[:24]
        parts[file] = folder / f"{_stem(file)}-{digest}.json"
    stale = [file for file, part in parts.items() if not part.exists()]
    print(f"{len(stale)} of {len(parts)} test files are to be mapped", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    running: set[int] = set()
    for file in stale:
        while len(running) >= processes:
            running.discard(os.wait()[0])
        pid = os.fork()
        if not pid:
            status = 1
            try:
                seclude()
                part = parts[file].with_suffix(f".{os.getpid()}")
                part.write_text(json.dumps(_map_of(by_file[file])), encoding="utf-8")
                part.replace(parts[file])
                status = 0
            finally:
                os._exit(status)
        running.add(pid)
    while running:
        running.discard(os.wait()[0])
    lost = [file for file, part in parts.items() if not part.exists()]
    if lost:
        raise RuntimeError(f"these test files could not be mapped: {', '.join(lost)}")
    tests: Map = {}
    for part in parts.values():
        tests |= json.loads(part.read_text(encoding="utf-8"))
    for file, part in parts.items():
        for old in set(folder.glob(f"{_stem(file)}-*.json")).difference([part]):
            old.unlink()
    return tests


def _stem(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _map_of(items: list[pytest.Item]) -> Map:
    """Run each test alone, its lines of the core and its CPU time recorded. Four slow ones: the file is left."""
    tracer = coverage.Coverage(data_file=None, include=[f"{CORE.resolve()}/*"], config_file=False)
    tests: Map = {}
    slow = 0
    tracer.start()
    for item in items:
        tracer.switch_context(item.nodeid)
        begin = time.process_time()
        passed = slow < 4 and passes(item, SLOW_S, raises=True)
        cpu_s = time.process_time() - begin
        slow += cpu_s >= SLOW_S
        tests[item.nodeid] = {"cpu_s": cpu_s, "passed": passed and cpu_s < SLOW_S * 1.5, "lines": {}}
    tracer.stop()
    data = tracer.get_data()
    for file in data.measured_files():
        for line, names in data.contexts_by_lineno(file).items():
            for name in names:
                if name in tests:
                    tests[name]["lines"].setdefault(Path(file).stem, []).append(line)
    return tests


assert sys.platform != "win32"  # forks and timers of CPU time
