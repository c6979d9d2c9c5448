"""One board alone, after MicroPython's documentation: activation, configuration, UUIDs, attempts that find nobody."""

import time

import bluetooth
from micropython import const

_IRQ_SCAN_DONE = const(6)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)

ble = bluetooth.BLE()
seen = {}


def bt_irq(event, data):
    seen[event] = data


def refused(what, *args, **kwargs):
    try:
        what(*args, **kwargs)
    except Exception as error:
        return "%s %s" % (type(error).__name__, error)


def end_of_attempt():
    """The event that ends it, its connection handle, and after how many milliseconds; None: not within two seconds."""
    begun = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), begun) < 2000:
        for event in (_IRQ_PERIPHERAL_CONNECT, _IRQ_PERIPHERAL_DISCONNECT):
            if event in seen:
                return event, seen.pop(event)[0], round(time.ticks_diff(time.ticks_ms(), begun), -2)
        time.sleep_ms(1)


print("one", ble is bluetooth.BLE(), "active", ble.active())
print("scan", refused(ble.gap_scan, 100))
print(ble.active(True), ble.active())
ble.irq(bt_irq)
addr_type, addr = ble.config("mac")
print("mac", addr_type, len(addr))
ble.config(addr_mode=1)
addr_type, random_addr = ble.config("mac")
print("random", addr_type, random_addr[0] >> 6, random_addr != addr)
ble.config(addr_mode=0)
print("public", ble.config("mac") == (0, addr))
ble.config(gap_name="a name")
print(ble.config("gap_name"))
ble.config(mtu=100)
print("mtu", ble.config("mtu"))
print("unknown", refused(ble.config, "nothing"), "/", refused(ble.config, nothing=1))
print("both", refused(ble.config, "mac", mtu=23))
print("too long", refused(ble.gap_advertise, 100000, bytes(32)))

flags = ("READ", "WRITE_NO_RESPONSE", "WRITE", "NOTIFY", "INDICATE")
print("flags", *[hex(getattr(bluetooth, "FLAG_" + flag)) for flag in flags])
print(bluetooth.UUID(0x2908), bluetooth.UUID("6E400001-B5A3-F393-E0A9-E50E24DCCA9E"))
print(bluetooth.UUID(b"\x08\x29") == bluetooth.UUID(0x2908), bytes(bluetooth.UUID(0x2908)))

print("nobody", ble.gap_disconnect(5))
ble.gap_connect(0, b"nobody", 700)
end = end_of_attempt()
print("not there", end)
if end:
    ble.gap_connect(0, b"nobody", 5000)
ble.gap_connect(None)
print("cancelled", end_of_attempt())
print("wrong", refused(ble.gap_connect, 0, b"short"))

ble.gap_scan(200, 30000, 30000)
time.sleep_ms(300)
print("scanned", seen.pop(_IRQ_SCAN_DONE))
ble.irq(None)
ble.gap_scan(100, 30000, 30000)
time.sleep_ms(300)
print("unheard", seen)
print(ble.active(False), refused(ble.config, "mac"))
