"""A bundle, and its verifier run as a stranger would run it: for tests of both."""

import subprocess
import sys
from pathlib import Path

from host_tools.exporting import bundle
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


def findings(folder: Path, *arguments: str | Path) -> list[str]:
    done = run(folder / "verify.py", *arguments)
    assert done.stderr == "" and done.returncode in (0, 1), done.stderr
    found = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("FINDING")]
    assert bool(found) == (done.returncode == 1)
    assert ("THE BUNDLE IS NOT WHAT IT SAYS IT IS" in done.stdout) == bool(found)
    return [line.removeprefix("FINDING").strip() for line in found]
