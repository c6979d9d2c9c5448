"""The GATT client of one board, `gattc_...` as MicroPython's bindings run it, and the values it gets unasked.

What a procedure finds it tells the firmware at once, and when it is over, the firmware gets its "done" with a status.
The requests themselves are `att_client.py`. The two stacks differ:

               NimBLE (esp32, stm32wb)                      BTstack (rp2)
    at a time  4 procedures of all connections, then        one of a connection, then EALREADY
               ENOMEM; they wait for each other
    too long   a value is cut to the MTU                    it ends with 13; without response it is EINVAL
    no buffer  for a write without response: ENOMEM         one waits, the next is EALREADY

Not here: caching, EATT, signed writes; indications do not count among NimBLE's four procedures. MicroPython's
documentation says that BTstack as the central does not know an exchange of MTUs that the peripheral began: here it
does.
Sources, MicroPython 1.29: extmod/nimble/modbluetooth_nimble.c, extmod/btstack/modbluetooth_btstack.c; of the stacks
nimble/host/src/ble_gattc.c and src/ble/gatt_client.c.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Any

from bumble import att, core

from .att_client import AttClient, Line, Nonsense, Steps
from .bearers import Bearer, Bearers
from .gatt import GattCosts

IRQ_GATTC_SERVICE_RESULT = 9
IRQ_GATTC_SERVICE_DONE = 10
IRQ_GATTC_CHARACTERISTIC_RESULT = 11
IRQ_GATTC_CHARACTERISTIC_DONE = 12
IRQ_GATTC_DESCRIPTOR_RESULT = 13
IRQ_GATTC_DESCRIPTOR_DONE = 14
IRQ_GATTC_READ_RESULT = 15
IRQ_GATTC_READ_DONE = 16
IRQ_GATTC_WRITE_DONE = 17
IRQ_GATTC_NOTIFY = 18
IRQ_GATTC_INDICATE = 19

_NIMBLE_PROCEDURES = 4  # BLE_GATT_MAX_PROCS
_NO_RESPONSE, _WITH_RESPONSE = 0, 1
_PRIMARY_SERVICE = core.UUID.from_16_bits(0x2800)
_CHARACTERISTIC = core.UUID.from_16_bits(0x2803)
_DECLARATION_BYTES = (5, 19)
_LAST_HANDLE = 0xFFFF
_BASE_UUID = bytes.fromhex("fb349b5f8000008000100000")
"""Of a 128-bit UUID, least significant first, what makes it a short one."""


class GattClient:
    """The questions of one board while its radio is active.

    `can_send` says whether the controller has a buffer, `terminate` ends a connection.
    """

    def __init__(
        self,
        costs: GattCosts,
        is_nimble: bool,
        bearers: Bearers,
        mtu: Callable[[], int],
        raise_irq: Callable[[int, tuple[Any, ...]], None],
        ask: Callable[[int, tuple[Any, ...]], "asyncio.Future[object]"],
        can_send: Callable[[], bool],
        terminate: Callable[[int], None],
    ) -> None:
        self._costs = costs
        self._is_nimble = is_nimble
        self._bearers = bearers
        self._mtu = mtu
        self._raise_irq = raise_irq
        self._ask = ask
        self._can_send = can_send
        self._is_discovering_characteristics = False
        self.requests = AttClient(costs.att_us, is_nimble, bearers, terminate, self._on_value)
        """What the radio tells of connections and of what arrives is for this."""

    # What the firmware calls.

    async def call(self, op: str, args: tuple[Any, ...]) -> None:
        """One of the `gattc_...` methods."""
        await asyncio.sleep(self._costs.notify_us / 1e6)
        match op:
            case "gattc_discover_services":
                self._discover_services(*args)
            case "gattc_discover_characteristics":
                self._discover_characteristics(*args)
            case "gattc_discover_descriptors":
                self._discover_descriptors(*args)
            case "gattc_read":
                self._read(*args)
            case "gattc_write":
                self._write(*args)
            case "gattc_exchange_mtu":
                self._exchange_mtu(*args)
            case _:
                raise ValueError(f"this simulator has no bluetooth operation {op!r}")

    def _discover_services(self, connection: int, uuid: bytes | None) -> None:
        self._refuse_unknown_size(uuid)
        line = self._line(connection)
        steps = self._all_services(connection) if uuid is None else self._services_by_uuid(connection, uuid)
        self.requests.begin(
            line, steps, lambda status, _: self._raise_irq(IRQ_GATTC_SERVICE_DONE, (connection, status))
        )

    def _all_services(self, connection: int) -> Steps:
        last = 0
        while last < _LAST_HANDLE:
            begin = last + 1
            request = att.ATT_Read_By_Group_Type_Request(begin, _LAST_HANDLE, _PRIMARY_SERVICE)
            response: att.ATT_Read_By_Group_Type_Response = yield request
            for start, last, uuid in response.attributes:
                self._raise_irq(IRQ_GATTC_SERVICE_RESULT, (connection, start, last, self._uuid(uuid)))
            _refuse_to_stand_still(begin, last)

    def _services_by_uuid(self, connection: int, uuid: bytes) -> Steps:
        last = 0
        while last < _LAST_HANDLE:
            begin = last + 1
            request = att.ATT_Find_By_Type_Value_Request(begin, _LAST_HANDLE, _PRIMARY_SERVICE, uuid)
            response: att.ATT_Find_By_Type_Value_Response = yield request
            for start, last in response.handles_information:
                self._raise_irq(IRQ_GATTC_SERVICE_RESULT, (connection, start, last, self._uuid(uuid)))
            _refuse_to_stand_still(begin, last)

    def _discover_characteristics(self, connection: int, start: int, end: int, uuid: bytes | None) -> None:
        if self._is_nimble and self._is_discovering_characteristics:
            raise OSError(errno.EBUSY, "characteristics are being discovered, on whatever connection")
        self._refuse_unknown_size(uuid)
        line = self._line(connection)
        self._refuse_range(start, end)
        found: list[tuple[int, int, bytes]] = []

        def report(last: int) -> None:
            for value_handle, properties, kind in found:
                result = (connection, last, value_handle, properties, kind)
                self._raise_irq(IRQ_GATTC_CHARACTERISTIC_RESULT, result)
            found.clear()

        def over(status: int, _: int) -> None:
            self._is_discovering_characteristics = False
            if self._is_nimble or not status:
                report(end)
            self._raise_irq(IRQ_GATTC_CHARACTERISTIC_DONE, (connection, status))

        def steps() -> Steps:
            """Where a characteristic ends, the next one tells: each is reported one late."""
            last = start - 1
            while last < start or last < (end - 2 if self._is_nimble else end):
                begin = last + 1
                response: att.ATT_Read_By_Type_Response
                response = yield att.ATT_Read_By_Type_Request(begin, end, _CHARACTERISTIC)
                for handle, declaration in response.attributes:
                    if len(declaration) not in _DECLARATION_BYTES:
                        raise Nonsense
                    report(handle - 1)
                    last = int.from_bytes(declaration[1:3], "little")
                    if uuid is None or declaration[3:] == uuid:
                        found.append((last, declaration[0], self._uuid(declaration[3:])))
                _refuse_to_stand_still(begin, last)

        self.requests.begin(line, steps(), over)
        self._is_discovering_characteristics = True

    def _discover_descriptors(self, connection: int, start: int, end: int) -> None:
        """`start` is the handle of the value: what follows it is asked for."""
        line = self._line(connection)
        self._refuse_range(start + 1, end)

        def steps() -> Steps:
            last = start
            while last < end:
                begin = last + 1
                response: att.ATT_Find_Information_Response = yield att.ATT_Find_Information_Request(begin, end)
                for last, uuid in response.information:
                    self._raise_irq(IRQ_GATTC_DESCRIPTOR_RESULT, (connection, last, self._uuid(uuid)))
                _refuse_to_stand_still(begin, last)

        done = IRQ_GATTC_DESCRIPTOR_DONE
        self.requests.begin(line, steps(), lambda status, _: self._raise_irq(done, (connection, status)))

    def _read(self, connection: int, handle: int) -> None:
        """What one PDU carries: no stack asks for the rest of a long value."""
        line = self._line(connection)

        def steps() -> Steps:
            response: att.ATT_Read_Response = yield att.ATT_Read_Request(handle)
            self._raise_irq(IRQ_GATTC_READ_RESULT, (connection, handle, response.attribute_value))

        def over(status: int, refused: int) -> None:
            about = refused if status and self._is_nimble else handle
            self._raise_irq(IRQ_GATTC_READ_DONE, (connection, about, status))

        self.requests.begin(line, steps(), over)

    def _write(self, connection: int, handle: int, data: bytes, mode: int) -> None:
        if mode == _NO_RESPONSE:
            self._write_without_response(connection, handle, data)
            return
        if mode != _WITH_RESPONSE:
            raise OSError(errno.EINVAL, f"write mode {mode}")
        line = self._line(connection)
        limit = line.bearer.att_mtu - 3

        def steps() -> Steps:
            if len(data) > limit and not self._is_nimble:
                raise att.ATT_Error(att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR)
            yield att.ATT_Write_Request(handle, data[:limit])

        def over(status: int, _: int) -> None:
            self._raise_irq(IRQ_GATTC_WRITE_DONE, (connection, handle, status))

        self.requests.begin(line, steps(), over)

    def _write_without_response(self, connection: int, handle: int, data: bytes) -> None:
        line = self.requests.lines.get(connection)
        if line is None:
            raise self._not_connected(connection)
        limit = line.bearer.att_mtu - 3
        if self._is_nimble:
            if self._bearers.is_full:
                raise OSError(errno.ENOMEM, "no buffer for one more write")
            data = data[:limit]
        elif len(data) > limit:
            raise OSError(errno.EINVAL, f"{len(data)} bytes for an MTU of {line.bearer.att_mtu}")
        elif not self._can_send():
            if line.is_busy:
                raise OSError(errno.EALREADY, "a procedure is under way, or a write waits for a buffer already")
            line.postponed = (handle, data)
            return
        self._send_command(line.bearer, handle, data)

    def _send_command(self, bearer: Bearer, handle: int, data: bytes) -> None:
        self._bearers.send(bearer, bytes(att.ATT_Write_Command(handle, data)), is_pooled=True)

    def _exchange_mtu(self, connection: int) -> None:
        line = self.requests.lines.get(connection)
        is_late = line is not None and (line.has_asked_mtu or line.bearer.has_exchanged_mtu)
        if self._is_nimble:
            line = self._line(connection)
            if is_late:
                raise OSError(errno.EALREADY, "MTUs are exchanged once in a connection")
        elif line is None or is_late:
            return  # BTstack's binding returns no error, and no event comes
        line.has_asked_mtu = True
        bearer, mtu = line.bearer, self._mtu()

        def steps() -> Steps:
            response: att.ATT_Exchange_MTU_Response = yield att.ATT_Exchange_MTU_Request(mtu)
            bearer.on_att_mtu_update(max(att.ATT_DEFAULT_MTU, min(mtu, response.server_rx_mtu)))

        self.requests.begin(line, steps(), lambda status, handle: None, is_query=False)

    # What is refused at once.

    def _not_connected(self, connection: int) -> OSError:
        return OSError(errno.ENOTCONN if self._is_nimble else errno.EINVAL, f"no connection {connection}")

    def _line(self, connection: int) -> Line:
        """That of the connection, with room for one more procedure."""
        line = self.requests.lines.get(connection)
        if self._is_nimble and self.requests.under_way >= _NIMBLE_PROCEDURES:
            raise OSError(errno.ENOMEM, f"{_NIMBLE_PROCEDURES} procedures are under way")
        if line is None:
            raise self._not_connected(connection)
        if not self._is_nimble and line.is_busy:
            raise OSError(errno.EALREADY, "a procedure is under way")
        return line

    def _refuse_range(self, start: int, end: int) -> None:
        if self._is_nimble and not 0 < start <= end:
            raise OSError(errno.EINVAL, f"handles from {start} to {end}")

    def _refuse_unknown_size(self, uuid: bytes | None) -> None:
        if uuid is not None and len(uuid) == 4 and not self._is_nimble:
            raise OSError(errno.EINVAL, "a UUID of 32 bits")

    def _uuid(self, uuid: bytes) -> bytes:
        """BTstack makes short ones of those that have one."""
        is_short = not self._is_nimble and uuid[:12] == _BASE_UUID and uuid[14:] == bytes(2)
        return uuid[12:14] if is_short else uuid

    # What the radio tells.

    def packets_completed(self) -> None:
        """The controller has room again."""
        for line in self.requests.lines.values():
            if line.postponed is not None and self._can_send():
                handle, data = line.postponed
                line.postponed = None
                self._send_command(line.bearer, handle, data)

    def _on_value(
        self, bearer: Bearer, what: att.ATT_Handle_Value_Notification | att.ATT_Handle_Value_Indication
    ) -> None:
        data = (bearer.handle, what.attribute_handle, what.attribute_value)
        if isinstance(what, att.ATT_Handle_Value_Notification):
            self._raise_irq(IRQ_GATTC_NOTIFY, data)
        else:
            self._ask(IRQ_GATTC_INDICATE, data).add_done_callback(lambda _: self._confirm(bearer))

    def _confirm(self, bearer: Bearer) -> None:
        """Both stacks confirm by themselves, when the handler has run."""
        self._bearers.send(bearer, bytes(att.ATT_Handle_Value_Confirmation()))


def _refuse_to_stand_still(begin: int, last: int) -> None:
    """Who answers with handles before those that were asked for would be asked for ever."""
    if last < begin:
        raise Nonsense
