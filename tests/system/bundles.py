"""A bundle, and its verifier run as a stranger would run it: for tests of both."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

from host_tools.exporting import bundle, verifier
from host_tools.reporting.asked import Beside
from tests.host.exports import ASKED, Force, said

SHOWN = "H1:9"


def bundled(force: Force) -> Path:
    """A bundle with a statement that is signed by somebody whom the force vouches for."""
    store = force.open()
    _, vouched = said(store, "H1", 9, "PC1")
    store.close()
    known = force.beside
    beside = Beside(known.force, known.units, known.pairs, {"PC1": (vouched,)}, known.keys)
    path = force.place.parent / "H1-9.zip"
    bundle.write(path, SHOWN, force.holdings, beside, ASKED)
    return path


def run(what: Path, *arguments: str | Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """As a stranger would: no site, no environment, in a folder with nothing else in it."""
    where = what.parent / "empty"
    where.mkdir(exist_ok=True)
    words = [python, "-I", "-S", str(what), *map(str, arguments)]
    return subprocess.run(words, cwd=where, env={"PATH": ""}, capture_output=True, text=True, timeout=300)


def here(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The same program on this folder, in this process: a bare Python compiles all of it anew each time."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    words = [str(argument) for argument in arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verifier.main(str(folder), words)
    said = []
    for stream in (out, err):
        stream.seek(0)
        said.append(stream.read())
    return subprocess.CompletedProcess(words, code, *said)


def findings(folder: Path, *arguments: str | Path) -> list[str]:
    return found_in(run(folder / "verify.py", *arguments))


def findings_here(folder: Path, *arguments: str | Path) -> list[str]:
    return found_in(here(folder, *arguments))


def found_in(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.stderr == "" and done.returncode in (0, 1), done.stderr
    found = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("FINDING")]
    assert bool(found) == (done.returncode == 1)
    assert ("THE BUNDLE IS NOT WHAT IT SAYS IT IS" in done.stdout) == bool(found)
    return [line.removeprefix("FINDING").strip() for line in found]
