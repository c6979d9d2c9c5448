"""The vault: a force's keys, in files that only their owner may read, sealed under a key that has to be unlocked.

    keys.json                   who can unlock it, and for each of them the key of all other files (`keys.py`)
    force.json                  the force's name, the group's key and its change, the policy, the next unit's number
    units/SERIAL.json           a unit: its keys, its role, how far it is set up, what it was given and confirmed
    pairs/HOLSTER+CAMERA.json   a pair's keys
    labels/SERIAL.json          the label of a unit that is still in its box
    people/HEX.json             a person's public keys, and how long the force vouches for them (`people.py`)
    releases/key.json, ...      the key that signs releases, and what it signed (`releasing.py`)
    public/SERIAL-N.pub         the Nth public key that a unit made, to be published: 60 bytes (RFC 8554, 6.1), in clear
    uses.log, log.json          who used it when, and the log's key and end (`log.py`)

`files.py` reads and writes them, `entries.py` knows what is in them, `keyring.py` what units are to hold by that.

Three kinds: the force's own; a technician's, which holds no more than keys that pull journals until a date; an
auditor's, which checks journals and opens no unit (`lending.py` makes both). Nothing but the files' key is kept in
memory: each look reads the files, each change is on disk when it returns. Keys leave the vault only for a session; no
text, repr or error holds one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from interlock.core import access
from interlock.core.seal import KEY_BYTES as SEAL_KEY_BYTES
from interlock.core.settings import ROLE_NAMES, Policy, Settings, digest

from .. import durable
from ..label import SERIAL, Label, check_serial
from ..outcome import ToolError
from ..vouched import Vouched
from . import entries, keyring, lending, people
from . import keys as vault_keys
from .credential import Admin, Technician, person_bytes
from .entries import AdminKey, Force, LentEntry, PairEntry, UnitEntry, WatchedEntry
from .fields import FORCE_BYTES, KEY_BYTES, NAME_BYTES, check_text
from .files import FOLDERS, Files, made
from .keyring import Book
from .keys import Keys

LEASE_S = 3600  # how long a technician's credential lives that the force's vault makes for one command


class Vault:
    """`files`: where it is, and the key to it; `entropy`: a function that gives so many random bytes."""

    def __init__(self, files: Files, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.files = files
        self.entropy = entropy

    # Making and opening.

    @classmethod
    def create(
        cls, path: Path, force: str, entropy: Callable[[int], bytes] = os.urandom, keys: Keys | None = None
    ) -> "Vault":
        """A new vault for the force of this name (1 to 8 ASCII characters), sealed under these keys; None: in clear,
        for tests and simulated forces."""
        check_text(force, FORCE_BYTES, "force's name")
        with made(path, keys) as files:
            files.write(files.path / "force.json", entries.force_bytes(Force(force, entropy(KEY_BYTES), 1, None, None)))
        return cls(files, entropy)

    @classmethod
    def open(cls, path: Path, entropy: Callable[[int], bytes] = os.urandom, keys: Keys | None = None) -> "Vault":
        """The vault at `path`. `keys`: of `vault_keys.unlock`; None: it is in clear. ToolError when there is none, when
        others may read it, or when these are not its keys."""
        if not (path / "force.json").exists():
            raise ToolError(
                f"there is no vault at {path}",
                "On the force's computer the first interlock provision makes one (with --force NAME); technicians get "
                "theirs by interlock credentials. If it is elsewhere: --home DIR or INTERLOCK_HOME.",
            )
        if keys is None and (path / vault_keys.FILE).exists():
            raise ToolError(f"the vault at {path} is locked", "Unlock it: interlock vault unlock, or --key-file FILE.")
        for folder in (path, *(path / name for name in FOLDERS)):
            if not folder.exists():
                durable.make_private(folder)
            durable.check_private(folder)
        vault = cls(Files(path, keys), entropy)
        vault.force()
        return vault

    @property
    def path(self) -> Path:
        """Its directory."""
        return self.files.path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only command that changes this vault. Within one command it may be nested."""
        with self.files.locked():
            yield

    # What is in it.

    def force(self) -> Force:
        path = self.path / "force.json"
        return entries.force_entry(path, self.files.read(path))

    @property
    def person(self) -> str | None:
        """Whose vault this is; None: the force's own."""
        return self.force().person

    @property
    def kind(self) -> entries.Kind:
        """The force's own, a technician's or an auditor's."""
        return self.force().kind

    def serials(self) -> list[str]:
        """Serials of all units in it, sorted."""
        return sorted(path.stem for path in (self.path / "units").glob("*.json") if SERIAL.fullmatch(path.stem))

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, str) and SERIAL.fullmatch(serial) is not None and self._unit_path(serial).exists()

    def _unit_path(self, serial: str) -> Path:
        return self.path / "units" / f"{check_serial(serial)}.json"

    def _read_unit(self, serial: str) -> tuple[Path, bytes]:
        if serial not in self:
            if serial.upper() in self:
                raise ToolError(f"{serial} is not in the vault", f"Do you mean {serial.upper()}?")
            raise ToolError(
                f"{serial} is not in the vault",
                f"Known here: {', '.join(self.serials()) or 'none yet'}. A new one is set up with interlock provision.",
            )
        path = self._unit_path(serial)
        return path, self.files.read(path)

    def unit(self, serial: str) -> UnitEntry:
        """A unit of the force's vault."""
        self.check_own("units' keys")
        return entries.unit_entry(*self._read_unit(serial))

    def entry(self, serial: str) -> UnitEntry | LentEntry | WatchedEntry:
        """A unit, as this kind of vault knows it."""
        path, data = self._read_unit(serial)
        kind = self.kind
        if kind == "force":
            return entries.unit_entry(path, data)
        return entries.lent_entry(path, data) if kind == "technician" else entries.watched_entry(path, data)

    def name(self, serial: str) -> tuple[int, int, str]:
        """(number, role, name) of a unit, in any kind of vault."""
        entry = self.entry(serial)
        return entry.number, entry.role, entry.name

    def is_revoked(self, serial: str) -> bool:
        """Whether it counts no more; only the force's vault knows."""
        return self.person is None and self.unit(serial).state == entries.REVOKED

    def check_in_service(self, serial: str) -> None:
        """ToolError when this unit is not in service."""
        state = self.unit(serial).state
        if state == entries.REVOKED:
            raise ToolError(f"{serial} is revoked", "It has no place in this force any more: take another unit.")
        if state != entries.COMMITTED:
            raise ToolError(
                f"{serial} is not wholly set up", "Finish that first: run interlock provision with its label again."
            )

    def check_own(
        self, what: str, advice: str = "Set up and pair units on the computer that has the force's vault."
    ) -> None:
        """ToolError when this is a technician's or an auditor's vault."""
        force = self.force()
        if force.kind == "auditor":
            raise ToolError(
                f"this is {force.person}'s vault, an auditor's: it checks journals, and has no {what}", advice
            )
        if force.kind == "technician":
            raise ToolError(
                f"this is {force.person}'s vault: it has credentials to read and assign units, and no {what}", advice
            )

    # Units.

    def new_unit(self, serial: str, raw: bytes, role: int, name: str | None, policy: Policy | None = None) -> UnitEntry:
        """Keys for a unit that was never set up from here, on disk before this returns. `name`: default its role and
        number; `policy`: default the force's."""
        self.check_own("authority to set units up")
        force = self.force()
        number = force.next_number
        name = f"{ROLE_NAMES[role]} {number}" if name is None else name
        check_text(name, NAME_BYTES, "unit's name")
        admin = AdminKey(1, self.entropy(KEY_BYTES))
        keys = (self.entropy(KEY_BYTES), self.entropy(KEY_BYTES))
        policy = policy or force.policy
        entry = UnitEntry(serial, raw, entries.PREPARED, number, role, name, keys[0], admin, keys[1], 1, policy)
        keyring.check(self.book().having(entry), serial)
        self.save_force(replace(force, next_number=number + 1))
        self.save_unit(entry)
        return entry

    def save_unit(self, entry: UnitEntry) -> None:
        self.files.write(self._unit_path(entry.serial), entries.unit_bytes(entry))

    def save_force(self, force: Force) -> None:
        self.files.write(self.path / "force.json", entries.force_bytes(force))

    def offer(self, serial: str, next_key: bytes) -> None:
        """Keep the key of the admin's next step before the unit is asked to move to it."""
        entry = self.unit(serial)
        self.save_unit(replace(entry, admin=replace(entry.admin, next_key=next_key)))

    def moved(self, serial: str, step: int, key: bytes) -> None:
        """The unit is at this step of the admin's key."""
        self.save_unit(replace(self.unit(serial), admin=AdminKey(step, key)))

    # The journal's keys.

    def new_seal_key(self, serial: str) -> bytes:
        """The key (16 bytes) with which a new era of this unit's journal is to begin: on disk before the unit has it.
        The older ones are kept: parts of the journal are sealed under them."""
        entry, key = self.unit(serial), self.entropy(SEAL_KEY_BYTES)
        self.save_unit(replace(entry, seal_keys=(*entry.seal_keys, key)))
        return key

    def expect_key(self, serial: str) -> None:
        """The unit is going to be asked to make a signing key: its next public key is the force's."""
        self.save_unit(replace(self.unit(serial), key_due=True))

    def learn_key(self, serial: str, public: bytes) -> bool:
        """Keep and publish what an authentic unit calls its public key, if it was asked to make one; whether the vault
        stands for this key."""
        if self.person is None and public not in self.signing_keys(serial) and self.unit(serial).key_due:
            with self.locked():
                entry = self.unit(serial)
                self.save_unit(replace(entry, signing_keys=(*entry.signing_keys, public), key_due=False))
        is_known = public in self.signing_keys(serial)
        if is_known and self.person is None:
            self._publish(serial)
        return is_known

    def signing_keys(self, serial: str) -> tuple[bytes, ...]:
        """The public keys that this unit made, the newest last; in any kind of vault."""
        return self.entry(serial).signing_keys

    def seal_keys(self, serial: str, raw: bytes) -> tuple[bytes, ...] | None:
        """The keys that this unit's journal was given, the newest last; none in a technician's vault. `raw`: its serial
        as its journal has it: None when that is another unit's."""
        entry = self.entry(serial)
        if isinstance(entry, LentEntry):
            return ()
        return entry.seal_keys if entry.serial_raw == raw else None

    def _publish(self, serial: str) -> None:
        """A file for each public key, for others to read as well."""
        folder = self.path / "public"
        for number, public in enumerate(self.signing_keys(serial), 1):
            path = folder / f"{check_serial(serial)}-{number}.pub"
            if not path.exists():
                with self.locked():
                    self.files.write_open(path, public)

    # Pairs.

    def _pair_path(self, holster: str, camera: str) -> Path:
        return self.path / "pairs" / f"{check_serial(holster)}+{check_serial(camera)}.json"

    def pair(self, holster: str, camera: str) -> PairEntry | None:
        path = self._pair_path(holster, camera)
        return entries.pair_entry(path, self.files.read(path)) if path.exists() else None

    def pairs(self) -> list[PairEntry]:
        """All pairs, sorted by their files' names."""
        found = sorted((self.path / "pairs").glob("*+*.json"))
        return [entries.pair_entry(path, self.files.read(path)) for path in found]

    def save_pair(self, entry: PairEntry) -> None:
        """ToolError, and nothing written, when a unit could not run with it."""
        self.check_pair(self.book(), entry)
        self.files.write(self._pair_path(entry.holster, entry.camera), entries.pair_bytes(entry))

    def check_pair(self, book: Book, entry: PairEntry) -> Book:
        """The book with this pair in it; ToolError when a unit could not run with it, now or a step later."""
        for state in entries.PAIR_STATES[entries.PAIR_STATES.index(entry.state) :]:
            book = book.having(replace(entry, state=state))
            for serial in (entry.holster, entry.camera):
                keyring.check(book, serial)
        return book.having(entry)

    # What a unit is to hold, and holds.

    def book(self) -> Book:
        """All of it, as it is now."""
        self.check_own("keys in service")
        units = {serial: self.unit(serial) for serial in self.serials()}
        pairs = {(pair.holster, pair.camera): pair for pair in self.pairs()}
        for holster, camera in pairs:
            if holster not in units or camera not in units:
                raise ToolError(
                    f"{self._pair_path(holster, camera)} names a unit that is not in the vault",
                    "Restore that unit's file from a copy of the vault, or move this one out of the folder 'pairs'.",
                )
        return Book(self.force(), units, pairs)

    def save(self, entry: keyring.Entry) -> None:
        """Write an entry of the book."""
        if isinstance(entry, Force):
            self.save_force(entry)
        elif isinstance(entry, UnitEntry):
            self.save_unit(entry)
        else:
            self.files.write(self._pair_path(entry.holster, entry.camera), entries.pair_bytes(entry))

    def settings_for(self, serial: str, revision: int) -> Settings:
        """The settings that this unit is to hold now."""
        self.unit(serial)  # or the error that says so
        return keyring.settings_for(self.book(), serial, revision)

    def give(self, serial: str, wanted: Settings, present: bytes) -> None:
        """The unit, which holds the settings with the digest `present`, is going to be offered others: kept before it
        has them."""
        entry = self.unit(serial)
        known = [settings for settings in keyring.perhaps(entry) if digest(settings) == present]
        self.save_unit(replace(entry, held=known[0] if known else None, given=wanted, revision=wanted.revision))

    def confirm(self, serial: str, holds: Settings) -> None:
        """The unit proved to hold these. What others waited for goes on by that."""
        entry = self.unit(serial)
        confirmed = replace(entry, held=holds, given=None, revision=holds.revision)
        if confirmed != entry:
            self.save_unit(confirmed)
        self.go_on()

    def go_on(self) -> None:
        """Take all steps of changes that are due, without any unit."""
        book = self.book()
        while (step := keyring.due(book, self.entropy)) is not None:
            self.save(step)
            book = book.having(step)

    # Credentials.

    def admins(self, serial: str, person: str) -> list[Admin]:
        """Credentials to try in turn: first the step that may have been taken without our knowing."""
        key = self.unit(serial).admin
        offered = [] if key.next_key is None else [Admin(key.next_key, key.step + 1, person)]
        return offered + [Admin(key.key, key.step, person)]

    def technician(self, serial: str, person: str, utc_ms: int) -> Technician:
        """The credential to read a unit with: least privilege in either kind of vault."""
        force = self.force()
        if force.kind == "auditor":
            self.check_own("credentials that open units", "Pull with the force's vault, or with a technician's.")
        if force.person is None:
            root = self.unit(serial).technician_root
            expires_s = utc_ms // 1000 + LEASE_S
            return Technician(access.technician_key(root, person_bytes(person), expires_s), person, expires_s)
        assert force.expires_s is not None
        if force.expires_s * 1000 < utc_ms:
            raise ToolError(
                f"the credentials of {force.person} have expired (by this host's clock)",
                "Have new ones made on the computer with the force's vault: interlock credentials.",
            )
        return Technician(entries.lent_entry(*self._read_unit(serial)).key, force.person, force.expires_s)

    def lend(self, path: Path, person: str, expires_s: int, keys: Keys | None = None) -> int:
        """Make a technician's vault at `path`, sealed under these keys; how many units it can read."""
        return lending.technician(self, path, person, expires_s, keys)

    def people(self) -> dict[str, tuple[Vouched, ...]]:
        """The public keys that the force vouches for, or did once, by person; in any kind of vault."""
        return people.vouched(self)

    # Labels of units that are still in their boxes.

    def _label_path(self, serial: str) -> Path:
        return self.path / "labels" / f"{check_serial(serial)}.json"

    def keep_label(self, label: Label) -> None:
        """Keep this label until its unit is set up. ToolError when another label of this serial is kept."""
        self.check_own("labels")
        path = self._label_path(label.serial)
        with self.locked():
            if not path.exists():
                self.files.write(path, entries.label_bytes(label))
            elif entries.label_entry(path, self.files.read(path)) != label:
                raise ToolError(
                    f"the vault has another label of {label.serial}",
                    "Two units bear one serial, or one of the labels is wrong: compare them before any is set up.",
                )

    def labels(self) -> list[Label]:
        """All labels that are kept, sorted by serial."""
        found = sorted((self.path / "labels").glob("*.json"))
        return [entries.label_entry(path, self.files.read(path)) for path in found]

    def drop_label(self, serial: str) -> None:
        """Keep the label of this unit no longer: it opens nothing any more."""
        if self._label_path(serial).exists():
            with self.locked():
                self.files.remove(self._label_path(serial))
