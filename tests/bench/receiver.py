"""Rows: what each class of frame costs its receiver, HMACs and heap, counted in the MicroPython VM by
`receiver_in_vm.py`."""

from .rows import Row
from .vm import run


def rows() -> list[Row]:
    found = run("receiver_in_vm.py")
    heap = f"heap bytes, {found['word_bytes'] * 8}-bit VM"
    out = []
    for name, hmacs, taken in [*found["heard"], ["an ack to us", *found["ack"]]]:
        out += [Row(f"to hear a frame: {name}", hmacs, "HMACs"), Row(f"to hear a frame: {name}", taken, heap)]
    for name, hmacs, taken in zip(("at once", "over the first turns"), *found["tables"], strict=True):
        out += [Row(f"a partner's tables, {name}", hmacs, "HMACs"), Row(f"a partner's tables, {name}", taken, heap)]
    return out
