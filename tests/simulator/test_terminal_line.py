"""The line between a board and its port, on its own."""

import os
import threading
import time
from pathlib import Path

from simulator.terminal.line import Line

PATIENCE_S = 20.0  # nothing is decided by it
TURNS = 20


def test_a_port_that_comes_anew_while_its_bytes_are_being_fetched_does_not_hold_the_line_for_ever(
    tmp_path: Path,
) -> None:
    """The new one has the old one's file descriptors, and nothing to read."""
    line = Line(tmp_path / "port")
    for _ in range(TURNS):
        typist = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
        with line._guard:
            os.write(typist, b"x")
            time.sleep(0.02)  # the line's own thread has seen it, and waits for the guard
            os.close(typist)
            line.unplug()
            line.mend()
        again = threading.Thread(target=line.mend)
        again.start()
        again.join(PATIENCE_S)
        is_held = again.is_alive()
        if is_held:
            with Path(line.path).open("wb", buffering=0) as port:
                port.write(b"x")  # lets it go
            again.join()
        assert not is_held
    line.close()


def test_what_a_board_said_before_it_began_anew_still_comes(tmp_path: Path) -> None:
    """However busy the line's own thread is: the answer to a command that resets, above all."""
    line = Line(tmp_path / "port")
    typist = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    (ours, theirs), (ours_anew, theirs_anew) = os.openpty(), os.openpty()
    try:
        line.plug_in(ours)
        with line._guard:
            os.write(theirs, b"last words")
            os.close(theirs)
            line.plug_in(ours_anew)
        os.write(theirs_anew, b"|")
        heard = b""
        while not heard.endswith(b"|"):
            heard += os.read(typist, 100)
        assert heard == b"last words|"
    finally:
        os.close(theirs_anew)
        os.close(typist)
        line.close()
