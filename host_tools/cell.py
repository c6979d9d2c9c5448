"""How full a cell is by its voltage: a table of one named cell, since others differ, and every cell when warm or cold.

Cell: Adafruit 2011, lithium polymer, 2000 mAh. Source: the levels of the Zephyr project's battery sample
(samples/boards/nordic/battery), read there off a discharge of 16 hours under full load: 15/16 of its life between
3.95 V and 3.55 V, 1/16 between 3.55 V and 3.10 V. Its author calls them eyeballed; so is what follows from them.
"""

CELL = "Adafruit 2011 (lithium polymer, 2000 mAh)"
LEVELS = ((3950, 100.0), (3550, 6.25), (3100, 0.0))
"""(mV, per cent that is left), falling; straight lines between."""


def percent(mv: int) -> int:
    """Per cent that is left at this voltage, in whole ones."""
    upper_mv, upper = LEVELS[0]
    if mv >= upper_mv:
        return 100
    for lower_mv, lower in LEVELS[1:]:
        if mv >= lower_mv:
            return round(lower + (upper - lower) * (mv - lower_mv) / (upper_mv - lower_mv))
        upper_mv, upper = lower_mv, lower
    return 0
