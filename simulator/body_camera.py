"""A body-worn camera as the interlock meets it: a shutter contact, a tally line, an accessory voltage.

It is the scenario's truth: `intervals` says when it really recorded, whatever any line or journal claims.
Not a product of ours and not one maker's model; its delays and buffer are parameters. Driven by the running event
loop's (virtual) time.
"""

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .clock import now_us

Cause = Literal["shutter", "hand"]


class State(enum.Enum):
    DEAD = "dead"
    ASLEEP = "asleep"
    WAKING = "waking"
    STANDBY = "standby"
    STARTING = "starting"
    RECORDING = "recording"


@dataclass(frozen=True)
class Interval:
    """One recording. `end_us` is None while it lasts; footage reaches back to `buffer_start_us`."""

    start_us: int
    end_us: int | None
    buffer_start_us: int
    audio: bool
    cause: Cause


def _ignore(level: int) -> None:
    """A line that nobody watches."""


class BodyCamera:
    """In standby, with an empty pre-event buffer, at the moment it is made.

    A rising edge of the shutter is a press of the button: it starts a camera in standby, stops a recording one, and
    wakes a sleeping one, which then starts. While it is waking or starting further presses are ignored.
    `on_tally` and `on_awake` are told every change of their line; both lines are low at first, and `connect` reports
    them as they are. `on_record` is told 1 and 0 when it truly begins and ends to record: what who wears it sees.
    """

    def __init__(
        self,
        *,
        buffer_ms: int = 30_000,
        start_delay_ms: int = 500,
        wake_delay_ms: int = 3_000,
        audio: bool = True,
        on_tally: Callable[[int], None] = _ignore,
        on_awake: Callable[[int], None] = _ignore,
    ) -> None:
        self.buffer_ms = buffer_ms
        self.start_delay_ms = start_delay_ms
        self.wake_delay_ms = wake_delay_ms
        self.audio = audio
        self.on_tally = on_tally
        self.on_awake = on_awake
        self.on_record: Callable[[int], None] = _ignore
        self.intervals: list[Interval] = []
        self.is_full = False
        self.has_shutter = True
        """Whether the wire from the unit is whole."""
        self._state = State.STANDBY
        self._stuck: int | None = None
        self._shutter = 0
        self.heeds_level = False
        """Whether a shutter that is on when it comes (again) starts it; then it is one that `level` drives."""
        self._tally = 0
        self._awake = 0
        self._cause: Cause = "hand"
        self._timer: asyncio.TimerHandle | None = None
        self._standby_us = self._now_us()
        self._show()

    @property
    def state(self) -> State:
        return self._state

    @property
    def tally(self) -> int:
        """Level of the tally line: 1 claims that it records."""
        return self._tally

    @property
    def awake(self) -> int:
        """Level of the accessory voltage: 1 in standby, starting and recording."""
        return self._awake

    def connect(self, on_tally: Callable[[int], None], on_awake: Callable[[int], None]) -> None:
        """Attach both lines and report their present levels."""
        self.on_tally, self.on_awake = on_tally, on_awake
        on_tally(self._tally)
        on_awake(self._awake)

    def shutter(self, level: int) -> None:
        """Drive the shutter contact; every rising edge is one press."""
        pressed = level and not self._shutter and self.has_shutter
        self._shutter = level
        if not pressed:
            return
        if self._state is State.RECORDING:
            self._stand_by()
        else:
            self._begin("shutter")

    def level(self, on: int) -> None:
        """Drive a shutter that means record while it is on; each edge counts, whoever began the recording."""
        is_edge = bool(on) != bool(self._shutter) and self.has_shutter
        self._shutter = on
        if is_edge:
            self.order(bool(on))

    def order(self, record: bool) -> None:
        """What an interface that says what it means asks for; starts as the shutter does."""
        if not self.has_shutter:
            return
        if record:
            self._begin("shutter")
        else:
            self.stop_by_hand()

    def start_by_hand(self) -> None:
        """The officer wants a recording; nothing when there is one."""
        self._begin("hand")

    def stop_by_hand(self) -> None:
        """The officer wants none; nothing when it neither records nor starts."""
        if self._state in (State.RECORDING, State.STARTING):
            self._stand_by()

    def die(self) -> None:
        """The battery is flat, or the camera is gone."""
        self._enter(State.DEAD)

    def revive(self) -> None:
        """A fresh battery: standby with an empty buffer. Nothing when it is not dead."""
        if self._state is State.DEAD:
            self._come()

    def fall_asleep(self) -> None:
        """Power saving or the officer's switch; nothing when it is dead."""
        if self._state is not State.DEAD:
            self._enter(State.ASLEEP)

    def wake_up(self) -> None:
        """The officer's switch: in standby after the wake delay; nothing when it is not asleep."""
        if self._state is State.ASLEEP:
            self._enter(State.WAKING)
            self._after(self.wake_delay_ms, self._come)

    def fill_up(self) -> None:
        """Storage is full from now on: ends a recording, and none begins though presses are accepted."""
        self.is_full = True
        if self._state is State.RECORDING:
            self._stand_by()

    def empty(self) -> None:
        """Storage is free again."""
        self.is_full = False

    def tally_stuck(self, level: Literal["on", "off"] | None) -> None:
        """Hold the tally line where it does not belong; None lets it speak the truth again."""
        self._stuck = None if level is None else int(level == "on")
        self._show()

    def _come(self) -> None:
        self._stand_by()
        if self.heeds_level and self._shutter and self.has_shutter:
            self._begin("shutter")

    def _begin(self, cause: Cause) -> None:
        if self._state not in (State.STANDBY, State.ASLEEP):
            return
        self._cause = cause
        if self._state is State.ASLEEP:
            self._enter(State.WAKING)
            self._after(self.wake_delay_ms, self._start_awake)
        else:
            self._start()

    def _start_awake(self) -> None:
        self._stand_by()
        self._start()

    def _start(self) -> None:
        self._enter(State.STARTING)
        self._after(self.start_delay_ms, self._record)

    def _record(self) -> None:
        if self.is_full:
            # The ring buffer is not storage: it went on filling, so its age stays.
            self._enter(State.STANDBY)
            return
        now = self._now_us()
        reach = max(self._standby_us, now - self.buffer_ms * 1000)
        self.intervals.append(Interval(now, None, reach, self.audio, self._cause))
        self._enter(State.RECORDING)

    def _stand_by(self) -> None:
        self._standby_us = self._now_us()
        self._enter(State.STANDBY)

    def _enter(self, state: State) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        was, self._state = self._state, state
        if was is State.RECORDING and state is not State.RECORDING:
            self.intervals[-1] = replace(self.intervals[-1], end_us=self._now_us())
        self._show()
        if (was is State.RECORDING) != (state is State.RECORDING):
            self.on_record(int(state is State.RECORDING))

    def _show(self) -> None:
        tally = int(self._state is State.RECORDING) if self._stuck is None else self._stuck
        awake = int(self._state in (State.STANDBY, State.STARTING, State.RECORDING))
        if awake != self._awake:
            self._awake = awake
            self.on_awake(awake)
        if tally != self._tally:
            self._tally = tally
            self.on_tally(tally)

    def _after(self, delay_ms: int, then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(loop.time() + delay_ms / 1000, then)

    @staticmethod
    def _now_us() -> int:
        return now_us(asyncio.get_running_loop())
