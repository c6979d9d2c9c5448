"""Journal files of any length for the verifier's rows, written as fast as can be: uses, and a change of the seal's key
after each. Bytes: `firmware/JOURNAL.md`; the host's own verifier says whether they are right.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from host_tools.journal_items import Footer, Header
from interlock.core import records
from interlock.core.layout import CRC_BYTES, HEAD, chain_start
from interlock.core.seal import ERA_SHIFT, KEY_BYTES, OPEN_KEY, TAG_BYTES, next_key

from .workload import APART_MS, USE

FIRST_KEY = bytes(range(KEY_BYTES))
FIRST_EPOCH = 1 << ERA_SHIFT
ROLE = 1


def serial(unit: int) -> bytes:
    """Of the unit with this number below 1000."""
    return b"BENCH%03d" % unit


class Pen:
    """Writes a unit's records as its firmware stores them. `chain`: the chain value behind the last one; `key` and
    `epoch`: of the seal; `following`: number of the next record."""

    def __init__(self, serial: bytes, first_key: bytes) -> None:
        self.chain = chain_start(serial)
        self.key, self.epoch = OPEN_KEY, 0
        self.following = 0
        self._next = first_key, FIRST_EPOCH
        self._tag = _tagger(self.key)

    def record(self, boot: int, uptime_ms: int, kind: int, payload: bytes) -> bytes:
        """The bytes of the next one."""
        time_parts = uptime_ms >> 24 & 0xFFFF, uptime_ms >> 8 & 0xFFFF, uptime_ms & 0xFF
        body = struct.pack(HEAD, len(payload), kind, self.following, boot, *time_parts) + payload
        chained = body + self._tag(self.chain + body)
        self.chain = hashlib.sha256(self.chain + chained).digest()
        self.following += 1
        return chained + struct.pack(">I", crc32(chained))

    def change(self, boot: int, uptime_ms: int) -> bytes:
        """The record with which the seal goes on to its next key; the first one gives the vault's."""
        key, epoch = self._next
        raw = self.record(boot, uptime_ms, records.SEAL, records.pack(records.SEAL, epoch))
        self.key, self.epoch = key, epoch
        self._next = next_key(key), epoch + 1
        self._tag = _tagger(key)
        return raw


def raws(count: int, unit: int = 1) -> Iterator[bytes]:
    """So many records of a unit, from number 0 on, as they are stored. The first one gives the vault's key; the others
    are uses, and a change of the key after each."""
    pen = Pen(serial(unit), FIRST_KEY)
    for sequence in range(count):
        use, step = divmod(sequence - 1, len(USE) + 1)
        began_ms = max(use, 0) * APART_MS
        if step == len(USE):
            yield pen.change(1, began_ms + APART_MS // 2)
        else:
            after_ms, (kind, payload) = USE[step]
            yield pen.record(1, began_ms + after_ms, kind, payload)


def _tagger(key: bytes):  # type: ignore[no-untyped-def]
    """A function from a message to its tag under `key`: HMAC with the padded key hashed once."""
    padded = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded))
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded))

    def tag(message: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(message)
        around.update(within.digest())
        return around.digest()[:TAG_BYTES]

    return tag


def write(path: Path, count: int, unit: int = 1) -> None:
    """A whole journal file of so many records, with little memory."""
    chain = chain_start(serial(unit))
    header = Header(ROLE, unit, serial(unit), 0, chain, 0).pack()
    with path.open("wb") as file:
        file.write(header)
        crc = crc32(header)
        for raw in raws(count, unit):
            file.write(raw)
            crc = crc32(raw, crc)
            chain = hashlib.sha256(chain + raw[:-CRC_BYTES]).digest()
        footer = Footer(count, chain).pack(b"")[:-CRC_BYTES]
        file.write(footer + struct.pack(">I", crc32(footer, crc)))
