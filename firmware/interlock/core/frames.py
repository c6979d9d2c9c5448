"""Frames on the air: build and open. Byte-exact specification with worked examples: `firmware/PROTOCOL.md`.

Every frame is one legacy advertising payload of 31 bytes: AD length 0x1E, AD type 0x21 (service data, 128-bit UUID),
then 29 bytes that look random to an outsider. Two shapes share it:

    unit frame   id 4 | sealed 11 | group tag 6 | own tag 8     one sender, everybody of its group listens
    ack frame    id 4 | sealed 11 | pair tag 14                 one camera to one holster

A unit frame is dated by a time slot of 4 s: its low part is on the air, the whole slot is in the group tag. Who may
send what, freshness and repetition are the receiver's business (`receiver.py`), not this file's.
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
PRESENT = 8  # a holstered unit is there
PRESENT_TIME = 9  # the same, and the whole time slot
READY = 10  # a camera unit's state before any draw; the flags say which
READY_TIME = 11  # the same, and the whole time slot
CANCEL = 12  # a bare draw was a false one
ANSWER = 13  # readiness, at once, to a holster that seeks its camera; the body says in how many ms the next one comes
EVENT_NAMES = {
    DRAW: "draw",
    ARM: "arm",
    DISCHARGE: "discharge",
    REHOLSTER: "reholster",
    OUT: "out",
    STOW: "stow",
    RECORDING: "recording",
    PRESENT: "present",
    PRESENT_TIME: "present, time",
    READY: "ready",
    READY_TIME: "ready, time",
    CANCEL: "cancel",
    ANSWER: "ready, answer",
}
TIMED = (PRESENT_TIME, READY_TIME)  # their body is the time slot, not the head digest
READINESS = (READY, READY_TIME, ANSWER)
PRESENCE = (PRESENT, PRESENT_TIME)

# Flags of a unit frame (low nibble), but of readiness.
FLAG_ARMED = 1
FLAG_LOW_BATTERY = 2
FLAG_SENSOR_FAULT = 4
FLAG_ORDER_FAULT = 8
FLAG_STOWED = 8  # in presence: put away, so do not expect me
FLAG_SEEKING = 1  # in presence: answer me, I do not know when you are ready next

# States that readiness tells (low nibble).
READY_OK = 0
READY_RECORDING = 1
READY_STARTING = 2
READY_ASLEEP = 3
READY_NO_TALLY = 4
READY_UNPROVEN = 5
READY_INTERRUPTED = 6
READY_DOCKED = 7
READY_SESSION = 8  # a technician is connected
READY_NAMES = {
    READY_OK: "ready",
    READY_RECORDING: "recording",
    READY_STARTING: "starting",
    READY_ASLEEP: "asleep or off",
    READY_NO_TALLY: "no tally",
    READY_UNPROVEN: "tally unproven",
    READY_INTERRUPTED: "stopped by hand",
    READY_DOCKED: "docked",
    READY_SESSION: "in a session",
}

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

COUNTER_MAX = 0xFFFFFF
AGE_MAX_MS = 0xFFFFFF
DIGEST_BYTES = 4

TIME_SLOT_MS = 4000
NO_SLOT = 0  # the sender's clock is not set
SLOT_BYTES = 255  # values that the byte on the air tells apart: 17 minutes of slots

_SALT = b"interlock/2"
_PLAIN = ">BHBHB4s"  # event and flags, sender, counter high byte, counter low, slot, body
_ACK_PLAIN = ">BBHBBB4s"  # kind and reason, age high byte, age low, buffer_s, crew, zero, head digest

Unit = namedtuple("Unit", ("event", "flags", "sender", "counter", "slot", "body"))
Ack = namedtuple("Ack", ("kind", "reason", "since_ms", "buffer_s", "crew", "digest"))


def slot_at(utc_ms: int) -> int:
    """The time slot of this UTC."""
    return utc_ms // TIME_SLOT_MS


def slot_byte(slot: int) -> int:
    """What the air carries of a time slot: 0 for none, else 1 to 255."""
    return 1 + slot % SLOT_BYTES if slot else NO_SLOT


def nearest_slot(byte: int, slot: int) -> int:
    """The whole slot nearest to `slot` whose byte (1 to 255) this is."""
    ahead = (byte - 1 - slot) % SLOT_BYTES
    if ahead > SLOT_BYTES // 2 and slot > SLOT_BYTES:
        ahead -= SLOT_BYTES
    return slot + ahead


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

    def rhythm(self, counter: int) -> int:
        """0 to 65535: by how much the interval after the readiness or presence frame with this counter strays from the
        mean. Partners know it beforehand; to anybody else it is noise."""
        high, low = self._id.digest(struct.pack(">Q", counter) + b"rhythm")[:2]
        return high << 8 | low

    def tag(self, counter: int, frame: bytes) -> bytes:
        """The own tag (8 bytes) over counter, identifier, sealed part and group tag of `frame` (31 bytes)."""
        return self._mac.digest(struct.pack(">Q", counter) + bytes(frame[ID_AT:OWN_TAG_AT]))[:8]


class GroupKeys:
    """A group epoch's keys, from its 32-byte key K_G. The group tag is also the IV (synthetic: SIV)."""

    def __init__(self, key: bytes) -> None:
        self._enc = Hmac(hkdf(key, _SALT, b"group enc", 32))
        self._mac = Hmac(hkdf(key, _SALT, b"group mac", 32))

    def seal(self, identifier: bytes, plain: bytes, slot: int) -> tuple[bytes, bytes]:
        """(sealed 11 bytes, group tag 6 bytes) of the plain 11 bytes, dated with a whole time slot."""
        tag = self._tag(identifier, plain, slot)
        return xor(plain, self._enc.digest(identifier + tag)), tag

    def reveal(self, frame: bytes) -> bytes:
        """The plain 11 bytes of a unit frame of this group, and noise of any other; `proves` tells them apart."""
        return xor(frame[SEALED_AT:TAG_AT], self._enc.digest(frame[ID_AT:SEALED_AT] + frame[TAG_AT:OWN_TAG_AT]))

    def proves(self, frame: bytes, plain: bytes, slot: int) -> bool:
        """Whether the group tag fits the revealed plain and this whole time slot."""
        return same(self._tag(bytes(frame[ID_AT:SEALED_AT]), plain, slot), frame[TAG_AT:OWN_TAG_AT])

    def _tag(self, identifier: bytes, plain: bytes, slot: int) -> bytes:
        return self._mac.digest(struct.pack(">I", slot) + identifier + plain)[:6]


class PairKeys:
    """Keys by which one camera acks one holster, from their 32-byte pair key K_P and both numbers."""

    def __init__(self, key: bytes, holster: int, camera: int) -> None:
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
            _ACK_PLAIN,
            ack.kind << 4 | ack.reason,
            age >> 16,
            age & 0xFFFF,
            min(ack.buffer_s, 255),
            min(ack.crew, 255),
            0,
            ack.digest,
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
        first, high, low, buffer_s, crew, _, digest = struct.unpack(_ACK_PLAIN, plain)
        if first >> 4 != kind:
            return None
        return Ack(kind, first & 0xF, high << 16 | low, buffer_s, crew, digest)

    def _tag(self, counter: int, kind: int, plain: bytes) -> bytes:
        return self._mac.digest(struct.pack(">QB", counter, kind) + plain)[:14]


def build_unit(keys: UnitKeys, group: GroupKeys, event: int, flags: int, counter: int, body: bytes, slot: int) -> bytes:
    """The 31-byte unit frame of `keys.unit`, dated with its time slot (NO_SLOT without a clock). `body`: first 4 bytes
    of the sender's journal head; the `TIMED` events carry the slot instead.

    Raises ValueError when the counter is exhausted (2^24 frames: ten years of readiness every 20 s)."""
    if counter > COUNTER_MAX:
        raise ValueError("frame counter exhausted: provision the unit anew")
    if event in TIMED:
        body = struct.pack(">I", slot)
    identifier = keys.identifier(counter)
    fields = (event << 4 | flags, keys.unit, counter >> 16, counter & 0xFFFF, slot_byte(slot), body)
    sealed, tag = group.seal(identifier, struct.pack(_PLAIN, *fields), slot)
    head = HEADER + identifier + sealed + tag
    return head + keys.tag(counter, head)


def unpack_unit(plain: bytes) -> Unit:
    """The Unit in 11 plain bytes; of its slot only the byte on the air."""
    first, sender, high, low, slot, body = struct.unpack(_PLAIN, plain)
    return Unit(first >> 4, first & 0xF, sender, high << 16 | low, slot, body)


def timed_slot(unit: Unit) -> int | None:
    """The whole slot that a `TIMED` event carries; None when the frame contradicts itself, or is another event."""
    if unit.event not in TIMED:
        return None
    slot: int = struct.unpack(">I", unit.body)[0]
    return slot if slot_byte(slot) == unit.slot else None


def open_unit(group: GroupKeys, frame: bytes, slot: int) -> Unit | None:
    """The Unit (with its whole slot) in a frame of the group that was built within 8 minutes of `slot` or without a
    clock; None: not of this group, altered, too old, or junk.

    Says nothing about freshness, and nothing about the own tag, which only partners can check."""
    plain = group.reveal(frame)
    unit = unpack_unit(plain)
    whole = nearest_slot(unit.slot, slot) if unit.slot else NO_SLOT
    if not group.proves(frame, plain, whole):
        return None
    return Unit(unit.event, unit.flags, unit.sender, unit.counter, whole, unit.body)
