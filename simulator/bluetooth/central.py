"""`gap_connect`: how one board's radio becomes the central of a connection, as MicroPython's two bindings do it.

The air's part is `connecting.py`, what follows a connection is `ble_stack.py`. The two bindings differ:

              NimBLE (esp32, stm32wb)                    BTstack (rp2)
    duration  the attempt ends after it (0: 30 s)        is the connection's supervision timeout; no end of an attempt
    interval  30 to 50 ms                                10 to 30 ms, with a latency of 4
    scan      ends, and says so                          goes on
    given up  PERIPHERAL_DISCONNECT (65535, 255, zeros)  PERIPHERAL_CONNECT (0, 0, zeros): the status is not looked at

Of the intervals the virtual controller takes the shorter. What a controller fills in on BTstack's failed attempt is
not known to us: zeros here. Parameters that a controller refuses go by without a word there; here they are EINVAL, so
that it shows.
Sources, MicroPython 1.29: extmod/nimble/modbluetooth_nimble.c and extmod/btstack/modbluetooth_btstack.c; of the stacks
nimble/host/src/ble_gap.c (`ble_gap_connect`) and src/hci.c (`gap_connect`).
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Any, NamedTuple

from bumble import hci
from bumble.core import PhysicalTransport

from ..radio.connection import UNIT_US, Parameters
from ..radio.link_layer import SLOT_US
from .broadcast import Radio, Scanning

IRQ_PERIPHERAL_CONNECT = 7
IRQ_PERIPHERAL_DISCONNECT = 8
NO_CONNECTION = 0xFFFF
NO_ADDRESS = (0xFF, bytes(6))
_NIMBLE_FOR_EVER_MS = 0x7FFFFFFF
_NIMBLE_DEFAULT_MS = 30_000
_NIMBLE_HCI_ERROR = 0x200
_NIMBLE_RETRY_S = 0.1


class _Defaults(NamedTuple):
    """Of a binding: intervals and scan in microseconds, timeout in 10 ms."""

    min_interval_us: int
    max_interval_us: int
    latency: int
    scan_interval_us: int
    scan_window_us: int


_NIMBLE = _Defaults(30_000, 50_000, 0, 10_000, 10_000)
_NIMBLE_TIMEOUT = 0x100
_BTSTACK = _Defaults(10_000, 30_000, 4, 60_000, 30_000)


class Central:
    """The attempts of one radio, one at a time. Errors are OSError, as firmware sees them."""

    def __init__(self, radio: Radio, scanning: Scanning, raise_irq: Callable[[int, tuple[Any, ...]], None]) -> None:
        self._radio = radio
        self._scanning = scanning
        self._raise_irq = raise_irq
        self._is_connecting = False
        self._patience: asyncio.TimerHandle | None = None
        self._giving_up: asyncio.Task[None] | None = None
        radio.host.on("connection_failure", self._on_failure)

    def close(self) -> None:
        """Nothing is announced any more."""
        if self._patience is not None:
            self._patience.cancel()
        if self._giving_up is not None:
            self._giving_up.cancel()

    async def connect(
        self, address_type: int, address: bytes, duration_ms: int, min_interval_us: int, max_interval_us: int
    ) -> None:
        """Listen for this peer from now on, and connect to it."""
        radio, peer = self._radio, hci.Address(address[::-1], hci.AddressType(address_type & 1))
        if radio.is_nimble and self._scanning.is_on:
            await self._scanning.stop()
        self._refuse(address_type, peer, duration_ms)
        defaults = _NIMBLE if radio.is_nimble else _BTSTACK
        timeout = _NIMBLE_TIMEOUT if radio.is_nimble else duration_ms // 10
        low, high = (
            (given or default) // UNIT_US
            for given, default in (
                (min_interval_us, defaults.min_interval_us),
                (max_interval_us, defaults.max_interval_us),
            )
        )
        if low > high or not all(Parameters(units, defaults.latency, timeout).are_valid for units in (low, high)):
            code = _NIMBLE_HCI_ERROR + hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR
            raise OSError(-code if radio.is_nimble else errno.EINVAL, f"{low}, {high} x 1.25 ms, {timeout} x 10 ms")
        self._is_connecting = True
        try:
            await radio.passes(radio.costs.scan_start_us)
            await radio.renew_address()
            await radio.begin(
                hci.HCI_LE_Create_Connection_Command(
                    le_scan_interval=defaults.scan_interval_us // SLOT_US,
                    le_scan_window=defaults.scan_window_us // SLOT_US,
                    initiator_filter_policy=0,
                    peer_address_type=peer.address_type,
                    peer_address=peer,
                    own_address_type=radio.address.address_type,
                    connection_interval_min=low,
                    connection_interval_max=high,
                    max_latency=defaults.latency,
                    supervision_timeout=timeout,
                    min_ce_length=0,
                    max_ce_length=0,
                )
            )
        except OSError:
            self._is_connecting = False
            raise
        if radio.is_nimble and duration_ms != _NIMBLE_FOR_EVER_MS:
            self._give_up_in((duration_ms or _NIMBLE_DEFAULT_MS) / 1000)

    def _refuse(self, address_type: int, peer: hci.Address, duration_ms: int) -> None:
        radio = self._radio
        is_connected = peer in radio.controller.le_connections
        is_nimble, is_full = radio.is_nimble, not radio.controller.has_room
        refusals = (
            (self._is_connecting, errno.EALREADY if is_nimble else errno.EINVAL, "one attempt at a time"),
            (is_connected and not is_nimble, errno.EINVAL, "connected to it already"),
            (is_full, errno.ENOMEM, "no room for one more connection"),
            (address_type > (3 if is_nimble else 1), errno.EINVAL, f"address type {address_type}"),
            (duration_ms < 0, errno.EINVAL, f"an attempt of {duration_ms} ms"),
            (is_connected, errno.EIO, "connected to it already"),
        )
        for is_refused, number, why in refusals:
            if is_refused:
                raise OSError(number, why)

    async def cancel(self) -> None:
        """`gap_connect(None)`. NimBLE refuses it without an attempt, BTstack does nothing."""
        if self._is_connecting:
            await self._radio.command(hci.HCI_LE_Create_Connection_Cancel_Command())
        elif self._radio.is_nimble:
            raise OSError(errno.EALREADY, "no attempt to cancel")

    def _give_up_in(self, seconds: float) -> None:
        self._patience = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = asyncio.get_running_loop().create_task(self._try_to_give_up())

    async def _try_to_give_up(self) -> None:
        try:
            await self.cancel()
        except OSError:  # the CONNECT_IND is under way
            if self._is_connecting:
                self._give_up_in(_NIMBLE_RETRY_S)

    def on_connection(self) -> None:
        """This board is a central now."""
        self._is_connecting = False
        if self._patience is not None:
            self._patience.cancel()

    def _on_failure(self, _transport: PhysicalTransport, _peer: hci.Address, _status: int) -> None:
        self.on_connection()
        if self._radio.is_nimble:
            self._raise_irq(IRQ_PERIPHERAL_DISCONNECT, (NO_CONNECTION, *NO_ADDRESS))
        else:
            self._raise_irq(IRQ_PERIPHERAL_CONNECT, (0, 0, bytes(6)))
