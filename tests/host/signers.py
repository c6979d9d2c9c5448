"""People who sign statements, for tests of what these are worth."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.statements import statement
from host_tools.statements.signing import Signer
from host_tools.store.rows import CONFIRMED, WITHDRAWN, AnnotationRow
from host_tools.vouched import Vouched
from interlock.core import frames

from .books import Book, holster

T = 1_800_000_000_000
SERIAL = "UNIT1"


class Pen(Signer):
    """A person with a key of their own, the same each time."""

    def __init__(self, person: str, seed: int) -> None:
        private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        super().__init__(person, private.public_key().public_bytes_raw(), private)

    def says(self, sequence: int, code: str = "training", text: str = "a drill", at_ms: int = T) -> AnnotationRow:
        return self.sign(unsigned(self.person, sequence, code, text, at_ms))

    def withdraws(self, row: AnnotationRow, at_ms: int = T + 1000) -> AnnotationRow:
        return self._of(row, WITHDRAWN, at_ms)

    def confirms(self, row: AnnotationRow, at_ms: int = T + 2000) -> AnnotationRow:
        return self._of(row, CONFIRMED, at_ms)

    def _of(self, row: AnnotationRow, code: str, at_ms: int) -> AnnotationRow:
        about = statement.digest(row)
        return self.sign(unsigned(self.person, row.sequence, code, "", at_ms)._replace(about=about))

    def as_person(self, person: str) -> "Pen":
        """Another name over the same key."""
        other = Pen(person, 1)
        object.__setattr__(other, "public", self.public)
        object.__setattr__(other, "_private", self._private)
        return other


def weapon() -> Book:
    """0: a clock; 1, 2, 3: draw, discharge and return; 4, 5: another draw and return."""
    book = holster().clock(0, T - 60_000)
    book.event(1000, frames.DRAW, 1).event(2000, frames.DISCHARGE, 2).event(3000, frames.REHOLSTER, 3)
    return book.event(9000, frames.DRAW, 4).event(9900, frames.REHOLSTER, 5)


RAWS: Sequence[bytes] = weapon().raws


def raw_of(sequence: int) -> bytes | None:
    return RAWS[sequence] if sequence < len(RAWS) else None


def unsigned(
    person: str, sequence: int, code: str = "training", text: str = "a drill", at_ms: int = T
) -> AnnotationRow:
    record = None if (raw := raw_of(sequence)) is None else statement.record_digest(raw)
    return AnnotationRow(SERIAL, sequence, code, text, person, at_ms, record)


ANN, BOB, CID = Pen("ANN", 11), Pen("BOB", 12), Pen("CID", 13)
PEOPLE = {"ANN": (Vouched(ANN.public),), "BOB": (Vouched(BOB.public),)}
