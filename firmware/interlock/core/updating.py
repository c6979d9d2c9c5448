"""An update over the air, as it is said on the wire and in the journal: phases, findings, the unit's state. Pure.

What the unit does with it is `update.py`, the release file `interlock_loader/container.py`; byte by byte:
`firmware/PROTOCOL.md`, "Update".
"""

import struct
from collections import namedtuple

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes

# How far it is.
NOTHING = 0  # no release was begun since the unit started
HEAD = 1  # manifest and signature are awaited: not a byte more is taken
VERIFYING = 2  # the head is whole; nothing is taken while its signature is verified
RECEIVING = 3  # the members are awaited
CHECKING = 4  # all is here, and is read back
READY = 5  # whole and checked, in the other slot: it can be switched to
SWITCHED = 6  # it runs, on trial, from the next start on, which comes when the session is over
RUNNING = 7  # it is the one that runs
REFUSED = 8  # the finding says why; the release that runs, and the one in the other slot, are what they were
CONFIRMED = 9  # in the journal only: it passed its trial
FELL_BACK = 10  # in the journal only: it did not, and the one before runs again
PHASE_NAMES = {
    NOTHING: "nothing begun",
    HEAD: "awaiting the head",
    VERIFYING: "verifying the signature",
    RECEIVING: "receiving",
    CHECKING: "reading back",
    READY: "ready",
    SWITCHED: "switched",
    RUNNING: "running",
    REFUSED: "refused",
    CONFIRMED: "confirmed",
    FELL_BACK: "fell back",
}

# Why a release was refused.
SOUND = 0
NO_RELEASE = 1
OTHER_HEAD = 2
OTHER_SIZE = 3
UNSIGNED = 4
NO_KEY = 5
BAD_SIGNATURE = 6
BELOW_FLOOR = 7
WRONG_BOARD = 8
WRONG_MPY = 9
OLD_MICROPYTHON = 10
ALTERED = 11
NO_ROOM = 12
FILES_FAILED = 13
ON_TRIAL = 14
NO_MEMORY = 15
OLD_LOADER = 16
FINDING_NAMES = {
    SOUND: "sound",
    NO_RELEASE: "no release file",
    OTHER_HEAD: "its head is not the one announced",
    OTHER_SIZE: "its size is not the one announced",
    UNSIGNED: "not signed",
    NO_KEY: "the unit holds no release key",
    BAD_SIGNATURE: "not signed by the release key that the unit holds",
    BELOW_FLOOR: "older than the unit may go back to",
    WRONG_BOARD: "for another board",
    WRONG_MPY: "its files are compiled for another MicroPython",
    OLD_MICROPYTHON: "it needs a newer MicroPython",
    ALTERED: "what was stored of it is not what was signed",
    NO_ROOM: "the file system has no room for it",
    FILES_FAILED: "a file could not be written or read",
    ON_TRIAL: "the release that runs is on trial itself",
    NO_MEMORY: "its head does not fit into memory",
    OLD_LOADER: "it needs a newer loader",
}

# Bits of `flags`.
FLAG_TRIAL = 1  # what runs is on trial
FLAG_FELL_BACK = 2  # the release of the other slot was given up: it did not pass its trial
SLOTS = "ab"

BEGIN_FORM = ">I32s"  # bytes of the file, SHA-256 of its head
DATA_FORM = ">I"  # offset; then bytes from there on
DATA_BYTES = 896  # of a file in one request
PROGRESS_FORM = ">BBII"  # phase, finding, bytes taken, bytes checked: the reply to all but UPDATE_STATE
Progress = namedtuple("Progress", ("phase", "finding", "taken", "checked"))

# Behind the progress: the running slot, 0 or 1, flags; versions in slot a and b (0.0.0: none), the floor; the board, as
# release files name it; format of its .mpy files; version of its MicroPython; first bytes of SHA-256 of its release key
# (zeros: none).
STATE_FORM = PROGRESS_FORM + "IBB3s3s3s16sB3s8s"
State = namedtuple(
    "State",
    (
        "phase",
        "finding",
        "taken",
        "checked",
        "total",  # bytes of the file that was begun, 0: none
        "slot",
        "flags",
        "version_a",
        "version_b",
        "floor",
        "board",
        "mpy",
        "micropython",
        "key",
    ),
)


def unpack_progress(body: "Bytes") -> Progress | None:
    """The Progress in a reply's body, or None when it has another size."""
    if len(body) != struct.calcsize(PROGRESS_FORM):
        return None
    return Progress(*struct.unpack(PROGRESS_FORM, body))


def unpack_state(body: "Bytes") -> State | None:
    """The State in a reply's body, or None when it has another size. Versions are tuples, the board a str."""
    if len(body) != struct.calcsize(STATE_FORM):
        return None
    fields = struct.unpack(STATE_FORM, body)
    version_a, version_b, floor, board, mpy, micropython, key = fields[7:]
    versions = (tuple(version_a), tuple(version_b), tuple(floor))
    name = bytes([byte for byte in board if 32 < byte < 127]).decode()
    return State(*(fields[:7] + versions + (name, mpy, tuple(micropython), key)))
