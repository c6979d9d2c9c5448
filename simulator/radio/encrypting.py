"""Encryption start between two controllers: control PDUs that take their time on the air, and what both hosts hear.

The base class of `connecting.ConnectingController`. What is modelled: the order of the control PDUs, the pause of data
meanwhile, the four bytes of the integrity check on every PDU afterwards, a peer without the key (the link goes on,
unencrypted), two different keys (the peripheral drops out at the first PDU it cannot read, the central only sees its
supervision timeout), and the change of keys on an encrypted link. Not modelled: the cipher itself (payloads cross the
simulated air in the clear, and no key is needed to hear them) and the 40 s after which a controller gives up.

Source: Core specification 6.0, Vol 6, Part B, 5.1.3 (encryption), and Vol 4, Part E, 7.8.24 to 7.8.26.
"""

import asyncio
from dataclasses import dataclass

from bumble import controller, hci, ll

from .link_end import End

_ERROR = hci.HCI_ErrorCode
_OPCODE = ll.ControlPdu.Opcode


@dataclass
class Start:
    """One procedure under way, from the central's command to the last answer. `is_refresh`: it was encrypted before."""

    central: End
    peripheral: End
    key: bytes
    is_refresh: bool
    waits_for_key: bool = False


class EncryptingController(controller.Controller):
    """Bumble's controller, whose encryption starts at once, with the procedure in time."""

    def _end(self, handle: int) -> End | None:
        raise NotImplementedError

    def on_hci_le_enable_encryption_command(self, command: hci.HCI_LE_Enable_Encryption_Command) -> None:
        """7.8.24, for the central; refused while such a procedure is under way."""
        end = self._end(command.connection_handle)
        peer = end.peer if end else None
        if end is None or peer is None:
            self._send_hci_command_status(_ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
        elif end.role != hci.Role.CENTRAL or end.encryption is not None:
            self._send_hci_command_status(_ERROR.COMMAND_DISALLOWED_ERROR, command.op_code)
        else:
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            start = Start(end, peer, command.long_term_key, end.is_encrypted)
            end.encryption = peer.encryption = start
            _begin(start, command.random_number, command.encrypted_diversifier)

    def on_hci_le_long_term_key_request_reply_command(
        self, command: hci.HCI_LE_Long_Term_Key_Request_Reply_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """7.8.25, for the peripheral."""
        return self._answer(command.connection_handle, command.long_term_key)

    def on_hci_le_long_term_key_request_negative_reply_command(
        self, command: hci.HCI_LE_Long_Term_Key_Request_Negative_Reply_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """7.8.26, for the peripheral: it has no key for this peer."""
        return self._answer(command.connection_handle, None)

    def _answer(self, handle: int, key: bytes | None) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        end = self._end(handle)
        start = end.encryption if end else None
        status = _ERROR.SUCCESS
        if end is None:
            status = _ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        elif start is None or not start.waits_for_key:
            status = _ERROR.COMMAND_DISALLOWED_ERROR
        else:
            start.waits_for_key = False
            # The command completes before its outcome is reported.
            asyncio.get_running_loop().call_soon(_go_on, start, key)
        return hci.HCI_StatusAndConnectionHandleReturnParameters(status, handle)


def _begin(start: Start, rand: bytes, ediv: int) -> None:
    central, peripheral = start.central, start.peripheral

    def ask() -> None:
        content = bytes((_OPCODE.LL_ENC_REQ,)) + rand + ediv.to_bytes(2, "little") + bytes(12)
        central.send_control(asked, content=content)

    def asked() -> None:  # LL_ENC_REQ is there
        central.is_paused = True
        peripheral.send_control(answered, content=bytes((_OPCODE.LL_ENC_RSP,)) + bytes(12))
        if not peripheral.is_over:
            start.waits_for_key = True
            event = hci.HCI_LE_Long_Term_Key_Request_Event(peripheral.handle, rand, ediv)
            peripheral.controller.send_hci_packet(event)

    def answered() -> None:  # LL_ENC_RSP is there
        peripheral.is_paused = True

    if start.is_refresh:  # LL_PAUSE_ENC_REQ and two LL_PAUSE_ENC_RSP
        request, response = bytes((_OPCODE.LL_PAUSE_ENC_REQ,)), bytes((_OPCODE.LL_PAUSE_ENC_RSP,))
        central.send_control(
            lambda: peripheral.send_control(lambda: central.send_control(ask, content=response), content=response),
            content=request,
        )
    else:
        ask()


def _go_on(start: Start, key: bytes | None) -> None:
    """The peripheral's host has looked for its key."""
    central, peripheral = start.central, start.peripheral

    def started() -> None:  # LL_START_ENC_REQ is there
        central.send_control(confirmed, content=bytes((_OPCODE.LL_START_ENC_RSP,)))

    def confirmed() -> None:  # LL_START_ENC_RSP is there, the first PDU that is encrypted
        if key == start.key:
            done = bytes((_OPCODE.LL_START_ENC_RSP,))
            peripheral.send_control(lambda: _tell(start, central, _ERROR.SUCCESS), content=done)
            _tell(start, peripheral, _ERROR.SUCCESS)
        else:
            peripheral.is_deaf = True
            peripheral.finish(_ERROR.CONNECTION_TERMINATED_DUE_TO_MIC_FAILURE_ERROR)

    def rejected() -> None:  # LL_REJECT_EXT_IND is there
        _resume(start, peripheral)
        _tell(start, central, _ERROR.PIN_OR_KEY_MISSING_ERROR)

    if key is not None:
        peripheral.send_control(started, content=bytes((_OPCODE.LL_START_ENC_REQ,)))
    elif start.is_refresh:  # 5.1.3.2: what was encrypted does not go on in the clear
        peripheral.leave(_ERROR.PIN_OR_KEY_MISSING_ERROR)
    else:
        reject = (_OPCODE.LL_REJECT_EXT_IND, _OPCODE.LL_ENC_REQ, _ERROR.PIN_OR_KEY_MISSING_ERROR)
        peripheral.send_control(rejected, content=bytes(reject))


def _tell(start: Start, end: End, status: hci.HCI_ErrorCode) -> None:
    """The procedure is over for this side."""
    is_encrypted = status == _ERROR.SUCCESS
    end.is_encrypted = is_encrypted
    _resume(start, end)
    if end.is_over:
        return
    event: hci.HCI_Event
    if start.is_refresh:
        event = hci.HCI_Encryption_Key_Refresh_Complete_Event(status, end.handle)
    else:
        event = hci.HCI_Encryption_Change_Event(status, end.handle, int(is_encrypted))
    end.controller.send_hci_packet(event)


def _resume(start: Start, end: End) -> None:
    if end.encryption is start:
        end.encryption = None
    end.resume()
