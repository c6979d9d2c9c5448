"""The host's end of a session against the unit's real one, and against units that lie."""

import asyncio
import struct
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from host_tools.inbox import Inbox, LinkLost
from host_tools.outcome import Exit, ToolError
from host_tools.refused import ADVICE, Refused, Untrue
from host_tools.session import STREAM_BYTES_MAX, Admin, Session, SetUp, Technician
from interlock.core import access, settings, signer, wire
from interlock.core.layout import encode
from interlock.core.reading import Reading
from interlock.core.seal import OpenSeal
from simulator.clock import run

from .fate import Fate
from .unit_model import ADMIN_KEY, ROOT, UTC_MS, ModelLink, ModelUnit, put_in_service

EXPIRES_S = UTC_MS // 1000 + 3600
TECHNICIAN = Technician(access.technician_key(ROOT, b"PC1234  ", EXPIRES_S), "PC1234", EXPIRES_S)
ADMIN = Admin(ADMIN_KEY, 1, "PC1")


def unit_in_service():
    unit = ModelUnit("H1")
    put_in_service(unit)
    return unit


@asynccontextmanager
async def opened(unit, credential=TECHNICIAN, mtu=247, link=ModelLink):
    unit.loop = asyncio.get_running_loop()
    async with Session.open(link(unit, Fate(), mtu), credential) as session:
        yield session


def fails(kind, work, says=None):
    """The error of `kind` that `work` ends with, clean and quick."""

    async def timed():
        loop = asyncio.get_running_loop()
        try:
            await work()
        finally:
            assert loop.time() < 120, "it waited for ever"

    with pytest.raises(kind, match=says) as caught:
        run(timed())
    assert isinstance(caught.value, ToolError) and caught.value.advice and caught.value.code == Exit.DEVICE
    return caught.value


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


async def visit(unit, credential=TECHNICIAN, link=ModelLink):
    async with opened(unit, credential, link=link) as session:
        await session.status()


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


# Hostile units: each says something that it should not, where `change` is told (its frame) -> frames.


def hostile(change):
    class Hostile(ModelLink):
        def _carry(self, inbox, frame):
            frames = change(frame) if inbox is self.replies else [frame]
            return all(super(Hostile, self)._carry(inbox, each) for each in frames)

    return Hostile


def whole(message):
    """One frame with this message."""
    return [b"\x80" + message]


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


class Liar:
    """An authentic unit (it knows the keys) that answers one request with `body`, or streams `chunks`."""

    def __init__(self, code, body=None, chunks=(), head=None):
        self.code, self.body, self.chunks, self.head = code, body, chunks, head

    def __call__(self, unit, fate, mtu):
        link = ModelLink(unit, fate, mtu)
        serve = link.session._carry_out

        def lie(code, body):
            if code != self.code:
                serve(code, body)
                return
            keys = link.session._keys
            if self.body is not None:
                head = self.head or bytes([code | 0x80, wire.OK])
                link.session._say(keys.to_host.seal(head + self.body))
            link.pump()
            count = 0
            for chunk in self.chunks:
                sealed = keys.stream.seal(chunk) if isinstance(chunk, bytes) else chunk(keys.stream)
                data = sealed if not isinstance(chunk, bytes) else struct.pack(">H", len(sealed)) + sealed
                for at in range(0, len(data), 200):
                    link._stream.put(bytes([count & 0xFF]) + data[at : at + 200])
                    count += 1

        link.session._carry_out = lie
        return link


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


# Streams.


BEGIN, END = b"b" * 32, b"e" * 32


def pulled_body(first, following, chain=BEGIN):
    return struct.pack(wire.PULLED_FORM, first, following, chain, 0, END)


def record(sequence, chain=BEGIN):
    return encode(17, sequence, 1, 0, b"payload", chain, OpenSeal())[0]


def chunk_of(first, *raws):
    return struct.pack(wire.CHUNK_HEAD, first) + b"".join(raws)


def unit_that_streams(*chunks, following=10, first=0):
    return Liar(wire.PULL, pulled_body(first, following), chunks)


async def read_all(link):
    async with opened(unit_in_service(), link=link) as session:
        pulled = await session.pull(0)
        while await pulled.chunk() is not None:
            pass


STREAMS = {
    "a chunk without head": [b"\0"],
    "a jump": [chunk_of(5, record(5))],
    "a chunk twice": [chunk_of(0, record(0)), chunk_of(0, record(0))],
    "junk behind a record": [chunk_of(0, record(0), b"junk")],
    "a damaged record": [chunk_of(0, record(0)[:-1] + b"\0")],
    "records out of order": [chunk_of(0, record(0), record(2))],
    "more than announced": [chunk_of(0, *[record(i) for i in range(12)])],
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_breaks_the_rules(name):
    fails(Untrue, lambda: read_all(unit_that_streams(*STREAMS[name])))


DISTURBED = {
    "a length that lies": lambda sealer: struct.pack(">H", 60000) + bytes(300),
    "no length": lambda sealer: struct.pack(">H", 0) + bytes(30),
    "another seal": lambda sealer: struct.pack(">H", 100) + bytes(100),
    "an end before its end": lambda sealer: struct.pack(">H", 1000) + bytes(100),
}


@pytest.mark.parametrize("name", DISTURBED)
def test_a_stream_that_was_disturbed(name):
    fails(LinkLost, lambda: read_all(unit_that_streams(DISTURBED[name])))


@pytest.mark.parametrize(("first", "following"), [(5, 4), (0, 0xFFFFFFFF)])
def test_an_announcement_that_cannot_be(first, following):
    fails(Untrue, lambda: read_all(unit_that_streams(first=first, following=following)), "announces")


@pytest.mark.parametrize("is_true", [True, False])
def test_records_that_do_not_lead_to_the_stated_end_are_handed_on_and_told(is_true):
    one, after = encode(17, 0, 1, 0, b"payload", BEGIN, OpenSeal())
    two, end = encode(17, 1, 1, 0, b"payload", after, OpenSeal())
    body = struct.pack(wire.PULLED_FORM, 0, 2, BEGIN, 0, end if is_true else END)

    async def main():
        async with opened(unit_in_service(), link=Liar(wire.PULL, body, (chunk_of(0, one, two),))) as session:
            pulled = await session.pull(0)
            assert (await pulled.chunk()).raws == (one, two)
            assert pulled.is_broken != is_true and pulled.head == end

    run(main())


def test_behind_a_hole_the_chain_value_stays_unknown_and_nothing_is_made_of_it():
    unknown = bytes(32)
    link = Liar(wire.PULL, pulled_body(0, 2, unknown), (chunk_of(0, record(0)), chunk_of(1, record(1))))

    async def main():
        async with opened(unit_in_service(), link=link) as session:
            pulled = await session.pull(0)
            assert [chunk.chain for chunk in await pulled.chunks()] == [unknown, unknown]
            assert pulled.head == unknown and not pulled.is_broken

    run(main())


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


def test_what_is_sound_comes_before_the_failure_behind_it():
    async def main():
        link = unit_that_streams(chunk_of(0, record(0)), chunk_of(1, record(1)), b"\0")
        async with opened(unit_in_service(), link=link) as session:
            pulled = await session.pull(0)
            assert [chunk.first for chunk in await pulled.chunks()] == [0, 1]
            await pulled.chunks()

    fails(Untrue, main, "no head")


def test_an_endless_stream_fills_no_memory():
    inbox = Inbox(STREAM_BYTES_MAX)
    for _ in range(100_000):
        inbox.put(bytes(200))
    assert inbox._waiting_bytes <= STREAM_BYTES_MAX

    async def drain():
        while True:
            await inbox.get()

    fails(ToolError, drain, "more than it was asked for")


def test_tiny_frames_are_not_free():
    inbox = Inbox(10_000)
    for _ in range(10_000):
        inbox.put(b"")
    assert len(inbox._frames) < 200


def test_a_whole_window_at_the_smallest_mtu_fits():
    inbox = Inbox(STREAM_BYTES_MAX)
    for _ in range(wire.CREDIT_MAX * (wire.CHUNK_BYTES + 18) // 19 + 1):
        inbox.put(bytes(20))
    assert not inbox._overflowed


def test_what_came_before_the_link_was_lost_is_read_first():
    async def main():
        inbox = Inbox(1000)
        inbox.put(b"a")
        inbox.close("gone")
        inbox.put(b"b")
        assert await inbox.get() == b"a"
        with pytest.raises(LinkLost, match="gone"):
            await inbox.get()

    run(main())


def test_a_slow_chunk_is_left_after_a_minute():
    async def main():
        unit = unit_in_service()
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(opened(unit, link=unit_that_streams()))
            pulled = await session.pull(0)

            async def drip():
                for count in range(200):
                    await asyncio.sleep(5)
                    session._stream.put(bytes([count]) + (b"\x03\x00" if count == 0 else b"x"))

            dripping = asyncio.ensure_future(drip())
            try:
                await pulled.chunk()
            finally:
                dripping.cancel()

    fails(LinkLost, main, "whole within")


def test_no_secret_in_the_repr_of_credentials():
    secret = b"S" * 32
    text = repr([SetUp(secret), Admin(secret, 1), Technician(secret, "PC1", 1)])
    assert "SSS" not in text


def test_a_session_shows_nothing_of_itself():
    assert "Session object" in repr(Session(ModelLink(unit_in_service(), Fate(), 23), ADMIN, bytes))
