"""The session's keys and seals: HMAC-SHA256 alone, since that is all that every port has.

Encrypt-then-MAC, keystream by HMAC in counter mode, one key pair for each direction and one for the journal's stream.
Sealed messages carry no number: both sides count, so one that is lost, doubled, swapped or sent back fails.
"""

import hashlib
import struct

from .crypto import Hmac, hkdf, same
from .wire import PROOF_BYTES

TAG_BYTES = 16
_LABEL = b"interlock session 1"
BLOCK_BYTES = 32


def transcript(hello: bytes, challenge: bytes) -> bytes:
    """32 bytes that stand for all that was said before the proofs."""
    whole: bytes = hashlib.sha256(_LABEL + struct.pack(">H", len(hello)) + hello + challenge).digest()
    return whole


class Sealer:
    """One direction: `enc` and `mac` are its 32-byte keys. Either end uses only one of `seal` and `open` of it."""

    def __init__(self, enc: bytes, mac: bytes) -> None:
        self._enc = Hmac(enc)
        self._mac = Hmac(mac)
        self._count = 0

    def seal(self, plain: bytes) -> bytes:
        """The sealed form of the next message: as long, and TAG_BYTES."""
        sealing = self.begin(plain)
        while sealing.result is None:
            sealing.step(len(plain) // BLOCK_BYTES + 1)
        return sealing.result

    def begin(self, plain: bytes) -> "Sealing":
        """Seal the next message in small steps."""
        count = struct.pack(">Q", self._count)
        self._count += 1
        return Sealing(self._enc, self._mac, count, plain)

    def open(self, sealed: bytes) -> bytes | None:
        """The next message, or None: altered, forged, not the next, or too short."""
        if len(sealed) <= TAG_BYTES:
            return None
        count = struct.pack(">Q", self._count)
        hidden = sealed[:-TAG_BYTES]
        if not same(self._mac.digest(count + hidden)[:TAG_BYTES], sealed[-TAG_BYTES:]):
            return None
        self._count += 1
        blocks = (len(hidden) + BLOCK_BYTES - 1) // BLOCK_BYTES
        return _mixed(hidden, b"".join([_block(self._enc, count, i) for i in range(blocks)]))


def _block(enc: Hmac, count: bytes, i: int) -> bytes:
    """Block i of a message's keystream (32 bytes)."""
    return enc.digest(count + struct.pack(">H", i))


def _mixed(data: bytes, stream: bytes) -> bytes:
    # As two big numbers: on a board that is some hundred times faster than byte by byte.
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[: len(data)], "big")
    return mixed.to_bytes(len(data), "big")


class Sealing:
    """One message on its way to being sealed: `step(n)` does n blocks of 32 bytes; `result` holds it at the end. So a
    unit can go on feeding its link and watching its weapon meanwhile."""

    def __init__(self, enc: Hmac, mac: Hmac, count: bytes, plain: bytes) -> None:
        self.result: bytes | None = None
        self._enc = enc
        self._mac = mac
        self._count = count
        self._plain = plain
        self._stream: list[bytes] = []

    def step(self, blocks: int) -> None:
        """Go on by so many blocks."""
        wanted = (len(self._plain) + BLOCK_BYTES - 1) // BLOCK_BYTES
        while blocks > 0 and len(self._stream) < wanted:
            self._stream.append(_block(self._enc, self._count, len(self._stream)))
            blocks -= 1
        if len(self._stream) == wanted and self.result is None:
            hidden = _mixed(self._plain, b"".join(self._stream))
            self.result = hidden + self._mac.digest(self._count + hidden)[:TAG_BYTES]


class SessionKeys:
    """All keys of one session, from the shared `secret` and the transcript."""

    def __init__(self, secret: bytes, said: bytes) -> None:
        keys = hkdf(secret, said, _LABEL, 8 * 32)
        parts = [keys[i : i + 32] for i in range(0, 8 * 32, 32)]
        self._auth = Hmac(parts[0])
        self._said = said
        self.to_unit = Sealer(parts[1], parts[2])
        self.to_host = Sealer(parts[3], parts[4])
        self.stream = Sealer(parts[5], parts[6])
        # The admin key of the next step: it tells nothing of this one.
        self.next_admin_key = parts[7]

    def host_proof(self) -> bytes:
        """The tag by which the host shows that it knows the secret."""
        return self._auth.digest(b"host" + self._said)[:PROOF_BYTES]

    def unit_proof(self) -> bytes:
        """The same for the unit."""
        return self._auth.digest(b"unit" + self._said)[:PROOF_BYTES]
