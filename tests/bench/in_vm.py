"""Runs inside MicroPython: bytes allocated by the steps of the hot paths, and the cost of HMAC, as JSON.

Usage: micropython in_vm.py ROOT; or imported, in the VM of `web_vm.py`. The collector is off while a step is counted,
so every block shows.
"""

import gc
import hashlib
import json
import sys
import time

import micropython

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core import camera, frames, holster, proof, records, settings
from interlock.core.crypto import Hmac
from interlock.core.journal import Journal
from interlock.core.machine import deadline
from interlock.core.receiver import AckEar, Receiver
from interlock.drivers.seat import Seat
from interlock.holster_role import HolsterRole
from interlock.station import Station
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


class Contact:
    """A switch whose level the bench sets."""

    def __init__(self, on):
        self.on = on
        self.edge_at = 0
        self.changes = 0

    def take(self):
        changes, self.changes = self.changes, 0
        return changes

    def turn(self, on):
        self.on, self.changes = on, 1


class Radio:
    """Notes how much of the heap is taken when the first frame is given to it."""

    first = retry_at = None

    def advertise(self, frame, interval_ms):
        if self.first is None:
            self.first = gc.mem_alloc()
        return True

    def silence(self):
        return True

    def listen(self):
        pass

    deafen = listen


class Battery:
    low = False

    def check(self):
        pass


class Signal:
    off_at = None

    def alert(self, now):
        pass

    tick = alert

    def calm(self):
        pass


def drawn():
    """(role, radio) of a holster unit whose weapon has just left: `react` is the loop's next act."""
    partner = settings.Partner(9, settings.ROLE_CAMERA, settings.PAIRED, b"c" * 32, b"p" * 32)
    who = (
        1,
        b"BENCH001",
        1,
        settings.ROLE_HOLSTER,
        b"u" * 32,
        b"g" * 32,
        settings.NO_KEY,
        [partner],
        POLICY,
        *settings.DEFAULT_RECORDER,
    )
    clock = [0]
    radio = Radio()
    keep = RamFlash(settings.SECTORS)
    station = Station(settings.Settings(*who), RamFlash(8), keep, radio, lambda: clock[0], 1)
    closes, opens = Contact(True), Contact(False)
    others = [Contact(False) for _ in range(4)]
    role = HolsterRole(station, Seat(closes, opens, 100), *others, Battery(), Signal())
    clock[0] = POLICY.settle_ms
    role.tick()
    closes.turn(False)
    opens.turn(True)
    radio.first = None
    gc.collect()
    return role, radio


def flag_to_radio():
    """Bytes taken until the frame is the radio's; the VM's own call frames, which it can do without, included."""
    role, radio = drawn()
    gc.disable()
    before = gc.mem_alloc()
    role.react()
    gc.enable()
    return radio.first - before


def aired_with_locked_heap():
    """Whether the frame gets to the radio before the first allocation that cannot be done without."""
    role, radio = drawn()
    micropython.heap_lock()
    try:
        role.react()
    except MemoryError:
        pass
    finally:
        micropython.heap_unlock()
    return radio.first is not None


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
        "flag_to_radio": flag_to_radio(),
        "aired_with_locked_heap": aired_with_locked_heap(),
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
