"""From figures and duties to currents, and from these to life. Pure.

A mode's current is a mixture: while the radio listens or sends, what the whole board draws then; else what it draws
with Bluetooth on and nothing to do; more while the processor computes. Ranges take all least or all most figures
together, so they are wider than any board's.
"""

from collections.abc import Mapping
from typing import NamedTuple

from .duty import OUT, SERVICE, STORED, STOWED, WORN, Duty, Habits
from .figures import Figures, Range

STOCK = "stock"
MODEM_SLEEP = "modem-sleep"
BUILDS = (STOCK, MODEM_SLEEP)
"""MicroPython as its port is delivered; a build whose radio is off between events, which nobody has made yet."""
HOURS_PER_MONTH = 730


class Current(NamedTuple):
    """One mode: its mean current in mA, and by consumer, which sum up to it."""

    mean_ma: Range
    by_consumer: Mapping[str, Range]


class Life(NamedTuple):
    """Hours on one charge: in one mode alone, or in the mixture of a day's shift."""

    hours: Range
    shifts: Range | None


def current(figures: Figures, duty: Duty, build: str = STOCK) -> Current:
    """What a board draws with this duty."""
    ends = [_consumers(figures, duty, build, end) for end in range(3)]
    by_consumer = {name: Range(*(end[name] for end in ends)) for name in ends[0]}
    return Current(Range(*(sum(end.values()) for end in ends)), by_consumer)


def _consumers(figures: Figures, duty: Duty, build: str, end: int) -> dict[str, float]:
    """mA by consumer with all figures at this end of their ranges (0 low, 1 typical, 2 high)."""

    def of(name: str) -> float:
        return figures[name][end]

    parts = {
        "regulator and divider": of("regulator") + of("divider"),
        "pull-ups": of("pull_up_asleep" if duty.asleep else "pull_up") * duty.contacts,
        "flash": of("flash") * (duty.program + duty.erase),
        "light and haptic": of("led") * duty.led + of("haptic") * duty.haptic,
    }
    if duty.asleep:
        looks = of("awake_run") * of("wake") / duty.look_ms
        kept = {k: parts[k] for k in ("regulator and divider", "pull-ups")}
        return {"deep sleep": of("deep_sleep"), "looking at its lines": looks} | kept
    waiting = idle(figures, build)[end]
    running = max(waiting, of("awake_run"))
    radio = min(1.0, duty.receive + duty.transmit)
    return {
        "waiting, awake": waiting * (1 - radio) * (1 - duty.run),
        "computing": running * (1 - radio) * duty.run,
        "listening": radio_on(figures, "receive", waiting, end) * (radio - duty.transmit),
        "sending": radio_on(figures, "transmit", waiting, end) * duty.transmit,
    } | parts


def idle(figures: Figures, build: str) -> Range:
    """mA with Bluetooth on, between the events of the radio and of the loop."""
    if build == MODEM_SLEEP and figures.has("modem_sleep"):
        return figures["modem_sleep"]
    on = figures.by_name["radio_on"]
    if on.whole:
        return on.value
    return Range(*(a + b for a, b in zip(figures["awake_idle"], on.value, strict=True)))


def radio_on(figures: Figures, name: str, waiting: float, end: int) -> float:
    """mA of the whole board while its radio does this."""
    figure = figures.by_name[name]
    return max(waiting, figure.value[end]) if figure.whole else waiting + figure.value[end]


def life(figures: Figures, mah: float, mean_ma: Range, habits: Habits | None = None) -> Life:
    """How long a cell of so many mAh carries that. With habits also in shifts."""
    leak = figures["self_discharge"].scaled(mah / 100 / HOURS_PER_MONTH)
    usable = figures["usable"]
    hours = Range(
        mah * usable.low / (mean_ma.high + leak.high),
        mah * usable.typ / (mean_ma.typ + leak.typ),
        mah * usable.high / (mean_ma.low + leak.low),
    )
    return Life(hours, hours.scaled(1 / habits.shift_h) if habits is not None else None)


def shift(currents: Mapping[str, Current], habits: Habits) -> Range:
    """mA in the mean of a shift: worn, and out for each use."""
    out = min(1.0, habits.uses * habits.use_s / 3600 / habits.shift_h) if habits.shift_h else 0.0
    worn, used = currents[WORN].mean_ma, currents[OUT].mean_ma
    return Range(*(a * (1 - out) + b * out for a, b in zip(worn, used, strict=True)))


def day(currents: Mapping[str, Current], habits: Habits, store_after_ms: int, can_sleep: bool) -> Range:
    """mAh of a day off the dock: a shift, a technician's minute, and so many hours put away."""
    awake_h = habits.away_h if not can_sleep or not store_after_ms else min(habits.away_h, store_after_ms / 3.6e6)
    service_h = habits.session_s / 3600
    on_duty = shift(currents, habits)
    parts = (
        (on_duty, habits.shift_h),
        (currents[SERVICE].mean_ma, service_h),
        (currents[STOWED].mean_ma, awake_h),
        (currents[STORED].mean_ma, habits.away_h - awake_h),
    )
    return Range(*(sum(ma[end] * hours for ma, hours in parts) for end in range(3)))
