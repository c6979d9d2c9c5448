"""What is counted of uses, by whom and when: the headline, its rows by month, unit and team, and what people say."""

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from host_tools.reporting.annotated import exemption
from host_tools.reporting.asked import Asked, Beside
from host_tools.reporting.breakdown import breakdown, headline, quantiles
from host_tools.reporting.figures import AlertCount, Apart, Count, Headline, Quantiles, Row
from host_tools.reporting.grounds import Annotation, Continuity
from host_tools.reporting.lanes import Lane, Mark, Timeline
from host_tools.reporting.listed import Left
from host_tools.reporting.model import Unit, Use
from host_tools.reporting.notes import notes
from host_tools.reporting.parts import Part
from tests.host.reports import DAY_MS, T, event, said, unit, use

MONTH_MS = 31 * DAY_MS


def counts(count: Count) -> tuple[int, int, int, int, int]:
    return count.total, count.before, count.late, count.unwitnessed, count.indeterminate


def with_said(told: Use, place: int, *annotations: Annotation) -> Use:
    """The use with this said of one of its events, as the report weighs it."""
    events = list(told.events)
    said_of = list(annotations)
    events[place] = replace(events[place], annotations=said_of, exempt=exemption(events[place].verdict, said_of))
    return replace(told, events=events)


# Verdicts.


def test_every_event_is_in_one_verdict_of_its_kind() -> None:
    found = headline([use(1, T, None, "lbb"), use(2, T, None, "luu"), use(3, T, None, "i"), use(4, T, None, "lli")])
    assert counts(found.discharges) == (3, 1, 0, 1, 1)
    assert counts(found.arms) == (3, 1, 1, 1, 0)
    assert counts(found.draws) == (4, 0, 3, 0, 1)


def test_how_late_is_told_by_nearest_rank_of_the_late_ones_alone() -> None:
    late = [replace(event("discharge", n, T, 0, "late", "H1", "C1"), late_by_ms=n * 100) for n in range(1, 11)]
    before = event("discharge", 99, T, 0, "before", "H1", "C1")
    found = headline([replace(use(1, T, None, ""), events=[*late, before])]).discharges
    assert found.late_by == Quantiles(10, 500, 900, 1000, 1000)
    assert headline([use(1, T, None, "bbb")]).discharges.late_by == Quantiles(0, None, None, None, None)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_a_quantile_is_the_smallest_of_them_that_is_not_less_than_its_share(times_ms: list[int]) -> None:
    found = quantiles([*times_ms, None])
    assert found.count == len(times_ms) and found.max_ms == max(times_ms)
    for percent, value in ((50, found.p50_ms), (90, found.p90_ms), (99, found.p99_ms)):
        assert value in times_ms
        assert 100 * sum(ms <= value for ms in times_ms) >= percent * len(times_ms)
        assert 100 * sum(ms < value for ms in times_ms) < percent * len(times_ms)


def test_video_that_broke_off_before_the_weapon_was_back_is_told_beside_the_verdict() -> None:
    states = ("unbroken", "broken", "unknown", "broken")
    uses = []
    for number, state in enumerate(states, 1):
        told = use(number, T, None, "bbb")
        last = replace(told.events[-1], continuity=Continuity(state, [], "as it is", []))
        uses.append(replace(told, events=[*told.events[:-1], last]))
    found = headline([*uses, use(9, T, None, "lll")]).discharges
    assert (found.before, found.unbroken, found.broken, found.unknown_end) == (4, 1, 2, 1)


# What counts apart.


def test_tests_and_cancelled_draws_are_in_no_other_figure() -> None:
    tested = replace(use(1, T, None, "uuu"), coded="function test")
    tried = replace(use(2, T, None, "u"), coded="test mode")
    cancelled = replace(use(3, T, None, "l"), cancelled=True)
    found = headline([tested, tried, cancelled, use(4, T, None, "b")])
    assert found.function_tests == Apart(1, 1, 1, 1) and found.test_mode == Apart(1, 0, 0, 1)
    assert counts(found.cancelled_draws) == (1, 0, 1, 0, 0)
    assert counts(found.draws) == (1, 1, 0, 0, 0) and found.discharges.total == found.arms.total == 0
    assert (found.company.lone, found.heard.count, found.recording.count) == (1, 1, 1)


def test_a_discharge_of_a_use_that_was_cancelled_counts_all_the_same() -> None:
    assert headline([replace(use(1, T, None, "lbb"), cancelled=True)]).discharges.total == 1


# Reactions and alerts.


def test_reactions_are_of_uses_that_were_aired_and_silence_is_counted() -> None:
    answered = replace(use(1, T, None, "b"), heard_ms=20, recording_ms=900)
    silent = replace(use(2, T, None, "u"), heard_ms=None, recording_ms=None)
    unsummed = replace(use(3, T, None, "u"), heard_ms=None, recording_ms=None, late_acks=None)
    kept = use(4, T, None, "u")
    kept = replace(kept, events=[replace(one, aired=False) for one in kept.events], heard_ms=None, recording_ms=None)
    found = headline([answered, silent, unsummed, kept])
    assert found.heard == Quantiles(1, 20, 20, 20, 20) and found.recording.p50_ms == 900
    assert found.unanswered == 1, "of one the unit says nothing, and one was not aired"


def test_alerts_are_counted_by_name_with_muted_ones_told_apart() -> None:
    marks = [Mark(0, "alert", text) for text in ("camera not heard", "camera not heard (muted)", "battery low")]
    told = replace(use(1, T, None, "u"), timeline=Timeline(0, 1, [Lane("alerts", "alerts", marks, [])]))
    found = headline([told, replace(told, coded="function test")])
    assert found.alerts == [AlertCount("battery low", 1, 0), AlertCount("camera not heard", 2, 1)]


# What people say.


def test_an_exemption_stands_beside_the_verdict_and_changes_none() -> None:
    plain, exempt = use(1, T, None, "luu"), with_said(use(1, T, None, "luu"), 2, said("immediate_danger"))
    assert exempt.events[2].exempt == "immediate_danger"
    before, after = headline([plain]).discharges, headline([exempt]).discharges
    assert after == replace(before, exempt=1) and after.exempt_confirmed == 0
    confirmed = with_said(plain, 2, said("immediate_danger", confirmed_by="SGT7"))
    assert headline([confirmed]).discharges == replace(before, exempt=1, exempt_confirmed=1)


def test_only_a_well_signed_annotation_exempts_and_never_what_was_before() -> None:
    for signature in ("stranger", "forged", "none"):
        told = with_said(use(1, T, None, "luu"), 2, said("other", signature=signature, confirmed_by="SGT7"))
        found = headline([told])
        assert (found.discharges.exempt, found.discharges.exempt_confirmed) == (0, 0)
        assert found.without_training.total == 1
    assert headline([with_said(use(1, T, None, "lbb"), 2, said("other"))]).discharges.exempt == 0


def test_of_several_exemptions_the_confirmed_one_is_told_then_the_newest() -> None:
    older, newer = said("sensor_fault", utc_ms=1), said("other", utc_ms=2)
    assert exemption("late", [older, newer]) == "other"
    assert exemption("late", [replace(older, confirmed_by="SGT7"), newer]) == "sensor_fault"


def test_what_two_persons_call_training_stays_in_the_headline_and_is_left_out_beside_it() -> None:
    real = use(1, T, None, "lbb")
    alone = with_said(use(2, T, None, "luu"), 2, said("training"))
    both = with_said(use(3, T, None, "luu"), 2, said("training", confirmed_by="SGT7"))
    found = headline([real, alone, both])
    assert counts(found.discharges) == (3, 1, 0, 2, 0)
    assert counts(found.without_training) == (2, 1, 0, 1, 0)


# Rows.


def test_each_use_is_in_one_row_of_its_month_its_weapon_and_its_team() -> None:
    uses = [use(1, T, "Roads", "lbb"), use(1, T + MONTH_MS, "Roads", "luu", first=200), use(2, None, None, "l")]
    units = [unit(1, "holster", "Roads"), unit(2, "holster", None)]
    found = breakdown(uses, units)
    assert [(row.key, row.uses, row.headline.discharges.before) for row in found.months] == [
        ("2026-10", 1, 1),
        ("2026-11", 1, 0),
        ("unknown", 1, 0),
    ]
    assert [(row.key, row.name, row.uses) for row in found.units] == [
        ("H1", "Holster no. 1", 2),
        ("H2", "Holster no. 2", 1),
    ]
    assert [(row.key, row.uses) for row in found.teams] == [("Roads", 2), ("unknown", 1)]


events_of = st.text("blui", max_size=3)


@st.composite
def any_use(draw: st.DrawFn) -> Use:
    number = draw(st.integers(1, 4))
    utc_ms = draw(st.none() | st.integers(0, 14).map(lambda months: T + months * MONTH_MS))
    told = use(number, utc_ms, draw(st.sampled_from((None, "A", "B"))), draw(events_of), draw(st.integers(1, 9)) * 100)
    told = replace(
        told,
        coded=draw(st.sampled_from((None, None, "function test", "test mode"))),
        cancelled=draw(st.booleans()),
        lone=draw(st.sampled_from((None, True, False))),
        heard_ms=draw(st.none() | st.integers(0, 5000)),
        recording_ms=draw(st.none() | st.integers(0, 5000)),
        late_acks=draw(st.none() | st.just(0)),
    )
    for place in range(len(told.events)):
        if draw(st.booleans()):
            signature = draw(st.sampled_from(("good", "stranger", "none")))
            code, by = draw(st.sampled_from(("training", "other"))), draw(st.sampled_from((None, "SGT7")))
            told = with_said(told, place, said(code, signature=signature, confirmed_by=by))
    return told


def numbers(value: Any, path: str = "") -> dict[str, int]:
    """Every figure that adds up: all but quantiles."""
    if isinstance(value, Quantiles):
        return {f"{path}.count": value.count}
    if isinstance(value, list):
        return {f"{path}.{alert.name}": alert.given for alert in value}
    if isinstance(value, int):
        return {path: value}
    found: dict[str, int] = {}
    for field in fields(value):
        found |= numbers(getattr(value, field.name), f"{path}.{field.name}")
    return found


def summed(rows: list[Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        for name, number in numbers(row.headline).items():
            found[name] = found.get(name, 0) + number
    return found


@given(st.lists(any_use(), max_size=12))
def test_the_headline_is_the_sum_of_its_rows_whatever_the_uses(uses: list[Use]) -> None:
    whole = headline(uses)
    found = breakdown(uses, [])
    for rows in (found.months, found.units, found.teams):
        assert sum(row.uses for row in rows) == len(uses)
        assert len({row.key for row in rows}) == len(rows)
        expected = {name: number for name, number in numbers(whole).items() if uses or number}
        assert summed(rows) == expected
    assert sum_of_verdicts(whole)


def sum_of_verdicts(found: Headline) -> bool:
    counted = (found.discharges, found.arms, found.draws, found.cancelled_draws, found.without_training)
    return all(
        count.before + count.late + count.unwitnessed + count.indeterminate == count.total
        and count.own_before + count.own_late + count.own_unwitnessed + count.own_indeterminate == count.total
        and count.before_untouched <= count.before
        and count.unbroken + count.broken + count.unknown_end == count.before
        and count.exempt_confirmed <= count.exempt <= count.total - count.before
        and count.late_covered <= count.late == count.late_by.count
        for count in counted
    )


@given(st.lists(any_use(), max_size=8), st.randoms())
def test_the_order_of_uses_changes_no_figure(uses: list[Use], chance: Any) -> None:
    shuffled = list(uses)
    chance.shuffle(shuffled)
    assert headline(shuffled) == headline(uses) and breakdown(shuffled, []) == breakdown(uses, [])


# What limits the figures.


def told_of(units: list[Unit]) -> Part:
    return Part([], [], units, [], [], [], {}, [], Left(), [])


def test_overdue_and_never_pulled_units_are_part_of_the_truth() -> None:
    units = [unit(1, "holster", None, 1), unit(2, "holster", None, 9), unit(3, "holster", None, None)]
    told = notes(told_of(units), Beside(), Asked(T, overdue_days=7))
    assert any("Of 1 known units nothing is here (Holster no. 3)" in text for text in told)
    assert any("Not pulled for more than 7 days: 1 units (Holster no. 2 (9 days))" in text for text in told)


def test_a_note_names_so_many_units_and_counts_the_rest() -> None:
    (told,) = notes(told_of([unit(n, "holster", None, None) for n in range(1, 101)]), Beside(), Asked(T))
    assert "Holster no. 40, and 60 more" in told and "Holster no. 41," not in told
