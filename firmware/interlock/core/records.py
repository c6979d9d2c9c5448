"""Journal records: types and payloads, declared once. What each means: `firmware/JOURNAL.md`.

A payload is packed with `pack_NAME(...)` and read with `unpack(type, payload)`, which gives a namedtuple with units in
its field names, or None for a type this version does not know (a newer firmware's record is kept, not refused).
"""

import struct
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

PAYLOAD_MAX = 64

BOOT = 1
RESERVE = 2
PEERS = 3
LOSS = 4
CONFIG = 5
TORN = 6
SESSION = 7
SESSION_END = 8
REFUSED = 9
CLOCK = 10
FLOOR = 11
SEAL = 12
CHECKPOINT = 13
FAULT = 14
POLICY = 15
EVENT = 16
ACK = 17
WITNESS = 18
ALERT = 19
PROOF = 20
USE = 21
MODE = 22
HEARD = 32
RECORDER = 33
ANSWER = 34
EXPIRY = 35
AIRED = 36
PARTNER = 48
MET = 49
CREW = 50
TIME_HEARD = 51
ASSIGNED = 52
RADIO = 53
SELF_TEST = 54
UPDATE = 55
LIFE = 56
LINES = 57

FORMATS: "dict[int, tuple[str, Any]]" = {
    BOOT: (">B3B", namedtuple("Boot", ("cause", "major", "minor", "patch"))),
    RESERVE: (">I", namedtuple("Reserve", ("ceiling",))),
    LOSS: (">I", namedtuple("Loss", ("first_kept",))),
    CONFIG: (">I8s", namedtuple("Config", ("revision", "digest"))),
    TORN: (">B", namedtuple("Torn", ("writes",))),
    SESSION: (">B8sI", namedtuple("Session", ("credential", "person", "number"))),
    SESSION_END: (">BHI", namedtuple("SessionEnd", ("reason", "operations", "pulled_to"))),
    REFUSED: (">BH", namedtuple("Refused", ("reason", "tries"))),
    CLOCK: (">BQII", namedtuple("Clock", ("credential", "utc_ms", "uncertainty_ms", "at_ago_ms"))),
    FLOOR: (">Q", namedtuple("Floor", ("utc_ms",))),
    SEAL: (">I", namedtuple("SealBegins", ("epoch",))),
    CHECKPOINT: (">II", namedtuple("CheckpointTaken", ("index", "remaining"))),
    FAULT: (">BHIH", namedtuple("Fault", ("kind", "sector", "sequence", "count"))),
    EVENT: (
        ">BBIHHHB",
        namedtuple(
            "Event", ("event", "flags", "counter", "edge_ago_ms", "aired_ago_ms", "proven_ago_ms", "discharges")
        ),
    ),
    ACK: (">HIBIB4s", namedtuple("Ack", ("camera", "counter", "kind_reason", "since_ms", "buffer_s", "digest"))),
    WITNESS: (">HI4s", namedtuple("Witness", ("camera", "counter", "digest"))),
    ALERT: (">B", namedtuple("Alert", ("code",))),
    PROOF: (">B", namedtuple("Proof", ("mode",))),
    HEARD: (">HIBB4s", namedtuple("Heard", ("sender", "counter", "kind", "event_flags", "digest"))),
    RECORDER: (">BBBIH", namedtuple("Recorder", ("mode", "tally", "believed", "tally_ago_ms", "buffer_100ms"))),
    ANSWER: (">HIB", namedtuple("Answer", ("holster", "counter", "kind_reason"))),
    EXPIRY: (">H", namedtuple("Expiry", ("sender",))),
    AIRED: (">IB", namedtuple("Aired", ("counter", "event"))),
    POLICY: (">BII", namedtuple("PolicyChanged", ("figure", "before", "after"))),
    # heard_ms, recording_ms: from the use's first event to the first ack of that kind; late: acks after their limit.
    USE: (
        ">IHHHHBBB",
        namedtuple("Use", ("counter", "heard_ms", "recording_ms", "acks", "late", "alerts", "witnesses", "discharges")),
    ),
    MODE: (">BBH", namedtuple("Mode", ("mode", "cause", "seconds"))),
    PARTNER: (">HBB", namedtuple("PartnerState", ("unit", "mode", "detail"))),
    MET: (">HI4s", namedtuple("Met", ("unit", "counter", "digest"))),
    TIME_HEARD: (">HI", namedtuple("TimeHeard", ("sender", "slot"))),
    ASSIGNED: (">HIB8s", namedtuple("Assigned", ("partner", "until_s", "credential", "officer"))),
    RADIO: (">BH", namedtuple("RadioTrouble", ("what", "count"))),
    # `selftest.py` says what they mean; findings: a byte for each of its parts.
    SELF_TEST: (
        ">BBB6sHHH",
        namedtuple("SelfTested", ("credential", "phase", "parts", "findings", "cell_mv", "start_ms", "stop_ms")),
    ),
    # `lines.py` says what they mean; credential: of `wire.py`, or 255: nobody's; lines: a byte each of its LINES.
    # number: how many seconds a placement took; else how much was held back as noise since the last such record.
    LINES: (">BBH6s", namedtuple("LinesTold", ("cause", "credential", "number", "lines"))),
    # what, detail: below; the rest is `life.py`'s Life.
    LIFE: (
        ">BBBHHHHII4s",
        namedtuple(
            "LifeTold",
            ("what", "detail", "row", "resets", "crashes", "brown_outs", "faults", "healthy", "fallen", "crash"),
        ),
    ),
    # phase, finding: of `updating.py`; slot: 0 a, 1 b; then the release that it is about, its head's digest, and the
    # one that was running.
    UPDATE: (
        ">BBB3B8s3B",
        namedtuple(
            "Updated",
            ("phase", "finding", "slot", "major", "minor", "patch", "digest", "of_major", "of_minor", "of_patch"),
        ),
    ),
}
_PEER = ">HI"
_PEER_BYTES = 6
PEERS_PER_RECORD = PAYLOAD_MAX // _PEER_BYTES
_CREW = ">HBB"
_CREW_BYTES = 4
CREW_MAX = PAYLOAD_MAX // _CREW_BYTES
CrewMember = namedtuple("CrewMember", ("unit", "age_4s", "flags"))

TYPE_NAMES = {
    BOOT: "boot",
    RESERVE: "counter reserve",
    PEERS: "peers",
    LOSS: "loss",
    CONFIG: "configuration",
    TORN: "torn write",
    SESSION: "session",
    SESSION_END: "session end",
    REFUSED: "session refused",
    CLOCK: "clock set",
    FLOOR: "clock floor",
    SEAL: "seal",
    CHECKPOINT: "checkpoint",
    FAULT: "flash fault",
    EVENT: "event",
    ACK: "ack received",
    WITNESS: "witness",
    ALERT: "alert",
    PROOF: "proof",
    HEARD: "trigger heard",
    RECORDER: "recorder",
    ANSWER: "answer sent",
    EXPIRY: "lease expired",
    AIRED: "aired",
    POLICY: "policy changed",
    USE: "use over",
    MODE: "mode",
    PARTNER: "partner",
    MET: "head met",
    CREW: "crew",
    TIME_HEARD: "time heard",
    ASSIGNED: "assigned",
    RADIO: "radio trouble",
    SELF_TEST: "self-test",
    UPDATE: "update",
    LIFE: "life",
    LINES: "sensor lines",
}

AGO_NONE = 0xFFFF

# Who set a clock: a credential of `wire.py`, or the board itself, by an RTC that went on over a restart.
BY_BOARD = 3

# Who began a self-test without a session: whoever pressed the unit's button.
BY_BUTTON = 4

# How a trigger was heard: the receiver's classes (`receiver.py`), and beyond them why a frame was not followed.
HEARD_LIMITED = 7  # a stranger's, and too many strangers started the recorder lately
HEARD_POLICY = 8  # policy keeps such an event to the journal

# Kinds of flash fault; those below FAULT_SIGNING are the journal's own, and counted for life.
FAULT_ERASE = 1  # a sector that does not become blank: it is left out
FAULT_PROGRAM = 2  # what was programmed is not what is there: it was written again elsewhere
FAULT_HEADER = 3  # a sector whose header cannot be read any more
FAULT_RECORDS = 4  # records that were written once and cannot be read any more
FAULT_SIGNING = 5  # the signing key, or one of its bottom trees: it signs no more
FAULT_PART = 6  # a part of the program that serves technicians could not be loaded: nobody is invited meanwhile
FAULT_NAMES = {
    FAULT_ERASE: "erase failed",
    FAULT_PROGRAM: "program failed",
    FAULT_HEADER: "sector header unreadable",
    FAULT_RECORDS: "records unreadable",
    FAULT_SIGNING: "signing key unreadable",
    FAULT_PART: "part of the program not loaded",
}

# Modes of a holster unit, and why one began or ended.
MODE_NORMAL = 0
MODE_FUNCTION_TEST = 1  # the next use is a spark test: aired and recorded like any other, coded in the journal
MODE_TEST = 2  # a bare draw is journalled and not aired: for trying sensors
MODE_MUTE = 3  # alerts are journalled and neither seen nor felt
MODE_NAMES = {
    MODE_NORMAL: "normal",
    MODE_FUNCTION_TEST: "function test",
    MODE_TEST: "test",
    MODE_MUTE: "muted",
}
MODE_BY_BUTTON = 0
MODE_BY_SESSION = 1
MODE_TIME_OVER = 2
MODE_ARMED = 3
MODE_DISCHARGED = 4
MODE_USE_OVER = 5
MODE_BUTTON_NOISY = 6
MODE_CAUSES = {
    MODE_BY_BUTTON: "button",
    MODE_BY_SESSION: "session",
    MODE_TIME_OVER: "time over",
    MODE_ARMED: "armed",
    MODE_DISCHARGED: "discharged",
    MODE_USE_OVER: "use over",
    MODE_BUTTON_NOISY: "button noisy",
}

# What a crew record says of each unit that was heard lately.
CREW_OWN = 1  # a partner of the one who writes
CREW_ACKED = 2  # it acked in this use
CREW_WITNESS = 4  # it said that it records
CREW_READY = 8  # it said that it is ready
CREW_HOLSTER = 16  # it is a holster unit

# Trouble with the radio, counted together and written down at most once in ten minutes a kind.
RADIO_SCAN = 1  # the scan was started anew: it had ended, or nobody was heard
RADIO_REFUSED = 2  # the stack refused what it was asked
RADIO_HANDLER = 3  # an exception in the event handler
RADIO_DROPPED = 4  # frames came faster than they were taken
RADIO_STACK = 5  # the stack was started anew
RADIO_RESTART = 6  # the unit starts anew, since the stack cannot be helped
RADIO_JUNK = 7  # frames of our shape that nobody of the group sent
RADIO_REPLAY = 8  # old frames of the group, played again
RADIO_LIMITED = 9  # strangers' frames that were not looked at: too many at once
RADIO_NAMES = {
    RADIO_SCAN: "scan started anew",
    RADIO_REFUSED: "stack refused",
    RADIO_HANDLER: "handler exception",
    RADIO_DROPPED: "frames dropped",
    RADIO_STACK: "stack started anew",
    RADIO_RESTART: "unit starts anew",
    RADIO_JUNK: "junk, or acks of others",
    RADIO_REPLAY: "replays",
    RADIO_LIMITED: "strangers not looked at",
}

# What a life record tells: counters as they stand (repeated in each sector), or an occasion.
LIFE_COUNTS = 0
LIFE_BEGUN = 1  # a boot with a story: detail is flags
LIFE_STORED = 2  # it goes to sleep: detail is why
LIFE_RESTART = 3  # it restarts itself: detail is why
LIFE_HEALTHY = 4  # it has been well for a while, after bad boots or under new settings
LIFE_UNMEANT = 1  # a reset came before that nobody had meant: the watchdog, or the port's own
LIFE_CRASHED = 2  # an exception had ended the application
LIFE_LOW_CELL = 4  # the power came, and the cell is low: a brown-out, most likely, which no port tells
LIFE_WOKEN = 8  # from deep sleep
LIFE_FALLBACK = 16  # the figures of its settings are left aside for the default ones
LIFE_FOR_NOTHING = 0  # why: nothing wanted it for so long
LIFE_FOR_SETTINGS = 1  # why: new settings, or a new release
LIFE_FOR_RADIO = 2
LIFE_FOR_TRIAL = 3  # the release on trial is not healthy
LIFE_NAMES = {
    LIFE_COUNTS: "so far",
    LIFE_BEGUN: "began",
    LIFE_STORED: "goes to sleep",
    LIFE_RESTART: "restarts",
    LIFE_HEALTHY: "well",
}
LIFE_FLAG_NAMES = {
    LIFE_UNMEANT: "reset unexpectedly",
    LIFE_CRASHED: "crashed before",
    LIFE_LOW_CELL: "cell low at power-on",
    LIFE_WOKEN: "woke from deep sleep",
    LIFE_FALLBACK: "default figures in force",
}
LIFE_REASONS = {
    LIFE_FOR_NOTHING: "nothing wanted it",
    LIFE_FOR_SETTINGS: "for settings or release",
    LIFE_FOR_RADIO: "for the radio",
    LIFE_FOR_TRIAL: "release on trial not healthy",
}

# Phases of a self-test, and the part of it that presses the shutter (`selftest.py` has the others).
TEST_BEGUN = 1
TEST_DONE = 2
TEST_BROKEN_OFF = 3  # a weapon came first
TEST_OF_RECORDER = 32


def ago(ms: int | None) -> int:
    """Milliseconds as a 16-bit field: saturated one below AGO_NONE, which stands for never (None)."""
    return AGO_NONE if ms is None else max(0, min(ms, AGO_NONE - 1))


def pack(kind: int, *fields: int | bytes) -> bytes:
    """The payload of a record of type `kind` (not PEERS) with its fields in the order declared above."""
    return struct.pack(FORMATS[kind][0], *fields)


def pack_peers(marks: dict[int, int]) -> list[bytes]:
    """Payloads (one or more) that carry {unit: newest counter heard}."""
    units = sorted(marks)
    out = []
    for i in range(0, len(units), PEERS_PER_RECORD):
        out.append(b"".join([struct.pack(_PEER, u, marks[u]) for u in units[i : i + PEERS_PER_RECORD]]))
    return out


def pack_crew(members: "list[tuple[int, int, int]]") -> bytes:
    """The payload of a CREW record: (unit, age in steps of 4 s, flags) of each, the first CREW_MAX of them."""
    return b"".join([struct.pack(_CREW, unit, min(age_4s, 255), flags) for unit, age_4s, flags in members[:CREW_MAX]])


def unpack(kind: int, payload: bytes) -> "Any":
    """The payload's fields as a namedtuple; a list of (unit, counter) for PEERS, of CrewMember for CREW; None when
    unknown or of wrong size."""
    if kind == CREW:
        if len(payload) % _CREW_BYTES:
            return None
        return [CrewMember(*struct.unpack_from(_CREW, payload, i)) for i in range(0, len(payload), _CREW_BYTES)]
    if kind == PEERS:
        if len(payload) % _PEER_BYTES:
            return None
        return [struct.unpack_from(_PEER, payload, i) for i in range(0, len(payload), _PEER_BYTES)]
    known = FORMATS.get(kind)
    if known is None or struct.calcsize(known[0]) != len(payload):
        return None
    return known[1](*struct.unpack(known[0], payload))
