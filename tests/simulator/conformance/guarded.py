"""A peripheral with a value for each flag that asks for security, after MicroPython's documentation."""

import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_DISCONNECT = const(2)
_FLAG_READ_ENCRYPTED = const(0x0200)
_FLAG_READ_AUTHENTICATED = const(0x0400)
_FLAG_READ_AUTHORIZED = const(0x0800)
_FLAG_WRITE_ENCRYPTED = const(0x1000)
_FLAG_WRITE_AUTHENTICATED = const(0x2000)
_FLAG_WRITE_AUTHORIZED = const(0x4000)

_READ = (_FLAG_READ_ENCRYPTED, _FLAG_READ_AUTHENTICATED, _FLAG_READ_AUTHORIZED)
_WRITE = (_FLAG_WRITE_ENCRYPTED, _FLAG_WRITE_AUTHENTICATED, _FLAG_WRITE_AUTHORIZED)
_FLAGS = [bluetooth.FLAG_READ | flag for flag in _READ] + [bluetooth.FLAG_WRITE | flag for flag in _WRITE]

ble = bluetooth.BLE()
is_over = False


def bt_irq(event, data):
    global is_over
    if event == _IRQ_CENTRAL_DISCONNECT:
        is_over = True


ble.active(True)
ble.irq(bt_irq)
values = [(bluetooth.UUID(0x2A00 + number), flags) for number, flags in enumerate(_FLAGS, 0x80)]
((*handles,),) = ble.gatts_register_services(((bluetooth.UUID(0x1820), values),))
ble.gap_advertise(50000, b"\x02\x01\x06\x08\x09guarded")
while not is_over:
    time.sleep_ms(20)
print([bytes(ble.gatts_read(handle)) for handle in handles])
