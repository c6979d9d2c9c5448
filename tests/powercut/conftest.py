"""`make test CUT=id`: only the plan of that name is played, whichever sweep it came from."""

import os

import pytest

REPEATS = "test_the_plan_named_in_cut_is_repeated"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    is_named = bool(os.environ.get("CUT"))
    left_out = [item for item in items if (item.name == REPEATS) != is_named]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
