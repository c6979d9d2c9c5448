"""The GATT server of one board, as MicroPython's bindings run it: values, limits, events, the notification queue.

The table of attributes is `attributes.py`, ATT itself is Bumble's server. Requests of the centrals are served one after
the other, each after `att_us`; a write or a read waits until the firmware's handler has returned, as on the ports,
where the handler runs on the stack's own task. So `gatts_read` in the handler gives the value of that event, and the
central's response comes after the handler. Not here: pairing (what asks for encryption cannot be had), included and
secondary services, a limit for requests that wait.

Sources, MicroPython 1.29: extmod/modbluetooth.c (values), extmod/nimble/modbluetooth_nimble.c (esp32) and
extmod/btstack/modbluetooth_btstack.c (rp2).
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bumble import att, core

from .attributes import (
    FLAG_INDICATE,
    FLAG_NOTIFY,
    FLAG_READ,
    FLAG_WRITES,
    MIN_MTU,
    Attributes,
    Central,
    Services,
    Value,
)

IRQ_GATTS_WRITE = 3
IRQ_GATTS_READ_REQUEST = 4
IRQ_GATTS_INDICATE_DONE = 20
IRQ_MTU_EXCHANGED = 21
SMP_CID = 6
_NIMBLE_NOTCONN, _NIMBLE_TIMEOUT = 7, 13  # BLE_HS_ENOTCONN, BLE_HS_ETIMEOUT
_BTSTACK_TIMEOUT, _BTSTACK_DISCONNECT = 0x91, 0x92  # ATT_HANDLE_VALUE_INDICATION_...
_PAIRING_REQUEST = 1
_PAIRING_NOT_SUPPORTED = bytes((5, 5))  # Pairing Failed: Core specification 6.0, Vol 3, Part H, 3.5.5


class GattCosts(Protocol):
    """What the GATT server needs of a board's profile; times in microseconds of the board's time."""

    @property
    def att_us(self) -> int:
        """From the last bit of a request to the handler."""

    @property
    def gatts_us(self) -> int:
        """One call that reads or writes a value."""

    @property
    def notify_us(self) -> int:
        """One `gatts_notify` or `gatts_indicate`, until it is queued."""

    @property
    def notify_pool(self) -> int:
        """Notifications that can wait to be sent; 0: as many as the heap holds."""

    @property
    def mtu(self) -> int:
        """The preferred MTU after start."""

    @property
    def mtu_max(self) -> int:
        """The largest that `config(mtu=)` takes."""


class GattServer:
    """The attributes of one board while its radio is active.

    `send(connection, channel, pdu)` returns how many packets that took; `raise_irq` tells the firmware, `ask` does,
    and gives back what its handler returned. Errors are OSError, as firmware sees them.
    """

    def __init__(
        self,
        costs: GattCosts,
        is_nimble: bool,
        gap_name: Callable[[], bytes],
        send: Callable[[int, int, bytes], int],
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        ask: Callable[[int, tuple[Any, ...]], Awaitable[int]],
    ) -> None:
        self.mtu = costs.mtu
        self.centrals: dict[int, Central] = {}
        self._costs = costs
        self._is_nimble = is_nimble
        self._gap_name = gap_name
        self._send = send
        self._raise_irq = raise_irq
        self._ask = ask
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._attributes = self._fresh_attributes()

    # What the firmware calls.

    async def call(self, op: str, args: tuple[Any, ...]) -> object:
        """One of the `gatts_...` methods."""
        match op:
            case "gatts_register_services":
                return self._register(*args)
            case "gatts_read":
                await asyncio.sleep(self._costs.gatts_us / 1e6)
                return self._read(*args)
            case "gatts_write":
                await asyncio.sleep(self._costs.gatts_us / 1e6)
                return self._write(*args)
            case "gatts_set_buffer":
                self._set_buffer(*args)
            case "gatts_notify" | "gatts_indicate":
                await asyncio.sleep(self._costs.notify_us / 1e6)
                self._notify(*args, is_indication=op == "gatts_indicate")
            case _:
                raise ValueError(f"this simulator has no bluetooth operation {op!r}")
        return None

    def set_mtu(self, mtu: int) -> None:
        """`config(mtu=)`: for exchanges from now on."""
        if not MIN_MTU <= mtu <= self._costs.mtu_max:
            raise OSError(errno.EINVAL, f"MTU of {mtu}")
        self.mtu = self._attributes.max_mtu = mtu

    def _fresh_attributes(self) -> Attributes:
        return Attributes(self._send_att, self._gap_name, self._is_nimble, self.mtu)

    def _register(self, services: Services) -> tuple[tuple[int, ...], ...]:
        self._attributes = self._fresh_attributes()
        handles = []
        for uuid, characteristics in services:
            owned = self._attributes.register(uuid, characteristics)
            for attribute in owned:
                self._own(attribute)
            handles.append(tuple(attribute.handle for attribute in owned))
        return tuple(handles)

    def _own(self, attribute: att.Attribute[bytes]) -> None:
        """Let the firmware's value stand behind the attribute."""
        value = self._attributes.values[attribute.handle]

        async def read(central: Any) -> bytes:
            async with self._one_at_a_time:
                await self._turn(central, value.flags & FLAG_READ, att.ATT_READ_NOT_PERMITTED_ERROR)
                refusal = await self._ask(IRQ_GATTS_READ_REQUEST, (central.handle, attribute.handle))
                # BTstack's binding has the handler's answer the wrong way round, and only for the length: no effect.
                if refusal and self._is_nimble:
                    raise att.ATT_Error(att.ErrorCode(refusal & 0xFF))
                return value.data

        async def write(central: Any, data: bytes) -> None:
            async with self._one_at_a_time:
                await self._turn(central, value.flags & FLAG_WRITES, att.ATT_WRITE_NOT_PERMITTED_ERROR)
                value.take(data)
                await self._ask(IRQ_GATTS_WRITE, (central.handle, attribute.handle))

        attribute.value = att.AttributeValue(read=read, write=write)

    async def _turn(self, central: Central, is_permitted: int, refusal: att.ErrorCode) -> None:
        if not is_permitted:
            raise att.ATT_Error(refusal)
        await asyncio.sleep(self._costs.att_us / 1e6)
        if central.is_gone:
            raise att.ATT_Error(att.ATT_UNLIKELY_ERROR_ERROR)

    def _value(self, handle: int) -> Value:
        if handle not in self._attributes.values:
            raise OSError(errno.EINVAL, f"no attribute with the handle {handle}")
        return self._attributes.values[handle]

    def _read(self, handle: int) -> bytes:
        value = self._attributes.values.get(handle)
        if value is None:
            return b""  # the binding does not look at the error
        data = value.data
        if value.appends:
            value.data = b""
        return data

    def _write(self, handle: int, data: bytes, send_update: bool) -> int:
        value = self._value(handle)
        if send_update and not self._is_nimble and not value.flags & (FLAG_NOTIFY | FLAG_INDICATE):
            raise OSError(errno.EINVAL, "an update of an attribute that has no subscribers")
        value.data = bytes(data)
        value.limit = max(value.limit, len(data))
        if send_update:
            for central in self.centrals.values():
                self._update(central, handle)
        return len(data)

    def _update(self, central: Central, handle: int) -> None:
        subscription = self._attributes.subscription(central, handle)
        try:
            if subscription & 1:
                self._notify(central.handle, handle, None, is_indication=False)
            if subscription & 2:
                self._notify(central.handle, handle, None, is_indication=True)
        except OSError:
            if not self._is_nimble:  # `ble_gatts_chr_updated` has no result
                raise

    def _set_buffer(self, handle: int, length: int, append: bool) -> None:
        value = self._value(handle)
        value.data, value.limit, value.appends = b"", length, bool(append)

    def _notify(self, connection: int, handle: int, data: bytes | None, *, is_indication: bool) -> None:
        if self._costs.notify_pool and self._waiting >= self._costs.notify_pool:
            raise OSError(errno.ENOMEM, "no buffer for one more notification")
        central = self.centrals.get(connection)
        if central is None:
            # BTstack's binding has no errno for it.
            raise OSError(errno.ENOTCONN if self._is_nimble else errno.EINVAL, f"no connection {connection}")
        if data is None:
            data = self._value(handle).data
        data = bytes(data)[: central.att_mtu - 3]
        if not is_indication:
            self._send_pdu(central, bytes(att.ATT_Handle_Value_Notification(handle, data)), is_pooled=True)
            return
        task = asyncio.get_running_loop().create_task(self._indicate(central, handle, data))
        central.indications.add(task)
        task.add_done_callback(central.indications.discard)

    async def _indicate(self, central: Central, handle: int, data: bytes) -> None:
        status = 0
        attribute: att.Attribute[bytes] = att.Attribute(core.UUID.from_16_bits(0), 0)  # type: ignore[arg-type]
        attribute.handle = handle
        try:
            await self._attributes.indicate_subscriber(central, attribute, data, force=True)  # type: ignore[arg-type]
        except TimeoutError:
            status = _NIMBLE_TIMEOUT if self._is_nimble else _BTSTACK_TIMEOUT
        except asyncio.CancelledError:
            status = _NIMBLE_NOTCONN if self._is_nimble else _BTSTACK_DISCONNECT
        self._raise_irq(IRQ_GATTS_INDICATE_DONE, (central.handle, handle, status))

    # What the radio tells.

    def connected(self, connection: int) -> None:
        """A central is there."""
        self.centrals[connection] = Central(connection, self._on_mtu)

    def disconnected(self, connection: int) -> None:
        """It is gone: what waited for it is dropped."""
        central = self.centrals.pop(connection, None)
        if central is not None:
            central.is_gone = True
            self._waiting -= sum(is_pooled for _, is_pooled in central.unsent)
            for task in central.indications:
                task.cancel()
            self._attributes.on_disconnection(central)  # type: ignore[arg-type]

    def close(self) -> None:
        """The radio goes off: as if all centrals had gone, without a word to the firmware."""
        self._raise_irq = _nobody
        for connection in list(self.centrals):
            self.disconnected(connection)

    def packets_completed(self, connection: int, count: int) -> None:
        """So many packets of this connection have been sent."""
        central = self.centrals.get(connection)
        while central is not None and count and central.unsent:
            first = central.unsent[0]
            step = min(count, first[0])
            first[0] -= step
            count -= step
            if not first[0]:
                self._waiting -= first[1]
                central.unsent.popleft()

    def on_pdu(self, connection: int, channel: int, pdu: bytes) -> None:
        """A PDU of a central, by its L2CAP channel; what no server has is ignored."""
        central = self.centrals.get(connection)
        if central is None or not pdu:
            return
        if channel == SMP_CID and pdu[0] == _PAIRING_REQUEST:
            self._count_sent(central, self._send(connection, SMP_CID, _PAIRING_NOT_SUPPORTED))
        if channel != att.ATT_CID:
            return
        try:
            request = att.ATT_PDU.from_bytes(pdu)
        except Exception:  # noqa: BLE001  # whatever a stranger sends
            if pdu[0] in att.ATT_REQUESTS:
                self._send_att(central, bytes(att.ATT_Error_Response(pdu[0], 0, att.ATT_INVALID_PDU_ERROR)))
            return
        if request.op_code & 1 == 0:  # odd ones are for a client
            self._attributes.on_gatt_pdu(central, request)  # type: ignore[arg-type]

    def _on_mtu(self, central: Central, mtu: int) -> None:
        self._raise_irq(IRQ_MTU_EXCHANGED, (central.handle, mtu))

    def _send_att(self, central: Central, pdu: bytes) -> None:
        self._send_pdu(central, pdu, is_pooled=False)

    def _send_pdu(self, central: Central, pdu: bytes, *, is_pooled: bool) -> None:
        if not central.is_gone:
            self._waiting += is_pooled
            self._count_sent(central, self._send(central.handle, att.ATT_CID, pdu), is_pooled)

    def _count_sent(self, central: Central, packets: int, is_pooled: bool = False) -> None:
        central.unsent.append([packets, int(is_pooled)])


def _nobody(event: int, data: tuple[Any, ...]) -> None:
    """The firmware has switched the radio off."""
