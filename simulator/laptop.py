"""A laptop in a world: a Bumble `Device` on the air of the boards, for the host tools or a test to drive.

It advertises nothing, and pairs when it is asked to, without a user; its keys go with its power. Its addresses follow
from the world's seed and its name; what else Bumble draws does so only within `entropy.seeded_entropy`. Bumble's eager
debug text is off (`controller.QuietHost`).
"""

import random

from bumble import hci
from bumble.device import Device, DeviceConfiguration
from bumble.transport.common import AsyncPipeSink

from .radio.air import Air
from .radio.controller import AirController, QuietHost


class Laptop:
    """The radio `name` on `air`, at (0, 0) until `air.place`. `device` exists, and is on the air, between
    `power_on` and `power_off`; each time it is a new one with the same address."""

    def __init__(self, name: str, air: Air, seed: int = 0) -> None:
        self.name = name
        self._air = air
        chance = random.Random(f"laptop {seed} {name}")
        self._public_address = hci.Address(chance.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        static = bytearray(chance.randbytes(6))
        static[5] |= 0xC0  # Core specification 6.0, Vol 6, Part B, 1.3.2.1
        self._address = hci.Address(bytes(static), hci.Address.RANDOM_DEVICE_ADDRESS)
        self._controller: AirController | None = None
        self._device: Device | None = None

    @property
    def device(self) -> Device:
        """Bumble's device; RuntimeError without power."""
        if self._device is None:
            raise RuntimeError(f"the laptop {self.name} is off: await power_on() first")
        return self._device

    async def power_on(self) -> Device:
        """On the air, with nothing under way. Nothing when it is on."""
        if self._device is None:
            self._controller = AirController(self.name, self._air, self._public_address)
            host = QuietHost(self._controller, AsyncPipeSink(self._controller))
            config = DeviceConfiguration(
                name=self.name,
                address=self._address,
                identity_address_type=hci.Address.RANDOM_DEVICE_ADDRESS,
                keystore=None,
            )
            self._device = Device(config=config, host=host)
            await self._device.power_on()
        return self._device

    def power_off(self) -> None:
        """Off the air at this instant: its peers see a supervision timeout. Who waits for its device is not told."""
        if self._controller is not None:
            self._controller.remove()
        self._controller = self._device = None
