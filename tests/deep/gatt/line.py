"""A connection to a unit's GATT server, as a hostile or a true host has it."""

import struct
from collections.abc import Callable
from typing import Protocol

from interlock.core import wire
from interlock.core.secure import SessionKeys, transcript

ANSWER_S = 5.0


class Line(Protocol):
    """`mtu` as agreed; `writes`: so many were made; `notified`: of REPLY and STREAM, so many came."""

    mtu: int
    writes: int
    notified: int

    @property
    def is_up(self) -> bool:
        """Whether the connection is there."""

    async def write(self, frame: bytes) -> None:
        """Write to COMMAND and wait for the stack's response; nothing where the connection is gone."""

    async def write_elsewhere(self, number: int, frame: bytes) -> None:
        """Write to another characteristic of the service, which takes none."""

    async def reply(self, wait_s: float) -> bytes | None:
        """The next notification of REPLY, or None: none came in time."""

    async def stall(self, seconds: float) -> None:
        """Take no notification for so long."""

    async def close(self) -> None:
        """Disconnect."""


class TrueHost:
    """Speaks the session as its document says, over a line. `alter`: sees each frame before it is written and gives
    those that are, so that a man in the middle can sit here."""

    def __init__(self, line: Line, alter: Callable[[bytes], list[bytes]] | None = None) -> None:
        self.line = line
        self.sent: list[bytes] = []
        self._alter = alter
        self._cutter = wire.Cutter()
        self._assembler = wire.Assembler()
        self._keys: SessionKeys | None = None

    async def say(self, message: bytes) -> None:
        for frame in self._cutter.cut(message, self.line.mtu):
            self.sent.append(frame)
            for altered in (frame,) if self._alter is None else self._alter(frame):
                await self.line.write(altered)

    async def hear(self, wait_s: float = ANSWER_S) -> bytes | None:
        """The unit's next message, or None: the line went down, or nothing came."""
        while True:
            frame = await self.line.reply(wait_s)
            if frame is None:
                return None
            message = self._assembler.add(frame)
            if message is not None:
                return bytes(message)

    async def open(self, credential: int, secret: bytes, person: bytes, number: int, nonce: bytes) -> bool:
        """Open a session as its true holder; whether the unit let it in."""
        hello = struct.pack(wire.HELLO_FORM, wire.HELLO, wire.VERSION, credential, person, number, nonce)
        await self.say(hello)
        challenge = await self.hear()
        if challenge is None or challenge[0] != wire.HELLO | wire.REPLY_BIT:
            return False
        keys = SessionKeys(secret, transcript(hello, challenge))
        await self.say(struct.pack(wire.PROOF_FORM, wire.PROOF, keys.host_proof()))
        answer = await self.hear()
        if answer is None or answer[1:] != keys.unit_proof():
            return False
        self._keys = keys
        return True

    async def ask(self, code: int, body: bytes = b"", wait_s: float = ANSWER_S) -> tuple[int, bytes] | None:
        """(reason, body) of the answer to one sealed request; None without one."""
        assert self._keys is not None
        await self.say(self._keys.to_unit.seal(bytes([code]) + body))
        sealed = None if code == wire.CREDIT else await self.hear(wait_s)
        plain = None if sealed is None else self._keys.to_host.open(sealed)
        return None if plain is None else (plain[1], plain[2:])
