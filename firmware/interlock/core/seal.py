"""The seal: each record carries a tag under a key that evolves one way and whose past is destroyed on the flash.

Whoever takes a unit apart later finds the key of the present epoch only, and can rewrite nothing of the epochs before.
Bytes, order of steps and what the vault does with the first key: `firmware/JOURNAL.md`, "Seal".
"""

from .crypto import Hmac
from .keylog import KeyLog

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Flash

KEY_BYTES = 16
TAG_BYTES = 6
ERA_SHIFT = 24
OPEN_KEY = bytes(KEY_BYTES)  # of a unit that was given none: everybody can compute its tags
NEXT = b"interlock seal key"  # what a key is hashed with to evolve


def next_key(key: bytes) -> bytes:
    """The key (16 bytes) of the epoch after that of `key`. There is no way back."""
    return Hmac(key).digest(NEXT)[:KEY_BYTES]


def first_epoch(after: int) -> int:
    """The epoch with which a key begins that is given from outside while `after` is in force."""
    return ((after >> ERA_SHIFT) + 1) << ERA_SHIFT


class OpenSeal:
    """The seal of a unit to which no key was given: a checksum, and no secret."""

    def __init__(self) -> None:
        self.epoch = 0
        self.key = OPEN_KEY
        self._mac = Hmac(OPEN_KEY)

    def tag(self, chain: bytes, body: bytes) -> bytes:
        """The 6 bytes that a record with this `body` carries behind the chain value `chain`."""
        return self._mac.digest(chain + body)[:TAG_BYTES]

    def is_changing(self) -> bool:
        """Whether a newer key than the one in use waits for the record that announces it."""
        return False

    def may_evolve(self) -> bool:
        """Whether there is a key that can evolve."""
        return False

    def next_epoch(self) -> int:
        """The epoch of the key that waits."""
        return self.epoch

    def begin(self) -> None:
        """The record that announces the new key is written: use it, and destroy the one before."""

    def prepare(self) -> None:
        """Put the key of the next epoch beside the present one."""


class Seal(OpenSeal):
    """The seal on the key log at `first_sector` of `flash`. In use is the oldest key that still is there: a newer one
    waits until the journal has said so (`journal.py` sees to it, after a power cut, too).

    OSError where the flash fails; the key in use stays in use then."""

    def __init__(self, flash: "Flash", first_sector: int) -> None:
        super().__init__()
        self._log = KeyLog(flash, first_sector, KEY_BYTES)

    def settle(self, epoch: int) -> None:
        """Use the key that goes with the journal, whose last word is that `epoch` began: after a cut there are two."""
        number, secret, previous = self._log.number, self._log.secret, self._log.previous
        if number is None or secret is None:
            return
        if previous is not None and number > epoch:
            self._use(*previous)
        elif epoch > 0:
            self._use(number, secret)

    def _use(self, epoch: int, key: bytes) -> None:
        self.epoch, self.key = epoch, key
        self._mac = Hmac(key)

    def is_changing(self) -> bool:
        return self._log.number is not None and self._log.number > self.epoch

    def may_evolve(self) -> bool:
        return self.epoch > 0

    def next_epoch(self) -> int:
        return self._log.number if self._log.number is not None else self.epoch

    def prepare(self) -> None:
        if not self.is_changing():
            self._log.put(self.epoch + 1, next_key(self.key))

    def give(self, key: bytes) -> None:
        """Let `key` (16 bytes, from the vault) begin a new era with the next record that announces it."""
        self._log.put(first_epoch(self.next_epoch()), bytes(key))

    def begin(self) -> None:
        number, secret = self._log.number, self._log.secret
        assert number is not None and secret is not None
        self._use(number, secret)
        self._log.drop()

    def destroy_past(self) -> None:
        """Finish what a cut may have left: of past keys nothing stays. OSError where the flash fails."""
        if not self.is_changing():
            self._log.drop()

    def tidy(self) -> bool:
        """Quiet-slot work: destroy a past key that a failing flash kept, erase what the log left behind. True when it
        did something."""
        if self._log.previous is not None and not self.is_changing():
            self._log.drop()
            return True
        return self._log.tidy()
