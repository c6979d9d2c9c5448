"""Every figure can be reckoned by somebody else: from the report's JSON, by what `host_tools/FIGURES.md` says."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from host_tools.reporting.figures import Count, Headline
from host_tools.reporting.model import Report, Use
from tests.host import recount
from tests.host.reports import report, unit

from .rich_report import rich
from .test_report import shift_report
from .test_report_figures import any_use

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
