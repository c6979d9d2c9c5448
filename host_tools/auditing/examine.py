"""One journal by itself: everything that its own bytes, and the keys at hand, can show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from ..journal_items import EPOCH_AT, Header
from ..label import serial_text
from ..verifying.checkpoints import Fact, Judged, Signatures, Voucher, judge
from ..verifying.found import Fault, Walked
from ..verifying.gaps import Counts, explain
from ..verifying.outcomes import Altered, Gap, Outcome, TruncatedTail, UnknownKey
from ..verifying.roles import of_role
from ..verifying.seals import Keys, era_of
from ..verifying.testimony import Testimony
from ..verifying.walk import walk
from .places import Holding, Loaded, Place, Remembered, unreadable
from .stored import told_by


@dataclass(frozen=True)
class Known:
    """What is known of a unit beside its journal. `seal_keys`: first keys of the eras; `signing_keys`: public keys that
    are vouched for, and by whom; `identity`: (number, role) by the vault; `in_vault`: None: there is no vault."""

    seal_keys: tuple[bytes, ...] = field(default=(), repr=False)
    signing_keys: Mapping[bytes, Voucher] = field(default_factory=dict)
    identity: tuple[int, int] | None = None
    in_vault: bool | None = None


@dataclass(frozen=True)
class Job:
    """A journal to be examined, in any process. `with_others`: there are journals to compare it with."""

    place: Place
    known: Known
    with_others: bool


@dataclass
class Examined:
    """What was found. `facts`: its good checkpoints; `remembered`: of a journal in a store; `sound_to`: number of the
    first record that is not believed, and `sound_bytes`: byte up to which the file can be read; `outcomes` grow while
    it is compared with others, and below `agreed_to` another read of it, or a host, knows the same records."""

    place: Place
    known: Known
    walked: Walked
    testimony: Testimony
    facts: tuple[Fact, ...]
    judged: Judged
    outcomes: list[Outcome]
    sound_to: int
    sound_bytes: int
    remembered: Remembered | None
    agreed_to: int = 0

    @property
    def header(self) -> Header | None:
        return self.walked.header

    @property
    def is_unsealed(self) -> bool:
        """Whether none of its records is under a secret key, though nothing contradicts any. A store may be empty."""
        walked = self.walked
        is_sound = walked.fault is None and walked.seal_fault is None
        return is_sound and not walked.count("sealed") and (self.remembered is None or walked.records > 0)

    @property
    def serial(self) -> str | None:
        return None if self.header is None else serial_text(self.header.serial)


class _Watched:
    """A journal that is read while somebody is told how many bytes of it were."""

    def __init__(self, stream: BinaryIO, seen: Callable[[int], None]) -> None:
        self._stream, self._seen, self._bytes = stream, seen, 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._bytes += len(data)
        self._seen(self._bytes)
        return data


def examine(job: Job, seen: Callable[[int], None] | None = None, loaded: Loaded | None = None) -> Examined:
    """Go through one journal. `seen`: told how many bytes of it were read so far; `loaded`: what is at its place, for
    whoever has read it already. ToolError when it cannot be read."""
    place, known = job.place, job.known
    signatures = Signatures(known.signing_keys, place.name)
    testimony = Testimony()
    if loaded is None and isinstance(place, Holding):
        loaded = place.load()
    for signed in loaded.signed if loaded is not None else ():
        signatures.take(signed, None)
    witness = testimony if job.with_others else None
    try:
        with (loaded or place).open() as stream:
            source = stream if seen is None else cast(BinaryIO, _Watched(stream, seen))
            walked = walk(source, Keys(known.seal_keys), witness=witness, take=signatures.take)
    except OSError as error:
        raise unreadable(place.name, error) from error
    outcomes = [*_of_bytes(walked), *signatures.outcomes]
    judged = Judged()
    if walked.header is not None:
        judged = judge(walked.header, walked, signatures.facts, known.signing_keys)
        outcomes += _of_identity(walked.header, known)
        outcomes += of_role(walked.header.role, walked.shows)
        outcomes += _of_gaps(walked.header, walked, known, judged)
        if known.seal_keys:
            outcomes += _of_beginning(walked.header)
        outcomes += _without_echoes(judged.outcomes, walked)
    if loaded is not None:
        outcomes += told_by(loaded.journal, walked, known.seal_keys)
    return Examined(
        place,
        known,
        walked,
        testimony,
        tuple(signatures.facts),
        judged,
        outcomes,
        min([walked.following, *_first_doubts(outcomes, walked)]),
        _sound_bytes(walked),
        None if loaded is None else loaded.remembered(),
        0 if loaded is None else loaded.remembered().known_to,
    )


def _of_bytes(walked: Walked) -> list[Outcome]:
    found: list[Outcome] = []
    fault, seal = walked.fault, walked.seal_fault
    if fault is not None and fault.cut and walked.header is not None:
        found.append(TruncatedTail(walked.following, "the file", "has no end (the footer that closes it is missing)"))
    elif fault is not None and (seal is None or fault.sequence != seal.sequence):
        found.append(Altered(fault.sequence, fault.sequence, fault.offset, "form", fault.reason))
    if seal is not None and walked.strange_era:
        key = f"a key of era {walked.strange_era}"
        found.append(UnknownKey(f"the seal from record {seal.sequence} on", key, True))
    elif seal is not None:
        found.append(Altered(_first_unproven(walked, seal), seal.sequence, seal.offset, "seal", seal.reason))
    return found


def _first_unproven(walked: Walked, seal: Fault) -> int:
    """The first record that may be what does not fit: those right before it under everybody's key prove nothing."""
    assert seal.sequence is not None
    before = [stretch for stretch in walked.stretches if stretch.last + 1 == seal.sequence and stretch.held == "open"]
    return before[0].first if before else seal.sequence


def _of_identity(header: Header, known: Known) -> list[Outcome]:
    if known.identity is None or known.identity == (header.unit, header.role):
        return []
    reason = f"it calls itself unit {header.unit} of role {header.role}; in the vault it is {known.identity[0]}"
    return [Altered(None, None, 0, "vault", f"{reason} of role {known.identity[1]}")]


def _of_gaps(header: Header, walked: Walked, known: Known, judged: Judged) -> list[Outcome]:
    missing = [(hole.first, hole.last, hole.stated) for hole in walked.holes]
    if header.first and walked.fault is None:
        missing.insert(0, (0, header.first - 1, True))
    found: list[Outcome] = []
    for first, last, stated in missing:
        loose = walked.loose_from(last + 1) - last - 1
        counts = _counting(walked, known, judged, first)
        why = explain(first, last, walked.losses, walked.flash_faults, loose, counts) if stated else ""
        found.append(Gap(first, last, why, loose))
    return found


def _counting(walked: Walked, known: Known, judged: Judged, first: int) -> tuple[Counts, Counts]:
    """Which *loss* and which *flash fault* records count for a gap from record `first` on. With the vault: those under
    the seal. Without: those that a checkpoint shows to be the unit's, where one was signed over what is missing (of
    *loss* also those behind the last checkpoint: a ring is full when it is); else those in chain."""

    def is_sealed(at: int) -> bool:
        return walked.held_by(at) == "sealed"

    def is_in_chain(at: int) -> bool:
        return walked.held_by(at) != "loose"

    if known.seal_keys:
        return is_sealed, is_sealed

    def is_signed_or_behind(at: int) -> bool:
        return judged.covers(at) if at < judged.signed_over else is_in_chain(at)

    return is_signed_or_behind, judged.covers if first < judged.signed_over else is_in_chain


def _of_beginning(header: Header) -> list[Outcome]:
    """Of a unit that the vault gave a seal key: who fills a ring was set up before."""
    if not header.first or era_of(header.epoch):
        return []
    begins = f"it begins with record {header.first} under the key that everybody knows"
    reason = f"sealed records are missing: {begins}, as no unit in service does"
    return [Altered(header.first, header.first, EPOCH_AT, "seal", reason)]


def _without_echoes(outcomes: Sequence[Outcome], walked: Walked) -> list[Outcome]:
    """Without a checkpoint's word on an alteration that the seal has found before, and where."""
    seal = walked.seal_fault
    if seal is None or walked.strange_era or seal.sequence is None:
        return list(outcomes)
    return [
        outcome
        for outcome in outcomes
        if not (isinstance(outcome, Altered) and outcome.last is not None and outcome.last >= seal.sequence)
    ]


def _first_doubts(outcomes: Sequence[Outcome], walked: Walked) -> Iterable[int]:
    """Numbers of the records from which on something is not what was written, or not known to be."""
    for outcome in outcomes:
        if isinstance(outcome, Altered) and outcome.first is not None:
            yield outcome.first
    if walked.seal_fault is not None:
        yield _first_unproven(walked, walked.seal_fault)


def _sound_bytes(walked: Walked) -> int:
    fault = walked.fault
    return walked.size if fault is None else fault.offset
