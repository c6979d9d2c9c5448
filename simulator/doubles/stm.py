"""`stm` of a NUCLEO-WB55, as far as its wireless processor is concerned: it runs, and has a stack.

Source: MicroPython docs/library/stm.rst, "Functions specific to STM32WBxx MCUs"; ports/stm32/rfcore.c. Not here:
registers, `mem32`, `rfcore_sys_hci`. The version numbers are nobody's: a stack that works, whichever.
"""

import simrt

if simrt.profile != "stm32wb":
    raise ImportError("no module named 'stm'")

_VERSIONS = ((1, 2, 0, 0, 0), (1, 17, 0, 3, 0))  # of updater and stack


def rfcore_status() -> int:
    return 0


def rfcore_fw_version(fw_id: int) -> "tuple[int, int, int, int, int]":
    return _VERSIONS[fw_id]
