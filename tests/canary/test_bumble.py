"""What we borrow from Bumble and what its virtual controller gets wrong: a release that changes it is noticed here.

A failing "stock ..." test is good news: something in `simulator/radio/` (`controller.py`, `link_layer.py`,
`connecting.py`) may go. What `simulator/bluetooth/gatt.py` borrows of Bumble's GATT server is at the end.
"""

import asyncio
import importlib
import logging
import pkgutil
from importlib.metadata import version
from itertools import pairwise
from types import ModuleType

import bumble
import pytest
from bumble import att, controller, core, gatt, gatt_server, hci, host, link
from bumble.device import AdvertisingType, Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from simulator import entropy
from simulator.clock import now_us, run
from simulator.radio.air import Air
from tests.simulator.links import pair
from tests.simulator.radio_world import STILL, Board

ADVERTISEMENT = b"\x02\x01\x06"
RESPONSE = b"\x03\x09ok"
Report = hci.HCI_LE_Advertising_Report_Event.Report


class StockController(controller.Controller):
    """Bumble's, kept to legacy advertising: with extended advertising its device would not use the legacy commands."""

    le_features = controller.Controller.le_features & ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING


async def _stock(name: str, air: link.LocalLink, address: str) -> tuple[Device, controller.Controller]:
    stock = StockController(name, link=air)
    device = Device(
        config=DeviceConfiguration(name=name, address=hci.Address(address)), host=host.Host(stock, AsyncPipeSink(stock))
    )
    await device.power_on()
    return device, stock


async def _listen(kind: AdvertisingType, seconds: float) -> list[tuple[int, Report]]:
    loop = asyncio.get_running_loop()
    air = link.LocalLink()
    sender, _ = await _stock("sender", air, "C0:00:00:00:00:01")
    listener, _ = await _stock("listener", air, "C0:00:00:00:00:02")
    reports: list[tuple[int, Report]] = []
    listener.host.on("advertising_report", lambda report: reports.append((now_us(loop), report)))
    await listener.start_scanning()
    await sender.start_advertising(
        advertising_type=kind,
        advertising_data=ADVERTISEMENT,
        scan_response_data=RESPONSE,
        advertising_interval_min=1000,
        advertising_interval_max=1000,
    )
    await asyncio.sleep(seconds)
    return reports


def test_this_is_the_release_that_was_examined() -> None:
    assert version("bumble") == "0.0.236"


def test_stock_legacy_intervals_are_taken_in_the_wrong_unit_and_without_chance() -> None:
    reports = run(_listen(AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE, 10))
    times_us = sorted({time_us for time_us, _ in reports})
    assert {b - a for a, b in pairwise(times_us)} == {1_600_000}


def test_stock_reports_have_one_type_one_strength_and_a_response_that_repeats_the_data() -> None:
    reports = [report for _, report in run(_listen(AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE, 1))]
    assert [(report.event_type, report.data, report.rssi) for report in reports] == [
        (0, ADVERTISEMENT, -50),
        (4, ADVERTISEMENT, -50),
    ]


def test_stock_non_connectable_advertising_sends_nothing() -> None:
    assert run(_listen(AdvertisingType.UNDIRECTED, 10)) == []
    assert run(_listen(AdvertisingType.UNDIRECTED_SCANNABLE, 10)) == []


def test_stock_accepts_an_address_change_while_advertising_and_keeps_advertising_across_a_reset() -> None:
    async def main() -> None:
        device, stock = await _stock("a", link.LocalLink(), "C0:00:00:00:00:01")
        await device.start_advertising()
        await device.host.send_sync_command(hci.HCI_LE_Set_Random_Address_Command(hci.Address("C0:00:00:00:00:09")))
        assert stock.random_address == hci.Address("C0:00:00:00:00:09")
        await device.host.send_sync_command(hci.HCI_Reset_Command())
        assert stock.le_legacy_advertiser.enabled

    run(main())


def test_stock_host_formats_packets_for_a_log_that_nobody_reads() -> None:
    """When this fails, `QuietHost` may go."""
    formatted: list[str] = []

    class Event(hci.HCI_Command_Complete_Event):
        def __str__(self) -> str:
            formatted.append("formatted")
            return ""

    async def main() -> None:
        stock_host = host.Host()
        stock_host.on_hci_packet(Event(1, 0, hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)))

    assert not logging.getLogger("bumble.host").isEnabledFor(logging.DEBUG)
    run(main())
    assert formatted


def test_the_link_keeps_its_controllers_in_a_set_and_only_adds_removes_and_iterates() -> None:
    """`Air` puts an ordered stand-in there, since a set of objects has another order in each run."""

    class OnlyThat:
        def __init__(self) -> None:
            self.items: list[object] = []

        def add(self, item: object) -> None:
            self.items.append(item)

        def remove(self, item: object) -> None:
            self.items.remove(item)

        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter(self.items)

    async def main() -> None:
        air = link.LocalLink()
        assert type(air.controllers) is set
        air.controllers = OnlyThat()  # type: ignore[assignment]
        central, _ = await _stock("c", air, "C0:00:00:00:00:01")
        peripheral, stock = await _stock("p", air, "C0:00:00:00:00:02")
        await peripheral.start_advertising()
        await asyncio.wait_for(central.connect(peripheral.random_address), timeout=60)
        air.remove_controller(stock)

    run(main())


def test_the_enable_command_starts_and_stops_the_legacy_advertiser_that_is_there() -> None:
    calls: list[str] = []

    class Advertiser(controller.LegacyAdvertiser):
        def start(self) -> None:
            calls.append("start")

        def stop(self) -> None:
            calls.append("stop")

    async def main() -> None:
        device, stock = await _stock("a", link.LocalLink(), "C0:00:00:00:00:01")
        stock.le_legacy_advertiser = Advertiser(stock)
        for enable in (1, 0):
            await device.host.send_sync_command(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=enable))

    run(main())
    assert calls == ["start", "stop"]


def test_commands_take_no_virtual_time() -> None:
    async def main() -> int:
        await _stock("a", link.LocalLink(), "C0:00:00:00:00:01")
        return now_us(asyncio.get_running_loop())

    assert run(main()) == 0


def _modules() -> list[ModuleType]:
    names = [
        found.name
        for package in (bumble, importlib.import_module("bumble.crypto"))
        for found in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
    ]
    return [importlib.import_module(name) for name in names]


def test_every_module_that_draws_secrets_is_seeded() -> None:
    drawing = {module.__name__ for module in _modules() if "secrets" in vars(module)}
    assert drawing == {module.__name__ for module in entropy._SECRETS_USERS}


def test_seeded_entropy_repeats_and_ends() -> None:
    def draw() -> list[object]:
        return [
            hci.Address.generate_static_address(),
            hci.Address.generate_private_address(bytes(16)),
            bumble.crypto.r(),
            bumble.crypto.EccKey.generate().x,
        ]

    with entropy.seeded_entropy(1):
        first = draw()
    with entropy.seeded_entropy(1):
        assert draw() == first
    with entropy.seeded_entropy(2):
        assert draw() != first
    assert draw() != first
    assert bumble.crypto.secrets.__name__ == "secrets"
    assert bumble.crypto.EccKey.generate().x != bumble.crypto.EccKey.generate().x


def test_a_failure_status_alone_is_a_readable_answer_to_a_command_that_returns_more() -> None:
    """A removed controller answers every command so."""
    failure = hci.HCI_ErrorCode.HARDWARE_FAILURE_ERROR
    opcode = hci.HCI_READ_LOCAL_VERSION_INFORMATION_COMMAND
    read = hci.HCI_Packet.from_bytes(
        bytes(hci.HCI_Command_Complete_Event(1, opcode, hci.HCI_StatusReturnParameters(failure)))
    )
    assert isinstance(read, hci.HCI_Command_Complete_Event)
    assert read.return_parameters.status == failure


def test_a_boards_radio_takes_no_entropy_from_bumble(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a world of boards alone repeats without `seeded_entropy`; Bumble's devices need it."""

    def refuse(*_: object) -> bytes:
        raise AssertionError("entropy was drawn")

    monkeypatch.setattr("secrets.token_bytes", refuse)
    monkeypatch.setattr("secrets.randbelow", refuse)

    async def main() -> None:
        air = Air(1)
        board, other = await Board("a", air).start(), await Board("b", air).start()
        await board.ble.call("config_set", (("addr_mode", 3),))
        await board.advertise()
        await other.scan(active=True)
        await asyncio.sleep(1)
        assert other.results

    run(main())


async def _stock_pair() -> tuple[Device, Device]:
    air = link.LocalLink()
    central, _ = await _stock("c", air, "C0:00:00:00:00:01")
    peripheral, _ = await _stock("p", air, "C0:00:00:00:00:02")
    await peripheral.start_advertising()
    await asyncio.wait_for(central.connect(peripheral.random_address), timeout=60)
    return central, peripheral


def test_stock_connections_carry_data_without_time() -> None:
    async def main() -> None:
        central, peripheral = await _stock_pair()
        begun_us = now_us(asyncio.get_running_loop())
        (connection,) = central.connections.values()
        await connection.disconnect()
        await asyncio.sleep(0)
        assert now_us(asyncio.get_running_loop()) == begun_us
        assert not peripheral.connections

    run(main())


def test_stock_cancels_no_connection_attempt() -> None:
    async def main() -> None:
        central, stock = await _stock("c", link.LocalLink(), "C0:00:00:00:00:01")
        attempt = asyncio.ensure_future(central.connect(hci.Address("C0:00:00:00:00:09"), timeout=1))
        await asyncio.sleep(100)
        assert not attempt.done()
        assert stock.pending_le_connection is not None
        attempt.cancel()

    run(main())


def test_stock_lacks_data_length_signal_strength_and_phy() -> None:
    missing = ("on_hci_le_set_data_length_command", "on_hci_read_rssi_command", "on_hci_le_set_phy_command")
    assert not any(hasattr(controller.Controller, name) for name in missing)


def test_the_controller_gives_its_connections_packets_and_forgets_them_when_they_end() -> None:
    """What `End` stands on: these are all the ways in which Bumble's controller touches a connection."""

    class Recorder(controller.Connection):
        def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
            calls.append(bytes(packet.data))

        def send_ll_control_pdu(self, packet: object) -> None:
            calls.append(type(packet).__name__)

    calls: list[object] = []

    async def main() -> None:
        device, stock = await _stock("a", link.LocalLink(), "C0:00:00:00:00:01")
        peer = hci.Address("C0:00:00:00:00:09")
        end = Recorder(
            controller=stock,
            handle=stock.allocate_connection_handle(),
            role=hci.Role.CENTRAL,
            self_address=stock.random_address,
            peer_address=peer,
            link=stock.link,
            transport=core.PhysicalTransport.LE,
            link_type=hci.HCI_Connection_Complete_Event.LinkType.ACL,
        )
        assert end.handle == 1
        stock.le_connections[peer] = end
        assert stock.allocate_connection_handle() == 2
        assert stock.find_le_connection_by_handle(1) is end
        device.host.send_hci_packet(hci.HCI_AclDataPacket(1, 0, 0, 2, b"hi"))
        await device.host.send_async_command(hci.HCI_LE_Read_Remote_Features_Command(connection_handle=1))
        stock.on_le_disconnected(end, 8)
        assert calls == [b"hi", "FeatureReq"]
        assert not stock.le_connections

    run(main())


def test_the_host_says_what_a_board_needs_to_know_of_connections() -> None:
    seen: list[tuple[object, ...]] = []

    async def main() -> None:
        link_ = await pair(Air(1, STILL))
        for event in ("l2cap_pdu", "disconnection", "connection_parameters_update", "packets_completed"):
            link_.far.device.host.on(event, lambda *data, event=event: seen.append((event, *data)))
        link_.near.device.host.send_l2cap_pdu(1, 0x55, b"hi")
        link_.far.device.host.send_l2cap_pdu(1, 0x55, bytes(300))
        await asyncio.sleep(0.1)
        await link_.connection.update_parameters(50, 50, 0, 3000)
        await asyncio.sleep(0.5)
        await link_.connection.disconnect(0x13)

    run(main())
    assert [event for event in seen if event[0] == "l2cap_pdu"] == [("l2cap_pdu", 1, 0x55, b"hi")]
    assert [event for event in seen if event[0] == "packets_completed"] == [("packets_completed", 1, 1)] * 2
    assert seen[-2:] == [("connection_parameters_update", 1, 40, 0, 300), ("disconnection", 1, 0x13)]


class _Bearer:
    handle = 1
    att_mtu = 23
    encryption = 0
    authenticated = False


class _Server(gatt_server.Server):
    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.sent: list[bytes] = []

    def send_gatt_pdu(self, bearer: object, pdu: bytes) -> None:
        self.sent.append(pdu)


def _with(attribute: gatt.Characteristic[bytes], *requests: att.ATT_PDU) -> list[bytes]:
    async def main() -> list[bytes]:
        server = _Server()
        server.add_service(gatt.Service("180D", [attribute]))
        for request in requests:
            server.on_gatt_pdu(_Bearer(), request)  # type: ignore[arg-type]
        await asyncio.sleep(1)
        return server.sent

    return run(main())


def test_stock_server_enforces_no_permission_to_write() -> None:
    """`gatt.py` judges by the flags itself."""
    properties, readable = gatt.Characteristic.Properties.READ, gatt.Characteristic.READABLE
    attribute = gatt.Characteristic[bytes]("2A37", properties, readable, b"old")
    assert _with(attribute, att.ATT_Write_Request(3, b"new")) == [bytes(att.ATT_Write_Response())]
    assert attribute.value == b"new"


def test_the_server_needs_no_device_and_begins_requests_in_their_order() -> None:
    begun: list[bytes] = []

    async def write(_: object, value: bytes) -> None:
        begun.append(value)
        await asyncio.sleep(0.1)

    properties, writable = gatt.Characteristic.Properties.WRITE, gatt.Characteristic.WRITEABLE
    attribute = gatt.Characteristic[bytes]("2A37", properties, writable, att.AttributeValue(write=write))
    sent = _with(attribute, *(att.ATT_Write_Request(3, bytes([number])) for number in range(5)))
    assert begun == [bytes([number]) for number in range(5)]
    assert sent == [bytes(att.ATT_Write_Response())] * 5


def test_a_subscription_descriptor_that_is_there_stays_in_its_place() -> None:
    notify, readable = gatt.Characteristic.Properties.NOTIFY, gatt.Characteristic.READABLE
    kind = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
    attribute = gatt.Characteristic[bytes](
        "2A37", notify, readable, b"", [gatt.Descriptor(kind, readable, b"\0\0"), gatt.Descriptor("2901", readable)]
    )
    server = _Server()
    server.add_service(gatt.Service("180D", [attribute]))
    assert [attribute_.handle for attribute_ in server.attributes if attribute_.type == kind] == [4]
    assert len(server.attributes) == 5
