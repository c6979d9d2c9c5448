"""The journal's stream at the host: notifications in, verified chunks of records out, nothing unbounded in between.

A notification lost or a seal that does not fit ends the pull as a lost link does: what comes after cannot be opened,
so the caller connects again and goes on. What is sealed well and yet breaks the rules is not believed (`Untrue`).
Records that do not lead to the end of the hash chain that the unit states are evidence: they are handed on, and
`Pull.is_broken` says so at the end.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from interlock.core import records, wire
from interlock.core.layout import UNKNOWN, Record, chain_next, decode
from interlock.core.secure import TAG_BYTES as SEAL_BYTES
from interlock.core.secure import Sealer

from .inbox import LinkLost
from .refused import Untrue

SEALED_MAX = wire.CHUNK_BYTES + SEAL_BYTES
_HEAD_BYTES = struct.calcsize(wire.CHUNK_HEAD)
_LENGTH_BYTES = struct.calcsize(wire.CHUNK_LENGTH)
CHUNK_S = 60.0  # 1 KiB at MTU 23 over a slow link takes some seconds
RECORDS_MAX = 1_000_000  # of one pull: many times what any unit's flash holds


@dataclass(frozen=True)
class Chunk:
    """Records in unbroken sequence. `first`: sequence of the first; `chain`: chain value before it, UNKNOWN behind a
    hole in the unit's flash; `epoch`: of its seal; `raws`: their bytes as stored by the unit."""

    first: int
    chain: bytes
    epoch: int
    raws: tuple[bytes, ...]


class Pull:
    """One PULL. `first`: sequence of the first record that comes; `following`: sequence after the last; `chain`:
    chain value before `first`, UNKNOWN behind a hole; `epoch`: of the seal there; `end`: chain value at `following`, as
    stated; `next`: sequence of the next chunk; `head`: chain value there; `broke_off`: what would have come next is
    not there, or its chain value has to be stated anew: pull again from `next`.

    `notification`: gives the next one of STREAM; `here`: the next one that is here already, or None; `credit`: grants
    more chunks."""

    def __init__(
        self,
        pulled: tuple[int, int, bytes, int, bytes],
        opener: Sealer,
        notification: Callable[[], Awaitable[bytes]],
        here: Callable[[], bytes | None],
        credit: Callable[[int], Awaitable[None]],
    ) -> None:
        self.first, self.following, self.chain, self.epoch, self.end = pulled
        if self.first > self.following or self.following - self.first > RECORDS_MAX:
            raise Untrue(f"it announces records {self.first} to {self.following}")
        self.next = self.first
        self._epoch = self.epoch
        self.head = self.chain
        self.broke_off = False
        self._opener = opener
        self._notification = notification
        self._here = here
        self._credit = credit
        self._count = 0
        self._buffer = bytearray()
        self._waiting: deque[bytes] = deque()  # notifications taken from the inbox, not looked at yet
        self._failure: LinkLost | Untrue | None = None

    @property
    def is_broken(self) -> bool:
        """Whether all came, and does not lead to the end that the unit states."""
        return self.next == self.following and UNKNOWN not in (self.head, self.end) and self.head != self.end

    async def grant(self, chunks: int) -> None:
        """So many more chunks are safely stored: the unit may send as many more."""
        if self.next < self.following and not self.broke_off:
            await self._credit(chunks)

    async def chunks(self) -> tuple[Chunk, ...]:
        """The next chunk, and those that came whole behind it meanwhile, so that they can be stored at once (a disk's
        sync takes longer than a chunk's way through the air). Empty where `chunk` gives None."""
        if self._failure is not None:
            raise self._failure
        found: list[Chunk] = []
        chunk = await self.chunk()
        while chunk is not None:
            found.append(chunk)
            if not self._is_whole():
                break
            try:
                chunk = await self.chunk()
            except (LinkLost, Untrue) as failure:
                self._failure = failure  # what came before it is sound, and comes first
                break
        return tuple(found)

    def _is_whole(self) -> bool:
        """Whether the next chunk is here already."""
        while (frame := self._here()) is not None:
            self._waiting.append(frame)
        size = len(self._buffer) + sum(len(frame) - 1 for frame in self._waiting)
        head = bytes(self._buffer[:_LENGTH_BYTES]) + b"".join(frame[1:3] for frame in self._waiting)
        if len(head) < _LENGTH_BYTES:
            return False
        return size >= _LENGTH_BYTES + int(struct.unpack_from(wire.CHUNK_LENGTH, head)[0])

    async def chunk(self) -> Chunk | None:
        """The next chunk, or None when all has come, or the stream broke off."""
        if self.next == self.following or self.broke_off:
            return None
        try:
            async with asyncio.timeout(CHUNK_S):
                sealed = await self._sealed()
        except TimeoutError:
            raise LinkLost(f"a part of the journal did not come whole within {CHUNK_S:g} s") from None
        plain = self._opener.open(sealed)
        if plain is None:
            raise LinkLost("the journal's stream was disturbed on the air (a seal does not fit)")
        if len(plain) < _HEAD_BYTES:
            raise Untrue("a chunk of its journal has no head")
        first = struct.unpack_from(wire.CHUNK_HEAD, plain)[0]
        if first != self.next:
            raise Untrue(f"its journal's stream jumps from record {self.next} to {first}")
        if len(plain) == _HEAD_BYTES:
            self.broke_off = True
            return None
        return self._split(plain)

    async def _sealed(self) -> bytes:
        """The next whole sealed chunk, out of one or more notifications."""
        while True:
            if len(self._buffer) >= _LENGTH_BYTES:
                length = struct.unpack_from(wire.CHUNK_LENGTH, self._buffer)[0]
                if not SEAL_BYTES < length <= SEALED_MAX:
                    raise LinkLost(f"the journal's stream was disturbed on the air (a chunk of {length} bytes)")
                if len(self._buffer) >= _LENGTH_BYTES + length:
                    sealed = bytes(self._buffer[_LENGTH_BYTES : _LENGTH_BYTES + length])
                    del self._buffer[: _LENGTH_BYTES + length]
                    return sealed
            frame = self._waiting.popleft() if self._waiting else await self._notification()
            if len(frame) < 2 or frame[0] != self._count:
                raise LinkLost("a part of the journal's stream was lost on the air")
            self._count = (self._count + 1) & 0xFF
            self._buffer += frame[1:]

    def _split(self, plain: bytes) -> Chunk:
        """The records in a chunk; moves `next` and `head` on."""
        first, chain, epoch, head = self.next, self.head, self._epoch, self.head
        raws: list[bytes] = []
        offset = _HEAD_BYTES
        while offset < len(plain):
            record = decode(plain, offset)
            if record is None or record.sequence != first + len(raws) or record.sequence >= self.following:
                raise Untrue(f"what it sends as record {first + len(raws)} is none")
            head = head if head == UNKNOWN else chain_next(head, record.chained)
            self._epoch = epoch_behind(record, self._epoch)
            raws.append(record.raw)
            offset += len(record.raw)
        self.next = first + len(raws)
        self.head = head
        return Chunk(first, chain, epoch, tuple(raws))


def epoch_behind(record: Record, epoch: int) -> int:
    """The seal's epoch of the record that follows this one, which is of `epoch` itself."""
    begins = record.fields() if record.kind == records.SEAL else None
    return epoch if begins is None else int(begins.epoch)
