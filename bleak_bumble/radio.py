"""One Bumble device shared by many scanners and clients: who wants a scan, who connects, and what HCI's failures mean.

Every exchange with the controller runs to its end even when its caller is cancelled: half an exchange would leave the
controller in a state that nobody knows.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from enum import Enum, auto
from typing import Any, TypeVar

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from bumble import hci
from bumble.core import BaseBumbleError
from bumble.device import Connection, ConnectionParametersPreferences, Device

T = TypeVar("T")
logger = logging.getLogger(__name__)

LINUX_PREFERENCES = ConnectionParametersPreferences(
    connection_interval_min=30, connection_interval_max=50, max_latency=0, supervision_timeout=420
)
"""Milliseconds; the defaults of Linux: net/bluetooth/hci_core.c, hci_alloc_dev_priv."""
COMMAND_TIMEOUT_S = 10.0
"""A controller answers a command within milliseconds; one that does not is dead."""
_CALL_OFF_TIMEOUT_S = 2.0
_ATTRIBUTE = "_bleak_bumble_radio"

_running: set[asyncio.Task[Any]] = set()  # the loop itself keeps no strong reference to a task


def spawn(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that is kept until it has ended."""
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`. When the caller is cancelled, the work goes on and the cancellation is raised at its end."""
    task = spawn(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # the cancellation is what the caller hears of
        raise


class _May(Enum):
    """What scanning is allowed beside other work of the radio."""

    ASK = auto()  # actively, if somebody wants that
    LISTEN = auto()  # passively
    NOTHING = auto()


class Radio:
    """The device as its scanners and clients use it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.lost: str | None = None
        """Why the radio is gone for good, once it is: every further call fails with it."""
        self._wishes: dict[object, bool] = {}  # each scanner that runs: whether it scans actively
        self._scans: bool | None = None  # what the controller does: None, or whether it scans actively
        self._scan_change = asyncio.Lock()
        self._may_scan = _May.ASK
        self._initiating = asyncio.Lock()
        device.on(Device.EVENT_FLUSH, self._forget_scans)

    async def has_bond(self, peer: hci.Address) -> bool:
        """Whether the device has keys of this peer."""
        store = self.device.keystore
        return store is not None and await store.get(str(peer)) is not None

    async def forget_bond(self, peer: hci.Address) -> None:
        """Delete the keys of this peer, if there are any."""
        if await self.has_bond(peer):
            assert self.device.keystore is not None
            await self.device.keystore.delete(str(peer))

    def _forget_scans(self) -> None:
        """The controller was reset, switched off or lost: it scans no more."""
        self._wishes.clear()
        self._scans = None

    def check(self) -> None:
        """Raise what bleak's callers expect when there is no radio to use."""
        if self.lost is not None:
            raise BleakBluetoothNotAvailableError(self.lost, BleakBluetoothNotAvailableReason.NO_BLUETOOTH)
        if not self.device.powered_on:
            text = "The Bumble device is powered off. Await its power_on() first."
            raise BleakBluetoothNotAvailableError(text, BleakBluetoothNotAvailableReason.POWERED_OFF)

    async def command(self, exchange: Coroutine[Any, Any, T]) -> T:
        """Await one exchange with the controller; BleakError when it fails or is not answered."""
        if self.lost is not None:
            exchange.close()
            raise BleakError(self.lost)
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                return await exchange
        except TimeoutError as error:
            raise BleakError(f"The Bluetooth controller did not answer within {COMMAND_TIMEOUT_S:g} s.") from error
        except BaseBumbleError as error:
            raise BleakError(f"The Bluetooth controller refused: {error}") from error

    # Scanning: the union of what the scanners want.

    async def scan(self, scanner: object, active: bool) -> None:
        """Scan for `scanner` until `end_scan`."""
        self.check()
        self._wishes[scanner] = active
        try:
            await to_the_end(self._adjust_scan())
        except BaseException:
            await self.end_scan(scanner)  # a start that was cancelled has begun to scan all the same
            raise

    async def end_scan(self, scanner: object) -> None:
        """`scanner` needs no scan any more. Nothing happens when the radio is gone."""
        self._wishes.pop(scanner, None)
        if self.lost is None and self.device.powered_on:
            await to_the_end(self._adjust_scan())

    async def _adjust_scan(self) -> None:
        async with self._scan_change:
            is_active = any(self._wishes.values()) and self._may_scan is not _May.LISTEN
            wanted = is_active if self._wishes and self._may_scan is not _May.NOTHING else None
            if wanted == self._scans:
                return
            if self._scans is not None:
                self._scans = None
                await self.command(self.device.stop_scanning())
            if wanted is not None:
                await self.command(self.device.start_scanning(active=wanted))
                self._scans = wanted

    # Connecting: one at a time.

    async def connect(self, address: hci.Address, preferences: ConnectionParametersPreferences) -> Connection:
        """Connect. There is no time limit: cancel it, and the controller stops trying before the cancel is raised."""
        self.check()
        abandoned = asyncio.Event()
        attempt = spawn(self._attempt(address, preferences, abandoned))
        try:
            await asyncio.wait({attempt})
        except asyncio.CancelledError:
            abandoned.set()
            attempt.add_done_callback(self._drop)
            await asyncio.wait({attempt})
            raise
        return attempt.result()

    async def _attempt(
        self, address: hci.Address, preferences: ConnectionParametersPreferences, abandoned: asyncio.Event
    ) -> Connection:
        name = address.to_string(False)
        async with self._initiating:
            if abandoned.is_set():
                raise BleakError("given up before it began")
            if self.device.find_connection_by_bd_addr(address) is not None:
                raise BleakError(f"{name} is already connected by another client of this radio.")
            try:
                return await self._beside_scanning(address, preferences, abandoned)
            except BaseBumbleError as error:
                raise BleakError(f"Connecting to {name} failed: {error}") from error

    async def _beside_scanning(
        self, address: hci.Address, preferences: ConnectionParametersPreferences, abandoned: asyncio.Event
    ) -> Connection:
        # An initiator that asks everybody for scan responses may miss whom it waits for.
        async with self._scanning_at_most(_May.LISTEN):
            try:
                return await self._initiate(address, preferences, abandoned)
            except hci.HCI_Error as error:
                if self._scans is None or error.error_code != hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR:
                    raise
        # Many controllers cannot scan and connect at once; Linux never lets them.
        async with self._scanning_at_most(_May.NOTHING):
            return await self._initiate(address, preferences, abandoned)

    @contextlib.asynccontextmanager
    async def _scanning_at_most(self, allowed: _May) -> AsyncIterator[None]:
        """Within it, the scanners' wishes are met so far only."""
        self._may_scan = allowed
        try:
            await self._adjust_scan()
            yield
        finally:
            self._may_scan = _May.ASK
            try:
                await self._adjust_scan()
            except BleakError as error:
                logger.warning("scanning did not go on after a connection attempt: %s", error)

    async def _initiate(
        self, address: hci.Address, preferences: ConnectionParametersPreferences, abandoned: asyncio.Event
    ) -> Connection:
        initiating = spawn(
            self.device.connect(address, connection_parameters_preferences={hci.Phy.LE_1M: preferences}, timeout=None)
        )
        giving_up = spawn(abandoned.wait())
        await asyncio.wait({initiating, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        giving_up.cancel()
        if not initiating.done():
            await self._call_off(initiating)
        if initiating.cancelled():
            raise BleakError(self.lost or "The radio was switched off, or gave up, while it connected.")
        return initiating.result()

    async def _call_off(self, initiating: asyncio.Task[Connection]) -> None:
        """Make the controller stop; the attempt may still succeed meanwhile."""
        cancel = hci.HCI_LE_Create_Connection_Cancel_Command()
        try:
            await self.command(self.device.host.send_sync_command_raw(cancel))
        except BleakError as error:
            logger.warning("cancelling a connection attempt: %s", error)
        await asyncio.wait({initiating}, timeout=_CALL_OFF_TIMEOUT_S)
        if not initiating.done():
            # Stock Bumble 0.0.236 says yes and does nothing. The controller may refuse further attempts.
            logger.warning("the controller did not confirm that it stopped connecting")
            initiating.cancel()
            await asyncio.wait({initiating})

    def _drop(self, attempt: asyncio.Task[Connection]) -> None:
        """End a connection that came about after its caller had given up."""
        if not attempt.cancelled() and attempt.exception() is None:
            spawn(self._disconnect_unwanted(attempt.result()))

    async def _disconnect_unwanted(self, connection: Connection) -> None:
        try:
            await self.disconnect(connection)
        except BleakError as error:
            logger.info("a connection that nobody wanted any more: %s", error)

    async def disconnect(self, connection: Connection) -> None:
        """Ask the controller to end a connection; when it has ended, Bumble says so by the connection's event.

        Bumble's own `Device.disconnect` breaks when the transport is lost meanwhile.
        """
        reason = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        command = hci.HCI_Disconnect_Command(connection_handle=connection.handle, reason=reason)
        await self.command(self.device.host.send_async_command(command))


def radio_of(device: Device) -> Radio:
    """The one `Radio` of a device."""
    attributes = vars(device)
    if _ATTRIBUTE not in attributes:
        attributes[_ATTRIBUTE] = Radio(device)
    radio = attributes[_ATTRIBUTE]
    assert isinstance(radio, Radio)
    return radio
