"""Streams of records under a session that break the rules, stall or lie."""

import asyncio
import struct
from contextlib import AsyncExitStack

import pytest

from host_tools.inbox import Inbox, LinkLost
from host_tools.outcome import ToolError
from host_tools.refused import Untrue
from host_tools.session import STREAM_BYTES_MAX
from interlock.core import wire
from interlock.core.layout import encode
from interlock.core.seal import OpenSeal
from simulator.clock import run

from .session_units import BEGIN, END, Liar, fails, opened, record, unit_in_service


def pulled_body(first, following, chain=BEGIN):
    return struct.pack(wire.PULLED_FORM, first, following, chain, 0, END)


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
