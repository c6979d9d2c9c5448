"""What the flash tool writes as `board.py`, here for the board that is played, and with the world's door.

A board with a file system of its own that holds a `/board.py` goes by that one: only the door is the world's.
"""

import simclock
import simrt

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

NAME: str = simrt.costs["board"]
# Which pin the safe mode looks at, and its level when held.
BUTTON: "int | str"
BUTTON_ACTIVE = 0


def load() -> "Any":
    """The Board that the application runs on."""
    module = __import__("interlock.boards." + NAME, None, None, ("BOARD",))
    module.BOARD.rest = simclock.rest
    return module.BOARD


BUTTON = load().pins["button"]
BUTTON_ACTIVE = 0 if "button" in load().active_low else 1
