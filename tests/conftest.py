"""What holds for every room of tests: what is collected is no garbage, and a file's tests stay together."""

import gc
import signal
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

APART = frozenset(
    (
        "tests/powercut/test_cuts.py",
        "tests/powercut/test_session_cuts.py",
    )
)
"""Files whose tests are long, and share nothing: any worker plays them."""


def pytest_configure() -> None:
    """Started by `make test &` in a script, this process and all that tests start would ignore Ctrl-C, and a test that
    sends one would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests are collected, by every worker, and live to the end: looking through them for garbage, again
    and again, took a third of the time of it, and a tenth of the time of tests. Garbage is looked for less often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        gc.enable()


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with few tests come first: theirs are long, and a long one that is left for the end keeps one worker busy
    and lets the others wait."""
    sizes = Counter(_file(item.nodeid) for item in items)
    items.sort(key=lambda item: 0 if _file(item.nodeid) in APART else sizes[_file(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """With `--dist loadgroup`, one worker plays a file, so what its tests share is made once, and a group of files."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Files(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            scope: str = super()._split_scope(nodeid)
            return _file(nodeid) if scope == nodeid and _file(nodeid) not in APART else scope

    return Files(config, log)
