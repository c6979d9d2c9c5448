"""Runs in a MicroPython with 32-bit objects (`tests/bench/web_vm.py`): the cases of `parity.py`, a line a turn.

The file `case` beside it has the seed, and the first line to keep whole: of the others only a checksum is kept, since
all lines together would fill its heap. With -1 no line is kept.
"""

import json
from binascii import crc32

from tests.vm.parity import lines

with open("/rom/case") as held:  # noqa: PTH123 - MicroPython has no pathlib
    _seed, _first = [int(word) for word in held.read().split()]
_lines = lines(_seed)
_sums = []
_kept = []


def turn():
    line = next(_lines, None)
    if line is None:
        return False
    if len(_sums) == _first:
        _kept.append(line)
    _sums.append(crc32(line.encode()) & 0xFFFFFFFF)
    return True


def found():
    return json.dumps([_sums, _kept])
