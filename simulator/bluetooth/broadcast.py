"""Advertising and scanning of one board's radio, as MicroPython's two bindings do them; connecting is `central.py`.

A `Radio` is what one activation has: a controller on the air and a host above it. It ends with `close`, after which
whatever still waits is refused.
"""

import asyncio
import errno
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from bumble import hci
from bumble.transport.common import AsyncPipeSink

from ..radio import packets
from ..radio.air import MAX_DATA_BYTES, Air
from ..radio.controller import MAX_ADVERTISING_US, MIN_ADVERTISING_US, AirController, QuietHost
from ..radio.link_layer import SLOT_US
from .gatt import GattCosts

IRQ_SCAN_RESULT = 5
IRQ_SCAN_DONE = 6
_MIN_SCAN_SLOTS = 4
_MAX_SCAN_SLOTS = 0x4000
_NIMBLE_TOO_LONG = -18  # what ESP32 gives for more than 31 bytes; micropython/micropython#7130
_AdvertisingType = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType


class RadioCosts(GattCosts, Protocol):
    """What the radio needs of a board's profile; times in microseconds of the board's time."""

    @property
    def port(self) -> str:
        """Which of MicroPython's it is."""

    @property
    def stack(self) -> str:
        """ "nimble" or "btstack": whose binding it is."""

    @property
    def adv_start_us(self) -> int:
        """From the call of `gap_advertise` to advertising."""

    @property
    def adv_floor_us(self) -> int:
        """The least interval without being connectable."""

    @property
    def scan_start_us(self) -> int:
        """From the call of `gap_scan` to scanning."""

    @property
    def link_octets(self) -> int:
        """What one PDU of a connection carries at most, 27 to 251."""

    @property
    def max_connections(self) -> int:
        """At a time."""


class Radio:
    """Controller and host between "active" and its end. `address` is the one that goes on air.

    A resolvable private address is renewed when advertising, scanning or connecting begins after its life is over. That
    it would also change in the middle of these is not modelled.
    """

    def __init__(self, name: str, air: Air, public_address: hci.Address, costs: RadioCosts) -> None:
        self.name = name
        self.costs = costs
        self.is_nimble = costs.stack == "nimble"
        self.address = public_address
        self.controller = AirController(name, air, public_address, costs.link_octets, costs.max_connections)
        self.host = QuietHost(self.controller, AsyncPipeSink(self.controller))
        self.controller.host = self.host
        self._is_gone = False
        self._renew: tuple[Callable[[], hci.Address], float] | None = None
        self._renew_at_s = 0.0

    def close(self) -> None:
        """Off the air at this instant."""
        self._is_gone = True
        self.controller.remove()
        self.host.remove_all_listeners()

    @property
    def is_quiet(self) -> bool:
        """Whether it neither advertises nor scans nor has a connection."""
        controller = self.controller
        return self._is_silent and not controller.le_connections

    @property
    def _is_silent(self) -> bool:
        controller = self.controller
        is_seeking = controller.le_scan_enable or controller.pending_le_connection is not None
        return not (controller.le_legacy_advertiser.enabled or is_seeking)

    @property
    def is_peripheral(self) -> bool:
        """Whether it has a central."""
        ends = self.controller.le_connections.values()
        return any(end.role == hci.Role.PERIPHERAL for end in ends)

    async def use_address(self, address: hci.Address) -> None:
        """From now on this one."""
        self._renew = None
        await self._put_on(address)

    async def use_addresses(self, make: Callable[[], hci.Address], life_s: float) -> None:
        """From now on those that `make` gives, each for so long."""
        await self._put_on(make())
        self._renew = (make, life_s)
        self._renew_at_s = asyncio.get_running_loop().time() + life_s

    async def renew_address(self) -> None:
        """Something begins that shows the address."""
        if self._renew is not None and self._is_silent and asyncio.get_running_loop().time() >= self._renew_at_s:
            await self.use_addresses(*self._renew)

    async def _put_on(self, address: hci.Address) -> None:
        if address.is_random:
            await self.command(hci.HCI_LE_Set_Random_Address_Command(random_address=address))
        self.address = address

    async def command(self, command: "hci.HCI_SyncCommand[hci.HCI_StatusReturnParameters]") -> None:
        """Have the controller execute it; what it refuses is EBUSY or EIO."""
        self.refuse_if_gone()
        # Raw: the other form logs a warning for what is a normal answer to firmware here.
        event = await self.host.send_sync_command_raw(command)
        self._refuse(command.name, event.return_parameters.status, hci.HCI_ErrorCode.SUCCESS)

    async def begin(self, command: hci.HCI_AsyncCommand) -> None:
        """Have the controller begin what ends with an event of its own; errors as in `command`."""
        self.refuse_if_gone()
        status = await self.host.send_async_command(command, check_status=False)
        self._refuse(command.name, status, hci.HCI_COMMAND_STATUS_PENDING)

    def _refuse(self, what: str, status: int, expected: int) -> None:
        if status != expected:
            is_busy = status == hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            number = errno.EBUSY if is_busy else errno.EIO
            raise OSError(number, f"{self.name}: {what}: {hci.HCI_ErrorCode(status).name}")

    def refuse_if_gone(self) -> None:
        """ENODEV once it was switched off."""
        if self._is_gone:
            raise OSError(errno.ENODEV, f"the radio of {self.name} was switched off meanwhile")

    async def passes(self, cost_us: int) -> None:
        """The port's cost of a call; ENODEV when the radio goes off meanwhile."""
        await asyncio.sleep(cost_us / 1e6)
        self.refuse_if_gone()


class Advertising:
    """`gap_advertise`. Data that are not given are those of last time."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._one_at_a_time = asyncio.Lock()
        self._wanted: tuple[int, _AdvertisingType] | None = None
        self._data = b""
        self._response = b""
        self._resuming: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Nothing resumes any more."""
        if self._resuming is not None:
            self._resuming.cancel()

    async def start(self, interval_us: int, data: bytes | None, response: bytes | None, connectable: bool) -> None:
        """Off the air, then on it with the new figures. OSError: what the port refuses."""
        radio = self._radio
        fit_in_pdus((data, response), radio.is_nimble)
        async with self._one_at_a_time:
            await self._stop()
            allowed(interval_us, connectable, radio.costs)
            await radio.passes(radio.costs.adv_start_us)
            self._data = self._data if data is None else bytes(data)
            self._response = self._response if response is None else bytes(response)
            if radio.is_nimble and connectable and not radio.controller.has_room:
                raise OSError(errno.ENOMEM, f"{radio.name} has no room for one more connection")
            # Both bindings send a scannable PDU where not connectable; micropython/micropython#18480.
            kind = _AdvertisingType.ADV_IND if connectable else _AdvertisingType.ADV_SCAN_IND
            self._wanted = (interval_us // SLOT_US, kind)
            await self._put_on_air()

    async def stop(self) -> None:
        """Off the air."""
        async with self._one_at_a_time:
            await self._stop()

    async def _stop(self) -> None:
        self._wanted = None
        await self._radio.command(packets.advertising_enable(0))

    async def _put_on_air(self) -> None:
        """BTstack advertises nothing, not even what is non-connectable, while it has a connection as a peripheral, and
        goes on afterwards by itself: `hci_update_advertisements_enabled_for_current_roles` in its src/hci.c."""
        radio = self._radio
        if self._wanted is None or (radio.is_peripheral and not radio.is_nimble):
            return
        slots, kind = self._wanted
        await radio.renew_address()
        await radio.command(packets.advertising_parameters(slots, kind, radio.address.address_type))
        await radio.command(hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=self._data))
        await radio.command(hci.HCI_LE_Set_Scan_Response_Data_Command(scan_response_data=self._response))
        await radio.command(packets.advertising_enable(1))

    def on_disconnection(self) -> None:
        """A connection is over."""
        if not self._radio.is_nimble:
            self._resuming = asyncio.get_running_loop().create_task(self._resume())

    async def _resume(self) -> None:
        async with self._one_at_a_time:
            if not self._radio.controller.le_legacy_advertiser.enabled:
                await self._put_on_air()


class Scanning:
    """`gap_scan`; what it hears goes out by `raise_irq`."""

    def __init__(self, radio: Radio, raise_irq: Callable[[int, tuple[Any, ...]], None]) -> None:
        self._radio = radio
        self._raise_irq = raise_irq
        self.is_on = False
        self._end: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        radio.host.on("advertising_report", self._on_report)

    def close(self) -> None:
        """No end is announced any more."""
        if self._end is not None:
            self._end.cancel()
        if self._ending is not None:
            self._ending.cancel()

    async def start(self, duration_ms: int, interval_us: int, window_us: int, active: bool) -> None:
        """Scan for so long, 0: until `stop`. OSError: what the port refuses."""
        radio = self._radio
        if window_us > interval_us:
            raise OSError(errno.EINVAL, "the scan window exceeds the interval")
        if radio.is_nimble and radio.controller.pending_le_connection is not None:
            raise OSError(errno.EBUSY, f"{radio.name} is connecting")
        if self.is_on:
            if radio.is_nimble:
                raise OSError(errno.EALREADY, f"{radio.name} scans already")
            await self._disable()  # BTstack restarts with the new figures
        await radio.passes(radio.costs.scan_start_us)
        await radio.renew_address()
        own_address_type = radio.address.address_type
        parameters = (int(active), slots(interval_us), slots(window_us), own_address_type)
        await radio.command(packets.scan_parameters(*parameters))
        await radio.command(packets.scan_enable(1))
        self.is_on = True
        if duration_ms > 0:
            self._end = asyncio.get_running_loop().call_later(duration_ms / 1000, self._is_over)

    def _is_over(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self.stop())

    async def stop(self) -> None:
        """The end of the scan, which the firmware is told."""
        was_on = self.is_on
        await self._disable()
        if was_on or not self._radio.is_nimble:  # BTstack reports the end of a scan that never was
            self._raise_irq(IRQ_SCAN_DONE, ())

    async def _disable(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self.is_on = False
        await self._radio.command(packets.scan_enable(0))

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        # A report may still be on its way from the controller when the scan has ended.
        if self.is_on:
            address = bytes(report.address)[::-1]
            data = (int(report.address.is_random), address, int(report.event_type), report.rssi, report.data)
            self._raise_irq(IRQ_SCAN_RESULT, data)


def fit_in_pdus(contents: Iterable[bytes | None], is_nimble: bool) -> None:
    """OSError for more advertising data than a PDU carries."""
    for content in contents:
        if content is not None and len(content) > MAX_DATA_BYTES:
            # BTstack's binding would not notice and send rubbish: refused here, so that it shows.
            raise OSError(_NIMBLE_TOO_LONG if is_nimble else errno.EINVAL, "more than 31 bytes")


def allowed(interval_us: int, connectable: bool, costs: RadioCosts) -> None:
    """OSError for an advertising interval that the standard or the port has not."""
    if not MIN_ADVERTISING_US <= interval_us <= MAX_ADVERTISING_US:
        raise OSError(errno.EINVAL, f"advertising interval of {interval_us} us")
    if not connectable and interval_us < costs.adv_floor_us:
        raise OSError(errno.EINVAL, f"advertising interval of {interval_us} us, not connectable")


def slots(us: int) -> int:
    """A scan's interval or window in slots of the radio, within what it can do."""
    return min(max(us // SLOT_US, _MIN_SCAN_SLOTS), _MAX_SCAN_SLOTS)
