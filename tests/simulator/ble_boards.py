"""Boards as the tests of their radio take them."""

from typing import Any

from simulator.radio.air import Air

from .radio_world import Board


async def errno_of(board: Board, op: str, *args: Any) -> int | None:
    try:
        await board.ble.call(op, args)
    except OSError as error:
        return error.errno
    return None


def pair_of(air: Air, port: str = "esp32") -> tuple[Board, Board]:
    return Board("holster", air, port=port), Board("camera", air, 2, port=port)
