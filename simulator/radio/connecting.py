"""How a controller gets into and out of connections: CONNECT_IND on the air, and the HCI commands of connections.

The base class of `controller.AirController`, in a file of its own. What Bumble's controller does without time, or not
at all, is replaced: connecting and its cancellation, disconnecting, data length, parameters, PHY, signal strength. The
time of a connection is `connection.py`. Only LE 1M is offered, no filter accept list, and a peripheral asks for other
parameters by L2CAP, not by HCI.

Sources: Core specification 6.0, Vol 6, Part B, 2.3.3.1 (CONNECT_IND), and Vol 4, Part E, 7.8 (commands).
"""

import asyncio
import struct
from typing import Any

from bumble import controller, hci

from ..clock import US_PER_S
from .air import T_IFS_US, Air, Pdu, PduType, Radio
from .connection import Connection, Parameters
from .encrypting import EncryptingController
from .link_end import MAX_OCTETS, MIN_OCTETS, End, longest_time_us
from .tapping import LinkKey

_LL_DATA = struct.Struct("<I3sBHHHH5sB")
_FIRST_ANCHOR_US = 1250  # 4.5.3: the transmit window opens so long after the CONNECT_IND
_WINDOW_UNITS = 2
_ALL_CHANNELS = b"\xff\xff\xff\xff\x1f"
_HOP = 7
_ERROR = hci.HCI_ErrorCode
_1M_ONLY = hci.Phy.LE_1M


class ConnectingController(EncryptingController):
    """Bumble's controller with connections in time. `max_octets`: the most that one of its PDUs carries (27 to 251)."""

    le_features = controller.Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
        | hci.LeFeatureMask.LE_2M_PHY
        | hci.LeFeatureMask.LE_CODED_PHY
        | hci.LeFeatureMask.LL_PRIVACY  # Linux would wait for the enhanced event of a connection, which never comes
    )
    le_acl_data_packet_length = MAX_OCTETS
    total_num_le_acl_data_packets = 12

    def __init__(
        self, name: str, air: Air, public_address: hci.Address, max_octets: int = MAX_OCTETS, max_connections: int = 8
    ) -> None:
        super().__init__(name, link=air, public_address=public_address)
        self._air = air
        self._max_connections = max_connections
        self.supported_max_tx_octets = self.supported_max_rx_octets = max_octets
        self.supported_max_tx_time = self.supported_max_rx_time = longest_time_us(max_octets)

    @property
    def _radio(self) -> Radio:
        raise NotImplementedError

    def _stop_initiating(self) -> None:
        """The radio need not listen for the peer any more."""
        self.pending_le_connection = None

    def _end_silently(self) -> None:
        """All connections are gone for this side, without an event; the peers find out by themselves."""
        for end in list(self.le_connections.values()):
            assert isinstance(end, End)
            end.silence()
        self.le_connections.clear()

    @property
    def has_room(self) -> bool:
        """Whether one more connection would fit."""
        return len(self.le_connections) < self._max_connections

    def _end(self, handle: int) -> End | None:
        end = self.find_le_connection_by_handle(handle)
        return end if isinstance(end, End) else None

    # On the air.

    def _meets(self, advertisement: Pdu, address: hci.Address) -> bool:
        """Whether this is the peer that the host wants to connect to."""
        pending = self.pending_le_connection
        return pending is not None and advertisement.pdu_type is PduType.ADV_IND and pending.peer_address == address

    def _initiate(self, advertisement: Pdu, address: hci.Address) -> None:
        """Answer the advertisement with a CONNECT_IND, T_IFS after it."""
        at_us = advertisement.end_us + T_IFS_US
        pending = self.pending_le_connection
        asyncio.get_running_loop().call_at(at_us / US_PER_S, self._send_connect_ind, pending, advertisement, address)

    def _send_connect_ind(self, wanted: Any, advertisement: Pdu, peer_address: hci.Address) -> None:
        is_wanted = wanted is self.pending_le_connection and isinstance(wanted, hci.HCI_LE_Create_Connection_Command)
        if not is_wanted or self._is_in_advertising_event:
            return
        is_public = wanted.own_address_type == hci.OwnAddressType.PUBLIC
        own_address = self.public_address if is_public else self.random_address
        parameters = Parameters(wanted.connection_interval_min, wanted.max_latency, wanted.supervision_timeout)
        chance = self._air.chance(f"{self.name}, connecting")
        access_address = chance.getrandbits(32)
        crc_init = chance.randbytes(3)
        ll_data = _LL_DATA.pack(
            access_address,
            crc_init,
            _WINDOW_UNITS,
            0,
            parameters.interval,
            parameters.latency,
            parameters.timeout,
            _ALL_CHANNELS,
            _HOP,
        )
        sent = self._air.transmit(
            self._radio,
            advertisement.channel,
            PduType.CONNECT_IND,
            own_address,
            advertisement.address + ll_data,
            target_is_random=advertisement.address_is_random,
        )
        self._stop_initiating()
        end = self._add_end(hci.Role.CENTRAL, own_address, peer_address)
        link = LinkKey(access_address, int.from_bytes(crc_init, "little"), _HOP)
        connection = Connection(self._air, end, parameters, sent.end_us + _FIRST_ANCHOR_US, link)
        self._air.begun_connections[access_address] = connection
        asyncio.get_running_loop().call_at(sent.end_us / US_PER_S, self._connected, end, parameters)

    def _add_end(self, role: hci.Role, own_address: hci.Address, peer_address: hci.Address) -> End:
        end = End(self, self._radio, role, own_address, peer_address, self._air, self.supported_max_tx_octets)
        self.le_connections[peer_address] = end
        return end

    def _connected(self, end: End, parameters: Parameters) -> None:
        if end.is_over:
            return
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=_ERROR.SUCCESS,
                connection_handle=end.handle,
                role=end.role,
                peer_address_type=end.peer_address.address_type,
                peer_address=end.peer_address,
                connection_interval=parameters.interval,
                peripheral_latency=parameters.latency,
                supervision_timeout=parameters.timeout,
                central_clock_accuracy=0,
            )
        )

    def _accept(self, connect_ind: Pdu, peer_address: hci.Address, own_address: hci.Address) -> bool:
        """A CONNECT_IND to this advertiser arrived; whether it is connected now."""
        access_address = _LL_DATA.unpack(connect_ind.data[6:])[0]
        connection = self._air.begun_connections.get(access_address)
        if connection is None or not self.has_room or peer_address in self.le_connections:
            return False
        end = self._add_end(hci.Role.PERIPHERAL, own_address, peer_address)
        connection.join(end)
        self._connected(end, connection.parameters)
        if connection.central.wanted_octets > MIN_OCTETS:
            connection.negotiate_octets(connection.central)  # as controllers do that were told a longer default
        return True

    @property
    def _is_in_advertising_event(self) -> bool:
        """Whether the radio belongs to an advertising event now."""
        return False

    # HCI.

    def on_hci_le_create_connection_command(self, command: hci.HCI_LE_Create_Connection_Command) -> None:
        """7.8.12: refused with bad parameters, without room, or to a peer that is connected."""
        parameters = Parameters(command.connection_interval_min, command.max_latency, command.supervision_timeout)
        if command.peer_address in self.le_connections:
            self._send_hci_command_status(_ERROR.CONNECTION_ALREADY_EXISTS_ERROR, command.op_code)
        elif not self.has_room:
            self._send_hci_command_status(_ERROR.CONNECTION_LIMIT_EXCEEDED_ERROR, command.op_code)
        elif not parameters.are_valid:
            self._send_hci_command_status(_ERROR.INVALID_COMMAND_PARAMETERS_ERROR, command.op_code)
        else:
            super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.13: the connection completes, with an error, after the command."""
        pending = self.pending_le_connection
        if not isinstance(pending, hci.HCI_LE_Create_Connection_Command):
            return hci.HCI_StatusReturnParameters(_ERROR.COMMAND_DISALLOWED_ERROR)
        self._stop_initiating()
        event = hci.HCI_LE_Connection_Complete_Event(
            status=_ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(_ERROR.SUCCESS)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """7.1.6: the host knows when the peer does, or when that has not answered for the supervision timeout."""
        end = self._end(command.connection_handle)
        if end is None:
            self._send_hci_command_status(_ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
        elif end.is_leaving:
            self._send_hci_command_status(_ERROR.COMMAND_DISALLOWED_ERROR, command.op_code)
        else:
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            end.leave(command.reason)

    def on_hci_le_connection_update_command(self, command: hci.HCI_LE_Connection_Update_Command) -> None:
        """7.8.18, for the central."""
        end = self._end(command.connection_handle)
        parameters = Parameters(command.connection_interval_max, command.max_latency, command.supervision_timeout)
        if end is None or end.connection is None:
            self._send_hci_command_status(_ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
        elif end.role != hci.Role.CENTRAL:
            self._send_hci_command_status(_ERROR.UNSUPPORTED_REMOTE_FEATURE_ERROR, command.op_code)
        elif not parameters.are_valid:
            self._send_hci_command_status(_ERROR.INVALID_COMMAND_PARAMETERS_ERROR, command.op_code)
        else:
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            end.connection.update(parameters)

    def on_hci_le_set_data_length_command(
        self, command: hci.HCI_LE_Set_Data_Length_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """7.8.33: what both sides can is then told by an event; time is not a limit of its own here."""
        end = self._end(command.connection_handle)
        status = _ERROR.SUCCESS
        if end is None or end.connection is None:
            status = _ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        elif not MIN_OCTETS <= command.tx_octets <= MAX_OCTETS:
            status = _ERROR.INVALID_COMMAND_PARAMETERS_ERROR
        else:
            end.wanted_octets = min(command.tx_octets, end.max_octets)
            end.connection.negotiate_octets(end)
        return hci.HCI_StatusAndConnectionHandleReturnParameters(status, command.connection_handle)

    def on_hci_le_set_phy_command(self, command: hci.HCI_LE_Set_PHY_Command) -> None:
        """7.8.49: whatever is asked for, it stays LE 1M."""
        if self._end(command.connection_handle) is None:
            self._send_hci_command_status(_ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code)
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        event = hci.HCI_LE_PHY_Update_Complete_Event(_ERROR.SUCCESS, command.connection_handle, _1M_ONLY, _1M_ONLY)
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)

    def on_hci_read_rssi_command(self, command: hci.HCI_Read_RSSI_Command) -> hci.HCI_Read_RSSI_ReturnParameters:
        """7.5.4: of the last PDU heard."""
        end = self._end(command.handle)
        status = _ERROR.SUCCESS if end else _ERROR.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        return hci.HCI_Read_RSSI_ReturnParameters(status, handle=command.handle, rssi=end.rssi_dbm if end else 127)
