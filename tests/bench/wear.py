"""Rows: what the journal does to its flash, beside LittleFS2 appending the same records. See `wear_in_vm.py`."""

from typing import Any

from interlock.core.layout import OVERHEAD_BYTES

from . import vm
from .rows import Row

GOAL_BYTES = 1.1
EPOCH_BYTES = 4  # the payload of a record of type SEAL
LITTLEFS = {
    "lfs_32": "LittleFS2, 16 KiB files, program size 32",
    "lfs_256": "LittleFS2, 16 KiB files, program size 256",
    "lfs_32_one_file": "LittleFS2, one file, program size 32",
}
PROGRAMS, PAGES, PROGRAMMED_BYTES, ERASES = range(4)


def rows() -> list[Row]:
    found = vm.run("wear_in_vm.py")
    ours, records = found["ours"], found["records"]
    assert ours["overflowed"], "the workload did not fill the ring"
    return [*_ours(ours, records), *_beside(found, ours, records)]


def _ours(ours: Any, records: int) -> list[Row]:
    """What the use's own records cost, and apart from it what a change of the seal's key does: its slot programmed, the
    record that says so, the key in force made sure of, the one before destroyed."""
    changes, keys, ring = ours["key_changes"], ours["keys"], ours["ring"]
    marker_bytes = OVERHEAD_BYTES + EPOCH_BYTES
    programs, size = ring[PROGRAMS] - changes, ring[PROGRAMMED_BYTES] - changes * marker_bytes
    stored = ours["stored_bytes"]
    apart = "journal, changes of key apart"
    return [
        Row(f"{apart}: programs per record", programs / records, "programs", 1.0, "goal"),
        Row(f"{apart}: bytes programmed a byte stored", size / stored, "bytes", GOAL_BYTES, "goal"),
        Row("journal: records for a change of the seal's key", records / changes, "records"),
        Row("journal: programs for a change of the seal's key", keys[PROGRAMS] / changes + 1, "programs"),
        Row(
            "journal: bytes programmed for a change of the seal's key",
            keys[PROGRAMMED_BYTES] / changes + marker_bytes,
            "bytes",
            stored / records,
            "a record",
        ),
        Row("journal: most programs for one record (opens a sector)", ours["most_programs"], "programs"),
        Row("journal: records that wait for an erase", ours["waits"], f"of {records}", 0, "goal"),
    ]


def _beside(found: Any, ours: Any, records: int) -> list[Row]:
    """All told, beside LittleFS2."""
    both = [ring + keys for ring, keys in zip(ours["ring"], ours["keys"], strict=True)]
    out = []
    for what, beside in LITTLEFS.items():
        theirs = found[what]
        for index, name, unit in (
            (PROGRAMS, "programs per record", "programs"),
            (PAGES, "256-byte pages per record", "page programs"),
            (PROGRAMMED_BYTES, "bytes programmed per record", "bytes"),
            (ERASES, "erases per record", "erases"),
        ):
            baseline = theirs["ring"][index] / records
            out.append(Row(f"journal, all told: {name}", both[index] / records, unit, baseline, beside))
        waits = "journal: records that wait for an erase"
        out.append(Row(waits, ours["waits"], f"of {records}", theirs["waits"], beside))
    return out
