"""One LE connection on the air: its events in time, from the CONNECT_IND to the end of it at each side.

At every connection interval the central sends, the peripheral answers T_IFS later, and so on by turns while either has
more data and the event has room. A PDU that is lost ends the event and is sent again in the next. Whoever hears nothing
for the supervision timeout gives up by itself.

Not here: what a side sends (`link_end.py`), HCI (`connecting.py`) and who hears whom (`air.py`). Not modelled: data
channels and their hopping (a sniffer is told which: `tapping.py`), LE 2M and coded, peripheral latency (the peripheral
listens at every event), and the radio's time: connection events compete neither with each other nor with advertising
and scanning. While nothing is to be sent, events are played only so often that a lost peer is noticed (`_LOOK_US`).

Source: Core specification 6.0, Vol 6, Part B, 4.5 (connection state) and 5.1 (control procedures).
"""

import asyncio
import struct
from collections.abc import Callable
from typing import NamedTuple

from bumble import hci, ll

from ..clock import US_PER_S, now_us
from .air import T_IFS_US, Air
from .link_end import End, longest_time_us
from .tapping import LinkKey, Tap

UNIT_US = 1250
"""The unit of the connection interval in HCI."""
TIMEOUT_UNIT_US = 10_000
_EVENT_SHARE = 0.95
"""How much of an interval a controller fills: the rest is for its other work."""
_ESTABLISHING_EVENTS = 6
_INSTANT_EVENTS = 6  # 5.1.1: how far ahead a change of parameters lies at least
_LOOK_US = 100_000
_CONNECTION_UPDATE = struct.Struct("<BBHHHHH")  # opcode, window size and offset, parameters, instant
_LENGTHS = struct.Struct("<BHHHH")


class Parameters(NamedTuple):
    """As in HCI: interval in 1.25 ms, latency in events, timeout in 10 ms."""

    interval: int
    latency: int
    timeout: int

    @property
    def are_valid(self) -> bool:
        """The limits of Vol 4, Part E, 7.8.12."""
        covers = self.timeout * TIMEOUT_UNIT_US > 2 * (1 + self.latency) * self.interval * UNIT_US
        return 6 <= self.interval <= 3200 and self.latency <= 499 and 10 <= self.timeout <= 3200 and covers


class Connection:
    """The two sides of one connection, in time. `begins_us`: the first event. The peripheral may never `join`."""

    def __init__(self, air: Air, central: End, parameters: Parameters, begins_us: int, link: LinkKey) -> None:
        self.central = central
        self.peripheral: End | None = None
        self.parameters = parameters
        self._air = air
        self._tap = Tap(air, link)
        self._loop = asyncio.get_running_loop()
        self._interval_us = parameters.interval * UNIT_US
        self._last_us = begins_us - self._interval_us
        self._count = -1
        self._began_us = begins_us
        self._is_open = False
        self._update: tuple[int, Parameters] | None = None
        self._timer: asyncio.TimerHandle | None = None
        central.connection = self
        self._plan()

    def join(self, peripheral: End) -> None:
        """The advertiser has heard the CONNECT_IND."""
        self.peripheral = peripheral
        peripheral.connection = self

    def other(self, end: End) -> End | None:
        """The other side."""
        return self.peripheral if end is self.central else self.central

    def wake(self) -> None:
        """A side has something to send: at the next event."""
        if not self._is_open:
            self._plan()

    def update(self, parameters: Parameters) -> None:
        """The central changes the parameters: both sides switch together, some events later."""

        def arrive() -> None:
            self._update = (self._count + _INSTANT_EVENTS, parameters)

        def content() -> bytes:
            instant = (self._count + _INSTANT_EVENTS) & 0xFFFF
            return _CONNECTION_UPDATE.pack(ll.ControlPdu.Opcode.LL_CONNECTION_UPDATE_IND, 1, 0, *parameters, instant)

        self.central.send_control(arrive, content=content)

    def negotiate_octets(self, end: End) -> None:
        """`end` asks for PDUs of its `wanted_octets` (5.1.9); the answer settles both directions."""
        peer = self.other(end)

        def settle() -> None:
            if peer is not None:
                sizes = [(a, min(a.wanted_octets, b.max_octets)) for a, b in ((end, peer), (peer, end))]
                changed = [a.octets != octets for a, octets in sizes]
                for a, octets in sizes:
                    a.octets = octets
                for a, _ in sizes:
                    if any(changed) and not a.is_over:
                        _report_octets(a)

        if peer is not None:
            asked = _lengths(ll.ControlPdu.Opcode.LL_LENGTH_REQ, end)
            answered = _lengths(ll.ControlPdu.Opcode.LL_LENGTH_RSP, peer)
            end.send_control(lambda: peer.send_control(settle, content=answered), content=asked)

    def _ends(self) -> list[End]:
        return [self.central] if self.peripheral is None else [self.central, self.peripheral]

    def _later(self, at_us: int, step: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at_us / US_PER_S, step)

    def _plan(self) -> None:
        """Set the timer for the next event, or for a later one while there is nothing to say and all is well."""
        ends = self._ends()
        if all(end.is_over for end in ends):
            if self._timer is not None:
                self._timer.cancel()
            return
        events = max(1, -(-(now_us(self._loop) - self._last_us) // self._interval_us))
        is_idle = self._update is None and not any(end.is_busy for end in ends)
        if is_idle and all(end.heard_us >= self._last_us for end in ends) and len(ends) == 2:
            events = max(events, _LOOK_US // self._interval_us)
        self._later(self._last_us + events * self._interval_us, self._event)

    def _event(self) -> None:
        at_us = now_us(self._loop)
        self._count += (at_us - self._last_us) // self._interval_us
        self._last_us = at_us
        for end in self._ends():
            self._supervise(end, at_us)
        if self._update is not None and self._count >= self._update[0]:
            self._apply(self._update[1])
        if all(end.is_over for end in self._ends()):
            return
        self._is_open = True
        self._turn()

    def _supervise(self, end: End, at_us: int) -> None:
        if end.heard_us < 0:
            patience_us, since_us = _ESTABLISHING_EVENTS * self._interval_us, self._began_us
            reason = hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
        else:
            patience_us, since_us = self.parameters.timeout * TIMEOUT_UNIT_US, end.heard_us
            reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        if at_us - since_us >= patience_us:
            if end.is_leaving:
                reason = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
            end.is_deaf = True
            end.finish(reason)

    def _apply(self, parameters: Parameters) -> None:
        self._update = None
        self.parameters = parameters
        self._interval_us = parameters.interval * UNIT_US
        for end in self._ends():
            if not end.is_over:
                end.controller.send_hci_packet(
                    hci.HCI_LE_Connection_Update_Complete_Event(
                        status=hci.HCI_ErrorCode.SUCCESS,
                        connection_handle=end.handle,
                        connection_interval=parameters.interval,
                        peripheral_latency=parameters.latency,
                        supervision_timeout=parameters.timeout,
                    )
                )

    def _turn(self) -> None:
        length_us = self.central.put_on_air()
        self._tap.sent(self.central, now_us(self._loop), self._count)
        self._later(now_us(self._loop) + length_us, self._at_peripheral)

    def _at_peripheral(self) -> None:
        peripheral = self.peripheral
        is_heard = peripheral is not None and self._hears(peripheral, self.central)
        self._tap.landed(peripheral, is_heard)
        if peripheral is None or not is_heard:
            self._close()
            return
        peripheral.acknowledged()
        self.central.arrives()
        length_us = peripheral.put_on_air()
        self._tap.sent(peripheral, now_us(self._loop) + T_IFS_US, self._count)
        self._later(now_us(self._loop) + T_IFS_US + length_us, self._at_central)

    def _at_central(self) -> None:
        central, peripheral = self.central, self.peripheral
        assert peripheral is not None
        is_heard = self._hears(central, peripheral)
        self._tap.landed(central, is_heard)
        if not is_heard:
            self._close()
            return
        central.acknowledged()
        peripheral.arrives()
        next_us = now_us(self._loop) + T_IFS_US
        needed_us = central.next_us() + peripheral.next_us() + 2 * T_IFS_US
        has_room = next_us + needed_us <= self._last_us + _EVENT_SHARE * self._interval_us
        if (central.has_more or peripheral.has_more) and has_room:
            self._later(next_us, self._turn)
        else:
            self._close()

    def _hears(self, end: End, sender: End) -> bool:
        rssi_dbm = None if end.is_deaf or sender.is_deaf else self._air.receives(end.radio, sender.radio)
        if rssi_dbm is None:
            return False
        end.rssi_dbm = rssi_dbm
        end.heard_us = now_us(self._loop)
        return True

    def _close(self) -> None:
        self._is_open = False
        self._plan()


def _lengths(opcode: int, end: End) -> bytes:
    """What a side says of the PDUs it takes and sends (2.4.2.21)."""
    takes, sends = end.max_octets, end.wanted_octets
    return _LENGTHS.pack(opcode, takes, longest_time_us(takes), sends, longest_time_us(sends))


def _report_octets(end: End) -> None:
    peer = end.peer
    assert peer is not None
    end.controller.send_hci_packet(
        hci.HCI_LE_Data_Length_Change_Event(
            connection_handle=end.handle,
            max_tx_octets=end.octets,
            max_tx_time=longest_time_us(end.octets),
            max_rx_octets=peer.octets,
            max_rx_time=longest_time_us(peer.octets),
        )
    )
