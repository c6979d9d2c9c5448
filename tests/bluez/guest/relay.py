"""In the machine: its radios and its system bus, for the host outside. Standard library of python3-minimal only.

TCP 7001: each connection is a Bluetooth controller, that is one more hciN (HCI packets as of H4, Core specification
6.0, Vol 4, Part A). TCP 7002: each connection is one to the system bus.
"""

import os
import select
import socket
import struct
import threading

HCI_PORT, BUS_PORT = 7001, 7002
BUS = "/run/dbus/system_bus_socket"
PRIMARY = b"\xff\x00"  # to /dev/vhci: make a controller of the usual kind
VENDOR = 0xFF  # what vhci itself says
# Packet type: bytes of its header behind the type, and how its length is read from it.
HEADERS = {2: ("<xxH", 4), 3: ("<xxB", 3), 4: ("<xB", 2), 5: ("<xxH", 4)}


def listen(port, serve):
    server = socket.create_server(("0.0.0.0", port))

    def accept():
        while True:
            visitor, _ = server.accept()
            visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(visitor,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def bus(visitor):
    inside = socket.socket(socket.AF_UNIX)
    inside.connect(BUS)
    threading.Thread(target=pump, args=(inside, visitor), daemon=True).start()
    pump(visitor, inside)


def controller(visitor):
    """Until the visitor leaves: then the kernel loses this controller, as one that is unplugged. One thread: a file
    that another one still reads is not closed."""
    vhci = os.open("/dev/vhci", os.O_RDWR)
    os.write(vhci, PRIMARY)
    begun = b""
    try:
        while True:
            readable, _, _ = select.select([visitor, vhci], [], [])
            if vhci in readable:
                packet = os.read(vhci, 4096)
                if packet[0] != VENDOR:
                    visitor.sendall(packet)
            if visitor in readable:
                data = visitor.recv(65536)
                if not data:
                    break
                begun = to_kernel(vhci, begun + data)
    except OSError:
        pass
    os.close(vhci)
    visitor.close()


def to_kernel(vhci, data):
    """Write each whole packet; what is left of the last one is returned."""
    while data and len(data) > (header := HEADERS[data[0]][1]):
        length = struct.unpack_from(HEADERS[data[0]][0], data, 1)[0] & 0x3FFF
        end = 1 + header + length
        if len(data) < end:
            break
        os.write(vhci, data[:end])
        data = data[end:]
    return data


if __name__ == "__main__":
    listen(HCI_PORT, controller)
    listen(BUS_PORT, bus)
    print("machine: relay listens", flush=True)
    threading.Event().wait()
