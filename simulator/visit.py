"""Technicians' visits to a world: somebody else's code, on the world's own laptops and clock."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from bumble.device import Device

from interlock.core import access

from . import scenario as plan
from .clock import US_PER_S, now_us
from .factory import unit_label, unit_settings
from .laptop import Laptop
from .played import Visit
from .profiles import profile
from .radio.air import Air
from .releases import packed, release_key
from .scenario import TECHNICIAN_ACTIONS, Event, Scenario, Unit

HOUR_US = 3600 * US_PER_S


class Technician(Protocol):
    """Who does the work of every technician of a scenario. The world lends radios and clocks; what is done with them is
    not its business."""

    def arrive(self, laptop: str, device: Device, utc_ms: Callable[[], int]) -> None:
        """`device`: that laptop's Bluetooth, powered on; `utc_ms`: its clock. Again after its power was gone."""

    def act(self, do: str, unit: Unit, label: access.Label, args: Mapping[str, Any], /) -> Coroutine[Any, Any, str]:
        """Carry out one action of `scenario.TECHNICIAN_ACTIONS` with its arguments (`by`: the laptop; to provision:
        `policy`, the unit's, too; to update: `file`, the release, and `public`, who signed it); a line about it for
        people. Raises `failures`. Cancelled when the laptop dies."""

    failures: tuple[type[Exception], ...]
    """What `act` raises when it did not succeed, in words; anything else is a defect and ends the world."""


class _Bench:
    """One technician's laptop, and what is under way there."""

    def __init__(self, who: plan.Technician, air: Air, seed: int) -> None:
        air.place(who.name, *who.at_m)
        self.laptop = Laptop(who.name, air, seed)
        self.clock_error_ms = 0
        self.has_power = asyncio.Event()
        self.died: asyncio.Future[None]
        """Of the power it has now."""


class Visits:
    """The technicians' actions of a scenario; `made` grows with them."""

    def __init__(self, scenario: Scenario, air: Air, seed: int, technician: Technician | None) -> None:
        self.made: list[Visit] = []
        self._scenario = scenario
        self._air = air
        self._seed = seed
        self._technician = technician
        self._loop = asyncio.get_running_loop()
        self._benches: dict[str, _Bench] = {}
        self._reviving: set[asyncio.Task[None]] = set()

    async def make(self) -> None:
        """Carry them out: each laptop's in order, none before its time. ValueError when there is nobody to do it."""
        acts = [event for event in self._scenario.events if event.do in TECHNICIAN_ACTIONS]
        if not acts:
            return
        if self._technician is None:
            raise ValueError(f"{self._scenario.name} has a technician's actions and nobody to carry them out")
        for who in self._scenario.technicians:
            self._benches[who.name] = _Bench(who, self._air, self._seed)
            await self._power_on(who.name)
        try:
            async with asyncio.TaskGroup() as group:
                for name in self._benches:
                    group.create_task(self._work([event for event in acts if event.args["by"] == name]))
        finally:
            for bench in self._benches.values():
                bench.laptop.power_off()

    def do(self, event: Event) -> None:
        """Let something happen to a laptop now: an action of `scenario.LAPTOP_ACTIONS`."""
        bench = self._benches.get(event.unit)
        if bench is None:
            return  # it never came, or is gone already
        if event.do == "clock_steps":
            bench.clock_error_ms += round(event.args["by_s"] * 1000)
            return
        assert event.do == "dies", event.do
        if not bench.has_power.is_set():
            return
        bench.has_power.clear()
        bench.laptop.power_off()
        bench.died.set_result(None)
        task = self._loop.create_task(self._revive(event.unit, event.args["off_s"]))
        self._reviving.add(task)
        task.add_done_callback(self._reviving.discard)

    async def _revive(self, name: str, off_s: float) -> None:
        await asyncio.sleep(off_s)
        await self._power_on(name)

    async def _power_on(self, name: str) -> None:
        bench = self._benches[name]
        bench.died = self._loop.create_future()
        device = await bench.laptop.power_on()
        begins_ms = round(self._scenario.begins.timestamp() * 1000)
        assert self._technician is not None
        self._technician.arrive(
            name, device, lambda: begins_ms + bench.clock_error_ms + now_us(self._loop) * 1000 // US_PER_S
        )
        bench.has_power.set()

    async def _work(self, acts: list[Event]) -> None:
        for event in acts:
            await asyncio.sleep(max(0.0, event.at_s - self._loop.time()))
            await self._act(self._benches[event.args["by"]], event)

    async def _act(self, bench: _Bench, event: Event) -> None:
        await bench.has_power.wait()
        assert self._technician is not None
        unit = self._scenario.unit(event.unit)
        start_us = now_us(self._loop)
        args = dict(event.args)
        if event.do == "provision":
            args["policy"] = unit_settings(self._scenario, unit).policy
        if event.do == "update":
            secret, board = self._scenario.secret, profile(self._scenario.profile).board
            args["file"] = packed(secret, board, tuple(map(int, args["version"].split("."))), args["works"])
            args["public"] = release_key(secret).public
        acting = self._loop.create_task(self._technician.act(event.do, unit, unit_label(self._scenario, unit), args))
        await asyncio.wait((acting, bench.died), return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():
            # Killed, not asked to stop: nobody waits for what it would still tidy up.
            acting.cancel()
            note, succeeded = "the laptop died meanwhile", False
        else:
            try:
                note, succeeded = acting.result(), True
            except self._technician.failures as error:
                note, succeeded = str(error), False
        end_us = now_us(self._loop)
        until_us = end_us + round(args["hours"] * HOUR_US) if event.do == "assign" else None
        self.made.append(Visit(event.do, unit.id, start_us, end_us, succeeded, note, args.get("camera"), until_us))
