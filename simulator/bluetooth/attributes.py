"""The attribute table of one board: MicroPython's values behind Bumble's ATT server.

The server answers requests and discovery by itself; what a value does when it is read or written is `gatt.py`. Handles
follow the two stacks: Generic Access and Generic Attribute first, a subscription right behind its value.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import att, core, gatt, gatt_server, utils

from .bearers import Bearer

DEFAULT_ATTR_BYTES = 20
"""MP_BLUETOOTH_DEFAULT_ATTR_LEN: longer writes are cut without a word; micropython/micropython#8258."""
FLAG_READ, FLAG_WRITES, FLAG_NOTIFY, FLAG_INDICATE = 0x02, 0x04 | 0x08, 0x10, 0x20
_BTSTACK_TABLE_BYTES = 512
"""MAX_ATT_DB_SIZE in extmod/btstack/btstack_config_common.h; entries as in BTstack's src/ble/att_db_util.c."""
_BTSTACK_SECURITY = (
    (
        (0x0200, att.Attribute.READ_REQUIRES_ENCRYPTION),
        (0x0400, att.Attribute.READ_REQUIRES_AUTHENTICATION),
        (0x0800, att.Attribute.READ_REQUIRES_AUTHORIZATION),
    ),
    (
        (0x1000, att.Attribute.WRITE_REQUIRES_ENCRYPTION),
        (0x2000, att.Attribute.WRITE_REQUIRES_AUTHENTICATION),
        (0x4000, att.Attribute.WRITE_REQUIRES_AUTHORIZATION),
    ),
)
"""Of each kind the first that is asked for is the one that counts: extmod/btstack/modbluetooth_btstack.c,
get_characteristic_permissions. What NimBLE makes of these flags is `pairing.py`."""
_FLAGS_TO_WRITE = 0x7000

Descriptors = tuple[tuple[bytes, int], ...]
Characteristics = tuple[tuple[bytes, int, Descriptors], ...]
Services = tuple[tuple[bytes, Characteristics], ...]
"""(UUID, ((UUID, flags, ((UUID, flags), ...)), ...)): UUIDs as bytes, least significant first."""


@dataclass
class Value:
    """What stands behind an attribute: an entry of the binding's database."""

    flags: int
    data: bytes = b""
    limit: int = DEFAULT_ATTR_BYTES
    appends: bool = False
    is_denied: bool = False
    """What BTstack's binding takes the answer of the last read request's handler for."""

    def take(self, data: bytes) -> None:
        """A write from the air: cut to the buffer, silently."""
        self.data = ((self.data if self.appends else b"") + data)[: self.limit]


class Attributes(gatt_server.Server):
    """Bumble's server without a device around it."""

    def __init__(
        self,
        send: Callable[[Bearer, bytes], None],
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
                core.UUID.from_bytes(char_uuid), gatt.Characteristic.Properties(flags & 0xFF), self._permissions(flags)
            )
            owned.append((attribute, flags))
            below: list[gatt.Descriptor] = []
            if flags & (FLAG_NOTIFY | FLAG_INDICATE):
                # First of the descriptors, as both stacks have it; Bumble would put its own last.
                subscription = self.make_descriptor_value(attribute)
                kind = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
                # With BTstack a subscription needs what writing the value needs: src/ble/att_db_util.c.
                permissions = self._permissions(flags & _FLAGS_TO_WRITE)
                below.append(gatt.Descriptor(kind, permissions, subscription))
            for descriptor_uuid, descriptor_flags in descriptors:
                if self._is_nimble:
                    descriptor_flags &= 0xFF  # "NimBLE doesn't support security/privacy options on descriptors"
                permissions = self._permissions(descriptor_flags)
                descriptor = gatt.Descriptor(core.UUID.from_bytes(descriptor_uuid), permissions)
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

    def _permissions(self, flags: int) -> att.Attribute.Permissions:
        """What Bumble judges. Reading and writing itself is judged by the flags, which it does not enforce."""
        permissions = att.Attribute.READABLE | att.Attribute.WRITEABLE
        for kind in () if self._is_nimble else _BTSTACK_SECURITY:
            permissions |= next((permission for flag, permission in kind if flags & flag), permissions)
        return permissions

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

    def subscription(self, bearer: Bearer, handle: int) -> int:
        """1: the client wants notifications of this value, 2: indications."""
        state: bytes = self.subscribers.get(bearer, {}).get(handle, b"\0")  # type: ignore[call-overload]
        return state[0]

    def send_gatt_pdu(self, bearer: Any, pdu: bytes) -> None:
        """Send one PDU to a client."""
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

    def on_att_read_blob_request(self, bearer: Any, request: att.ATT_Read_Blob_Request) -> None:
        """BTstack's binding takes a handler's 0 or None for a refusal, but only where the length of a value is asked:
        a long value then has no second part. For handlers that return True it has one."""
        if request.attribute_handle in self.values:
            self._give_part(bearer, request)
        else:
            super().on_att_read_blob_request(bearer, request)

    @utils.AsyncRunner.run_in_task()  # type: ignore[untyped-decorator,no-untyped-call]  # Bumble leaves it untyped
    async def _give_part(self, bearer: Any, request: att.ATT_Read_Blob_Request) -> None:
        handle, offset = request.attribute_handle, request.value_offset
        attribute = self.get_attribute(handle)
        assert attribute is not None
        try:
            data: bytes = await attribute.read_value(bearer)
            if offset > (0 if self.values[handle].is_denied else len(data)):
                raise att.ATT_Error(att.ATT_INVALID_OFFSET_ERROR)
            response: att.ATT_PDU = att.ATT_Read_Blob_Response(data[offset : offset + bearer.att_mtu - 1])
        except att.ATT_Error as error:
            response = att.ATT_Error_Response(request.op_code, handle, error.error_code)
        self.send_response(bearer, response)

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
