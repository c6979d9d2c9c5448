"""Rows: a pull beside bare notifications, on the same simulated link in the same run, in virtual time.

Journal bytes per second between the first and the last chunk stored by `interlock pull`'s own flow, beside payload
bytes per second of a board that only notifies. Both boards are the same profile, 2 m from the same laptop; the firmware
is the real one, the journal's store the real one.
"""

import asyncio
import functools
import tempfile
from pathlib import Path

import bleak

import bleak_bumble
from host_tools.flows.pull import Progress, pull_unit
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air
from tests.system import locker

from .rows import Row, Spec, by_id

RECORDS = 4000
BARE_BYTES = 300_000
SCRIPT = Path(__file__).parent / "boards" / "bare_notify.py"
PORTS, MTUS = ("esp32", "rp2"), (247, 23)
SPECS = tuple(
    Spec(f"pull.{port}.{mtu}", f"pull, {port}, MTU {mtu}", "journal bytes/s", "bare notifications")
    for port in PORTS
    for mtu in MTUS
)
WRITE, NOTES = "6e400002-b5a3-f393-e0a9-e50e24dcca9e", "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


async def _bare(port: str, mtu: int) -> float:
    air = Air(1)
    air.place("bare", 0.0, 0.0)
    air.place("laptop", 2.0, 0.0)
    board = VirtualBoard("bare", profile(port), air, 1, SCRIPT)
    laptop = Laptop("laptop", air, 1)
    await board.power_on()
    await laptop.power_on()
    backends = bleak_bumble.backends(laptop.device, mtu=mtu)
    loop = asyncio.get_running_loop()
    got: list[tuple[float, int]] = []
    enough = loop.create_future()

    def take(_: object, data: bytearray) -> None:
        got.append((loop.time(), (got[-1][1] if got else 0) + len(data)))
        if got[-1][1] >= BARE_BYTES and not enough.done():
            enough.set_result(None)

    found = await bleak.BleakScanner.find_device_by_name("Bare", backend=backends.scanner, timeout=20)
    assert found is not None
    async with bleak.BleakClient(found, backend=backends.client) as client:
        await client.start_notify(NOTES, take)
        await client.write_gatt_char(WRITE, b"go", response=True)
        await enough
    laptop.power_off()
    await board.power_off()
    return _rate(got)


def _rate(got: list[tuple[float, int]]) -> float:
    """Bytes a second from (time, bytes until then)."""
    return (got[-1][1] - got[0][1]) / (got[-1][0] - got[0][0])


def bare(port: str, mtu: int) -> float:
    """Bytes a second of bare notifications."""
    with seeded_entropy(1):
        return run(_bare(port, mtu))


@functools.cache
def pulled(port: str, mtu: int) -> tuple[float, bytes]:
    """Journal bytes a second of a pull, and the bytes that it brought."""

    async def story(room: locker.Room) -> tuple[float, bytes]:
        await room.provision()
        loop = asyncio.get_running_loop()
        got: list[tuple[float, int]] = []

        def report(progress: Progress) -> None:
            got.append((loop.time(), progress.bytes))

        outcome = await pull_unit(room.bench, locker.SERIAL, report)
        assert outcome.failure is None, outcome.failure
        return _rate(got), b"".join(room.stored())

    with tempfile.TemporaryDirectory() as folder:
        return locker.play(Path(folder), story, records=RECORDS, port=port, mtu=mtu)


def rows() -> list[Row]:
    specs, found = by_id(SPECS), []
    for port in PORTS:
        for mtu in MTUS:
            rate, image = pulled(port, mtu)
            note = f"{len(image):,} bytes"
            found.append(specs[f"pull.{port}.{mtu}"].row(round(rate), round(bare(port, mtu)), note))
    return found
