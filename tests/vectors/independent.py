"""An independent reader of journals, written from `firmware/JOURNAL.md` alone: standard library, nothing of ours.

It shows that the text suffices, and it holds the text to the code (`test_document*.py`, `test_independent.py`). It is
not the host tool and takes no part in the product. Here: records and files. `independent_seal.py`: keys and tags;
`independent_lms.py`: signatures; `independent_flash.py`: raw flash. Frames have the same in `independent_frames.py`.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from .independent_lms import index_of
from .independent_seal import OPEN_KEY, Seal, Statement, may_follow, read_statement, tag_of

RECORD_HEAD = struct.Struct(">BBIHBI")
RECORD_OVERHEAD = 23
PAYLOAD_MAX = 64
CONFIG_RECORD = 5
SEAL_RECORD = 12

ILJ_HEADER = struct.Struct(">4sBBH8sI32sII")
ILJ_BREAK = struct.Struct(">4sI32sII")
ILJ_CHECKPOINT = struct.Struct(">4sHHHH")
ILJ_FOOTER = struct.Struct(">4sI32sI")
BREAK_MAGIC, CHECKPOINT_MAGIC, FOOTER_MAGIC = b"\xfd\x00IG", b"\xfc\x00IC", b"\xfe\x00IF"
NO_CHAIN = bytes(32)


@dataclass(frozen=True)
class Record:
    """One record; `raw` as stored, without padding; `body`: head and payload."""

    kind: int
    sequence: int
    boot: int
    uptime_ms: int
    payload: bytes
    tag: bytes
    body: bytes
    raw: bytes


@dataclass(frozen=True)
class Break:
    """A place in a file where records are missing. `chain`: before record `first`, None for unknown."""

    first: int
    chain: bytes | None
    epoch: int

    @property
    def raw(self) -> bytes:
        return with_crc(ILJ_BREAK.pack(BREAK_MAGIC, self.first, self.chain or NO_CHAIN, self.epoch, 0)[:-4])


@dataclass(frozen=True)
class Checkpoint:
    """Of a file: `message` as signed, `signature` and `public` as in RFC 8554."""

    message: bytes
    signature: bytes
    public: bytes

    @property
    def raw(self) -> bytes:
        parts = (self.message, self.signature, self.public)
        return with_crc(ILJ_CHECKPOINT.pack(CHECKPOINT_MAGIC, *map(len, parts), 0) + b"".join(parts))


Item = Record | Break | Checkpoint


@dataclass(frozen=True)
class Verdict:
    """Of a file: intact as far as it was checked, or the offset of the first failure and its reason.

    `unchained`: records with no known chain value before them. `signed`: (index, following) of checkpoints that fit.
    """

    intact: bool
    where: int | None
    reason: str
    breaks: int = 0
    unchained: int = 0
    signed: tuple[tuple[int, int], ...] = ()


def with_crc(data: bytes) -> bytes:
    return data + struct.pack(">I", zlib.crc32(data))


def _known(chain: bytes) -> bytes | None:
    return None if chain == NO_CHAIN else chain


def crc_fits(data: bytes) -> bool:
    return len(data) >= 4 and with_crc(data[:-4]) == data


def is_of_service(record: Record) -> bool:
    """Whether only a unit that was set up makes such a record."""
    return record.kind >= 16 or (record.kind == CONFIG_RECORD and record.payload[:4] != bytes(4))


def chain_start(serial: bytes) -> bytes:
    return sha256(b"interlock journal 2" + serial).digest()


def chain_next(chain: bytes, record: Record) -> bytes:
    return sha256(chain + record.body + record.tag).digest()


def write_record(
    kind: int, sequence: int, boot: int, uptime_ms: int, payload: bytes, chain: bytes, key: bytes = OPEN_KEY
) -> tuple[Record, bytes]:
    """(the record, the chain value after it)."""
    body = RECORD_HEAD.pack(len(payload), kind, sequence, boot, uptime_ms >> 32, uptime_ms & 0xFFFFFFFF) + payload
    record = record_at(with_crc(body + tag_of(key, chain, body)), 0)
    assert record is not None
    return record, chain_next(chain, record)


def record_at(data: bytes, offset: int) -> Record | None:
    """The record that begins at `offset`, or None when its length or its CRC says that none does."""
    if offset >= len(data) or data[offset] > PAYLOAD_MAX:
        return None
    end = offset + RECORD_OVERHEAD + data[offset]
    raw = data[offset:end]
    if len(raw) < end - offset or not crc_fits(raw):
        return None
    _, kind, sequence, boot, high, low = RECORD_HEAD.unpack_from(raw)
    body, tag = raw[:-10], raw[-10:-4]
    return Record(kind, sequence, boot, high << 32 | low, body[RECORD_HEAD.size :], tag, body, raw)


def write_ilj(
    role: int, unit: int, serial: bytes, first: int, chain: bytes | None, items: Sequence[Item], epoch: int = 0
) -> bytes:
    """A journal file. `first`, `chain` and `epoch` are of its first record."""
    data = with_crc(ILJ_HEADER.pack(b"ILJF", 2, role, unit, serial, first, chain or NO_CHAIN, epoch, 0)[:-4])
    known = chain
    for item in items:
        data += item.raw
        if isinstance(item, Break):
            known = item.chain
        elif isinstance(item, Record) and known is not None:
            known = chain_next(known, item)
    count = sum(isinstance(item, Record) for item in items)
    return with_crc(data + ILJ_FOOTER.pack(FOOTER_MAGIC, count, known or NO_CHAIN, 0)[:-4])


class BadFile(Exception):
    """(offset, reason)."""


def items_of(data: bytes) -> Iterator[tuple[int, Item]]:
    """(offset, item) of each item of a file, up to its footer; BadFile for what is none."""
    offset = ILJ_HEADER.size
    while offset < len(data) and data[offset] != FOOTER_MAGIC[0]:
        item = _item_at(data, offset)
        yield offset, item
        offset += len(item.raw)


def _item_at(data: bytes, offset: int) -> Item:
    if data[offset] == BREAK_MAGIC[0]:
        raw = data[offset : offset + ILJ_BREAK.size]
        if len(raw) < ILJ_BREAK.size or raw[:4] != BREAK_MAGIC or not crc_fits(raw):
            raise BadFile(offset, "break")
        _, first, chain, epoch, _ = ILJ_BREAK.unpack(raw)
        return Break(first, _known(chain), epoch)
    if data[offset] == CHECKPOINT_MAGIC[0]:
        if len(data) < offset + ILJ_CHECKPOINT.size:
            raise BadFile(offset, "checkpoint cut short")
        magic, message, signature, public, zero = ILJ_CHECKPOINT.unpack_from(data, offset)
        at = offset + ILJ_CHECKPOINT.size
        end = at + message + signature + public + 4
        if end > len(data) or magic != CHECKPOINT_MAGIC or zero or not crc_fits(data[offset:end]):
            raise BadFile(offset, "checkpoint")
        signed = at + message
        return Checkpoint(data[at:signed], data[signed : signed + signature], data[signed + signature : end - 4])
    record = record_at(data, offset)
    if record is None:
        raise BadFile(offset, "record length or checksum" if data[offset] <= PAYLOAD_MAX else "no item begins so")
    return record


@dataclass
class Walk:
    """Takes a file's items in order; BadFile for one that does not fit."""

    serial: bytes
    due: int
    chain: bytes | None
    seal: Seal
    public: bytes
    is_epoch_stated: bool
    """By a unit that knew it: not so behind a hole within a sector."""
    records: int = 0
    breaks: int = 0
    unchained: int = 0
    chains: dict[int, bytes] = field(default_factory=dict)
    """Chain values known: before the record of that sequence number."""
    statements: list[tuple[int, Statement]] = field(default_factory=list)

    def take(self, offset: int, item: Item) -> None:
        if self.chain is not None:
            self.chains[self.due] = self.chain
        if isinstance(item, Record):
            self._take_record(offset, item)
        elif isinstance(item, Break):
            self._take_break(offset, item)
        elif self.public:
            self._take_checkpoint(offset, item)

    def _take_record(self, offset: int, record: Record) -> None:
        if record.sequence != self.due:
            raise BadFile(offset, "sequence")
        if self.chain is not None and not self.seal.fits(record.tag, self.chain, record.body, record.sequence):
            raise BadFile(offset, "seal")
        if self.chain is not None and self.seal.is_open_though_given() and is_of_service(record):
            raise BadFile(offset, "open seal in service")
        if record.kind == SEAL_RECORD:
            epoch = int.from_bytes(record.payload)
            follows = may_follow(epoch, self.seal.epoch) if self.is_epoch_stated else epoch > self.seal.epoch
            if len(record.payload) != 4 or not follows:
                raise BadFile(offset, "epoch")
            self.seal.enter(epoch)
        self.due += 1
        self.records += 1
        self.unchained += self.chain is None
        self.chain = None if self.chain is None else chain_next(self.chain, record)

    def _take_break(self, offset: int, item: Break) -> None:
        if item.first < self.due or (item.first == self.due and self.chain is not None):
            raise BadFile(offset, "break where nothing is missing")
        if item.epoch < self.seal.epoch:
            raise BadFile(offset, "epoch")
        self.due, self.chain, self.is_epoch_stated = item.first, item.chain, item.chain is not None
        self.seal = Seal(item.epoch, self.seal.first_keys)
        self.breaks += 1

    def _take_checkpoint(self, offset: int, item: Checkpoint) -> None:
        statement = read_statement(item.message)
        try:
            index = index_of(item.message, item.signature, self.public)
        except ValueError as error:
            raise BadFile(offset, f"signature: {error}") from error
        if statement is None or statement.serial != self.serial or statement.index != index:
            raise BadFile(offset, "checkpoint of another unit or index")
        self.statements.append((offset, statement))

    def judge_statements(self) -> tuple[tuple[int, int], ...]:
        """(index, following) of the checkpoints that fit; one of a place whose chain value is not known is left out."""
        if self.chain is not None:
            self.chains[self.due] = self.chain
        for offset, statement in self.statements:
            if self.chains.get(statement.following, statement.chain) != statement.chain:
                raise BadFile(offset, "checkpoint of another chain")
        return tuple((s.index, s.following) for _, s in self.statements if s.following in self.chains)


def verify(data: bytes, first_keys: Sequence[bytes] = (), public: bytes = b"") -> Verdict:
    """Of a journal file. `first_keys`: of the unit's eras, 16 bytes each; `public`: its HSS key, 60 bytes."""
    try:
        walk = _begin(data, first_keys, public)
    except BadFile as bad:
        return Verdict(False, *bad.args)
    failures: list[BadFile] = []
    offset = ILJ_HEADER.size
    try:
        for offset, item in items_of(data):
            walk.take(offset, item)
            offset += len(item.raw)
        _check_footer(data, offset, walk)
    except BadFile as bad:
        failures.append(bad)
    signed: tuple[tuple[int, int], ...] = ()
    try:
        signed = walk.judge_statements()
    except BadFile as bad:
        failures.append(bad)
    where, reason = min((bad.args for bad in failures), default=(None, "intact"))
    return Verdict(not failures, where, reason, walk.breaks, walk.unchained, signed)


def _begin(data: bytes, first_keys: Sequence[bytes], public: bytes) -> Walk:
    if len(data) < ILJ_HEADER.size:
        raise BadFile(len(data), "header cut short")
    magic, version, _role, _unit, serial, first, chain, epoch, _ = ILJ_HEADER.unpack_from(data)
    if not crc_fits(data[: ILJ_HEADER.size]):
        raise BadFile(0, "header checksum")
    if magic != b"ILJF" or version != 2:
        raise BadFile(0, "not a journal file of version 2")
    if first == 0 and chain != chain_start(serial):
        raise BadFile(20, "chain start")
    if first == 0 and epoch:
        raise BadFile(52, "epoch")
    return Walk(serial, first, _known(chain), Seal(epoch, first_keys), public, chain != NO_CHAIN)


def _check_footer(data: bytes, offset: int, walk: Walk) -> None:
    end = offset + ILJ_FOOTER.size
    if len(data) < end:
        raise BadFile(offset, "footer cut short")
    magic, count, chain, _ = ILJ_FOOTER.unpack_from(data, offset)
    if (magic, count, chain) != (FOOTER_MAGIC, walk.records, walk.chain or NO_CHAIN) or not crc_fits(data[:end]):
        raise BadFile(offset, "footer")
    if len(data) > end:
        raise BadFile(end, "something follows the footer")
