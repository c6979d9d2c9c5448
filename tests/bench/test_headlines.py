"""The figures in README.md are those that the bench is held to."""

import pytest

from . import bounds, headlines
from .headlines import HEADLINES, Part

BOUNDS = bounds.load()
SHOWN = {
    cells[0]: cells[1]
    for line in headlines.section(headlines.README.read_text(encoding="utf-8")).splitlines()
    if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 3
}


def is_held(part: Part, number: float) -> bool | None:
    """Whether it is within the bound of its row; None: that bounds something else of it."""
    found = BOUNDS.get(part.id)
    if not isinstance(found, bounds.Bound) or found.is_ratio != part.is_ratio:
        return None
    slack = 0.005 if part.is_ratio else 0.5  # it is rounded
    return found.low - slack <= number <= found.high + slack


@pytest.mark.parametrize("one", HEADLINES, ids=lambda one: one.what)
def test_a_figure_in_the_readme_is_within_the_bounds_of_its_row(one: headlines.Headline) -> None:
    numbers = one.read(SHOWN[one.what])
    held = [is_held(part, number) for part, number in zip(one.parts, numbers, strict=True)]
    assert False not in held, f"{SHOWN[one.what]}: write it anew: python -m tests.bench.headlines --write"
    assert True in held or one.goal, "nothing looks at it"


def test_the_readme_shows_these_and_no_other() -> None:
    assert set(SHOWN) - {"figure", "---"} == {one.what for one in HEADLINES}


def test_a_figure_that_is_out_of_its_bounds_is_noticed() -> None:
    (one,) = (one for one in HEADLINES if one.goal == "size.pico_w.mpy")
    assert one.read("106,687 bytes") == [106_687] and is_held(one.parts[0], 106_687)
    assert is_held(one.parts[0], 150_000) is False
    with pytest.raises(ValueError, match="not of the form"):
        one.read("about 100 kB")
