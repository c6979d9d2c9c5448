"""A live locker room as a process of its own: `python -m tests.system.live_room FOLDER RECORDS`.

One unit, set up by flows of the host tools in this process, holds so many records; its vault is in FOLDER. Prints the
door's port; when its standard input is closed it prints the unit's journal, record by record in hex, and ends.
"""

import asyncio
import sys
from pathlib import Path

from simulator.clock import run
from simulator.door import Door
from simulator.entropy import seeded_entropy

from .locker import Room


async def play(folder: Path, held: int) -> None:
    room = Room(folder, "esp32", 1, held)
    await room.begin()
    await room.provision()
    room.bench.store.close()
    room.laptop.power_off()
    door = Door(room.air, (2.0, 0.0))
    print(await door.open(), flush=True)
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()
    await door.close()
    await asyncio.sleep(1)
    for record in room.reading().records:
        print(record.raw.hex())
    await room.board.power_off()


if __name__ == "__main__":
    with seeded_entropy(1):
        run(play(Path(sys.argv[1]), int(sys.argv[2])), paced=True)
