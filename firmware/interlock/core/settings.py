"""Configuration of a unit: who it is, its keys, its partners, its policy. Bytes: `firmware/JOURNAL.md`, "Settings".

Two flash sectors hold it in turn (`slots.py`); the higher revision wins. Keys are 32 bytes. A unit without valid
settings is unprovisioned and only waits to be set up. What changes in service is in them twice while the change is
under way, and both count: a partner whose pair key or unit key changes (the later entry is the newer one), and the
group's key (the unit sends under `group_key` and takes frames under `group_other`, too).
"""

import hashlib
import struct
from binascii import crc32
from collections import namedtuple

from . import slots

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from .needs import Bytes, Flash

# What the settings area holds, in sectors of the area.
FIRST = 0
ACCESS_FIRST = FIRST + slots.SECTORS
LABEL_FIRST = ACCESS_FIRST + slots.SECTORS
SEAL_FIRST = LABEL_FIRST + 1
SIGNER_FIRST = SEAL_FIRST + 2
SIGNER_SECTORS = 12
SECTORS = SIGNER_FIRST + SIGNER_SECTORS
MAGIC = b"ILS\x03"
_MAGIC_BEFORE = b"ILS\x02"  # the same without the last fields: read with their defaults, never written

ROLE_HOLSTER = 1
ROLE_CAMERA = 2
ROLE_COMBINED = 3  # bit mask: both
ROLE_NAMES = {ROLE_HOLSTER: "holster", ROLE_CAMERA: "camera", ROLE_COMBINED: "combined"}

# Magic, whole length, revision, serial, unit, role, unit key, group key, the other group key, partner count.
_HEAD = ">4sHI8sHB32s32s32sB"
_PARTNER = ">HBB32s32s"  # unit, role, standing, unit key, pair key
# Times in ms; pre-event buffer in ms; cancel to presence, in ms; reaches; flags.
_POLICY = ">HHHHIIIIIIIIHIIIIBBBBBI"
_RECORDER = ">B8s"  # kind, which one

PARTNERS_MAX = 8
NO_KEY = bytes(32)  # as `group_other`: there is one epoch only

# What a partner is to a unit.
SPARE = 0  # allowed beforehand: it counts only while it is assigned
PAIRED = 1  # it counts while none is assigned

# Whom an event of the weapon concerns.
REACH_JOURNAL = 0  # the journal only
REACH_OWN = 1  # and the own camera
REACH_GROUP = 2  # and every camera of the group
REACH_NAMES = {REACH_JOURNAL: "journal only", REACH_OWN: "own camera", REACH_GROUP: "all in group"}

# How the recorder is spoken to: `firmware/RECORDER.md`.
MOMENTARY = 0  # a shutter line whose pulse toggles, and a tally line
LEVEL = 1  # a shutter line that is on while it is to record, and a tally line
UART = 2  # lines of text
GOPRO = 3  # Open GoPro over BLE
RECORDER_NAMES = {MOMENTARY: "momentary", LEVEL: "level", UART: "uart", GOPRO: "gopro"}
ANY_RECORDER = bytes(8)  # as `recorder_id`: the one on the wires
DEFAULT_RECORDER = (MOMENTARY, ANY_RECORDER)

Partner = namedtuple("Partner", ("unit", "role", "standing", "unit_key", "pair_key"))
Policy = namedtuple(
    "Policy",
    (
        "settle_ms",  # the weapon must be seated this long before a use ends
        "confirm_ms",  # after the first edge of a draw: is it still out?
        "refractory_ms",  # discharge pulses closer than this are one
        "fault_ms",  # the seat contacts may disagree this long before that is a sensor fault
        "heard_limit_ms",  # no *heard* ack by then: alert
        "start_limit_ms",  # no *recording* by then: alert; holster and camera unit use the same figure
        "proof_limit_ms",  # a proof not renewed for this long is lost
        "renew_ms",  # a weapon that is out says so this often
        "report_ms",  # how long a re-holster is reported
        "hold_ms",  # the recording goes on this long after the last weapon is back
        "lease_ms",  # a weapon not heard of for this long is no longer known to be out
        "buffer_ms",  # the recorder's pre-event buffer
        "cancel_ms",  # a bare draw may be cancelled by its officer for so long; 0: never
        "test_ms",  # a function test that was announced, and the test mode, end after so long
        "mute_ms",  # muted alerts come back after so long; 0: they cannot be muted
        "ready_every_ms",  # a camera unit says how it is so often; 0: never
        "present_every_ms",  # a holster unit says that it is there so often; 0: never
        "on_draw",  # whom it concerns: REACH_*
        "on_arm",
        "on_discharge",
        "covert",  # no unit shows a light; alerts are still felt
        "stop_after_hold",  # whether a recording that the interlock started is stopped after the hold
        "store_after_ms",  # a unit that is put away for so long sleeps deeply; 0: never
    ),
)
DEFAULT_POLICY = Policy(
    settle_ms=1000,
    confirm_ms=5,
    refractory_ms=200,
    fault_ms=100,
    heard_limit_ms=2000,
    start_limit_ms=5000,
    proof_limit_ms=7000,
    renew_ms=2000,
    report_ms=3000,
    hold_ms=30000,
    lease_ms=600000,
    buffer_ms=30000,
    cancel_ms=10000,
    test_ms=60000,
    mute_ms=600000,
    ready_every_ms=20000,
    present_every_ms=90000,
    on_draw=REACH_GROUP,
    on_arm=REACH_GROUP,
    on_discharge=REACH_GROUP,
    covert=False,
    stop_after_hold=True,
    store_after_ms=3600000,
)
# Figures that a unit can run with, least and most: ticks compare over six days only, and a renewal every 0 ms would
# leave no time for anything else.
DAY_MS = 86400000
POLICY_LIMITS = (
    ("settle_ms", 50, 60000),
    ("confirm_ms", 0, 1000),
    ("refractory_ms", 100, 10000),  # pulses come 19 a second: below that a trigger held would be several discharges
    ("fault_ms", 10, 60000),
    ("heard_limit_ms", 100, 60000),
    ("start_limit_ms", 100, 120000),
    ("proof_limit_ms", 500, 120000),
    ("renew_ms", 200, 60000),
    ("report_ms", 0, 60000),
    ("hold_ms", 0, DAY_MS),
    ("lease_ms", 10000, DAY_MS),
    ("buffer_ms", 0, 6553500),
    ("cancel_ms", 0, 60000),
    ("test_ms", 1000, 600000),
    ("mute_ms", 0, 3600000),
    ("ready_every_ms", 5000, 600000),
    ("present_every_ms", 10000, 3600000),
    ("on_draw", REACH_JOURNAL, REACH_GROUP),
    ("on_arm", REACH_JOURNAL, REACH_GROUP),
    ("on_discharge", REACH_OWN, REACH_GROUP),
    ("store_after_ms", 600000, 6 * DAY_MS),
)
MAY_BE_NONE = ("ready_every_ms", "present_every_ms", "store_after_ms")  # 0 is allowed, too
Settings = namedtuple(
    "Settings",
    (
        "revision",
        "serial",
        "unit",
        "role",
        "unit_key",
        "group_key",
        "group_other",
        "partners",
        "policy",
        "recorder",  # one of RECORDER_NAMES; of a holster unit MOMENTARY
        "recorder_id",  # 8 bytes: of a GoPro the last characters of its name, zeros behind; else zeros
    ),
)

_ADDED = struct.pack(">I", DEFAULT_POLICY.store_after_ms) + struct.pack(_RECORDER, *DEFAULT_RECORDER)


class SettingsError(ValueError):
    """Settings that no unit can run with; the text says which and why."""


def encode(settings: Settings) -> bytes:
    """The settings as stored. Raises SettingsError for what does not fit."""
    if len(settings.serial) != 8:
        raise SettingsError("a serial has 8 bytes; this one has %d" % len(settings.serial))
    if len(settings.partners) > PARTNERS_MAX:
        raise SettingsError("a unit has at most %d partners" % PARTNERS_MAX)
    reason = _unsound(settings)
    if reason is not None:
        raise SettingsError(reason)
    body = b"".join([struct.pack(_PARTNER, *partner) for partner in settings.partners])
    body += struct.pack(_POLICY, *settings.policy) + struct.pack(_RECORDER, settings.recorder, settings.recorder_id)
    length = struct.calcsize(_HEAD) + len(body) + 4
    head = struct.pack(
        _HEAD,
        MAGIC,
        length,
        settings.revision,
        settings.serial,
        settings.unit,
        settings.role,
        settings.unit_key,
        settings.group_key,
        settings.group_other,
        len(settings.partners),
    )
    data = head + body
    return data + struct.pack(">I", crc32(data) & 0xFFFFFFFF)


def decode(data: "Bytes") -> Settings | None:
    """The Settings in `data` (bytes-like, may be longer), or None when it holds none that are whole."""
    head_bytes = struct.calcsize(_HEAD)
    if len(data) < head_bytes:
        return None
    magic, length, revision, *own, count = struct.unpack_from(_HEAD, data, 0)
    added = b"" if magic == MAGIC else _ADDED
    fixed = struct.calcsize(_POLICY) + struct.calcsize(_RECORDER) - len(added) + 4
    if length != head_bytes + count * struct.calcsize(_PARTNER) + fixed or length > len(data) or count > PARTNERS_MAX:
        return None
    if magic not in (MAGIC, _MAGIC_BEFORE):
        return None
    if struct.unpack_from(">I", data, length - 4)[0] != crc32(bytes(data[: length - 4])) & 0xFFFFFFFF:
        return None
    if added:
        data = bytes(data[: length - 4]) + added
    offset = head_bytes
    partners = []
    for _ in range(count):
        partners.append(Partner(*struct.unpack_from(_PARTNER, data, offset)))
        offset += struct.calcsize(_PARTNER)
    values = struct.unpack_from(_POLICY, data, offset)
    if max(values[-3:-1]) > 1:
        return None
    policy = Policy(*(values[:-3] + (bool(values[-3]), bool(values[-2]), values[-1])))
    recorder = struct.unpack_from(_RECORDER, data, offset + struct.calcsize(_POLICY))
    settings = Settings(*([revision] + own + [partners, policy] + list(recorder)))
    return settings if _unsound(settings) is None else None


def _unsound(settings: Settings) -> str | None:
    """Why no unit can run with the numbers in them, or None."""
    for who in [settings] + list(settings.partners):
        if who.role not in ROLE_NAMES or not 0 < who.unit <= 0xFFFF:
            return "roles must be holster, camera or combined, and unit numbers 1 to 65535"
    for partner in settings.partners:
        if partner.standing not in (SPARE, PAIRED):
            return "a partner is a spare (0) or paired (1); unit %d is %d" % (partner.unit, partner.standing)
    return unsound_recorder(settings.role, settings.recorder, settings.recorder_id) or unsound_policy(settings.policy)


def unsound_recorder(role: int, kind: int, which: bytes) -> str | None:
    """Why no unit of this role can have such a recorder, in words, or None."""
    if kind not in RECORDER_NAMES or len(which) != 8:
        return "a recorder's kind is 0 to %d, and 8 bytes tell which one it is" % (len(RECORDER_NAMES) - 1)
    if not role & ROLE_CAMERA and kind != MOMENTARY:
        return "a holster unit has no recorder"
    if (kind == GOPRO) != (which != ANY_RECORDER):
        return "a GoPro is told by the last characters of its name (recorder_id), and no other recorder is"
    return None


def unsound_policy(policy: Policy) -> str | None:
    """Which figure of a policy no unit can run with, in words, or None."""
    for name, least, most in POLICY_LIMITS:
        value = getattr(policy, name)
        if not least <= value <= most and not (value == 0 and name in MAY_BE_NONE):
            none = ", or 0 for none" if name in MAY_BE_NONE else ""
            return "policy %s = %d: it must be %d to %d%s" % (name, value, least, most, none)
    if not policy.on_draw <= policy.on_arm <= policy.on_discharge:
        return "policy on_arm: what is graver cannot concern fewer: on_draw <= on_arm <= on_discharge"
    return None


def policy_changes(old: Policy, new: Policy) -> list[tuple[int, int, int]]:
    """(place in Policy, before, after) of each figure that differs: what the journal keeps of a change."""
    return [(i, int(old[i]), int(new[i])) for i in range(len(new)) if old[i] != new[i]]


def digest(settings: Settings) -> bytes:
    """First 8 bytes of SHA-256 over the stored form: what the journal says is in force."""
    whole: bytes = hashlib.sha256(encode(settings)).digest()
    return whole[:8]


def _decode_slot(data: bytearray) -> tuple[int, Settings] | None:
    found = decode(data)
    return None if found is None else (found.revision, found)


def load(flash: "Flash") -> Settings | None:
    """The Settings in force on this settings area, or None: unprovisioned."""
    found: Settings | None = slots.load(flash, FIRST, _decode_slot)
    return found


def store(flash: "Flash", settings: Settings) -> None:
    """Put `settings` in force. SettingsError when they are not newer than the present ones."""
    present = load(flash)
    if present is not None and settings.revision <= present.revision:
        raise SettingsError(
            "revision %d is not newer than %d, which is in force: raise it" % (settings.revision, present.revision)
        )
    slots.store(flash, FIRST, encode(settings), _decode_slot, settings)
