"""The camera unit's work: hear weapons, make the recorder record, answer with the truth. Joins `core/camera.py` to a
station and its drivers."""

from .core import camera, frames, receiver, records
from .core.machine import deadline, due
from .core.settings import ROLE_HOLSTER
from .core.ticks import earlier, is_due, ticks_add

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .drivers.recorder import Recorder
    from .drivers.signal import Signal
    from .holster_role import HolsterRole
    from .station import Station

ACK_MS = 300
WITNESS = "witness"
STALE_PAUSE_MS = 60000  # at most one start per minute on the word of stale frames
_STARTS = (frames.DRAW, frames.ARM, frames.DISCHARGE, None)
_ENDS = (frames.REHOLSTER, frames.STOW)


class CameraRole:
    """`recorder`, `signal`: drivers."""

    def __init__(self, station: "Station", recorder: "Recorder", signal: "Signal") -> None:
        self.station = station
        self.recorder = recorder
        self.signal = signal
        self.contacts = (recorder.tally, recorder.awake)
        now = station.ticks()
        self.state = camera.at_boot(recorder.tally.on, recorder.awake.on, now)
        self.adopt()
        self._newest: dict[int, int] = {}  # own holster -> counter of its newest frame
        self._answered: set[tuple[int, int, int]] = set()  # (holster, kind, reason) journalled since its newest event
        self._testified = False  # this recording's first witness frame is journalled
        self._stale_at: int | None = None
        self.local_holster: HolsterRole | None = None  # combined role: the holster part on the same board
        station.radio.listen()
        self._journal_recorder()

    def adopt(self) -> None:
        """Go by the station's settings."""
        config = self.station.config
        self._pairs: dict[int, frames.PairKeys] = {}
        for p in config.partners:
            if p.role & ROLE_HOLSTER:
                self._pairs[p.unit] = frames.PairKeys(p.pair_key, p.unit, config.unit)

    # The recorder's wires.

    def react(self) -> None:
        # A glitch (off and on again at once) is no stop: only the level counts, or we would pulse a running camera.
        if self.recorder.tally.take() == 1:
            self._step(camera.TALLY_ON if self.recorder.tally.on else camera.TALLY_OFF, None)
        # After the tally: a recorder that dies loses both, and has then stopped, not lied.
        if self.recorder.awake.take():
            self._step(camera.AWAKE if self.recorder.awake.on else camera.ASLEEP, None)

    # Frames.

    def hear(self, heard: receiver.Heard) -> None:
        """Follow a frame that the receiver took for authentic."""
        if heard.event == frames.RECORDING:
            return
        if heard.kind == receiver.OWN_STALE:
            self._hear_stale(heard)
            return
        if heard.kind == receiver.OWN_REPEAT:
            self._answer(heard.sender)
            return
        own = heard.kind == receiver.OWN
        if own:
            self._newest[heard.sender] = heard.counter
        if heard.event != frames.OUT or not self._knows(heard.sender):
            self._journal_heard(heard)
        self._follow(heard.event, heard.sender)
        if own:
            self._answer(heard.sender)
        elif self.state.mode == camera.RECORDING:
            self._testify()

    def hear_local(self, event: int, sender: int) -> None:
        """The wired weapon of a combined unit."""
        self._follow(event, sender)
        self._tell_local()

    def _knows(self, sender: int) -> bool:
        return sender in [weapon for weapon, _ in self.state.weapons]

    def _follow(self, event: int | None, sender: int) -> None:
        if event in _ENDS:
            self._step(camera.RETURN, sender)
        elif event == frames.OUT:
            self._step(camera.AGAIN, sender)
        elif event in _STARTS:
            self._step(camera.TRIGGER, sender)

    def _hear_stale(self, heard: receiver.Heard) -> None:
        """Delayed replay, or a holster that was rolled back: start the recorder, never answer, let it hold and end."""
        now = self.station.ticks()
        if heard.event in _ENDS or self._stale_at is not None:
            return
        self._stale_at = ticks_add(now, STALE_PAUSE_MS)
        self._journal_heard(heard)
        if not self._knows(heard.sender):
            self._step(camera.TRIGGER, heard.sender)
            self._step(camera.RETURN, heard.sender)

    def _journal_heard(self, heard: receiver.Heard) -> None:
        self._answered = {key for key in self._answered if key[0] != heard.sender}
        event = (heard.event or 0) << 4 | heard.flags
        digest = heard.digest or bytes(frames.DIGEST_BYTES)
        payload = (heard.sender, heard.counter, heard.kind, event, digest)
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
        frame = pair.build(counter, frames.Ack(kind, reason, since_ms, buffer_ms // 1000, station.digest()))
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
        counter = station.use_counter()
        frame = station.frame(frames.RECORDING, 0, counter)
        station.airtime.put(WITNESS, frame, station.ticks(), ACK_MS, 0, counter)
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
        if told:
            self._journal_recorder()
            self._tell()

    def _pulse(self, now: int) -> None:
        # The shutter toggles: pressed only when the live tally agrees with what the machine means by it.
        if self.recorder.tally.read() == self.state.stopping:
            self.recorder.pulse(now)

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
        while True:
            self.state, event = due(self.state, now)
            if event is None:
                break
            self._step(event, now)
        if self.state.mode in (camera.STANDBY, camera.RECORDING):
            self.signal.calm()
        self.recorder.tick(now)
        self.signal.tick(now)
        self.station.radio.listen()
        if is_due(self._stale_at, now):
            self._stale_at = None

    def busy(self) -> bool:
        """Whether a weapon is out or the recorder is being started or stopped."""
        return len(self.state.weapons) > 0 or self.state.limit_at is not None

    def deadline(self, now: int) -> int | None:
        first = deadline(self.state, now)
        for tick in (self.recorder.off_at, self.signal.off_at):
            first = earlier(first, tick, now)
        return first
