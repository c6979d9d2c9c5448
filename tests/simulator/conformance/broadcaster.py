"""A broadcaster after MicroPython's documentation: a second each of four ways to advertise. Heard by `observer.py`."""

import time

import bluetooth

ble = bluetooth.BLE()
ble.active(True)
ble.gap_advertise(100000, b"\x04\xffone", connectable=False)
time.sleep(1)
ble.gap_advertise(100000, b"\x04\xfftwo", resp_data=b"\x05\xffmore")
time.sleep(1)
ble.gap_advertise(None)
time.sleep(1)
ble.gap_advertise(100000)
time.sleep(1)
ble.gap_advertise(100000, b"", resp_data=b"")
time.sleep(1)
ble.active(False)
print("over")
