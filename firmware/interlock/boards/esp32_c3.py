"""ESP32-C3 module. Never run on a physical board yet.

It has too few pins for both roles at once: what only a camera has shares pins with what only a holster has (each of
these lines behind 1 kilohm, 1 being an output in a camera). Its strap 8 must be high for the ROM loader: an input that
rests high, of no weapon's; 2 is left to a resistor to 3.3 V, 9 to the ROM loader. 18 and 19 are the USB's, 20 and 21
the console's. Only 0 to 5 end deep sleep, all at one level.
"""

from .on_esp32 import on_esp32

BOARD = on_esp32(
    "esp32_c3",
    {
        "seat_closes": 0,
        "seat_opens": 6,
        "armed": 1,
        "discharge": 7,
        "dock": 8,
        "button": 3,
        "tally": 7,
        "awake": 6,
        "led": 5,
        "haptic": 10,
        "shutter": 1,
        "battery": 4,
    },
    uart=1,
    plays_both=False,
    wakes=(("gpio", 0, ("seat_closes", "armed", "button")),),
)
