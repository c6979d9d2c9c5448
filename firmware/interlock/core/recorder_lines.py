"""Lines of text between a camera unit and a recorder's adapter: `firmware/RECORDER.md`. Pure; both ends use it.

> 1A2B START *xxxxxxxx        the unit asks
< 1A2B recording since=5230 buffer=30000 battery=83 free=214 *xxxxxxxx        the adapter answers just this
! 0000 standby *xxxxxxxx      the adapter says that something changed; proves nothing
"""

from binascii import crc32
from collections import namedtuple

BAUD = 115200
LINE_MAX = 96  # bytes, its end included
END = 10
ASK = ">"
ANSWER = "<"
EVENT = "!"

START = "START"
STOP = "STOP"
STATUS = "STATUS"
VERBS = (START, STOP, STATUS)

STANDBY = "standby"
STARTING = "starting"
RECORDING = "recording"
ASLEEP = "asleep"
FULL = "full"
FAULT = "fault"
STATES = (STANDBY, STARTING, RECORDING, ASLEEP, FULL, FAULT)

NUMBERS = ("since", "buffer", "battery", "free")  # ms, ms, percent, minutes
NUMBER_MAX = 0x3FFFFFFF

# `mark`: who says it; `sequence`: of the question; `word`: a verb or a state; `numbers`: of NUMBERS, what it tells.
Line = namedtuple("Line", ("mark", "sequence", "word", "numbers"))


def build(mark: str, sequence: int, word: str, numbers: "dict[str, int] | None" = None) -> bytes:
    """One line, its end included. `numbers`: of NUMBERS, 0 to NUMBER_MAX."""
    text = "%s %04X %s" % (mark, sequence, word)
    for name in NUMBERS:
        if numbers and name in numbers:
            text += " %s=%d" % (name, numbers[name])
    data = text.encode()
    return data + b" *%08X\n" % (crc32(data) & 0xFFFFFFFF)


def parse(line: bytes) -> Line | None:
    """The Line in these bytes (without or with its end), or None: whatever is not exactly right is not there."""
    data = bytes(line).rstrip(b"\r\n")
    if len(data) >= LINE_MAX or len(data) < 12 or data[-10:-8] != b" *":
        return None
    try:
        if int(data[-8:], 16) != crc32(data[:-10]) & 0xFFFFFFFF:
            return None
        parts = data[:-10].decode().split(" ")
        mark, number, word = parts[0], int(parts[1], 16), parts[2]
        numbers = {}
        for part in parts[3:]:
            name, _, value = part.partition("=")
            if name in NUMBERS:
                if not value.isdigit():
                    return None
                numbers[name] = min(int(value), NUMBER_MAX)
    except (ValueError, IndexError):  # UnicodeError is a ValueError
        return None
    if mark not in (ASK, ANSWER, EVENT) or len(parts[1]) != 4 or word not in (VERBS if mark == ASK else STATES):
        return None
    return Line(mark, number, word, numbers)


class Ear:
    """Puts lines together from whatever bytes come. What is longer than LINE_MAX is dropped to its end."""

    def __init__(self) -> None:
        self._data = bytearray(LINE_MAX)
        self._size = 0
        self._is_lost = False

    def hear(self, data: bytes) -> "list[Line]":
        """The good lines that these bytes complete."""
        found = []
        for byte in data:
            if byte == END:
                line = None if self._is_lost else parse(bytes(self._data[: self._size]))
                if line is not None:
                    found.append(line)
                self._size, self._is_lost = 0, False
            elif self._size >= LINE_MAX:
                self._is_lost = True
            else:
                self._data[self._size] = byte
                self._size += 1
        return found
