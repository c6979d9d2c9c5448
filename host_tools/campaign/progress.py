"""How far a campaign is, on standard error: a bar with the time to go on a terminal, else a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..console import Console

EVERY_S = 10.0
"""Between two plain lines, at least."""


class Progress:
    def __init__(self, console: Console | None = None, now_s: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._now_s = now_s

    @contextmanager
    def of(self, count: int, done: int) -> Iterator[Callable[[], None]]:
        """Of `count` runs `done` are done; what is given is called at each further one."""
        if self._console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeElapsedColumn(), TextColumn("to go"))
            with Bar(*columns, TimeRemainingColumn(), console=self._console) as bar:
                task = bar.add_task("", total=count, completed=done)
                yield lambda: bar.advance(task)
            return
        yield self._lines(count, done)

    def _lines(self, count: int, before: int) -> Callable[[], None]:
        began_s = told_s = self._now_s()
        done = before
        if before:
            self._console.print(f"{before} of {count} runs were done already.", soft_wrap=True)

        def tell() -> None:
            nonlocal done, told_s
            done += 1
            now_s = self._now_s()
            if done < count and now_s - told_s < EVERY_S:
                return
            told_s = now_s
            left_s = (now_s - began_s) / (done - before) * (count - done)
            to_go = "" if done == count else f", about {_duration(left_s)} to go"
            self._console.print(f"{done} of {count} runs{to_go}", soft_wrap=True)

        return tell


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
