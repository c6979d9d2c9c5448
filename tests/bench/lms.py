"""Rows: hashes that checkpoints cost, and their time in the VM beside as many bare hashes. See `lms_in_vm.py`."""

from . import vm
from .rows import Row, Spec, by_id

SMALL_HEAP = "1m"  # a larger one falls out of the computer's caches, which no board has
ACTS = {"make": "to make a key", "sign": "to sign", "verify": "to verify"}
SPECS = (
    *(Spec(f"lms.{act}.hashes", f"LMS h10, hashes {text}", "hashes") for act, text in ACTS.items()),
    *(
        Spec(f"lms.{act}.times", f"LMS h10, {text}, in the VM", "times", "as many bare hashes")
        for act, text in ACTS.items()
    ),
    Spec("lms.make_h5.hashes", "LMS h5, hashes to make a key", "hashes", "h10"),
    Spec("lms.make_h5_h5.hashes", "LMS h5/h5, hashes to make a key", "hashes", "h10"),
    Spec("lms.sign.programs", "LMS h10, programs for a signature", "programs"),
    Spec("lms.sign.erases", "LMS h10, erases for a signature", "erases"),
)


def rows() -> list[Row]:
    found = vm.run("lms_in_vm.py", SMALL_HEAP)
    assert found["verified"]
    specs, out = by_id(SPECS), []
    for act in ACTS:
        hashes, ratio = found[act]
        out += [specs[f"lms.{act}.hashes"].row(hashes), specs[f"lms.{act}.times"].row(ratio, 1.0)]
    h10 = found["make"][0]
    return [
        *out,
        specs["lms.make_h5.hashes"].row(found["make_h5"], h10),
        specs["lms.make_h5_h5.hashes"].row(found["make_h5_h5"], h10),
        specs["lms.sign.programs"].row(found["programs"]),
        specs["lms.sign.erases"].row(found["erases"]),
    ]
