"""The GATT server of a technician's session: one service, four characteristics, one connection. Bytes:
`core/wire.py`.

The handler copies what was written and returns; sessions are the loop's business (`service.py`). The link carries a
protocol that secures itself, the same on every port: it need not be encrypted, and is where a host bonds (`bonds.py`).
"""

import bluetooth

from ..core import wire
from .bonds import IRQ_GET_SECRET, IRQ_SET_SECRET, Bonds

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .broadcast import Broadcast

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_MTU_EXCHANGED = 21
_READ = 0x0002
_WRITE = 0x0008
_NOTIFY = 0x0010
FRAME_BYTES = wire.MTU_WANTED - wire.ATT_OVERHEAD_BYTES
WAITING_MAX = 4  # frames written and not yet taken: the host writes one at a time


class Link:
    """`radio`: the Broadcast whose stack it shares; `wake`: called by the handler when something came."""

    def __init__(self, radio: "Broadcast", wake: "Callable[[], None]") -> None:
        self._ble: Any = radio.stack  # the stubs of gatts_notify and gap_disconnect forget arguments
        self._wake = wake
        self.connection: int | None = None
        self.connections = 0  # how many there were: tells one from the next
        self.mtu = wire.MTU_MIN
        self.overflowed = False
        self._waiting: list[bytes] = []
        self._told = b""
        self.bonds = Bonds()
        # Handles, once the stack has given them. The stubs take them for memoryviews; they are numbers.
        self._info: Any = 0
        self._command: Any = 0
        self._reply: Any = 0
        self._stream: Any = 0
        radio.link = self._irq
        radio.on_start = self._register
        if radio.is_up:
            self._register()

    def _register(self) -> None:
        """For a stack that has just been started: it knows neither services nor connections."""
        self.connection = None
        self._ble.config(mtu=wire.MTU_WANTED)
        try:
            self._ble.config(bond=True)
        except (OSError, ValueError):
            pass  # this port has no pairing
        characteristics = (
            (bluetooth.UUID(wire.INFO), _READ),
            (bluetooth.UUID(wire.COMMAND), _WRITE),
            (bluetooth.UUID(wire.REPLY), _NOTIFY),
            (bluetooth.UUID(wire.STREAM), _NOTIFY),
        )
        handles = self._ble.gatts_register_services(((bluetooth.UUID(wire.SERVICE), characteristics),))
        self._info, self._command, self._reply, self._stream = handles[0]
        # The default of 20 bytes would cut longer frames without a word.
        self._ble.gatts_set_buffer(self._command, FRAME_BYTES)
        if self._told:
            self._tell()

    def _irq(self, event: int, data: "tuple[Any, ...]") -> "Any":
        if event == IRQ_GET_SECRET:
            return self.bonds.get(*data)
        if event == IRQ_SET_SECRET:
            return self.bonds.set(*data)
        if event == _IRQ_CENTRAL_CONNECT:
            if self.connection is None:
                self.connection, self.mtu = data[0], wire.MTU_MIN
                self.connections += 1
                self.overflowed = False
                self._waiting = []
            else:
                self._ble.gap_disconnect(data[0])
        elif event == _IRQ_CENTRAL_DISCONNECT:
            if data[0] == self.connection:
                self.connection = None
        elif event == _IRQ_MTU_EXCHANGED:
            if data[0] == self.connection:
                self.mtu = min(data[1], wire.MTU_WANTED)
        elif event == _IRQ_GATTS_WRITE and data[0] == self.connection and data[1] == self._command:
            # Read at once: the next write overwrites it.
            frame = self._ble.gatts_read(self._command)
            if len(self._waiting) < WAITING_MAX:
                self._waiting.append(bytes(frame))
            else:
                self.overflowed = True
        self._wake()
        return None

    def tell(self, info: bytes) -> None:
        """What INFO answers in the open."""
        self._told = info
        try:
            self._tell()
        except OSError:
            pass  # the stack is down: `_register` says it

    def _tell(self) -> None:
        self._ble.gatts_write(self._info, self._told)
        # Linux takes this name for the advertised one as soon as it has read it.
        self._ble.config(gap_name=self._told[2:].rstrip(b" \0"))

    def take(self) -> bytes | None:
        """The oldest frame written and not yet taken, or None."""
        return self._waiting.pop(0) if self._waiting else None

    def reply(self, frame: bytes) -> bool:
        """Notify REPLY; False when the stack has no room: later again."""
        return self._notify(self._reply, frame)

    def stream(self, frame: bytes) -> bool:
        """The same on STREAM."""
        return self._notify(self._stream, frame)

    def _notify(self, handle: int, frame: bytes) -> bool:
        if self.connection is None:
            return False
        try:
            self._ble.gatts_notify(self.connection, handle, frame)
        except OSError:
            return False
        return True

    def disconnect(self) -> None:
        """End the connection; `connection` is None once the stack says so."""
        if self.connection is not None:
            try:
                known = self._ble.gap_disconnect(self.connection)
            except OSError:
                known = False
            if not known:
                self.connection = None  # it was gone already
