"""Somebody who has a pulled journal, knows every format, and has no key: what they can make of it.

All checksums, chain values, footers and tags under the open key come out right; tags under secret keys stay as they
were. A signing key they can make, too, but it is not the unit's.
"""

from binascii import crc32
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

from host_tools import journal_file
from host_tools.journal_items import Header, Signed, Source, raws_of
from host_tools.verifying.walk import walk
from interlock.core import checkpoint, records, settings
from interlock.core.layout import CRC_BYTES, HEAD_BYTES, chain_next
from interlock.core.seal import TAG_BYTES, OpenSeal
from interlock.core.signer import Signer
from tests.core.flash import RamFlash


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


def number_of(raw: bytes) -> int:
    return int.from_bytes(raw[2:6])


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


def with_break(pulled: Pulled, first: int, following: int) -> bytes:
    """Records `first` up to `following` taken out, and a break that says so and states the true chain value."""
    epoch = 0
    for raw in pulled.raws[:following]:
        epoch = int.from_bytes(payload_of(raw)) if kind_of(raw) == records.SEAL else epoch
    rest = journal_file.Run(following, pulled.chains[following], epoch, pulled.raws[following:])
    return journal_file.join(pulled.header, pulled.raws[:first], [rest], pulled.signed)


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
