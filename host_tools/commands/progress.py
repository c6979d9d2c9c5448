"""How far a command is, on standard error: a bar with the time that is left on a terminal, a line now and then
elsewhere, nothing for programs that read --json.

    with working("H1: signing key", total=64, quiet=as_json) as step:
        step(12)

NO_COLOR and TERM=dumb are honoured; standard output stays free for the result.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..console import Console

LINE_S = 5.0  # without a terminal, a line of progress this often
TICK_S = 0.2
NARROW = 50  # columns; below that there is no room for a bar


class Step:
    """One thing that lasts. `what`: in words; `total`: how much of it there is, None: not known."""

    def __init__(self, what: str, total: float | None) -> None:
        self.what = what
        self.total = total

    def __call__(self, done: float, total: float | None = None) -> None:
        """So much is done; `total`: of so much, when that is known only now or has changed."""

    def say(self, line: str) -> None:
        """A line of its own, for people who watch."""


class _Bar(Step):
    def __init__(self, what: str, total: float | None, bars: Progress) -> None:
        super().__init__(what, total)
        self._bars = bars
        self._task: TaskID = bars.add_task(escape(what), total=total)

    def __call__(self, done: float, total: float | None = None) -> None:
        self.total = self.total if total is None else total
        self._bars.update(self._task, completed=done, total=self.total)

    def say(self, line: str) -> None:
        self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)


class _Lines(Step):
    def __init__(self, what: str, total: float | None) -> None:
        super().__init__(what, total)
        self._began_s = self._told_s = time.monotonic()

    def __call__(self, done: float, total: float | None = None) -> None:
        self.total = self.total if total is None else total
        now_s = time.monotonic()
        if now_s - self._told_s < LINE_S:
            return
        self._told_s = now_s
        left = eta_s(done, self.total, now_s - self._began_s)
        of = "" if self.total is None else f" of {self.total:.0f}"
        tail = "" if left is None else f", {left:.0f} s left"
        print(f"{self.what}: {done:.0f}{of}{tail}", file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def eta_s(done: float, total: float | None, spent_s: float) -> float | None:
    """Seconds that are left at the pace so far; None when nobody can tell."""
    if not total or done <= 0 or spent_s <= 0:
        return None
    return max(0.0, (total - done) * spent_s / done)


def watched() -> Console | None:
    """Standard error as a console that can draw over itself; None where it is a file, a pipe or a dumb terminal."""
    console = Console(stderr=True)
    return console if console.is_terminal and not console.is_dumb_terminal else None


@contextmanager
def working(what: str, total: float | None = None, quiet: bool = False) -> Iterator[Step]:
    """Show that this goes on while the block is busy. `total`: how much there is to do, None: a spinner. Nothing is
    left on a terminal afterwards, its cursor included; nothing is said at all when `quiet`."""
    console = None if quiet else watched()
    if quiet:
        yield Step(what, total)
    elif console is None:
        yield _Lines(what, total)
    else:
        with Progress(*_columns(console, total), console=console, transient=True) as bars:
            yield _Bar(what, total, bars)


def _columns(
    console: Console, total: float | None
) -> list[TextColumn | BarColumn | SpinnerColumn | TimeElapsedColumn | TimeRemainingColumn]:
    words = TextColumn("{task.description}")
    if total is None:
        return [SpinnerColumn("line"), words, TimeElapsedColumn()]
    if console.width < NARROW:
        return [words, TextColumn("{task.percentage:.0f} %")]
    return [words, BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn()]


@asynccontextmanager
async def counting(what: str, seconds: float, quiet: bool = False) -> AsyncIterator[Step]:
    """The same for something that takes so many seconds: the bar moves by itself."""
    with working(what, seconds, quiet) as step:
        ticking = asyncio.ensure_future(_tick(step, seconds)) if isinstance(step, _Bar) else None
        try:
            yield step
        finally:
            if ticking is not None:
                ticking.cancel()


async def _tick(step: Step, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while True:
        step(min(seconds, loop.time() - began_s))
        await asyncio.sleep(TICK_S)
