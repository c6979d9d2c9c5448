"""What the core asks of the world around it, for the type checker and the reader: there is no such module on a board.

Drivers, the simulator and the tests supply these by shape alone; nobody inherits from them.
"""

from collections.abc import Callable
from typing import Protocol

from .access import Access, Granted, Label
from .journal import Journal
from .reading import Cursor
from .settings import Settings

Bytes = bytes | bytearray | memoryview

Clock = Callable[[], int]
"""The ticks of now: milliseconds modulo 2^30 (`ticks.py`). Safe in an interrupt."""

class Flash(Protocol):
    """A raw flash area, offsets in bytes from its beginning. A failure raises OSError."""

    @property
    def size(self) -> int:
        """Bytes: a whole number of sectors."""

    @property
    def sector_bytes(self) -> int:
        """What one erase sets to 0xFF."""

    def read(self, offset: int, buffer: bytearray, /) -> None:
        """Fill `buffer`."""

    def program(self, offset: int, data: bytes, /) -> None:
        """Clear the bits that are 0 in `data`, and no others; a power cut leaves any of them cleared."""

    def erase(self, offset: int, /) -> None:
        """Set the sector that begins at `offset` to 0xFF; a power cut leaves it holding anything."""

class Signing(Protocol):
    """A unit whose journal is to be signed (`notary.py`)."""

    @property
    def journal(self) -> Journal: ...
    @property
    def clock(self) -> object | None:
        """None while UTC is not known."""

    def record(self, kind: int, payload: bytes, /) -> bool:
        """Journal it; False when the flash failed."""

    def uptime_ms(self) -> int: ...
    def utc_ms(self) -> int:
        """As `Served.utc_ms`."""

    def clock_u_ms(self) -> int:
        """Uncertainty of UTC."""

class Served(Protocol):
    """What a session (`session.py`) may ask of the unit it serves. Refusals are reasons of `wire.py`."""

    @property
    def label(self) -> Label:
        """Serial and set-up secret."""

    @property
    def access(self) -> Access | None:
        """The access in force, or None: boxed."""

    def entropy(self, count: int, /) -> bytes:
        """Random bytes."""

    def utc_ms(self) -> int:
        """UTC now; without a clock the latest UTC that the journal proves to be past; 0 when there is none."""

    def uptime_ms(self) -> int: ...
    def status(self) -> bytes:
        """`wire.Status`, packed."""

    def opened(self, credential: int, person: bytes, number: int, /) -> None:
        """Somebody proved who they are."""

    def refused(self, credential: int, reason: int, /) -> None:
        """Somebody failed to."""

    def wait_s(self, credential: int, /) -> int:
        """Seconds for which this kind is not heard, after wrong secrets; 0 for none."""

    def set_clock(self, credential: int, uptime_ms: int, utc_ms: int, uncertainty_ms: int, /) -> int:
        """OK or why not."""

    def check(self, credential: int, settings: Settings, /) -> int:
        """Whether `commit` would take these: OK or why not."""

    def commit(self, credential: int, settings: Settings, granted: Granted | None, /) -> int:
        """Put them in force, whole or not at all: OK or why not."""

    def assign(self, credential: int, partner: int, until_s: int, officer: bytes, /) -> int:
        """From now on only this partner counts (its number, or 0: the paired ones again), until that time (seconds
        since 1970, UTC), for this officer (8 bytes): OK or why not."""

    def set_mode(self, credential: int, mode: int, seconds: int, /) -> int:
        """Enter a mode (`records.py`) for so long, 0 being the policy's figure: OK or why not."""

    def identify(self, seconds: int, how: int, /) -> int:
        """Blink, and buzz if asked to (`wire.BY_BUZZ`), for so long; 0: no longer. How it does, as these bits."""

    def self_test(self, credential: int, parts: int, /) -> tuple[int, bytes]:
        """Begin a test of these parts (`selftest.py`), or none: OK or why not, and the last one's report."""

    def place(self, credential: int, what: int, seconds: int, /) -> tuple[int, bytes]:
        """Begin a placement for so long (0: the policy's figure), end it, or look: OK or why not, and
        `wire.PLACED_HEAD` with its lines, packed."""

    def ratchet(self, access: Access, /) -> int:
        """Put the access in force: OK or why not."""

    def cursor(self, sequence: int, /) -> Cursor:
        """A Cursor of the journal."""

    def end(self) -> tuple[int, bytes]:
        """Sequence of the journal's next record, and the chain value before it."""

    def checkpoint(self, credential: int, last_seen: int | None, nonce: bytes, /) -> tuple[int, int, int]:
        """Take a one-time index and begin to sign the journal's head: OK or why not, the index, how many are left."""

    def signed(self) -> tuple[int, bytes]:
        """OK and the newest message that was signed, followed by its signature (nothing while it is being computed);
        or why not."""

    def key(self) -> bytes:
        """`wire.KEY_FORM`, packed, and the public key once it is there."""

    def make_key(self, params: int, entropy: bytes, /) -> int:
        """Begin to make a signing key; `entropy`: the host's share (32 bytes). OK or why not."""

    def update(self, code: int, body: bytes, /) -> tuple[int, bytes]:
        """Carry out UPDATE_BEGIN, _DATA, _STATE or _SWITCH: OK or why not, and the reply's body."""
