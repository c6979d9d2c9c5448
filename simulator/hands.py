"""Whatever happens to units, weapons and recorders in a world: the actions of `scenario.py`, carried out on pins."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from interlock.boards import Board

from .body_camera import BodyCamera
from .clock import US_PER_S
from .hardware.board import VirtualBoard
from .hardware.lines import burst, chatter
from .radio.air import Air

SAFE_TO_SEAT_US = 150_000
STOW_US = 2_500_000
SERVICE_US = 7_000_000


class Hands:
    """`wiring`: which pin is what; `boards`, `cameras`: by unit id, filled as the world places them."""

    def __init__(
        self,
        wiring: Board,
        boards: Mapping[str, VirtualBoard],
        cameras: Mapping[str, BodyCamera],
        air: Air,
        chance: random.Random,
    ) -> None:
        self._wiring = wiring
        self._boards = boards
        self._cameras = cameras
        self._air = air
        self._chance = chance
        self._armed: dict[str, bool] = {}
        self._stuck: dict[str, bool] = {}
        self._seated: dict[str, bool] = {}
        self._changing: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def at_rest(self, unit_id: str) -> None:
        """The weapon in its holster, nothing pressed, every line low."""
        for signal in ("armed", "discharge", "dock", "button", "tally", "awake", "seat_opens"):
            self.drive(unit_id, signal, False)
        self.drive(unit_id, "seat_closes", True)
        self._armed[unit_id] = False
        self._stuck[unit_id] = False

    def do(self, action: str, unit_id: str, args: Mapping[str, Any]) -> None:
        """Let an action on a weapon, a recorder or a unit of `scenario.ACTIONS` happen now, if it is one of hands."""
        getattr(self, f"_do_{action}")(unit_id, **args)

    def drive(self, unit_id: str, signal: str, on: bool) -> None:
        """One of the unit's inputs."""
        level = int(on) ^ (signal in self._wiring.active_low)
        self._boards[unit_id].set_pin(self._wiring.pins[signal], level)

    def _later(self, delay_us: float, call: Callable[[], None]) -> None:
        self._loop.call_later(delay_us / US_PER_S, call)

    def _move_seat(self, unit_id: str, seated: bool) -> None:
        """Both contacts change, the second a little later, each bouncing for some milliseconds as reeds do."""
        self._seated[unit_id] = seated
        at_us = 0.0
        for signal, on in (("seat_closes", seated), ("seat_opens", not seated)):
            if signal != "seat_closes" or not self._stuck[unit_id]:
                at_us = self._bounce(unit_id, signal, on, at_us)

    def _bounce(self, unit_id: str, signal: str, on: bool, at_us: float = 0.0) -> float:
        """A contact changes, bouncing up to three times; when it is quiet again."""
        for edge in range(2 * self._chance.randrange(4) + 1):
            level = on if edge % 2 == 0 else not on
            self._later(at_us, lambda v=level: self.drive(unit_id, signal, v))  # type: ignore[misc]
            at_us += self._chance.uniform(50, 900)
        return at_us

    def _do_draw(self, unit_id: str) -> None:
        self._move_seat(unit_id, False)

    def _do_arm(self, unit_id: str) -> None:
        self._armed[unit_id] = True
        self._bounce(unit_id, "armed", True)

    def _do_safe(self, unit_id: str) -> None:
        if self._armed[unit_id]:
            self._armed[unit_id] = False
            self._bounce(unit_id, "armed", False)

    def _do_safety_blips(self, unit_id: str) -> None:
        """The contact opens for a moment that is too short for the loop to see it open."""
        self.drive(unit_id, "armed", not self._armed[unit_id])
        self.drive(unit_id, "armed", self._armed[unit_id])

    def _do_discharge(self, unit_id: str, for_s: float) -> None:
        burst(lambda on: self.drive(unit_id, "discharge", on), max(1, round(for_s * US_PER_S)))

    def _do_holster(self, unit_id: str) -> None:
        self._do_safe(unit_id)
        self._later(SAFE_TO_SEAT_US, lambda: self._move_seat(unit_id, True))

    def _do_dock(self, unit_id: str) -> None:
        self.drive(unit_id, "dock", True)

    def _do_undock(self, unit_id: str) -> None:
        self.drive(unit_id, "dock", False)

    def _do_press(self, unit_id: str, hold_s: float) -> None:
        self._hold_button(unit_id, hold_s * US_PER_S)

    def _do_press_stow(self, unit_id: str) -> None:
        self._hold_button(unit_id, STOW_US)

    def _do_press_service(self, unit_id: str) -> None:
        self._hold_button(unit_id, SERVICE_US)

    def _hold_button(self, unit_id: str, for_us: float) -> None:
        self.drive(unit_id, "button", True)
        self._later(for_us, lambda: self.drive(unit_id, "button", False))

    def _do_seat_contact_sticks(self, unit_id: str) -> None:
        self._stuck[unit_id] = True
        self.drive(unit_id, "seat_closes", False)

    def _do_seat_contact_mends(self, unit_id: str) -> None:
        self._stuck[unit_id] = False
        self.drive(unit_id, "seat_closes", True)

    def _do_seat_contact_bounces(self, unit_id: str, for_ms: int) -> None:
        """The contact that closes chatters while the weapon stays where it is, and ends as it was."""
        signal, at_us = "seat_closes", 0.0
        level = self._seated.get(unit_id, True)
        while at_us < for_ms * 1000:
            level = not level
            self._later(at_us, lambda v=level: self.drive(unit_id, signal, v))  # type: ignore[misc]
            at_us += self._chance.uniform(50, 4000)
        self._later(at_us, lambda: self.drive(unit_id, signal, self._seated.get(unit_id, True)))

    def _do_line_sticks(self, unit_id: str, line: str, level: str) -> None:
        self._boards[unit_id].pins.stick(self._wiring.pins[line], (level == "on") ^ (line in self._wiring.active_low))

    def _do_line_mends(self, unit_id: str, line: str) -> None:
        self._boards[unit_id].pins.mend(self._wiring.pins[line])

    def _do_line_chatters(self, unit_id: str, line: str, for_s: float, on_ms: float, off_ms: float) -> None:
        """It ends off."""
        spans = [(round(ms * 500), round(ms * 1500)) for ms in (on_ms, off_ms)]
        chatter(lambda on: self.drive(unit_id, line, on), self._chance, round(for_s * US_PER_S), *spans)

    def _do_cell_ages(self, unit_id: str, sag_mv: int) -> None:
        board, haptic = self._boards[unit_id], self._wiring.pins["haptic"]
        sag_mv //= self._wiring.battery[0]
        board.adc_faults[self._wiring.pins["battery"]] = lambda mv: mv - sag_mv * board.pins.level(haptic)

    def _do_camera_dies(self, unit_id: str) -> None:
        self._cameras[unit_id].die()

    def _do_camera_revives(self, unit_id: str) -> None:
        self._cameras[unit_id].revive()

    def _do_camera_falls_asleep(self, unit_id: str) -> None:
        self._cameras[unit_id].fall_asleep()

    def _do_camera_wakes(self, unit_id: str) -> None:
        self._cameras[unit_id].wake_up()

    def _do_camera_is_full(self, unit_id: str) -> None:
        self._cameras[unit_id].fill_up()

    def _do_camera_is_emptied(self, unit_id: str) -> None:
        self._cameras[unit_id].empty()

    def _do_officer_stops(self, unit_id: str) -> None:
        self._cameras[unit_id].stop_by_hand()

    def _do_officer_starts(self, unit_id: str) -> None:
        self._cameras[unit_id].start_by_hand()

    def _do_tally_sticks(self, unit_id: str, level: str) -> None:
        self._cameras[unit_id].tally_stuck("on" if level == "on" else "off")

    def _do_tally_mends(self, unit_id: str) -> None:
        self._cameras[unit_id].tally_stuck(None)

    def _do_shutter_breaks(self, unit_id: str) -> None:
        self._cameras[unit_id].has_shutter = False

    def _do_shutter_mends(self, unit_id: str) -> None:
        self._cameras[unit_id].has_shutter = True

    def _do_battery_change(self, unit_id: str, off_s: float) -> None:
        board = self._boards[unit_id]

        async def change() -> None:
            await board.power_off()
            await asyncio.sleep(off_s)
            await board.power_on()

        task = self._loop.create_task(change())
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)

    def _do_battery(self, unit_id: str, mv: int) -> None:
        self._boards[unit_id].adc_mv[self._wiring.pins["battery"]] = mv // self._wiring.battery[0]

    def _do_move(self, unit_id: str, to_m: tuple[float, float]) -> None:
        self._air.place(unit_id, *to_m)
        self._air.place(f"{unit_id}'s", *to_m)  # a GoPro, where it has one (`world.py`)

    def _do_turn(self, unit_id: str, to_deg: float) -> None:
        self._air.wear(unit_id, to_deg)
