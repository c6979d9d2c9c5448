"""Work shared out to processes: one interface, here a pool on this machine, in `cluster.py` a Dask cluster.

Nothing here knows what the work is. The law of every executor: the function is pure (its result follows from the item),
so it may be run again, and what comes back does not depend on how many worked, on their order or their load; only the
order of arrival does. A worker that dies takes nothing with it but time.
"""

import multiprocessing
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from ..outcome import Exit, ToolError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 4
"""How often an item is begun whose worker dies each time: what kills so many does not die by accident."""


@dataclass(frozen=True)
class Done(Generic[R]):
    result: R


@dataclass(frozen=True)
class Failed:
    """The item has no result: what happened, what to do, and the exit code that goes with it."""

    happened: str
    advice: str
    code: Exit = Exit.DEVICE

    def error(self) -> ToolError:
        return ToolError(self.happened, self.advice, self.code)


class Executor(Protocol):
    """Where work is done. A context: leaving it, for whatever reason, ends the workers."""

    def map_unordered(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Done[R] | Failed]]:
        """Each item with what `function` made of it, as they come. Functions are found by their module and name, items
        and results are pickled. Items are taken when there is room for them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


_one_at_a_time = threading.Lock()


def attempt(function: Callable[[T], R], item: T) -> Done[R] | Failed:
    """What a worker does. One at a time in a process, whatever threads it has: a world seeds module-wide entropy."""
    try:
        with _one_at_a_time:
            return Done(function(item))
    except ToolError as error:
        return Failed(str(error), error.advice, error.code)
    except Exception:  # noqa: BLE001 - a defect travels as text: not every exception survives pickling
        return Failed(
            f"a worker met a defect:\n{traceback.format_exc()}", "Please report it with the command that was given."
        )


class Pool:
    """`jobs` processes of this machine, each started afresh (spawned, not forked: nothing of this process is in them).

    They ignore Ctrl-C, which this process answers by leaving the context."""

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ToolError(f"--jobs {jobs} leaves nobody to work", "Give 1 or more.")
        self._jobs = jobs
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._dismiss(list(self._workers))

    @property
    def pids(self) -> list[int]:
        """Of the workers that there are now."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def map_unordered(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Done[R] | Failed]]:
        source = iter(items)
        busy: dict[Connection, tuple[_Worker, T, int]] = {}
        free = list(self._workers)

        def begin(item: T, attempts: int) -> None:
            worker = free.pop() if free else self._hire()
            worker.give(function, item)
            busy[worker.line] = (worker, item, attempts)

        def begin_next() -> bool:
            for item in source:
                begin(item, 1)
                return True
            return False

        try:
            while len(busy) < self._jobs and begin_next():
                pass
            while busy:
                for line in wait(list(busy)):
                    assert isinstance(line, Connection)
                    worker, item, attempts = busy.pop(line)
                    outcome = self._take(worker)
                    if outcome is not None:
                        free.append(worker)
                    elif attempts < ATTEMPTS:
                        begin(item, attempts + 1)
                        continue
                    else:
                        outcome = Failed(
                            f"a worker process died at the same work {attempts} times",
                            "Is memory short? Give fewer --jobs.",
                        )
                    begin_next()
                    yield item, outcome
        finally:
            self._dismiss([worker for worker, _, _ in busy.values()])

    def _take(self, worker: "_Worker") -> "Done[Any] | Failed | None":
        """What a worker has to say; None when it died over it, and it is gone then."""
        try:
            outcome: Done[Any] | Failed = worker.line.recv()
        except (EOFError, OSError):
            self._dismiss([worker])
            return None
        return outcome

    def _dismiss(self, workers: "list[_Worker]") -> None:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.end()
            self._workers.remove(worker)

    def _hire(self) -> "_Worker":
        worker = _Worker()
        self._workers.append(worker)
        return worker


class _Worker:
    """One process, the line to it, and the folder for its temporary files: it may be killed at any moment."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self._folder = tempfile.TemporaryDirectory(prefix="interlock-", ignore_cleanup_errors=True)
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, self._folder.name), daemon=True)
        with _without_ctrl_c():
            self.process.start()
        theirs.close()  # so that the line ends when the process does

    def give(self, function: Callable[[Any], Any], item: object) -> None:
        try:
            self.line.send((function, item))
        except OSError:
            pass  # it is dead already, which reading from it will tell

    def end(self) -> None:
        """Wait for its end, which was made already."""
        self.line.close()
        self.process.join()
        self._folder.cleanup()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """A process started within it does not hear Ctrl-C while it imports, either. Held back here, not lost."""
    if sys.platform == "win32":
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        # Python starts it with the first process, and lets Ctrl-C through then, whoever held it back (3.11).
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _serve(line: Connection, folder: str) -> None:
    """A worker's life: until it is killed, or the other side dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    while True:
        try:
            function, item = line.recv()
        except EOFError:
            return
        try:
            line.send(attempt(function, item))
        except OSError:
            return  # nobody waits for it any more
