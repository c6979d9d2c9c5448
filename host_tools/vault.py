"""The vault: a force's keys, in files that only their owner may read. `durable.py` writes them, `entries.py` reads.

    force.json                  the force's name, the group's key and its change, the policy, the next unit's number
    units/SERIAL.json           a unit: its keys, its role, how far it is set up, what it was given and confirmed
    pairs/HOLSTER+CAMERA.json   a pair's keys
    public/SERIAL-N.pub         the Nth public key that a unit made, to be published: 60 bytes (RFC 8554, 6.1)

What units are to hold follows from it by the rules of `keyring.py`; `changes.py` changes what they are to hold.

Two kinds: the force's own, and a technician's (`lend`), which holds no more than keys that pull journals until a date.
Nothing is kept in memory: each look reads the files, each change is on disk when it returns. Keys leave the vault only
for a session; no text, repr or error holds one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from interlock.core import access
from interlock.core.seal import KEY_BYTES as SEAL_KEY_BYTES
from interlock.core.settings import PARTNERS_MAX, ROLE_NAMES, Policy, Settings, SettingsError, digest, encode

from . import durable, entries, keyring
from .credential import Admin, Technician, person_bytes
from .entries import KEY_BYTES, AdminKey, Force, LentEntry, PairEntry, UnitEntry
from .keyring import PAIRS_MAX, Book
from .label import SERIAL, check_serial
from .outcome import ToolError

LEASE_S = 3600  # how long a technician's credential lives that the force's vault makes for one command
NAME_BYTES = 16
FORCE_BYTES = 8


class Vault:
    """`path`: its directory; `entropy`: a function that gives so many random bytes."""

    def __init__(self, path: Path, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.path = path
        self.entropy = entropy
        self._depth = 0

    # Making and opening.

    @classmethod
    def create(cls, path: Path, force: str, entropy: Callable[[int], bytes] = os.urandom) -> "Vault":
        """A new vault for the force of this name (1 to 8 ASCII characters)."""
        _check_text(force, FORCE_BYTES, "force's name")
        return cls._made(path, Force(force, entropy(KEY_BYTES), 1, None, None), [], entropy)

    @classmethod
    def _made(cls, path: Path, force: Force, lent: list[LentEntry], entropy: Callable[[int], bytes]) -> "Vault":
        if (path / "force.json").exists():
            raise ToolError(f"there is a vault at {path} already", "Use it, or name another place with --home DIR.")
        for folder in (path, path / "units", path / "pairs"):
            durable.make_private(folder)
        vault = cls(path, entropy)
        with vault.locked():
            for entry in lent:
                vault._write(vault._unit_path(entry.serial), entries.lent_bytes(entry))
            # Last: without it there is no vault, so half a one is never taken for one.
            vault._write(path / "force.json", entries.force_bytes(force))
        return vault

    @classmethod
    def open(cls, path: Path, entropy: Callable[[int], bytes] = os.urandom) -> "Vault":
        """The vault at `path`. ToolError when there is none, or when others may read it."""
        if not (path / "force.json").exists():
            raise ToolError(
                f"there is no vault at {path}",
                "On the force's computer the first interlock provision makes one (with --force NAME); technicians get "
                "theirs by interlock credentials. If it is elsewhere: --home DIR or INTERLOCK_HOME.",
            )
        for folder in (path, path / "units", path / "pairs"):
            if not folder.exists():
                durable.make_private(folder)
            durable.check_private(folder)
        vault = cls(path, entropy)
        vault.force()
        return vault

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only command that changes this vault. Within one command it may be nested."""
        if self._depth:
            yield
            return
        with durable.locked(self.path):
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _write(self, path: Path, data: bytes) -> None:
        assert self._depth, "whoever writes the vault locks it first"
        durable.replace(path, data)

    # What is in it.

    def force(self) -> Force:
        path = self.path / "force.json"
        return entries.force_entry(path, durable.read(path))

    @property
    def person(self) -> str | None:
        """Whose vault this is; None: the force's own."""
        return self.force().person

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
        return path, durable.read(path)

    def unit(self, serial: str) -> UnitEntry:
        """A unit of the force's vault."""
        self.check_own("units' keys")
        return entries.unit_entry(*self._read_unit(serial))

    def _entry(self, serial: str) -> UnitEntry | LentEntry:
        path, data = self._read_unit(serial)
        return entries.unit_entry(path, data) if self.person is None else entries.lent_entry(path, data)

    def name(self, serial: str) -> tuple[int, int, str]:
        """(number, role, name) of a unit, in either kind of vault."""
        entry = self._entry(serial)
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
        """ToolError when this is a technician's vault."""
        person = self.person
        if person is not None:
            raise ToolError(
                f"this is {person}'s vault: it has credentials to read and assign units, and no {what}",
                advice,
            )

    # Units.

    def new_unit(self, serial: str, raw: bytes, role: int, name: str | None, policy: Policy | None = None) -> UnitEntry:
        """Keys for a unit that was never set up from here, on disk before this returns. `name`: default its role and
        number; `policy`: default the force's."""
        self.check_own("authority to set units up")
        force = self.force()
        number = force.next_number
        name = f"{ROLE_NAMES[role]} {number}" if name is None else name
        _check_text(name, NAME_BYTES, "unit's name")
        admin = AdminKey(1, self.entropy(KEY_BYTES))
        keys = (self.entropy(KEY_BYTES), self.entropy(KEY_BYTES))
        policy = policy or force.policy
        entry = UnitEntry(serial, raw, entries.PREPARED, number, role, name, keys[0], admin, keys[1], 1, policy)
        self.check(self.book().having(entry), serial)
        self.save_force(replace(force, next_number=number + 1))
        self.save_unit(entry)
        return entry

    def save_unit(self, entry: UnitEntry) -> None:
        self._write(self._unit_path(entry.serial), entries.unit_bytes(entry))

    def save_force(self, force: Force) -> None:
        self._write(self.path / "force.json", entries.force_bytes(force))

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
        """The public keys that this unit made, the newest last; in either kind of vault."""
        return self._entry(serial).signing_keys

    def _publish(self, serial: str) -> None:
        """A file for each public key, for others to read as well."""
        folder = self.path / "public"
        for number, public in enumerate(self.signing_keys(serial), 1):
            path = folder / f"{check_serial(serial)}-{number}.pub"
            if not path.exists():
                with self.locked():
                    durable.make_private(folder)
                    self._write(path, public)
                    path.chmod(0o644)

    # Pairs.

    def _pair_path(self, holster: str, camera: str) -> Path:
        return self.path / "pairs" / f"{check_serial(holster)}+{check_serial(camera)}.json"

    def pair(self, holster: str, camera: str) -> PairEntry | None:
        path = self._pair_path(holster, camera)
        return entries.pair_entry(path, durable.read(path)) if path.exists() else None

    def pairs(self) -> list[PairEntry]:
        """All pairs, sorted by their files' names."""
        return [entries.pair_entry(path, durable.read(path)) for path in sorted((self.path / "pairs").glob("*+*.json"))]

    def save_pair(self, entry: PairEntry) -> None:
        """ToolError, and nothing written, when a unit could not run with it."""
        self.check_pair(self.book(), entry)
        self._write(self._pair_path(entry.holster, entry.camera), entries.pair_bytes(entry))

    def check_pair(self, book: Book, entry: PairEntry) -> Book:
        """The book with this pair in it; ToolError when a unit could not run with it, now or a step later."""
        for state in entries.PAIR_STATES[entries.PAIR_STATES.index(entry.state) :]:
            book = book.having(replace(entry, state=state))
            for serial in (entry.holster, entry.camera):
                self.check(book, serial)
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
            self._write(self._pair_path(entry.holster, entry.camera), entries.pair_bytes(entry))

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

    @staticmethod
    def check(book: Book, serial: str) -> None:
        """ToolError when the unit could not run with what it is to hold by this book."""
        if len(book.pairs_of(serial)) > PAIRS_MAX:
            raise ToolError(
                f"{serial} would be in more than {PAIRS_MAX} pairs",
                f"A unit holds {PARTNERS_MAX} partners' keys, and needs one place for changes of keys.",
            )
        if keyring.places(book, serial) > PARTNERS_MAX:
            raise ToolError(
                f"{serial} has no place for another key while one of its partners' changes",
                "Finish that change first: interlock rotate, with the units in range.",
            )
        try:
            encode(keyring.settings_for(book, serial, 1))
        except SettingsError as error:
            raise ToolError(f"{serial} cannot run with these settings: {error}", "Nothing was changed.") from error

    # Credentials.

    def admins(self, serial: str, person: str) -> list[Admin]:
        """Credentials to try in turn: first the step that may have been taken without our knowing."""
        key = self.unit(serial).admin
        offered = [] if key.next_key is None else [Admin(key.next_key, key.step + 1, person)]
        return offered + [Admin(key.key, key.step, person)]

    def technician(self, serial: str, person: str, utc_ms: int) -> Technician:
        """The credential to read a unit with: least privilege in either kind of vault."""
        force = self.force()
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

    def lend(self, path: Path, person: str, expires_s: int) -> int:
        """Make a technician's vault at `path`; how many units it can read."""
        self.check_own("authority to make credentials")
        units = [entry for entry in map(self.unit, self.serials()) if entry.state == entries.COMMITTED]
        if not units:
            raise ToolError("the vault has no unit that is set up", "Set one up first: interlock provision.")
        lent = []
        for unit in units:
            key = access.technician_key(unit.technician_root, person_bytes(person), expires_s)
            lent.append(LentEntry(unit.serial, unit.number, unit.role, unit.name, key, unit.signing_keys))
        Vault._made(path, Force(self.force().name, None, 0, person, expires_s), lent, self.entropy)
        return len(units)


def _check_text(text: str, most: int, what: str) -> None:
    if not (1 <= len(text) <= most and text.isascii() and text.isprintable()):
        raise ToolError(f"{text!r} is no {what}", f"It has 1 to {most} printable ASCII characters.")
