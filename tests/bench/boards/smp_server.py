"""The peer of `pull.py`: a board that offers a file by the Simple Management Protocol, as mcumgr's tools know it.

Written after Zephyr's documentation: "SMP Protocol Specification" (header), "SMP Transport Specification" (one
characteristic; a message longer than a notification goes on in the next), "OS management" (echo, MCUmgr parameters),
"File management" (download). CBOR: RFC 8949, as far as these requests go. Like theirs it answers one request at a time
and knows nobody: no authentication, no encryption. The file is raw flash from the journal's start on.

`smp_settings` (written by `smp.py`) has BUF_BYTES (of one message, header included), FILE_NAME and FILE_BYTES.
"""

import struct
import sys
import time

import bluetooth
import smp_settings

SERVICE = bluetooth.UUID("8D53DC1D-1DB7-4CD3-868B-8A527460AA84")
CHARACTERISTIC = bluetooth.UUID("DA2E7828-FBCE-4E01-AE9E-261174997C48")
WRITE_WITHOUT_RESPONSE, NOTIFY = 4, 16
HEADER = ">BBHHBB"  # version and operation, flags, length of what follows, group, sequence, command
HEADER_BYTES = 8
READ, WRITE = 0, 2
OS, FILES = 0, 8
ECHO, PARAMETERS = 0, 6
DOWNLOAD = 0
BAD_REQUEST, NOT_SUPPORTED = 3, 8  # of the protocol itself
NOT_FOUND, BEYOND_THE_END = 3, 12  # of the file group
SECTOR_BYTES = 4096


def flash_reader():
    """readblocks(sector, buffer, offset) of the area that holds the journal."""
    if sys.platform == "esp32":
        import esp32

        return esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0].readblocks
    import rp2

    return rp2.Flash().readblocks


def head(kind, value):
    """CBOR's first bytes of an item: its kind and its value or length, up to 32 bits."""
    if value < 24:
        return bytes([kind << 5 | value])
    if value < 0x100:
        return bytes([kind << 5 | 24, value])
    if value < 0x10000:
        return struct.pack(">BH", kind << 5 | 25, value)
    return struct.pack(">BI", kind << 5 | 26, value)


def text(value):
    data = value.encode()
    return head(3, len(data)) + data


def item(data, at):
    """(value, where the next begins). Unsigned integers, bytes, texts and maps of a given length; else ValueError."""
    kind, short = data[at] >> 5, data[at] & 31
    at += 1
    if short < 24:
        value = short
    elif short < 27:
        length = 1 << (short - 24)
        value = int.from_bytes(data[at : at + length], "big")
        at += length
    else:
        raise ValueError
    if kind == 0:
        return value, at
    if kind in (2, 3) and at + value <= len(data):
        found = bytes(data[at : at + value])
        return (found if kind == 2 else found.decode()), at + value
    if kind == 5:
        found = {}
        for _ in range(value):
            key, at = item(data, at)
            found[key], at = item(data, at)
        return found, at
    raise ValueError


class Server:
    def __init__(self):
        self.read = flash_reader()
        self.message = bytearray(smp_settings.BUF_BYTES)
        self.view = memoryview(self.message)

    def put(self, at, data):
        self.message[at : at + len(data)] = data
        return at + len(data)

    def answer(self, request):
        """How many bytes of `message` are the answer."""
        first, _, length, group, sequence, command = struct.unpack(HEADER, request)
        operation, version = first & 7, first >> 3 & 3
        at = HEADER_BYTES
        try:
            asked = item(request, HEADER_BYTES)[0] if length else {}
            if group == OS and command == ECHO and operation == WRITE:
                at = self.put(at, head(5, 1) + text("r") + text(asked["d"]))
            elif group == OS and command == PARAMETERS and operation == READ:
                at = self.put(at, head(5, 2) + text("buf_size") + head(0, len(self.message)))
                at = self.put(at, text("buf_count") + head(0, 1))
            elif group == FILES and command == DOWNLOAD and operation == READ:
                at = self.chunk(at, asked["name"], asked["off"])
            else:
                at = self.put(at, head(5, 1) + text("rc") + head(0, NOT_SUPPORTED))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            at = self.put(HEADER_BYTES, head(5, 1) + text("rc") + head(0, BAD_REQUEST))
        struct.pack_into(
            HEADER, self.message, 0, version << 3 | operation | 1, 0, at - HEADER_BYTES, group, sequence, command
        )
        return at

    def chunk(self, at, name, offset):
        if name != smp_settings.FILE_NAME:
            return self.failure(at, NOT_FOUND)
        left = smp_settings.FILE_BYTES - offset
        if left < 0:
            return self.failure(at, BEYOND_THE_END)
        at = self.put(at, head(5, 3 if offset == 0 else 2) + text("off") + head(0, offset))
        if offset == 0:
            at = self.put(at, text("len") + head(0, smp_settings.FILE_BYTES))
        at = self.put(at, text("data"))
        # The length's own bytes first: as many as the longest chunk's would take.
        length = min(left, len(self.message) - at - len(head(2, len(self.message))))
        at = self.put(at, head(2, length))
        if length:
            self.read(offset // SECTOR_BYTES, self.view[at : at + length], offset % SECTOR_BYTES)
        return at + length

    def failure(self, at, code):
        return self.put(
            at, head(5, 1) + text("err") + head(5, 2) + text("group") + head(0, FILES) + text("rc") + head(0, code)
        )


ble = bluetooth.BLE()
ble.active(True)
ble.config(mtu=247)
((characteristic,),) = ble.gatts_register_services(((SERVICE, ((CHARACTERISTIC, WRITE_WITHOUT_RESPONSE | NOTIFY),)),))
ble.gatts_set_buffer(characteristic, 512, True)
state = {"conn": None, "mtu": 23, "got": b""}


def irq(event, data):
    if event == 1:
        state["conn"], state["mtu"], state["got"] = data[0], 23, b""
    elif event == 2:
        state["conn"] = None
        advertise()
    elif event == 3:
        state["got"] += ble.gatts_read(characteristic)
    elif event == 21:
        state["mtu"] = min(data[1], 247)


def advertise():
    ble.gap_advertise(100000, b"\x02\x01\x06\x04\x09Smp", connectable=True)


def send(length):
    at, fragment = 0, state["mtu"] - 3
    while at < length and state["conn"] is not None:
        end = min(length, at + fragment)
        try:
            ble.gatts_notify(state["conn"], characteristic, server.view[at:end])
            at = end
        except OSError:  # the stack has no room now
            time.sleep_ms(2)


server = Server()
ble.irq(irq)
advertise()
while True:
    request = state["got"]
    if len(request) >= HEADER_BYTES and len(request) >= HEADER_BYTES + (request[2] << 8 | request[3]):
        state["got"] = b""
        send(server.answer(request))
    time.sleep_ms(1)
