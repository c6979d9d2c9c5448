"""mpremote's serial transport with an end to its patience; apart from `connection.py`, since mpremote is an extra."""

import time
from collections.abc import Callable
from typing import Any

from mpremote.transport_serial import SerialTransport

_RAW = b"raw REPL; CTRL-B to exit\r\n"
ATTEMPT_S = 1.0


class _Port:
    """A serial port that is read by all that has come, and not byte by byte: mpremote asks for single bytes."""

    def __init__(self, serial: Any) -> None:
        self._serial = serial
        self._held = bytearray()

    def read(self, size: int = 1) -> bytes:
        """So many bytes, or fewer when no more come within the port's time."""
        while len(self._held) < size:
            fresh = self._serial.read(max(size - len(self._held), self._serial.in_waiting))
            if not fresh:
                break
            self._held += fresh
        found = bytes(self._held[:size])
        del self._held[:size]
        return found

    @property
    def in_waiting(self) -> int:
        """Bytes that are there."""
        return len(self._held) + int(self._serial.in_waiting)

    def inWaiting(self) -> int:  # as mpremote calls it
        """The same."""
        return self.in_waiting

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        self._held.clear()
        self._serial.reset_input_buffer()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._serial, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_serial", "_held"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._serial, name, value)


class Wire(SerialTransport):  # type: ignore[misc]  # mpremote has no types
    """As SerialTransport, but reads block in the system instead of sleeping between looks, and end with their time."""

    def __init__(self, port: str, baud: int, timeout: float) -> None:
        super().__init__(port, baud, timeout=timeout)
        self.serial: Any = _Port(self.serial)

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """What comes until `ending` does, or nothing for `timeout` seconds; mpremote's own law."""
        data = b""
        began_s = last_s = time.monotonic()
        while not data.endswith(ending):
            fresh = self.serial.read(1)
            now_s = time.monotonic()
            if fresh:
                last_s = now_s
                if data_consumer:
                    data_consumer(fresh)
                    data = fresh
                else:
                    data += fresh
            elif timeout is not None and now_s >= last_s + timeout:
                break
            if timeout_overall is not None and now_s >= began_s + timeout_overall:
                break
        return data

    def interrupted(self) -> bool:
        """One attempt to stand at the raw prompt."""
        self.serial.write(b"\r\x03\x03")
        time.sleep(0.02)
        self.serial.reset_input_buffer()
        self.serial.write(b"\r\x01")
        # A program that prints without end is not listened to without end.
        self.in_raw_repl = self.read_until(1, _RAW, ATTEMPT_S, None, 2 * ATTEMPT_S).endswith(_RAW)
        return bool(self.in_raw_repl)

    def heard(self) -> bytes:
        """What has come by itself; waits a moment for it."""
        waiting = self.serial.in_waiting
        if not waiting:
            time.sleep(0.02)
            return b""
        return bytes(self.serial.read(waiting))
