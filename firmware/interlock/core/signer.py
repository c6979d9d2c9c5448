"""The unit's signing key: LMS or HSS (`lms.py`) whose one-time indices are never used twice, whatever the power does.

An index is taken before anything is signed with it: the secret of the next one is put in the flash, and its own is
destroyed there; from then on it is in RAM only. A cut costs that index, and who takes the unit apart cannot sign under
a past one. Nothing waits: keys and signatures are computed by `work`, in slices. Bytes: `firmware/JOURNAL.md`, "Signing
key".
"""

import struct

from .bottoms import Bottoms
from .crypto import Hmac
from .keylog import SECTORS as KEYLOG_SECTORS
from .keylog import KeyLog
from .trees import (
    ERASE,
    BottomTree,
    Params,
    RotError,
    Slot,
    StoredTree,
    identifier_of,
    is_intact,
    leaf_seed,
    next_secret,
    read,
)

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from .needs import Flash

# LMS_SHA256_M32_H10 and _H5 with LMOTS_SHA256_N32_W4.
PARAMS = {1: Params("h10", 6, 3, 1), 2: Params("h5", 5, 3, 1), 3: Params("h5/h5", 5, 3, 2)}
PARAMS_NAMES = {code: params.name for code, params in PARAMS.items()}

# Where things are, in sectors from the signer's first on. With one level the leaves take LEAVES to SIGNED, with two one
# sector, and the secrets at SECRETS are the top's.
SECTORS = 12
SECRETS = 0
HEAD = 2
LEAVES = 3
BOTTOM_SECRETS = 4
BOTTOM_TREES = (6, 7)
SIGNED = 11
SECRET_BYTES = 32

# States.
NONE = 0
GENERATING = 1
READY = 2
EXHAUSTED = 3  # also a reason why no index was taken

# Reasons why no index was taken.
NO_KEY = 16
BUSY = 17
ROLLED_BACK = 18

_WORDS = {
    NO_KEY: "there is no signing key, or it cannot be read any more: make a new one",
    BUSY: "a key or a signature is being computed: try again later",
    EXHAUSTED: "every index of the signing key was used: make a new key",
    ROLLED_BACK: "an index this high was seen already: this unit's flash is an old copy, do not trust it",
}

_MAGIC = b"ILC\x01"
_SIGNED_FORM = ">4sIH"  # magic, index, message bytes; then message, LMS signature, CRC32
_SIGNED_HEAD_BYTES = struct.calcsize(_SIGNED_FORM)
MESSAGE_MAX = 256


class SignerError(Exception):
    """No index was taken. `reason`: NO_KEY, BUSY, EXHAUSTED or ROLLED_BACK."""

    def __init__(self, reason: int) -> None:
        super().__init__(_WORDS[reason])
        self.reason = reason


class _Job:
    """A generator of what each piece of its work cost (`trees.py`), run a slice at a time."""

    def __init__(self, pieces: "Generator[int, None, None]") -> None:
        self._pieces = pieces
        self._cost = 0

    def run(self, hashes: int, erase: bool) -> bool:
        """Go on by about as many hashes, at most one erase, none if it must not be; whether all is done."""
        while hashes > 0:
            if self._cost == ERASE:
                if not erase:
                    return False
                hashes = 1
            try:
                self._cost = next(self._pieces)
            except StopIteration:
                return True
            hashes -= max(self._cost, 1)
        return False


class Signer:
    """The signer in the 12 sectors of `flash` from `first_sector` on. Opening only reads; the first `work` finishes
    what a cut left. Where the flash fails, calls raise OSError; the next `work` tries again, a signature is lost.

    `params`: code of its parameters, 0 for none. `table`: parameters by code. `rotted`: the sector, from the signer's
    first on, whose tree was found to sign no more; whoever tells of it sets it back to None. `rotted_number`: that
    tree's, of those that the sector had.
    """

    def __init__(self, flash: "Flash", first_sector: int, table: "Mapping[int, Params]" = PARAMS) -> None:
        self._flash = flash
        self._first = first_sector
        self._table = table
        self._open()

    def _open(self) -> None:
        self._signing: _Job | None = None
        self._chores: _Job | None = None
        self._taken: tuple[int, bytes] | None = None
        self._tree = StoredTree(self._flash, self._offset(HEAD), self._offset(LEAVES), self._table)
        self._open_logs()
        self.params = self._tree.code if self._is_whole() else 0
        # A cut in `generate` leaves number 0 at most.
        self.rotted_number = 0
        self.rotted: int | None = HEAD if not self.params and self._logs[0].number else None
        if self.params:
            self._chores = _Job(self._due())

    def _is_whole(self) -> bool:
        """Whether head, root and secrets are there and can belong together."""
        if self._tree.number < 0:
            return False
        leaves = 1
        for log in self._logs:
            leaves *= self._tree.size
            if log.number is None or log.number > leaves:
                return False
        # With numbers above 0 and no root, the root was lost to bit rot.
        return self._tree.root is not None or not self._logs[0].number

    def _open_logs(self) -> None:
        """The secrets of the tree, or those of top and bottom trees. What signs messages is the last of them."""
        sectors = (SECRETS, BOTTOM_SECRETS) if self._levels() == 2 else (SECRETS,)
        self._logs = [KeyLog(self._flash, self._first + sector, SECRET_BYTES) for sector in sectors]
        self._log = self._logs[-1]
        self._bottoms: Bottoms | None = None
        if self._levels() == 2 and self._tree.root is not None:
            self._open_bottoms()

    def _open_bottoms(self) -> None:
        table = {self._tree.code: self._tree.params}  # what says that it is of another kind is no tree of this key
        trees = [BottomTree(self._flash, self._first + sector, table) for sector in BOTTOM_TREES]
        self._bottoms = Bottoms(self._tree, self._logs[0], self._log, trees)

    def _levels(self) -> int:
        return 1 if self._tree.number < 0 else self._tree.params.levels

    def _offset(self, sector: int) -> int:
        return (self._first + sector) * self._flash.sector_bytes

    # What it is.

    @property
    def state(self) -> int:
        """NONE, GENERATING, READY or EXHAUSTED."""
        if not self.params:
            return NONE
        is_made = self._tree.root is not None if self._levels() == 1 else self._bottoms and self._bottoms.is_made()
        if not is_made:
            return GENERATING
        return READY if self.remaining else EXHAUSTED

    @property
    def total(self) -> int:
        """Leaves to be computed before the key is ready; 0 without a key."""
        return self._tree.size * self._levels() if self.params else 0

    @property
    def done(self) -> int:
        """Leaves of those that are computed."""
        if not self.params:
            return 0
        return self._tree.done + (self._bottoms.done if self._bottoms is not None else 0)

    @property
    def index(self) -> int:
        """The next one-time index; with two levels the top's times the leaves of a tree, and the bottom's. It steps
        over those of a bottom tree that was burned."""
        return self._log.number or 0 if self.params else 0

    @property
    def remaining(self) -> int:
        """How many signatures are left."""
        if not self.params:
            return 0
        return self._bottoms.remaining if self._bottoms is not None else self._capacity() - self.index

    def _capacity(self) -> int:
        size: int = self._tree.size ** self._levels()
        return size

    @property
    def is_low(self) -> bool:
        """Whether a new key should be made soon: a tenth is left, or 8."""
        return self.params != 0 and self.remaining <= max(8, self._capacity() // 10)

    @property
    def public(self) -> bytes | None:
        """The public key in the form of HSS, 60 bytes, once it is known."""
        if not self.params or self._tree.root is None:
            return None
        return struct.pack(">I", self._levels()) + self._tree.key

    @property
    def busy(self) -> bool:
        """Whether `work` has something to do."""
        return self._signing is not None or self._chores is not None

    @property
    def is_signing(self) -> bool:
        """Whether a signature is being computed."""
        return self._signing is not None

    # Making a key.

    def generate(self, params: int, entropy: bytes) -> None:
        """Begin a new key from 32 bytes that nobody can guess. The old one is destroyed first; when this returns, the
        new one gets finished, whatever the power does."""
        if params not in self._table:
            raise ValueError("no parameters have the code %d: nothing was changed" % params)
        self._signing = self._chores = self._taken = None
        self.params = 0
        for log in self._logs:
            log.wipe()
        self._flash.erase(self._offset(HEAD))
        mac = Hmac(entropy)
        secret = mac.digest(b"interlock secret")
        self._tree.begin(params, 0, identifier_of(secret))
        self._open_logs()
        for log in self._logs:
            log.wipe()  # what a key of other parameters left there
        for log, first in zip(self._logs, (secret, mac.digest(b"interlock bottom secret"))):
            log.put(0, first)
        self._open()

    def _sectors(self) -> list[int]:
        """Those that must be blank before the first leaf: nothing of an older key stays."""
        kept = range(BOTTOM_SECRETS, BOTTOM_SECRETS + (KEYLOG_SECTORS if self._levels() == 2 else 0))
        return [self._first + sector for sector in range(LEAVES, SECTORS) if sector not in kept]

    # Work.

    def work(self, hashes: int, erase: bool = True) -> bool:
        """Go on by about as many hashes with what is due; whether there is more. A call does one erase at most, and
        none if `erase` is not set: then it waits there."""
        try:
            if self._signing is not None:
                if self._signing.run(hashes, erase):
                    self._signing = None
            elif self._chores is not None and self._chores.run(hashes, erase):
                self._chores = None
        except OSError as error:
            if self._signing is None or self._chores is None:
                self._chores = _Job(self._due())
            self._signing = None
            if isinstance(error, RotError):
                self._give_up(error.sector - self._first, error.number)
            raise
        return self.busy

    def _give_up(self, sector: int, number: int) -> None:
        """What rotted signs no more: the key, or a bottom tree, whose indices are stepped over."""
        self.rotted, self.rotted_number = sector, number
        if sector == HEAD:
            self.params = 0
            self._chores = None

    def tidy(self) -> bool:
        """Erase ahead, in a quiet slot: True when there was something to do."""
        if self.params:
            for log in self._logs:
                if log.tidy():
                    return True
        return False

    def _due(self) -> "Generator[int, None, None]":
        """All there is to do but signatures."""
        for log in self._logs:
            log.drop()
        if self._tree.root is None:
            secret = self._logs[0].secret
            assert secret is not None
            yield from self._tree.make(secret, self._sectors())
        elif self._tree.is_sound is None:
            yield from self._tree.check()
        if self._levels() == 2:
            if self._bottoms is None:
                self._open_bottoms()
            assert self._bottoms is not None
            yield from self._bottoms.make()

    # Signing.

    def take(self, last_seen: int | None) -> int:
        """The next one-time index, which is used up when this returns. `last_seen`: the highest index with which
        somebody has seen a signature, None for none. Raises SignerError; OSError when the flash failed: then the index
        may be used up, and nothing is signed with it."""
        state = self.state
        if state == NONE:
            raise SignerError(NO_KEY)
        if state == GENERATING:
            raise SignerError(BUSY)
        if last_seen is not None and last_seen >= self.index:
            raise SignerError(ROLLED_BACK)
        if state == EXHAUSTED:
            raise SignerError(EXHAUSTED)
        number, secret = self._log.number, self._log.secret
        assert number is not None and secret is not None
        if self._signing is not None or self._signs_with(number) is None:
            raise SignerError(BUSY)
        self._log.put(number + 1, next_secret(secret))
        self._log.drop()
        self._taken = number, leaf_seed(secret)
        if self._bottoms is not None and self._chores is None:
            self._chores = _Job(self._due())
        return number

    def _signs_with(self, index: int) -> StoredTree | None:
        return self._tree if self._bottoms is None else self._bottoms.holding(index)

    def sign(self, message: bytes) -> None:
        """Begin to sign `message` (at most 256 bytes) with the index that was taken. `work` goes on with it."""
        if self._taken is None or len(message) > MESSAGE_MAX:
            raise ValueError("take an index for each message, of at most %d bytes" % MESSAGE_MAX)
        index, seed = self._taken
        tree = self._signs_with(index)
        assert tree is not None
        self._taken = None
        self._signing = _Job(self._sign(tree, index, seed, message))

    def _sign(self, tree: StoredTree, index: int, seed: bytes, message: bytes) -> "Generator[int, None, None]":
        yield ERASE
        self._flash.erase(self._offset(SIGNED))
        slot = Slot(self._flash, self._offset(SIGNED))
        slot.emit(struct.pack(_SIGNED_FORM, _MAGIC, index, len(message)) + message)
        yield from tree.sign(index & tree.size - 1, seed, message, slot)
        slot.close()
        if self.signed() is None:
            raise OSError("the flash did not keep signature %d: ask for another" % index)

    def signed(self) -> tuple[bytes, bytes] | None:
        """The newest message that was signed and its signature in the form of HSS, or None: there is none, or it is
        being computed."""
        if not self.params or self._tree.root is None:
            return None
        start = self._offset(SIGNED)
        magic, index, message_bytes = struct.unpack(_SIGNED_FORM, read(self._flash, start, _SIGNED_HEAD_BYTES))
        tree = self._signs_with(index)
        count = _SIGNED_HEAD_BYTES + message_bytes + self._tree.signature_bytes
        if magic != _MAGIC or message_bytes > MESSAGE_MAX or tree is None or not is_intact(self._flash, start, count):
            return None
        start += _SIGNED_HEAD_BYTES
        message = read(self._flash, start, message_bytes)
        return message, tree.certificate() + read(self._flash, start + message_bytes, tree.signature_bytes)
