"""Units that are put away sleep deeply, wake by a pin, and miss no weapon."""

from pathlib import Path
from typing import Any

import pytest

from interlock.core import frames, holster_state, records
from simulator.played import Run

from .test_world import story

H1 = {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"]}
C1 = {"id": "C1", "role": "camera", "at_m": [0.4, 0.3], "recorder": {"start_delay_ms": 900}}
SHORT = {"store_after_ms": 600000, "hold_ms": 5000}
PUT_AWAY = ((5, "H1", "press_stow"), (9, "H1", "draw"), (10, "C1", "camera_falls_asleep"))


BOTH = pytest.mark.parametrize("fidelity", ["fast", pytest.param("vm", marks=pytest.mark.deep)])
DAY_S, NIGHTS = 86400, 3


def told(run: Run, unit: str, kind: int) -> list[tuple[float, Any]]:
    """(seconds of the world, fields) of each record of this kind."""
    played = run.unit(unit)
    return [
        ((played.boot_zero_us[record.boot] / 1000 + record.uptime_ms) / 1000, record.fields())
        for record in played.reading.records
        if record.kind == kind
    ]


def life(run: Run, unit: str, what: int) -> list[tuple[float, Any]]:
    return [(at_s, fields) for at_s, fields in told(run, unit, records.LIFE) if fields.what == what]


def events(run: Run, unit: str) -> list[str]:
    names = {**frames.EVENT_NAMES, **holster_state.NOTE_NAMES}
    return [names.get(fields.event, str(fields.event)) for _, fields in told(run, unit, records.EVENT)]


@BOTH
def test_units_that_are_put_away_sleep_and_the_next_shift_wakes_them(tmp_path: Path, fidelity: str) -> None:
    run = story(
        tmp_path,
        *PUT_AWAY,
        (3000, "C1", "camera_wakes"),
        (3010, "H1", "holster"),
        (3100, "H1", "draw"),
        (3110, "H1", "holster"),
        (3140, "H1", "press", {}),
        units=(H1, C1),
        policy=SHORT,
        fidelity=fidelity,
    )
    (slept_s, _), *rest = life(run, "H1", records.LIFE_STORED)
    assert 608 < slept_s < 615 and not rest
    ((slept_s, _),) = life(run, "C1", records.LIFE_STORED)
    assert slept_s < 1800, "ten minutes after its camera was off and its holster was heard last, or a little more"
    for unit, at_s in (("H1", 3010), ("C1", 3000)):
        ((woke_s, fields),) = life(run, unit, records.LIFE_BEGUN)
        assert fields.detail == records.LIFE_WOKEN
        assert at_s < woke_s < at_s + 4, "a camera takes three seconds to wake"
    assert "draw" in events(run, "H1") and "stowed" in events(run, "H1"), "that it was put away is a record"
    assert [fields.kind_reason >> 4 for _, fields in told(run, "H1", records.ACK)], "its camera answered"


def test_a_weapon_in_its_holster_never_lets_its_unit_sleep(tmp_path: Path) -> None:
    run = story(tmp_path, (8, "H1", "press_stow"), (900, "H1", "press"), policy=SHORT, fidelity="fast")
    assert not life(run, "H1", records.LIFE_STORED)


@BOTH
def test_a_unit_that_is_looked_at_stays_put_away_and_sleeps_again(tmp_path: Path, fidelity: str) -> None:
    run = story(
        tmp_path,
        *PUT_AWAY,
        (1000, "H1", "press"),
        (2000, "H1", "press_stow"),
        (2100, "H1", "press"),
        policy=SHORT,
        fidelity=fidelity,
    )
    assert len(life(run, "H1", records.LIFE_STORED)) == 2
    assert [fields.detail for _, fields in life(run, "H1", records.LIFE_BEGUN)] == [records.LIFE_WOKEN] * 2
    assert "draw" not in events(run, "H1") and "weapon out" not in events(run, "H1")


@BOTH
def test_a_weapon_that_comes_and_goes_while_its_unit_wakes_is_recorded_as_out(tmp_path: Path, fidelity: str) -> None:
    run = story(
        tmp_path,
        *PUT_AWAY,
        (1000, "H1", "holster"),
        (1000.25, "H1", "draw"),
        (1010, "H1", "press"),
        policy=SHORT,
        fidelity=fidelity,
    )
    flags = [fields.flags for _, fields in told(run, "H1", records.EVENT) if fields.event == frames.OUT]
    assert flags, events(run, "H1")


@pytest.mark.parametrize(
    "profile, line, level",
    [
        ("esp32", "seat_closes", "off"),
        pytest.param("esp32", "seat_opens", "on", marks=pytest.mark.deep),
        pytest.param("esp32_c3", "seat_closes", "off", marks=pytest.mark.deep),
        pytest.param("esp32_c6", "seat_closes", "off", marks=pytest.mark.deep),
        pytest.param("esp32_classic", "seat_opens", "on", marks=pytest.mark.deep),
    ],
)
def test_a_contact_that_fails_while_its_unit_sleeps_hides_no_weapon(
    tmp_path: Path, profile: str, line: str, level: str
) -> None:
    """It may be the one that wakes the unit. It looks at the other one every quarter of an hour."""
    run = story(
        tmp_path,
        *PUT_AWAY,
        (900, "H1", "line_sticks", {"line": line, "level": level}),
        (3300, "C1", "camera_wakes"),
        (3400, "H1", "holster"),
        (4400, "H1", "draw"),
        (4500, "H1", "press"),
        units=(H1, C1),
        policy=SHORT,
        profile=profile,
        fidelity="fast",
    )
    assert [at_s for at_s, fields in told(run, "H1", records.EVENT) if fields.event in (frames.OUT, frames.DRAW)]
    assert life(run, "H1", records.LIFE_STORED)
    (woke_s, _) = life(run, "H1", records.LIFE_BEGUN)[0]
    assert 3400 < woke_s < 3400 + 905, "what it looked at meanwhile is in no journal"
    assert any(began < 4400e6 for began in (interval.start_us for interval in run.unit("C1").recordings))


def test_a_weapon_that_was_armed_while_its_unit_slept_is_aired_at_the_next_look_around(tmp_path: Path) -> None:
    """A classic ESP32: no pin of its safety's can wake it, so it is seen at the next look around."""
    run = story(
        tmp_path,
        *PUT_AWAY,
        (900, "H1", "arm"),
        (1900, "C1", "camera_wakes"),
        units=(H1, C1),
        policy=SHORT,
        profile="esp32_classic",
        fidelity="fast",
    )
    assert life(run, "H1", records.LIFE_STORED)
    woken = [(at_s, fields) for at_s, fields in told(run, "H1", records.EVENT) if at_s > 900]
    assert woken and woken[0][0] < 900 + 910 and woken[0][1].flags & frames.FLAG_ARMED, events(run, "H1")


def test_a_policy_of_zero_keeps_units_awake(tmp_path: Path) -> None:
    run = story(tmp_path, *PUT_AWAY, (1700, "H1", "press"), policy={"store_after_ms": 0}, fidelity="fast")
    assert not life(run, "H1", records.LIFE_STORED) and not life(run, "C1", records.LIFE_STORED)


@pytest.mark.parametrize("profile", ["rp2", "stm32wb"])
def test_a_board_that_no_pin_wakes_never_sleeps(tmp_path: Path, profile: str) -> None:
    run = story(tmp_path, *PUT_AWAY, (800, "H1", "press"), policy=SHORT, profile=profile, fidelity="fast")
    assert not life(run, "H1", records.LIFE_STORED)


@pytest.mark.deep
def test_days_with_nights_put_away_miss_no_draw_and_sleep_through_the_nights(tmp_path: Path) -> None:
    """Nine hours on duty, fifteen put away: of those an hour awake, until it sleeps."""
    day: list[tuple[Any, ...]] = []
    for number in range(NIGHTS):
        at = number * DAY_S
        day += [(at + 10, "C1", "camera_wakes"), (at + 60, "H1", "holster")] if number else []
        day += [
            (at + 4 * 3600, "H1", "draw"),
            (at + 4 * 3600 + 20, "H1", "holster"),
            (at + 9 * 3600, "H1", "press_stow"),
            (at + 9 * 3600 + 10, "H1", "draw"),
            (at + 9 * 3600 + 20, "C1", "camera_falls_asleep"),
        ]
    day.append((NIGHTS * DAY_S, "H1", "press"))
    run = story(tmp_path, *day, units=(H1, C1), fidelity="fast")
    sleeps = life(run, "H1", records.LIFE_STORED)
    assert len(sleeps) == NIGHTS
    assert len(life(run, "C1", records.LIFE_STORED)) == NIGHTS
    assert events(run, "H1").count("draw") == NIGHTS
    assert len(told(run, "H1", records.USE)) == NIGHTS
    assert all(fields.acks and not fields.alerts for _, fields in told(run, "H1", records.USE))
    asleep_s = NIGHTS * DAY_S
    awake_s = 0.0
    woken = [0.0] + [at_s for at_s, _ in life(run, "H1", records.LIFE_BEGUN)]
    for began_s, (slept_s, _) in zip(woken, sleeps, strict=False):
        awake_s += slept_s - began_s
    print(f"awake for {awake_s / asleep_s:.0%} of the time")
    assert awake_s < 0.45 * asleep_s
