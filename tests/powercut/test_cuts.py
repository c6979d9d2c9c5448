"""Power fails at every flash operation, in recovery too: nothing reported is lost, nothing half done is seen.

Repeat one failure alone with the id that it prints: `make test CUT=rp2.ring:17.bits/3.none`
"""

import os
from collections.abc import Callable

import pytest

from simulator.hardware.flash import PowerCut

from .catalogue import NAMES, REAL_PORTS, SIGNING, STORIES, story_of
from .sweep import (
    Tally,
    branches,
    fail_each,
    fail_each_read,
    live,
    moments,
    name_of,
    plan_of,
    play,
    quick,
    single,
    sweep,
    thorough,
    with_id,
)

BARE = tuple(name for name in NAMES if name.startswith("nor."))
# Each story on one port, in turn; what signs takes longer. The others, and all that is left out: in `make test-deep`.
ON_A_PORT = tuple(f"{REAL_PORTS[i % 2]}.{story}" for i, story in enumerate(STORIES))
SIGNED = tuple(f"rp2.{story}" for story in SIGNING)


@pytest.mark.parametrize("name", BARE + ON_A_PORT + SIGNED)
def test_every_single_cut_is_survived(name: str) -> None:
    tally = sweep(name, story_of(name), [quick if name in BARE else single])
    print(f"{name}: {tally}")
    assert tally.plans == tally.cuts >= tally.points > 5


@pytest.mark.parametrize("name", BARE + ON_A_PORT + SIGNED)
def test_a_second_cut_in_the_recovery_is_survived(name: str) -> None:
    stride = 4 if name in BARE else 29 if name in SIGNED else 9
    tally = sweep(name, story_of(name), [single, single], stride=stride, in_recovery=True)
    print(f"{name}: {tally}")
    assert tally.plans >= 1


@pytest.mark.parametrize("name", BARE + ON_A_PORT + SIGNED)
def test_an_operation_that_fails_while_the_power_stays_on_loses_nothing_that_was_reported(name: str) -> None:
    tally = fail_each(name, story_of(name), single, stride=2 if name in BARE else 4)
    print(f"{name}: {tally}")
    assert tally.plans > 1


@pytest.mark.parametrize("name", BARE + SIGNED)
def test_a_read_that_fails_makes_the_journal_forget_nothing_and_look_altered_nowhere(name: str) -> None:
    tally = fail_each_read(name, story_of(name), stride=1 if name in BARE else 40)
    print(f"{name}: {tally}")
    assert tally.plans > 2


Record = Callable[[str, object], None]


def told(name: str, tally: Tally, record_property: Record) -> None:
    """For who reads along, and for the sums of `tests.deep`."""
    print(f"{name}: {tally}")
    record_property("cuts", tally.cuts)
    record_property("plans", tally.plans)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_every_single_cut_with_every_tear_is_survived(name: str, record_property: Record) -> None:
    told(name, sweep(name, story_of(name), [thorough]), record_property)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_every_second_cut_in_the_recovery_is_survived(name: str, record_property: Record) -> None:
    tears = [quick, quick if name in BARE else single]
    told(name, sweep(name, story_of(name), tears, in_recovery=True), record_property)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_two_more_cuts_in_the_recovery_are_survived(name: str, record_property: Record) -> None:
    stride = 1 if ".key" not in name else 16
    told(name, sweep(name, story_of(name), [single, single, single], stride=stride, in_recovery=True), record_property)


@pytest.mark.deep
@pytest.mark.parametrize("name", BARE)
def test_every_pair_of_cuts_is_survived(name: str, record_property: Record) -> None:
    told(name, sweep(name, story_of(name), [quick, single]), record_property)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_every_operation_and_every_read_may_fail_once(name: str, record_property: Record) -> None:
    told(name, fail_each(name, story_of(name), thorough), record_property)
    told(name, fail_each_read(name, story_of(name), stride=1 if name in BARE else 5), record_property)


def test_the_plan_named_in_cut_is_repeated() -> None:
    name, plan = plan_of(os.environ["CUT"])
    with_id(name, plan, lambda: play(story_of(name), plan))


@pytest.mark.parametrize("name", ["nor.ring", "rp2.seal-sector", "esp32.checkpoint"])
def test_a_branch_is_what_power_that_really_fails_leaves_behind(name: str) -> None:
    for cut, branch in branches(story_of(name), 0, quick, lambda moment: True):
        failed = story_of(name)
        assert live(failed, 0, cut)
        assert failed.chip.image() == branch.chip.image(), name_of(name, (cut,))


def test_ids_are_read_as_they_are_printed() -> None:
    for name in ("nor.ring:17.bits/3.none", "rp2.station:0.r12.fails", "esp32.key-two:9.all/0.none/1.r3"):
        assert name_of(*plan_of(name)) == name
    with pytest.raises(ValueError, match="is not operation"):
        plan_of("nor.ring:1.none.twice")


def test_a_plan_that_names_no_operation_of_the_story_is_refused() -> None:
    name, plan = plan_of("nor.ring:999.none")
    with pytest.raises(AssertionError, match=r"CUT=nor\.ring:999\.none .* never reaches"):
        with_id(name, plan, lambda: play(story_of(name), plan))


def test_the_stories_hold_what_they_are_for() -> None:
    """An erase, a key that evolves, a record across the border of two pages, work in recovery."""
    for name in BARE + ON_A_PORT + SIGNED:
        story = story_of(name)
        before = getattr(story, "epoch", 0)
        found = moments(story, 0)
        erased = {moment.operation.address for moment in found if moment.operation.data is None}
        assert erased, name
        assert any(moment.story.recovering for moment in found), name
        if ".seal-" in name:
            assert story.epoch > before, name
        if ".seal-sector" in name:
            assert 0 in erased, name
        if name == "rp2.ring":
            ends = {m.operation.address + len(m.operation.data or b"") for m in found}
            assert any(m.operation.address in ends and m.operation.data and m.operation.data[0] != 0xFF for m in found)


def test_a_battery_that_tears_every_record_of_many_boots_makes_the_unit_forget_nothing() -> None:
    """What is small succeeds, the first record is torn. The carried facts lie sectors back in the end."""
    story = story_of("nor.weak-battery")
    for boots in range(1, 41):
        story.tear_first_record()
        with pytest.raises(PowerCut):
            story.live(boots)
        story.chip.arm(None)
        story.check()
        whole = story.copy()
        with_id(f"after {boots} boots", (), lambda whole=whole: live(whole, 0, None))
