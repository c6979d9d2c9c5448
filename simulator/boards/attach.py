"""What DIR/boardN runs: a `micropython` whose machine is one virtual board of a served bench (`served.py`).

    boardN -c SCRIPT | boardN FILE.py | boardN < FILE.py

The script is put on the board as its main.py and the board is switched on; standard input and output are the board's
console from then on. Ends with the script's exit code; 2 when FILE cannot be read; 3 when the bench is not there, or
gone. Ending this process switches the board off. Standard library alone, and run as a file: it starts quickly.
"""

import json
import os
import select
import socket
import struct
import sys
from pathlib import Path

FRAME = struct.Struct(">cI")
"""Before every message, both ways: what it is, and the length of what follows."""
HELLO = b"h"
"""To the bench, first: JSON of board, script, directory (where else its modules are)."""
TYPED, END = b"t", b"e"
"""To the bench: what is typed, and that nobody will type any more."""
PRINTED, EXIT = b"p", b"x"
"""From the bench: what the board printed, and the exit code, one byte."""
NO_SCRIPT, UNREACHABLE = 2, 3
_STDIN, _STDOUT = 0, 1
_PIECE_BYTES = 65536


def frame(kind: bytes, data: bytes = b"") -> bytes:
    """One message."""
    return FRAME.pack(kind, len(data)) + data


def attach(path: str, board: str, script: str, directory: str) -> int:
    """Run `script` on `board` of the bench that listens at `path`; its exit code. OSError when there is no bench."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)
        hello = json.dumps({"board": board, "script": script, "directory": directory})
        line.sendall(frame(HELLO, hello.encode()))
        sources: list[socket.socket | int] = [line, _STDIN]
        received = b""
        while True:
            ready, _, _ = select.select(sources, (), ())
            if _STDIN in ready:
                data = os.read(_STDIN, _PIECE_BYTES)
                line.sendall(frame(TYPED, data) if data else frame(END))
                if not data:
                    sources.remove(_STDIN)
            if line in ready:
                data = line.recv(_PIECE_BYTES)
                if not data:
                    return UNREACHABLE
                received += data
                while len(received) >= FRAME.size:
                    kind, length = FRAME.unpack_from(received)
                    if len(received) < FRAME.size + length:
                        break
                    body, received = received[FRAME.size : FRAME.size + length], received[FRAME.size + length :]
                    if kind == EXIT:
                        return body[0]
                    while body:
                        body = body[os.write(_STDOUT, body) :]


def main(arguments: list[str]) -> int:
    """SOCKET BOARD, then what a `micropython` takes: -c SCRIPT, or FILE, or the script on standard input."""
    path, board, *rest = arguments
    directory = Path.cwd()
    if rest[:1] == ["-c"] and len(rest) > 1:
        script = rest[1]
    elif rest and rest[0] != "-":
        try:
            script = Path(rest[0]).read_text(encoding="utf-8")
        except OSError as error:
            print(f"{board}: {rest[0]} cannot be read: {error.strerror}")
            return NO_SCRIPT
        directory = Path(rest[0]).resolve().parent
    else:
        script = sys.stdin.read()
    try:
        return attach(path, board, script, str(directory))
    except OSError as error:
        print(f"{board}: no bench at {path} ({error.strerror}).\nIs python -m simulator.boards --serve still running?")
        return UNREACHABLE


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
