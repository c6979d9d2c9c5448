"""How a command is broken off: Ctrl-C, SIGTERM, SIGHUP and a reader of its output that went away.

The first signal cancels the work where it waits, so that links are closed and what was stored stays; the second ends
the process at once. Prompts are left by the first (`asking`): whoever blocks in one does not wait on the event loop.

Whoever started the command may have Ctrl-C ignored, as a shell without a terminal does for `interlock dock &`. It stays
so, by holding SIGINT back instead: for SIGTERM and SIGHUP, which end the command all the same, need its handler.
"""

import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

BY_SIGNAL = 128  # what shells add to a signal's number for an exit code
BROKEN_PIPE = BY_SIGNAL + 13
_ALSO = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_CAN_HOLD = hasattr(signal, "pthread_sigmask")  # not on Windows, where nobody has it ignored
_SHOW_CURSOR = "\x1b[?25h"


class NobodyReads(Exception):
    """Standard output is a pipe that was closed at its other end."""


class Ending:
    """Which signal ends this command: `code` is the exit code that says so."""

    CTRL_C = BY_SIGNAL + signal.SIGINT  # typer makes this of it

    def __init__(self) -> None:
        self.code = self.CTRL_C

    def also(self, number: int, _: FrameType | None) -> None:
        """Another signal does what Ctrl-C does."""
        self.code = BY_SIGNAL + number
        signal.raise_signal(signal.SIGINT)
        # One that was held back until now is this very one: a signal waits once only.
        _let_through()


@contextmanager
def watched() -> Iterator[Ending]:
    """SIGTERM and SIGHUP end what is done in here as Ctrl-C does: by KeyboardInterrupt, or cancellation in a loop."""
    ending = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = {number: signal.signal(number, ending.also) for number in _ALSO if _is_heeded(number)}
    is_held_back = _CAN_HOLD and not _is_heeded(signal.SIGINT)
    if is_held_back:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield ending
    finally:
        if is_held_back:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # first: what waits is dropped
            _let_through()
        for number, handler in before.items():
            signal.signal(number, handler)


def _let_through() -> None:
    if _CAN_HOLD:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _is_heeded(number: int) -> bool:
    """Not so under nohup, which has a hangup ignored."""
    return signal.getsignal(number) is not signal.SIG_IGN


async def twice(work: Coroutine[Any, Any, T]) -> T:
    """Do `work` under `asyncio.run`, which cancels it at the first Ctrl-C; here the second one ends the process."""
    polite = signal.getsignal(signal.SIGINT)
    if not callable(polite) or threading.current_thread() is not threading.main_thread():
        return await work

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, _at_once)
        polite(number, frame)

    signal.signal(signal.SIGINT, first)
    try:
        return await work
    finally:
        # After the first one it stays: what is left to do is tidying up, and the second must end that, too.
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, polite)


def forget() -> None:
    """The command is over: Ctrl-C means again what it does to any Python program."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is _at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _at_once(number: int, _: FrameType | None) -> NoReturn:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), f"{_SHOW_CURSOR}\n".encode())
    os._exit(BY_SIGNAL + number)


@contextmanager
def asking() -> Iterator[None]:
    """While a person is asked something, Ctrl-C is KeyboardInterrupt there and then, in an event loop, too: the loop
    stands still, so cancelling would wait for the answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def silence() -> None:
    """Nobody reads standard output any more (`interlock ... | head`): let the interpreter not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
