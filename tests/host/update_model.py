"""What a ModelUnit does with an update: the firmware's own code on a LittleFS2 (`tests/update/device.py`), which the
unit's restarts start anew."""

import asyncio

from interlock.core import wire
from tests.update.device import Device

HEALTHY_S = 12.0


class Updatable:
    """A unit with slots once it was given a `device`; without one it has none."""

    loop: asyncio.AbstractEventLoop | None
    is_new: bool
    device: Device | None = None
    is_sound = True  # whether what it is switched to becomes healthy
    _booted_s = 0.0

    def update(self, code: int, body: bytes) -> tuple[int, bytes]:
        if self.device is None:
            return wire.NOT_ALLOWED, b""
        now_s = 0.0 if self.loop is None else self.loop.time()
        if self.device.on_trial and now_s - self._booted_s >= HEALTHY_S:
            self._end_trial()
        reason, answer = self.device.update.serve(code, body, self.device.now)
        self.device.work()
        self.is_new = self.is_new or self.device.update.restart
        return reason, answer

    def _end_trial(self) -> None:
        assert self.device is not None
        if self.is_sound:
            self.device.healthy()
            return
        while self.device.on_trial:
            self.device.boot(is_reset=True)

    def start_device(self) -> None:
        """The unit starts anew."""
        if self.device is not None:
            self._booted_s = 0.0 if self.loop is None else self.loop.time()
            self.device.boot()
