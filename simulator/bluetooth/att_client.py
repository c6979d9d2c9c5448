"""Requests and responses of one board's ATT client: procedures, one after the other on each connection.

A procedure is a generator: it yields a request and gets the response, an error ends it. What the procedures are for is
`gattc.py`. How the two stacks differ here:

            NimBLE (esp32, stm32wb)                          BTstack (rp2)
    status  256 + ATT error; 7 gone, 10 nonsense, 13 silent  ATT error; 31 gone, 4 nonsense (here), 127 silent
    30 s    without an answer: it ends the connection        it goes on

Sources: nimble/host/src/ble_gattc.c and BTstack's src/ble/gatt_client.c.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from bumble import att

from .bearers import Bearer, Bearers

_PATIENCE_S = 30.0
"""Core specification 6.0, Vol 3, Part F, 3.3.3: the transaction timeout."""
_NIMBLE_GONE, _NIMBLE_NONSENSE, _NIMBLE_SILENT = 7, 10, 13  # BLE_HS_ENOTCONN, BLE_HS_EBADDATA, BLE_HS_ETIMEOUT
_NIMBLE_ATT_ERROR = 0x100  # BLE_HS_ERR_ATT_BASE
_BTSTACK_GONE, _BTSTACK_SILENT = 0x1F, 0x7F  # ATT_ERROR_HCI_DISCONNECT_RECEIVED, ATT_ERROR_TIMEOUT
_DISCOVERIES = (
    att.ATT_Read_By_Group_Type_Request,
    att.ATT_Find_By_Type_Value_Request,
    att.ATT_Read_By_Type_Request,
    att.ATT_Find_Information_Request,
)
"""Requests to which "not found" says that there is no more."""

Steps = Generator[att.ATT_PDU, Any, None]
End = Callable[[int, int], None]
"""(status, handle of an ATT error or 0): the firmware's "done"."""


class Nonsense(Exception):
    """Raised in a procedure: what the peer answers leads nowhere."""


@dataclass(eq=False)
class _Procedure:
    steps: Steps
    end: End
    is_query: bool
    request: att.ATT_PDU | None = None


@dataclass(eq=False)
class Line:
    """What one connection has under way; the first of `procedures` has sent its request."""

    bearer: Bearer
    procedures: deque[_Procedure] = field(default_factory=deque)
    has_asked_mtu: bool = False
    postponed: tuple[int, bytes] | None = None
    """BTstack's binding: one write without response, (handle, data), that waits for a buffer."""
    patience: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        """Whether BTstack's binding takes no more."""
        return self.postponed is not None or any(procedure.is_query for procedure in self.procedures)


class AttClient:
    """All of one board's. `terminate(connection)` ends one, `on_value` gets notifications and indications."""

    def __init__(
        self,
        att_us: int,
        is_nimble: bool,
        bearers: Bearers,
        terminate: Callable[[int], None],
        on_value: Callable[[Bearer, att.ATT_Handle_Value_Notification | att.ATT_Handle_Value_Indication], None],
    ) -> None:
        self.lines: dict[int, Line] = {}
        self._att_us = att_us
        self._is_nimble = is_nimble
        self._bearers = bearers
        self._terminate = terminate
        self._on_value = on_value
        self._arrived: deque[tuple[Bearer, bytes]] = deque()

    @property
    def under_way(self) -> int:
        """How many procedures there are."""
        return sum(len(line.procedures) for line in self.lines.values())

    def begin(self, line: Line, steps: Steps, end: End, *, is_query: bool = True) -> None:
        """Now, or when those before it are over. The exchange of MTUs is no query: BTstack does it between them."""
        line.procedures.append(_Procedure(steps, end, is_query))
        if len(line.procedures) == 1:
            self._advance(line, None)

    def _advance(self, line: Line, response: att.ATT_PDU | None) -> None:
        """Let the first procedure go on until its next request, or its end."""
        procedure = line.procedures[0]
        try:
            request = procedure.request = procedure.steps.send(response)
        except StopIteration:
            self._end(line, 0, 0)
        except att.ATT_Error as refusal:
            self._refused(line, refusal.error_code, refusal.att_handle)
        except Nonsense:
            self._end(line, _NIMBLE_NONSENSE if self._is_nimble else att.ATT_INVALID_PDU_ERROR, 0)
        else:
            line.patience = asyncio.get_running_loop().call_later(_PATIENCE_S, self._lose_patience, line)
            self._bearers.send(line.bearer, bytes(request))

    def _refused(self, line: Line, code: int, handle: int) -> None:
        """By an ATT error."""
        if code == att.ATT_ATTRIBUTE_NOT_FOUND_ERROR and isinstance(line.procedures[0].request, _DISCOVERIES):
            self._end(line, 0, 0)
        else:
            self._end(line, code + _NIMBLE_ATT_ERROR if self._is_nimble else code, handle)

    def _end(self, line: Line, status: int, handle: int) -> None:
        """The first procedure is over; the next one begins."""
        line.procedures.popleft().end(status, handle)
        if line.procedures:
            self._advance(line, None)

    def _lose_patience(self, line: Line) -> None:
        line.procedures.popleft().end(_NIMBLE_SILENT if self._is_nimble else _BTSTACK_SILENT, 0)
        if self._is_nimble:
            self._terminate(line.bearer.handle)

    # What the radio tells.

    def connected(self, bearer: Bearer) -> None:
        """There is somebody to ask."""
        self.lines[bearer.handle] = Line(bearer)

    def disconnected(self, bearer: Bearer) -> None:
        """Nobody answers any more: what has arrived is heard, what was asked is over."""
        while any(waiting is bearer for waiting, _ in self._arrived):
            self._hear_next()
        line = self.lines.pop(bearer.handle)
        if line.patience is not None:
            line.patience.cancel()
        for procedure in line.procedures:
            procedure.end(_NIMBLE_GONE if self._is_nimble else _BTSTACK_GONE, 0)

    def close(self) -> None:
        """The radio goes off, without a word to the firmware."""
        self._arrived.clear()
        for line in self.lines.values():
            if line.patience is not None:
                line.patience.cancel()
        self.lines.clear()

    def on_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        """A response, notification or indication: heard `att_us` later, in order."""
        self._arrived.append((bearer, pdu))
        asyncio.get_running_loop().call_later(self._att_us / 1e6, self._hear_next)

    def _hear_next(self) -> None:
        if not self._arrived:
            return  # a connection's end was quicker
        bearer, pdu = self._arrived.popleft()
        line = self.lines.get(bearer.handle)
        try:
            what = att.ATT_PDU.from_bytes(pdu)
        except Exception:  # noqa: BLE001  # whatever a stranger sends
            return
        if line is not None and line.bearer is bearer:
            self._hear(line, what)

    def _hear(self, line: Line, what: att.ATT_PDU) -> None:
        if isinstance(what, att.ATT_Handle_Value_Notification | att.ATT_Handle_Value_Indication):
            self._on_value(line.bearer, what)
            return
        asked = line.procedures[0].request if line.procedures else None
        answered = what.request_opcode_in_error if isinstance(what, att.ATT_Error_Response) else what.op_code - 1
        if asked is None or answered != asked.op_code:
            return
        assert line.patience is not None
        line.patience.cancel()
        if isinstance(what, att.ATT_Error_Response):
            self._refused(line, what.error_code, what.attribute_handle_in_error)
        else:
            self._advance(line, what)
