"""Rows: a pull beside a download of the same bytes by `smpclient`, on the same simulated link in the same run.

The other end is `boards/smp_server.py` in the real MicroPython VM: Simple Management Protocol, as mcumgr and Zephyr
have it. The same profile, distance, seed, connection parameters and ATT MTU as in `pull.py`, the same flash contents;
virtual time; what arrives is compared with what lies in the flash. What differs, and is meant to: SMP asks for each
chunk and waits for it, a pull grants credit; SMP's bytes go bare, a pull's are encrypted, authenticated, checked
record by record and stored. SMP gets the best of its settings: besides Zephyr's default, messages as long as a board
can afford, which fill their notifications.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import bleak

import bleak_bumble
from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air

from .pull import pulled
from .rows import Missing, Row, Spec, by_id

SCRIPT = Path(__file__).parent / "boards" / "smp_server.py"
FILE_NAME = "/lfs/journal"
DEFAULT_BYTES = 384
"""CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE where Bluetooth is the transport."""
LONG_BYTES = 32 * 244
"""The long message: 32 full notifications. The board holds it in RAM whole, as Zephyr's does, so not longer ones."""
SIZES = {LONG_BYTES: "", DEFAULT_BYTES: ".default"}
PORTS, MTUS = ("esp32", "rp2"), (247, 23)
SETTINGS = "BUF_BYTES, FILE_NAME, FILE_BYTES = {!r}, {!r}, {!r}\n"


def _id(port: str, mtu: int, suffix: str) -> str:
    return f"pull.{port}.{mtu}.smp{suffix}"


SPECS = tuple(
    Spec(
        _id(port, mtu, suffix),
        f"pull beside SMP, {port}, MTU {mtu}",
        "bytes/s",
        f"file download by smpclient 7, same link, messages of {buf_bytes} bytes",
    )
    for port in PORTS
    for mtu in MTUS
    for buf_bytes, suffix in SIZES.items()
)


class Download:
    """`data` as it came; `got`: (virtual seconds, bytes until then) of each chunk; `error`: what the server said."""

    def __init__(self) -> None:
        self.data = b""
        self.got: list[tuple[float, int]] = []
        self.error = ""

    def rate(self) -> float:
        """Bytes a second between the first and the last chunk."""
        (began_s, before), (ended_s, after) = self.got[0], self.got[-1]
        return (after - before) / (ended_s - began_s)


@contextmanager
def over(backends: bleak_bumble.Backends) -> Iterator[None]:
    """`smpclient`'s Bluetooth transport, which takes no backend, uses these."""
    from smpclient.transport import ble

    class Scanner(bleak.BleakScanner):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, backend=backends.scanner, **kwargs)

    class Client(bleak.BleakClient):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, backend=backends.client, **kwargs)

    with patch.object(ble, "BleakScanner", Scanner), patch.object(ble, "BleakClient", Client):
        yield


async def _fetch(name: str) -> Download:
    from smp.file_management import FileDownloadResponse
    from smpclient import SMPClient, SMPUploadError
    from smpclient.transport.ble import SMPBLETransport

    done = Download()
    loop = asyncio.get_running_loop()

    class Noting(SMPClient):
        async def request(self, request: Any, timeout_s: float | None = None) -> Any:
            response = await super().request(request, timeout_s)
            if isinstance(response, FileDownloadResponse):
                done.got.append((loop.time(), response.off + len(response.data)))
            return response

    async with Noting(SMPBLETransport(), "Smp", timeout_s=20) as client:
        try:
            done.data = await client.download_file(name)
        except SMPUploadError as error:
            done.error = str(error)
    return done


async def _play(port: str, mtu: int, buf_bytes: int, image: bytes, name: str, folder: Path) -> Download:
    (folder / "smp_settings.py").write_text(SETTINGS.format(buf_bytes, FILE_NAME, len(image)))
    air = Air(1)
    air.place("smp", 0.0, 0.0)
    air.place("laptop", 2.0, 0.0)
    board = VirtualBoard("smp", profile(port), air, 1, SCRIPT, modules=folder)
    assert board.profile.journal_offset == 0
    board.flash.load(image + board.flash.image()[len(image) :])
    laptop = Laptop("laptop", air, 1)
    await board.power_on()
    await laptop.power_on()
    try:
        with over(bleak_bumble.backends(laptop.device, mtu=mtu)):
            done = await _fetch(name)
        board.check()
        return done
    finally:
        laptop.power_off()
        await board.power_off()


def download(port: str, mtu: int, buf_bytes: int, image: bytes, name: str = FILE_NAME) -> Download:
    """The file `FILE_NAME` of a board of this port, whose flash begins with `image`, by smpclient over virtual air."""
    with tempfile.TemporaryDirectory() as folder, seeded_entropy(1):
        return run(_play(port, mtu, buf_bytes, image, name, Path(folder)))


def rows() -> list[Row]:
    if find_spec("smpclient") is None:
        raise Missing("smpclient is not installed: pip install -e '.[dev]'")
    found, specs = [], by_id(SPECS)
    for port in PORTS:
        for mtu in MTUS:
            rate, image = pulled(port, mtu)
            for buf_bytes, suffix in SIZES.items():
                peer = download(port, mtu, buf_bytes, image)
                if peer.data != image:
                    raise AssertionError(f"smpclient's file is not the flash's ({port}, MTU {mtu}): {peer.error}")
                note = f"{len(image):,} bytes in {len(peer.got):,} messages"
                found.append(specs[_id(port, mtu, suffix)].row(round(rate), round(peer.rate()), note))
    return found
