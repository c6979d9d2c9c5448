"""From where on a journal is doubted: the first place that is altered, or that something contradicts."""

from pathlib import Path

import pytest

from host_tools.reporting.doubted import doubted_from
from host_tools.reporting.held import from_store
from host_tools.verifying.outcomes import Altered, Cloned, Contradicted, Gap, Outcome, RolledBack
from interlock.core import frames

from .books import holster, own, used
from .report_shift import T, filled

ALTERED = Altered(40, 41, None, "seal", "its seal does not fit")
SOMEWHERE = Altered(None, None, 3, "header", "its header does not fit")


@pytest.mark.parametrize(
    ("outcomes", "first"),
    [
        ([], None),
        ([Gap(3, 9, "")], None),
        ([ALTERED], 40),
        ([Contradicted(50, 60, "the note of a pull"), ALTERED], 40),
        ([Contradicted(12, 60, "the note of a pull"), ALTERED], 12),
        ([RolledBack(30, "it ended earlier"), ALTERED], 30),
        ([RolledBack(None, "it ended earlier"), ALTERED], 0),
        ([Cloned(7, "ab", "two pulls")], 0),
        ([SOMEWHERE], 0),
    ],
)
def test_a_journal_is_doubted_from_the_first_place_that_does_not_fit(
    outcomes: list[Outcome], first: int | None
) -> None:
    assert doubted_from(outcomes) == doubted_from(reversed(outcomes)) == first


def test_a_journal_that_two_versions_tell_is_doubted_from_where_they_part(tmp_path: Path) -> None:
    book = holster().clock(0, T)
    common = len(book.records)
    used(book, 10_000, 5, frames.DISCHARGE)
    store = filled(tmp_path / "s.sqlite", [book, own().clock(0, T)])
    assert [from_store(store.journal(unit)).doubted for unit in ("UNIT1", "UNIT2")] == [None, None]
    back = used(holster().clock(0, T), 70_000, 5)
    store.add(back.serial, common, back.chains[common], back.raws[common:], epoch=0, by="PC1", utc_ms=T)
    doubted = from_store(store.journal("UNIT1"))
    assert doubted.doubted == common and doubted.journal().doubted == common and not doubted.journal().complete
    store.close()
