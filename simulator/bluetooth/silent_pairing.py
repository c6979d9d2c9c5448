"""Pairing of a board that has none: BTstack as MicroPython is built with it on rp2.

Its Security Manager is there, but nobody answers it. It agrees to a pairing, as a central it even begins one when the
peripheral asks for security, and then waits for ever for the consent of a user that the binding does not have: the peer
gives up after 30 s. It has no keys, so it refuses encryption, and what needs that stays out of reach
(`attributes.py`). `gap_pair`, `gap_passkey` and the keys of `config` do not exist.

Sources: MicroPython 1.29 ports/rp2/CMakeLists.txt (no MICROPY_PY_BLUETOOTH_ENABLE_PAIRING_BONDING with BTstack),
extmod/btstack/btstack_config_common.h (no LE Secure Connections); bluekitchen/btstack src/ble/sm.c
(sm_initiator_connected_handle_security_request, sm_trigger_user_response, SM_PH1_W4_USER_RESPONSE).
"""

from typing import Any

from bumble import hci, smp

from .bearers import Bearer, Bearers
from .security_manager import KEY_BYTES

_IDENTITY = smp.KeyDistribution.ID_KEY


class SilentPairing:
    """All connections of one board."""

    def __init__(self, bearers: Bearers) -> None:
        self._bearers = bearers

    def on_pdu(self, bearer: Bearer, pdu: bytes) -> None:
        """Legacy pairing, no capabilities, only identities to exchange; then nothing."""
        try:
            command = smp.SMP_Command.from_bytes(pdu)
        except Exception:  # noqa: BLE001  # whatever a stranger sends
            return
        is_central = bearer.role == hci.Role.CENTRAL
        if isinstance(command, smp.SMP_Pairing_Request_Command) and not is_central:
            offered = (command.initiator_key_distribution, command.responder_key_distribution)
            self._say(bearer, smp.SMP_Pairing_Response_Command, *(keys & _IDENTITY for keys in offered))
        elif isinstance(command, smp.SMP_Security_Request_Command) and is_central:
            self._say(bearer, smp.SMP_Pairing_Request_Command, _IDENTITY, _IDENTITY)

    def _say(self, bearer: Bearer, kind: Any, initiator_keys: int, responder_keys: int) -> None:
        command = kind(
            io_capability=smp.IoCapability.NO_INPUT_NO_OUTPUT,
            oob_data_flag=0,
            auth_req=smp.AuthReq(0),
            maximum_encryption_key_size=KEY_BYTES,
            initiator_key_distribution=initiator_keys,
            responder_key_distribution=responder_keys,
        )
        self._bearers.send(bearer, bytes(command), smp.SMP_CID)
