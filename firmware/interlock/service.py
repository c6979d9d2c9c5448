"""Service mode: when a technician may connect, and the pump between link and session.

Connectable only when asked: while docked, or for a minute after the button was held. A weapon in use ends it at once,
since the weapon's frames come first; so does nothing else but time, the technician, and leaving the dock.
"""

import struct

from .core import wire
from .core.ticks import earlier, is_due, ticks_add, ticks_diff

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable

    from .core.session import Session
    from .drivers.contact import Contact
    from .office import Office
    from .radio.link import Link
    from .unit import Unit

SERVICE_PRESS_MS = 6000  # the button held so long opens service mode
SHORT_MS = 2000
OPEN_MS = 60000  # and it stays open so long without a connection
INVITE_MS = 100  # connectable advertising above that interval is wrong on CYW43
RETRY_MS = 2  # the stack's queue was full: try again so much later
GRACE_MS = 300  # from the last word to the disconnection: the stack may drop what it has not sent yet
BURST = 8  # notifications a turn: between them the loop looks at the weapon
RANDOM_STATIC = 1
_FLAGS = b"\x02\x01\x06"  # general discoverable, no BR/EDR


def _nothing() -> None:
    """Nobody wants to know of a press."""


def _uuid_bytes(text: str) -> bytes:
    """A 128-bit UUID as the air has it: least significant byte first."""
    digits = text.replace("-", "")
    return bytes([int(digits[i : i + 2], 16) for i in range(30, -2, -2)])


def invitation(serial: bytes, state: int) -> tuple[bytes, bytes, int]:
    """(advertising data, scan response, interval ms) of a unit in service mode."""
    uuid = _uuid_bytes(wire.SERVICE)
    name = serial.rstrip(b"\x00 ")
    data = _FLAGS + b"\x11\x07" + uuid + bytes([1 + len(name), 9]) + name
    response = bytes([19, 0x21]) + uuid + bytes([wire.VERSION, state])
    return data, response, INVITE_MS


class Service:
    """`dock`, `button`: Contacts; `takes`: whether nobody else takes their edges; `address_mode`: the board's own."""

    def __init__(
        self,
        unit: "Unit",
        office: "Office",
        link: "Link",
        dock: "Contact",
        button: "Contact",
        takes: bool,
        address_mode: int | None,
    ) -> None:
        self._unit = unit
        self._office = office
        self._link = link
        self._dock = dock
        self._button = button
        self._takes = takes
        self._address_mode = address_mode
        self._own_address = False  # whether the unit has the address kind of service mode now
        self.pressed: Callable[[], None] = _nothing  # told of a short press
        self._has_opened = False  # by this press of the button
        self._pressed_until: int | None = None
        self._open_until: int | None = None
        self._session: Session | None = None
        self._serving = 0  # which of the link's connections the session belongs to
        self._was_open = False  # the session was opened: its end is a record
        self._left = 0  # the connection that is to end, or has
        self._leave_at: int | None = None
        self._waiting: bytes | None = None  # a stream notification that the stack had no room for
        self._again_at: int | None = None

    # When.

    def react(self) -> None:
        """Follow dock and button."""
        now = self._unit.ticks()
        if self._takes:
            self._dock.take()
            self._button.take()
        if not self._button.on:
            if self._pressed_until is not None and ticks_diff(self._pressed_until, now) > SERVICE_PRESS_MS - SHORT_MS:
                self.pressed()
            self._pressed_until = None
            self._has_opened = False
        elif self._pressed_until is None and self._open_until is None and not self._has_opened:
            self._pressed_until = ticks_add(now, SERVICE_PRESS_MS)
        elif is_due(self._pressed_until, now):
            self._pressed_until = None
            self._open_until = ticks_add(now, OPEN_MS)
            self._has_opened = True  # once: a button that sticks must not keep it open for ever
        if is_due(self._open_until, now) and self._session is None:
            self._open_until = None

    def is_open(self) -> bool:
        """Whether a technician may connect."""
        return self._dock.on or self._open_until is not None

    def turn(self, busy: bool) -> None:
        """One turn of the loop. `busy`: a weapon is in use."""
        now = self._unit.ticks()
        if busy:
            self._open_until = None
        self._unit.in_session = self._link.connection is not None
        wanted = self.is_open() and not busy
        self._office.turn(wanted, busy or self._session is not None or self._unit.in_session)
        self._serve(wanted, busy, now)
        self._invite(wanted)
        desk = self._office.desk
        if desk is not None:
            desk.in_service_mode = wanted
            desk.tidy(now)

    def _invite(self, wanted: bool) -> None:
        desk = self._office.desk
        inviting = wanted and self._link.connection is None and desk is not None and not desk.restart
        if self._link.connection is None and wanted != self._own_address:
            # Whoever hears a technician's visit shall not know the unit again by its address.
            self._own_address = wanted
            self._unit.change_address(
                RANDOM_STATIC if wanted and self._address_mode is not None else self._address_mode
            )
        if inviting and self._unit.invitation is None and desk is not None:
            label, state = desk.label, desk.state()
            self._link.tell(struct.pack(wire.INFO_FORM, wire.VERSION, state, label.serial))
            self._unit.invitation = invitation(label.serial, state)
        elif not inviting:
            self._unit.invitation = None

    # The pump.

    def _serve(self, wanted: bool, busy: bool, now: int) -> None:
        link = self._link
        if (self._session is not None and link.connections != self._serving) or link.connection is None:
            self._drop(wire.LINK_LOST)
        if link.connection is None or link.connections == self._left:
            self._leave(busy, now)
            return
        session = self._session
        if session is None:
            self._unit.uninvited()
            session = self._session = self._office.session(now)
            self._serving = link.connections
            if session is None:
                self._left = link.connections  # it came when the invitation was over
                link.disconnect()
                return
        session.mtu = link.mtu
        if not wanted:
            session.end(wire.FIRED if busy else wire.CLOSED)
        elif link.overflowed:
            session.end(wire.BAD_ORDER)
        else:
            self._take(session, now)
        self._give(session, now)
        if session.ended is not None and (not session.out or busy):
            self._drop(session.ended)
            self._left = link.connections
            self._leave_at = ticks_add(now, GRACE_MS)
            self._leave(busy, now)

    def _leave(self, at_once: bool, now: int) -> None:
        """Disconnect after the last word was sent; a weapon in use does not wait for that."""
        if self._link.connection is None:
            self._leave_at = None
        elif self._leave_at is not None and (at_once or is_due(self._leave_at, now)):
            self._leave_at = None
            self._link.disconnect()

    def _take(self, session: "Session", now: int) -> None:
        while True:
            frame = self._link.take()
            if frame is None:
                break
            session.receive(frame, now)
        session.work(now)
        session.tick(now)
        if session.is_open():
            self._was_open = True

    def _give(self, session: "Session", now: int) -> None:
        link = self._link
        self._again_at = None
        while session.out:
            if not link.reply(session.out[0]):
                self._again_at = ticks_add(now, RETRY_MS)
                return
            session.out.pop(0)
        for _ in range(BURST):
            if self._waiting is None:
                self._waiting = session.notification()
            if self._waiting is None:
                return
            if not link.stream(self._waiting):
                more = session.prepare()
                self._again_at = now if more else ticks_add(self._unit.ticks(), RETRY_MS)
                return
            self._waiting = None
        self._again_at = now  # more to send: but the weapon is looked at first

    def _drop(self, reason: int) -> None:
        session, self._session = self._session, None
        self._waiting = None
        self._again_at = None
        if session is None:
            return
        session.end(reason)
        desk = self._office.desk
        if self._was_open and desk is not None:
            ended = session.ended if session.ended is not None else reason
            desk.closed(ended, session.done, session.pulled_to)
        self._was_open = False

    def is_done(self) -> bool:
        """Whether the unit must start anew now: what was set up is in force after that."""
        desk = self._office.desk
        return desk is not None and desk.restart and self._link.connection is None

    def deadline(self, now: int) -> int | None:
        """The next tick at which there is something to do."""
        first = earlier(self._pressed_until, self._office.deadline(), now)
        if self._session is None:
            first = earlier(first, self._open_until, now)
        else:
            first = earlier(first, self._session.deadline(), now)
            if self._session.is_working():
                first = now
        first = earlier(first, self._leave_at, now)
        return earlier(first, self._again_at, now)
