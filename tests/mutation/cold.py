"""What runs while the core is imported cannot be changed afterwards: tables, constants, and what builds them.

Such a mutant is judged in a process that forgets the core and the tests, imports both anew with the mutant in the
sound file's place, and runs whole test files. It costs a hundred times what a transplant does.
"""

import importlib.util
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from .mutants import Mutant
from .transplant import PACKAGE

LIMIT_S = 20  # of CPU, imports included


class _Loader(SourceFileLoader):
    """Loads the mutant, whatever the file reads."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._mutant = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._mutant, self.path, "exec")


class _Finder:
    def __init__(self, mutant: Mutant, path: str) -> None:
        self._name = f"{PACKAGE}.{mutant.module}"
        self._loader = _Loader(self._name, path, mutant.source)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self._loader) if name == self._name else None


def is_noticed(mutant: Mutant, path: str, files: list[str]) -> bool:
    """Whether a test in these files fails with the mutant imported. To be called in a process of its own."""
    here = str(Path.cwd())
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(here) and not name.startswith("tests.mutation"):
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant, path))
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    ended = pytest.main(["-q", "-x", "-s", "--tb=no", "-m", "not deep", *files])
    return ended not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
