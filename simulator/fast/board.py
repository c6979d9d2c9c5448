"""A virtual board of the fast fidelity: `VirtualBoard` with another interpreter and another radio in it."""

from ..hardware.board import VirtualBoard
from .processor import Processor
from .radio import FastBle


class FastBoard(VirtualBoard):
    """Everything but the two is inherited: pins, flash, watchdog, supply."""

    vm_type = Processor
    ble_type = FastBle
