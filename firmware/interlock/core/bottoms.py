"""The lower level of an HSS signing key: two bottom trees in turn, each certified by one leaf of the top tree.

The next one is made while the present one still signs, so that a signature rarely waits. The top's leaf is taken before
it signs; a cut between the two burns it, and with it the indices of the bottom tree it was for. So does rot in a bottom
tree.
"""

from .keylog import KeyLog
from .trees import BottomTree, StoredTree, advance, identifier_of, leaf_seed, next_secret

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Generator


class Bottoms:
    """The bottom trees `trees` (two) under the complete tree `top`. `top_log`, `log`: the secrets of both levels.

    A secret's number in `log` is its index: the number of the tree times its leaves, and the leaf."""

    def __init__(self, top: StoredTree, top_log: KeyLog, log: KeyLog, trees: "list[BottomTree]") -> None:
        self._top = top
        self._top_log = top_log
        self._log = log
        self._trees = trees
        self._is_certifying = False

    @property
    def _following(self) -> int:
        """The number of the bottom tree that the top certifies next."""
        assert self._top_log.number is not None
        return self._top_log.number

    @property
    def _number(self) -> int:
        assert self._log.number is not None
        return self._log.number

    def holding(self, index: int) -> BottomTree | None:
        """The certified tree with that index, if it still is there."""
        for tree in self._trees:
            if tree.is_certified and tree.number == index >> self._top.height:
                return tree
        return None

    def _newest(self) -> int:
        """Number of the newest certified tree, -1 for none."""
        return max([tree.number if tree.is_certified else -1 for tree in self._trees])

    def is_made(self) -> bool:
        """Whether there ever was a tree to sign with."""
        return self._number > 0 or self._newest() >= 0

    @property
    def done(self) -> int:
        """Leaves of the first tree that are computed, all once it is made."""
        return self._top.size if self.is_made() else max([tree.done for tree in self._trees])

    @property
    def remaining(self) -> int:
        """How many signatures are left."""
        size, present = self._top.size, self._number >> self._top.height
        left = (size - self._following + self._is_certifying) * size
        for tree in self._trees:
            if tree.is_certified and tree.number >= present:
                left += size - (self._number & size - 1 if tree.number == present else 0)
        return left

    def make(self) -> "Generator[int, None, None]":
        """All that is due: the next tree once the newest one is half used up, and steps over what was burned."""
        self._is_certifying = False  # what failed is burned
        for tree in self._trees:
            if tree.is_certified and tree.is_sound is None:
                yield from tree.check()
        while True:
            half_used = (self._newest() << self._top.height) + (self._top.size >> 1)
            if self._number >= half_used and self._following < self._top.size:
                yield from self._make_next()
            elif self._number < self._newest() << self._top.height and self.holding(self._number) is None:
                yield from self._step_over()
            else:
                return

    def _make_next(self) -> "Generator[int, None, None]":
        number, secret, newest = self._following, self._log.secret, self._newest()
        assert secret is not None
        first = yield from advance(secret, (number << self._top.height) - self._number)
        tree = self._trees[1 if self._trees[0].is_certified and self._trees[0].number == newest else 0]
        identifier = identifier_of(first)
        if tree.number != number or tree.identifier != identifier or tree.is_sound is False:
            yield from tree.renew(self._top.code, number, identifier)
        yield from tree.make(first, ())
        secret = self._top_log.secret
        assert secret is not None
        self._top_log.put(number + 1, next_secret(secret))
        self._is_certifying = True
        self._top_log.drop()
        yield from tree.certify(self._top, number, leaf_seed(secret))
        self._is_certifying = False

    def _step_over(self) -> "Generator[int, None, None]":
        number, secret = self._newest() << self._top.height, self._log.secret
        assert secret is not None
        secret = yield from advance(secret, number - self._number)
        self._log.put(number, secret)
        self._log.drop()
