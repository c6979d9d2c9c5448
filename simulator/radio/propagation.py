"""How strong one radio arrives at another: where they stand, whose body is in the way, and what walls there are.

Fading, which differs for each reception, is added in `air.py`.

| figure | formula | source |
|---|---|---|
| mean RSSI in dBm | P - L - 10 n lg(d / 1 m) - bodies + X | log-normal shadowing: Rappaport, Wireless Communications |
| X, one figure a pair | normal, `shadowing_db` wide | the same |
| a body, for each wearer | B (1 - cos a) / 2, a from its front to the peer | `Propagation.body_db` has the papers |
"""

import math
import random
from dataclasses import dataclass

_FADES = 3  # a mean further below the sensitivity than so many times the fading is out of range
_NEAREST_M = 0.3  # antennas cannot be closer than the bodies that carry them
_SAME_BODY_M = 1.0  # radios nearer than this are on one person: no body lies between them


@dataclass(frozen=True)
class Propagation:
    """Data of the path. Defaults: two small antennas on bodies, 0 dBm, some 90 m in the open; nobody measured them.

    `body_db`: what a wearer's body takes from a peer right behind it; half of it from one at the side. An estimate.
    That it is much, and varies with how people stand: Leith and Farrell, Coronavirus Contact Tracing: Evaluating the
    Potential of Using Bluetooth Received Signal Strength for Proximity Detection, 2020 (measured); Januszkiewicz,
    Analysis of Human Body Shadowing Effect on Wireless Sensor Networks Operating in the 2.4 GHz Band, Sensors 2018,
    18(10), 3412 (simulated and measured).
    """

    tx_power_dbm: float = 0.0
    loss_at_1_m_db: float = 45.0
    exponent: float = 2.4
    shadowing_db: float = 3.0
    fading_db: float = 2.0
    sensitivity_dbm: float = -92.0
    capture_db: float = 6.0
    body_db: float = 15.0


class Field:
    """The radios of one world and what lies between them. One that was never placed stands at (0, 0)."""

    def __init__(self, seed: int, propagation: Propagation) -> None:
        self._seed = seed
        self.propagation = propagation
        self._positions_m: dict[str, tuple[float, float]] = {}
        self._facing: dict[str, float] = {}
        self._blocked: set[frozenset[str]] = set()
        self._mean_dbm: dict[tuple[str, str], float] = {}

    def place(self, name: str, x_m: float, y_m: float) -> None:
        """Put the radio `name` there, now."""
        self._positions_m[name] = (x_m, y_m)
        self._mean_dbm.clear()

    def wear(self, name: str, facing_deg: float | None) -> None:
        """The radio `name` is worn at the front of a body that faces this way (degrees from the x axis, towards the y
        axis); None, as at first: no body."""
        if facing_deg is None:
            self._facing.pop(name, None)
        else:
            self._facing[name] = math.radians(facing_deg)
        self._mean_dbm.clear()

    def block(self, one: str, other: str) -> None:
        """Until `unblock` these two are out of range of each other, wherever they stand."""
        self._blocked.add(frozenset((one, other)))
        self._mean_dbm.clear()

    def unblock(self, one: str, other: str) -> None:
        """Undo `block`; nothing where there was none."""
        self._blocked.discard(frozenset((one, other)))
        self._mean_dbm.clear()

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
        here, there = self._positions_m.get(one, (0.0, 0.0)), self._positions_m.get(other, (0.0, 0.0))
        distance_m = math.dist(here, there)
        loss_db = path.loss_at_1_m_db + 10 * path.exponent * math.log10(max(_NEAREST_M, distance_m))
        if distance_m >= _SAME_BODY_M:
            loss_db += path.body_db * (self._turned_away(one, here, there) + self._turned_away(other, there, here))
        shadow_db = random.Random(f"{self._seed}/shadow/{one}/{other}").gauss(0, path.shadowing_db)
        return path.tx_power_dbm - loss_db + shadow_db

    def _turned_away(self, name: str, here: tuple[float, float], peer: tuple[float, float]) -> float:
        """0 when the wearer faces the peer, or there is no wearer, to 1 when the peer is right behind."""
        if name not in self._facing:
            return 0.0
        towards = math.atan2(peer[1] - here[1], peer[0] - here[0])
        return (1 - math.cos(towards - self._facing[name])) / 2

    def in_range(self, one: str, other: str) -> bool:
        """Whether the two can ever hear each other where they stand now."""
        path = self.propagation
        return self.mean_rssi_dbm(one, other) >= path.sensitivity_dbm - _FADES * path.fading_db
