"""The connections of one board as ATT sees them: a bearer each, and what waits there to be sent.

The board serves (`gatt.py`) and asks (`gattc.py`) over the same bearer, whichever side it is of the connection.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bumble import att, hci

MIN_MTU = 23


@dataclass(eq=False)
class Bearer:
    """One connection: what Bumble's server takes for a bearer. `role` is this board's."""

    handle: int
    role: hci.Role
    peer: hci.Address
    on_mtu: Callable[["Bearer", int], None]
    att_mtu: int = MIN_MTU
    has_exchanged_mtu: bool = False
    encryption: int = 0
    authenticated: bool = False
    is_leaving: bool = False
    """This board is ending it."""
    is_gone: bool = False
    unsent: deque[list[int]] = field(default_factory=deque)
    """For each PDU on its way: packets not acknowledged yet, and whether it holds a place of the pool."""
    indications: dict["asyncio.Task[None]", int] = field(default_factory=dict)
    """Those that are not confirmed, with the handle of the value."""

    def on_att_mtu_update(self, mtu: int) -> None:
        """MTUs were exchanged, whoever asked."""
        self.att_mtu = mtu
        self.has_exchanged_mtu = True
        self.on_mtu(self, mtu)


class Bearers:
    """All of one board's. `transmit(connection, channel, pdu)` returns how many packets that took.

    `pool`: how many PDUs without an answer can wait to be sent; 0: as many as the heap holds.
    """

    def __init__(
        self, transmit: Callable[[int, int, bytes], int], pool: int, on_mtu: Callable[[Bearer, int], None]
    ) -> None:
        self._transmit = transmit
        self._pool = pool
        self._on_mtu = on_mtu
        self._bearers: dict[int, Bearer] = {}
        self._waiting = 0

    def __iter__(self) -> Iterator[Bearer]:
        return iter(list(self._bearers.values()))

    def get(self, connection: int) -> Bearer | None:
        """The one of a connection, if there is such."""
        return self._bearers.get(connection)

    def open(self, connection: int, role: hci.Role, peer: hci.Address) -> Bearer:
        """A connection is there."""
        bearer = self._bearers[connection] = Bearer(connection, role, peer, self._on_mtu)
        return bearer

    def close(self, bearer: Bearer) -> None:
        """It is gone: what waited for it is dropped."""
        del self._bearers[bearer.handle]
        bearer.is_gone = True
        self._waiting -= sum(is_pooled for _, is_pooled in bearer.unsent)

    @property
    def is_full(self) -> bool:
        """Whether one more PDU without an answer finds no buffer."""
        return bool(self._pool) and self._waiting >= self._pool

    def send(self, bearer: Bearer, pdu: bytes, channel: int = att.ATT_CID, *, is_pooled: bool = False) -> None:
        """Send one PDU, and count its packets until the peer has them."""
        if not bearer.is_gone:
            self._waiting += is_pooled
            bearer.unsent.append([self._transmit(bearer.handle, channel, pdu), int(is_pooled)])

    def packets_completed(self, connection: int, count: int) -> None:
        """So many packets of this connection have been sent."""
        bearer = self._bearers.get(connection)
        while bearer is not None and count and bearer.unsent:
            first = bearer.unsent[0]
            step = min(count, first[0])
            first[0] -= step
            count -= step
            if not first[0]:
                self._waiting -= first[1]
                bearer.unsent.popleft()
