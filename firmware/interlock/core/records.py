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
EVENT = 16
ACK = 17
WITNESS = 18
ALERT = 19
PROOF = 20
HEARD = 32
RECORDER = 33
ANSWER = 34
EXPIRY = 35
AIRED = 36

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
}
_PEER = ">HI"
_PEER_BYTES = 6
PEERS_PER_RECORD = PAYLOAD_MAX // _PEER_BYTES

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
}

AGO_NONE = 0xFFFF

# Kinds of flash fault.
FAULT_ERASE = 1  # a sector that does not become blank: it is left out
FAULT_PROGRAM = 2  # what was programmed is not what is there: it was written again elsewhere
FAULT_HEADER = 3  # a sector whose header cannot be read any more
FAULT_RECORDS = 4  # records that were written once and cannot be read any more
FAULT_SIGNING = 5  # the signing key, or one of its bottom trees: it signs no more
FAULT_NAMES = {
    FAULT_ERASE: "erase failed",
    FAULT_PROGRAM: "program failed",
    FAULT_HEADER: "sector header unreadable",
    FAULT_RECORDS: "records unreadable",
    FAULT_SIGNING: "signing key unreadable",
}


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


def unpack(kind: int, payload: bytes) -> "Any":
    """The payload's fields as a namedtuple; a list of (unit, counter) for PEERS; None when unknown or of wrong size."""
    if kind == PEERS:
        if len(payload) % _PEER_BYTES:
            return None
        return [struct.unpack_from(_PEER, payload, i) for i in range(0, len(payload), _PEER_BYTES)]
    known = FORMATS.get(kind)
    if known is None or struct.calcsize(known[0]) != len(payload):
        return None
    return known[1](*struct.unpack(known[0], payload))
