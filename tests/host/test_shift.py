"""A shift changes hands: what the roster says is brought to the units in range, whatever is in the way of some."""

import asyncio

import pytest

from host_tools.flows.assign import assign, clear
from host_tools.flows.provision import provision
from host_tools.flows.shift import LANES, take_up
from host_tools.flows.spares import make_spares
from host_tools.roster.rules import Duty
from interlock.core import records
from interlock.core.reading import Reading

from .flow_world import CAMERA, lend, struck, sweep, world_copy
from .shift_pairs import DUTIES, NOW_S, PAIRS, UNTIL_S, assigned, in_service


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return in_service(tmp_path_factory.mktemp("shift"))


@pytest.fixture
def world(ready, tmp_path):
    return world_copy(ready, tmp_path / "world")


def told(world, serial):
    return [record for record in Reading(world.units[serial].journal_flash).records if record.kind == records.ASSIGNED]


def test_all_pairs_that_are_due_are_assigned_until_their_shift_ends(world):
    seen = []
    handed = world.do(take_up, DUTIES, seen.append)
    assert [(each.duty, each.outcome) for each in handed] == [(duty, "assigned") for duty in DUTIES]
    assert sorted(each.duty for each in seen) == sorted(DUTIES)
    for officer, holster, camera in PAIRS:
        assert (assigned(world, holster), assigned(world, camera)) == (camera, holster)
        assert world.units[holster].assigned[1] == UNTIL_S
        assert world.units[camera].assigned[3] == officer.encode().ljust(8)


def test_what_is_in_force_is_left_alone_until_something_is_new(world):
    world.do(take_up, DUTIES)
    before = {serial: len(told(world, serial)) for serial in world.units}
    assert [each.outcome for each in world.do(take_up, DUTIES)] == ["already"] * 3
    assert {serial: len(told(world, serial)) for serial in world.units} == before, "no record of nothing"
    changed = [DUTIES[0]._replace(officer="PC9"), DUTIES[1]._replace(to_s=UNTIL_S + 60), DUTIES[2]]
    assert [each.outcome for each in world.do(take_up, changed)] == ["assigned", "assigned", "already"]
    assert world.units["H1"].assigned[3] == b"PC9     "
    # Somebody else's laptop let it go meanwhile: the unit says so, whatever was noted here.
    world.units["H3"].assigned = (0, 0, 0, bytes(8))
    assert [each.outcome for each in world.do(take_up, changed)] == ["already", "already", "assigned"]
    world.do(clear, "H3")
    assert [each.outcome for each in world.do(take_up, changed, trusting=True)] == ["already", "already", "assigned"]


def test_a_dock_that_trusts_its_own_notes_asks_nobody(world):
    world.do(take_up, DUTIES)
    links = []
    handed = world.do(take_up, DUTIES, trusting=True, serials_in_range=set(world.units), on_link=links.append)
    assert [each.outcome for each in handed] == ["already"] * 3 and links == []


def test_one_bad_pair_stops_no_other(world):
    missing = world.units.pop("C1")
    strangers = [*DUTIES, Duty("PC4", "", "H1", "C2", NOW_S, UNTIL_S), Duty("PC5", "", "H9", "C9", NOW_S, UNTIL_S)]
    handed = {each.duty.officer: each for each in world.do(take_up, strangers)}
    assert {officer: each.outcome for officer, each in handed.items()} == {
        "PC1": "missing",
        "PC2": "assigned",
        "PC3": "assigned",
        "PC4": "failed",
        "PC5": "failed",
    }
    assert handed["PC1"].failure == "C1 not in range" and "interlock pair" in handed["PC4"].advice
    assert "H9" in handed["PC5"].failure and all(handed[officer].advice for officer in ("PC1", "PC4", "PC5"))
    assert assigned(world, "H1") is None, "a holster never counts on a camera that was not told"
    world.units["C1"] = missing
    assert [each.outcome for each in world.do(take_up, DUTIES)] == ["assigned", "already", "already"]


def test_a_unit_that_refuses_is_a_failure_of_its_pair_only(world):
    past = [DUTIES[0]._replace(to_s=NOW_S - 5), DUTIES[1]]
    first, second = world.do(take_up, past)
    assert first.outcome == "failed" and first.failure and first.advice and second.outcome == "assigned"


def test_a_technicians_laptop_is_enough(world):
    handed = world.do(take_up, DUTIES, vault=lend(world, "PC7"), person="PC7")
    assert [each.outcome for each in handed] == ["assigned"] * 3


def test_several_links_at_a_time_and_no_more_than_the_adapter_carries(world):
    async def crowded(bench):
        up, most = set(), 0
        connect = bench.radio.connect

        def counted(sighting):
            nonlocal most
            up.add(sighting.serial)
            most = max(most, len(up))
            context = connect(sighting)
            leave = context.__aexit__

            async def left(*error):
                up.discard(sighting.serial)
                return await leave(*error)

            context.__class__ = type("Left", (context.__class__,), {"__aexit__": lambda self, *error: left(*error)})
            return context

        bench.radio.connect = counted
        began_s = asyncio.get_running_loop().time()
        handed = await take_up(bench, DUTIES)
        return most, asyncio.get_running_loop().time() - began_s, handed

    most, seconds, handed = world.do(crowded)
    assert 1 < most <= LANES
    assert seconds < sum(each.seconds for each in handed)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [41, pytest.param(3, marks=pytest.mark.deep)])
def test_struck_anywhere_and_run_again_every_pair_is_in_force(ready, tmp_path, kill, stride):
    for at, home in sweep(tmp_path, stride):
        world = world_copy(ready, home)
        went_on = struck(world, at, kill, take_up, DUTIES)
        for _, holster, camera in PAIRS:  # the camera first: a holster that counts on it is followed
            assert assigned(world, holster) is None or assigned(world, camera) == holster
        world.do(take_up, DUTIES)
        for _, holster, camera in PAIRS:
            assert (assigned(world, holster), assigned(world, camera)) == (camera, holster)
        if not went_on:
            break
    assert at > 60


# Spares.


def test_spares_are_made_by_one_round_of_visits(world):
    every = [(f"H{holster}", f"C{camera}") for holster in (1, 2, 3) for camera in (1, 2, 3)]
    done = world.do(make_spares, every)
    assert [spare.state for spare in done.pairs] == [
        "already" if holster[1] == camera[1] else "made" for holster, camera in every
    ]
    assert len(done.brought.visits) == 6, "each unit once"
    assert all(len(unit.held.partners) == 3 for unit in world.units.values())
    world.do(assign, "H1", "C3", "PC1", UNTIL_S)
    assert assigned(world, "C3") == "H1"


def test_what_is_missing_or_does_not_fit_is_told_and_goes_on_later(world):
    gone = world.units.pop("C2")
    wanted = [("H1", "C2"), ("H1", "C3"), ("C1", "H1"), ("H1", "H2"), ("H9", "C1")]
    done = world.do(make_spares, wanted)
    assert [spare.state for spare in done.pairs] == ["unfinished", "made", *["impossible"] * 3]
    assert all((spare.reason is None) == (spare.state != "impossible") for spare in done.pairs)
    world.units["C2"] = gone
    assert [spare.state for spare in world.do(make_spares, wanted[:2]).pairs] == ["made", "already"]


def test_a_unit_is_in_seven_pairs_at_most_and_the_eighth_is_told(ready, tmp_path):
    world = world_copy(ready, tmp_path / "crowd")
    from .unit_model import ModelUnit

    for number in range(4, 10):
        serial = f"C{number}"
        world.units[serial] = ModelUnit(serial)
        world.do(provision, world.label(serial), CAMERA, signing="none")
    done = world.do(make_spares, [("H1", f"C{number}") for number in range(2, 10)])
    assert [spare.state for spare in done.pairs] == ["made"] * 6 + ["impossible"] * 2
    assert "more than 7 pairs" in done.pairs[-1].reason
    assert len(world.units["H1"].held.partners) == 7


@pytest.mark.usefixtures("fated_writes", "impatient")
@pytest.mark.parametrize("kill", [True, False], ids=["killed", "cut"])
@pytest.mark.parametrize("stride", [61, pytest.param(3, marks=pytest.mark.deep)])
def test_spares_struck_anywhere_and_run_again(ready, tmp_path, kill, stride):
    wanted = [("H1", "C2"), ("H2", "C1"), ("H1", "C3")]
    for at, home in sweep(tmp_path, stride):
        world = world_copy(ready, home)
        went_on = struck(world, at, kill, make_spares, wanted)
        done = world.do(make_spares, wanted)
        assert all(spare.state in ("made", "already") for spare in done.pairs)
        for holster, camera in wanted:
            assert world.units[holster].keys_with(world.units[camera]) == world.units[camera].keys_with(
                world.units[holster]
            )
        if not went_on:
            break
    assert at > 60
