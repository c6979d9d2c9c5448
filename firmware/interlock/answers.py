"""What a holster unit knows of its camera in a use: acks, witnesses, the proof machine, and the alerts that follow.

Nothing here airs anything or moves the weapon's machine; `holster_role.py` tells when a use begins and ends, and which
frame waits for an answer.
"""

from .core import frames, proof, records
from .core.machine import deadline, due, is_any_due
from .core.receiver import AckEar
from .core.settings import ROLE_CAMERA
from .core.ticks import ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Hashable

    from .core.receiver import Heard, HeardAck
    from .drivers.signal import Signal
    from .station import Station

_EVENTS = {frames.HEARD: proof.ACK_HEARD, frames.PROVEN: proof.ACK_PROVEN, frames.REFUSED: proof.ACK_REFUSED}


class Answers:
    """`signal`: the officer's LED and haptic. `is_muted`: alerts are journalled, neither seen nor felt."""

    def __init__(self, station: "Station", signal: "Signal") -> None:
        self.station = station
        self.signal = signal
        self.state = proof.ProofState()
        self.is_muted = False
        self.is_alerting = False
        self._event_counter = 0  # counter of the newest frame that was no renewal
        self._journalled: set[Hashable] = set()  # answers since then that are records: renewals repeat them
        self._witnesses: set[int] = set()  # of this use
        self._acked: set[int] = set()  # cameras
        self._proofs: dict[int, int] = {}  # camera -> tick of its last *recording* in this use
        self._begin_counter = 0
        self._begin_at = station.ticks()
        self._heard_ms: int | None = None
        self._recording_ms: int | None = None
        self._acks = 0
        self._late = 0
        self._alerts = 0
        self.adopt()

    def adopt(self) -> None:
        """Go by the station's settings. A camera whose pair key is being changed is in them twice: both count."""
        station = self.station
        self.pairs = [
            frames.PairKeys(p.pair_key, station.config.unit, p.unit)
            for p in station.config.partners
            if p.role & ROLE_CAMERA and station.is_own(p)
        ]
        self._ear = AckEar(self.pairs)

    # The use.

    def begin(self) -> None:
        """A use begins; its first frame is about to be journalled. A use that begins anew at once goes on alerting."""
        station = self.station
        self._begin_counter = station.counter + 1
        self._begin_at = station.ticks()
        self._heard_ms = self._recording_ms = None
        self._acks = self._late = self._alerts = 0
        self._witnesses = set()
        self._acked = set()
        self._proofs = {}
        self._ear.forget()
        self._prove(proof.BEGIN, None)

    def end(self, discharges: int) -> None:
        """The use is over: what it came to is a record."""
        fields = (self._begin_counter, records.ago(self._heard_ms), records.ago(self._recording_ms))
        counts = [min(self._acks, 0xFFFF), min(self._late, 0xFFFF), min(self._alerts, 255)]
        counts += [min(len(self._witnesses), 255), discharges]
        self.station.record(records.USE, records.pack(records.USE, *(fields + tuple(counts))))
        self.station.company.write_crew(self._acked, self._witnesses)
        self._prove(proof.END, None)

    def expect(self, counter: int, is_event: bool) -> None:
        """The frame with this counter is on the air."""
        if is_event:
            self._journalled = set()
            self._event_counter = counter
        self._ear.expect(counter)

    def proven_ago_ms(self) -> int | None:
        """How long ago the last *recording* ack of this use came, or None."""
        at = self.state.proven_at
        return None if at is None else ticks_diff(self.station.ticks(), at)

    def is_proven(self) -> bool:
        return self.state.mode == proof.PROVEN

    # What comes.

    def hear(self, frame: bytes) -> "HeardAck | None":
        """An authentic ack of an own camera, or None."""
        return self._ear.hear(frame)

    def take(self, camera: int, counter: int, ack: frames.Ack) -> None:
        """Follow an authentic ack."""
        station = self.station
        kind, reason = ack.kind, ack.reason
        self._count(camera, kind)
        # An answer to an older frame is proof, too, but says nothing of the newest event.
        news = counter >= self._event_counter and self._is_first((camera, kind, reason))
        if news or (kind == frames.PROVEN and self.state.mode == proof.LOST):
            payload = (camera, counter, kind << 4 | reason, ack.since_ms, ack.buffer_s, ack.digest)
            station.record(records.ACK, records.pack(records.ACK, *payload))
        if kind == frames.PROVEN:
            self._proofs[camera] = station.ticks()
        elif kind == frames.REFUSED:
            self._proofs.pop(camera, None)
            if self._is_proven_by_another():
                return
        self._prove(_EVENTS[kind], reason)

    def _is_proven_by_another(self) -> bool:
        """Whether a camera that has not refused since proved its recording lately."""
        now, limit_ms = self.station.ticks(), self.station.policy.proof_limit_ms
        return len([at for at in self._proofs.values() if ticks_diff(now, at) < limit_ms]) > 0

    def _count(self, camera: int, kind: int) -> None:
        self._acks += 1
        self._acked.add(camera)
        ago_ms = ticks_diff(self.station.ticks(), self._begin_at)
        if self._heard_ms is None:
            self._heard_ms = ago_ms
            if ago_ms > self.station.policy.heard_limit_ms:
                self._late += 1
        if kind == frames.PROVEN:
            if self._recording_ms is None:
                self._recording_ms = ago_ms
            if self.state.mode == proof.LOST:
                self._late += 1

    def witness(self, heard: "Heard") -> None:
        """A camera of the group said that it records."""
        if heard.sender not in [pair.camera for pair in self.pairs]:  # these have acks of their own
            self._witnesses.add(heard.sender)
        if self._is_first(("witness", heard.sender)):
            payload = (heard.sender, heard.counter, heard.body)
            self.station.record(records.WITNESS, records.pack(records.WITNESS, *payload))

    def _is_first(self, key: "Hashable") -> bool:
        if key in self._journalled:
            return False
        self._journalled.add(key)
        return True

    # The proof machine and its effects.

    def _prove(self, event: int, data: int | None) -> None:
        before = self.state.mode
        self.state, effects = proof.MACHINE.step(self.state, event, data, self.station.ticks(), self.station.policy)
        for effect in effects:
            if effect[0] == proof.ALERT:
                self.alert(effect[1])
            elif effect[0] == proof.CALM:
                self.is_alerting = False
                self.signal.calm()
        if self.state.mode != before and self.state.mode in (proof.PROVEN, proof.LOST):
            self.station.record(records.PROOF, records.pack(records.PROOF, self.state.mode))

    def alert(self, code: int) -> None:
        """Tell the officer, unless muted, and the journal in any case."""
        self._alerts += 1
        self.is_alerting = True
        if not self.is_muted:
            self.signal.alert(self.station.ticks())
        self.station.record(records.ALERT, records.pack(records.ALERT, code))

    def mute(self, is_muted: bool) -> None:
        """Mute, or speak again: at once, if what was alerted is so still."""
        self.is_muted = is_muted
        if is_muted:
            self.signal.calm()
        elif self.is_alerting:
            self.signal.alert(self.station.ticks())

    def tick(self, now: int) -> None:
        """Serve the limits that are due."""
        while is_any_due(self.state, now):
            self.state, event = due(self.state, now)
            assert event is not None
            self._prove(event, None)

    def deadline(self, now: int) -> int | None:
        """The next limit, as a tick."""
        return deadline(self.state, now)
