"""Broadcast and continuous scan: all the radio that the trigger path needs, and the invitation to a technician.

The event handler classifies, copies into a preallocated slot, flags and returns; it never lets an exception out,
since MicroPython would unregister it for good. Everything else happens in the loop.
"""

import bluetooth

from ..core.frames import FRAME_BYTES, is_ours
from ..core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.needs import Clock

_IRQ_SCAN_RESULT = 5
_IRQ_SCAN_DONE = 6
_EALREADY = 114

SCAN_US = 30000  # interval = window: the default would listen 0.9 % of the time
SLOTS = 8
QUIET_LIMIT_MS = 30000  # nobody at all heard for so long: the scan may have died, start it anew
RETRY_MS = 10  # what the stack refused is asked again so soon: it may have been out of buffers
RETRY_MAX_MS = 100  # each further refusal doubles that, up to this: a stack that is dead must not empty the cell
FALLBACK_US = 100000  # classic ESP32 refuses a faster non-connectable interval


class Broadcast:
    """`wake`: called by the handler when a frame came; `address_mode`: what the board offers (see `boards/`)."""

    def __init__(self, wake: "Callable[[], None]", address_mode: int | None, ticks: "Clock") -> None:
        self._wake = wake
        self._ticks = ticks
        self._slots = [bytearray(FRAME_BYTES) for _ in range(SLOTS)]
        self._read = 0
        self._write = 0
        self.faults = 0
        self.dropped = 0
        self.scanning = False
        self._listens = False  # whether it is meant to scan
        self.retry_at: int | None = None  # when what was refused is to be asked again
        self._retry_ms = RETRY_MS
        self._heard_at = ticks()
        self._invited = False  # the stack holds a scan response that a weapon's frame must not carry
        # Events that are neither reports nor the end of a scan go there: link(event, data), in the handler.
        self.link: Callable[[int, tuple[Any, ...]], None] | None = None
        self.stack = bluetooth.BLE()
        self.stack.active(True)
        if address_mode is not None:
            self.stack.config(addr_mode=address_mode)
        self.stack.irq(self._irq)

    def _irq(self, event: int, data: "tuple[Any, ...]") -> None:
        try:
            if event == _IRQ_SCAN_RESULT:
                self._heard_at = self._ticks()
                if is_ours(data[4]):
                    self._keep(data[4])
            elif event == _IRQ_SCAN_DONE:
                self.scanning = False
                self._wake()
            elif self.link:
                self.link(event, data)
        except Exception:  # noqa: BLE001 - whatever it is, leaving the handler would deafen the unit
            self.faults += 1

    def _keep(self, frame: memoryview) -> None:
        following = (self._write + 1) % SLOTS
        if following == self._read:
            self.dropped += 1
            return
        # A burst repeats itself: the same frame that still waits is not kept twice.
        if self._write != self._read and self._slots[(self._write - 1) % SLOTS] == frame:
            return
        self._slots[self._write][:] = frame
        self._write = following
        self._wake()

    def take(self) -> bytes | None:
        """The oldest frame heard (31 bytes) and not yet taken, or None."""
        if self._read == self._write:
            return None
        frame = bytes(self._slots[self._read])
        self._read = (self._read + 1) % SLOTS
        return frame

    def advertise(self, frame: bytes, interval_ms: int) -> bool:
        """Hold `frame` on the air; whether the stack took it. Allocation-free but for what the port's driver does."""
        try:
            if self._invited:
                self.stack.gap_advertise(interval_ms * 1000, frame, resp_data=b"", connectable=False)
                self._invited = False
            else:
                self.stack.gap_advertise(interval_ms * 1000, frame, connectable=False)
        except OSError:
            return self._advertise_slowly(frame)
        return True

    def _advertise_slowly(self, frame: bytes) -> bool:
        try:
            self.stack.gap_advertise(FALLBACK_US, frame, resp_data=b"", connectable=False)
        except OSError:
            return self._refused()
        self._invited = False
        return True

    def _refused(self) -> bool:
        self.faults += 1
        now = self._ticks()
        if self.retry_at is None or is_due(self.retry_at, now):  # several refusals of one turn count once
            self.retry_at = ticks_add(now, self._retry_ms)
            self._retry_ms = min(2 * self._retry_ms, RETRY_MAX_MS)
        return False

    def invite(self, data: bytes, response: bytes, interval_ms: int) -> bool:
        """Advertise connectable, with this scan response; whether the stack took it."""
        try:
            self.stack.gap_advertise(interval_ms * 1000, data, resp_data=response, connectable=True)
        except OSError:
            return self._refused()
        self._invited = True
        return True

    def change_address(self, mode: int | None) -> None:
        """Take a fresh address of this kind (None: leave it). Silent and deaf meanwhile: the stack refuses the change
        while it advertises or scans. Whoever listened must `listen` again."""
        if mode is None:
            return
        self.silence()
        self.deafen()
        try:
            self.stack.config(addr_mode=mode)
        except OSError:
            self.faults += 1  # the old address stays: seen sooner than a unit that stays silent

    def silence(self) -> bool:
        """Nothing on the air; whether the stack obeyed."""
        try:
            self.stack.gap_advertise(None)  # type: ignore[arg-type]  # the stubs forget that None stops
        except OSError:
            return self._refused()
        return True

    def listen(self) -> None:
        """Scan without pause until `deafen`; a no-op while a scan runs."""
        self._listens = True
        if self.scanning:
            return
        try:
            self.stack.gap_scan(0, SCAN_US, SCAN_US, False)
        except OSError as error:
            if error.errno != _EALREADY:  # else it still scans, and the flag came late
                self._refused()
                return
            self.faults += 1
        self.scanning = True
        self._heard_at = self._ticks()

    def deafen(self) -> None:
        """Stop scanning."""
        self._listens = False
        if self.scanning:
            self.scanning = False
            try:
                self.stack.gap_scan(None)  # type: ignore[arg-type]  # the stubs forget that None stops
            except OSError:
                self.faults += 1

    def watch(self, now: int) -> None:
        """Restart a scan that the stack refused or ended, and one that has heard nobody for QUIET_LIMIT_MS: scans die
        silently on several chips. For every turn of the loop, after what it airs."""
        if self.scanning and ticks_diff(now, self._heard_at) > QUIET_LIMIT_MS:
            self.deafen()
            self._listens = True
        if self._listens:
            self.listen()
        if is_due(self.retry_at, now):  # and nothing was refused again in this turn
            self.retry_at = None
            self._retry_ms = RETRY_MS
