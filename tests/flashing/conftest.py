"""Boards at pseudo-terminals, and the host's command line."""

import pytest

from host_tools.flashing import flow
from tests.host.conftest import desk  # noqa: F401  # a fixture

from .world import seat


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A unit that starts is listened to no longer than its first words take."""
    monkeypatch.setattr(flow, "START_S", 0.3)


@pytest.fixture
def board(tmp_path):
    with seat(tmp_path / "port") as there:
        yield there
