"""The baseline of `pull.py`: a board that notifies as fast as its stack takes it, and does nothing else."""

import time

import bluetooth

SERVICE = bluetooth.UUID("6e400001-b5a3-f393-e0a9-e50e24dcca9e")
NOTES = bluetooth.UUID("6e400003-b5a3-f393-e0a9-e50e24dcca9e")

ble = bluetooth.BLE()
ble.active(True)
ble.config(mtu=247)
state = {"conn": None, "mtu": 23}


def irq(event, data):
    if event == 1:
        state["conn"] = data[0]
    elif event == 2:
        state["conn"] = None
    elif event == 3:
        state["go"] = True
    elif event == 21:
        state["mtu"] = min(data[1], 247)


ble.irq(irq)
((go, notes),) = ble.gatts_register_services(
    ((SERVICE, ((bluetooth.UUID("6e400002-b5a3-f393-e0a9-e50e24dcca9e"), 8), (NOTES, 16))),)
)
ble.gap_advertise(100000, b"\x02\x01\x06\x05\x09Bare", connectable=True)
while "go" not in state:
    time.sleep_ms(5)
payload = bytes(state["mtu"] - 3)
left = 0
while state["conn"] is not None:
    # As many as the stack has room for, and where it has no bound of its own, no more than a pull's credit has.
    try:
        ble.gatts_notify(state["conn"], notes, payload)
        left += len(payload)
        if left > 16384:
            left = 0
            time.sleep_ms(5)
    except OSError:
        time.sleep_ms(2)
