"""ESP32-C6 module. Never run on a physical board yet.

Of its straps only 15 is used, as an output: it chooses nothing unless a fuse is burned. 12 and 13 are the USB's, 16 and
17 the console's, 24 to 30 the flash's; 10 and 11 are not on every module. Only 0 to 7 end deep sleep.
"""

from .on_esp32 import on_esp32

BOARD = on_esp32(
    "esp32_c6",
    {
        "seat_closes": 0,
        "seat_opens": 22,
        "armed": 1,
        "discharge": 23,
        "dock": 3,
        "button": 2,
        "tally": 18,
        "awake": 7,
        "led": 19,
        "haptic": 20,
        "shutter": 21,
        "buzzer": 15,
        "battery": 6,
    },
    uart=1,
    # No ext0 on this chip; level 0 of ext1 means any of its pins.
    wakes=(("ext1", 0, ("seat_closes", "armed", "button", "dock")), ("gpio", 1, ("awake",))),
)
