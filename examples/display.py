"""Finds a thermometer (`thermometer.py`), shows three of its readings, and leaves.

Each procedure begins with a call and goes on with its events, so this is a chain of small handlers. For any MicroPython
board with `bluetooth`.
"""

import struct
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
_SENSING = bluetooth.UUID(0x181A)
_TEMPERATURE = bluetooth.UUID(0x2A6E)
_NAME = b"\x0c\x09thermometer"
_READINGS = const(3)

ble = bluetooth.BLE()


class Display:
    def __init__(self):
        self.thermometer = None
        self.connection = None
        self.service = None
        self.value_handle = None
        self.readings = 0
        self.is_done = False
        ble.irq(self.on_event)
        ble.gap_scan(5000, 30000, 30000)

    def on_event(self, event, data):
        if event == _IRQ_SCAN_RESULT:
            kind, address, _, rssi, advertising = data
            if self.thermometer is None and _NAME in bytes(advertising):
                self.thermometer = (kind, bytes(address))  # the event's own buffers do not last
                print("found a thermometer at", rssi, "dBm")
                ble.gap_scan(None)
        elif event == _IRQ_SCAN_DONE:
            if self.thermometer is None:
                print("no thermometer here")
                self.is_done = True
            else:
                ble.gap_connect(*self.thermometer)
        elif event == _IRQ_PERIPHERAL_CONNECT:
            self.connection = data[0]
            ble.gattc_discover_services(self.connection, _SENSING)
        elif event == _IRQ_GATTC_SERVICE_RESULT:
            self.service = data[1], data[2]
        elif event == _IRQ_GATTC_SERVICE_DONE:
            ble.gattc_discover_characteristics(self.connection, *self.service, _TEMPERATURE)
        elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
            self.value_handle = data[2]
        elif event == _IRQ_GATTC_CHARACTERISTIC_DONE:
            # The configuration descriptor follows the value in every MicroPython server: 1 asks for notifications.
            ble.gattc_write(self.connection, self.value_handle + 1, struct.pack("<H", 1), 1)
        elif event == _IRQ_GATTC_WRITE_DONE:
            print("subscribed, status", data[2])
        elif event == _IRQ_GATTC_NOTIFY:
            print("%.2f degrees" % (struct.unpack("<h", data[2])[0] / 100))
            self.readings += 1
            if self.readings == _READINGS:
                ble.gap_disconnect(self.connection)
        elif event == _IRQ_PERIPHERAL_DISCONNECT:
            self.is_done = True


ble.active(True)
display = Display()
while not display.is_done:
    time.sleep_ms(50)
ble.active(False)
print("done")
