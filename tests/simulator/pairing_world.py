"""Boards that pair, for tests: a script that keeps secrets in a file, and a laptop with a user."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from bumble import att, hci
from bumble.device import Connection, Device, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.pairing import PairingConfig, PairingDelegate

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import profile
from simulator.radio.air import Air

from .boards import beside_a_laptop
from .links import preferences

PASSKEY = 271828
SECURITY, ACTION = 28, 31
PAIRED, PAIRED_WITH_MITM, FAILED = (1, 1, 0, 1, 16), (1, 1, 1, 1, 16), (1, 0, 0, 0, 0)
"""What SECURITY says of connection 1."""
NO_BOND, BOND = att.ATT_INSUFFICIENT_AUTHENTICATION_ERROR, att.ATT_INSUFFICIENT_ENCRYPTION_ERROR
"""How NimBLE refuses a value that needs encryption."""
_KEEPER = """
    import bluetooth, simrt, time
    FILE = "%s.secrets"
    try:
        with open(FILE) as file:
            secrets = eval(file.read())
    except OSError:
        secrets = {}
    keeps = True
    answers = {2: %d, 3: %d, 4: 1}
    def shown(value):
        return bytes(value).hex() if isinstance(value, memoryview) else value
    def get_secret(kind, index, key):
        if key is not None:
            return secrets.get((kind, bytes(key)))
        found = [value for (one, _), value in sorted(secrets.items()) if one == kind]
        return found[index] if index < len(found) else None
    def set_secret(kind, key, value):
        if value is None:
            taken = secrets.pop((kind, bytes(key)), None) is not None
        else:
            taken = keeps
            if keeps:
                secrets[kind, bytes(key)] = bytes(value)
        with open(FILE, "w") as file:
            file.write(repr(secrets))
        return taken
    def on_event(event, data):
        pass
    def irq(event, data):
        if event in (1, 2, 7, 8, 28, 29, 30, 31):
            print(event, *[shown(value) for value in data])
        if event == 29:
            return get_secret(*data)
        if event == 30:
            return set_secret(*data)
        if event == 31 and data[1] in answers:
            try:
                ble.gap_passkey(data[0], data[1], answers[data[1]])
            except OSError as e:
                print("refused", e.errno)
        return on_event(event, data)
    def errno_of(call, *args):
        try:
            call(*args)
        except OSError as e:
            return e.errno
        return 0
    ble = bluetooth.BLE()
    ble.irq(irq)
    ble.active(True)
    """
SERVE = """
    SERVICE = (bluetooth.UUID(0x1234), (
        (bluetooth.UUID(0x1235), 0x0002),
        (bluetooth.UUID(0x1236), 0x0002 | 0x0200),
        (bluetooth.UUID(0x1237), 0x0002 | 0x0400),
        (bluetooth.UUID(0x1238), 0x0008 | 0x1000),
    ))
    ((plain, encrypted, authenticated, written),) = ble.gatts_register_services((SERVICE,))
    ble.gatts_write(plain, b"plain")
    ble.gatts_write(encrypted, b"encrypted")
    ble.gatts_write(authenticated, b"authenticated")
    def invite():
        ble.gap_advertise(30000, b"\\x02\\x01\\x06")
    def on_event(event, data):
        if event == 2:
            invite()
    invite()
    """
FOREVER = """
    while True:
        simrt.rest()
    """
Io = PairingDelegate.IoCapability


def keeper(directory: Path, name: str, *script: str) -> Path:
    """The script of the board `name`: it keeps secrets, prints events of security, and goes on with `script`."""
    path = directory / f"{name}.py"
    text = dedent(_KEEPER) % (name, PASSKEY, PASSKEY)
    path.write_text("\n".join([text, *map(dedent, script)]))
    return path


def told(board: VirtualBoard, event: int, *, since: int = 0) -> list[tuple[int, ...]]:
    """The numbers of each event of this kind, in order; from the line `since` of its output."""
    lines = (line.split() for line in board.output[since:])
    return [tuple(int(word) for word in words) for number, *words in lines if number == str(event)]


class User(PairingDelegate):
    """Somebody at the laptop, who types and shows `passkey`, and says `agrees` to a number."""

    def __init__(self, io: Io, passkey: int = PASSKEY, agrees: bool = True) -> None:
        super().__init__(io)
        self.passkey = passkey
        self.agrees = agrees
        self.compared: list[int] = []

    async def get_number(self) -> int | None:
        return self.passkey

    async def generate_passkey(self) -> int:
        return self.passkey

    async def compare_numbers(self, number: int, digits: int) -> bool:
        self.compared.append(number)
        return self.agrees


class Desk:
    """A laptop in front of one board."""

    def __init__(self, board: VirtualBoard, laptop: Laptop) -> None:
        self.board = board
        self.laptop = laptop
        self.user = User(Io.NO_OUTPUT_NO_INPUT)
        self.sc = True
        self.mitm = False
        self.values: list[CharacteristicProxy[bytes]] = []
        self.connection: Connection

    def _config(self, connection: Connection) -> PairingConfig:
        kind = PairingConfig.AddressType.RANDOM
        return PairingConfig(self.sc, self.mitm, True, self.user, kind)

    async def connect(self) -> None:
        device = self.laptop.device
        device.pairing_config_factory = self._config
        address: asyncio.Future[hci.Address] = asyncio.get_running_loop().create_future()
        device.on(Device.EVENT_ADVERTISEMENT, lambda heard: address.done() or address.set_result(heard.address))
        await device.start_scanning()
        async with asyncio.timeout(5):
            peer_address = await address
        await device.stop_scanning()
        device.remove_all_listeners(Device.EVENT_ADVERTISEMENT)
        self.connection = await device.connect(
            peer_address, connection_parameters_preferences=preferences(15, 1000), timeout=5
        )
        peer = Peer(self.connection)
        await peer.discover_services()
        service = peer.services[-1]
        await service.discover_characteristics()
        self.values = service.characteristics

    async def pair(self) -> None:
        async with asyncio.timeout(20):
            await self.connection.pair()
        await asyncio.sleep(0.1)

    async def reconnect(self) -> None:
        await self.connection.disconnect()
        await asyncio.sleep(0.1)
        await self.connect()

    async def power_cycle(self) -> None:
        """The board's: the laptop notices by its supervision timeout."""
        await self.board.power_off()
        await asyncio.sleep(2)
        await self.board.power_on()
        await self.connect()


def at_desk(
    directory: Path,
    story: Callable[[Desk], Coroutine[Any, Any, None]],
    *script: str,
    port: str = "esp32",
    seed: int = 1,
) -> VirtualBoard:
    """The board after `story`, with what SERVE serves unless `script` says otherwise."""
    path = keeper(directory, "unit", *(script or (SERVE, FOREVER)))

    async def at_it(board: VirtualBoard, laptop: Laptop) -> None:
        desk = Desk(board, laptop)
        await desk.connect()
        await story(desk)

    return beside_a_laptop(path, at_it, port, seed)


def configured(**values: object) -> tuple[str, str, str]:
    """A script for `at_desk`."""
    return f"ble.config({', '.join(f'{key}={value}' for key, value in values.items())})", SERVE, FOREVER


async def refusal_of(desk: Desk, index: int) -> int:
    """The ATT error of reading the value at this place of SERVE."""
    with pytest.raises(att.ATT_Error) as refusal:
        await desk.values[index].read_value()
    return refusal.value.error_code


SEEK = """
    found, values, read, security = [], {}, [], []
    link = None
    def on_event(event, data):
        global link
        if event == 5 and not found:
            found.append((data[0], bytes(data[1])))
        elif event == 7:
            link = data[0]
        elif event == 8:
            link = None
        elif event == 11:
            values[str(data[4])] = data[2]
        elif event == 15:
            read.append(bytes(data[2]))
        elif event == 16 and data[2]:
            read.append(data[2])
        elif event == 28:
            security.append(tuple(data))
    def until(condition):
        for _ in range(100):
            if condition():
                return
            simrt.rest(100)
        raise ValueError("waited in vain")
    def connect():
        found.clear()
        ble.gap_scan(0, 30000, 30000)
        until(lambda: found)
        ble.gap_scan(None)
        ble.gap_connect(*found[0])
        until(lambda: link is not None)
    def discover():
        ble.gattc_discover_characteristics(link, 1, 0xFFFF)
        until(lambda: str(bluetooth.UUID(0x1237)) in values)
    def value(uuid):
        read.clear()
        ble.gattc_read(link, values[str(bluetooth.UUID(uuid))])
        until(lambda: read)
        return read[0]
    def pair():
        security.clear()
        ble.gap_pair(link)
        until(lambda: security)
        return security[0]
    """


def pair_of_boards(
    directory: Path,
    peripheral: tuple[str, ...],
    central: tuple[str, ...],
    *,
    ports: tuple[str, str] = ("esp32", "stm32wb"),
    seed: int = 1,
) -> tuple[VirtualBoard, VirtualBoard]:
    """Both after the central's script has ended by itself: the peripheral serves SERVE, the central has SEEK before."""
    scripts = (keeper(directory, "served", SERVE, *peripheral, FOREVER), keeper(directory, "seeking", SEEK, *central))

    async def main() -> tuple[VirtualBoard, VirtualBoard]:
        air = Air(seed)
        air.place("seeking", 1, 0)
        names = ("served", "seeking")
        served, seeking = (
            VirtualBoard(name, profile(port), air, seed, script)
            for name, port, script in zip(names, ports, scripts, strict=True)
        )
        await served.power_on()
        await seeking.power_on()
        try:
            async with asyncio.timeout(120):
                await seeking.ended()
            await asyncio.sleep(1)
            served.check()
        except BaseException:
            for board in (served, seeking):
                print(board.name, *board.output, sep="\n")
            raise
        finally:
            await served.power_off()
            await seeking.power_off()
        return served, seeking

    with seeded_entropy(seed):
        return run(main())
