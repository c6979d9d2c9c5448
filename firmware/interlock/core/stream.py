"""The journal's stream to the host: whole records in sealed chunks, cut into notifications. Bytes: `wire.py`.

Chunks are made piece by piece, so that the loop goes on turning and the link does not fall silent meanwhile.
"""

import struct

from . import wire
from .layout import RECORD_MAX, UNKNOWN

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .reading import Cursor
    from .secure import Sealer, Sealing

# A piece of the next chunk: a turn of the loop does one.
RECORDS_A_PIECE = 3
BLOCKS_A_PIECE = 2


class Stream:
    """Records from `cursor` up to the sequence `limit`, in sealed chunks, as far as the credit goes.

    It ends early, with an empty chunk, where the ring has eaten what would come next, before a hole, and where the
    chain value is known again behind one: the host pulls again from there."""

    def __init__(self, cursor: "Cursor", limit: int, credit: int, sealer: "Sealer") -> None:
        self.sent_to = cursor.sequence
        self._cursor = cursor
        self._limit = limit
        self._credit = credit
        self._sealer = sealer
        self._count = 0
        self._is_cut = False
        self._is_lost = cursor.chain == UNKNOWN
        self._is_restated = False  # a new sector states the chain value that was lost
        self._ready = b""  # cut into notifications from `_at` on
        self._at = 0
        # The chunk after it, while it is made: its records, then its sealing; and the sequence behind it.
        self._first = cursor.sequence
        self._parts: list[bytes] = []
        self._size = 0
        self._sealing: Sealing | None = None
        self._next = self._made_to = cursor.sequence

    def grant(self, chunks: int) -> None:
        """The host has stored so many more."""
        self._credit = min(self._credit + chunks, wire.CREDIT_MAX)

    def take(self, room: int) -> bytes | None:
        """The next notification, filled up with the next chunk where there is one."""
        if len(self._ready) - self._at < room - 1:
            while self.prepare():
                pass
            if self._sealing is not None and self._sealing.result is not None:
                sealed, self._sealing = self._sealing.result, None
                self._ready = self._ready[self._at :] + struct.pack(wire.CHUNK_LENGTH, len(sealed)) + sealed
                self._at = 0
                self.sent_to = self._made_to
        if self._at == len(self._ready):
            return None
        part = self._ready[self._at : self._at + room - 1]
        self._at += len(part)
        sent = bytes([self._count]) + part
        self._count = (self._count + 1) & 0xFF
        return sent

    def prepare(self) -> bool:
        """Do a piece of the next chunk: some records, or some blocks of its seal. Whether there is more of it."""
        if self._sealing is not None:
            if self._sealing.result is None:
                self._sealing.step(BLOCKS_A_PIECE)
            return self._sealing.result is None
        if not self._credit:
            return False
        for _ in range(RECORDS_A_PIECE):
            record = None
            if self._next < self._limit and self._size < wire.CHUNK_BYTES - RECORD_MAX and not self._is_restated:
                record = self._cursor.take_raw()
                self._is_restated = self._is_lost and self._cursor.chain != UNKNOWN
            if record is None or self._is_restated:
                return self._close()
            self._next = record.sequence + 1
            self._parts.append(record.raw)
            self._size += len(record.raw)
        return True

    def _close(self) -> bool:
        """The chunk is full, or there is nothing more: begin to seal it, if there is anything in it to say."""
        if not self._parts and (self._next >= self._limit or self._is_cut):
            return False
        self._is_cut = not self._parts
        plain = struct.pack(wire.CHUNK_HEAD, self._first) + b"".join(self._parts)
        self._sealing = self._sealer.begin(plain)
        self._first = self._made_to = self._next
        self._parts = []
        self._size = 0
        self._credit -= 1
        return True
