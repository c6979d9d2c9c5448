"""A copy of the tree as a stranger gets it: no environment, nothing built, nothing ignored."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .reading import ROOT

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "typings", "*.egg-info", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis",
    ".pytest_cache", "mutants",
)  # fmt: skip
_OFFLINE = ("No matching distribution", "Could not find a version", "Temporary failure", "Connection")


def copy(folder: Path) -> Path:
    """The tree, in `folder`, which is made."""
    shutil.copytree(ROOT, folder, ignore=_LEFT_OUT)
    return folder


def environment() -> dict[str, str]:
    """A stranger's: nothing of this project, of Python or of a virtual environment is set."""
    ours = ("INTERLOCK_", "PYTHON", "VIRTUAL_ENV", "MAKE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run(*words: "str | Path", cwd: Path, env: dict[str, str], timeout_s: float = 1800) -> str:
    """What a command prints, which must end with 0; skipped where only the way to a package index lacks."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if done.returncode and any(text in said for text in _OFFLINE):
        pytest.skip(f"no package index is in reach: {said[-200:]}")
    assert done.returncode == 0, f"{' '.join(map(str, words))}\nended with {done.returncode}\n{said}"
    return done.stdout
