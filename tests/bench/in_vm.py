"""Runs inside MicroPython: bytes allocated by steps that follow the first PDU, and the cost of HMAC, as JSON. What goes
before the first PDU: `hot_path.py`.

Usage: micropython in_vm.py ROOT; or imported, in the VM of `web_vm.py`. The collector is off while a step is counted,
so every block shows.
"""

import gc
import hashlib
import json
import sys
import time

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core import camera, frames, holster, proof, records, settings
from interlock.core.crypto import Hmac
from interlock.core.journal import Journal
from interlock.core.machine import deadline
from interlock.core.receiver import AckEar, Receiver
from tests.core.flash import RamFlash

POLICY = settings.DEFAULT_POLICY
REPEAT = 20
ROUNDS = 200


def allocated(step):
    """Bytes that one call of `step` takes from the heap, without those of the call itself."""
    step()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(REPEAT):
        step()
    taken = gc.mem_alloc() - before
    before = gc.mem_alloc()
    for _ in range(REPEAT):
        nothing()
    taken -= gc.mem_alloc() - before
    gc.enable()
    return taken / REPEAT


def nothing():
    pass


def in_core():
    mac = Hmac(b"k" * 32)
    message = bytes(24)
    group = frames.GroupKeys(b"g" * 32)
    keys = frames.UnitKeys(b"u" * 32, 1)
    pair = frames.PairKeys(b"p" * 32, 1, 9)
    ack = frames.Ack(frames.PROVEN, 0, 900, 30, 0, bytes(4))
    ear = Receiver(9, [group], [keys], {})
    own = frames.build_unit(keys, group, frames.DRAW, 0, 5, bytes(4), 1000)
    ear.hear(own, 0, 1000)
    ack_ear = AckEar([pair])
    ack_ear.expect(5)
    answer = pair.build(5, ack)
    out = holster.at_boot(True, False, False, 0, POLICY)
    starting, _ = camera.MACHINE.step(camera.at_boot(False, True, 0), camera.TRIGGER, 1, 0, POLICY)
    log = Journal(RamFlash(4), b"BENCH001", list)
    event = records.pack(records.EVENT, 1, 0, 5, 1, 1, records.AGO_NONE, 0)
    return (
        ("HMAC of 24 bytes", lambda: mac.digest(message)),
        ("build a unit frame", lambda: frames.build_unit(keys, group, frames.DRAW, 0, 5, bytes(4), 1000)),
        ("build an ack frame", lambda: pair.build(5, ack)),
        ("hear the partner's frame again", lambda: ear.hear(own, 0, 1000)),
        ("hear an ack", lambda: ack_ear.hear(answer)),
        ("expect acks to the next frame", lambda: ack_ear.expect(5)),
        ("holster step: draw", lambda: holster.MACHINE.step(out, holster.LEFT, None, 0, POLICY)),
        ("camera step: tally on", lambda: camera.MACHINE.step(starting, camera.TALLY_ON, None, 0, POLICY)),
        ("proof step: a use begins", lambda: proof.MACHINE.step(proof.ProofState(), proof.BEGIN, None, 0, POLICY)),
        ("deadline of a machine", lambda: deadline(out, 0)),
        ("append an event record", lambda: log.append(records.EVENT, event, 5)),
    )


def plain_hmac(key, message):
    """HMAC as the textbook has it, pads made each time."""
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]) + message).digest()
    return hashlib.sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()


def two_hashes(inner, outer):
    """The least that any HMAC costs: two hashes of as many bytes, put together already."""
    hashlib.sha256(inner).digest()
    return hashlib.sha256(outer).digest()


def micros(step):
    """The fastest of a few rounds: what disturbs only ever adds."""
    best = None
    for _ in range(7):
        gc.collect()
        started = time.ticks_us()
        for _ in range(ROUNDS):
            step()
        taken = time.ticks_diff(time.ticks_us(), started)
        best = taken if best is None else min(best, taken)
    return best


def speeds():
    key, message = b"k" * 32, bytes(24)
    inner, outer = bytes(64 + 24), bytes(64 + 32)
    mac = Hmac(key)
    return {
        "ours": micros(lambda: mac.digest(message)),
        "plain": micros(lambda: plain_hmac(key, message)),
        "floor": micros(lambda: two_hashes(inner, outer)),
    }


def counted():
    """What can be counted in any VM."""
    return {
        "allocated": [[name, allocated(step)] for name, step in in_core()],
        "word_bytes": 8 if sys.maxsize > 1 << 32 else 4,
    }


# What `web_vm.mjs` calls.


def turn():
    return False


def found():
    return json.dumps(counted())


if __name__ == "__main__":
    measured = counted()
    measured["hmac"] = speeds()
    print(json.dumps(measured))
