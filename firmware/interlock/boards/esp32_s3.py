"""ESP32-S3 module. Never run on a physical board yet.

GPIO 1 to 18 but the strap 3, all of which can end deep sleep; 19 and 20 stay the USB's.
"""

from .on_esp32 import on_esp32

BOARD = on_esp32(
    "esp32_s3",
    {
        "seat_closes": 4,
        "seat_opens": 5,
        "armed": 6,
        "discharge": 7,
        "dock": 15,
        "button": 14,
        "tally": 16,
        "awake": 17,
        "led": 18,
        "haptic": 8,
        "shutter": 9,
        "buzzer": 10,
        "battery": 1,
    },
    uart=1,
    # Here level 0 of ext1 means any of these pins, not all of them.
    wakes=(("ext1", 0, ("seat_closes", "armed", "button", "dock")), ("ext0", 1, ("awake",))),
)
