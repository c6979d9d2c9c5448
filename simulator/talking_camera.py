"""A body camera behind an adapter that talks in lines: the other end of `firmware/interlock/drivers/recorder_uart.py`,
by `firmware/RECORDER.md`.

It answers each question with the camera's state as it is then, and says so when that changes. `spoil` is what a bad
wire, or a bad adapter, makes of an answer: a list of what is sent in its place.
"""

import asyncio
from collections.abc import Callable

from interlock.core import recorder_lines as lines

from .body_camera import BodyCamera, State
from .clock import now_us
from .hardware.uart import Wire

ANSWERS_AFTER_S = 0.005
WORDS = {
    State.ASLEEP: lines.ASLEEP,
    State.WAKING: lines.STARTING,
    State.STANDBY: lines.STANDBY,
    State.STARTING: lines.STARTING,
    State.RECORDING: lines.RECORDING,
}


def _as_it_is(line: bytes) -> list[bytes]:
    return [line]


class TalkingCamera:
    """`camera` talks over `wire` from now on. `battery`: percent; `free`: minutes."""

    def __init__(self, camera: BodyCamera, wire: Wire, *, battery: int = 83, free: int = 214) -> None:
        self.spoil: Callable[[bytes], list[bytes]] = _as_it_is
        self.asked: list[tuple[int, str]] = []
        """(virtual us, verb) of all questions that were understood."""
        self._camera = camera
        self._wire = wire
        self._battery = battery
        self._free = free
        self._ear = lines.Ear()
        wire.far = self._hear
        camera.connect(self._changed, self._changed)

    def _hear(self, data: bytes) -> None:
        if self._camera.state is State.DEAD or not self._camera.has_shutter:
            return
        for line in self._ear.hear(data):
            if line.mark != lines.ASK:
                continue
            self.asked.append((now_us(asyncio.get_running_loop()), line.word))
            if line.word != lines.STATUS:
                self._camera.order(line.word == lines.START)
            asyncio.get_running_loop().call_later(ANSWERS_AFTER_S, self._say, lines.ANSWER, line.sequence)

    def _changed(self, level: int) -> None:
        # As the state is once the change is over.
        asyncio.get_running_loop().call_soon(self._say, lines.EVENT, 0)

    def _say(self, mark: str, sequence: int) -> None:
        camera = self._camera
        if camera.state is State.DEAD:
            return
        for piece in self.spoil(lines.build(mark, sequence, self._word(), self._numbers())):
            self._wire.send(piece)

    def _word(self) -> str:
        camera = self._camera
        word = WORDS[camera.state]
        if camera.tally != (word == lines.RECORDING):  # it claims what is not
            word = lines.RECORDING if camera.tally else lines.STANDBY
        return lines.FULL if word == lines.STANDBY and camera.is_full else word

    def _numbers(self) -> dict[str, int]:
        camera, now = self._camera, now_us(asyncio.get_running_loop())
        numbers = {"battery": self._battery, "free": 0 if camera.is_full else self._free}
        if camera.state is State.RECORDING:
            last = camera.intervals[-1]
            numbers["since"] = (now - last.start_us) // 1000
            numbers["buffer"] = (last.start_us - last.buffer_start_us) // 1000
        return numbers
