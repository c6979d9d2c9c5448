"""A central after MicroPython's documentation: it finds `peripheral.py` and uses each method of the client once."""

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
_IRQ_GATTC_DESCRIPTOR_RESULT = const(13)
_IRQ_GATTC_DESCRIPTOR_DONE = const(14)
_IRQ_GATTC_READ_RESULT = const(15)
_IRQ_GATTC_READ_DONE = const(16)
_IRQ_GATTC_WRITE_DONE = const(17)
_IRQ_GATTC_NOTIFY = const(18)
_IRQ_MTU_EXCHANGED = const(21)
_WITH_RESPONSE = const(1)

ble = bluetooth.BLE()
seen = {}
found = []
peer = None


def bt_irq(event, data):
    global peer
    if event == _IRQ_SCAN_RESULT:
        addr_type, addr, adv_type, rssi, adv_data = data
        if b"conformant" in bytes(adv_data) and peer is None:
            peer = addr_type, bytes(addr)
            print("found it, type", adv_type)
            ble.gap_scan(None)
    elif event == _IRQ_GATTC_SERVICE_RESULT:
        conn_handle, start_handle, end_handle, uuid = data
        found.append((bluetooth.UUID(uuid), start_handle, end_handle))
    elif event == _IRQ_GATTC_CHARACTERISTIC_RESULT:
        conn_handle, end_handle, value_handle, properties, uuid = data
        found.append((bluetooth.UUID(uuid), value_handle, properties))
    elif event == _IRQ_GATTC_DESCRIPTOR_RESULT:
        conn_handle, dsc_handle, uuid = data
        found.append((bluetooth.UUID(uuid), dsc_handle))
    elif event == _IRQ_GATTC_READ_RESULT:
        conn_handle, value_handle, char_data = data
        print("read", bytes(char_data))
    elif event == _IRQ_GATTC_NOTIFY:
        conn_handle, value_handle, notify_data = data
        print("notified", value_handle == measurement, bytes(notify_data))
        seen[event] = None
    else:
        seen[event] = data


def wait_for(event):
    while event not in seen:
        time.sleep_ms(5)
    return seen.pop(event)


def read(handle):
    ble.gattc_read(conn, handle)
    print("read done", "refused" if wait_for(_IRQ_GATTC_READ_DONE)[2] else "well")


def tell(value, mode):
    ble.gattc_write(conn, control_point, value, mode)
    if mode == _WITH_RESPONSE:
        print("written", wait_for(_IRQ_GATTC_WRITE_DONE)[2])
    wait_for(_IRQ_GATTC_NOTIFY)


def taken():
    items, found[:] = list(found), []
    return items


ble.active(True)
ble.irq(bt_irq)
ble.config(mtu=200)
ble.gap_scan(0, 30000, 30000, True)
wait_for(_IRQ_SCAN_DONE)
ble.gap_connect(peer[0], peer[1], 2000, 30000, 30000)
conn = wait_for(_IRQ_PERIPHERAL_CONNECT)[0]
print("connected")
ble.gattc_exchange_mtu(conn)
print("mtu", wait_for(_IRQ_MTU_EXCHANGED)[1])

ble.gattc_discover_services(conn)
print("services done", wait_for(_IRQ_GATTC_SERVICE_DONE)[1])
print(sorted([str(item[0]) for item in taken()]))
ble.gattc_discover_services(conn, bluetooth.UUID(0x180D))
wait_for(_IRQ_GATTC_SERVICE_DONE)
((uuid, start, end),) = taken()
print(uuid)
ble.gattc_discover_characteristics(conn, start, end)
print("characteristics done", wait_for(_IRQ_GATTC_CHARACTERISTIC_DONE)[1])
(uuid, measurement, properties), (uuid_2, control_point, properties_2) = taken()
print(uuid, properties, uuid_2, properties_2)
ble.gattc_discover_characteristics(conn, start, end, bluetooth.UUID(0x2A39))
wait_for(_IRQ_GATTC_CHARACTERISTIC_DONE)
print(taken() == [(uuid_2, control_point, properties_2)])
ble.gattc_discover_descriptors(conn, measurement, control_point - 2)
print("descriptors done", wait_for(_IRQ_GATTC_DESCRIPTOR_DONE)[1])
descriptors = dict(taken())
cccd, description = descriptors[bluetooth.UUID(0x2902)], descriptors[bluetooth.UUID(0x2901)]

read(measurement)
read(measurement)
read(description)
ble.gattc_write(conn, cccd, b"\x01\x00", _WITH_RESPONSE)
print("subscribed", wait_for(_IRQ_GATTC_WRITE_DONE)[2])
tell(b"stored", _WITH_RESPONSE)
tell(b"given", 0)
tell(b"update", _WITH_RESPONSE)
read(measurement)
print("disconnecting", ble.gap_disconnect(conn))
print("disconnected", wait_for(_IRQ_PERIPHERAL_DISCONNECT)[0] == conn)
ble.active(False)
