"""Bumble's virtual controller with advertising and scanning that behave, and Bumble's host without its debug text.

What stock Bumble 0.0.236 gets wrong here and what this mends: intervals in the wrong unit and without chance; silent
non-connectable advertising; scan responses that repeat the advertising data; one event type and one signal strength for
every report; no scan windows; an address change accepted at any time; a reset that resets nothing.
`tests/canary/test_bumble.py` notices when a release changes that. Connections: `connecting.py` and `connection.py`.
"""

import asyncio

from bumble import hci, host

from .air import Air, Pdu, PduType, Radio
from .connecting import ConnectingController
from .link_end import MAX_OCTETS
from .link_layer import SLOT_US, Advertiser, Scanner, is_supported
from .packets import is_kept, read, written

MIN_ADVERTISING_US = 20_000
MAX_ADVERTISING_US = 10_240_000
_MIN_SCAN_SLOTS = 4
_MAX_SCAN_SLOTS = 0x4000
_ACTIVE_SCAN = 1

_AdvertisingType = hci.HCI_LE_Set_Advertising_Parameters_Command.AdvertisingType
_Report = hci.HCI_LE_Advertising_Report_Event.Report
_EventType = hci.HCI_LE_Advertising_Report_Event.EventType
_EVENT_TYPES = {
    PduType.ADV_IND: _EventType.ADV_IND,
    PduType.ADV_SCAN_IND: _EventType.ADV_SCAN_IND,
    PduType.ADV_NONCONN_IND: _EventType.ADV_NONCONN_IND,
    PduType.SCAN_RSP: _EventType.SCAN_RSP,
}


def _status(code: hci.HCI_ErrorCode) -> hci.HCI_StatusReturnParameters:
    return hci.HCI_StatusReturnParameters(code)


_DISALLOWED = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
_INVALID = hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR


class QuietHost(host.Host):
    """Bumble's host. It formats every packet for a debug log even when nobody reads it: skipped for events and data.

    It emits "packets_completed" with a connection handle and a count, when packets of that connection were sent.
    """

    def on_packet(self, packet: bytes) -> None:
        """Read one packet from the controller."""
        if self.ready and is_kept(packet):
            self.on_hci_packet(read(packet))
        else:
            super().on_packet(packet)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Dispatch one packet from the controller."""
        if self.snooper is not None:
            super().on_hci_packet(packet)
        elif isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)
        elif isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        else:
            super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand one packet to the controller."""
        if self.snooper is None and self.hci_sink is not None:
            self.hci_sink.on_packet(bytes(packet))
        else:
            super().send_hci_packet(packet)

    def on_hci_number_of_completed_packets_event(self, event: hci.HCI_Number_Of_Completed_Packets_Event) -> None:
        """The controller has room again, since the peer has got what it sent."""
        super().on_hci_number_of_completed_packets_event(event)
        for handle, count in zip(event.connection_handles, event.num_completed_packets, strict=True):
            self.emit("packets_completed", handle, count)


class AirController(ConnectingController):
    """A controller whose traffic crosses an `Air`. Legacy advertising and scanning only.

    Its life on the air ends with `remove`. Intervals, windows and refusals: Core specification 6.0, Vol 4, Part E, 7.8.
    `max_octets`: what one PDU of a connection carries; `max_connections` at a time.
    """

    def __init__(
        self, name: str, air: Air, public_address: hci.Address, max_octets: int = MAX_OCTETS, max_connections: int = 8
    ) -> None:
        super().__init__(name, air, public_address, max_octets, max_connections)
        self._advertiser = Advertiser(self, self, air, air.chance(name))
        self.le_legacy_advertiser = self._advertiser
        self._scanner = Scanner(self, air, air.chance(name))
        self._reported: dict[tuple[bytes, PduType], None] = {}
        self._is_removed = False

    def remove(self) -> None:
        """Leave the air at this instant, a PDU on its way included: the power is gone. Further commands fail."""
        self._fall_silent()
        self._is_removed = True
        self._air.remove_controller(self)

    def _fall_silent(self) -> None:
        self._advertiser.stop()
        self._scanner.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        self._end_silently()

    def _stop_initiating(self) -> None:
        super()._stop_initiating()
        self._scanner.stop()
        if self.le_scan_enable:
            self._scanner.start(self.le_scan_interval, self.le_scan_window)

    @property
    def _radio(self) -> Radio:
        return self

    @property
    def _is_in_advertising_event(self) -> bool:
        return self._advertiser.is_in_event

    # What the air asks (air.Radio).

    def listens_to(self, pdu: Pdu) -> bool:
        """See `air.Radio`."""
        return self._scanner.listens_to(pdu) or self._advertiser.listens_to(pdu)

    def hears(self, pdu: Pdu, rssi_dbm: int) -> None:
        """See `air.Radio`: report to the host, answer, or connect."""
        if pdu.pdu_type is PduType.SCAN_REQ:
            self._advertiser.answer(pdu)
            return
        if pdu.pdu_type is PduType.SCAN_RSP:
            self._scanner.got_response()
        address = hci.Address(
            pdu.address,
            hci.Address.RANDOM_DEVICE_ADDRESS if pdu.address_is_random else hci.Address.PUBLIC_DEVICE_ADDRESS,
        )
        if pdu.pdu_type is PduType.CONNECT_IND:
            if self._accept(pdu, address, self._advertiser.address):
                self._advertiser.stop()
            return
        if self.le_scan_enable:
            self._report(pdu, address, rssi_dbm)
        if self._meets(pdu, address):
            self._initiate(pdu, address)
        elif self.le_scan_enable and self.le_scan_type == _ACTIVE_SCAN and not self._advertiser.is_in_event:
            self._scanner.ask(pdu, self._scanning_address)

    def _scanning_address(self) -> hci.Address:
        is_public = self.le_scan_own_address_type == hci.Address.PUBLIC_DEVICE_ADDRESS
        return self.public_address if is_public else self.random_address

    def _report(self, pdu: Pdu, address: hci.Address, rssi_dbm: int) -> None:
        if self.filter_duplicates:
            key = (pdu.address, pdu.pdu_type)
            if key in self._reported:
                return
            self._reported[key] = None
        report = _Report(
            event_type=_EVENT_TYPES[pdu.pdu_type],
            address_type=address.address_type,
            address=address,
            data=pdu.data,
            rssi=rssi_dbm,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    # HCI.

    def on_packet(self, packet: bytes) -> None:
        """Read one packet from the host."""
        if is_kept(packet):
            self.on_hci_packet(read(packet))
        else:
            super().on_packet(packet)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Dispatch one packet from the host; commands without Bumble's debug text."""
        if isinstance(packet, hci.HCI_Command):
            self.on_hci_command_packet(packet)
        elif isinstance(packet, hci.HCI_AclDataPacket):
            # What was on its way down when the connection ended is dropped, as it is in real ones.
            if self.find_le_connection_by_handle(packet.connection_handle) is not None:
                self.on_hci_acl_data_packet(packet)
        else:
            super().on_hci_packet(packet)

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        """Execute one command. Without power it fails: a host that waited for ever would hang its board."""
        if self._is_removed:
            failure = _status(hci.HCI_ErrorCode.HARDWARE_FAILURE_ERROR)
            self.send_hci_packet(hci.HCI_Command_Complete_Event(1, command.op_code, failure))
        else:
            super().on_hci_command_packet(command)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Hand one packet to the host, in order, within this instant."""
        if self.host is not None:
            asyncio.get_running_loop().call_soon(self.host.on_packet, written(packet))

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """7.3.2: advertising, scanning and connections end, too."""
        self._fall_silent()
        return super().on_hci_reset_command(command)

    def on_hci_le_set_random_address_command(
        self, command: hci.HCI_LE_Set_Random_Address_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.4: refused while advertising, scanning or initiating."""
        if self._advertiser.enabled or self.le_scan_enable or self.pending_le_connection is not None:
            return _status(_DISALLOWED)
        return super().on_hci_le_set_random_address_command(command)

    def on_hci_le_set_advertising_parameters_command(
        self, command: hci.HCI_LE_Set_Advertising_Parameters_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.5: refused while advertising; directed advertising is not offered."""
        if self._advertiser.enabled:
            return _status(_DISALLOWED)
        if not is_supported(command.advertising_type):
            return _status(hci.HCI_ErrorCode.UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE_ERROR)
        low_us, high_us = command.advertising_interval_min * SLOT_US, command.advertising_interval_max * SLOT_US
        if not MIN_ADVERTISING_US <= low_us <= high_us <= MAX_ADVERTISING_US or not command.advertising_channel_map & 7:
            return _status(_INVALID)
        return super().on_hci_le_set_advertising_parameters_command(command)

    def on_hci_le_set_advertising_enable_command(
        self, command: hci.HCI_LE_Set_Advertising_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.9: nobody is invited without room for one more connection."""
        is_connectable = self._advertiser.advertising_type == _AdvertisingType.ADV_IND
        if command.advertising_enable and is_connectable and not self.has_room:
            return _status(hci.HCI_ErrorCode.CONNECTION_LIMIT_EXCEEDED_ERROR)
        return super().on_hci_le_set_advertising_enable_command(command)

    def on_hci_le_set_scan_parameters_command(
        self, command: hci.HCI_LE_Set_Scan_Parameters_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.10: refused while scanning, or when the window exceeds the interval."""
        window, interval = command.le_scan_window, command.le_scan_interval
        if not self.le_scan_enable and not _MIN_SCAN_SLOTS <= window <= interval <= _MAX_SCAN_SLOTS:
            return _status(_INVALID)
        return super().on_hci_le_set_scan_parameters_command(command)

    def on_hci_le_set_scan_enable_command(
        self, command: hci.HCI_LE_Set_Scan_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        """7.8.11: enabling a running scan starts a new list of duplicates and nothing else."""
        was_enabled = self.le_scan_enable
        result = super().on_hci_le_set_scan_enable_command(command)
        self._reported.clear()
        if self.le_scan_enable and not was_enabled:
            self._scanner.start(self.le_scan_interval, self.le_scan_window)
        elif not self.le_scan_enable:
            self._scanner.stop()
        return result

    def on_hci_le_create_connection_command(self, command: hci.HCI_LE_Create_Connection_Command) -> None:
        """7.8.12: listen for the peer by the command's own interval and window."""
        was_initiating = self.pending_le_connection is not None
        super().on_hci_le_create_connection_command(command)
        if self.pending_le_connection is not None and not was_initiating:
            self._scanner.start(command.le_scan_interval, command.le_scan_window)
