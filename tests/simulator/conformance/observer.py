"""An observer after MicroPython's documentation: what `broadcaster.py` does each second, passively or actively."""

import time

import bluetooth
from micropython import const

_IRQ_SCAN_RESULT = const(5)
_IRQ_SCAN_DONE = const(6)

ble = bluetooth.BLE()
heard = set()
is_done = False


def bt_irq(event, data):
    global is_done
    if event == _IRQ_SCAN_RESULT:
        addr_type, addr, adv_type, rssi, adv_data = data
        assert len(addr) == 6 and -100 < rssi < 0
        heard.add((adv_type, bytes(adv_data)))
    elif event == _IRQ_SCAN_DONE:
        is_done = True


def scan(duration_ms, active):
    global is_done
    is_done = False
    heard.clear()
    ble.gap_scan(duration_ms, 30000, 30000, active)
    begun = time.ticks_ms()
    while not is_done:
        time.sleep_ms(1)
    print(sorted(heard), "after", round(time.ticks_diff(time.ticks_ms(), begun), -2), "ms")


def until(second):
    while time.ticks_ms() < second * 1000:
        time.sleep_ms(1)


ble.active(True)
ble.irq(bt_irq)
until(0.2)
scan(400, True)
until(1.2)
scan(300, False)
scan(300, True)
until(2.2)
scan(400, True)
until(3.2)
scan(400, False)
until(4.2)
is_done = False
heard.clear()
ble.gap_scan(0, 30000, 30000, True)
time.sleep_ms(300)
print("still scanning", not is_done)
ble.gap_scan(None)
while not is_done:
    time.sleep_ms(1)
print(sorted(heard))
