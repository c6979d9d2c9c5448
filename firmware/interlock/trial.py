"""Whether the release that runs works: what the loader is told after each start, and the journal when it ends a trial.

A release is healthy once it has turned its loop for a while, read its sensors, written to its journal and read that
back, and its radio has taken an advertisement; or had none to take in five minutes, as policy may have it. One on trial
that is not so within five minutes starts the unit anew, which counts against it (`interlock_loader/slots.py`). A weapon
in use is never kept waiting for any of this. What a trial does not prove: that a use goes well. So a confirmed release
that crashed is healthy again only after a use that it saw begin and end.
"""

from interlock_loader.slots import NO_CRASH, NONE, TRIAL

from . import VERSION
from .core import radio_health, records, updating
from .core.layout import UNKNOWN
from .core.reading import Cursor
from .core.ticks import earlier, is_due, ticks_add
from .release_files import Files

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from interlock_loader.keeper import Keeper

    from .app import App

SETTLED_MS = 10000  # a radio stack that dies, dies early
TURNS = 5
LIMIT_MS = 300000  # by the default figures readiness and presence are aired every two minutes at least


class Trial:
    """`app`: whose health it is; `keeper`: the loader's. `is_over`: nothing is left to be done in this boot; `restart`:
    the unit is to start anew, since it is on trial and not healthy."""

    def __init__(self, app: "App", keeper: "Keeper") -> None:
        now = app.station.ticks()
        self.is_over = self.restart = False
        self._app = app
        self._keeper = keeper
        self._turns = 0
        self._aired = False
        self._counter = app.station.counter
        self._settled_at = ticks_add(now, SETTLED_MS)
        self._limit_at = ticks_add(now, LIMIT_MS)
        state = keeper.state
        # Where nothing can be written, the other one runs instead of the one on trial.
        self._on_trial = state.standing == TRIAL and keeper.slot == state.active
        # What crashes at each use is well in between: after a crash it has to see one begin and end.
        self._owes_use = state.standing != TRIAL and state.crash != NO_CRASH and tuple(state.fell_from) == NONE
        self._was_idle = self._is_busy = False
        if tuple(state.fell_from) != NONE:
            self._note(updating.FELL_BACK, 1 - state.active, state.fell_from, bytes(8))

    def turn(self, busy: bool) -> None:
        """One turn of the loop. `busy`: a weapon is in use."""
        if self.is_over:
            return
        station = self._app.station
        now = station.ticks()
        self._turns += 1
        self._aired = self._aired or station.is_airing()
        self._is_busy = busy
        if not busy:
            self._was_idle = True
        elif self._was_idle:
            self._owes_use = False
        if busy or self._owes_use or not is_due(self._settled_at, now):
            return
        is_late = is_due(self._limit_at, now)
        has_aired = self._aired or (is_late and station.counter == self._counter)  # no frame was made: none was due
        if self._turns >= TURNS and has_aired and self._is_sound():
            self.is_over = True
            self._confirm()
        elif is_late:
            self.is_over = True
            self.restart = self._on_trial

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        if self.is_over or self._is_busy:
            return None
        if not is_due(self._settled_at, now):
            return self._settled_at
        return earlier(None, self._limit_at, now) if self._on_trial else None

    def _is_sound(self) -> bool:
        app = self._app
        if app.radio_mode() not in (radio_health.SOUND, radio_health.QUIET):
            return False
        for contact in app.contacts:
            contact.read()  # an input that cannot be read raises, which counts as well
        if app.holster is not None:
            app.holster.battery.read_mv()
        return self._is_journal_sound()

    def _is_journal_sound(self) -> bool:
        """Whether the journal's newest record, which this release wrote, reads back and leads to the journal's head."""
        station = self._app.station
        journal = station.journal
        try:
            cursor = Cursor(station.flash, journal.sequence - 1)
            record = cursor.take()
        except OSError:
            return False
        # Behind a hole, which an older fault left, the chain is not known.
        leads = cursor.chain in (journal.head, UNKNOWN)
        return record is not None and cursor.sequence == journal.sequence and leads

    def _confirm(self) -> None:
        if self._on_trial:
            slot = self._keeper.state.active
            # Before it counts: a cut makes a second record, and never a trial that ended without one.
            self._note(updating.CONFIRMED, slot, VERSION, Files().head_digest(self._keeper.path(slot)))
        try:
            self._keeper.healthy()
        except OSError:
            pass  # it stays on trial, or what counted against it stays: the next boot tries again

    def _note(self, phase: int, slot: int, version: "tuple[int, ...]", digest: bytes | None) -> None:
        fields = (phase, updating.SOUND, slot) + tuple(version) + ((digest or bytes(8))[:8],) + VERSION
        self._app.station.record(records.UPDATE, records.pack(records.UPDATE, *fields))
