"""What BlueZ says over the system bus: its service, adapters and devices. The bus is asked directly: bleak shows no
bonds, nor what BlueZ has cached.

Properties: BlueZ, doc/org.bluez.Adapter.rst and doc/org.bluez.Device.rst.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interlock.core import wire

from ..label import SERIAL
from ..outcome import Exit, ToolError

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

CALL_S = 10.0
_SERVICE = "org.bluez"
_MANAGER = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_DENIED = ("AccessDenied", "NotAuthorized", "NotPermitted")
_ABSENT = ("ServiceUnknown", "NameHasNoOwner", "Spawn.ExecFailed", "Spawn.ServiceNotFound", "Disconnected")
TABLE = frozenset({wire.INFO, wire.COMMAND, wire.REPLY, wire.STREAM})
"""The characteristics that a unit has; they never change (their version is within the protocol)."""


@dataclass(frozen=True)
class Adapter:
    """`path`: of the object; `roles`: None where this BlueZ does not tell them."""

    path: str
    address: str
    is_powered: bool
    is_discovering: bool
    roles: tuple[str, ...] | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Device:
    """An Interlock unit that BlueZ remembers. `serial`: as last advertised, or None; `characteristics`: those it has
    cached of the unit's service, None without any, or while they are discovered; `is_connected`: now."""

    path: str
    adapter: str
    address: str
    serial: str | None
    is_bonded: bool
    is_connected: bool
    characteristics: frozenset[str] | None

    @property
    def is_stale(self) -> bool:
        """Whether the cached table is another one than units have."""
        return self.characteristics is not None and self.characteristics != TABLE


@dataclass(frozen=True)
class BlueZ:
    """`trouble`: why nothing is known: bus (there is no system bus), service (BlueZ does not run), denied, silent; then
    `text` says more."""

    trouble: str | None = None
    text: str = ""
    adapters: tuple[Adapter, ...] = ()
    devices: tuple[Device, ...] = ()


async def look() -> BlueZ:
    """Ask BlueZ for all it has."""
    try:
        async with _bus() as bus:
            return _read(await _call(bus, "/", _MANAGER, "GetManagedObjects"))
    except _Refused as error:
        return BlueZ(error.trouble, str(error))


async def remove(device: Device) -> None:
    """Let BlueZ forget a device: its bond, and its cached table. ToolError when it does not."""
    await _do(device.adapter, "org.bluez.Adapter1", "RemoveDevice", "o", [device.path])


async def power_on(adapter: Adapter) -> None:
    """Switch it on. ToolError when it does not come on."""
    from dbus_fast import Variant

    await _do(adapter.path, _PROPERTIES, "Set", "ssv", ["org.bluez.Adapter1", "Powered", Variant("b", True)])


async def _do(path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
    try:
        async with _bus() as bus:
            await _call(bus, path, interface, member, signature, body)
    except _Refused as error:
        raise ToolError(
            f"BlueZ did not do it: {error}", "Run interlock doctor again; it says how things are now.", Exit.DEVICE
        ) from error


@asynccontextmanager
async def agent() -> AsyncIterator[None]:
    """While the block runs, BlueZ pairs with whom this program pairs, and asks nobody ("just works"): it refuses
    everything without an agent. Desktops have one of their own. ToolError when BlueZ does not take it."""
    from .agent import PATH, Agent

    try:
        async with _bus() as bus:
            bus.export(PATH, Agent())
            manager = "org.bluez.AgentManager1"
            await _call(bus, "/org/bluez", manager, "RegisterAgent", "os", [PATH, "NoInputNoOutput"])
            await _call(bus, "/org/bluez", manager, "RequestDefaultAgent", "o", [PATH])
            yield
    except _Refused as error:
        raise ToolError(f"BlueZ takes no agent: {error}", "interlock doctor says what hinders.", Exit.DEVICE) from error


class _Refused(Exception):
    def __init__(self, trouble: str, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


@asynccontextmanager
async def _bus() -> "AsyncIterator[MessageBus]":
    from dbus_fast import BusType
    from dbus_fast.aio import MessageBus
    from dbus_fast.auth import AuthExternal
    from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

    told = os.environ.get("BLEAK_DBUS_AUTH_UID")  # bleak's own, for a bus that is not on this host
    bus = None
    try:
        bus = MessageBus(bus_type=BusType.SYSTEM, auth=AuthExternal(uid=None if told is None else int(told)))
        async with asyncio.timeout(CALL_S):
            await bus.connect()
        yield bus
    except TimeoutError as error:
        raise _Refused("silent", f"no answer within {CALL_S:.0f} s") from error
    except (OSError, EOFError, AuthError, DBusError, InvalidAddressError) as error:
        raise _Refused("bus", str(error) or type(error).__name__) from error
    finally:
        if bus is not None:
            bus.disconnect()


async def _call(
    bus: "MessageBus", path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
) -> Any:
    """The first value of the answer. Raises _Refused."""
    from dbus_fast import Message, MessageType

    message = Message(_SERVICE, path, interface, member, signature=signature, body=body or [])
    async with asyncio.timeout(CALL_S):
        reply = await bus.call(message)
    if reply is None or reply.message_type is MessageType.ERROR:
        name = (reply.error_name if reply is not None else None) or "no answer"
        text = f"{name}: {' '.join(map(str, reply.body))}" if reply is not None else name
        trouble = "denied" if name.endswith(_DENIED) else "service" if name.endswith(_ABSENT) else "silent"
        raise _Refused(trouble, text)
    return reply.body[0] if reply.body else None


def _read(objects: dict[str, dict[str, dict[str, Any]]]) -> BlueZ:
    """From what GetManagedObjects answers."""
    plain = {
        path: {name: {key: value.value for key, value in values.items()} for name, values in interfaces.items()}
        for path, interfaces in objects.items()
    }
    adapters = [_adapter(path, found["org.bluez.Adapter1"]) for path, found in plain.items() if _is_adapter(found)]
    devices = [_device(path, plain) for path, found in plain.items() if "org.bluez.Device1" in found]
    return BlueZ(adapters=tuple(adapters), devices=tuple(device for device in devices if device is not None))


def _is_adapter(interfaces: dict[str, Any]) -> bool:
    return "org.bluez.Adapter1" in interfaces


def _adapter(path: str, told: dict[str, Any]) -> Adapter:
    roles = tuple(told["Roles"]) if "Roles" in told else None
    return Adapter(path, told.get("Address", "?"), bool(told.get("Powered")), bool(told.get("Discovering")), roles)


def _device(path: str, objects: dict[str, dict[str, dict[str, Any]]]) -> Device | None:
    """None for a device that shows no sign of being a unit."""
    told = objects[path]["org.bluez.Device1"]
    services = {
        there: found["org.bluez.GattService1"]["UUID"]
        for there, found in objects.items()
        if there.startswith(path + "/") and "org.bluez.GattService1" in found
    }
    named = str(told.get("Name", ""))
    claims = {*told.get("UUIDs", ()), *told.get("ServiceData", {}), *services.values()}
    if wire.SERVICE not in claims:
        return None
    characteristics = {
        found["org.bluez.GattCharacteristic1"]["UUID"]
        for found in objects.values()
        if "org.bluez.GattCharacteristic1" in found
        and services.get(found["org.bluez.GattCharacteristic1"]["Service"]) == wire.SERVICE
    }
    # While it is connected and still discovered, maybe by another program, the table is not whole.
    is_whole = told.get("ServicesResolved") or not told.get("Connected")
    return Device(
        path,
        str(told.get("Adapter", path.rpartition("/")[0])),
        str(told.get("Address", "?")),
        named if SERIAL.fullmatch(named) else None,
        bool(told.get("Paired") or told.get("Bonded")),
        bool(told.get("Connected")),
        frozenset(characteristics) if services and is_whole else None,
    )
