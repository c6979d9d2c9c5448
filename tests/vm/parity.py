"""The same random cases in either interpreter: `lines(seed)` gives one line of text for each result.

Runs in CPython (imported by `test_parity.py`) and in MicroPython (`micropython parity.py ROOT SEED`). Cases come from a
generator of our own, since `random` differs between the two.
"""

import sys
from binascii import hexlify

if __name__ == "__main__":
    sys.path[:0] = [sys.argv[1], sys.argv[1] + "/firmware"]

from interlock.core import (
    access,
    camera,
    frames,
    gopro,
    holster,
    life,
    proof,
    radio_health,
    reading,
    recorder_lines,
    records,
    selftest,
    settings,
    watch,
    wire,
)
from interlock.core.airtime import Airtime
from interlock.core.crypto import Hmac, hkdf
from interlock.core.journal import Journal
from interlock.core.machine import deadline, due
from interlock.core.pickup import Pickup
from interlock.core.receiver import AckEar, Receiver
from interlock.core.secure import Sealer, SessionKeys, transcript
from interlock.core.ticks import PERIOD_MS, Uptime, ticks_add, ticks_diff
from interlock.core.x25519 import multiply
from interlock_loader import container, slots
from tests.core.flash import RamFlash

WALK_STEPS = 500
MACHINES = (
    ("holster", holster, len(holster.EVENT_NAMES)),
    ("proof", proof, len(proof.EVENT_NAMES)),
    ("camera", camera, len(camera.EVENT_NAMES)),
    ("life", life, len(life.EVENT_NAMES)),
    ("watch", watch, len(watch.EVENT_NAMES)),
    ("radio", radio_health, len(radio_health.EVENT_NAMES)),
    ("self-test", selftest, len(selftest.EVENT_NAMES)),
)


class Cases:
    """xorshift32: small, and the same everywhere."""

    def __init__(self, seed):
        self._state = seed & 0xFFFFFFFF or 1

    def word(self):
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return x

    def below(self, limit):
        return self.word() % limit

    def bytes(self, length):
        return bytes([self.below(256) for _ in range(length)])

    def up_to(self, length):
        return self.bytes(self.below(length + 1))


def text(data):
    return hexlify(data).decode()


def session(cases):
    for length in (0, 1, 31, 32, 33, 200):
        sealer = Sealer(cases.bytes(32), cases.bytes(32))
        yield "sealed " + " ".join([text(sealer.seal(cases.bytes(length + 1))) for _ in range(3)])
    keys = SessionKeys(cases.bytes(48), transcript(cases.bytes(31), cases.bytes(28)))
    yield "keys " + text(keys.host_proof()) + text(keys.unit_proof()) + text(keys.next_admin_key)
    yield "x25519 " + text(multiply(cases.bytes(32), cases.bytes(32)))
    yield "technician " + text(access.technician_key(cases.bytes(32), cases.bytes(8), cases.word()))
    for mtu in (23, 60, 247, 517):
        cutter, assembler = wire.Cutter(), wire.Assembler()
        for _ in range(3):
            message = cases.bytes(1 + cases.below(600))
            frames_cut = cutter.cut(message, mtu)
            joined = [assembler.add(frame) for frame in frames_cut]
            yield f"cut {mtu} {len(frames_cut)} {joined[-1] == message}"
    names, keys = (cases.bytes(8), cases.bytes(16)), (cases.bytes(32), cases.bytes(32), 3, cases.bytes(32))
    held = access.Access(*((cases.word(),) + names + keys + (True,)))
    yield "access " + text(access.encode(held)) + str(access.decode(access.encode(held)) == held)


def crypto(cases):
    for _ in range(40):
        yield "hmac " + text(Hmac(cases.up_to(100)).digest(cases.up_to(200)))
        info, length = cases.up_to(40), cases.below(100)
        yield "hkdf " + text(hkdf(cases.up_to(70), cases.up_to(70), info, length))


def on_the_air(cases):
    group = frames.GroupKeys(cases.bytes(32))
    keys = frames.UnitKeys(cases.bytes(32), 1)
    guest = frames.UnitKeys(cases.bytes(32), 2)
    pair = frames.PairKeys(cases.bytes(32), 1, 9)
    camera_ear = Receiver(9, [group, frames.GroupKeys(cases.bytes(32))], [keys], {})
    holster_ear = AckEar([pair])
    counter, now = cases.below(0xFF0000), PERIOD_MS - 2000
    for _ in range(60):
        counter += 1 + cases.below(3) * cases.below(60)
        now = ticks_add(now, cases.below(400))
        sender = keys if cases.below(3) else guest
        slot = cases.word() >> 2
        sent = 0 if cases.below(5) == 0 else slot + cases.below(100) - 50
        fields = (1 + cases.below(12), cases.below(16), counter, cases.bytes(4))
        frame = frames.build_unit(sender, group, *fields, sent)
        yield "frame " + text(frame)
        if cases.below(4) == 0:
            frame = bytearray(frame)
            frame[2 + cases.below(29)] ^= 1 << cases.below(8)
            frame = bytes(frame)
        yield f"heard {camera_ear.hear(frame, now, slot)!r}"
        holster_ear.expect(counter)
        since, buffer = cases.word() >> 6, cases.below(400)
        ack = frames.Ack(cases.below(3), cases.below(6), since, buffer, cases.below(400), cases.bytes(4))
        answer = pair.build(counter, ack)
        yield f"ack {text(answer)} {holster_ear.hear(answer)!r}"
    yield f"marks {sorted(camera_ear.marks.items())!r} junk {camera_ear.junk} {camera_ear.replays} {camera_ear.limited}"


def stored(cases):
    flash = RamFlash(4, 1024)
    log = Journal(flash, b"PARITY01", lambda: [(records.RESERVE, records.pack(records.RESERVE, 5))])
    for i in range(150):
        uptime_ms = cases.word() * 256 + cases.below(256)
        log.append(cases.below(256), cases.up_to(records.PAYLOAD_MAX), uptime_ms & 0xFFFFFFFFFF)
        if cases.below(3) == 0:
            log.tidy(i)
        if cases.below(20) == 0:
            log = Journal(flash, b"PARITY01", list)
        yield f"head {text(log.head[:8])} {log.sequence} {log.first}"
    yield "flash " + text(Hmac(b"flash").digest(bytes(flash.data)))
    held = reading.Reading(flash)
    yield f"reading {held.first} {[(r.sequence, r.kind, r.uptime_ms) for r in held.records]!r}"
    for _ in range(10):
        times = [least + cases.below(most - least + 1) for _, least, most in settings.POLICY_LIMITS]
        times[-4:-1] = sorted(times[-4:-1])  # whom an event concerns does not fall with its gravity
        policy = settings.Policy(*(times[:-1] + [cases.below(2) == 1, cases.below(2) == 1, times[-1]]))
        partners = [
            settings.Partner(
                1 + cases.below(65535), 1 + cases.below(3), cases.below(2), cases.bytes(32), cases.bytes(32)
            )
            for _ in range(cases.below(9))
        ]
        own = (cases.word(), cases.bytes(8), 1 + cases.below(65535), 1 + cases.below(3))
        config = settings.Settings(
            *own, cases.bytes(32), cases.bytes(32), cases.bytes(32), partners, policy, *settings.DEFAULT_RECORDER
        )
        data = settings.encode(config)
        yield f"settings {text(data)} {text(settings.digest(config))} {settings.decode(data) == config}"


def clocks(cases):
    uptime, now = Uptime(5), 5
    air = Airtime()
    for _ in range(120):
        now = ticks_add(now, cases.below(1 << (1 + cases.below(28))))
        other = cases.word() & (PERIOD_MS - 1)
        yield f"ticks {now} {ticks_diff(other, now)} {uptime.now(now)}"
        air.put(cases.below(4), cases.bytes(2), now, cases.below(300), cases.below(900))
        for _ in range(6):
            now = ticks_add(now, cases.below(150))
            yield f"air {air.turn(now)!r} {air.deadline(now)!r}"


def start_of(module):
    if module is holster:
        return holster.at_boot(True, False, False, PERIOD_MS - 9000, settings.DEFAULT_POLICY)
    if module is camera:
        return camera.at_boot(False, True, PERIOD_MS - 9000)
    if module is radio_health:
        return radio_health.at_boot(0, PERIOD_MS - 9000)
    return {proof: proof.ProofState, life: life.DayState, watch: watch.WatchState, selftest: selftest.TrialState}[
        module
    ]()


def walks(cases):
    policy = settings.DEFAULT_POLICY
    for name, module, events in MACHINES:
        state, now = start_of(module), PERIOD_MS - 9000
        for _ in range(WALK_STEPS):
            now = ticks_add(now, cases.below((1, 60, 3000, 40000)[cases.below(4)]))
            state, event = due(state, now)
            if event is None:
                event = cases.below(events)
            timers = [timed for _, timed in state.TIMERS]
            data = now if event in timers else cases.below(3)
            state, effects = module.MACHINE.step(state, event, data, now, policy)
            yield f"{name} {event} {state.key()!r} {effects!r} {deadline(state, now)!r}"
            if module is camera:
                yield f"answer {camera.answer(state, now)!r}"


class Line:
    """A pick-up's line, as `drivers/contact.py` shows one."""

    def __init__(self):
        self.on = False
        self.edges = self.edge_at = 0

    def take(self):
        return 2

    def read(self):
        return self.on


def pulses(cases):
    """A pick-up's line, quiet and noisy by turns, over the wrap of the ticks."""
    line, now = Line(), PERIOD_MS - 9000
    pickup = Pickup(line, now)
    for number in range(WALK_STEPS):
        now = ticks_add(now, (1, 15, 60, 700, 20000)[cases.below(5)])
        line.edge_at = now
        line.edges = (line.edges + 2) & 0xFFFF
        taken = pickup.take(now)
        if taken:
            pickup.begun(now, number & 7)
        pickup.tick(now)
        yield f"pulse {taken} {pickup.faulty} {pickup.stuck} {pickup.held_back} {pickup.edge_at} {pickup.qualify_at}"


def recorders(cases):
    """What recorders say, and rubbish."""
    ear = recorder_lines.Ear()
    for number in range(40):
        word = recorder_lines.STATES[cases.below(len(recorder_lines.STATES))]
        said = recorder_lines.build("!", number, word, {"since": cases.word() & 0x3FFFFFFF})
        if cases.below(2):
            at = cases.below(len(said))
            said = said[:at] + cases.bytes(1) + said[at + 1 :]
        heard = ear.hear(said + (cases.up_to(40) if cases.below(3) == 0 else b""))
        yield f"line {[tuple(line) for line in heard]!r}"
        told = bytes([gopro.STATUS_CHANGED, gopro.SUCCESS])
        for _ in range(cases.below(4)):
            told += bytes([cases.below(80), cases.below(6)]) + cases.bytes(4)
        found = gopro.statuses(told)
        yield f"gopro {sorted(found.items()) if found else found!r} {gopro.camera_status(cases.up_to(31))!r}"


def releases(cases):
    """Slots over random events, and a manifest with altered bytes."""
    state = slots.FIRST
    for _ in range(WALK_STEPS):
        versions = (
            (1, 0, cases.below(3)) if cases.below(4) else None,
            (1, 0, cases.below(3)) if cases.below(4) else None,
        )
        event = (slots.BOOT, slots.CRASHED, slots.INSTALLED, slots.HEALTHY, slots.EXPECT)[cases.below(5)]
        data = {slots.BOOT: cases.below(2), slots.CRASHED: cases.bytes(4), slots.HEALTHY: (1, 0, cases.below(3))}.get(
            event
        )
        state = slots.step(state, event, cases.below(2) if event == slots.INSTALLED else data, versions)
        yield f"slots {tuple(state)!r} {text(slots.pack(state))} {slots.unpack(slots.pack(state)) == state}"
    member = container.Member("interlock/app.mpy", 1, 40000, 70000, cases.bytes(32))
    given = container.Manifest((1, 2, 3), (1, 0, 0), "pico_w", 6, (1, 29, 0), 1, cases.bytes(20), (member,))
    packed = container.pack_manifest(given)
    yield f"manifest {text(packed)}"
    for _ in range(60):
        at = cases.below(len(packed))
        try:
            found = tuple(container.unpack_manifest(packed[:at] + cases.bytes(1) + packed[at + 1 :]))
        except container.ContainerError as error:
            found = str(error)
        yield f"altered {found!r}"


def lines(seed):
    cases = Cases(seed)
    for part in (session, crypto, on_the_air, stored, clocks, walks, pulses, recorders, releases):
        yield from part(cases)


if __name__ == "__main__":
    for line in lines(int(sys.argv[2])):
        print(line)
