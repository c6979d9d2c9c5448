"""What was heard before a power cut is not new after it: an attacker who recorded the air gains nothing by a reboot."""

from typing import Any

import pytest

from interlock.camera_role import CameraRole
from interlock.core import frames, receiver, settings
from interlock.core.frames import GroupKeys, UnitKeys, build_unit
from interlock.core.settings import ROLE_CAMERA
from interlock.station import Station

from .chip import Chip
from .station_story import SilentRadio, config

GROUP, HOLSTER = GroupKeys(b"g" * 32), UnitKeys(b"p" * 32, 2)


class Line:
    """A wire of the recorder that keeps its level."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def read(self) -> bool:
        return self.on


class Recorder:
    """A recorder that is awake and never follows."""

    def __init__(self) -> None:
        self.tally, self.awake = Line(False), Line(True)

    def pulse(self, now: int) -> None:
        pass


class Ear(SilentRadio):
    def listen(self) -> None:
        pass


class Signal:
    def alert(self, now: int) -> None:
        pass


def camera_unit(chip: Chip) -> tuple[Station, CameraRole]:
    outside: Any = (Ear(), Recorder(), Signal())
    keep, ring = chip.area(0, settings.SECTORS), chip.area(settings.SECTORS, 4)
    station = Station(config(ROLE_CAMERA), ring, keep, outside[0], lambda: 5000, 1)
    return station, CameraRole(station, outside[1], outside[2])


def heard(station: Station, role: CameraRole, event: int, counter: int) -> int:
    """What the unit takes the partner's frame for, after it acted on it."""
    found = station.receiver.hear(build_unit(HOLSTER, GROUP, event, 0, counter, bytes(4)), 5000)
    assert found is not None
    role.hear(found)
    return found.kind


@pytest.mark.parametrize(
    "event",
    [
        frames.DRAW,
        frames.ARM,
        frames.DISCHARGE,
        frames.REHOLSTER,
        pytest.param(
            frames.OUT,
            marks=pytest.mark.xfail(
                reason="renewals move the mark in memory only: no record carries them", strict=True
            ),
        ),
    ],
    ids=lambda event: frames.EVENT_NAMES[event],
)
def test_a_frame_heard_before_a_power_cut_is_not_new_after_it(event: int) -> None:
    chip = Chip("nor", settings.SECTORS + 4, 4096)
    station, role = camera_unit(chip)
    assert heard(station, role, frames.DRAW, 10) == receiver.OWN
    assert heard(station, role, event, 11) == receiver.OWN
    assert heard(*camera_unit(chip), event, 11) in (receiver.OWN_REPEAT, receiver.OWN_STALE)
