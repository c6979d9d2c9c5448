"""Every figure can be reckoned by somebody else: from the report's JSON, by what `host_tools/FIGURES.md` says."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from host_tools.reporting.figures import Count, Headline
from host_tools.reporting.model import Report, Use
from interlock.core import frames
from tests.host import recount
from tests.host.reports import report, unit

from .books import holster, own
from .report_shift import shift_report
from .rich_report import rich
from .test_report_figures import any_use
from .test_verdict import verdicts

FIGURES = Path(__file__).parents[2] / "host_tools" / "FIGURES.md"


def as_reckoned_again(told: Report) -> bool:
    plain: dict[str, Any] = told.plain()
    uses, unlisted = plain["uses"], plain["unlisted"]
    assert plain["headline"] == recount.headline(uses, unlisted)
    for name, field in (("months", "month"), ("units", "serial"), ("teams", "team")):
        found = {row["key"]: (row["uses"], row["headline"]) for row in plain["breakdown"][name]}
        assert found == recount.rows(uses, unlisted, field)
    return True


def test_a_report_of_journals_has_the_figures_that_follow_from_its_uses() -> None:
    assert as_reckoned_again(shift_report())


def test_a_report_of_a_force_has_the_figures_that_follow_from_its_uses() -> None:
    assert as_reckoned_again(rich())


@given(st.lists(any_use(), max_size=8))
def test_any_uses_give_the_figures_that_the_document_says(uses: list[Use]) -> None:
    assert as_reckoned_again(report(uses, [unit(n, "holster", None) for n in range(1, 5)]))


def test_every_figure_is_explained_in_the_document() -> None:
    text = FIGURES.read_text(encoding="utf-8")
    for figures in (Headline, Count):
        missing = [field.name for field in fields(figures) if f"`{field.name}`" not in text]
        assert not missing, f"{FIGURES.name} does not say how these are reckoned"


@given(st.integers(1100, 9000), st.integers(0, 400), st.integers(0, 300))
def test_how_late_is_the_middle_and_the_farther_end_as_documented(on_ms: int, low_ms: int, round_ms: int) -> None:
    weapon = holster().event(1000, frames.DRAW, 5).ack(1030 + round_ms, 5, frames.HEARD)
    weapon.ack(on_ms + 500, 5, frames.PROVEN, low_ms).event(60_000, frames.REHOLSTER, 6)
    recorder = own().tally(0, False).heard(1010, 5).tally(on_ms, True).tally(70_000, False)
    draw = verdicts([weapon.done(), recorder.done()])[0]
    assume(draw.start is not None and draw.late_by_ms is not None)
    assert draw.start is not None
    low, high = draw.start.low - 1000, draw.start.high - 1000
    assert (draw.late_by_ms, draw.late_by_u_ms) == recount.late_by(low, high)
    assert recount.late_by(902, 908.5) == (905, 4) and recount.late_by(0, 10_000) == (5000, 5001)
