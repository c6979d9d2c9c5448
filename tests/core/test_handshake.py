"""How a session is opened, message by message: what is refused, with which reason, and what the challenge says."""

import struct

from interlock.core import access, wire
from interlock.core.x25519 import BASE, multiply
from tests.core.session_world import ADMIN_KEY, ROOT, SERIAL, Host, Unit, error_of

PERSON = b"alice   "


def hello(credential=wire.ADMIN, number=1, code=wire.HELLO, version=wire.VERSION, rest=b""):
    return struct.pack(wire.HELLO_FORM, code, version, credential, PERSON, number, b"n" * 16) + rest


def refused(*messages, unit=None):
    """The reason with which a session ends after these messages, of which only the last is refused."""
    host = Host(Unit() if unit is None else unit)
    for message in messages[:-1]:
        host.write(message)
        host.read()
        assert host.session.ended is None
    host.write(messages[-1])
    answer = host.read()
    assert host.session.ended is not None and error_of(answer) == host.session.ended
    return host.session.ended


def test_a_greeting_that_is_none_is_refused_with_its_reason():
    key = bytes(range(32))
    cases = (
        (hello(code=wire.PROOF), wire.BAD_ORDER),
        (hello(version=wire.VERSION + 1), wire.BAD_VERSION),
        (bytes([wire.HELLO]), wire.BAD_VERSION),
        (bytes([wire.HELLO, wire.VERSION]), wire.BAD_LENGTH),
        (bytes([wire.HELLO, wire.VERSION, wire.ADMIN]), wire.BAD_LENGTH),
        (hello()[:-1], wire.BAD_LENGTH),
        (hello(rest=b"x"), wire.BAD_LENGTH),
        (hello(rest=key), wire.BAD_LENGTH),
        (hello(wire.SETUP), wire.BAD_LENGTH),
        (hello(99), wire.NO_CREDENTIAL),
        (hello(number=7), wire.NO_CREDENTIAL),
    )
    for message, reason in cases:
        assert refused(message) == reason, message


def proof(code=wire.PROOF, length=0):
    return struct.pack(wire.PROOF_FORM, code, bytes(struct.calcsize(wire.PROOF_FORM) - 1)) + bytes(length)


def test_after_the_challenge_comes_a_proof_and_nothing_else():
    for message in (proof(wire.HELLO), proof(length=1), hello(), proof()[:-1]):
        assert refused(hello(), message) == wire.BAD_ORDER
    assert refused(hello(), proof()) == wire.BAD_PROOF


def challenge_of(host):
    """The challenge as soon as it is there: the unit still computes the shared secret then."""
    while not host.session.out:
        host.session.work(0)
    challenge = None
    while challenge is None:
        challenge = host._assembler.add(host.session.out.pop(0))
    return challenge


def test_nothing_may_be_said_before_the_challenge_nor_a_proof_twice():
    unit = Unit(boxed=True)
    host = Host(unit)
    host.write(hello(wire.SETUP, rest=multiply(bytes(range(32)), BASE)))
    host.write(proof())
    assert error_of(host.read()) == wire.BAD_ORDER
    host = Host(unit)
    host.write(hello(wire.SETUP, rest=multiply(bytes(range(32)), BASE)))
    challenge_of(host)
    host.write(proof())
    assert host.session.ended is None, "the shared secret is not computed yet"
    host.write(proof())
    assert error_of(host.read()) == wire.BAD_ORDER


def test_a_setup_whose_proof_comes_before_the_secret_is_there_is_judged_when_it_is():
    for secret, is_open in ((None, True), (b"wrong secret 16b", False)):
        unit = Unit(boxed=True)
        host = Host(unit)
        scalar = bytes(range(32))
        host.hello = hello(wire.SETUP, rest=multiply(scalar, BASE))
        host.write(host.hello)
        host.challenge = challenge = challenge_of(host)
        assert host.session.is_working()
        host.prove((unit.label.secret if secret is None else secret) + multiply(scalar, challenge[-32:]))
        assert host.session.is_open() is is_open
        said = ("opened", wire.SETUP, PERSON, 1) if is_open else ("refused", wire.SETUP, wire.BAD_PROOF)
        assert unit.said == [said]


def test_a_challenge_says_who_answers_and_how_much_fits():
    for credential, number in ((wire.ADMIN, 1), (wire.TECHNICIAN, 2000000000)):
        host = Host(Unit(), 185)
        host.write(hello(credential, number))
        challenge = host.read()
        size = struct.calcsize(wire.CHALLENGE_FORM)
        code, version, serial, nonce, mtu = struct.unpack(wire.CHALLENGE_FORM, challenge[:size])
        assert (code, version, serial, mtu) == (wire.HELLO | wire.REPLY_BIT, wire.VERSION, SERIAL, 185)
        assert len(challenge) == size and len(set(nonce)) > 4


def test_a_technician_may_come_in_the_last_second_of_the_credential_and_is_refused_by_name_after():
    unit = Unit()
    unit.utc = 2000000000 * 1000
    key = access.technician_key(ROOT, PERSON, 2000000000)
    host = Host(unit)
    host.greet(wire.TECHNICIAN, PERSON, 2000000000)
    host.prove(key)
    assert host.session.is_open() and unit.said == [("opened", wire.TECHNICIAN, PERSON, 2000000000)]
    unit.utc += 1
    assert refused(hello(wire.TECHNICIAN, 2000000000), unit=unit) == wire.EXPIRED
    assert unit.said[-1] == ("refused", wire.TECHNICIAN, wire.EXPIRED)


def test_who_opens_a_session_is_told_to_the_unit_by_name():
    unit = Unit()
    Host(unit).open_admin()
    assert unit.said == [("opened", wire.ADMIN, PERSON, 1)]
    assert ADMIN_KEY == unit.access.admin_key


def test_a_proof_that_holds_is_answered_with_the_units_own():
    host = Host(Unit())
    host.greet(wire.ADMIN)
    answer = host.prove(ADMIN_KEY)
    assert answer == struct.pack(wire.PROOF_FORM, wire.PROOF | wire.REPLY_BIT, host.keys.unit_proof())


class Frugal(Unit):
    """Notes how much entropy it was asked for."""

    asked = ()

    def entropy(self, count):
        self.asked += (count,)
        return Unit.entropy(self, count)


def test_a_setup_takes_entropy_for_its_key_and_for_the_nonce_and_a_pull_for_the_nonce_alone():
    boxed = Frugal(boxed=True)
    Host(boxed).open_setup()
    assert boxed.asked == (32, wire.NONCE_BYTES)
    unit = Frugal()
    Host(unit).open_admin()
    assert unit.asked == (wire.NONCE_BYTES,)
