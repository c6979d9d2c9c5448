"""The air between the radios of one world: every advertising-channel PDU in time, with range, loss and collision.

It decides which listening radio gets which PDU. When a radio transmits or listens is `link_layer.py`; HCI is
`controller.py`. PDUs of connections are not here: `connection.py` has their time and asks `receives` for their fate;
they collide with nothing, and have observers of their own. The CONNECT_IND that begins a connection is here.

Model, all simple on purpose: how strong a PDU arrives is `propagation.py`; one that is below the sensitivity is lost
whole; of two PDUs at one time on one channel the stronger survives where it leads by the capture ratio, whose limit for
a receiver on LE 1M is 21 dB (Core specification 6.0, Vol 6, Part A, 4.2). LE 1M only: neither 2M nor coded. A PDU takes
8 us a byte (Part B, 2.1). Who scans which channel when is `tuning.py`.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from weakref import WeakValueDictionary

from bumble import controller, hci, link

from ..clock import US_PER_S, now_us
from .propagation import Field, Propagation
from .tapping import DataPdu
from .tuning import CHANNELS, Tuning

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["CHANNELS", "Air", "AirStats", "Pdu", "PduType", "Propagation", "Radio"]
MAX_DATA_BYTES = 31
T_IFS_US = 150
"""From the end of a PDU to its answer (Core specification 6.0, Vol 6, Part B, 4.1)."""
_OVERHEAD_BYTES = 1 + 4 + 2 + 3  # preamble, access address, header, CRC
US_PER_BYTE = 8
"""LE 1M."""
_NOISE_FLOOR_DBM = -127  # the lowest figure that HCI can report


class PduType(IntEnum):
    """Advertising physical channel PDU types (Core specification 6.0, Vol 6, Part B, 2.3)."""

    ADV_IND = 0
    ADV_NONCONN_IND = 2
    SCAN_REQ = 3
    SCAN_RSP = 4
    CONNECT_IND = 5
    ADV_SCAN_IND = 6


_ANSWERS = (PduType.SCAN_REQ, PduType.SCAN_RSP, PduType.CONNECT_IND)


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
        """Whether the receiver was tuned to this PDU from its first to its last bit. Asked at its end, of a radio with
        a scanner (`Air.has_scanner`) only for requests and answers: what it scans, the air knows."""

    def hears(self, pdu: Pdu, rssi_dbm: int) -> None:
        """The PDU arrived whole. Called at its end."""


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


class _InOrder(dict[controller.Controller, int]):
    """The part of a set that `LocalLink` uses, in order of arrival: a set of objects has another order each run. The
    values number them: what left is never a number again."""

    count = 0

    def add(self, item: controller.Controller) -> None:
        self[item] = self.count
        self.count += 1

    def remove(self, item: controller.Controller) -> None:
        del self[item]


class _Path:
    """What is known of the way from one radio to another while nothing moves. `chance`: once something got there."""

    __slots__ = ("chance", "in_range", "mean_dbm")

    def __init__(self, mean_dbm: float, in_range: bool) -> None:
        self.mean_dbm = mean_dbm
        self.in_range = in_range
        self.chance: random.Random | None = None


_Paths = dict[int, _Path]


class Air(link.LocalLink):
    """The air of one world, on the running loop; all chance in it follows from `seed`.

    `loss`: probability from 0 to 1 that a reception fails for no other reason. `observers` are called with every PDU at
    its end, its outcome filled in. A radio that was never placed stands at (0, 0). `scan_duty` (by a radio's name, 0 to
    1, before it scans): an experiment's knob; its scanner is deaf for the rest of each interval, whatever it asked for.
    """

    def __init__(self, seed: int, propagation: Propagation | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Bumble leaves it untyped
        self.controllers: Any = _InOrder()
        self.propagation = propagation or Propagation()
        self.loss = 0.0
        self.scan_duty: dict[str, float] = {}
        self.stats = AirStats()
        self.observers: list[Callable[[Pdu], None]] = []
        self.data_observers: list[Callable[[DataPdu], None]] = []
        """Called with every PDU of every connection (`tapping.py`)."""
        self.begun_connections: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        """By access address: what a CONNECT_IND on the air is about."""
        self._seed = seed
        self._loop = asyncio.get_running_loop()
        self._field = Field(seed, self.propagation)
        self._streams: dict[str, random.Random] = {}
        self._recent: list[tuple[Pdu, Radio]] = []
        self._tuning = Tuning()
        self._radios: dict[int, Radio] = {}
        self._others: dict[int, Radio] = {}
        self._paths: dict[str, _Paths] = {}

    def add_controller(self, controller: Any) -> None:
        """Bumble's; any `Radio` can be one."""
        super().add_controller(controller)
        number = self.controllers[controller]
        self._radios[number] = self._others[number] = controller

    def remove_controller(self, controller: Any) -> None:
        """Bumble's."""
        number = self.controllers[controller]
        super().remove_controller(controller)
        self._tuning.stop(number)
        self._radios.pop(number)
        self._others.pop(number, None)
        for paths in self._paths.values():
            paths.pop(number, None)

    def has_scanner(self, radio: Radio) -> None:
        """Advertisements reach `radio` by `scans` only."""
        self._others.pop(self.controllers[radio], None)

    def scans(self, radio: Radio, interval_us: int, window_us: int) -> None:
        """`radio` listens from now on, channel 37 first; by its `scan_duty` shorter than it would."""
        window_us = min(window_us, round(interval_us * self.scan_duty.get(radio.name, 1.0)))
        self._tuning.start(self.controllers[radio], now_us(self._loop), interval_us, window_us)

    def scans_no_more(self, radio: Radio) -> None:
        """`radio` is deaf to advertisements from now on."""
        if radio in self.controllers:
            self._tuning.stop(self.controllers[radio])

    def _listeners(self, pdu: Pdu) -> Iterable[int]:
        if pdu.pdu_type in _ANSWERS:
            return [number for number, radio in self._radios.items() if radio.listens_to(pdu)]
        tuned = self._tuning.listeners(pdu.channel, pdu.time_us, pdu.end_us)
        if not self._others:
            return tuned
        return sorted([*tuned, *(number for number, radio in self._others.items() if radio.listens_to(pdu))])

    def place(self, name: str, x_m: float, y_m: float) -> None:
        """Put the radio `name` there, now."""
        self._field.place(name, x_m, y_m)
        self._paths.clear()

    def wear(self, name: str, facing_deg: float | None) -> None:
        """The radio `name` is worn at the front of a body that faces this way; see `Field.wear`."""
        self._field.wear(name, facing_deg)
        self._paths.clear()

    def block(self, one: str, other: str) -> None:
        """Until `unblock` these two are out of range of each other, wherever they stand."""
        self._field.block(one, other)
        self._paths.clear()

    def unblock(self, one: str, other: str) -> None:
        """Undo `block`; nothing where there was none."""
        self._field.unblock(one, other)
        self._paths.clear()

    def mean_rssi_dbm(self, one: str, other: str) -> float:
        """Signal strength between two radios without fading; minus infinity when they are blocked."""
        return self._field.mean_rssi_dbm(one, other)

    def in_range(self, one: str, other: str) -> bool:
        """Whether the two can ever hear each other where they stand now."""
        return self._field.in_range(one, other)

    def _path(self, source: str, number: int) -> "_Path":
        """From the radio called `source` to the one with this number."""
        paths = self._paths.get(source)
        if paths is None:
            paths = self._paths[source] = {}
        path = paths.get(number)
        if path is None:
            name = self._radios[number].name
            path = paths[number] = _Path(self.mean_rssi_dbm(source, name), self.in_range(source, name))
        return path

    def chance(self, name: str) -> random.Random:
        """The stream of chance that belongs to `name` (a radio, a path): a newcomer in the world leaves it alone."""
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self._seed}/air/{name}")
        return self._streams[name]

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
        drowning = [other.source for other, _ in rivals if other.channel == pdu.channel]
        senders = [source, *(radio for _, radio in rivals)]  # a radio that transmits is deaf
        is_dead = source not in self.controllers
        fading_db, sensitivity_dbm = self.propagation.fading_db, self.propagation.sensitivity_dbm
        received: list[tuple[Radio, int]] = []
        lost: list[str] = []
        collided: list[str] = []
        for number in self._listeners(pdu):
            radio = self._radios[number]
            path = self._path(source.name, number)
            if not path.in_range or radio in senders:
                continue
            if drowning and self._drowned(path.mean_dbm, number, drowning):
                collided.append(radio.name)
                continue
            chance = path.chance
            if chance is None:
                chance = path.chance = self.chance(f"{source.name} to {radio.name}")
            rssi_dbm = path.mean_dbm + chance.gauss(0, fading_db)
            unlucky = self.loss > 0 and chance.random() < self.loss
            if unlucky or rssi_dbm < sensitivity_dbm or is_dead:
                lost.append(radio.name)
            else:
                received.append((radio, max(_NOISE_FLOOR_DBM, round(rssi_dbm))))
        self.stats.received += len(received)
        self.stats.lost += len(lost)
        self.stats.collided += len(collided)
        if self.observers:
            seen = pdu._replace(
                received_by=tuple([radio.name for radio, _ in received]),
                lost_by=tuple(lost),
                collided_at=tuple(collided),
            )
            for observer in self.observers:
                observer(seen)
        for radio, rssi_dbm in received:
            radio.hears(pdu, rssi_dbm)

    def _drowned(self, mean_dbm: float, number: int, rivals: list[str]) -> bool:
        """Whether a rival on the channel is too strong at the radio with this number for a PDU to survive."""
        needed_dbm = mean_dbm - self.propagation.capture_db
        return any(self._path(rival, number).mean_dbm > needed_dbm for rival in rivals)
