"""A bundle checks itself: in a bare Python, in an empty place, with nothing of ours installed. What lies planted in it
come to is in `test_bundle_*lies.py`."""

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.exporting import bundle, files
from tests.host.exports import ASKED, Force, sum_anew
from tests.system.bundles import SHOWN, findings_here, here, run

ROOT = Path(__file__).parent.parent.parent
FIRST_SHIFT = ROOT / "simulator" / "scenarios" / "first_shift.toml"


def pythons() -> Iterator[str]:
    """Of other versions, as far as they are on this machine: on the path, or kept by pyenv."""
    for minor in range(11, 16):
        found = shutil.which(f"python3.{minor}")
        if found is not None and "shims" not in Path(found).parts:
            yield found
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(kept.glob("3.*/bin/python3")))


def version_of(python: str) -> tuple[int, int]:
    done = subprocess.run(
        [python, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    )
    major, minor = done.stdout.split()
    return int(major), int(minor)


def by_version() -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for python in pythons():
        found.setdefault(version_of(python), python)
    return found


# What is true is found true.


def test_a_bare_python_checks_the_bundle_in_its_folder_and_as_a_file(packed: Path, unpacked: Path) -> None:
    before = dict(files.names_in(unpacked))
    for what in (unpacked / "verify.py", packed):
        done = run(what)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        assert "The bundle is what it says it is, and nothing is found" in done.stdout
        assert "H1:15 discharge" in done.stdout and "training, by PC1: signed" in done.stdout
        assert "every field of incident.json is what follows" in done.stdout
    assert dict(files.names_in(unpacked)) == before  # nothing is left in it


def test_what_is_installed_or_lies_about_is_not_taken_for_its_own(packed: Path, unpacked: Path, tmp_path: Path) -> None:
    """Without -I and -S, too: modules of the same names are elsewhere, in the way."""
    for name in ("host_tools", "interlock", "json", "hashlib"):
        for place in (tmp_path / "installed", unpacked.parent / "cwd"):
            (place / name).mkdir(parents=True)
            (place / name / "__init__.py").write_text("raise SystemExit(0)")
    for what in (unpacked / "verify.py", packed):
        done = subprocess.run(
            [sys.executable, str(what)], cwd=unpacked.parent / "cwd", env={"PYTHONPATH": str(tmp_path / "installed")},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0 and "The bundle is what it says it is" in done.stdout, done.stderr


def test_it_runs_in_every_python_from_3_11_on_that_is_here(unpacked: Path) -> None:
    found = {version: python for version, python in by_version().items() if version >= (3, 11)}
    if not set(found) - {sys.version_info[:2]}:
        pytest.skip("no other Python from 3.11 on is on this machine")
    said_by = {}
    for version, python in found.items():
        done = run(unpacked / "verify.py", python=python)
        assert (done.returncode, done.stderr) == (0, ""), (version, done.stderr)
        said_by[version] = done.stdout
    assert len(set(said_by.values())) == 1, "they do not say the same"


def test_an_older_python_says_what_is_needed(unpacked: Path) -> None:
    old = {version: python for version, python in by_version().items() if (3, 0) <= version < (3, 11)}
    if not old:
        pytest.skip("no Python before 3.11 is on this machine")
    for python in old.values():
        done = run(unpacked / "verify.py", python=python)
        assert done.returncode == 2 and "needs Python 3.11" in done.stderr and "Traceback" not in done.stderr


def test_nothing_but_the_bundle_is_imported(unpacked: Path) -> None:
    """Modules come from Python itself and from `verifier/`; no socket is opened."""
    probe = (
        "import runpy, socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "sys.argv = ['verify.py']\n"
        "try: runpy.run_path('bundle/verify.py', run_name='__main__')\n"
        "except SystemExit as end: print('code', end.code)\n"
        "for name, module in sorted(sys.modules.items()):\n"
        "    place = getattr(module, '__file__', None) or ''\n"
        "    if name.partition('.')[0] not in (*sys.stdlib_module_names, '__main__'): print('from', name, place)\n"
    )
    words = [sys.executable, "-I", "-S", "-c", probe]
    done = subprocess.run(words, cwd=unpacked.parent, env={}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "code 0" in done.stdout, done.stderr
    taken = [line.split() for line in done.stdout.splitlines() if line.startswith("from ")]
    assert len(taken) > 60
    assert all(place.startswith(str(unpacked / "verifier")) for _, _, place in taken), taken


def test_a_published_key_is_told_from_one_that_only_the_bundle_has(
    force: Force, unpacked: Path, tmp_path: Path
) -> None:
    key = tmp_path / "published.pub"
    key.write_bytes(force.weapon.signer.public)
    done = run(unpacked / "verify.py", "--public-key", key)
    assert done.returncode == 0 and done.stdout.count("which is one that you gave") == 1
    assert done.stdout.count("only this bundle says that it is the unit") == 2
    key.write_bytes(b"no key")
    assert here(unpacked, "--public-key", key).returncode == 2


@pytest.mark.deep
def test_the_bundle_of_a_simulated_shift_is_checked_as_well(tmp_path: Path) -> None:
    """Real firmware in virtual units, a vault, and the commands that people type."""
    play = [sys.executable, "-c", "from host_tools.cli import main; main()"]
    home = tmp_path / "home"
    words = ["simulate", str(FIRST_SHIFT), "--seed", "1", "--out", str(home)]
    subprocess.run([*play, *words], cwd=ROOT, capture_output=True, check=True, timeout=600)
    with (home / "events.csv").open(encoding="utf-8", newline="") as lines:
        event = next(row["reference"] for row in csv.DictReader(lines) if row["verdict"] == "unwitnessed")
    made = [*play, "--home", str(home), "export", event, "--bundle", str(tmp_path / "b.zip")]
    subprocess.run(made, cwd=ROOT, capture_output=True, check=True, timeout=300)
    done = run(tmp_path / "b.zip", "--public-key", home / "vault" / "public" / "H1-1.pub")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"{event} draw" in done.stdout and "unwitnessed" in done.stdout and "one that you gave" in done.stdout


@pytest.mark.parametrize("serial", ["H1", "C1", "C2"])
def test_somebody_elses_tool_verifies_what_the_unit_signed(unpacked: Path, serial: str) -> None:
    """As the README says: `hsslms verify` of pyhsslms."""
    tool = [sys.executable, "-c", "from pyhsslms.hsslms import main; main()", "verify"]
    words = [*tool, f"../keys/{serial}-1", f"{serial}.0.msg"]
    where = unpacked / "evidence" / "signed"
    done = subprocess.run(words, cwd=where, capture_output=True, text=True, timeout=60)
    assert "valid" in done.stdout.lower() and "not valid" not in done.stdout.lower(), done.stdout + done.stderr
    assert "hsslms verify ../keys/H1-1 H1.0.msg" in (unpacked / "README.txt").read_text(encoding="utf-8")
    (where / f"{serial}.0.msg").write_bytes(b"another message")
    assert subprocess.run(words, cwd=where, capture_output=True, text=True, timeout=60).stdout != done.stdout
    sum_anew(unpacked)
    assert findings_here(unpacked) == [f"{serial}: signed/{serial}.0.msg is not what the unit's journal has"]


def test_each_record_that_a_verdict_rests_on_and_nobody_signed_is_named(force: Force, tmp_path: Path) -> None:
    """Of the last use nothing is signed yet, of the first all of it."""
    bundle.write(tmp_path / "b.zip", "H1:49", force.holdings, force.beside, ASKED)
    done = run(tmp_path / "b.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    bare = [line for line in done.stdout.splitlines() if "no signature covers" in line]
    assert [line.split()[2] for line in bare] == ["H1:49:", "H1:50:", "H1:51:"]
    assert "H1:51" in bare[2].split("covers")[1]
    bundle.write(tmp_path / "c.zip", SHOWN, force.holdings, force.beside, ASKED)
    assert "no signature covers" not in here(tmp_path / "c.zip").stdout


def test_a_persons_key_from_elsewhere_makes_what_they_signed_theirs(force: Force, unpacked: Path) -> None:
    """Without it only the bundle says whose the key is: so it is said, with the key as people write it."""
    by = "note     H1:9: training, by PC1: signed, confirmed by nobody; only this bundle says whose key that is"
    done = here(unpacked)
    found = re.search(r"note +PC1: (ILK1-[0-9A-Z-]+); only this bundle says that it is this person's", done.stdout)
    assert found is not None and by in done.stdout
    done = run(unpacked / "verify.py", "--person-key", f"PC1={found[1]}")
    assert done.returncode == 0 and f"ok       PC1: {found[1]}, which is one that you gave" in done.stdout
    assert "ok       H1:9: training, by PC1: signed, confirmed by nobody" in done.stdout
    (named,) = findings_here(unpacked, "--person-key", f"PC2={found[1]}")
    assert named == f"{found[1]}, which you gave, is not PC2's here: the key was exchanged, or is another person's"
    assert by in here(unpacked, "--person-key", f"PC2={found[1]}").stdout
    for wrong in ("PC1", found[1], "PC1=ILK1-7", f"PC1={found[1][:-1]}-"):
        assert here(unpacked, "--person-key", wrong).returncode == 2
