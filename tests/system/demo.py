"""The demo, played once in a process for whatever tests look at it; one worker plays these (`tests/conftest.py`)."""

import functools
import os
import subprocess
import sys
from pathlib import Path

FIRST_SHIFT = Path(__file__).parents[2] / "simulator/scenarios/first_shift.toml"
INTERLOCK = Path(sys.executable).with_name("interlock")


def interlock(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    """What the command does; `env` is added to the environment."""
    return subprocess.run(
        [str(INTERLOCK), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **env},
    )


@functools.cache
def first_shift(base: Path) -> Path:
    """The folder in `base` that the demo left. Not to be changed."""
    folder = base / "demo"
    done = interlock("simulate", FIRST_SHIFT, "--seed", 1, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "was video running before it?" in done.stdout
    return folder
