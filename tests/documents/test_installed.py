"""The wheel and the source distribution hold what they must, and a program that pipx installed works far from any
checkout: the tools, the building of releases, the simulator.

pip, pipx and build fetch packages from the index that they are set to; without one in reach this is skipped.
"""

import fnmatch
import json
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

import pytest

from . import fresh
from .reading import ROOT
from .test_versions import HERE

pytestmark = pytest.mark.deep
PACKAGES = ("bleak_bumble", "host_tools", "simulator")
NOT_RUN = ("firmware/boards/TEMPLATE/*", "*.ini")
"""Of the packages and of `firmware/`; documents of rooms may come along."""
INSTALLED_WITH = "sim,flash"


@dataclass(frozen=True)
class Made:
    source: Path
    wheel: Path
    sdist: Path


def environment(home: Path) -> dict[str, str]:
    """Nothing of this checkout's but the versions of packages."""
    return fresh.environment() | {
        "INTERLOCK_HOME": str(home / "force"),
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIPX_HOME": str(home / "pipx"),
        "PIPX_BIN_DIR": str(home / "bin"),
        "PIPX_MAN_DIR": str(home / "man"),
        "SOURCE_DATE_EPOCH": "1767225600",
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Both, of a copy of the tree; the wheel out of the source distribution, as `build` does it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = fresh.copy(folder / "source")
    env = environment(folder)
    del env["PIP_CONSTRAINT"]  # its setuptools may be another than that of our tests
    fresh.run(sys.executable, "-m", "build", "--outdir", folder / "made", source, cwd=folder, env=env)
    (wheel,) = (folder / "made").glob("*.whl")
    (sdist,) = (folder / "made").glob("*.tar.gz")
    return Made(source, wheel, sdist)


def test_the_wheel_holds_every_file_that_is_run_as_it_is_in_the_tree_and_no_test(made: Made) -> None:
    assert made.wheel.name == f"interlock-{HERE}-py3-none-any.whl"
    with zipfile.ZipFile(made.wheel) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    paths = [path for room in (*PACKAGES, "firmware") for path in (made.source / room).rglob("*") if path.is_file()]
    there = {path.relative_to(made.source).as_posix(): path.read_bytes() for path in paths}
    wanted = {name: data for name, data in there.items() if not any(fnmatch.fnmatch(name, one) for one in NOT_RUN)}
    needed = {name for name in wanted if not name.endswith(".md")} | {"host_tools/FIGURES.md"}
    assert held.pop("interlock.pth") == b"firmware\n"
    assert needed <= set(held), f"missing: {sorted(needed - set(held))}"
    assert set(held) <= set(wanted), f"too many: {sorted(set(held) - set(wanted))}"
    assert [name for name in held if held[name] != wanted[name]] == []


def test_what_it_says_of_itself(made: Made) -> None:
    with zipfile.ZipFile(made.wheel) as wheel:
        of = next(name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name)
        told = HeaderParser().parsestr(wheel.read(f"{of}/METADATA").decode())
        assert wheel.read(f"{of}/licenses/LICENSE") == (made.source / "LICENSE").read_bytes()
        assert "interlock = host_tools.cli:main" in wheel.read(f"{of}/entry_points.txt").decode()
    assert told["Version"] == HERE and told["License-Expression"] == "Apache-2.0"
    assert told["Description-Content-Type"] == "text/markdown"
    assert told["Requires-Python"] == ">=3.11"
    extras = {"sim", "flash", "postgres", "images", "keyring", "parquet", "cluster"}
    assert extras <= set(told.get_all("Provides-Extra"))


def test_the_source_distribution_is_the_tree_that_a_contributor_needs(made: Made) -> None:
    with tarfile.open(made.sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for name in ("Makefile", "constraints.txt", "setup.py", "firmware/PROTOCOL.md", "docs/commands.md", "README.md"):
        assert name in names
    assert {f"tests/documents/{Path(__file__).name}", "examples/display.py"} <= names
    assert [name for name in names if "__pycache__" in name or "/.mypy_cache" in name] == []


def test_the_same_tree_and_date_make_the_same_wheel(made: Made, tmp_path: Path) -> None:
    env = environment(tmp_path)
    del env["PIP_CONSTRAINT"]
    fresh.run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, made.source, cwd=tmp_path, env=env)
    assert (tmp_path / made.wheel.name).read_bytes() == made.wheel.read_bytes()


def test_installed_by_pipx_it_works_far_from_a_checkout(made: Made, tmp_path: Path) -> None:
    env = environment(tmp_path)
    what = f"{made.wheel}[{INSTALLED_WITH}]"
    fresh.run(sys.executable, "-m", "pipx", "install", what, cwd=tmp_path, env=env)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env["INTERLOCK_KEY_FILE"] = str(tmp_path / "key")
    env["INTERLOCK_SIGNER_KEY_FILE"] = str(tmp_path / "signer")

    def interlock(*words: str) -> str:
        return fresh.run(tmp_path / "bin" / "interlock", *words, cwd=elsewhere, env=env)

    assert interlock("--version").startswith(f"interlock {HERE}\n")
    assert "provision" in interlock("--help") and "--since" in interlock("report", "--help")
    json.loads(interlock("schema", "report"))
    assert "esp32_c3" in interlock("power", "--board", "esp32_c3", "--battery", "1000")
    assert "1 label" in interlock("labels", "new", "--force", "POLICE", "--count", "1")
    interlock("release", "--new-key")
    interlock("release", "--board", "pico_w", "--out", "releases")
    assert (elsewhere / "releases" / f"interlock-{HERE}-pico_w.ilu").stat().st_size > 10_000
    facts = json.loads(interlock("simulate", "first_shift", "--out", "shift", "--json"))
    assert facts["scenario"] == "First shift" and {one["verdict"] for one in facts["journals"]} == {"intact"}
    said = interlock("verify", "shift/journals/H1.ilj", "shift/journals/C1.ilj")
    assert said.count("intact") == 2
    assert "discharges had video running before them" in interlock("--home", "shift", "report", "--out", "pages")
    fast = interlock("simulate", "bad_air", "--fidelity", "fast", "--out", "fast", "--json")
    assert json.loads(fast)["uses"]
