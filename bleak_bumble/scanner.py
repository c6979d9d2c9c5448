"""bleak's scanner over a shared radio: every report reaches the callbacks, merged with what the device said before."""

import asyncio
from typing import Any, ClassVar, Literal

from bleak.backends.scanner import AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import BleakError
from bumble.device import Advertisement

from .advertising import Portrait
from .radio import Radio

_REPORT = "advertising_report"


class BumbleScanner(BaseBleakScanner):
    """See `bleak.BleakScanner`. `BLEDevice.details` is the peer's `bumble.hci.Address`.

    Arguments of other platforms are taken and not used; a name that bleak does not know is a TypeError, not ignored.
    """

    _radio: ClassVar[Radio]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"],
        *,
        bluez: object = None,
        cb: object = None,
        adapter: object = None,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode == "active"
        self._is_running = False
        self._portraits: dict[str, Portrait] = {}

    async def start(self) -> None:
        """Begin; BleakError when it runs already."""
        if self._is_running:
            raise BleakError("This scanner runs already.")
        self.seen_devices = {}
        self._portraits = {}
        self._is_running = True
        self._radio.device.host.on(_REPORT, self._on_report)
        try:
            await self._radio.scan(self, self._is_active)
        except BaseException:
            self._silence()
            raise

    async def stop(self) -> None:
        """End; nothing when it does not run."""
        if self._is_running:
            self._silence()
            await self._radio.end_scan(self)

    def _silence(self) -> None:
        self._is_running = False
        self._radio.device.host.remove_listener(_REPORT, self._on_report)

    def _on_report(self, report: Any) -> None:
        advertisement = Advertisement.from_advertising_report(report)
        if advertisement is not None:
            # Not within Bumble's packet handling: an exception in a user's callback belongs to the loop's handler.
            asyncio.get_running_loop().call_soon(self._show, advertisement)

    def _show(self, advertisement: Advertisement) -> None:
        if not self._is_running:
            return
        key = str(advertisement.address)  # public and random addresses may have the same digits
        portrait = self._portraits.setdefault(key, Portrait())
        data = portrait.update(advertisement)
        if self.is_allowed_uuid(data.service_uuids):
            address = advertisement.address
            device = self.create_or_update_device(key, address.to_string(False), data.local_name, address, data)
            self.call_detection_callbacks(device, data)


def scanner_class(radio: Radio) -> type[BumbleScanner]:
    """The scanner bound to one radio."""
    return type("BleakScannerBumble", (BumbleScanner,), {"__module__": __name__, "_radio": radio})
