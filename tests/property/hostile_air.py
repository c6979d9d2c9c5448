"""What an attacker has who recorded the air for an hour, and what he makes of it. Not the tests: `test_adversary.py`.

He has no key, but for one man: a member of the group, who holds its key and no partner's.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from .mutated import Core

NOW = 443108250  # the slot of now
HOUR = 900
PARTNERS = (1, 2)
STRANGERS = (3, 4)
UNHEARD = 5  # a stranger that this camera never heard
CAMERA = 10
PER_UNIT = 150  # frames that each aired in that hour
MARK = PER_UNIT  # the newest counter of each, aired now
ASLEEP = 120  # partner 2 was heard up to here only; then the camera was off for a while
PATIENT_MS = 55  # slow enough that every frame is tried


class Attack(NamedTuple):
    """`may_be`: classes that the receiver may take it for without harm, besides nothing."""

    name: str
    frame: bytes
    may_be: tuple[int, ...] = ()


class HostileAir:
    """A camera unit's receiver and a holster unit's ear that lived through the hour, and what the attacker recorded."""

    def __init__(self, core: Core, seed: int) -> None:
        self.core = core
        self.draw = random.Random(seed)
        f, r = core.frames, core.receiver
        self.group, self.old_epoch, self.other_group = (f.GroupKeys(bytes([n]) * 32) for n in (101, 102, 103))
        self.next_epoch = f.GroupKeys(bytes([104]) * 32)
        self.keys = {unit: f.UnitKeys(bytes([unit]) * 32, unit) for unit in (*PARTNERS, *STRANGERS, UNHEARD)}
        self.impostors = [f.UnitKeys(b"i" * 32, unit) for unit in PARTNERS]
        partners = [self.keys[unit] for unit in PARTNERS]
        self.receiver = r.Receiver(CAMERA, [self.group, self.next_epoch], partners, {})
        self.pair, self.turned, self.others = (
            f.PairKeys(b"p" * 32, 1, CAMERA),
            f.PairKeys(b"p" * 32, CAMERA, 1),
            f.PairKeys(b"q" * 32, 2, CAMERA),
        )
        self.ear = r.AckEar([self.pair])
        self.now = 0
        self._live()
        self._makers: tuple[Callable[[], Attack], ...] = (
            self._forged,
            self._lookalike,
            self._altered,
            self._cut,
            self._spliced,
            self._replayed,
            self._late,
            self._unheard,
            self._foreign,
            self._impostor,
            self._ack_as_unit_frame,
        )

    def slot(self, counter: int) -> int:
        """When a unit aired this counter: within the hour, the last one now."""
        return NOW - (PER_UNIT - counter) * HOUR // PER_UNIT

    def build(self, unit: int, counter: int, event: int | None = None, group: Any = None) -> bytes:
        f = self.core.frames
        fields = (f.DRAW if event is None else event, 0, counter, b"head", self.slot(counter))
        frame: bytes = f.build_unit(self.keys[unit], group or self.group, *fields)
        return frame

    def _live(self) -> None:
        f, hear = self.core.frames, self.receiver.hear
        self.aired = {unit: [self.build(unit, n) for n in range(1, PER_UNIT + 1)] for unit in self.keys}
        for n in range(1, PER_UNIT + 1):
            for unit in (*PARTNERS, *STRANGERS):
                if unit != 2 or n <= ASLEEP or n == MARK:
                    self.now += PATIENT_MS
                    assert hear(self.aired[unit][n - 1], self.now, self.slot(n)) is not None, (unit, n)
                    self.receiver.tidy()
        self.marks = dict(self.receiver.marks)
        # Renewals, presence and readiness that partner 1 aired beyond its mark while this camera was off.
        there = (f.OUT, *f.PRESENCE, *f.READINESS)
        self.late = [
            f.build_unit(
                self.keys[1], self.group, there[n % len(there)], 0, MARK + n, b"head", NOW - 40 - 37 * n % HOUR
            )
            for n in range(1, 60)
        ]
        self.foreign = [
            f.build_unit(self.keys[unit], group, f.DRAW, 0, MARK + n, b"head", NOW)
            for n in range(1, 30)
            for unit in (*STRANGERS, UNHEARD)
            for group in (self.other_group, self.old_epoch)
        ]
        self.acks = []
        self.own_acks = []
        for n in range(1, PER_UNIT + 1):
            self.ear.expect(n)
            ack = f.Ack(f.PROVEN, 0, 9000, 30, 2, b"head")
            self.own_acks.append(self.pair.build(n, ack))
            self.acks += [self.turned.build(n, ack), self.others.build(n, ack)]

    # What he airs for the camera.

    def attack(self) -> Attack:
        return self.draw.choice(self._makers)()

    def _any_aired(self) -> tuple[int, bytes]:
        unit = self.draw.choice(list(self.aired))
        return unit, self.draw.choice(self.aired[unit])

    def _forged(self) -> Attack:
        return Attack("forged", self.core.frames.HEADER + self.draw.randbytes(29))

    def _lookalike(self) -> Attack:
        """The identifier of a partner's frame, the newest among them, before noise."""
        frame = self.draw.choice(self.aired[self.draw.choice(PARTNERS)][-3:])
        return Attack("look-alike", frame[:6] + self.draw.randbytes(25))

    def _altered(self) -> Attack:
        unit, original = self._any_aired()
        frame = bytearray(original)
        # A stranger's own tag only its partners can check: altered there it is a repeat of what it says.
        last = 31 if unit in PARTNERS else 23
        for bit in self.draw.sample(range(16, 8 * last), self.draw.randint(1, 3)):
            frame[bit >> 3] ^= 1 << (bit & 7)
        return Attack("altered", bytes(frame))

    def _cut(self) -> Attack:
        unit, frame = self._any_aired()
        at = self.draw.randint(7, 30 if unit in PARTNERS else 22)
        fill = bytes(30 - at) if self.draw.random() < 0.5 else self.draw.randbytes(30 - at)
        return Attack("cut short, filled up", frame[:at] + bytes([frame[at] ^ 1]) + fill)

    def _spliced(self) -> Attack:
        unit = self.draw.choice(PARTNERS)
        one, two = self.draw.sample(self.aired[unit], 2)
        at = self.draw.choice((6, 17, 23))
        return Attack("spliced", one[:at] + two[at:])

    def _replayed(self) -> Attack:
        """Heard, or of a partner and older than what was heard."""
        unit = self.draw.choice((*PARTNERS, *STRANGERS))
        counter = self.draw.randint(1, PER_UNIT)
        r, may_be = self.core.receiver, ()
        if unit in PARTNERS:
            is_old = NOW - self.slot(counter) > 39
            may_be = (r.OWN_REPEAT, r.OWN_STALE) if counter == MARK else () if is_old else (r.OWN_STALE,)
        return Attack("replayed", self.aired[unit][counter - 1], may_be)

    def _late(self) -> Attack:
        return Attack("renewals and presence played late", self.draw.choice(self.late))

    def _unheard(self) -> Attack:
        """Of a stranger that this camera never heard: two minutes to an hour old."""
        return Attack("unheard, played late", self.draw.choice(self.aired[UNHEARD][: PER_UNIT - 7]))

    def _foreign(self) -> Attack:
        return Attack("of another group or an old epoch", self.draw.choice(self.foreign))

    def _impostor(self) -> Attack:
        """A member speaks for a partner; new by its counter, dated now."""
        f = self.core.frames
        counter = MARK + self.draw.randint(1, 2000)
        fields = (f.DRAW, 0, counter, b"head", NOW)
        return Attack("a member as partner", f.build_unit(self.draw.choice(self.impostors), self.group, *fields))

    def _ack_as_unit_frame(self) -> Attack:
        return Attack("an ack to a camera", self.draw.choice(self.acks[:-6] + self.own_acks[:-2]))

    # What he airs for the holster.

    def attack_on_ear(self) -> Attack:
        kind = self.draw.randrange(5)
        if kind == 0:
            return Attack("an ack to an older frame", self.draw.choice(self.own_acks[:-2]))
        if kind == 1:
            return Attack("an ack of another pair, or the other way round", self.draw.choice(self.acks[-6:]))
        if kind == 2:
            return Attack("a unit frame as ack", self._any_aired()[1])
        frame = bytearray(self.draw.choice(self.own_acks[-2:]))
        if kind == 3:
            for bit in self.draw.sample(range(16, 248), self.draw.randint(1, 3)):
                frame[bit >> 3] ^= 1 << (bit & 7)
            return Attack("an altered ack", bytes(frame))
        return Attack("noise behind an ack's identifier", bytes(frame[:6]) + self.draw.randbytes(25))
