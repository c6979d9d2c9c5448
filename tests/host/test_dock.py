"""The docking station with model units in virtual time: everybody has a turn, whatever some of them do."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from host_tools.dock import host
from host_tools.dock.lights import HOUR_S
from host_tools.flows.pair import pair
from host_tools.flows.provision import provision
from host_tools.flows.pull import pull
from host_tools.outcome import Exit, ToolError
from host_tools.roster.rules import RosterRow
from host_tools.store.store import Store

from .bad_units import breaks_tools, claims, forget_keys, hangs, image_of, roll_back, trickles
from .flow_world import CAMERA, HOLSTER, World, lend, two_units
from .station import QUICK, play
from .unit_model import UTC_MS, ModelUnit


def locker(home, pairs):
    """So many holsters and cameras, set up, each with some records."""
    serials = [f"{letter}{number}" for number in range(1, pairs + 1) for letter in "HC"]
    world = World(home, *serials)
    for serial, unit in world.units.items():
        world.do(provision, world.label(serial), HOLSTER if serial[0] == "H" else CAMERA, signing="none")
        unit.fill(30)
    return world


def misbehave(station, serial, how):
    """Let this unit do that to every link with it."""
    for radio in station.radios:
        before = radio.on_link

        def on_link(link, before=before):
            before(link)
            if link.unit.serial == serial:
                how(link)

        radio.on_link = on_link


def stored(world):
    """Records in the store, by unit."""
    store = Store.open(world.home / "journals.sqlite")
    try:
        return {row.serial: [record.raw for record in store.journal(row.serial).records] for row in store.units()}
    finally:
        store.close()


def test_a_round_pulls_verifies_and_sets_clocks(tmp_path):
    world = two_units(tmp_path, signing="h5")
    for unit in world.units.values():
        unit.fill(40)

    async def story(station):
        await station.dock.once()
        return station.shown(), station.board

    shown, board = play(story, world)
    assert {unit.light for unit in shown.values()} == {"green"}, shown
    assert board.counts["pulls"] == 2 and not board.failures
    assert all(unit.clock is not None for unit in world.units.values())
    held = stored(world)
    assert len(held["H1"]) == shown["H1"].records >= 40 and shown["H1"].battery_mv == 3900
    assert [unit.verified_to for unit in board.units.values()] == [unit.following for unit in board.units.values()]


def test_a_pull_takes_one_link_a_unit_and_several_units_at_a_time(tmp_path):
    world = locker(tmp_path, 3)

    async def story(station):
        most = 0

        def on_link(_):
            nonlocal most
            most = max(most, station.lanes[0].busy)

        station.radios[0].on_link = on_link
        await station.dock.once()
        return station.radios[0].links, most

    assert play(story, world) == (6, 3)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """Twenty units; H3 was pulled, and then an old image of its flash was put back."""
    home = tmp_path_factory.mktemp("twenty")
    world = locker(home, 10)
    image = image_of(world.units["H3"])
    world.units["H3"].fill(40)
    world.do(pull, ["H3"])
    roll_back(world.units["H3"], image)
    forget_keys(world.units["C5"])
    return world


def test_three_bad_units_of_twenty_hold_nobody_up(twenty):
    async def story(station):
        loop = asyncio.get_running_loop()
        misbehave(station, "H7", hangs)
        done_s = {}

        def told(event):
            if event.text.startswith("pulled"):
                done_s.setdefault(event.serial, loop.time())

        station.board.listeners.append(told)
        await station.run_for(600)
        return station.shown(), done_s, station.board

    shown, done_s, board = play(story, twenty)
    good = set(shown) - {"H3", "C5", "H7"}
    assert {shown[serial].light for serial in good} == {"green"}
    assert good <= set(done_s) and max(done_s[serial] for serial in good) < 90
    assert "journal ends before record" in " ".join(shown["H3"].reasons)
    assert shown["C5"].light == shown["H7"].light == "red"
    assert "refused" in " ".join(shown["C5"].reasons)
    assert board.failures["refused"] >= 2 and board.failures["link lost"] >= 2
    assert all(len(raws) >= 30 for serial, raws in stored(twenty).items() if serial in good)


def test_who_fails_waits_longer_each_time_and_is_quarantined(tmp_path):
    world = locker(tmp_path, 1)
    forget_keys(world.units["C1"])

    async def story(station):
        await station.run_for(0.7 * HOUR_S)
        return station.radios[0].links, station.shown()["C1"], station.board.failures

    links, shown, failures = play(story, world, settings=replace(QUICK, pause_s=10))
    assert 5 <= failures["refused"] <= 6, failures
    assert shown.light == "red" and "quarantined" in " ".join(shown.reasons)
    assert links < 40


def test_what_nobody_foresaw_is_logged_and_ends_nothing(tmp_path, caplog):
    world = locker(tmp_path, 2)

    async def story(station):
        misbehave(station, "H1", breaks_tools)
        await station.dock.once()
        return station.shown()

    shown = play(story, world)
    assert "nobody foresaw" in " ".join(shown["H1"].reasons) and shown["H1"].light != "green"
    assert {shown[serial].light for serial in ("C1", "H2", "C2")} == {"green"}
    assert "ZeroDivisionError" in caplog.text and "Traceback" in caplog.text


def test_a_visit_has_its_time_and_what_it_brought_stays(tmp_path):
    world = locker(tmp_path, 1)

    async def story(station):
        misbehave(station, "H1", trickles)
        await station.dock.once()
        return station.shown(), station.board.failures, asyncio.get_running_loop().time()

    shown, failures, took_s = play(story, world, settings=replace(QUICK, budget_s=40))
    assert failures == {"too slow": 1} and took_s < 60
    assert shown["C1"].light == "green"


def test_a_unit_that_claims_more_than_it_can_hold_is_not_believed(tmp_path):
    world = locker(tmp_path, 1)

    async def story(station):
        misbehave(station, "H1", claims)
        await station.dock.once()
        return station.shown(), station.board

    shown, board = play(story, world)
    assert shown["H1"].light == "red" and "announces records 0 to 50000" in shown["H1"].reasons[0]
    assert board.failures == {"not to be trusted": 1} and shown["C1"].light == "green"


def test_an_impostor_with_a_units_serial_keeps_nobody_from_the_unit(tmp_path):
    world = locker(tmp_path, 1)
    impostor = ModelUnit("X9")
    impostor.serial = "H1"
    world.units = {"impostor": impostor, **world.units}

    async def story(station):
        await station.dock.once()
        return station.shown()

    assert {unit.light for unit in play(story, world).values()} == {"green"}


def test_boxed_and_foreign_units_are_only_listed(tmp_path):
    world = locker(tmp_path, 1)
    world.units["B7"] = ModelUnit("B7")

    async def story(station):
        await station.dock.once()
        return station.board.snapshot()

    shown = play(story, world)
    assert [(other.serial, other.state) for other in shown.others] == [("B7", "boxed")]
    assert {unit.serial for unit in shown.units} == {"H1", "C1"}


def test_an_adapter_that_breaks_leaves_the_work_to_the_others_and_is_opened_anew(tmp_path):
    world = locker(tmp_path, 2)

    async def story(station):
        broken = station.radios[0]
        scan = broken.scan

        async def fails(seconds, wanted=()):
            raise ToolError("the Bluetooth adapter is off", "Switch it on.", Exit.DEVICE)

        broken.scan = fails
        await station.run_for(30)
        down = station.board.snapshot()
        broken.scan = scan
        await station.run_for(60)
        return down, station.board.snapshot(), station.lanes[0].made

    down, up, made = play(story, world, lanes=2)
    assert {unit.light for unit in down.units} == {"green"} and down.light == "red"
    assert [adapter.trouble is None for adapter in down.adapters] == [False, True]
    assert up.light == "green" and up.adapters[0].trouble is None and not made


def test_a_full_disk_stops_pulls_is_told_and_goes_over_by_itself(tmp_path, monkeypatch):
    world = locker(tmp_path, 1)
    free = 1 << 20
    monkeypatch.setattr(host.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    async def story(station):
        nonlocal free
        await station.run_for(20)
        full = station.board.snapshot()
        free = 1 << 40
        await station.run_for(30)
        return full, station.board.snapshot()

    full, after = play(story, world)
    assert full.light == "red" and "the disk is full" in full.notices[0].text and not full.counts
    assert after.light == "green" and after.counts["pulls"] == 2


def test_a_store_that_fails_is_the_hosts_fault_and_no_units(tmp_path, monkeypatch):
    """The disk is full in the middle of a pull."""
    world = locker(tmp_path, 1)
    usage = SimpleNamespace(free=1 << 40)
    monkeypatch.setattr(host.shutil, "disk_usage", lambda _: usage)

    async def story(station):
        add = station.store.add

        def full(*arguments, **named):
            usage.free = 0
            raise ToolError("the store failed: the disk is full", "Free some space.", Exit.DEVICE)

        station.store.add = full
        await station.run_for(20)
        failed = dict(station.board.failures)
        station.store.add, usage.free = add, 1 << 40
        await station.run_for(60)
        return failed, station.shown()

    failed, shown = play(story, world)
    assert failed == {} and {unit.light for unit in shown.values()} == {"green"}


def test_overdue_units_are_listed_those_never_pulled_first(tmp_path):
    world = locker(tmp_path, 2)
    world.do(pull, ["H1", "C1", "H2"])
    away = dict(world.units)

    async def story(station):
        station.off_ms += 20 * 3_600_000  # the dock is begun twenty hours after the pulls
        away["H2"].clock = None
        for radio in station.radios:
            radio.units = [away["H2"]]
        await station.run_for(30)
        soon = station.board.snapshot()
        await asyncio.sleep(8 * HOUR_S)
        return soon, station.board.snapshot()

    soon, late = play(story, world)
    assert soon.overdue == ("C2",) and late.overdue == ("C2", "H1", "C1")
    lights = {unit.serial: unit.light for unit in soon.units}
    assert lights == {"C2": "red", "C1": "yellow", "H1": "yellow", "H2": "green"}


def test_a_clock_behind_the_store_sets_no_units_clock(tmp_path):
    world = locker(tmp_path, 1)
    world.do(pull, ["H1", "C1"])
    before = {serial: unit.clock for serial, unit in world.units.items()}

    async def story(station):
        station.off_ms = -1_800_000
        await station.dock.once()
        return station.board.snapshot(), {serial: unit.clock for serial, unit in world.units.items()}

    shown, clocks = play(story, world)
    assert any("behind the newest pull" in notice.text for notice in shown.notices) and shown.light == "red"
    assert clocks == before and shown.counts["pulls"] == 2


def test_a_clock_that_jumps_is_noted_and_makes_nobody_overdue(tmp_path):
    world = locker(tmp_path, 1)

    async def story(station):
        await station.run_for(30)
        station.off_ms += 30 * 86_400_000
        await station.run_for(30)
        return station.board.snapshot()

    shown = play(story, world)
    assert shown.overdue == () and any("clock jumped" in event.text for event in shown.events)


def test_the_roster_is_applied_once_and_officers_are_shown_only_when_asked(tmp_path):
    world = two_units(tmp_path)
    world.do(pair, "H1", "C1")
    now_s = UTC_MS // 1000

    async def story(station):
        rows = [RosterRow(serial, "PC77", "A", now_s - 60, now_s + 36_000) for serial in ("H1", "C1")]
        station.store.replace_roster((), rows, by="DOCK1", utc_ms=UTC_MS)
        await station.run_for(120)
        return station.board, station.shown(), station.shown(show_officers=True)

    board, shown, officers = play(story, world)
    assert board.counts["assignments"] == 1 and {unit.light for unit in shown.values()} == {"green"}, shown
    assert world.units["H1"].assigned[3].rstrip() == b"PC77" and world.units["C1"].assigned[0] == 1
    assert {board.units[serial].rostered for serial in ("H1", "C1")} == {"C1", "H1"}
    assert {unit.officer for unit in shown.values()} == {None}
    assert {unit.officer for unit in officers.values()} == {"PC77"}


def test_the_forces_vault_brings_settings_a_technicians_says_that_it_does_not(tmp_path):
    from host_tools.vault import changes

    world = two_units(tmp_path)
    vault = world.vault
    with vault.locked():
        changes.set_policy(vault, {"hold_ms": 33_000})

    async def technician(station):
        await station.dock.once()
        return station.board.snapshot()

    shown = play(technician, world, vault=lend(world, "PC9"))
    assert world.units["H1"].held.policy.hold_ms != 33_000
    assert any("PC9's vault" in notice.text for notice in shown.notices)
    assert {unit.light for unit in shown.units} == {"green"}

    async def force(station):
        await station.run_for(60)
        return station.board.counts["settings"], station.shown()

    brought, shown = play(force, world)
    assert brought == 2 and {unit.held.policy.hold_ms for unit in world.units.values()} == {33_000}
    assert {unit.light for unit in shown.values()} == {"green"}, shown


def test_what_the_store_knows_of_earlier_days_is_shown_after_a_new_start(tmp_path):
    """H1's findings are in the store: the dock need not see it again to be red."""
    world = locker(tmp_path, 1)
    image = image_of(world.units["H1"])
    world.units["H1"].fill(40)
    world.do(pull, ["H1"])
    roll_back(world.units["H1"], image)

    async def story(station):
        await station.dock.once()
        return station.shown()

    assert play(story, world)["H1"].light == "red"
    world.units = {}
    shown = play(story, world)
    assert shown["H1"].light == "red" and shown["C1"].light == "green" and not shown["C1"].in_range
