"""The radio of the host tools: scan, connect, frames. The only file that imports bleak.

What bleak, BlueZ, macOS and Windows do wrong now and then is met here: one thing at a time on the adapter, always scan
and then connect to what was seen, few retries with growing pauses, and failures as text with advice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from interlock.core import wire

from .bench import Sighting
from .inbox import Inbox, LinkLost
from .label import SERIAL
from .outcome import Exit, ToolError
from .session import REPLY_BYTES_MAX

ATTEMPTS = 3
PAUSE_S = 1.0  # before the second attempt; doubled before each further one
START_S = 10.0
CONNECT_S = 20.0
SUBSCRIBE_S = 10.0
LEAVE_S = 5.0
BOND_S = 40.0  # Linux gives a pairing up after 30 s
RESPONSE_S = 1.0  # a scan response comes this soon after the name, if at all

_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "Plug in a Bluetooth adapter (4.0 or newer), and see that its "
    "driver runs. A virtual world is reached with --air.",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "This adapter cannot connect to Bluetooth LE devices: use "
    "another one.",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Switch Bluetooth on (Linux: bluetoothctl power on; rfkill unblock "
    "bluetooth).",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "Allow this terminal to use Bluetooth: macOS System Settings, "
    "Privacy & Security, Bluetooth.",
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: "This account may not use Bluetooth: ask the administrator "
    "(Linux: the group 'bluetooth', and bluetoothd running).",
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: "Allow this terminal to use Bluetooth in the system's privacy "
    "settings.",
}
_NO_SERVICE = (
    "Start Bluetooth first (Linux: systemctl start bluetooth; in a container there is none). A virtual world is "
)
_NO_SERVICE += "reached with --air."
_TRANSIENT = (
    "Wait some seconds and run the command again, closer to the unit. If it stays: switch Bluetooth off and on; "
)
_TRANSIENT += "a built-in radio shared with Wi-Fi is often the cause, a USB adapter the cure."
_MISSING_BUS = ("ServiceUnknown", "NameHasNoOwner", "FileNotFound", "NoServer")
_FAILURES = (BleakError, OSError, EOFError, TimeoutError)


class Radio:
    """The operating system's Bluetooth (`adapter`: on Linux, which one, such as hci0; None: the system's own choice),
    or, given bleak backends, another one. `on_heard`: told of each unit that a scan hears, as often as more is known of
    it."""

    def __init__(
        self,
        scanner_backend: type[BaseBleakScanner] | None = None,
        client_backend: type[BaseBleakClient] | None = None,
        adapter: str | None = None,
    ) -> None:
        self._bluez: dict[str, Any] = {} if adapter is None else {"bluez": {"adapter": adapter}}
        self._scanner_backend = scanner_backend
        self._client_backend = client_backend
        self._lock = asyncio.Lock()
        self.on_heard: Callable[[Sighting], None] = lambda _: None

    # Scanning.

    async def scan(self, seconds: float, wanted: Collection[str] = ()) -> list[Sighting]:
        """See `bench.Radio`."""
        for attempt in range(ATTEMPTS):
            seen = _Seen(set(wanted), self.on_heard)
            try:
                async with self._lock:
                    await self._listen(seen, seconds)
                return seen.sightings()
            except _FAILURES as error:
                await _retry("scan", error, attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _listen(self, seen: "_Seen", seconds: float) -> None:
        scanner = BleakScanner(seen.note, [wire.SERVICE], backend=self._scanner_backend, **self._bluez)
        async with asyncio.timeout(START_S):
            await scanner.start()
        try:
            async with asyncio.timeout(seconds):
                await seen.all_wanted()
        except TimeoutError:
            pass
        except BaseException:
            with suppress(*_FAILURES):  # which must not take a cancellation's place
                await _stop(scanner)
            raise
        await _stop(scanner)

    # Connecting.

    @asynccontextmanager
    async def connect(self, sighting: Sighting) -> "AsyncIterator[BleakLink]":
        """See `bench.Radio`."""
        link = await self._connected(sighting)
        try:
            yield link
        finally:
            await link.leave()

    async def _connected(self, sighting: Sighting) -> "BleakLink":
        assert isinstance(sighting.device, BLEDevice)
        for attempt in range(ATTEMPTS):
            try:
                # One at a time, and others between two attempts: who cannot be connected to keeps nobody from scanning.
                async with self._lock:
                    return await self._arrived(sighting.device)
            except _FAILURES as error:
                await _retry(f"connect to {sighting.serial or 'the unit'}", error, attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _arrived(self, device: BLEDevice) -> "BleakLink":
        link = BleakLink(device, self._client_backend, self._bluez)
        try:
            await link.arrive()
        except BaseException:
            await link.leave()
            raise
        return link

    # Bonding. Nothing depends on it: sessions secure themselves.

    async def bond(self, sighting: Sighting) -> None:
        """Let this system bond with the unit. ToolError where either cannot."""
        async with self.connect(sighting) as link:
            try:
                async with asyncio.timeout(BOND_S):
                    await link.pair()
            except NotImplementedError as error:
                raise ToolError(
                    "macOS bonds by itself when a device insists on it, and no program can ask for it",
                    "Nothing is missing without a bond: the units' own protocol secures every session.",
                ) from error
            except _FAILURES as error:
                raise ToolError(
                    f"no bond came about with {sighting.serial or 'the unit'}: {_text(error)}",
                    "Nothing is missing without one. A unit whose board cannot bond (Pico W) refuses; an older bond is "
                    "in the way until interlock bond --remove.",
                    Exit.DEVICE,
                ) from error

    async def forget(self, sighting: Sighting) -> None:
        """Let this system forget its bond with the unit. ToolError where it cannot."""
        assert isinstance(sighting.device, BLEDevice)
        async with self._lock:
            try:
                async with asyncio.timeout(BOND_S):
                    await BleakLink(sighting.device, self._client_backend, self._bluez).unpair()
            except NotImplementedError as error:
                raise ToolError(
                    "macOS lets no program remove a bond",
                    "System Settings, Bluetooth: the i beside the device, Forget This Device.",
                ) from error
            except _FAILURES as error:
                raise ToolError(
                    f"the bond with {sighting.serial or 'the unit'} was not removed: {_text(error)}", _TRANSIENT
                ) from error


class _Seen:
    """What a scan has heard so far."""

    def __init__(self, wanted: set[str], on_heard: Callable[[Sighting], None]) -> None:
        self._wanted = wanted
        self._on_heard = on_heard
        self._found: dict[str, Sighting] = {}  # by address, the one heard last at the end
        self._news = asyncio.Event()

    def note(self, device: BLEDevice, data: AdvertisementData) -> None:
        """One report; name and scan response may come in different ones."""
        response = data.service_data.get(wire.SERVICE)
        known = self._found.pop(device.address, None)
        if known is None and response is None and wire.SERVICE not in data.service_uuids:
            return
        sighting = replace(known or Sighting(None, None, None, 0, device), rssi=data.rssi, device=device)
        if data.local_name and SERIAL.fullmatch(data.local_name.rstrip(" \0")):
            sighting = replace(sighting, serial=data.local_name.rstrip(" \0"))
        if response is not None and len(response) == 2:
            sighting = replace(sighting, version=response[0], state=response[1])
        self._found[device.address] = sighting
        if known is None or (known.serial, known.state) != (sighting.serial, sighting.state):
            self._on_heard(sighting)
        self._news.set()

    async def all_wanted(self) -> None:
        """Wait until all wanted units were heard, their scan responses included as far as they come."""
        grace: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            here = {sighting.serial: sighting for sighting in self._found.values()}
            if self._wanted and self._wanted <= set(here):
                if all(here[serial].state is not None for serial in self._wanted):
                    return
                grace = loop.time() + RESPONSE_S if grace is None else grace
            self._news.clear()
            try:
                async with asyncio.timeout_at(grace):
                    await self._news.wait()
            except TimeoutError:
                return

    def sightings(self) -> list[Sighting]:
        return list(reversed(self._found.values()))


class BleakLink:
    """One connection. `replies`: what REPLY brought; closed, as every stream, when the link is lost."""

    def __init__(
        self, device: BLEDevice, backend: type[BaseBleakClient] | None, bluez: Mapping[str, Any] | None = None
    ) -> None:
        self.replies = Inbox(REPLY_BYTES_MAX)
        self._gone = asyncio.Event()
        self._inboxes = [self.replies]
        self._found: dict[str, BleakGATTCharacteristic] = {}
        # Windows keeps tables of services that a firmware update changed.
        self._client = BleakClient(
            device, self._lost, [wire.SERVICE], backend=backend, winrt={"use_cached_services": False}, **(bluez or {})
        )

    @property
    def mtu(self) -> int:
        # What bleak calls the MTU is a constant on BlueZ; this size is right everywhere.
        return self._found[wire.COMMAND].max_write_without_response_size + wire.ATT_OVERHEAD_BYTES

    async def arrive(self) -> None:
        """Connect and subscribe REPLY; raises what bleak raises."""
        async with asyncio.timeout(CONNECT_S):
            await self._client.connect()
        # Kept: once the link is lost, bleak forgets the services.
        self._found = {uuid: self._characteristic(uuid) for uuid in (wire.COMMAND, wire.REPLY, wire.STREAM)}
        await self._subscribe(wire.REPLY, self.replies)

    async def pair(self) -> None:
        """Bond; raises what bleak raises."""
        await self._client.pair()

    async def unpair(self) -> None:
        """Remove the bond; raises what bleak raises."""
        await self._client.unpair()

    async def leave(self) -> None:
        """Disconnect. Never fails: whatever went wrong, the link is not used any more."""
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._client.disconnect()
        except _FAILURES:
            pass
        self._lost(self._client)

    def _lost(self, _: BleakClient) -> None:
        self._gone.set()
        for inbox in self._inboxes:
            inbox.close("the connection to the unit was lost")

    def _characteristic(self, uuid: str) -> BleakGATTCharacteristic:
        found = self._client.services.get_characteristic(uuid)
        if found is None:
            raise LinkLost(
                "this device has not the characteristics of an Interlock unit",
                "Was its firmware changed lately? Switch Bluetooth off and on, so that this host forgets the old one.",
            )
        return found

    async def _subscribe(self, uuid: str, inbox: Inbox) -> None:
        def put(_: Any, data: bytearray) -> None:
            inbox.put(bytes(data))

        async with asyncio.timeout(SUBSCRIBE_S):
            await self._client.start_notify(self._found[uuid], put)

    async def on_stream(self, stream: Inbox) -> None:
        """See `session.Link`."""
        self._inboxes.append(stream)
        if self._gone.is_set():
            raise LinkLost
        try:
            await self._subscribe(wire.STREAM, stream)
        except _FAILURES as error:
            raise LinkLost(f"the unit's journal cannot be subscribed to ({_text(error)})") from error

    async def command(self, frame: bytes) -> None:
        """See `session.Link`."""
        if self._gone.is_set():
            raise LinkLost
        write = asyncio.ensure_future(self._client.write_gatt_char(self._found[wire.COMMAND], frame, response=True))
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({write, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not write.done():
                raise LinkLost
            await write
        except _FAILURES as error:
            raise LinkLost(f"the unit did not take a message ({_text(error)})") from error
        finally:
            write.cancel()
            gone.cancel()


async def _stop(scanner: BleakScanner) -> None:
    async with asyncio.timeout(LEAVE_S):
        await scanner.stop()


async def _retry(what: str, error: Exception, attempt: int) -> None:
    """Pause before the next attempt, or raise why there is none."""
    final = _final(error)
    if final is not None:
        raise final from error
    if attempt + 1 == ATTEMPTS:
        raise LinkLost(f"could not {what} in {ATTEMPTS} attempts: {_text(error)}", _TRANSIENT) from error
    await asyncio.sleep(PAUSE_S * 2**attempt)


def _final(error: Exception) -> ToolError | None:
    """The failures that trying again does not cure, as errors for people."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        advice = _NOT_AVAILABLE.get(error.reason, _NO_SERVICE)
        return ToolError(f"Bluetooth is not available: {error.args[0]}", advice, Exit.DEVICE)
    if isinstance(error, BleakDBusError):
        if error.dbus_error.endswith(_MISSING_BUS):
            return ToolError(f"Bluetooth does not run on this host: {error}", _NO_SERVICE, Exit.DEVICE)
        if error.dbus_error.endswith(("AccessDenied", "NotAuthorized", "NotPermitted")):
            advice = _NOT_AVAILABLE[BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM]
            return ToolError(f"Bluetooth may not be used: {error}", advice, Exit.DEVICE)
        if error.dbus_error.endswith("NotReady"):
            advice = _NOT_AVAILABLE[BleakBluetoothNotAvailableReason.POWERED_OFF]
            return ToolError(f"the Bluetooth adapter is off: {error}", advice, Exit.DEVICE)
    if isinstance(error, BleakDeviceNotFoundError):
        return LinkLost("the unit was heard, and is gone again")
    if isinstance(error, FileNotFoundError | PermissionError | ConnectionRefusedError):
        happened = f"Bluetooth does not run on this host: its service cannot be reached ({error.strerror})"
        return ToolError(happened, _NO_SERVICE, Exit.DEVICE)
    return None


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    return str(error) or type(error).__name__
