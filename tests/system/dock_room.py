"""A locker room full of units in service (real firmware in the VM) for the docking station's tests: in virtual time
with laptops of its own, or live as a process: `python -m tests.system.dock_room FOLDER UNITS RECORDS [bad]`, which
prints its door's port, and, when its standard input is closed, all journals as JSON, by serial, each record in hex.

The units come as a set-up leaves them, keys from a vault in FOLDER, each with so many records. Three of them are bad
when asked for: H1's journal was written under another seal key than its own (somebody who took it apart did), C1 was
set up by another force under the same serial, H2 lies at the very end of the radio's reach, where links break.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

from host_tools.vault.entries import COMMITTED
from host_tools.vault.fields import FORCE_BYTES, NAME_BYTES
from host_tools.vault.vault import Vault
from interlock.core import access, records, seal, settings
from interlock.core.journal import Journal
from interlock.core.reading import Reading
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER
from simulator.clock import run
from simulator.door import Door
from simulator.entropy import seeded_entropy
from simulator.factory import Area
from simulator.hardware.board import VirtualBoard
from simulator.profiles import SECTOR_BYTES, profile
from simulator.radio.air import Air
from simulator.wiring import wiring

SKIP = settings.SECTORS * SECTOR_BYTES
PORT = "esp32"
FORGED, FOREIGN, FAR = "H1", "C1", "H2"
FAR_M = 70.0


def serials(count: int) -> list[str]:
    return [f"{'HC'[at % 2]}{at // 2 + 1}" for at in range(count)]


class DockRoom:
    """`boards`: by serial."""

    def __init__(self, folder: Path, count: int, held: int, bad: bool = False, seed: int = 1) -> None:
        self.air = Air(seed)
        self.folder = folder
        self.boards: dict[str, VirtualBoard] = {}
        self._wiring = wiring(PORT)
        self.vault = Vault.create(folder / "vault", "TEST")
        with self.vault.locked():
            for at, serial in enumerate(serials(count)):
                raw = serial.encode().ljust(8)
                role = ROLE_HOLSTER if serial[0] == "H" else ROLE_CAMERA
                self.vault.new_unit(serial, raw, role, None)
                board = self.boards[serial] = VirtualBoard(serial, profile(PORT), self.air, seed)
                is_far = bad and serial == FAR
                self.air.place(serial, FAR_M if is_far else 0.5 * (at % 5), 0.0 if is_far else 0.4 * (at // 5))
                self._make(board, serial, raw, held, bad)

    def _make(self, board: VirtualBoard, serial: str, raw: bytes, held: int, bad: bool) -> None:
        vault, port = self.vault, board.profile
        entry = vault.unit(serial)
        first_key = vault.new_seal_key(serial)
        if bad and serial == FORGED:
            first_key = bytes(seal.KEY_BYTES - 1) + b"\1"
        wanted = vault.settings_for(serial, 1)
        vault.save_unit(replace(vault.unit(serial), state=COMMITTED, held=wanted, given=None))
        root = bytes(32) if bad and serial == FOREIGN else entry.technician_root
        image = bytearray(board.flash.image())
        area = Area(image, port.journal_offset, SKIP)
        access.store_label(area, access.Label(raw, bytes(16)))
        settings.store(area, wanted)
        names = b"TEST".ljust(FORCE_BYTES), entry.name.encode().ljust(NAME_BYTES)
        admin = entry.admin
        access.store(area, access.Access(0, *names, admin.key, access.NO_KEY, admin.step, root, False))
        sealed = seal.Seal(area, settings.SEAL_FIRST)
        carried = [(records.CONFIG, records.pack(records.CONFIG, 1, settings.digest(wanted)))]
        place = Area(image, port.journal_offset + SKIP, port.journal_bytes - SKIP)
        journal = Journal(place, raw, lambda: carried, sealed)
        journal.append(records.BOOT, records.pack(records.BOOT, 0, 1, 0, 0), 0)
        sealed.give(first_key)
        journal.change_key(0)
        for at in range(held):
            if journal.is_seal_overdue():
                journal.change_key(at * 1000)
            journal.append(records.MET, records.pack(records.MET, 7, at, bytes(4)), at * 1000)
            journal.tidy(at * 1000)
        board.flash.load(bytes(image))

    async def begin(self) -> None:
        """All powered on, docked."""
        for board in self.boards.values():
            board.adc_mv[self._wiring.pins["battery"]] = 1950
            for signal in ("armed", "discharge", "button", "tally", "awake", "seat_opens"):
                self._drive(board, signal, False)
            self._drive(board, "seat_closes", True)
            self._drive(board, "dock", True)
            await board.power_on()

    def _drive(self, board: VirtualBoard, signal: str, on: bool) -> None:
        board.set_pin(self._wiring.pins[signal], int(on) ^ (signal in self._wiring.active_low))

    def journals(self) -> dict[str, list[str]]:
        """As the flash of each holds it now."""
        return {serial: [record.raw.hex() for record in self._reading(serial).records] for serial in self.boards}

    def _reading(self, serial: str) -> Reading:
        board = self.boards[serial]
        port = board.profile
        image = bytearray(board.flash.image())
        return Reading(Area(image, port.journal_offset + SKIP, port.journal_bytes - SKIP))

    async def end(self) -> None:
        for board in self.boards.values():
            await board.power_off()


async def play(folder: Path, count: int, held: int, bad: bool) -> None:
    room = DockRoom(folder, count, held, bad)
    await room.begin()
    door = Door(room.air, (1.0, 1.0))
    print(await door.open(), flush=True)
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()
    await door.close()
    await asyncio.sleep(1)
    print(json.dumps(room.journals()), flush=True)
    await room.end()


if __name__ == "__main__":
    with seeded_entropy(1):
        run(play(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), "bad" in sys.argv[4:]), paced=True)
