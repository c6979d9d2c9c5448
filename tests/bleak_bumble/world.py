"""Plain Bumble devices for the tests: a radio for bleak, and peripherals, on stock controllers or on the air."""

from collections.abc import Callable

from bumble import att, controller, gatt, hci, host, link
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from bleak_bumble import Backends, backends
from simulator.radio.air import Air
from simulator.radio.controller import AirController
from tests.simulator.radio_world import STILL

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
VALUE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
SECRET = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
STREAM = "6e400004-b5a3-f393-e0a9-e50e24dcca9e"
NUDGE = "6e400005-b5a3-f393-e0a9-e50e24dcca9e"
OTHER_SERVICE = "6e40ff01-b5a3-f393-e0a9-e50e24dcca9e"
DESCRIPTION = 0x2901

LOCAL_NAME, FLAGS, SERVICE_UUIDS_128, SERVICE_DATA_16, MANUFACTURER = 0x09, 0x01, 0x07, 0x16, 0xFF


def ad(kind: int, value: bytes) -> bytes:
    """One AD structure."""
    return bytes((len(value) + 1, kind)) + value


def uuid_bytes(text: str) -> bytes:
    """A 128-bit UUID as it goes on air."""
    return bytes.fromhex(text.replace("-", ""))[::-1]


ADVERTISEMENT = ad(FLAGS, b"\x06") + ad(SERVICE_UUIDS_128, uuid_bytes(SERVICE)) + ad(LOCAL_NAME, b"unit")


class CallableOff(controller.Controller):
    """Bumble's controller, which says yes to the cancel of a connection attempt, and here does it, too.

    Kept to legacy advertising, whose commands are the ones that the simulator's controller has.
    """

    le_features = controller.Controller.le_features & ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    does_one_thing_at_a_time = False

    def on_hci_le_create_connection_command(self, command: hci.HCI_LE_Create_Connection_Command) -> None:
        """7.8.12; many real controllers refuse it while they scan."""
        if self.does_one_thing_at_a_time and self.le_scan_enable:
            self._send_hci_command_status(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR, command.op_code)
        else:
            super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.13: the attempt ends with an event of its own."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=0,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)


async def device_on(radio: controller.Controller, address: str) -> Device:
    """A powered device on a controller."""
    config = DeviceConfiguration(name=radio.name, address=hci.Address(address))
    device = Device(config=config, host=host.Host(radio, AsyncPipeSink(radio)))
    await device.power_on()
    return device


class World:
    """One radio for bleak (`laptop`, `backends`) and as many peripherals as wanted.

    `is_timed`: on the simulator's air, where everything takes its time, instead of stock Bumble controllers.
    """

    is_timed = False

    def __init__(self, mtu: int = 517) -> None:
        self.air: link.LocalLink = Air(1, STILL) if self.is_timed else link.LocalLink()  # type: ignore[no-untyped-call]
        self._mtu = mtu
        self.radio: controller.Controller
        self.laptop: Device
        self.backends: Backends

    def _controller(self, name: str, number: int) -> controller.Controller:
        if isinstance(self.air, Air):
            public = hci.Address(f"00:00:00:00:00:{number:02X}", hci.Address.PUBLIC_DEVICE_ADDRESS)
            return AirController(name, self.air, public)
        return CallableOff(name, link=self.air)

    async def start(self) -> "World":
        """Switch the radio on."""
        self.radio = self._controller("laptop", 1)
        self.laptop = await device_on(self.radio, "C0:00:00:00:00:01")
        self.backends = backends(self.laptop, mtu=self._mtu)
        return self

    async def peripheral(self, number: int = 2, advertise: bool = True) -> "Peripheral":
        """A new one; its address ends with `number`."""
        radio = self._controller(f"peripheral {number}", number)
        it = Peripheral(await device_on(radio, f"C0:00:00:00:00:{number:02X}"), radio)
        if advertise:
            await it.advertise()
        return it


class Peripheral:
    """A GATT server with one characteristic of each kind; `written` holds what was written to VALUE."""

    def __init__(self, device: Device, radio: controller.Controller) -> None:
        self.device = device
        self.radio = radio
        self.written: list[bytes] = []
        self.content = b"hello"
        self.on_read: Callable[[], bytes] | None = None
        kinds = gatt.Characteristic.Properties
        value = gatt.CharacteristicValue(read=self._read, write=self._write)
        self.value = gatt.Characteristic(
            VALUE,
            kinds.READ | kinds.WRITE | kinds.WRITE_WITHOUT_RESPONSE,
            gatt.Characteristic.READABLE | gatt.Characteristic.WRITEABLE,
            value,
            [gatt.Descriptor(DESCRIPTION.to_bytes(2, "little").hex(), gatt.Descriptor.READABLE, b"a value")],
        )
        self.secret = gatt.Characteristic(SECRET, kinds.READ, gatt.Characteristic.READABLE, _refuse())
        self.stream = gatt.Characteristic(STREAM, kinds.NOTIFY, gatt.Characteristic.READABLE, b"")
        self.nudge = gatt.Characteristic(NUDGE, kinds.INDICATE, gatt.Characteristic.READABLE, b"")
        device.add_service(gatt.Service(SERVICE, [self.value, self.secret, self.stream, self.nudge]))
        device.add_service(gatt.Service(OTHER_SERVICE, []))

    @property
    def address(self) -> str:
        """As bleak shows it."""
        return self.device.random_address.to_string(False)

    @property
    def connection(self) -> Connection:
        """Its only connection."""
        (connection,) = self.device.connections.values()
        return connection

    def _read(self, connection: Connection) -> bytes:
        return self.content if self.on_read is None else self.on_read()

    def _write(self, connection: Connection, value: bytes) -> None:
        self.written.append(value)

    async def advertise(self, data: bytes = ADVERTISEMENT, response: bytes = b"") -> None:
        """Advertise connectably until a connection comes; again after it."""
        await self.device.start_advertising(
            advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
            advertising_data=data,
            scan_response_data=response,
            auto_restart=True,
        )


def _refuse() -> "gatt.CharacteristicValue[bytes]":
    def read(connection: Connection) -> bytes:
        raise att.ATT_Error(att.ErrorCode.INSUFFICIENT_AUTHORIZATION)

    return gatt.CharacteristicValue(read=read)
