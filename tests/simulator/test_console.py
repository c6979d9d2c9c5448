"""What a board is typed: reads inside the VM, the world's time meanwhile, and the end of input."""

import asyncio
from pathlib import Path
from textwrap import dedent

import pytest

from simulator.clock import run
from simulator.hardware.board import VirtualBoard
from simulator.hardware.console import Console
from simulator.profiles import profile

from .boards import BOOT_S, play, to_the_end


def typed(directory: Path, script: str, *keys: tuple[float, bytes | None]) -> list[str]:
    """What the script prints while somebody types: (seconds before it, bytes; None: the end)."""

    async def story(board: VirtualBoard) -> None:
        for pause_s, data in keys:
            await asyncio.sleep(pause_s)
            if data is None:
                board.console.end()
            else:
                board.console.type(data)
        await to_the_end(board)

    return play(directory, script, story).output


def test_a_read_waits_for_a_line_and_time_goes_on(tmp_path: Path) -> None:
    script = """
        import sys, time
        print(repr(sys.stdin.readline()), time.ticks_ms())
        """
    assert typed(tmp_path, script, (BOOT_S + 2, b"one"), (3, b" line\n")) == ["'one line\\n' 5000"]


def test_text_bytes_lines_and_characters_are_read_as_on_a_board(tmp_path: Path) -> None:
    script = """
        import sys, usys
        print(repr(sys.stdin.readline()), repr(sys.stdin.readline(2)), repr(sys.stdin.readline()))
        print(repr(sys.stdin.read(3)), sys.stdin.buffer.read(3), sys.stdin.buffer.readline())
        buffer = bytearray(3)
        print(sys.stdin.buffer.readinto(buffer), bytes(buffer), sys.stdin.readinto(buffer, 1), bytes(buffer))
        print([line for line in sys.stdin], repr(sys.stdin.read()), sys.stdin.buffer.read(5))
        print(usys is sys)
        """
    keys = "a\r\nbcd\nöß€\xfe\r\nxyzAlast\nline".encode()
    assert typed(tmp_path, script, (1, keys), (1, None)) == [
        "'a\\n' '\\n' 'bcd\\n'",
        r"'\xf6\xdf\u20ac' b'\xc3\xbe\r' b'\n'",
        "3 b'xyz' 1 b'Ayz'",
        "['last\\n', 'line'] '' b''",
        "True",
    ]


def test_input_asks_strips_and_ends_with_eoferror(tmp_path: Path) -> None:
    script = """
        print(repr(input("name? ")), repr(input()), repr(input()))
        try:
            input()
        except EOFError:
            print("end")
        """
    assert typed(tmp_path, script, (1, b"Anna\n\nlast"), (1, None)) == ["name? 'Anna' '' 'last'", "end"]


def test_handlers_run_while_a_board_reads(tmp_path: Path) -> None:
    async def story(board: VirtualBoard) -> None:
        await asyncio.sleep(BOOT_S + 1)
        for level in (1, 0, 1):
            board.set_pin(4, level)
            await asyncio.sleep(1)
        board.console.type(b"done\n")
        await to_the_end(board)

    script = """
        import machine, time
        machine.Pin(4, machine.Pin.IN).irq(lambda pin: print(pin.value(), time.ticks_ms()))
        print(input())
        """
    assert play(tmp_path, script, story).output == ["1 1000", "0 2000", "1 3000", "done"]


def test_what_was_typed_while_nobody_read_is_not_lost_and_a_reset_does_not_bring_it_back(tmp_path: Path) -> None:
    script = """
        import machine, time
        time.sleep(2)
        line = input()
        print(line)
        if line == "again":
            machine.reset()
        """
    path = tmp_path / "main.py"
    path.write_text(dedent(script))

    async def main() -> list[str]:
        board = VirtualBoard("unit", profile("esp32"), None, 1, path)
        await board.power_on()
        board.console.type(b"again\nover\n")
        await asyncio.sleep(10)
        await board.ended()
        return board.output

    assert run(main()) == ["again", "over"]


def test_a_source_is_asked_only_for_what_the_board_wants() -> None:
    pieces = [b"on", b"e\ntw", b"o\n", b""]
    waits: list[int] = []
    console = Console(lambda: pieces.pop(0))
    console.waits = lambda: waits.append(len(pieces))
    assert console.read(-1, "line") == b"one\n"
    assert len(pieces) == 2
    assert console.read(2, "byte") == b"tw"
    assert len(pieces) == 2
    assert console.read(-1, "byte") == b"o\n"
    assert console.read(-1, "line") == b""
    assert waits == [4, 2]  # once for each wait


@pytest.mark.parametrize("count, unit, expected", [(2, "char", None), (1, "char", "ö".encode()), (4, "byte", None)])
def test_half_a_character_is_not_there_yet(count: int, unit: str, expected: bytes | None) -> None:
    console = Console()
    console.type("ö€".encode()[:3])
    assert console.read(count, unit) == expected
