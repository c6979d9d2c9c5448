"""A peripheral that bonds, after MicroPython's documentation: its secrets go into a file and outlive a reset.

Its other end is `secretive_central.py`. In the first life it pairs, and then resets itself; in the second it finds its
file, and the link is encrypted with what is there.
"""

import binascii
import json
import time

import bluetooth
import machine
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_IO_CAPABILITY_NO_INPUT_OUTPUT = const(3)
_FLAG_READ = const(0x0002)
_FLAG_WRITE = const(0x0008)
_FLAG_READ_ENCRYPTED = const(0x0200)
_FLAG_WRITE_AUTHENTICATED = const(0x2000)
_FILE = "secrets.json"

_ENTRY = (bluetooth.UUID(0x2A37), _FLAG_READ | _FLAG_READ_ENCRYPTED)
_LOCK = (bluetooth.UUID(0x2A39), _FLAG_WRITE | _FLAG_WRITE_AUTHENTICATED)
_DIARY = (bluetooth.UUID(0x180D), (_ENTRY, _LOCK))

ble = bluetooth.BLE()
secrets = {}
is_second_life = False
is_over = False


def load():
    global is_second_life
    try:
        with open(_FILE) as file:
            for sec_type, key, value in json.load(file):
                secrets[sec_type, binascii.a2b_base64(key)] = binascii.a2b_base64(value)
        is_second_life = True
    except OSError:
        print("no secrets yet")


def save():
    with open(_FILE, "w") as file:
        json.dump(
            [(kind, binascii.b2a_base64(key), binascii.b2a_base64(value)) for (kind, key), value in secrets.items()],
            file,
        )


def bt_irq(event, data):
    global is_over
    if event == _IRQ_CENTRAL_CONNECT:
        print("central connected")
    elif event == _IRQ_CENTRAL_DISCONNECT:
        save()
        print("central disconnected")
        is_over = True
    elif event == _IRQ_ENCRYPTION_UPDATE:
        conn_handle, encrypted, authenticated, bonded, key_size = data
        print("encrypted", encrypted, authenticated, bonded, key_size)
    elif event == _IRQ_SET_SECRET:
        sec_type, key, value = data
        key = sec_type, bytes(key)
        if value is None:
            return secrets.pop(key, None) is not None
        secrets[key] = bytes(value)
        return True
    elif event == _IRQ_GET_SECRET:
        sec_type, index, key = data
        if key is not None:
            return secrets.get((sec_type, bytes(key)))
        values = [value for (kind, _), value in secrets.items() if kind == sec_type]
        return values[index] if index < len(values) else None


load()
ble.config(bond=True, le_secure=True, mitm=False, io=_IO_CAPABILITY_NO_INPUT_OUTPUT)
ble.irq(bt_irq)
ble.active(True)
((entry, lock),) = ble.gatts_register_services((_DIARY,))
ble.gatts_write(entry, b"dear diary")
ble.gap_advertise(50000, b"\x02\x01\x06\x06\x09diary")
while not is_over:
    time.sleep_ms(20)
if not is_second_life:
    machine.reset()
print("kept", len(secrets) >= 2)
