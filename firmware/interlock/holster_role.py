"""The holster unit's work: sensors in, frames out. Joins `core/holster.py` to a station, its drivers and its answers.

Hot path: the frame for every event that may come next is built ahead, and those for the event behind it; `react` airs
one before it does anything else.
"""

from .answers import Answers
from .core import frames, holster, records
from .core.machine import deadline, due, is_any_due
from .core.pickup import Pickup
from .core.proof import ALERT_UNPAIRED
from .core.ticks import earlier, is_due, ticks_add, ticks_diff
from .lines import Lines
from .service import SERVICE_PRESS_MS

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from .camera_role import CameraRole
    from .core.receiver import Heard
    from .drivers.battery import Battery
    from .drivers.contact import Contact
    from .drivers.seat import Seat
    from .drivers.signal import Signal
    from .station import Station

WEAPON = "weapon"  # the airtime key of everything that the weapon airs
BURST_MIN_MS = 500  # an answered burst goes on this long, so that every camera in range may start
FAST_BURST_MS = 2000
SLOW_BURST_MS = 8000
FAST_ENDING_MS = 1000
SLOW_ENDING_MS = 2000
BEACON_MS = 300
UNPROVEN_BEACON_MS = 1500
BATTERY_CHECK_MS = 30000
BATTERY_LATER_MS = 1000  # while it advertises its cell gives way, and says nothing of its charge
STOW_PRESS_MS = 2000  # the button held so long, and let go, stows; let go before, it was a press
AGED_SLOTS = 8  # frames built ahead are built anew when their time is so many slots old
# Which events may follow so closely that there is no time to build: the weapon is drawn, armed and fired in a moment.
_FOLLOWING = ((holster.LEFT, (holster.ARM, holster.FIRE)), (holster.ARM, (holster.FIRE,)), (holster.FIRE, ()))
_BUSY = holster.OUT + (holster.REHOLSTERED, holster.UNAIRED)
_NOTHING: "dict[int, Any]" = {}
_ASKED = {
    records.MODE_NORMAL: holster.ASK_NORMAL,
    records.MODE_FUNCTION_TEST: holster.ASK_FUNCTION_TEST,
    records.MODE_TEST: holster.ASK_TEST,
    records.MODE_MUTE: holster.ASK_MUTE,
}
_ENDINGS = (frames.REHOLSTER, frames.STOW, frames.CANCEL)


class HolsterRole:
    """`seat`: Seat; `armed`, `discharge`, `dock`, `button`: Contacts; `battery`, `signal`: drivers."""

    def __init__(
        self,
        station: "Station",
        seat: "Seat",
        armed: "Contact",
        discharge: "Contact",
        dock: "Contact",
        button: "Contact",
        battery: "Battery",
        signal: "Signal",
    ) -> None:
        self.station = station
        self.seat = seat
        self.armed = armed
        self.pickup = Pickup(discharge, station.ticks())
        self.dock = dock
        self.button = button
        self.battery = battery
        self.signal = signal
        self.lines = Lines(station, signal, seat, self.pickup, armed, dock, button)
        self.contacts = self.lines.contacts()
        now = station.ticks()
        self.state = holster.at_boot(seat.seated, armed.on, dock.on, now, station.policy)
        self.answers = Answers(station, signal)
        self._says = (frames.PRESENT, 0)
        self._aired: int | None = None  # counter of the newest frame
        self._burst_until = now
        self._battery_at = now
        self._pressed_at: int | None = None
        self._ready: dict[int, bytes] = {}
        self._following: dict[int, dict[int, bytes]] = {}  # event -> what is ready once it has happened
        self._ready_counter = 0  # the counter in use when they were built: they carry the next one
        self._ready_for: "tuple[int, int, int, object] | None" = None
        # What each hot event would air, and the state and policy that say so.
        self._airs: tuple[tuple[int, int] | None, ...] = ()
        self._airs_in: object = None
        self._airs_by: object = None
        self._plan: list[Any] = []  # frames to be built: (event before or None, event, (frame event, flags))
        self.local_camera: CameraRole | None = None  # combined role: the camera part on the same board
        while self.prepare():
            pass

    def stay_stowed(self) -> None:
        """The unit woke, and nobody put a weapon in: it is put away as it was."""
        self._step(holster.STOW, False)

    def adopt(self) -> None:
        """Go by the station's settings and assignment."""
        self.answers.adopt()
        self._drop_ready()

    def react(self) -> None:
        """Air the ready frame of whatever the sensors say, then follow the machine."""
        now = self.station.ticks()
        changes = self.seat.take(now)
        if changes == 2 or (changes and not self.seat.seated):
            self._fire(holster.LEFT, self.seat.edge_at)
        if changes and self.seat.seated:
            self._step(holster.SEATED, None)
        changes = self.armed.take()
        # Off and on again within the bounce is no second arming; on and off again was one.
        if changes == (1 if self.armed.on else 2):
            self._fire(holster.ARM, self.armed.edge_at)
        if changes and not self.armed.on:
            self._step(holster.SAFE, None, self.armed.edge_at)
        if self.pickup.take(now):
            counter = self.station.counter
            self._fire(holster.FIRE, self.pickup.edge_at)
            if self.station.counter != counter:
                self.lines.doubt(self.pickup.begun(now, self.state.discharges), holster.flags_of(self.state))
        self._react_service()

    def _react_service(self) -> None:
        now = self.station.ticks()
        if self.dock.take():
            self._step(holster.STOW if self.dock.on else holster.UNSTOW, True)
        changes = self.button.take()
        if changes and self.button.noisy:
            self._pressed_at = None
            self._step(holster.BUTTON_NOISY, None)
        elif changes == 2:
            self._step(holster.PRESS, None)
        elif changes and self.button.on:
            self._pressed_at = now
        elif changes and self._pressed_at is not None:
            self._released(ticks_diff(now, self._pressed_at))

    def _released(self, held_ms: int) -> None:
        """The button was held so long; longer than for stowing it was for service mode (`service.py`)."""
        self._pressed_at = None
        if held_ms < STOW_PRESS_MS:
            self._step(holster.PRESS, None)
        elif held_ms < SERVICE_PRESS_MS:
            self._step(holster.UNSTOW if self.state.mode == holster.STOWED else holster.STOW, False)

    def _fire(self, event: int, edge_at: int) -> None:
        # Built for the next counter: were that taken meanwhile, the frame would repeat one.
        counter = self.station.counter
        frame = self._ready.get(event) if self._ready_counter == counter else None
        aired_at = None
        if frame is not None:
            aired_at = self.station.air_now(frame)
            self._ready = self._following.get(event, _NOTHING)
            self._following = _NOTHING  # a third edge in one turn is built when it comes
            self._ready_counter += 1
        self._step(event, None, edge_at, frame, aired_at)
        if frame is not None and self.station.counter == counter:
            self.station.use_counter()  # whatever the machine made of it: it was on the air

    def _drop_ready(self) -> None:
        """What was built ahead is of a state, settings or keys that are no more."""
        self._ready = self._following = _NOTHING
        self._ready_for = None

    # The machine and its effects.

    def _step(
        self,
        event: int,
        data: "Any",
        edge_at: int | None = None,
        frame: bytes | None = None,
        aired_at: int | None = None,
    ) -> None:
        now = self.station.ticks()
        before = self.state
        self.state, effects = holster.MACHINE.step(before, event, data, now, self.station.policy)
        if frame is None and self.state is not before:
            self._drop_ready()
        for effect in effects:
            if effect[0] == holster.AIR:
                self._air(effect[1], effect[2], now if edge_at is None else edge_at, frame, aired_at)
            elif effect[0] == holster.BEACON:
                self._beacon(effect[1], effect[2])
            elif effect[0] == holster.NOTE:
                self._journal_event(effect[1], effect[2], 0, 0 if edge_at is None else ticks_diff(now, edge_at), None)
            elif effect[0] == holster.USE_BEGINS:
                self._begin_use()
            elif effect[0] == holster.USE_ENDS:
                self.answers.end(self.state.discharges)
            elif effect[0] == holster.QUIET:
                self.station.airtime.drop(WEAPON)
            elif effect[0] == holster.MODED:
                self._moded(effect[1], effect[2], effect[3])

    def _air(self, event: int, flags: int, edge_at: int, frame: bytes | None, aired_at: int | None) -> None:
        station = self.station
        counter = station.use_counter()
        if frame is None:
            frame = station.frame(event, flags, counter)
            aired_at = station.air_now(frame)
        now = station.ticks()
        ending = event in _ENDINGS
        fast, slow = (FAST_ENDING_MS, SLOW_ENDING_MS) if ending else (FAST_BURST_MS, SLOW_BURST_MS)
        station.airtime.put(WEAPON, frame, now, fast, slow)
        self._burst_until = ticks_add(now, FAST_ENDING_MS if ending else BURST_MIN_MS)
        self._journal_event(event, flags, counter, ticks_diff(now, edge_at), aired_at)
        self._expect(counter, True)
        if self.local_camera:
            self.local_camera.hear_local(event, flags, station.config.unit)
        station.radio.listen()

    def _beacon(self, event: int, flags: int) -> None:
        station = self.station
        counter = station.use_counter()
        now = station.ticks()
        proven = self.answers.is_proven()
        slow = 0 if proven else UNPROVEN_BEACON_MS
        station.airtime.put(WEAPON, station.frame(event, flags, counter), now, BEACON_MS, slow, calm=proven)
        self._burst_until = ticks_add(now, BEACON_MS)
        self._expect(counter, False)
        if self.local_camera:
            self.local_camera.hear_local(event, flags, station.config.unit)

    def _expect(self, counter: int, is_event: bool) -> None:
        self.answers.expect(counter, is_event)
        self._aired = counter

    def _begin_use(self) -> None:
        self.answers.begin()
        if not self.answers.pairs and not self.local_camera:
            self.answers.alert(ALERT_UNPAIRED)

    def _moded(self, mode: int, cause: int, ms: int) -> None:
        self.station.record(records.MODE, records.pack(records.MODE, mode, cause, (ms + 999) // 1000))
        if mode == records.MODE_MUTE:
            self.answers.mute(ms > 0)
        elif ms and cause == records.MODE_BY_BUTTON:
            self.signal.nudge(self.station.ticks())

    def _journal_event(self, event: int, flags: int, counter: int, edge_ago_ms: int, aired_at: int | None) -> None:
        aired_ago_ms = None if aired_at is None else ticks_diff(self.station.ticks(), aired_at)
        agos = (records.ago(edge_ago_ms), records.ago(aired_ago_ms), records.ago(self.answers.proven_ago_ms()))
        payload = (event, flags, counter) + agos + (self.state.discharges,)
        self.station.record(records.EVENT, records.pack(records.EVENT, *payload))

    def prepare(self) -> bool:
        """Build one of the frames that may be wanted next: for every event that would air one from here, and for the
        one behind it. Whether there are more to build: one a turn, since the loop looks at the weapon in between."""
        station = self.station
        now = station.ticks()
        # A state that stays the same object says the same: its timers are taken off before.
        if self.state is not self._airs_in or station.policy is not self._airs_by:
            self._airs_in, self._airs_by = self.state, station.policy
            self._airs = holster.airs_next(self.state, now, station.policy)
        airs = self._airs
        sequence = 0 if self.busy() else station.journal.sequence  # in a use it moves with each answer
        age = station.slot() // AGED_SLOTS
        if not self._is_ready_for(sequence, age):
            # What was built to follow the last event still fits, or `_step` had dropped it.
            self._ready = dict(self._ready) if self._ready_counter == station.counter else {}
            self._following = {}
            self._ready_for = (sequence, station.counter, age, airs)
            self._ready_counter = station.counter
            self._plan = self._plan_frames(airs, now)
        if not self._plan:
            return False
        first, event, aired = self._plan.pop(0)
        held, ahead = (self._ready, 1) if first is None else (self._following[first], 2)
        held[event] = station.frame(aired[0], aired[1], station.counter + ahead)
        return len(self._plan) > 0

    def _is_ready_for(self, sequence: int, age: int) -> bool:
        """Whether what is planned still fits. Compared one by one: a tuple would be made at every turn."""
        ready = self._ready_for
        if ready is None or ready[0] != sequence or ready[1] != self.station.counter or ready[2] != age:
            return False
        return bool(ready[3] == self._airs)

    def _plan_frames(self, airs: "tuple[tuple[int, int] | None, ...]", now: int) -> "list[Any]":
        """[(event before or None, event, (frame event, flags))], the likeliest first."""
        behind = []
        for (event, then), aired in zip(_FOLLOWING, airs):
            if aired is None:
                continue
            after, _ = holster.MACHINE.step(self.state, event, None, now, self.station.policy)
            self._following[event] = {}
            for second in then:
                aired = holster.airs(after, second, now, self.station.policy)
                if aired is not None:
                    behind.append((event, second, aired))
        return [(None, event, aired) for event, aired in zip(holster.HOT, airs) if aired is not None] + behind

    # Answers.

    def hear(self, frame: bytes) -> bool:
        """Take a received frame; whether it is an ack of an own camera."""
        found = self.answers.hear(frame)
        if found is None:
            return False
        self._answered(found.camera, found.counter, found.ack)
        return True

    def _answered(self, camera: int, counter: int, ack: frames.Ack) -> None:
        self.answers.take(camera, counter, ack)
        ending = self.state.mode not in holster.OUT
        if counter == self._aired:
            # Of an ending colleagues' cameras must hear, too, or they record until their lease is over.
            if not ending:
                self.station.airtime.calm(WEAPON, self.station.ticks())
            if ack.kind == frames.PROVEN or ending:
                self.station.airtime.shorten(WEAPON, self._burst_until)

    def hear_local(self, kind: int, reason: int, since_ms: int, buffer_s: int) -> None:
        """The answer of a combined unit's own camera part."""
        if self._aired is not None and self.state.mode in holster.OUT:
            own = self.station.config.unit
            ack = frames.Ack(kind, reason, since_ms, buffer_s, self.station.company.count(own), self.station.digest())
            self._answered(own, self._aired, ack)

    def witness(self, heard: "Heard") -> None:
        """A camera of the group said that it records."""
        if self.state.mode in holster.OUT:
            self.answers.witness(heard)

    # Time.

    def tick(self) -> None:
        """Carry out what is due."""
        now = self.station.ticks()
        while is_any_due(self.state, now):
            self.state, event = due(self.state, now)
            assert event is not None
            self._step(event, None)
        self.answers.tick(now)
        if is_due(self.seat.disagree_at, now):
            self.seat.expire()
        if is_due(self._battery_at, now):
            idle = self.station.airtime.is_idle(now)
            if idle:
                self.battery.check()
            sure = idle and not self.battery.doubts
            self._battery_at = ticks_add(now, BATTERY_CHECK_MS if sure else BATTERY_LATER_MS)
        self.lines.doubt(self.pickup.tick(now), holster.flags_of(self.state))
        self.lines.tick(now)
        conditions = self._conditions()
        if conditions != self.state.conditions:  # the machine would say so, and make a list to say it with
            self._step(holster.CONDITION, conditions)
        self.signal.tick(now)
        if not self.local_camera:
            self._listen(now)

    def _listen(self, now: int) -> None:
        """Listen while a weapon is out, and when a partner is due; else the scan would empty the cell."""
        if self.busy() or self.station.company.is_listening(now):
            self.station.radio.listen()
        else:
            self.station.radio.deafen()

    def busy(self) -> bool:
        """Whether a weapon is out, aired or not, or its return is still being reported."""
        return self.state.mode in _BUSY

    def says(self) -> tuple[int, int] | None:
        """What the unit announces: (frame event, flags), or None while a weapon is in use or nobody knows."""
        flags, mode = self.state.conditions, self.state.mode
        if mode in (holster.STOWED, holster.UNAIRED):
            flags |= frames.FLAG_STOWED
        elif mode != holster.HOLSTERED:
            return None
        if self._says[1] != flags:
            self._says = (frames.PRESENT, flags)  # asked at every turn
        return self._says

    def command(self, mode: int, seconds: int) -> bool:
        """A technician asks for a mode (`records.MODE_NAMES`); whether it is in force now."""
        self._step(_ASKED[mode], seconds * 1000)
        muted, duty = self.answers.is_muted, self.state.duty
        if mode == records.MODE_MUTE:
            return muted
        return bool(duty == mode and not (muted and mode == records.MODE_NORMAL))

    def _conditions(self) -> int:
        low = frames.FLAG_LOW_BATTERY if self.battery.low else 0
        return low | (frames.FLAG_SENSOR_FAULT if self.seat.faulty or self.lines.weapon else 0)

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        first = earlier(deadline(self.state, now), self.answers.deadline(now), now)
        first = earlier(first, self.seat.disagree_at, now)  # one by one: a tuple would be made at every turn
        first = earlier(first, self.seat.left_at, now)
        first = earlier(first, self._battery_at, now)
        first = earlier(first, self.signal.off_at, now)
        return earlier(first, self.pickup.qualify_at, now)
