"""MicroPython itself onto a chip: what can be told without one. esptool is the real one, and has no chip here."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.flashing import chips, micropython, partition_table
from host_tools.flashing.image import firmware
from host_tools.outcome import ToolError
from simulator.profiles import partitions

BOARDS = firmware().parent / "boards"
ESP32 = [board for board, row in chips.CHIPS.items() if row.esptool]


def an_image(tmp_path, board, length=4096):
    number = micropython._CHIP_IDS[chips.chip(board).esptool]
    data = bytes([0xE9]) + bytes(11) + struct.pack("<H", number) + bytes(length - 14)
    path = tmp_path / "micropython.bin"
    path.write_bytes(data)
    return path


def uf2(tmp_path, board, address=0x10000000, blocks=2, family=None):
    owner = family or micropython._FAMILIES[board]
    data = b"".join(
        struct.pack("<IIIIIIII", 0x0A324655, 0x9E5D5157, 0x2000, address + 256 * n, 256, n, blocks, owner)
        + bytes(476)
        + struct.pack("<I", 0x0AB16F30)
        for n in range(blocks)
    )
    path = tmp_path / "micropython.uf2"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("board", ESP32)
def test_the_table_that_is_written_is_the_one_that_the_simulated_chip_has(board):
    table = partition_table.rows(BOARDS / board / "partitions.csv")
    packed = partition_table.binary(table)
    assert packed == partitions.pack(partitions.partitions(board))
    assert len(packed) == 0xC00 and packed[:2] == b"\xaa\x50"
    assert b"journal" in packed and packed[32 * len(table) :][:2] == b"\xeb\xeb"


@pytest.mark.parametrize("board", ESP32)
def test_esptool_understands_what_it_is_told(board, tmp_path):
    """Its own parser reads the arguments; it then finds no chip at a port that is none, and says so by its code."""
    image = an_image(tmp_path, board)
    asked = []

    def run(arguments):
        asked.append(list(arguments))
        return 0

    micropython.install(board, "/dev/none", image, BOARDS, run)
    (arguments,) = asked
    assert arguments[arguments.index("write-flash") + 1 :][0] == hex(chips.chip(board).bootloader)
    assert "0x8000" in arguments and "erase-flash" not in arguments and "--erase-all" not in arguments
    if board != "esp32_s3":
        return
    table = tmp_path / "table.bin"
    table.write_bytes(bytes(0xC00))
    told = micropython.esptool_arguments(board, "/dev/none", image, table)
    done = subprocess.run([sys.executable, "-m", "esptool", *told], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode and "No such file or directory" in said, said
    assert "deprecated" not in said.lower() and "usage" not in said.lower(), said


def test_esptool_reads_the_chip_of_an_image_as_this_does(tmp_path):
    image = an_image(tmp_path, "esp32_c3")
    command = [sys.executable, "-m", "esptool", "image-info", str(image)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert "ESP32-C3" in said, said


def test_a_port_where_nobody_answers_is_told_with_what_to_press(tmp_path):
    with pytest.raises(ToolError, match="esptool ended with code 2") as told:
        micropython.install("esp32_s3", "/dev/none", an_image(tmp_path, "esp32_s3"), BOARDS, lambda _: 2)
    assert "Hold BOOT" in told.value.advice


def test_an_image_for_another_chip_or_one_that_reaches_the_journal_is_refused(tmp_path):
    with pytest.raises(ToolError, match="is for an esp32c3, and a esp32_s3 has an esp32s3"):
        micropython.check("esp32_s3", an_image(tmp_path, "esp32_c3"), BOARDS)
    begins = next(row.offset for row in partition_table.rows(BOARDS / "esp32/partitions.csv") if row.label == "journal")
    fits = an_image(tmp_path, "esp32", begins - 0x1000)
    micropython.check("esp32", fits, BOARDS)
    with pytest.raises(ToolError, match="the journal begins at"):
        micropython.check("esp32", an_image(tmp_path, "esp32", begins - 0x1000 + 1), BOARDS)
    other = tmp_path / "firmware.bin"
    other.write_bytes(b"\x7fELF" + bytes(99))
    with pytest.raises(ToolError, match="no image"):
        micropython.check("esp32", other, BOARDS)
    with pytest.raises(ToolError, match="cannot be read"):
        micropython.check("esp32", tmp_path / "none.bin", BOARDS)
    with pytest.raises(ToolError, match="cannot put MicroPython on a nucleo_wb55"):
        micropython.check("nucleo_wb55", other, BOARDS)


def test_a_pico_takes_its_own_uf2_below_the_journal_and_nothing_else(tmp_path):
    micropython.check("pico_w", uf2(tmp_path, "pico_w"), BOARDS)
    micropython.check("pico2_w", uf2(tmp_path, "pico2_w"), BOARDS)
    with pytest.raises(ToolError, match="another chip"):
        micropython.check("pico_w", uf2(tmp_path, "pico2_w"), BOARDS)
    with pytest.raises(ToolError, match="where journal and files are"):
        micropython.check("pico_w", uf2(tmp_path, "pico_w", address=0x10000000 + 1200 * 1024 - 256), BOARDS)
    broken = tmp_path / "broken.uf2"
    broken.write_bytes(b"UF2\n" * 200)
    with pytest.raises(ToolError, match="no UF2"):
        micropython.check("pico_w", broken, BOARDS)


def test_a_picos_drive_is_found_and_gets_the_file(tmp_path):
    file = uf2(tmp_path, "pico_w")
    with pytest.raises(ToolError, match="RPI-RP2 is not mounted") as told:
        micropython.copy("pico_w", file, BOARDS, 0.0, [str(tmp_path)])
    assert "BOOTSEL" in told.value.advice
    drive = tmp_path / "somebody" / "RPI-RP2"
    drive.mkdir(parents=True)
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader")
    micropython.copy("pico_w", file, BOARDS, 0.0, [str(tmp_path)])
    assert (drive / "micropython.uf2").read_bytes() == Path(file).read_bytes()
