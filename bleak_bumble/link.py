"""One connection: its GATT requests, each of which ends with an answer, an error, or the end of the link.

A request goes on when its caller is cancelled: ATT allows one at a time, and the next must not get the answer of one
that was given up (Core specification 6.0, Vol 3, Part F, 3.3.2). Not here: who connects (`radio.py`) and what bleak
makes of it (`client.py`).
"""

import asyncio
import logging
import struct
from collections.abc import Coroutine
from typing import Any, TypeVar

from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, gatt_client, hci
from bumble.core import BaseBumbleError
from bumble.device import Connection

from .radio import Radio, spawn

T = TypeVar("T")
logger = logging.getLogger(__name__)

MIN_MTU = 23
_ENDING_TIMEOUT_S = 10.0
"""A peer that is gone is noticed within the supervision timeout; after this, the controller is taken for dead."""
_FLOW_POLL_S = 0.1
_DATA_LENGTH_BYTES, _DATA_LENGTH_US = 251, 2120
"""The longest that LE 1M offers: Core specification 6.0, Vol 6, Part B, 4.5.10."""
_PAIRING_TIMEOUT_S = 30.0
"""Core specification 6.0, Vol 3, Part H, 3.4."""


class Link:
    """A connection from its establishment on."""

    def __init__(self, radio: Radio, connection: Connection) -> None:
        self.ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """Done when the link has ended; the HCI error code, or None when the radio itself went away."""
        self._radio = radio
        self._connection = connection
        self._requests: set[asyncio.Task[Any]] = set()
        self._ending: asyncio.Task[None] | None = None
        connection.once(Connection.EVENT_DISCONNECTION, self._end)
        if radio.device.lookup_connection(connection.handle) is not connection:
            self._end(0)  # it ended before anybody could listen

    def _end(self, reason: int) -> None:
        if not self.ended.done():
            self.ended.set_result(reason or None)
        for request in list(self._requests):
            request.cancel()

    @property
    def is_up(self) -> bool:
        """Whether it can carry a request."""
        return not self.ended.done()

    @property
    def client(self) -> gatt_client.Client:
        """Bumble's GATT client: to be used within `run`."""
        return self._connection.gatt_client

    @property
    def mtu(self) -> int:
        """ATT MTU in bytes."""
        return max(MIN_MTU, self._connection.att_mtu)

    def broken(self) -> BleakError:
        """What a caller is told when the link has ended."""
        reason = self.ended.result() if self.ended.done() else None
        if reason is None:
            return BleakError(self._radio.lost or "Disconnected: the radio was switched off, or the link is gone.")
        return BleakError(f"Disconnected: {hci.HCI_ErrorCode(reason).name}.")

    async def run(self, request: Coroutine[Any, Any, T]) -> T:
        """Await one request of `client`. BleakGATTProtocolError where the peer refuses, BleakError for the rest."""
        if not self.is_up:
            request.close()
            raise self.broken()
        task = spawn(request)
        self._requests.add(task)
        task.add_done_callback(self._done)
        await asyncio.wait({task})
        if task.cancelled():
            raise self.broken()
        try:
            return task.result()
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except core.TimeoutError as error:
            # After an ATT timeout nothing more may be sent on this bearer: Vol 3, Part F, 3.3.3.
            spawn(self.close())
            raise BleakError("The peripheral did not answer; the link is given up.") from error
        except BaseBumbleError as error:
            raise BleakError(f"GATT: {error}") from error
        except (struct.error, ValueError, IndexError) as error:
            raise BleakError(f"The peripheral's answer is malformed: {error}") from error

    def _done(self, request: asyncio.Task[Any]) -> None:
        self._requests.discard(request)
        if not request.cancelled():
            request.exception()  # seen, in case that its caller was cancelled

    async def prepare(self, mtu: int) -> None:
        """Ask for long packets and for an MTU; a controller or a peer that knows neither is fine."""
        host = self._radio.device.host
        if host.supports_command(hci.HCI_LE_SET_DATA_LENGTH_COMMAND):
            command = hci.HCI_LE_Set_Data_Length_Command(
                connection_handle=self._connection.handle, tx_octets=_DATA_LENGTH_BYTES, tx_time=_DATA_LENGTH_US
            )
            try:
                await self._radio.command(host.send_sync_command_raw(command))
            except BleakError as error:
                logger.info("data length extension: %s", error)
        if mtu > MIN_MTU:
            try:
                await self.run(self.client.request_mtu(mtu))
            except BleakGATTProtocolError as error:
                logger.info("MTU exchange: %s", error)

    @property
    def peer(self) -> hci.Address:
        """Whose link it is."""
        return self._connection.peer_address

    async def secure(self) -> None:
        """Encrypt by the bond where there is one, else pair as the device's `pairing_config_factory` says.

        A peer that does not answer for 30 s has lost the link, as with Linux.
        """
        connection = self._connection
        is_bonded = await self._radio.has_bond(self.peer)
        try:
            async with asyncio.timeout(_PAIRING_TIMEOUT_S):
                await self.run(connection.encrypt() if is_bonded else connection.pair())
        except TimeoutError as error:
            spawn(self.close())
            raise BleakError("The peripheral did not answer to the pairing; the link is given up.") from error
        except BleakError as error:
            if not is_bonded or not self.is_up:
                raise
            raise BleakError(f"The peripheral refuses the bond: unpair(), then pair again ({error}).") from error

    async def write_command(self, handle: int, data: bytes) -> None:
        """Write without response; waits while the controller's buffers are full, as BlueZ's socket does."""
        await self.run(self._write_command(handle, data))

    async def _write_command(self, handle: int, data: bytes) -> None:
        queue = self._connection.data_packet_queue
        while queue is not None and queue.pending >= queue.max_in_flight:
            flowed = asyncio.Event()
            queue.once("flow", flowed.set)
            try:
                # Polled as well: when another link's packets are flushed, Bumble announces no flow.
                async with asyncio.timeout(_FLOW_POLL_S):
                    await flowed.wait()
            except TimeoutError:
                pass
            finally:
                if flowed.set in queue.listeners("flow"):
                    queue.remove_listener("flow", flowed.set)
        await self.client.write_value(handle, data, with_response=False)

    async def close(self) -> None:
        """End the link and wait until it has ended; all callers wait for the same end. TimeoutError after 10 s."""
        if self._ending is None:
            self._ending = spawn(self._close())
        await asyncio.shield(self._ending)

    async def _close(self) -> None:
        if not self.is_up:
            return
        try:
            await self._radio.disconnect(self._connection)
        except BleakError as error:
            logger.info("disconnecting: %s", error)  # the controller knows no such connection, or is gone
            self._end(0)
        await asyncio.wait({self.ended}, timeout=_ENDING_TIMEOUT_S)
        if self.is_up:
            self._end(0)
            raise TimeoutError(f"The controller did not end the connection within {_ENDING_TIMEOUT_S:g} s.")
