"""What is wrong with the host, its adapters, its vault or its store is told of the dock, and accuses no unit."""

import asyncio
import os
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from host_tools import link
from host_tools.commands.dock import _ping
from host_tools.dock.board import iso
from host_tools.dock.lights import HOUR_S, Known, Light, judge
from host_tools.dock.page import Page
from host_tools.dock.visits import NOT_DONE, note_cable
from host_tools.flows.pull import pull
from host_tools.outcome import Exit, ToolError
from host_tools.vault import keys as vault_keys
from host_tools.vault.vault import Vault
from interlock.core.settings import ROLE_CAMERA

from . import vaults
from .flow_world import two_units
from .station import QUICK, play
from .test_dock import locker
from .unit_model import UTC_MS

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS


async def never(*_, **__):
    await asyncio.Event().wait()


def notices(station):
    return {notice.text: notice for notice in station.board.snapshot().notices}


def said(station):
    return " ".join(notices(station))


# Adapters.


@pytest.mark.parametrize("step", ["scan", "connect"])
def test_an_adapter_that_hangs_is_said_to_and_the_others_go_on(tmp_path, step):
    world = two_units(tmp_path)

    async def story(station):
        @asynccontextmanager
        async def unconnected(_):
            yield await never()

        if step == "scan":
            station.radios[0].scan = never
        else:
            station.radios[0].connect = unconnected
        await station.run_for(900)
        return station.board, said(station)

    board, text = play(story, world, lanes=2)
    assert {serial for serial, unit in board.units.items() if unit.pulled_s is not None} == {"H1", "C1"}
    assert step == "connect" or (not board.failures and "adapter hci0: it does not come back" in text)


def test_a_round_ends_though_an_adapter_hangs(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        station.radios[0].scan = never
        async with asyncio.timeout(HOUR_S):
            await station.dock.once()
        return station.board.counts["pulls"], said(station)

    pulls, text = play(story, world, lanes=2)
    assert pulls == 2 and "does not come back" in text


def test_an_adapter_whose_driver_breaks_stops_no_other(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        async def breaks(*_):
            raise AttributeError("nobody foresaw this")

        station.radios[0].scan = breaks
        await station.dock.once()
        return station.board.counts["pulls"], said(station)

    pulls, text = play(story, world, lanes=2)
    assert pulls == 2 and "nobody foresaw this" in text


def test_while_one_who_lets_nobody_connect_holds_the_adapter_nobody_was_away(tmp_path, monkeypatch):
    """Over the real radio's turns and retries, of which only bleak itself is played."""
    world = locker(tmp_path, 2)

    class Link:
        def __init__(self, device, *_):
            self.unit = device

        async def arrive(self):
            if self.unit.serial == "H1":
                await asyncio.sleep(link.CONNECT_S)
                raise TimeoutError

        async def leave(self):
            pass

    monkeypatch.setattr(link, "BleakLink", Link)

    async def story(station):
        model, radio = station.radios[0], link.Radio()
        tries = []

        class Radio:
            async def scan(self, seconds, wanted=()):
                async with radio._lock:
                    return await model.scan(seconds, wanted)

            @asynccontextmanager
            async def connect(self, sighting):
                if sighting.serial == "H1":
                    tries.append(asyncio.get_running_loop().time())
                await radio._connected(replace(sighting, device=sighting.device))
                async with model.connect(sighting) as made:
                    yield made

        monkeypatch.setattr(link, "BLEDevice", object)
        station.lanes[0]._opener = station._opener(Radio())
        await station.run_for(1.2 * HOUR_S)
        return tries, model.links, station.shown()["H1"], station.board.failures

    tries, links, shown, failures = play(story, world, settings=replace(QUICK, budget_s=600, sweep_s=2, pause_s=4))
    # Five visits with pauses of 30 s to 4 min between them, then one an hour; the three others once an hour.
    assert len(tries) <= 14 and 5 <= failures["link lost"] <= 6, (tries, failures)
    assert 6 <= links <= 9 and "quarantined" in " ".join(shown.reasons)


def test_a_unit_that_several_scans_did_not_hear_was_away_and_has_its_turn_at_once(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        radio = station.radios[0]
        await station.run_for(30)
        radio.units, kept = [], radio.units
        await station.run_for(120)
        away = station.shown()["H1"].in_range
        radio.units = kept
        await station.run_for(30)
        return away, station.board.counts["pulls"]

    assert play(story, world) == (False, 4)


# The vault.


def test_a_vault_with_new_keys_is_opened_again(tmp_path):
    world = two_units(tmp_path)
    files = world.vault.files
    vault = Vault(files)
    fresh = vault_keys.fresh(vaults.slot(), 0, os.urandom)
    with vault.locked():
        files.lock_with(replace(fresh, locks=replace(fresh.locks, is_partly_clear=True)))
        for slot in (vaults.slot(vaults.FILE, "DOCK1", "dock"), vaults.slot(vaults.OTHER, "PC2")):
            files.lock_with(vault_keys.adding(files.keys, slot, 0, os.urandom))
    secret = vaults.FILE

    def unlock():
        return vault_keys.unlock(vault.path, secret)

    def turn(number):
        other = vaults.opened(vault.path)
        with other.locked():
            other.files.lock_with(vault_keys.turning(vault_keys.without(other.files.keys, number), os.urandom))

    async def story(station):
        nonlocal secret
        dock = asyncio.create_task(station.run_for(1300))
        await asyncio.sleep(30)
        turn(3)  # interlock vault remove-key, of somebody else
        await asyncio.sleep(600)
        good = station.board.counts["pulls"], dict(station.board.failures), said(station)
        secret = vaults.OTHER
        turn(2)  # and of the dock itself
        await dock
        return good, station.board

    dock = Vault.open(vault.path, keys=unlock())
    (pulls, failures, text), board = play(story, world, vault=dock, unlock=unlock, settings=replace(QUICK, every_s=300))
    assert pulls >= 4 and not failures and "the vault" not in text
    assert not board.failures and board.light() is Light.RED
    assert "does not open the vault" in board.notices["the vault"].text


def lent(world, hours):
    world.vault.lend(world.home / "lent", "DOCK1", UTC_MS // 1000 + hours * 3600)
    return Vault.open(world.home / "lent")


def test_the_end_of_credentials_is_told_before_and_accuses_nobody_after(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        await station.run_for(30)
        early = said(station)
        station.off_ms = 2 * DAY_MS
        await station.run_for(30)
        soon = station.board.notices["the credentials"]
        station.off_ms = 9 * DAY_MS
        await station.run_for(600)
        return early, soon, station.board.notices["the credentials"], station.board

    early, soon, after, board = play(story, world, vault=lent(world, 8 * 24))
    assert "credentials" not in early
    assert soon.light == "yellow" and "end on 2026-09-29" in soon.text and "interlock credentials DOCK1" in soon.advice
    assert after.light == "red" and "ended on 2026-09-29" in after.text
    assert not board.failures and all(not unit.setbacks for unit in board.units.values())


def test_a_round_with_credentials_that_have_ended_fails_with_advice(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        station.off_ms = DAY_MS
        with pytest.raises(ToolError, match="ended on") as caught:
            await station.dock.once()
        return caught.value

    error = play(story, world, vault=lent(world, 6))
    assert error.code is Exit.DEVICE and "interlock credentials DOCK1" in error.advice


# The clock, and times in the store.


def test_one_pull_dated_in_the_future_stops_no_clocks_and_hides_no_overdue_unit(tmp_path):
    world = two_units(tmp_path)
    world.do(pull, ["H1", "C1"])

    async def day(station):
        station.store.note_head("H1", 0, bytes(32), utc_ms=UTC_MS + 10 * YEAR_MS)
        await station.run_for(60)
        return station.board.snapshot(), {serial: unit.clock for serial, unit in world.units.items()}

    before = {serial: unit.clock for serial, unit in world.units.items()}
    shown, clocks = play(day, world)
    assert all(clocks[serial] != before[serial] for serial in clocks)
    text = " ".join(notice.text for notice in shown.notices)
    assert "this host's clock" not in text and "H1 that are dated in the future" in text

    async def later(station):
        station.off_ms, station.radios[0].units = 30 * DAY_MS, []
        await station.run_for(30)
        return station.shown()["H1"]

    shown = play(later, world)
    assert shown.light == "red" and "overdue: not pulled for 30 days" in shown.reasons


def test_a_clock_that_somebody_keeps_right_is_believed_whatever_the_store_has(tmp_path):
    world = two_units(tmp_path)
    world.do(pull, ["H1", "C1"])

    async def story(station):
        station.off_ms = -DAY_MS
        await station.run_for(30)
        return said(station), station.board.is_clock_in_doubt

    for is_kept, is_in_doubt in ((None, True), (False, True), (True, False)):
        text, doubted = play(story, world, is_clock_kept=lambda is_kept=is_kept: is_kept)
        assert doubted is is_in_doubt and ("this host's clock is behind" in text) is is_in_doubt


@pytest.mark.parametrize("utc_ms", [10**17, -(10**17)])
def test_a_time_beyond_the_calendar_breaks_neither_page_nor_dock(tmp_path, utc_ms):
    world = two_units(tmp_path)
    world.do(pull, ["H1", "C1"])
    with sqlite3.connect(tmp_path / "journals.sqlite") as raw:  # as an older store took it
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE heads SET utc_ms = ?", (utc_ms,))
        raw.execute("UPDATE custody SET utc_ms = ?, what = 'self-test', detail = 'recorder passed'", (utc_ms,))

    async def story(station):
        await station.run_for(30)
        html = Page(station.board, lambda: station.dock.alive_s, show_officers=False).html()
        return station.board.counts["pulls"], html

    pulls, html = play(story, world)
    assert pulls == 2 and "H1" in html
    assert iso(utc_ms)[:4] in ("9999", "1000")


def test_systemd_hears_that_the_dock_lives_whatever_cannot_be_shown(tmp_path):
    world = two_units(tmp_path)
    told = []

    class Service:
        watchdog_s = 120

        def tell(self, text):
            told.append(text)

    async def story(station):
        def broken():
            raise ValueError("nobody foresaw this")

        station.board.snapshot = broken
        ping = asyncio.create_task(_ping(station.dock, Service()))
        await station.run_for(300)
        ping.cancel()

    play(story, world)
    assert told.count("WATCHDOG=1") >= 25


# The cable.


WELL = Known("C1", "camera 1", ROLE_CAMERA, pulled_s=0.0, following=5, verified_to=5, clock="set", clock_off_ms=0)
STICKS = "the recorder is recording, or its tally sticks on"


def test_a_cable_check_that_was_not_done_is_no_news_of_one_that_failed():
    unit = replace(WELL)
    note_cable(unit, "failed", "the tally stays on", 10.0)
    note_cable(unit, NOT_DONE, STICKS, 20.0)
    light, reasons = judge(unit, 100.0, 26 * HOUR_S)
    assert light is Light.RED and reasons[0] == "cable check failed: the tally stays on" and STICKS in reasons[1]
    note_cable(unit, "passed", "", 30.0)
    assert judge(unit, 100.0, 26 * HOUR_S)[0] is Light.GREEN


def test_a_docked_camera_whose_tally_is_on_is_not_green():
    unit = replace(WELL)
    note_cable(unit, NOT_DONE, STICKS, 20.0)
    light, reasons = judge(unit, 100.0, 26 * HOUR_S)
    assert light is Light.YELLOW and reasons == (f"cable check not done: {STICKS}",)
    light, reasons = judge(replace(WELL, flags=("recorder tally",)), 100.0, 26 * HOUR_S)
    assert light is Light.YELLOW and "tally was on in the dock" in reasons[0]


def test_a_failed_cable_check_is_remembered_over_one_that_was_skipped_after_it(tmp_path):
    world = two_units(tmp_path)

    async def story(station):
        for detail in ("recorder passed", "recorder failed", "recorder skipped"):
            station.store.custody("C1", "PC1", "self-test", detail, UTC_MS - 1000)
        station.radios[0].units = []
        await station.run_for(10)
        return station.board.units["C1"]

    unit = play(story, world)
    assert unit.cable == "failed" and unit.cable_undone
