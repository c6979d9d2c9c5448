"""The lanes: what each looks at, what it needs, how many minutes of one core it may take: 120 in all, an hour on two.

A test marked `deep` belongs to the lane that names the longest beginning of its id, so none is forgotten: `the rest`
takes what nobody names. Lanes of another kind run a command that leaves its own summary.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DEEP, HYPOTHESIS, ALL = "deep", "hypothesis", "all"
SOAK = "tests/deep/test_soak.py::test_thirty_days"
PROPERTY, JOINT = "tests/property/test_", "tests/property/test_joint.py"
CUTS = "tests/powercut/test_cuts.py::test_"
MUTATION = ("tests.mutation", "--processes", "1", "--minutes", "{minutes}", "--seed", "{seed}")
BLUEZ = (("INTERLOCK_BLUEZ", "1"),)
MILLION = 1_000_000
MONTH = (("days", 30),)
TIMES = 4
"""Hypothesis tests get so many times the examples of every day."""


def _nothing() -> str:
    return ""


def _postgres() -> str:
    from tests.host.postgres import binaries

    return "" if binaries() else "no PostgreSQL here (Debian: apt install postgresql)"


def _chromium() -> str:
    from tests.browser.chromium import PROGRAM

    return "" if PROGRAM else "no Chromium here (Debian: apt install chromium)"


def _qemu() -> str:
    return "" if shutil.which("qemu-system-x86_64") else "no QEMU here (Debian: apt install qemu-system-x86)"


def _no_counts(_: str) -> dict[str, float]:
    return {}


def table_counts(text: str) -> dict[str, float]:
    """The sums of a Markdown table: its columns' names with the figures of its row `all`."""
    heads: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "all":
            return {name: float(cell) for name, cell in zip(heads[1:], cells[1:], strict=True)}
        if line.startswith("| ") and not heads:
            heads = cells
    return {}


class Lane(NamedTuple):
    """`minutes`: of one core's computing; `ids`: beginnings of the ids of its tests; `marks`: which of them, `deep`
    ones, all `hypothesis` ones (those of every day), or `all`; `command` instead of tests: a module and its arguments,
    `{minutes}` and `{seed}` filled in; `lacks`: why it cannot be played here, or nothing; `env`: beside what there is;
    `counted`: what a command went through, from what it printed; `unseen`: which of these counts is of what it did not
    come to, and of what `all_of` counts all; `least`: counts without which the lane has not shown what it is for;
    `is_sample`: of a command, that it looks at no more than its minutes allow, at others with each seed, and has passed
    with `least` of them, as `judged`; `may_be_empty`: having nothing to look at is well."""

    name: str
    what: str
    minutes: float
    ids: tuple[str, ...] = ()
    marks: str = DEEP
    command: tuple[str, ...] = ()
    lacks: Callable[[], str] = _nothing
    env: tuple[tuple[str, str], ...] = ()
    counted: Callable[[str], dict[str, float]] = _no_counts
    unseen: str = ""
    all_of: str = ""
    least: tuple[tuple[str, int], ...] = ()
    is_sample: bool = False
    may_be_empty: bool = False


LANES = (
    Lane("soak-esp32", "thirty days of faults, esp32", 5.3, (f"{SOAK}_of_faults_lose_nothing[esp32",), least=MONTH),
    Lane("soak-rp2", "thirty days of faults, rp2", 5.3, (f"{SOAK}_of_faults_lose_nothing[rp2",), least=MONTH),
    Lane(
        "soak-stm32wb", "thirty days of faults, stm32wb", 5.3, (f"{SOAK}_of_faults_lose_nothing[stm32wb",), least=MONTH
    ),
    Lane("soak-calm", "thirty days without a restart, across the wrap", 4.2, ("tests/deep/test_soak.py",), least=MONTH),
    Lane("soak-vm", "days in a row in MicroPython's VM: faults, memory", 5, ("tests/system/test_soak.py",)),
    Lane(
        "mutation",
        "mutants of the core, tables left out",
        2,
        command=MUTATION,
        counted=table_counts,
        unseen="not run",
        all_of="mutants",
        least=(("judged", 300),),
        is_sample=True,
    ),
    Lane(
        "gatt",
        "a million hostile writes to the GATT server: 97 % in CPython, 3 % in the VM over Bumble",
        5,
        ("tests/deep/test_gatt_fuzz.py",),
        least=(("writes", MILLION),),
    ),
    Lane("hypothesis", f"every property, {TIMES} times the examples", 6, ("tests/",), HYPOTHESIS),
    Lane("search", "every state of joint worlds, to the greater depth", 9, (f"{JOINT}::test_every",)),
    Lane("walks", "long ways through joint worlds", 4, (JOINT,)),
    Lane("machines", "each machine alone; each rule taken away", 8, ("tests/property/",)),
    Lane(
        "adversary",
        "a million hostile frames; hostile sessions",
        1,
        (f"{PROPERTY}adversary", f"{PROPERTY}hostile"),
        least=(("hostile frames", MILLION),),
    ),
    Lane(
        "cuts-1", "a power cut with every tear; every operation fails", 3.5, (f"{CUTS}every_single", f"{CUTS}every_op")
    ),
    Lane("cuts-2", "a second cut, in the recovery or anywhere", 3.5, ("tests/powercut/",)),
    Lane(
        "cuts-3",
        "two more cuts, each in a recovery; in stories of keys after each 16th operation only",
        4.5,
        (f"{CUTS}two_more",),
    ),
    Lane("update", "cuts in updates, loaders; releases", 9.5, ("tests/update/", "tests/loader/", "tests/building/")),
    Lane("flashing", "cable and supply lost while a board is flashed", 2.5, ("tests/flashing/",)),
    Lane("simulator", "conformance, fidelities, observers", 6.5, ("tests/simulator/", "tests/vm/", "tests/boards/")),
    Lane("library", "the library of scenarios in VMs, and twice the same", 4.6, ("tests/system/test_library.py",)),
    Lane("system", "whole worlds, terminals, docks", 9, ("tests/system/",)),
    Lane("documents", "wheel, pipx, the documents' long blocks", 7, ("tests/documents/",)),
    Lane("host", "commands struck at every step", 4, ("tests/host/",)),
    Lane("postgres", "stores on PostgreSQL, servers killed", 2, ("tests/host/test_postgres.py",), ALL, (), _postgres),
    Lane(
        "browser", "pages in Chromium", 0.5, ("tests/browser/", "tests/host/test_label_sheets.py"), ALL, (), _chromium
    ),
    Lane("bluez", "commands over bluetoothd and a kernel", 2, ("tests/bluez/",), ALL, (), _qemu, BLUEZ),
    Lane("rest", "what no other lane names", 0.5, ("tests/",), may_be_empty=True),
)


BY_NAME = {lane.name: lane for lane in LANES}


def owner(nodeid: str) -> str:
    """The lane that a test marked `deep` belongs to: the longest beginning decides."""
    begin = name = ""
    for lane in LANES:
        for ours in lane.ids if lane.marks != HYPOTHESIS else ():
            if nodeid.startswith(ours) and len(ours) > len(begin):
                begin, name = ours, lane.name
    return name


def takes(name: str, nodeid: str, marks: set[str]) -> bool:
    """Whether the lane looks at this test."""
    found = BY_NAME[name]
    if found.marks == HYPOTHESIS:
        return HYPOTHESIS in marks and DEEP not in marks
    if found.marks == ALL:
        return any(nodeid.startswith(begin) for begin in found.ids)
    return DEEP in marks and owner(nodeid) == name


def files(lane: Lane) -> tuple[str, ...]:
    """What pytest is to collect for it: folders, files, or all files that begin so."""
    found: list[str] = []
    for begin in lane.ids:
        path = begin.partition("::")[0]
        is_whole = (ROOT / path).exists()
        found += [path] if is_whole else [str(one.relative_to(ROOT)) for one in sorted(ROOT.glob(f"{path}*.py"))]
    return tuple(dict.fromkeys(found))
