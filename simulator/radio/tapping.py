"""What a sniffer sees of one connection: its PDUs with header and channel, for `Air.data_observers`.

Nothing follows from it: the time, losses and repetitions are `connection.py`. Sequence numbers are kept
as both sides keep them (Core specification 6.0, Vol 6, Part B, 4.5.9); channels are those of algorithm #1, since no
CONNECT_IND here has its ChSel bit set, with all of them used. Not seen: empty events that the simulator skips; the
integrity check of encrypted PDUs, whose payload is shown in the clear; a control PDU of which the simulator keeps no
content but its opcode.
"""

from typing import TYPE_CHECKING, NamedTuple

from bumble import hci

from .hopping import channel_1

if TYPE_CHECKING:
    from .air import Air
    from .link_end import End


class LinkKey(NamedTuple):
    """What a CONNECT_IND tells whoever wants to follow: access address, CRC's initial value, hop increment."""

    access_address: int
    crc_init: int
    hop: int


class DataPdu(NamedTuple):
    """One PDU of a connection. `header`: its first byte (LLID, NESN, SN, MD); `source`: the sender's radio. Times are
    virtual microseconds."""

    time_us: int
    channel: int
    link: LinkKey
    is_from_central: bool
    header: int
    payload: bytes
    source: str
    is_encrypted: bool
    is_received: bool


class _Side:
    def __init__(self) -> None:
        self.sequence = 0
        self.expected = 0
        self.is_empty = True


class Tap:
    """On one connection: `sent`, then `landed`, for each PDU in turn."""

    def __init__(self, air: "Air", link: LinkKey) -> None:
        self._air = air
        self._link = link
        self._sides = {hci.Role.CENTRAL: _Side(), hci.Role.PERIPHERAL: _Side()}
        self._pdu: DataPdu | None = None

    def sent(self, sender: "End", time_us: int, event: int) -> None:
        """The PDU that `sender` has put on the air begins at `time_us`, in the event with this counter."""
        side = self._sides[sender.role]
        llid, payload = sender.on_air()
        if payload and side.is_empty:
            # A real side repeats an empty PDU until it is acknowledged; here new data need not wait for that.
            side.sequence = self._other(side).expected
        side.is_empty = not payload
        header = llid | side.expected << 2 | side.sequence << 3 | sender.has_more << 4
        is_from_central = sender.role == hci.Role.CENTRAL
        channel = channel_1(event, self._link.hop)
        self._pdu = DataPdu(
            time_us,
            channel,
            self._link,
            is_from_central,
            header,
            payload,
            sender.radio.name,
            is_encrypted=sender.is_encrypted and bool(payload),
            is_received=False,
        )

    def _other(self, side: _Side) -> _Side:
        central, peripheral = self._sides[hci.Role.CENTRAL], self._sides[hci.Role.PERIPHERAL]
        return peripheral if side is central else central

    def landed(self, receiver: "End | None", is_heard: bool) -> None:
        """It is over; whether the other side heard it."""
        pdu = self._pdu
        assert pdu is not None
        if is_heard and receiver is not None:
            side = self._sides[receiver.role]
            if pdu.header >> 3 & 1 == side.expected:
                side.expected ^= 1
            if pdu.header >> 2 & 1 != side.sequence:
                side.sequence ^= 1
        for observer in self._air.data_observers:
            observer(pdu._replace(is_received=is_heard))
