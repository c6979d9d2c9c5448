"""A GATT service written in MicroPython, on a virtual board, reached by a central: handlers, waits, power, resets."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from bumble import att, hci
from bumble.device import Device, Peer
from bumble.gatt_client import CharacteristicProxy

from simulator.clock import run
from simulator.entropy import seeded_entropy
from simulator.hardware.board import VirtualBoard
from simulator.laptop import Laptop
from simulator.profiles import PROFILES, profile
from simulator.radio.air import Air

from .boards import beside_a_laptop
from .links import note_end, preferences

SERVE = """
    import bluetooth, machine, micropython, simrt, time
    WRITE = bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE
    ble = bluetooth.BLE()
    ble.active(True)
    ble.config(mtu=247)
    UUID = bluetooth.UUID
    SERVICE = (UUID("6e400001-b5a3-f393-e0a9-e50e24dcca9e"), (
        (UUID("6e400002-b5a3-f393-e0a9-e50e24dcca9e"), WRITE),
        (UUID("6e400003-b5a3-f393-e0a9-e50e24dcca9e"), bluetooth.FLAG_READ | bluetooth.FLAG_NOTIFY),
    ))
    ((rx, tx),) = ble.gatts_register_services((SERVICE,))
    ble.gatts_set_buffer(rx, 244)
    conn = None
    inbox = []
    def on_write(value):
        inbox.append(value)
    def on_read():
        return None
    def irq(event, data):
        global conn
        if event == 1:
            conn = data[0]
        elif event == 2:
            conn = None
            advertise()
        elif event == 3:
            on_write(ble.gatts_read(data[1]))
        elif event == 4:
            return on_read()
    ble.irq(irq)
    def advertise():
        ble.gap_advertise(30000, b"\\x02\\x01\\x06")
    advertise()
    """
FOREVER = """
    while True:
        simrt.rest()
    """
Story = Callable[["Scene"], Coroutine[Any, Any, None]]


class Scene:
    def __init__(self, board: VirtualBoard, laptop: Laptop) -> None:
        self.board = board
        self.laptop = laptop
        self.got: list[bytes] = []
        self.ends: list[tuple[float, str, int]] = []
        note_end(laptop, self.ends)

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        address: asyncio.Future[hci.Address] = loop.create_future()
        device = self.laptop.device
        device.on(Device.EVENT_ADVERTISEMENT, lambda heard: address.done() or address.set_result(heard.address))
        await device.start_scanning()
        async with asyncio.timeout(5):
            peer_address = await address
        await device.stop_scanning()
        device.remove_all_listeners(Device.EVENT_ADVERTISEMENT)
        self.connection = await device.connect(
            peer_address, connection_parameters_preferences=preferences(15, 1000), timeout=5
        )
        self.peer = Peer(self.connection)
        await self.peer.request_mtu(247)
        await self.peer.discover_services()
        service = self.peer.services[-1]
        await service.discover_characteristics()
        self.rx: CharacteristicProxy[bytes]
        self.tx: CharacteristicProxy[bytes]
        self.rx, self.tx = service.characteristics
        await self.tx.subscribe(self.got.append)


def serve(directory: Path, script: str, story: Story, port: str = "esp32", seed: int = 1) -> VirtualBoard:
    """The board after `story`, played while `script` goes on where SERVE ends."""
    path = directory / "main.py"
    path.write_text(dedent(SERVE) + dedent(script))

    async def played(board: VirtualBoard, laptop: Laptop) -> None:
        scene = Scene(board, laptop)
        await scene.connect()
        await story(scene)

    return beside_a_laptop(path, played, port, seed)


@pytest.mark.parametrize("port", PROFILES)
def test_write_read_and_notify_from_micropython(tmp_path: Path, port: str) -> None:
    async def story(s: Scene) -> None:
        await s.rx.write_value(b"hello", with_response=True)
        await asyncio.sleep(0.1)
        assert s.got == [b"HELLO"]
        assert await s.tx.read_value() == b"hello"

    script = """
        while True:
            simrt.rest()
            while inbox:
                value = inbox.pop(0)
                ble.gatts_write(tx, value)
                ble.gatts_notify(conn, tx, value.upper())
        """
    serve(tmp_path, script, story, port)


@pytest.mark.parametrize("port", PROFILES)
def test_each_write_reaches_the_handler_with_its_own_value(tmp_path: Path, port: str) -> None:
    """They arrive faster than the loop looks: in one connection event."""

    async def story(s: Scene) -> None:
        for number in range(40):
            await s.rx.write_value(b"%d" % number, with_response=False)
        await asyncio.sleep(1)

    script = """
        while True:
            time.sleep_ms(400)
            if inbox:
                print(inbox)
                inbox.clear()
        """
    board = serve(tmp_path, script, story, port)
    heard = [number for line in board.output for number in eval(line)]
    assert heard == [b"%d" % number for number in range(40)]


def test_the_centrals_response_waits_for_the_handler(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await s.rx.write_value(b"slow", with_response=True)
        assert 0.1 < loop.time() - begun < 0.15

    serve(tmp_path, "def on_write(value): time.sleep_ms(100)" + dedent(FOREVER), story)


def test_a_read_can_be_answered_by_the_handler_or_refused(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        assert await s.tx.read_value() == b"fresh"
        with pytest.raises(att.ATT_Error) as refusal:
            await s.tx.read_value()
        assert refusal.value.error_code == 0x0E

    script = """
        reads = 0
        def on_read():
            global reads
            reads += 1
            ble.gatts_write(tx, b"fresh")
            return 0x0E if reads > 1 else None
        """
    serve(tmp_path, dedent(script) + dedent(FOREVER), story)


def test_a_handler_that_fails_is_gone_and_the_stack_goes_on(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        for _ in range(3):
            await s.rx.write_value(b"x", with_response=True)

    board = serve(tmp_path, "def on_write(value): raise ValueError(value)" + dedent(FOREVER), story)
    assert sum("ValueError" in line for line in board.output) == 1


def test_a_script_that_ends_leaves_a_stack_that_answers(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        begun = asyncio.ensure_future(s.rx.write_value(b"x", with_response=True))
        await asyncio.sleep(1)
        await begun
        await s.rx.write_value(b"y", with_response=True)
        assert await s.tx.read_value() == b""

    serve(tmp_path, "time.sleep(1)", story)


def test_a_notification_needs_no_heap_and_enomem_is_retried(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        await s.rx.write_value(b"go", with_response=True)
        await asyncio.sleep(2)
        assert [value[0] for value in s.got] == list(range(60))

    script = """
        def burst():
            frame = bytearray(240)
            busy = 0
            for number in range(60):
                frame[0] = number
                while True:
                    full = False
                    micropython.heap_lock()
                    try:
                        ble.gatts_notify(conn, tx, frame)
                    except OSError as e:
                        full = e.errno == 12
                    finally:
                        micropython.heap_unlock()
                    if not full:
                        break
                    busy += 1
                    time.sleep_ms(10)
            print("busy", busy)
        while True:
            simrt.rest()
            if inbox:
                inbox.clear()
                burst()
        """
    board = serve(tmp_path, script, story)
    assert int(board.output[-1].split()[1]) > 5


@pytest.mark.parametrize("port", PROFILES)
def test_the_board_can_be_reached_again_after_each_kind_of_end(tmp_path: Path, port: str) -> None:
    async def story(s: Scene) -> None:
        await s.connection.disconnect()
        await s.connect()
        await s.rx.write_value(b"off", with_response=False)
        await asyncio.sleep(0.5)
        assert s.ends[-1][2] == hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        await s.connect()
        await s.rx.write_value(b"reset", with_response=False)
        await asyncio.sleep(3)
        assert s.ends[-1][2] == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        assert s.board.boots == 2
        await s.connect()
        await s.board.power_off()
        await asyncio.sleep(3)
        assert s.ends[-1][2] == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        assert len(s.ends) == 4
        await s.board.power_on()
        await s.connect()
        s.laptop.power_off()
        await asyncio.sleep(3)
        await s.laptop.power_on()
        await s.connect()

    script = """
        while True:
            simrt.rest()
            if inbox:
                if inbox.pop() == b"reset":
                    machine.reset()
                assert ble.gap_disconnect(conn) is True
        """
    serve(tmp_path, script, story, port)


def test_uuids_compare_by_content_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    async def story(s: Scene) -> None:
        return

    script = """
        assert UUID(0x1234) == UUID(b"\\x34\\x12") != UUID(0x1235)
        for wrong in ((0x1234, ()), (UUID(1), ((0x1234, 2),)), (UUID(1), ((UUID(2), 2, ((3, 2),)),))):
            try:
                ble.gatts_register_services((wrong,))
                print("accepted", wrong)
            except ValueError as e:
                pass
        for wrong in (0x10000, "6e400001", b"123"):
            try:
                print(UUID(wrong))
            except ValueError:
                pass
        try:
            ble.gatts_notify(None, tx, b"")
        except TypeError:
            print("TypeError")
        """
    assert serve(tmp_path, dedent(script) + dedent(FOREVER), story).output == ["TypeError"]


def test_two_boards_and_one_laptop(tmp_path: Path) -> None:
    script = dedent(SERVE) + dedent("""
        ble.gap_advertise(None)
        ble.config(addr_mode=1)
        advertise()
        while True:
            simrt.rest()
            while inbox:
                ble.gatts_notify(conn, tx, inbox.pop(0))
        """)
    (tmp_path / "main.py").write_text(script)

    async def main() -> tuple[list[tuple[float, bytes]], ...]:
        loop = asyncio.get_running_loop()
        air = Air(3)
        boards = [
            VirtualBoard(f"unit {n}", profile(port), air, 3, tmp_path / "main.py") for n, port in enumerate(PROFILES)
        ]
        laptop = Laptop("laptop", air)
        await laptop.power_on()
        found: dict[hci.Address, None] = {}
        laptop.device.on(Device.EVENT_ADVERTISEMENT, lambda heard: found.setdefault(heard.address))
        await laptop.device.start_scanning()
        for board in boards:
            await board.power_on()
        await asyncio.sleep(1)
        await laptop.device.stop_scanning()
        air.loss = 0.1
        logs: list[list[tuple[float, bytes]]] = []
        writers = []
        for address in sorted((address for address in found if address.is_random), key=bytes):
            peer = Peer(await laptop.device.connect(address, timeout=5))
            await peer.discover_services()
            service = peer.services[-1]
            await service.discover_characteristics()
            rx, tx = service.characteristics
            log: list[tuple[float, bytes]] = []
            await tx.subscribe(lambda value, log=log: log.append((loop.time(), value)))
            logs.append(log)
            writers.append(rx)
        for number in range(30):
            await asyncio.gather(*(rx.write_value(bytes([number]), with_response=True) for rx in writers))
        await asyncio.sleep(1)
        for board in boards:
            board.check()
            await board.power_off()
        return tuple(logs)

    def play() -> tuple[list[tuple[float, bytes]], ...]:
        with seeded_entropy(3):
            return run(main())

    first = play()
    for log in first:
        assert [value for _, value in log] == [bytes([number]) for number in range(30)]
    assert play() == first
