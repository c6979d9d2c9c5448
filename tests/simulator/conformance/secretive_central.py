"""The other end of `secretive_peripheral.py`: refused, paired, served; encrypted at once after its reset."""

import binascii
import json
import time

import bluetooth
import machine
from micropython import const

_IRQ_SCAN_RESULT = const(5)
_IRQ_SCAN_DONE = const(6)
_IRQ_PERIPHERAL_CONNECT = const(7)
_IRQ_PERIPHERAL_DISCONNECT = const(8)
_IRQ_GATTC_CHARACTERISTIC_RESULT = const(11)
_IRQ_GATTC_CHARACTERISTIC_DONE = const(12)
_IRQ_GATTC_READ_RESULT = const(15)
_IRQ_GATTC_READ_DONE = const(16)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_ENCRYPTION_UPDATE = const(28)
_IRQ_GET_SECRET = const(29)
_IRQ_SET_SECRET = const(30)
_IO_CAPABILITY_NO_INPUT_OUTPUT = const(3)
_ENTRY, _LOCK = bluetooth.UUID(0x2A37), bluetooth.UUID(0x2A39)
_FILE = "secrets.json"

ble = bluetooth.BLE()
seen = {}
secrets = {}
is_second_life = False
handles = {}
peer = None


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
    global peer
    if event == _IRQ_SCAN_RESULT:
        if b"diary" in bytes(data[4]) and peer is None:
            peer = data[0], bytes(data[1])
            ble.gap_scan(None)
    elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
        handles[bluetooth.UUID(data[4])] = data[2]
    elif event == _IRQ_GATTC_READ_RESULT:
        print("read", bytes(data[2]))
    elif event == _IRQ_ENCRYPTION_UPDATE:
        conn_handle, encrypted, authenticated, bonded, key_size = data
        print("encrypted", encrypted, authenticated, bonded, key_size)
        seen[event] = data
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
    else:
        seen[event] = data


def wait_for(event):
    while event not in seen:
        time.sleep_ms(5)
    return seen.pop(event)


def read():
    ble.gattc_read(conn, handles[_ENTRY])
    print("read done", "refused" if wait_for(_IRQ_GATTC_READ_DONE)[2] else "well")


load()
ble.config(bond=True, le_secure=True, mitm=False, io=_IO_CAPABILITY_NO_INPUT_OUTPUT)
ble.irq(bt_irq)
ble.active(True)
ble.gap_scan(5000, 30000, 30000)
wait_for(_IRQ_SCAN_DONE)
ble.gap_connect(*peer)
conn = wait_for(_IRQ_PERIPHERAL_CONNECT)[0]
ble.gattc_discover_characteristics(conn, 1, 0xFFFF)
wait_for(_IRQ_GATTC_CHARACTERISTIC_DONE)
read()
before = dict(secrets)
ble.gap_pair(conn)
wait_for(_IRQ_ENCRYPTION_UPDATE)
read()
ble.gattc_write(conn, handles[_LOCK], b"shut", 1)  # nobody was authenticated
print("write done", "refused" if wait_for(_IRQ_GATTC_WRITE_DONE)[2] else "well")
time.sleep_ms(500)
print("new secrets", secrets != before)
save()
ble.gap_disconnect(conn)
wait_for(_IRQ_PERIPHERAL_DISCONNECT)
if not is_second_life:
    machine.reset()
