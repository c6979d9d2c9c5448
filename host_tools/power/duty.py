"""What a unit does with its time in each mode: shares of receiving, transmitting, computing and flash. Pure.

Shares follow from the policy's figures and the firmware's constants, by the arithmetic of `firmware/PROTOCOL.md`: a
simulated unit's real PDUs and real scan time are held against them in `tests/power/test_duty_truth.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from interlock.core.airtime import ACK_MS, FAST_MS
from interlock.core.rhythm import AIR_MS, LEAD_MS
from interlock.core.settings import ROLE_CAMERA, ROLE_HOLSTER, Policy

POLL_MS = 5
"""The door's: `firmware/interlock/drivers/door.py`."""
BURST_MIN_MS = 500
BEACON_MS = 300
FAST_ENDING_MS = 1000
"""Of `firmware/interlock/holster_role.py`: an answered burst, a beacon that was proven, a re-holster's report."""
SCAN_MS = 30
"""Interval and window of a scan: `firmware/interlock/radio/broadcast.py`."""
ADV_DELAY_MS = 5
"""The mean of the 0 to 10 ms that each advertising interval is longer (Core specification, Vol 6, Part B, 4.4.2.2)."""
PDU_MS = 0.376
RAMP_MS = 0.15
"""Before each PDU the transmitter is up already: an estimate."""
CHANNELS = 3
EVENTS_PER_USE = 3
"""Draw, arm, discharge."""
RECORDS_PER_USE = 15
RECORDS_PER_H = 2
"""Counted in the journals of a simulated patrol day: 12 to 19 records a use, 1 to 4 an hour without one."""
PAGES_PER_RECORD = 1
RECORDS_PER_SECTOR = 80
REPORT_US = 200
"""What a report of the radio costs the processor, an estimate (the profiles' `handler_us` and what follows it)."""

LOOK_MS = 900000
"""A unit that sleeps starts so often and looks at its lines: `firmware/interlock/life.py`."""

WORN = "worn"
OUT = "out"
STOWED = "stowed"
STORED = "stored"
SERVICE = "service"
MODES: Mapping[str, str] = MappingProxyType(
    {
        WORN: "weapon holstered, officer on duty; a camera unit: camera near or recording nothing",
        OUT: "a weapon is out; a camera unit: it records",
        STOWED: "put away, still awake: until store_after_ms is over",
        STORED: "deep sleep",
        SERVICE: "a technician is connected",
    }
)


class Habits(NamedTuple):
    """What its people do with a unit; part of the assumptions that are printed."""

    shift_h: float = 10.0
    uses: float = 2.0  # a shift
    use_s: float = 90.0
    away_h: float = 0.0  # a day put away and not in the dock
    session_s: float = 60.0  # a day connected
    neighbours: float = 20.0  # advertising reports a second that a listening unit gets, of anybody
    missed: float = 0.05  # of expected frames, not heard at the first try
    records_h: float = RECORDS_PER_H  # the journal's, in an hour without a use


class Duty(NamedTuple):
    """Shares of time, but for `contacts`: how many pull-ups work against a closed contact; and `look_ms`: how often it
    starts while it is `asleep`."""

    receive: float = 0.0
    transmit: float = 0.0
    run: float = 0.0
    program: float = 0.0
    erase: float = 0.0
    led: float = 0.0
    haptic: float = 0.0
    contacts: float = 0.0
    asleep: bool = False
    look_ms: float = LOOK_MS


def events(air_ms: float, interval_ms: float) -> float:
    """Advertising events in a time on the air, in the mean: the first at once, then one each interval and its delay."""
    return 0.5 + air_ms / (interval_ms + ADV_DELAY_MS)


def of_role(
    role: int, policy: Policy, habits: Habits, poll_ms: float, program_ms: float, erase_ms: float,
    floor_ms: float = FAST_MS, scan_duty: float = 1.0,
) -> dict[str, Duty]:  # fmt: skip
    """The duty of each mode. `poll_ms`: what a turn of the loop computes; `scan_duty`: of a camera's time, that it
    listens: 1 is what the firmware does. `floor_ms`: the shortest advertising interval of the board."""
    interval_ms = max(FAST_MS, floor_ms)
    polling = min(1.0, poll_ms / (POLL_MS + poll_ms))
    is_camera, is_holster = bool(role & ROLE_CAMERA), bool(role & ROLE_HOLSTER)
    modes = {
        WORN: _worn(is_holster, is_camera, policy, habits, interval_ms, scan_duty),
        OUT: _out(is_holster, is_camera, policy, habits, interval_ms, scan_duty),
        STOWED: _stowed(is_holster, is_camera, policy, interval_ms, scan_duty),
        SERVICE: Duty(receive=0.05, transmit=0.02, run=0.2, contacts=1),  # a pull at some kB/s: an estimate
    }
    found = {STORED: Duty(asleep=True, contacts=1)}
    for mode, duty in modes.items():
        listens = duty.receive * habits.neighbours * REPORT_US / 1e6
        records_h = habits.records_h + (RECORDS_PER_USE * 3600 / habits.use_s if mode == OUT else 0)
        found[mode] = duty._replace(
            run=min(1.0, duty.run + polling + listens),
            program=records_h * PAGES_PER_RECORD * program_ms / 3.6e6,
            erase=records_h / RECORDS_PER_SECTOR * erase_ms / 3.6e6,
        )
    return found


def transmit_share(events_per_s: float) -> float:
    """The share of time with the transmitter on."""
    return events_per_s * CHANNELS * (PDU_MS + RAMP_MS) / 1000


def announcing(every_ms: float, interval_ms: float) -> float:
    """Advertising events a second of a unit that says how it is each `every_ms`; 0: never."""
    return events(AIR_MS, interval_ms) / (every_ms / 1000) if every_ms else 0.0


def expecting(policy: Policy, habits: Habits, interval_ms: float) -> float:
    """The share of time in which a holster unit listens for its camera: from a little before each frame to the first
    PDU that it hears, and for a whole window where it hears none."""
    if not policy.ready_every_ms or not policy.present_every_ms:
        return 0.0
    found_ms = LEAD_MS + 1 + policy.ready_every_ms * 1e-4 + (interval_ms + ADV_DELAY_MS) / 4
    window_ms = 2 * LEAD_MS + AIR_MS + policy.ready_every_ms * 2e-4
    return float(((1 - habits.missed) * found_ms + habits.missed * window_ms) / policy.ready_every_ms)


def _worn(holster: bool, camera: bool, policy: Policy, habits: Habits, interval_ms: float, duty: float) -> Duty:
    every_ms = policy.present_every_ms if holster else policy.ready_every_ms
    receive = duty if camera else expecting(policy, habits, interval_ms)
    return Duty(receive, transmit_share(announcing(every_ms, interval_ms)), contacts=1 if holster else 0)


def _out(holster: bool, camera: bool, policy: Policy, habits: Habits, interval_ms: float, duty: float) -> Duty:
    renewals = 1000 / policy.renew_ms
    beacons = renewals * events(BEACON_MS, interval_ms)
    bursts = (EVENTS_PER_USE * events(BURST_MIN_MS, interval_ms) + events(FAST_ENDING_MS, interval_ms)) / habits.use_s
    acks = renewals * events(BEACON_MS + ACK_MS, interval_ms)
    aired = 0.0
    if holster:
        aired += beacons + bursts
    if camera and not holster:
        aired += acks + bursts
    return Duty(
        duty if camera and not holster else 1.0,
        transmit_share(aired),
        run=0.05,
        haptic=0.4 / habits.use_s / 4,  # an alert in one use of four
        contacts=2 if holster else 1,
    )


def _stowed(holster: bool, camera: bool, policy: Policy, interval_ms: float, duty: float) -> Duty:
    every_ms = policy.present_every_ms if holster else policy.ready_every_ms
    return Duty(duty if camera else 0.0, transmit_share(announcing(every_ms, interval_ms)), contacts=1)
