"""Worlds for the observer: ten officers' pairs on one air, with a few uses, and firmware that gives itself away.

A change is made to the firmware's own modules before any board boots, so that everybody is changed alike: who is called
by a number in clear is also recognised by it, and the world goes on as it would.
"""

import functools
import random
import struct
from collections.abc import Callable
from typing import Any

from simulator.fast import Firmware
from simulator.observer.listening import US, Burst, listen
from simulator.scenario import Scenario, parse

Change = Callable[[Firmware], None]

OFFICERS = 10
STAGGER_S = 60
"""Units are switched on one by one within so long: at a common boot all would announce themselves in step."""
CLOCK_U_MS = 50
ROUND_S = 600
_USES = (
    (60, "draw", 1),
    (62, "arm", 1),
    (63.5, "discharge", 1),
    (80, "holster", 1),
    (230, "draw", 7),
    (230.2, "draw", 8),
    (240, "holster", 7),
    (241, "holster", 8),
)


def scenario(seed: int, duration_s: float, port: str = "esp32", has_uses: bool = True) -> Scenario:
    """Twenty units in one place, with keys, crystals and boots of this seed; the uses again and again, if any."""
    chance = random.Random(seed)
    events = [
        f"0.5 {role}{officer} battery_change off_s={chance.uniform(0.1, STAGGER_S):.3f}"
        for officer in range(1, OFFICERS + 1)
        for role in "HC"
    ]
    for begin_s in range(STAGGER_S, int(duration_s), ROUND_S) if has_uses else ():
        events += [f"{begin_s + at_s} H{officer} {do}" for at_s, do, officer in _USES if begin_s + at_s < duration_s]
    return parse(
        {
            "name": "overheard",
            "profile": port,
            "duration_s": duration_s,
            "secret": f"overheard {seed}",
            "crew": [{"count": OFFICERS, "radius_m": 20, "clock_ppm": 20}],
            "events": events,
        },
        "overheard",
    )


def with_clocks(firmware: Firmware, begins_ms: int) -> None:
    """Every unit's clock is set at boot, as if a technician had been there: frames are dated, strangers followed."""
    station = firmware.load("interlock.station").Station
    init = station.__init__

    def set_clock(self: Any, *args: Any) -> None:
        init(self, *args)
        self.clock = (self.uptime_ms(), begins_ms, CLOCK_U_MS)

    station.__init__ = set_clock


def world(seed: int, duration_s: float, port: str = "esp32", change: Change | None = None) -> list[Burst]:
    """Everything that was on the air of it, in bursts, once all units were on. Where the firmware is changed there are
    no uses."""
    return _world(seed, float(duration_s), port, change)


@functools.cache
def _world(seed: int, duration_s: float, port: str, change: Change | None) -> list[Burst]:
    played = scenario(seed, STAGGER_S + duration_s, port, change is None)

    def prepare(firmware: Firmware) -> None:
        with_clocks(firmware, int(played.begins.timestamp() * 1000))
        if change:
            change(firmware)

    return [burst for burst in listen(played, seed, prepare)[0] if burst.begin_us >= STAGGER_S * US]


def _identifier(firmware: Firmware, mark: Callable[[Any, int, bytes], bytes]) -> None:
    keys = firmware.load("interlock.core.frames").UnitKeys
    whole = keys.identifier
    keys.identifier = lambda self, counter: mark(self, counter, whole(self, counter))


def sender_in_clear(firmware: Firmware) -> None:
    """A byte of each frame is the sender's number."""
    _identifier(firmware, lambda keys, counter, given: bytes([keys.unit]) + given[1:])


def constant_bit(firmware: Firmware) -> None:
    """A bit of each frame says whether a holster unit or a camera unit sends it."""
    _identifier(firmware, lambda keys, counter, given: given[:3] + bytes([given[3] & 0xFE | keys.unit & 1]))


def counter_in_clear(firmware: Firmware) -> None:
    """Two bytes of each frame count."""
    _identifier(firmware, lambda keys, counter, given: given[:2] + struct.pack(">H", counter & 0xFFFF))


def fixed_address(firmware: Firmware) -> None:
    """The address stays that of the boot."""
    firmware.load("interlock.unit").Unit.rotate = lambda self: None


def out_of_step(firmware: Firmware) -> None:
    """The address changes in the middle of the next announcement instead of behind the last: its payload is aired under
    both."""
    unit = firmware.load("interlock.unit").Unit
    rotate, broadcast = unit.rotate, unit.broadcast

    def late(self: Any) -> None:
        self.owes_address = True

    def air(self: Any) -> None:
        broadcast(self)
        is_on = self.airtime.now_on is not None
        if is_on and getattr(self, "owes_address", False) and getattr(self, "was_on", False):
            self.owes_address = False
            rotate(self)
            broadcast(self)
        self.was_on = is_on

    unit.rotate, unit.broadcast = late, air


BYTES = (sender_in_clear, constant_bit, counter_in_clear)
ADDRESSES = (fixed_address, out_of_step)
