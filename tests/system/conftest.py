"""What more than one system test stands on."""

from pathlib import Path

import pytest

from host_tools.exporting import unpacking
from tests.host.exports import Force
from tests.system.bundles import bundled


@pytest.fixture(scope="session")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    """Not to be changed: all tests of bundles are of it."""
    return Force(tmp_path_factory.mktemp("force") / "home" / "journals.sqlite")


@pytest.fixture(scope="session")
def packed(force: Force) -> Path:
    return bundled(force)


@pytest.fixture
def unpacked(packed: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    unpacking.unpack(packed, folder)
    return folder
