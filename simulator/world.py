"""The world: virtual boards with the real firmware, body-worn cameras, weapons, the air, and what happens when.

`play` runs a scenario from a seed and returns a `Run`: what each flash holds at the end, and the truth that nobody on
the boards knows. Judgement (verdicts, reports) is not made here: the simulator never sees the host tools.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interlock.boards import Board, esp32, rp2
from interlock.core import access, frames, settings
from interlock.core.journal import Reading, decode
from interlock.core.records import BOOT

from .air import Air, Pdu
from .board import VirtualBoard
from .body_camera import BodyCamera
from .clock import now_us, run
from .door import Door
from .entropy import seeded_entropy
from .factory import Area, unit_label, unit_settings
from .hands import Hands
from .interpreter import find_vm, vm_version
from .pcap import PcapWriter
from .played import Frame, Happening, Run, UnitRun, WeaponEvent
from .profiles import SECTOR_BYTES, profile
from .scenario import TECHNICIAN_ACTIONS, Event, Scenario, Unit
from .visit import Technician, Visits

BOARDS: dict[str, Board] = {"esp32": esp32.BOARD, "rp2": rp2.BOARD}
GOOD_CELL_MV = 3900


def play(scenario: Scenario, seed: int, pcap: Path, technician: Technician | None = None) -> Run:
    """Play the scenario in virtual time; what was on the air goes to the file `pcap`. `technician`: who carries out
    the scenario's technician's actions; None when it has none.

    Raises VmError without a usable VM, FirmwareError when an exception leaves the firmware."""
    version = vm_version(find_vm())
    with seeded_entropy(seed), PcapWriter(pcap) as writer:
        return run(World(scenario, seed, writer, technician).play(version))


Opened = Callable[[int, list[access.Label], Callable[[Event], None]], None]


def play_live(scenario: Scenario, seed: int, pcap: Path, port: int, opened: Opened) -> None:
    """Play the scenario at the pace of real time, with a door for host tools in other processes, until interrupted.

    `port`: of the door, 0 for any; `opened` is told the port, every unit's label, and how to make something happen,
    on the running loop, once the world has begun. The scenario's technician stays away: whoever comes through the door
    is the technician. Raises what `play` raises, and OSError when the port is taken."""
    vm_version(find_vm())
    with seeded_entropy(seed), PcapWriter(pcap) as writer:
        run(World(scenario, seed, writer, None).live(port, opened), paced=True)


class World:
    """Everything at its place, ready to be played once."""

    def __init__(self, scenario: Scenario, seed: int, writer: PcapWriter, technician: Technician | None) -> None:
        self._scenario = scenario
        self._technician = technician
        self._writer = writer
        self._seed = seed
        self._board = BOARDS[scenario.profile]
        self._groups: dict[str, frames.GroupKeys] = {}
        self._boards: dict[str, VirtualBoard] = {}
        self._cameras: dict[str, BodyCamera] = {}
        self._boot_zero_us: dict[str, dict[int, int]] = {}
        self._alerts_us: dict[str, list[int]] = {}
        self._weapon_events: list[WeaponEvent] = []
        self._happenings: list[Happening] = []
        self._frames: list[Frame] = []
        self._seen: set[tuple[str, bytes]] = set()
        self._pdus_us: dict[str, list[int]] = {}
        self._visiting: asyncio.Future[None]

    async def play(self, version: str) -> Run:
        await self._begin()
        visits = Visits(self._scenario, self._air, self._seed, self._technician)
        visiting = self._visiting = asyncio.ensure_future(visits.make())
        try:
            for unit in self._scenario.units:
                await self._place(unit)
            await self._happen()
            await self._unless_broken(visiting)
        finally:
            visiting.cancel()
            for board in self._boards.values():
                await board.power_off()
        stats = self._air.stats
        return Run(
            self._scenario,
            self._seed,
            version,
            now_us(self._loop),
            [self._end(unit) for unit in self._scenario.units],
            self._weapon_events,
            self._happenings,
            self._frames,
            self._pdus_us,
            {name: getattr(stats, name) for name in ("advertising_pdus", "received", "lost", "collided")},
            visits.made,
        )

    async def live(self, port: int, opened: Opened) -> None:
        """As `play_live` says."""
        await self._begin()
        self._visiting = self._loop.create_future()  # nobody but who comes through the door
        door = Door(self._air, self._scenario.technician_m or (0.0, 0.0), port)
        try:
            for unit in self._scenario.units:
                await self._place(unit)
            labels = [unit_label(self._scenario, unit) for unit in self._scenario.units]
            opened(await door.open(), labels, self._do)
            await self._happen()
            await self._unless_broken(self._loop.create_future())
        finally:
            await door.close()
            for board in self._boards.values():
                await board.power_off()

    async def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._air = Air(self._seed)
        self._air.loss = self._scenario.loss
        self._air.observers += [self._writer, self._observe]
        chance = random.Random(f"world {self._seed}")
        self._hands = Hands(self._board, self._boards, self._cameras, self._air, chance)

    # Making and unmaking.

    async def _place(self, unit: Unit) -> None:
        port = profile(self._scenario.profile)
        board = self._boards[unit.id] = VirtualBoard(unit.id, port, self._air, self._seed)
        self._air.place(unit.id, *unit.at_m)
        image = bytearray(board.flash.image())
        area = Area(image, port.journal_offset, settings.SECTORS * SECTOR_BYTES)
        access.store_label(area, unit_label(self._scenario, unit))
        if not unit.boxed:
            settings.store(area, unit_settings(self._scenario, unit))
        board.flash.load(bytes(image))
        self._boot_zero_us[unit.id] = {}
        self._alerts_us[unit.id] = []
        board.flash.on_program = lambda data: self._watch_boot(unit.id, data)
        board.adc_mv[self._board.pins["battery"]] = GOOD_CELL_MV // self._board.battery[0]
        self._hands.at_rest(unit.id)
        if unit.recorder:
            recorder = unit.recorder
            self._cameras[unit.id] = BodyCamera(
                buffer_ms=recorder.buffer_ms,
                start_delay_ms=recorder.start_delay_ms,
                wake_delay_ms=recorder.wake_delay_ms,
                audio=recorder.audio,
            )
            self._cameras[unit.id].connect(
                lambda level: self._hands.drive(unit.id, "tally", bool(level)),
                lambda level: self._hands.drive(unit.id, "awake", bool(level)),
            )
        board.on_output = lambda pin, level: self._output(unit.id, pin, level)
        await board.power_on()

    def _end(self, unit: Unit) -> UnitRun:
        board, port = self._boards[unit.id], profile(self._scenario.profile)
        skip = settings.SECTORS * SECTOR_BYTES
        area = Area(bytearray(board.flash.image()), port.journal_offset + skip, port.journal_bytes - skip)
        camera = self._cameras.get(unit.id)
        return UnitRun(
            unit,
            Reading(area),
            board.heap_peak,
            self._boot_zero_us[unit.id],
            self._alerts_us[unit.id],
            camera.intervals if camera else [],
        )

    # Watching.

    def _watch_boot(self, unit_id: str, data: bytes) -> None:
        """The instant at which a boot record is written ties that boot's uptime to virtual time."""
        record = decode(data.lstrip(b"\xff"), 0)
        if record is not None and record.kind == BOOT:
            self._boot_zero_us[unit_id][record.boot] = now_us(self._loop) - record.uptime_ms * 1000

    def _observe(self, pdu: Pdu) -> None:
        self._pdus_us.setdefault(pdu.source, []).append(pdu.time_us)
        key = (pdu.source, pdu.data)
        if key in self._seen:
            return
        self._seen.add(key)
        group = self._group_of(pdu.source) if frames.is_ours(pdu.data) else None
        unit = frames.open_unit(group, pdu.data) if group else None
        self._frames.append(
            Frame(pdu.source, pdu.time_us, unit.event if unit else None, unit.counter if unit else None)
        )

    def _group_of(self, unit_id: str) -> frames.GroupKeys | None:
        """The group keys that this unit was set up with, looked up in its flash; None while it is boxed."""
        if unit_id in self._boards and unit_id not in self._groups:
            port = profile(self._scenario.profile)
            image = bytearray(self._boards[unit_id].flash.image()[port.journal_offset :])
            held = settings.load(Area(image, 0, settings.SECTORS * SECTOR_BYTES))
            if held is not None:
                self._groups[unit_id] = frames.GroupKeys(held.group_key)
        return self._groups.get(unit_id)

    def _output(self, unit_id: str, pin: int, level: int) -> None:
        if pin == self._board.pins["shutter"] and unit_id in self._cameras:
            self._cameras[unit_id].shutter(level)
        elif pin == self._board.pins["haptic"] and level:
            self._alerts_us[unit_id].append(now_us(self._loop))

    # Happening.

    async def _happen(self) -> None:
        end_s = self._scenario.duration_s
        for event in self._scenario.events:
            if event.do not in TECHNICIAN_ACTIONS:
                await self._until(event.at_s)
                self._do(event)
        await self._until(end_s)

    async def _until(self, at_s: float) -> None:
        """Let time pass to `at_s`; a board that fails meanwhile ends the run."""
        waiting = asyncio.ensure_future(asyncio.sleep(max(0.0, at_s - self._loop.time())))
        await self._unless_broken(waiting)
        waiting.cancel()

    async def _unless_broken(self, waiting: "asyncio.Future[Any]") -> None:
        """Wait for `waiting`; a board, or a technician, that fails meanwhile ends the run."""
        failed = [board.failed for board in self._boards.values()]
        while not waiting.done():
            under_way = [] if self._visiting.done() else [self._visiting]
            await asyncio.wait([waiting, *under_way, *failed], return_when=asyncio.FIRST_COMPLETED)
            for board in self._boards.values():
                board.check()
            if self._visiting.done():
                self._visiting.result()

    def _do(self, event: Event) -> None:
        if event.do in ("draw", "arm", "discharge", "holster"):
            self._weapon_events.append(WeaponEvent(event.unit, event.do, now_us(self._loop)))
        else:
            words = " ".join([event.do.replace("_", " "), *map(str, event.args.values())])
            self._happenings.append(Happening(event.unit, words, now_us(self._loop)))
        self._hands.do(event.do, event.unit, event.args)
