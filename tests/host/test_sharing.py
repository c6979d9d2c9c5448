"""Verifying and reporting over many journals, shared out: to processes, or to a Dask cluster with real workers."""

import json
from pathlib import Path

import pytest

from host_tools.auditing.apart import audit_apart
from host_tools.auditing.audit import audit
from host_tools.auditing.examine import Known
from host_tools.auditing.places import InFile, InStore
from host_tools.commands.sharing import SHARED_BYTES, guarded, reachable, workers
from host_tools.exporting.parquet import write
from host_tools.journal_items import Header
from host_tools.outcome import Exit, ToolError
from host_tools.reporting.holdings import StoreHoldings
from host_tools.reporting.making import make
from host_tools.store.store import Store
from host_tools.workers.executor import Failed, Pool
from host_tools.workers.sharing import in_order, shared
from tests.bench.force import write as write_files

from . import forces
from .conftest import Desk
from .dask_cluster import WORKERS, DaskCluster

SEALED = Known((bytes(16),), in_vault=True)


def half(number: int) -> int:
    if number % 2:
        raise ToolError(f"{number} is odd", "Take another.", Exit.DEVICE)
    return number // 2


# Who does the work.


def test_a_few_small_journals_are_read_in_this_process() -> None:
    for jobs, size, pieces in ((None, 1000, 50), (1, SHARED_BYTES, 50), (4, SHARED_BYTES, 1)):
        with workers(jobs, None, size, pieces) as executor:
            assert executor is None


def test_many_jobs_are_as_many_processes_as_there_is_work_for() -> None:
    with workers(8, None, 0, 2) as executor:
        assert isinstance(executor, Pool)
        assert [result for _, result in shared(half, [4, 6, 8], executor)] and len(executor.pids) <= 2


def test_a_cluster_and_jobs_together_are_a_misuse_with_advice() -> None:
    with pytest.raises(ToolError) as caught, workers(2, "tcp://127.0.0.1:9", 0, 2):
        pass
    assert "--jobs" in caught.value.advice


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "tcp://force.example:8786", "tcp://[2001:db8::1]:8786"]
)
def test_a_seals_key_never_goes_to_another_machine_in_clear(address: str) -> None:
    with pytest.raises(ToolError) as caught:
        guarded(lambda _: SEALED, address)(None)
    assert "tls://" in caught.value.advice
    assert guarded(lambda _: Known(), address)(None) == Known()


@pytest.mark.parametrize("address", [None, "tls://10.0.0.1:8786", "tcp://127.0.0.1:1", "tcp://[::1]:1", "localhost:1"])
def test_a_seals_key_stays_usable_where_nobody_reads_it(address: str | None) -> None:
    assert guarded(lambda _: SEALED, address)(None) is SEALED


def test_places_are_named_so_that_other_machines_find_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert reachable(InFile(Path("a.ilj"))) == InFile(tmp_path / "a.ilj")
    assert reachable(InStore(Path("s.sqlite"), "H1")) == InStore(tmp_path / "s.sqlite", "H1")
    assert reachable(InStore("postgresql://force/journals", "H1")) == InStore("postgresql://force/journals", "H1")


# Sharing.


@pytest.mark.parametrize("jobs", [0, 2])
def test_results_come_in_the_order_of_the_work_whoever_did_it(jobs: int) -> None:
    done: list[int] = []
    if not jobs:
        assert in_order(half, [8, 2, 6], None, done.append) == [4, 1, 3]
    else:
        with Pool(jobs) as pool:
            assert in_order(half, [8, 2, 6], pool, done.append, lambda number: number) == [4, 1, 3]
    assert sorted(done) == [2, 6, 8]


@pytest.mark.parametrize("jobs", [0, 2])
def test_the_first_that_fails_ends_it_with_its_own_words(jobs: int) -> None:
    with pytest.raises(ToolError) as caught:
        if jobs:
            with Pool(jobs) as pool:
                in_order(half, [2, 3], pool)
        else:
            in_order(half, [2, 3], None)
    assert str(caught.value) == "3 is odd" and caught.value.code == Exit.DEVICE


def test_what_fails_in_a_worker_is_told_by_the_pool_as_a_value() -> None:
    with Pool(1) as pool:
        ((_, outcome),) = pool.map_unordered(half, [3])
    assert isinstance(outcome, Failed) and outcome.advice == "Take another."


# A whole store, group by group.


def test_a_store_audited_group_by_group_is_what_it_is_audited_at_once(tmp_path: Path) -> None:
    groups = [forces.group(0), forces.group(1)]
    place = forces.stored(tmp_path, groups, leave_out=["C00001"])
    wrong = {**{u.serial_bytes: u.first_key for group in groups for u in group.units}, b"H01000  ": bytes(16)}
    cut = Store.open(place)
    cut.learn_unit("C01001X", groups[1].cameras[1].number, 2, "a double of that number")
    cut.close()

    def knowing(header: Header | None) -> Known:
        return (
            Known() if header is None or header.serial not in wrong else Known((wrong[header.serial],), in_vault=True)
        )

    store = Store.open(place, read_only=True)
    places = [InStore(place, row.serial) for row in store.units()]
    store.close()
    told: list[float] = []
    found = audit_apart(places, knowing, None, lambda done, of: told.append(done / of))
    assert found == audit(places, knowing)
    assert [report.place for report in found if report.verdict != "intact"] and told[-1] == 1.0
    with Pool(2) as pool:
        assert audit_apart(places, knowing, pool) == found


def test_an_empty_store_has_nothing_to_audit() -> None:
    assert audit_apart([], lambda _: Known()) == []


# The commands.


def test_verify_says_the_same_for_any_number_of_jobs(desk: Desk, tmp_path: Path) -> None:
    files = [str(path) for path in write_files(tmp_path, forces.group(0))]
    alone = desk.json("verify", "--jobs", "1", *files)
    assert len(alone) == 4 and {found["verdict"] for found in alone} == {"intact"}
    assert desk.json("verify", "--jobs", "2", *files) == alone


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'interlock[cluster]'")
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.end()


@pytest.mark.deep
def test_a_cluster_verifies_reports_and_exports_as_this_process_does(
    desk: Desk, tmp_path: Path, cluster: DaskCluster
) -> None:
    from host_tools.workers.cluster import Cluster

    groups = [forces.group(0), forces.group(1)]
    holdings = StoreHoldings(forces.stored(tmp_path, groups))
    beside, asked, known = forces.beside_of(groups), forces.asked(groups), forces.Keys(groups).of
    cluster.wait_for_workers(WORKERS)
    files = [str(path) for path in write_files(tmp_path, groups[0])]
    assert desk.json("verify", "--cluster", cluster.address, *files) == desk.json("verify", *files)
    with Cluster(cluster.address) as executor:
        shared_out = make(holdings, beside, asked, executor, knowing=known)
        told = write(holdings, beside, tmp_path / "cluster", executor, asked=asked)
    alone = make(holdings, beside, asked, knowing=known)
    assert json.dumps(shared_out.plain()) == json.dumps(alone.plain())
    assert told == write(holdings, beside, tmp_path / "alone", asked=asked)
    for path in sorted((tmp_path / "alone").rglob("*.parquet")):
        assert (tmp_path / "cluster" / path.relative_to(tmp_path / "alone")).read_bytes() == path.read_bytes()
