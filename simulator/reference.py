"""A reference for the figures of the trigger path: the least model of pairs that call and answer on the same air.

It is a yardstick and a search tool, not the product: no firmware, no boards, computing is free, everybody hears
everybody, nothing is captured. A pair is one holster and its camera. A weapon's frame and its ack are repeated in
advertising events of three PDUs, each event the interval and 0 to 10 ms after the last; a listener is tuned to one
channel at a time, 30 ms each; two PDUs that overlap are both lost. All events have the same shape, so two of them
collide on all three channels or on none. The first event comes 0 to 5 ms after the edge, the ack's 2 ms after the frame
that it answers.

`ways` are compared: plain repetition (`steady`), a fixed back-off (`backing_off`), and the rule of
`interlock.core.airtime` (`adaptive`). `aloha_bound` is what no rule can beat that lets everybody choose his own time.
"""

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from interlock.core import airtime

PDU_US = 376
STEP_US = PDU_US  # PDUs that nobody may answer follow each other at once
WINDOW_US = 30_000
DELAY_US = 10_000
FIRST_US = 5_000
ANSWER_US = 2_000
LIMIT_US = 10_000_000
NEVER_US = float("inf")
_CYCLE_US = 3 * WINDOW_US


@dataclass
class Sender:
    """One radio: what it airs, since when, and whom it hears. Times are microseconds."""

    is_camera: bool
    phase_us: float
    frame: bytes
    begun_us: float = 0.0
    until_us: float = 0.0
    interval_ms: int = 0
    is_answered: bool = False
    round: int = 0
    """What was planned in an earlier round of events is void."""
    crowd: airtime.Crowd = field(default_factory=airtime.Crowd)

    def hears(self, event_us: float, lucky: Callable[[], bool]) -> bool:
        """Whether any PDU of the event falls whole into a window on its channel, and arrives."""
        for channel in range(3):
            at_us = (event_us + channel * STEP_US + self.phase_us) % _CYCLE_US - channel * WINDOW_US
            if 0 <= at_us <= WINDOW_US - PDU_US and lucky():
                return True
        return False


class Way(NamedTuple):
    """How frames and acks are repeated. `fast_ms` first, then, from `judge_ms(sender)` after its begin on and every
    `again_ms`, at `interval_ms(sender, now_ms)`. `ack_ms`: how long an ack is aired after the first frame that it
    answers, None for ever. `adapts`: as the firmware does it, radios count the crowd, an answered frame is aired on,
    and a changed interval begins anew."""

    name: str
    fast_ms: int
    judge_ms: Callable[[Sender], int] | None = None
    again_ms: int | None = None
    interval_ms: Callable[[Sender, int], int] | None = None
    ack_ms: int | None = None
    adapts: bool = False


def steady(interval_ms: int) -> Way:
    return Way(f"{interval_ms} ms", interval_ms)


def backing_off(fast_ms: int, for_ms: int, slow_ms: int) -> Way:
    name = f"{fast_ms} ms for {for_ms} ms, then {slow_ms} ms"
    return Way(name, fast_ms, lambda sender: for_ms, None, lambda sender, now_ms: slow_ms)


def adaptive() -> Way:
    """The firmware's: `interlock.core.airtime`."""
    return Way(
        "adaptive",
        airtime.FAST_MS,
        lambda sender: airtime.first_ms(sender.frame),
        airtime.WINDOW_MS,
        lambda sender, now_ms: airtime.interval_ms(sender.crowd.size(now_ms), sender.is_answered),
        airtime.ACK_MS,
        adapts=True,
    )


class _Play:
    """One draw of all pairs."""

    def __init__(self, way: Way, pairs: int, loss: float, within_us: float, seed: int) -> None:
        self._way = way
        self._pairs = pairs
        self._chance = random.Random(seed)
        chance = self._chance.random
        self._lucky = lambda: chance() >= loss
        self._queue: list[tuple[float, int, Callable[[int, int, list[bool]], None], int, int, list[bool]]] = []
        self._count = 0
        self._last_us, self._last = -NEVER_US, [False]
        self._edges_us = [chance() * within_us for _ in range(pairs)]
        self._senders = [
            Sender(number >= pairs, chance() * _CYCLE_US, self._chance.randbytes(4)) for number in range(2 * pairs)
        ]
        self.heard_us = [NEVER_US] * pairs
        self.events = 0
        for number, edge_us in enumerate(self._edges_us):
            self._begin(number, edge_us, chance() * FIRST_US, LIMIT_US)

    def play(self) -> None:
        waiting = True
        while self._queue and waiting:
            self._now_us, _, step, number, round_, collided = heapq.heappop(self._queue)
            if self._now_us > LIMIT_US:
                return
            step(number, round_, collided)
            waiting = step != self._arrive or NEVER_US in self.heard_us

    def _plan(
        self, at_us: float, step: Callable[[int, int, list[bool]], None], number: int, collided: list[bool]
    ) -> None:
        self._count += 1  # of two things at one time the earlier planned comes first
        heapq.heappush(self._queue, (at_us, self._count, step, number, self._senders[number].round, collided))

    def _begin(self, number: int, now_us: float, first_us: float, until_us: float) -> None:
        sender = self._senders[number]
        sender.round += 1
        sender.begun_us, sender.until_us, sender.interval_ms = now_us, until_us, self._way.fast_ms
        self._plan(now_us + first_us, self._event, number, [])
        if self._way.judge_ms is not None:
            self._plan(now_us + self._way.judge_ms(sender) * 1000, self._judge, number, [])

    def _judge(self, number: int, round_: int, _: list[bool]) -> None:
        """Fit the interval to what is around."""
        sender, way = self._senders[number], self._way
        if round_ != sender.round or self._now_us >= sender.until_us or way.interval_ms is None:
            return
        interval_ms = way.interval_ms(sender, int(self._now_us) // 1000)
        if interval_ms != sender.interval_ms:
            sender.interval_ms = interval_ms
            if way.adapts:
                sender.round += 1
                # After a pseudo-random part of the interval, lest all that change in step collide.
                self._plan(self._now_us + self._chance.random() * interval_ms * 1000, self._event, number, [])
        if way.again_ms is not None:
            self._plan(self._now_us + way.again_ms * 1000, self._judge, number, [])

    def _event(self, number: int, round_: int, _: list[bool]) -> None:
        """An advertising event begins."""
        sender = self._senders[number]
        if round_ != sender.round or self._now_us >= sender.until_us:
            return
        self.events += 1
        collided = [self._now_us - self._last_us < PDU_US]
        self._last[0] = self._last[0] or collided[0]
        self._last_us, self._last = self._now_us, collided
        self._plan(self._now_us + 3 * STEP_US, self._arrive, number, collided)
        next_us = self._now_us + sender.interval_ms * 1000 + self._chance.random() * DELAY_US
        self._plan(next_us, self._event, number, [])

    def _arrive(self, number: int, _: int, collided: list[bool]) -> None:
        """An advertising event ended."""
        if collided[0]:
            return
        now_us, sender = self._now_us, self._senders[number]
        event_us = now_us - 3 * STEP_US
        if self._way.adapts:
            for other in self._senders:
                # A holster listens from its edge on.
                if other is not sender and other.begun_us <= now_us and other.hears(event_us, self._lucky):
                    other.crowd.note(sender.frame, int(now_us) // 1000)
        peer = (number + self._pairs) % (2 * self._pairs)
        if not self._senders[peer].hears(event_us, self._lucky):
            return
        if sender.is_camera:
            self._answered(peer)
        elif now_us >= self._senders[peer].until_us:
            ack_ms = self._way.ack_ms
            self._begin(peer, now_us, ANSWER_US, LIMIT_US if ack_ms is None else now_us + ack_ms * 1000)

    def _answered(self, number: int) -> None:
        if self.heard_us[number] == NEVER_US:
            self.heard_us[number] = self._now_us - self._edges_us[number]
            holster = self._senders[number]
            holster.is_answered = True
            if self._way.adapts:
                self._judge(number, holster.round, [])
            else:
                holster.until_us = self._now_us


def heard_ms(way: Way, pairs: int, loss: float, runs: int, within_ms: int = 0, seed: int = 0) -> list[float]:
    """From edge to *heard* of every pair in so many runs, in ascending order; infinite where it did not come in 10 s.
    All edges lie within `within_ms`."""
    found: list[float] = []
    for number in range(runs):
        play = _Play(way, pairs, loss, within_ms * 1000, seed + number)
        play.play()
        found += [value / 1000 for value in play.heard_us]
    return sorted(found)


def aloha_bound(pairs: int, loss: float, runs: int, seed: int = 0) -> list[float]:
    """What nobody who picks his own time can beat, all drawing at once: as if by magic everybody knows how many still
    have something to deliver, all send as often as serves them best together (the shortest advertising interval at
    most), and fall silent once they are received. Pure ALOHA: N. Abramson, The ALOHA System, AFIPS 1970."""
    found: list[float] = []
    for number in range(runs):
        chance = random.Random(f"aloha {seed + number}")
        # (when its next event comes, whether it is an ack)
        waiting = [(chance.random() * FIRST_US, False) for _ in range(pairs)]
        heapq.heapify(waiting)
        while waiting:
            # The rate r of each that serves best: r exp(-2 PDU_US r others) is greatest at 1 / (2 PDU_US others).
            others = len(waiting) - 1
            fastest_us = airtime.FAST_MS * 1000 + DELAY_US / 2
            best_us = max(fastest_us, 2 * PDU_US * others)
            now_us, is_ack = waiting[0]
            if chance.random() < (1 - loss) * math.exp(-2 * PDU_US * others / best_us):
                if is_ack:
                    found.append((now_us + 3 * STEP_US) / 1000)
                    heapq.heappop(waiting)
                else:
                    heapq.heapreplace(waiting, (now_us + 3 * STEP_US + ANSWER_US, True))
            else:
                pause_us = best_us * 2 * chance.random() if best_us > fastest_us else fastest_us
                heapq.heapreplace(waiting, (now_us + pause_us, is_ack))
    return sorted(found)


def quantile(ordered: Sequence[float], q: float) -> float:
    """The least of the ordered values with a share of at least `q` at or below it."""
    return ordered[max(0, -int(-q * len(ordered) // 1) - 1)]
