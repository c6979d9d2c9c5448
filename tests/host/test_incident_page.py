"""The page of an incident: what happened, all units on one timeline, and why each verdict is what it is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.reporting import html, html_incident
from host_tools.reporting.attention import attention, rank
from host_tools.reporting.figures import Quantiles
from host_tools.reporting.html_page import incident_path, percent_text, quantiles_text
from host_tools.reporting.lanes import Lane, Mark, Timeline
from host_tools.reporting.model import Finding, Incident, Report, Use
from host_tools.reporting.public import public
from host_tools.reporting.svg import LEFT, WIDTH, draw

from .pages import Page, assert_quiet
from .reports import T, report, use
from .rich_report import many, rich

HOSTILE = ("<script>alert('x')</script>&\"'{{ 1234567 * 7 }}", "\u202egnol\u202c", "x" * 200, "a\u0000b", "")


def shown(made: Report, place: int) -> Page:
    return Page(html_incident.render(made, made.incidents[place]))


def test_it_says_in_a_sentence_what_happened_and_what_the_cameras_have_of_it() -> None:
    made = rich()
    of = {incident.reference: shown(made, place).text for place, incident in enumerate(made.incidents)}
    assert (
        "2 weapons: 2 draws, 2 armings and 1 discharge. Of this discharge: video was running before it." in of["H1:100"]
    )
    assert "One weapon: 1 draw, 1 arming and 1 discharge. Of this discharge: no camera recorded." in of["H1:140"]
    assert "One weapon: 1 draw. Of this event: video began only after it." in of["H6:100"]
    assert "Announced as function test: it counts apart." in of["H6:150"]
    assert "no draw, arming or discharge is journalled" in of["H5:170"]
    assert "Of 2 events: before 1, unwitnessed 1." in of["H8:100"]


def test_each_record_that_a_verdict_rests_on_is_named_one_by_one() -> None:
    made = rich()
    for place, incident in enumerate(made.incidents):
        page = shown(made, place)
        for event in (event for one in made.uses if one.incident == incident.reference for event in one.events):
            assert event.ground.condition in page.text and event.ground.row in page.text
            for cited in event.ground.cited:
                at = (
                    "not tied" if cited.at_ms is None else "0 s" if cited.at_ms == 0 else f"{cited.at_ms / 1000:+.3f} s"
                )
                assert [at, cited.name, str(cited.sequence), cited.kind, cited.says] in page.rows


def test_any_camera_and_the_own_one_are_told_apart_where_they_differ() -> None:
    first = use(1, T, None, "u")
    event = replace(first.events[0], verdict="before", ground=use(1, T, None, "b").events[0].ground)
    made = report([replace(first, events=[event])], [])
    text = shown(made, 0).text
    assert "Any camera: before –" in text and "The officer's own camera: unwitnessed –" in text
    assert "alike" not in text and "Any camera and the own one alike" in shown(report([first], []), 0).text


def test_breaks_of_the_recording_clock_offsets_and_fits_are_told() -> None:
    made = rich()
    place = [incident.reference for incident in made.incidents].index("H5:100")
    page = shown(made, place)
    assert "off from +6.200 s to +9.100 s" in page.text and "off for good at +15.000 s" in page.text
    assert "broken, the recorder's signal went off twice" in page.text
    assert ["C5", "2", "412 ms behind ± 3 ms", "431 ms behind and 390 ms behind", "radio and UTC"] in page.rows
    assert ["Holster no. 5", "3", "14", "+12.4 ppm ± 0.6", "7.2 ms", "± 21 ms"] in page.rows
    assert "Another record is held under this number" in page.text


def test_what_people_said_shows_its_signature_its_confirmation_and_doubts() -> None:
    made = rich()
    references = [incident.reference for incident in made.incidents]
    danger, training, faults = (shown(made, references.index(name)).text for name in ("H1:140", "H3:100", "H4:100"))
    assert "immediate danger: the officer was attacked" in danger and "exempt: immediate danger" in danger
    assert "signed, by a key that the force vouches for (key 5f2c8a9be1d04471…)" in danger
    assert "Confirmed by Insp Ruth Hale, 2026-11-05 07:33:20 UTC." in danger
    assert "forged: the signature does not fit" in training and "Doubt: its signature does not fit." in training
    assert "not signed" in faults and "signed by a key that nobody vouches for" in faults


def test_a_page_that_stands_alone_links_to_no_report() -> None:
    made = rich()
    page = html_incident.render(made, made.incidents[0], alone=True)
    assert_quiet(page)
    assert [link for link in Page(page).links if not link.startswith("#")] == [] and "--bundle" not in page


def test_findings_about_the_units_involved_are_there_and_no_others() -> None:
    made = rich()
    page = shown(made, [incident.reference for incident in made.incidents].index("H3:100"))
    assert "what PC4711 said of H3:102 is forged" in page.text and "overwritten" in page.text
    assert "its seal does not fit" not in page.text


def test_it_says_how_to_get_the_evidence_and_a_public_one_does_not() -> None:
    made = rich()
    assert "interlock export H1:100 --bundle H1-100.zip" in shown(made, 0).text
    told = shown(public(made), 0).text
    assert "--bundle" not in told and "Public version" in told and "names of units are made up" in told


@pytest.mark.parametrize("made", [rich(), public(rich())], ids=["own", "public"])
def test_pages_run_nothing_and_every_link_leads_to_a_page_of_the_same_report(made: Report) -> None:
    pages = dict(html.pages(made))
    assert len(pages) == len(made.incidents) + 1
    for page in pages.values():
        assert_quiet(page)
    places = {f"#{tag[1]['id']}" for tag in Page(pages["report.html"]).tags if "id" in tag[1]}
    assert set(Page(pages["report.html"]).links) <= {*pages, *places}
    assert {link for link in Page(pages["report.html"]).links if link[0] != "#"} == set(pages) - {"report.html"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_they_are_and_break_nothing(name: str) -> None:
    one = use(1, T, name, "lbb", name=name, officer=name, own_cameras=[name])
    lanes = [replace(lane, name=name) for lane in one.timeline.lanes]
    one = replace(one, timeline=replace(one.timeline, lanes=lanes))
    made = replace(report([one], []), force=name)
    for page in dict(html.pages(made)).values():
        assert_quiet(page)
        assert "<script" not in page and Page(page).tags.count(("html", {"lang": "en"})) == 1
        assert str(1234567 * 7) not in page
        assert not {"\u202e", "\x00", "\r"} & set(page), "nothing turns text around or is not seen"


@given(st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_every_reference_has_a_file_of_its_own_below_the_folder(references: list[str]) -> None:
    paths = [incident_path(reference) for reference in [*references, "H1:5", "H15:", "H1-5"]]
    assert len(set(paths)) == len({*references, "H1:5", "H15:", "H1-5"})
    assert all(path.startswith("incidents/") and path.count("/") == 1 and ".." not in path for path in paths)
    assert incident_path("H1:57") == "incidents/H1-57.html"
    assert incident_path("Holster 3:57") == "incidents/Holster-3-57.html"


# What needs attention, and thousands of uses.


@pytest.mark.parametrize(
    ("of", "reasons"),
    [
        (use(1, T, None, "lbb"), []),
        (use(1, T, None, "l", cancelled=True), []),
        (use(1, T, None, "uuu", coded="function test"), []),
        (use(1, T, None, "lll"), ["arm late", "discharge late"]),
        (use(1, T, None, "ib", version=2), ["draw indeterminate", "version 2 of the journal"]),
        (rich().uses[3], ["arm late", "discharge late", "forged annotation"]),
        (rich().uses[6], ["recording broke off", "record contradicted"]),
    ],
)
def test_what_needs_attention_is_what_is_not_as_it_should_be(of: Use, reasons: list[str]) -> None:
    assert attention(of) == reasons


def test_discharges_come_first() -> None:
    assert [rank(reasons) for reasons in (["arm late", "discharge late"], ["arm late"], [])] == [0, 1, 2]


def test_of_thousands_of_uses_the_page_shows_whole_those_that_need_attention_and_says_so() -> None:
    made = many()
    text = html.render(made)
    page = Page(text)
    needing = sum(bool(attention(one)) for one in made.uses)
    assert needing > html.NEEDING_MAX and len(text) < 2_000_000
    assert f"Of 3000 uses {html.NEEDING_MAX} are shown here: the first of {needing} that need attention." in page.text
    assert "3000 incidents: uses that belong together." in page.text and f"Listed are {html.LISTED_MAX}" in page.text
    assert sum(tag == "section" and a.get("class") == "use" for tag, a in page.tags) == html.NEEDING_MAX
    assert len([row for row in page.rows if row and row[0] == "draw +0 s"]) == 0


def test_findings_beyond_what_a_table_holds_are_counted() -> None:
    told = [Finding("H1", "H1", f"finding {number}") for number in range(html.LISTED_MAX + 7)]
    page = Page(html.render(report([], [], findings=told)))
    assert "7 more are in findings.csv." in page.text and f"{html.LISTED_MAX + 7} findings" in page.text


def test_overdue_and_never_pulled_units_stand_in_front_and_are_in_the_headline() -> None:
    page = Page(html.render(rich()))
    assert "Of 19 units 2 were never pulled, and 1 is overdue, last pulled more than 7 days ago." in page.text
    begin = next(place for place, row in enumerate(page.rows) if row[:2] == ["unit", "role"])
    assert [row[0] for row in page.rows[begin + 1 : begin + 5]] == [
        "Holster no. 9 H9",
        "C10",
        "C4",
        "Holster no. 5 H5 Armed Response 2",
    ]


# The timeline of several weapons.


def test_every_weapon_of_an_incident_has_its_events_through_all_lanes() -> None:
    drawing = draw(rich().incidents[0].timeline, "title")
    lines = [stroke for stroke in drawing.strokes if stroke.kind.startswith("event ")]
    assert [stroke.kind.split()[1] for stroke in lines] == [
        "draw",
        "arm",
        "discharge",
        "reholster",
        "draw",
        "arm",
        "reholster",
    ]
    assert {stroke.y2 for stroke in lines} == {drawing.height - 24}


def test_a_lane_that_shows_nothing_has_room_for_why() -> None:
    why = "Holster no. 77: nothing ties its clock to Holster no. 12's"
    lanes = [
        Lane("A very long name of a weapon (± 12 ms)", "weapon", [Mark(0, "draw", "draw")], []),
        Lane(why, "weapon", [], []),
    ]
    words = {word.text: word for word in draw(Timeline(-10, 10, lanes), "title").words}
    assert why in words and "± 12 ms" in words and "A very long name…" not in words
    assert len(why) * 6.3 < WIDTH and all(len(text) * 6.3 <= LEFT or text in (why, "draw") for text in words)


def test_an_incident_of_units_that_are_not_known_is_a_page_too() -> None:
    made = report([], [])
    alone = Incident(
        "H7:1", use(7, None, None, "l").began, None, ["H7:1"], ["H7"], Timeline(0, 1, [Lane("H7", "weapon", [], [])])
    )
    text = Page(html_incident.render(made, alone)).text
    assert "not known here" in text and "no end is known" in text


def test_how_late_they_were_is_told_by_quantiles_where_there_are_several() -> None:
    assert quantiles_text(Quantiles(0, None, None, None, None)) == "no time that is known"
    assert quantiles_text(Quantiles(1, 925, 925, 925, 925)) == "925 ms"
    of_many = quantiles_text(Quantiles(120, 925, 1800, 9000, 12_300))
    assert of_many == "at most 925 ms in half of them, 1800 ms in 90\u00a0%, 12 s in all"


def test_a_percentage_is_never_rounded_up_to_all() -> None:
    assert percent_text(999, 1000) == "99\u00a0%" and percent_text(3, 3) == "100\u00a0%" and percent_text(0, 0) == ""
