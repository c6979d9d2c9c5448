"""The self-test of a unit in service, a technician's or its officer's: looks at its parts, and lets `core/selftest.py`
try the recorder.

It needs no session: one that is lost leaves it to end by itself. A weapon ends it at once. Loaded when asked for, and
let go of when it may be forgotten how often.
Begun by the button of a unit that is put away, it tells its outcome by what is felt: twice shortly, or three times
long.
"""

import time

from .core import camera, radio_health, records, selftest, wire
from .core.bucket import Bucket
from .core.machine import deadline, due
from .core.reading import Cursor
from .core.selftest import ABSENT, IN_USE, PASSED, UNDER_WAY
from .drivers import signal

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .app import App

# A technician, or who stole one's laptop: so many tests in a row, and then one in so long. Each is two records and what
# the recorder's four edges make.
TESTS = 8
REFILL_MS = 600000
SIGNAL_MS = 1000
INRUSH_MS = 30  # a motor takes more as it starts, and that is not what the cell must bear
HEARD_MS = 60000
_FREE = (camera.STANDBY, camera.UNPROVEN, camera.FAULT)


class SelfTest:
    """`app`: whose parts they are."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._station = app.station
        self._camera = app.camera
        self._trial = selftest.TrialState()  # of the recorder
        self._findings: dict[int, int] = {}
        self._credential = wire.TECHNICIAN
        self._phase = selftest.NEVER
        self._parts = 0
        self._cell_mv = 0
        self._tally = False  # as the trial knows it
        self._bucket = Bucket(TESTS, REFILL_MS, app.station.ticks())

    def begin(self, credential: int, parts: int) -> int:
        """Test these parts (`selftest.py`); OK or why not. While one is under way, no other is begun."""
        if self._phase == records.TEST_BEGUN:
            return wire.OK
        if not self._bucket.take(self._station.ticks()):
            return wire.TOO_OFTEN
        self._credential, self._parts = credential, parts
        self._phase, self._cell_mv = records.TEST_BEGUN, 0
        self._trial = selftest.TrialState()
        self._findings = {}
        sequence = self._station.journal.sequence
        is_written = self._note()
        looks = (self._look_at_sensors, self._look_at_cell, None, self._look_at_radio, self._show, self._try_recorder)
        for part, look in zip(selftest.PARTS, looks):
            if look is not None and parts & part:
                self._findings[part] = look()
        if parts & selftest.FLASH:
            self._findings[selftest.FLASH] = self._read_back(sequence) if is_written else selftest.NOT_READ_BACK
        if self._trial.mode == selftest.IDLE:
            self._end(records.TEST_DONE)
        return wire.OK

    def begin_all(self, credential: int) -> None:
        """Test all parts, unless that was asked for too often."""
        self.begin(credential, selftest.ALL)

    def is_idle(self) -> bool:
        """Whether nothing but the report would be forgotten with it."""
        return self._phase != records.TEST_BEGUN and self._bucket.is_full()

    def report(self) -> bytes:
        """`selftest.REPORT_FORM`, packed."""
        trial = self._trial
        said = (self._phase, self._parts, self._findings, self._cell_mv, trial.start_ms, trial.stop_ms)
        return selftest.pack(*said)

    def _note(self) -> bool:
        payload = bytes([self._credential]) + self.report()
        return self._station.record(records.SELF_TEST, payload)

    def _end(self, phase: int) -> None:
        self._phase = phase
        self._note()
        if self._credential == records.BY_BUTTON:
            failed = [found for found in self._findings.values() if found >= selftest.FAILED_FROM]
            self._app.signal.play(self._station.ticks(), signal.FAILED if failed else signal.PASSED)

    # The parts.

    def _look_at_sensors(self) -> int:
        app = self._app
        holster = app.holster
        if holster is not None:
            closes, opens = holster.seat.contacts
            if closes.read() == opens.read():
                return selftest.CONTRADICTS
            if holster.pickup.line.read():
                return selftest.DISCHARGE_ON
            if holster.armed.read():
                return selftest.ARMED_ON
        if app.button.read():
            return selftest.BUTTON_ON
        if holster is not None and holster.lines.faulty:
            return selftest.NOISY
        return selftest.SEEN if holster is not None and holster.lines.seen_both_ways() else PASSED

    def _look_at_cell(self) -> int:
        holster = self._app.holster
        if holster is None:
            return ABSENT
        mv = self._cell_mv = holster.battery.read_mv()
        if not selftest.CELL_MIN_MV <= mv <= selftest.CELL_MAX_MV:
            return selftest.CELL_UNREAD
        return selftest.CELL_LOW if holster.battery.check() else PASSED

    def _read_back(self, sequence: int) -> int:
        """Of the test's own first record."""
        expected = bytes([self._credential]) + selftest.pack(records.TEST_BEGUN, self._parts, {}, 0, 0, 0)
        try:
            cursor = Cursor(self._station.flash, sequence)
            record = cursor.take()
            while record is not None and record.kind != records.SELF_TEST:
                record = cursor.take()  # a new sector begins with what it carries
        except OSError:
            return selftest.NOT_READ_BACK
        return PASSED if record is not None and record.payload == expected else selftest.NOT_READ_BACK

    def _look_at_radio(self) -> int:
        radio, now = self._station.radio, self._station.ticks()
        if not radio.is_up or self._app.radio_mode() not in (radio_health.SOUND, radio_health.QUIET):
            return selftest.REFUSES
        return PASSED if radio.heard_within(now, HEARD_MS) else selftest.NOBODY_HEARD

    def _show(self) -> int:
        self._app.signal.identify(self._station.ticks(), SIGNAL_MS, True)
        holster = self._app.holster
        # Worse that was found of the cell stays; what was not tried is not judged.
        if holster is not None and self._findings.get(selftest.BATTERY) == PASSED:
            time.sleep_ms(INRUSH_MS)
            if self._cell_mv - holster.battery.read_mv() > selftest.SAG_MAX_MV:
                self._findings[selftest.BATTERY] = selftest.SAGS  # while it buzzes
        return selftest.SHOWN

    # The recorder.

    def _try_recorder(self) -> int:
        role = self._camera
        if role is None:
            return ABSENT
        state = role.state
        if state.weapons:
            return IN_USE
        if state.mode not in _FREE or (state.tally and not self._parts & selftest.STANDS_BY):
            return selftest.RECORDING
        if not state.awake:
            return selftest.NO_VOLTAGE  # one that the press wakes may begin long after the test gave up, and go on
        self._tally = state.tally
        self._step(selftest.BEGIN, state.tally)
        return UNDER_WAY

    def _step(self, event: int, data: int | bool) -> None:
        role, station = self._camera, self._station
        assert role is not None
        self._trial, effects = selftest.MACHINE.step(self._trial, event, data, station.ticks(), station.policy)
        for effect in effects:
            role.lend(_ASKS[effect[0]])

    def turn(self, busy: bool) -> None:
        """One turn of the loop, after the roles'. `busy`: a weapon is in use."""
        self._bucket.refill(self._station.ticks())
        if self._phase != records.TEST_BEGUN:
            return
        role = self._camera
        assert role is not None
        state = role.state
        if busy:
            self._step(selftest.TAKEN, False)
        elif state.tally != self._tally:
            self._tally = state.tally
            self._step(selftest.ON if state.tally else selftest.OFF, state.awake)
        self._trial, event = due(self._trial, self._station.ticks())
        if event is not None:
            self._step(event, state.awake)
        self._findings[selftest.RECORDER] = self._trial.finding
        if self._trial.mode == selftest.IDLE:
            self._end(records.TEST_BROKEN_OFF if self._trial.finding == IN_USE else records.TEST_DONE)

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        return deadline(self._trial, now)


_ASKS = {selftest.BORROW: camera.TEST, selftest.GIVE_BACK: camera.TEST_OVER, selftest.KEEP: camera.TEST_KEPT}
