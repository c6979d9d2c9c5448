"""What the receiver owes to honest units while somebody floods the air, each claim a function of the core under test.

Run on the real core and on damaged ones by `test_adversary.py`.
"""

import random
from typing import Any

from interlock.core.expected import FAR_STEP, NEAR
from interlock.core.frames import HEADER
from interlock.core.receiver import GUESTS_PER_S, MARKS_MAX, RESERVE_BLOCK, SLOTS_APART

from .hostile_air import CAMERA, HOUR, NOW
from .mutated import Core

PARTNER, STRANGER = 1, 3
FLOOD_PER_S = 200
FLOOD_MS = 1000 // FLOOD_PER_S
EVENT_MS = 25  # from PDU to PDU of a fast burst, with the controller's own delay, on average
BURST_MS = 2000
TRY_MS = 2000 // GUESTS_PER_S  # each of the two kinds of try is granted so often


class Bench:
    """One receiver and what it may hear."""

    def __init__(self, core: Core, marks: dict[int, int] | None = None, epochs: int = 1) -> None:
        self.core = core
        f = core.frames
        self.keys = {unit: f.UnitKeys(bytes([unit % 251]) * 32, unit) for unit in range(1, 60)}
        self.later = f.UnitKeys(b"later" * 8, PARTNER)
        self.epochs = [f.GroupKeys(bytes([g]) * 32) for g in (101, 102)][:epochs]
        self.receiver = core.receiver.Receiver(CAMERA, self.epochs, [self.keys[PARTNER], self.later], marks or {})
        self.settle()

    def settle(self) -> None:
        while self.receiver.tidy():
            pass

    def frame(self, unit: int, counter: int, **fields: Any) -> bytes:
        f = self.core.frames
        keys = fields.get("keys", self.keys[unit])
        event, slot, group = fields.get("event", f.DRAW), fields.get("slot", NOW), fields.get("group", self.epochs[0])
        frame: bytes = f.build_unit(keys, group, event, 0, counter, b"head", slot)
        return frame

    def hear(self, frame: bytes, now: int = 0, slot: int = NOW) -> int | None:
        """The class of what was heard."""
        heard = self.receiver.hear(frame, now, slot)
        return None if heard is None else heard.kind

    def flood(self, draw: random.Random, now: int) -> None:
        """So much junk at once that the gate shuts."""
        for _ in range(3 * GUESTS_PER_S):
            self.hear(HEADER + draw.randbytes(29), now)


def tables_reach(core: Core, draw: random.Random) -> None:
    """In any flood a partner is heard at once within the next 31 frames and after a power cut, else after 8 frames."""
    r = core.receiver
    for mark in (1, 7, 8, RESERVE_BLOCK):
        for ahead in [*range(1, NEAR), RESERVE_BLOCK * 3 - mark % RESERVE_BLOCK + 1]:
            bench = Bench(core, {PARTNER: mark})
            bench.flood(draw, 0)
            assert bench.hear(bench.frame(PARTNER, mark + ahead)) == r.OWN, f"{ahead} after {mark}"
    for gap in (40, 333, 1000):
        bench = Bench(core, {PARTNER: 7})
        bench.flood(draw, 0)
        assert r.OWN in [bench.hear(bench.frame(PARTNER, 7 + gap + i)) for i in range(FAR_STEP)], f"{gap} after 7"
    bench = Bench(core, {PARTNER: 7})
    bench.flood(draw, 0)
    for counter in range(38, 38 + 25 * 31, 31):
        assert bench.hear(bench.frame(PARTNER, counter)) == r.OWN, "and so on and on"
        bench.receiver.tidy()


def time_is_taken_to_two_minutes(core: Core, draw: random.Random) -> None:
    r, f = core.receiver, core.frames
    for sign in (1, -1):
        for apart, own, other in ((SLOTS_APART, r.OWN, r.GROUP), (SLOTS_APART + 1, r.OWN_LATE, None)):
            bench = Bench(core)
            assert bench.hear(bench.frame(PARTNER, 5, slot=NOW + sign * apart)) == own
            assert bench.hear(bench.frame(STRANGER, 5, slot=NOW + sign * apart)) == other
    for event in (*f.PRESENCE, *f.READINESS, f.OUT):
        for apart in (SLOTS_APART + 1, 100):
            assert Bench(core).hear(bench.frame(PARTNER, 5, event=event, slot=NOW - apart)) is None
            assert Bench(core).hear(bench.frame(PARTNER, 5, event=event, slot=NOW + apart)) == r.OWN_LATE
    bench = Bench(core)
    assert bench.hear(bench.frame(STRANGER, 5, slot=f.NO_SLOT)) == r.UNDATED
    assert bench.hear(bench.frame(STRANGER, 6), slot=f.NO_SLOT) is None
    assert bench.hear(bench.frame(STRANGER, 7, slot=f.NO_SLOT), slot=f.NO_SLOT) is None
    assert bench.hear(bench.frame(PARTNER, 5), slot=f.NO_SLOT) == r.OWN
    assert bench.hear(bench.frame(PARTNER, 6, slot=f.NO_SLOT)) == r.OWN


def both_epochs_are_taken(core: Core, draw: random.Random) -> None:
    r = core.receiver
    for unit, kind in ((STRANGER, r.GROUP), (PARTNER, r.OWN)):
        for counter, group in ((5, 0), (6, 1), (7, 0), (5000, 1)):
            bench = Bench(core, {unit: 4}, epochs=2)
            found = bench.receiver.hear(bench.frame(unit, counter, group=bench.epochs[group]), 0, NOW)
            assert found is not None and (found.kind, found.event, found.slot) == (kind, core.frames.DRAW, NOW)


def a_changed_key_retires_the_older(core: Core, draw: random.Random) -> None:
    bench, r = Bench(core), core.receiver
    assert bench.hear(bench.frame(PARTNER, 5)) == r.OWN
    assert bench.hear(bench.frame(PARTNER, 6, keys=bench.later)) == r.OWN
    assert bench.hear(bench.frame(PARTNER, 7)) is None
    assert bench.hear(bench.frame(PARTNER, 8, keys=bench.later)) == r.OWN


def a_wrong_clock_serves_its_pair(core: Core, draw: random.Random) -> None:
    """A holster an hour off: event, renewals, end; while renewals without such an event are old news."""
    r, f = core.receiver, core.frames
    bench = Bench(core)
    for counter, event in enumerate((f.DRAW, f.OUT, f.OUT, f.ARM, f.OUT, f.REHOLSTER), 1):
        frame = bench.frame(PARTNER, counter, event=event, slot=NOW - HOUR + counter)
        assert bench.hear(frame, slot=NOW + counter) == r.OWN_LATE
        assert bench.hear(frame, slot=NOW + counter) == r.OWN_REPEAT
    assert bench.hear(bench.frame(PARTNER, 7, event=f.DRAW, slot=NOW - HOUR)) == r.OWN_LATE
    assert bench.hear(bench.frame(PARTNER, 8, event=f.OUT, slot=NOW - HOUR + 2 * SLOTS_APART)) is None
    bench = Bench(core, {PARTNER: 1})
    assert bench.hear(bench.frame(PARTNER, 1, slot=NOW - HOUR)) is None, "its newest frame again, after a reboot"
    for counter in range(2, 9):
        assert bench.hear(bench.frame(PARTNER, counter, event=f.OUT, slot=NOW - HOUR + counter)) is None
    assert bench.hear(bench.frame(PARTNER, 9)) == r.OWN


def who_is_forgotten_stays_out(core: Core, draw: random.Random) -> None:
    """More strangers than marks: frames that were heard are not new again; the forgotten come back with new ones."""
    r, bench = core.receiver, Bench(core)
    units = range(11, 11 + MARKS_MAX + 3)
    old = [bench.frame(unit, 9, slot=NOW - 30 + i // 2) for i, unit in enumerate(units)]
    for i, frame in enumerate(old):
        assert bench.hear(frame, i * 100) == r.GROUP
    assert len(bench.receiver.marks) <= MARKS_MAX
    for i, frame in enumerate(old):
        assert bench.hear(frame, 10000 + i * 100) is None
    assert bench.hear(bench.frame(11, 10, slot=NOW + 1), 20000) == r.GROUP


def a_spoilt_copy_hides_nothing(core: Core, draw: random.Random) -> None:
    for unit in (PARTNER, STRANGER):
        bench = Bench(core)
        for at in range(2, 23):
            true = bench.frame(unit, at)
            assert bench.hear(true[:at] + bytes([true[at] ^ 1]) + true[at + 1 :], at * 100) is None
            assert bench.hear(true, at * 100) in (core.receiver.OWN, core.receiver.GROUP)


def acks_serve_the_newest_two_frames(core: Core, draw: random.Random) -> None:
    f = core.frames
    pair = f.PairKeys(b"p" * 32, 1, CAMERA)
    ear = core.receiver.AckEar([pair])
    for counter in range(3, 12):
        ear.expect(counter)
        for back, is_heard in ((0, True), (1, counter > 3), (2, False)):
            ack = f.Ack(f.PROVEN, 0, 3, 4, 5, b"head")
            assert (ear.hear(pair.build(counter - back, ack)) is not None) == is_heard


def work_is_bounded(core: Core, draw: random.Random) -> None:
    """Junk, 200 frames a second, noise, or aired twice, or shaped after the partner: its own frames are taken at their
    first PDU, and the hashes of each second are few."""
    r = core.receiver
    for shape in ("even", "doubled", "shaped"):
        bench, counter, own = Bench(core), 0, b""
        junk = flood(shape, 0, draw)
        for second in range(4):
            before, built = core.hmacs, 0
            for ms in range(second * 1000, second * 1000 + 1000, FLOOD_MS):
                for frame in junk[ms]:
                    bench.hear(own[:6] + frame[6:] if shape == "shaped" and own else frame, ms)
                if ms % 500 == 0:
                    counter += 1
                    own = bench.frame(PARTNER, counter)
                    built += 4
                    assert bench.hear(own, ms) == r.OWN
                    bench.receiver.tidy()
                elif ms % EVENT_MS == 0:
                    assert bench.hear(own, ms) == r.OWN_REPEAT
            tries = GUESTS_PER_S * (2.6 if second == 0 else 1.1)
            most = 2 * tries + (FLOOD_PER_S if shape == "shaped" else 0) + 2 * (3 + 8)
            assert core.hmacs - before - built <= most, (shape, second, core.hmacs - before - built, most)
    bench = Bench(core)
    frames = [bench.frame(STRANGER, 1), HEADER + bytes(29), bench.frame(PARTNER, 1)]
    for frame in frames:
        bench.hear(frame)
    before = core.hmacs
    for ms in range(1000):
        for frame in frames:
            bench.hear(frame, ms)
    assert core.hmacs == before, "what was heard costs nothing again"
    for i in range(12):  # junk that the gate lets pass does not push the group's frame out of memory
        bench.hear(HEADER + bytes([i]) * 29, 2000)
    for i in range(36):
        bench.hear(HEADER + bytes([i]) * 29, 4000)
    before = core.hmacs
    bench.hear(frames[0], 6000)
    assert core.hmacs == before, "junk pushed a frame of the group out of memory"


def flood(kind: str, phase: int, draw: random.Random) -> dict[int, list[bytes]]:
    """{ms: frames} of four seconds. `doubled`: each frame comes again 30 ms later, as those of a burst do; `timed`: in
    the next blow, the blows coming as often as tries are granted, from `phase` on."""
    out: dict[int, list[bytes]] = {}
    if kind == "timed":
        new: list[bytes] = []
        for ms in range(phase, 4100, TRY_MS):
            again, new = new, [HEADER + draw.randbytes(29) for _ in range(TRY_MS // FLOOD_MS // 2)]
            out[ms] = again + new
        return out
    for ms in range(0, 4100, FLOOD_MS):
        is_again = kind == "doubled" and ms >= 30 and ms // 30 % 2
        out[ms] = out[ms - 30] if is_again else [HEADER + draw.randbytes(29)]
    return out


def waits(core: Core, draw: random.Random, unit: int, kind: str, trials: int) -> list[float]:
    """Milliseconds from the first PDU of a burst to the PDU that was taken, the air flooded; inf for never."""
    found = []
    for trial in range(trials):
        bench = Bench(core, {unit: 7})
        bench.flood(draw, 0)
        frame, began = bench.frame(unit, 3000), 1000 + draw.randrange(1000)
        junk = flood(kind, trial * TRY_MS // trials, draw)
        # An advertising event every 20 ms, and the 0 to 10 ms that the controller adds.
        pdus, at = set(), began
        while at < began + BURST_MS:
            pdus.add(at)
            at += 20 + draw.randrange(11)
        taken = float("inf")
        for ms in sorted(pdus | set(junk)):
            for each in junk.get(ms, ()):
                bench.hear(each, ms)
            if ms in pdus and bench.hear(frame, ms) is not None:
                taken = ms - began
                break
        found.append(taken)
    return found


CLAIMS = (
    time_is_taken_to_two_minutes,
    both_epochs_are_taken,
    a_changed_key_retires_the_older,
    a_wrong_clock_serves_its_pair,
    who_is_forgotten_stays_out,
    a_spoilt_copy_hides_nothing,
    acks_serve_the_newest_two_frames,
    work_is_bounded,
    tables_reach,  # the dearest one: last, so that a damage is mostly caught before
)
