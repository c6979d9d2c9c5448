"""The L2CAP signaling channel of one board: a peripheral asks its central for other connection parameters.

Both stacks grant what is valid without asking the firmware, which hears of the change when it has happened. Channels
(connection-oriented L2CAP) are not modelled: whatever else is requested is answered as not understood.
Sources: Core specification 6.0, Vol 3, Part A, 4; nimble/host/src/ble_l2cap_sig.c, BTstack's src/l2cap.c.
"""

import struct
from collections.abc import Callable

from bumble import hci, l2cap

from ..radio.connection import Parameters
from .bearers import Bearer, Bearers

CID = l2cap.L2CAP_LE_SIGNALING_CID
_HEADER = struct.Struct("<BBH")
_PARAMETERS = struct.Struct("<HHHH")
_REJECT, _UPDATE_REQUEST, _UPDATE_RESPONSE = 0x01, 0x12, 0x13
_REQUESTS = (0x06, _UPDATE_REQUEST, 0x14, 0x17, 0x19)
"""To disconnect, to update, to connect in three ways; what else arrives is an answer, or a credit."""
_GRANTED, _DENIED = 0, 1


class Signaling:
    """`update(command)` has the controller change the parameters of a connection."""

    def __init__(self, bearers: Bearers, update: Callable[[hci.HCI_LE_Connection_Update_Command], None]) -> None:
        self._bearers = bearers
        self._update = update

    def on_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        """One packet of the peer; damaged ones are ignored."""
        if len(pdu) < _HEADER.size:
            return
        code, identifier, length = _HEADER.unpack_from(pdu)
        content = pdu[_HEADER.size :]
        if code not in _REQUESTS or length != len(content):
            return
        if code != _UPDATE_REQUEST or length != _PARAMETERS.size or bearer.role != hci.Role.CENTRAL:
            self._send(bearer, _REJECT, identifier, 0)
            return
        low, high, latency, timeout = _PARAMETERS.unpack(content)
        are_valid = low <= high and all(Parameters(units, latency, timeout).are_valid for units in (low, high))
        self._send(bearer, _UPDATE_RESPONSE, identifier, _GRANTED if are_valid else _DENIED)
        if are_valid:
            self._update(hci.HCI_LE_Connection_Update_Command(bearer.handle, low, high, latency, timeout, 0, 0))

    def _send(self, bearer: Bearer, code: int, identifier: int, result: int) -> None:
        self._bearers.send(bearer, _HEADER.pack(code, identifier, 2) + result.to_bytes(2, "little"), CID)
