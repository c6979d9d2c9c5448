"""What a unit signs: a statement of how far its journal had come. Bytes: `firmware/JOURNAL.md`, "Checkpoint".

The signature is one of `lms.py`; a checkpoint covers all records before `following`, by the chain value there.
"""

import struct
from collections import namedtuple

LABEL = b"interlock checkpoint 1"
# Label, serial, index, following, chain, boot, uptime ms (high 16, middle 16, low 8 bits), UTC ms, its uncertainty in
# ms, nonce.
MESSAGE_FORM = ">22s8sII32sHHHBQI16s"
MESSAGE_BYTES = struct.calcsize(MESSAGE_FORM)
NONCE_BYTES = 16

Checkpoint = namedtuple(
    "Checkpoint",
    (
        "serial",  # of the unit, 8 bytes
        "index",  # the one-time index that signed it
        "following",  # sequence of the next record: as many are covered
        "chain",  # the chain value there
        "boot",
        "uptime_ms",
        "utc_ms",  # 0: the clock was not set
        "utc_u_ms",
        "nonce",  # the asker's, 16 bytes
    ),
)


def pack(checkpoint: Checkpoint) -> bytes:
    """The message to be signed, 105 bytes."""
    uptime_ms = checkpoint.uptime_ms
    return struct.pack(
        MESSAGE_FORM,
        LABEL,
        checkpoint.serial,
        checkpoint.index,
        checkpoint.following,
        checkpoint.chain,
        checkpoint.boot,
        uptime_ms >> 24 & 0xFFFF,
        uptime_ms >> 8 & 0xFFFF,
        uptime_ms & 0xFF,
        checkpoint.utc_ms,
        checkpoint.utc_u_ms,
        checkpoint.nonce,
    )


def unpack(message: bytes) -> Checkpoint | None:
    """The Checkpoint that a message states, or None: it is none."""
    if len(message) != MESSAGE_BYTES or message[: len(LABEL)] != LABEL:
        return None
    (
        _,
        serial,
        index,
        following,
        chain,
        boot,
        high,
        middle,
        low,
        utc_ms,
        utc_u_ms,
        nonce,
    ) = struct.unpack(MESSAGE_FORM, message)
    return Checkpoint(serial, index, following, chain, boot, high << 24 | middle << 8 | low, utc_ms, utc_u_ms, nonce)
