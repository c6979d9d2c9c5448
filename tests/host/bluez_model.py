"""A bluetoothd of our own on a real, private bus: adapters, and devices that it remembers. Enough for `doctor`, and for
bleak to scan with."""

import asyncio
import subprocess
import threading
from contextlib import contextmanager
from typing import Annotated

from dbus_fast import Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusDict, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import PropertyAccess, ServiceInterface, dbus_method, dbus_property

from interlock.core import wire

PATIENCE_S = 120.0  # nothing is decided by it

Names = Annotated[list[str], DBusSignature("as")]


class Adapter(ServiceInterface):
    def __init__(self, model, path, powered, roles, discovering):
        super().__init__("org.bluez.Adapter1")
        self.model, self.path = model, path
        self.powered, self.roles, self.discovering = powered, roles, discovering

    @dbus_property(access=PropertyAccess.READ)
    def Address(self) -> DBusStr:
        return "00:1A:7D:DA:71:0A"

    @dbus_property()
    def Powered(self) -> DBusBool:
        return self.powered

    @Powered.setter
    def Powered(self, value: DBusBool):
        self.powered = value

    @dbus_property(access=PropertyAccess.READ)
    def Discovering(self) -> DBusBool:
        return self.discovering

    @dbus_property(access=PropertyAccess.READ)
    def Roles(self) -> Names:
        return self.roles

    @dbus_method()
    def SetDiscoveryFilter(self, properties: DBusDict):
        pass

    @dbus_method()
    def StartDiscovery(self):
        self.emit_properties_changed({"Discovering": True})

    @dbus_method()
    def StopDiscovery(self):
        self.emit_properties_changed({"Discovering": False})

    @dbus_method()
    def RemoveDevice(self, device: DBusObjectPath):
        self.model.removed.append(device)
        for path in [path for path in self.model.paths if path.startswith(device)]:
            self.model.bus.unexport(path)
            self.model.paths.remove(path)


class Device(ServiceInterface):
    def __init__(self, adapter, name, bonded):
        super().__init__("org.bluez.Device1")
        self.adapter, self.named, self.bonded = adapter, name, bonded

    @dbus_property(access=PropertyAccess.READ)
    def Address(self) -> DBusStr:
        return "D6:FB:36:71:25:D7"

    @dbus_property(access=PropertyAccess.READ)
    def Adapter(self) -> DBusObjectPath:
        return self.adapter

    @dbus_property(access=PropertyAccess.READ)
    def Name(self) -> DBusStr:
        return self.named

    @dbus_property(access=PropertyAccess.READ)
    def Paired(self) -> DBusBool:
        return self.bonded

    @dbus_property(access=PropertyAccess.READ)
    def UUIDs(self) -> Names:
        return [wire.SERVICE] if self.named else ["0000180f-0000-1000-8000-00805f9b34fb"]

    @dbus_property(access=PropertyAccess.READ)
    def ServiceData(self) -> DBusDict:
        return {wire.SERVICE: Variant("ay", b"\x03\x00")} if self.named else {}


class Service(ServiceInterface):
    def __init__(self, device):
        super().__init__("org.bluez.GattService1")
        self.device = device

    @dbus_property(access=PropertyAccess.READ)
    def Device(self) -> DBusObjectPath:
        return self.device

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return wire.SERVICE


class Characteristic(ServiceInterface):
    def __init__(self, service, uuid):
        super().__init__("org.bluez.GattCharacteristic1")
        self.service, self.uuid = service, uuid

    @dbus_property(access=PropertyAccess.READ)
    def UUID(self) -> DBusStr:
        return self.uuid

    @dbus_property(access=PropertyAccess.READ)
    def Service(self) -> DBusObjectPath:
        return self.service


class Model:
    """`bus`: connected; `removed`: paths of devices that it was told to forget."""

    def __init__(self):
        self.bus, self.paths, self.removed = None, [], []

    def export(self, path, interface):
        self.bus.export(path, interface)
        self.paths.append(path)

    def adapter(self, number=0, powered=True, roles=("central", "peripheral"), discovering=False):
        path = f"/org/bluez/hci{number}"
        self.export(path, Adapter(self, path, powered, list(roles), discovering))

    def device(self, name, bonded=False, table=None, number=1):
        """`table`: UUIDs of characteristics that are cached of the unit's service."""
        path = f"/org/bluez/hci0/dev_{number:02}"
        self.export(path, Device("/org/bluez/hci0", name, bonded))
        if table is not None:
            self.export(f"{path}/service0001", Service(path))
            for at, uuid in enumerate(table):
                self.export(f"{path}/service0001/char{at:04}", Characteristic(f"{path}/service0001", uuid))


@contextmanager
def private_bus():
    """The address of a bus that nobody else knows."""
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"], stdout=subprocess.PIPE, text=True
    )
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.communicate()


@contextmanager
def bluez(address, furnish):
    """bluetoothd on that bus, in a thread of its own, with what `furnish(model)` puts there."""
    model, loop, ready = Model(), asyncio.new_event_loop(), threading.Event()

    async def begin():
        model.bus = await MessageBus(bus_address=address).connect()
        furnish(model)
        await model.bus.request_name("org.bluez")
        ready.set()

    def serve():
        asyncio.set_event_loop(loop)
        loop.create_task(begin())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S), "the model of bluetoothd does not come up"
    try:
        yield model
    finally:
        loop.call_soon_threadsafe(model.bus.disconnect)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
