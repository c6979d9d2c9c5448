"""`interlock vault ...`: who can open the vault, and for how long it stays open. Its care: `vault_care.py`."""

import os
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..asking import asker
from ..context import utc_ms
from ..outcome import Exit, ToolError
from ..person import check_person
from ..vault import keys as vault_keys
from ..vault import ticket as vault_ticket
from ..vault import unlock as vault_unlock
from ..vault.keys import WrongSecret
from ..vault.slots import NewSlot, Secret, Slot, passphrase
from ..vault.vault import Vault
from . import vault_care, vault_people
from .running import Json, Yes, confirm, end, of, print_json
from .tables import console, table

app = typer.Typer(help="The vault: who can open it, backups, and who used it when.", no_args_is_help=True)
HOUR_S = 3600
_COPIES = (
    "Who had that key may have copied the vault while it opened, and keys in such a copy stay good: if that is to be "
    "feared, change what units hold (interlock rotate, interlock pair --rekey)."
)


class Purpose(StrEnum):
    """`slots.ROLES`."""

    ADMIN = "admin"
    DOCK = "dock"
    RECOVERY = "recovery"


@app.command()
def keys(context: typer.Context, as_json: Json = False) -> None:
    """List who can open the vault.

    Each person has a key of their own: a passphrase, a key file, or a secret in the system's keyring. All of them open
    all of it; what a key is for (admin, dock, recovery) is a note, and stands in the log.

    Examples:

    - `interlock vault keys`

    Next: `interlock vault add-key`: for somebody else, or a key file for the safe.

    JSON: a list of {number, kind, person, role, made_s}.
    """
    slots = _sealed(of(context).open_vault()).locks.slots
    if as_json:
        print_json([_plain(slot) for slot in slots])
        return
    rows = table("number", "person", "opens it by", "for", "since")
    for slot in slots:
        day = datetime.fromtimestamp(slot.made_s, UTC).strftime("%Y-%m-%d")
        rows.add_row(str(slot.number), slot.person, slot.kind, slot.role, day)
    console().print(rows)


@app.command("add-key")
def add_key(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Whose it is: 1 to 8 ASCII characters")],
    role: Annotated[Purpose, typer.Option(help="What it is for: a note, not a limit")] = Purpose.ADMIN,
    key_file: Annotated[
        Path | None, typer.Option("--new-key-file", metavar="FILE", help="A key file, made if there is none")
    ] = None,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="A secret in the keyring of this login: unlocked when you log in")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let somebody else open the vault, or the same person in another way: by a passphrase that is asked for twice, by
    a key file, or by the system's keyring.

    Examples:

    - `interlock vault add-key PC1234`: asks for the new passphrase
    - `interlock vault add-key SAFE --role recovery --new-key-file /media/stick/interlock.key`

    Next: `interlock vault keys`. A key for the safe is worth its place: who forgets the only passphrase loses the
    force's keys.

    JSON: {number, kind, person, role, made_s}.
    """
    at = of(context)
    check_person(person, "interlock vault add-key ")
    vault = at.open_vault()
    opened = _sealed(vault)
    if keyring and key_file is not None:
        raise ToolError("one key is either a file or in the keyring", "Leave --keyring or --new-key-file out.")
    if keyring and any(slot.kind == "keyring" for slot in opened.locks.slots):
        raise ToolError(
            "the vault has a key in a keyring already", "Remove that one first: interlock vault remove-key."
        )
    if keyring:
        secret = vault_unlock.into_keyring(opened.locks.vault)
    else:
        secret = vault_unlock.new_secret(vault.path, key_file, asker(), "--new-key-file FILE")
    _check_new(vault, secret)
    with vault.locked():
        changed = vault_keys.adding(_sealed(vault), NewSlot(secret, person, role.value), utc_ms() // 1000, os.urandom)
        vault.files.lock_with(changed)
    slot = changed.locks.slots[-1]
    if as_json:
        print_json(_plain(slot))
        return
    print(f"Key {slot.number}: {person} can open the vault by {_by(slot)}.")


@app.command("remove-key")
def remove_key(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="Of the key: interlock vault keys")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let a key open the vault no more. Everything in it is sealed anew, under a key that the removed one never had;
    the others need not be there.

    Examples:

    - `interlock vault remove-key 2`

    Next: `interlock vault backup`: older backups open with their own passphrases still.

    Exit codes: 0 done; 1 a file is damaged, and stays under the key before.

    JSON: {removed, files, left}: files: how many are sealed anew; left: names of those that are damaged.
    """
    vault = of(context).open_vault()
    slots = {slot.number: slot for slot in vault_keys.without(_sealed(vault), number).locks.slots}
    gone = next(slot for slot in _sealed(vault).locks.slots if slot.number not in slots)
    confirm(f"{gone.person}'s {gone.kind} will open the vault no more. {_COPIES}", "Remove it?", yes)
    files, left = _turn(vault, number)
    _tell_turned(number, files, left, f"Key {number} ({gone.person}, {gone.kind}) opens the vault no more", "", as_json)


@app.command("passphrase")
def change(context: typer.Context, as_json: Json = False) -> None:
    """Change your passphrase. The present one is asked for, though the vault is unlocked; everything is sealed anew.

    Examples:

    - `interlock vault passphrase`

    Next: `interlock vault lock`, if others sit at this computer.

    Exit codes: 0 done; 1 a file is damaged, and stays under the key before.

    JSON: {removed, files, left}: as of interlock vault remove-key; removed: the key that the new one replaces.
    """
    at = of(context)
    vault = at.open_vault()
    _sealed(vault)
    ask = asker()
    if ask is None:
        raise ToolError("nobody is there to be asked for a passphrase", "Run this on a terminal.")
    old = vault_keys.unlock(vault.path, passphrase(ask("Present passphrase")), at.person).slot
    secret = vault_unlock.new_secret(vault.path, None, ask)
    files, left = _turn(vault, old.number, NewSlot(secret, old.person, old.role))
    _tell_turned(old.number, files, left, f"{old.person}'s passphrase is changed", " Backups keep theirs.", as_json)


@app.command()
def unlock(
    context: typer.Context,
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long it stays open")] = 8,
    as_json: Json = False,
) -> None:
    """Open the vault for some hours, so that commands do not ask for the passphrase each time.

    For this user on this computer, until the time is over, the session ends, or `interlock vault lock`. What keeps it
    open lies in memory ($XDG_RUNTIME_DIR), never on a disk; where there is no such place it is refused.

    Examples:

    - `interlock vault unlock`: for a shift of 8 hours
    - `interlock vault unlock --hours 1`

    Next: `interlock vault lock`, when you leave.

    JSON: {until_s}: seconds since 1970, UTC.
    """
    at = of(context)
    vault_ticket.check_place()
    vault = at.open_vault(with_ticket=False)
    until_s = int(time.time()) + hours * HOUR_S
    vault_ticket.leave(vault.path, _sealed(vault), until_s)
    if as_json:
        print_json({"until_s": until_s})
        return
    until = datetime.fromtimestamp(until_s).astimezone().strftime("%H:%M %Z")
    print(f"The vault of {vault.force().name} is open until {until}. Close it earlier: interlock vault lock")


@app.command()
def lock(context: typer.Context, as_json: Json = False) -> None:
    """Close the vault that `interlock vault unlock` opened.

    Examples:

    - `interlock vault lock`

    Next: commands ask for the passphrase again.

    JSON: {was_open}.
    """
    was_open = vault_ticket.end(of(context).vault_path)
    if as_json:
        print_json({"was_open": was_open})
        return
    print("The vault is closed." if was_open else "The vault was not open.")


def _check_new(vault: Vault, secret: Secret) -> None:
    """ToolError when this opens the vault already: one of two equal keys could be removed, and nothing would follow."""
    try:
        slot = vault_keys.unlock(vault.path, secret).slot
    except WrongSecret:
        return
    raise ToolError(
        f"that {secret.kind} opens the vault already: it is key {slot.number}, of {slot.person}",
        "Give another one. Nothing was changed.",
    )


def _turn(vault: Vault, number: int, instead: NewSlot | None = None) -> tuple[int, list[str]]:
    """Take a key away, perhaps with another in its place, and seal everything anew; how many files, and names of those
    that are damaged and could not be."""
    with vault.locked():
        opened = _sealed(vault)
        if instead is not None:
            opened = vault_keys.adding(opened, instead, utc_ms() // 1000, os.urandom)
        vault.files.lock_with(vault_keys.turning(vault_keys.without(opened, number), os.urandom))
    vault_ticket.end(vault.path)
    left = [path.relative_to(vault.path).as_posix() for path in vault.files.left_behind()]
    return len(vault.files.secrets()) - len(left), left


def _tell_turned(number: int, files: int, left: list[str], done: str, more: str, as_json: bool) -> None:
    if as_json:
        print_json({"removed": number, "files": files, "left": left})
    else:
        print(f"{done}; {files} files are sealed anew.{more}")
        if left:
            print(
                f"Not sealed anew, because damaged: {', '.join(left)}. What they hold stays open to the key before. "
                "Restore them from a backup, or move them out of the vault: the next command that changes it ends this."
            )
    if left:
        end(Exit.FINDINGS)


def _sealed(vault: Vault) -> vault_keys.Keys:
    """The vault's keys, when it is encrypted."""
    if vault.files.keys is None:
        raise ToolError(f"the vault at {vault.path} is not encrypted", "Encrypt it first: interlock vault encrypt.")
    return vault.files.keys


def _plain(slot: Slot) -> dict[str, object]:
    return {name: getattr(slot, name) for name in ("number", "kind", "person", "role", "made_s")}


def _by(slot: Slot) -> str:
    return {"passphrase": "that passphrase", "key file": "that key file", "keyring": "the keyring of this login"}[
        slot.kind
    ]


app.add_typer(vault_care.app)
app.add_typer(vault_people.app)
