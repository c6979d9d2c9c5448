"""Frames on the air: build and open. Byte-exact specification with worked examples: `firmware/PROTOCOL.md`.

Every frame is one legacy advertising payload of 31 bytes: AD length 0x1E, AD type 0x21 (service data, 128-bit UUID),
then 29 bytes that look random to an outsider. Two shapes share it:

    unit frame   id 4 | C 11 | group tag 6 | own tag 8     one sender, everybody of its group listens
    ack frame    id 4 | C 11 | pair tag 14                 one camera to one holster

Who may send what, freshness and repetition are the receiver's business (`receiver.py`), not this file's.
"""

import struct
from collections import namedtuple

from .crypto import Hmac, hkdf, same, xor

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes

FRAME_BYTES = 31
HEADER = b"\x1e\x21"
# Where the parts begin; MicroPython has no slice objects to name them by.
ID_AT = 2
SEALED_AT = 6
TAG_AT = 17  # the group tag, or the pair tag of an ack
OWN_TAG_AT = 23

# Events of a unit frame (high nibble of its first plain byte).
DRAW = 1
ARM = 2
DISCHARGE = 3
REHOLSTER = 4
OUT = 5  # the weapon is (still) out: lease renewal, or found out at boot
STOW = 6  # the empty holster was put away: ends a bare draw
RECORDING = 7  # a camera of the group records now: a witness
EVENT_NAMES = {
    DRAW: "draw",
    ARM: "arm",
    DISCHARGE: "discharge",
    REHOLSTER: "reholster",
    OUT: "out",
    STOW: "stow",
    RECORDING: "recording",
}

# Flags of a unit frame (low nibble).
FLAG_ARMED = 1
FLAG_LOW_BATTERY = 2
FLAG_SENSOR_FAULT = 4
FLAG_ORDER_FAULT = 8

# Kinds of ack: each has its own identifier, so a repeated kind repeats its identifier and nothing else does.
HEARD = 0
PROVEN = 1  # the tally proves that the camera records
REFUSED = 2  # it does not; the reason says why
ACK_KINDS = (HEARD, PROVEN, REFUSED)
ACK_NAMES = {HEARD: "heard", PROVEN: "recording", REFUSED: "not recording"}

# Reasons of an ack.
REASON_NONE = 0
REASON_STARTING = 1
REASON_ASLEEP = 2  # the camera's accessory voltage is off: asleep, off or dead
REASON_NO_TALLY = 3  # it was started and no tally came within the limit: full, faulty or dead
REASON_INTERRUPTED = 4  # it was stopped by hand
REASON_UNPROVEN = 5  # the tally was never seen off since boot, or did not follow: it proves nothing
REASON_NAMES = {
    REASON_NONE: "-",
    REASON_STARTING: "starting",
    REASON_ASLEEP: "asleep or off",
    REASON_NO_TALLY: "no tally",
    REASON_INTERRUPTED: "stopped by hand",
    REASON_UNPROVEN: "tally unproven",
}

COUNTER_MAX = 0xFFFFFFFF
AGE_MAX_MS = 0xFFFFFF
DIGEST_BYTES = 4

_SALT = b"interlock/1"
_PLAIN = ">BHI4s"  # event and flags, sender, counter, head digest
_ACK_PLAIN = ">BBHB2s4s"  # kind and reason, age high byte, age low, buffer_s, zero, head digest

Unit = namedtuple("Unit", ("event", "flags", "sender", "counter", "digest"))
Ack = namedtuple("Ack", ("kind", "reason", "since_ms", "buffer_s", "digest"))


def is_ours(data: "Bytes") -> bool:
    """Whether advertising data (bytes-like) has the shape of a frame. Allocation-free: handlers call it."""
    return len(data) == FRAME_BYTES and data[0] == 0x1E and data[1] == 0x21


class UnitKeys:
    """One unit's identifier and authentication keys, from its 32-byte unit key K_U and its number in the group."""

    def __init__(self, key: bytes, unit: int) -> None:
        self.unit = unit
        who = struct.pack(">H", unit)
        self._id = Hmac(hkdf(key, _SALT, b"unit id" + who, 32))
        self._mac = Hmac(hkdf(key, _SALT, b"unit mac" + who, 32))

    def identifier(self, counter: int) -> bytes:
        """The 4 bytes by which partners recognise the frame with this counter."""
        return self._id.digest(struct.pack(">Q", counter))[:4]

    def tag(self, counter: int, frame: bytes) -> bytes:
        """The own tag (8 bytes) over counter, identifier, sealed part and group tag of `frame` (31 bytes)."""
        return self._mac.digest(struct.pack(">Q", counter) + bytes(frame[ID_AT:OWN_TAG_AT]))[:8]


class GroupKeys:
    """A group epoch's keys, from its 32-byte key K_G. The group tag is also the IV (synthetic: SIV)."""

    def __init__(self, key: bytes) -> None:
        self._enc = Hmac(hkdf(key, _SALT, b"group enc", 32))
        self._mac = Hmac(hkdf(key, _SALT, b"group mac", 32))

    def seal(self, identifier: bytes, plain: bytes) -> tuple[bytes, bytes]:
        """(sealed 11 bytes, group tag 6 bytes) of the plain 11 bytes."""
        tag = self._mac.digest(identifier + plain)[:6]
        return xor(plain, self._enc.digest(identifier + tag)), tag

    def open(self, frame: bytes) -> bytes | None:
        """The plain 11 bytes of a unit frame, or None when the group tag does not fit."""
        identifier, tag = bytes(frame[ID_AT:SEALED_AT]), bytes(frame[TAG_AT:OWN_TAG_AT])
        plain = xor(frame[SEALED_AT:TAG_AT], self._enc.digest(identifier + tag))
        return plain if same(self._mac.digest(identifier + plain)[:6], tag) else None


class PairKeys:
    """Keys by which one camera acks one holster, from their 32-byte pair key K_P and both numbers."""

    def __init__(self, key: bytes, holster: int, camera: int) -> None:
        self.holster = holster
        self.camera = camera
        who = struct.pack(">HH", holster, camera)
        self._id = Hmac(hkdf(key, _SALT, b"ack id" + who, 32))
        self._enc = Hmac(hkdf(key, _SALT, b"ack enc" + who, 32))
        self._mac = Hmac(hkdf(key, _SALT, b"ack mac" + who, 32))

    def identifier(self, counter: int, kind: int) -> bytes:
        """The 4 bytes by which the holster recognises this kind of ack to its frame `counter`."""
        return self._id.digest(struct.pack(">QB", counter, kind))[:4]

    def build(self, counter: int, ack: Ack) -> bytes:
        """The 31-byte ack frame to the holster's frame `counter`."""
        age = min(ack.since_ms, AGE_MAX_MS)
        plain = struct.pack(
            _ACK_PLAIN, ack.kind << 4 | ack.reason, age >> 16, age & 0xFFFF, min(ack.buffer_s, 255), b"\0\0", ack.digest
        )
        identifier = self.identifier(counter, ack.kind)
        tag = self._tag(counter, ack.kind, plain)
        return HEADER + identifier + xor(plain, self._enc.digest(identifier + tag)) + tag

    def open(self, frame: bytes, counter: int, kind: int) -> Ack | None:
        """The Ack in a frame whose identifier was recognised as (counter, kind); None when it is not authentic."""
        identifier, tag = bytes(frame[ID_AT:SEALED_AT]), bytes(frame[TAG_AT:])
        plain = xor(frame[SEALED_AT:TAG_AT], self._enc.digest(identifier + tag))
        if not same(self._tag(counter, kind, plain), tag):
            return None
        first, high, low, buffer_s, _, digest = struct.unpack(_ACK_PLAIN, plain)
        if first >> 4 != kind:
            return None
        return Ack(kind, first & 0xF, high << 16 | low, buffer_s, digest)

    def _tag(self, counter: int, kind: int, plain: bytes) -> bytes:
        return self._mac.digest(struct.pack(">QB", counter, kind) + plain)[:14]


def build_unit(keys: UnitKeys, group: GroupKeys, event: int, flags: int, counter: int, digest: bytes) -> bytes:
    """The 31-byte unit frame of `keys.unit`. `digest`: first 4 bytes of the sender's journal head.

    Raises ValueError when the counter is exhausted (2^32 frames: more than a unit airs in its life)."""
    if counter > COUNTER_MAX:
        raise ValueError("frame counter exhausted: provision the unit anew")
    identifier = keys.identifier(counter)
    plain = struct.pack(_PLAIN, event << 4 | flags, keys.unit, counter, digest)
    sealed, tag = group.seal(identifier, plain)
    head = HEADER + identifier + sealed + tag
    return head + keys.tag(counter, head)


def open_unit(group: GroupKeys, frame: bytes) -> Unit | None:
    """The Unit in a frame of the group, or None: not of this group, altered, or junk.

    Says nothing about freshness, and nothing about the own tag, which only partners can check."""
    plain = group.open(frame)
    if plain is None:
        return None
    first, sender, counter, digest = struct.unpack(_PLAIN, plain)
    return Unit(first >> 4, first & 0xF, sender, counter, digest)
