"""A hostile peer at the unit's session: whatever it sends, it gets no change, no secret and no crash.

100,000 cases in all, from numbered seeds: a failure names seed and case, and `case(seed, number)` plays it again.
Two attackers. The *outsider* has recorded sessions of others (with this very unit, too) and sends what it likes of them
into a fresh session. The *man in the middle* sits in an open session of a true admin and alters what passes.
"""

import random
import struct

import pytest

from interlock.core import access, wire
from interlock.core.session import Session
from tests.core.session_world import ADMIN_KEY, ROOT, SECRET, Host, Unit, prepared, some_access, some_settings

MTU = 64
OUTSIDER_CASES, MIDDLE_CASES, BATCHES = 6000, 4000, 10
KEYS = (SECRET, ADMIN_KEY, ROOT, b"u" * 32, b"g" * 32)


class Recorder(Host):
    """A host whose frames are kept, message by message."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit, MTU)
        self.frames: list[list[bytes]] = []

    def write(self, message: bytes) -> None:
        self.frames.append(self._cutter.cut(message, self.mtu))
        for frame in self.frames[-1]:
            self.session.receive(frame, self.now)


def admin_script(host: Recorder) -> "list[object]":
    """All that an admin may do, once; the unit's state after each message."""
    states = [host.unit.state()]

    def did(*_: object) -> None:
        states.append(host.unit.state())

    did(host.greet(wire.ADMIN))
    did(host.prove(ADMIN_KEY))
    did(host.ask(wire.STATUS))
    reason, digest = host.ask(wire.PREPARE, prepared(some_settings(2)))
    did(reason)
    did(host.ask(wire.COMMIT, digest))
    did(host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 1795000000000, 20)))
    did(host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4)))
    did(host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, 1))))
    did(host.ask(wire.RATCHET, struct.pack(">I", 1)))
    did(host.ask(wire.END))
    return states


def recordings() -> list[list[bytes]]:
    """Frames of true sessions: an admin's, a technician's, a set-up, a failed one."""
    found = []
    admin = Recorder(Unit(journalled=20, salt=b"a"))
    admin_script(admin)
    found.append([frame for message in admin.frames for frame in message])
    technician = Recorder(Unit(journalled=20, salt=b"t"))
    technician.open_technician()
    technician.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4))
    found.append([frame for message in technician.frames for frame in message])
    boxed = Recorder(Unit(boxed=True, salt=b"b"))
    boxed.open_setup()
    reason, digest = boxed.ask(wire.PREPARE, prepared(some_settings(), some_access()))
    assert reason == wire.OK
    boxed.ask(wire.COMMIT, digest)
    found.append([frame for message in boxed.frames for frame in message])
    return found


RECORDED = recordings()


def mangled(chance: random.Random, frames: list[bytes], others: list[list[bytes]]) -> list[bytes]:
    """Some frames as a hostile peer sends them: random, cut, lengthened, flipped, doubled, swapped, spliced."""
    frames = list(frames)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(frames) + 1)
        frame = bytearray(frames[at] if at < len(frames) and frames[at] else b"\x80")
        match chance.randrange(9):
            case 0:
                frames.insert(at, chance.randbytes(chance.choice((0, 1, 2, 20, MTU - 3, 512))))
            case 1:
                frames[at : at + 1] = [bytes(frame[: chance.randrange(len(frame) + 1)])]
            case 2:
                frames[at : at + 1] = [bytes(frame) + chance.randbytes(chance.randint(1, 40))]
            case 3:
                bit = chance.randrange(8 * len(frame))
                frame[bit // 8] ^= 1 << bit % 8
                frames[at : at + 1] = [bytes(frame)]
            case 4:
                frames.insert(at, bytes(frame))
            case 5:
                del frames[at : at + 1]
            case 6 if len(frames) > 1:
                other = chance.randrange(len(frames))
                here = min(at, len(frames) - 1)
                frames[here], frames[other] = frames[other], frames[here]
            case 7:
                source = chance.choice(others)
                begin = chance.randrange(len(source))
                frames[at:at] = source[begin : begin + chance.randint(1, 6)]
            case _:
                # Right count, wrong bytes: what passes the assembler.
                frames[at : at + 1] = [frame[:1] + chance.randbytes(chance.randint(1, MTU))]
    return frames


def feed(session: Session, frames: list[bytes], chance: random.Random) -> bytes:
    """Everything that the unit says to these frames."""
    said = b""
    for frame in frames:
        session.receive(frame, 0)
        if chance.random() < 0.3:
            session.work(0)
            session.notification()
        said += b"".join(session.out)
        session.out.clear()
    for _ in range(200):
        if not session.work(0):
            break
    said += b"".join(session.out)
    return said


def outsider(seed: int, number: int, units: tuple[Unit, Unit]) -> None:
    chance = random.Random(f"outsider {seed} {number}")
    unit = units[chance.randrange(2)]
    before = unit.state()
    session = Session(unit, 0)
    session.mtu = chance.choice((23, MTU, 247, 517))
    chosen = chance.choice(RECORDED)
    said = feed(session, mangled(chance, chosen, RECORDED), chance)
    where = f"outsider seed {seed}, case {number}"
    assert unit.state() == before, where
    assert not any(kind == "opened" for kind, *_ in unit.said), where
    assert not any(key[i : i + 8] in said for key in KEYS for i in range(0, len(key) - 7, 8)), where


@pytest.mark.parametrize("seed", range(BATCHES))
def test_an_outsider_changes_and_learns_nothing(seed: int) -> None:
    units = Unit(journalled=20, salt=b"another"), Unit(boxed=True, salt=b"boxed, another")
    for number in range(OUTSIDER_CASES):
        outsider(seed, number, units)


class Tampered:
    """A true admin's session, prepared to be played again and again with other frames."""

    def __init__(self) -> None:
        self.unit = Unit(journalled=20, salt=b"middle")
        self._area = bytes(self.unit.area.data)
        self._access, self._config = self.unit.access, self.unit.config
        self._entropy = self.unit._entropy
        host = Recorder(self.unit)
        self.states = admin_script(host)
        self.messages = host.frames

    def fresh(self) -> Unit:
        """The unit as it was at first."""
        self.unit.area.data[:] = self._area
        self.unit.access, self.unit.config = self._access, self._config
        self.unit._entropy = self._entropy
        self.unit.said.clear()
        return self.unit


def man_in_the_middle(seed: int, number: int, tampered: Tampered) -> None:
    chance = random.Random(f"middle {seed} {number}")
    unit = tampered.fresh()
    kept = chance.randrange(len(tampered.messages))
    true = [frame for message in tampered.messages[:kept] for frame in message]
    rest = [frame for message in tampered.messages[kept:] for frame in message]
    session = Session(unit, 0)
    session.mtu = MTU
    sent = mangled(chance, rest, RECORDED)
    feed(session, true + sent, chance)
    # Of what was sent after the untouched messages, whole true messages may still lead: these were the admin's own.
    same = 0
    for theirs, ours in zip(rest, sent, strict=False):
        if theirs != ours:
            break
        same += 1
    reached = kept
    for message in tampered.messages[kept:]:
        same -= len(message)
        if same < 0:
            break
        reached += 1
    where = f"man in the middle seed {seed}, case {number}"
    assert unit.state() in tampered.states[: reached + 1], where
    assert unit.state() == tampered.states[reached], where


@pytest.mark.parametrize("seed", range(BATCHES))
def test_a_man_in_the_middle_gets_no_further_than_the_messages_he_left_alone(seed: int) -> None:
    tampered = Tampered()
    for number in range(MIDDLE_CASES):
        man_in_the_middle(seed, number, tampered)


def case(kind: str, seed: int, number: int) -> None:
    """Play one case again: `from tests.property.test_hostile_session import case; case("outsider", 3, 17)`."""
    if kind == "outsider":
        outsider(seed, number, (Unit(journalled=20, salt=b"another"), Unit(boxed=True, salt=b"boxed, another")))
    else:
        man_in_the_middle(seed, number, Tampered())


def test_the_attackers_would_notice_a_unit_that_lets_them_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The searches can fail: with seals that are not checked, both of them do."""
    monkeypatch.setattr("interlock.core.session.same", lambda a, b: True)
    with pytest.raises(AssertionError):
        test_an_outsider_changes_and_learns_nothing(0)
    monkeypatch.setattr("interlock.core.secure.same", lambda a, b: True)
    with pytest.raises(AssertionError):
        test_a_man_in_the_middle_gets_no_further_than_the_messages_he_left_alone(0)


def test_the_key_of_a_session_cannot_be_had_from_the_next_one() -> None:
    """The ratchet goes one way: a unit that is taken tells its present key and the one before, no older."""
    unit = Unit()
    seen = [access.load(unit.area).admin_key]
    for step in range(1, 5):
        host = Host(unit)
        host.greet(wire.ADMIN, number=step)
        host.prove(access.load(unit.area).admin_key)
        host.ask(wire.RATCHET, struct.pack(">I", step))
        seen.append(access.load(unit.area).admin_key)
    assert len(set(seen)) == 5
    held = bytes(unit.area.data)
    assert [key in held for key in seen] == [False, False, False, True, True]
