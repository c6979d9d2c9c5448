"""One version, told alike by the package, the firmware, the program and the changelog."""

import re
import tomllib

from typer.testing import CliRunner

from host_tools import program
from host_tools.store import schema
from interlock import VERSION
from interlock.core import settings, wire

from .reading import ROOT

HERE = ".".join(str(part) for part in VERSION)


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


def test_the_changelogs_forms_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M))
    assert rows["session protocol (`wire.VERSION`)"] == str(wire.VERSION)
    assert rows["store"] == str(schema.VERSION)
    assert re.findall(r"`ILS` (\d+)", rows["journal in flash, settings in flash"]) == [str(settings.MAGIC[3])]
