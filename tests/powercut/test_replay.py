"""What was heard before a power cut is not new after it: an attacker who recorded the air gains nothing by a reboot."""

from typing import Any

import pytest

from interlock.camera_role import CameraRole
from interlock.core import camera, frames, receiver, settings, wire
from interlock.core.frames import GroupKeys, UnitKeys, build_unit
from interlock.core.settings import ROLE_CAMERA
from interlock.station import Station

from .chip import Chip
from .station_story import SilentRadio, config

GROUP, HOLSTER = GroupKeys(b"g" * 32), UnitKeys(b"p" * 32, 2)
SLOT = 443108250


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
        self.contacts = (self.tally, self.awake)
        self.speaks, self.toggles = False, True
        self.buffer_ms = self.proven_ms = None

    def start(self, now: int) -> None:
        pass


class Ear(SilentRadio):
    def listen(self) -> None:
        pass


class Signal:
    def alert(self, now: int) -> None:
        pass


def camera_unit(chip: Chip) -> tuple[Station, CameraRole]:
    outside: Any = (Ear(), Recorder(), Signal(), Line(False))
    keep, ring = chip.area(0, settings.SECTORS), chip.area(settings.SECTORS, 4)
    station = Station(config(ROLE_CAMERA), ring, keep, outside[0], lambda: 5000, 1)
    return station, CameraRole(station, *outside[1:])


def set_clock(station: Station, slot: int) -> None:
    """A technician sets it."""
    assert station.set_clock(wire.ADMIN, station.uptime_ms(), slot * frames.TIME_SLOT_MS, 100) == wire.OK


def heard(station: Station, role: CameraRole, event: int, counter: int) -> int | None:
    """What the unit takes the partner's frame for, after it acted on it; None when it drops it."""
    frame = build_unit(HOLSTER, GROUP, event, 0, counter, bytes(4), SLOT)
    found = station.receiver.hear(frame, 5000, station.slot())
    if found is None:
        return None
    role.hear(found)
    return found.kind


def after_a_cut(event: int) -> tuple[Station, CameraRole]:
    """A camera unit that heard a draw and this event, lost power, and is back. Its clock is gone."""
    chip = Chip("nor", settings.SECTORS + 4, 4096)
    station, role = camera_unit(chip)
    set_clock(station, SLOT)
    assert heard(station, role, frames.DRAW, 10) == receiver.OWN
    assert heard(station, role, event, 11) == receiver.OWN
    station, role = camera_unit(chip)
    assert station.slot() == frames.NO_SLOT
    return station, role


EVENTS = sorted({*frames.EVENT_NAMES} - {*frames.PRESENCE, *frames.READINESS})


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: frames.EVENT_NAMES[event])
def test_a_frame_heard_before_a_power_cut_is_not_new_after_it(event: int) -> None:
    """What was journalled is known by its mark, with a clock or without; a renewal, which no record carries, is told by
    its age, once there is a clock."""
    is_recorded = event not in (frames.OUT, frames.RECORDING)
    if is_recorded:
        assert heard(*after_a_cut(event), event, 11) in (receiver.OWN_REPEAT, receiver.OWN_STALE)
    station, role = after_a_cut(event)
    set_clock(station, SLOT + receiver.SLOTS_APART + 1)
    if event == frames.RECORDING:
        # Flagged, and nothing that a camera unit would follow.
        assert heard(station, role, event, 11) == receiver.OWN_LATE
    else:
        assert heard(station, role, event, 11) is None
    assert role.state.mode == camera.STANDBY and not station.receiver.junk


@pytest.mark.parametrize("event", sorted({*frames.PRESENCE, *frames.READINESS}), ids=lambda e: frames.EVENT_NAMES[e])
def test_presence_and_readiness_played_again_after_a_power_cut_are_dropped_once_there_is_a_clock(event: int) -> None:
    station, role = after_a_cut(event)
    set_clock(station, SLOT + receiver.SLOTS_APART + 1)
    assert heard(station, role, event, 11) is None and station.receiver.replays == 1


def test_without_a_clock_or_within_two_minutes_a_renewal_cannot_be_told_from_an_old_one() -> None:
    """The honest limit (PROTOCOL.md, section 9)."""
    assert heard(*after_a_cut(frames.OUT), frames.OUT, 11) == receiver.OWN
    station, role = after_a_cut(frames.OUT)
    set_clock(station, SLOT + receiver.SLOTS_APART)
    assert heard(station, role, frames.OUT, 11) == receiver.OWN
