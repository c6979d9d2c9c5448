"""What holds for every room of tests: what is collected is no garbage, and a file's tests stay together."""

import contextlib
import gc
import importlib
import signal
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from . import examples

# Before any test is imported, which is when a property takes it: the same examples in every run, on every machine.
settings.register_profile("interlock", derandomize=True, database=None, deadline=None, print_blob=True)
settings.load_profile("interlock")

HERE = Path(__file__).parent
APART = frozenset(
    (
        "tests/powercut/test_cuts.py",
        "tests/powercut/test_session_cuts.py",
    )
)
"""Files whose tests are long, and share nothing: any worker plays them."""

TOGETHER = {
    "tests/system/test_simulate.py": "demo",
    "tests/independent/test_independent.py": "demo",
    **dict.fromkeys((f"tests/building/test_{name}.py" for name in ("build", "roles", "same_behaviour")), "builds"),
    "tests/host/test_release.py": "builds",
    **dict.fromkeys((f"tests/system/test_bundle_{name}.py" for name in ("alone", "lies", "verifier_lies")), "bundle"),
}
"""Files that look at the same thing, played once in a process: one worker plays them. (Marks `xdist_group` do not reach
xdist's scheduler, which goes by ids.)"""


def pytest_configure() -> None:
    """Started by `make test &` in a script, this process and all that tests start would ignore Ctrl-C, and a test that
    sends one would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _import_share(config: pytest.Config) -> None:
    """Each worker imports every test. Where nothing is compiled yet, as in a new checkout, each would compile all of
    it, at the same time: this one begins with its own share, and finds the others' compiled when it comes to them."""
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is None or [Path(arg).resolve() for arg in config.args] != [HERE]:
        return
    files = sorted(HERE.glob("*/test_*.py"))
    share = len(files) // told["workercount"] + 1
    begin = int(told["workerid"].removeprefix("gw")) * share
    for path in files[begin : begin + share]:
        with contextlib.suppress(Exception, pytest.skip.Exception):  # it is told when the test is collected
            importlib.import_module(".".join(("tests", path.parent.name, path.stem)))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Thousands of tests are collected, by every worker, and live to the end: looking through them for garbage, again
    and again, took a third of the time of it, and a tenth of the time of tests. Garbage is looked for less often."""
    gc.disable()
    try:
        _import_share(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(500_000, 10, 20)
        gc.enable()


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Properties get their examples of every day, but for deep ones. Files with few tests come first: theirs are long,
    and a long one that is left for the end keeps one worker busy and lets the others wait."""
    if not config.pluginmanager.hasplugin("deep-notes"):
        properties = [item for item in items if item.get_closest_marker("hypothesis")]
        daily = [item for item in properties if item.get_closest_marker("deep") is None]
        unsteady = [item.nodeid for item in properties if not examples.is_steady(item)]
        assert not unsteady, f"imported before the profile was loaded, or with settings of their own: {unsteady}"
        examples.change(properties, lambda count: count, deadline=None, print_blob=True)  # no seconds decide
        examples.change(daily, examples.every_day)
    sizes = Counter(_file(item.nodeid) for item in items)
    items.sort(key=lambda item: 0 if _file(item.nodeid) in APART else sizes[_file(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """With `--dist loadgroup`, one worker plays a file, or files that belong together: what is shared is made once."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Files(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = _file(nodeid)
            return nodeid if file in APART else TOGETHER.get(file, file)

    return Files(config, log)
