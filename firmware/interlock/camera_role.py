"""The camera unit's work: hear weapons, make the recorder record, answer with the truth. Joins `core/camera.py` to a
station and its drivers."""

from .core import camera, frames, receiver, records
from .core.airtime import ACK_MS
from .core.bucket import Bucket
from .core.machine import deadline, due, is_any_due
from .core.rhythm import AIR_MS
from .core.settings import REACH_GROUP, REACH_JOURNAL, REACH_OWN, ROLE_HOLSTER
from .core.ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .drivers.contact import Contact
    from .drivers.signal import Signal
    from .holster_role import HolsterRole
    from .recorders import Recorder
    from .station import Station

WITNESS = "witness"
WITNESS_MS = 300
TESTIMONY_MS = 1000  # a witness frame serves every holster: a new one at most so often
STALE_PAUSE_MS = 60000  # at most one start per minute on the word of stale frames
# Starts on the word of strangers: whoever stole one unit of the group must not fill every camera's storage.
GUEST_STARTS = 4
GUEST_REFILL_MS = 300000
UNDATED_PAUSE_MS = 60000  # and of strangers without a clock, whose frames may be old
UNREAD_MS = AIR_MS + 80
_ENDS = (frames.REHOLSTER, frames.STOW)
_NO_WEAPON = (frames.RECORDING,) + frames.READINESS + frames.PRESENCE


class CameraRole:
    """`recorder`: of `recorders.py`; `signal`: its driver; `dock`: Contact."""

    def __init__(self, station: "Station", recorder: "Recorder", signal: "Signal", dock: "Contact") -> None:
        self.station = station
        self.dock = dock
        self.recorder = recorder
        self.signal = signal
        self.contacts = recorder.contacts
        now = station.ticks()
        begins = (recorder.tally.on, recorder.awake.on, now, station.was_recording)
        self.state = camera.at_boot(*begins, *self._loan_ms(), not recorder.speaks)
        self._was_tried = False  # a self-test's start brought no tally
        self.adopt()
        self._newest: dict[int, int] = {}  # own holster -> counter of its newest frame
        self._answered: set[tuple[int, int, int]] = set()  # (holster, kind, reason) journalled since its newest event
        self._unread: dict[
            int, tuple[int, int]
        ] = {}  # partner -> counter of its last frame that nobody could read, since
        self._is_grave = False  # something more than a bare draw was recorded since standby: its hold is not cancelled
        self._turned_away: set[tuple[int, int]] = set()  # (sender, reason) journalled since its newest event
        self._testified = False  # this recording's first witness frame is journalled
        self._says = (frames.READY, frames.READY_SESSION)
        self._testifies = False  # a witness frame is wanted, as soon as one may be aired again
        self._testify_at = now
        self._stale = Bucket(1, STALE_PAUSE_MS, now)
        self._guests = Bucket(GUEST_STARTS, GUEST_REFILL_MS, now)
        self._undated = Bucket(1, UNDATED_PAUSE_MS, now)
        self.local_holster: HolsterRole | None = None  # combined role: the holster part on the same board
        station.radio.listen()
        self._journal_recorder()

    def _loan_ms(self) -> tuple[int | None, int]:
        """A self-test broke off with the power: for how long a weapon is waited for before its recording is ended, and
        until when that may still begin. None: it did not."""
        policy = self.station.policy
        if not self.station.was_testing:
            return None, 0
        return max(policy.hold_ms, policy.renew_ms + camera.LOAN_MS), policy.start_limit_ms + camera.LOAN_MS

    def adopt(self) -> None:
        """Go by the station's settings."""
        config = self.station.config
        self._pairs: dict[int, frames.PairKeys] = {}
        for p in config.partners:
            if p.role & ROLE_HOLSTER and self.station.is_own(p):
                self._pairs[p.unit] = frames.PairKeys(p.pair_key, p.unit, config.unit)

    # What the recorder shows or says.

    def react(self) -> None:
        self.recorder.hear(self.station.ticks())
        # A glitch (off and on again at once) is no stop: only the level counts, or we would pulse a running camera.
        if self.recorder.tally.take() == 1:
            if self.recorder.tally.on:
                self._step(camera.TALLY_ON, self.recorder.buffer_ms)
            else:
                ago_ms = self.recorder.proven_ms
                self._step(camera.TALLY_OFF, -1 - ago_ms if ago_ms is not None and self.recorder.is_silent else ago_ms)
        # After the tally: a recorder that dies loses both, and has then stopped, not lied.
        if self.recorder.awake.take():
            self._step(camera.AWAKE if self.recorder.awake.on else camera.ASLEEP, None)

    # Frames.

    def hear(self, heard: receiver.Heard) -> None:
        """Follow a frame that the receiver took for authentic."""
        if heard.event in _NO_WEAPON:
            if heard.event in frames.PRESENCE and self._knows(heard.sender):
                # Only a holstered weapon's unit says that it is there: its return went unheard.
                self._journal_heard(heard, heard.kind)
                self._step(camera.RETURN, heard.sender)
            return
        if heard.kind == receiver.OWN_STALE:
            self._hear_stale(heard)
            return
        if heard.event is None and not self._lasts(heard):
            return
        is_end = heard.event in _ENDS or heard.event == frames.CANCEL
        followed = self._newest.get(heard.sender) == heard.counter
        if heard.kind == receiver.OWN_REPEAT and (followed or is_end):
            self._newest[heard.sender] = heard.counter
            self._answer(heard.sender)
            return
        # Any other repeat is of a burst that goes on, and this unit restarted in it.
        own = heard.kind in (receiver.OWN, receiver.OWN_LATE, receiver.OWN_REPEAT)
        if own:
            self._newest[heard.sender] = heard.counter
        knows = self._knows(heard.sender)
        refused = None if knows or is_end else self._refusal(heard, own)
        if heard.event != frames.OUT or (not knows and (heard.sender, refused) not in self._turned_away):
            # What nobody can read is followed at a repeat, and new all the same.
            kind = receiver.OWN if heard.event is None else heard.kind
            self._journal_heard(heard, refused or kind)
            if refused is not None:
                self._turned_away.add((heard.sender, refused))
        if refused is None:
            if own and not knows and not is_end:
                self.station.company.write_crew((), ())
            self._follow(heard.event, heard.sender)
        if own:
            self._answer(heard.sender)
        elif self.state.mode == camera.RECORDING:
            self._testify()

    def _lasts(self, heard: receiver.Heard) -> bool:
        """Whether a partner's frame under a group key that we lack is a weapon's: nobody can read it, but it is on the
        air for longer than any announcement."""
        now = self.station.ticks()
        counter, since = self._unread.get(heard.sender, (0, now))
        if counter != heard.counter:
            self._unread[heard.sender] = heard.counter, now
            return False
        return ticks_diff(now, since) >= UNREAD_MS

    def _refusal(self, heard: receiver.Heard, own: bool) -> int | None:
        """Why an authentic trigger is not followed (`records.HEARD_*`), or None."""
        reach = self._reach(heard.event, heard.flags)
        if reach == REACH_JOURNAL or (reach == REACH_OWN and not own):
            return records.HEARD_POLICY
        # Where it records already nobody starts anything; and a hold must not end on a weapon that was heard.
        if own or self.state.mode in (camera.RECORDING, camera.STARTING, camera.HOLDING):
            return None
        now = self.station.ticks()
        if heard.kind == receiver.UNDATED and not self._undated.take(now):
            return records.HEARD_LIMITED
        return None if self._guests.take(now) else records.HEARD_LIMITED

    def _reach(self, event: int | None, flags: int) -> int:
        """Whom an event is for, by policy. What a policy keeps to the journal is not aired until something graver
        happened: so an arming, or a weapon that is out, is then of a use that reaches further."""
        policy = self.station.policy
        if event == frames.DRAW:
            return int(policy.on_draw)
        reaches: list[int] = [policy.on_draw, policy.on_arm, policy.on_discharge]
        if event == frames.DISCHARGE:
            reaches = reaches[2:]
        elif event == frames.ARM or flags & frames.FLAG_ARMED:
            reaches = reaches[1:]
        elif event != frames.OUT:
            return REACH_GROUP
        return min([reach for reach in reaches if reach != REACH_JOURNAL])

    def hear_local(self, event: int, flags: int, sender: int) -> None:
        """The wired weapon of a combined unit."""
        if self._reach(event, flags) != REACH_JOURNAL or self._knows(sender):
            self._follow(event, sender)
        self._tell_local()

    def _knows(self, sender: int) -> bool:
        return sender in [weapon for weapon, _ in self.state.weapons]

    def _follow(self, event: int | None, sender: int) -> None:
        if self.state.mode == camera.STANDBY:
            self._is_grave = False
        if event in (None, frames.ARM, frames.DISCHARGE):
            self._is_grave = True
        if event in _ENDS or (event == frames.CANCEL and self._is_grave):
            self._step(camera.RETURN, sender)
        elif event == frames.CANCEL:
            self._step(camera.CANCEL, sender)
        elif event == frames.OUT:
            self._step(camera.AGAIN, sender)
        elif event is None or event in (frames.DRAW, frames.ARM, frames.DISCHARGE):
            self._step(camera.TRIGGER, sender)

    def _hear_stale(self, heard: receiver.Heard) -> None:
        """Delayed replay, or a holster that was rolled back: start the recorder, never answer, let it hold and end."""
        if heard.event in _ENDS or heard.event == frames.CANCEL or not self._stale.take(self.station.ticks()):
            return
        self._journal_heard(heard, heard.kind)
        if not self._knows(heard.sender):
            self._step(camera.TRIGGER, heard.sender)
            self._step(camera.RETURN, heard.sender)

    def _journal_heard(self, heard: receiver.Heard, kind: int) -> None:
        self._answered = {key for key in self._answered if key[0] != heard.sender}
        self._turned_away = {key for key in self._turned_away if key[0] != heard.sender}
        event = (heard.event or 0) << 4 | heard.flags
        digest = heard.body or bytes(frames.DIGEST_BYTES)
        payload = (heard.sender, heard.counter, kind, event, digest)
        self.station.record(records.HEARD, records.pack(records.HEARD, *payload))

    # Answers.

    def _answer(self, holster: int) -> None:
        """Ack the newest frame of an own holster with the state as it is now; an ack still on the air stays."""
        pair = self._pairs.get(holster)
        counter = self._newest.get(holster)
        if pair is None or counter is None:
            return
        station = self.station
        now = station.ticks()
        kind, reason, since_ms, buffer_ms = camera.answer(self.state, now)
        what = (counter, kind, reason)
        if station.airtime.says(("ack", holster), what):
            return
        crew = station.company.count(holster)
        frame = pair.build(counter, frames.Ack(kind, reason, since_ms, buffer_ms // 1000, crew, station.digest()))
        station.airtime.put(("ack", holster), frame, now, ACK_MS, 0, what)
        station.broadcast()
        key = (holster, kind, reason)
        if key not in self._answered:
            self._answered.add(key)
            station.record(records.ANSWER, records.pack(records.ANSWER, holster, counter, kind << 4 | reason))

    def _tell(self) -> None:
        """The state changed: tell every own holster that is out, and testify to the group."""
        for weapon, _ in self.state.weapons:
            self._answer(weapon)
        if self.state.mode == camera.RECORDING:
            self._testify()
        self._tell_local()

    def _tell_local(self) -> None:
        if self.local_holster:
            kind, reason, since_ms, buffer_ms = camera.answer(self.state, self.station.ticks())
            self.local_holster.hear_local(kind, reason, since_ms, buffer_ms // 1000)

    def _testify(self) -> None:
        """One frame that serves every holster of the group: this camera records now."""
        station = self.station
        if not [weapon for weapon, _ in self.state.weapons if weapon not in self._pairs]:
            return
        # A combined unit has one counter: were both aired in turns, each would make the other look old.
        if self.local_holster and self.local_holster.busy():
            return
        now = station.ticks()
        self._testifies = not is_due(self._testify_at, now)
        if self._testifies:
            return
        self._testify_at = ticks_add(now, TESTIMONY_MS)
        counter = station.use_counter()
        frame = station.frame(frames.RECORDING, 0, counter)
        station.airtime.put(WITNESS, frame, now, WITNESS_MS, 0, counter, calm=True)
        if not self._testified:
            self._testified = True
            station.record(records.AIRED, records.pack(records.AIRED, counter, frames.RECORDING))

    # The machine and its effects.

    def _step(self, event: int, data: int | None) -> None:
        now = self.station.ticks()
        self.state, effects = camera.MACHINE.step(self.state, event, data, now, self.station.policy)
        told = False
        for effect in effects:
            if effect[0] == camera.PULSE:
                self._pulse(now)
            elif effect[0] == camera.CHANGED:
                told = True
            elif effect[0] == camera.ALERT:
                self.alert(effect[1])
            elif effect[0] == camera.EXPIRED:
                self.station.record(records.EXPIRY, records.pack(records.EXPIRY, effect[1]))
        if self.state.tally or not self.state.testing:
            self._was_tried = False
        if told:
            self._journal_recorder()
            self._tell()

    def _pulse(self, now: int) -> None:
        stops = self.state.stopping
        if self.state.testing and not stops and not self.recorder.toggles:
            # A self-test that sees no tally presses again, so that what records without it stops.
            stops, self._was_tried = self._was_tried, not self._was_tried
        if stops:
            self.recorder.stop(now)
        else:
            self.recorder.start(now)

    def _journal_recorder(self) -> None:
        state = self.state
        if state.mode != camera.RECORDING:
            self._testified = False
        age = camera.tally_age_ms(state, self.station.ticks())
        believed = int(camera.is_believed(state))
        payload = (state.mode, int(state.tally), believed, age, min(state.buffer_ms // 100, 0xFFFF))
        self.station.record(records.RECORDER, records.pack(records.RECORDER, *payload))

    def alert(self, code: int) -> None:
        self.signal.alert(self.station.ticks())
        self.station.record(records.ALERT, records.pack(records.ALERT, code))

    # Time.

    def tick(self) -> None:
        now = self.station.ticks()
        self.state = camera.saturate(self.state, now)
        while is_any_due(self.state, now):
            self.state, event = due(self.state, now)
            assert event is not None
            self._step(event, now)
        if self.state.mode in (camera.STANDBY, camera.RECORDING):
            self.signal.calm()
        if ticks_diff(now, self._testify_at) >= 0:
            self._testify_at = now  # old ticks would seem to come
            wanted, self._testifies = self._testifies, False
            if wanted and self.state.mode == camera.RECORDING:
                self._testify()
        self._stale.refill(now)
        self._guests.refill(now)
        self._undated.refill(now)
        self.recorder.is_kept = len(self.state.weapons) > 0
        self.recorder.is_wanted = self.recorder.is_kept or self.state.limit_at is not None
        self.recorder.tick(now)
        self.signal.tick(now)
        self.station.radio.listen()

    def busy(self) -> bool:
        """Whether a weapon is out or the recorder is being started or stopped, not for a self-test."""
        return len(self.state.weapons) > 0 or (self.state.limit_at is not None and not self.state.testing)

    def lend(self, event: int) -> None:
        """A self-test asks for the recorder, or gives it back: `camera.TEST` and what follows it."""
        self._step(event, None)

    def says(self) -> tuple[int, int]:
        """What the unit announces: (frame event, state)."""
        ready: int = frames.READY_DOCKED if self.dock.on else camera.readiness(self.state)
        ready = frames.READY_SESSION if self.station.in_session else ready
        if self._says[1] != ready:
            self._says = (frames.READY, ready)  # asked at every turn
        return self._says

    def deadline(self, now: int) -> int | None:
        first = earlier(deadline(self.state, now), self.recorder.deadline(now), now)
        first = earlier(first, self.signal.off_at, now)
        return earlier(first, self._testify_at, now) if self._testifies else first
