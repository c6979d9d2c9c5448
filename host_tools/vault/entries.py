"""What the vault's files hold, as values and as JSON. Keys are in no repr and in no error's text."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from interlock.core import settings as unit_settings
from interlock.core.access import SECRET_BYTES
from interlock.core.seal import KEY_BYTES as SEAL_KEY_BYTES
from interlock.core.settings import ANY_RECORDER, DEFAULT_POLICY, MOMENTARY, Policy, Settings
from interlock.core.wire import PUBLIC_KEY_BYTES

from ..label import Label
from .fields import Change, Fields

PREPARED: Literal["prepared"] = "prepared"
COMMITTED: Literal["committed"] = "committed"
REVOKED: Literal["revoked"] = "revoked"

Kind = Literal["force", "technician", "auditor"]
KINDS: tuple[Kind, ...] = ("force", "technician", "auditor")

PairState = Literal["prepared", "holster", "camera", "committed"]
PAIR_STATES: tuple[PairState, ...] = ("prepared", "holster", "camera", "committed")


@dataclass(frozen=True)
class AdminKey:
    """The key of `step`; `next_key`: was offered for the step after it, and no answer came yet."""

    step: int
    key: bytes = field(repr=False)
    next_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class UnitEntry:
    """A unit. `serial_raw`: the 8 bytes as the unit holds them; `state`: prepared until an admin session closed its
    label; `revision`: of the settings that it was given last; `seal_keys`: all that its journal was ever given, the
    newest last; `signing_keys`: all public keys that it made, likewise; `key_due`: it was asked to make another one,
    which has not come; `held`: the settings that it confirmed last; `given`: those that it was offered since, and may
    hold as well; `recorder`, `recorder_id`: as in settings."""

    serial: str
    serial_raw: bytes
    state: Literal["prepared", "committed", "revoked"]
    number: int
    role: int
    name: str
    unit_key: bytes = field(repr=False)
    admin: AdminKey
    technician_root: bytes = field(repr=False)
    revision: int
    policy: Policy
    seal_keys: tuple[bytes, ...] = field(default=(), repr=False)
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)
    key_due: bool = False
    unit_change: Change | None = None
    held: Settings | None = field(default=None, repr=False)
    given: Settings | None = field(default=None, repr=False)
    recorder: int = MOMENTARY
    recorder_id: bytes = ANY_RECORDER


@dataclass(frozen=True)
class LentEntry:
    """A unit as a technician's vault knows it. `key`: the technician's own; `signing_keys`: its public ones."""

    serial: str
    number: int
    role: int
    name: str
    key: bytes = field(repr=False)
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class WatchedEntry:
    """A unit as an auditor's vault knows it: what checks its journals. `seal_keys`, `signing_keys`: as a unit's."""

    serial: str
    serial_raw: bytes
    number: int
    role: int
    name: str
    seal_keys: tuple[bytes, ...] = field(repr=False)
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PairEntry:
    """A pair's keys. How far the change from `old_key` (None: there was none) to `key` has come:

    prepared: the holster is to hold both, the camera still the old one; holster: the holster has both, the camera is to
    hold the new one; camera: the camera has it, the holster is to forget the old one; committed: done, no old key.
    `spare`: it counts only while it is assigned."""

    holster: str
    camera: str
    state: PairState
    key: bytes = field(repr=False)
    old_key: bytes | None = field(repr=False)
    spare: bool = False


@dataclass(frozen=True)
class Force:
    """The force's own file. `epoch`: of `group_key`, counted from 1; `policy`: what units are to go by, but for their
    own exceptions. In a technician's or an auditor's vault `person` is set and `group_key` is not; `expires_s`: when a
    technician's credentials end."""

    name: str
    group_key: bytes | None = field(repr=False)
    next_number: int
    person: str | None
    expires_s: int | None
    epoch: int = 1
    group_change: Change | None = None
    policy: Policy = DEFAULT_POLICY
    policy_version: int = 1
    kind: Kind = "force"


def _hex(key: bytes | None) -> str | None:
    return None if key is None else key.hex()


def _hexes(keys: tuple[bytes, ...]) -> list[str]:
    return [key.hex() for key in keys]


def _change(change: Change | None) -> dict[str, str] | None:
    return None if change is None else {"key": change.key.hex(), "step": change.step}


def _stored(settings: Settings | None) -> str | None:
    return None if settings is None else unit_settings.encode(settings).hex()


def _dump(**values: Any) -> bytes:
    return json.dumps({"version": 1} | values, indent=2).encode() + b"\n"


def unit_bytes(entry: UnitEntry) -> bytes:
    admin = {"step": entry.admin.step, "key": entry.admin.key.hex(), "next_key": _hex(entry.admin.next_key)}
    return _dump(
        serial=entry.serial,
        serial_raw=entry.serial_raw.hex(),
        state=entry.state,
        number=entry.number,
        role=entry.role,
        name=entry.name,
        unit_key=entry.unit_key.hex(),
        admin=admin,
        technician_root=entry.technician_root.hex(),
        revision=entry.revision,
        policy=entry.policy._asdict(),
        seal_keys=_hexes(entry.seal_keys),
        signing_keys=_hexes(entry.signing_keys),
        key_due=entry.key_due,
        unit_change=_change(entry.unit_change),
        held=_stored(entry.held),
        given=_stored(entry.given),
        recorder=entry.recorder,
        recorder_id=entry.recorder_id.hex(),
    )


def unit_entry(path: Path, data: bytes) -> UnitEntry:
    fields = Fields(path, data)
    admin = fields.inner("admin")
    return UnitEntry(
        fields.text("serial"),
        fields.key("serial_raw", 8),
        fields.choice("state", (PREPARED, COMMITTED, REVOKED)),
        fields.number("number"),
        fields.number("role"),
        fields.text("name"),
        fields.key("unit_key"),
        AdminKey(admin.number("step"), admin.key("key"), admin.maybe_key("next_key")),
        fields.key("technician_root"),
        fields.number("revision"),
        fields.policy("policy"),
        fields.keys("seal_keys", SEAL_KEY_BYTES),
        fields.keys("signing_keys", PUBLIC_KEY_BYTES),
        fields.flag("key_due"),
        fields.change("unit_change"),
        fields.settings("held"),
        fields.settings("given"),
        fields.number("recorder") if fields.is_there("recorder") else MOMENTARY,
        fields.key("recorder_id", len(ANY_RECORDER)) if fields.is_there("recorder_id") else ANY_RECORDER,
    )


def lent_bytes(entry: LentEntry) -> bytes:
    return _dump(
        serial=entry.serial,
        number=entry.number,
        role=entry.role,
        name=entry.name,
        technician_key=entry.key.hex(),
        signing_keys=_hexes(entry.signing_keys),
    )


def lent_entry(path: Path, data: bytes) -> LentEntry:
    fields = Fields(path, data)
    return LentEntry(
        fields.text("serial"),
        fields.number("number"),
        fields.number("role"),
        fields.text("name"),
        fields.key("technician_key"),
        fields.keys("signing_keys", PUBLIC_KEY_BYTES),
    )


def watched_bytes(entry: WatchedEntry) -> bytes:
    return _dump(
        serial=entry.serial,
        serial_raw=entry.serial_raw.hex(),
        number=entry.number,
        role=entry.role,
        name=entry.name,
        seal_keys=_hexes(entry.seal_keys),
        signing_keys=_hexes(entry.signing_keys),
    )


def watched_entry(path: Path, data: bytes) -> WatchedEntry:
    fields = Fields(path, data)
    return WatchedEntry(
        fields.text("serial"),
        fields.key("serial_raw", 8),
        fields.number("number"),
        fields.number("role"),
        fields.text("name"),
        fields.keys("seal_keys", SEAL_KEY_BYTES),
        fields.keys("signing_keys", PUBLIC_KEY_BYTES),
    )


def label_bytes(label: Label) -> bytes:
    return _dump(serial=label.serial, secret=label.secret.hex())


def label_entry(path: Path, data: bytes) -> Label:
    fields = Fields(path, data)
    return Label(fields.text("serial"), fields.key("secret", SECRET_BYTES))


def pair_bytes(entry: PairEntry) -> bytes:
    return _dump(
        holster=entry.holster,
        camera=entry.camera,
        state=entry.state,
        key=entry.key.hex(),
        old_key=_hex(entry.old_key),
        spare=entry.spare,
    )


def pair_entry(path: Path, data: bytes) -> PairEntry:
    fields = Fields(path, data)
    state: PairState = fields.choice("state", PAIR_STATES)
    return PairEntry(
        fields.text("holster"),
        fields.text("camera"),
        state,
        fields.key("key"),
        fields.maybe_key("old_key"),
        fields.flag("spare"),
    )


def force_bytes(force: Force) -> bytes:
    return _dump(
        force=force.name,
        group_key=_hex(force.group_key),
        next_number=force.next_number,
        person=force.person,
        expires_s=force.expires_s,
        epoch=force.epoch,
        group_change=_change(force.group_change),
        policy=force.policy._asdict(),
        policy_version=force.policy_version,
        kind=force.kind,
    )


def force_entry(path: Path, data: bytes) -> Force:
    fields = Fields(path, data)
    is_lent = fields.is_there("person")
    group_key = None if is_lent else fields.key("group_key")
    return Force(
        fields.text("force"),
        group_key,
        fields.number("next_number"),
        fields.text("person") if is_lent else None,
        fields.number("expires_s") if fields.is_there("expires_s") else None,
        fields.number("epoch") if fields.is_there("epoch") else 1,
        fields.change("group_change"),
        fields.policy("policy") if fields.is_there("policy") else DEFAULT_POLICY,
        fields.number("policy_version") if fields.is_there("policy_version") else 1,
        fields.choice("kind", KINDS) if fields.is_there("kind") else "technician" if is_lent else "force",
    )
