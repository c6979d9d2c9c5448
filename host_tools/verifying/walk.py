"""One pass over a journal file, item by item; what is collected on the way (`found.py`) is bounded. Records, with chain
and seal: `chain.py`. Nothing is judged here: `outcomes.py` names what was found.
"""

from collections.abc import Callable
from typing import BinaryIO

from interlock.core import records
from interlock.core.layout import OVERHEAD_BYTES, UNKNOWN, chain_start

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
)
from .chain import RECORD_BYTES_MAX, Chain
from .found import Fault, Walked, Witness
from .seals import Keys, changes_between


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


class _Walk(Chain):
    def __init__(
        self,
        stream: BinaryIO,
        keys: Keys,
        witness: Witness | None,
        take: Callable[[Signed, int], None] | None,
    ) -> None:
        super().__init__(stream, keys, witness)
        self._take = take
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
        if is_due and not self._is_vague and stated.epoch != self._epoch:
            raise Malformed(offset, "a break changes the seal's key where no record is missing", self._due)
        since, epoch = self._sure
        if self._is_vague and changes_between(epoch, stated.epoch) > stated.first - since:
            reason = f"the seal's epoch goes from {epoch:#x} to {stated.epoch:#x} over {stated.first - since} records"
            raise Malformed(offset, f"{reason}, and each change of key is one", since)
        self._at += BREAK_BYTES
        self._restate(stated.chain, stated.epoch)
        self._is_restart = is_due and self._is_guess
