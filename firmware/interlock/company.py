"""Who is near: partners watched before anything happens, and the crew of the last minutes.

A camera unit says that it is ready, a holster unit that it is there (`core/rhythm.py`); each watches its partners
(`core/watch.py`). A camera listens always, a holster only when a frame of its cameras is due, and after its own: a
camera answers at once a holster that seeks it, with the time of its next frame.
"""

import struct

from .core import frames, receiver, records, watch
from .core.rhythm import AIR_MS, Expectation, gap_ms
from .core.settings import ROLE_CAMERA, ROLE_COMBINED, ROLE_HOLSTER
from .core.ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .core.receiver import Heard
    from .station import Station

ANNOUNCEMENT = "announcement"  # the airtime key
ANSWER_MS = 200  # a holster listens so long from the begin of its own frame
NEAR_MS = 300000  # the crew are those who were heard within that time
MET_MS = 3600000  # a partner's journal head is a record so often
CREW_MAX = 32
SEEK_MS = 10000  # between announcements while a camera is sought


class _Watched:
    """One partner. `expected`: when it will be heard."""

    def __init__(self, expected: Expectation) -> None:
        self.expected = expected
        self.state = watch.WatchState()
        self.met_ms: int | None = None  # uptime of the last MET record


class _Near:
    """A unit of the group that was heard."""

    def __init__(self, uptime_ms: int, flags: int) -> None:
        self.uptime_ms = uptime_ms
        self.flags = flags


class Company:
    """`says`: what this unit announces, (event, flags) or None for silence; `warn`: called at a discreet warning.

    The composition root sets both before the first turn; a station alone announces nothing."""

    def __init__(self, station: "Station") -> None:
        self.station = station
        self.says: Callable[[], tuple[int, int] | None] = _silence
        self.warn: Callable[[], None] = _nothing
        self._watched: dict[int, _Watched] = {}
        self._near: dict[int, _Near] = {}
        self._next_at: int | None = None
        self._listen_until: int | None = None
        self._rotate_at: int | None = None
        self._said: tuple[int, int] | None = None
        self._tells_time = False  # a partner without a clock was heard
        self.adopt()

    def adopt(self) -> None:
        """Go by the station's settings and assignment; what is known of partners that stay is kept."""
        station, now = self.station, self.station.ticks()
        config = station.config
        # A holster unit watches cameras, a camera unit holsters; one that is both has its camera on board.
        self._is_holster = bool(config.role & ROLE_HOLSTER)
        policy = station.policy
        role, self._every_ms, theirs = ROLE_HOLSTER, policy.ready_every_ms, policy.present_every_ms
        if self._is_holster:
            role, self._every_ms, theirs = ROLE_CAMERA, theirs, self._every_ms
        known, self._watched = self._watched, {}
        for p in config.partners:
            if not theirs or not p.role & role or not station.is_own(p) or config.role == ROLE_COMBINED:
                continue
            kept = known.get(p.unit)
            one = _Watched(Expectation(frames.UnitKeys(p.unit_key, p.unit), theirs))
            if kept is not None:
                one.state, one.met_ms = kept.state, kept.met_ms
            self._watched[p.unit] = one
            if config.role == ROLE_CAMERA:
                one.expected.put_off(now)  # it listens always: silence counts from now on
        self._next_at = now

    # What is heard.

    def hear(self, heard: "Heard") -> None:
        """Take note of an authentic frame; answer an own holster's presence."""
        own = heard.kind in (receiver.OWN, receiver.OWN_LATE)
        if not own and heard.kind not in (receiver.GROUP, receiver.UNDATED):
            return
        self._note(heard)
        one = self._watched.get(heard.sender)
        if one is None or not own or heard.event is None:
            return  # of a frame under a group key that we lack nobody knows what it says
        self._watch(one, heard)
        if heard.event in frames.PRESENCE and heard.flags & frames.FLAG_SEEKING and not self._is_holster:
            self._tells_time = bool(self.station.slot() and not heard.slot)
            self._answer()

    def _watch(self, one: _Watched, heard: "Heard") -> None:
        event, data = watch.FIT, 0
        if heard.event in frames.READINESS:
            if heard.flags not in (frames.READY_OK, frames.READY_RECORDING, frames.READY_STARTING):
                event, data = watch.UNFIT, heard.flags
        elif heard.event in frames.PRESENCE and heard.flags & frames.FLAG_STOWED:
            event = watch.AWAY
        elif heard.flags & (frames.FLAG_LOW_BATTERY | frames.FLAG_SENSOR_FAULT) and not self._is_holster:
            event, data = watch.UNFIT, heard.flags & (frames.FLAG_LOW_BATTERY | frames.FLAG_SENSOR_FAULT)
        now = self.station.ticks()
        if event == watch.AWAY:
            one.expected.at = None
        elif heard.event == frames.ANSWER and heard.body is not None:
            one.expected.told(struct.unpack(">I", heard.body)[0], now)
        elif heard.event in frames.READINESS or heard.event in frames.PRESENCE:
            one.expected.heard(heard.counter, now)
        elif one.expected.at is not None:
            one.expected.put_off(now)  # it speaks, so its rhythm goes on from here at the earliest
        self._step(heard.sender, one, event, data)
        if heard.event in frames.READINESS and self._is_holster:
            self._listen_until = None
        if heard.event not in frames.TIMED + (frames.ANSWER,) and heard.body is not None and self._is_met_due(one):
            one.met_ms = self.station.uptime_ms()
            payload = records.pack(records.MET, heard.sender, heard.counter, heard.body)
            self.station.record(records.MET, payload)
        if heard.event in frames.TIMED and heard.body is not None:
            self.station.take_time(heard.sender, struct.unpack(">I", heard.body)[0])

    def _is_met_due(self, one: _Watched) -> bool:
        return one.met_ms is None or self.station.uptime_ms() - one.met_ms >= MET_MS

    def _note(self, heard: "Heard") -> None:
        flags = 0
        if heard.event in frames.READINESS:
            if heard.flags in (frames.READY_OK, frames.READY_RECORDING, frames.READY_STARTING):
                flags = records.CREW_READY
        elif heard.event != frames.RECORDING and heard.event is not None:
            flags = records.CREW_HOLSTER
        if heard.sender not in self._near and len(self._near) >= CREW_MAX:
            del self._near[min(self._near, key=lambda unit: self._near[unit].uptime_ms)]
        self._near[heard.sender] = _Near(self.station.uptime_ms(), flags)

    def _step(self, unit: int, one: _Watched, event: int, data: int) -> None:
        one.state, effects = watch.MACHINE.step(one.state, event, data, self.station.ticks(), self.station.policy)
        for effect in effects:
            if effect[0] == watch.CHANGED:
                self.station.record(records.PARTNER, records.pack(records.PARTNER, unit, effect[1], effect[2]))
            elif effect[0] == watch.WARN:
                self.warn()

    def misses_somebody(self) -> bool:
        """Whether a partner is missing that was heard since boot, has not said that it goes, and should be near."""
        for unit in self._watched:  # without `values`, which allocates
            one = self._watched[unit]
            if one.state.mode == watch.MISSING and one.met_ms is not None:
                return True
        return False

    def is_near(self) -> bool:
        """Whether a partner was heard in the last minutes."""
        near = self._recent()
        return bool([p for p in self.station.config.partners if p.unit in near and self.station.is_own(p)])

    # The crew.

    def count(self, partner: int) -> int:
        """How many units of the group were heard in the last minutes, this partner and ourselves apart."""
        return len([unit for unit in self._recent() if unit != partner])

    def _recent(self) -> list[int]:
        begin_ms = self.station.uptime_ms() - NEAR_MS
        return sorted([unit for unit in self._near if self._near[unit].uptime_ms >= begin_ms])

    def write_crew(self, acked: "Iterable[int]", witnesses: "Iterable[int]") -> None:
        """Journal who was heard in the last minutes, and who of them acked or witnessed."""
        own = [p.unit for p in self.station.config.partners if self.station.is_own(p)]
        now_ms = self.station.uptime_ms()
        members = []
        for unit in sorted(set(self._recent()) | set(acked) | set(witnesses)):
            near = self._near.get(unit)
            flags, age_4s = (near.flags, (now_ms - near.uptime_ms) // 4000) if near else (0, 0)
            flags |= records.CREW_OWN if unit in own else 0
            flags |= records.CREW_ACKED if unit in acked else 0
            flags |= records.CREW_WITNESS if unit in witnesses else 0
            members.append((unit, age_4s, flags))
        # Who acked, witnessed or belongs to us comes first, should there be too many.
        members.sort(key=lambda member: (member[2] & 7 == 0, member[1], member[0]))
        self.station.record(records.CREW, records.pack_crew(members))

    # Time.

    def is_listening(self, now: int) -> bool:
        """Whether a holster unit has something to hear: an answer, or a frame that is due."""
        if self._listen_until is not None and not is_due(self._listen_until, now):
            return True
        if not self._is_on_duty(self._said):
            return False
        for unit in self._watched:
            if self._watched[unit].expected.is_open(now):
                return True
        return False

    def tick(self, now: int, busy: bool) -> None:
        """Change the address behind what was aired, announce what is due, count what was missed."""
        # A frame may have ended within this turn, while flash was written: nothing wants the air any more, and the
        # address is used all the same.
        airtime = self.station.airtime
        if self._rotate_at is None and (airtime.now_on is not None or not airtime.is_idle(now)):
            self._rotate_at = ticks_add(now, AIR_MS)
        if is_due(self._rotate_at, now):
            # Within a use a weapon's frames keep their address: a change is deaf for moments.
            if (busy and self._is_holster) or not airtime.is_idle(now):
                self._rotate_at = ticks_add(now, AIR_MS)
            else:
                self._rotate()
        said = self.says() if self._every_ms else None
        if self._is_on_duty(said) != self._is_on_duty(self._said):
            self._change_duty(now)
        if said is None:
            self._said = None
        elif is_due(self._next_at, now) or self._is_on_duty(said) != self._is_on_duty(self._said):
            self._announce(said, now)
        self._miss(now, busy)
        if is_due(self._listen_until, now):
            self._listen_until = None

    def _change_duty(self, now: int) -> None:
        """Put away, or taken up again: what was expected before is forgotten, since its ticks may be days old. A
        holster seeks its cameras; a camera expects its holsters, those that were put away, too."""
        for one in self._watched.values():
            if self._is_holster:
                one.expected.at = None
            else:
                one.expected.put_off(now)

    def _rotate(self) -> None:
        self._rotate_at = None
        self.station.rotate()

    def _is_on_duty(self, said: tuple[int, int] | None) -> bool:
        """Whether partners are watched: not while put away, nor while a weapon is out."""
        if said is None:
            return False
        return not said[1] & frames.FLAG_STOWED if self._is_holster else said[1] != frames.READY_DOCKED

    def _announce(self, said: tuple[int, int], now: int) -> None:
        station = self.station
        self._said = said
        event, flags = said
        if self._is_holster and self._is_on_duty(said):
            flags |= self._seek()
            if flags & frames.FLAG_SEEKING:
                self._listen_until = ticks_add(now, ANSWER_MS)
        counter = station.use_counter()
        slot = station.slot()
        body = None
        if slot and (counter & 1 or self._tells_time):
            self._tells_time = False
            event, body = event + 1, struct.pack(">I", slot)
        self._air(event, flags, counter, body, now)
        self._next_at = ticks_add(now, self._gap_ms(counter))

    def _air(self, event: int, flags: int, counter: int, body: bytes | None, now: int) -> None:
        frame = self.station.frame(event, flags, counter, body)
        # One address never carries two announcements, unless something else is on the air under it.
        airtime = self.station.airtime
        airtime.drop(ANNOUNCEMENT)
        if (self._rotate_at is not None or airtime.now_on is not None) and airtime.is_idle(now):
            self._rotate()
        airtime.put(ANNOUNCEMENT, frame, now, AIR_MS, 0, calm=True)
        self._rotate_at = ticks_add(now, ANSWER_MS if self._is_holster else AIR_MS)

    def _answer(self) -> None:
        """A holster seeks us: say how we are, and when we say it next."""
        said, now = self.says(), self.station.ticks()
        if said is None or self._next_at is None:
            return
        if self._tells_time:
            self._next_at = now  # it has no time: the next announcement, which tells it, comes at once
            return
        body = struct.pack(">I", max(0, ticks_diff(self._next_at, now)))
        self._air(frames.ANSWER, said[1], self.station.use_counter(), body, now)

    def _seek(self) -> int:
        """The flag that asks cameras for an answer, if one is not known; each such asking counts as a miss, until the
        answer comes."""
        flag = 0
        for unit in self._watched:
            one = self._watched[unit]
            if one.expected.at is None:
                flag = frames.FLAG_SEEKING
                self._step(unit, one, watch.MISSED, 0)
        return flag

    def _gap_ms(self, counter: int) -> int:
        gap = gap_ms(self.station.keys, counter, self._every_ms)
        for one in self._watched.values():
            if self._is_holster and one.expected.at is None and one.state.mode != watch.MISSING:
                return gap * SEEK_MS // self._every_ms if self._every_ms > SEEK_MS else gap
        return gap

    def _miss(self, now: int, busy: bool) -> None:
        if not self._is_on_duty(self._said) and not busy:
            return
        for unit in self._watched:
            one = self._watched[unit]
            if not is_due(one.expected.closes(), now):
                continue
            if not busy:  # else there is more on the air than announcements
                self._step(unit, one, watch.MISSED, 0)
            if self._is_holster:
                one.expected.at = None
                self._next_at = now  # seek it
            else:
                one.expected.put_off(now)

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        first = earlier(self._next_at if self._said is not None else None, self._listen_until, now)
        first = earlier(first, self._rotate_at, now)
        if not self._is_on_duty(self._said):
            return first
        for unit in self._watched:
            one = self._watched[unit]
            opens = one.expected.opens() if self._is_holster else None
            if opens is not None and not is_due(opens, now):
                first = earlier(first, opens, now)
            else:
                first = earlier(first, one.expected.closes(), now)
        return first


def _silence() -> tuple[int, int] | None:
    return None


def _nothing() -> None:
    """A station without officer warns nobody."""
