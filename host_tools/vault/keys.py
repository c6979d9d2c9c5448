"""The vault's locks (`keys.json`): who can open it, and how the key of all its files is kept for each of them.

All files are sealed under one random data key, which each person's slot holds (`slots.py`). Whoever opens the
vault can give it a new data key for all who stay, without asking them, and who was removed does not get it.

`digest` (SHA-256) tells damage apart from a wrong passphrase; `mac` (under the data key) shows to whoever opens the
vault that nobody put a slot in without the data key. What is read here is not believed: figures that would cost
gigabytes are refused before any work.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import durable
from ..outcome import ToolError
from . import slots as vault_slots
from .fields import Damaged
from .sealed import KEY_BYTES, SALT_BYTES, NotOpened, decrypt, derive, encrypt
from .slots import Entropy, Kind, NewSlot, Secret, Slot, some_bytes

FILE = "keys.json"
SLOTS_MAX = 16
_ID_BYTES = 16


class WrongSecret(ToolError):
    """No slot of this kind opens with it."""

    def __init__(self, path: Path, kind: Kind) -> None:
        what = {"passphrase": "this passphrase", "key file": "this key file", "keyring": "the secret in the keyring"}
        super().__init__(
            f"{what[kind]} does not open the vault at {path}",
            "Try again; interlock vault keys lists, once it is open, who can open it. The vault was not changed.",
        )
        self.kind = kind


@dataclass(frozen=True)
class Locks:
    """`keys.json`. `vault`: its id, in hex; `generation`: of the data key, counted from 1; `before`: the key before it,
    sealed under it, while there are files under that; `is_partly_clear`: files are being encrypted for the first time;
    `mirror`: a folder that is kept the same, or None."""

    vault: str
    generation: int
    slots: tuple[Slot, ...]
    before: bytes | None = field(default=None, repr=False)
    is_partly_clear: bool = False
    mirror: str | None = None

    @property
    def key_name(self) -> tuple[str, int]:
        """Which data key this is."""
        return self.vault, self.generation

    @property
    def is_moving(self) -> bool:
        """Whether files are on their way to the present key."""
        return self.before is not None or self.is_partly_clear


@dataclass(frozen=True)
class Keys:
    """An open vault's: `data`: the data key; `before`: the one before it, while files are moved; `slot`: by which it
    was opened."""

    locks: Locks
    slot: Slot
    data: bytes = field(repr=False)
    before: bytes | None = field(default=None, repr=False)

    def of(self, generation: int) -> bytes | None:
        """The data key of this generation, if it is known."""
        if generation == self.locks.generation:
            return self.data
        return self.before if generation == self.locks.generation - 1 else None


# Opening.


def read(path: Path) -> Locks | None:
    """The locks of the vault at `path`; None: it has none, it is in clear. ToolError when they are damaged."""
    file = path / FILE
    return _parse(file, durable.read(file))[0] if file.exists() else None


def unlock(path: Path, secret: Secret, first: str | None = None) -> Keys:
    """The keys of the vault at `path`. `first`: the person whose slots are tried first. Raises WrongSecret."""
    file = path / FILE
    locks, _ = _parse(file, durable.read(file))
    slots = [slot for slot in locks.slots if slot.kind == secret.kind]
    for slot in sorted(slots, key=lambda slot: slot.person != first):
        try:
            data = slot.open(locks.vault, locks.generation, secret)
        except NotOpened:
            continue
        return with_data_key(path, slot.number, data)
    raise WrongSecret(path, secret.kind)


def with_data_key(path: Path, number: int, data: bytes) -> Keys:
    """The keys of the vault at `path`, whose data key this is, by way of this slot. ToolError when it is not, or when
    the slots are not what its holders made them."""
    file = path / FILE
    locks, mac = _parse(file, durable.read(file))
    slot = next((slot for slot in locks.slots if slot.number == number), None)
    if slot is None or not hmac.compare_digest(mac, _mac(data, _body(locks))):
        raise Damaged(file, "somebody without the vault's key changed who can open it")
    before = None
    if locks.before is not None:
        try:
            before = decrypt(data, locks.before[:SALT_BYTES], f"{locks.vault} before", locks.before[SALT_BYTES:])
        except NotOpened:
            raise Damaged(file, "the key before the present one does not open") from None
    return Keys(locks, slot, data, before)


# Changing. Each gives what is to be written, and the keys that go with it.


def fresh(new: NewSlot, made_s: int, entropy: Entropy, is_partly_clear: bool = False) -> Keys:
    """Keys for a new vault."""
    locks = Locks(entropy(_ID_BYTES).hex(), 1, (), None, is_partly_clear)
    data = entropy(KEY_BYTES)
    slot = new.make(locks.vault, 1, 1, data, made_s, entropy)
    return Keys(replace(locks, slots=(slot,)), slot, data)


def adding(keys: Keys, new: NewSlot, made_s: int, entropy: Entropy) -> Keys:
    """With one slot more."""
    if len(keys.locks.slots) >= SLOTS_MAX:
        raise ToolError(
            f"the vault has {SLOTS_MAX} keys already", "Remove one that is not used: interlock vault remove-key."
        )
    locks = keys.locks
    after = 1 + max(slot.number for slot in locks.slots)
    slot = new.make(locks.vault, locks.generation, after, keys.data, made_s, entropy)
    return replace(keys, locks=replace(keys.locks, slots=(*keys.locks.slots, slot)))


def without(keys: Keys, number: int) -> Keys:
    """Without this slot; the data key has to be changed next (`turning`)."""
    left = tuple(slot for slot in keys.locks.slots if slot.number != number)
    if len(left) == len(keys.locks.slots):
        known = ", ".join(str(slot.number) for slot in keys.locks.slots)
        raise ToolError(f"the vault has no key number {number}", f"It has {known}: interlock vault keys.")
    if not left:
        raise ToolError(
            "this is the only key that opens the vault",
            "Add another one first: interlock vault add-key. Nothing was changed.",
        )
    slot = keys.slot if keys.slot.number != number else left[0]
    return replace(keys, locks=replace(keys.locks, slots=left), slot=slot)


def turning(keys: Keys, entropy: Entropy) -> Keys:
    """With a new data key, in which the present one is kept until all files are under the new one."""
    locks, data, salt = keys.locks, entropy(KEY_BYTES), entropy(SALT_BYTES)
    generation = locks.generation + 1
    slots = tuple(slot.wrapping(locks.vault, generation, data) for slot in locks.slots)
    before = salt + encrypt(data, salt, f"{locks.vault} before", keys.data)
    turned = replace(locks, generation=generation, slots=slots, before=before)
    slot = next(slot for slot in slots if slot.number == keys.slot.number)
    return Keys(turned, slot, data, keys.data)


def settled(keys: Keys) -> Keys:
    """All files are under the present key: the one before is forgotten."""
    return replace(keys, locks=replace(keys.locks, before=None, is_partly_clear=False), before=None)


# The file.


def encode(keys: Keys) -> bytes:
    """The bytes of `keys.json`."""
    body = _body(keys.locks)
    return _text(body | {"mac": _mac(keys.data, body), "digest": ""})


def _text(values: dict[str, Any]) -> bytes:
    """JSON whose `digest` is that of the text with an empty one."""
    plain = json.dumps(values | {"digest": ""}, indent=1)
    return json.dumps(values | {"digest": hashlib.sha256(plain.encode()).hexdigest()}, indent=1).encode() + b"\n"


def _mac(data_key: bytes, body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True).encode()
    return hmac.digest(derive(data_key, "keys.json"), text, "sha256").hex()


def _body(locks: Locks) -> dict[str, Any]:
    return {
        "version": 1,
        "vault": locks.vault,
        "generation": locks.generation,
        "before": None if locks.before is None else locks.before.hex(),
        "is_partly_clear": locks.is_partly_clear,
        "mirror": locks.mirror,
        "slots": [vault_slots.body(slot) for slot in locks.slots],
    }


def _parse(path: Path, data: bytes) -> tuple[Locks, str]:
    """(locks, mac) of a file that is whole. Nothing of it is authentic before the mac was checked."""
    try:
        values = json.loads(data)
        is_whole = isinstance(values, dict) and _text(values) == data
    except (ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        raise Damaged(path, "its digest does not fit what it holds")
    try:
        before = None if values["before"] is None else some_bytes(values["before"], SALT_BYTES + KEY_BYTES + 16)
        slots = tuple(map(vault_slots.parse, values["slots"]))
        locks = Locks(
            some_bytes(values["vault"], _ID_BYTES).hex(),
            vault_slots.number(values["generation"], 1, 2**31),
            slots,
            before,
            bool(values["is_partly_clear"]),
            values["mirror"],
        )
        has_all = values.keys() == _body(locks).keys() | {"mac", "digest"}
        if values["version"] != 1 or not 1 <= len(slots) <= SLOTS_MAX or not has_all:
            raise ValueError
        if not isinstance(values["mirror"], str | None):
            raise ValueError
        return locks, str(values["mac"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(path, "it holds no keys that this program knows") from None
