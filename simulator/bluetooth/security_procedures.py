"""What security has under way on a board's connections: at most one procedure, which loses its patience after 30 s.

NimBLE's pool of them holds one (BLE_SM_MAX_PROCS). Its states are Bumble's session here; only what the rest needs to
know is kept. Source: apache/mynewt-nimble nimble/host/src/ble_sm.c; Core specification 6.0, Vol 3, Part H, 3.4.
"""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass

from .bonds import Bond
from .security_manager import Link, Session

PATIENCE_S = 30


@dataclass
class Procedure:
    """A pairing has a `session`, encryption by the keys of a bond has that; one with neither waits for the central."""

    link: Link
    timer: asyncio.TimerHandle
    session: Session | None
    bond: Bond | None
    action: int = 0
    """What the user is asked for, while `answer` waits for it."""
    answer: "asyncio.Future[int] | None" = None
    was_answered: bool = False


class Procedures:
    """By connection. `on_patience_lost(link)` ends one that stands still."""

    def __init__(self, on_patience_lost: Callable[[Link], None]) -> None:
        self._on_patience_lost = on_patience_lost
        self._running: dict[int, Procedure] = {}

    def get(self, connection: int) -> Procedure | None:
        """The one of a connection."""
        return self._running.get(connection)

    @property
    def is_full(self) -> bool:
        """Whether none can begin."""
        return bool(self._running)

    def refuse_second(self, link: Link) -> None:
        """OSError unless one can begin."""
        if link.handle in self._running:
            raise OSError(errno.EALREADY, "a procedure of this connection is under way")
        if self._running:
            raise OSError(errno.ENOMEM, "a procedure of another connection is under way")

    def begin(self, link: Link, session: Session | None = None, bond: Bond | None = None) -> None:
        """Patience begins, too."""
        self._running[link.handle] = Procedure(link, self._wait(link), session, bond)

    def touch(self, connection: int) -> None:
        """It goes on: patience begins anew."""
        procedure = self._running.get(connection)
        if procedure is not None:
            procedure.timer.cancel()
            procedure.timer = self._wait(procedure.link)

    def drop(self, link: Link) -> bool:
        """End it in silence, if there is one; whether there was."""
        procedure = self._running.pop(link.handle, None)
        if procedure is None:
            return False
        procedure.timer.cancel()
        if procedure.answer is not None:
            procedure.answer.cancel()
        if procedure.session is not None:
            procedure.session.completed = True
            procedure.session.on_disconnection(0)  # it listens to the link no more
        return True

    def _wait(self, link: Link) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(PATIENCE_S, self._on_patience_lost, link)
