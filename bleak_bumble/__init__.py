"""A bleak backend over Bumble: plain bleak code on any radio that Bumble can drive, virtual ones included.

    b = backends(device)                                # a bumble.device.Device, powered on
    async with BleakScanner(backend=b.scanner): ...
    async with BleakClient(found, backend=b.client): ...

It behaves as bleak does on Linux with BlueZ, as far as Bluetooth LE's central role goes, and uses the event loop's time
only, so it lives on a loop with virtual time, too. Not here: BlueZ's cache of services, its agents, adapters.
Nothing in this package knows of Interlock. `radio.py` shares the device, `link.py` is one connection.
"""

from .classes import MAX_MTU, Backends, backends
from .door import DoorError, open_door

__all__ = ["MAX_MTU", "Backends", "DoorError", "backends", "open_door"]
