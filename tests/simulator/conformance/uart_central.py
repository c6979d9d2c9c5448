"""The other end of `uart_peripheral.py`: lines in pieces, without and with response, and their echoes."""

import time

import bluetooth
from micropython import const

_IRQ_SCAN_RESULT = const(5)
_IRQ_SCAN_DONE = const(6)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_SERVICE_RESULT = const(9)
_IRQ_GATTC_SERVICE_DONE = const(10)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)

_UART = bluetooth.UUID("6E400001-B5A3-F393-E0A9-E50E24DCCA9E")
_TX = bluetooth.UUID("6E400003-B5A3-F393-E0A9-E50E24DCCA9E")
_RX = bluetooth.UUID("6E400002-B5A3-F393-E0A9-E50E24DCCA9E")

ble = bluetooth.BLE()
seen = {}
handles = {}
echo = bytearray()
peer = None


def bt_irq(event, data):
    global peer
    if event == _IRQ_SCAN_RESULT:
        if b"uart" in bytes(data[4]) and peer is None:
            peer = data[0], bytes(data[1])
            ble.gap_scan(None)
    elif event == _IRQ_GATTC_SERVICE_RESULT:
        handles["service"] = data[1], data[2]
    elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
        handles[bluetooth.UUID(data[4])] = data[2]
    elif event == _IRQ_GATTC_NOTIFY:
        assert data[1] == handles[_TX]
        echo.extend(data[2])
    else:
        seen[event] = data


def wait_for(event):
    while event not in seen:
        time.sleep_ms(5)
    return seen.pop(event)


ble.active(True)
ble.irq(bt_irq)
ble.gap_scan(5000, 30000, 30000)
wait_for(_IRQ_SCAN_DONE)
ble.gap_connect(*peer)
conn = wait_for(_IRQ_PERIPHERAL_CONNECT)[0]
ble.gattc_discover_services(conn, _UART)
wait_for(_IRQ_GATTC_SERVICE_DONE)
ble.gattc_discover_characteristics(conn, *handles["service"])
wait_for(_IRQ_GATTC_CHARACTERISTIC_DONE)
ble.gattc_write(conn, handles[_RX], "hello\n", 1)
wait_for(_IRQ_GATTC_WRITE_DONE)
for piece in ("the quick ", "brown fox ", "jumps\nover", " the dog\n"):
    ble.gattc_write(conn, handles[_RX], piece, 0)
while echo.count(b"\n") < 3:
    time.sleep_ms(20)
print(bytes(echo))
ble.gap_disconnect(conn)
wait_for(_IRQ_PERIPHERAL_DISCONNECT)
