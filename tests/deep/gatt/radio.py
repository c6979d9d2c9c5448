"""A unit's `bluetooth.BLE` with a GATT server and one peer, in CPython: the fast fidelity's radio and a line to it.

Values, limits, events, costs and their order are those of `simulator/bluetooth/gatt.py` (where ATT is Bumble's): a
write waits for the handler, values are cut at their buffer, notifications fail with ENOMEM where no room is. Left out:
ATT's own bytes, connection events, loss, pairing, and the invitation on the air: the peer knows where the unit is.
"""

import asyncio
import errno
import random
from typing import Any

from simulator.bluetooth.ble_stack import IRQ_CENTRAL_CONNECT, IRQ_CENTRAL_DISCONNECT, IRQ_MTU_EXCHANGED
from simulator.bluetooth.gatt import IRQ_GATTS_WRITE
from simulator.fast.board import FastBoard
from simulator.fast.radio import FastBle

CONNECTION = 1
DEFAULT_BUFFER_BYTES = 20
NOTIFIED_S = 0.0075  # a connection event in which what was queued goes out
HANDLER_S = 1.0


class GattBle(FastBle):
    """`inviting`: the unit advertises connectable now."""

    def _forget(self) -> None:
        super()._forget()
        self.inviting = False
        self._line: PeerLine | None = None
        self._limits: dict[int, int] = {}
        self._handles: tuple[int, ...] = ()
        self._handled: asyncio.Event | None = None
        self._queued = 0
        self.stalled = False

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        if op == "gatts_notify":
            return await self._notify(*args)
        if op == "gatts_set_buffer":
            self._limits[args[0]] = args[1]
            return None
        if op == "gap_disconnect":
            was = self._line is not None and args[0] == CONNECTION
            if was:
                asyncio.get_running_loop().call_later(0.02, self._hang_up)
            return was or not self._is_nimble
        if op == "gatts_read" and self._handled is not None:
            try:
                return await super().call(op, args)
            finally:
                self._handled.set()
        return await super().call(op, args)

    def _register(self, radio: Any, services: Any) -> tuple[tuple[int, ...], ...]:
        handles = super()._register(radio, services)
        self._handles = handles[0]
        return handles

    async def _gap_advertise(self, radio: Any, *args: Any) -> None:
        interval_us, _, _, connectable = args
        self.inviting = False
        if interval_us is not None and connectable:
            radio.advertiser.stop()
            await asyncio.sleep(self._costs.adv_start_us / 1e6)
            self.inviting = self._line is None
            return
        await super()._gap_advertise(radio, *args)

    async def _notify(self, connection: int, handle: int, data: bytes | None) -> None:
        await asyncio.sleep(self._costs.notify_us / 1e6)
        if self.stalled or (self._costs.notify_pool and self._queued >= self._costs.notify_pool):
            raise OSError(errno.ENOMEM, "no buffer for one more notification")
        if self._line is None or connection != CONNECTION:
            raise OSError(errno.ENOTCONN if self._is_nimble else errno.EINVAL, f"no connection {connection}")
        self._queued += 1
        asyncio.get_running_loop().call_later(NOTIFIED_S, self._sent, self._line, handle, bytes(data or b""))

    def _sent(self, line: "PeerLine", handle: int, data: bytes) -> None:
        self._queued -= 1
        if line.is_up:
            line.notify(handle == self._handles[2], data[: line.mtu - 3])

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.down()
            self._raise(IRQ_CENTRAL_DISCONNECT, (CONNECTION, 1, line.address), 0)

    # The peer's side.

    async def connect(self, mtu: int, chance: random.Random) -> "PeerLine":
        """Connect to a unit that invites; at 23 no exchange takes place."""
        assert self.inviting and self._line is None
        self.inviting = False
        line = self._line = PeerLine(self, mtu, chance.randbytes(6))
        self._raise(IRQ_CENTRAL_CONNECT, (CONNECTION, 1, line.address), 0)
        if mtu > 23:
            await asyncio.sleep(0.02)
            self._raise(IRQ_MTU_EXCHANGED, (CONNECTION, mtu), 0)
        return line

    async def write(self, line: "PeerLine", index: int, frame: bytes) -> None:
        """Bytes into the value number `index` of the service."""
        await asyncio.sleep(self._costs.att_us / 1e6)
        if self._line is not line:
            return
        handle = self._handles[index]
        self._values[handle - 1] = frame[: self._limits.get(handle, DEFAULT_BUFFER_BYTES)]
        self._handled = asyncio.Event()
        self._raise(IRQ_GATTS_WRITE, (CONNECTION, handle), 0)
        try:
            await asyncio.wait_for(self._handled.wait(), HANDLER_S)
        except TimeoutError:
            pass  # another value than the firmware reads, or it lost its power
        self._handled = None

    def disconnect(self, line: "PeerLine") -> None:
        if self._line is line:
            self._hang_up()


class GattBoard(FastBoard):
    """A board of the fast fidelity with that radio."""

    ble_type = GattBle


class PeerLine:
    """A `line.Line` to it."""

    def __init__(self, ble: GattBle, mtu: int, address: bytes) -> None:
        self.mtu = mtu
        self.address = address
        self.writes = self.notified = 0
        self.is_up = True
        self._ble = ble
        self._replies: list[bytes] = []
        self._came = asyncio.Event()

    async def write(self, frame: bytes) -> None:
        if self.is_up:
            self.writes += 1
            await self._ble.write(self, 1, frame)

    async def write_elsewhere(self, number: int, frame: bytes) -> None:
        """As ATT does, it refuses: none of them can be written, so nothing reaches the firmware."""

    def notify(self, is_reply: bool, data: bytes) -> None:
        self.notified += 1
        if is_reply:
            self._replies.append(data)
            self._came.set()

    def down(self) -> None:
        self.is_up = False
        self._came.set()

    async def reply(self, wait_s: float) -> bytes | None:
        if not self._replies and self.is_up:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), wait_s)
            except TimeoutError:
                return None
        return self._replies.pop(0) if self._replies else None

    async def stall(self, seconds: float) -> None:
        self._ble.stalled = True
        await asyncio.sleep(seconds)
        self._ble.stalled = False

    async def close(self) -> None:
        self._ble.disconnect(self)
        await asyncio.sleep(0.05)
