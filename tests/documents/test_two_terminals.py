"""What docs/boards/flashing.md types in two terminals: a virtual board at a serial port, and a unit made of it.

The line is that for a board on a cable, but for its port."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .playing import NEEDS, Reader
from .reading import ROOT, blocks

DOCUMENT = ROOT / "docs" / "boards" / "flashing.md"
PORT = "/tmp/board"


@pytest.mark.deep
def test_a_virtual_board_at_a_port_becomes_a_unit_with_the_line_that_the_document_types(tmp_path: Path) -> None:
    (block,) = [one for one in blocks(DOCUMENT) if any("simulator.terminal" in line for line in one.lines)]
    assert block.lines[1].replace(PORT, "/dev/ttyACM0") in {line for one in blocks(DOCUMENT) for line in one.lines}
    first, second = (line.replace(PORT, str(tmp_path / "board")) for line in block.lines)
    reader = Reader(tmp_path)
    for line in NEEDS["release key"]:
        reader.succeed(line)
    words = first.split()
    assert words[0] == ".venv/bin/python"
    with subprocess.Popen(
        [sys.executable, *words[1:]], cwd=reader.folder, env=reader.env, stderr=subprocess.PIPE, text=True
    ) as board:
        try:
            assert board.stderr is not None and "is at" in board.stderr.readline()
            told = reader.succeed(second, timeout_s=600)
            assert "IL" in told
        finally:
            board.send_signal(signal.SIGINT)
