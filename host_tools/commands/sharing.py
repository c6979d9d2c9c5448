"""`--jobs` and `--cluster` of the commands that read many journals: who does the work."""

import ipaddress
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..outcome import ToolError

if TYPE_CHECKING:
    from ..auditing.examine import Known
    from ..auditing.places import Place
    from ..journal_items import Header
    from ..workers.executor import Executor

Jobs = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Journals at a time [default: one a core, where they are large]")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Read them on the Dask cluster whose scheduler is there; its workers must reach the journals' place",
    ),
]

SHARED_BYTES = 24 << 20
"""From so many bytes on, other processes are worth their start."""


@contextmanager
def workers(jobs: int | None, cluster: str | None, size: int, pieces: int) -> "Iterator[Executor | None]":
    """Whoever does the work; None: this process. `size`: bytes of journals, about; `pieces`: how many there are. An
    executor that is asked for is made, whatever they are. ToolError when both are asked for, or the cluster is not
    there."""
    if cluster is not None:
        if jobs is not None:
            raise ToolError("--cluster has as many workers as it has", "Leave --jobs out with it.")
        from ..workers.cluster import Cluster as DaskCluster

        with DaskCluster(cluster) as executor:
            yield executor
        return
    wanted = jobs or (1 if size < SHARED_BYTES else os.cpu_count() or 1)
    if min(wanted, pieces) < 2:
        yield None
        return
    from ..workers.executor import Pool

    with Pool(min(wanted, pieces)) as pool:
        yield pool


def guarded(knowing: "Callable[[Header | None], Known]", cluster: str | None) -> "Callable[[Header | None], Known]":
    """The same keys, unless a seal's would go over a network in clear: ToolError then."""
    if cluster is None or _is_protected(cluster):
        return knowing

    def known(header: "Header | None") -> "Known":
        found = knowing(header)
        if found.seal_keys:
            raise ToolError(
                f"the vault's seal keys would go to {cluster} in clear: whoever reads them can forge journals",
                "Give the cluster's tls:// address, or leave --cluster out.",
            )
        return found

    return known


def _is_protected(address: str) -> bool:
    """Whether nobody on a network reads what goes there."""
    scheme, _, rest = address.rpartition("://")
    host = rest.rpartition(":")[0].strip("[]") if ":" in rest else rest
    if scheme in ("tls", "wss", "inproc") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reachable(place: "Place") -> "Place":
    """The same under a path that means the same on other machines, if they share the disk that it is on."""
    from ..auditing.places import InFile, InStore

    if isinstance(place, InFile):
        return replace(place, path=place.path.resolve())
    if isinstance(place, InStore) and isinstance(place.store, Path):
        return replace(place, store=place.store.resolve())
    return place
