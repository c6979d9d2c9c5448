"""A GoPro on the air, from Open GoPro's BLE specification, and a body camera behind it. Bumble is its Bluetooth stack.

Its packets are put together and taken apart here, apart from the firmware's (`interlock/core/gopro.py`): one misreading
shall not hide the other. Like the product it sends nothing of its name but in the scan response, lets only peers in
that it has bonded (new ones while it is in pairing mode), wakes when somebody connects, and forgets subscriptions.
It is no product's model, and the specification is all that is known of one here: what is not in it (intervals, delays,
how soon it refuses) is made up.
"""

import asyncio
import contextlib
import random
import struct
from collections.abc import Callable

from bumble import att, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from .body_camera import BodyCamera, State
from .radio.air import Air
from .radio.controller import AirController, QuietHost

ADVERTISING_MS = 100
AUTO_OFF_S = 300.0
"""Until it sleeps by itself, where nothing keeps it awake."""
ANSWERS_AFTER_S = 0.02
_FORM = "b5f900{:02x}-aa8d-11e3-9046-0002a5d5c51b"
_SAYS = {0x72: 0x73, 0x74: 0x75, 0x76: 0x77}
_READ_ONLY_STATUSES = (8, 10, 33, 35, 70)


def _packets(message: bytes) -> list[bytes]:
    """Extended headers throughout, as the specification advises to send; continuations count from 0."""
    head = struct.pack(">H", 0x2000 | len(message))
    chunks = [message[:18]] + [message[at : at + 19] for at in range(18, len(message), 19)]
    return [head + chunks[0]] + [bytes([0x80 | nth & 15]) + chunk for nth, chunk in enumerate(chunks[1:])]


class VirtualGoPro:
    """`name`: of its radio on `air`; `called`: as it shows itself, "GoPro 1234". Faults: `is_deaf` takes commands and
    does nothing, `is_busy` refuses the shutter, `answers_after_s` makes it slow."""

    def __init__(self, name: str, called: str, air: Air, camera: BodyCamera, seed: int) -> None:
        self.name, self.called = name, called
        self.is_pairing = True
        """Whether somebody has put it into pairing mode; it leaves it with the first bond."""
        self.is_deaf = self.is_busy = False
        self.answers_after_s = ANSWERS_AFTER_S
        self.battery, self.minutes_left, self.is_hot = 77, 120, False
        self.commands: list[bytes] = []
        """All messages that it took, whole."""
        self._air, self._camera = air, camera
        chance = random.Random(f"gopro {seed} {name}")
        self._address = hci.Address(chance.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        self._keys = MemoryKeyStore()
        self._known: set[bytes] = set()
        self._device: Device | None = None
        self._connection: Connection | None = None
        self._chars: dict[int, Characteristic[bytes]] = {}
        self._parts: dict[int, tuple[int, bytes]] = {}
        self._watched: bytes = b""
        self._was: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleep: asyncio.TimerHandle | None = None
        self._ready_at = 0.0
        camera.connect(self._changed, self._woke)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def power_on(self) -> None:
        """On the air. It stays there until the end: a body camera that is dead sends nothing, and lets nobody in."""
        controller = AirController(self.name, self._air, self._address)
        host = QuietHost(controller, AsyncPipeSink(controller))
        device = self._device = Device(config=DeviceConfiguration(name=self.called, address=self._address), host=host)
        device.keystore = self._keys
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=False, bonding=True, delegate=_Just(lambda: self.is_pairing)
        )
        device.add_service(Service(UUID("FEA6"), self._characteristics()))
        device.on("connection", self._connected)
        await device.power_on()
        self._stay_awake()
        await self._advertise()

    def power_off(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._sleep is not None:
            self._sleep.cancel()

    def drop_link(self) -> None:
        """The link breaks, for no reason that anybody is told."""
        if self._connection is not None:
            self._do(self._connection.disconnect())

    def forget(self) -> None:
        """A factory reset: it knows nobody."""
        self._known.clear()
        self._keys = MemoryKeyStore()
        if self._device is not None:
            self._device.keystore = self._keys

    def let_in(self) -> None:
        """Somebody puts it into pairing mode."""
        self.is_pairing = True
        if self._connection is None:
            self._do(self._advertise())

    def overheat(self) -> None:
        """It stops, and starts nothing until it has cooled down (`is_hot`)."""
        self.is_hot = True
        self._camera.stop_by_hand()

    def _characteristics(self) -> list[Characteristic[bytes]]:
        made: list[Characteristic[bytes]] = []
        for asked, says in _SAYS.items():
            value = CharacteristicValue(write=lambda connection, data, uuid=asked: self._written(uuid, bytes(data)))
            made.append(
                Characteristic(
                    UUID(_FORM.format(asked)),
                    Characteristic.Properties.WRITE,
                    Characteristic.Permissions.WRITEABLE | Characteristic.Permissions.WRITE_REQUIRES_ENCRYPTION,
                    value,
                )
            )
            self._chars[says] = Characteristic(
                UUID(_FORM.format(says)), Characteristic.Properties.NOTIFY, Characteristic.Permissions.READABLE, b""
            )
            made.append(self._chars[says])
        return made

    # On the air.

    async def _advertise(self) -> None:
        device, camera = self._device, self._camera
        if device is None or self._connection is not None:
            return
        with contextlib.suppress(hci.HCI_Error):
            await device.stop_advertising()
        if camera.state is State.DEAD:
            return
        status = (camera.state is not State.ASLEEP) | self.is_pairing << 2
        maker = bytes([0xF2, 0x02, 2, status, 62, 1]) + bytes(8)
        data = bytes([2, 1, 6, 3, 2, 0xA6, 0xFE, len(maker) + 1, 0xFF]) + maker
        name = self.called.encode()
        response = bytes([len(name) + 1, AdvertisingData.COMPLETE_LOCAL_NAME]) + name
        device.advertising_data, device.scan_response_data = data, response
        await device.start_advertising(
            own_address_type=hci.OwnAddressType.PUBLIC,
            auto_restart=False,
            advertising_interval_min=ADVERTISING_MS,
            advertising_interval_max=ADVERTISING_MS,
        )

    def _connected(self, connection: Connection) -> None:
        peer = bytes(connection.peer_address)
        if not (self.is_pairing or peer in self._known):
            self._do(connection.disconnect())  # its filter knows nobody else
            self._do(self._again(connection))
            return
        self._connection, self._watched, self._parts, self._was = connection, b"", {}, {}
        loop = asyncio.get_running_loop()
        asleep = self._camera.state is State.ASLEEP
        self._camera.wake_up()
        self._ready_at = loop.time() + (self._camera.wake_delay_ms / 1000 if asleep else 0.2)
        connection.on("pairing", lambda *_: self._bonded(peer))
        connection.on("disconnection", lambda *_: self._gone())

    async def _again(self, connection: Connection) -> None:
        await asyncio.sleep(0.1)
        await self._advertise()

    def _bonded(self, peer: bytes) -> None:
        self._known.add(peer)
        self.is_pairing = False

    def _gone(self) -> None:
        self._connection = None
        self._do(self._advertise())

    def _woke(self, level: int) -> None:
        self._stay_awake()
        if self._connection is not None and not level and self._camera.state in (State.ASLEEP, State.DEAD):
            self.drop_link()
        elif self._connection is None and self._device is not None:
            self._do(self._advertise())

    def _stay_awake(self) -> None:
        """Its timers begin anew."""
        if self._sleep is not None:
            self._sleep.cancel()
        self._sleep = asyncio.get_running_loop().call_later(AUTO_OFF_S, self._tire)

    def _tire(self) -> None:
        if self._camera.state is State.RECORDING:
            self._stay_awake()
        else:
            self._camera.fall_asleep()

    # Messages.

    def _written(self, uuid: int, packet: bytes) -> None:
        """A packet of a message to this characteristic: put together, then answered after a while."""
        if packet[0] & 0x80:
            size, data = self._parts.get(uuid, (0, b""))
            data += packet[1:]
        elif packet[0] >> 5 == 0:
            size, data = packet[0], packet[1:]
        elif packet[0] >> 5 == 1:
            size, data = (packet[0] & 0x1F) << 8 | packet[1], packet[2:]
        else:
            raise att.ATT_Error(att.ATT_INVALID_PDU_ERROR)
        self._parts[uuid] = size, data
        if len(data) < size:
            return
        self.commands.append(data[:size])
        if not self.is_deaf:
            self._do(self._answer(uuid, data[:size]))

    async def _answer(self, uuid: int, message: bytes) -> None:
        await asyncio.sleep(self.answers_after_s)
        if asyncio.get_running_loop().time() < self._ready_at:
            await self._say(_SAYS[uuid], bytes([message[0], 1]))  # it is not ready yet
            return
        if uuid == 0x72:
            await self._obey(message)
        elif uuid == 0x74:
            self._stay_awake()
            await self._say(0x75, bytes([message[0], 0]))
        elif message[0] in (0x13, 0x53):
            if message[0] == 0x53:
                self._watched = message[1:]
                self._was = self._statuses()
            await self._say(0x77, bytes([message[0], 0]) + self._told(message[1:]))

    async def _obey(self, message: bytes) -> None:
        if message[0] == 0x01 and message[1] == 1:
            self._stay_awake()
            is_refused = self.is_busy or (message[2] and (self._camera.is_full or self.is_hot))
            if not is_refused:
                self._camera.order(bool(message[2]))
            await self._say(0x73, bytes([0x01, 1 if is_refused else 0]))
        elif message[0] == 0x3C:
            info = b"\x04\x00\x00\x00\x3e\x0bHERO\x20Virtual\x040x05\x0fH23.01.00.00.00\x0eC3501000000000"
            await self._say(0x73, b"\x3c\x00" + info)
        else:
            await self._say(0x73, bytes([message[0], 2]))

    def _statuses(self) -> dict[int, int]:
        camera = self._camera
        busy = camera.state in (State.WAKING, State.STARTING)
        storage = 1 if camera.is_full else 0
        minutes = 0 if camera.is_full else self.minutes_left
        return dict(zip(_READ_ONLY_STATUSES, (int(busy), camera.tally, storage, minutes, self.battery), strict=True))

    def _told(self, wanted: bytes) -> bytes:
        now = self._statuses()
        sizes = {35: 4}
        return b"".join(
            bytes([status, sizes.get(status, 1)]) + now[status].to_bytes(sizes.get(status, 1), "big")
            for status in wanted
            if status in now
        )

    def _changed(self, level: int) -> None:
        # As it is once the change is over.
        asyncio.get_running_loop().call_soon(self._tell_changes)

    def _tell_changes(self) -> None:
        now = self._statuses()
        changed = bytes(status for status in self._watched if now.get(status) != self._was.get(status))
        self._was = now
        if changed and self._connection is not None and not self.is_deaf:
            self._do(self._say(0x77, b"\x93\x00" + self._told(changed)))

    async def _say(self, uuid: int, message: bytes) -> None:
        if self._connection is None or self._device is None:
            return
        for packet in _packets(message):
            await self._device.notify_subscriber(self._connection, self._chars[uuid], packet)

    def _do(self, work: "asyncio.Future[None] | object") -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Just(PairingDelegate):
    """Without display or keys; accepts while `may`."""

    def __init__(self, may: Callable[[], bool]) -> None:
        super().__init__(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
        self._may = may

    async def accept(self) -> bool:
        return self._may()


async def _quietly(work: object) -> None:
    """Whatever becomes of a link that may be gone."""
    with contextlib.suppress(hci.HCI_Error, att.ATT_Error, ConnectionError, asyncio.TimeoutError):
        await work  # type: ignore[misc]
