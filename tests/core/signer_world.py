"""A signer on NOR flash for the core's tests in either interpreter, with trees of four leaves beside the real ones."""

from interlock.core import lms, trees
from interlock.core.lmots import OneTime
from interlock.core.signer import PARAMS, SECTORS, Params, Signer, SignerError
from tests.core.flash import PowerCut, RamFlash

FIRST = 1  # the signer does not begin where the flash does
ENTROPY = b"entropy of nobody's, 32 bytes ..."[:32]
TORN = (0xFF, 0x5A, 0x00, 0x81)

TINY, TINY_TWO = 101, 102
H10, H5, H5_TWO = 1, 2, 3
_PRIVATE_TYPE = 0xDDDDDDDD  # RFC 8554, §8: for private use
lms.HEIGHTS[_PRIVATE_TYPE] = 2
TABLE = dict(PARAMS)
TABLE[TINY] = Params("tiny", _PRIVATE_TYPE, 3, 1)
TABLE[TINY_TWO] = Params("tiny/tiny", _PRIVATE_TYPE, 3, 2)


class Area(RamFlash):
    """The sectors of a signer, behind FIRST others."""

    def __init__(self):
        RamFlash.__init__(self, FIRST + SECTORS)

    def copy(self):
        other = Area()
        other.data[:] = self.data
        return other


def opened(flash):
    return Signer(flash, FIRST, TABLE)


def finish(held, hashes=1 << 20):
    """Work until nothing is due; the number of calls."""
    calls = 1
    while held.work(hashes):
        calls += 1
    return calls


def made(params, flash=None):
    """A signer whose key is complete."""
    held = opened(Area() if flash is None else flash)
    held.generate(params, ENTROPY)
    finish(held)
    return held


def signs(held, last_seen=None):
    """One signature, computed and verified: its index."""
    index = held.take(last_seen)
    message = b"message under index %d" % index
    held.sign(message)
    finish(held)
    said, signature = held.signed()
    assert said == message and lms.verify(held.public, message, signature)
    return index


def refusal(held, last_seen=None):
    """The reason why no index is taken."""
    try:
        held.take(last_seen)
    except SignerError as error:
        assert len(str(error)) > 20
        return error.reason
    raise AssertionError("an index was taken")


class Uses:
    """Stands in for the one-time signatures of `trees`: none of their leaves may sign twice, not the same message
    either."""

    def __init__(self, before=()):
        self.seen = set(before)
        trees.OneTime = self

    def __call__(self, ots_type, identifier, q, *rest):
        assert (identifier, q) not in self.seen, "leaf %d was used twice" % q
        self.seen.add((identifier, q))
        return OneTime(ots_type, identifier, q, *rest)


def cut_at(flash, operation, torn):
    """Let the power fail at that flash operation from now on, with bits torn in one of four ways."""
    flash.operations, flash.cut_after = 0, operation
    bits = TORN[torn % len(TORN)]
    flash.keep_bits = lambda i: bits if i % 3 else 0xFF ^ bits


def cut_everywhere(flash, live, check):
    """Cut the power at every flash operation of `live(flash)`, and once more somewhere in what follows, then
    `check(flash)`. Both begin with a boot; `check` is told whether it may be cut. Gives the number of operations."""
    whole, uses = flash.copy(), trees.OneTime
    before = uses.seen if isinstance(uses, Uses) else ()
    try:
        Uses(before)
        live(whole)
        for operation in range(whole.operations):
            torn = flash.copy()
            Uses(before)
            cut_at(torn, operation, operation)
            try:
                live(torn)
                raise AssertionError("operation %d was not reached" % operation)
            except PowerCut:
                pass
            try:
                cut_at(torn, operation * 7 % 31, operation // 4)
                check(torn)
            except PowerCut:
                torn.cut_after = None
                check(torn)
    finally:
        trees.OneTime = uses
    return whole.operations
