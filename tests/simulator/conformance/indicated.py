"""The other end of `indicator.py`: it subscribes to indications and shows them."""

import time

import bluetooth
from micropython import const

_IRQ_SCAN_RESULT = const(5)
_IRQ_SCAN_DONE = const(6)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_INDICATE = const(19)

_ALERT, _READY = bluetooth.UUID(0x2A46), bluetooth.UUID(0x2A44)

ble = bluetooth.BLE()
seen = {}
handles = {}
alerts = []
peer = None


def bt_irq(event, data):
    global peer
    if event == _IRQ_SCAN_RESULT:
        if b"alert" in bytes(data[4]) and peer is None:
            peer = data[0], bytes(data[1])
            ble.gap_scan(None)
    elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
        handles[bluetooth.UUID(data[4])] = data[2]
    elif event == _IRQ_GATTC_INDICATE:
        conn_handle, value_handle, notify_data = data
        alerts.append(bytes(notify_data))
    else:
        seen[event] = data


def wait_for(event):
    while event not in seen:
        time.sleep_ms(5)
    return seen.pop(event)


def write(handle, value):
    ble.gattc_write(conn, handle, value, 1)
    return wait_for(_IRQ_GATTC_WRITE_DONE)[2]


ble.active(True)
ble.irq(bt_irq)
ble.gap_scan(5000, 30000, 30000)
wait_for(_IRQ_SCAN_DONE)
ble.gap_connect(*peer)
conn = wait_for(_IRQ_PERIPHERAL_CONNECT)[0]
ble.gattc_discover_characteristics(conn, 1, 0xFFFF)
wait_for(_IRQ_GATTC_CHARACTERISTIC_DONE)
print("subscribed", write(handles[_ALERT] + 1, b"\x02\x00"), write(handles[_READY], b"go"))
while len(alerts) < 3:
    time.sleep_ms(20)
print(alerts)
time.sleep_ms(200)
ble.gap_disconnect(conn)
wait_for(_IRQ_PERIPHERAL_DISCONNECT)
