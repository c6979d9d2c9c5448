"""Runs in a process of its own: the unit of `tests/vm/hot_path_32.py` in CPython, every step between an edge and the
first PDU of its frame counted. Prints a list of counts as JSON, one for each edge.

`hot_path_32.py` locks the heap from the edge to the stack; here those two calls begin and end the count.
"""

import hashlib
import json
import sys
from types import FrameType, ModuleType
from typing import Any

COUNTED = ("lines", "calls", "hashes", "reads", "writes")
_found: list[dict[str, int]] = []


def _trace(frame: FrameType, event: str, _: Any) -> Any:
    if "/firmware/interlock/" not in frame.f_code.co_filename:
        return None
    _found[-1]["calls" if event == "call" else "lines"] += event in ("call", "line")
    return _trace


def _profile(frame: FrameType, event: str, called: Any) -> None:
    """Hashes are C functions; the flash is the tests' own."""
    if event == "c_call" and called is hashlib.sha256:
        _found[-1]["hashes"] += 1
    elif event == "call" and frame.f_code.co_filename.endswith("tests/core/flash.py"):
        name = frame.f_code.co_name
        _found[-1]["reads"] += name == "read"
        _found[-1]["writes"] += name in ("program", "erase")


def _begin() -> None:
    _found.append(dict.fromkeys(COUNTED, 0))
    sys.setprofile(_profile)
    sys.settrace(_trace)


def _end() -> None:
    sys.settrace(None)
    sys.setprofile(None)


def _checked() -> None:
    """That the count would notice a hash and a read."""
    from tests.core.flash import RamFlash

    flash, held = RamFlash(1), bytearray(1)
    _begin()
    hashlib.sha256(b"")
    flash.read(0, held)
    _end()
    counted = _found.pop()
    assert counted["hashes"] == counted["reads"] == 1, counted


def main() -> None:
    _checked()
    micropython = ModuleType("micropython")
    micropython.heap_lock, micropython.heap_unlock, micropython.const = _begin, _end, lambda value: value  # type: ignore[attr-defined]
    sys.modules["micropython"] = micropython
    from tests.vm import hot_path_32

    while hot_path_32.turn():
        pass
    told = json.loads(hot_path_32.found())
    assert [aired[:1] for aired in told["aired"]] == [["locked"]] * 3, told
    print(json.dumps(_found))


if __name__ == "__main__":
    main()
