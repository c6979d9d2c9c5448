"""Which rates each boot's oscillator may have had: the usual limits, or what a fast or slow crystal shows.

Two syncs too far apart prove nothing: the host's clock may have been wrong. Where at least two stretches of time, of
one boot or several, each break the limits and all fit one steady rate, it is the crystal."""

from collections.abc import Sequence

from .boot import Boot
from .crystal import MOST_PPM, USUAL, WANDER_PPM, Rates, breaches, hull, steady


def settle(boots: Sequence[Boot]) -> Rates | None:
    """Settle each boot's rates; the mean rates of a crystal beyond the usual limits, None: it is within them."""
    odd: list[tuple[Boot, Rates]] = []
    shown = 0
    for boot in boots:
        bounds = [reading.bound() for reading in boot.readings]
        broken = breaches(bounds, USUAL, 0.0)
        mean = steady(bounds, 0.0, MOST_PPM, WANDER_PPM) if broken else None
        if mean is not None:
            odd.append((boot, mean))
            shown += broken
    fast = _common([mean for _, mean in odd]) if shown >= 2 else None
    wide = USUAL if fast is None else hull(USUAL, _strayed(fast))
    for boot in boots:
        boot.settle(wide)
    if fast is None:
        return None
    for boot, mean in odd:
        boot.is_fast = True
        boot.settle(hull(_strayed(mean), _strayed(fast)))
    return fast


def _common(means: Sequence[Rates]) -> Rates | None:
    """The rates that all boots share, give or take what one strays; None: there is none."""
    low_ppm, high_ppm = max(mean.low_ppm for mean in means), min(mean.high_ppm for mean in means)
    if low_ppm - high_ppm > WANDER_PPM:
        return None
    return Rates(min(low_ppm, high_ppm), max(low_ppm, high_ppm))


def _strayed(mean: Rates) -> Rates:
    return Rates(mean.low_ppm - WANDER_PPM, mean.high_ppm + WANDER_PPM)
