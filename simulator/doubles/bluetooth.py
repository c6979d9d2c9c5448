"""`bluetooth` of a board: broadcast, scan, GATT server. Host side: `simulator/ble.py` and `gatt.py`, over Bumble.

Source: MicroPython extmod/modbluetooth.c. Kept from it: one BLE object; an exception in the handler is printed and
unregisters it; addresses and advertising data arrive in buffers that are valid only inside the handler; the stack waits
for the handler of a GATT write or read. Left out: the central's side (`gap_connect`, `gattc_...`), pairing, L2CAP.
"""

import sys

import simrt
from micropython import const

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FLAG_READ = const(0x0002)
FLAG_WRITE_NO_RESPONSE = const(0x0004)
FLAG_WRITE = const(0x0008)
FLAG_NOTIFY = const(0x0010)
FLAG_INDICATE = const(0x0020)

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_SCAN_RESULT = const(5)


class UUID:
    """16, 32 or 128 bits; bytes have the least significant first."""

    def __init__(self, value: int | str | bytes) -> None:
        if isinstance(value, int):
            if value > 0xFFFF:
                raise ValueError("invalid UUID")
            self._bytes = value.to_bytes(2, "little")
        elif len(value) in (2, 4, 16):  # of text, too: UUID("180D") is four bytes, as on the ports
            self._bytes = value.encode() if isinstance(value, str) else bytes(value)
        else:
            text = (value if isinstance(value, str) else str(value, "utf8")).replace("-", "")
            if len(text) != 32:
                raise ValueError("UUID too short" if len(text) < 32 else "UUID too long")
            self._bytes = bytes(reversed(bytes.fromhex(text)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UUID) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)


def _service(uuid: UUID, characteristics: "Any") -> "tuple[object, ...]":
    if not isinstance(uuid, UUID):
        raise ValueError("invalid service UUID")
    return uuid._bytes, tuple([_characteristic(*item) for item in characteristics])


def _characteristic(uuid: UUID, flags: int, descriptors: "Any" = ()) -> "tuple[object, ...]":
    if not isinstance(uuid, UUID):
        raise ValueError("invalid characteristic UUID")
    for descriptor, _ in descriptors:
        if not isinstance(descriptor, UUID):
            raise ValueError("invalid descriptor UUID")
    return uuid._bytes, flags, tuple([(descriptor._bytes, access) for descriptor, access in descriptors])


class BLE:
    _instance: "BLE | None" = None

    def __new__(cls) -> "BLE":
        if cls._instance is None:
            cls._instance = object.__new__(cls)
            cls._instance._start()
        return cls._instance

    def _start(self) -> None:
        self._handler: Callable[[int, Any], object] | None = None
        self._address = bytearray(6)
        self._data = bytearray(255)
        simrt.on("ble", self._on_event)

    def active(self, active: bool | None = None) -> "Any":
        return simrt.call("ble.active", active)

    def config(self, *args: str, **kwargs: "Any") -> "Any":
        if kwargs:
            if args:
                raise TypeError("can't specify pos and kw args")
            return simrt.call("ble.config_set", *kwargs.items())
        if len(args) != 1:
            raise TypeError("must query one param")
        return simrt.call("ble.config_get", args[0])

    def irq(self, handler: "Callable[[int, Any], object] | None") -> None:
        self._handler = handler

    def gap_advertise(
        self,
        interval_us: int | None,
        adv_data: bytes | None = None,
        *,
        resp_data: bytes | None = None,
        connectable: bool = True,
    ) -> None:
        depth = simrt.open_heap()
        try:
            simrt.request("ble.gap_advertise", (interval_us, adv_data, resp_data, connectable))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()

    def gap_scan(
        self, duration_ms: int | None, interval_us: int = 1280000, window_us: int = 11250, active: bool = False
    ) -> None:
        simrt.call("ble.gap_scan", duration_ms, interval_us, window_us, active)

    def gap_disconnect(self, conn_handle: int) -> bool:
        return bool(simrt.call("ble.gap_disconnect", conn_handle))

    def gatts_register_services(self, services: "Any") -> "Any":
        return simrt.call("ble.gatts_register_services", tuple([_service(*service) for service in services]))

    def gatts_read(self, value_handle: int) -> bytes:
        value: bytes = simrt.call("ble.gatts_read", value_handle)
        return value

    def gatts_write(self, value_handle: int, data: "Any", send_update: bool = False) -> int:
        length: int = simrt.call("ble.gatts_write", value_handle, bytes(data), bool(send_update))
        return length

    def gatts_notify(self, conn_handle: int, value_handle: int, data: "Any" = None) -> None:
        self._send("ble.gatts_notify", conn_handle, value_handle, data)

    def gatts_indicate(self, conn_handle: int, value_handle: int, data: "Any" = None) -> None:
        self._send("ble.gatts_indicate", conn_handle, value_handle, data)

    def gatts_set_buffer(self, value_handle: int, len: int, append: bool = False) -> None:
        simrt.call("ble.gatts_set_buffer", value_handle, len, bool(append))

    def _send(self, op: str, conn_handle: int, value_handle: int, data: "Any") -> None:
        depth = simrt.open_heap()
        try:
            simrt.request(op, (int(conn_handle), int(value_handle), data if data is None else bytes(data)))
        finally:
            simrt.close_heap(depth)
        simrt.dispatch()

    def _on_event(self, event: int, data: "Any", ticket: int) -> None:
        result = self._handle(event, data)
        if ticket:  # the stack waits for this
            depth = simrt.open_heap()
            try:
                simrt.request("ble.answer", (ticket, int(result) if isinstance(result, int) else 0))
            finally:
                simrt.close_heap(depth)

    def _handle(self, event: int, data: "Any") -> object:
        if self._handler is None:
            return None
        if event == _IRQ_SCAN_RESULT:
            data = (data[0], self._lend(self._address, data[1]), data[2], data[3], self._lend(self._data, data[4]))
        elif event == _IRQ_CENTRAL_CONNECT or event == _IRQ_CENTRAL_DISCONNECT:
            data = (data[0], data[1], self._lend(self._address, data[2]))
        result: object = None
        try:
            result = self._handler(event, data)
        except Exception as e:  # noqa: BLE001  # as the port does
            print("Unhandled exception in IRQ callback handler")
            sys.print_exception(e)
            self._handler = None
        # What the port lends is reused at once: whoever kept it reads rubbish.
        for i in range(len(self._address)):
            self._address[i] = 0xEE
        if event == _IRQ_SCAN_RESULT:
            for i in range(len(data[4])):
                self._data[i] = 0xEE
        return result

    def _lend(self, buffer: bytearray, data: bytes) -> memoryview:
        buffer[: len(data)] = data
        return memoryview(buffer)[: len(data)]
