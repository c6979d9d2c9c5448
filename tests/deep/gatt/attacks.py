"""What hostile peers do on one connection. Each attack is `(line, chance, truth)`, writes some frames, and gives how
many sessions it may have opened as a true holder; all chance comes from `chance`: a visit is repeated by its seed.

*Outsiders* know what they overheard: `noise`, `overheard`, `guesses`, `dribbles`. The *man in the middle* alters what
a true host writes. *Insiders* hold a true credential and seal what they like: `technician`, `careless_admin`.
"""

import random
import struct
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from interlock.core import settings, wire
from interlock.core.x25519 import BASE, multiply
from tests.property.mangling import mangled

from .line import Line, TrueHost

EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 31, 32, 33, 59, 60, 127, 128, 255)
QUESTIONS = tuple(wire.OPERATIONS)
NEVER = (wire.END, wire.MAKE_KEY, wire.RATCHET, wire.COMMIT)
"""Of random insiders: END would end the visit; the others are an admin's right, see `careless_admin`."""


class Truth(NamedTuple):
    """What the attacks may use of the unit: `credentials` for insiders, `heard` for outsiders (frames of true sessions
    with this unit, which each visit of a true host adds to), `stored` its settings as they are encoded."""

    credentials: tuple[tuple[int, bytes, int], ...]
    person: bytes
    heard: list[list[bytes]]
    stored: bytes


async def noise(line: Line, chance: random.Random, truth: Truth) -> int:
    """Bytes without sense, the first ones with the head that a frame has."""
    for number in range(chance.choice((1, 2, 5, 30))):
        size = chance.choice((1, 2, 5, 20, line.mtu - 4, line.mtu - 3, 244, 512))
        head = bytes([(0x80 if chance.random() < 0.5 else 0) | number & 0x7F]) if chance.random() < 0.7 else b""
        if chance.random() < 0.1:
            await line.write_elsewhere(chance.randrange(3), chance.randbytes(size))
        await line.write(head + chance.randbytes(size))
    return 0


async def overheard(line: Line, chance: random.Random, truth: Truth) -> int:
    """A session that was recorded, mangled."""
    if not truth.heard:
        return await noise(line, chance, truth)
    for frame in mangled(chance, chance.choice(truth.heard), truth.heard, line.mtu)[: chance.choice((5, 60))]:
        await line.write(frame or b"\x80")
        if chance.random() < 0.1:
            await line.reply(0.05)
    return 0


async def guesses(line: Line, chance: random.Random, truth: Truth) -> int:
    """A proper opening under each kind of credential, with a proof that is guessed."""
    host = TrueHost(line)
    credential = chance.choice((wire.SETUP, wire.ADMIN, wire.TECHNICIAN, chance.randrange(256)))
    number = chance.choice((0, 1, 2, chance.getrandbits(32), 2_000_000_000))
    hello = struct.pack(
        wire.HELLO_FORM, wire.HELLO, chance.choice((wire.VERSION, wire.VERSION, chance.randrange(256))), credential,
        chance.randbytes(8), number, chance.randbytes(16),
    )  # fmt: skip
    if credential == wire.SETUP or chance.random() < 0.1:
        hello += chance.choice((bytes(32), BASE, multiply(chance.randbytes(32), BASE), chance.randbytes(32)))
    await host.say(hello)
    if chance.random() < 0.3:
        await host.say(struct.pack(wire.PROOF_FORM, wire.PROOF, chance.randbytes(16)))  # before it was asked
    await host.hear(20.0)
    for _ in range(chance.choice((1, 1, 3, 20))):
        await host.say(struct.pack(wire.PROOF_FORM, wire.PROOF, chance.randbytes(16)))
    return 0


async def dribbles(line: Line, chance: random.Random, truth: Truth) -> int:
    """One message without end, some bytes a frame: of the greatest length, and longer."""
    size = chance.choice((4, 19, line.mtu - 4))
    for number in range(chance.choice((40, wire.MESSAGE_MAX // size + 2))):
        await line.write(bytes([number & 0x7F]) + chance.randbytes(size))
    return 0


async def middle(line: Line, chance: random.Random, truth: Truth) -> int:
    """A true host speaks, and some of its frames are altered, doubled, dropped on the way."""
    if not truth.credentials:
        return await guesses(line, chance, truth)
    share = chance.choice((0.002, 0.01, 0.05))

    def alter(frame: bytes) -> list[bytes]:
        if chance.random() >= share:
            return [frame]
        return mangled(chance, [frame], truth.heard or [[frame]], line.mtu)[:6]

    host = TrueHost(line, alter)
    opened = await _opened(host, chance, truth, wire.TECHNICIAN)
    for _ in range(chance.choice((10, 150)) if opened else 0):
        code = chance.choice((wire.STATUS, wire.PING, wire.IDENTIFY, wire.KEY, wire.STOP))
        if await host.ask(code, bytes(wire.OPERATIONS[code].least), 0.5) is None:
            break
    return 1


async def technician(line: Line, chance: random.Random, truth: Truth) -> int:
    """A thief of a technician's laptop: any request, bodies at the edges of their forms."""
    return await _insider(line, chance, truth, wire.TECHNICIAN)


async def careless_admin(line: Line, chance: random.Random, truth: Truth) -> int:
    """An admin's broken program. It never commits what it prepared, leaves no step and makes no key: these it may."""
    return await _insider(line, chance, truth, wire.ADMIN)


async def _insider(line: Line, chance: random.Random, truth: Truth, credential: int) -> int:
    if not truth.credentials:
        return await guesses(line, chance, truth)
    host = TrueHost(line)
    if not await _opened(host, chance, truth, credential):
        return 1
    for _ in range(chance.choice((20, 100, 400))):
        code = chance.choice(QUESTIONS) if chance.random() < 0.95 else chance.randrange(256)
        if (code in NEVER and credential == wire.ADMIN) or code == wire.END:
            code = wire.PREPARE
        if chance.random() < 0.01:
            await line.stall(chance.choice((0.05, 1.0)))
        wait_s = 0.02 if code == wire.PULL else 1.0
        if await host.ask(code, _body(chance, code, truth), wait_s) is None and not line.is_up:
            break
    truth.heard.append(host.sent[-40:])
    del truth.heard[:-20]
    return 1


def _body(chance: random.Random, code: int, truth: Truth) -> bytes:
    operation = wire.OPERATIONS.get(code)
    if operation is None or chance.random() < 0.1:
        return chance.randbytes(chance.choice((*EDGES, 900, wire.MESSAGE_MAX - 17)))
    if code == wire.PREPARE and truth.stored and chance.random() < 0.8:
        stored = bytearray(truth.stored)
        for _ in range(chance.choice((0, 1, 1, 3))):
            stored[chance.randrange(len(stored))] ^= 1 << chance.randrange(8)
        length = len(stored) if chance.random() < 0.9 else chance.getrandbits(16)
        return struct.pack(">H", length) + bytes(stored)[: chance.choice((len(stored), len(stored), 900, 3))]
    size = chance.choice((operation.least, operation.least, operation.most, operation.most + 1, operation.least - 1))
    size = min(max(size, 0), wire.MESSAGE_MAX - 17)
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(size)
    if kind == 1:
        return b"\xff" * size
    if kind == 2:  # small numbers: those that forms, modes, partners, parts have
        return bytes(chance.choice((0, 0, 0, 1, 2, 3, 5)) for _ in range(size))
    return chance.randbytes(size)


async def _opened(host: TrueHost, chance: random.Random, truth: Truth, wanted: int) -> bool:
    credential, secret, number = next(known for known in truth.credentials if known[0] == wanted)
    return await host.open(credential, secret, truth.person, number, chance.randbytes(16))


Attack = Callable[[Line, random.Random, Truth], Awaitable[int]]
INSIDE: tuple[Attack, ...] = (middle, technician, careless_admin)
SHARES: dict[Attack, int] = {
    technician: 5,
    careless_admin: 3,
    middle: 3,
    overheard: 3,
    guesses: 1,
    noise: 1,
    dribbles: 1,
}
"""Of the writes."""


def encoded(held: settings.Settings | None) -> bytes:
    """What a PREPARE of the next revision would carry."""
    return b"" if held is None else bytes(settings.encode(held._replace(revision=held.revision + 1)))
