"""Writes what was on the air as a pcap file that Wireshark opens: LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR (256).

Microsecond stamps in virtual time: second 0 of the file is second 0 of the world. Every PDU is there once, as sent, in
order of its first bit, whoever heard it; the signal strength given is that of the transmitter, since an observer
without a place has none. PDUs of connections are in the clear even where the link is encrypted, and flagged as
decrypted; what of them is not seen at all says `tapping.py`.

Source: www.tcpdump.org/linktypes/LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR.html; Core specification 6.0, Vol 6, Part B, 2.3
and 2.4 (PDUs), 3.1.1 (CRC), Part A, 2 (channels).
"""

import heapq
import struct
from pathlib import Path
from types import TracebackType

from .air import Pdu
from .tapping import DataPdu

LINKTYPE = 256
ACCESS_ADDRESS = 0x8E89BED6
CRC_INIT = 0x555555
_MAGIC_US = 0xA1B2C3D4
_SNAP_BYTES = 65535
_RF_CHANNELS = (*range(1, 12), *range(13, 39), 0, 12, 39)  # by channel index; k is 2402 MHz + 2 k MHz
_UNKNOWN_DBM = -128  # what the link type prescribes for a figure that is not valid
# Dewhitened, signal power valid, reference access address valid, CRC checked, CRC valid.
_FLAGS = 0x0001 | 0x0002 | 0x0010 | 0x0400 | 0x0800
_DECRYPTED = 0x0008
_FROM_CENTRAL, _FROM_PERIPHERAL = 2 << 7, 3 << 7
# PDUs reach the writer at their end; none lasts longer than this, so earlier ones are in their final order.
_REORDER_US = 3000


def _crc_of_byte(state: int) -> int:
    for _ in range(8):
        state = state >> 1 ^ (0xDA6000 if state & 1 else 0)
    return state


_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))


def crc24(pdu: bytes, init: int = CRC_INIT) -> bytes:
    """The CRC of a PDU (header and payload) as sent, 3 bytes.

    x^24 + x^10 + x^9 + x^6 + x^4 + x^3 + x + 1, each byte least significant bit first; kept bit-reversed, so that the
    three bytes leave in the order in which the radio sends them.
    """
    state = int(f"{init:024b}"[::-1], 2)
    for byte in pdu:
        state = state >> 8 ^ _CRC_TABLE[(state ^ byte) & 0xFF]
    return state.to_bytes(3, "little")


def link_layer_bytes(pdu: Pdu) -> bytes:
    """Header and payload of an advertising channel PDU as the radio sends them."""
    header = pdu.pdu_type | pdu.address_is_random << 6 | pdu.target_is_random << 7
    return bytes((header, 6 + len(pdu.data))) + pdu.address + pdu.data


class PcapWriter:
    """A file of PDUs; an instance is an observer of the air (`air.observers.append(writer)`).

    `signal_dbm`: the transmit power to show. The last PDUs are written by `close`, which may be called again.
    """

    def __init__(self, path: Path, signal_dbm: int = 0) -> None:
        self._file = path.open("wb")
        self._signal_dbm = signal_dbm
        self._waiting: list[tuple[int, int, bytes]] = []
        self._count = 0
        self._file.write(struct.pack("<IHHiIII", _MAGIC_US, 2, 4, 0, 0, _SNAP_BYTES, LINKTYPE))

    def __call__(self, pdu: Pdu) -> None:
        """Take a PDU at its end."""
        self._take(pdu.time_us, pdu.channel, _FLAGS, ACCESS_ADDRESS, CRC_INIT, link_layer_bytes(pdu))
        self._write_until(pdu.end_us - _REORDER_US)

    def data(self, pdu: DataPdu) -> None:
        """Take a PDU of a connection at its end (`air.data_observers.append(writer.data)`)."""
        direction = _FROM_CENTRAL if pdu.is_from_central else _FROM_PERIPHERAL
        flags = _FLAGS | direction | (_DECRYPTED if pdu.is_encrypted else 0)
        content = bytes((pdu.header, len(pdu.payload))) + pdu.payload
        self._take(pdu.time_us, pdu.channel, flags, pdu.link.access_address, pdu.link.crc_init, content)

    def _take(self, time_us: int, channel: int, flags: int, access_address: int, crc_init: int, content: bytes) -> None:
        packet = (
            struct.pack(
                "<BbbBIHI",
                _RF_CHANNELS[channel],
                self._signal_dbm,
                _UNKNOWN_DBM,
                0,  # access address offences: the sender's is right
                access_address,
                flags,
                access_address,
            )
            + content
            + crc24(content, crc_init)
        )
        # The count decides between PDUs of one instant: bytes have no say in an order of time.
        heapq.heappush(self._waiting, (time_us, self._count, packet))
        self._count += 1

    def _write_until(self, time_us: int) -> None:
        while self._waiting and self._waiting[0][0] < time_us:
            self._write_first()

    def _write_first(self) -> None:
        sent_us, _, packet = heapq.heappop(self._waiting)
        self._file.write(struct.pack("<IIII", *divmod(sent_us, 1_000_000), len(packet), len(packet)) + packet)

    def close(self) -> None:
        """Write what waits and close the file."""
        while self._waiting:
            self._write_first()
        self._file.close()

    def __enter__(self) -> "PcapWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
