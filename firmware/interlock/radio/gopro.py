"""A GoPro as the recorder: this unit is its central, by the Open GoPro BLE specification (`core/gopro.py`). **It has
never met a real one.** What it does to the trigger path, and what it asks of a board: `firmware/RECORDER.md`.

It is sought by its name, with active scanning, until one was bonded; from then on by that one's address. One that
sleeps is left alone unless a weapon is out, since connecting wakes it. A GoPro takes commands of bonded peers only, so
this is the one place that calls `gap_pair`; and it knows its peer by the address, so the unit connects under its public
one.

Proof is "encoding active" as the GoPro says it over the encrypted link, by itself and when asked; not older than
STALE_MS. It tells nothing of a pre-event buffer.
"""

import bluetooth

from ..core import gopro
from ..core.sign import Sign
from ..core.ticks import earlier, is_due, ticks_add, ticks_diff
from .bonds import PEER

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from ..drivers.door import Watched
    from .bonds import Bonds
    from .broadcast import Broadcast

_IRQ_PERIPHERAL_CONNECT = 7
_IRQ_PERIPHERAL_DISCONNECT = 8
_IRQ_GATTC_SERVICE_RESULT = 9
_IRQ_GATTC_SERVICE_DONE = 10
_IRQ_GATTC_CHARACTERISTIC_RESULT = 11
_IRQ_GATTC_CHARACTERISTIC_DONE = 12
_IRQ_GATTC_DESCRIPTOR_RESULT = 13
_IRQ_GATTC_DESCRIPTOR_DONE = 14
_IRQ_GATTC_WRITE_DONE = 17
_IRQ_GATTC_NOTIFY = 18
_IRQ_ENCRYPTION_UPDATE = 28
_CONFIGURATION = 0x2902
_SAYS = (gopro.COMMAND_SAYS, gopro.SETTING_SAYS, gopro.QUERY_SAYS)

# Steps of a connection.
SEEKING = 0
CONNECTING = 1
PAIRING = 2
EXPLORING = 3
WAKING = 4  # asked for its hardware until it answers: it boots
READY = 5
LEAVING = 6  # it said nothing for too long

ATTEMPT_MS = 1300  # deaf for so long at most; one that advertises each second must get its chance
SLACK_MS = 200  # by which the stack may be late to tell its end
STEP_MS = 6000
BOOT_MS = 20000  # of one that was asleep, generously
BOND_MS = 300000  # after the start: a bond that the GoPro forgot is made anew, if it is in pairing mode
RETRY_MS = 2000
RETRY_MAX_MS = 60000  # while nobody needs it
POLL_MS = 2000
STALE_MS = 5000
ALIVE_MS = 3000
ORDER_MS = 1000  # an order is given again so often, until the GoPro does it or nobody wants it
ASK_MS = 500
NOTHING = 0
START = 1
STOP = 2


class GoPro:
    """`radio`: the Broadcast whose stack it shares; `bonds`: of its Link; `which`: the last characters of the GoPro's
    name, zeros behind."""

    speaks = True
    toggles = False
    buffer_ms: int | None = 0

    def __init__(self, radio: "Broadcast", bonds: "Bonds", which: bytes, now: int) -> None:
        self._radio = radio
        self._ble: Any = radio.stack  # the stubs forget arguments
        self._bonds = bonds
        self._name = b"GoPro " + which.rstrip(b"\0")
        self.tally = Sign()
        self.awake = Sign()
        self.contacts: tuple[Watched, ...] = (self.tally, self.awake)
        self.proven_ms: int | None = None
        self.is_silent = False
        self.is_wanted = self.is_kept = False
        self.step = SEEKING
        self.told: dict[int, int] = {}  # what it said of itself last: statuses
        self._seen: tuple[int, bytes] | None = None  # its address, once it is known
        self._says: int | None = None  # the status of the advertisement that came just now
        self._pairs_anew = False  # it refused the bond
        self._events: list[tuple[Any, ...]] = []
        self._connection = 0
        self._order = NOTHING
        self._order_at = self._poll_at = self._alive_at = self._step_at = self._proven_at = now
        self._not_before: int | None = None
        self._bond_until: int | None = ticks_add(now, BOND_MS)
        self._pause_ms = RETRY_MS
        self._after = radio.link
        self._after_start = radio.on_start
        radio.link = self._irq
        radio.on_start = self._restarted
        radio.others = self._overhear
        known = bonds.get(PEER, 0, self._name)
        if known is not None:
            self._seen = known[0], known[1:]
        radio.asks = known is None
        self._forget()

    def _forget(self) -> None:
        """Nothing is known of its attributes; they may be others at the next connection."""
        self._service = (0, 0)
        self._handles: dict[int, int] = {}  # short UUID -> value handle
        self._configurations: list[int] = []
        self._found: list[tuple[int, int]] = []  # (value handle, short UUID) in order
        self._messages = {uuid: gopro.Message() for uuid in _SAYS}
        self._writes: list[tuple[int, bytes]] = []
        self._is_writing = self._is_lost = False

    # In the handler: copied, and left for the loop.

    def _irq(self, event: int, data: "tuple[Any, ...]") -> "Any":
        if _IRQ_PERIPHERAL_CONNECT <= event <= _IRQ_GATTC_NOTIFY or event == _IRQ_ENCRYPTION_UPDATE:
            if event == _IRQ_GATTC_NOTIFY:
                self._events.append((event, data[0], data[1], bytes(data[2])))
            elif event in (_IRQ_GATTC_CHARACTERISTIC_RESULT, _IRQ_GATTC_DESCRIPTOR_RESULT, _IRQ_GATTC_SERVICE_RESULT):
                self._events.append((event,) + tuple(data[:-1]) + (bytes(data[-1]),))
            elif event <= _IRQ_PERIPHERAL_DISCONNECT:
                self._events.append((event, data[0]))
            else:
                self._events.append((event,) + tuple(data))
            self._radio.wake()
            return None
        return self._after(event, data) if self._after else None

    def _overhear(self, data: "tuple[Any, ...]") -> None:
        if self.step != SEEKING:
            return
        kind, address, _, _, said = data
        if self._seen is None:
            if gopro.field(said, 9) == self._name:
                self._seen = kind, bytes(address)
        elif kind == self._seen[0] and address == self._seen[1]:
            self._says = gopro.camera_status(said)
            if self._says is not None:
                self._radio.wake()

    def _restarted(self) -> None:
        """The stack was started anew: no connection is left."""
        self._events = [(_IRQ_PERIPHERAL_DISCONNECT, self._connection)]
        if self._after_start:
            self._after_start()

    # What the role asks.

    def start(self, now: int) -> None:
        """Let it record, as soon as it can be told; given up when no weapon is out any more."""
        self._order, self._order_at = START, now

    def stop(self, now: int) -> None:
        """End its recording, if it can be told now; given up with the link, and when a weapon is out."""
        self._order, self._order_at = (STOP if self.step == READY else NOTHING), now

    def hear(self, now: int) -> None:
        """Take what the stack told."""
        while self._events:
            event = self._events.pop(0)
            if event[0] == _IRQ_PERIPHERAL_CONNECT and self.step == CONNECTING:
                self._connection = event[1]
                self._radio.leave = self._leave
                self._radio.settle()
                self._forget()
                self._go(PAIRING, STEP_MS, now)
                self._ask(self._ble.gap_pair, self._connection)
            elif event[0] == _IRQ_PERIPHERAL_CONNECT:
                self._connection = event[1]  # of an attempt that was given up
                self._leave()
            elif event[0] == _IRQ_PERIPHERAL_DISCONNECT:
                self._lose(now)
            elif self.step > CONNECTING and event[1] == self._connection:
                self._follow(event, now)

    def _follow(self, event: "tuple[Any, ...]", now: int) -> None:
        what = event[0]
        if what == _IRQ_ENCRYPTION_UPDATE and self.step == PAIRING:
            self._pairs_anew = not event[2]
            if self._pairs_anew:
                self._leave()
            else:
                self._go(EXPLORING, STEP_MS, now)
                self._ask(self._ble.gattc_discover_services, self._connection, bluetooth.UUID(gopro.SERVICE))
        elif what == _IRQ_GATTC_SERVICE_RESULT:
            self._service = event[2], event[3]
        elif what == _IRQ_GATTC_SERVICE_DONE:
            self._ask(self._ble.gattc_discover_characteristics, self._connection, *self._service)
        elif what == _IRQ_GATTC_CHARACTERISTIC_RESULT:
            for uuid in (gopro.COMMAND, gopro.SETTING, gopro.QUERY) + _SAYS:
                if event[5] == _raw(gopro.UUID_FORM % uuid):
                    self._handles[uuid] = event[3]
                    self._found.append((event[3], uuid))
        elif what == _IRQ_GATTC_CHARACTERISTIC_DONE:
            self._ask(self._ble.gattc_discover_descriptors, self._connection, *self._service)
        elif what == _IRQ_GATTC_DESCRIPTOR_RESULT:
            if event[3] == _raw(_CONFIGURATION):
                self._configurations.append(event[2])
        elif what == _IRQ_GATTC_DESCRIPTOR_DONE:
            self._subscribe(now)
        elif what == _IRQ_GATTC_WRITE_DONE:
            self._is_writing = False
            if event[3]:
                self._leave()
        elif what == _IRQ_GATTC_NOTIFY:
            for uuid in _SAYS:
                if self._handles.get(uuid) == event[2]:
                    message = self._messages[uuid].take(event[3])
                    if message is not None:
                        self._believe(uuid, message, now)

    def _subscribe(self, now: int) -> None:
        """To what it says: the configuration that follows each value, before the next one."""
        if len(self._handles) < 6:
            self._leave()  # no GoPro, or one of another kind
            return
        for value, uuid in self._found:
            after = [other for other, _ in self._found if other > value]
            end = min(after) if after else 0xFFFF
            for handle in self._configurations:
                if uuid in _SAYS and value < handle < end:
                    self._writes.append((handle, b"\x01\x00"))
        self._go(WAKING, BOOT_MS, now)
        self._poll_at = now

    def _believe(self, uuid: int, message: bytes, now: int) -> None:
        if uuid == gopro.COMMAND_SAYS and self.step == WAKING and message[:2] == gopro.HARDWARE_INFO + b"\0":
            self._remember()
            self._send(gopro.QUERY, bytes((gopro.REGISTER_STATUS,)) + gopro.WATCHED)
            self._go(READY, STALE_MS, now)
            self._poll_at = ticks_add(now, POLL_MS)
            self._pause_ms = RETRY_MS
        told = gopro.statuses(message) if uuid == gopro.QUERY_SAYS else None
        if told is None or self.step != READY:
            return
        self.told.update(told)
        if gopro.ENCODING not in told:
            return
        self._step_at = ticks_add(now, STALE_MS)
        self.is_silent = False
        records = told[gopro.ENCODING] == 1
        if records:
            self._proven_at = now
        elif self.tally.read():
            self.proven_ms = ticks_diff(now, self._proven_at)
        self.tally.say(records)
        self.awake.say(True)
        if self._order == (START if records else STOP):
            self._order = NOTHING

    def _remember(self) -> None:
        """From now on no other one of its name is meant, not after a restart either."""
        if self._seen is not None:
            known = bytes((self._seen[0],)) + self._seen[1]
            if self._bonds.get(PEER, 0, self._name) != known:
                self._bonds.set(PEER, self._name, known)

    # Time.

    def tick(self, now: int) -> None:
        if not self.is_wanted or (self.is_kept and self._order == STOP):
            self._order = NOTHING
        if is_due(self._bond_until, now):
            self._bond_until = None
        if self.step == SEEKING:
            self._seek(now)
            return
        if self._is_lost or is_due(self._step_at, now):
            self._is_lost = False
            if self.step in (CONNECTING, LEAVING):
                self._lose(now)  # nobody told, and it is long over
                return
            self._fall_silent(now)
            self._writes = []
            self._go(LEAVING, STEP_MS, now)
            self._leave()
            return
        if self.step == WAKING and is_due(self._poll_at, now):
            self._poll_at = ticks_add(now, ASK_MS)
            self._send(gopro.COMMAND, gopro.HARDWARE_INFO)
        elif self.step == READY:
            self._work(now)
        self._write()

    def _seek(self, now: int) -> None:
        says, self._says = self._says, None
        if self._seen is not None:
            self._radio.asks = False
        if self.is_wanted:
            self._pause_ms = RETRY_MS
            if self._not_before is not None and ticks_diff(self._not_before, now) > RETRY_MS:
                self._not_before = ticks_add(now, RETRY_MS)
        if self._seen is None or says is None or not (self._not_before is None or is_due(self._not_before, now)):
            return
        if not says & gopro.ADV_AWAKE and not self.is_wanted:
            return  # connecting would wake it
        if self._pairs_anew:
            if not says & gopro.ADV_PAIRING or self._bond_until is None:
                return  # it knows us no more; whoever carries it has to let us in
            self._bonds.forget()
        if self._radio.connect(self._seen[0], self._seen[1], ATTEMPT_MS):
            self._back_off(now)
            self._go(CONNECTING, ATTEMPT_MS + SLACK_MS, now)

    def _back_off(self, now: int) -> None:
        self._not_before = ticks_add(now, self._pause_ms)
        self._pause_ms = min(2 * self._pause_ms, RETRY_MAX_MS)

    def _work(self, now: int) -> None:
        if self._order != NOTHING and is_due(self._order_at, now) and gopro.ENCODING in self.told:
            self._order_at = ticks_add(now, ORDER_MS)
            starts = self._order == START
            if starts == self.tally.read():
                self._order = NOTHING
            else:
                self._send(gopro.COMMAND, gopro.SHUTTER_ON if starts else gopro.SHUTTER_OFF)
        if is_due(self._poll_at, now):
            self._poll_at = ticks_add(now, POLL_MS)
            self._send(gopro.QUERY, bytes((gopro.GET_STATUS,)) + gopro.WATCHED)
        if self.is_wanted and is_due(self._alive_at, now):
            self._alive_at = ticks_add(now, ALIVE_MS)
            self._send(gopro.SETTING, gopro.KEEP_ALIVE)
        elif not self.is_wanted:
            self._alive_at = now

    def _send(self, uuid: int, message: bytes) -> None:
        for packet in gopro.packets(message):
            self._writes.append((self._handles[uuid], packet))

    def _write(self) -> None:
        """One at a time: a second one would be refused."""
        if self._writes and not self._is_writing:
            handle, packet = self._writes.pop(0)
            self._is_writing = True
            self._ask(self._ble.gattc_write, self._connection, handle, packet, 1)

    def _ask(self, call: "Any", *args: "Any") -> None:
        try:
            call(*args)
        except OSError:
            self._is_lost = True  # given up at the next turn: it is gone, or the stack has no room

    def _go(self, step: int, ms: int, now: int) -> None:
        self.step = step
        self._step_at = ticks_add(now, ms)

    def _leave(self) -> None:
        """End the connection; the stack says when it is over."""
        try:
            self._ble.gap_disconnect(self._connection)
        except OSError:
            pass  # it was gone already; the step's time ends

    def _lose(self, now: int) -> None:
        """It is gone, or never came: nothing is proven any more."""
        if self.step == CONNECTING:
            if not self._radio.connecting:
                self._not_before = None  # it gave way to a frame; two rhythms must not meet for ever
            self._radio.settle()
        self._radio.leave = None
        self._fall_silent(now)
        self.step = SEEKING
        self.told = {}
        self._forget()

    def _fall_silent(self, now: int) -> None:
        if self.awake.read():
            self.proven_ms = ticks_diff(now, self._proven_at)
            self.is_silent = True
            self.tally.say(False)
            self.awake.say(False)
        if self._order == STOP:
            self._order = NOTHING  # whatever it records when it is back is another's

    def deadline(self, now: int) -> int | None:
        if self.step == SEEKING:
            return None  # it is heard, or it is not there
        first = earlier(self._step_at, self._poll_at if self.step in (WAKING, READY) else None, now)
        if self.step == READY:
            first = earlier(first, self._order_at if self._order != NOTHING else None, now)
            first = earlier(first, self._alive_at if self.is_wanted else None, now)
        return now if self._writes and not self._is_writing else first


def _raw(uuid: "int | str") -> bytes:
    """As the stack's events carry it, once copied."""
    buffer: Any = bluetooth.UUID(uuid)  # the stubs know of no buffer in it
    return bytes(buffer)
