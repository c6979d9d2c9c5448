"""A peripheral after MicroPython's documentation: a heart rate service, and each method of a server used once.

Its other end is `central.py`.
"""

import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_GATTS_READ_REQUEST = const(4)
_IRQ_MTU_EXCHANGED = const(21)
_GATTS_ERROR_READ_NOT_PERMITTED = const(0x02)

_DESCRIPTION = (bluetooth.UUID(0x2901), bluetooth.FLAG_READ)
_MEASUREMENT = (bluetooth.UUID(0x2A37), bluetooth.FLAG_READ | bluetooth.FLAG_NOTIFY, (_DESCRIPTION,))
_CONTROL_POINT = (bluetooth.UUID(0x2A39), bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE)
_HEART_RATE = (bluetooth.UUID(0x180D), (_MEASUREMENT, _CONTROL_POINT))

ble = bluetooth.BLE()
reads = 0
visitor = None
is_over = False


def bt_irq(event, data):
    global reads, visitor, is_over
    if event == _IRQ_CENTRAL_CONNECT:
        visitor, addr_type, addr = data
        print("central connected,", len(addr), "bytes of address")
    elif event == _IRQ_CENTRAL_DISCONNECT:
        conn_handle, addr_type, addr = data
        print("central disconnected", conn_handle == visitor)
        is_over = True
    elif event == _IRQ_MTU_EXCHANGED:
        print("mtu", data[1])
    elif event == _IRQ_GATTS_READ_REQUEST:
        conn_handle, attr_handle = data
        if attr_handle == measurement:
            reads += 1
            return _GATTS_ERROR_READ_NOT_PERMITTED if reads == 2 else 0
    elif event == _IRQ_GATTS_WRITE:
        conn_handle, attr_handle = data
        if attr_handle == control_point:
            asked = ble.gatts_read(control_point)
            print("control point", asked)
            if asked == b"stored":
                ble.gatts_notify(conn_handle, measurement)
            elif asked == b"given":
                ble.gatts_notify(conn_handle, measurement, b"\x00\x48")
            elif asked == b"update":
                ble.gatts_write(measurement, b"\x00\x49", True)


ble.active(True)
ble.config(gap_name="conformant", mtu=185)
ble.irq(bt_irq)
((measurement, description, control_point),) = ble.gatts_register_services((_HEART_RATE,))
print("handles", measurement < description < control_point)
ble.gatts_write(measurement, b"\x00\x47")
ble.gatts_write(description, "beats per minute")
print("own value", ble.gatts_read(measurement))
ble.gap_advertise(50000, b"\x02\x01\x06\x03\x03\x0d\x18", resp_data=b"\x0b\x09conformant")
while not is_over:
    time.sleep_ms(20)
print("disconnect nobody", ble.gap_disconnect(visitor))
ble.active(False)
