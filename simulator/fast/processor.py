"""One board's interpreter in this process: the firmware in a greenlet, on the line between doubles and world.

To the board it is what `vm.Vm` is. The doubles are the VM's own, `doubles/simrt.py` among them, with its costs and its
order of things; only its exchange with the world is another: where a VM would write to its socket and block, the
greenlet gives way to the loop, until time has come to where the firmware is.

Not here: MicroPython. The heap, the integers and the order of dictionaries are CPython's; memory is never short
(`heap_peak` is 0); a firmware that computes for ever without asking for the time hangs this process.
"""

import asyncio
import copy
import random
import traceback
from pathlib import Path
from typing import Any

import greenlet

from ..hardware.vm import FIRMWARE, SCHEDULER_DEPTH, Ended, FirmwareError, Handler
from ..profiles import Profile
from .fidelity import FidelityError
from .firmware import Doubles, Firmware
from .loop import FastLoop

_SCHEDULED = ("pin", "timer")  # as in vm.py


class Processor:
    """One run of the firmware from boot to its end. The parameters are those of `vm.Vm`; `script` can be the firmware's
    main.py only, and what a console types goes nowhere."""

    firmware: Firmware
    """The modules that all boards of the running world share; set by who makes the world."""

    def __init__(
        self,
        name: str,
        script: Path,
        profile: Profile,
        entropy: random.Random,
        handler: Handler,
        *,
        ticks_at_boot_ms: int = 0,
        output: list[str] | None = None,
        **_: object,
    ) -> None:
        if script != FIRMWARE / "main.py":
            raise ValueError(f'{script} needs fidelity = "vm": the fast one runs the firmware only')
        self.name = name
        self.output: list[str] = [] if output is None else output
        self.heap_peak = 0
        self.heap_of_day: dict[int, int] = {}
        self.dropped_edges = 0
        self.exchanges = 0
        self._profile = profile
        self._ticks_offset_us = ticks_at_boot_ms * 1000
        self._entropy = entropy
        self._board = handler
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._pending_edges = 0
        self._told: list[tuple[Any, int]] = []
        self._hears = False
        self._is_waiting = self._is_stirred = False
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    # What the board asks of it (vm.Vm).

    async def start(self, begin_us: int = 0) -> None:
        """The firmware runs from `begin_us` of virtual time on."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FastLoop)
        self._loop = loop
        self._hub = greenlet.getcurrent()
        self.ended: asyncio.Future[Ended] = loop.create_future()
        self._greenlet = greenlet.greenlet(self._run)
        self._doubles = Doubles(self._printed)
        self._rt: dict[str, Any] = self._doubles.line(self._wait, self._call)
        loop.call_at_us(begin_us, self._resume)

    @property
    def pid(self) -> int | None:
        """Something while it lives."""
        return None if self._is_over else 0

    def interrupt(self, kind: str, data: tuple[Any, ...]) -> None:
        """Queue an event of this instant; the firmware dispatches it as soon as it can."""
        if self._is_over:
            return
        if kind in _SCHEDULED:
            if self._pending_edges >= SCHEDULER_DEPTH:
                self.dropped_edges += 1
                return
            self._pending_edges += 1
        self._pending.append((kind, data))
        if self._hears and self._is_waiting and not self._is_stirred:
            # Not at once: what else happens in this instant comes with it.
            self._is_stirred = True
            self._loop.call_soon(self._resume)

    def tell_level(self, pin: Any, level: int) -> None:
        """A pin the firmware set up reads `level` from now on."""
        self._told.append((pin, level))

    def kill(self) -> None:
        """Cut its power: it is gone when this returns, in the middle of whatever it did."""
        if self._is_over:
            return
        self._end()
        if not self.ended.done():
            self.ended.set_result(Ended(None))
        if self._greenlet is not greenlet.getcurrent():
            self._greenlet.throw(greenlet.GreenletExit)

    def _end(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    # The firmware's side.

    def _resume(self, *_: object) -> None:
        """The firmware's turn, until it gives way."""
        if self._is_over:
            return
        self._is_stirred = False
        self.firmware.turn = self._doubles
        self._greenlet.switch()

    def _run(self) -> None:
        # Where a greenlet ends, its parent goes on: the one that began it is the loop's.
        try:
            rt = self._rt
            rt["profile"], rt["costs"] = self._profile.port, dict(self._profile.facts())
            rt["ticks_offset_us"] = self._ticks_offset_us
            rt["_world_us"] = self._loop.now_us
            self._doubles.boot()
            board = copy.copy(self.firmware.load(f"interlock.boards.{self._profile.board}").BOARD)
            board.rest = self._doubles.load("simclock").rest
            self._look_at_button(board)
            self.firmware.load("interlock.app").main(board)
        except FidelityError as error:
            self._end()
            self.ended.set_exception(error)
        except Exception as error:  # noqa: BLE001  # whatever leaves the firmware belongs to who waits for this board
            self._end()
            self.ended.set_exception(FirmwareError(self.name, "".join(traceback.format_exception(error))))

    def _look_at_button(self, board: Any) -> None:
        """As the loader (which needs more of a board than there is here) does at power-on; nobody holds it."""
        machine = self.firmware.load("machine")
        if machine.reset_cause() == machine.PWRON_RESET:
            pull = machine.Pin.PULL_UP if "button" in board.active_low else machine.Pin.PULL_DOWN
            machine.Pin(board.pins["button"], machine.Pin.IN, pull).value()

    def _printed(self, text: str) -> None:
        self.output.extend(text.splitlines())

    def _leave(self) -> int:
        """The firmware wants something of the world, at the local time that this gives."""
        rt = self._rt
        self.exchanges += 1
        if rt["_fed"]:
            rt["_fed"] = False
            self._board.fed()
        local_us: int = rt["_world_us"] + rt["_debt_us"]
        return local_us

    def _return(self, local_us: int) -> None:
        """It has got it; what happened meanwhile comes along."""
        rt = self._rt
        rt["_world_us"] = now_us = self._loop.now_us
        rt["_debt_us"] = local_us - now_us if local_us > now_us else 0
        if self._hears and self._pending:
            rt["_events"].extend(self._pending)
            self._pending.clear()
            self._pending_edges = 0
        if self._told:
            rt["_levels"].update(self._told)
            self._told.clear()

    def _wait(self, until_us: int) -> None:
        """An exchange of the kind WAIT (`wire.py`)."""
        local_us = self._leave()
        self._hears = not self._rt["_busy"]
        if not (self._hears and self._pending):
            self._until(until_us)
        self._return(local_us)

    def _call(self, op: str, args: tuple[object, ...]) -> object:
        """An exchange of the kind CALL."""
        local_us = self._leave()
        self._hears = False
        self._until(local_us)
        try:
            return self._execute(op, args)
        finally:
            self._hears = not self._rt["_busy"]
            self._return(local_us)

    def _until(self, until_us: int) -> None:
        """Give way until this instant of virtual time (-1: none), or until stirred."""
        if 0 <= until_us <= self._loop.now_us:
            return
        if until_us >= 0:
            self._timer = self._loop.call_at_us(until_us, self._resume)
        self._give_way()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_way(self) -> None:
        self._is_waiting = True
        self._hub.switch()
        self._is_waiting = False

    def _execute(self, op: str, args: tuple[object, ...]) -> object:
        if op == "vm.urandom":
            (length,) = args
            assert isinstance(length, int)
            return self._entropy.randbytes(length)
        work = self._board.call(op, args)
        try:
            while True:
                # A future of this loop: asyncio's tasks wait in the same way.
                future = work.send(None)
                future.add_done_callback(self._resume)
                self._give_way()
        except StopIteration as done:
            if self._is_over:  # it reset the board, or cut its power
                raise greenlet.GreenletExit from None
            return done.value
