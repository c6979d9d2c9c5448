"""The session on the wire, declared once for unit and host tools: GATT table, message codes and layouts, fragments.

Byte-exact specification with a worked example: `firmware/PROTOCOL.md`, "Session". A message is cut into frames of at
most MTU - 3 bytes; each begins with a byte that counts frames (modulo 128) and marks the last of a message. What the
messages do is `session.py` on the unit and `host_tools/session.py` on the host.
"""

import struct
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes

VERSION = 5

# One service, frozen: hosts cache tables. What changes is the version inside.
SERVICE = "369bd8f6-879a-44ef-a068-9b0a775f7c43"
INFO = "369bd8f7-879a-44ef-a068-9b0a775f7c43"  # read: who is this, in the open
COMMAND = "369bd8f8-879a-44ef-a068-9b0a775f7c43"  # write: frames to the unit
REPLY = "369bd8f9-879a-44ef-a068-9b0a775f7c43"  # notify: frames from the unit
STREAM = "369bd8fa-879a-44ef-a068-9b0a775f7c43"  # notify: the journal

ATT_OVERHEAD_BYTES = 3
MTU_MIN = 23
MTU_WANTED = 247  # one such notification fills one link-layer packet of 251 bytes
MESSAGE_MAX = 1024
PUBLIC_KEY_BYTES = 60  # HSS, SHA-256, N32: RFC 8554, 6.1
_LAST = 0x80
_COUNT = 0x7F

INFO_FORM = ">BB8s"  # version, state, serial
STATE_BOXED = 0  # no settings: its label opens it
STATE_IN_SERVICE = 1
STATE_LABEL_OPEN = 2  # set up, but no admin has spoken to it yet: its label still opens it
STATE_NAMES = {STATE_BOXED: "boxed", STATE_IN_SERVICE: "in service", STATE_LABEL_OPEN: "being set up"}

# Credentials.
SETUP = 0  # the label's secret, with X25519
ADMIN = 1
TECHNICIAN = 2
CREDENTIAL_NAMES = {SETUP: "set-up", ADMIN: "admin", TECHNICIAN: "technician"}

# Messages before the session is open; a reply's code is its request's with the high bit.
HELLO = 0x01
PROOF = 0x02
REPLY_BIT = 0x80
ERROR = 0xFF
HELLO_FORM = ">BBB8sI16s"  # code, version, credential, person, step or expiry, nonce; set-up: X25519 key 32
CHALLENGE_FORM = ">BB8s16sH"  # code, version, serial, nonce, MTU; set-up: X25519 key 32
PROOF_FORM = ">B16s"  # code, tag: the reply, too
ERROR_FORM = ">BBH"  # code, reason, detail
NONCE_BYTES = 16
PROOF_BYTES = 16

# Messages of an open session: sealed.
STATUS = 0x10
PING = 0x11
CLOCK_SET = 0x12
PULL = 0x13
CREDIT = 0x14
STOP = 0x15
END = 0x16
CHECKPOINT = 0x17
SIGNED = 0x18
KEY = 0x19
ASSIGN = 0x1A
MODE = 0x1B
IDENTIFY = 0x1C
SELF_TEST = 0x1D
PLACE = 0x1E
PREPARE = 0x20
COMMIT = 0x21
RATCHET = 0x22
MAKE_KEY = 0x23
UPDATE_BEGIN = 0x24
UPDATE_DATA = 0x25
UPDATE_STATE = 0x26
UPDATE_SWITCH = 0x27

# minimum and maximum of the body's bytes; credentials that may ask.
Operation = namedtuple("Operation", ("name", "least", "most", "credentials"))
_ANY = (SETUP, ADMIN, TECHNICIAN)
OPERATIONS = {
    STATUS: Operation("status", 0, 0, _ANY),
    PING: Operation("ping", 0, 0, _ANY),
    CLOCK_SET: Operation("set clock", 20, 20, (ADMIN, TECHNICIAN)),
    PULL: Operation("pull", 6, 6, (ADMIN, TECHNICIAN)),
    CREDIT: Operation("credit", 2, 2, (ADMIN, TECHNICIAN)),
    STOP: Operation("stop", 0, 0, (ADMIN, TECHNICIAN)),
    END: Operation("end", 0, 0, _ANY),
    CHECKPOINT: Operation("checkpoint", 20, 20, (ADMIN, TECHNICIAN)),
    SIGNED: Operation("signed", 2, 2, (ADMIN, TECHNICIAN)),
    KEY: Operation("key", 0, 0, (ADMIN, TECHNICIAN)),
    ASSIGN: Operation("assign", 15, 15, (ADMIN, TECHNICIAN)),
    MODE: Operation("mode", 3, 3, (ADMIN, TECHNICIAN)),
    IDENTIFY: Operation("identify", 2, 2, _ANY),
    SELF_TEST: Operation("self-test", 1, 1, (ADMIN, TECHNICIAN)),
    PLACE: Operation("place", 3, 3, (ADMIN, TECHNICIAN)),
    PREPARE: Operation("prepare", 2, MESSAGE_MAX, (SETUP, ADMIN)),
    COMMIT: Operation("commit", 8, 8, (SETUP, ADMIN)),
    RATCHET: Operation("ratchet", 4, 4, (ADMIN,)),
    MAKE_KEY: Operation("make key", 33, 33, (ADMIN,)),
    UPDATE_BEGIN: Operation("update begin", 36, 36, (ADMIN,)),
    UPDATE_DATA: Operation("update data", 5, 900, (ADMIN,)),
    UPDATE_STATE: Operation("update state", 0, 0, (ADMIN,)),
    UPDATE_SWITCH: Operation("update switch", 32, 32, (ADMIN,)),
}
_DONE_BELOW = 12  # operations below 32

CLOCK_FORM = ">QQI"  # uptime ms, UTC ms at that uptime, uncertainty ms
PING_FORM = ">Q"  # uptime ms: the reply to CLOCK_SET, too
PULL_FORM = ">IH"  # first sequence wanted, chunks of credit
# First sequence that will come, sequence after the last; chain value before the first (zeros: unknown, behind a hole)
# and the epoch of its seal; chain value after the last.
PULLED_FORM = ">II32sI32s"
CREDIT_FORM = ">H"
COMMIT_FORM = ">8s"  # digest of what was prepared: the reply to PREPARE, too
COMMITTED_FORM = ">I"  # revision in force: the reply to COMMIT
RATCHET_FORM = ">I"  # the step to leave: the reply carries the new one
REPLY_HEAD = ">BB"  # code, reason (OK or why not); then the body
# Force, name, admin key, technician root, the journal's next seal key: behind the settings in a set-up's PREPARE.
ACCESS_FORM = ">8s16s32s32s16s"

CHECKPOINT_FORM = ">I16s"  # the last index that the host has seen a signature with, or NO_INDEX; the host's nonce
NO_INDEX = 0xFFFFFFFF
TAKEN_FORM = ">II"  # index that was taken, indices left: the reply to CHECKPOINT
SIGNED_FORM = ">H"  # offset; the reply: bytes in all (0: not computed yet), then those from there on
SIGNED_BYTES = 900  # of message and signature in one reply
ASSIGN_FORM = ">HIB8s"  # partner (0: the paired ones again), until (seconds since 1970 UTC), 0, officer
ASSIGN_MAX_S = 32 * 86400  # from now
MODE_FORM = ">BH"  # mode (`records.py`), seconds (0: as the policy says)
IDENTIFY_FORM = ">BB"  # seconds (0: no longer), how: the bits below; the reply: those that it does
BY_LIGHT = 1
BY_BUZZ = 2
IDENTIFY_MAX_S = 120
SELF_TEST_FORM = ">B"  # parts (`selftest.py`), 0: begin none; the reply: how the last one went
PLACE_FORM = ">BH"  # what: LOOK, PLACE_BEGIN, PLACE_END; seconds (0: as the policy says)
LOOK = 0
PLACE_BEGIN = 1
PLACE_END = 2
PLACED_HEAD = ">BHB"  # whether it is under way, tenths of a second that it goes on, how many lines follow
# Of each of `lines.py`: its bits; how often it went on, and off, since the placement began; edges heard of; ms that it
# was on at least and at most; tenths of a second since it changed; what the ADC reads (0xFFFF: it is no Hall sensor).
PLACED_LINE = ">BHHHHHHH"
PLACED_NONE = 0xFFFF
PlacedLine = namedtuple(
    "PlacedLine", ("bits", "closes", "opens", "edges", "shortest_ms", "longest_ms", "since_100ms", "u16")
)
MAKE_KEY_FORM = ">B32s"  # parameters, the host's share of the entropy
KEY_FORM = ">BBIIII"  # the reply to KEY and MAKE_KEY; then the public key, once it is there
Key = namedtuple(
    "Key",
    (
        "state",
        "params",
        "done",  # leaves computed
        "total",
        "index",  # the next one
        "remaining",
        "public",  # 60 bytes (RFC 8554, 6.1), or none
    ),
)

STATUS_FORM = ">BBBBHHHHQII32sI8sIQIHIB"
Status = namedtuple(
    "Status",
    (
        "major",
        "minor",
        "patch",
        "role",  # 0: boxed
        "unit",
        "flags",
        "battery_mv",  # 0: not measured
        "boot",
        "uptime_ms",
        "first",  # sequence of the oldest record held
        "following",  # sequence of the next record
        "head",
        "revision",  # of the settings in force; 0: none
        "digest",  # of these settings
        "step",  # of the admin key
        "utc_ms",  # 0: the clock is not set
        "utc_u_ms",
        "assigned",  # number of the partner that is assigned, 0: none
        "until_s",  # as it was assigned; 0: none
        "epochs",  # of the group's key, that frames are taken under: 1 or 2; 0: boxed
    ),
)
FLAG_LABEL_OPEN = 1
FLAG_LOW_BATTERY = 2
FLAG_SENSOR_FAULT = 4
FLAG_TALLY = 8
FLAG_AWAKE = 16
FLAG_MUTED = 32
FLAG_TEST = 64
FLAG_FUNCTION_TEST = 128
FLAG_SLOT_B = 256
FLAG_ON_TRIAL = 512
FLAG_GAVE_UP = 1024
FLAG_FALLBACK = 2048
STATUS_FLAG_NAMES = {
    FLAG_LABEL_OPEN: "label open",
    FLAG_LOW_BATTERY: "low battery",
    FLAG_SENSOR_FAULT: "sensor fault",
    FLAG_TALLY: "recorder tally",
    FLAG_AWAKE: "recorder awake",
    FLAG_MUTED: "alerts muted",
    FLAG_TEST: "test mode",
    FLAG_FUNCTION_TEST: "function test announced",
    FLAG_SLOT_B: "runs from slot b",
    FLAG_ON_TRIAL: "release on trial",
    FLAG_GAVE_UP: "other release given up",
    FLAG_FALLBACK: "default figures in force",
}

# Reasons: of errors, of refusals in replies, of a session's end.
OK = 0
BAD_VERSION = 1
BAD_LENGTH = 2
BAD_ORDER = 3
NO_CREDENTIAL = 4
BAD_PROOF = 5
WAIT = 6
BAD_SEAL = 7
BAD_CODE = 8
NOT_ALLOWED = 9
BAD_SETTINGS = 10
STALE = 11
NOT_PREPARED = 12
CLOCK_JUMP = 13
FLASH_FAILED = 14
EXPIRED = 15
FIRED = 16
IDLE = 17
CLOSED = 18
LINK_LOST = 19
NO_SIGNING_KEY = 20
EXHAUSTED = 21
ROLLED_BACK = 22
TOO_SOON = 23
BUSY_SIGNING = 24
BAD_ASSIGNMENT = 25
BAD_MODE = 26
TOO_OFTEN = 27
REASON_NAMES = {
    OK: "done",
    BAD_VERSION: "protocol version not spoken",
    BAD_LENGTH: "message of wrong length",
    BAD_ORDER: "message out of order",
    NO_CREDENTIAL: "credential not known",
    BAD_PROOF: "wrong secret",
    WAIT: "too many wrong secrets, wait",
    BAD_SEAL: "message altered or forged",
    BAD_CODE: "request not known",
    NOT_ALLOWED: "not allowed to this role",
    BAD_SETTINGS: "settings that this unit cannot take",
    STALE: "settings older than those in force",
    NOT_PREPARED: "nothing prepared",
    CLOCK_JUMP: "clock would jump",
    FLASH_FAILED: "flash failed",
    EXPIRED: "credential expired",
    FIRED: "a weapon is in use",
    IDLE: "idle for too long",
    CLOSED: "service mode ended",
    LINK_LOST: "connection lost",
    NO_SIGNING_KEY: "no signing key",
    EXHAUSTED: "signing key used up",
    ROLLED_BACK: "signing key rolled back",
    TOO_SOON: "too soon after the last checkpoint",
    BUSY_SIGNING: "busy with another key or signature",
    BAD_ASSIGNMENT: "partner or time that cannot be assigned",
    BAD_MODE: "mode that this unit cannot enter",
    TOO_OFTEN: "asked for too often",
}

# The journal's stream: chunks of whole records, sealed, behind a length; cut into notifications of count and bytes.
CHUNK_HEAD = ">I"  # sequence of the chunk's first record
CHUNK_BYTES = 1024  # a chunk's plain bytes at most
CHUNK_LENGTH = ">H"
CREDIT_MAX = 16  # chunks: what a unit sends ahead at most; BTstack keeps copies of all of it


def done_bit(code: int) -> int:
    """The bit of an operation in the record of a session's end: codes from 16 on, then, without a gap, from 32 on. None
    of a light that blinked, nor of a self-test, a placement or an update, which have records of their own: there are
    sixteen."""
    if code in (IDENTIFY, SELF_TEST, PLACE) or code >= UPDATE_BEGIN:
        return 0
    return 1 << (code - STATUS if code < PREPARE else code - PREPARE + _DONE_BELOW)


class WireError(ValueError):
    """Frames that break the rules; `reason` is one of the codes above."""

    def __init__(self, reason: int) -> None:
        super().__init__(REASON_NAMES[reason])
        self.reason = reason


class Cutter:
    """Cuts one direction's messages into frames."""

    def __init__(self) -> None:
        self._count = 0

    def cut(self, message: bytes, mtu: int) -> list[bytes]:
        """The frames of `message` (bytes) for this ATT MTU."""
        room = mtu - ATT_OVERHEAD_BYTES - 1
        frames = []
        for at in range(0, len(message), room):
            mark = _LAST if at + room >= len(message) else 0
            frames.append(bytes([mark | self._count]) + message[at : at + room])
            self._count = (self._count + 1) & _COUNT
        return frames


class Assembler:
    """Puts one direction's frames together again."""

    def __init__(self) -> None:
        self._count = 0
        self._parts = b""

    def add(self, frame: "Bytes") -> bytes | None:
        """The message that this frame (bytes-like) ends, or None. WireError when it does not follow the one before, is
        empty, or makes the message too long."""
        if len(frame) < 2:
            raise WireError(BAD_LENGTH)
        if frame[0] & _COUNT != self._count:
            raise WireError(BAD_ORDER)
        if len(self._parts) + len(frame) - 1 > MESSAGE_MAX:
            raise WireError(BAD_LENGTH)
        self._count = (self._count + 1) & _COUNT
        self._parts += bytes(frame[1:])
        if not frame[0] & _LAST:
            return None
        message, self._parts = self._parts, b""
        return message


def unpack_status(body: bytes) -> Status | None:
    """The Status in the body of a reply, or None when it has another size."""
    if len(body) != struct.calcsize(STATUS_FORM):
        return None
    return Status(*struct.unpack(STATUS_FORM, body))


def unpack_placed(body: bytes) -> tuple[bool, int, list[PlacedLine]] | None:
    """(under way, tenths of a second that it goes on, a PlacedLine for each line) in the body of a reply, or None when
    it has another size."""
    head, line = struct.calcsize(PLACED_HEAD), struct.calcsize(PLACED_LINE)
    if len(body) < head:
        return None
    state, left_100ms, count = struct.unpack_from(PLACED_HEAD, body)
    if len(body) != head + count * line:
        return None
    found = [PlacedLine(*struct.unpack_from(PLACED_LINE, body, head + nth * line)) for nth in range(count)]
    return bool(state), left_100ms, found


def unpack_key(body: bytes) -> Key | None:
    """The Key in the body of a reply, or None when it has another size."""
    size = struct.calcsize(KEY_FORM)
    if len(body) not in (size, size + PUBLIC_KEY_BYTES):
        return None
    return Key(*(struct.unpack_from(KEY_FORM, body, 0) + (body[size:],)))
