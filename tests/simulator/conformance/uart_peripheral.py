"""A Nordic UART service after MicroPython's documentation: a buffer that appends; lines are notified in capitals.

Its other end is `uart_central.py`.
"""

import time

import bluetooth
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_FLAG_READ = const(0x0002)
_FLAG_WRITE_NO_RESPONSE = const(0x0004)
_FLAG_WRITE = const(0x0008)
_FLAG_NOTIFY = const(0x0010)

_UART = (
    bluetooth.UUID("6E400001-B5A3-F393-E0A9-E50E24DCCA9E"),
    (
        (bluetooth.UUID("6E400003-B5A3-F393-E0A9-E50E24DCCA9E"), _FLAG_READ | _FLAG_NOTIFY),
        (bluetooth.UUID("6E400002-B5A3-F393-E0A9-E50E24DCCA9E"), _FLAG_WRITE | _FLAG_WRITE_NO_RESPONSE),
    ),
)
_PIECE_BYTES = const(20)

ble = bluetooth.BLE()
visitors = set()
inbox = bytearray()
had_visitor = False


def bt_irq(event, data):
    global had_visitor
    if event == _IRQ_CENTRAL_CONNECT:
        visitors.add(data[0])
        had_visitor = True
    elif event == _IRQ_CENTRAL_DISCONNECT:
        visitors.remove(data[0])
        ble.gap_advertise(100000)
    elif event == _IRQ_GATTS_WRITE and data[1] == rx:
        inbox.extend(ble.gatts_read(rx))


def send(text):
    for visitor in visitors:
        for at in range(0, len(text), _PIECE_BYTES):
            ble.gatts_notify(visitor, tx, text[at : at + _PIECE_BYTES])


ble.active(True)
ble.irq(bt_irq)
((tx, rx),) = ble.gatts_register_services((_UART,))
ble.gatts_set_buffer(rx, 100, True)
ble.gap_advertise(100000, b"\x02\x01\x06\x05\x09uart")
while visitors or not had_visitor:
    time.sleep_ms(200)  # several writes arrive meanwhile: the buffer appends
    end = inbox.find(b"\n") + 1
    while end:
        line = bytes(inbox[:end])
        inbox = inbox[end:]
        print("line", line)
        send(line.upper())
        end = inbox.find(b"\n") + 1
print("the visitor left")
