"""The air between the radios of one world: every advertising-channel PDU in time, with range, loss and collision.

It decides which listening radio gets which PDU. When a radio transmits or listens is `link_layer.py`; HCI is
`controller.py`. PDUs of connections are not here: `connection.py` has their time and asks `receives` for their fate;
they collide with nothing, and observers do not see them. The CONNECT_IND that begins a connection is seen.

Model, all simple on purpose: log-distance path loss; one shadowing figure for each pair of radios, one fading figure
for each reception; a PDU below the sensitivity is lost whole; of two PDUs at one time on one channel the stronger
survives where it leads by the capture ratio.
"""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakValueDictionary

from bumble import controller, hci, link

from .clock import US_PER_S, now_us

if TYPE_CHECKING:
    from .connection import Connection

CHANNELS = (37, 38, 39)
MAX_DATA_BYTES = 31
T_IFS_US = 150
"""From the end of a PDU to its answer (Core specification 6.0, Vol 6, Part B, 4.1)."""
_OVERHEAD_BYTES = 1 + 4 + 2 + 3  # preamble, access address, header, CRC
US_PER_BYTE = 8
"""LE 1M."""
_FADES = 3  # a mean further below the sensitivity than so many times the fading is out of range
_NEAREST_M = 0.3  # antennas cannot be closer than the bodies that carry them
_NOISE_FLOOR_DBM = -127  # the lowest figure that HCI can report


class PduType(IntEnum):
    """Advertising physical channel PDU types (Core specification 6.0, Vol 6, Part B, 2.3)."""

    ADV_IND = 0
    ADV_NONCONN_IND = 2
    SCAN_REQ = 3
    SCAN_RSP = 4
    CONNECT_IND = 5
    ADV_SCAN_IND = 6


class Pdu(NamedTuple):
    """One PDU on one channel. Times are virtual microseconds.

    `address` is the sender's, 6 bytes as on air (least significant first); `data` is what follows it: advertising or
    scan response data, or in a SCAN_REQ and a CONNECT_IND the 6 bytes of the advertiser's address, then the rest. The
    names in `received_by`, `lost_by` and `collided_at` are those of the radios that listened in range; all three are
    empty while the PDU is on its way.
    """

    time_us: int
    end_us: int
    channel: int
    pdu_type: PduType
    address: bytes
    address_is_random: bool
    data: bytes
    target_is_random: bool
    source: str
    received_by: tuple[str, ...] = ()
    lost_by: tuple[str, ...] = ()
    collided_at: tuple[str, ...] = ()


class Radio(Protocol):
    """What the air needs of a radio."""

    name: str

    def listens_to(self, pdu: Pdu) -> bool:
        """Whether the receiver was tuned to this PDU from its first to its last bit. Asked at its end."""

    def hears(self, pdu: Pdu, rssi_dbm: int) -> None:
        """The PDU arrived whole. Called at its end."""


@dataclass(frozen=True)
class Propagation:
    """Data of the path. Defaults: two small antennas on bodies, 0 dBm, some 90 m in the open; nobody measured them."""

    tx_power_dbm: float = 0.0
    loss_at_1_m_db: float = 45.0
    exponent: float = 2.4
    shadowing_db: float = 3.0
    fading_db: float = 2.0
    sensitivity_dbm: float = -92.0
    capture_db: float = 6.0


@dataclass
class AirStats:
    """Counts since the world began.

    `advertising_pdus`: PDUs put on the air, one for each channel; scan requests, responses and CONNECT_IND among them.
    The other three count pairs of a PDU and a radio in range that listened to it from its first to its last bit:
    `received`: it arrived; `collided`: another PDU on the channel overlapped it and was not weaker by the capture
    ratio;
    `lost`: no collision, but it was too weak, fell to `Air.loss`, or its sender lost power within it.
    """

    advertising_pdus: int = 0
    received: int = 0
    lost: int = 0
    collided: int = 0


class _InOrder(dict[controller.Controller, None]):
    """The part of a set that `LocalLink` uses, in order of arrival: a set of objects has another order each run."""

    def add(self, item: controller.Controller) -> None:
        self[item] = None

    def remove(self, item: controller.Controller) -> None:
        del self[item]


class Air(link.LocalLink):
    """The air of one world, on the running loop; all chance in it follows from `seed`.

    `loss`: probability from 0 to 1 that a reception fails for no other reason. `observers` are called with every PDU at
    its end, its outcome filled in. A radio that was never placed stands at (0, 0).
    """

    def __init__(self, seed: int, propagation: Propagation | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Bumble leaves it untyped
        self.controllers: Any = _InOrder()
        self.propagation = propagation or Propagation()
        self.loss = 0.0
        self.stats = AirStats()
        self.observers: list[Callable[[Pdu], None]] = []
        self.begun_connections: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        """By access address: what a CONNECT_IND on the air is about."""
        self._seed = seed
        self._loop = asyncio.get_running_loop()
        self._positions_m: dict[str, tuple[float, float]] = {}
        self._blocked: set[frozenset[str]] = set()
        self._mean_dbm: dict[tuple[str, str], float] = {}
        self._streams: dict[str, random.Random] = {}
        self._recent: list[tuple[Pdu, Radio]] = []

    def place(self, name: str, x_m: float, y_m: float) -> None:
        """Put the radio `name` there, now."""
        self._positions_m[name] = (x_m, y_m)
        self._mean_dbm.clear()

    def block(self, one: str, other: str) -> None:
        """Until `unblock` these two are out of range of each other, wherever they stand."""
        self._blocked.add(frozenset((one, other)))
        self._mean_dbm.clear()

    def unblock(self, one: str, other: str) -> None:
        """Undo `block`; nothing where there was none."""
        self._blocked.discard(frozenset((one, other)))
        self._mean_dbm.clear()

    def chance(self, name: str) -> random.Random:
        """The stream of chance that belongs to `name` (a radio, a path): a newcomer in the world leaves it alone."""
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self._seed}/air/{name}")
        return self._streams[name]

    def mean_rssi_dbm(self, one: str, other: str) -> float:
        """Signal strength between two radios without fading; minus infinity when they are blocked."""
        pair = (one, other) if one < other else (other, one)
        if pair not in self._mean_dbm:
            self._mean_dbm[pair] = self._path_dbm(*pair)
        return self._mean_dbm[pair]

    def _path_dbm(self, one: str, other: str) -> float:
        if frozenset((one, other)) in self._blocked:
            return -math.inf
        path = self.propagation
        distance_m = math.dist(self._positions_m.get(one, (0.0, 0.0)), self._positions_m.get(other, (0.0, 0.0)))
        loss_db = path.loss_at_1_m_db + 10 * path.exponent * math.log10(max(_NEAREST_M, distance_m))
        shadow_db = random.Random(f"{self._seed}/shadow/{one}/{other}").gauss(0, path.shadowing_db)
        return path.tx_power_dbm - loss_db + shadow_db

    def in_range(self, one: str, other: str) -> bool:
        """Whether the two can ever hear each other where they stand now."""
        path = self.propagation
        return self.mean_rssi_dbm(one, other) >= path.sensitivity_dbm - _FADES * path.fading_db

    def transmit(
        self,
        radio: Radio,
        channel: int,
        pdu_type: PduType,
        address: hci.Address,
        data: bytes,
        target_is_random: bool = False,
    ) -> Pdu:
        """Put a PDU of `radio` on the air now; the receivers have it at its end."""
        start_us = now_us(self._loop)
        payload_bytes = 6 + len(data)
        end_us = start_us + (_OVERHEAD_BYTES + payload_bytes) * US_PER_BYTE
        pdu = Pdu(
            start_us, end_us, channel, pdu_type, bytes(address), address.is_random, data, target_is_random, radio.name
        )
        # Whatever ended before the earliest PDU that is still on its way began can overlap nothing any more.
        earliest_us = min((p.time_us for p, _ in self._recent if p.end_us >= start_us), default=start_us)
        self._recent = [(p, r) for p, r in self._recent if p.end_us > earliest_us]
        self._recent.append((pdu, radio))
        self.stats.advertising_pdus += 1
        self._loop.call_at(end_us / US_PER_S, self._land, pdu, radio)
        return pdu

    def begun(self, radio: Radio, channel: int, time_us: int) -> Pdu | None:
        """The PDU in range of `radio` that began on `channel` at exactly `time_us` and is still on its way, if any."""
        for pdu, source in self._recent:
            is_it = pdu.time_us == time_us and pdu.channel == channel and source is not radio
            if is_it and self.in_range(source.name, radio.name):
                return pdu
        return None

    def receives(self, listener: Radio, source: Radio) -> int | None:
        """Signal strength at which `listener` gets a PDU of a connection now; None when it is lost."""
        if listener not in self.controllers or source not in self.controllers:
            return None
        if not self.in_range(source.name, listener.name):
            return None
        chance = self.chance(f"{source.name} to {listener.name}, connected")
        rssi_dbm = self.mean_rssi_dbm(source.name, listener.name) + chance.gauss(0, self.propagation.fading_db)
        unlucky = self.loss > 0 and chance.random() < self.loss
        return (
            None if unlucky or rssi_dbm < self.propagation.sensitivity_dbm else max(_NOISE_FLOOR_DBM, round(rssi_dbm))
        )

    def _land(self, pdu: Pdu, source: Radio) -> None:
        rivals = [
            (other, radio)
            for other, radio in self._recent
            if other is not pdu and other.time_us < pdu.end_us and pdu.time_us < other.end_us
        ]
        received: list[tuple[Radio, int]] = []
        lost: list[str] = []
        collided: list[str] = []
        for radio in self.controllers:
            if radio is source or not radio.listens_to(pdu) or not self.in_range(source.name, radio.name):
                continue
            if any(transmitter is radio for _, transmitter in rivals):
                continue  # a radio that transmits is deaf
            if self._drowned(pdu, radio, rivals):
                collided.append(radio.name)
                continue
            chance = self.chance(f"{source.name} to {radio.name}")
            path = self.propagation
            rssi_dbm = self.mean_rssi_dbm(source.name, radio.name) + chance.gauss(0, path.fading_db)
            unlucky = self.loss > 0 and chance.random() < self.loss
            if unlucky or rssi_dbm < path.sensitivity_dbm or source not in self.controllers:
                lost.append(radio.name)
            else:
                received.append((radio, max(_NOISE_FLOOR_DBM, round(rssi_dbm))))
        self.stats.received += len(received)
        self.stats.lost += len(lost)
        self.stats.collided += len(collided)
        if self.observers:
            seen = pdu._replace(
                received_by=tuple(radio.name for radio, _ in received),
                lost_by=tuple(lost),
                collided_at=tuple(collided),
            )
            for observer in self.observers:
                observer(seen)
        for radio, rssi_dbm in received:
            radio.hears(pdu, rssi_dbm)

    def _drowned(self, pdu: Pdu, radio: Radio, rivals: list[tuple[Pdu, Radio]]) -> bool:
        """Whether a rival on the channel is too strong at `radio` for the PDU to survive."""
        needed_dbm = self.mean_rssi_dbm(pdu.source, radio.name) - self.propagation.capture_db
        return any(
            rival.channel == pdu.channel and self.mean_rssi_dbm(rival.source, radio.name) > needed_dbm
            for rival, _ in rivals
        )
