"""Rows: hashes that checkpoints cost, and their time in the VM beside as many bare hashes. See `lms_in_vm.py`."""

from typing import Any

from . import vm
from .rows import Row

SMALL_HEAP = "1m"  # a larger one falls out of the computer's caches, which no board has


def _timed(name: str, found: Any) -> list[Row]:
    hashes, ratio = found
    return [
        Row(f"LMS h10, hashes {name}", hashes, "hashes"),
        Row(f"LMS h10, {name}, in the VM", ratio, "times", 1.0, "as many bare hashes"),
    ]


def rows() -> list[Row]:
    found = vm.run("lms_in_vm.py", SMALL_HEAP)
    assert found["verified"]
    return [
        *_timed("to make a key", found["make"]),
        *_timed("to sign", found["sign"]),
        *_timed("to verify", found["verify"]),
        Row("LMS h5, hashes to make a key", found["make_h5"], "hashes", found["make"][0], "h10"),
        Row("LMS h5/h5, hashes to make a key", found["make_h5_h5"], "hashes", found["make"][0], "h10"),
        Row("LMS h10, programs for a signature", found["programs"], "programs"),
        Row("LMS h10, erases for a signature", found["erases"], "erases"),
    ]
