"""`bluetooth` of a board. Host side: `simulator/bluetooth/ble.py` and what it names, over Bumble.

Source: MicroPython 1.29, extmod/modbluetooth.c. Kept from it: one BLE object; an exception in the handler is printed
and unregisters it; addresses, data and UUIDs arrive in buffers that are valid only inside the handler; the stack waits
for the handler where its result matters. A port has only the methods and `config` keys that it is built with: no
pairing on rp2, channels (L2CAP) on stm32wb alone, `hci_cmd` nowhere, and no `rxbuf`, since all three hand events over
at once. Left out: the channels themselves; on stm32wb their methods are there and refuse.
"""

import sys

import simrt
from micropython import const
from simuuid import UUID as UUID
from simuuid import buffer as _buffer

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

FLAG_READ = const(0x0002)
FLAG_WRITE_NO_RESPONSE = const(0x0004)
FLAG_WRITE = const(0x0008)
FLAG_NOTIFY = const(0x0010)
FLAG_INDICATE = const(0x0020)

_IRQ_GATTC_SERVICE_RESULT = const(9)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_DESCRIPTOR_RESULT = const(13)

_EOPNOTSUPP = const(95)
_LENT_BYTES = const(1024)
_HAS_PAIRING = simrt.profile != "rp2"
_HAS_CHANNELS = simrt.profile == "stm32wb"
_TO_GET = ("gap_name", "mac", "mtu")
_TO_SET = ("gap_name", "mtu", "addr_mode") + (("bond", "mitm", "io", "le_secure") if _HAS_PAIRING else ())
_LENT = (bytearray(_LENT_BYTES), bytearray(_LENT_BYTES))
_LENT_WITHIN = (bytearray(_LENT_BYTES), bytearray(_LENT_BYTES))
_RUBBISH = bytes([0xEE]) * _LENT_BYTES


def _positional(method: "F") -> "F":
    """On the ports these take no keyword."""
    return lambda *args: method(*args)  # type: ignore[return-value]


def _optional(uuid: "UUID | None") -> bytes | None:
    if uuid is None:
        return None
    if not isinstance(uuid, UUID):
        raise TypeError("UUID")
    return bytes(uuid)


def _service(uuid: UUID, characteristics: "Any") -> "tuple[object, ...]":
    if not isinstance(uuid, UUID):
        raise ValueError("invalid service UUID")
    return bytes(uuid), tuple([_characteristic(item) for item in characteristics])


def _characteristic(item: "Any") -> "tuple[object, ...]":
    if not 2 <= len(item) <= 3:
        raise ValueError("invalid characteristic tuple")
    uuid, flags = item[:2]
    descriptors = item[2] if len(item) == 3 else ()
    if not isinstance(uuid, UUID):
        raise ValueError("invalid characteristic UUID")
    for descriptor, _ in descriptors:
        if not isinstance(descriptor, UUID):
            raise ValueError("invalid descriptor UUID")
    return bytes(uuid), flags, tuple([(bytes(descriptor), access) for descriptor, access in descriptors])


class BLE:
    _instance: "BLE | None" = None

    def __new__(cls) -> "BLE":
        if cls._instance is None:
            cls._instance = object.__new__(cls)
            cls._instance._start()
        return cls._instance

    def _start(self) -> None:
        self._handler: Callable[[int, Any], object] | None = None
        self._lent = _LENT
        self._uuid = UUID(0)
        simrt.on("ble", self._on_event)
        simrt.on("ble_lost", self._lose_handler)

    # General.

    def active(self, active: bool | None = None) -> "Any":
        return self._converse("active", active if active is None else bool(active))

    def config(self, *args: str, **kwargs: "Any") -> "Any":
        if kwargs:
            if args:
                raise TypeError("can't specify pos and kw args")
            for item in kwargs.items():
                if item[0] not in _TO_SET:
                    raise ValueError("unknown config param")
                simrt.call("ble.config_set", item)
            return None
        if len(args) != 1:
            raise TypeError("must query one param")
        if args[0] not in _TO_GET:
            raise ValueError("unknown config param")
        return simrt.call("ble.config_get", args[0])

    def irq(self, handler: "Callable[[int, Any], object] | None") -> None:
        if handler is not None and not callable(handler):
            raise ValueError("invalid handler")
        self._handler = handler

    # Roles: see the documentation's chapters.

    def gap_advertise(
        self,
        interval_us: int | None = 500000,
        adv_data: "Any" = None,
        *,
        resp_data: "Any" = None,
        connectable: bool = True,
    ) -> None:
        depth = simrt.open_heap()
        try:
            data = None if adv_data is None else _buffer(adv_data)
            response = None if resp_data is None else _buffer(resp_data)
            simrt.request("ble.gap_advertise", (interval_us, data, response, bool(connectable)))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()

    @_positional
    def gap_scan(
        self, duration_ms: int | None = 0, interval_us: int = 1280000, window_us: int = 11250, active: bool = False
    ) -> None:
        duration = duration_ms if duration_ms is None else int(duration_ms)
        simrt.call("ble.gap_scan", duration, int(interval_us), int(window_us), bool(active))

    @_positional
    def gap_connect(
        self,
        addr_type: int | None,
        addr: "Any" = None,
        scan_duration_ms: int | None = None,
        min_conn_interval_us: int | None = None,
        max_conn_interval_us: int | None = None,
    ) -> None:
        if addr is None:
            if addr_type is not None:
                raise TypeError("invalid addr")
            simrt.call("ble.gap_connect", None)
            return
        address = _buffer(addr)
        if len(address) != 6:
            raise ValueError("invalid addr")
        duration_ms = 2000 if scan_duration_ms is None else int(scan_duration_ms)
        intervals = (int(min_conn_interval_us or 0), int(max_conn_interval_us or 0))
        simrt.call("ble.gap_connect", int(addr_type) & 0xFF, address, duration_ms, *intervals)  # type: ignore[arg-type]

    @_positional
    def gap_disconnect(self, conn_handle: int) -> bool:
        return bool(simrt.call("ble.gap_disconnect", int(conn_handle)))

    if _HAS_PAIRING:

        @_positional
        def gap_pair(self, conn_handle: int) -> None:
            self._converse("gap_pair", int(conn_handle))

        @_positional
        def gap_passkey(self, conn_handle: int, action: int, passkey: int) -> None:
            simrt.call("ble.gap_passkey", int(conn_handle), int(action), int(passkey))

    @_positional
    def gatts_register_services(self, services: "Any") -> "Any":
        return simrt.call("ble.gatts_register_services", tuple([_service(*service) for service in services]))

    @_positional
    def gatts_read(self, value_handle: int) -> bytes:
        value: bytes = simrt.call("ble.gatts_read", int(value_handle))
        return value

    @_positional
    def gatts_write(self, value_handle: int, data: "Any", send_update: bool = False) -> int:
        length: int = simrt.call("ble.gatts_write", int(value_handle), _buffer(data), bool(send_update))
        return length

    def gatts_notify(self, conn_handle: int, value_handle: int, data: "Any" = None) -> None:
        self._send("ble.gatts_notify", conn_handle, value_handle, data)

    def gatts_indicate(self, conn_handle: int, value_handle: int, data: "Any" = None) -> None:
        self._send("ble.gatts_indicate", conn_handle, value_handle, data)

    @_positional
    def gatts_set_buffer(self, value_handle: int, len: int, append: bool = False) -> None:
        simrt.call("ble.gatts_set_buffer", int(value_handle), int(len), bool(append))

    @_positional
    def gattc_discover_services(self, conn_handle: int, uuid: "UUID | None" = None) -> None:
        simrt.call("ble.gattc_discover_services", int(conn_handle), _optional(uuid))

    @_positional
    def gattc_discover_characteristics(
        self, conn_handle: int, start_handle: int, end_handle: int, uuid: "UUID | None" = None
    ) -> None:
        handles = (int(conn_handle), int(start_handle), int(end_handle))
        simrt.call("ble.gattc_discover_characteristics", *handles, _optional(uuid))

    @_positional
    def gattc_discover_descriptors(self, conn_handle: int, start_handle: int, end_handle: int) -> None:
        simrt.call("ble.gattc_discover_descriptors", int(conn_handle), int(start_handle), int(end_handle))

    @_positional
    def gattc_read(self, conn_handle: int, value_handle: int) -> None:
        simrt.call("ble.gattc_read", int(conn_handle), int(value_handle))

    @_positional
    def gattc_write(self, conn_handle: int, value_handle: int, data: "Any", mode: int = 0) -> None:
        simrt.call("ble.gattc_write", int(conn_handle), int(value_handle), _buffer(data), int(mode))

    @_positional
    def gattc_exchange_mtu(self, conn_handle: int) -> None:
        simrt.call("ble.gattc_exchange_mtu", int(conn_handle))

    if _HAS_CHANNELS:

        @_positional
        def l2cap_listen(self, psm: int, mtu: int) -> None:
            raise OSError(_EOPNOTSUPP)

        @_positional
        def l2cap_connect(self, conn_handle: int, psm: int, mtu: int) -> None:
            raise OSError(_EOPNOTSUPP)

        @_positional
        def l2cap_disconnect(self, conn_handle: int, cid: int) -> None:
            raise OSError(_EOPNOTSUPP)

        @_positional
        def l2cap_send(self, conn_handle: int, cid: int, buf: "Any") -> bool:
            raise OSError(_EOPNOTSUPP)

        @_positional
        def l2cap_recvinto(self, conn_handle: int, cid: int, buf: "Any") -> int:
            raise OSError(_EOPNOTSUPP)

    def _send(self, op: str, conn_handle: int, value_handle: int, data: "Any") -> None:
        depth = simrt.open_heap()
        try:
            simrt.request(op, (int(conn_handle), int(value_handle), data if data is None else _buffer(data)))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()

    def _converse(self, op: str, *args: object) -> "Any":
        """A call within which the stack may ask the handler, as on the ports: see `simulator/bluetooth/dialogue.py`."""
        reply = simrt.request("ble.converse", (op,) + args)
        while len(reply) == 2:
            # A handler that makes this call still has what was lent to itself.
            lent, self._lent = self._lent, _LENT_WITHIN
            answer = simrt.serve(self._handle, *reply)
            self._lent = lent
            reply = simrt.request("ble.go_on", (_answer(answer),))
        simrt.dispatch()
        return reply[0]

    # Events.

    def _on_event(self, data: "tuple[int, Any, int]") -> None:
        event, told, ticket = data
        result = self._handle(event, told)
        if ticket:  # the stack waits for this
            depth = simrt.open_heap()
            try:
                simrt.request("ble.answer", (ticket, _answer(result)))
            finally:
                simrt.close_heap(depth)

    def _lose_handler(self, _: "Any") -> None:
        print("Unhandled exception in IRQ callback handler")
        self._handler = None

    def _handle(self, event: int, data: "Any") -> object:
        if self._handler is None:
            return None
        depth = simrt.open_heap()
        lent = self._lend(event, data)
        simrt.close_heap(depth)
        result: object = None
        try:
            result = self._handler(event, lent)
        except Exception as e:  # noqa: BLE001  # as the port does
            print("Unhandled exception in IRQ callback handler")
            sys.print_exception(e)
            self._handler = None
        # What the port lends is reused at once: whoever kept it reads rubbish.
        depth = simrt.open_heap()
        for item in lent:
            if isinstance(item, memoryview):
                item[:] = _RUBBISH[: len(item)]
            elif item is self._uuid:
                item[:] = _RUBBISH[:2]
        simrt.close_heap(depth)
        return result

    def _lend(self, event: int, data: "tuple[Any, ...]") -> "tuple[Any, ...]":
        """The tuple for the handler: its last item is a UUID in three events, bytes elsewhere are views of ours."""
        is_result = event in (_IRQ_GATTC_SERVICE_RESULT, _IRQ_GATTC_CHARACTERISTIC_RESULT, _IRQ_GATTC_DESCRIPTOR_RESULT)
        items: list[Any] = []
        free = 0
        for item in data:
            if isinstance(item, bytes) and is_result:
                self._uuid[:] = item
                item = self._uuid
            elif isinstance(item, bytes):
                buffer = self._lent[free]
                free += 1
                buffer[: len(item)] = item
                item = memoryview(buffer)[: len(item)]
            items.append(item)
        return tuple(items)


def _answer(value: "Any") -> "Any":
    """A handler's result for the stack: a number or a truth as it is, a secret by its buffer."""
    if value is None or isinstance(value, (int, bool)):
        return value
    try:
        return _buffer(value)
    except TypeError:
        return None
