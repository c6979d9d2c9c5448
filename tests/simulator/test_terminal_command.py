"""`python -m simulator.terminal` as whoever starts and ends it meets it."""

import subprocess
import sys
from pathlib import Path

import pytest

SAYS_AND_IS_ENDED = """
import os, signal, sys

class Quick:
    def __getattr__(self, name): return getattr(sys.__stderr__, name)
    def write(self, text):
        done = sys.__stderr__.write(text)
        if "Ctrl-C ends it" in text:
            os.kill(os.getpid(), signal.{})
        return done

sys.stderr = Quick()
sys.argv = ["terminal", "esp32_s3", "--port", "port", "--keep", "flash"]
import typer
from simulator.terminal.__main__ import main
typer.run(main)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ctrl_c_at_the_instant_at_which_it_is_said_to_end_it_does_and_keeps_the_flash(
    tmp_path: Path, name: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS_AND_IS_ENDED.format(name)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert (tmp_path / "flash").stat().st_size > 1 << 20
