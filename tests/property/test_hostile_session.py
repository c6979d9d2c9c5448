"""A hostile peer at the unit's session: whatever it sends, it gets no change, no secret and no crash.

120,000 cases in all (a third of them in `make test`), from numbered seeds: a failure names seed and case, and
`case(kind, seed, number)` plays it again.
Three attackers. The *outsider* has recorded sessions of others (with this very unit, too) and sends what it likes of
them into a fresh session. The *man in the middle* sits in an open session of a true admin or technician and alters the
frames that pass: flips, cuts, lengthens, drops, doubles, swaps, splices. The *resender* does that with whole messages,
and numbers their frames as they ought to be.
"""

import random
import struct

import pytest

from interlock.core import access, wire
from interlock.core.secure import Sealer
from interlock.core.session import OPEN, Session
from tests.core.session_world import ADMIN_KEY, ROOT, SECRET, Host, Unit, prepared, some_access, some_settings

from .mangling import mangled

MTU = 64
OUTSIDER_CASES, MIDDLE_CASES, RESENDER_CASES = 6000, 4000, 2000
BATCHES = [*range(4), *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(4, 10))]
UNTIL_S = 1795030000
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
    did(host.ask(wire.ASSIGN, struct.pack(wire.ASSIGN_FORM, 7, UNTIL_S, 0, b"PC1234  ")))
    did(host.ask(wire.MODE, struct.pack(wire.MODE_FORM, 2, 30)))
    did(host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4)))
    did(host.write(host.keys.to_unit.seal(struct.pack(">BH", wire.CREDIT, 1))))
    did(host.ask(wire.RATCHET, struct.pack(">I", 1)))
    did(host.ask(wire.END))
    return states


def technician_script(host: Recorder) -> "list[object]":
    """All that a technician may do to a unit, some of it twice; the unit's state after each message."""
    states = [host.unit.state()]

    def did(*_: object) -> None:
        states.append(host.unit.state())

    did(host.greet(wire.TECHNICIAN, b"alice   ", 2000000000))
    did(host.prove(access.technician_key(ROOT, b"alice   ", 2000000000)))
    did(host.ask(wire.CLOCK_SET, struct.pack(wire.CLOCK_FORM, 990, 1795000000000, 20)))
    for partner, officer in ((7, b"PC1234  "), (0, bytes(8)), (8, b"PC9     ")):
        did(host.ask(wire.ASSIGN, struct.pack(wire.ASSIGN_FORM, partner, UNTIL_S, 0, officer)))
    for mode, seconds in ((1, 60), (3, 30), (0, 0)):
        did(host.ask(wire.MODE, struct.pack(wire.MODE_FORM, mode, seconds)))
    did(host.ask(wire.PULL, struct.pack(wire.PULL_FORM, 0, 4)))
    did(host.ask(wire.END))
    return states


SCRIPTS = {"admin": admin_script, "technician": technician_script}


def recordings() -> list[list[bytes]]:
    """Frames of true sessions: an admin's, a technician's, a set-up, a failed one."""
    found = []
    admin = Recorder(Unit(journalled=20, salt=b"a"))
    admin_script(admin)
    found.append([frame for message in admin.frames for frame in message])
    technician = Recorder(Unit(journalled=20, salt=b"t"))
    technician_script(technician)
    found.append([frame for message in technician.frames for frame in message])
    boxed = Recorder(Unit(boxed=True, salt=b"b"))
    boxed.open_setup()
    reason, digest = boxed.ask(wire.PREPARE, prepared(some_settings(), some_access()))
    assert reason == wire.OK
    boxed.ask(wire.COMMIT, digest)
    found.append([frame for message in boxed.frames for frame in message])
    return found


RECORDED = recordings()


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
    said = feed(session, mangled(chance, chosen, RECORDED, MTU), chance)
    where = f"outsider seed {seed}, case {number}"
    assert unit.state() == before, where
    assert not any(kind == "opened" for kind, *_ in unit.said), where
    assert not any(key[i : i + 8] in said for key in KEYS for i in range(0, len(key) - 7, 8)), where


@pytest.mark.parametrize("seed", BATCHES)
def test_an_outsider_changes_and_learns_nothing(seed: int) -> None:
    units = Unit(journalled=20, salt=b"another"), Unit(boxed=True, salt=b"boxed, another")
    for number in range(OUTSIDER_CASES):
        outsider(seed, number, units)


class Tampered:
    """A true session, prepared to be played again and again with other frames."""

    def __init__(self, script: str) -> None:
        self.unit = Unit(journalled=20, salt=b"middle")
        self._area = bytes(self.unit.area.data)
        self._access, self._config = self.unit.access, self.unit.config
        self._entropy = self.unit._entropy
        host = Recorder(self.unit)
        self.states = SCRIPTS[script](host)
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
    sent = mangled(chance, rest, RECORDED, MTU)
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


def script_of(seed: int) -> str:
    return ("admin", "technician")[seed % 2]


@pytest.mark.parametrize("seed", BATCHES)
def test_a_man_in_the_middle_gets_no_further_than_the_messages_he_left_alone(seed: int) -> None:
    tampered = Tampered(script_of(seed))
    for number in range(MIDDLE_CASES):
        man_in_the_middle(seed, number, tampered)


def resent(chance: random.Random, messages: list[bytes], others: list[bytes]) -> list[bytes]:
    """Whole messages doubled, dropped, swapped, sent back later, flipped, cut, or taken from another session."""
    messages = list(messages)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(messages) + 1)
        match chance.randrange(7):
            case 0:
                messages[at:at] = [chance.choice(messages)] * chance.randint(1, 3) if messages else []
            case 1:
                del messages[at : at + chance.randint(1, 3)]
            case 2 if len(messages) > 1:
                one, other = chance.sample(range(len(messages)), 2)
                messages[one], messages[other] = messages[other], messages[one]
            case 3:
                chance.shuffle(messages)
            case 4 if at < len(messages):
                bit = chance.randrange(8 * len(messages[at]))
                altered = bytearray(messages[at])
                altered[bit // 8] ^= 1 << bit % 8
                messages[at] = bytes(altered)
            case 5 if at < len(messages):
                messages[at] = messages[at][: chance.randint(1, len(messages[at]))]
            case _:
                messages.insert(at, chance.choice(others))
    return messages


def whole(frames: list[bytes]) -> bytes:
    return b"".join(frame[1:] for frame in frames)


def resender(seed: int, number: int, tampered: Tampered, others: list[bytes]) -> None:
    chance = random.Random(f"resender {seed} {number}")
    unit = tampered.fresh()
    messages = [whole(frames) for frames in tampered.messages]
    kept = chance.randrange(len(messages))
    sent = messages[:kept] + resent(chance, messages[kept:], others)
    session = Session(unit, 0)
    session.mtu = MTU
    cutter = wire.Cutter()
    feed(session, [frame for message in sent for frame in cutter.cut(message, MTU)], chance)
    reached = 0
    while reached < min(len(messages), len(sent)) and messages[reached] == sent[reached]:
        reached += 1
    assert unit.state() == tampered.states[reached], f"resender seed {seed}, case {number}"


@pytest.mark.parametrize("seed", BATCHES)
def test_nothing_is_carried_out_twice_nor_out_of_order_whatever_messages_are_sent_again(seed: int) -> None:
    tampered = Tampered(script_of(seed))
    others = [whole(frames) for frames in Tampered(script_of(seed + 1)).messages]
    for number in range(RESENDER_CASES):
        resender(seed, number, tampered, others)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("salt", [b"the same unit, later", b"another unit"])
def test_a_whole_session_that_was_recorded_opens_nothing_when_it_is_played_again(script: str, salt: bytes) -> None:
    """To the same unit, or to one that holds the very same keys: their nonces are others."""
    unit = Unit(journalled=20, salt=b"recorded")
    host = Recorder(unit)
    before = SCRIPTS[script](host)
    later = unit if salt.startswith(b"the same") else Unit(journalled=20, salt=salt)
    if later is unit:
        later.said.clear()
    calm = later.state()
    for upto in range(1, len(host.frames) + 1):
        session = Session(later, 0)
        session.mtu = MTU
        feed(session, [frame for message in host.frames[:upto] for frame in message], random.Random(upto))
        assert later.state() == calm and session.phase != OPEN
    assert before[-1] != before[0]
    # With the nonces of then it would be let in: so it is they that keep it out.
    again = Unit(journalled=20, salt=b"recorded")
    feed_all(again, host.frames)
    assert again.state() == before[-1]


def feed_all(unit: Unit, messages: list[list[bytes]]) -> None:
    session = Session(unit, 0)
    session.mtu = MTU
    feed(session, [frame for message in messages for frame in message], random.Random(0))


def case(kind: str, seed: int, number: int) -> None:
    """Play one case again: `from tests.property.test_hostile_session import case; case("outsider", 3, 17)`."""
    if kind == "outsider":
        outsider(seed, number, (Unit(journalled=20, salt=b"another"), Unit(boxed=True, salt=b"boxed, another")))
    elif kind == "resender":
        others = [whole(frames) for frames in Tampered(script_of(seed + 1)).messages]
        resender(seed, number, Tampered(script_of(seed)), others)
    else:
        man_in_the_middle(seed, number, Tampered(script_of(seed)))


def test_the_outsider_would_notice_a_unit_that_takes_any_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interlock.core.handshake.same", lambda a, b: True)
    with pytest.raises(AssertionError):
        test_an_outsider_changes_and_learns_nothing(0)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_man_in_the_middle_would_notice_seals_that_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("interlock.core.secure.same", lambda a, b: True)
    with pytest.raises(AssertionError):
        test_a_man_in_the_middle_gets_no_further_than_the_messages_he_left_alone(seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_resender_would_notice_seals_that_count_nothing(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(Sealer, "_count", property(lambda _: 0, lambda *_: None), raising=False)
    with pytest.raises(AssertionError):
        test_nothing_is_carried_out_twice_nor_out_of_order_whatever_messages_are_sent_again(seed)


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
