"""The power fails at any flash operation of an update: the unit that comes back runs one of the two releases, whole,
and the update can be brought to its end."""

import itertools

import pytest

from interlock.core import updating, wire

from .device import FIRST, Device
from .releases import digest, release

SECOND = (2, 0, 0)
FILE = release(sizes=(900, 19000))


def story(device):
    """An update from its beginning to its end; an OSError ends it where the power does."""
    device.begin(FILE)
    device.send(FILE)
    device.ask(wire.UPDATE_SWITCH, digest(FILE))
    if device.chip.is_dead:
        return
    device.boot_under_power()
    if device.runs == SECOND:
        device.healthy()


def image(device):
    return bytes(device.chip.data)


def cut(before, at):
    """The unit after a cut at this operation of the story, its power back; None when the story ends before."""
    device = Device.of(before)
    device.chip.cut_at = device.chip.operations + at
    try:
        story(device)
    except OSError:
        assert device.chip.is_dead
    was_cut = device.chip.is_dead
    device.boot()
    return device if was_cut else None


STRIDES = pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.deep)])


def test_after_a_cut_at_any_operation_the_unit_works_and_the_update_can_be_finished():
    before = image(Device())
    seen = set()
    for at in itertools.count():
        device = cut(before, at)
        if device is None:
            break
        assert device.runs in (FIRST, SECOND), at
        seen.add((device.runs, device.on_trial))
        if device.runs == FIRST:
            assert not device.on_trial
            assert device.finish(FILE), (at, device.notes)
            device.boot()
        assert device.runs == SECOND, at
        device.healthy()
        device.boot()
        assert device.runs == SECOND and not device.on_trial and device.system.get("/b/app.ilu") == FILE, at
    assert at > 100 and {(FIRST, False), (SECOND, True)} <= seen


@STRIDES
def test_cuts_on_end_while_it_recovers_from_cuts_cost_no_working_unit(stride):
    """A second cut in what follows the first: the boot, the update that goes on, the switch."""
    before = image(Device())
    for at in range(3, 400, 23 * stride):
        device = cut(before, at)
        if device is None:
            break
        again = image(device)
        for second in itertools.count(0, 17 * stride):
            device = cut(again, second)
            if device is None:
                break
            assert device.runs in (FIRST, SECOND), (at, second)


def test_a_release_that_crashes_falls_back_whatever_the_power_does():
    device = Device()
    assert device.finish(FILE)
    before = image(device)
    for at in itertools.count():
        device = Device.of(before, crashes=(SECOND,), start=False)
        device.chip.cut_at = device.chip.operations + at
        device.boot_under_power()
        was_cut = device.chip.is_dead
        device.boot()
        assert device.runs == FIRST and not device.on_trial, at
        assert device.keeper.state.fell_from == SECOND
        assert device.state().flags == updating.FLAG_FELL_BACK
        if not was_cut:
            break
    assert at > 3


def test_three_bad_boots_of_a_trial_lead_back_and_the_same_release_may_be_tried_again():
    device = Device()
    assert device.finish(FILE)
    for boot in range(3):
        device.boot(is_reset=True)  # it never became healthy
        assert device.runs == SECOND and device.on_trial, boot
    device.boot(is_reset=True)
    assert device.runs == FIRST and not device.on_trial and device.keeper.state.fell_from == SECOND
    device.healthy()
    device.boot()
    assert device.finish(FILE)
    device.boot()
    device.healthy()
    device.boot()
    assert device.runs == SECOND and not device.on_trial


def test_an_update_costs_no_more_erases_than_the_budget_says():
    """A file of n blocks: once each, and a copied block at each point where it is made safe; beside it the folders'."""
    big = release(sizes=(100_000,))
    device = Device(blocks=80)
    erases = device.chip.erases
    assert device.finish(big)
    blocks = -(-len(big) // 4096)
    assert device.chip.erases - erases <= 1.5 * blocks + 12
