"""What of a unit serves technicians: in memory only while one may come, or while the signer has something to compute.

Signer, session and desk are half as large as all that a unit in service needs. Loaded piece by piece, one a turn, so
that the loop looks at the weapon in between; before the unit invites anybody, so no session waits for it; and not with
a weapon in use, but for the signer at each start. Where memory does not suffice, nobody is invited, the journal says
so, and the unit does its duty.
"""

from . import parts
from .core import records
from .core.ticks import is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.session import Session
    from .desk import Desk
    from .unit import Unit

AGAIN_MS = 60000  # after a part that could not be loaded
OWED_MS = 3600000  # the same where nobody waits for it
# Hashes in a turn of the loop, at some 0.2 ms each: 40 ms in service mode; elsewhere so few that a weapon is not kept
# waiting for its frame.
SERVICE_HASHES = 200
DUTY_HASHES = 20


class Office:
    """`unit`: whose it is; `make_desk`: gives its Desk, and is what loads it. `desk`: None while there is none."""

    def __init__(self, unit: "Unit", make_desk: "Callable[[], Desk]") -> None:
        self.desk: Desk | None = None
        self._unit = unit
        # In the order in which they are loaded; the last gives the desk.
        self._steps: tuple[Callable[[], object], ...] = (unit.notary, _find_session, make_desk)
        self._loaded: list[list[str]] = []  # the modules of each step done
        self._next_at: int | None = None
        self._was_wanted = self._is_loading = False
        self._has_told = False
        # What a cut left of a key or a signature is finished at each start, though nobody comes.
        self._owes = True
        self._load(AGAIN_MS)

    def _load(self, again_ms: int) -> None:
        """One step more; where it fails, not before so long."""
        now = self._unit.ticks()
        if self._next_at is not None and not is_due(self._next_at, now):
            return
        try:
            made, names = parts.load(self._steps[len(self._loaded)])
        except Exception:  # noqa: BLE001 - whatever is wrong with a part, the unit goes on doing its duty
            self._next_at = ticks_add(now, again_ms)
            self._tell()
            return
        self._loaded.append(names)
        self._owes = False
        self._next_at = now
        if len(self._loaded) == len(self._steps):
            self._next_at = None
            self.desk = made  # type: ignore[assignment]  # it is the last step's

    def _tell(self) -> None:
        """Journal once a boot that a part could not be loaded, and which."""
        if self._has_told:
            return
        try:
            fields = (records.FAULT_PART, len(self._loaded), self._unit.journal.sequence, 0)
            self._has_told = self._unit.record(records.FAULT, records.pack(records.FAULT, *fields))
        except MemoryError:
            pass  # what kept the part from being loaded; told at the next try

    def turn(self, wanted: bool, is_needed: bool) -> None:
        """One turn of the loop. `wanted`: a technician may come; `is_needed`: one is here, or a weapon is in use."""
        if wanted != self._was_wanted:
            self._was_wanted, self._next_at = wanted, None
        self._is_loading = wanted or (self._owes and not is_needed)
        if self._is_loading:
            if self.desk is None:
                self._load(AGAIN_MS if wanted else OWED_MS)
        elif not is_needed:
            self._let_go()

    def _let_go(self) -> None:
        """Forget what nobody needs."""
        if not self._loaded:
            return
        if self.desk is not None and not self.desk.is_idle(self._unit.ticks()):
            return
        if self.desk is not None:
            self.desk.let_go()
        self.desk = None
        kept = 0 if self._unit.let_notary_go() else 1
        names = [name for step in self._loaded[kept:] for name in step]
        del self._loaded[kept:]
        if names:
            parts.let_go(names)

    def deadline(self) -> int | None:
        """The next tick at which there is more to load; None also while a use keeps it from being loaded."""
        return self._next_at if self._is_loading else None

    def session(self, now: int) -> "Session | None":
        """A session with whoever has connected; None without a desk."""
        return None if self.desk is None else _find_session()(self.desk, now)

    def work(self) -> bool:
        """Do a slice of the signer's work, and of an update's; whether there is more of it. At every turn, unless a
        weapon is in use."""
        if self.desk is not None:
            return self.desk.work()
        if self._loaded:
            return self._unit.notary().work(DUTY_HASHES)
        return False


def _find_session() -> "type[Session]":
    from .core.session import Session

    return Session
