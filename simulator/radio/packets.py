"""HCI packets that come again and again, as bytes and read: Bumble takes some 50 us for each of them, every time.

Only what is alike in each of its bytes is kept: commands without data of their own, and that one was done. Nobody
changes such a packet after it was made or read.
"""

from functools import lru_cache

from bumble import hci

_KEPT = 256


@lru_cache(maxsize=_KEPT)
def read(packet: bytes) -> hci.HCI_Packet:
    """What these bytes say."""
    return hci.HCI_Packet.from_bytes(packet)


def is_kept(packet: bytes) -> bool:
    """Whether it is worth keeping: a command, or that one is complete."""
    kind = packet[0]
    return kind == hci.HCI_COMMAND_PACKET or (
        kind == hci.HCI_EVENT_PACKET and packet[1] == hci.HCI_COMMAND_COMPLETE_EVENT
    )


def written(packet: hci.HCI_Packet) -> bytes:
    """Its bytes."""
    if type(packet) is hci.HCI_Command_Complete_Event:
        result = packet.return_parameters
        if type(result) is hci.HCI_StatusReturnParameters:
            return _completed(packet.num_hci_command_packets, packet.command_opcode, result.status)
    return bytes(packet)


@lru_cache(maxsize=_KEPT)
def _completed(packets: int, op_code: int, status: int) -> bytes:
    result = hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode(status))
    return bytes(hci.HCI_Command_Complete_Event(packets, op_code, result))


@lru_cache(maxsize=2)
def advertising_enable(enable: int) -> hci.HCI_LE_Set_Advertising_Enable_Command:
    """The command."""
    return hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=enable)


@lru_cache(maxsize=_KEPT)
def advertising_parameters(
    slots: int, kind: int, own_address_type: int
) -> hci.HCI_LE_Set_Advertising_Parameters_Command:
    """The command: on all three channels, for everybody; `slots` of 625 us."""
    return hci.HCI_LE_Set_Advertising_Parameters_Command(
        advertising_interval_min=slots,
        advertising_interval_max=slots,
        advertising_type=kind,
        own_address_type=own_address_type,
        peer_address_type=hci.Address.PUBLIC_DEVICE_ADDRESS,
        peer_address=hci.Address.ANY,
        advertising_channel_map=7,
        advertising_filter_policy=0,
    )


@lru_cache(maxsize=2)
def scan_enable(enable: int) -> hci.HCI_LE_Set_Scan_Enable_Command:
    """The command: every PDU is reported."""
    return hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=enable, filter_duplicates=0)


@lru_cache(maxsize=_KEPT)
def scan_parameters(
    scan_type: int, interval: int, window: int, own_address_type: int
) -> hci.HCI_LE_Set_Scan_Parameters_Command:
    """The command: of everybody; `interval`, `window` in slots."""
    return hci.HCI_LE_Set_Scan_Parameters_Command(
        le_scan_type=scan_type,
        le_scan_interval=interval,
        le_scan_window=window,
        own_address_type=own_address_type,
        scanning_filter_policy=0,
    )
