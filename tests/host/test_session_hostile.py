"""Hostile units under a session: each says something that it should not, and is refused or left."""

import asyncio

import pytest

from host_tools.inbox import LinkLost
from host_tools.outcome import ToolError
from host_tools.refused import Refused, Untrue
from host_tools.session import Session, SetUp
from interlock.core import wire

from .fate import Fate
from .session_units import ADMIN, TECHNICIAN, Liar, fails, opened, unit_in_service, visit, whole
from .unit_model import ModelLink, ModelUnit


def hostile(change):
    class Hostile(ModelLink):
        def _carry(self, inbox, frame):
            frames = change(frame) if inbox is self.replies else [frame]
            return all(super(Hostile, self)._carry(inbox, each) for each in frames)

    return Hostile


CHALLENGES = {
    "empty": lambda frame: [b"\x80"],
    "nothing at all": lambda frame: [b""],
    "another count": lambda frame: [b"\x85" + frame[1:]],
    "another code": lambda frame: whole(b"\x99" + frame[2:]),
    "too short": lambda frame: whole(frame[1:-1]),
    "too long": lambda frame: whole(frame[1:] + b"x"),
    "never ending": lambda frame: [bytes([i & 0x7F]) + bytes(20) for i in range(500)],
    "another nonce": lambda frame: whole(frame[1:20] + bytes(8) + frame[28:]),
    "an error cut short": lambda frame: whole(b"\xff\x05"),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_a_challenge_that_breaks_the_rules(name):
    error = fails(ToolError, lambda: visit(unit_in_service(), link=hostile(CHALLENGES[name])))
    assert isinstance(error, Untrue | Refused)


def test_a_version_that_is_not_ours():
    change = lambda frame: whole(frame[1:2] + b"\x09" + frame[3:])  # noqa: E731
    assert fails(Refused, lambda: visit(unit_in_service(), link=hostile(change))).reason == wire.BAD_VERSION


def test_a_unit_that_does_not_know_the_secret():
    async def main():
        unit = unit_in_service()
        unit.loop = asyncio.get_running_loop()
        link = ModelLink(unit, Fate(), 247)
        carry = link._carry

        def lie(inbox, frame):
            if len(frame) == 18:  # the proof
                frame = frame[:2] + bytes(16)
            return carry(inbox, frame)

        link._carry = lie
        async with Session.open(link, TECHNICIAN):
            pass

    fails(Untrue, main, "does not know the secret")


def test_a_key_agreement_with_a_point_of_small_order():
    def change(frame):
        return [frame[:-32] + bytes(32)] if len(frame) == 1 + 28 + 32 else [frame]

    boxed = ModelUnit("B1")
    fails(Untrue, lambda: visit(boxed, SetUp(boxed.label.secret), link=hostile(change)), "key public")


@pytest.mark.parametrize(
    ("code", "body"),
    [(wire.STATUS, b""), (wire.STATUS, bytes(200)), (wire.PING, b"1234567"), (wire.PULL, bytes(39))],
)
def test_answers_of_another_size(code, body):
    async def main():
        async with opened(unit_in_service(), link=Liar(code, body)) as session:
            await session.ping()
            await session.status()
            await session.pull(0)

    fails(Untrue, main, "bytes, not")


def test_an_answer_to_another_question():
    fails(Untrue, lambda: visit(unit_in_service(), link=Liar(wire.STATUS, bytes(8), head=bytes([wire.PING | 0x80, 0]))))


def test_an_answer_without_a_head():
    fails(Untrue, lambda: visit(unit_in_service(), link=Liar(wire.STATUS, b"", head=b"\x90")), "too short")


def test_an_answer_that_was_changed_on_the_way():
    async def main():
        async with opened(unit_in_service()) as session:
            carry = session._link._carry
            session._link._carry = lambda inbox, frame: carry(inbox, frame[:-1] + bytes([frame[-1] ^ 1]))
            await session.ping()

    fails(LinkLost, main, "disturbed")


def test_a_unit_that_understood_other_settings():
    async def main():
        unit = unit_in_service()
        async with opened(unit, ADMIN, link=Liar(wire.PREPARE, bytes(8))) as session:
            await session.prepare(unit.held._replace(revision=2))

    fails(Untrue, main, "other settings")
