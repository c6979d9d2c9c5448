"""Who may command a unit: the keys of its sessions, and what it is called. Bytes: `firmware/JOURNAL.md`, "Access".

The admin key is ratcheted forward by sessions (`session.py`); the unit keeps the step before it, so that a cut between
unit and vault locks nobody out. Technicians' keys are derived from the technician root, per person and expiry. The
label's secret opens a unit only until the first admin session. Stored in two slots beside the settings.
"""

import struct
from binascii import crc32
from collections import namedtuple

from . import slots
from .crypto import hkdf
from .patient import read_patiently
from .settings import ACCESS_FIRST, LABEL_FIRST

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes, Flash

MAGIC = b"ILA\x01"
_FORM = ">4sI8s16s32s32sI32sB"
STORED_BYTES = 137  # with its CRC32
_SALT = b"interlock/1"

# step: number of `admin_key` in the ratchet; admin_old: the key of the step before, zeros for none;
# label_open: whether the label's secret still opens the unit.
Access = namedtuple(
    "Access",
    ("generation", "force", "name", "admin_key", "admin_old", "step", "technician_root", "label_open"),
)
NO_KEY = bytes(32)
# What a set-up gives beside settings: the access, and the key under which the journal is sealed from then on.
Granted = namedtuple("Granted", ("access", "seal_key"))

LABEL_MAGIC = b"ILL\x01"
_LABEL = ">4s8s16s"
SECRET_BYTES = 16
Label = namedtuple("Label", ("serial", "secret"))


def encode(access: Access) -> bytes:
    """The access as stored (137 bytes)."""
    data = struct.pack(_FORM, MAGIC, *access)
    return data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)


def decode(data: "Bytes") -> Access | None:
    """The Access in `data` (bytes-like, may be longer), or None when it holds none that is whole."""
    if len(data) < STORED_BYTES:
        return None
    if struct.unpack_from(">I", data, STORED_BYTES - 4)[0] != crc32(bytes(data[: STORED_BYTES - 4])) & 0xFFFFFFFF:
        return None
    values = struct.unpack_from(_FORM, data, 0)
    return Access(*(values[1:-1] + (bool(values[-1]),))) if values[0] == MAGIC else None


def _decode_slot(data: bytearray) -> tuple[int, Access] | None:
    found = decode(data)
    return None if found is None else (found.generation, found)


def load(flash: "Flash") -> Access | None:
    """The Access in force on this settings area, or None."""
    found: Access | None = slots.load(flash, ACCESS_FIRST, _decode_slot)
    return found


def store(flash: "Flash", access: Access) -> Access:
    """Put `access` in force under the next generation; the Access as stored."""
    present = load(flash)
    access = Access(*((present.generation + 1 if present else 1,) + tuple(access)[1:]))
    slots.store(flash, ACCESS_FIRST, encode(access), _decode_slot, access)
    return access


def technician_key(root: bytes, person: bytes, expires_s: int) -> bytes:
    """The 32-byte session key of a person (8 bytes) on the unit with this technician root, valid until `expires_s`
    (seconds since 1970, UTC)."""
    return hkdf(root, _SALT, b"technician" + person + struct.pack(">I", expires_s), 32)


def encode_label(label: Label) -> bytes:
    """The label's twin inside the unit, written where it is made."""
    data = struct.pack(_LABEL, LABEL_MAGIC, *label)
    return data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)


def store_label(flash: "Flash", label: Label) -> None:
    """Write the label into a settings area: once, where the unit is made."""
    flash.erase(LABEL_FIRST * flash.sector_bytes)
    flash.program(LABEL_FIRST * flash.sector_bytes, encode_label(label))


def load_label(flash: "Flash") -> Label | None:
    """The label of this unit, or None: it was never labelled and cannot be set up."""
    size = struct.calcsize(_LABEL)
    data = bytearray(size + 4)
    if not read_patiently(flash, LABEL_FIRST * flash.sector_bytes, data):
        return None
    magic, serial, secret = struct.unpack_from(_LABEL, data, 0)
    if magic != LABEL_MAGIC or struct.unpack_from(">I", data, size)[0] != crc32(bytes(data[:size])) & 0xFFFFFFFF:
        return None
    return Label(serial, secret)
