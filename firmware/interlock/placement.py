"""Placement: a fitter moves the weapon and watches what each sensor line says, live; loaded when first asked for.

Meanwhile the unit is in test mode, so a bare draw is journalled and not aired; an arming or a discharge is aired as
ever and ends it. It ends by itself, too, as the policy limits a test. What was seen of each line becomes a record.
"""

import struct

from .core import holster, lines, records, wire
from .core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .drivers.contact import Contact
    from .holster_role import HolsterRole

_MOST = 0xFFFF


class _Watched:
    """What one line did since the placement began."""

    def __init__(self, contact: "Contact", now: int) -> None:
        self.contact = contact
        self._was_on = self._on = contact.on
        self._closes = self._closes_at_begin = contact.closes
        self._edges = contact.edges
        self._on_at = self._moved_at = now
        self._has_moved = False
        self._shortest_ms, self._longest_ms = _MOST, 0

    def turn(self, now: int) -> None:
        contact = self.contact
        moved = contact.closes != self._closes
        if not moved and contact.on == self._on:
            return
        if self._on and not moved:
            self._width(ticks_diff(contact.edge_at, self._on_at))
        elif not contact.on:
            self._width(contact.pulse_ms)
        if contact.on:
            self._on_at = contact.edge_at
        self._on, self._closes = contact.on, contact.closes
        self._moved_at, self._has_moved = now, True

    def _width(self, ms: int) -> None:
        self._shortest_ms = min(self._shortest_ms, max(0, ms))
        self._longest_ms = min(max(self._longest_ms, ms), _MOST - 1)

    def told(self, faults: int, now: int) -> tuple[int, ...]:
        """The fields of `wire.PLACED_LINE`."""
        closes = (self._closes - self._closes_at_begin) & _MOST
        opens = closes + self._was_on - self._on
        bits = faults & (lines.STUCK | lines.NOISY)
        bits |= lines.ON if self._on else 0
        bits |= lines.SEEN_ON if self._was_on or closes else 0
        bits |= lines.SEEN_OFF if not self._was_on or opens else 0
        edges = (self.contact.edges - self._edges) & _MOST
        since = min(ticks_diff(now, self._moved_at) // 100, _MOST - 1) if self._has_moved else wire.PLACED_NONE
        read = getattr(self.contact, "read_u16", None)
        counts = wire.PLACED_NONE if read is None else min(read(), _MOST - 1)
        return bits, closes, opens, edges, self._shortest_ms, self._longest_ms, since, counts


class Placement:
    """`role`: of a holster unit."""

    def __init__(self, role: "HolsterRole") -> None:
        self._role = role
        self._station = role.station
        self._watched: list[_Watched] = []
        self._credential = wire.TECHNICIAN
        self._began = 0
        self._until: int | None = None  # it is under way

    def ask(self, credential: int, what: int, seconds: int) -> tuple[int, bytes]:
        """Begin it for so long, end it, or only look; OK or why not, and how every line is."""
        now = self._station.ticks()
        if what == wire.PLACE_BEGIN and self._until is None:
            if not self._role.command(records.MODE_TEST, seconds):
                return wire.BAD_MODE, b""
            self._credential, self._began = credential, now
            self._until = ticks_add(now, seconds * 1000)
            self._watched = [_Watched(contact, now) for contact in self._role.lines.contacts()]
        elif what == wire.PLACE_END and self._until is not None:
            self._role.command(records.MODE_NORMAL, 0)
            self._end(now)
        return wire.OK, self._look(now)

    def _told(self, now: int) -> list[tuple[int, ...]]:
        faults = self._role.lines.look()
        return [watched.told(faults[nth], now) for nth, watched in enumerate(self._watched)]

    def _look(self, now: int) -> bytes:
        left_ms = 0 if self._until is None else max(0, ticks_diff(self._until, now))
        told = self._told(now)
        head = struct.pack(wire.PLACED_HEAD, self._until is not None, min(left_ms // 100, _MOST), len(told))
        return head + b"".join([struct.pack(wire.PLACED_LINE, *fields) for fields in told])

    def _end(self, now: int) -> None:
        if self._until is None:
            return
        self._until = None
        seconds = ticks_diff(now, self._began) // 1000
        found = bytes([fields[0] for fields in self._told(now)])
        self._role.lines.note(lines.PLACED, self._credential, seconds, found)

    def shields(self) -> bool:
        """Whether the weapon is out for this only, or was and is not settled yet: the session goes on."""
        role = self._role
        return role.state.mode == holster.UNAIRED and (self._until is not None or role.seat.seated)

    def is_idle(self) -> bool:
        """Whether nothing would be forgotten with it: how lines moved in the last one is told until a restart."""
        return not self._watched

    def turn(self) -> None:
        """One turn of the loop, after the role's."""
        if self._until is None:
            return
        now = self._station.ticks()
        for watched in self._watched:
            watched.turn(now)
        if is_due(self._until, now) or self._role.state.duty != records.MODE_TEST:
            self._end(now)
