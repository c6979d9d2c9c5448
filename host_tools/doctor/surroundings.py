"""What the checks look at: this computer, or answers that were recorded on another one."""

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .bluez import BlueZ
from .bluez import look as look_at_bluez
from .clock import ClockState
from .clock import look as look_at_clock

COMMAND_S = 10.0
TRIAL_S = 60.0
LISTEN_S = 3.0


@dataclass(frozen=True)
class Trial:
    """A scan by the host tools' own radio, in a process of its own. `heard`: units that invited; `happened`, `advice`:
    of the error it ended with; `signal`: of its death."""

    heard: int = 0
    happened: str | None = None
    advice: str | None = None
    signal: int | None = None


@dataclass(frozen=True)
class Surroundings:
    """`platform`: as `sys.platform`; `version`: of the system, such as 10.0.19045; `root`: below which /sys, /proc,
    /etc and /run are; `command`: standard output of a command, None where it cannot be run; `python`: its version."""

    platform: str
    version: str
    root: Path
    environ: Mapping[str, str]
    command: Callable[[Sequence[str]], str | None]
    bluez: Callable[[], Awaitable[BlueZ]]
    trial: Callable[[], Awaitable[Trial]]
    clock: Callable[[], ClockState | None]
    python: tuple[int, int] = field(default=(sys.version_info[0], sys.version_info[1]))

    def read(self, path: str) -> str | None:
        """A text file of the system, None when there is none or it may not be read."""
        try:
            return (self.root / path.lstrip("/")).read_text(errors="replace").strip(" \0\n")
        except OSError:
            return None

    def has(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()


def this_computer() -> Surroundings:
    """The real ones."""
    return Surroundings(
        platform=sys.platform,
        version=platform.mac_ver()[0] if sys.platform == "darwin" else platform.version(),
        root=Path("/"),
        environ=os.environ,
        command=_run,
        bluez=look_at_bluez,
        trial=_try_radio,
        clock=partial(look_at_clock, sys.platform, _run),
    )


def _run(command: Sequence[str]) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


async def _try_radio() -> Trial:
    """In a process of its own: macOS kills programs that may not use Bluetooth, without a word."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "host_tools.doctor.trial", str(LISTEN_S)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TRIAL_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return Trial(happened=f"a scan of {LISTEN_S:.0f} s was not over after {TRIAL_S:.0f} s")
    assert process.returncode is not None
    if process.returncode < 0:
        return Trial(signal=-process.returncode)
    if process.returncode:
        last = err.decode(errors="replace").strip().splitlines()[-1:]
        return Trial(happened=f"a scan ended with {' '.join(last) or f'exit code {process.returncode}'}")
    return Trial(**json.loads(out))
