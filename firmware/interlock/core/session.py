"""The unit's end of a technician's session: frames in, frames out, and questions to the unit (`needs.Served`).

No radio and no flash here. Who may ask what is a table (`wire.OPERATIONS`); the phases are

    opening (`handshake.py`) -> open -> ended

Whatever does not fit ends the session before it is open, and afterwards gets a refusal, or, where sealing fails, ends
it, too; nothing changes by it. Only PREPARE and COMMIT together, RATCHET, CLOCK_SET, ASSIGN, MODE, CHECKPOINT,
MAKE_KEY and UPDATE_SWITCH change the unit, each of them whole or not at all. What takes long (a signature, a key, a
self-test, looking at a release) is begun here and never waited for.
"""

import struct

from . import access as access_store
from . import settings, wire
from .handshake import Handshake
from .secure import SessionKeys
from .settings import SettingsError
from .stream import Stream
from .ticks import is_due, ticks_add
from .wire import OK, OPERATIONS, WireError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .needs import Bytes, Served

HELLO_MS = 15000  # from the connection to the proof
IDLE_MS = 30000  # an open session without a message or a credit

# Phases.
OPENING = 0
OPEN = 1
ENDED = 2


class Session:
    """One connection's session. `mtu` follows the link; `out` holds frames for the REPLY characteristic, oldest first,
    which the caller takes; `ended` is the reason once it is over (the caller disconnects when `out` is empty).

    `done`: operations that were carried out, as `wire.done_bit` has them: what the journal keeps. `pulled_to`: sequence
    after the last record streamed.
    """

    def __init__(self, unit: "Served", now: int) -> None:
        self.mtu = wire.MTU_MIN
        self.out: list[bytes] = []
        self.ended: int | None = None
        self.phase = OPENING
        self.done = 0
        self.pulled_to = 0
        self._unit = unit
        self._in = wire.Assembler()
        self._cutter = wire.Cutter()
        self._deadline = ticks_add(now, HELLO_MS)
        self._handshake: Handshake | None = Handshake(unit)
        self._credential = wire.SETUP
        self._number = 0
        self._keys: SessionKeys | None = None
        self._prepared: tuple[settings.Settings, access_store.Granted | None] | None = None
        self._stream: Stream | None = None

    # Time and end.

    def deadline(self) -> int | None:
        """The tick at which `tick` has something to do, or None."""
        return None if self.ended is not None else self._deadline

    def is_open(self) -> bool:
        """Whether somebody has proved who they are, and it is not over."""
        return self.phase == OPEN

    def tick(self, now: int) -> None:
        """End a session that says nothing."""
        if self.ended is None and is_due(self._deadline, now):
            self.end(wire.IDLE)

    def end(self, reason: int) -> None:
        """Over, for this reason; the host is told as far as the link still carries it."""
        if self.ended is not None:
            return
        if reason not in (OK, wire.LINK_LOST):
            wait_s = self._unit.wait_s(self._handshake.credential) if self._handshake and reason == wire.WAIT else 0
            self._say(struct.pack(wire.ERROR_FORM, wire.ERROR, reason, wait_s))
        self.ended = reason
        self.phase = ENDED
        self._handshake = None
        self._keys = None
        self._stream = None
        self._prepared = None

    def _say(self, message: bytes) -> None:
        self.out += self._cutter.cut(message, self.mtu)

    # Frames.

    def receive(self, frame: "Bytes", now: int) -> None:
        """Take one frame that the host wrote."""
        if self.ended is not None:
            return
        try:
            message = self._in.add(frame)
            if message is not None:
                self._message(message, now)
        except WireError as error:
            self.end(error.reason)

    def _message(self, message: bytes, now: int) -> None:
        if self.phase == OPEN:
            self._serve(message, now)
        elif self._handshake is not None:
            self._open(self._handshake, self._handshake.hear(message, self.mtu), now)

    # Opening.

    def is_working(self) -> bool:
        """Whether `work` has something to do."""
        return self._handshake is not None and self._handshake.is_working()

    def work(self, now: int) -> bool:
        """Do a piece of long computing; whether there is more of it. Called at every turn of the loop."""
        handshake = self._handshake
        if handshake is None:
            return False
        try:
            self._open(handshake, handshake.work(self.mtu), now)
        except WireError as error:
            self.end(error.reason)
        return self.is_working()

    def _open(self, handshake: Handshake, answer: bytes | None, now: int) -> None:
        """Say what the handshake says, and begin when it is through."""
        if answer is not None:
            self._say(answer)
        if handshake.keys is None:
            return
        self._keys = handshake.keys
        self._credential, self._number = handshake.credential, handshake.number
        self._handshake = None
        self.phase = OPEN
        self._deadline = ticks_add(now, IDLE_MS)

    # An open session.

    def _serve(self, sealed: bytes, now: int) -> None:
        assert self._keys is not None
        message = self._keys.to_unit.open(sealed)
        if message is None:
            raise WireError(wire.BAD_SEAL)
        self._deadline = ticks_add(now, IDLE_MS)
        code, body = message[0], message[1:]
        operation = OPERATIONS.get(code)
        if operation is None:
            self._reply(code, wire.BAD_CODE)
        elif self._credential not in operation.credentials:
            self._reply(code, wire.NOT_ALLOWED)
        elif not operation.least <= len(body) <= operation.most:
            self._reply(code, wire.BAD_LENGTH)
        else:
            self._carry_out(code, body)

    def _carry_out(self, code: int, body: bytes) -> None:
        if code >= wire.UPDATE_BEGIN:
            reason, answer = self._unit.update(code, body)
        else:
            reason, answer = _HANDLERS[code](self, body)
        if reason == OK:
            self.done |= wire.done_bit(code)
        if code != wire.CREDIT or reason != OK:
            self._reply(code, reason, answer)
        if code == wire.END:
            self.end(OK)

    def _reply(self, code: int, reason: int, body: bytes = b"") -> None:
        assert self._keys is not None
        head = struct.pack(wire.REPLY_HEAD, (code | wire.REPLY_BIT) & 0xFF, reason)
        self._say(self._keys.to_host.seal(head + body))

    def _status(self, _: bytes) -> tuple[int, bytes]:
        return OK, self._unit.status()

    def _ping(self, _: bytes) -> tuple[int, bytes]:
        return OK, struct.pack(wire.PING_FORM, self._unit.uptime_ms())

    def _set_clock(self, body: bytes) -> tuple[int, bytes]:
        uptime_ms, utc_ms, uncertainty_ms = struct.unpack(wire.CLOCK_FORM, body)
        if self._credential == wire.TECHNICIAN and utc_ms > self._number * 1000:
            return wire.CLOCK_JUMP, b""  # after the end of their own credential
        reason = self._unit.set_clock(self._credential, uptime_ms, utc_ms, uncertainty_ms)
        return reason, struct.pack(wire.PING_FORM, self._unit.uptime_ms())

    def _prepare(self, body: bytes) -> tuple[int, bytes]:
        self._prepared = None
        length = struct.unpack_from(">H", body, 0)[0]
        stored, rest = body[2 : 2 + length], body[2 + length :]
        found = settings.decode(stored)
        if found is None or len(stored) != length or found.serial != self._unit.label.serial:
            return wire.BAD_SETTINGS, b""
        try:
            settings.encode(found)
        except SettingsError:
            return wire.BAD_SETTINGS, b""
        granted = None
        if self._credential == wire.SETUP:
            if len(rest) != struct.calcsize(wire.ACCESS_FORM):
                return wire.BAD_LENGTH, b""
            force, name, admin_key, root, seal_key = struct.unpack(wire.ACCESS_FORM, rest)
            keys = (admin_key, access_store.NO_KEY, 1, root, True)
            granted = access_store.Granted(access_store.Access(0, force, name, *keys), seal_key)
        elif rest:
            return wire.BAD_LENGTH, b""
        reason = self._unit.check(self._credential, found)
        if reason == OK:
            self._prepared = found, granted
        return reason, settings.digest(found)

    def _commit(self, body: bytes) -> tuple[int, bytes]:
        prepared, self._prepared = self._prepared, None
        if prepared is None or settings.digest(prepared[0]) != body:
            return wire.NOT_PREPARED, b""
        reason = self._unit.commit(self._credential, prepared[0], prepared[1])
        return reason, struct.pack(wire.COMMITTED_FORM, prepared[0].revision)

    def _ratchet(self, body: bytes) -> tuple[int, bytes]:
        held = self._unit.access
        assert held is not None and self._keys is not None
        if struct.unpack(wire.RATCHET_FORM, body)[0] != self._number:
            return wire.STALE, b""
        following = self._keys.next_admin_key
        if held.step == self._number + 1 and held.admin_key == following:
            return OK, struct.pack(wire.RATCHET_FORM, held.step)  # asked twice
        used = held.admin_key if held.step == self._number else held.admin_old
        # A step that a cut left behind is given up: the vault never used it, or it would have spoken under it.
        keys = (following, used, self._number + 1, held.technician_root, False)
        moved = access_store.Access(held.generation, held.force, held.name, *keys)
        return self._unit.ratchet(moved), struct.pack(wire.RATCHET_FORM, self._number + 1)

    def _assign(self, body: bytes) -> tuple[int, bytes]:
        partner, until_s, zero, officer = struct.unpack(wire.ASSIGN_FORM, body)
        if zero:
            return wire.BAD_ASSIGNMENT, b""
        return self._unit.assign(self._credential, partner, until_s, officer), b""

    def _mode(self, body: bytes) -> tuple[int, bytes]:
        return self._unit.set_mode(self._credential, *struct.unpack(wire.MODE_FORM, body)), b""

    def _identify(self, body: bytes) -> tuple[int, bytes]:
        seconds, how = struct.unpack(wire.IDENTIFY_FORM, body)
        if seconds > wire.IDENTIFY_MAX_S:
            return wire.BAD_MODE, b""
        return OK, bytes([self._unit.identify(seconds, how)])

    def _self_test(self, body: bytes) -> tuple[int, bytes]:
        return self._unit.self_test(self._credential, struct.unpack(wire.SELF_TEST_FORM, body)[0])

    def _place(self, body: bytes) -> tuple[int, bytes]:
        return self._unit.place(self._credential, *struct.unpack(wire.PLACE_FORM, body))

    def _end(self, _: bytes) -> tuple[int, bytes]:
        return OK, b""

    # Checkpoints.

    def _checkpoint(self, body: bytes) -> tuple[int, bytes]:
        seen, nonce = struct.unpack(wire.CHECKPOINT_FORM, body)
        taken = self._unit.checkpoint(self._credential, None if seen == wire.NO_INDEX else seen, nonce)
        return taken[0], struct.pack(wire.TAKEN_FORM, *taken[1:])

    def _signed(self, body: bytes) -> tuple[int, bytes]:
        reason, signed = self._unit.signed()
        at = struct.unpack(wire.SIGNED_FORM, body)[0]
        return reason, struct.pack(wire.SIGNED_FORM, len(signed)) + signed[at : at + wire.SIGNED_BYTES]

    def _key(self, _: bytes) -> tuple[int, bytes]:
        return OK, self._unit.key()

    def _make_key(self, body: bytes) -> tuple[int, bytes]:
        reason = self._unit.make_key(*struct.unpack(wire.MAKE_KEY_FORM, body))
        return reason, self._unit.key()

    # The journal's stream.

    def _pull(self, body: bytes) -> tuple[int, bytes]:
        sequence, credit = struct.unpack(wire.PULL_FORM, body)
        following, head = self._unit.end()
        try:
            cursor = self._unit.cursor(min(sequence, following))
        except OSError:
            return wire.FLASH_FAILED, b""
        assert self._keys is not None
        self._stream = Stream(cursor, following, min(credit, wire.CREDIT_MAX), self._keys.stream)
        return OK, struct.pack(wire.PULLED_FORM, cursor.sequence, following, cursor.chain, cursor.epoch, head)

    def _credit(self, body: bytes) -> tuple[int, bytes]:
        if self._stream is not None:
            self._stream.grant(struct.unpack(wire.CREDIT_FORM, body)[0])
        return OK, b""

    def _stop(self, _: bytes) -> tuple[int, bytes]:
        self._stream = None
        return OK, b""

    def prepare(self) -> bool:
        """While the stack is full: make ready a piece of what will be sent next, so that the link does not fall silent
        for it. Whether there is more to make."""
        return bool(self._streamed(Stream.prepare))

    def notification(self) -> bytes | None:
        """The next notification of STREAM (at most MTU - 3 bytes), or None while there is nothing to send."""
        sent: bytes | None = self._streamed(Stream.take, self.mtu - wire.ATT_OVERHEAD_BYTES)
        if self._stream is not None:
            self.pulled_to = max(self.pulled_to, self._stream.sent_to)
        return sent

    def _streamed(self, act: "Callable[..., Any]", *arguments: int) -> "Any":
        """What `act` of the stream gives; None without a stream, or where the flash fails: then the session ends."""
        if self._stream is None:
            return None
        try:
            return act(self._stream, *arguments)
        except OSError:
            self.end(wire.FLASH_FAILED)
            return None


_HANDLERS = {
    wire.STATUS: Session._status,
    wire.PING: Session._ping,
    wire.CLOCK_SET: Session._set_clock,
    wire.PULL: Session._pull,
    wire.CREDIT: Session._credit,
    wire.STOP: Session._stop,
    wire.END: Session._end,
    wire.ASSIGN: Session._assign,
    wire.MODE: Session._mode,
    wire.IDENTIFY: Session._identify,
    wire.SELF_TEST: Session._self_test,
    wire.PLACE: Session._place,
    wire.PREPARE: Session._prepare,
    wire.COMMIT: Session._commit,
    wire.RATCHET: Session._ratchet,
    wire.CHECKPOINT: Session._checkpoint,
    wire.SIGNED: Session._signed,
    wire.KEY: Session._key,
    wire.MAKE_KEY: Session._make_key,
}
