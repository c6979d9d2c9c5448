"""A report is its neighbourhoods' parts added up: whoever shares them out, however, the same comes out."""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.reporting.asked import Asked, Beside
from host_tools.reporting.coverage import by_reading
from host_tools.reporting.held import Held, from_verdict, unpulled
from host_tools.reporting.model import Report
from host_tools.reporting.part import part
from host_tools.reporting.parts import Part
from host_tools.reporting.report import build, whole
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import Book
from .test_uses import crew

T = 1_800_000_000_000
HOUR = 3_600_000
ASKED = Asked(T + 100 * HOUR)


def neighbourhood(number: int, uses: Sequence[tuple[int, str]], read_ms: int = T + 90 * HOUR) -> list[Held]:
    """A weapon, its camera and another's: numbers 10 n + 1, 2 and 3. `uses`: begin in ms and what its camera does:
    follows late, runs before, or hears nothing."""
    weapon_no, own_no, other_no = 10 * number + 1, 10 * number + 2, 10 * number + 3
    weapon = Book(weapon_no, ROLE_HOLSTER).clock(0, T)
    camera = Book(own_no, ROLE_CAMERA, 5_000).clock(0, T)
    other = Book(other_no, ROLE_CAMERA, 9_000).clock(0, T)
    for place, (ms, story) in enumerate(uses):
        counter = 10 * place + 5
        weapon.event(ms, frames.DRAW, counter)
        if story == "runs":
            camera.tally(ms - 5_000, True)
        if story != "silent":
            camera.at(ms + 10, records.HEARD, weapon_no, counter, 1, 0x10, bytes(4))
            weapon.ack(ms + 40, counter, frames.HEARD, camera_unit=own_no)
        if story == "late":
            camera.tally(ms + 900, True)
        weapon.event(ms + 2000, frames.DISCHARGE, counter + 1).event(ms + 8000, frames.REHOLSTER, counter + 2)
        if story != "silent":
            camera.tally(ms + 20_000, False)
        other.at(ms + 10, records.HEARD, weapon_no, counter, 4, 0x10, bytes(4))
    books = (weapon, camera, other)
    return [from_verdict(book.serial, f"Unit no. {book.unit}", book.verdict(), read_ms) for book in books]


def own_of(groups: Sequence[int]) -> dict[int, list[int]]:
    return {10 * number + 1: [10 * number + 2] for number in groups}


def outline(camera: Held) -> Held:
    """What is asked of a camera of another neighbourhood."""
    return replace(unpulled(camera.serial, camera.unit, camera.role, camera.name), pulled=True, read_ms=camera.read_ms)


stories = st.lists(
    st.tuples(st.integers(1, 80).map(lambda hours: hours * HOUR), st.sampled_from(("late", "runs", "silent"))),
    max_size=3,
    unique_by=lambda told: told[0],
).map(sorted)


@settings(max_examples=40)
@given(st.lists(stories, min_size=1, max_size=4), st.randoms())
def test_any_sharing_of_neighbourhoods_among_parts_gives_the_same_report(told: Any, chance: Any) -> None:
    groups = {number: neighbourhood(number, uses) for number, uses in enumerate(told)}
    everybody = [unit for units in groups.values() for unit in units]
    own = own_of(list(groups))
    at_once = whole([part(everybody, own, ASKED)], Beside("Hill", pairs=()), ASKED)

    numbers = list(groups)
    chance.shuffle(numbers)
    parts: list[Part] = []
    while numbers:
        taken = [numbers.pop() for _ in range(chance.randint(1, len(numbers)))]
        here = [unit for number in taken for unit in groups[number]]
        chance.shuffle(here)
        absent = [outline(u) for n, units in groups.items() if n not in taken for u in units if u.role & ROLE_CAMERA]
        parts.append(part(here, own, ASKED, absent=absent))
    shared = whole((pickle.loads(pickle.dumps(one)) for one in parts), Beside("Hill", pairs=()), ASKED)
    assert shared == at_once
    assert shared.headline.discharges.total == sum(len(uses) for uses in told)


def verdicts(report: Report) -> list[str]:
    return [event.verdict for use in report.uses for event in use.events]


def test_a_camera_of_another_neighbourhood_counts_only_until_when_it_was_read() -> None:
    """It heard nobody of this group; still it may have been near and recorded, and said so to nobody here."""
    here, there = neighbourhood(0, [(HOUR, "silent")]), neighbourhood(1, [])
    told = build([*here, *there], own_of([0, 1]), made_ms=ASKED.made_ms)
    assert verdicts(told) == ["unwitnessed"] * 2
    early = [replace(unit, read_ms=T + HOUR // 2) for unit in there]
    report = build([*here, *early], own_of([0, 1]), made_ms=ASKED.made_ms)
    assert verdicts(report) == ["indeterminate"] * 2
    (draw, _) = report.uses[0].events
    assert draw.own_verdict == "unwitnessed" and draw.ground.row == "not-covered"
    assert "Unit no. 12" in draw.reason and "Unit no. 13" in draw.reason and "Unit no. 11" not in draw.reason


def test_a_recording_in_another_neighbourhood_is_no_witness() -> None:
    here, there = neighbourhood(0, [(HOUR, "silent")]), neighbourhood(1, [(HOUR, "runs")])
    report = build([*here, *there], own_of([0, 1]), made_ms=ASKED.made_ms)
    by_weapon = {use.serial: [event.verdict for event in use.events] for use in report.uses}
    assert by_weapon == {"UNIT1": ["unwitnessed"] * 2, "UNIT11": ["before"] * 2}


def test_of_many_cameras_elsewhere_that_may_have_recorded_some_are_named_and_the_rest_counted() -> None:
    here = neighbourhood(0, [(HOUR, "silent")])
    never = [unpulled(f"C{n:03}", 500 + n, ROLE_CAMERA, f"Camera {n}") for n in range(30)]
    made = part(here, own_of([0]), ASKED, absent=by_reading(never))
    reason = made.uses[0].events[0].reason
    assert "Camera 0, Camera 1, Camera 2, Camera 3 and 26 more" in reason


def test_units_that_share_a_number_are_found_wherever_their_parts_were_made() -> None:
    one = neighbourhood(0, [(HOUR, "late")])
    twin = replace(one[0], serial="TWIN", name="Twin")
    parts = [part(one, own_of([0]), ASKED), part([twin], own_of([0]), ASKED)]
    report = whole(parts, Beside("Hill", pairs=()), ASKED)
    assert [(f.serial, "number 1, too: TWIN" in f.text) for f in report.findings if "number" in f.text] == [
        ("UNIT1", True)
    ]


def test_a_camera_of_which_only_the_weapons_journal_tells_keeps_absence_from_being_claimed() -> None:
    """Its journal was withheld, and the force does not know it either."""
    told = {
        "ack": lambda book: book.ack(HOUR + 40, 5, frames.HEARD, camera_unit=77),
        "testimony": lambda book: book.at(HOUR + 500, records.WITNESS, 77, 9, bytes(4)),
        "crew": lambda book: crew(book, HOUR + 500, (77, records.CREW_READY)),
        "nothing": lambda book: book,
    }
    for what, tell in told.items():
        weapon = tell(Book(1, ROLE_HOLSTER).clock(0, T).event(HOUR, frames.DRAW, 5)).event(
            HOUR + 9000, frames.REHOLSTER, 6
        )
        camera = Book(2, ROLE_CAMERA).clock(0, T)
        journals = [from_verdict(b.serial, b.serial, b.verdict(), T + 90 * HOUR) for b in (weapon, camera)]
        (use,) = build(journals, own_of([0]), made_ms=ASKED.made_ms).uses
        assert use.events[0].own_verdict == "unwitnessed"
        expected = "unwitnessed" if what == "nothing" else "indeterminate"
        assert use.events[0].verdict == expected, what
        assert ("unit 77" in use.events[0].reason) == (what != "nothing")


def test_triggers_of_a_weapon_that_was_never_pulled_are_a_finding() -> None:
    weapon, camera, other = neighbourhood(0, [(HOUR, "late"), (2 * HOUR, "late")])
    hidden = build([camera, other], own_of([0]), made_ms=ASKED.made_ms)
    assert [(f.serial, f.text) for f in hidden.findings] == [
        (serial, "it heard 2 triggers of unit 1, of which nothing was pulled: its uses are in no figure here")
        for serial in ("UNIT2", "UNIT3")
    ]
    known = build([unpulled("UNIT1", 1, ROLE_HOLSTER, "H1"), camera, other], own_of([0]), made_ms=ASKED.made_ms)
    assert "2 triggers of H1" in known.findings[0].text
    assert not build([weapon, camera, other], own_of([0]), made_ms=ASKED.made_ms).findings


def test_where_units_were_left_out_on_purpose_it_is_a_note_and_no_finding() -> None:
    _, camera, other = neighbourhood(0, [(HOUR, "late")])
    parts = [part([camera, other], own_of([0]), ASKED)]
    report = whole(parts, Beside("Hill", pairs=(), is_part=True), ASKED)
    assert report.findings == []
    assert any("Unit no. 2, Unit no. 3 followed other weapons" in note for note in report.notes)
