"""The report's page: it refers to nothing outside, shows hostile names as they are, and says what the JSON says."""

import json
import re

import pytest

from host_tools.reporting import html as report_html
from host_tools.reporting.model import Use
from host_tools.reporting.report import Report, build

from .report_shift import Page, T, held, made, shift, shift_report


def hostile() -> Report:
    weapon, camera, witness = shift()
    name = "<script>alert('x')</script>&\"'{{ 7 * 7 }}"
    return made(held(weapon, name=name), held(camera, name="</style><img src=x>"), held(witness, name="<b onload=y>"))


@pytest.mark.parametrize("report", [shift_report(), hostile()], ids=["plain", "hostile names"])
def test_the_page_refers_to_nothing_outside_and_runs_nothing(report: Report) -> None:
    page = report_html.render(report)
    found = Page(page)
    assert not {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"} & {
        tag for tag, _ in found.tags
    }
    for tag, attributes in found.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "xlink:href")}, tag
        assert tag == "a" or "href" not in attributes
        assert tag != "a" or re.fullmatch(r"#[a-z-]+|incidents/[A-Za-z0-9-]+\.html", attributes["href"] or "")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|javascript:", page)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'")


def test_hostile_names_are_shown_as_they_are_and_do_nothing() -> None:
    page = report_html.render(hostile())
    assert "<script" not in page and "&lt;script&gt;" in page and "{{ 7 * 7 }}" in page and "49" not in Page(page).text
    assert Page(page).tags.count(("html", {"lang": "en"})) == 1


def test_the_pages_figures_are_those_of_the_json() -> None:
    report = shift_report()
    facts, page = json.loads(json.dumps(report.plain())), Page(report_html.render(report))
    for kind in ("discharges", "arms", "draws"):
        count = facts["headline"][kind]
        names = ("total", "before", "late", "late_covered", "unwitnessed", "indeterminate", "exempt")
        at = [row[:8] for row in page.rows].index([kind, *(str(count[name]) for name in names)])
        own = [str(count[f"own_{name}"]) for name in ("before", "late", "unwitnessed", "indeterminate")]
        assert [cell for place, cell in enumerate(page.rows[at + 1]) if place in (2, 3, 5, 6)] == own
    assert f"{facts['headline']['discharges']['before']} of {facts['headline']['discharges']['total']}" in page.text
    events = [event for use in facts["uses"] for event in use["events"]]
    told = [row for row in page.rows if row and row[0].split(" ")[0] in ("draw", "arm", "discharge")]
    assert len(told) == len(events)
    for event, row in zip(events, told, strict=True):
        assert row[1].startswith(event["verdict"]) and row[2].startswith(event["own_verdict"])
        assert event["reason"] in row[1] and (event["camera"] or "") in row[1]
        if event["late_by_ms"] is not None:
            assert f"by {event['late_by_ms']} ms ± {event['late_by_u_ms']} ms" in row[1]
        assert row[3] == (", ".join(event["witnesses"]) or "–") and row[4].startswith(", ".join(event["alerts"]) or "–")
    for unit in facts["units"]:
        row = next(row for row in page.rows if row and row[0] == unit["name"])
        assert row[1] == f"{unit['role']} {unit['unit']}" and row[3] == str(unit["records"])
        assert row[2] == unit["journal"] and row[5] == unit["last_pull"]
    for use in facts["uses"]:
        assert use["began"]["text"] in page.text
    assert sum(row[0] == facts["sessions"][0]["at"]["text"] for row in page.rows if row) == 1


def test_the_timeline_is_drawn_to_scale_with_every_event_recording_and_ack() -> None:
    use: Use = shift_report().uses[0]
    lanes = use.timeline.lanes
    assert [lane.kind for lane in lanes] == ["weapon", "own", "other"]
    assert [mark.kind for mark in lanes[0].marks] == ["draw", "arm", "discharge", "reholster"]
    assert [mark.kind for mark in lanes[1].marks] == ["heard", "recording", "recording", "recording"]
    assert [mark.kind for mark in lanes[2].marks] == ["witness"]
    bar = lanes[1].bars[0]
    assert bar.start_low_ms <= 925 <= bar.start_high_ms and bar.buffer_ms == 30_000 and bar.proven
    from host_tools.reporting.svg import LEFT, RIGHT, WIDTH, draw

    drawing = draw(use.timeline, "title")
    places = [sign.x for sign in drawing.signs if sign.kind in ("draw", "arm", "discharge")]
    assert places == sorted(places) and all(LEFT <= x <= WIDTH - RIGHT for x in places)
    assert (places[2] - places[0]) / (places[1] - places[0]) == pytest.approx(1.5, abs=0.01)
    labels = [w for w in drawing.words if w.text in ("draw", "arm", "discharge", "back")]
    boxes = [(w.x, w.y) for w in labels]
    assert len(set(boxes)) == 4


def test_an_empty_report_is_a_page_too() -> None:
    page = Page(report_html.render(build([], None, made_ms=T)))
    assert "No discharge" in page.text and "No use of a weapon" in page.text
