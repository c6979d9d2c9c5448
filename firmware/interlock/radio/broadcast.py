"""Broadcast and continuous scan: all the radio that the trigger path needs, and the invitation to a technician.

The event handler classifies, copies into a preallocated slot, flags and returns; it never lets an exception out,
since MicroPython would unregister it for good. Everything else happens in the loop.
"""

import bluetooth

from ..core.frames import FRAME_BYTES, ID_AT, is_ours
from ..core.ticks import is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.airtime import Crowd
    from ..core.needs import Clock

_IRQ_SCAN_RESULT = 5
_IRQ_SCAN_DONE = 6
_EALREADY = 114

SCAN_US = 30000  # interval = window: the default would listen 0.9 % of the time
SLOTS = 8
SPENT = 64  # a crowd of fifty has a hundred frames on the air
RETRY_MS = 10  # what the stack refused is asked again so soon: it may have been out of buffers
RETRY_MAX_MS = 100  # each further refusal doubles that, up to this
RECENT_MS = 300
PUBLIC = 0  # kind of address
FALLBACK_US = 100000  # Bluetooth 4.2, which a board may have unbeknown to us, refuses a faster one


class Broadcast:
    """`wake`: called by the handler when a frame came; `address_mode`: what the board offers (see `boards/`);
    `floor_ms`: it does not advertise faster, unless it can be connected to.

    Totals since boot: `refusals` of the stack, `taken`: what it did not refuse; `raised`: exceptions in the handler,
    `raised_in_a_row` of them without one that went well; `dropped` frames; `scan_restarts`. `is_up`: whether the stack
    could be started. `has_heard`: somebody was, whoever; who looks at it takes it back.
    """

    def __init__(self, wake: "Callable[[], None]", address_mode: int | None, ticks: "Clock", floor_ms: int = 0) -> None:
        self.wake = wake
        self._floor_ms = floor_ms
        self.address_mode = address_mode
        self._ticks = ticks
        self._slots = [bytearray(FRAME_BYTES) for _ in range(SLOTS)]
        self._read = 0
        self._write = 0
        self._spent = [b""] * SPENT  # by a pseudo-random byte: frames that need no second look
        self.crowd: Crowd | None = None  # told of each frame of our shape, new or not
        self.refusals = self.taken = self.raised = self.raised_in_a_row = self.dropped = self.scan_restarts = 0
        self.has_heard = False
        self.is_up = False
        self.scanning = False
        self._listens = False  # whether it is meant to scan
        self.retry_at: int | None = None  # when what was refused is to be asked again
        self._retry_ms = RETRY_MS
        self._heard_at = self._ours_at = self._listens_since = self._began = ticks()
        self._invited = False  # the stack holds a scan response that a weapon's frame must not carry
        # Events that are neither reports nor the end of a scan go there: link(event, data), in the handler.
        self.link: Callable[[int, tuple[Any, ...]], Any] | None = None
        # Reports of frames that are not ours go there: others(data), in the handler. `asks`: scan actively for them.
        self.others: Callable[[tuple[Any, ...]], None] | None = None
        self.asks = False
        self.connecting = False  # an attempt is under way: deaf until it ends
        self.leave: Callable[[], None] | None = None  # ends a connection that this unit has begun, while there is one
        self._airs = False  # something is on the air, as far as we know
        # What the stack must be told whenever it was started, before anything is aired.
        self.on_start: Callable[[], None] | None = None
        self._mode = address_mode  # the kind of address that it has now
        self._handler = self._irq
        self.stack = bluetooth.BLE()
        self.start()

    def start(self) -> bool:
        """Switch the stack on and tell it who we are; whether it is up. What was on the air must be asked anew."""
        try:
            self.stack.active(True)
            if self._mode is not None:
                self.stack.config(addr_mode=self._mode)
            self.register()
            if self.on_start:
                self.on_start()
        except OSError:
            self.refusals += 1
            self.is_up = False
            return False
        self.is_up = True
        return True

    def restart(self) -> bool:
        """Switch the stack off and on. Not while there is a connection: that hangs some ports."""
        self.scanning = self._invited = self.connecting = self._airs = False
        self.retry_at = None
        self.raised_in_a_row = 0
        try:
            self.stack.active(False)
        except OSError:
            self.refusals += 1  # it may come up all the same
        return self.start()

    def switch_off(self) -> None:
        """Nothing on the air any more, and deaf: before deep sleep. Not while there is a connection."""
        self._listens = self.scanning = False
        try:
            self.stack.active(False)
        except OSError:
            self.refusals += 1

    def register(self) -> None:
        """Give the stack our handler (again): a port that saw an exception leave it has dropped it for good."""
        self.stack.irq(self._handler)

    def _irq(self, event: int, data: "tuple[Any, ...]") -> "Any":
        answer = None
        try:
            if event == _IRQ_SCAN_RESULT:
                self._heard_at = self._ticks()
                if is_ours(data[4]):
                    self._hear(data[4])
                elif self.others:
                    self.others(data)
                self.has_heard = True
            elif event == _IRQ_SCAN_DONE:
                if self.scanning:
                    self.scanning = False
                    self.scan_restarts += 1  # by `watch`, soon
                self.wake()
            elif self.link:
                answer = self.link(event, data)
            self.raised_in_a_row = 0
        except Exception:  # noqa: BLE001 - whatever it is, leaving the handler would deafen the unit
            self.raised += 1
            self.raised_in_a_row += 1
        return answer

    def _hear(self, frame: memoryview) -> None:
        self._ours_at = self._heard_at
        if self.crowd:
            self.crowd.note(frame, self._heard_at)
        if self._spent[frame[ID_AT] % SPENT] != frame:
            self._keep(frame)

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
        self.wake()

    def spend(self, frame: bytes) -> None:
        """A frame that needs no second look: the handler drops what equals it, until others take its place."""
        self._spent[frame[ID_AT] % SPENT] = frame

    def take(self) -> bytes | None:
        """The oldest frame heard (31 bytes) and not yet taken, or None."""
        if self._read == self._write:
            return None
        frame = bytes(self._slots[self._read])
        self._read = (self._read + 1) % SLOTS
        return frame

    def advertise(self, frame: bytes, interval_ms: int) -> bool:
        """Hold `frame` on the air; whether the stack took it. Allocation-free but for what the port's driver does. An
        attempt to connect gives way to it."""
        self.settle()
        self._airs = True  # for `connect`, even if it is refused now
        if interval_ms < self._floor_ms:
            interval_ms = self._floor_ms  # refused otherwise, and every frame would have to be asked twice
        try:
            if self._invited:
                self.stack.gap_advertise(interval_ms * 1000, frame, resp_data=b"", connectable=False)
                self._invited = False
            else:
                self.stack.gap_advertise(interval_ms * 1000, frame, connectable=False)
        except OSError:
            return self._advertise_slowly(frame)
        self.taken += 1
        return True

    def _advertise_slowly(self, frame: bytes) -> bool:
        try:
            self.stack.gap_advertise(FALLBACK_US, frame, resp_data=b"", connectable=False)
        except OSError:
            return self._refused()
        self._invited = False
        self.taken += 1
        return True

    def _refused(self) -> bool:
        self.refusals += 1
        now = self._ticks()
        if self.retry_at is None or is_due(self.retry_at, now):  # several refusals of one turn count once
            self.retry_at = ticks_add(now, self._retry_ms)
            self._retry_ms = min(2 * self._retry_ms, RETRY_MAX_MS)
        return False

    def invite(self, data: bytes, response: bytes, interval_ms: int) -> bool:
        """Advertise connectable, with this scan response; whether the stack took it."""
        self.settle()
        self._airs = True
        try:
            self.stack.gap_advertise(interval_ms * 1000, data, resp_data=response, connectable=True)
        except OSError:
            return self._refused()
        self._invited = True
        self.taken += 1
        return True

    def change_address(self, mode: int | None) -> None:
        """Take a fresh address of this kind (None: leave it). Silent and deaf meanwhile: the stack refuses the change
        while it advertises or scans. What was aired must be asked anew."""
        if mode is None:
            return
        self._mode = mode
        if self.connecting:
            return  # `settle` takes it
        if not self.silence():
            return  # NimBLE asserts, and the board restarts, on a change while it advertises
        self._end_scan()
        try:
            self.stack.config(addr_mode=mode)
        except OSError:
            self.refusals += 1  # the old address stays: seen sooner than a unit that stays silent
        if self._listens:
            self.listen()

    def connect(self, kind: int, address: bytes, ms: int) -> bool:
        """Try for so long to connect to this device, under an address that it knows again; whether the stack took it.
        Not while anything is on the air. Deaf until `settle`, which must follow its end, or a frame to air."""
        if self._airs or self.retry_at is not None or self.connecting:
            return False
        self._end_scan()
        self.connecting = True
        try:
            self.stack.config(addr_mode=PUBLIC)
            self.stack.gap_connect(kind, address, ms)
        except OSError:
            self.settle()  # no reason to start the stack anew
            return False
        self.taken += 1
        return True

    def settle(self) -> None:
        """The attempt, if there is one, is over or ends here: take the usual kind of address again. Whoever listens
        does so at the next `listen`."""
        if not self.connecting:
            return
        self.connecting = False
        try:
            self.stack.gap_connect(None)  # type: ignore[call-arg, arg-type]  # the stubs forget that None stops
        except OSError as error:
            if error.errno != _EALREADY:  # else it is over already
                self.refusals += 1
                return  # it comes about just now: NimBLE asserts on a change of address then; `rotate` follows
        try:
            if self._mode is not None:
                self.stack.config(addr_mode=self._mode)
        except OSError:
            self.refusals += 1

    def silence(self) -> bool:
        """Nothing on the air; whether the stack obeyed."""
        try:
            self.stack.gap_advertise(None)  # type: ignore[arg-type]  # the stubs forget that None stops
        except OSError:
            return self._refused()
        self._airs = False
        return True

    def listen(self) -> None:
        """Scan without pause until `deafen`; a no-op while a scan runs."""
        if not self._listens:
            self._listens = True
            self._listens_since = self._ticks()
        if self.scanning or self.connecting:
            return
        if self.retry_at is not None and not is_due(self.retry_at, self._ticks()):
            return  # a stack that is dead must not empty the cell
        try:
            self.stack.gap_scan(0, SCAN_US, SCAN_US, self.asks)
        except OSError as error:
            if error.errno != _EALREADY:  # else it still scans, and the flag came late
                self._refused()
                return
        self.taken += 1
        self.scanning = True

    def deafen(self) -> None:
        """Stop scanning."""
        self._listens = False
        self._end_scan()

    def _end_scan(self) -> None:
        if self.scanning:
            self.scanning = False
            try:
                self.stack.gap_scan(None)  # type: ignore[arg-type]  # the stubs forget that None stops
            except OSError:
                self.refusals += 1

    def restart_scan(self) -> None:
        """Begin the scan anew, if there is one: it may have died without a word."""
        if self._listens:
            self.scan_restarts += 1
            self._end_scan()
            self.listen()

    def heard_within(self, now: int, ms: int) -> bool:
        """Whether anybody was heard so lately; to be asked within days of that."""
        return self._heard_at != self._began and ticks_diff(now, self._heard_at) <= ms

    def silent_ms(self, now: int, is_missed: bool) -> int:
        """How long nobody was heard while it listened; if somebody `is_missed`, also between short scans."""
        silent_ms = ticks_diff(now, self._heard_at)
        if is_missed:
            return silent_ms
        return min(silent_ms, ticks_diff(now, self._listens_since)) if self._listens else 0

    def hears_ours(self, now: int) -> bool:
        """Whether a frame of our shape came just now: bursts repeat themselves within RECENT_MS."""
        return ticks_diff(now, self._ours_at) < RECENT_MS

    def watch(self, now: int) -> None:
        """Start the scan that the stack refused or ended. For every turn of the loop, after what it airs."""
        if self._listens:
            self.listen()
        if is_due(self.retry_at, now):  # and nothing was refused again in this turn
            self.retry_at = None
            self._retry_ms = RETRY_MS
