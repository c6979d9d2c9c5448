"""The world: virtual boards with the real firmware, body-worn cameras, weapons, the air, and what happens when.

`play` runs a scenario from a seed and returns a `Run`: what each flash holds at the end, and the truth that nobody on
the boards knows. Judgement (verdicts, reports) is not made here: the simulator never sees the host tools.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bumble.device import Device

from interlock.boards import Board, esp32, rp2
from interlock.core import access, frames, settings
from interlock.core.crypto import hkdf
from interlock.core.journal import Reading, Record, decode
from interlock.core.records import BOOT

from .air import Air, Pdu
from .board import VirtualBoard
from .body_camera import BodyCamera, Interval
from .clock import US_PER_S, now_us, run
from .door import Door
from .entropy import seeded_entropy
from .interpreter import find_vm, vm_version
from .laptop import Laptop
from .pcap import PcapWriter
from .profiles import SECTOR_BYTES, profile
from .scenario import TECHNICIAN_ACTIONS, Event, Scenario, Unit

BOARDS: dict[str, Board] = {"esp32": esp32.BOARD, "rp2": rp2.BOARD}
GOOD_CELL_MV = 3900
PULSE_US = 8_000
SAFE_TO_SEAT_US = 150_000
BUTTON_US = 2_500_000
SERVICE_US = 7_000_000
LAPTOP = "laptop"


class Area:
    """A unit's journal or settings area on its virtual flash, read as the core's flash interface, without time."""

    sector_bytes = SECTOR_BYTES

    def __init__(self, image: bytearray, offset: int, size: int) -> None:
        self._image = image
        self._offset = offset
        self.size = size

    def read(self, offset: int, buffer: bytearray) -> None:
        start = self._offset + offset
        buffer[:] = self._image[start : start + len(buffer)]

    def program(self, offset: int, data: bytes) -> None:
        for i, byte in enumerate(data, self._offset + offset):
            self._image[i] &= byte

    def erase(self, offset: int) -> None:
        start = self._offset + offset
        self._image[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES


@dataclass(frozen=True)
class WeaponEvent:
    """What a weapon really did: draw, arm, discharge, holster."""

    unit: str
    event: str
    at_us: int


@dataclass(frozen=True)
class Happening:
    """Anything else that the scenario made happen, for people to read in a timeline."""

    unit: str
    text: str
    at_us: int


class Technician(Protocol):
    """Who comes with a laptop. The world lends a radio and a clock; what is done with them is not its business."""

    def arrive(self, device: Device, utc_ms: Callable[[], int]) -> None:
        """`device`: the laptop's Bluetooth, powered on; `utc_ms`: the laptop's clock."""

    async def act(self, do: str, unit: Unit, label: access.Label, args: Mapping[str, Any], /) -> str:
        """Carry out one action of `scenario.TECHNICIAN_ACTIONS` with its arguments (to provision: the unit's Policy); a
        line about it for people. Raises `failures`."""

    failures: tuple[type[Exception], ...]
    """What `act` raises when it did not succeed, in words; anything else is a defect and ends the world."""


@dataclass(frozen=True)
class Visit:
    """One thing that the technician did. `note`: its outcome in a line."""

    do: str
    unit: str
    start_us: int
    end_us: int
    succeeded: bool
    note: str


@dataclass(frozen=True)
class Frame:
    """A payload's first PDU on the air. `event`, `counter`: of a unit frame; None for an ack."""

    source: str
    at_us: int
    event: int | None
    counter: int | None


@dataclass(frozen=True)
class UnitRun:
    """One unit at the end. `boot_zero_us`: virtual time at which the uptime of each of its boots began."""

    unit: Unit
    reading: Reading
    heap_peak: int
    boot_zero_us: dict[int, int]
    alerts_us: list[int]
    recordings: list[Interval]

    def when_us(self, record: Record) -> int:
        """Virtual time at which a record of this unit was made."""
        return self.boot_zero_us[record.boot] + record.uptime_ms * 1000


@dataclass(frozen=True)
class Run:
    """A played scenario. Times are virtual microseconds."""

    scenario: Scenario
    seed: int
    vm: str
    virtual_us: int
    units: list[UnitRun]
    weapon_events: list[WeaponEvent]
    happenings: list[Happening]
    frames: list[Frame]
    pdus_us: dict[str, list[int]]
    air: dict[str, int]
    visits: list[Visit] = field(default_factory=list)

    def unit(self, unit_id: str) -> UnitRun:
        return next(unit for unit in self.units if unit.unit.id == unit_id)


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


def unit_settings(scenario: Scenario, unit: Unit) -> settings.Settings:
    """What a provisioned unit would hold: keys from the scenario's secret, partners, policy."""

    def key(*names: str) -> bytes:
        return hkdf(scenario.secret.encode(), b"scenario keys", " ".join(names).encode(), 32)

    partners = [
        settings.Partner(other.number, other.role, key("unit", other.id), key("pair", holster.id, camera.id))
        for other in scenario.units
        for holster, camera in ((unit, other), (other, unit))
        if camera.id in holster.cameras
    ]
    policy = scenario.policy
    if unit.recorder:
        policy = policy._replace(buffer_ms=unit.recorder.buffer_ms)
    return settings.Settings(
        1, unit.serial, unit.number, unit.role, key("unit", unit.id), key("group"), partners, policy
    )


def unit_label(scenario: Scenario, unit: Unit) -> access.Label:
    """Serial and set-up secret, as printed on the unit."""
    secret = hkdf(scenario.secret.encode(), b"scenario labels", unit.serial, access.SECRET_BYTES)
    return access.Label(unit.serial, secret)


class World:
    """Everything at its place, ready to be played once."""

    def __init__(self, scenario: Scenario, seed: int, writer: PcapWriter, technician: Technician | None) -> None:
        self._scenario = scenario
        self._technician = technician
        self._writer = writer
        self._seed = seed
        self._board = BOARDS[scenario.profile]
        self._chance = random.Random(f"world {seed}")
        self._groups: dict[str, frames.GroupKeys] = {}
        self._boards: dict[str, VirtualBoard] = {}
        self._cameras: dict[str, BodyCamera] = {}
        self._boot_zero_us: dict[str, dict[int, int]] = {}
        self._alerts_us: dict[str, list[int]] = {}
        self._armed: dict[str, bool] = {}
        self._stuck: dict[str, bool] = {}
        self._weapon_events: list[WeaponEvent] = []
        self._happenings: list[Happening] = []
        self._frames: list[Frame] = []
        self._seen: set[tuple[str, bytes]] = set()
        self._pdus_us: dict[str, list[int]] = {}
        self._visits: list[Visit] = []
        self._visiting: asyncio.Future[None]

    async def play(self, version: str) -> Run:
        await self._begin()
        visiting = self._visiting = asyncio.ensure_future(self._visit())
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
            self._visits,
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

    # The technician.

    async def _visit(self) -> None:
        """The technician's actions, in order, none before its time."""
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
        self._visits.append(Visit(event.do, unit.id, start_us, now_us(self._loop), succeeded, note))

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
        for signal in ("armed", "discharge", "dock", "button", "tally", "awake"):
            self._drive(unit.id, signal, False)
        self._drive(unit.id, "seat_closes", True)
        self._drive(unit.id, "seat_opens", False)
        self._armed[unit.id] = False
        self._stuck[unit.id] = False
        if unit.recorder:
            recorder = unit.recorder
            self._cameras[unit.id] = BodyCamera(
                buffer_ms=recorder.buffer_ms,
                start_delay_ms=recorder.start_delay_ms,
                wake_delay_ms=recorder.wake_delay_ms,
                audio=recorder.audio,
            )
            self._cameras[unit.id].connect(
                lambda level: self._drive(unit.id, "tally", bool(level)),
                lambda level: self._drive(unit.id, "awake", bool(level)),
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
        getattr(self, f"_do_{event.do}")(event.unit, **event.args)

    def _drive(self, unit_id: str, signal: str, on: bool) -> None:
        level = int(on) ^ (signal in self._board.active_low)
        self._boards[unit_id].set_pin(self._board.pins[signal], level)

    def _later(self, delay_us: float, call: Callable[[], None]) -> None:
        self._loop.call_later(delay_us / US_PER_S, call)

    def _move_seat(self, unit_id: str, seated: bool) -> None:
        """Both contacts change, the second a little later, each bouncing for some milliseconds as reeds do."""
        at_us = 0.0
        for signal, on in (("seat_closes", seated), ("seat_opens", not seated)):
            if signal != "seat_closes" or not self._stuck[unit_id]:
                at_us = self._bounce(unit_id, signal, on, at_us)

    def _bounce(self, unit_id: str, signal: str, on: bool, at_us: float = 0.0) -> float:
        """A contact changes, bouncing up to three times; when it is quiet again."""
        for edge in range(2 * self._chance.randrange(4) + 1):
            level = on if edge % 2 == 0 else not on
            self._later(at_us, lambda v=level: self._drive(unit_id, signal, v))  # type: ignore[misc]
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
        self._drive(unit_id, "armed", not self._armed[unit_id])
        self._drive(unit_id, "armed", self._armed[unit_id])

    def _do_discharge(self, unit_id: str) -> None:
        self._drive(unit_id, "discharge", True)
        self._later(PULSE_US, lambda: self._drive(unit_id, "discharge", False))

    def _do_holster(self, unit_id: str) -> None:
        self._do_safe(unit_id)
        self._later(SAFE_TO_SEAT_US, lambda: self._move_seat(unit_id, True))

    def _do_dock(self, unit_id: str) -> None:
        self._drive(unit_id, "dock", True)

    def _do_undock(self, unit_id: str) -> None:
        self._drive(unit_id, "dock", False)

    def _do_press_stow(self, unit_id: str) -> None:
        self._drive(unit_id, "button", True)
        self._later(BUTTON_US, lambda: self._drive(unit_id, "button", False))

    def _do_press_service(self, unit_id: str) -> None:
        self._drive(unit_id, "button", True)
        self._later(SERVICE_US, lambda: self._drive(unit_id, "button", False))

    def _do_seat_contact_sticks(self, unit_id: str) -> None:
        self._stuck[unit_id] = True
        self._drive(unit_id, "seat_closes", False)

    def _do_seat_contact_mends(self, unit_id: str) -> None:
        self._stuck[unit_id] = False
        self._drive(unit_id, "seat_closes", True)

    def _do_camera_dies(self, unit_id: str) -> None:
        self._cameras[unit_id].die()

    def _do_camera_revives(self, unit_id: str) -> None:
        self._cameras[unit_id].revive()

    def _do_camera_falls_asleep(self, unit_id: str) -> None:
        self._cameras[unit_id].fall_asleep()

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

    def _do_battery_change(self, unit_id: str, off_s: float) -> None:
        board = self._boards[unit_id]

        async def change() -> None:
            await board.power_off()
            await asyncio.sleep(off_s)
            await board.power_on()

        self._changing = self._loop.create_task(change())

    def _do_battery(self, unit_id: str, mv: int) -> None:
        self._boards[unit_id].adc_mv[self._board.pins["battery"]] = mv // self._board.battery[0]

    def _do_move(self, unit_id: str, to_m: tuple[float, float]) -> None:
        self._air.place(unit_id, *to_m)
