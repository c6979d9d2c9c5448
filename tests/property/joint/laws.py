"""What must hold of a whole world, judged by an onlooker who sees weapons, recorders and the air, and keeps no more of
the past than the laws need: `ghost.py`."""

from typing import TYPE_CHECKING, Any

from interlock import camera_role
from interlock.core import camera, frames, holster, proof, receiver, records, watch
from interlock.core.settings import REACH_GROUP, REACH_JOURNAL
from interlock.core.ticks import is_due, ticks_add, ticks_diff

from ..laws import hold
from .freeze import MEANING
from .ghost import Ghost

if TYPE_CHECKING:
    from .world import Unit, World

STARTS = (frames.DRAW, frames.ARM, frames.DISCHARGE, frames.OUT)
ENDS = (frames.REHOLSTER, frames.STOW, frames.CANCEL)
FRESH = (receiver.OWN, receiver.OWN_LATE, receiver.GROUP, receiver.UNDATED)
OWN = (receiver.OWN, receiver.OWN_LATE, receiver.OWN_REPEAT)


class Laws:
    def __init__(self, world: "World") -> None:
        shape = world.shape
        self.world = world
        self.ghost = Ghost(shape.holsters, shape.cameras, shape.running)
        self._own = {h: [c for holster, c in shape.pairs if holster == h] for h in shape.holsters}
        # Of the turn that is going on: records (kind, fields), what was heard and then known, events aired, pulses.
        self._records: list[tuple[int, Any]] = []
        self._heard: tuple[Any, bool, bool] | None = None
        self._aired: list[int] = []
        self._pulses = 0
        self._act = ""
        self._was_open = False  # a use was open when it began
        self._was_on = False  # the recorder was told to record when it began
        self._refused = False  # a not-recording ack was heard in it
        self._stopped = False  # a recording of a use is stopped from outside in this turn

    @property
    def now(self) -> int:
        return self.world.outside.now

    # What is seen.

    def turning(self, unit: "Unit", act: str) -> None:
        """A unit's turn begins; `act`: what its officer just did."""
        self._records, self._heard, self._aired, self._pulses, self._act = [], None, [], 0, act
        self._was_open = unit.is_holster and self.ghost.since[unit.number] is not None
        self._refused = False

    def recorded(self, unit: "Unit", kind: int, fields: Any) -> None:
        self._records.append((kind, fields))
        if kind == records.ALERT and unit.is_holster:
            self._alerted(unit, fields.code)
        if kind == records.MODE and fields.mode == records.MODE_MUTE and fields.seconds:
            self.ghost.muted[unit.number] = self.now
        if kind == records.EVENT and fields.counter:
            newest = MEANING[self.world.outside.bag[unit.number][-1]]
            told = (fields.event, fields.flags & 0xF, fields.counter)
            hold(told == newest[2:5], "the record of an event names the frame that was aired for it")

    def _alerted(self, unit: "Unit", code: int) -> None:
        ghost, number = self.ghost, unit.number
        hold(ghost.since[number] is not None, "no alert of the proof without a use")
        if code == proof.ALERT_NOT_HEARD:
            hold(ghost.answer_by[number] == self.now, "the alert that nobody answers comes at its limit")
            ghost.answer_by[number] = None
        elif code in (proof.ALERT_NOT_RECORDING, proof.ALERT_PROOF_LOST):
            refused = self._refused and ghost.proven[number]
            hold(refused or ghost.proof_by[number] == self.now, "the alert that nothing is proven comes at its limit")
            ghost.proof_by[number] = None
            ghost.proven[number] = False

    def aired(self, unit: "Unit", frame: bytes) -> None:
        meaning, ghost, number = MEANING[frame], self.ghost, unit.number
        outside = self.world.outside
        if meaning[0] == "ack":
            if meaning[4] == frames.PROVEN:
                hold(outside.recording[number], "a recording ack is sent only while it records")
            return
        event, counter = meaning[2], meaning[4]
        self._aired.append(event)
        before = [MEANING[old] for old in outside.bag[number] if old != frame and MEANING[old][0] == "unit"]
        hold(all(old[4] < counter for old in before), "no counter is aired twice")
        if not unit.is_holster:
            hold(event != frames.RECORDING or outside.recording[number], "a witness speaks only while it records")
            return
        if event not in STARTS + ENDS:
            return
        if counter not in ghost.newest[number]:
            ghost.newest[number] = (*ghost.newest[number], counter)[-2:]
        if event in STARTS and ghost.since[number] is None:
            policy = self.world.policy
            ghost.since[number] = self.now
            ghost.answer_by[number] = ticks_add(self.now, policy.heard_limit_ms)
            ghost.proof_by[number] = ticks_add(self.now, policy.start_limit_ms)
            ghost.newest[number] = (counter,)
            ghost.serious[number] = False
        if event in ENDS:
            hold(event != frames.CANCEL or not ghost.serious[number], "nothing is cancelled but a bare draw")
            self._close(number)

    def _close(self, number: int) -> None:
        ghost = self.ghost
        ghost.since[number] = ghost.answer_by[number] = ghost.proof_by[number] = ghost.dark[number] = None
        ghost.proven[number] = ghost.seen[number] = False

    def acking(self, frame: bytes) -> None:
        """A holster is about to hear an ack."""
        self._refused = MEANING[frame][4] == frames.REFUSED

    def acked(self, unit: "Unit", frame: bytes, taken: bool) -> None:
        """A holster heard an ack; `taken`: it took it for one to itself."""
        _, _, _, counter, kind, _ = MEANING[frame]
        ghost, number = self.ghost, unit.number
        if ghost.since[number] is None:
            return
        hold(taken == (counter in ghost.newest[number]), "acks to the newest two frames of a use count, and no others")
        if not taken:
            return
        ghost.answer_by[number] = None
        self._refused = False
        if kind == frames.PROVEN:
            hold(ghost.seen[number], "no comfort is false: what is proven in a use was recorded in that use")
            ghost.proof_by[number] = ticks_add(self.now, self.world.policy.proof_limit_ms)
            ghost.proven[number] = True
            hold(not unit.signal.lit, "a proof ends the alert, however late")
        elif kind == frames.REFUSED:
            hold(not ghost.proven[number], "a camera that records no more alerts at once")

    def heard(self, unit: "Unit", heard: receiver.Heard) -> None:
        """A unit is about to take a frame for authentic."""
        if unit.is_holster:
            return
        ghost, number = self.ghost, unit.number
        self._was_on = unit.role.state.mode in (camera.STARTING, camera.RECORDING, camera.HOLDING)
        repeats_old = ghost.followed[number].get(heard.sender) == heard.counter
        fresh = heard.kind in FRESH or (heard.kind == receiver.OWN_REPEAT and not repeats_old)
        self._heard = heard, fresh, heard.sender in ghost.known[number]
        if fresh:
            ghost.followed[number][heard.sender] = heard.counter
        if fresh and heard.event in STARTS:
            ghost.known[number][heard.sender] = ticks_add(self.now, self.world.policy.lease_ms)
        elif fresh and heard.event in ENDS + frames.PRESENCE:
            ghost.known[number].pop(heard.sender, None)
        elif heard.kind == receiver.OWN_STALE and heard.event in STARTS and ghost.stale_until[number] is None:
            ghost.stale_until[number] = ticks_add(self.now, camera_role.STALE_PAUSE_MS)
            ghost.stale_used[number] = False

    def by_hand(self, unit: "Unit", dies: bool) -> None:
        """Its recorder is about to be stopped, or started, by somebody else, or loses its supply (`dies`)."""
        outside, ghost, number = self.world.outside, self.ghost, unit.number
        known = [sender for sender, until in ghost.known[number].items() if not is_due(until, self.now)]
        ended = outside.recording[number] and not outside.pressed[number] and not self.is_doubtful(number)
        self._stopped = ended and bool(known)
        if (outside.recording[number] and known) or outside.pressed[number]:
            ghost.stopped[number] = True
        ghost.touched[number] = True
        if dies:
            ghost.pressed_at[number] = None
        if outside.recording[number] or dies:
            ghost.doubtful[number] = False

    def follows(self, number: int) -> None:
        """Its recorder is about to follow its shutter."""
        outside, ghost = self.world.outside, self.ghost
        since, limit_ms = ghost.pressed_at[number], self.world.policy.start_limit_ms
        if since is None or ticks_diff(self.now, since) >= limit_ms:
            ghost.touched[number] = True
        ghost.pressed_at[number] = None
        if outside.recording[number]:
            ghost.doubtful[number] = False  # it was seen off

    def is_doubtful(self, number: int) -> bool:
        """Whether the tally proves nothing: it never went off since the unit began, or ignored a stop for too long."""
        ghost, since = self.ghost, self.ghost.pressed_at[number]
        limit_ms = self.world.policy.start_limit_ms
        late = since is not None and ticks_diff(self.now, since) >= limit_ms
        return ghost.doubtful[number] or (late and self.world.outside.recording[number])

    def is_excused(self, number: int) -> bool:
        """Whether a camera unit need not prove a recording: an officer stopped it, or its tally is in doubt."""
        return self.ghost.stopped[number] or self.is_doubtful(number)

    def may_go_on(self, number: int) -> bool:
        """Whether a recording may go on after all uses: somebody meddled with it, or the recorder did not obey in time.
        Whose a recording is then, `laws_camera.py` judges."""
        return self.ghost.touched[number] or self.is_doubtful(number)

    def pulsed(self, unit: "Unit") -> None:
        outside, ghost, number = self.world.outside, self.ghost, unit.number
        known = [sender for sender, until in ghost.known[number].items() if not is_due(until, self.now)]
        self._pulses += 1
        ghost.pressed_at[number] = self.now
        if outside.recording[number]:
            hold(not known, "the recorder is never told to stop while a weapon is known to be out")
            return
        # An edge in the very millisecond in which a lease ends may come before that is noticed.
        ending = [sender for sender, until in ghost.known[number].items() if until == self.now]
        if not known and not ending:
            hold(ghost.stale_until[number] is not None, "no recording without cause")
            hold(not ghost.stale_used[number], "stale frames start a recorder once in their pause")
            ghost.stale_used[number] = True

    def cut(self, unit: "Unit") -> None:
        ghost, number = self.ghost, unit.number
        ghost.partners[number] = {}
        if unit.is_holster:
            self._close(number)
            ghost.newest[number] = ()
            ghost.bounce_by[number] = ghost.muted[number] = None
        else:
            ghost.known[number], ghost.followed[number], ghost.guests[number] = {}, {}, ()
            ghost.stopped[number] = False
            ghost.touched[number], ghost.pressed_at[number] = True, None
            ghost.stale_until[number] = None

    def booted(self, unit: "Unit") -> None:
        """It begins: what records already proves nothing, unless the journal says that this was seen to begin."""
        if not unit.is_holster:
            believed = unit.station.kept_recording
            self.ghost.doubtful[unit.number] = self.world.outside.recording[unit.number] and not believed

    # What must hold then.

    def turned(self, unit: "Unit") -> None:
        """A unit's turn is over."""
        ghost, number = self.ghost, unit.number
        self._watch(unit)
        if unit.is_holster:
            hold(not is_due(ghost.answer_by[number], self.now), "no answer within the heard limit alerts")
            hold(not is_due(ghost.proof_by[number], self.now), "no proof within its limit alerts")
            self._out(unit)
            self._discharge(unit)
            self._mute(unit)
            return
        if is_due(ghost.stale_until[number], self.now):
            ghost.stale_until[number] = None
        for sender, until in list(ghost.known[number].items()):
            if is_due(until, self.now):
                del ghost.known[number][sender]
        self._follow(unit)
        self._answer(unit)
        self._duty(unit)
        if unit.role.state.mode == camera.STANDBY:
            ghost.stopped[number] = False

    def _watch(self, unit: "Unit") -> None:
        """A partner that is missing or unfit is told once per change: discreetly to its officer, and to the journal."""
        last = self.ghost.partners[unit.number]
        for told in [fields for kind, fields in self._records if kind == records.PARTNER]:
            hold(last.get(told.unit) != (told.mode, told.detail), "a partner's state is journalled once per change")
            last[told.unit] = (told.mode, told.detail)
            hold(unit.signal.nudges or told.mode in (watch.GOOD, watch.UNKNOWN), "who misses a partner is warned")
        modes = {n: one.state.mode for n, one in unit.station.company._watched.items()}
        hold(all(last.get(n, (watch.UNKNOWN,))[0] == mode for n, mode in modes.items()), "every change is journalled")

    def _out(self, unit: "Unit") -> None:
        """A weapon that is out is in use: aired, or it has its reason."""
        excused = unit.role.state.mode in (holster.UNKNOWN, holster.STOWED, holster.UNAIRED)
        hold(unit.seat.seated or excused or self.ghost.since[unit.number] is not None, "a weapon that is out is aired")

    def _discharge(self, unit: "Unit") -> None:
        ghost, number = self.ghost, unit.number
        told = [fields for kind, fields in self._records if kind == records.EVENT]
        shots = [fields for fields in told if fields.event == frames.DISCHARGE]
        bounces = ghost.bounce_by[number] is not None and not is_due(ghost.bounce_by[number], self.now)
        due = self._act == "discharge" and not bounces
        hold(len(shots) == int(due), "every discharge has its record, and no other")
        if self._act == "discharge":
            # Pulses that follow each other so closely are those of one trigger pull.
            ghost.bounce_by[number] = ticks_add(self.now, self.world.policy.refractory_ms)
        if due:
            hold(frames.DISCHARGE in self._aired, "every discharge is aired")
        armed = self._act in ("arm", "arm anywhere")
        if armed:
            hold([fields for fields in told if fields.event == frames.ARM], "every arming has its record")
            silent = self.world.policy.on_arm == REACH_JOURNAL
            hold(silent or frames.ARM in self._aired, "arming is aired, whatever mode was on")
            kept = silent and not self._was_open
            hold(not kept or frames.ARM not in self._aired, "what policy keeps to the journal is not aired")
        if armed or due:
            hold(unit.role.state.duty != records.MODE_TEST, "an arming or a discharge ends the test mode")
            ghost.serious[number] = True

    def _mute(self, unit: "Unit") -> None:
        ghost, number, role = self.ghost, unit.number, unit.role
        if not role.answers.is_muted:
            ghost.muted[number] = None
            owing = ghost.since[number] is not None and ghost.proof_by[number] is None
            hold(not owing or unit.signal.lit, "an alert is seen as long as it is owing")
            return
        hold(not unit.signal.lit, "who is muted is not alerted")
        hold(not (self._act in ("arm", "arm anywhere", "discharge") and ghost.serious[number]), "an arming ends a mute")
        since = ghost.muted[number]
        hold(since is not None, "every mute has its record")
        hold(ticks_diff(self.now, since or 0) < self.world.policy.mute_ms, "a mute ends by itself")

    def _follow(self, unit: "Unit") -> None:
        outside, ghost, number = self.world.outside, self.ghost, unit.number
        if self._heard is None:
            return
        heard, fresh, was_known = self._heard
        if not fresh or heard.event not in STARTS:
            return
        refusals = (records.HEARD_LIMITED, records.HEARD_POLICY)
        refused = [fields.kind for kind, fields in self._records if kind == records.HEARD and fields.kind in refusals]
        taken = heard.sender in [sender for sender, _ in unit.role.state.weapons]
        if not refused and not taken and heard.event == frames.OUT and not was_known:
            # Renewals that are refused for the same reason are not told again.
            refused = [reason for sender, reason in unit.role._turned_away if sender == heard.sender]
        if refused:
            ghost.known[number].pop(heard.sender, None)
            hold(not self._pulses, "what is refused starts nothing")
            hold(not was_known, "a weapon that is known to be out is followed on")
            self._refusal(unit, heard, refused[0])
            return
        if heard.kind not in OWN and not was_known and not self._was_on:
            self._guest(number)
        excused = ghost.stopped[number] or (heard.event == frames.OUT and unit.role.state.mode == camera.FAULT)
        follows = outside.recording[number] or outside.pressed[number]
        hold(follows or excused, "recording follows every frame of a weapon that is out")

    def _duty(self, unit: "Unit") -> None:
        """What would help is not left undone."""
        outside, ghost, number = self.world.outside, self.ghost, unit.number
        stopped, self._stopped = self._stopped, False
        if stopped:
            codes = [fields.code for kind, fields in self._records if kind == records.ALERT]
            hold(proof.ALERT_INTERRUPTED in codes, "a recording that is stopped in a use alerts")
        if self.is_doubtful(number) and outside.recording[number]:
            ghost.doubtful[number] = True
        if ghost.known[number]:
            helped = outside.recording[number] or outside.pressed[number] or ghost.stopped[number]
            hold(helped, "while a weapon is out a recorder that is off was told to start")

    def _guest(self, number: int) -> None:
        """A stranger's weapon is followed by a recorder that was not told to record: as a bucket allows."""
        ghost, refill_ms = self.ghost, camera_role.GUEST_REFILL_MS
        ghost.guests[number] = (*ghost.guests[number], self.now)[-camera_role.GUEST_STARTS - 1 :]
        lately = [at for at in ghost.guests[number] if ticks_diff(self.now, at) < refill_ms]
        hold(len(lately) <= camera_role.GUEST_STARTS, "strangers start a recorder within their rate")

    def _refusal(self, unit: "Unit", heard: receiver.Heard, kind: int) -> None:
        policy = self.world.policy
        if kind == records.HEARD_POLICY:
            reaches = (policy.on_draw, policy.on_arm, policy.on_discharge)
            least = reaches[0] if heard.event in (frames.DRAW, frames.OUT) else reaches[heard.event - frames.DRAW]
            hold(heard.kind not in OWN and least < REACH_GROUP, "policy refuses only what it does not concern")
        else:
            hold(heard.kind not in OWN, "no own holster is limited")
            hold(self.ghost.guests[unit.number] or heard.kind == receiver.UNDATED, "the first stranger is followed")

    def _answer(self, unit: "Unit") -> None:
        """What is on the air is true now, and who calls is answered."""
        outside, ghost, number = self.world.outside, self.ghost, unit.number
        live = [MEANING[frame] for frame in unit.airtime.live()]
        for meaning in live:
            if meaning[0] == "ack" and meaning[4] == frames.PROVEN and meaning[1] in ghost.known[number]:
                hold(outside.recording[number], "no ack goes on saying that it records when it does not")
        if self._heard is None or self._heard[0].kind not in OWN or self._heard[0].event not in STARTS + ENDS:
            return
        heard = self._heard[0]
        acks = [m for m in live if m[0] == "ack" and m[1] == heard.sender]
        hold(acks and acks[-1][3] == heard.counter, "who calls is answered at once, about its newest frame")

    def after(self) -> None:
        """The move is over: the truth of the world against what its officers are told."""
        outside, ghost, policy = self.world.outside, self.ghost, self.world.policy
        comfort_ms = policy.proof_limit_ms + 2 * policy.renew_ms
        for number, own in self._own.items():
            if ghost.since[number] is None:
                continue
            if any(outside.recording[camera_number] for camera_number in own):
                ghost.dark[number] = None
                ghost.seen[number] = True
            elif ghost.dark[number] is None:
                ghost.dark[number] = self.now
            else:
                unit = self.world.units[number]
                told = unit.signal.lit or unit.role.answers.is_muted
                late = ticks_diff(self.now, ghost.dark[number] or 0) > comfort_ms
                hold(told or not late, "an officer without a recording is told, whatever the air does")
