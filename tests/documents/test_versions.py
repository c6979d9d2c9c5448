"""One version, told alike by the package, the firmware, the program and the changelog."""

import re
import subprocess
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from host_tools import program
from host_tools.store import schema
from interlock import VERSION
from interlock.core import settings, wire

from .reading import ROOT

HERE = ".".join(str(part) for part in VERSION)
ONE_VERSION = re.compile(r"[\w$.-]+==[\w.]+")


def test_the_program_says_its_version_the_protocols_and_the_stores() -> None:
    said = CliRunner().invoke(program.app, ["--version"])
    assert said.exit_code == 0
    assert said.stdout.split("\n")[:3] == [
        f"interlock {HERE}",
        f"session protocol {wire.VERSION}",
        f"store {schema.VERSION}",
    ]


def test_package_and_firmware_are_of_one_version_that_the_changelog_begins_with() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["project"]["version"] == HERE
    assert re.findall(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)[0] == HERE


def test_make_says_how_long_before_whatever_is_silent_for_long(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "-n", "demo", "test", "check"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    silent = [i for i, line in enumerate(lines) if "pip install" in line and "apt install" not in line]
    assert len(silent) >= 3
    for i in (*silent, next(i for i, line in enumerate(lines) if "interlock simulate" in line)):
        before = next(line for line in reversed(lines[:i]) if line.startswith("echo"))
        assert re.search(r"seconds|minute", before) and before.endswith('..."'), before
    told = before.removesuffix(' ..."').partition("Playing the first shift: ")[2]
    assert told and f"plays a shift: {told} (" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_cut_that_is_named_is_played_alone_and_told_to_the_test() -> None:
    done = subprocess.run(["make", "-n", "test", "CUT=a.b:1.c"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tests/powercut" in done.stdout
    done = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tests/powercut" not in done.stdout


def test_every_package_that_is_asked_for_is_pinned_to_one_version() -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    told = whole["project"]
    asked = [*told["dependencies"], *(one for extra in told["optional-dependencies"].values() for one in extra)]
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M))
    plain = {re.sub(r"[-_.]+", "-", name).lower() for name in pinned}
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ]", one)[0]).lower() for one in asked} - {told["name"]}
    assert len(names) > 20 and names <= plain, names - plain
    assert [one for one in whole["build-system"]["requires"] if not ONE_VERSION.fullmatch(one)] == []


def test_make_installs_nothing_without_a_version() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = [line.split(" install ")[1].split("||")[0] for line in text.splitlines() if "pip install " in line]
    assert len(installs) == 3
    free = [line for line in installs if "--constraint constraints.txt" not in line]
    asked = [re.sub(r"--(target \S+|[a-z-]+)", "", line).split() for line in free]
    assert asked and not [one for words in asked for one in words if not ONE_VERSION.fullmatch(one)], asked


def test_the_changelogs_forms_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M))
    assert rows["session protocol (`wire.VERSION`)"] == str(wire.VERSION)
    assert rows["store"] == str(schema.VERSION)
    assert re.findall(r"`ILS` (\d+)", rows["journal in flash, settings in flash"]) == [str(settings.MAGIC[3])]
