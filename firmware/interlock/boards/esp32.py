"""ESP32 module (the first of the family; WROOM or WROVER). Never run on a physical board yet.

GPIO 6 to 11 are its flash, 16 and 17 a WROVER's memory, 34 to 39 have neither output nor resistors. Its controller is
of Bluetooth 4.2: it does not advertise faster than every 100 ms without being connectable.
"""

from .on_esp32 import on_esp32

BOARD = on_esp32(
    "esp32",
    {
        "seat_closes": 27,
        "seat_opens": 32,
        "armed": 33,
        "discharge": 18,
        "dock": 25,
        "button": 26,
        "tally": 19,
        "awake": 4,
        "led": 21,
        "haptic": 22,
        "shutter": 23,
        "buzzer": 13,
        "battery": 34,
    },
    uart=1,
    adv_floor_ms=100,
    # Level 0 of ext1 would mean all of its pins at once. A weapon put in opens `seat_opens`, which is level 1.
    wakes=(("ext0", 0, ("dock",)), ("ext1", 1, ("seat_opens", "awake"))),
)
