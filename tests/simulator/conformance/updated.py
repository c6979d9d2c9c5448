"""A peripheral whose central changes the connection's parameters, after MicroPython's documentation."""

import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_CONNECTION_UPDATE = const(27)

ble = bluetooth.BLE()
is_over = False


def bt_irq(event, data):
    global is_over
    if event == _IRQ_CONNECTION_UPDATE:
        conn_handle, conn_interval, conn_latency, supervision_timeout, status = data
        print("interval", conn_interval, "latency", conn_latency, "timeout", supervision_timeout, "status", status)
    elif event == _IRQ_CENTRAL_DISCONNECT:
        is_over = True


ble.active(True)
ble.irq(bt_irq)
ble.gap_advertise(50000, b"\x02\x01\x06\x08\x09updated")
while not is_over:
    time.sleep_ms(20)
print("over")
