"""Record after record of a journal file: checksum, number, chain, seal. The loop in it is the hottest code of the host
tools; what else is in a file, and in which order, is `walk.py`. Nothing is judged here.
"""

import struct
from binascii import crc32
from typing import Any, BinaryIO

from interlock.core import frames, records
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, OVERHEAD_BYTES, UNKNOWN
from interlock.core.seal import TAG_BYTES

from ..journal_items import Malformed, Source
from .found import COLLECTED_MAX, Fault, Held, Hole, Walked, Witness
from .roles import kinds_left
from .seals import Keys, Mac, begin, era_of, is_next, mac_after, mac_of, may_follow, tag_of

RECORD_BYTES_MAX = OVERHEAD_BYTES + records.PAYLOAD_MAX
EPOCH_BYTES = 4
_SHOWN = frames.DIGEST_BYTES  # of a chain value, on the air
_HASH_WORDS = len(UNKNOWN) // _SHOWN  # of a chain value
_CHAINED = -CRC_BYTES
_BODY = -TAG_BYTES
_CHAINED_BYTES = OVERHEAD_BYTES - CRC_BYTES
# Made once: written out, a slice is made each time.
_SEALED_PART, _PAYLOAD, _TAG = slice(_BODY), slice(HEAD_BYTES, _BODY), slice(TAG_BYTES)
# By length of the payload: type, sequence, tag, CRC32.
_FIELDS = [
    struct.Struct(f">xBI{HEAD_BYTES - 6 + length}x{TAG_BYTES}sI").unpack_from
    for length in range(records.PAYLOAD_MAX + 1)
]
_NO_MAC: tuple[Any, Any] = (None, None)
_ALWAYS = frozenset((records.SEAL, records.CHECKPOINT, records.LOSS, records.FAULT, records.TORN))
_HEARD, _NOTED, _SEALED = 1, 2, 3  # what a type of record needs: the witness; a look; one, unless it is as ever
_SERVICE = frozenset((records.CONFIG, *range(records.EVENT, 256)))  # a unit in its box makes none of them


class Chain:
    """Where a pass stands: in the file, in the chain, in the seal."""

    def __init__(self, stream: BinaryIO, keys: Keys, witness: Witness | None) -> None:
        self.found = Walked()
        self._source = Source(stream)
        self._keys = keys
        self._witness = witness
        self._heard = bytearray(256)  # by type of record: _HEARD where the witness listens
        for kind in witness.kinds if witness is not None else ():
            self._heard[kind] = _HEARD
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
        self._mac: Mac | None = None
        self._untried: tuple[bytes, ...] = ()
        self._trouble: Malformed | None = None  # with the record that was just taken
        self._said: list[tuple[int, int, bytes]] = []  # for the witness: types, numbers, payloads

    # Chain and seal.

    def _restate(self, chain: bytes, epoch: int) -> None:
        """The file says the chain value and the epoch before the record that is due."""
        self._give_up_guess()
        if chain == UNKNOWN and not self._is_vague:
            self._sure = (self._due, self._epoch)
        self._chain = chain
        self._is_restart = False
        self._is_from_zeros = self._is_guess = self._is_vague = chain == UNKNOWN
        self._mac = None
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
                self._mac = mac
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
        self._mac = None
        self._untried = ()

    def _held(self) -> Held:
        if self._is_guess:
            return "loose"
        if self._mac is None:
            return "chained"
        return "sealed" if era_of(self._epoch) else "open"

    # Records.

    def _looks(self) -> bytearray:
        """What each type of record needs beside the checks that all need."""
        looks = bytearray(self._heard)
        for kind in (*_ALWAYS, *kinds_left(self.found.shows)):
            looks[kind] = _NOTED
        if self._keys and self._mac is not None and not era_of(self._epoch):
            for kind in _SERVICE:
                looks[kind] = _NOTED
        if not self._heard[records.SEAL]:
            looks[records.SEAL] = _SEALED
        return looks

    def _records(self, safe: int) -> None:
        """Take records while they begin before `safe` in the data and nothing needs more thought."""
        if self._untried:
            self._choose()
        data, at, due, chain = self._source.data, self._at, self._due, self._chain
        assert chain is not None
        first, held = due, self._held()
        looks, said, fields, begun, crc = self._looks(), self._said, _FIELDS, begin, crc32
        inner, outer = self._mac or _NO_MAC
        chains = None if self._witness is None or self._is_guess else bytearray()
        most = records.PAYLOAD_MAX
        is_odd = False
        while at < safe:
            length = data[at]
            if length > most:
                break
            kind, sequence, tag, check = fields[length](data, at)
            end = at + length + _CHAINED_BYTES
            chained = data[at:end]
            if sequence != due or crc(chained) != check:
                is_odd = True
                break
            linked = chain + chained
            if inner:
                inside, outside = inner(), outer()
                inside.update(linked[_SEALED_PART])
                outside.update(inside.digest())
                if outside.digest()[_TAG] != tag:
                    self._no_seal(due, self._source.base + at, "does not fit its seal")
                    break
            link = begun()
            link.update(linked)
            chain = link.digest()
            if chains is not None:
                chains += chain
            if look := looks[kind]:
                payload = chained[_PAYLOAD]
                if look == _HEARD:
                    said.append((kind, due, payload))
                elif look == _SEALED and (mac := self._next_mac(payload)):
                    inner, outer = mac
                else:
                    self._chain, self._due = chain, due + 1
                    if self._note(kind, payload, self._source.base + at):
                        at = end + CRC_BYTES
                        due += 1
                        break
                    inner, outer = self._mac or _NO_MAC
            due += 1
            at = end + CRC_BYTES
        if self._trouble is not None:
            due -= 1
        self._at, self._due, self._chain = at, due, chain
        self.found.hold(first, due, held)
        if self._witness is not None:
            self._witness.hear(said)
            said.clear()
            if chains is not None:
                self._witness.heads += memoryview(chains).cast("I")[::_HASH_WORDS].tobytes()
        if self._trouble is not None:
            raise self._trouble
        if is_odd:
            self._odd()

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
        if self._heard[kind]:
            self._said.append((kind, sequence, payload))
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

    def _next_mac(self, payload: bytes) -> Mac | None:
        """Where a *seal* record announces the very next key, as nearly all do: that is in force now."""
        mac, epoch = self._mac, int.from_bytes(payload)
        if mac is None or len(payload) != EPOCH_BYTES or not is_next(epoch, self._epoch):
            return None
        self._epoch, self._mac = epoch, mac_after(mac)
        return self._mac

    def _announce(self, epoch: int, offset: int) -> bool:
        """A *seal* record: the next one is under the key of `epoch`. True where that key has to be looked for."""
        before, self._epoch = self._epoch, epoch
        if epoch <= before or not (self._is_vague or may_follow(epoch, before)):
            self._trouble = Malformed(offset, f"seal epoch {epoch:#x} cannot follow {before:#x}", self._due - 1)
            return True
        if self._mac is not None and era_of(epoch) == era_of(before):
            self._mac = mac_after(self._mac)
            return False
        had_mac, self._mac = self._mac is not None, None
        if not self._is_guess:
            self._try_epoch()
        return had_mac or bool(self._untried)
