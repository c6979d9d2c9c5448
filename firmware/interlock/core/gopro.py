"""Open GoPro's messages over BLE, as far as a recorder needs them. Pure: packets in, packets out.

Source: Open GoPro BLE specification, gopro.github.io/OpenGoPro: "BLE Setup" (advertisements, characteristics), "Data
Protocol" (packet headers), "Control" (Set Shutter, Keep Alive), "Query" (status values), "Statuses". Written from it
alone; no GoPro has been met.
"""

SERVICE = 0xFEA6
UUID_FORM = "b5f900%02x-aa8d-11e3-9046-0002a5d5c51b"
COMMAND, COMMAND_SAYS = 0x72, 0x73
SETTING, SETTING_SAYS = 0x74, 0x75
QUERY, QUERY_SAYS = 0x76, 0x77
PACKET_BYTES = 20

SHUTTER_ON = b"\x01\x01\x01"
SHUTTER_OFF = b"\x01\x01\x00"
HARDWARE_INFO = b"\x3c"
KEEP_ALIVE = b"\x5b\x01\x42"

GET_STATUS = 0x13
REGISTER_STATUS = 0x53
STATUS_CHANGED = 0x93
SUCCESS = 0

BUSY = 8
ENCODING = 10
STORAGE = 33
MINUTES_LEFT = 35
BATTERY = 70
WATCHED = bytes((BUSY, ENCODING, STORAGE, MINUTES_LEFT, BATTERY))

# Of the byte "camera status" in its advertisement.
ADV_AWAKE = 1
ADV_PAIRING = 4
_COMPANY = b"\xf2\x02"


def packets(message: bytes) -> "list[bytes]":
    """The packets, of 20 bytes at most, that carry a message of up to 8191 bytes."""
    size = len(message)
    head = bytes((size,)) if size < 32 else bytes((0x20 | size >> 8, size & 0xFF))
    room = PACKET_BYTES - len(head)
    found = [head + message[:room]]
    rest = message[room:]
    count = 0
    while rest:
        found.append(bytes((0x80 | count & 15,)) + rest[: PACKET_BYTES - 1])
        rest = rest[PACKET_BYTES - 1 :]
        count += 1
    return found


class Message:
    """Puts one characteristic's packets together again."""

    def __init__(self) -> None:
        self._data = b""
        self._size = 0
        self._next = 0

    def take(self, packet: bytes) -> bytes | None:
        """The whole message that this packet completes, or None. What is out of order ends what was begun."""
        if not packet:
            return None
        first = packet[0]
        if first & 0x80:
            if not self._size or first & 15 != self._next & 15:
                self._size = 0
                return None
            self._next += 1
            self._data += packet[1:]
        elif first & 0x60 == 0:
            self._begin(first & 0x1F, packet[1:])
        elif first & 0x60 == 0x20 and len(packet) > 1:
            self._begin((first & 0x1F) << 8 | packet[1], packet[2:])
        elif first & 0x60 == 0x40 and len(packet) > 2:
            self._begin(packet[1] << 8 | packet[2], packet[3:])
        else:
            self._size = 0
        if not self._size or len(self._data) < self._size:
            return None
        size, self._size = self._size, 0
        return self._data[:size]

    def _begin(self, size: int, data: bytes) -> None:
        self._size, self._data, self._next = size, data, 0


def statuses(message: bytes) -> "dict[int, int] | None":
    """{status: value} of a query's answer or of what a GoPro says by itself; None of any other message. Values of more
    than four bytes, and what does not fit, are left out."""
    if len(message) < 2 or message[0] not in (GET_STATUS, REGISTER_STATUS, STATUS_CHANGED) or message[1] != SUCCESS:
        return None
    found = {}
    at = 2
    while at + 2 <= len(message):
        status, size = message[at], message[at + 1]
        value = message[at + 2 : at + 2 + size]
        if len(value) == size and size <= 4:
            found[status] = int.from_bytes(value, "big")
        at += 2 + size
    return found


def field(data: bytes, kind: int) -> bytes | None:
    """The field of this AD type in an advertisement or scan response, or None."""
    at = 0
    while at + 1 < len(data) and data[at]:
        if data[at + 1] == kind:
            return bytes(data[at + 2 : at + 1 + data[at]])
        at += 1 + data[at]
    return None


def camera_status(data: bytes) -> int | None:
    """The byte "camera status" of a GoPro's advertisement, or None: it is another device's, or a scan response."""
    said = field(data, 0xFF)
    return said[3] if said is not None and len(said) > 3 and said[:2] == _COMPANY else None
