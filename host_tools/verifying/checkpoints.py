"""Signed checkpoints: which key they are good under, who vouches for it, and whether the journal is what was signed.

The chain value that a checkpoint signs covers every record before it, as far back as the file shows an unbroken chain.
A checkpoint under a key that nobody vouches for can still contradict the file that it is in; it proves nothing for it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from interlock.core import checkpoint, lms
from interlock.core.checkpoint import Checkpoint

from ..journal_items import Header, Signed
from .found import Walked
from .outcomes import Altered, Cloned, Outcome, RolledBack, TruncatedTail, UnknownKey

CHECKPOINTS_MAX = 1 << 14
"""Sixteen keys of the largest kind, used up."""

Voucher = Literal["given", "vault", "nobody"]


@dataclass(frozen=True)
class Fact:
    """A checkpoint whose signature is good. `index`: the one-time index that signed it; `key`: the public key; `by`:
    who vouches for it; `where`: what holds the checkpoint (a file, the store); `offset`: in the file, else None."""

    said: Checkpoint
    index: int
    message: bytes
    key: bytes
    by: Voucher
    where: str
    offset: int | None

    @property
    def is_trusted(self) -> bool:
        return self.by != "nobody"


class Signatures:
    """Takes the checkpoints of one file, or of the store, in any order. `keys`: public keys that are vouched for."""

    def __init__(self, keys: Mapping[bytes, Voucher], where: str) -> None:
        self._keys = keys
        self._where = where
        self.facts: list[Fact] = []
        self.outcomes: list[Outcome] = []  # of those that are no sound checkpoints
        self.taken = 0

    def take(self, signed: Signed, offset: int | None) -> None:
        self.taken += 1
        if self.taken > CHECKPOINTS_MAX:
            self._spoilt(offset, "there are more checkpoints than any unit makes")
            return
        key = self._key_of(signed)
        said = checkpoint.unpack(signed.message)
        if key is None:
            self._spoilt(offset, "a checkpoint's signature is not good, under no key at hand")
        elif said is None:
            self._spoilt(offset, "what is signed is no checkpoint")
        elif one_time_index(key, signed.signature) != said.index:
            self._spoilt(offset, f"checkpoint {said.index} is signed with another one-time key than it says")
        else:
            by = self._keys.get(key, "nobody")
            self.facts.append(Fact(said, said.index, signed.message, key, by, self._where, offset))

    def _key_of(self, signed: Signed) -> bytes | None:
        """The key that the signature is good under: a vouched one if any is, else the one that came with it."""
        for key in (*self._keys, signed.public):
            if lms.verify(key, signed.message, signed.signature):
                return key
        return None

    def _spoilt(self, offset: int | None, reason: str) -> None:
        if not self.outcomes:  # the first one says where, more of them would say no more
            self.outcomes.append(Altered(None, None, offset, "signature", reason))


def one_time_index(public: bytes, signature: bytes) -> int:
    """The number of the one-time key in a signature that is good under `public`, counted through all levels."""
    levels = int.from_bytes(public[:4])
    key, at, index = public[4:], 4, 0
    for _ in range(levels):
        lms_type, ots_type = int.from_bytes(key[:4]), int.from_bytes(key[4:8])
        index = index << lms.HEIGHTS[lms_type] | int.from_bytes(signature[at : at + 4])
        at += lms.lms_signature_bytes(lms_type, ots_type)
        key, at = signature[at : at + lms.KEY_BYTES], at + lms.KEY_BYTES
    return index


def key_text(key: bytes) -> str:
    """A public key as people compare it: the last bytes of its root."""
    return f"signing key ..{key[-4:].hex()}"


@dataclass(frozen=True)
class Judged:
    """`covered`: for each run of records in unbroken chain, (first, number behind the last that a trusted checkpoint
    covers); `last`: the trusted checkpoint that covers most; `altered`: the first contradiction; `apart`: trusted
    checkpoints that cannot be compared, since the chain value is unknown where they were signed, or not here;
    `signed_over`: number behind the last record that any trusted checkpoint was signed over, whatever it shows."""

    outcomes: tuple[Outcome, ...] = ()
    covered: tuple[tuple[int, int], ...] = ()
    last: Fact | None = None
    altered: Altered | None = None
    apart: tuple[Fact, ...] = ()
    signed_over: int = 0

    @property
    def signed_to(self) -> int:
        """Number behind the last record that a trusted checkpoint covers; 0: it covers none."""
        return max((following for _, following in self.covered), default=0)

    def covers(self, sequence: int) -> bool:
        """Whether a trusted checkpoint shows that this record is what was signed."""
        return any(first <= sequence < following for first, following in self.covered)


def judge(header: Header, walked: Walked, facts: Sequence[Fact], keys: Mapping[bytes, Voucher]) -> Judged:
    """What these checkpoints say of the file that was walked."""
    outcomes: list[Outcome] = []
    own = []
    for fact in facts:
        if fact.said.serial == header.serial:
            own.append(fact)
        else:
            reason = f"checkpoint {fact.index} ({fact.where}) is another unit's"
            outcomes.append(Altered(None, None, fact.offset, "checkpoint", reason))
    strangers = sorted({fact.key for fact in own if not fact.is_trusted})
    outcomes += [UnknownKey(_named(own, key), key_text(key), bool(keys)) for key in strangers]
    runs = runs_of(walked)
    known = _known(walked)
    covered: dict[int, int] = {}
    last: Fact | None = None
    altered: Altered | None = None
    apart = []
    for fact in sorted(own, key=lambda fact: (fact.said.following, fact.index)):
        following = fact.said.following
        at = bisect_right(runs, following, key=lambda run: run[0]) - 1
        run = runs[at] if at >= 0 and following <= runs[at][1] else None
        if run is not None and following == run[0] and following not in known:
            run = None  # it begins anew there, since the unit did not know the chain value any more
        if run is None and fact.is_trusted:
            apart.append(fact)
        if following > walked.following:
            if fact.offset is not None and (walked.fault is None or walked.fault.cut):
                outcomes.append(_beyond(fact, walked.following))
            continue
        if run is None:
            continue
        if known.get(following) == fact.said.chain:
            if fact.is_trusted:
                covered[run[0]] = following
                last = fact
        elif altered is None:
            altered = _contradiction(fact, max(run[0], covered.get(run[0], 0)), following in known)
    outcomes += [] if altered is None else [altered]
    signed_over = max((fact.said.following for fact in own if fact.is_trusted), default=0)
    return Judged(tuple(outcomes), tuple(sorted(covered.items())), last, altered, tuple(apart), signed_over)


def _named(facts: Iterable[Fact], key: bytes) -> str:
    numbers = sorted({fact.index for fact in facts if fact.key == key})
    if len(numbers) == 1:
        return f"checkpoint {numbers[0]}"
    return f"{len(numbers)} checkpoints, the first {numbers[0]},"


def _known(walked: Walked) -> dict[int, bytes]:
    """Chain values by the number of the record that they precede: where a checkpoint can have signed them."""
    known = {mark.following: mark.chain for mark in walked.marks} | walked.stated
    return known | ({walked.following: walked.chain} if walked.chain is not None else {})


def _beyond(fact: Fact, following: int) -> TruncatedTail:
    return TruncatedTail(following, f"checkpoint {fact.index}", f"covers records up to {fact.said.following - 1}")


def _contradiction(fact: Fact, first: int, is_mark: bool) -> Altered:
    what = "signs another chain value" if is_mark else "was signed where no index was taken"
    last = max(first, fact.said.following - 1)
    return Altered(first, last, None, "checkpoint", f"checkpoint {fact.index} ({fact.where}) {what}")


def runs_of(walked: Walked) -> list[tuple[int, int]]:
    """(first, number behind the last) of records in unbroken, known chain."""
    runs: list[tuple[int, int]] = []
    for stretch in walked.stretches:
        if stretch.held == "loose":
            continue
        if runs and runs[-1][1] == stretch.first:
            runs[-1] = (runs[-1][0], stretch.last + 1)
        else:
            runs.append((stretch.first, stretch.last + 1))
    return runs


def stories(facts: Iterable[Fact]) -> list[Outcome]:
    """What checkpoints of one unit say against each other, wherever they are from."""
    found: list[Outcome] = []
    by_index: dict[tuple[bytes, int], Fact] = {}
    for fact in facts:
        other = by_index.setdefault((fact.key, fact.index), fact)
        if other.message != fact.message:
            both = " and ".join(dict.fromkeys((other.where, fact.where)))
            found.append(Cloned(fact.index, fact.key.hex(), both))
    ordered = [by_index[place] for place in sorted(by_index)]
    for before, after in pairwise(ordered):
        if before.key == after.key and after.said.following <= before.said.following:
            shown = (
                f"checkpoint {before.index} covers records up to {before.said.following - 1}, and the later "
                f"checkpoint {after.index} only up to {after.said.following - 1}"
            )
            found.append(RolledBack(after.said.following, shown))
    return found
