"""The host's end of a technician's session; the unit's is `interlock/core/session.py`, the bytes `core/wire.py`.

    async with Session.open(link, Technician(key, "PC1234", expires_s)) as session:
        status = await session.status()

The unit is a stranger until it proved that it knows the credential's secret, and stays one that may lie: every length
is checked, every buffer bounded, every wait ends by time or with the link. A failure leaves the session unusable: open
another. No time but the event loop's is used.
"""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from interlock.core import selftest, updating, wire, x25519
from interlock.core import settings as unit_settings
from interlock.core.crypto import same
from interlock.core.secure import SessionKeys, transcript
from interlock.core.updating import Progress, State
from interlock.core.wire import REPLY_BIT, Assembler, Cutter, Key, Status, WireError

from .inbox import Inbox, LinkLost
from .label import serial_text
from .refused import Refused, Untrue
from .stream import SEALED_MAX, Pull
from .vault.credential import Admin, Credential, SetUp, Technician, person_bytes

__all__ = ["Admin", "Credential", "Link", "Session", "SetUp", "Technician"]

Entropy = Callable[[int], bytes]

HELLO_S = 20.0  # a unit multiplies on its curve in the meantime
REPLY_S = 10.0  # a commit erases sectors
STREAM_S = 20.0  # the longest silence within a pull
REPLY_BYTES_MAX = 16 * 1024
SIGNED_BYTES_MAX = 16 * 1024
STREAM_BYTES_MAX = wire.CREDIT_MAX * SEALED_MAX * 6  # at MTU 23 a notification costs more than it carries
CREDIT = 24  # chunks under way at most; the rest of what a unit allows is reserve

_CHALLENGE_BYTES = struct.calcsize(wire.CHALLENGE_FORM)
_ERROR_BYTES = struct.calcsize(wire.ERROR_FORM)
_HEAD_BYTES = struct.calcsize(wire.REPLY_HEAD)


class Link(Protocol):
    """A connection to a unit, as `link.py` makes it. All waits raise LinkLost when it is gone."""

    @property
    def mtu(self) -> int:
        """ATT MTU in bytes."""

    @property
    def replies(self) -> Inbox:
        """What REPLY brought, from the connection on."""

    async def command(self, frame: bytes) -> None:
        """Write one frame (at most mtu - 3 bytes) to COMMAND; done when the unit has it."""

    async def on_stream(self, stream: Inbox) -> None:
        """Let STREAM's notifications come into `stream`, which is closed when the link is lost."""


class Session:
    """An open session. `serial_raw`: the unit's serial as it is in it (8 bytes); `serial`: as people read it."""

    def __init__(self, link: Link, credential: Credential, entropy: Entropy) -> None:
        self.serial_raw = b""
        self.serial = ""
        self.credential = credential
        self._link = link
        self._entropy = entropy
        self._mtu = min(link.mtu, wire.MTU_WANTED)
        self._cutter = Cutter()
        self._replies = Assembler()
        self._keys: SessionKeys | None = None
        self._stream: Inbox | None = None

    @staticmethod
    @asynccontextmanager
    async def open(link: Link, credential: Credential, entropy: Entropy = os.urandom) -> "AsyncIterator[Session]":
        """Shake hands on `link`. Refused when the unit does not take the credential, Untrue when it cannot prove
        that it knows the secret, LinkLost. Leaving the block says nothing to the unit: `end` does."""
        session = Session(link, credential, entropy)
        await session._shake_hands()
        yield session

    # Handshake.

    async def _shake_hands(self) -> None:
        kind, person, number, secret = self._introduce()
        nonce = self._entropy(wire.NONCE_BYTES)
        hello = struct.pack(wire.HELLO_FORM, wire.HELLO, wire.VERSION, kind, person, number, nonce)
        scalar = b""
        if kind == wire.SETUP:
            scalar = self._entropy(x25519.KEY_BYTES)
            hello += x25519.multiply(scalar, x25519.BASE)
        asked = "talk"
        await self._say(hello, asked)
        challenge = await self._hear(HELLO_S, asked)
        self._check_challenge(challenge, len(scalar))
        _, _, serial, _, mtu = struct.unpack_from(wire.CHALLENGE_FORM, challenge)
        self._mtu = max(wire.MTU_MIN, min(self._mtu, mtu))
        if scalar:
            shared = x25519.multiply(scalar, challenge[_CHALLENGE_BYTES:])
            if shared == bytes(x25519.KEY_BYTES):
                raise Untrue("its half of the key agreement would make the key public")
            secret += shared
        keys = SessionKeys(secret, transcript(hello, challenge))
        await self._say(struct.pack(wire.PROOF_FORM, wire.PROOF, keys.host_proof()), asked)
        proof = await self._hear(HELLO_S, asked)
        if len(proof) != struct.calcsize(wire.PROOF_FORM) or proof[0] != wire.PROOF | REPLY_BIT:
            raise Untrue("it answered the proof with something else")
        if not same(proof[1:], keys.unit_proof()):
            raise Untrue("it does not know the secret")
        self._keys = keys
        self.serial_raw = serial
        self.serial = serial_text(serial)

    def _introduce(self) -> tuple[int, bytes, int, bytes]:
        """(kind, person, step or expiry, secret) of the credential."""
        credential = self.credential
        person = person_bytes(credential.person)
        if isinstance(credential, SetUp):
            return wire.SETUP, person, 0, credential.secret
        if isinstance(credential, Admin):
            return wire.ADMIN, person, credential.step, credential.key
        return wire.TECHNICIAN, person, credential.expires_s, credential.key

    @staticmethod
    def _check_challenge(challenge: bytes, key_bytes: int) -> None:
        if len(challenge) < 2 or challenge[0] != wire.HELLO | REPLY_BIT:
            raise Untrue("it answered the greeting with something else")
        if challenge[1] != wire.VERSION:
            raise Refused(wire.BAD_VERSION, "talk")
        if len(challenge) != _CHALLENGE_BYTES + key_bytes:
            raise Untrue(f"its answer to the greeting has {len(challenge)} bytes")

    # Messages.

    async def _say(self, message: bytes, asked: str) -> None:
        """Write a message, frame by frame. Refused or LinkLost when the unit is gone."""
        for frame in self._cutter.cut(message, self._mtu):
            try:
                async with asyncio.timeout(REPLY_S):
                    await self._link.command(frame)
            except TimeoutError:
                raise LinkLost(f"the unit does not take what is written to it for {REPLY_S:g} s") from None
            except LinkLost:
                self._last_words(asked)
                raise

    async def _hear(self, seconds: float, asked: str) -> bytes:
        """The unit's next message on REPLY. Refused when it is an error in the open."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = self._add(await self._link.replies.get(), asked)
                    if message is not None:
                        return message
        except TimeoutError:
            raise LinkLost(f"the unit did not answer within {seconds:g} s") from None

    def _add(self, frame: bytes, asked: str) -> bytes | None:
        """Join a frame of REPLY; the message that it ends, or None. Refused when that is an error."""
        try:
            message = self._replies.add(frame)
        except WireError as error:
            raise Untrue(f"its answer breaks the protocol ({error})") from None
        if message is not None and len(message) == _ERROR_BYTES and message[0] == wire.ERROR:
            _, reason, detail = struct.unpack(wire.ERROR_FORM, message)
            raise Refused(reason, asked, detail)
        return message

    def _last_words(self, asked: str) -> None:
        """Raise Refused when the unit said why it left; what else it said is void."""
        while (frame := self._link.replies.take()) is not None:
            self._add(frame, asked)

    async def _ask(self, code: int, body: bytes = b"", size: int | None = None) -> bytes:
        """One request; the body of its answer, of `size` bytes when given. Refused when the unit says no."""
        asked = wire.OPERATIONS[code].name
        await self._tell(code, body)
        head, answer = self._unseal(await self._hear(REPLY_S, asked))
        if head[0] == wire.CREDIT | REPLY_BIT:  # answered only when it was refused
            raise Refused(head[1], wire.OPERATIONS[wire.CREDIT].name)
        if head[0] != code | REPLY_BIT:
            raise Untrue(f"it answered another question than '{asked}'")
        if head[1] != wire.OK:
            raise Refused(head[1], asked)
        if size is not None and len(answer) != size:
            raise Untrue(f"its answer to '{asked}' has {len(answer)} bytes, not {size}")
        return answer

    async def _tell(self, code: int, body: bytes) -> None:
        assert self._keys is not None
        await self._say(self._keys.to_unit.seal(bytes([code]) + body), wire.OPERATIONS[code].name)

    def _unseal(self, sealed: bytes) -> tuple[bytes, bytes]:
        """(head, body) of an answer."""
        assert self._keys is not None
        plain = self._keys.to_host.open(sealed)
        if plain is None:
            raise LinkLost("an answer was disturbed on the air (its seal does not fit)")
        if len(plain) < _HEAD_BYTES:
            raise Untrue("an answer of it is too short")
        return plain[:_HEAD_BYTES], plain[_HEAD_BYTES:]

    # Requests.

    async def status(self) -> Status:
        """What the unit is and holds."""
        answer = wire.unpack_status(await self._ask(wire.STATUS, size=struct.calcsize(wire.STATUS_FORM)))
        assert answer is not None
        return answer

    async def ping(self) -> int:
        """The unit's uptime, milliseconds."""
        return int(struct.unpack(wire.PING_FORM, await self._ask(wire.PING, size=8))[0])

    async def set_clock(self, uptime_ms: int, utc_ms: int, uncertainty_ms: int) -> int:
        """Tell the unit the UTC at one of its uptimes just past; its uptime now."""
        body = struct.pack(wire.CLOCK_FORM, uptime_ms, utc_ms, uncertainty_ms)
        return int(struct.unpack(wire.PING_FORM, await self._ask(wire.CLOCK_SET, body, 8))[0])

    async def prepare(self, settings: unit_settings.Settings, grant: bytes = b"") -> None:
        """Hand over settings, without effect yet. `grant`: `wire.ACCESS_FORM`, in a set-up session only."""
        stored = unit_settings.encode(settings)
        answer = await self._ask(wire.PREPARE, struct.pack(">H", len(stored)) + stored + grant, 8)
        if answer != unit_settings.digest(settings):
            raise Untrue("it understood other settings than those sent")

    async def commit(self, settings: unit_settings.Settings) -> None:
        """Put what was prepared in force, whole or not at all."""
        answer = await self._ask(wire.COMMIT, struct.pack(wire.COMMIT_FORM, unit_settings.digest(settings)), 4)
        if answer != struct.pack(wire.COMMITTED_FORM, settings.revision):
            raise Untrue("it put another revision in force than the one sent")

    async def assign(self, partner: int, until_s: int, officer: bytes) -> None:
        """Let this partner (its number; 0: the paired ones) alone count until then (seconds since 1970, UTC), for this
        officer (8 bytes)."""
        await self._ask(wire.ASSIGN, struct.pack(wire.ASSIGN_FORM, partner, until_s, 0, officer), 0)

    async def set_mode(self, mode: int, seconds: int) -> None:
        """Let a holster unit enter a mode (`records.py`) for so long; 0: as long as its policy says."""
        await self._ask(wire.MODE, struct.pack(wire.MODE_FORM, mode, seconds), 0)

    async def identify(self, seconds: int, how: int) -> int:
        """Let the unit blink for so long, and buzz (`wire.BY_BUZZ`); 0: no longer. How it does, as these bits."""
        return (await self._ask(wire.IDENTIFY, struct.pack(wire.IDENTIFY_FORM, seconds, how), 1))[0]

    async def self_test(self, parts: int = 0) -> selftest.Report:
        """Let the unit begin a test of these parts (`selftest.py`), 0: of none; how the last one goes, or went."""
        size = struct.calcsize(selftest.REPORT_FORM)
        report = selftest.unpack(await self._ask(wire.SELF_TEST, struct.pack(wire.SELF_TEST_FORM, parts), size))
        assert report is not None
        return report

    async def update_begin(self, total: int, digest: bytes) -> Progress:
        """Let the unit take the release of so many bytes, whose head has this SHA-256; how far it is with it."""
        return _progress(await self._ask(wire.UPDATE_BEGIN, struct.pack(updating.BEGIN_FORM, total, digest)))

    async def update_data(self, offset: int, data: bytes) -> Progress:
        """The release's bytes from `offset` on, `updating.DATA_BYTES` at most; how far the unit is then."""
        return _progress(await self._ask(wire.UPDATE_DATA, struct.pack(updating.DATA_FORM, offset) + data))

    async def update_state(self) -> State:
        """What the unit runs and could run, and how far an update is."""
        state = updating.unpack_state(await self._ask(wire.UPDATE_STATE, size=struct.calcsize(updating.STATE_FORM)))
        assert state is not None
        return state

    async def update_switch(self, digest: bytes) -> Progress:
        """Let the unit run that release, on trial, once the session is over."""
        return _progress(await self._ask(wire.UPDATE_SWITCH, digest))

    async def place(self, what: int, seconds: int = 0) -> tuple[bool, int, list[wire.PlacedLine]]:
        """Let the unit begin a placement (`wire.PLACE_BEGIN`; 0 seconds: as long as its policy says), end it, or only
        look; whether it is under way, tenths of a second that it goes on, and what each of `core/lines.py` does."""
        answer = wire.unpack_placed(await self._ask(wire.PLACE, struct.pack(wire.PLACE_FORM, what, seconds)))
        if answer is None:
            raise Untrue("it told of its sensor lines in another form than this program knows")
        return answer

    @property
    def next_admin_key(self) -> bytes:
        """The admin key of the next step (32 bytes): keep it before `ratchet`."""
        assert self._keys is not None
        return self._keys.next_admin_key

    async def ratchet(self) -> int:
        """Let the unit move its admin key to the next step, which is returned. Of an admin session only."""
        assert isinstance(self.credential, Admin)
        step = self.credential.step
        answer = await self._ask(wire.RATCHET, struct.pack(wire.RATCHET_FORM, step), 4)
        if answer != struct.pack(wire.RATCHET_FORM, step + 1):
            raise Untrue("it moved its admin key to another step than the next")
        return step + 1

    async def key(self) -> Key:
        """How the unit's signing key is."""
        return _key(await self._ask(wire.KEY))

    async def make_key(self, params: int, entropy: bytes) -> Key:
        """Let the unit begin to make a signing key, or go on with it; how it is. `entropy`: 32 bytes."""
        return _key(await self._ask(wire.MAKE_KEY, struct.pack(wire.MAKE_KEY_FORM, params, entropy)))

    async def checkpoint(self, last_seen: int | None, nonce: bytes) -> tuple[int, int]:
        """Let the unit sign its journal's end: (index that it takes for that, how many are left). `last_seen`: the
        highest index of a signature under this key that was ever seen; `nonce`: 16 bytes. See `signed`."""
        body = struct.pack(wire.CHECKPOINT_FORM, wire.NO_INDEX if last_seen is None else last_seen, nonce)
        index, remaining = struct.unpack(wire.TAKEN_FORM, await self._ask(wire.CHECKPOINT, body, 8))
        return index, remaining

    async def signed(self, offset: int = 0) -> tuple[int, bytes]:
        """(bytes in all, some from `offset` on) of the newest message that the unit signed and its signature behind
        it; 0 in all while it is being computed."""
        answer = await self._ask(wire.SIGNED, struct.pack(wire.SIGNED_FORM, offset))
        if len(answer) < 2:
            raise Untrue("it says of no signature how long it is")
        total, part = struct.unpack_from(wire.SIGNED_FORM, answer)[0], answer[2:]
        if total > SIGNED_BYTES_MAX or len(part) != max(0, min(total - offset, wire.SIGNED_BYTES)):
            raise Untrue(f"of a signature of {total} bytes it sends {len(part)} from byte {offset} on")
        return total, part

    async def pull(self, sequence: int, credit: int = CREDIT) -> Pull:
        """Let the journal come from `sequence` on, `credit` chunks ahead. One at a time."""
        if self._stream is None:
            self._stream = Inbox(STREAM_BYTES_MAX)
            await self._link.on_stream(self._stream)
        body = struct.pack(wire.PULL_FORM, sequence, credit)
        first, following, chain, epoch, end = struct.unpack(
            wire.PULLED_FORM, await self._ask(wire.PULL, body, struct.calcsize(wire.PULLED_FORM))
        )
        assert self._keys is not None
        stated = (first, following, chain, epoch, end)
        return Pull(stated, self._keys.stream, self._notification, self._stream.take, self._grant)

    async def _notification(self) -> bytes:
        assert self._stream is not None
        try:
            async with asyncio.timeout(STREAM_S):
                return await self._stream.get()
        except TimeoutError:
            self._last_words("pull")
            raise LinkLost(f"the unit sent nothing of its journal for {STREAM_S:g} s") from None
        except LinkLost:
            self._last_words("pull")
            raise

    async def _grant(self, chunks: int) -> None:
        await self._tell(wire.CREDIT, struct.pack(wire.CREDIT_FORM, chunks))

    async def end(self) -> None:
        """Say good-bye. A unit that leaves without an answer, or for a reason of its own, has done so, too."""
        try:
            await self._ask(wire.END)
        except (LinkLost, Refused):
            pass


def _key(body: bytes) -> Key:
    found = wire.unpack_key(body)
    if found is None:
        raise Untrue(f"what it says of its signing key has {len(body)} bytes")
    return found


def _progress(body: bytes) -> Progress:
    found = updating.unpack_progress(body)
    if found is None:
        raise Untrue(f"what it says of its update has {len(body)} bytes")
    return found
