"""The radio over bleak, with backends that behave and misbehave as operating systems' do."""

import asyncio
from typing import ClassVar

import pytest
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from host_tools.inbox import Inbox, LinkLost
from host_tools.link import ATTEMPTS, CONNECT_S, Radio
from host_tools.outcome import Exit, ToolError
from interlock.core import wire
from simulator.clock import run


class Os:
    """What the operating system does. `failures`: raised by the next calls, one each."""

    def __init__(self):
        self.reports = []  # (seconds after the scan's start, address, name, service uuids, service data)
        self.scan_failures, self.connect_failures = [], []
        self.scans = self.connects = self.disconnects = self.overlaps = 0
        self.busy = False
        self.characteristics = [wire.INFO, wire.COMMAND, wire.REPLY, wire.STREAM]
        self.written, self.subscribed = [], []
        self.client = None
        self.hangs = self.is_hung = False

    def radio(self):
        return Radio(type("Scanner", (FakeScanner,), {"os": self}), type("Client", (FakeClient,), {"os": self}))


class FakeScanner(BaseBleakScanner):
    os: ClassVar[Os]

    def __init__(self, callback, service_uuids, mode, **_):
        super().__init__(callback, service_uuids)
        assert service_uuids == [wire.SERVICE] and mode == "active"

    async def start(self):
        if self.os.is_hung:
            await asyncio.Event().wait()
        self.os.scans += 1
        assert not self.os.busy, "two scans at once"
        if self.os.scan_failures:
            raise self.os.scan_failures.pop(0)
        self.os.busy = True
        loop = asyncio.get_running_loop()
        for after_s, address, name, uuids, data in self.os.reports:
            advertisement = AdvertisementData(name, {}, data, uuids, None, -60, ())
            device = BLEDevice(address, name, None)
            loop.call_later(after_s, self.call_detection_callbacks, device, advertisement)

    async def stop(self):
        self.os.busy = False


class FakeClient(BaseBleakClient):
    os: ClassVar[Os]
    mtu_size = 23
    is_connected = True

    async def connect(self, pair, **_):
        assert not self.os.busy, "a connect during a scan"
        self.os.connects += 1
        self.os.client = self
        if self.os.connect_failures:
            failure = self.os.connect_failures.pop(0)
            if failure == "hang":
                await asyncio.Event().wait()
            raise failure
        self.services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, wire.SERVICE)
        self.services.add_service(service)
        for handle, uuid in enumerate(self.os.characteristics, 2):
            self.services.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, ["write", "notify"], lambda: 182, service)
            )

    async def disconnect(self):
        self.os.disconnects += 1

    async def write_gatt_char(self, characteristic, data, response):
        assert response and characteristic.uuid == wire.COMMAND
        if self.os.hangs:
            await asyncio.Event().wait()
        self.os.written.append(bytes(data))

    async def start_notify(self, characteristic, callback, **_):
        self.os.subscribed.append((characteristic.uuid, callback))

    def drop(self):
        self.services = None
        self._disconnected_callback()

    async def nothing(self, *_, **__):
        raise NotImplementedError

    pair = unpair = read_gatt_char = read_gatt_descriptor = write_gatt_descriptor = stop_notify = nothing


def unit_report(after_s=0.1, address="A", name="H1", state=1):
    """A unit's advertisement and, a little later, its scan response."""
    data = {} if state is None else {wire.SERVICE: bytes([1, state])}
    return [(after_s, address, name, [wire.SERVICE], {}), (after_s + 0.02, address, name, [wire.SERVICE], data)]


async def scanned(os, seconds=5.0, wanted=()):
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    found = await os.radio().scan(seconds, wanted)
    return found, loop.time() - began_s


def test_units_are_found_by_their_service_with_serial_and_state():
    os = Os()
    os.reports = [
        *unit_report(),
        *unit_report(0.3, "B", "C1", 0),
        (0.2, "C", "other", ["0000180f-0000-1000-8000-00805f9b34fb"], {}),
    ]
    found, took_s = run(scanned(os))
    assert [(sighting.serial, sighting.state, sighting.version, sighting.rssi) for sighting in found] == [
        ("C1", 0, 1, -60),
        ("H1", 1, 1, -60),
    ]
    assert took_s == 5.0 and not os.busy


def test_a_scan_ends_as_soon_as_the_wanted_units_were_heard():
    os = Os()
    os.reports = [*unit_report(0.1), *unit_report(0.5, "B", "C1")]
    found, took_s = run(scanned(os, wanted=("H1", "C1")))
    assert len(found) == 2 and took_s < 0.6


def test_a_unit_whose_scan_response_is_not_heard_is_found_all_the_same():
    os = Os()
    os.reports = unit_report(state=None)
    found, took_s = run(scanned(os, wanted=("H1",)))
    assert (found[0].serial, found[0].state) == ("H1", None) and took_s < 2


@pytest.mark.parametrize("name", ["../../x", "H1\n", "nine chars", "", None, "\x1b[31m"])
def test_names_that_are_no_serials_are_not_believed(name):
    os = Os()
    os.reports = unit_report(name=name)
    found, _ = run(scanned(os))
    assert [sighting.serial for sighting in found] == [None]


def test_a_scan_in_progress_is_waited_for():
    os = Os()
    os.scan_failures = [BleakDBusError("org.bluez.Error.InProgress", ["Operation already in progress"])]
    os.reports = unit_report()
    found, took_s = run(scanned(os, wanted=("H1",)))
    assert len(found) == 1 and os.scans == 2 and took_s > 0.9


NOT_AVAILABLE = BleakBluetoothNotAvailableError
FINAL = [
    (NOT_AVAILABLE("off", BleakBluetoothNotAvailableReason.POWERED_OFF), "Switch Bluetooth on"),
    (NOT_AVAILABLE("no", BleakBluetoothNotAvailableReason.NO_BLUETOOTH), "Plug in"),
    (NOT_AVAILABLE("no", BleakBluetoothNotAvailableReason.DENIED_BY_USER), "Privacy"),
    (NOT_AVAILABLE("?", BleakBluetoothNotAvailableReason.UNKNOWN), "systemctl start bluetooth"),
    (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", []), "systemctl start bluetooth"),
    (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), "may not use Bluetooth"),
    (BleakDBusError("org.bluez.Error.NotReady", []), "Switch Bluetooth on"),
    (FileNotFoundError(2, "No such file or directory"), "systemctl start bluetooth"),
]


@pytest.mark.parametrize(("failure", "advice"), FINAL, ids=[str(failure)[:30] for failure, _ in FINAL])
def test_what_trying_again_does_not_cure_is_said_at_once(failure, advice):
    os = Os()
    os.scan_failures = [failure]
    with pytest.raises(ToolError) as caught:
        run(scanned(os))
    assert advice in caught.value.advice and caught.value.code == Exit.DEVICE and os.scans == 1


def test_transient_failures_are_retried_a_few_times_and_then_told():
    os = Os()
    os.scan_failures = [BleakError("whatever")] * 10
    with pytest.raises(LinkLost, match="in 3 attempts: whatever") as caught:
        run(scanned(os))
    assert os.scans == ATTEMPTS and "USB adapter" in caught.value.advice


async def connected(os, work):
    radio = os.radio()
    os.reports = unit_report()
    (sighting,) = await radio.scan(1.0, ("H1",))
    async with radio.connect(sighting) as link:
        return await work(link)


async def nothing(_):
    return None


def test_replies_are_subscribed_before_anything_is_said_and_the_mtu_is_the_characteristics():
    os = Os()

    async def work(link):
        assert [uuid for uuid, _ in os.subscribed] == [wire.REPLY]
        assert link.mtu == 185
        await link.command(b"frame")
        os.subscribed[0][1](bytearray(b"answer"))
        assert await link.replies.get() == b"answer"
        stream = Inbox(1000)
        await link.on_stream(stream)
        assert os.subscribed[1][0] == wire.STREAM
        os.subscribed[1][1](bytearray(b"part"))
        assert await stream.get() == b"part"

    run(connected(os, work))
    assert os.written == [b"frame"] and os.disconnects == 1


def test_a_connection_that_fails_is_undone_and_tried_again():
    os = Os()
    os.connect_failures = [BleakError("le-connection-abort-by-local"), TimeoutError()]
    run(connected(os, nothing))
    assert os.connects == 3 and os.disconnects == 3


def test_a_connection_that_hangs_is_given_up():
    os = Os()
    os.connect_failures = ["hang"] * 5

    async def timed():
        loop = asyncio.get_running_loop()
        with pytest.raises(LinkLost, match="connect to H1 in 3 attempts: no answer in time"):
            await connected(os, nothing)
        assert loop.time() < 90

    run(timed())


def test_a_unit_that_is_gone_is_said_to_be():
    os = Os()
    os.connect_failures = [BleakDeviceNotFoundError("A")]
    with pytest.raises(LinkLost, match="gone again"):
        run(connected(os, nothing))
    assert os.connects == 1


def test_a_device_without_the_characteristics_is_no_unit():
    os = Os()
    os.characteristics = [wire.INFO]
    with pytest.raises(LinkLost, match="has not the characteristics"):
        run(connected(os, nothing))
    assert os.disconnects == 1


def test_everybody_who_waits_hears_of_a_lost_link():
    os = Os()
    os.hangs = True

    async def work(link):
        stream = Inbox(1000)
        await link.on_stream(stream)
        waiting = [link.command(b"frame"), link.replies.get(), stream.get()]
        asyncio.get_running_loop().call_later(1, os.client.drop)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, LinkLost) for outcome in outcomes), outcomes
        for after in (link.command(b"frame"), link.on_stream(Inbox(10))):
            with pytest.raises(LinkLost):
                await after
        assert link.mtu == 185

    run(connected(os, work))


def test_a_write_that_the_system_refuses_is_a_lost_link():
    os = Os()

    async def work(link):
        async def refuse(*_, **__):
            raise BleakError("Not connected")

        os.client.write_gatt_char = refuse
        with pytest.raises(LinkLost, match="Not connected"):
            await link.command(b"frame")

    run(connected(os, work))


def test_scans_and_connects_take_turns():
    os = Os()

    async def main():
        radio = os.radio()
        os.reports = unit_report()
        (sighting,) = await radio.scan(1.0, ("H1",))

        async def connect():
            async with radio.connect(sighting):
                await asyncio.sleep(3)

        await asyncio.gather(radio.scan(2.0), connect(), radio.scan(2.0))

    run(main())
    assert os.connects == 1


def test_a_scan_that_the_system_never_begins_is_given_up():
    async def main():
        os = Os()
        os.is_hung = True
        async with asyncio.timeout(60):
            with pytest.raises(LinkLost, match="could not scan in 3 attempts: no answer in time"):
                await os.radio().scan(2.0)

    run(main())


def test_who_lets_nobody_connect_keeps_nobody_from_scanning():
    """A scan has its turn between two attempts."""

    async def main():
        os = Os()
        os.reports = unit_report()
        radio, loop = os.radio(), asyncio.get_running_loop()
        (sighting,) = await radio.scan(1.0)
        os.connect_failures = ["hang"] * ATTEMPTS

        async def connects():
            async with radio.connect(sighting):
                pass

        began_s, connecting = loop.time(), asyncio.create_task(connects())
        await asyncio.sleep(0.1)
        await radio.scan(1.0)
        took_s = loop.time() - began_s
        with pytest.raises(LinkLost):
            await connecting
        return took_s

    assert run(main()) < CONNECT_S + 5


def test_a_cancelled_connect_leaves_nothing_behind():
    os = Os()
    os.connect_failures = ["hang"]

    async def main():
        task = asyncio.ensure_future(connected(os, nothing))
        await asyncio.sleep(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert os.connects == os.disconnects == 1
