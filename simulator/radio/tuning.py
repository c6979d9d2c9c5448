"""Which scanners are tuned to which advertising channel as time goes on: an index, so that a PDU asks a third of them.

A scanner's figures come from `link_layer.Scanner`; whom a PDU reaches is `air.py`. Time may not go backwards here:
instants are asked for in their order, as PDUs end.
"""

import heapq
from bisect import insort
from collections.abc import Sequence

CHANNELS = (37, 38, 39)


class Scan:
    """One scanner that listens: from `began_us`, `window_us` in each interval, one channel after another."""

    def __init__(self, place: int, began_us: int, interval_us: int, window_us: int) -> None:
        self.place = place
        self.interval_us = interval_us
        self.window_us = window_us
        self.turn = -1
        self.is_over = False
        self.from_us = began_us - interval_us
        """When the present interval began."""

    def advance(self, time_us: int) -> int:
        """Go to the interval that lasts at `time_us` or ends just then; the channel of it."""
        turns = max(1, -(-(time_us - self.from_us) // self.interval_us) - 1)
        self.turn += turns
        self.from_us += turns * self.interval_us
        return CHANNELS[self.turn % len(CHANNELS)]


class Tuning:
    """All scanners of an air. A scanner's place is its radio's number in the order of the air, and its name here."""

    def __init__(self) -> None:
        self._tuned: dict[int, list[tuple[int, Scan]]] = {channel: [] for channel in CHANNELS}
        self._channel_of: dict[int, int] = {}
        self._scans: dict[int, Scan] = {}
        self._hops: list[tuple[int, int, Scan]] = []
        self._count = 0

    def start(self, place: int, began_us: int, interval_us: int, window_us: int) -> None:
        """The radio at `place` scans from `began_us` on (Core specification 6.0, Vol 6, Part B, 4.4.3)."""
        self.stop(place)
        scan = self._scans[place] = Scan(place, began_us, interval_us, window_us)
        self._count += 1
        heapq.heappush(self._hops, (began_us, self._count, scan))

    def stop(self, place: int) -> None:
        """The radio at `place` is deaf from now on; nothing where it was."""
        scan = self._scans.pop(place, None)
        if scan is not None:
            scan.is_over = True
            if place in self._channel_of:
                self._tuned[self._channel_of.pop(place)].remove((place, scan))

    def listeners(self, channel: int, time_us: int, end_us: int) -> Sequence[int]:
        """The places of those tuned to `channel` from `time_us` to `end_us`, in order. `end_us` never decreases."""
        hops = self._hops
        while hops and hops[0][0] < end_us:
            self._hop(end_us)
        # What crosses the edge of a window is lost to it.
        return [
            place
            for place, scan in self._tuned[channel]
            if scan.from_us <= time_us and end_us <= scan.from_us + scan.window_us
        ]

    def _hop(self, time_us: int) -> None:
        _, count, scan = self._hops[0]
        if scan.is_over:
            heapq.heappop(self._hops)
            return
        place = scan.place
        entry = (place, scan)
        if place in self._channel_of:
            self._tuned[self._channel_of[place]].remove(entry)
        channel = self._channel_of[place] = scan.advance(time_us)
        insort(self._tuned[channel], entry, key=lambda item: item[0])
        heapq.heapreplace(self._hops, (scan.from_us + scan.interval_us, count, scan))
