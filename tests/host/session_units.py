"""A unit in service, and a session with it, honest or not."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest

from host_tools.outcome import Exit, ToolError
from host_tools.session import Admin, Session, Technician
from interlock.core import access, wire
from interlock.core.layout import encode
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


async def visit(unit, credential=TECHNICIAN, link=ModelLink):
    async with opened(unit, credential, link=link) as session:
        await session.status()


def whole(message):
    """One frame with this message."""
    return [b"\x80" + message]


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


# Streams.


BEGIN, END = b"b" * 32, b"e" * 32


def record(sequence, chain=BEGIN):
    return encode(17, sequence, 1, 0, b"payload", chain, OpenSeal())[0]
