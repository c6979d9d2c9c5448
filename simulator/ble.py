"""One board's MicroPython `bluetooth.BLE`, host side: calls become HCI commands to a Bumble controller on the air.

Broadcast and scan only; connections and GATT are not here. The other half is `doubles/bluetooth.py`, inside the VM.
Behaviour of the two bindings from MicroPython extmod/nimble/modbluetooth_nimble.c (esp32) and
extmod/btstack/modbluetooth_btstack.c (rp2); HCI and the air are `controller.py` and `air.py`.
"""

import asyncio
import errno
import random
from collections.abc import Callable
from typing import Any, Protocol

from bumble import hci
from bumble.transport.common import AsyncPipeSink

from .air import MAX_DATA_BYTES, Air
from .controller import MAX_ADVERTISING_US, MIN_ADVERTISING_US, AirController, QuietHost
from .link_layer import SLOT_US

IRQ_SCAN_RESULT = 5
IRQ_SCAN_DONE = 6
ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_RPA, ADDRESS_NRPA = range(4)

_BTSTACK_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC)
_NIMBLE_MODES = (ADDRESS_PUBLIC, ADDRESS_STATIC, ADDRESS_NRPA)
_MIN_SCAN_SLOTS = 4
_MAX_SCAN_SLOTS = 0x4000
_NIMBLE_TOO_LONG = -18  # what ESP32 gives for more than 31 bytes; micropython/micropython#7130
_AdvertisingType = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType


class RadioCosts(Protocol):
    """What the radio needs of a board's profile; times in microseconds of the board's time."""

    @property
    def name(self) -> str:
        """ "esp32" (NimBLE binding) or "rp2" (BTstack binding)."""

    @property
    def adv_start_us(self) -> int:
        """From the call of `gap_advertise` to advertising."""

    @property
    def scan_start_us(self) -> int:
        """From the call of `gap_scan` to scanning."""


def _scan_slots(us: int) -> int:
    return min(max(us // SLOT_US, _MIN_SCAN_SLOTS), _MAX_SCAN_SLOTS)


class Ble:
    """The radio of the board `name`. `seed` is its stream of chance; events go out by `raise_irq(event, data)`.

    A board has power between `power_on` and `power_off`; its firmware has the radio after "active". Every call raises
    OSError with the errno that firmware sees on that port.
    """

    def __init__(
        self,
        name: str,
        air: Air,
        seed: random.Random,
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        costs: RadioCosts,
    ) -> None:
        self.name = name
        self._air = air
        self._seed = seed
        self._raise_irq = raise_irq
        self._costs = costs
        self._is_nimble = costs.name != "rp2"
        self._public_address = hci.Address(seed.randbytes(6), hci.Address.PUBLIC_DEVICE_ADDRESS)
        self._has_power = False
        self._forget()

    def _forget(self) -> None:
        self._controller: AirController | None = None
        self._host: QuietHost | None = None
        self._address = self._public_address
        self._gap_name = b"MPY NIMBLE" if self._is_nimble else b"MPY BTSTACK"
        self._advertising_data = b""
        self._response_data = b""
        self._is_scanning = False
        self._scan_end: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def power_on(self) -> None:
        """Supply on. The radio stays silent until the firmware activates it."""
        self._has_power = True

    async def power_off(self) -> None:
        """Supply off at this instant, a PDU on its way included; no event comes any more."""
        self._has_power = False
        self._drop()

    def _drop(self) -> None:
        if self._scan_end is not None:
            self._scan_end.cancel()
        if self._ending is not None:
            self._ending.cancel()
        if self._controller is not None:
            self._controller.remove()
        self._forget()

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """Execute one operation of `bluetooth.BLE` and return its value; its cost passes in virtual time meanwhile.

        ValueError for an operation or a parameter that this simulator does not have: the world's fault, not firmware's.
        """
        match op:
            case "active":
                return await self._active(*args)
            case "config_get":
                return self._config_get(*args)
            case "config_set":
                for key, value in args:
                    await self._config_set(key, value)
            case "gap_advertise":
                await self._gap_advertise(*args)
            case "gap_scan":
                await self._gap_scan(*args)
            case _:
                raise ValueError(f"{self.name}: this simulator has no bluetooth operation {op!r}")
        return None

    async def _active(self, wanted: bool | None) -> bool:
        if wanted and self._host is None:
            if not self._has_power:
                raise OSError(errno.ETIMEDOUT, f"{self.name} has no power")
            self._controller = AirController(self.name, self._air, self._public_address)
            host = QuietHost(self._controller, AsyncPipeSink(self._controller))
            host.on("advertising_report", self._on_report)
            self._controller.host = host
            self._host = host
            try:
                await host.reset(driver_factory=None)
            except hci.HCI_Error as error:
                raise OSError(errno.ETIMEDOUT, f"{self.name} lost its power meanwhile") from error
        elif wanted is not None and not wanted:
            self._drop()
        return self._host is not None

    def _active_host(self) -> QuietHost:
        if self._host is None:
            raise OSError(errno.ENODEV, f"the radio of {self.name} is not active")
        return self._host

    async def _command(self, command: "hci.HCI_SyncCommand[hci.HCI_StatusReturnParameters]") -> None:
        # Raw: the other form logs a warning for what is a normal answer to firmware here.
        event = await self._active_host().send_sync_command_raw(command)
        status = event.return_parameters.status
        if status != hci.HCI_ErrorCode.SUCCESS:
            is_busy = status == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            raise OSError(errno.EBUSY if is_busy else errno.EIO, f"{self.name}: {command.name}: {status.name}")

    def _config_get(self, key: str) -> object:
        self._active_host()
        if key == "mac":
            return (int(self._address.is_random), bytes(self._address)[::-1])
        if key == "gap_name":
            return self._gap_name
        raise ValueError(f"{self.name}: this simulator has no bluetooth config {key!r}")

    async def _config_set(self, key: str, value: Any) -> None:
        self._active_host()
        if key == "addr_mode":
            await self._set_address_mode(value)
        elif key == "gap_name":
            self._gap_name = value.encode() if isinstance(value, str) else bytes(value)
        elif key != "rxbuf":  # today's bindings take it and do not use it
            raise ValueError(f"{self.name}: this simulator has no bluetooth config {key!r}")

    async def _set_address_mode(self, mode: int) -> None:
        """EINVAL where the binding has no such mode; EBUSY while advertising or scanning.

        On boards NimBLE asserts in that second case, which resets the unit; BTstack pauses by itself. Firmware that
        never meets this EBUSY is right on both.
        """
        if mode not in (_NIMBLE_MODES if self._is_nimble else _BTSTACK_MODES):
            raise OSError(errno.EINVAL, f"address mode {mode} is not offered on {self._costs.name}")
        if mode == ADDRESS_PUBLIC:
            self._address = self._public_address
            return
        content = bytearray(self._seed.randbytes(6))
        # The two highest bits tell the kinds apart: Core specification 6.0, Vol 6, Part B, 1.3.2.
        content[5] = content[5] | 0xC0 if mode == ADDRESS_STATIC else content[5] & 0x3F
        address = hci.Address(bytes(content), hci.Address.RANDOM_DEVICE_ADDRESS)
        await self._command(hci.HCI_LE_Set_Random_Address_Command(random_address=address))
        self._address = address

    async def _gap_advertise(
        self, interval_us: int | None, adv_data: bytes | None, resp_data: bytes | None, connectable: bool
    ) -> None:
        if interval_us is None and self._host is None:
            return  # the bindings stop silently
        for data in (adv_data, resp_data):
            if data is not None and len(data) > MAX_DATA_BYTES:
                # BTstack's binding would not notice and send rubbish: refused here, so that it shows.
                raise OSError(_NIMBLE_TOO_LONG if self._is_nimble else errno.EINVAL, "more than 31 bytes")
        await self._command(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=0))
        if interval_us is None:
            return
        if not MIN_ADVERTISING_US <= interval_us <= MAX_ADVERTISING_US:
            raise OSError(errno.EINVAL, f"advertising interval of {interval_us} us")
        host = self._host
        await asyncio.sleep(self._costs.adv_start_us / 1e6)
        if self._host is not host:
            raise OSError(errno.ENODEV, f"the radio of {self.name} was switched off meanwhile")
        self._advertising_data = self._advertising_data if adv_data is None else bytes(adv_data)
        self._response_data = self._response_data if resp_data is None else bytes(resp_data)
        # Both bindings send a scannable PDU where not connectable; micropython/micropython#18480.
        kind = _AdvertisingType.ADV_IND if connectable else _AdvertisingType.ADV_SCAN_IND
        slots = interval_us // SLOT_US
        await self._command(
            hci.HCI_LE_Set_Advertising_Parameters_Command(
                advertising_interval_min=slots,
                advertising_interval_max=slots,
                advertising_type=kind,
                own_address_type=self._address.address_type,
                peer_address_type=hci.Address.PUBLIC_DEVICE_ADDRESS,
                peer_address=hci.Address.ANY,
                advertising_channel_map=7,
                advertising_filter_policy=0,
            )
        )
        await self._command(hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=self._advertising_data))
        await self._command(hci.HCI_LE_Set_Scan_Response_Data_Command(scan_response_data=self._response_data))
        await self._command(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=1))

    async def _gap_scan(self, duration_ms: int | None, interval_us: int, window_us: int, active: bool) -> None:
        host = self._active_host()
        if duration_ms is None:
            await self._stop_scan()
            return
        if window_us > interval_us:
            raise OSError(errno.EINVAL, "the scan window exceeds the interval")
        if self._is_scanning:
            if self._is_nimble:
                raise OSError(errno.EALREADY, f"{self.name} scans already")
            await self._disable_scan()  # BTstack restarts with the new figures
        await asyncio.sleep(self._costs.scan_start_us / 1e6)
        if self._host is not host:
            raise OSError(errno.ENODEV, f"the radio of {self.name} was switched off meanwhile")
        interval, window = _scan_slots(interval_us), _scan_slots(window_us)
        await self._command(
            hci.HCI_LE_Set_Scan_Parameters_Command(
                le_scan_type=int(active),
                le_scan_interval=interval,
                le_scan_window=window,
                own_address_type=self._address.address_type,
                scanning_filter_policy=0,
            )
        )
        await self._command(hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=1, filter_duplicates=0))
        self._is_scanning = True
        if duration_ms > 0:
            self._scan_end = asyncio.get_running_loop().call_later(duration_ms / 1000, self._scan_is_over)

    def _scan_is_over(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._stop_scan())

    async def _stop_scan(self) -> None:
        was_scanning = self._is_scanning
        await self._disable_scan()
        if was_scanning or not self._is_nimble:  # BTstack reports the end of a scan that never was
            self._raise_irq(IRQ_SCAN_DONE, ())

    async def _disable_scan(self) -> None:
        if self._scan_end is not None:
            self._scan_end.cancel()
            self._scan_end = None
        self._is_scanning = False
        await self._command(hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=0, filter_duplicates=0))

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        # A report may still be on its way from the controller when the scan has ended.
        if self._is_scanning:
            address = bytes(report.address)[::-1]
            data = (int(report.address.is_random), address, int(report.event_type), report.rssi, report.data)
            self._raise_irq(IRQ_SCAN_RESULT, data)
