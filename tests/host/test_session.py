"""The host's end of a session against the unit's real one, and against units that lie."""

import asyncio
import struct

import pytest

from host_tools.inbox import LinkLost
from host_tools.outcome import ToolError
from host_tools.refused import ADVICE, Refused, Untrue
from host_tools.session import Admin, Session, SetUp, Technician
from interlock.core import settings, signer, wire
from interlock.core.reading import Reading
from simulator.clock import run

from .fate import Fate
from .session_units import ADMIN, EXPIRES_S, TECHNICIAN, Liar, fails, opened, unit_in_service, visit
from .unit_model import UTC_MS, ModelLink, ModelUnit

# An honest unit.


@pytest.mark.parametrize("mtu", [23, 24, 64, 185, 247, 517])
def test_every_credential_opens_a_session_at_every_mtu(mtu):
    async def main():
        boxed = ModelUnit("B1")
        async with opened(boxed, SetUp(boxed.label.secret), mtu) as session:
            assert (await session.status()).role == 0
            assert (session.serial, session.serial_raw) == ("B1", b"B1      ")
            await session.end()
        for credential in (TECHNICIAN, ADMIN):
            async with opened(unit_in_service(), credential, mtu) as session:
                status = await session.status()
                assert (status.role, status.unit, status.revision) == (settings.ROLE_HOLSTER, 1, 1)
                assert await session.ping() > 0
                await session.end()

    run(main())


def test_the_clock_is_set():
    async def main():
        unit = unit_in_service()
        async with opened(unit) as session:
            uptime_ms = await session.ping()
            await session.set_clock(uptime_ms, UTC_MS, 20)
            assert abs((await session.status()).utc_ms - UTC_MS) < 1000

    run(main())


def test_settings_are_prepared_and_committed_and_the_key_moves_on():
    async def main():
        unit = unit_in_service()
        async with opened(unit, ADMIN) as session:
            wanted = unit.held._replace(revision=2, group_key=b"g" * 32)
            await session.prepare(wanted)
            await session.commit(wanted)
            key = session.next_admin_key
            assert await session.ratchet() == 2
            await session.end()
        unit.boot()
        assert unit.held == wanted
        async with opened(unit, Admin(key, 2)) as session:
            await session.end()

    run(main())


@pytest.mark.parametrize("mtu", [23, 100, 247])
def test_a_pull_brings_the_journal_as_it_is(mtu):
    async def main():
        unit = unit_in_service()
        unit.fill(300)
        async with opened(unit, mtu=mtu) as session:
            reading = Reading(unit.journal_flash)
            pulled = await session.pull(0)
            assert (pulled.first, pulled.following, pulled.chain) == (0, len(reading.records), reading.chain)
            raws = []
            while chunks := await pulled.chunks():
                for chunk in chunks:
                    assert (chunk.first, chunk.epoch) == (len(raws), 0)
                    raws += chunk.raws
                await pulled.grant(len(chunks))
            assert raws == [record.raw for record in reading.records]
            assert pulled.head == pulled.end and not pulled.is_broken
            again = await session.pull(pulled.following - 3)
            assert (await again.chunk()).raws == tuple(raws[-3:])
            assert (await session.status()).following == pulled.following

    run(main())


def test_nothing_comes_before_credit_is_granted():
    async def main():
        unit = unit_in_service()
        unit.fill(100)
        async with opened(unit) as session:
            pulled = await session.pull(0, 0)
            with pytest.raises(LinkLost, match="sent nothing"):
                await pulled.chunk()

    run(main())


def test_a_ring_that_overtakes_the_pull_says_so():
    async def main():
        unit = unit_in_service()
        unit.fill(300)
        async with opened(unit) as session:
            pulled = await session.pull(0, 1)
            assert (await pulled.chunk()) is not None
            unit.fill(2000)
            await pulled.grant(24)
            while await pulled.chunk() is not None:
                await pulled.grant(1)
            assert pulled.broke_off
            again = await session.pull(pulled.next)
            assert again.first > pulled.next
            assert (await again.chunk()).first == again.first

    run(main())


# Refusals.


def test_refusals_say_why_and_what_to_do():
    unit = unit_in_service()
    unit.waits_s = 17
    assert "17 s" in str(fails(Refused, lambda: visit(unit)))
    unit.waits_s = 0
    boxed = ModelUnit("B1")
    assert fails(Refused, lambda: visit(boxed)).reason == wire.NO_CREDENTIAL
    wrong = Technician(bytes(32), "PC1234", EXPIRES_S)
    assert fails(Refused, lambda: visit(unit, wrong)).reason == wire.BAD_PROOF
    unit.wait_until_ms = 0
    past = Technician(bytes(32), "PC1234", 1)
    unit.clock = (0, UTC_MS)
    assert fails(Refused, lambda: visit(unit, past)).reason == wire.EXPIRED
    assert fails(Refused, lambda: visit(boxed, SetUp(bytes(16)))).reason == wire.BAD_PROOF


def test_a_technician_may_not_commit():
    async def main():
        unit = unit_in_service()
        async with opened(unit) as session:
            await session.prepare(unit.held._replace(revision=2))

    assert fails(Refused, main).reason == wire.NOT_ALLOWED


@pytest.mark.parametrize("reason", [wire.FIRED, wire.CLOSED, wire.IDLE])
def test_a_unit_that_leaves_says_why(reason):
    async def main():
        unit = unit_in_service()
        unit.fill(200)
        links = []

        def keep(*arguments):
            links.append(ModelLink(*arguments))
            return links[-1]

        async with opened(unit, link=keep) as session:
            pulled = await session.pull(0, 2)
            await pulled.chunk()
            links[0].end(reason)
            while await pulled.chunk() is not None:
                pass

    error = fails(Refused, main)
    assert error.reason == reason and error.advice == ADVICE[reason]


def test_every_reason_has_advice():
    assert set(ADVICE) == set(wire.REASON_NAMES) - {wire.OK}


# Links.


def test_a_lost_link_ends_every_wait():
    """Cut at each frame in turn: LinkLost, or the work was done before."""

    def cut_at(at):
        async def main():
            unit = unit_in_service()
            unit.loop = asyncio.get_running_loop()
            unit.fill(100)
            async with Session.open(ModelLink(unit, Fate(at), 60), TECHNICIAN) as session:
                await session.status()
                pulled = await session.pull(0)
                while await pulled.chunk() is not None:
                    await pulled.grant(1)
                await session.end()
            assert asyncio.get_running_loop().time() < 60

        return main

    cuts = 0
    while True:
        try:
            run(cut_at(cuts)())
            break
        except LinkLost:
            cuts += 1
    assert cuts > 50


def test_a_unit_that_says_nothing_is_left():
    class Mute(ModelLink):
        def pump(self):
            pass

    fails(LinkLost, lambda: visit(unit_in_service(), link=Mute), "did not answer")


def test_a_write_that_never_ends_is_left():
    class Stuck(ModelLink):
        async def command(self, frame):
            await asyncio.Event().wait()

    fails(LinkLost, lambda: visit(unit_in_service(), link=Stuck), "does not take")


# Keys and checkpoints.


def test_a_key_is_made_and_a_checkpoint_signed_and_fetched_in_parts():
    async def main():
        unit = unit_in_service()
        async with opened(unit, ADMIN) as session:
            assert (await session.key()).state == signer.NONE
            assert (await session.make_key(2, bytes(32))).state == signer.GENERATING
            unit.compute()
            key = await session.key()
            assert (key.state, key.remaining, len(key.public)) == (signer.READY, 32, 60)
            assert await session.checkpoint(None, b"n" * 16) == (0, 31)
            assert await session.signed() == (0, b"")
            unit.compute()
            total, data = await session.signed()
            while len(data) < total:
                data += (await session.signed(len(data)))[1]
            assert data == unit.signed()[1] and b"n" * 16 in data
            await session.end()

    run(main())


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (wire.KEY, b"short"),
        (wire.KEY, bytes(50)),
        (wire.CHECKPOINT, bytes(7)),
        (wire.SIGNED, b"1"),
        (wire.SIGNED, struct.pack(">H", 60000) + bytes(900)),
        (wire.SIGNED, struct.pack(">H", 2000) + bytes(300)),
        (wire.SIGNED, struct.pack(">H", 0) + bytes(30)),
    ],
)
def test_answers_about_keys_and_signatures_that_break_the_rules(code, body):
    async def main():
        async with opened(unit_in_service(), link=Liar(code, body)) as session:
            await session.key()
            await session.checkpoint(None, bytes(16))
            await session.signed()

    unit_error = fails(ToolError, main)
    assert isinstance(unit_error, Untrue) or code == wire.SIGNED


def test_no_secret_in_the_repr_of_credentials():
    secret = b"S" * 32
    text = repr([SetUp(secret), Admin(secret, 1), Technician(secret, "PC1", 1)])
    assert "SSS" not in text


def test_a_session_shows_nothing_of_itself():
    assert "Session object" in repr(Session(ModelLink(unit_in_service(), Fate(), 23), ADMIN, bytes))
