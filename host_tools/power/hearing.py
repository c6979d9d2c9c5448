"""How long until a scanner hears an advertiser: the model that the simulator's air is held against. Pure.

An advertiser's events come each interval and a random delay (0 to 10 ms); a scanner listens in windows, one channel an
interval, round the three. From a random phase, the probability that an event's PDUs fall into no window is carried
forward over the phases, event by event: the renewal process of Cho et al., Analysis of Latency Performance of Bluetooth
Low Energy Networks, Sensors 2015, 15(1), 59, without its assumption that events are independent.
"""

from typing import NamedTuple

PDU_US = 376
STEP_US = PDU_US + 150 + 40
"""From one channel's PDU to the next one's: as `simulator/radio/link_layer.py` has it for a scannable event."""
DELAY_MAX_US = 10_000
GRID_US = 250
_ENOUGH = 1e-5
_EVENTS_MAX = 4000


class Latency(NamedTuple):
    """Milliseconds from the first event to the end of the first PDU heard."""

    mean_ms: float
    p50_ms: float
    p99_ms: float


def latency(advertising_ms: float, scan_ms: float, duty: float, loss: float = 0.0) -> Latency:
    """Of an advertiser heard by a scanner that listens for `duty` of each `scan_ms`. `loss`: of each PDU.

    ValueError for a duty in which no PDU fits."""
    window_us = duty * scan_ms * 1000
    if not 0 < duty <= 1 or window_us < PDU_US or not 0 <= loss < 1:
        raise ValueError("a duty is more than 0 and at most 1, and its window must hold a PDU of 0.376 ms")
    heard, at_us = _phases(scan_ms * 1000, window_us, loss)
    step_us = advertising_ms * 1000 + DELAY_MAX_US / 2
    states = len(heard)
    survive = [1.0 / states] * states
    mean_us, left = 0.0, 1.0
    times: list[tuple[float, float]] = []
    shift, delays = int(advertising_ms * 1000 // GRID_US), DELAY_MAX_US // GRID_US
    for count in range(_EVENTS_MAX):
        hit = sum(mass * p for mass, p in zip(survive, heard, strict=True))
        within_us = sum(m * p * t for m, p, t in zip(survive, heard, at_us, strict=True))
        mean_us += within_us + (left - hit) * step_us
        left -= hit
        if hit:
            times.append((1 - left, count * step_us + within_us / hit))
        if left < _ENOUGH:
            break
        survive = _carried([m * (1 - p) for m, p in zip(survive, heard, strict=True)], shift, delays)
    return Latency(mean_us / 1000, _quantile(times, 0.5) / 1000, _quantile(times, 0.99) / 1000)


def _phases(interval_us: float, window_us: float, loss: float) -> tuple[list[float], list[float]]:
    """By phase of the three intervals: the probability that an event there is heard, and its mean time within it."""
    states = round(3 * interval_us / GRID_US)
    heard, at_us = [0.0] * states, [0.0] * states
    for state in range(states):
        left, weighted = 1.0, 0.0
        for channel in range(3):
            phase_us = ((state + 0.5) * GRID_US + channel * STEP_US) % (3 * interval_us)
            turn, offset_us = divmod(phase_us, interval_us)
            if turn == channel and offset_us + PDU_US <= window_us:
                weighted += left * (1 - loss) * (channel * STEP_US + PDU_US)
                left *= loss
        heard[state] = 1 - left
        at_us[state] = weighted / (1 - left) if left < 1 else 0.0
    return heard, at_us


def _carried(mass: list[float], shift: int, delays: int) -> list[float]:
    """Where the mass of each phase is one event later: spread evenly over the random delay, by a running sum."""
    states = len(mass)
    window = sum(mass[-delays:])  # those whose delay reaches phase 0
    spread = [0.0] * states
    for state in range(states):
        after = window + mass[state] - mass[state - delays]
        spread[state] = (window + after) / 2 / delays  # a delay lies between two points of the grid
        window = after
    return [spread[(state - shift) % states] for state in range(states)]


def _quantile(times: list[tuple[float, float]], share: float) -> float:
    """Microseconds until the event by which `share` was heard; its delays at their mean."""
    return next((us for heard, us in times if heard >= share), times[-1][1])
