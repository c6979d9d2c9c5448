"""Who carries what: rules over rows in any order, and tables as spreadsheets write them, wrong in every way at once."""

import datetime
import io
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.outcome import ToolError
from host_tools.roster import rules as roster
from host_tools.roster.file import HEADINGS, Known, parse, zone_of
from host_tools.roster.rules import Duty, RosterRow
from interlock.core.settings import ROLE_CAMERA, ROLE_COMBINED, ROLE_HOLSTER

UNITS = Known(
    {
        "H1": (1, ROLE_HOLSTER, "holster 1"),
        "H2": (2, ROLE_HOLSTER, "twin"),
        "C1": (3, ROLE_CAMERA, "front desk"),
        "C2": (4, ROLE_CAMERA, "twin"),
        "X1": (5, ROLE_COMBINED, "both"),
    }
)
LONDON = zone_of("Europe/London")


def utc(*when):
    return int(datetime.datetime(*when, tzinfo=datetime.UTC).timestamp())


# Rules.


def row(serial, officer, from_s=0, to_s=100):
    return RosterRow(serial, officer, "red", from_s, to_s)


def texts(rows, now_s=None):
    return [(problem.officer, problem.text) for problem in roster.problems(rows, UNITS.roles, now_s)]


def test_an_officers_pair_lasts_as_long_as_both_rows():
    rows = [row("H1", "PC1", 10, 90), row("C1", "PC1", 0, 80)]
    assert roster.due(rows, 50, UNITS.roles) == [Duty("PC1", "red", "H1", "C1", 10, 80)]
    assert roster.due(rows, 9, UNITS.roles) == roster.due(rows, 80, UNITS.roles) == []
    assert texts(rows) == [("PC1", "has the holster H1 and no camera")]  # from 80 to 90
    (problem,) = roster.problems(rows, UNITS.roles)
    assert (problem.from_s, problem.to_s) == (80, 90)


def test_a_camera_alone_and_a_combined_unit_need_nothing():
    rows = [row("C1", "PC1"), row("X1", "PC2")]
    assert roster.due(rows, 5, UNITS.roles) == [] and texts(rows) == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row("H1", "PC1"), row("H1", "PC2", 50, 150)], "has H1, and so has PC2"),
        ([row("H1", "PC1"), row("H2", "PC1"), row("C1", "PC1")], "has several holsters, H1 and H2"),
        ([row("H1", "PC1"), row("C1", "PC1"), row("C2", "PC1")], "has several cameras, C1 and C2"),
        ([row("H1", "PC1"), row("X1", "PC1")], "has several holsters, H1 and X1"),
        ([row("H9", "PC1"), row("C1", "PC1")], "has H9, which is not in service here"),
    ],
)
def test_what_does_not_resolve_is_told_and_nobody_gets_a_pair_by_it(rows, says):
    assert any(text.startswith(says) for _, text in texts(rows, 60))
    assert roster.due(rows, 60, UNITS.roles) == []


def test_a_shift_that_ends_when_the_next_begins_is_no_overlap():
    rows = [row("H1", "PC1", 0, 50), row("C1", "PC1", 0, 50), row("H1", "PC2", 50, 90), row("C1", "PC2", 50, 90)]
    assert texts(rows) == []
    assert [duty.officer for duty in roster.due(rows, 49, UNITS.roles)] == ["PC1"]
    assert [duty.officer for duty in roster.due(rows, 50, UNITS.roles)] == ["PC2"]
    assert roster.combinations(rows, UNITS.roles) == [("H1", "C1")]


ROWS = st.lists(
    st.builds(
        lambda serial, officer, from_s, length: row(serial, officer, from_s, from_s + length),
        st.sampled_from([*UNITS.units, "H9"]),
        st.sampled_from(["PC1", "PC2", "PC3"]),
        st.integers(0, 12),
        st.integers(1, 6),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(ROWS, st.randoms(use_true_random=False), st.integers(0, 20))
def test_any_order_of_rows_gives_the_same_duties_and_no_unit_serves_two(rows, chance, now_s):
    mixed = rows + rows[:2]  # the same row twice is once
    chance.shuffle(mixed)
    duties = roster.due(rows, now_s, UNITS.roles)
    assert roster.due(mixed, now_s, UNITS.roles) == duties
    assert roster.problems(mixed, UNITS.roles) == roster.problems(rows, UNITS.roles)
    taken = [serial for duty in duties for serial in (duty.holster, duty.camera)]
    assert len(taken) == len(set(taken)), "a unit is in two pairs"
    troubled = {problem.officer for problem in roster.problems(rows, UNITS.roles, now_s)}
    standing = [each for each in rows if each.from_s <= now_s < each.to_s]
    for duty in duties:
        assert duty.officer not in troubled and duty.from_s <= now_s < duty.to_s
        own = {each.serial for each in standing if each.officer == duty.officer}
        assert own == {duty.holster, duty.camera}
        assert {each.officer for each in standing if each.serial in own} == {duty.officer}
    # Nobody is forgotten: whoever has a holster now has a pair, or a reason why not, or one unit that is both.
    for officer in {each.officer for each in standing if UNITS.roles.get(each.serial) == ROLE_HOLSTER}:
        assert officer in troubled or officer in {duty.officer for duty in duties}
    assert {(duty.holster, duty.camera) for duty in duties} <= set(roster.combinations(rows, UNITS.roles))


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_what_is_told_of_all_time_is_what_is_told_of_each_moment(rows):
    found = roster.problems(rows, UNITS.roles)
    for now_s in range(20):
        then = {(p.officer, p.text) for p in found if p.from_s <= now_s < p.to_s}
        assert then == set(texts(rows, now_s))


# Tables.

SHIFT = "2026-05-31 06:00,2026-05-31 14:00"
GOOD = f"officer,team,unit,from,to\nPC1,red,H1,{SHIFT}\nPC1,red,C1,{SHIFT}\n"
FIRST = RosterRow("C1", "PC1", "red", utc(2026, 5, 31, 5), utc(2026, 5, 31, 13))
BOTH = (FIRST, FIRST._replace(serial="H1"))


def of(text, **named):
    return parse(text if isinstance(text, bytes) else text.encode(), UNITS, LONDON, **named)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_whatever_a_spreadsheet_makes_of_it_the_rows_are_the_same(encoding, delimiter, end):
    text = GOOD.replace("red", "Nachtschicht Süd").replace(",", delimiter).replace("\n", end)
    assert of(text.encode(encoding)).rows == tuple(each._replace(team="Nachtschicht Süd") for each in BOTH)


def test_headings_in_other_words_names_instead_of_serials_and_columns_for_holster_and_camera():
    text = (
        "To;Begin;Camera;Holster;Collar-Number\n2026-05-31T13:00Z;2026-05-31T05:00:00+00:00;FRONT DESK;h1;PC1\n\n;;;;\n"
    )
    assert of(text).rows == tuple(each._replace(team="") for each in BOTH)


def test_every_heading_is_understood_in_one_way_only():
    words = [word for names in HEADINGS.values() for word in names]
    assert len(words) == len(set(words))


def test_a_name_that_looks_like_a_serial_is_told_and_never_stands_for_a_revoked_unit():
    text = GOOD.replace("H1", "H7")
    units = {**UNITS.units, "H1": (1, ROLE_HOLSTER, "H7")}
    found = parse(text.encode(), Known(units), LONDON)
    assert found.rows == BOTH and found.notes == ("line 2: H7 is no serial here: H1 is taken, which is called so",)
    with pytest.raises(ToolError, match="line 2: H7 is revoked"):
        parse(text.encode(), Known(units, ["H7"]), LONDON)


def test_the_hour_that_comes_twice_is_told_and_the_shift_has_both():
    parsed = of(GOOD.replace("05-31 06:00", "10-25 01:30").replace("05-31 14:00", "10-25 01:45"))
    assert {(each.from_s, each.to_s) for each in parsed.rows} == {(utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 45))}
    assert len(parsed.notes) == 4 and "line 2: 2026-10-25 01:30 comes twice" in parsed.notes[0]


def test_everything_that_is_wrong_is_told_at_once_by_line():
    text = (
        "officer,unit,from,to\n"
        "PC1,H1,2026-05-31 06:00,2026-05-31 14:00\n"  # 2: no camera, and line 3
        "PC2,H1,2026-05-31 13:00,2026-05-31 22:00\n"
        "PC 3,front dask,yesterday,2026-05-31\n"  # 4: four things
        "PC4,twin,2026-03-29 01:30,2026-03-29 09:00\n"  # 5: two units of that name; an hour that was left out
        "PC5,C1,2026-06-01 09:00,2026-06-01 08:00\n"  # 6: ends before it begins
        "PC6,C2,2026-06-01 09:00,2026-08-01 08:00\n"  # 7: too long
        ",,,\n,H2,,\n"  # 9: nothing is said
    )
    with pytest.raises(ToolError) as caught:
        of(text)
    said = str(caught.value)
    for expected in (
        "line 2: PC1 has the holster H1 and no camera",
        "line 3: PC1 has H1, and so has PC2 (with line 2)",
        "line 3: PC2 has the holster H1 and no camera",
        "line 4: officer 'PC 3'",
        "line 4: front dask is not in the vault (do you mean front desk?)",
        "line 4: 'from' is 'yesterday'",
        "line 4: 'to' is '2026-05-31': write day and time",
        "line 5: 2 units are called twin",
        "line 5: 'from' is 2026-03-29 01:30, which the change of clocks leaves out",
        "line 6: it ends (2026-06-01 08:00) before it begins",
        "line 7: it lasts longer than units are assigned for: 32 days",
        "line 9: no officer is named",
        "line 9: no 'from' is said",
    ):
        assert expected in said, f"{expected}\n\n{said}"
    assert "Nothing was taken" in caught.value.advice


def test_new_rows_have_to_fit_beside_those_that_stand():
    standing = [FIRST._replace(officer="PC9", serial="H1")]
    with pytest.raises(ToolError, match=r"PC1 has H1, and so has PC9 .with the roster that stands"):
        of(GOOD, standing=lambda _: standing)
    assert of(GOOD, standing=lambda _: list(BOTH)).rows == BOTH
    broken = [FIRST._replace(serial="H9", officer="PC9")]  # a unit that was revoked since: not this file's fault
    assert of(GOOD, standing=lambda _: broken).rows == BOTH


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("officer,unit,from\n", "no column 'to'"),
        ("officer,unit,from,to,until\n", "'to' more than once"),
        ("officer,unit,from,to\n", "there is no row"),
        (b"officer\0,unit", "zero bytes"),
        ('officer,unit,from,to\n"PC1' + "x" * 200_000, "no line of a table|officer"),
    ],
)
def test_what_is_no_roster_is_refused_with_advice(text, says):
    with pytest.raises(ToolError, match=says) as caught:
        of(text)
    assert caught.value.advice


def test_a_zone_that_nobody_knows():
    with pytest.raises(ToolError, match="no time zone"):
        zone_of("Mars/Olympus")


LINES = (*GOOD.splitlines()[1:], f"PC2,blue,H2,{SHIFT}", f"PC2,blue,C2,{SHIFT}")


@settings(deadline=None, max_examples=40)
@given(st.permutations(LINES), st.permutations(range(5)))
def test_lines_and_columns_may_come_in_any_order(lines, places):
    table = [GOOD.splitlines()[0], *lines]
    text = "\n".join(",".join(line.split(",")[place] for place in places) for line in table)
    assert of(text).rows == tuple(
        sorted([*BOTH, *(each._replace(serial=f"{each.serial[0]}2", officer="PC2", team="blue") for each in BOTH)])
    )


FILES = st.one_of(
    st.binary(max_size=200), st.text(max_size=100).map(lambda text: f"officer,unit,from,to\n{text}".encode())
)


@settings(deadline=None, max_examples=100)
@given(FILES)
def test_whatever_a_file_holds_it_is_a_roster_or_an_error_for_people(data):
    try:
        parsed = parse(data, UNITS, LONDON)
    except ToolError as error:
        assert str(error) and error.advice
    else:
        assert parsed.rows


@settings(deadline=None, max_examples=80)
@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2060, 1, 1)))
def test_a_time_of_the_zone_is_the_one_that_its_clocks_show(when):
    when = when.replace(second=0, microsecond=0)
    text = f"officer,unit,from,to\nPC1,C1,{when:%Y-%m-%d %H:%M},{when + datetime.timedelta(days=2):%Y-%m-%d %H:%M}\n"
    try:
        (found,) = of(text).rows
    except ToolError as error:
        assert "change of clocks leaves out" in str(error)
        return
    shown = datetime.datetime.fromtimestamp(found.from_s, LONDON)
    assert shown.replace(tzinfo=None) == when and shown.fold == 0


def test_hosts_own_zone_is_used_when_none_is_named():
    parsed = parse(GOOD.encode(), UNITS)
    local = datetime.datetime(2026, 5, 31, 6).astimezone()
    assert {each.from_s for each in parsed.rows} == {int(local.timestamp())} and parsed.zone


def test_a_year_of_forty_officers_is_read_in_one_go():
    known, lines = {}, io.StringIO()
    lines.write("officer,unit,from,to\n")
    for officer in range(40):
        known |= {f"H{officer}": (officer + 1, ROLE_HOLSTER, "h"), f"C{officer}": (officer + 101, ROLE_CAMERA, "c")}
    day = datetime.date(2026, 1, 1)
    for officer, shift in itertools.product(range(40), range(30)):
        date = day + datetime.timedelta(days=shift)
        for unit in "HC":
            lines.write(f"P{officer},{unit}{officer},{date} 06:00,{date} 18:00\n")
    assert len(parse(lines.getvalue().encode(), Known(known), datetime.UTC).rows) == 2400
