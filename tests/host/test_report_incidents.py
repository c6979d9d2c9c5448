"""Uses that belong together are one incident with one timeline, and those that do not stay apart."""

from host_tools.reporting.held import Held, from_verdict
from host_tools.reporting.model import Report
from host_tools.reporting.report import build
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER

from .books import OTHER, OWN, Book, own, used
from .test_uses import crew

T = 1_800_000_000_000
HOUR = 3_600_000
SECOND, THIRD = 11, 12


def held(book: Book) -> Held:
    return from_verdict(book.serial, book.serial, book.verdict(), T + 10 * HOUR)


def made(*books: Book) -> Report:
    return build([held(book) for book in books], {1: [OWN], SECOND: [OTHER]}, made_ms=T + 20 * HOUR)


def weapon(unit: int, base_ms: int = 0, utc_ms: int | None = T) -> Book:
    book = Book(unit, ROLE_HOLSTER, base_ms)
    return book if utc_ms is None else book.clock(0, utc_ms)


def heard(camera: Book, ms: int, counter: int, sender: int) -> Book:
    return camera.at(ms, records.HEARD, sender, counter, 1, 0x10, bytes(4))


def answered(book: Book, ms: int, counter: int, camera: int = OWN) -> Book:
    """A use of four seconds that this camera follows."""
    book.event(ms, frames.DRAW, counter).ack(ms + 40, counter, frames.HEARD, camera_unit=camera)
    book.ack(ms + 900, counter, frames.PROVEN, 20, camera_unit=camera)
    return book.event(ms + 4000, frames.REHOLSTER, counter + 1)


def incidents(report: Report) -> list[list[str]]:
    return [incident.uses for incident in report.incidents]


def test_a_use_by_itself_is_an_incident_by_the_name_of_its_first_event() -> None:
    report = made(used(weapon(1), 10_000, 5))
    (incident,), (use,) = report.incidents, report.uses
    assert incident.reference == use.incident == "UNIT1:1" and incident.uses == ["UNIT1:1"]
    assert incident.timeline == use.timeline and incident.lasted_ms == use.lasted_ms == 1000
    assert incident.serials == ["UNIT1"] and incident.began == use.began


def test_two_weapons_that_one_camera_followed_at_one_time_are_one_incident() -> None:
    one, other = answered(weapon(1), 10_000, 5), answered(weapon(SECOND, 7_000), 12_000, 50)
    camera = heard(heard(own().clock(0, T), 10_010, 5, 1), 12_010, 50, SECOND).tally(10_925, True).tally(60_000, False)
    report = made(one, other, camera)
    (incident,) = report.incidents
    assert incident.reference == "UNIT1:1" and {use.incident for use in report.uses} == {"UNIT1:1"}
    assert incident.uses == ["UNIT1:1", f"UNIT{SECOND}:1"] and incident.lasted_ms == 6000
    assert incident.serials == ["UNIT1", f"UNIT{SECOND}", f"UNIT{OWN}"]


def test_an_incident_shows_all_weapons_and_each_recording_once_on_the_first_ones_clock() -> None:
    one, other = answered(weapon(1), 10_000, 5), answered(weapon(SECOND, 7_000), 12_000, 50)
    camera = heard(heard(own().clock(0, T), 10_010, 5, 1), 12_010, 50, SECOND).tally(10_925, True).tally(14_000, False)
    (incident,) = made(one, other, camera).incidents
    lanes = {lane.name.split(" (")[0]: lane for lane in incident.timeline.lanes}
    assert list(lanes) == ["UNIT1", f"UNIT{SECOND}", f"UNIT{OWN}", f"unit {OTHER}"], "the own one that was never pulled"
    assert [mark.at_ms for mark in lanes["UNIT1"].marks] == [0, 4000]
    drawn, back = (mark.at_ms for mark in lanes[f"UNIT{SECOND}"].marks)
    assert abs(drawn - 2000) < 60 and back - drawn == 4000, "by what the camera heard of both"
    (bar,) = lanes[f"UNIT{OWN}"].bars
    assert bar.start_low_ms <= 925 <= bar.start_high_ms and bar.start_high_ms - bar.start_low_ms < 200
    assert {mark.label.split(":")[0] for mark in lanes[f"UNIT{OWN}"].marks} == {"UNIT1", f"UNIT{SECOND}"}
    assert incident.timeline.from_ms < 0 and incident.timeline.to_ms >= 6000


def test_a_camera_that_heard_both_joins_them_though_no_ack_of_it_arrived() -> None:
    one, other = used(weapon(1), 10_000, 5), used(weapon(SECOND), 10_500, 50)
    silent = heard(heard(Book(OTHER, ROLE_CAMERA).clock(0, T), 10_010, 5, 1), 10_510, 50, SECOND)
    assert incidents(made(one, other, silent)) == [["UNIT1:1", f"UNIT{SECOND}:1"]]


def test_the_same_camera_at_another_hour_makes_two_incidents() -> None:
    one, other = answered(weapon(1), 10_000, 5), answered(weapon(SECOND), HOUR, 50)
    camera = heard(heard(own().clock(0, T), 10_010, 5, 1), HOUR + 10, 50, SECOND)
    assert incidents(made(one, other, camera)) == [["UNIT1:1"], [f"UNIT{SECOND}:1"]]


def test_where_no_clock_was_set_the_camera_that_heard_both_tells_whether_it_was_one_time() -> None:
    for later_ms, expected in ((2000, 1), (60_000, 2)):
        one = answered(weapon(1, utc_ms=None), 10_000, 5)
        other = answered(weapon(SECOND, 7_000, utc_ms=None), 10_000 + later_ms, 50)
        camera = heard(heard(own(), 10_010, 5, 1), 10_010 + later_ms, 50, SECOND)
        assert len(made(one, other, camera).incidents) == expected


def test_weapons_at_one_time_that_nothing_joins_are_two_incidents() -> None:
    one, other = answered(weapon(1), 10_000, 5), answered(weapon(SECOND), 11_000, 50, camera=OTHER)
    report = made(one, other, heard(own().clock(0, T), 10_010, 5, 1), Book(OTHER, ROLE_CAMERA).clock(0, T))
    assert len(report.incidents) == 2


def test_a_weapon_that_was_heard_near_by_another_is_of_its_incident() -> None:
    one = used(weapon(1), 10_000, 5)
    crew(one, 11_500, (SECOND, records.CREW_HOLSTER))
    other = used(weapon(SECOND), 10_500, 50)
    assert incidents(made(one, other)) == [["UNIT1:1", f"UNIT{SECOND}:1"]]
    far = used(weapon(SECOND), 5 * HOUR, 50)
    assert len(made(one, far).incidents) == 2, "near, but hours later"


def test_three_weapons_of_which_the_first_and_the_last_never_met_are_one_incident_by_the_middle_one() -> None:
    one, last = used(weapon(1), 10_000, 5, frames.ARM, frames.ARM), used(weapon(THIRD), 12_500, 70)
    middle = used(weapon(SECOND), 11_000, 50, frames.ARM)
    crew(middle, 14_000, (1, records.CREW_HOLSTER), (THIRD, records.CREW_HOLSTER))
    assert incidents(made(one, middle, last)) == [["UNIT1:1", f"UNIT{SECOND}:1", f"UNIT{THIRD}:1"]]


def test_weapons_without_clocks_are_tied_by_way_of_one_that_shared_a_camera_with_each() -> None:
    one, middle = answered(weapon(1, utc_ms=None), 10_000, 5), weapon(SECOND, 7_000, utc_ms=None)
    middle.event(11_000, frames.DRAW, 50).ack(11_040, 50, frames.HEARD, camera_unit=OWN)
    middle.ack(11_060, 50, frames.HEARD, camera_unit=OTHER).event(16_000, frames.REHOLSTER, 51)
    last = answered(weapon(THIRD, 9_000, utc_ms=None), 15_000, 70, camera=OTHER)
    camera = heard(heard(own(), 10_010, 5, 1), 11_010, 50, SECOND)
    another = heard(heard(Book(OTHER, ROLE_CAMERA, 3_000), 11_010, 50, SECOND), 15_010, 70, THIRD)
    (incident,) = made(one, middle, last, camera, another).incidents
    weapons = [lane for lane in incident.timeline.lanes if lane.kind == "weapon"]
    assert [round(lane.marks[0].at_ms, -2) for lane in weapons] == [0, 1000, 5000]
    assert [" (± " in lane.name for lane in weapons] == [False, True, True]


def test_bounds_that_touch_count_as_one_time() -> None:
    """Both clocks were set, each by a host that may be a second off: what lies closer may have been together."""
    one = used(weapon(1), 10_000, 5)
    crew(one, 11_200, (SECOND, records.CREW_HOLSTER))
    assert len(made(one, used(weapon(SECOND), 12_900, 50)).incidents) == 1
    assert len(made(one, used(weapon(SECOND), 14_000, 50)).incidents) == 2


def test_an_incident_of_which_a_weapon_never_came_back_has_no_known_length() -> None:
    one = used(weapon(1), 10_000, 5)
    crew(one, 11_200, (SECOND, records.CREW_HOLSTER))
    other = weapon(SECOND).event(10_500, frames.DRAW, 50)
    (incident,) = made(one, other).incidents
    assert incident.lasted_ms is None and len(incident.uses) == 2


def in_two_boots(over_ms: int) -> list[Book]:
    """A weapon whose clock was lost, heard and never answered, at 10 s and for so long; its camera restarts; five hours
    later that hears another weapon."""
    one = weapon(1).reboot().event(10_000, frames.DRAW, 5).event(10_000 + over_ms, frames.REHOLSTER, 6)
    camera = heard(Book(OWN, ROLE_CAMERA).clock(0, T), 60_000, 5, 1).alert(90_000, 1).reboot()
    heard(camera.clock(0, T + 5 * HOUR), 10_010, 50, SECOND)
    return [one, used(weapon(SECOND, utc_ms=T + 5 * HOUR), 10_000, 50), camera]


def test_two_weapons_that_one_camera_heard_before_and_after_it_restarted_are_two_incidents() -> None:
    assert len(made(*in_two_boots(over_ms=4000)).incidents) == 2
    assert len(made(*in_two_boots(over_ms=90_000)).incidents) == 1, "it may have been out until after that restart"
