"""The GATT server of one board, as MicroPython's bindings run it: values, limits, events, the notification queue.

The table of attributes is `attributes.py`, ATT itself is Bumble's server, `bearers.py` has the connections; the client
is `gattc.py`. Requests are served one after the other, each after `att_us`; a write or a read waits until the handler
of the firmware has returned, as on the ports, where the handler runs on the stack's own task. So `gatts_read` in the
handler gives the value of that event, and the client's response comes after the handler. Not here: included and
secondary services, signed writes, a limit for requests that wait.

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
    Attributes,
    Services,
    Value,
)
from .bearers import MIN_MTU, Bearer, Bearers

IRQ_GATTS_WRITE = 3
IRQ_GATTS_READ_REQUEST = 4
IRQ_GATTS_INDICATE_DONE = 20
_NIMBLE_NOTCONN, _NIMBLE_TIMEOUT = 7, 13  # BLE_HS_ENOTCONN, BLE_HS_ETIMEOUT
_BTSTACK_TIMEOUT, _BTSTACK_DISCONNECT = 0x91, 0x92  # ATT_HANDLE_VALUE_INDICATION_...
_NIMBLE_SERVICES = 8  # MP_BLUETOOTH_NIMBLE_MAX_SERVICES
_NIMBLE_EAPP = -9  # BLE_HS_EAPP: the binding has no errno for it


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

    `raise_irq` tells the firmware, `ask` does, and gives back what its handler returned. Errors are OSError, as
    firmware sees them.
    """

    def __init__(
        self,
        costs: GattCosts,
        is_nimble: bool,
        gap_name: Callable[[], bytes],
        bearers: Bearers,
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        ask: Callable[[int, tuple[Any, ...]], Awaitable[object]],
        refusal: Callable[[Bearer, int, bool], Awaitable[att.ErrorCode | None]],
    ) -> None:
        self.mtu = costs.mtu
        self._costs = costs
        self._is_nimble = is_nimble
        self._gap_name = gap_name
        self._bearers = bearers
        self._raise_irq = raise_irq
        self._ask = ask
        self._refusal = refusal
        self._one_at_a_time = asyncio.Lock()
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
        return Attributes(self._bearers.send, self._gap_name, self._is_nimble, self.mtu)

    def _register(self, services: Services) -> tuple[tuple[int, ...], ...]:
        if self._is_nimble and len(services) > _NIMBLE_SERVICES:
            raise OSError(errno.E2BIG, f"NimBLE's binding takes {_NIMBLE_SERVICES} services")
        if not self._is_nimble and _has_middle_uuids(services):
            raise OSError(errno.EINVAL, "BTstack's binding takes no UUIDs of 32 bits")
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

        async def read(bearer: Any) -> bytes:
            async with self._one_at_a_time:
                await self._turn(bearer, value.flags & FLAG_READ, att.ATT_READ_NOT_PERMITTED_ERROR)
                await self._judge(bearer, value, is_read=True)
                answer = await self._ask(IRQ_GATTS_READ_REQUEST, (bearer.handle, attribute.handle))
                refusal = answer if isinstance(answer, int) else 0
                value.is_denied = not refusal and not self._is_nimble
                if refusal and self._is_nimble:
                    raise att.ATT_Error(att.ErrorCode(refusal & 0xFF))
                return value.data

        async def write(bearer: Any, data: bytes) -> None:
            async with self._one_at_a_time:
                await self._turn(bearer, value.flags & FLAG_WRITES, att.ATT_WRITE_NOT_PERMITTED_ERROR)
                await self._judge(bearer, value, is_read=False)
                value.take(data)
                await self._ask(IRQ_GATTS_WRITE, (bearer.handle, attribute.handle))

        attribute.value = att.AttributeValue(read=read, write=write)

    async def _judge(self, bearer: Bearer, value: Value, *, is_read: bool) -> None:
        """NimBLE looks into the store of bonds for what it answers; BTstack's rules are in the table of attributes."""
        refusal = await self._refusal(bearer, value.flags, is_read)
        if refusal is not None:
            raise att.ATT_Error(refusal)

    async def _turn(self, bearer: Bearer, is_permitted: int, refusal: att.ErrorCode) -> None:
        if not is_permitted:
            raise att.ATT_Error(refusal)
        await asyncio.sleep(self._costs.att_us / 1e6)
        if bearer.is_gone:
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
            for bearer in self._bearers:
                self._update(bearer, handle)
        return len(data)

    def _update(self, bearer: Bearer, handle: int) -> None:
        subscription = self._attributes.subscription(bearer, handle)
        try:
            if subscription & 1:
                self._notify(bearer.handle, handle, None, is_indication=False)
            if subscription & 2:
                self._notify(bearer.handle, handle, None, is_indication=True)
        except OSError:
            if not self._is_nimble:  # `ble_gatts_chr_updated` has no result
                raise

    def _set_buffer(self, handle: int, length: int, append: bool) -> None:
        value = self._value(handle)
        value.data, value.limit, value.appends = b"", length, bool(append)

    def _notify(self, connection: int, handle: int, data: bytes | None, *, is_indication: bool) -> None:
        if self._bearers.is_full:
            raise OSError(errno.ENOMEM, "no buffer for one more notification")
        bearer = self._bearers.get(connection)
        if bearer is None:
            # BTstack's binding has no errno for it.
            raise OSError(errno.ENOTCONN if self._is_nimble else errno.EINVAL, f"no connection {connection}")
        if data is None:
            data = self._own_value(handle)
        data = bytes(data)[: bearer.att_mtu - 3]
        if not is_indication:
            self._bearers.send(bearer, bytes(att.ATT_Handle_Value_Notification(handle, data)), is_pooled=True)
            return
        task = asyncio.get_running_loop().create_task(self._indicate(bearer, handle, data))
        bearer.indications[task] = handle
        task.add_done_callback(lambda task: bearer.indications.pop(task, None))

    def _own_value(self, handle: int) -> bytes:
        value = self._attributes.values.get(handle)
        if value is not None:
            return value.data
        if self._is_nimble:
            raise OSError(_NIMBLE_EAPP, f"no attribute with the handle {handle}")
        return b""  # BTstack's binding does not look at the error

    async def _indicate(self, bearer: Bearer, handle: int, data: bytes) -> None:
        status = 0
        attribute: att.Attribute[bytes] = att.Attribute(core.UUID.from_16_bits(0), 0)  # type: ignore[arg-type]
        attribute.handle = handle
        try:
            await self._attributes.indicate_subscriber(bearer, attribute, data, force=True)  # type: ignore[arg-type]
        except TimeoutError:
            status = _NIMBLE_TIMEOUT if self._is_nimble else _BTSTACK_TIMEOUT
        self._raise_irq(IRQ_GATTS_INDICATE_DONE, (bearer.handle, handle, status))

    # What the radio tells.

    def disconnected(self, bearer: Bearer) -> None:
        """A client is gone; the firmware is told of what it did not confirm."""
        status = _NIMBLE_NOTCONN if self._is_nimble else _BTSTACK_DISCONNECT
        for task, handle in bearer.indications.items():
            task.cancel()
            self._raise_irq(IRQ_GATTS_INDICATE_DONE, (bearer.handle, handle, status))
        self._attributes.on_disconnection(bearer)  # type: ignore[arg-type]

    def close(self) -> None:
        """The radio goes off: as if all clients had gone, without a word to the firmware."""
        self._raise_irq = _nobody
        for bearer in self._bearers:
            self.disconnected(bearer)

    def on_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        """A request, command or confirmation; what no server has is ignored."""
        try:
            request = att.ATT_PDU.from_bytes(pdu)
        except Exception:  # noqa: BLE001  # whatever a stranger sends
            if pdu[0] in att.ATT_REQUESTS:
                self._bearers.send(bearer, bytes(att.ATT_Error_Response(pdu[0], 0, att.ATT_INVALID_PDU_ERROR)))
            return
        self._attributes.on_gatt_pdu(bearer, request)  # type: ignore[arg-type]


def _has_middle_uuids(services: Services) -> bool:
    uuids = [uuid for uuid, _ in services]
    for _, characteristics in services:
        for uuid, _, descriptors in characteristics:
            uuids += [uuid, *(descriptor for descriptor, _ in descriptors)]
    return any(len(uuid) == 4 for uuid in uuids)


def _nobody(event: int, data: tuple[Any, ...]) -> None:
    """The firmware has switched the radio off."""
