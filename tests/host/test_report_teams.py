"""Whose a weapon was by the roster, in which month a use was, and which units are behind."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from host_tools.reporting.asked import Asked
from host_tools.reporting.grounds import Moment
from host_tools.reporting.held import Held, from_verdict, unpulled
from host_tools.reporting.model import Report
from host_tools.reporting.report import build
from host_tools.reporting.teams import NOBODYS, Teams, Whose
from host_tools.reporting.times import is_out, month_of
from host_tools.roster.rules import RosterRow
from interlock.core import frames, records
from interlock.core.settings import ROLE_HOLSTER

from .books import HOLSTER, OWN, Book, holster, used

T = 1_800_000_000_000  # 2027-01-15, 08:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR
S = T // 1000


def shift(team: str, officer: str, from_h: float, to_h: float, serial: str = "UNIT1") -> RosterRow:
    return RosterRow(serial, officer, team, S + round(from_h * 3600), S + round(to_h * 3600))


def between(low_ms: int | None, high_ms: int | None) -> Moment:
    return Moment(1, 0, None, None, low_ms, high_ms, "")


def held(book: Book, read_ms: int = T + 10 * HOUR) -> Held:
    return from_verdict(book.serial, book.serial, book.verdict(), read_ms)


def made(*journals: Held, rows: tuple[RosterRow, ...] = (), **more: int) -> Report:
    asked = {"made_ms": T + 20 * HOUR, **more}
    return build(journals, {HOLSTER: [OWN]}, teams=Teams.of(rows), **asked)


# The roster.


def test_a_weapon_is_of_the_team_whose_shift_covers_all_that_its_clock_leaves_open() -> None:
    teams = Teams.of([shift("Early", "PC1", 0, 8), shift("Late", "PC2", 8, 16)])
    assert teams.at("UNIT1", between(T + HOUR, T + 2 * HOUR)) == Whose("Early", "PC1")
    assert teams.at("UNIT1", between(T + 7 * HOUR, T + 9 * HOUR)) == NOBODYS, "either may have had it"
    assert teams.at("UNIT1", between(T + 15 * HOUR, T + 17 * HOUR)) == NOBODYS, "or nobody"
    assert teams.at("UNIT1", between(None, T + HOUR)) == NOBODYS
    assert teams.at("UNIT9", between(T, T)) == NOBODYS


def test_two_shifts_of_one_team_leave_the_officer_open_and_not_the_team() -> None:
    teams = Teams.of([shift("Roads", "PC1", 0, 8), shift("Roads", "PC2", 8, 16)])
    assert teams.at("UNIT1", between(T + 7 * HOUR, T + 9 * HOUR)) == Whose("Roads", None)


def test_the_end_of_a_shift_does_not_belong_to_it() -> None:
    teams = Teams.of([shift("Early", "PC1", 0, 8), shift("Late", "PC2", 8, 16)])
    assert teams.at("UNIT1", between(T + 8 * HOUR, T + 8 * HOUR)).team == "Late"
    assert teams.at("UNIT1", between(T, T)).team == "Early"


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 20), st.integers(1, 8)), max_size=6),
    st.integers(0, 25),
    st.integers(0, 5),
)
def test_a_team_is_said_only_if_it_is_that_of_every_moment_that_is_left_open(
    shifts: list[tuple[str, int, int]], low: int, wide: int
) -> None:
    rows = [shift(team, "PC1", from_h, from_h + hours) for team, from_h, hours in shifts]
    told = Teams.of(rows).at("UNIT1", between(T + low * HOUR, T + (low + wide) * HOUR)).team
    halves = [low + step / 2 for step in range(2 * wide + 1)]
    having = [{team for team, from_h, hours in shifts if from_h <= at < from_h + hours} for at in halves]
    certain = having[0] if all(teams == having[0] and len(teams) == 1 for teams in having) else set()
    assert told == next(iter(certain), None)


def test_uses_are_by_team_and_officer_of_the_roster_then() -> None:
    book = used(used(holster().clock(0, T), HOUR, 5), 9 * HOUR, 50)
    report = made(held(book), rows=(shift("Early", "PC1", 0, 8), shift("Late", "PC2", 8, 16)))
    assert [(use.team, use.officer) for use in report.uses] == [("Early", "PC1"), ("Late", "PC2")]
    assert [(row.key, row.uses) for row in report.breakdown.teams] == [("Early", 1), ("Late", 1)]
    assert report.units[0].team == "Late"


def test_whom_the_unit_itself_was_assigned_to_goes_before_the_roster() -> None:
    book = holster().clock(0, T).at(1000, records.ASSIGNED, OWN, S + 9000, 2, b"PC9     ")
    report = made(held(used(book, HOUR, 5)), rows=(shift("Early", "PC1", 0, 8),))
    assert (report.uses[0].team, report.uses[0].officer) == ("Early", "PC9")


def test_a_units_team_is_that_of_its_newest_shift_that_has_begun() -> None:
    teams = Teams.of([shift("Old", "PC1", -90, -80), shift("Now", "PC1", 0, 8), shift("Next", "PC1", 100, 108)])
    assert teams.last("UNIT1", T + 50 * HOUR) == "Now" and teams.last("UNIT1", T - 99 * HOUR) is None


# Months, and days that were asked for.


def test_a_use_is_of_a_month_only_where_its_bounds_leave_no_other() -> None:
    january_ends = 1_801_440_000_000
    assert month_of(between(january_ends - 10, january_ends - 1)) == "2027-01"
    assert month_of(between(january_ends - 10, january_ends)) is None
    assert month_of(between(None, january_ends)) is None


def test_until_leaves_out_what_certainly_was_not_before_it() -> None:
    asked = Asked(T + 9 * DAY, T, T + DAY)
    assert not is_out(between(T, T + DAY), asked) and is_out(between(T + DAY, T + DAY), asked)
    assert is_out(between(T - 5, T - 1), asked) and not is_out(between(T - 5, T), asked)
    assert not is_out(between(None, None), asked)


def test_reports_of_two_halves_have_each_use_of_a_set_clock_once() -> None:
    book = used(used(holster().clock(0, T), HOUR, 5, frames.DISCHARGE), 9 * HOUR, 50, frames.DISCHARGE)
    first = made(held(book), until_ms=T + 5 * HOUR)
    second = made(held(book), since_ms=T + 5 * HOUR)
    assert [len(report.uses) for report in (first, second)] == [1, 1]
    assert first.until_utc_ms == T + 5 * HOUR and first.headline.discharges.total == 1
    assert first.units[0].uses == second.units[0].uses == 1


# Units that are behind.


def test_a_unit_is_overdue_when_its_last_pull_is_longer_ago_than_asked_for_and_always_when_there_was_none() -> None:
    made_ms = T + 100 * DAY
    pulled = [
        replace(held(used(Book(n, ROLE_HOLSTER), 0, 5)), read_ms=made_ms - days * DAY - extra)
        for n, days, extra in ((1, 3, 0), (2, 7, 0), (3, 7, 1), (4, 20, 5))
    ]
    report = made(*pulled, unpulled("H9", 9, ROLE_HOLSTER, "H9"), made_ms=made_ms)
    assert [(unit.unit, unit.overdue_days, unit.is_overdue) for unit in report.units] == [
        (1, 3, False),
        (2, 7, False),
        (3, 7, True),
        (4, 20, True),
        (9, None, True),
    ]
    assert sum("Not pulled for more than 7 days: 2 units" in note for note in report.notes) == 1
    patient = made(*pulled, made_ms=made_ms, overdue_days=30)
    assert not any(unit.is_overdue for unit in patient.units) and patient.overdue_after_days == 30


def test_a_pull_that_a_wrong_clock_dates_in_the_future_is_no_days_ago() -> None:
    report = made(replace(held(used(holster(), 0, 5)), read_ms=T + 30 * DAY))
    assert (report.units[0].overdue_days, report.units[0].is_overdue) == (0, False)


# Clocks.


def test_each_boots_clock_is_told_with_its_drift_and_how_well_it_fits() -> None:
    book = holster().clock(0, T)
    for hours in range(1, 9):
        book.clock(hours * HOUR, T + hours * HOUR - hours * 72)  # 20 ppm fast
    book.reboot()
    (unit,) = made(held(book)).units
    (fit,) = unit.fits
    assert (fit.boot, fit.syncs) == (1, 9) and unit.boots_without_clock == 1 and unit.clock == "partly set"
    assert fit.drift_ppm is not None and fit.drift_u_ppm is not None
    assert abs(fit.drift_ppm - 20) <= fit.drift_u_ppm < 10 and fit.residual_ms < 20


def test_a_clock_that_was_set_to_a_time_after_its_pull_is_a_finding() -> None:
    report = made(held(used(holster().clock(0, T + 15 * HOUR), 10_000, 5)))
    assert any("after it was pulled" in finding.text for finding in report.findings)
