"""`machine.UART` on virtual boards: bytes at the pace of the line, a full buffer, None where there is nothing."""

import asyncio
from pathlib import Path

import pytest

from simulator.hardware.board import VirtualBoard
from simulator.profiles import PROFILES

from .boards import play, to_the_end

OPEN = {
    "esp32": "UART(1, baudrate=9600, tx=Pin(9), rx=Pin(16))",
    "rp2": "UART(0, baudrate=9600, tx=Pin(0), rx=Pin(1))",
    "stm32wb": "UART('LP1', 9600)",
}
NAMES: dict[str, int | str] = {"esp32": 1, "rp2": 0, "stm32wb": "LP1"}


def said(folder: Path, port: str, body: str, script: str = "") -> tuple[list[str], list[tuple[float, bytes]]]:
    """Lines printed; (virtual s, bytes) of what came out of the board. It echoes what it gets, in capitals."""
    heard: list[tuple[float, bytes]] = []

    async def story(board: VirtualBoard) -> None:
        wire, loop = board.uarts.wire(NAMES[port]), asyncio.get_running_loop()

        def far(data: bytes) -> None:
            heard.append((loop.time(), data))
            wire.send(data.upper())

        wire.far = far
        await to_the_end(board)

    text = f"import time\nfrom machine import UART, Pin\nuart = {OPEN[port]}\nstart = time.ticks_us()\n{body}"
    board = play(folder, text, story, port=port)
    return board.output, heard


@pytest.mark.parametrize("port", PROFILES)
def test_what_is_written_comes_out_and_what_comes_in_is_read_at_the_pace_of_the_line(tmp_path: Path, port: str) -> None:
    body = """
print(uart.any(), uart.read(), uart.readinto(bytearray(4)), uart.readline())
print(uart.write(b"hello\\nyou"))
time.sleep_ms(12)
print(uart.any())
time.sleep_ms(8)
room = bytearray(3)
print(uart.any(), uart.readline(), uart.readinto(room), room, uart.any(), uart.read())
"""
    lines, heard = said(tmp_path, port, body)
    assert lines == ["0 None None None", "9", "0", "9 b'HELLO\\n' 3 bytearray(b'YOU') 0 None"]
    assert [data for _, data in heard] == [b"hello\nyou"]


@pytest.mark.parametrize("port", PROFILES)
def test_what_finds_no_room_is_lost(tmp_path: Path, port: str) -> None:
    lines, _ = said(tmp_path, port, "uart.write(bytes(400))\ntime.sleep_ms(900)\nprint(len(uart.read()), uart.any())")
    assert lines == ["64 0" if port == "stm32wb" else "256 0"]


def test_a_port_whose_uarts_have_their_pins_takes_none(tmp_path: Path) -> None:
    body = "try:\n    UART('LP1', 9600, tx=Pin('D1'))\nexcept TypeError as e:\n    print(e)"
    assert said(tmp_path, "stm32wb", body)[0] == ["extra keyword arguments given"]
