"""The docking station when what it relies on is gone: its server, killed and back; its disk, full and freed. Nothing is
lost, nothing is there twice."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from host_tools.store.store import Store

from .fullness import small_disk
from .postgres import Server, serving
from .station import QUICK, play
from .test_dock import locker, stored


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    yield from serving()


def there(place):
    """What the server holds, by unit."""
    held = Store.open(place)
    try:
        return {row.serial: [record.raw for record in held.journal(row.serial).records] for row in held.units()}
    finally:
        held.close()


def test_a_server_that_is_gone_loses_nothing_and_gets_all_when_it_is_back(tmp_path):
    world = locker(tmp_path / "dock", 1)
    server = tmp_path / "server" / "journals.sqlite"
    server.parent.mkdir()
    (tmp_path / "server" / "journals.sqlite").mkdir()  # whatever is there, it is no store

    async def story(station):
        await station.run_for(40)
        gone = station.board.snapshot()
        server.rmdir()
        await station.run_for(200)
        return gone, station.board.snapshot()

    gone, back = play(story, world, settings=replace(QUICK, server=str(server)))
    assert gone.forward.trouble and gone.forward.behind_s > 20 and gone.light == "yellow"
    assert back.forward.trouble is None and back.forward.behind_s == 0 and back.light == "green"
    assert there(server) == stored(world) and there(server)["H1"]


def test_a_postgresql_server_that_is_killed_gets_what_it_lacks_when_it_is_back(tmp_path, postgres):
    world = locker(tmp_path, 1)
    url = postgres.fresh()

    async def story(station):
        await station.run_for(40)
        first = station.board.snapshot()
        postgres.kill()
        for unit in world.units.values():
            unit.fill(25)
        await station.run_for(90)
        gone = station.board.snapshot()
        postgres.start()
        await station.run_for(300)
        return first, gone, station.board.snapshot()

    first, gone, back = play(story, world, settings=replace(QUICK, server=url, every_s=60))
    assert first.forward.behind_s == 0 and first.light == "green"
    assert gone.forward.trouble and gone.forward.behind_s > 0 and {unit.light for unit in gone.units} == {"green"}
    assert back.forward.behind_s < 60 and back.forward.trouble is None
    assert back.counts["forward_failures"] >= 1
    known, had = there(url), stored(world)
    assert (
        all(raws == had[serial][: len(raws)] and len(raws) > 55 for serial, raws in known.items()) and len(known) == 2
    )


def test_a_disk_that_is_full_in_the_middle_of_a_pull_loses_nothing(tmp_path):
    with small_disk(tmp_path / "disk", 2048) as grow:
        world = locker(tmp_path / "disk" / "home", 1)
        for unit in world.units.values():
            unit.fill(500)
        limit = 48 << 10

        async def story(station):
            free = shutil.disk_usage(tmp_path / "disk").free
            (tmp_path / "disk" / "ballast").write_bytes(bytes(free - 2 * limit))
            await station.run_for(60)
            full = station.board.snapshot(), station.store.size()
            grow()
            await station.run_for(120)
            return full, station.board.snapshot(), station.store.size()

        (full, reached), after, size = play(story, world, settings=replace(QUICK, free_bytes=limit))
        assert full.light == "red" and "the disk is full" in full.notices[0].text and not full.failures
        assert {unit.light for unit in after.units} == {"green"} and after.light == "green"
        held = stored(world)
        assert size == sum(map(len, held.values())) > reached and min(map(len, held.values())) > 530
