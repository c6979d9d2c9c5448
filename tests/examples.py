"""How many examples properties get: every day some of those that they name, in the deep lane several times as many."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import settings

SHARE = 4
"""Every day one in so many of the examples that a property names; the lane `hypothesis` takes four times all."""
LEAST = 25
"""But no fewer than these, or all."""


def every_day(count: int) -> int:
    """Of so many examples."""
    return min(count, max(LEAST, count // SHARE))


def _place(item: Any) -> tuple[Any, str]:
    """(whose, which) attribute holds this test's settings: of a machine its TestCase's, of a function the one in which
    hypothesis' own pytest plugin keeps them."""
    if isinstance(getattr(item.cls, "settings", None), settings):
        return item.cls, "settings"
    return getattr(item.obj, "__func__", item.obj), "_hypothesis_internal_use_settings"


def is_steady(item: pytest.Item) -> bool:
    """Whether its examples are the same in each run."""
    held = getattr(*_place(item), settings())
    return bool(held.derandomize) and held.database is None


def change(items: Iterable[pytest.Item], count: Callable[[int], int], **more: Any) -> None:
    """Let these hypothesis tests get `count(examples)` instead of the examples that they name; `more`: settings."""
    seen = set[int]()
    for item in items:
        owner, name = _place(item)
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        held = getattr(owner, name, settings())
        setattr(owner, name, settings(held, max_examples=count(held.max_examples), **more))
