"""What an observer hears of a played world, cut into bursts, and the truth about them: whose, under which pseudonym."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from interlock.core import frames

from ..entropy import seeded_entropy
from ..fast import FastBoard, Firmware, interpreter, run_fast
from ..played import Frame, Run
from ..radio.air import Pdu
from ..radio.tapping import DataPdu
from ..scenario import Scenario
from ..world import World

US = 1_000_000
PAUSE_US = US
"""A burst that pauses longer is two."""
_QUIET_US = 10 * US
"""A use is over when nothing but announcements was aired for so long; renewals come every 2 s."""
_STILL_US = 500_000
"""What is on the air, in a crowd, for a while: a use that begins then takes an announcement's address over, and an
announcement that begins then a use's."""
_ANNOUNCEMENTS = frames.PRESENCE + frames.READINESS


class Burst(NamedTuple):
    """One payload under one address, repeated without a longer pause. Times are microseconds on the air.

    `address`: 6 bytes, most significant first. The last two are the truth, which no cue may look at. `pseudonym`: all
    that a unit may air under one address by its specification has the same number: an announcement alone, or a use."""

    begin_us: int
    end_us: int
    events: int
    pdu_type: int
    address_is_random: bool
    address: bytes
    data: bytes
    unit: str
    pseudonym: int


class _Ear:
    """A tap of the world (`tap.Tap`)."""

    def __init__(self) -> None:
        self.pdus: list[Pdu] = []

    def __call__(self, pdu: Pdu, /) -> None:
        self.pdus.append(pdu)

    def data(self, pdu: DataPdu, /) -> None:
        """Connections are not what it is after."""


def listen(scenario: Scenario, seed: int, change: Callable[[Firmware], None] | None = None) -> tuple[list[Burst], Run]:
    """Play `scenario` in the fast fidelity; every burst in it, in order. `change`: as for `run_fast`."""
    ear = _Ear()
    with seeded_entropy(seed):
        run = run_fast(World(scenario, seed, ear, None, FastBoard).play(interpreter()), scenario, change)
    return cut(ear.pdus, run.frames), run


class _Open:
    """A burst that may go on."""

    def __init__(self, pdu: Pdu) -> None:
        self.first = self.last = pdu
        self.events = 1

    def add(self, pdu: Pdu) -> None:
        self.events += pdu.channel == self.first.channel
        self.last = pdu

    def close(self, pseudonym: int) -> Burst:
        first = self.first
        head = (first.time_us, self.last.end_us, self.events, int(first.pdu_type), first.address_is_random)
        return Burst(*head, first.address[::-1], first.data, first.source, pseudonym)


def cut(pdus: Sequence[Pdu], aired: Sequence[Frame]) -> list[Burst]:
    """The bursts in `pdus`, in order. `aired`: the world's own list, by which pseudonyms are told apart."""
    going: dict[tuple[str, bytes, bytes], _Open] = {}
    done: list[_Open] = []
    for pdu in sorted(pdus, key=lambda pdu: pdu.time_us):
        key = (pdu.source, pdu.address, pdu.data)
        burst = going.get(key)
        if burst is not None and pdu.time_us - burst.last.end_us <= PAUSE_US:
            burst.add(pdu)
        else:
            going[key] = _Open(pdu)
            done.append(going[key])
    units = {frame.source for frame in aired}
    named = {unit: _pseudonyms([frame for frame in aired if frame.source == unit]) for unit in units}
    bursts = [one.close(named[one.first.source](one.first)) for one in done]
    return sorted(bursts, key=lambda burst: burst.begin_us)


def _pseudonyms(aired: Sequence[Frame]) -> Callable[[Pdu], int]:
    """By the specification: each announcement has a pseudonym of its own, and so has each use, which is all from its
    first to its last frame that is none, and an announcement that was just on the air when it began, or comes while its
    last frame is."""
    others_us = [frame.at_us for frame in aired if frame.event not in _ANNOUNCEMENTS]
    begins: list[int] = []
    ends: list[int] = []
    for at_us in others_us:
        if begins and at_us - ends[-1] <= _QUIET_US:
            ends[-1] = at_us
        else:
            begins.append(at_us)
            ends.append(at_us)
    firsts_us = [frame.at_us for frame in aired]

    def pseudonym(pdu: Pdu) -> int:
        use = bisect_right(begins, pdu.time_us + _STILL_US) - 1
        if use >= 0 and pdu.time_us <= ends[use] + _STILL_US:
            return -1 - use
        return bisect_right(firsts_us, pdu.time_us)

    return pseudonym
