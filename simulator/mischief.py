"""What goes wrong with boards and air in a world: the faults of `scenario.py` that are nobody's hands.

Each is set at its instant and ends by itself or with the board's power; what the firmware then does is not foreseen
here.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from .attacker import NAME, Attacker, Ear
from .bluetooth.radio_faults import RadioFaults
from .clock import now_us
from .hardware.board import VirtualBoard
from .radio.air import Air


class Mischief:
    """`boards`: by unit id, filled as the world places them. `seed`: of the attackers. `tell(unit id, text)`:
    what came of something later, for people."""

    def __init__(
        self, boards: Mapping[str, VirtualBoard], air: Air, seed: int, tell: Callable[[str, str], None]
    ) -> None:
        self._boards = boards
        self._air = air
        self._seed = seed
        self._tell = tell
        self._loss = air.loss
        self._jams = 0
        self.drifts: dict[str, list[tuple[int, float]]] = {}
        """By unit: since when (virtual us) its clock runs how much too fast (ppm)."""
        self._attackers = 0
        self._ear: Ear | None = None
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """An attacker is there from now on, and hears."""
        self._ear = Ear(self._air)

    def does(self, action: str) -> bool:
        """Whether this action is one of here."""
        return hasattr(self, f"_do_{action}")

    def do(self, action: str, unit_id: str, args: Mapping[str, Any]) -> None:
        """Let it happen now."""
        getattr(self, f"_do_{action}")(unit_id, **args)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _do_power_cut(self, unit_id: str, operation: int, off_s: float) -> None:
        board = self._boards[unit_id]

        async def revive() -> None:
            await asyncio.sleep(off_s)
            await board.power_on()

        def lost() -> None:
            self._tell(unit_id, "loses power")
            self._start(revive())

        board.on_supply_lost = lost
        board.cut_at_flash_operation(operation)

    def _do_clock_drifts(self, unit_id: str, ppm: float) -> None:
        self._boards[unit_id].clock_ppm = ppm
        self.drifts.setdefault(unit_id, []).append((now_us(self._loop), ppm))

    def _do_handler_fails(self, unit_id: str, count: int) -> None:
        self._radio(unit_id).fail_handler(count)

    def _do_handler_is_lost(self, unit_id: str) -> None:
        self._boards[unit_id].lose_handler()

    def _do_scan_stalls(self, unit_id: str, cure: str) -> None:
        self._radio(unit_id).stall_scan(cure)

    def _do_radio_wedges(self, unit_id: str, cure: str) -> None:
        self._radio(unit_id).wedge(cure)

    def _do_radio_refuses(self, unit_id: str, for_s: float) -> None:
        radio = self._radio(unit_id)
        radio.refusing += 1

        def over() -> None:
            radio.refusing -= 1

        self._loop.call_later(for_s, over)

    def _radio(self, unit_id: str) -> RadioFaults:
        return self._boards[unit_id].radio_faults

    def _do_jam(self, _: str, for_s: float) -> None:
        self._jams += 1
        self._lose()

        def over() -> None:
            self._jams -= 1
            self._lose()

        self._loop.call_later(for_s, over)

    def _do_loss(self, _: str, rate: float) -> None:
        self._loss = rate
        self._lose()

    def _lose(self) -> None:
        self._air.loss = 1.0 if self._jams else self._loss

    def _do_flood(self, _: str, kind: str, rate_hz: int, for_s: float, at_m: tuple[float, float]) -> None:
        self._attackers += 1
        if self._ear is None:
            self.listen()
        assert self._ear is not None
        attacker = Attacker(f"{NAME} {self._attackers}", self._air, self._seed, self._ear)
        self._air.place(attacker.name, *at_m)
        self._start(attacker.flood(kind, rate_hz, for_s))
