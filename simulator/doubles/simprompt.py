"""What a VM at a terminal is started with, instead of `simboot.py`: the same, and then the VM's own prompt (`-i`).

Ctrl-C while something runs: the world tells of it as an event, and it comes out of whatever the program waits in, or
asks of the world. Never out of a flash operation: a port's flash is C, which no KeyboardInterrupt leaves half way
through a file system's work. A program that does neither is not interrupted here; on a board it would be.
Host side: `simulator/terminal/`.
"""

import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_in_flash = 0
_pending: "tuple[int] | None" = None  # an interrupt that came during a flash operation
_plain_call, _plain_watch_heap = simrt.call, simrt.watch_heap


def _interrupt(when: "tuple[int]") -> None:
    """`when`: which command ran when it was typed. At the prompt meanwhile, there is nothing to interrupt."""
    global _pending
    if _in_flash:
        _pending = when
    elif simrt.request("terminal.commands", ()) == when[0]:
        raise KeyboardInterrupt


def _late() -> None:
    global _pending
    if _pending is not None and not _in_flash:
        when, _pending = _pending, None
        _interrupt(when)


def _call(op: str, *args: object) -> "Any":
    global _in_flash
    if not op.startswith("flash."):
        value = _plain_call(op, *args)
        _late()
        return value
    _in_flash += 1
    try:
        return _plain_call(op, *args)
    finally:
        _in_flash -= 1


def _heeding(wait: "Callable[..., None]") -> "Callable[..., None]":
    def wait_and_heed(us: "int | None" = None) -> None:
        _late()
        wait(us)

    return wait_and_heed


def _begin() -> None:
    """The board is itself now: what is interrupted from here on is its program."""
    _plain_watch_heap()
    simrt.on("kbd", _interrupt)


simrt.call = _call
simrt.sleep_us = _heeding(simrt.sleep_us)
simrt.rest_us = _heeding(simrt.rest_us)
simrt.watch_heap = _begin

import simboot  # noqa: E402, F401  # runs what the board runs at power-on
