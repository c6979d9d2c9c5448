"""A shift begins: an officer, a holster and a camera are bound by a technician, and at no instant does the holster
count on a camera that does not follow it."""

import asyncio

import pytest

from host_tools.commands.assign import end_s
from host_tools.flows.assign import assign, clear
from host_tools.flows.mode import set_mode
from host_tools.flows.pair import pair
from host_tools.flows.provision import provision
from host_tools.flows.status import status
from host_tools.outcome import ToolError
from host_tools.refused import Refused
from interlock.core import records, wire
from interlock.core.reading import Reading

from .air import is_answered, own_partners
from .flow_world import CAMERA, lend, struck, sweep, two_units, world_copy
from .model_radio import utc_ms
from .unit_model import UTC_MS, ModelUnit

SHIFT_S = UTC_MS // 1000 + 12 * 3600


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    """H1 with C1; C2 is a spare of it."""
    world = two_units(tmp_path_factory.mktemp("crew"))
    world.units["C2"] = ModelUnit("C2")
    world.do(provision, world.label("C2"), CAMERA, signing="none")
    world.do(pair, "H1", "C1")
    world.do(pair, "H1", "C2", spare=True)
    return world


@pytest.fixture
def world(crew, tmp_path):
    return world_copy(crew, tmp_path / "world")


def counts_on(world, serial):
    """Numbers of the partners that count for this unit."""
    unit = world.units[serial]
    return {partner.unit for partner in own_partners(unit.held, unit.assigned[0])}


def is_served(world):
    """Whether each camera that the holster counts on follows and answers it."""
    holster = world.units["H1"]
    cameras = [unit for unit in world.units.values() if unit.held.unit in counts_on(world, "H1")]
    return bool(cameras) and all(
        is_answered(holster.held, unit.held, holster.assigned[0], unit.assigned[0]) for unit in cameras
    )


def records_of(unit, kind):
    return [record.fields() for record in Reading(unit.journal_flash).records if record.kind == kind]


def test_a_spare_is_of_no_use_until_it_is_assigned_and_then_it_alone_is(world):
    numbers = {serial: unit.held.unit for serial, unit in world.units.items()}
    assert counts_on(world, "H1") == {numbers["C1"]} and counts_on(world, "C2") == set()
    done = world.do(assign, "H1", "C2", "PC77", SHIFT_S)
    assert [(unit.serial, unit.partner, unit.until_s, unit.was) for unit in done.units] == [
        ("C2", "H1", SHIFT_S, None),
        ("H1", "C2", SHIFT_S, None),
    ]
    assert counts_on(world, "H1") == {numbers["C2"]} and counts_on(world, "C2") == {numbers["H1"]}
    assert is_served(world)
    noted = records_of(world.units["H1"], records.ASSIGNED)[-1]
    assert noted == (numbers["C2"], SHIFT_S, wire.TECHNICIAN, b"PC77    ")
    assert world.do(status, "H1").assigned == "C2"


def test_run_again_it_says_the_same(world):
    first = world.do(assign, "H1", "C2", "PC77", SHIFT_S)
    again = world.do(assign, "H1", "C2", "PC77", SHIFT_S)
    assert [(unit.partner, unit.until_s) for unit in again.units] == [
        (unit.partner, unit.until_s) for unit in first.units
    ]
    assert [unit.was for unit in again.units] == ["H1", "C2"]


def test_a_technicians_laptop_assigns_what_an_admin_has_paired(world):
    lent = lend(world, "PC7")
    done = world.do(assign, "H1", "C2", "PC77", SHIFT_S, vault=lent, person="PC7")
    assert [unit.partner for unit in done.units] == ["H1", "C2"] and is_served(world)
    done = world.do(clear, "H1", vault=lent, person="PC7")
    assert [(unit.serial, unit.partner) for unit in done.units] == [("H1", None), ("C2", None)] and is_served(world)


def test_cleared_the_holster_lets_go_first_and_a_camera_that_serves_another_by_now_is_left_alone(world):
    world.do(assign, "H1", "C2", "PC77", SHIFT_S)
    camera = world.units["C2"]
    camera.assigned = (99, SHIFT_S, 2, bytes(8))  # as somebody else's command left it
    done = world.do(clear, "H1")
    assert [unit.serial for unit in done.units] == ["H1", "C2"] and camera.assigned[0] == 99
    assert world.units["H1"].assigned[0] == 0 and is_served(world)
    world.do(assign, "H1", "C2", "PC77", SHIFT_S)
    del world.units["C2"]
    world.units["C2"], world.units["H1"].assigned = camera, (0, 0, 0, bytes(8))
    done = world.do(clear, "H1", "C2")
    assert camera.assigned[0] == 0 and done.units[1].was == "H1", "a camera that was out of range can be named"


def test_units_that_do_not_hold_each_other_are_refused_by_the_vault_and_by_themselves(world):
    world.units["C3"] = ModelUnit("C3")
    world.do(provision, world.label("C3"), CAMERA, signing="none")
    with pytest.raises(ToolError, match="do not hold each other") as caught:
        world.do(assign, "H1", "C3", "PC77", SHIFT_S)
    assert "--spare" in caught.value.advice
    lent = lend(world, "PC7")
    with pytest.raises(Refused) as refused:
        world.do(assign, "H1", "C3", "PC77", SHIFT_S, vault=lent, person="PC7")
    assert refused.value.reason == wire.BAD_ASSIGNMENT and "--spare" in refused.value.advice
    for holster, camera in (("C1", "H1"), ("H1", "H1")):
        with pytest.raises(ToolError, match="unit, not a"):
            world.do(assign, holster, camera, "PC77", SHIFT_S)
    assert world.units["H1"].assigned[0] == 0 == world.units["C3"].assigned[0]


def test_an_end_that_is_past_is_refused_and_nothing_is_bound(world):
    with pytest.raises(Refused) as caught:
        world.do(assign, "H1", "C2", "PC77", UTC_MS // 1000 - 60)
    assert caught.value.reason == wire.BAD_ASSIGNMENT
    assert world.units["C2"].assigned[0] == 0 and is_served(world)


@pytest.mark.parametrize(("off_ms", "is_taken"), [(20_000, True), (-20_000, True), (120_000, False)])
def test_a_clock_that_may_not_be_set_so_far_is_good_enough_for_a_shift_when_it_is_near(world, off_ms, is_taken):
    async def off(bench):
        for unit in world.units.values():
            unit.loop = asyncio.get_running_loop()
            unit.clock = (unit.uptime_ms(), utc_ms() + off_ms)
        return await assign(bench, "H1", "C2", "PC77", SHIFT_S)

    if is_taken:
        assert [unit.partner for unit in world.do(off).units] == ["H1", "C2"] and is_served(world)
        return
    with pytest.raises(Refused) as refused:
        world.do(off)
    assert refused.value.reason == wire.CLOCK_JUMP and world.units["H1"].assigned[0] == 0


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("clears", [False, True], ids=["assign", "clear"])
@pytest.mark.parametrize("stride", [4, pytest.param(1, marks=pytest.mark.deep)])
def test_assignment_struck_at_every_step_and_run_again(crew, tmp_path, kill, clears, stride):
    start = world_copy(crew, tmp_path / "start")
    flow, arguments = assign, ("H1", "C2", "PC77", SHIFT_S)
    if clears:
        start.do(flow, *arguments)
        flow, arguments = clear, ("H1", "C2")
    for at, home in sweep(tmp_path, stride, stride // 2 * kill):
        world = world_copy(start, home)
        went_on = struck(world, at, kill, flow, *arguments)
        assert is_served(world), "the holster counts on a camera that does not follow it"
        world.do(flow, *arguments)
        assert (world.units["H1"].assigned[0], world.units["C2"].assigned[0]) == (
            (0, 0) if clears else (world.units["C2"].held.unit, world.units["H1"].held.unit)
        )
        assert is_served(world)
        if not went_on:
            break
    assert at > 20 - 8 * clears


def test_the_end_of_a_shift_is_told_in_many_ways():
    import datetime

    now = datetime.datetime(2026, 5, 30, 18, 0).astimezone()
    now_ms = int(now.timestamp() * 1000)

    def local(*when):
        return int(datetime.datetime(*when).astimezone().timestamp())

    assert end_s(None, None, now_ms) == now_ms // 1000 + 12 * 3600
    assert end_s(None, 8, now_ms) == now_ms // 1000 + 8 * 3600
    assert end_s("06:00", None, now_ms) == local(2026, 5, 31, 6, 0)
    assert end_s("18:30", None, now_ms) == local(2026, 5, 30, 18, 30)
    assert end_s("2026-06-01T06:00", None, now_ms) == local(2026, 6, 1, 6, 0)
    assert end_s("2026-05-31T06:00:00+00:00", None, now_ms) == 1780207200
    for until, hours, says in (
        ("dawn", None, "is no time"),
        ("25:00", None, "is no time"),
        ("2026-05-30T17:59", None, "is past"),
        ("2026-07-30T06:00", None, "32 days"),
        ("06:00", 8, "the same thing"),
    ):
        with pytest.raises(ToolError, match=says):
            end_s(until, hours, now_ms)


# Modes.


def test_a_holster_enters_a_mode_by_a_technicians_word_and_a_camera_has_none(world):
    lent = lend(world, "PC7")
    done = world.do(set_mode, "H1", "mute", 60, vault=lent, person="PC7")
    assert done.mode == "mute" and world.units["H1"].mode == records.MODE_MUTE
    assert records_of(world.units["H1"], records.MODE)[-1] == (records.MODE_MUTE, records.MODE_BY_SESSION, 60)
    world.do(set_mode, "H1", "normal")
    assert world.units["H1"].mode == records.MODE_NORMAL
    with pytest.raises(ToolError, match="C1 is a camera unit"):
        world.do(set_mode, "C1", "test")
