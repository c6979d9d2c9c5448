"""Runs inside MicroPython: hashes that checkpoints cost, and their time beside a loop that does nothing but hash.

Usage: micropython lms_in_vm.py ROOT. Prints JSON. Times are of the same VM and the same minute: take ratios.
"""

import gc
import hashlib
import json
import sys
import time

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core import checkpoint, crypto, lmots, lms, signer, trees
from interlock.core.settings import SIGNER_FIRST, SIGNER_SECTORS
from interlock.core.signer import Signer
from tests.bench.nor import Nor

H10, H5, H5_H5 = 1, 2, 3  # codes of parameters (`signer.PARAMS`)
SLICE_HASHES = 200  # what a turn of the loop does
MODULES = (crypto, lmots, lms, signer, trees)
ROUNDS = 15
ENTROPY = bytes(range(32))


class Counting:
    """Stands in for hashlib in the firmware's modules, and counts."""

    def __init__(self):
        self.hashes = 0

    def sha256(self, *data):
        self.hashes += 1
        return hashlib.sha256(*data)


def hashes(act):
    counting = Counting()
    for module in MODULES:
        if hasattr(module, "hashlib"):
            module.hashlib = counting
    act()
    for module in MODULES:
        if hasattr(module, "hashlib"):
            module.hashlib = hashlib
    return counting.hashes


def micros(act):
    gc.collect()
    started = time.ticks_us()
    act()
    return time.ticks_diff(time.ticks_us(), started)


def bare(count):
    """As many hashes of what a link of a chain hashes: one block of SHA-256."""
    sha256, data = hashlib.sha256, bytes(55)
    for _ in range(count):
        sha256(data).digest()


def beside_bare(act, count, rounds=ROUNDS):
    """The time of `act` as a multiple of as many bare hashes: of each the fastest of a few rounds, in which they take
    turns. What disturbs only ever adds."""
    taken, bare_taken = [], []
    for _ in range(rounds):
        taken.append(micros(act))
        bare_taken.append(micros(lambda: bare(count)))
    return min(taken) / min(bare_taken)


def measured(act):
    """[hashes, time as a multiple of as many bare ones]."""
    count = hashes(act)
    return [count, beside_bare(act, count)]


def blank():
    area = Nor(SIGNER_FIRST + SIGNER_SECTORS)
    return area, Signer(area, SIGNER_FIRST)


def make(held, params):
    held.generate(params, ENTROPY)
    finish(held)


def finish(held):
    while held.work(SLICE_HASHES):
        pass


def sign(held, message):
    held.take(None)
    held.sign(message)
    finish(held)


def making(params):
    _, held = blank()
    return hashes(lambda: make(held, params))


if __name__ == "__main__":
    small, two_levels = making(H5), making(H5_H5)
    large = small * 32  # leaves are what counts, and there are so many times more
    area, held = blank()
    make_times = beside_bare(lambda: make(held, H10), large, 1)
    area.reset()
    message = bytes(checkpoint.MESSAGE_BYTES)
    signing = measured(lambda: sign(held, message))
    wear = area.counts()
    _, signature = held.signed()
    found = {
        "make": [large, make_times],
        "make_h5": small,
        "make_h5_h5": two_levels,
        "sign": signing,
        "programs": wear[0] / (ROUNDS + 1),
        "erases": wear[3] / (ROUNDS + 1),
        "verify": measured(lambda: lms.verify(held.public, message, signature)),
        "verified": lms.verify(held.public, message, signature),
    }
    print(json.dumps(found))
