"""The same stories on stock Bumble controllers, without time, and on the simulator's air, where things take time."""

import pytest

from tests.bleak_bumble.world import World


@pytest.fixture(params=["stock", "air"])
def both_worlds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For `pytest.mark.usefixtures`: what a `World` is made of."""
    monkeypatch.setattr(World, "is_timed", request.param == "air")
