"""How a session is opened, the unit's end: HELLO, CHALLENGE, PROOF. Messages in, messages out, questions to the unit.

    hello -> (agreeing ->) proof -> proven

Whatever does not fit raises WireError, and the session ends. Agreeing is X25519, in pieces: `work`.
"""

import struct

from . import access, wire
from .crypto import same
from .secure import SessionKeys, transcript
from .wire import WireError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Served
    from .x25519 import Ladder

LADDER_STEPS = 8  # of X25519 in a turn of the loop
KEY_BYTES = 32  # of X25519, whose module only a set-up loads
_HELLO_BYTES = struct.calcsize(wire.HELLO_FORM)


class Handshake:
    """One connection's. `credential`, `person`, `number`: as HELLO claims; they are so once `keys` is there."""

    def __init__(self, unit: "Served") -> None:
        self.credential = wire.SETUP
        self.person = b""
        self.number = 0
        self.keys: SessionKeys | None = None
        self._unit = unit
        self._hello = b""
        self._challenge = b""  # nothing was agreed on before it was sent
        self._secret = b""
        self._ladder: Ladder | None = None
        self._scalar = b""
        self._proof: bytes | None = None  # came before the shared secret was computed

    def hear(self, message: bytes, mtu: int) -> bytes | None:
        """Take a message; the answer, if it is due now."""
        if not self._hello:
            return self._greet(message, mtu)
        if not self._challenge or self._proof is not None:
            raise WireError(wire.BAD_ORDER)
        if len(message) != struct.calcsize(wire.PROOF_FORM) or message[0] != wire.PROOF:
            raise WireError(wire.BAD_ORDER)
        self._proof = message
        return None if self._ladder is not None else self._prove(message)

    def _greet(self, message: bytes, mtu: int) -> bytes | None:
        if message[0] != wire.HELLO:
            raise WireError(wire.BAD_ORDER)
        if len(message) < 2 or message[1] != wire.VERSION:
            raise WireError(wire.BAD_VERSION)
        if len(message) not in (_HELLO_BYTES, _HELLO_BYTES + KEY_BYTES):
            raise WireError(wire.BAD_LENGTH)
        _, _, self.credential, self.person, self.number, _ = struct.unpack_from(wire.HELLO_FORM, message, 0)
        if (len(message) > _HELLO_BYTES) != (self.credential == wire.SETUP):
            raise WireError(wire.BAD_LENGTH)
        if self._unit.wait_s(self.credential):
            raise WireError(wire.WAIT)
        secret = self._find_secret()
        if secret is None:
            raise WireError(wire.NO_CREDENTIAL)
        self._hello, self._secret = message, secret
        if self.credential != wire.SETUP:
            return self._challenge_host(mtu, b"")
        self._scalar = self._unit.entropy(KEY_BYTES)
        from .x25519 import BASE  # a unit is set up once, and pulled every day

        self._climb(BASE)
        return None

    def _climb(self, point: bytes) -> None:
        from .x25519 import Ladder  # as above

        self._ladder = Ladder(self._scalar, point)

    def _find_secret(self) -> bytes | None:
        """The secret behind the credential, or None: this unit does not know it."""
        held = self._unit.access
        if self.credential == wire.SETUP:
            secret: bytes = self._unit.label.secret
            return secret if secret and (held is None or held.label_open) else None
        if held is None:
            return None
        if self.credential == wire.TECHNICIAN:
            if self.number * 1000 < self._unit.utc_ms():
                self._unit.refused(self.credential, wire.EXPIRED)
                raise WireError(wire.EXPIRED)
            return access.technician_key(held.technician_root, self.person, self.number)
        if self.credential != wire.ADMIN:
            return None
        key: bytes | None = None
        if self.number == held.step:
            key = held.admin_key
        elif self.number == held.step - 1 and held.admin_old != access.NO_KEY:
            key = held.admin_old
        return key

    def _challenge_host(self, mtu: int, public: bytes) -> bytes:
        unit = self._unit
        head = (wire.HELLO | wire.REPLY_BIT, wire.VERSION, unit.label.serial, unit.entropy(wire.NONCE_BYTES), mtu)
        self._challenge = struct.pack(wire.CHALLENGE_FORM, *head) + public
        return self._challenge

    def is_working(self) -> bool:
        """Whether `work` has something to do."""
        return self._ladder is not None

    def work(self, mtu: int) -> bytes | None:
        """Do a piece of long computing; the message that is due after it, if any."""
        if self._ladder is None or not self._ladder.step(LADDER_STEPS):
            return None
        result = self._ladder.result
        assert result is not None
        self._ladder = None
        if not self._challenge:
            # While the host answers, its half: the shared secret.
            self._climb(self._hello[_HELLO_BYTES:])
            return self._challenge_host(mtu, result)
        if result == bytes(KEY_BYTES):
            # A point of small order: the secret would be no secret (RFC 7748, 6.1).
            self._unit.refused(self.credential, wire.BAD_PROOF)
            raise WireError(wire.BAD_PROOF)
        self._secret += result
        self._scalar = b""
        return None if self._proof is None else self._prove(self._proof)

    def _prove(self, message: bytes) -> bytes:
        keys = SessionKeys(self._secret, transcript(self._hello, self._challenge))
        self._secret = b""
        if not same(message[1:], keys.host_proof()):
            self._unit.refused(self.credential, wire.BAD_PROOF)
            raise WireError(wire.BAD_PROOF)
        self.keys = keys
        self._unit.opened(self.credential, self.person, self.number)
        return struct.pack(wire.PROOF_FORM, wire.PROOF | wire.REPLY_BIT, keys.unit_proof())
