"""The module of a board, NAME.py in `firmware/interlock/boards/`: chip and module, flash, and that it never ran on a
physical board yet, until it did.

What its pins are not for, in one or two sentences: straps, USB, console, flash.
"""

# A chip of the ESP32 family; on_rp2 for an RP2040 or RP2350, which has its pins there. A new port writes a module of
# its own with its flash driver, as nucleo_wb55.py does.
from .on_esp32 import on_esp32

BOARD = on_esp32(
    # The module's name. A release is made for it, `board.py` on the board names it: it never changes.
    "my_board",
    {
        # Contacts to ground, on the chip's pull-ups. Those that shall end deep sleep need a pin that can.
        "seat_closes": 4,
        "seat_opens": 5,
        "armed": 6,
        "dock": 15,
        "button": 14,
        # Driven high: by the pick-up of discharges, and by the recorder's tally and accessory voltage.
        "discharge": 7,
        "tally": 16,
        "awake": 17,
        # Outputs, active high. None may be a pin that the chip drives or pulls up while it starts: the shutter would be
        # pressed, the haptic would buzz.
        "led": 18,
        "haptic": 8,
        "shutter": 9,
        # Only where there is a pin left.
        "buzzer": 10,
        # A converter that works beside the radio; the cell behind a divider of two equal resistors.
        "battery": 1,
    },
    # What differs from the defaults of `Board` (interlock/boards/__init__.py says what each is):
    uart=1,
    wakes=(("ext1", 0, ("seat_closes", "armed", "button", "dock")), ("ext0", 1, ("awake",))),
)
