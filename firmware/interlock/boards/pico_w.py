"""Raspberry Pi Pico W, 2 MB of flash. Never run on a physical board yet."""

from .on_rp2 import on_rp2

BOARD = on_rp2("pico_w", 185)
