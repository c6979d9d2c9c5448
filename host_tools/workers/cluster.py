"""The executor on a Dask cluster that somebody else started: `--cluster tcp://HOST:PORT` of its scheduler.

Its workers need this version of Interlock with the extras `sim` and `cluster`, and a MicroPython VM each. A worker that
is lost has its work done by another; that is Dask's doing, and its limit is `distributed.scheduler.allowed-failures`.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from ..outcome import Exit, ToolError
from .executor import Done, Failed, attempt

T = TypeVar("T")
R = TypeVar("R")

CONNECT_S = 10
_AHEAD = 3  # pieces of work handed out for each thread of the cluster, so that none waits for this process


class Cluster:
    """The cluster whose scheduler is at `address`. ToolError when it cannot be reached, or `distributed` is missing."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise ToolError(
                f"--cluster needs Dask, which is not installed ({error.name} is missing)",
                "Install it: pip install 'interlock[cluster]'. Or leave --cluster out: this machine does the work.",
            ) from error
        try:
            _knock(address)
            self._client: Any = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ToolError(
                f"no Dask scheduler answers at {address}: {error or 'no reply'}",
                "Give the address that `dask scheduler` printed, as in --cluster tcp://10.0.0.1:8786.",
                Exit.DEVICE,
            ) from error
        self._lost: type[Exception] = distributed.KilledWorker
        self._as_completed: Callable[..., Any] = distributed.as_completed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._client.close()  # which lets go of all that was asked for

    def map_unordered(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Done[R] | Failed]]:
        threads = sum(self._client.nthreads().values())
        if not threads:
            raise ToolError(
                "the Dask cluster has no worker", "Start some: dask worker SCHEDULER --nthreads 1", Exit.DEVICE
            )
        source = iter(items)
        asked: dict[str, T] = {}

        def ask(item: T) -> Any:
            future = self._client.submit(attempt, function, item, pure=False)
            asked[future.key] = item
            return future

        first = [ask(item) for item in islice(source, _AHEAD * threads)]
        arriving = self._as_completed(first, loop=self._client.loop)
        for future in arriving:
            item = asked.pop(future.key)
            for following in islice(source, 1):
                arriving.add(ask(following))
            yield item, self._outcome(future)

    def _outcome(self, future: Any) -> Any:
        """A future's result, which is Done or Failed; Failed where the cluster gave the item up."""
        try:
            return future.result()
        except self._lost as error:
            return Failed(
                f"the cluster lost every worker that it gave the same work to: {error}", "Look at its workers' logs."
            )


def _knock(address: str) -> None:
    """Whether a scheduler answers there; OSError or ValueError when none does. Dask's own client would ask
    for ever, with a thread and a loop of its own, and of what other programs answer it makes anything."""
    from distributed.comm import addressing, registry

    scheme, place = addressing.parse_address(address)
    registry.get_backend(scheme)
    if scheme in ("tcp", "tls"):
        socket.create_connection(addressing.parse_host_port(place), CONNECT_S).close()
    try:
        kind = asyncio.run(asyncio.wait_for(_kind_of(address), CONNECT_S))
    except (OSError, TimeoutError) as error:
        raise OSError("what listens there does not answer as Dask does") from error
    except Exception as error:
        raise ValueError("what answers there is something else") from error
    if kind != "Scheduler":
        raise ValueError(f"what answers there is {f'a {kind}' if kind else 'something else'}")


async def _kind_of(address: str) -> str | None:
    """What a server of Dask says it is."""
    from distributed.comm import connect
    from distributed.security import Security

    comm = await connect(address, timeout=CONNECT_S, **Security().get_connection_args("client"))
    try:
        await comm.write({"op": "identity", "reply": True})
        said = await comm.read()
    finally:
        comm.abort()
    found = said.get("type") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None
