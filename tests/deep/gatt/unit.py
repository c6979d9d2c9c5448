"""The unit under attack: its keys, its flash as an onlooker reads it, and what must hold of it whatever was written."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple

from interlock.core import access, frames, records, settings, wire
from interlock.core.journal import JournalError
from interlock.core.reading import Reading
from simulator.clock import now_us
from simulator.factory import Area, make
from simulator.hardware.board import VirtualBoard
from simulator.profiles import SECTOR_BYTES, profile
from simulator.radio.air import Air, Pdu
from simulator.scenario import Scenario, parse
from simulator.wiring import wiring

ADMIN_KEY, ROOT = b"an admin's key, 32 bytes of it..", b"a technicians' root, 32 bytes..."
PERSON = b"alice   "
EXPIRES_S = 2_000_000_000
STEP = 1
ROLES = ("holster", "camera", "boxed")
REASONS = 2
"""For which a refusal is journalled, each once in ten minutes and before a true session (`core/refusals.py`)."""
SPELL_S = 600
ROUTINE_AN_HOUR = 40
"""Records that a docked unit makes by itself, in an hour at most: missing partners, radio, heads, reserves, seals."""
NOTES, NOTES_REFILL_S = 64, 30
OF_A_SESSION = 2
SETTLES, SETTLES_S = 6, 7


class Held(NamedTuple):
    """Keys and settings that no hostile peer may change."""

    label: access.Label | None
    access: access.Access | None
    settings: settings.Settings | None


def scenario(role: str, port: str) -> Scenario:
    """A pair, of which one is attacked; `boxed`: the holster unit, which knows nothing but its label."""
    units: list[dict[str, Any]] = [
        {"id": "H1", "role": "holster", "at_m": [0, 0], "cameras": ["C1"], "boxed": role == "boxed"},
        {"id": "C1", "role": "camera", "at_m": [0.4, 0.3], "boxed": role == "boxed"},
    ]
    table = {"name": "gatt", "profile": port, "duration_s": 1, "secret": "gatt", "unit": units, "event": []}
    return parse(table, "gatt")


class Target:
    """One unit, docked and under power, on an air of its own. `board_type` decides the fidelity."""

    def __init__(self, role: str, port: str, seed: int, board_type: type[VirtualBoard]) -> None:
        self.role = role
        self.scenario = scenario(role, port)
        self.unit = self.scenario.unit("C1" if role == "camera" else "H1")
        self.port = profile(port)
        self.air = Air(seed)
        self.board = board_type(self.unit.id, self.port, self.air, seed)
        self.air.place(self.unit.id, 0, 0)
        self._pins = wiring(port)
        image = bytearray(self.board.flash.image())
        area = Area(image, self.port.journal_offset, settings.SECTORS * SECTOR_BYTES)
        make(area, self.scenario, self.unit)
        if role != "boxed":
            keys = (ADMIN_KEY, access.NO_KEY, STEP, ROOT, False)
            access.store(area, access.Access(0, b"FORCE   ", b"left hip        ", *keys))
        self.board.flash.load(bytes(image))
        self.board.adc_mv[self._pins.pins["battery"]] = 3900 // self._pins.battery[0]
        for signal in ("armed", "discharge", "dock", "button", "tally", "awake", "seat_opens"):
            self.drive(signal, False)
        self.drive("seat_closes", True)

    def drive(self, signal: str, on: bool) -> None:
        """One of the unit's inputs."""
        self.board.set_pin(self._pins.pins[signal], int(on) ^ (signal in self._pins.active_low))

    async def begin(self) -> None:
        """Power, and into the dock."""
        await self.board.power_on()
        await asyncio.sleep(5)
        self.drive("dock", True)
        await self.settled()
        self.held = self.now_held()
        self.boots = self.board.boots
        self.began_s = self.now_s()
        self.at_first = self.journalled()
        assert self.held.label is not None and (self.held.settings is None) == (self.role == "boxed")

    def now_s(self) -> float:
        return now_us(asyncio.get_running_loop()) / 1e6

    def now_held(self) -> Held:
        area = self._area(self.port.journal_offset, settings.SECTORS * SECTOR_BYTES)
        return Held(access.load_label(area), access.load(area), settings.load(area))

    def _area(self, offset: int, size: int) -> Area:
        return Area(bytearray(self.board.flash.image()), offset, size)

    def journalled(self) -> Counter[str]:
        """How many records of each kind the journal was given since the unit was made, what was overwritten apart."""
        skip = settings.SECTORS * SECTOR_BYTES
        reading = Reading(self._area(self.port.journal_offset + skip, self.port.journal_bytes - skip))
        assert len(reading.spans) == 1, "a journal with a hole"
        found = Counter(records.TYPE_NAMES.get(record.kind, str(record.kind)) for record in reading.records)
        found["all"] = reading.records[-1].sequence + 1
        return found

    async def settled(self) -> None:
        """Until no page of the chip is on its way to it (`simulator/hardware/page_cache.py`): then it can be read."""
        for _ in range(SETTLES):
            await asyncio.sleep(SETTLES_S)
            try:
                self.journalled()
                self.now_held()
                return
            except (JournalError, AssertionError):
                pass  # a page is erased and not yet written: `check` tells it if it stays so

    def check(self, where: str, *, sessions: int = 0) -> None:
        """The unit stands as it stood. `sessions`: that true holders of a credential opened."""
        self.board.check()
        assert self.board.boots == self.boots, f"{where}: the unit restarted"
        assert self.board.is_running, f"{where}: the unit does not run"
        assert self.now_held() == self.held, f"{where}: keys or settings changed"
        hours = (self.now_s() - self.began_s) / 3600
        spells = hours * 3600 / SPELL_S + 1
        now = self.journalled()
        made = now["all"] - self.at_first["all"]
        refused = now["session refused"] - self.at_first["session refused"]
        assert refused <= REASONS * (spells + sessions), f"{where}: {refused} refusals in {hours:.1f} hours"
        most = ROUTINE_AN_HOUR * (hours + 1) + refused + OF_A_SESSION * sessions
        most += (NOTES + hours * 3600 / NOTES_REFILL_S) if sessions else 0
        opened = now["session"] - self.at_first["session"]
        assert opened <= sessions, f"{where}: {opened} sessions were opened, {sessions} of them by true holders"
        assert made <= most, f"{where}: {made} records in {hours:.1f} hours and {sessions} sessions: {now}"

    async def draws(self) -> int:
        """Out of the dock, and the weapon out of its holster: how many PDUs of ours the first second brings."""
        aired: list[Pdu] = []
        self.drive("dock", False)
        await asyncio.sleep(10)
        self.air.observers.append(lambda pdu: aired.append(pdu) if frames.is_ours(pdu.data) else None)
        self.drive("seat_closes", False)
        self.drive("seat_opens", True)
        await asyncio.sleep(1)
        return len(aired)

    @property
    def technician_key(self) -> bytes:
        return access.technician_key(ROOT, PERSON, EXPIRES_S)

    @property
    def credentials(self) -> tuple[tuple[int, bytes, int], ...]:
        """(credential, its true secret, its number) that the unit knows; a boxed one's label is not among them."""
        if self.role == "boxed":
            return ()
        return (wire.TECHNICIAN, self.technician_key, EXPIRES_S), (wire.ADMIN, ADMIN_KEY, STEP)
