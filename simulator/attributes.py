"""The attribute table of one board: MicroPython's values behind Bumble's ATT server.

The server answers requests and discovery by itself; what a value does when it is read or written is `gatt.py`. Handles
follow the two stacks: Generic Access and Generic Attribute first, a subscription right behind its value.
"""

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bumble import att, core, gatt, gatt_server, utils

DEFAULT_ATTR_BYTES = 20
"""MP_BLUETOOTH_DEFAULT_ATTR_LEN: longer writes are cut without a word; micropython/micropython#8258."""
MIN_MTU = 23
FLAG_READ, FLAG_WRITES, FLAG_NOTIFY, FLAG_INDICATE = 0x02, 0x04 | 0x08, 0x10, 0x20
_BTSTACK_TABLE_BYTES = 512
"""MAX_ATT_DB_SIZE in extmod/btstack/btstack_config_common.h; entries as in BTstack's src/ble/att_db_util.c."""
_SECURITY = (
    (0x0200, att.Attribute.READ_REQUIRES_ENCRYPTION),
    (0x0400, att.Attribute.READ_REQUIRES_AUTHENTICATION),
    (0x0800, att.Attribute.READ_REQUIRES_AUTHORIZATION),
    (0x1000, att.Attribute.WRITE_REQUIRES_ENCRYPTION),
    (0x2000, att.Attribute.WRITE_REQUIRES_AUTHENTICATION),
    (0x4000, att.Attribute.WRITE_REQUIRES_AUTHORIZATION),
)

Descriptors = tuple[tuple[bytes, int], ...]
Characteristics = tuple[tuple[bytes, int, Descriptors], ...]
Services = tuple[tuple[bytes, Characteristics], ...]
"""(UUID, ((UUID, flags, ((UUID, flags), ...)), ...)): UUIDs as bytes, least significant first."""


@dataclass(eq=False)
class Central:
    """One connected central: what Bumble's server takes for a bearer."""

    handle: int
    on_mtu: Callable[["Central", int], None]
    att_mtu: int = MIN_MTU
    encryption: int = 0
    authenticated: bool = False
    is_gone: bool = False
    unsent: deque[list[int]] = field(default_factory=deque)
    """For each PDU on its way: packets not acknowledged yet, and whether it holds a place of the pool."""
    indications: set["asyncio.Task[None]"] = field(default_factory=set)

    def on_att_mtu_update(self, mtu: int) -> None:
        """The central exchanged MTUs."""
        self.att_mtu = mtu
        self.on_mtu(self, mtu)


@dataclass
class Value:
    """What stands behind an attribute: an entry of the binding's database."""

    flags: int
    data: bytes = b""
    limit: int = DEFAULT_ATTR_BYTES
    appends: bool = False

    def take(self, data: bytes) -> None:
        """A write from the air: cut to the buffer, silently."""
        self.data = ((self.data if self.appends else b"") + data)[: self.limit]


class Attributes(gatt_server.Server):
    """Bumble's server without a device around it."""

    def __init__(
        self,
        send: Callable[[Central, bytes], None],
        gap_name: Callable[[], bytes],
        is_nimble: bool,
        max_mtu: int,
    ) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # only used to send and to find enhanced bearers
        self.max_mtu = max_mtu
        self.values: dict[int, Value] = {}
        """What the firmware reads and writes, by handle."""
        self._send = send
        self._is_nimble = is_nimble
        readable = att.Attribute.READABLE
        properties = gatt.Characteristic.Properties
        name = att.AttributeValue[bytes](read=lambda _: gap_name())
        gap: list[gatt.Characteristic[bytes]] = [
            gatt.Characteristic(gatt.GATT_DEVICE_NAME_CHARACTERISTIC, properties.READ, readable, name)
        ]
        changed = properties.READ
        if is_nimble:
            appearance = gatt.GATT_APPEARANCE_CHARACTERISTIC
            gap.append(gatt.Characteristic(appearance, properties.READ, readable, bytes(2)))
            changed = properties.INDICATE
        service_changed = gatt.Characteristic(gatt.GATT_SERVICE_CHANGED_CHARACTERISTIC, changed, readable, bytes(4))
        self.add_service(gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, gap))
        self.add_service(gatt.Service(gatt.GATT_GENERIC_ATTRIBUTE_SERVICE, [service_changed]))

    def register(self, uuid: bytes, characteristics: Characteristics) -> list[att.Attribute[bytes]]:
        """Add one service; its values and their descriptors, in order, with a `Value` each."""
        made: list[gatt.Characteristic[bytes]] = []
        owned: list[tuple[att.Attribute[bytes], int]] = []
        for char_uuid, flags, descriptors in characteristics:
            attribute = gatt.Characteristic[bytes](
                core.UUID.from_bytes(char_uuid), gatt.Characteristic.Properties(flags & 0xFF), _permissions(flags)
            )
            owned.append((attribute, flags))
            below: list[gatt.Descriptor] = []
            if flags & (FLAG_NOTIFY | FLAG_INDICATE):
                # First of the descriptors, as both stacks have it; Bumble would put its own last.
                subscription = self.make_descriptor_value(attribute)
                kind = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
                below.append(gatt.Descriptor(kind, _permissions(0), subscription))
            for descriptor_uuid, descriptor_flags in descriptors:
                if self._is_nimble:
                    descriptor_flags &= 0xFF  # "NimBLE doesn't support security/privacy options on descriptors"
                descriptor = gatt.Descriptor(core.UUID.from_bytes(descriptor_uuid), _permissions(descriptor_flags))
                below.append(descriptor)
                owned.append((descriptor, descriptor_flags))
            attribute.descriptors = below
            made.append(attribute)
        self.add_service(gatt.Service(core.UUID.from_bytes(uuid), made))
        if not self._is_nimble and self._table_bytes() > _BTSTACK_TABLE_BYTES:
            # There the rest is missing without a word (micropython/micropython-lib#912): refused, so that it shows.
            raise OSError(errno.ENOMEM, f"BTstack's table of attributes holds {_BTSTACK_TABLE_BYTES} bytes")
        for attribute_, flags in owned:
            self.values[attribute_.handle] = Value(flags)
        return [attribute_ for attribute_, _ in owned]

    def _table_bytes(self) -> int:
        total = 1 + 2  # version, end tag
        for attribute in self.attributes:
            total += 6 + len(attribute.type.to_pdu_bytes())
            if isinstance(attribute, gatt.Service):
                total += len(attribute.uuid.to_pdu_bytes())
            elif isinstance(attribute, gatt.CharacteristicDeclaration):
                total += 3 + len(attribute.characteristic.uuid.to_pdu_bytes())
            elif attribute.type == gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
                total += 2
        return total

    def subscription(self, central: Central, handle: int) -> int:
        """1: the central wants notifications of this value, 2: indications."""
        state: bytes = self.subscribers.get(central, {}).get(handle, b"\0")  # type: ignore[call-overload]
        return state[0]

    def send_gatt_pdu(self, bearer: Any, pdu: bytes) -> None:
        """Send one PDU to a central."""
        self._send(bearer, pdu)

    def on_att_write_command(self, bearer: Any, request: att.ATT_Write_Command) -> None:
        """Bumble would log the refusal as an accident."""
        value = self.values.get(request.attribute_handle)
        if value is None or value.flags & FLAG_WRITES:
            super().on_att_write_command(bearer, request)

    def on_att_prepare_write_request(self, bearer: Any, request: att.ATT_Prepare_Write_Request) -> None:
        """NimBLE collects the parts of a long write; BTstack's binding takes each for a whole one ("TODO")."""
        if self._is_nimble or request.attribute_handle not in self.values:
            super().on_att_prepare_write_request(bearer, request)
        else:
            self._take_part(bearer, request)

    @utils.AsyncRunner.run_in_task()  # type: ignore[untyped-decorator,no-untyped-call]  # Bumble leaves it untyped
    async def _take_part(self, bearer: Any, request: att.ATT_Prepare_Write_Request) -> None:
        handle, part = request.attribute_handle, request.part_attribute_value
        attribute = self.get_attribute(handle)
        assert attribute is not None
        response: att.ATT_PDU = att.ATT_Prepare_Write_Response(handle, request.value_offset, part)
        try:
            await attribute.write_value(bearer, part)
        except att.ATT_Error as error:
            response = att.ATT_Error_Response(request.op_code, handle, error.error_code)
        self.send_response(bearer, response)


def _permissions(flags: int) -> att.Attribute.Permissions:
    """Reading and writing itself is judged by the flags, which Bumble does not enforce."""
    permissions = att.Attribute.READABLE | att.Attribute.WRITEABLE
    for flag, permission in _SECURITY:
        if flags & flag:
            permissions |= permission
    return permissions
