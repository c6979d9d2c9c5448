"""The second fidelity of the simulator: the same firmware in this process, on the same air, for campaigns.

What is the same: the firmware's code, the doubles' code, the profile's costs, the board, the air, every stream of
chance. What is not: CPython runs the firmware instead of MicroPython's VM (`processor.py`), and the radio sits on the
air without HCI and without a Bluetooth host (`radio.py`), so that it broadcasts and scans and nothing else.
The same seed gives the same PDUs at the same microseconds and the same journals in both, as
`tests/simulator/test_fast.py` has it; which of two things within one microsecond comes first, neither promises.
`world.play(..., fidelity="fast")` begins here.
"""

import asyncio
import gc
import platform
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..scenario import Scenario
from .board import FastBoard
from .fidelity import FidelityError, refuse_connections
from .firmware import Firmware
from .loop import FastLoop
from .processor import Processor

__all__ = ["FastBoard", "FidelityError", "Firmware", "interpreter", "run_fast"]

T = TypeVar("T")


def interpreter() -> str:
    """What runs the firmware here, for results."""
    return f"CPython {platform.python_version()}, fast fidelity"


def run_fast(main: Coroutine[Any, Any, T], scenario: Scenario, change: Callable[[Firmware], None] | None = None) -> T:
    """Run a world of `FastBoard`s that plays `scenario` to its end. `change`: an experiment's; it changes modules of
    the firmware before any board boots. Raises FidelityError."""
    was_collecting = gc.isenabled()
    gc.collect()  # the run before this one: its world is full of cycles, and large
    gc.disable()  # which saves a tenth of the time
    try:
        refuse_connections(scenario)
        Processor.firmware = Firmware()
        if change:
            change(Processor.firmware)
        with asyncio.Runner(loop_factory=FastLoop) as runner:
            return runner.run(main)
    finally:
        main.close()
        if was_collecting:
            gc.enable()
