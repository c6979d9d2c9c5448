"""What the builder cannot make small without changing what it does, it refuses; all else does the same on a unit."""

import subprocess
import textwrap

import pytest

from host_tools.building.compact import compact
from host_tools.building.source import BuildError
from simulator.hardware.interpreter import find_vm

from .refused_snippets import REFUSED
from .said_snippets import SAID
from .single_snippets import SINGLE
from .snippets import APP, SAME

EVERY = SAME | SAID | SINGLE
BOARD = "x"
PACKAGE = {
    "interlock/__init__.py": "VERSION = (0, 1, 0)\n",
    "interlock/boards/__init__.py": "class Board:\n    pass\n",
    f"interlock/boards/{BOARD}.py": "from . import Board\n\nBOARD = Board()\n",
}
RUNS = """
import sys
for case in range(%d):
    for folder in ("source", "small"):
        for name in list(sys.modules):
            if name.startswith("interlock"):
                del sys.modules[name]
        sys.path[0] = "%%s/%%d/%%s" %% (%r, case, folder)
        print("\\x01%%d %%s" %% (case, folder))
        try:
            from interlock.app import main
            from interlock.boards.x import BOARD
            main(BOARD)
        except Exception as error:
            print(type(error), error.args)
"""


def laid_out(folder, program):
    for path, code in (PACKAGE | ({APP: program} if isinstance(program, str) else program)).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(code) + "\n")
    return folder


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{program: [what it prints as source, what it prints made small]}, all of one process of the real VM."""
    root = tmp_path_factory.mktemp("snippets")
    for number, program in enumerate(EVERY.values()):
        small = compact(laid_out(root / str(number) / "source", program), BOARD, [])
        for path, code in small.files.items():
            (root / str(number) / "small" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / str(number) / "small" / path).write_text(code)
    done = subprocess.run([find_vm(), "-c", RUNS % (len(EVERY), str(root))], capture_output=True, text=True, check=True)
    out = [part.partition("\n")[2] for part in done.stdout.split("\x01")[1:]]
    return {name: out[2 * number : 2 * number + 2] for number, name in enumerate(EVERY)}


@pytest.mark.parametrize("name", EVERY)
def test_a_program_made_small_says_the_same(told, name):
    source, small = told[name]
    assert source and "<class" not in source
    assert small == source


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_become_another_program_is_refused_with_its_place(tmp_path, name):
    program, why = REFUSED[name]
    with pytest.raises(BuildError, match=rf"interlock.app(\.py)?:\d+: .*({why})"):
        compact(laid_out(tmp_path, program), BOARD, [])
