"""Uses that count and uses that do not, who was near, what the officer was told, and what units note beside any use."""

import json
from typing import Any

import pytest

from host_tools import words
from host_tools.judging.evidence import gather
from host_tools.judging.uses import Coding
from host_tools.judging.verdict import Verdict, judge
from host_tools.reporting import html as report_html
from host_tools.reporting import report as reporting
from host_tools.reporting.model import Apart, Company, Use
from host_tools.reporting.report import Held, Report, build
from interlock.core import frames, holster, proof, records, watch
from interlock.core.settings import DEFAULT_POLICY, ROLE_CAMERA, ROLE_HOLSTER, Policy
from interlock_loader import slots

from .books import HOLSTER, OTHER, OWN, Book, other, own
from .books import holster as weapon_book
from .report_shift import Page

T = 1_800_000_000_000
DRAW, ARM, DISCHARGE, BACK, CANCEL = frames.DRAW, frames.ARM, frames.DISCHARGE, frames.REHOLSTER, frames.CANCEL
TEST, TRIED = holster.FLAG_FUNCTION_TEST, holster.FLAG_TEST
NONE = records.AGO_NONE


def weapon() -> Book:
    return weapon_book().clock(0, T)


def did(book: Book, ms: int, event: int, counter: int, flags: int = 0) -> Book:
    return book.at(ms, records.EVENT, event, flags, counter, 0, 0 if counter else NONE, NONE, 0)


def sum_up(book: Book, ms: int, heard_ms: int = 30, recording_ms: int = 900, late: int = 0, alerts: int = 0) -> Book:
    return book.at(ms, records.USE, 1, heard_ms, recording_ms, 9, late, alerts, 0, 0)


def crew(book: Book, ms: int, *members: tuple[int, int]) -> Book:
    """`members`: (unit, flags)."""
    payload = records.pack_crew([(unit, 1, flags) for unit, flags in members])
    return raw(book, ms, records.CREW, payload)


def raw(book: Book, ms: int, kind: int, payload: bytes) -> Book:
    """A record whose payload is not of the fixed form."""
    forms, records.FORMATS[kind] = records.FORMATS.get(kind), (f">{len(payload)}s", tuple)
    try:
        return book.at(ms, kind, payload)
    finally:
        if forms is None:
            del records.FORMATS[kind]
        else:
            records.FORMATS[kind] = forms


def report_of(*books: Book, paired: bool = True) -> Report:
    held: list[Held] = [
        reporting.from_verdict(book.serial, book.serial, book.verdict(), T + 36_000_000) for book in books
    ]
    return build(held, {HOLSTER: [OWN]} if paired else None, made_ms=T + 72_000_000)


def the_use(*books: Book) -> Use:
    (use,) = report_of(*books).uses
    return use


# What counts.


def test_a_function_test_is_judged_and_listed_and_in_no_figure() -> None:
    book = weapon()
    for event, counter in ((DRAW, 5), (ARM, 6), (DISCHARGE, 7), (BACK, 8)):
        did(book, counter * 1000, event, counter, TEST)
    did(book, 60_000, DRAW, 20)
    did(book, 70_000, BACK, 21)
    report = report_of(book, own().clock(0, T))
    assert [use.coded for use in report.uses] == ["function test", None]
    assert report.headline.function_tests == Apart(uses=1, discharges=1, arms=1, draws=1)
    assert report.headline.discharges.total == report.headline.arms.total == 0 and report.headline.draws.total == 1
    assert [event.verdict for event in report.uses[0].events] == ["unwitnessed"] * 3


def test_a_test_that_outlasts_its_announcement_counts_with_all_that_came_before() -> None:
    book = did(did(did(weapon(), 5000, DRAW, 5, TEST), 70_000, DISCHARGE, 6), 80_000, BACK, 7)
    report = report_of(book, own().clock(0, T))
    assert report.uses[0].coded is None and report.headline.function_tests.uses == 0
    assert (report.headline.draws.total, report.headline.discharges.total) == (1, 1)


def test_a_draw_in_test_mode_is_apart_unless_the_weapon_is_armed() -> None:
    tried = did(did(weapon(), 5000, DRAW, 0, TRIED), 7000, BACK, 0, TRIED)
    report = report_of(tried, own().clock(0, T))
    assert report.headline.test_mode == Apart(uses=1, discharges=0, arms=0, draws=1)
    assert report.uses[0].coded == "test mode" and report.uses[0].lasted_ms == 2000
    assert not report.uses[0].events[0].aired and report.headline.draws.total == 0
    armed = did(did(did(weapon(), 5000, DRAW, 0, TRIED), 6000, ARM, 5), 9000, BACK, 6)
    (use,) = report_of(armed, own().clock(0, T)).uses
    assert use.coded is None and [event.aired for event in use.events] == [False, True]


def test_a_draw_that_policy_keeps_to_the_journal_counts_and_is_judged_by_what_the_cameras_tell() -> None:
    book = did(did(did(weapon(), 5000, DRAW, 0), 7000, ARM, 5).ack(7040, 5, frames.PROVEN, 60_000), 9000, BACK, 6)
    camera = own().clock(0, T).tally(-60_000, True).heard(7010, 5).tally(90_000, False)
    report = report_of(book, camera)
    assert [event.verdict for event in report.uses[0].events] == ["before", "before"]
    assert report.headline.draws.total == 1 and not report.uses[0].events[0].aired


@pytest.mark.parametrize("is_back", [False, True])
def test_a_cancelled_draw_is_listed_with_its_verdict_and_not_among_the_draws(is_back: bool) -> None:
    book = did(weapon(), 5000, DRAW, 5).ack(5030, 5, frames.HEARD).ack(5950, 5, frames.PROVEN, 20)
    if is_back:
        sum_up(did(book, 7000, BACK, 6), 7001)
    did(book, 8000, CANCEL, 7)
    did(book, 60_000, DRAW, 20)
    did(book, 70_000, BACK, 21)
    camera = own().clock(0, T).heard(5010, 5).tally(5925, True, buffer_ms=30_000).tally(8100, False)
    report = report_of(book, camera)
    cancelled, real = report.uses
    assert (cancelled.cancelled, real.cancelled) == (True, False)
    assert cancelled.lasted_ms == (2000 if is_back else 3000) and cancelled.events[0].verdict == "late"
    assert report.headline.draws.total == 1 and report.headline.cancelled_draws.late == 1
    assert report.headline.company == Company(lone=0, crewed=0, unknown=1)
    assert [mark.kind for mark in cancelled.timeline.lanes[0].marks][-1] == "cancel"
    text = " ".join(Page(report_html.render(report)).text.split())
    assert "1 bare draw that the officer cancelled at once (0 before, 1 late" in text


def test_an_answer_to_a_frame_of_the_use_before_proves_nothing_of_a_draw_that_was_not_aired() -> None:
    book = did(did(weapon(), 1000, DRAW, 5), 4000, BACK, 6)
    did(book, 9000, DRAW, 0, TRIED).ack(9100, 6, frames.PROVEN, 5000)
    evidence = gather([book.done(), own().clock(0, T).done()])
    tried = evidence.uses[-1]
    assert tried.coding is Coding.TRIED and tried.answers == []
    assert judge(evidence, tried, tried.events[0], [OWN]).verdict is Verdict.UNWITNESSED


# Who was near.


def test_an_officer_is_lone_when_no_unit_tells_of_another_camera() -> None:
    ready = records.CREW_READY
    book = sum_up(did(did(weapon(), 5000, DRAW, 5), 9000, BACK, 6), 9001)
    crew(book, 9002, (OWN, records.CREW_OWN | records.CREW_ACKED | ready), (9, records.CREW_HOLSTER))
    use = the_use(book, own().clock(0, T))
    assert use.lone is True and use.crew is not None
    assert [(m.name, m.role, m.own, m.ready, m.acked) for m in use.crew] == [
        (f"UNIT{OWN}", "camera", True, True, True),
        ("unit 9", "holster", False, False, False),
    ]
    # The own camera, which listens always, had heard a colleague's: the weapon's unit had not.
    camera = crew(own().clock(0, T).heard(5010, 5), 5011, (HOLSTER, records.CREW_OWN | 16), (OTHER, ready))
    use = the_use(book, camera, other().clock(0, T))
    assert use.lone is False and use.crew is not None
    assert [(m.name, m.own, m.ready) for m in use.crew][1] == (f"UNIT{OTHER}", False, True)


def test_a_witness_is_company_whatever_the_crew_records_tell_and_without_them_nobody_knows() -> None:
    silent = did(did(weapon(), 5000, DRAW, 5), 9000, BACK, 6)
    assert (the_use(silent).lone, the_use(silent).crew) == (None, None)
    seen = did(did(weapon(), 5000, DRAW, 5).at(6000, records.WITNESS, OTHER, 9, bytes(4)), 9000, BACK, 6)
    assert the_use(seen).lone is False
    report = report_of(silent)
    assert report.headline.company == Company(lone=0, crewed=0, unknown=1)
    assert "not known" in Page(report_html.render(report)).text


def test_a_use_says_how_soon_the_camera_reacted_and_what_came_late() -> None:
    book = did(weapon(), 5000, DRAW, 5).alert(7000, 1)
    sum_up(did(book, 20_000, BACK, 9), 20_001, heard_ms=7041, recording_ms=NONE, late=2, alerts=1)
    use = the_use(book, own().clock(0, T))
    assert (use.heard_ms, use.recording_ms, use.late_acks, use.alerts) == (7041, None, 2, 1)
    text = " ".join(Page(report_html.render(report_of(book, own().clock(0, T)))).text.split())
    assert "answered after 7041 ms, no proof that it records; alerts: 1; 2 late acks" in text
    untold = the_use(did(did(weapon(), 5000, DRAW, 5), 9000, BACK, 6))
    assert untold.heard_ms is untold.late_acks is untold.alerts is None


def test_an_alert_that_was_muted_is_told_as_muted_until_mute_ends_or_the_unit_restarts() -> None:
    mute = (records.MODE, records.MODE_MUTE, records.MODE_BY_BUTTON)
    book = did(weapon(), 5000, DRAW, 5).at(6000, *mute, 600).alert(7000, 1).at(8000, *mute, 0).alert(9000, 2)
    use = the_use(did(book, 20_000, BACK, 9))
    assert use.events[0].alerts == ["camera not heard (muted)", "camera not recording"]
    again = did(weapon(), 1000, DRAW, 5).at(2000, *mute, 600).reboot()
    did(again, 30_000, DRAW, 300).alert(32_000, 1)
    assert report_of(did(again, 40_000, BACK, 301)).uses[-1].events[0].alerts == ["camera not heard"]


def test_the_camera_that_was_assigned_is_the_own_one_and_the_officer_is_named() -> None:
    book = weapon().at(1000, records.ASSIGNED, OTHER, T // 1000 + 9, 2, b"PC1234\0\0")
    did(did(book, 5000, DRAW, 5), 9000, BACK, 6)
    book.at(20_000, records.ASSIGNED, 0, 0, 2, bytes(8))
    did(did(book, 30_000, DRAW, 9), 40_000, BACK, 10)
    report = report_of(book, own().clock(0, T), other().clock(0, T))
    assert [(use.own_cameras, use.officer) for use in report.uses] == [
        ([f"UNIT{OTHER}"], "PC1234"),
        ([f"UNIT{OWN}"], None),
    ]
    unpaired = report_of(book, own().clock(0, T), other().clock(0, T), paired=False)
    assert [use.own_cameras for use in unpaired.uses] == [[f"UNIT{OTHER}"], None]
    assert report.units[0].assigned is None, "it was given back"
    kept = weapon().at(1000, records.ASSIGNED, OTHER, T // 1000 + 9, 2, b"PC1234\0\0")
    assert report_of(kept, other().clock(0, T)).units[0].assigned == (
        f"UNIT{OTHER} until 2027-01-15 08:00:09 UTC, for PC1234 (by technician)"
    )


# What units note.


def test_what_a_unit_notes_is_told_in_words_with_units() -> None:
    hold = Policy._fields.index("hold_ms")
    book = weapon().at(100, records.POLICY, hold, 30_000, 10_000)
    book.at(200, records.POLICY, Policy._fields.index("on_draw"), 2, 0)
    book.at(300, records.POLICY, Policy._fields.index("covert"), 0, 1)
    book.at(400, records.PARTNER, OWN, watch.POOR, frames.READY_ASLEEP).at(500, records.PARTNER, OWN, watch.MISSING, 0)
    book.at(600, records.MODE, records.MODE_TEST, records.MODE_BY_SESSION, 60)
    book.at(700, records.MODE, records.MODE_TEST, records.MODE_ARMED, 0)
    book.at(800, records.RADIO, records.RADIO_STACK, 3).at(900, records.TIME_HEARD, OWN, 7)
    camera = own().clock(0, T).at(400, records.PARTNER, HOLSTER, watch.POOR, 6)
    camera.at(500, records.ALERT, proof.ALERT_INTERRUPTED).at(600, records.ALERT, proof.ALERT_NOT_RECORDING)
    report = report_of(book, camera)
    assert [(said.about, said.text) for said in report.said] == [
        ("policy", "hold_ms: 30000 ms -> 10000 ms"),
        ("policy", "on_draw: all in group -> journal only"),
        ("policy", "covert: no -> yes"),
        ("partner", f"UNIT{OWN} is not fit: asleep or off"),
        ("partner", f"UNIT{OWN} is missing: 3 times not heard when it was due"),
        ("mode", "test for 60 s (session)"),
        ("mode", "test ends (armed)"),
        ("radio", "stack started anew: 3"),
        ("clock", f"takes the time from UNIT{OWN}, its own clock not being set"),
        ("partner", f"UNIT{HOLSTER} is not fit: low battery and sensor fault"),
        ("alert", "recording stopped by hand"),
    ]
    page = Page(report_html.render(report))
    rows = [row for row in page.rows if len(row) == 3]
    for row, said in zip(rows, report.said, strict=True):
        assert row[1] == said.about and row[2].startswith(said.text)
    assert json.loads(json.dumps(report.plain()))["said"][0]["at"]["utc_ms"] == T + 100


def test_an_assignment_that_is_carried_on_is_noted_once() -> None:
    book = weapon()
    for ms in (1000, 2000, 3000):
        book.at(ms, records.ASSIGNED, OTHER, 0, 1, bytes(8))
    assert [said.text for said in report_of(book).said] == ["unit 3 (by admin)"]


FIELDS: dict[int, tuple[int | bytes, ...]] = {
    records.PARTNER: (60_000, 99, 99),
    records.MODE: (99, 99, 5),
    records.RADIO: (99, 5),
    records.ASSIGNED: (60_000, 0xFFFFFFFF, 99, b"\xff" * 8),
    records.POLICY: (99, 1, 2),
    records.TIME_HEARD: (60_000, 0xFFFFFFFF),
    records.ALERT: (99,),
    records.SELF_TEST: (9, 99, 255, bytes([99] * 6), 0, 0, 0),
    records.UPDATE: (99, 0, 1, 0, 2, 0, bytes(8), 0, 1, 0),
    records.LINES: (99, 255, 0, bytes(6)),
    records.LIFE: (99, 0, 0, 0, 0, 0, 0, 0, 0, bytes(4)),
}


@pytest.mark.parametrize("role", [ROLE_HOLSTER, ROLE_CAMERA])
@pytest.mark.parametrize("kind", sorted(words.KINDS))
def test_codes_of_a_newer_firmware_are_told_by_their_number(kind: int, role: int) -> None:
    fields: Any = records.unpack(kind, records.pack(kind, *FIELDS[kind]))
    text = words.in_words(kind, fields, role, lambda unit: f"unit {unit}")
    assert "99" in text or "60000" in text


def test_a_version_that_says_that_a_release_was_not_whole_is_the_loaders() -> None:
    assert words.NOT_WHOLE == slots.NOT_WHOLE


def test_a_figure_that_every_policy_has_is_named() -> None:
    for place, name in enumerate(DEFAULT_POLICY._fields):
        fields: Any = records.unpack(records.POLICY, records.pack(records.POLICY, place, 0, 1))
        assert words.in_words(records.POLICY, fields, ROLE_HOLSTER, str).startswith(f"{name}: ")


def test_records_of_types_that_nobody_knows_change_nothing() -> None:
    book = did(weapon(), 5000, DRAW, 5)
    raw(book, 6000, 200, b"\x01\x02")
    raw(book, 6100, records.CREW, b"\x01\x02\x03")  # no whole member
    use = the_use(did(book, 9000, BACK, 6), own().clock(0, T))
    assert use.lasted_ms == 4000 and use.crew is None


@pytest.mark.parametrize("members", [None, (), ((OWN, records.CREW_OWN),)])
def test_an_officer_is_not_alone_where_a_camera_followed_whom_no_crew_record_names(
    members: tuple[tuple[int, int], ...] | None,
) -> None:
    book = did(weapon(), 5000, DRAW, 5)
    if members is not None:
        crew(book, 5500, *members)
    did(book, 9000, BACK, 6)
    far, near = other().clock(0, T), other().clock(0, T).heard(5010, 5, kind=4)
    assert the_use(book, own().clock(0, T), near).lone is False
    assert the_use(book, own().clock(0, T), far).lone is (None if members is None else True)
    followed = own().clock(0, T).heard(5010, 5)
    assert the_use(book, followed, far).lone is (None if members is None else True), (
        "the own camera says nothing of others"
    )
