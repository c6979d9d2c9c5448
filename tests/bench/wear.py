"""Rows: what the journal does to its flash, beside LittleFS2 appending the same records. See `wear_in_vm.py`."""

from typing import Any

from interlock.core.layout import OVERHEAD_BYTES

from . import vm
from .rows import Row, Spec, by_id

EPOCH_BYTES = 4  # the payload of a record of type SEAL
LITTLEFS = {
    "lfs_32": "LittleFS2, 16 KiB files, program size 32",
    "lfs_256": "LittleFS2, 16 KiB files, program size 256",
    "lfs_32_one_file": "LittleFS2, one file, program size 32",
}
COUNTS = {
    "programs": ("programs per record", "programs"),
    "pages": ("256-byte pages per record", "page programs"),
    "bytes": ("bytes programmed per record", "bytes"),
    "erases": ("erases per record", "erases"),
}
PROGRAMS, PROGRAMMED_BYTES = 0, 2
"""Places in what `Nor.counts` gives, which has the order of COUNTS."""
SPECS = (
    Spec("journal.programs", "programs of a record that opens no sector", "programs"),
    Spec("journal.programs_mean", "programs per record, changes of key apart, sectors opened included", "programs"),
    Spec("journal.amplification", "bytes programmed a byte stored, changes of key apart", "bytes"),
    Spec("journal.most_programs", "most programs of one record (it opens a sector)", "programs"),
    Spec("journal.key.records", "records for a change of the seal's key", "records"),
    Spec("journal.key.programs", "programs for a change of the seal's key", "programs"),
    Spec("journal.key.bytes", "bytes programmed for a change of the seal's key", "bytes", "a record"),
    *(
        Spec(f"journal.{count}.{way}", f"journal, all told: {text}", unit, beside)
        for way, beside in LITTLEFS.items()
        for count, (text, unit) in COUNTS.items()
    ),
    *(
        Spec(f"journal.waits.{way}", "records that wait for an erase", "records", beside)
        for way, beside in LITTLEFS.items()
    ),
)


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
    stored, (plain, plain_programs) = ours["stored_bytes"], ours["plain"]
    specs, of_all = by_id(SPECS), f"of {records:,} records"
    return [
        specs["journal.programs"].row(plain_programs / plain, note=f"{plain:,} {of_all}"),
        specs["journal.programs_mean"].row(programs / records, note=of_all),
        specs["journal.amplification"].row(size / stored, note=of_all),
        specs["journal.most_programs"].row(ours["most_programs"]),
        specs["journal.key.records"].row(records / changes),
        specs["journal.key.programs"].row(keys[PROGRAMS] / changes + 1),
        specs["journal.key.bytes"].row(keys[PROGRAMMED_BYTES] / changes + marker_bytes, stored / records),
    ]


def _beside(found: Any, ours: Any, records: int) -> list[Row]:
    """All told, beside LittleFS2."""
    both = [ring + keys for ring, keys in zip(ours["ring"], ours["keys"], strict=True)]
    specs, out = by_id(SPECS), []
    for way in LITTLEFS:
        for count, mine, theirs in zip(COUNTS, both, found[way]["ring"], strict=True):
            out.append(specs[f"journal.{count}.{way}"].row(mine / records, theirs / records))
        out.append(specs[f"journal.waits.{way}"].row(ours["waits"], found[way]["waits"], f"of {records:,}"))
    return out
