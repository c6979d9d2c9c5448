"""The same campaign on a Dask cluster: a scheduler and two workers as processes, one of which is killed."""

import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import pytest

from host_tools.campaign.plan import Axis, parse_axes
from host_tools.outcome import Exit, ToolError
from host_tools.workers.executor import Done, Failed

from .campaigns import INTERLOCK, interlock, tiny
from .dask_cluster import WORKERS, DaskCluster

pytestmark = pytest.mark.skipif(
    find_spec("distributed") is None, reason="Dask is not installed: pip install 'interlock[cluster]'"
)
RUNS = 2


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.end()


def test_items_are_mapped_as_by_the_pool_and_errors_come_back_as_words(cluster):
    from host_tools.workers.cluster import Cluster

    cluster.wait_for_workers(WORKERS)
    with Cluster(cluster.address) as executor:
        assert dict(executor.map_unordered(abs, range(-20, 0))) == {n: Done(-n) for n in range(-20, 0)}
        assert list(executor.map_unordered(abs, [])) == []
        found = dict(executor.map_unordered(parse_axes, [("loss=0",), ("loss",), (4,)]))
    assert found["loss=0",] == Done((Axis("loss", (0,)),))
    assert found["loss",] == Failed("--vary loss names no values", found["loss",].advice, Exit.USAGE)
    assert "AttributeError" in found[4,].happened and "report it" in found[4,].advice


@pytest.mark.deep
def test_a_worker_killed_in_the_middle_changes_nothing_but_the_time(cluster, tmp_path):
    cluster.wait_for_workers(WORKERS)
    scenario = tiny(tmp_path)
    command = ["simulate", scenario, "--runs", RUNS, "--vary", "loss=0,0.4"]
    process = subprocess.Popen(
        [INTERLOCK, *map(str, command), "--cluster", cluster.address, "--out", tmp_path / "cluster"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    runs = tmp_path / "cluster" / "runs.jsonl"
    while not runs.exists() or runs.read_bytes().count(b"\n") < 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    assert runs.read_bytes().count(b"\n") < RUNS * 2
    _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    done = interlock(*command, "--out", tmp_path / "pool")
    assert done.returncode == 0, done.stderr
    for name in ("summary.json", "summary.md", "rates_by_loss.png"):
        assert (tmp_path / "cluster" / name).read_bytes() == (tmp_path / "pool" / name).read_bytes()
    lines = [sorted((tmp_path / where / "runs.jsonl").read_text().splitlines()) for where in ("cluster", "pool")]
    assert lines[0] == lines[1] and len(lines[0]) == RUNS * 2


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "ftp://127.0.0.1:1"])
def test_a_cluster_that_does_not_answer_is_an_error_with_advice(tmp_path, address, monkeypatch):
    from host_tools.workers import cluster

    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with pytest.raises(ToolError, match="no Dask scheduler answers") as refused:
        cluster.Cluster(address)
    assert "--cluster tcp://" in refused.value.advice


ANSWERS = {
    "a web server": b"HTTP/1.0 400 Bad request\r\n\r\n" * 40,
    "garbage": bytes(range(256)) * 8,
    "zeros": bytes(4000),
    "nothing": b"",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_something_else_that_answers_is_told_from_a_scheduler_in_time(answer, monkeypatch):
    """Dask's own client asked a web server for ever, and took what others answered for sizes of memory."""
    from host_tools.workers import cluster

    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    before = {thread.name for thread in threading.enumerate()}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held = []

        def serve():
            while True:
                try:
                    held.append(listening.accept()[0])
                    held[-1].sendall(ANSWERS[answer])
                except OSError:
                    return

        threading.Thread(target=serve, name="other", daemon=True).start()
        with pytest.raises(
            ToolError, match=r"no Dask scheduler answers at .*: what (answers|listens) there"
        ) as refused:
            cluster.Cluster(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        listening.shutdown(socket.SHUT_RDWR)
    assert refused.value.code == Exit.DEVICE and "--cluster tcp://" in refused.value.advice
    assert not any("Dask" in thread.name for thread in threading.enumerate() if thread.name not in before)
    for connection in held:
        connection.close()


def test_a_worker_is_told_from_its_scheduler(cluster):
    from distributed import Client

    from host_tools.workers.cluster import Cluster

    cluster.wait_for_workers(WORKERS)
    with Client(cluster.address, set_as_default=False) as client:
        address = next(iter(client.scheduler_info()["workers"]))
    with pytest.raises(ToolError, match="what answers there is a Worker"):
        Cluster(address)


def test_without_dask_the_advice_is_to_install_it(monkeypatch):
    from host_tools.workers.cluster import Cluster

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolError, match="not installed") as refused:
        Cluster("tcp://127.0.0.1:1")
    assert "interlock[cluster]" in refused.value.advice
