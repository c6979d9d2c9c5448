"""One pass over a journal file: checksums, numbers, chain, seal; what is collected on the way (`found.py`) is bounded.

The loop over records is the hottest code of the host tools. Nothing is judged here: `outcomes.py` names what was found.
"""

import hashlib
import struct
from binascii import crc32
from collections.abc import Callable
from typing import Any, BinaryIO

from interlock.core import frames, records
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, OVERHEAD_BYTES, UNKNOWN, chain_start
from interlock.core.seal import TAG_BYTES

from ..journal_items import (
    BREAK_BYTES,
    BREAK_MAGIC,
    CHAIN_AT,
    EPOCH_AT,
    FOOTER_MAGIC,
    SIGNED_BYTES_MAX,
    SIGNED_MAGIC,
    CutShort,
    Malformed,
    Signed,
    Source,
)
from .found import COLLECTED_MAX, Fault, Held, Hole, Walked, Witness
from .roles import kinds_left
from .seals import Keys, Mac, changes_between, era_of, key_after, mac_of, may_follow, tag_of

RECORD_BYTES_MAX = OVERHEAD_BYTES + records.PAYLOAD_MAX
EPOCH_BYTES = 4
_SHOWN = frames.DIGEST_BYTES  # of a chain value, on the air
_CHAINED = -CRC_BYTES
_BODY = -TAG_BYTES
# By length of the payload: type, sequence, tag, CRC32.
_FIELDS = [
    struct.Struct(f">xBI{HEAD_BYTES - 6 + length}x{TAG_BYTES}sI").unpack_from
    for length in range(records.PAYLOAD_MAX + 1)
]
_NO_MAC: tuple[Any, Any] = (None, None)
_ALWAYS = frozenset((records.SEAL, records.CHECKPOINT, records.LOSS, records.FAULT, records.TORN))
_SERVICE = frozenset((records.CONFIG, *range(records.EVENT, 256)))  # a unit in its box makes none of them


def walk(
    stream: BinaryIO,
    keys: Keys | None = None,
    *,
    witness: Witness | None = None,
    take: Callable[[Signed, int], None] | None = None,
) -> Walked:
    """Go through a journal file. `keys`: of the unit's seal; `witness`: listens; `take`: gets each checkpoint with its
    offset. Whatever the bytes are, there is a result."""
    work = _Walk(stream, keys or Keys(), witness, take)
    work.run()
    return work.found


class _Walk:
    def __init__(
        self,
        stream: BinaryIO,
        keys: Keys,
        witness: Witness | None,
        take: Callable[[Signed, int], None] | None,
    ) -> None:
        self.found = Walked()
        self._source = Source(stream)
        self._keys = keys
        self._witness = witness
        self._take = take
        self._at = 0  # in the source's data
        self._due = 0
        self._chain: bytes | None = None
        # Where the chain value is unknown, records are taken as if it were zeros, which it is where a unit could not
        # know it itself (JOURNAL.md 13): a seal that fits, or the next value that is stated, shows whether it was.
        self._is_from_zeros = False
        self._is_guess = False
        self._is_restart = False  # the guess begins where no record is missing: only a sector's header says that
        self._guessed = (0, 0)  # number of the first record of the guess, and of `marks` before it
        self._sure = (0, 0)  # where the chain value was last known: the number that was due, the epoch
        self._epoch = 0
        self._is_vague = True  # the epoch may be a later one: records are missing since it was stated
        self._key: bytes | None = None
        self._mac: Mac | None = None
        self._untried: tuple[bytes, ...] = ()
        self._trouble: Malformed | None = None  # with the record that was just taken
        self._is_over = False

    def run(self) -> None:
        found = self.found
        try:
            self._begin()
            while not self._is_over:
                self._step()
        except Malformed as error:
            found.fault = Fault(error.offset, error.sequence, error.reason, isinstance(error, CutShort))
        if found.fault is None and self._is_restart:
            self._keep_guess()
        self._give_up_guess()
        found.following, found.chain, found.epoch = self._due, self._chain, self._epoch
        found.size = self._source.base + len(self._source.data)

    def _begin(self) -> None:
        header = self._source.header()
        self.found.header = header
        if header.first == 0 and header.chain != chain_start(header.serial):
            raise Malformed(CHAIN_AT, "the chain does not begin as this unit's does")
        if header.first == 0 and header.epoch:
            raise Malformed(EPOCH_AT, "the first record of all is not under the open key")
        self._at = len(header.pack())
        self._due = header.first
        self._restate(header.chain, header.epoch)

    # From item to item.

    def _step(self) -> None:
        """Records up to something else, or one other thing."""
        source = self._source
        left = len(source.data) - self._at
        if left < SIGNED_BYTES_MAX and not source.is_end:
            source.more(self._at)
            self._at = 0
            return
        offset = source.base + self._at
        if not left:
            raise CutShort(offset, "the file ends before its footer")
        begins = source.data[self._at]
        if begins <= records.PAYLOAD_MAX:
            if left >= RECORD_BYTES_MAX:
                self._records(len(source.data) - RECORD_BYTES_MAX + 1)
            elif left < OVERHEAD_BYTES + begins:
                raise source.ended(self._at, "the file ends within a record", self._due)
            else:
                self._records(self._at + 1)
        elif begins == BREAK_MAGIC[0]:
            self._break(offset)
        elif begins == SIGNED_MAGIC[0]:
            signed, size = source.signed(self._at)
            if self._take is not None:
                self._take(signed, offset)
            self._at += size
        elif begins == FOOTER_MAGIC[0]:
            self._footer(offset)
        else:
            raise Malformed(offset, f"nothing in a journal file begins with byte {begins:02X}", self._due)

    def _footer(self, offset: int) -> None:
        footer = self._source.footer(self._at)
        self._at = 0
        if footer.records != self.found.records:
            raise Malformed(offset, f"the footer counts {footer.records} records; there are {self.found.records}")
        is_unstated = self._is_guess or (self._is_from_zeros and footer.chain == UNKNOWN)
        if not is_unstated and footer.chain != self._chain:
            raise Malformed(offset, "the footer states another chain value than the records lead to")
        self._is_over = True

    def _break(self, offset: int) -> None:
        stated = self._source.break_(self._at)
        if stated.first < self._due or (stated.first == self._due and not self._is_from_zeros):
            raise Malformed(offset, "a break where no record is missing", self._due)
        if stated.epoch < self._epoch:
            raise Malformed(offset, "a break goes back to an older seal key", self._due)
        is_due = stated.first == self._due
        if not is_due:
            self._hole(stated.first, True, offset)
        elif stated.chain == self._chain:
            self._keep_guess()
        elif not self._is_guess and stated.chain != UNKNOWN:
            raise Malformed(offset, "a break states another chain value than the records lead to", self._due)
        since, epoch = self._sure
        if self._is_vague and changes_between(epoch, stated.epoch) > stated.first - since:
            reason = f"the seal's epoch goes from {epoch:#x} to {stated.epoch:#x} over {stated.first - since} records"
            raise Malformed(offset, f"{reason}, and each change of key is one", since)
        self._at += BREAK_BYTES
        self._restate(stated.chain, stated.epoch)
        self._is_restart = is_due and self._is_guess

    def _hole(self, following: int, stated: bool, offset: int) -> None:
        if len(self.found.holes) == COLLECTED_MAX:
            raise Malformed(offset, "more holes than any unit's journal has", self._due)
        self.found.holes.append(Hole(self._due, following - 1, stated, offset))
        if not self._is_vague:
            self._sure = (self._due, self._epoch)
            self._is_vague = True
        self._due = following
        if self._witness is not None:
            self._witness.gap()

    # Chain and seal.

    def _restate(self, chain: bytes, epoch: int) -> None:
        """The file says the chain value and the epoch before the record that is due."""
        self._give_up_guess()
        if chain == UNKNOWN and not self._is_vague:
            self._sure = (self._due, self._epoch)
        self._chain = chain
        self._is_restart = False
        self._is_from_zeros = self._is_guess = self._is_vague = chain == UNKNOWN
        self._mac = self._key = None
        self._untried = ()
        self._epoch = epoch
        if self._is_guess:
            self._guessed = (self._due, len(self.found.marks))
            if self.found.seal_fault is None and (self._keys or not era_of(epoch)):
                self._untried = self._keys.candidates(epoch, self._due)
            return
        self.found.stated[self._due] = chain
        self._begin_heads()
        self._try_epoch()

    def _begin_heads(self) -> None:
        if self._witness is not None:
            assert self._chain is not None
            self._witness.begin(self._due)
            self._witness.heads += self._chain[:_SHOWN]

    def _keep_guess(self) -> None:
        """The chain value that is stated now follows from zeros: what was taken as loose is in chain. Who has the
        seal's keys knew that from its first record, and believes nothing else."""
        if not self._is_guess or self._keys or self._guessed[0] == self._due:
            return
        self._is_guess = False
        self.found.chain_from(self._guessed[0])

    def _give_up_guess(self) -> None:
        """Nothing shows what chain value there is."""
        if self._is_guess:
            self._chain, self._is_guess = None, False
            del self.found.marks[self._guessed[1] :]

    def _try_epoch(self) -> None:
        """Find the epoch's key with the next record, if there may be one here."""
        if self.found.seal_fault is None and (self._keys or not era_of(self._epoch)):
            self._untried = self._keys.candidates(self._epoch, self._due)
            if not self._untried:
                self._no_seal(self._due, self._source.base + self._at, "states an epoch that its number rules out")

    def _choose(self) -> None:
        """Take the key that the record at hand is sealed with."""
        data, at = self._source.data, self._at
        size = OVERHEAD_BYTES + data[at]
        chained = data[at : at + size + _CHAINED]
        sequence, tag, crc = _FIELDS[data[at]](data, at)[1:]
        assert self._chain is not None
        untried, self._untried = self._untried, ()
        if sequence != self._due or crc32(chained) != crc:
            return  # which the loop will find
        for key in untried:
            mac = mac_of(key)
            if tag_of(mac, self._chain, chained[:_BODY]) == tag:
                self._key, self._mac = key, mac
                if self._is_guess:
                    self._is_guess = self._is_vague = False
                    self._begin_heads()
                return
        if self._is_guess:
            return
        era = era_of(self._epoch)
        self.found.strange_era = 0 if self._keys.knows(era) else era
        reason = "is not sealed with any key that the vault gave this unit" if era else "does not fit its seal"
        self._no_seal(sequence, self._source.base + at, reason)

    def _no_seal(self, sequence: int, offset: int, reason: str) -> None:
        """From here on the seal shows nothing more."""
        self.found.seal_fault = Fault(offset, sequence, f"record {sequence} {reason}")
        self._mac = self._key = None
        self._untried = ()

    def _held(self) -> Held:
        if self._is_guess:
            return "loose"
        if self._mac is None:
            return "chained"
        return "sealed" if era_of(self._epoch) else "open"

    # Records.

    def _noted(self) -> frozenset[int]:
        """Kinds of record that need a look."""
        kinds = _ALWAYS.union(kinds_left(self.found.shows), self._witness.kinds if self._witness is not None else ())
        if self._keys and self._mac is not None and not era_of(self._epoch):
            return kinds | _SERVICE
        return kinds

    def _records(self, safe: int) -> None:
        """Take records while they begin before `safe` in the data and nothing needs more thought."""
        if self._untried:
            self._choose()
        data, at, due, chain = self._source.data, self._at, self._due, self._chain
        assert chain is not None
        first, held = due, self._held()
        noted, fields, sha256, crc = self._noted(), _FIELDS, hashlib.sha256, crc32
        inner, outer = self._mac or _NO_MAC
        heads = None if self._witness is None or self._is_guess else self._witness.heads
        most = records.PAYLOAD_MAX
        is_odd = False
        while at < safe:
            length = data[at]
            if length > most:
                break
            end = at + length + OVERHEAD_BYTES
            kind, sequence, tag, check = fields[length](data, at)
            chained = data[at : end + _CHAINED]
            if sequence != due or crc(chained) != check:
                is_odd = True
                break
            linked = chain + chained
            if inner:
                inside, outside = inner(), outer()
                inside.update(linked[:_BODY])
                outside.update(inside.digest())
                if outside.digest()[:TAG_BYTES] != tag:
                    self._no_seal(due, self._source.base + at, "does not fit its seal")
                    break
            chain = sha256(linked).digest()
            if heads is not None:
                heads += chain[:_SHOWN]
            due += 1
            if kind in noted:
                self._chain, self._due = chain, due
                if self._note(kind, chained[HEAD_BYTES:_BODY], self._source.base + at):
                    at = end
                    break
                inner, outer = self._mac or _NO_MAC
            at = end
        if self._trouble is not None:
            due -= 1
        self._at, self._due, self._chain = at, due, chain
        self.found.hold(first, due, held)
        if self._trouble is not None:
            raise self._trouble
        if is_odd:
            self._odd()

    def _odd(self) -> None:
        """The record at hand is damaged, or another than the one that is due."""
        data, at, due = self._source.data, self._at, self._due
        offset = self._source.base + at
        sequence, _, crc = _FIELDS[data[at]](data, at)[1:]
        if crc32(data[at : at + data[at] + OVERHEAD_BYTES + _CHAINED]) != crc:
            raise Malformed(offset, "the record does not fit its checksum", due)
        if sequence > due:
            self._hole(sequence, False, offset)
            self._restate(UNKNOWN, self._epoch)
            return
        # It may be one that seemed to be missing: then it is there that the order was changed first.
        holes = self.found.holes
        for place, hole in enumerate(holes):
            if not hole.stated and hole.first <= sequence <= hole.last:
                del holes[place:]
                raise Malformed(hole.offset, f"records are not in their order: {hole.first} was due", hole.first)
        raise Malformed(offset, f"record {sequence} stands where {due} is due", due)

    def _note(self, kind: int, payload: bytes, offset: int) -> bool:
        """Look at a record that was just taken; True when the loop must begin anew."""
        sequence = self._due - 1
        if self._witness is not None and kind in self._witness.kinds:
            self._witness.note(kind, sequence, payload)
        is_news = self.found.take_role(kind)  # then nobody asks of the next of its kind
        if kind == records.SEAL and len(payload) == EPOCH_BYTES:
            return self._announce(int.from_bytes(payload), offset)
        if kind in _ALWAYS:
            fields = records.unpack(kind, payload)
            assert self._chain is not None
            if fields is None:
                self._trouble = Malformed(offset, "the record's payload is none of its type", sequence)
            elif not self.found.collect(kind, fields, sequence, self._chain):
                self._trouble = Malformed(offset, "more of its kind than any unit's journal has", sequence)
            return self._trouble is not None
        if kind in _SERVICE and self._is_unsealed_service(kind, payload):
            self._no_seal(sequence, offset, "is of a unit in service, and under the key that everybody knows")
            return True
        return is_news

    def _is_unsealed_service(self, kind: int, payload: bytes) -> bool:
        """Whether a unit that has a seal key of its own made this record without it. `kind`: of `_SERVICE`."""
        if not self._keys or self._mac is None or era_of(self._epoch):
            return False
        config = records.unpack(kind, payload) if kind == records.CONFIG else None
        return config is None or config.revision > 0

    def _announce(self, epoch: int, offset: int) -> bool:
        """A *seal* record: the next one is under the key of `epoch`. True where that key has to be looked for."""
        before, self._epoch = self._epoch, epoch
        if epoch <= before or not (self._is_vague or may_follow(epoch, before)):
            self._trouble = Malformed(offset, f"seal epoch {epoch:#x} cannot follow {before:#x}", self._due - 1)
            return True
        if self._key is not None and era_of(epoch) == era_of(before):
            assert self._mac is not None
            self._key = key_after(self._mac)
            self._mac = mac_of(self._key)
            return False
        self._mac = self._key = None
        if not self._is_guess:
            self._try_epoch()
        return True
