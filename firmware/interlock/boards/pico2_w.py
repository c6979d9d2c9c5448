"""Raspberry Pi Pico 2 W, 4 MB of flash. Never run on a physical board yet.

Chips of step A2 hold a floating input near 2 V against their own pull-down (RP2350 datasheet, erratum E9): discharge,
tally and awake need a resistor of 8.2 kilohm or less to ground.
"""

from .on_rp2 import on_rp2

BOARD = on_rp2("pico2_w", 512)
