"""A peripheral that indicates, after MicroPython's documentation: stored, given and updated values, each acknowledged.

Its other end is `indicated.py`.
"""

import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_INDICATE_DONE = const(20)

_ALERT = (bluetooth.UUID(0x2A46), bluetooth.FLAG_READ | bluetooth.FLAG_INDICATE)
_READY = (bluetooth.UUID(0x2A44), bluetooth.FLAG_WRITE)

ble = bluetooth.BLE()
seen = {}


def bt_irq(event, data):
    if event == _IRQ_GATTS_INDICATE_DONE:
        conn_handle, value_handle, status = data
        print("acknowledged", value_handle == alert, status)
    seen[event] = data[0]


def wait_for(event):
    while event not in seen:
        time.sleep_ms(5)
    return seen.pop(event)


ble.active(True)
ble.irq(bt_irq)
((alert, ready),) = ble.gatts_register_services(((bluetooth.UUID(0x1811), (_ALERT, _READY)),))
ble.gap_advertise(50000, b"\x02\x01\x06\x06\x09alert")
visitor = wait_for(_IRQ_CENTRAL_CONNECT)
wait_for(_IRQ_GATTS_WRITE)
ble.gatts_write(alert, b"stored")
ble.gatts_indicate(visitor, alert)
wait_for(_IRQ_GATTS_INDICATE_DONE)
ble.gatts_indicate(visitor, alert, b"given")
wait_for(_IRQ_GATTS_INDICATE_DONE)
print("own value", ble.gatts_read(alert))
ble.gatts_write(alert, b"update", True)
wait_for(_IRQ_GATTS_INDICATE_DONE)
wait_for(_IRQ_CENTRAL_DISCONNECT)
print("gone")
