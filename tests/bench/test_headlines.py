"""The figures in README.md are those that the bench is held to."""

import sys
from pathlib import Path

import pytest

from . import bounds, headlines, results
from .headlines import HEADLINES, Part
from .rows import Row, Spec

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


def test_what_was_measured_is_put_into_the_readme_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows are made up: of each the value is 4096, and what stands beside it twice as much."""
    ids = {part.id.removesuffix(".times") for one in HEADLINES for part in one.parts}
    rows = [Row(Spec(id_, id_, "1"), 4096.0, 8192.0) for id_ in sorted(ids)]
    before = headlines.README.read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    copy.write_text(before, encoding="utf-8")
    monkeypatch.setattr(headlines, "README", copy)
    monkeypatch.setattr(results, "FILE", tmp_path / "bench.json")
    monkeypatch.setattr(sys, "argv", ["headlines"])
    assert headlines.main() == 1 and "make bench" in capsys.readouterr().err, "nothing was measured yet"
    results.write(results.Results({"measured": "2026-03-04 05:06 UTC"}, rows), results.FILE)
    assert headlines.main() == 0 and copy.read_text(encoding="utf-8") == before
    printed = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["headlines", "--write"])
    assert headlines.main() == 0
    after = copy.read_text(encoding="utf-8")
    assert after == before.replace(headlines.section(before), printed) and "2026-03-04" in printed
    for one in HEADLINES:
        told = [2.0 if part.id.endswith(".times") else 0.5 if part.is_ratio else 4096.0 for part in one.parts]
        seen = next(line.split(" | ")[1] for line in printed.splitlines() if line.startswith(f"| {one.what} | "))
        assert one.read(seen) == told
    assert "**missed**" in printed and ": met" in printed
