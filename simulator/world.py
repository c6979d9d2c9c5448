"""The world: virtual boards with the real firmware, body-worn cameras, weapons, the air, and what happens when.

`play` runs a scenario from a seed and returns a `Run`: what each flash holds at the end, and the truth that nobody on
the boards knows. Judgement (verdicts, reports) is not made here: the simulator never sees the host tools.
"""

import asyncio
import random
from array import array
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from interlock.core import access, frames, settings
from interlock.core.layout import Record, decode
from interlock.core.reading import Reading
from interlock.core.records import BOOT

from .body_camera import BodyCamera
from .clock import now_us, run
from .door import Door
from .entropy import seeded_entropy
from .factory import Area, gopro_name, make, unit_label, unit_seal_key
from .fast import FastBoard, interpreter, run_fast
from .hands import Hands
from .hardware.board import VirtualBoard
from .hardware.interpreter import find_vm, vm_version
from .mischief import Mischief
from .played import Frame, Happening, Run, UnitRun, WeaponEvent
from .profiles import SECTOR_BYTES, Pin, profile
from .radio.air import Air, Pdu, Propagation
from .radio.pcap import PcapWriter
from .releases import flashed
from .scenario import LAPTOP_ACTIONS, TECHNICIAN_ACTIONS, Event, Scenario, Unit
from .scenario.model import Recorder
from .talking_camera import TalkingCamera
from .tap import Tap
from .virtual_gopro import VirtualGoPro
from .visit import Technician, Visits
from .wiring import wiring

FIDELITIES = ("vm", "fast")
LINES = {"momentary": "shutter", "level": "level"}  # kinds of recorders on lines, and what their shutter does
GOOD_CELL_MV = 3900
DARK_US = 2_000_000
"""A light that was dark for so long is news to who looks."""
NUDGE_US = 200_000
"""Who feels it takes a shorter buzz for a discreet word, a longer one for an alert."""


def play(
    scenario: Scenario,
    seed: int,
    pcap: Path | None,
    technician: Technician | None = None,
    fidelity: str = "vm",
    propagation: Propagation | None = None,
) -> Run:
    """Play the scenario in virtual time; what was on the air goes to the file `pcap`, if any. `technician`: who carries
    out the scenario's technician's actions; None when it has none. `fidelity`: "vm", or "fast" (`fast/`), which knows
    neither technicians nor boxed units; `propagation`: another path than the air's own.

    Raises VmError without a usable VM, FirmwareError when an exception leaves the firmware, FidelityError when the
    scenario is not for the fast fidelity."""
    if fidelity not in FIDELITIES:
        raise ValueError(f"no fidelity {fidelity!r}: there are {', '.join(FIDELITIES)}")
    with seeded_entropy(seed), PcapWriter(pcap) if pcap else nullcontext() as writer:
        if fidelity == "fast":
            return run_fast(World(scenario, seed, writer, None, FastBoard, propagation).play(interpreter()), scenario)
        version = vm_version(find_vm())
        return run(World(scenario, seed, writer, technician, propagation=propagation).play(version))


Opened = Callable[[int, list[access.Label], Callable[[Event], None]], None]
Seen = Callable[[str], None]


def play_live(scenario: Scenario, seed: int, pcap: Path, port: int, opened: Opened, seen: Seen) -> None:
    """Play the scenario at the pace of real time, with a door for host tools in other processes, until interrupted.

    `port`: of the door, 0 for any; `opened` is told the port, every unit's label, and how to make something happen, on
    the running loop, once the world has begun; `seen`: what somebody in the room sees, as a line. The scenario's
    technician stays away: whoever comes through the door is the technician. Raises what `play` raises, and OSError when
    the port is taken."""
    vm_version(find_vm())
    with seeded_entropy(seed), PcapWriter(pcap) as writer:
        run(World(scenario, seed, writer, None).live(port, opened, seen), paced=True)


class World:
    """Everything at its place, ready to be played once."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        writer: "Tap | None",
        technician: Technician | None,
        board_type: type[VirtualBoard] = VirtualBoard,
        propagation: Propagation | None = None,
    ) -> None:
        self._scenario = scenario
        self._technician = technician
        self._writer = writer
        self._board_type = board_type
        self._propagation = propagation
        self._seed = seed
        self._board = wiring(scenario.profile)
        self._groups: dict[str, frames.GroupKeys] = {}
        self._boards: dict[str, VirtualBoard] = {}
        self._cameras: dict[str, BodyCamera] = {}
        self._gopros: dict[str, VirtualGoPro] = {}
        self._boot_zero_us: dict[str, dict[int, int]] = {}
        self._buzzes_us: dict[str, list[tuple[int, int | None]]] = {}  # began, ended
        self._lights_us: dict[str, list[int]] = {}
        self._seen_by: Seen = _ignore
        self._weapon_events: list[WeaponEvent] = []
        self._happenings: list[Happening] = []
        self._frames: list[Frame] = []
        self._seen: set[tuple[str, bytes]] = set()
        self._pdus_us: dict[str, array[int]] = {}
        self._visiting: asyncio.Future[None]

    async def play(self, version: str) -> Run:
        await self._begin()
        visits = self._visits = Visits(self._scenario, self._air, self._seed, self._technician)
        visiting = self._visiting = asyncio.ensure_future(visits.make())
        try:
            for unit in self._scenario.units:
                await self._place(unit)
            await self._happen()
            await self._unless_broken(visiting)
        finally:
            visiting.cancel()
            await self._switch_off()
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

    async def live(self, port: int, opened: Opened, seen: Seen) -> None:
        """As `play_live` says."""
        self._seen_by = seen
        await self._begin()
        self._visiting = self._loop.create_future()  # nobody but who comes through the door
        # The scenario's own technicians stay away: whoever comes through the door is the technician.
        self._visits = Visits(self._scenario, self._air, self._seed, None)
        places = [technician.at_m for technician in self._scenario.technicians]
        door = Door(self._air, places[0] if places else (0.0, 0.0), port)
        try:
            for unit in self._scenario.units:
                await self._place(unit)
            labels = [unit_label(self._scenario, unit) for unit in self._scenario.units]
            opened(await door.open(), labels, self._do)
            await self._happen()
            await self._unless_broken(self._loop.create_future())
        finally:
            await door.close()
            await self._switch_off()

    async def _switch_off(self) -> None:
        for gopro in self._gopros.values():
            gopro.power_off()
        for board in self._boards.values():
            await board.power_off()

    async def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._air = Air(self._seed, self._propagation)
        self._air.loss = self._scenario.loss
        self._air.observers.append(self._observe)
        if self._writer:
            self._air.observers.append(self._writer)
            self._air.data_observers.append(self._writer.data)
        chance = random.Random(f"world {self._seed}")
        self._hands = Hands(self._board, self._boards, self._cameras, self._air, chance)
        self._mischief = Mischief(self._boards, self._air, self._seed, self._happening)
        if any(event.do == "flood" for event in self._scenario.events):
            self._mischief.listen()

    # Making and unmaking.

    async def _place(self, unit: Unit) -> None:
        port = profile(self._scenario.profile)
        board = self._boards[unit.id] = self._board_type(unit.id, port, self._air, self._seed)
        self._air.place(unit.id, *unit.at_m)
        self._air.wear(unit.id, unit.facing_deg)
        if unit.recorder:
            self._air.scan_duty[unit.id] = self._scenario.scan_duty
        if self._scenario.flashed:
            board.load_files(flashed(self._scenario.secret, port))
        image = bytearray(board.flash.image())
        area = Area(image, port.journal_offset, settings.SECTORS * SECTOR_BYTES)
        make(area, self._scenario, unit)
        board.flash.load(bytes(image))
        board.clock_ppm = unit.clock_ppm
        if self._scenario.clocks:
            board.keep_date(self._scenario.begins.timestamp())
        self._boot_zero_us[unit.id] = {}
        self._buzzes_us[unit.id] = []
        self._lights_us[unit.id] = []
        board.flash.on_program = lambda data: self._watch_flash(unit.id, data)
        board.flash.on_cached = lambda data: self._watch_cache(unit.id, data)
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
            says = ("stops", "records")
            self._cameras[unit.id].on_record = lambda on: self._seen_by(f"{unit.id}'s camera {says[on]}")
            await self._wire(unit, recorder, board)
        board.on_output = lambda pin, level: self._output(unit.id, pin, level)
        await board.power_on()

    async def _wire(self, unit: Unit, recorder: Recorder, board: VirtualBoard) -> None:
        """Join the unit's camera to the board, by what it understands."""
        camera, uart = self._cameras[unit.id], self._board.uart
        if recorder.kind == "uart" and uart is not None:
            TalkingCamera(camera, board.uarts.wire(uart))
        elif recorder.kind == "gopro":
            gopro = VirtualGoPro(f"{unit.id}'s", gopro_name(unit), self._air, camera, self._seed)
            self._gopros[unit.id] = gopro
            self._air.place(gopro.name, *unit.at_m)
            self._air.wear(gopro.name, unit.facing_deg)
            await gopro.power_on()
        elif recorder.kind in LINES:
            camera.connect(
                lambda level: self._hands.drive(unit.id, "tally", bool(level)),
                lambda level: self._hands.drive(unit.id, "awake", bool(level)),
            )

    def _end(self, unit: Unit) -> UnitRun:
        board, port = self._boards[unit.id], profile(self._scenario.profile)
        skip = settings.SECTORS * SECTOR_BYTES
        area = Area(bytearray(board.flash.image()), port.journal_offset + skip, port.journal_bytes - skip)
        camera = self._cameras.get(unit.id)
        held, buzzes = self._held(unit.id), self._buzzes_us[unit.id]
        return UnitRun(
            unit if held is None else replace(unit, number=held.unit),
            Reading(area),
            board.heap_peak,
            self._boot_zero_us[unit.id],
            [began_us for began_us, ended_us in buzzes if not _is_nudge(began_us, ended_us)],
            camera.intervals if camera else [],
            ((0, unit.clock_ppm), *self._mischief.drifts.get(unit.id, ())),
            () if unit.boxed else (unit_seal_key(self._scenario, unit),),
            [began_us for began_us, ended_us in buzzes if _is_nudge(began_us, ended_us)],
            self._lights_us[unit.id],
        )

    # Watching.

    def _watch_flash(self, unit_id: str, data: bytes) -> None:
        """What reaches the chip: records, and settings, which may bring another group key."""
        record = decode(data.lstrip(b"\xff"), 0)
        if record is not None:
            self._watch_boot(unit_id, record)
        elif data.startswith(settings.MAGIC):
            self._groups.pop(unit_id, None)

    def _watch_cache(self, unit_id: str, data: bytes) -> None:
        """What goes to a cache first reaches the chip too late to tell the time by."""
        record = decode(data.lstrip(b"\xff"), 0)
        if record is not None:
            if record.kind == BOOT:
                self._boot_zero_us[unit_id].pop(record.boot, None)  # of a boot whose record never reached the chip
            self._watch_boot(unit_id, record)

    def _watch_boot(self, unit_id: str, record: Record) -> None:
        """The instants at which a boot's records are written tie its uptime to virtual time: each was made some
        milliseconds before, by what computing and programming cost, so the earliest counts."""
        zeros_us = self._boot_zero_us[unit_id]
        if record.kind != BOOT and record.boot not in zeros_us:
            return
        ppm = self._boards[unit_id].clock_ppm
        began_us = round(now_us(self._loop) - record.uptime_ms * 1000 / (1 + ppm / 1e6))
        tuned_us = max((since_us for since_us, _ in self._mischief.drifts.get(unit_id, ())), default=0)
        if tuned_us <= zeros_us.get(record.boot, began_us):
            zeros_us[record.boot] = min(began_us, zeros_us.get(record.boot, began_us))

    def _observe(self, pdu: Pdu) -> None:
        self._pdus_us.setdefault(pdu.source, array("q")).append(pdu.time_us)
        key = (pdu.source, pdu.data)
        if key in self._seen:
            return
        self._seen.add(key)
        group = self._group_of(pdu.source) if frames.is_ours(pdu.data) else None
        slot = frames.slot_at(int(self._scenario.begins.timestamp() * 1000) + pdu.time_us // 1000)
        unit = frames.open_unit(group, pdu.data, slot) if group else None
        self._frames.append(
            Frame(pdu.source, pdu.time_us, unit.event if unit else None, unit.counter if unit else None)
        )

    def _group_of(self, unit_id: str) -> frames.GroupKeys | None:
        """The group keys that this unit sends under, looked up in its flash; None while it is boxed."""
        if unit_id in self._boards and unit_id not in self._groups:
            held = self._held(unit_id)
            if held is not None:
                self._groups[unit_id] = frames.GroupKeys(held.group_key)
        return self._groups.get(unit_id)

    def _held(self, unit_id: str) -> settings.Settings | None:
        """The settings on this unit's flash; None while it is boxed."""
        port, bytes_ = profile(self._scenario.profile), settings.SECTORS * SECTOR_BYTES
        image = bytearray(self._boards[unit_id].flash.read(port.journal_offset, bytes_))
        return settings.load(Area(image, 0, bytes_))

    def _output(self, unit_id: str, pin: Pin, level: int) -> None:
        if pin == self._board.pins["shutter"] and unit_id in self._cameras:
            recorder = self._scenario.unit(unit_id).recorder
            if recorder is not None and recorder.kind in LINES:
                getattr(self._cameras[unit_id], LINES[recorder.kind])(level)
        elif pin == self._board.pins["led"] and level:
            lights = self._lights_us[unit_id]
            if not lights or now_us(self._loop) - lights[-1] > DARK_US:
                self._seen_by(f"{unit_id} shows a light")
            lights.append(now_us(self._loop))
        elif pin == self._board.pins["haptic"]:
            buzzes = self._buzzes_us[unit_id]
            if level:
                buzzes.append((now_us(self._loop), None))
            elif buzzes:
                buzzes[-1] = (buzzes[-1][0], now_us(self._loop))

    # Happening.

    async def _happen(self) -> None:
        events = [event for event in self._scenario.events if event.do not in TECHNICIAN_ACTIONS]
        when_s = [self._when_s(i, event) for i, event in enumerate(events)]
        for at_s, _, event in sorted(zip(when_s, range(len(events)), events, strict=True)):
            await self._until(at_s)
            self._do(event)
        await self._until(self._scenario.duration_s)

    def _when_s(self, number: int, event: Event) -> float:
        """The seed decides within what the scenario leaves open."""
        if not event.within_s:
            return event.at_s
        return event.at_s + random.Random(f"{self._seed}/event {number}").uniform(0, event.within_s)

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
            self._happening(event.unit, words)
        if event.do in LAPTOP_ACTIONS:
            self._visits.do(event)
        elif self._mischief.does(event.do):
            self._mischief.do(event.do, event.unit, event.args)
        else:
            self._hands.do(event.do, event.unit, event.args)

    def _happening(self, unit_id: str, text: str) -> None:
        self._happenings.append(Happening(unit_id, text, now_us(self._loop)))


def _ignore(_: str) -> None:
    """Nobody looks."""


def _is_nudge(began_us: int, ended_us: int | None) -> bool:
    return ended_us is not None and ended_us - began_us < NUDGE_US
