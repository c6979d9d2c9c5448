"""What readiness and presence cost: how long radios listen, transmit and are deaf while nothing else happens."""

import itertools
from collections import defaultdict
from typing import NamedTuple

from simulator.clock import now_us
from simulator.entropy import seeded_entropy
from simulator.fast import FastBoard, Firmware, interpreter, run_fast
from simulator.radio.air import Pdu, Radio
from simulator.scenario import parse
from simulator.world import World

from .overheard import with_clocks

US = 1_000_000
BEGIN_S = 120
"""By then everybody has met."""
LONELY = "H3"
"""The holster unit whose camera unit is off."""


class Duty(NamedTuple):
    """One unit's. Shares are per cent of the time; `advertises`: from a frame's first PDU to its last; `gaps_ms`: how
    long the scanner was off each time."""

    listens: float
    advertises: float
    transmits: float
    frames_an_hour: float
    gaps_ms: list[float]


class _Booked(World):
    """A world that books when each scanner is on, and what is on the air."""

    pdus: dict[str, list[Pdu]]
    scans: dict[str, list[tuple[int, bool]]]

    async def _begin(self) -> None:
        await super()._begin()
        self.pdus, self.scans = defaultdict(list), defaultdict(list)
        air = self._air
        begin, end = air.scans, air.scans_no_more

        def begins(radio: Radio, interval_us: int, window_us: int) -> None:
            self.scans[radio.name].append((now_us(self._loop), True))
            begin(radio, interval_us, window_us)

        def ends(radio: Radio) -> None:
            self.scans[radio.name].append((now_us(self._loop), False))
            end(radio)

        air.scans, air.scans_no_more = begins, ends  # type: ignore[method-assign]
        air.observers.append(lambda pdu: self.pdus[pdu.source].append(pdu))


def measure(port: str, seed: int, duration_s: int) -> dict[str, Duty]:
    """Three officers' pairs for so long, on duty, holstered; the third's camera unit has no power."""
    scenario = parse(
        {
            "name": "duty",
            "profile": port,
            "duration_s": BEGIN_S + duration_s,
            "secret": f"duty {seed}",
            "crew": [{"count": 3, "radius_m": 5, "clock_ppm": 20}],
            "events": [f"0.5 C3 battery_change off_s={BEGIN_S + duration_s}"],
        },
        "duty",
    )

    def prepare(firmware: Firmware) -> None:
        with_clocks(firmware, int(scenario.begins.timestamp() * 1000))

    with seeded_entropy(seed):
        world = _Booked(scenario, seed, None, None, FastBoard)
        run_fast(world.play(interpreter()), scenario, prepare)
    span = (BEGIN_S * US, (BEGIN_S + duration_s) * US)
    return {unit.id: _duty(world.pdus[unit.id], world.scans[unit.id], *span) for unit in scenario.units}


def _duty(pdus: list[Pdu], scans: list[tuple[int, bool]], begin_us: int, end_us: int) -> Duty:
    spans = _spans(scans, end_us)
    listened_us = sum(max(0, min(end, end_us) - max(begin, begin_us)) for begin, end in spans)
    gaps = [after - before for (_, before), (after, _) in itertools.pairwise(spans) if before >= begin_us]
    aired: dict[bytes, list[Pdu]] = defaultdict(list)
    for pdu in pdus:
        if pdu.time_us >= begin_us:
            aired[pdu.data].append(pdu)
    total_us = end_us - begin_us
    return Duty(
        100 * listened_us / total_us,
        100 * sum(some[-1].end_us - some[0].time_us for some in aired.values()) / total_us,
        100 * sum(pdu.end_us - pdu.time_us for some in aired.values() for pdu in some) / total_us,
        len(aired) * 3600 * US / total_us,
        [gap / 1000 for gap in gaps],
    )


def _spans(scans: list[tuple[int, bool]], end_us: int) -> list[tuple[int, int]]:
    """From when to when the scanner was on."""
    spans: list[tuple[int, int]] = []
    since: int | None = None
    for at_us, is_on in [*scans, (end_us, False)]:
        if is_on and since is None:
            since = at_us
        elif not is_on and since is not None:
            spans.append((since, at_us))
            since = None
    return spans
