"""The table of `simulator/CONFORMANCE.md`, the example of its README.md: held against tests, doubles and output.

A mark in the table, "(host)", says that a test drives the host alone, without a VM.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "conformance"
README = ROOT / "simulator" / "README.md"
CONFORMANCE = ROOT / "simulator" / "CONFORMANCE.md"
PORTS = ("esp32", "rp2", "stm32wb")
DOUBLES = ROOT / "simulator" / "doubles"
MODULES = {"bluetooth": "", "simpins": "machine.", "machine": "machine.", "time": "time.", "os": "os."} | {
    module: f"{module}." for module in ("esp32", "rp2", "pyb")
}
"""The doubles of the table, and how its names begin; `simpins.py` holds the `Pin` of `machine`."""
EVENTS = (
    *("CENTRAL_CONNECT", "CENTRAL_DISCONNECT", "GATTS_WRITE", "GATTS_READ_REQUEST", "SCAN_RESULT", "SCAN_DONE"),
    *("PERIPHERAL_CONNECT", "PERIPHERAL_DISCONNECT", "GATTC_SERVICE_RESULT", "GATTC_SERVICE_DONE"),
    *("GATTC_CHARACTERISTIC_RESULT", "GATTC_CHARACTERISTIC_DONE", "GATTC_DESCRIPTOR_RESULT", "GATTC_DESCRIPTOR_DONE"),
    *("GATTC_READ_RESULT", "GATTC_READ_DONE", "GATTC_WRITE_DONE", "GATTC_NOTIFY", "GATTC_INDICATE"),
    *("GATTS_INDICATE_DONE", "MTU_EXCHANGED", "L2CAP_ACCEPT", "L2CAP_CONNECT", "L2CAP_DISCONNECT", "L2CAP_RECV"),
    *("L2CAP_SEND_READY", "CONNECTION_UPDATE", "ENCRYPTION_UPDATE", "GET_SECRET", "SET_SECRET", "PASSKEY_ACTION"),
)
"""All that the documentation names, in the order of their codes, from 1 on."""


HOST = " (host)"
"""The mark of a test that has the host's half of `bluetooth` and no VM."""
VERDICT = re.compile(r"(yes|absent|as esp32|refuse|never come)\b")


def table_cells() -> list[list[str]]:
    """Each row: names, what becomes of them on each port, tests."""
    text = CONFORMANCE.read_text(encoding="utf-8").split("<!-- conformance -->")[1].split("<!-- /conformance -->")[0]
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("| what |", "|---"))]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]


def table_rows() -> list[tuple[list[str], list[str]]]:
    """(names, tests) of each row."""
    return [
        (re.findall("`([^`]+)`", row[0]), [test.removesuffix(HOST) for test in row[-1].split(", ") if test])
        for row in table_cells()
    ]


def public_names(body: list[ast.stmt]) -> set[str]:
    """Classes, functions and methods that a script sees; under an `if`, too."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.If):
            names |= public_names([*node.body, *node.orelse])
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{name}" for name in public_names(node.body)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Call)):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name) and target.id.islower()}
    return {name for name in names if not name.split(".")[-1].startswith("_")}


def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_row_of_the_table_names_tests_that_exist() -> None:
    defined = set().union(*map(defined_in, Path(__file__).parent.glob("test_*.py")))
    rows = table_rows()
    assert len(rows) > 40
    assert [names for names, tests in rows if not (names and tests)] == []
    assert {test for _, tests in rows for test in tests} - defined == set()


def test_every_row_of_the_table_has_a_verdict_for_each_port() -> None:
    wrong = [row for row in table_cells() if len(row) != 2 + len(PORTS) or not all(map(VERDICT.match, row[1:-1]))]
    assert wrong == []


def test_the_table_marks_tests_without_a_vm() -> None:
    """They are those of the files that make boards with `radio_world.Board`; each row has a test with a VM, too."""
    alone = {
        test
        for path in Path(__file__).parent.glob("test_*.py")
        if re.search(r"from \.radio_world import .*\bBoard\b", path.read_text(encoding="utf-8"))
        for test in defined_in(path)
    }
    for row in table_cells():
        tests = row[-1].split(", ")
        marked = {test.removesuffix(HOST) for test in tests if test.endswith(HOST)}
        assert marked == alone.intersection(test.removesuffix(HOST) for test in tests), row[0]
        assert len(marked) < len(tests), row[0]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_of_a_double_has_a_row(module: str) -> None:
    tree = ast.parse((DOUBLES / f"{module}.py").read_text(encoding="utf-8"))
    listed = {name for names, _ in table_rows() for name in names}
    helpers = {"BLE", "call_hard", "call_soft", "find_pin", "wakers", "SoftReset"}  # no names of the ports
    missing = {MODULES[module] + name for name in public_names(tree.body) - helpers} - listed
    assert missing == set(), "add rows to simulator/CONFORMANCE.md"


def test_every_event_has_a_row_and_its_code_in_the_scripts() -> None:
    listed = {name for names, _ in table_rows() for name in names}
    codes = {f"_IRQ_{event}": code for code, event in enumerate(EVENTS, 1)}
    assert set(codes) == {name for name in listed if name.startswith("_IRQ_")}
    for path in SCRIPTS.glob("*.py"):
        for name, code in re.findall(r"^(_IRQ_\w+) = const\((\d+)\)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert codes[name] == int(code), path.name


def test_the_readmes_example_prints_what_it_says() -> None:
    block = README.read_text(encoding="utf-8").split("<!-- example -->")[1].split("<!-- /example -->")[0]
    command, output = (part.strip("\n") for part in re.findall(r"```(?:sh|text)\n(.*?)```", block, re.DOTALL))
    assert command.startswith(".venv/bin/python ")
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.rstrip() == output.rstrip(), "costs or the air have changed: paste what it prints now"
