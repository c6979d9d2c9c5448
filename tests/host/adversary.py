"""Somebody who has a pulled journal, knows every format, and has no key (or the present one): what they can make of it.

All checksums, chain values, footers and tags under the open key come out right; tags under secret keys stay as they
were. A signing key they can make, too, but it is not the unit's.
"""

from binascii import crc32
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import Literal

from host_tools import journal_file
from host_tools.journal_items import Header, Signed, Source, raws_of
from host_tools.verifying.walk import walk
from interlock.core import checkpoint, records, settings
from interlock.core.crypto import Hmac
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, UNKNOWN, chain_next, chain_start, encode
from interlock.core.seal import TAG_BYTES, OpenSeal
from interlock.core.signer import Signer
from tests.core.flash import RamFlash

from .sealed_world import Unit


@dataclass(frozen=True)
class Pulled:
    """A journal file without breaks, taken apart."""

    header: Header
    raws: tuple[bytes, ...]
    signed: tuple[Signed, ...]

    def file(self) -> bytes:
        return journal_file.join(self.header, self.raws, signed=self.signed)

    @property
    def chains(self) -> list[bytes]:
        """The chain value before each record, and behind the last."""
        found = [self.header.chain]
        for raw in self.raws:
            found.append(chain_next(found[-1], raw[:-CRC_BYTES]))
        return found

    def unsigned(self) -> "Pulled":
        return replace(self, signed=())


def taken_apart(data: bytes) -> Pulled:
    signed: list[Signed] = []
    walk(BytesIO(data), take=lambda item, _: signed.append(item))
    source = Source(BytesIO(data))
    return Pulled(Source(BytesIO(data)).header(), tuple(raws_of(source, len(data))), tuple(signed))


def kind_of(raw: bytes) -> int:
    return raw[1]


def payload_of(raw: bytes) -> bytes:
    return raw[HEAD_BYTES : -TAG_BYTES - CRC_BYTES]


def flipped(raw: bytes, at: int, bits: int) -> bytes:
    """With other bits in one byte of its payload."""
    place = HEAD_BYTES + at % len(payload_of(raw))
    return raw[:place] + bytes([raw[place] ^ bits]) + raw[place + 1 :]


def summed(chained: bytes) -> bytes:
    return chained + crc32(chained).to_bytes(CRC_BYTES)


def careful(pulled: Pulled, raws: list[bytes]) -> Pulled:
    """These records instead, numbered anew, with all that needs no key made to fit."""
    made = []
    chain, is_open = pulled.header.chain, pulled.header.epoch == 0
    for number, raw in enumerate(raws, pulled.header.first):
        body = raw[:2] + number.to_bytes(4) + raw[6 : -TAG_BYTES - CRC_BYTES]
        tag = OpenSeal().tag(chain, body) if is_open else raw[-TAG_BYTES - CRC_BYTES : -CRC_BYTES]
        made.append(summed(body + tag))
        chain = chain_next(chain, body + tag)
        is_open = is_open and kind_of(raw) != records.SEAL
    return replace(pulled, raws=tuple(made))


def lazy(pulled: Pulled, raws: list[bytes]) -> Pulled:
    """These records instead, with the numbers and tags that they have."""
    return replace(pulled, raws=tuple(summed(raw[:-CRC_BYTES]) for raw in raws))


def epoch_at(pulled: Pulled, following: int) -> int:
    """Of the seal of that record."""
    epoch = pulled.header.epoch
    for raw in pulled.raws[:following]:
        epoch = int.from_bytes(payload_of(raw)) if kind_of(raw) == records.SEAL else epoch
    return epoch


def run_from(pulled: Pulled, following: int) -> journal_file.Run:
    """The true records from there on, as a break states them."""
    return journal_file.Run(following, pulled.chains[following], epoch_at(pulled, following), pulled.raws[following:])


def with_break(pulled: Pulled, first: int, following: int) -> bytes:
    """Records `first` up to `following` taken out, and a break that says so and states the true chain value."""
    return journal_file.join(pulled.header, pulled.raws[:first], [run_from(pulled, following)], pulled.signed)


Excuse = Literal["loss", "flash fault", "none"]


def excuse(kind: Excuse, number: int, gone: int) -> tuple[int, bytes] | None:
    """Type and payload of a record `number` that says why record `gone` is missing."""
    if kind == "loss":
        return records.LOSS, records.pack(records.LOSS, gone + 1)
    if kind == "flash fault":
        return records.FAULT, records.pack(records.FAULT, records.FAULT_RECORDS, 0, gone, 1)
    return None


def made(like: bytes, number: int, kind: int, payload: bytes) -> bytes:
    """A record at the time of another one, whose tag is none."""
    return summed(bytes([len(payload), kind]) + number.to_bytes(4) + like[6:HEAD_BYTES] + payload + bytes(TAG_BYTES))


def with_window(pulled: Pulled, first: int, following: int, kind: Excuse, is_again: bool = False) -> bytes:
    """Record `first` taken out, and a break that says that the chain value is unknown, so that those up to `following`
    need no chain: their events are made something else, and the first of them excuses the one that is missing
    (`is_again`: behind a second such break, as where a unit began a new sector). Then the true records go on."""
    loose = []
    for number in range(first + 1, following):
        raw = pulled.raws[number]
        why = excuse(kind, number, first) if number == first + 1 else None
        if why is not None:
            raw = made(raw, number, *why)
        elif kind_of(raw) == records.EVENT:
            raw = made(raw, number, 200, payload_of(raw))
        loose.append(raw)
    epoch = epoch_at(pulled, first)
    later = [journal_file.Run(first + 1, UNKNOWN, epoch, loose)]
    if is_again:
        later = [journal_file.Run(first + 1, UNKNOWN, epoch, ()), *[r._replace(raws=loose) for r in later]]
    if following < len(pulled.raws):
        later.append(run_from(pulled, following))
    return journal_file.join(pulled.header, pulled.raws[:first], later, pulled.signed)


def under_open_key(pulled: Pulled, first: int) -> bytes:
    """A journal from record `first` on that has nothing of the unit's keys, as of a unit that nobody set up."""
    chain = start = chain_start(pulled.header.serial) if first == 0 else bytes([7]) * 32
    facts = [(records.BOOT, (1, 0, 1, 0)), (records.RESERVE, (900,)), (records.CONFIG, (0, bytes(8)))]
    facts += [(records.LOSS, (first,))] if first else []
    raws = []
    for number, (kind, fields) in enumerate([*facts, (records.SESSION, (1, b"PC1     ", 3))], first):
        raw, chain = encode(kind, number, 9, number, records.pack(kind, *fields), chain, OpenSeal())
        raws.append(raw)
    return journal_file.join(pulled.header._replace(first=first, chain=start, epoch=0), raws)


def sealed_anew(pulled: Pulled, unit: Unit, first: int, following: int) -> bytes:
    """What a thief makes of it who found the unit's present seal key: records `first` to `following` taken out, and
    from there on others, under that key, the first of which excuses that. `first` 0: the ring's beginning."""
    seal = OpenSeal()
    seal.epoch, seal.key = unit.journal.seal.epoch, unit.journal.seal.key
    seal._mac = Hmac(seal.key)
    chain = start = bytes([7]) * 32
    why = (records.LOSS, records.pack(records.LOSS, following)) if not first else excuse("flash fault", 0, first)
    raws = []
    for number in range(following, len(pulled.raws)):
        fact = why if number == following else (records.ALERT, records.pack(records.ALERT, 1))
        raw, chain = encode(fact[0], number, 2, 20_000 + number, fact[1], chain, seal)
        raws.append(raw)
    if not first:
        header = pulled.header._replace(first=following, chain=start, epoch=seal.epoch)
        return journal_file.join(header, raws, signed=pulled.signed)
    forged = journal_file.Run(following, start, seal.epoch, raws)
    return journal_file.join(pulled.header, pulled.raws[:first], [forged], pulled.signed)


@lru_cache(maxsize=1)
def _own_key() -> bytes:
    """A flash with a signing key of the adversary's."""
    flash = RamFlash(settings.SIGNER_SECTORS)
    signer = Signer(flash, 0)
    signer.generate(2, bytes(range(32)))
    while signer.work(1 << 20):
        pass
    return bytes(flash.data)


def signed_anew(pulled: Pulled) -> Pulled:
    """With a checkpoint over its last *checkpoint* record, good under the adversary's own key, and no other."""
    flash = RamFlash(settings.SIGNER_SECTORS)
    flash.data[:] = _own_key()
    signer = Signer(flash, 0)
    while signer.work(1 << 20):
        pass
    following = max(place for place, raw in enumerate(pulled.raws, 1) if kind_of(raw) == records.CHECKPOINT)
    said = checkpoint.unpack(pulled.signed[-1].message)
    chain = pulled.chains[following]
    signer.sign(checkpoint.pack(said._replace(index=signer.take(None), following=following, chain=chain)))
    while signer.work(1 << 20):
        pass
    message, signature = signer.signed()
    return replace(pulled, signed=(Signed(message, signature, signer.public),))


def are_markers_in_order(raws: tuple[bytes, ...]) -> bool:
    """Whether seal records follow each other as those of a unit do, which anybody can see."""
    epoch = 0
    for raw in raws:
        if kind_of(raw) != records.SEAL:
            continue
        following = int.from_bytes(payload_of(raw))
        is_next = following == epoch + 1 and following >> 24 == epoch >> 24 > 0
        if not is_next and (following <= epoch or following & 0xFFFFFF):
            return False
        epoch = following
    return True


def sealed_from(raws: tuple[bytes, ...]) -> int:
    """Number of the first record under a secret key."""
    return next(place for place, raw in enumerate(raws) if kind_of(raw) == records.SEAL) + 1


def first_event_behind(raws: tuple[bytes, ...], place: int) -> bool:
    """Whether there is a weapon's event at `place` or behind: others have heard of it."""
    return any(kind_of(raw) == records.EVENT for raw in raws[place:])
