"""One side of a connection: what it has to send, PDU by PDU, and what its controller hears of it.

When the PDUs go is `connection.py`'s business. A packet counts as sent, and the host's buffer as free, when the other
side has acknowledged the last PDU of it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bumble import controller, hci, ll
from bumble.core import PhysicalTransport

from .air import US_PER_BYTE, Air, Radio

if TYPE_CHECKING:
    from .connection import Connection
    from .encrypting import Start

MIN_OCTETS = 27
MAX_OCTETS = 251
_OVERHEAD_BYTES = 1 + 4 + 2 + 3  # preamble, access address, header, CRC
_INTEGRITY_BYTES = 4
_CONTINUATION, _START, _CONTROL = 1, 2, 3  # LLID
_CONTROL_BYTES = 12  # about; the longest, LL_ENC_REQ, has 23


@dataclass
class Outgoing:
    """What one side sends: `size` bytes of payload; `arrive` runs at the other side, `sent` when acknowledged."""

    size: int
    arrive: Callable[[], None]
    sent: Callable[[], None] | None = None
    is_control: bool = False
    content: bytes | Callable[[], bytes] = b""
    """What a sniffer sees of it: all of a host's packet; of a control PDU what the simulator knows, opcode first."""
    is_continued: bool = False
    """It goes on with an L2CAP packet that an earlier one began."""
    done: int = 0


class End(controller.Connection):
    """One side of a connection: what Bumble's controller holds as its connection."""

    def __init__(
        self,
        owner: controller.Controller,
        radio: Radio,
        role: hci.Role,
        self_address: hci.Address,
        peer_address: hci.Address,
        air: Air,
        max_octets: int,
    ) -> None:
        super().__init__(
            controller=owner,
            handle=owner.allocate_connection_handle(),
            role=role,
            self_address=self_address,
            peer_address=peer_address,
            link=air,
            transport=PhysicalTransport.LE,
            link_type=hci.HCI_Connection_Complete_Event.LinkType.ACL,
        )
        self.radio = radio
        self.max_octets = max_octets
        """What the controller can send and take in one PDU."""
        self.octets = MIN_OCTETS
        self.rssi_dbm = 0
        self.heard_us = -1
        """When the peer was last heard; -1: never."""
        self.is_over = False
        """Its host was told that the connection is gone; it acknowledges until the peer knows, too."""
        self.is_deaf = False
        """It has given up, or its power is gone: it neither hears nor answers."""
        self.is_leaving = False
        self.is_encrypted = False
        self.is_paused = False
        """Data waits, control PDUs do not: while encryption starts (5.1.3)."""
        self.encryption: Start | None = None
        """The start of encryption that is under way; see `encrypting.py`."""
        self.has_more = False
        self.wanted_octets = min(owner.suggested_max_tx_octets, max_octets)
        self._queue: deque[Outgoing] = deque()
        self._flight = -1  # payload bytes of the first of the queue that are under way; -1: none
        self._flight_arrived = False
        self.connection: Connection | None = None

    # What Bumble's controller asks of a connection.

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Send one packet of the host; its buffer is free again when the peer has it all."""
        content, is_continued = bytes(packet.data), packet.pb_flag == 1
        self.send(
            Outgoing(
                len(content),
                lambda: self._hand_over(packet),
                self._completed,
                content=content,
                is_continued=is_continued,
            )
        )

    def send_ll_control_pdu(self, packet: ll.ControlPdu) -> None:
        """Send a control PDU, ahead of data that waits."""
        self.send_control(lambda: self._peer_takes(packet), content=bytes((int(packet.opcode),)))

    def send_control(
        self,
        arrive: Callable[[], None],
        sent: Callable[[], None] | None = None,
        content: bytes | Callable[[], bytes] = b"",
    ) -> None:
        """Have `arrive` run when the peer has got a control PDU, and `sent` when that is acknowledged. `content`: what
        of it a sniffer shall see; its time on the air is that of any control PDU."""
        self.send(Outgoing(_CONTROL_BYTES, arrive, sent, is_control=True, content=content))

    def send(self, what: Outgoing) -> None:
        """Queue it; control PDUs overtake data that has not begun."""
        if self.is_over:
            return
        place = len(self._queue)
        if what.is_control:
            begun = bool(self._queue) and (self._flight >= 0 or self._queue[0].done > 0)
            place = next(
                (i for i, item in enumerate(self._queue) if not item.is_control and not (i == 0 and begun)), place
            )
        self._queue.insert(place, what)
        if self.connection is not None:
            self.connection.wake()

    @property
    def peer(self) -> "End | None":
        """The other side, if it ever heard of this connection."""
        return self.connection.other(self) if self.connection else None

    @property
    def is_busy(self) -> bool:
        """Whether it has something to send, or an acknowledgement to wait for."""
        return bool(self._queue)

    def finish(self, reason: int) -> None:
        """Tell the host, once, that the connection is over, and forget what was to be sent."""
        if not self.is_over:
            self.is_over = True
            self._queue.clear()
            self._flight = -1
            self.controller.on_le_disconnected(self, reason)

    def leave(self, reason: int) -> None:
        """The host disconnects: tell the peer. What has not begun to be sent is overtaken, and lost.

        The peer leaves when it has acknowledged (5.1.6): a peripheral at once, a central in the next event."""
        self.is_leaving = True

        def told() -> None:
            peer = self.peer
            if peer is not None and (self.role == hci.Role.CENTRAL or self.is_over):
                peer.finish(reason)

        def acknowledged() -> None:
            self.finish(hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)
            told()

        self.send_control(told, acknowledged, bytes((ll.ControlPdu.Opcode.LL_TERMINATE_IND, reason)))

    def resume(self) -> None:
        """Data goes on."""
        self.is_paused = False
        if self.connection is not None and self.is_busy:
            self.connection.wake()

    def silence(self) -> None:
        """Gone at this instant, without a word to the host: its power, or a reset."""
        self.is_over = self.is_deaf = True
        self._queue.clear()
        self._flight = -1

    def _completed(self) -> None:
        if not self.is_over:
            event = hci.HCI_Number_Of_Completed_Packets_Event(
                connection_handles=[self.handle], num_completed_packets=[1]
            )
            self.controller.send_hci_packet(event)

    def _hand_over(self, packet: hci.HCI_AclDataPacket) -> None:
        peer = self.peer
        if peer is not None and not peer.is_over:
            flag = 1 if packet.pb_flag == 1 else 2  # towards the host a start is always 2: Vol 4, Part E, 5.4.2
            peer.controller.send_hci_packet(hci.HCI_AclDataPacket(peer.handle, flag, 0, len(packet.data), packet.data))

    def _peer_takes(self, packet: ll.ControlPdu) -> None:
        peer = self.peer
        if peer is not None and not peer.is_over:
            peer.controller.on_ll_control_pdu(peer.peer_address, packet)

    # What the connection asks of its sides.

    def put_on_air(self) -> int:
        """Choose the PDU for this turn, the lost one again if there is one; its length in microseconds."""
        if self._flight < 0 and self._queue and self._may_go(self._queue[0]):
            self._flight = min(self._queue[0].size - self._queue[0].done, self.octets)
            self._flight_arrived = False
        left = self._left()
        self.has_more = len(left) > 1 or (bool(left) and left[0] > self._flight)
        return self._length_us(max(0, self._flight))

    def on_air(self) -> tuple[int, bytes]:
        """LLID and content of the PDU of this turn (Core specification 6.0, Vol 6, Part B, 2.4)."""
        if self._flight < 0 or not self._queue:
            return _CONTINUATION, b""
        first = self._queue[0]
        content = first.content() if callable(first.content) else first.content
        if first.is_control:
            return _CONTROL, content
        begins = first.done == 0 and not first.is_continued
        return _START if begins else _CONTINUATION, content[first.done : first.done + self._flight]

    def next_us(self) -> int:
        """How long its next PDU will be on the air, if the present one is acknowledged before."""
        left = self._left()
        if self._flight >= 0:
            if not self._flight_arrived:
                return self._length_us(self._flight)
            left[0] -= self._flight
            if not left[0]:
                left.pop(0)
        return self._length_us(min(self.octets, left[0]) if left else 0)

    def _may_go(self, what: Outgoing) -> bool:
        return what.is_control or not self.is_paused

    def _left(self) -> list[int]:
        """What is left of the first two that may be sent: bytes each."""
        return [item.size - item.done for item in islice(self._queue, 2) if self._may_go(item)]

    def _length_us(self, octets: int) -> int:
        integrity_bytes = _INTEGRITY_BYTES if self.is_encrypted and octets else 0
        return (_OVERHEAD_BYTES + octets + integrity_bytes) * US_PER_BYTE

    def arrives(self) -> None:
        """The peer has got the PDU of this turn: what that completes goes up, a repetition does not."""
        if self._flight >= 0 and not self._flight_arrived:
            self._flight_arrived = True
            first = self._queue[0]
            if first.done + self._flight >= first.size:
                first.arrive()

    def acknowledged(self) -> None:
        """The peer's answer says that it has what it has."""
        if self._flight < 0 or not self._flight_arrived:
            return
        first = self._queue[0]
        first.done += self._flight
        self._flight = -1
        if first.done >= first.size:
            self._queue.popleft()
            if first.sent is not None:
                first.sent()


def longest_time_us(octets: int) -> int:
    """What HCI calls the maximum time of a PDU with so many bytes of payload: encrypted (Vol 6, Part B, 4.5.10)."""
    return (octets + _OVERHEAD_BYTES + _INTEGRITY_BYTES) * US_PER_BYTE
