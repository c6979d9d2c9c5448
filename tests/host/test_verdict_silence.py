"""A journal that shows no recording says until when it was looked through, and where its unit wrote nothing."""

from host_tools.reporting.model import Event
from interlock.core import frames, records
from interlock.core.settings import ROLE_CAMERA

from .books import Book, holster, other, own
from .report_shift import HOUR, T, held, made


def silent(camera: Book) -> Event:
    """A use at 60 s which the camera did not hear, as the report judges it."""
    weapon = holster().clock(0, T).event(60_000, frames.DRAW, 5).event(62_000, frames.REHOLSTER, 6)
    (use,) = made(held(weapon), held(camera, T + 10 * HOUR)).uses
    return use.events[0]


def restarted(last_ms: int, boot_ms: int) -> Book:
    """Its last record is at one moment, and it starts anew at the other: the weapon's clock, by UTC."""
    camera = own().clock(0, T).tally(100, False).alert(last_ms, 1)
    camera.boot, camera.base_ms = 2, -boot_ms
    return (
        camera.at(boot_ms, records.BOOT, 1, 0, 1, 0).clock(boot_ms + 500, T + boot_ms + 500).tally(boot_ms + 600, False)
    )


def test_a_unit_that_may_have_been_off_during_the_use_is_told_with_the_records_around() -> None:
    draw = silent(restarted(30_000, 90_000))
    assert draw.verdict == "unwitnessed" and draw.ground.row == "no-recording"
    assert "covers the use" not in draw.ground.condition
    assert "wrote nothing between records 2 and 3" in draw.ground.condition
    assert "whether it was off during the use" in draw.ground.condition
    told = [(cited.sequence, cited.says) for cited in draw.ground.cited if cited.serial == "UNIT2"]
    assert told[:2] == [
        (2, "the last record before its unit started anew"),
        (3, "its unit started anew"),
    ]


def test_restarts_before_and_behind_the_use_are_not_told() -> None:
    for camera in (restarted(20_000, 40_000), restarted(80_000, 90_000), own().clock(0, T).tally(100, False)):
        draw = silent(camera)
        assert draw.verdict == "unwitnessed"
        assert draw.ground.condition.startswith("the journal of the camera's unit covers the use, and has no recording")
        assert "anew" not in draw.ground.condition


def test_of_restarts_that_no_clock_ties_those_that_their_order_puts_elsewhere_are_not_told() -> None:
    camera = restarted(20_000, 40_000)
    camera.boot, camera.base_ms = 3, 0
    camera.at(0, records.BOOT, 1, 0, 1, 0).tally(1000, False)
    draw = silent(camera)
    assert "wrote nothing between records 5 and 6" in draw.ground.condition


def test_unwitnessed_cites_the_journal_of_every_camera_that_was_asked() -> None:
    weapon = holster().clock(0, T).event(60_000, frames.DRAW, 5).event(62_000, frames.REHOLSTER, 6)
    cameras = [own().clock(0, T).tally(100, False), other().clock(0, T).tally(20_000, True).tally(30_000, False)]
    cameras = [camera.heard(60_010, 5) for camera in cameras]
    report = made(held(weapon), *(held(camera, T + 10 * HOUR) for camera in cameras))
    ground = report.uses[0].events[0].ground
    assert report.uses[0].events[0].verdict == "unwitnessed"
    assert {cited.serial for cited in ground.cited} == {"UNIT1", "UNIT2", "UNIT3"}
    assert "more camera" in ground.condition
    alone = made(held(weapon), held(cameras[0], T + 10 * HOUR)).uses[0].events[0].ground
    assert "more camera" not in alone.condition and {cited.serial for cited in alone.cited} == {"UNIT1", "UNIT2"}


def test_cameras_whose_journals_say_the_same_are_counted_in_the_condition() -> None:
    weapon = holster().clock(0, T).event(60_000, frames.DRAW, 5).event(62_000, frames.REHOLSTER, 6)
    several = [
        Book(number, ROLE_CAMERA, 1000 * number).clock(0, T).tally(100, False).heard(60_010, 5) for number in (2, 3, 4)
    ]
    ground = made(held(weapon), *(held(camera, T + 10 * HOUR) for camera in several)).uses[0].events[0].ground
    assert ground.condition == (
        "the journal of the camera's unit covers the use, and has no recording that may be of it; so it is with 2 more "
        "cameras"
    )
