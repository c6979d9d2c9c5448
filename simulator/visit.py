"""A technician's visits to a world: somebody else's code, on the world's own laptop and clock."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bumble.device import Device

from interlock.core import access

from .air import Air
from .clock import now_us
from .factory import unit_label, unit_settings
from .laptop import Laptop
from .played import Visit
from .scenario import TECHNICIAN_ACTIONS, Event, Scenario, Unit

LAPTOP = "laptop"


class Technician(Protocol):
    """Who comes with a laptop. The world lends a radio and a clock; what is done with them is not its business."""

    def arrive(self, device: Device, utc_ms: Callable[[], int]) -> None:
        """`device`: the laptop's Bluetooth, powered on; `utc_ms`: the laptop's clock."""

    async def act(self, do: str, unit: Unit, label: access.Label, args: Mapping[str, Any], /) -> str:
        """Carry out one action of `scenario.TECHNICIAN_ACTIONS` with its arguments (to provision: the unit's Policy); a
        line about it for people. Raises `failures`."""

    failures: tuple[type[Exception], ...]
    """What `act` raises when it did not succeed, in words; anything else is a defect and ends the world."""


class Visits:
    """The technician's actions of a scenario; `made` grows with them."""

    def __init__(self, scenario: Scenario, air: Air, seed: int, technician: Technician | None) -> None:
        self.made: list[Visit] = []
        self._scenario = scenario
        self._air = air
        self._seed = seed
        self._technician = technician
        self._loop = asyncio.get_running_loop()

    async def make(self) -> None:
        """Carry them out in order, none before its time. ValueError when there is nobody to do it."""
        acts = [event for event in self._scenario.events if event.do in TECHNICIAN_ACTIONS]
        if not acts:
            return
        if self._technician is None or self._scenario.technician_m is None:
            raise ValueError(f"{self._scenario.name} has a technician's actions and nobody to carry them out")
        self._air.place(LAPTOP, *self._scenario.technician_m)
        laptop = Laptop(LAPTOP, self._air, self._seed)
        await laptop.power_on()
        begins_ms = round(self._scenario.begins.timestamp() * 1000)
        self._technician.arrive(laptop.device, lambda: begins_ms + now_us(self._loop) // 1000)
        try:
            for event in acts:
                await asyncio.sleep(max(0.0, event.at_s - self._loop.time()))
                await self._act(self._technician, event)
        finally:
            laptop.power_off()

    async def _act(self, technician: Technician, event: Event) -> None:
        unit = self._scenario.unit(event.unit)
        start_us = now_us(self._loop)
        args = dict(event.args)
        if event.do == "provision":
            args["policy"] = unit_settings(self._scenario, unit).policy
        try:
            note = await technician.act(event.do, unit, unit_label(self._scenario, unit), args)
            succeeded = True
        except technician.failures as error:
            note, succeeded = str(error), False
        self.made.append(Visit(event.do, unit.id, start_us, now_us(self._loop), succeeded, note))
