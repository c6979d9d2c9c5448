"""A thermometer over Bluetooth LE: Environmental Sensing (0x181A) with one Temperature (0x2A6E), notified each second.

For any MicroPython board with `bluetooth`; `display.py` is the other end. It stops when its first visitor has left.
"""

import struct
import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_SENSING = bluetooth.UUID(0x181A)
_TEMPERATURE = (bluetooth.UUID(0x2A6E), bluetooth.FLAG_READ | bluetooth.FLAG_NOTIFY)
_ADVERTISING = (
    b"\x02\x01\x06"  # flags: general discoverable, no BR/EDR
    b"\x03\x03\x1a\x18"  # complete list of 16-bit services
    b"\x0c\x09thermometer"  # complete name
)
_INTERVAL_US = const(100000)

ble = bluetooth.BLE()
visitors = set()
had_visitor = False


def on_event(event, data):
    global had_visitor
    if event == _IRQ_CENTRAL_CONNECT:
        visitors.add(data[0])
        had_visitor = True
        print("a visitor")
    elif event == _IRQ_CENTRAL_DISCONNECT:
        visitors.discard(data[0])
        print("left")


def measure(second):
    """Hundredths of a degree; a board would ask its sensor."""
    return 2150 + 7 * second


ble.active(True)
ble.irq(on_event)
((temperature,),) = ble.gatts_register_services(((_SENSING, (_TEMPERATURE,)),))
ble.gap_advertise(_INTERVAL_US, _ADVERTISING)
print("inviting")
second = 0
while visitors or not had_visitor:
    ble.gatts_write(temperature, struct.pack("<h", measure(second)))
    for visitor in visitors.copy():
        ble.gatts_notify(visitor, temperature)
    time.sleep(1)
    second += 1
ble.active(False)
