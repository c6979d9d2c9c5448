"""The loader in real MicroPython on a real LittleFS: the power fails in flash operations of trial, confirmation and
fallback, and the unit works in the end. Every operation is `deep`; each one torn in three places, without a VM:
`test_keeper_cuts.py`. Here the stories of what fails, whose boots are many, are torn in one of these on each port.

NUCLEO-WB55 is not among them: its flash is behind a cache that keeps no promise (`drivers/flash_stm32wb.py`)."""

import asyncio

import pytest

from interlock_loader import slots
from simulator.clock import run
from simulator.hardware.board import VirtualBoard
from simulator.hardware.files import file_system
from simulator.profiles import profile

from .units import RAISES, WORKS, application, contents

OLD, NEW = (0, 1, 0), (0, 2, 0)
ON_TRIAL = slots.step(slots.FIRST, slots.INSTALLED, 1, (OLD, NEW))
INSTALLS = WORKS.replace("    while True:", "    if VERSION == (0, 1, 0):\n        keeper.install(1)\n    while True:")
MEANT = WORKS.replace("    while True:", "    keeper.expect()\n    while True:")
STORIES = {
    "trial that works": (WORKS, WORKS, ON_TRIAL),
    "trial that fails": (WORKS, RAISES, ON_TRIAL),
    "confirmed that fails": (RAISES, WORKS, slots.FIRST),
    "switch": (INSTALLS, WORKS, slots.FIRST),
    "switch to what fails": (INSTALLS, RAISES, slots.FIRST),
    "reset that is meant": (MEANT, MEANT, ON_TRIAL),
}
PORTS = ("esp32", "rp2")
FRACTIONS = (0.0, 0.5, 1.0)
TOLD_S = 12  # three boots that fail, and one that works


def played(name: str, port: str, operation: int | None, fraction: float | None = None) -> VirtualBoard:
    """The unit after its story with a cut in that operation, another boot, and one more."""
    app_a, app_b, state = STORIES[name]
    board_name = profile(port).board
    files = contents(port, application(app_a, OLD, board_name), application(app_b, NEW, board_name), state)
    image = file_system(profile(port), files)

    async def scene() -> VirtualBoard:
        board = VirtualBoard("unit 7", profile(port), None, 1, files=image)
        if operation is not None:
            board.cut_at_flash_operation(operation, fraction)
        await board.power_on()
        await asyncio.sleep(TOLD_S)
        board.flash.cut_after(None)
        for _ in range(2):
            await board.power_off()
            board.output.append("off")
            await board.power_on()
            await asyncio.sleep(TOLD_S if "fails" in name else 6)
        await board.power_off()
        return board

    return run(scene())


def operations(board: VirtualBoard) -> int:
    return board.flash.programs + board.flash.erases


def must_work(board: VirtualBoard, what: str) -> None:
    after = board.output[len(board.output) - board.output[::-1].index("off") :]
    assert [line for line in after if line.startswith("runs")], f"{what}: {board.output}"


def test_a_cut_in_some_operations_leaves_a_unit_that_works() -> None:
    port, name = "rp2", "trial that fails"
    count = operations(played(name, port, None))
    assert count > 6
    for operation in range(2, count + 1, count // 2):
        must_work(played(name, port, operation, 0.5), f"{port} {name} {operation}")


@pytest.mark.deep
@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", STORIES)
def test_a_cut_in_any_operation_leaves_a_unit_that_works(port: str, name: str) -> None:
    for operation in range(1, operations(played(name, port, None)) + 1):
        one = (operation + PORTS.index(port)) % len(FRACTIONS)
        for fraction in FRACTIONS[one : one + 1] if "fails" in name else FRACTIONS:
            must_work(played(name, port, operation, fraction), f"{port} {name} {operation} torn at {fraction}")
