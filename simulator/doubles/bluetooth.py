"""`bluetooth` of a board, broadcast and scan only. Host side: `simulator/ble.py`, over Bumble.

Source: MicroPython extmod/modbluetooth.c. Kept from it: one BLE object; an exception in the handler is printed and
unregisters it; addresses and advertising data arrive in buffers that are valid only inside the handler.
"""

import sys

import simrt
from micropython import const

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_IRQ_SCAN_RESULT = const(5)


class UUID:
    """Compares and hashes; nothing on this air carries one yet."""

    def __init__(self, value: int | str | bytes) -> None:
        if isinstance(value, int):
            self._bytes = value.to_bytes(2, "little")
        elif isinstance(value, str):
            self._bytes = bytes(reversed(bytes.fromhex(value.replace("-", ""))))
        else:
            self._bytes = bytes(value)
        if len(self._bytes) not in (2, 4, 16):
            raise ValueError("invalid UUID")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UUID) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)


class BLE:
    _instance: "BLE | None" = None

    def __new__(cls) -> "BLE":
        if cls._instance is None:
            cls._instance = object.__new__(cls)
            cls._instance._start()
        return cls._instance

    def _start(self) -> None:
        self._handler: Callable[[int, Any], None] | None = None
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

    def irq(self, handler: "Callable[[int, Any], None] | None") -> None:
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

    def _on_event(self, event: int, data: "Any") -> None:
        if self._handler is None:
            return
        if event == _IRQ_SCAN_RESULT:
            data = (data[0], self._lend(self._address, data[1]), data[2], data[3], self._lend(self._data, data[4]))
        try:
            self._handler(event, data)
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

    def _lend(self, buffer: bytearray, data: bytes) -> memoryview:
        buffer[: len(data)] = data
        return memoryview(buffer)[: len(data)]
