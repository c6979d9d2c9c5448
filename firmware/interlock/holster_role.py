"""The holster unit's work: sensors in, frames out, proof awaited. Joins `core/holster.py` and `core/proof.py` to a
station and its drivers.

Hot path: the frame for every event that may come next is built ahead; `react` airs it before it does anything else.
"""

from .core import frames, holster, proof, records
from .core.machine import deadline, due
from .core.receiver import AckEar
from .core.settings import ROLE_CAMERA
from .core.ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Hashable

    from .camera_role import CameraRole
    from .core.receiver import Heard
    from .drivers.battery import Battery
    from .drivers.contact import Contact
    from .drivers.seat import Seat
    from .drivers.signal import Signal
    from .station import Station

WEAPON = "weapon"  # the airtime key of everything this role airs
BURST_MIN_MS = 500  # an answered burst goes on this long, so that every camera in range may start
FAST_BURST_MS = 2000
SLOW_BURST_MS = 8000
BEACON_MS = 300
UNPROVEN_BEACON_MS = 1500
BATTERY_CHECK_MS = 30000
STOW_PRESS_MS = 2000


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
        self.discharge = discharge
        self.dock = dock
        self.button = button
        self.battery = battery
        self.signal = signal
        self.contacts = seat.contacts + (armed, discharge, dock, button)
        now = station.ticks()
        self.state = holster.at_boot(seat.seated, armed.on, dock.on, now, station.policy)
        self.proof = proof.ProofState()
        self.adopt()
        # Answers since the newest event that are journalled: renewals repeat them.
        self._journalled: set[Hashable] = set()
        self._aired: int | None = None  # counter of the newest frame
        self._event_counter = 0  # counter of the newest frame that was no renewal
        self._burst_until = now
        self._battery_at = now
        self._press_at: int | None = None
        self._ready: dict[int, bytes] = {}
        self._ready_counter = 0  # the counter in use when they were built: they carry the next one
        self.local_camera: CameraRole | None = None  # combined role: the camera part on the same board
        self.prepare()

    def adopt(self) -> None:
        """Go by the station's settings. A camera whose pair key is being changed is in them twice: both count."""
        config = self.station.config
        self._pairs = [
            frames.PairKeys(p.pair_key, config.unit, p.unit) for p in config.partners if p.role & ROLE_CAMERA
        ]
        self._acks = AckEar(self._pairs)
        self._ready_for: object = None

    # Hot path.

    def react(self) -> None:
        """Air the ready frame of whatever the sensors say, then follow the machine."""
        changes = self.seat.take(self.station.ticks())
        if changes == 2 or (changes and not self.seat.seated):
            self._fire(holster.LEFT, self.seat.edge_at)
        if changes and self.seat.seated:
            self._step(holster.SEATED, None)
        changes = self.armed.take()
        # Off and on again within the bounce is no second arming; on and off again was one.
        if changes == (1 if self.armed.on else 2):
            self._fire(holster.ARM, self.armed.edge_at)
        if changes and not self.armed.on:
            self._step(holster.SAFE, None)
        changes = self.discharge.take()
        if changes == 2 or (changes and self.discharge.on):
            self._fire(holster.FIRE, self.discharge.edge_at)
        self._react_service()

    def _react_service(self) -> None:
        now = self.station.ticks()
        if self.dock.take():
            self._step(holster.STOW if self.dock.on else holster.UNSTOW, True)
        if self.button.take():
            self._press_at = ticks_add(now, STOW_PRESS_MS) if self.button.on else None

    def _fire(self, event: int, edge_at: int) -> None:
        # Built for the next counter: were that taken meanwhile, the frame would repeat one.
        frame = self._ready.get(event) if self._ready_counter == self.station.counter else None
        aired_at = None
        if frame is not None:
            aired_at = self.station.air_now(frame)
        self._step(event, None, edge_at, frame, aired_at)

    # The machine and its effects.

    def _step(
        self,
        event: int,
        data: int | None,
        edge_at: int | None = None,
        frame: bytes | None = None,
        aired_at: int | None = None,
    ) -> None:
        now = self.station.ticks()
        self.state, effects = holster.MACHINE.step(self.state, event, data, now, self.station.policy)
        for effect in effects:
            if effect[0] == holster.AIR:
                self._air(effect[1], effect[2], now if edge_at is None else edge_at, frame, aired_at)
            elif effect[0] == holster.BEACON:
                self._beacon(effect[1], effect[2])
            elif effect[0] == holster.NOTE:
                self._journal_event(effect[1], effect[2], 0, 0, None)
            elif effect[0] == holster.USE_BEGINS:
                self._begin_use()
            elif effect[0] == holster.USE_ENDS:
                self._prove(proof.END, None)
            elif effect[0] == holster.QUIET:
                self._rest()
        if effects:
            self.prepare()

    def _air(self, event: int, flags: int, edge_at: int, frame: bytes | None, aired_at: int | None) -> None:
        station = self.station
        counter = station.use_counter()
        if frame is None:
            frame = station.frame(event, flags, counter)
            aired_at = station.air_now(frame)
        now = station.ticks()
        ending = event in (frames.REHOLSTER, frames.STOW)
        fast, slow = (1000, 2000) if ending else (FAST_BURST_MS, SLOW_BURST_MS)
        station.airtime.put(WEAPON, frame, now, fast, slow)
        self._burst_until = ticks_add(now, BURST_MIN_MS)
        self._journalled = set()
        self._event_counter = counter
        self._journal_event(event, flags, counter, ticks_diff(now, edge_at), aired_at)
        self._expect(counter)
        if self.local_camera:
            self.local_camera.hear_local(event, station.config.unit)
        station.radio.listen()

    def _beacon(self, event: int, flags: int) -> None:
        station = self.station
        counter = station.use_counter()
        proven = self.proof.mode == proof.PROVEN
        now = station.ticks()
        station.airtime.put(
            WEAPON, station.frame(event, flags, counter), now, BEACON_MS, 0 if proven else UNPROVEN_BEACON_MS
        )
        self._burst_until = ticks_add(now, BEACON_MS)
        self._expect(counter)
        if self.local_camera:
            self.local_camera.hear_local(event, station.config.unit)

    def _expect(self, counter: int) -> None:
        self._acks.expect(counter)
        self._aired = counter

    def _begin_use(self) -> None:
        self._prove(proof.BEGIN, None)
        if not self._pairs and not self.local_camera:
            self._alert(proof.ALERT_UNPAIRED)

    def _rest(self) -> None:
        self.station.airtime.drop(WEAPON)
        if not self.local_camera:
            self.station.radio.deafen()

    def _journal_event(self, event: int, flags: int, counter: int, edge_ago_ms: int, aired_at: int | None) -> None:
        proven_at = self.proof.proven_at
        now = self.station.ticks()
        proven_ago_ms = None if proven_at is None else ticks_diff(now, proven_at)
        aired_ago_ms = None if aired_at is None else ticks_diff(now, aired_at)
        self.station.record(
            records.EVENT,
            records.pack(
                records.EVENT,
                event,
                flags,
                counter,
                records.ago(edge_ago_ms),
                records.ago(aired_ago_ms),
                records.ago(proven_ago_ms),
                self.state.discharges,
            ),
        )

    def prepare(self) -> None:
        """Build the next frame for every event that would air one from here."""
        station = self.station
        now = station.ticks()
        airs = tuple([holster.airs(self.state, event, now, station.policy) for event in holster.HOT])
        wanted = (station.journal.sequence, station.counter, airs)
        if wanted == self._ready_for:
            return
        ready = {}
        for event in holster.HOT:
            aired = airs[event]
            if aired is not None:
                ready[event] = station.frame(aired[0], aired[1], station.counter + 1)
        self._ready = ready
        self._ready_counter = station.counter
        self._ready_for = wanted

    # Answers.

    def hear(self, frame: bytes) -> bool:
        """Take a received frame: an ack of an own camera, or a witness of the group."""
        found = self._acks.hear(frame)
        if found is not None:
            ack = found.ack
            self._answered(found.camera, found.counter, ack.kind, ack.reason, ack.since_ms, ack.buffer_s, ack.digest)
            return True
        return False

    def _answered(
        self, camera: int, counter: int, kind: int, reason: int, since_ms: int, buffer_s: int, digest: bytes
    ) -> None:
        station = self.station
        # An answer to an older frame is proof, too, but says nothing of the newest event.
        news = counter >= self._event_counter and self._first((camera, kind, reason))
        if news or (kind == frames.PROVEN and self.proof.mode == proof.LOST):
            payload = (camera, counter, kind << 4 | reason, since_ms, buffer_s, digest)
            station.record(records.ACK, records.pack(records.ACK, *payload))
        event = proof.ACK_HEARD
        if kind == frames.PROVEN:
            event = proof.ACK_PROVEN
        elif kind == frames.REFUSED:
            event = proof.ACK_REFUSED
        self._prove(event, reason)
        ending = self.state.mode not in holster.OUT
        if counter == self._aired and (kind == frames.PROVEN or ending):
            station.airtime.shorten(WEAPON, self._burst_until)

    def _first(self, key: "Hashable") -> bool:
        if key in self._journalled:
            return False
        self._journalled.add(key)
        return True

    def hear_local(self, kind: int, reason: int, since_ms: int, buffer_s: int) -> None:
        """The answer of a combined unit's own camera part."""
        if self._aired is not None and self.state.mode in holster.OUT:
            own = self.station.config.unit
            self._answered(own, self._aired, kind, reason, since_ms, buffer_s, self.station.digest())

    def witness(self, heard: "Heard") -> None:
        """A camera of the group said that it records."""
        if self.state.mode in holster.OUT and self._first(("witness", heard.sender)):
            payload = (heard.sender, heard.counter, heard.digest)
            self.station.record(records.WITNESS, records.pack(records.WITNESS, *payload))

    def _prove(self, event: int, data: int | None) -> None:
        now = self.station.ticks()
        before = self.proof.mode
        self.proof, effects = proof.MACHINE.step(self.proof, event, data, now, self.station.policy)
        for effect in effects:
            if effect[0] == proof.ALERT:
                self._alert(effect[1])
            elif effect[0] == proof.CALM:
                self.signal.calm()
        if self.proof.mode != before and self.proof.mode in (proof.PROVEN, proof.LOST):
            self.station.record(records.PROOF, records.pack(records.PROOF, self.proof.mode))

    def _alert(self, code: int) -> None:
        self.signal.alert(self.station.ticks())
        self.station.record(records.ALERT, records.pack(records.ALERT, code))

    # Time.

    def tick(self) -> None:
        """Carry out what is due."""
        now = self.station.ticks()
        while True:
            self.state, event = due(self.state, now)
            if event is None:
                break
            self._step(event, None)
        while True:
            self.proof, event = due(self.proof, now)
            if event is None:
                break
            self._prove(event, None)
        if is_due(self._press_at, now):
            self._press_at = None
            self._step(holster.UNSTOW if self.state.mode == holster.STOWED else holster.STOW, False)
        if is_due(self.seat.disagree_at, now):
            self.seat.expire()
        if is_due(self._battery_at, now):
            self._battery_at = ticks_add(now, BATTERY_CHECK_MS)
            self.battery.check()
        self._step(holster.CONDITION, self._conditions())
        self.signal.tick(now)

    def busy(self) -> bool:
        """Whether a weapon is out or its return is still being reported."""
        return self.state.mode in holster.OUT or self.state.mode == holster.REHOLSTERED

    def _conditions(self) -> int:
        return (frames.FLAG_LOW_BATTERY if self.battery.low else 0) | (
            frames.FLAG_SENSOR_FAULT if self.seat.faulty else 0
        )

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        first = earlier(deadline(self.state, now), deadline(self.proof, now), now)
        for tick in (self._press_at, self.seat.disagree_at, self._battery_at, self.signal.off_at):
            first = earlier(first, tick, now)
        return first
