"""How many examples properties get: every day some of those that they name, in the deep lane several times as many."""

from collections.abc import Callable, Iterable

import pytest

SHARE = 4
"""Every day one in so many of the examples that a property names; the lane `hypothesis` takes four times all."""
LEAST = 25
"""But no fewer than these, or all."""


def every_day(count: int) -> int:
    """Of so many examples."""
    return min(count, max(LEAST, count // SHARE))


def change(items: Iterable[pytest.Item], count: Callable[[int], int], **more: object) -> None:
    """Let these hypothesis tests get `count(examples)` instead of the examples that they name; `more`: settings."""
    from hypothesis import settings

    seen = set[int]()
    for item in items:
        function = getattr(item.obj, "__func__", item.obj)  # type: ignore[attr-defined]
        if id(function) in seen:
            continue
        seen.add(id(function))
        # A machine's settings are its TestCase's; a function's, hypothesis' own pytest plugin keeps in this attribute.
        owner, name = function, "_hypothesis_internal_use_settings"
        if isinstance(getattr(item.cls, "settings", None), settings):  # type: ignore[attr-defined]
            owner, name = item.cls, "settings"  # type: ignore[attr-defined]
        held = getattr(owner, name, settings())
        setattr(owner, name, settings(held, max_examples=count(held.max_examples), **more))  # type: ignore[arg-type]
