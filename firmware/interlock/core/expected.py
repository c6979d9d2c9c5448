"""What a receiver holds of each partner: the identifiers of the frames that it may air next.

Packed bytes, since a dict of them would not fit the heap: 640 bytes a partner. Near: the next `NEAR` counters, one by
one. Far: every `FAR_STEP`th counter of the next thousand, so that a partner unheard for long is known again after
`FAR_STEP` frames at most, whatever else is on the air. A unit that boots goes on at 1 above a multiple of
`receiver.RESERVE_BLOCK`, and these counters are among the far ones.
"""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .frames import UnitKeys
    from .receiver import Heard

NEAR = 32
FAR_STEP = 8
FAR = 128
_FAR_A_TURN = 4  # identifiers computed in one turn of the loop
_ID_BYTES = 4


class _Ids:
    """Identifiers of `count` counters, `step` apart, the first of them `first`."""

    def __init__(self, keys: "UnitKeys", step: int, count: int) -> None:
        self.first = 0
        self._keys = keys
        self._step = step
        self._count = count
        self._ids = b""

    def find(self, identifier: bytes) -> int | None:
        """The counter whose identifier this is, or None."""
        at = self._ids.find(identifier)
        while at >= 0 and at % _ID_BYTES:
            at = self._ids.find(identifier, at + 1)
        return None if at < 0 else self.first + at // _ID_BYTES * self._step

    def move(self, first: int) -> None:
        """Begin at `first`, which lies a whole number of steps from before: what is no longer ahead goes."""
        gone = (first - self.first) // self._step
        self._ids = self._ids[gone * _ID_BYTES :] if gone >= 0 else b""
        self.first = first

    def grow(self, most: int) -> bool:
        """Compute up to `most` of the identifiers that are missing at the end. False when none was."""
        have = len(self._ids) // _ID_BYTES
        if have >= self._count:
            return False
        self._extend(have, min(have + most, self._count))
        return most > 0

    def _extend(self, begin: int, end: int) -> None:
        # Apart from `grow`, whose names in such a list would be made anew, in memory, at every turn.
        self._ids += b"".join([self._keys.identifier(self.first + i * self._step) for i in range(begin, end)])


class Partner:
    """One partner under one unit key: its keys, its tables, and its newest frame."""

    def __init__(self, keys: "UnitKeys", mark: int) -> None:
        self.keys = keys
        self.unit = keys.unit
        self._near = _Ids(keys, 1, NEAR)
        self._far = _Ids(keys, FAR_STEP, FAR)
        # The newest frame, whole, and what it is when it comes again: its repeats then cost no hash at all.
        self.frame = b""
        self.repeat: Heard | None = None
        # By how many slots (modulo 255) the clock strayed of an event that was followed all the same.
        self.astray: int | None = None
        self._follow(mark)

    def find(self, identifier: bytes) -> int | None:
        """The counter whose identifier this is, or None."""
        counter = self._near.find(identifier)
        return self._far.find(identifier) if counter is None else counter

    def tidy(self, mark: int) -> bool:
        """Move the tables up to the newest counter heard, and fill the far one, a few identifiers a turn. False when
        nothing was left to do."""
        if mark > self._near.first:
            self._follow(mark)
            return True
        return self._far.grow(_FAR_A_TURN)

    def _follow(self, mark: int) -> None:
        self._near.move(mark)
        self._near.grow(NEAR)
        self._far.move((mark + FAR_STEP - 1) // FAR_STEP * FAR_STEP + 1)
