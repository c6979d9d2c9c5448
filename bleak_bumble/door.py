"""A Bluetooth controller behind a TCP socket, as bleak backends: the door of a simulated world, or any HCI server.

HCI over TCP has no authentication and no secrecy, so only addresses of this machine are accepted unless the caller asks
for more.
"""

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator

from bleak.exc import BleakError
from bumble import hci, host
from bumble.device import Device, DeviceConfiguration
from bumble.transport.common import Transport
from bumble.transport.tcp_client import open_tcp_client_transport

from .classes import Backends, backends
from .radio import COMMAND_TIMEOUT_S, radio_of

logger = logging.getLogger(__name__)
_FORM = "tcp:HOST:PORT, for example tcp:127.0.0.1:8437"


class DoorError(Exception):
    """A door that cannot be used: what happened, and what to do about it."""

    def __init__(self, happened: str, advice: str) -> None:
        super().__init__(f"{happened} {advice}")
        self.happened = happened
        self.advice = advice


class QuietHost(host.Host):
    """Bumble's host. It formats every packet for a debug log even when nobody reads it: skipped here."""

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send one packet to the controller."""
        if self.hci_sink is not None and self.snooper is None:
            self.hci_sink.on_packet(bytes(packet))
        else:
            super().send_hci_packet(packet)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Dispatch one packet from the controller."""
        if self.snooper is None and isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)
        elif self.snooper is None and isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        else:
            super().on_hci_packet(packet)


def parse(text: str) -> tuple[str, int]:
    """Host and port of `tcp:HOST:PORT`; an IPv6 address in brackets. DoorError where it is malformed."""
    scheme, _, rest = text.partition(":")
    name, _, port_text = rest.rpartition(":")
    name = name.removeprefix("[").removesuffix("]")
    is_number = port_text.isascii() and port_text.isdigit() and len(port_text) <= 5
    if scheme != "tcp" or not name or not is_number or not 1 <= int(port_text) <= 65535:
        raise DoorError(f"{text!r} names no door.", f"Write {_FORM}.")
    return name, int(port_text)


async def _resolve(name: str, port: int, allow_remote: bool) -> str:
    """The address to connect to."""
    try:
        return _checked(str(ipaddress.ip_address(name)), name, allow_remote)
    except ValueError:
        pass
    if name == "localhost":
        return "127.0.0.1"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port)
    except (OSError, UnicodeError) as error:  # the latter where it is no possible name at all
        raise DoorError(f"The name {name!r} is unknown: {error}.", f"Write {_FORM}.") from error
    return _checked(str(found[0][4][0]), name, allow_remote)


def _checked(address: str, name: str, allow_remote: bool) -> str:
    if not allow_remote and not ipaddress.ip_address(address).is_loopback:
        raise DoorError(
            f"{name!r} is not this machine, and a door has no lock: whoever can reach it commands the radio.",
            "Use a loopback address, for example through an SSH tunnel.",
        )
    return address


@contextlib.asynccontextmanager
async def open_door(text: str, *, allow_remote: bool = False, mtu: int = 517) -> AsyncIterator[Backends]:
    """Connect to the controller at `text` (`tcp:HOST:PORT`) and give backends for bleak; DoorError if that fails.

    The host behind them has a random static address. When the other side closes, links end and calls fail at once.
    """
    name, port = parse(text)
    address = await _resolve(name, port, allow_remote)
    try:
        transport = await open_tcp_client_transport(f"{address}:{port}")
    except OSError as error:
        raise DoorError(
            f"Nobody answers at {text}: {error.strerror or error}.",
            "Start what should listen there first, and use the address that it prints.",
        ) from error
    async with transport:
        device = Device(
            config=DeviceConfiguration(name="bleak", address=hci.Address.generate_static_address()),
            host=QuietHost(transport.source, transport.sink),
        )
        radio = radio_of(device)

        def on_closed(_: asyncio.Future[None]) -> None:
            radio.lost = f"The door at {text} was closed from the other side."

        transport.source.terminated.add_done_callback(on_closed)
        await _power_on(device, text)
        try:
            yield backends(device, mtu=mtu)
        finally:
            transport.source.terminated.remove_done_callback(on_closed)
            await _leave(device, transport)


async def _power_on(device: Device, text: str) -> None:
    try:
        await radio_of(device).command(device.power_on())
    except BleakError as error:
        raise DoorError(
            f"Something listens at {text}, but it does not speak HCI: {error}",
            f"Is it an HCI server? An answer is awaited for {COMMAND_TIMEOUT_S:g} s.",
        ) from error


async def _leave(device: Device, transport: Transport) -> None:
    if transport.source.terminated.done():
        return
    try:
        await radio_of(device).command(device.power_off())
    except BleakError as error:
        logger.info("switching off: %s", error)
