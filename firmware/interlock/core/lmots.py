"""One-time signatures: LM-OTS of RFC 8554, §4, with SHA-256 and n = 32. A one-time key pair signs one message, once.

Everything long is done in slices (`step`), so that a unit goes on turning its loop and feeding its watchdog. Trees of
such keys are in `lms.py`.
"""

import hashlib
import struct
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .needs import Bytes

HASH_BYTES = 32
IDENTIFIER_BYTES = 16

# Winternitz width in bits, number of hash chains, shift of the checksum: RFC 8554, table 1.
Ots = namedtuple("Ots", ("width", "chains", "shift"))
TYPES = {1: Ots(1, 265, 7), 2: Ots(2, 133, 6), 3: Ots(4, 67, 4), 4: Ots(8, 34, 0)}

_MESSAGE = b"\x81\x81"
_PUBLIC = b"\x80\x80"
_RANDOMIZER = 0xFFFD  # the place of a chain number where none can be

# What each link of a chain hashes, 55 bytes: one block of SHA-256.
_CHAIN = 20  # offset of the chain's number, after identifier and q
_LINK = 22
_VALUE = 23


def signature_bytes(ots_type: int) -> int:
    """Length of a one-time signature of that type."""
    chains: int = TYPES[ots_type].chains
    return 4 + HASH_BYTES + chains * HASH_BYTES


def digits(ots_type: int, hashed: bytes) -> bytes:
    """How far to go on each chain for a message hash: its digits of `width` bits, then its checksum's (§4.4)."""
    width, chains, shift = TYPES[ots_type]
    top = (1 << width) - 1
    each = 8 // width
    found = bytearray(chains)
    checksum = 0
    for i in range(HASH_BYTES * each):
        found[i] = hashed[i // each] >> (8 - width - i % each * width) & top
        checksum += top - found[i]
    tail = struct.pack(">H", checksum << shift)
    for i in range(HASH_BYTES * each, chains):
        at = i - HASH_BYTES * each
        found[i] = tail[at // each] >> (8 - width - at % each * width) & top
    return bytes(found)


def _hashed(identifier: bytes, q: int, randomizer: bytes, message: "Bytes") -> bytes:
    sha = hashlib.sha256(identifier + struct.pack(">I", q) + _MESSAGE + randomizer)
    sha.update(message)  # apart: a release's manifest is too long to be copied on a small heap
    value: bytes = sha.digest()
    return value


def randomizer(identifier: bytes, q: int, seed: bytes) -> bytes:
    """C of a signature, made from the leaf's own seed as appendix A makes the private key."""
    value: bytes = hashlib.sha256(identifier + struct.pack(">IHB", q, _RANDOMIZER, 0xFF) + seed).digest()
    return value


def _climb(buffer: bytearray, value: memoryview, first: int, end: int) -> None:
    """Links `first` to `end` of one chain, in place. A key of height 10 goes through here 1.1 million times."""
    sha256 = hashlib.sha256
    for link in range(first, end):
        buffer[_LINK] = link
        value[:] = sha256(buffer).digest()


class Chains:
    """The hash chains of leaf `q` of the tree `identifier` (16 bytes), one after the other, a slice at a time.

    Who inherits says where a chain begins (`_begin` puts that value into the buffer and gives the links to do) and
    where its end goes (`_finish`)."""

    def __init__(self, ots_type: int, identifier: bytes, q: int) -> None:
        self._ots = TYPES[ots_type]
        self._last = (1 << self._ots.width) - 1
        self._buffer = bytearray(identifier + struct.pack(">IHB", q, 0, 0) + bytes(HASH_BYTES))
        self._value = memoryview(self._buffer)[_VALUE:]
        self._chain = 0
        self._link = self._end = 0
        self._begun = False

    def _begin(self, chain: int) -> tuple[int, int]:
        raise NotImplementedError

    def _finish(self, value: "Bytes") -> None:
        raise NotImplementedError

    def step(self, hashes: int) -> bool:
        """Go on by about as many hashes; whether all is done."""
        while hashes > 0 and self._chain < self._ots.chains:
            if not self._begun:
                self._buffer[_CHAIN] = self._chain >> 8
                self._buffer[_CHAIN + 1] = self._chain & 0xFF
                self._link, self._end = self._begin(self._chain)
                self._begun = True
                hashes -= 1
            end = min(self._link + hashes, self._end)
            _climb(self._buffer, self._value, self._link, end)
            hashes -= end - self._link
            self._link = end
            if end == self._end:
                self._finish(self._value)
                self._chain += 1
                self._begun = False
        return bool(self._chain == self._ots.chains)

    def _from_seed(self, seed: bytes) -> None:
        """The secret that begins this chain (appendix A) into the buffer."""
        self._buffer[_LINK] = 0xFF
        self._value[:] = seed
        self._value[:] = hashlib.sha256(self._buffer).digest()


class Leaf(Chains):
    """The one-time public key of leaf `q`, whose private key grows from `seed` (32 bytes; appendix A). `public`: 32
    bytes once `step` says so."""

    def __init__(self, ots_type: int, identifier: bytes, q: int, seed: bytes) -> None:
        Chains.__init__(self, ots_type, identifier, q)
        self._seed = seed
        self._sum = hashlib.sha256(identifier + struct.pack(">I", q) + _PUBLIC)
        self.public: bytes | None = None

    def step(self, hashes: int) -> bool:
        if self.public is None and Chains.step(self, hashes):
            self.public = self._sum.digest()
        return self.public is not None

    def _begin(self, chain: int) -> tuple[int, int]:
        self._from_seed(self._seed)
        return 0, self._last

    def _finish(self, value: "Bytes") -> None:
        self._sum.update(value)


class OneTime(Chains):
    """The signature of `message` by leaf `q`: `emit` is given its bytes, piece by piece and in order."""

    def __init__(
        self,
        ots_type: int,
        identifier: bytes,
        q: int,
        seed: bytes,
        randomizer: bytes,
        message: bytes,
        emit: "Callable[[bytes], object]",
    ) -> None:
        Chains.__init__(self, ots_type, identifier, q)
        self._seed = seed
        self._digits = digits(ots_type, _hashed(identifier, q, randomizer, message))
        self._emit = emit
        emit(struct.pack(">I", ots_type) + randomizer)

    def _begin(self, chain: int) -> tuple[int, int]:
        self._from_seed(self._seed)
        return 0, self._digits[chain]

    def _finish(self, value: "Bytes") -> None:
        self._emit(bytes(value))


class Candidate(Chains):
    """The public key under which `signature` (of the type's length) would be right (algorithm 4b): the digest of `sum`
    once `step` says so."""

    def __init__(self, ots_type: int, identifier: bytes, q: int, message: "Bytes", signature: bytes) -> None:
        Chains.__init__(self, ots_type, identifier, q)
        self._signature = signature
        self._digits = digits(ots_type, _hashed(identifier, q, signature[4 : 4 + HASH_BYTES], message))
        self.sum = hashlib.sha256(identifier + struct.pack(">I", q) + _PUBLIC)

    def _begin(self, chain: int) -> tuple[int, int]:
        at = 4 + HASH_BYTES + chain * HASH_BYTES
        self._value[:] = self._signature[at : at + HASH_BYTES]
        return self._digits[chain], self._last

    def _finish(self, value: "Bytes") -> None:
        self.sum.update(value)
