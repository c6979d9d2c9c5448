"""The virtual board's description: that of the port it plays, but with the world's door."""

import simclock
import simrt

if simrt.profile == "rp2":
    from interlock.boards.rp2 import BOARD
elif simrt.profile == "stm32wb":
    from interlock.boards.stm32wb import BOARD
else:
    from interlock.boards.esp32 import BOARD

BOARD.rest = simclock.rest
