"""The same against the truth for what a report says: which journals reach over a use is then found out, not told."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hypothesis import given, note, settings

from host_tools.judging.table import GRACE_MS, Verdict
from host_tools.reporting.held import Held
from host_tools.reporting.model import Event, Report
from host_tools.reporting.report import build
from host_tools.store.lines import Arrival
from interlock.core import frames
from interlock.core.settings import ROLE_CAMERA

from .true_story import (
    START_MS,
    UTC_MS,
    WEAPON,
    CameraStory,
    Clock,
    Happening,
    Story,
    Take,
    journals,
    stories,
    wrong_hosts,
)

EXAMPLES = 300


def reported(story: Story, doubts: Mapping[int, int] | None = None) -> Report:
    """All cameras are the weapon's own: so none is of another group, whose recordings nobody asks for. Each unit was
    pulled behind the story's end, or when the story says so, by a host whose clock was right. `doubts`: by unit, from
    which record on its journal is found to be altered."""
    books = {book.unit: book for book in journals(story)}
    held = []
    for number in (WEAPON, *story.numbers):
        book = books.get(number)
        role = ROLE_CAMERA if book is None else book.role
        until_ms = math.inf if number == WEAPON else _read_to(story, number)
        # Cameras are pulled after the weapon: so its use was over then, whatever their clocks say.
        docked_ms = story.end_ms + 60_000 * number
        read_ms = None if until_ms is None else math.ceil(UTC_MS + min(until_ms, docked_ms))
        found = () if book is None else book.records
        came = () if not found or read_ms is None else (Arrival(found[0].sequence, found[-1].sequence, "", read_ms),)
        told = (f"U{number}", number, role, f"U{number}", found, book is not None, None)
        first = (doubts or {}).get(number)
        findings = () if first is None else (f"altered at record {first}",)
        held.append(Held(*told, findings, (), (), (), came, read_ms, doubted=first))
    return build(held, {WEAPON: story.numbers}, made_ms=round(UTC_MS + story.end_ms + 600_000))


def _read_to(story: Story, number: int) -> float | None:
    """Until when the camera was pulled to its end. A journal without its last records was, before the first of them:
    who reads one to its end knows how many there are."""
    told = story.cameras[number - 2]
    if told.pulled_ms is None or told.hole is None:
        return told.pulled_ms
    whole = replace(story, cameras=tuple(replace(camera, hole=None) for camera in story.cameras))
    last, known = (next(book.records for book in journals(each) if book.unit == number) for each in (whole, story))
    is_cut = bool(last) and (not known or known[-1].sequence < last[-1].sequence)
    return min(told.pulled_ms, told.hole[0]) if is_cut else told.pulled_ms


def shows(takes: tuple[Take, ...], ms: float) -> bool:
    return any(take.has(ms) for take in takes)


def judged(story: Story) -> Iterator[tuple[Event, Happening]]:
    """Every event in the report, with what it truly was."""
    events = [event for use in reported(story).uses for event in use.events]
    truly = [true for true in story.happenings if true.event != frames.REHOLSTER]
    yield from zip(events, truly, strict=True)


@given(stories())
@settings(max_examples=EXAMPLES)
def test_no_report_contradicts_what_truly_happened(story: Story) -> None:
    by_name = {f"U{number}": told.takes for number, told in zip(story.numbers, story.cameras, strict=True)}
    for event, true in judged(story):
        for verdict, camera, late_ms, u_ms, cameras in (
            (event.verdict, event.camera, event.late_by_ms, event.late_by_u_ms, by_name),
            (event.own_verdict, event.own_camera, event.own_late_by_ms, event.own_late_by_u_ms, by_name),
        ):
            note(f"{verdict} {event.ground} {event.own_ground}")
            if verdict == Verdict.BEFORE:
                assert camera is not None and shows(cameras[camera], true.ms)
            elif verdict == Verdict.UNWITNESSED:
                assert not any(shows(takes, true.ms) or story.lateness_of(takes, true) for takes in cameras.values())
            elif verdict == Verdict.LATE:
                assert not any(shows(takes, true.ms) for takes in cameras.values())
                assert camera is not None and late_ms is not None and u_ms is not None
                assert any(abs(late - late_ms) <= u_ms + 1 for late in story.lateness_of(cameras[camera], true))


def test_a_recording_behind_a_restart_in_the_use_may_be_of_it_though_nothing_ties_that_starts_clock() -> None:
    """The camera's unit restarted between the event, which it had answered, and the recorder's start."""
    events = (Happening(START_MS, 1, (1.0,), (1.0,)), Happening(START_MS + 200, 4, (None,), (None,)))
    take = Take(START_MS + 210, math.inf)
    restarts = CameraStory(True, Clock(START_MS - 20_000, 0.0), (take,), START_MS + 2, math.inf, None, None)
    story = Story(Clock(START_MS - 1000, 0.0), None, events, (restarts,), START_MS + 120_000)
    (use,) = reported(story).uses
    assert (use.events[0].verdict, use.events[0].ground.row) == ("indeterminate", "untied")


@given(stories(is_calm=True))
@settings(max_examples=EXAMPLES // 3)
def test_a_calm_use_is_decided_in_the_report_as_it_is_before_the_table(story: Story) -> None:
    """Which recordings may be of a use, and which journals reach over it, takes nothing away that decides."""
    decided(story)


@given(wrong_hosts())
@settings(max_examples=EXAMPLES // 3)
def test_where_all_was_heard_no_host_with_a_wrong_clock_changes_a_verdict(story: Story) -> None:
    """What the units said to each other ties them, whatever hosts said of UTC."""
    decided(story)


def decided(story: Story) -> None:
    edges = [edge for told in story.cameras for take in told.takes for edge in (take.begin_ms, take.end_ms)]
    for event, true in judged(story):
        near = [abs(edge - mark) < 200 for edge in edges for mark in (true.ms, story.back_of(true) + GRACE_MS)]
        if not any(near):
            expected = Verdict.UNWITNESSED
            takes = tuple(take for told in story.cameras for take in told.takes)
            if shows(takes, true.ms):
                expected = Verdict.BEFORE
            elif story.lateness_of(takes, true):
                expected = Verdict.LATE
            note(f"{event.ground}")
            assert event.verdict == expected
