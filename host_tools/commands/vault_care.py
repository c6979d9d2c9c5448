"""`interlock vault backup`, `restore`, `check`, `log`, `mirror`, `encrypt`: what keeps keys from being lost."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..asking import asker
from ..context import Context, make_home, utc_ms
from ..outcome import Exit, ToolError
from ..vault import backup as backups
from ..vault import keys as vault_keys
from ..vault import log as vault_log
from ..vault import unlock as vault_unlock
from ..vault.check import check as examine
from ..vault.slots import NewSlot, Secret, passphrase
from ..vault.vault import Vault
from .running import Json, end, of, print_json
from .tables import console, table

app = typer.Typer()

BackupKey = Annotated[
    Path | None, typer.Option("--backup-key-file", metavar="FILE", help="The key file that opens the backup")
]


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: a file, replaced if it is an older backup")],
    key_file: Annotated[
        Path | None,
        typer.Option("--new-key-file", metavar="KEY", help="A key file for it, made if there is none [default: asks]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put everything that the vault holds into one file, encrypted under a passphrase or a key file of its own.

    Other commands may run meanwhile. A unit moves its admin key on with each admin session, and takes the last two: so
    a backup is good for setting, pairing and revoking a unit until the second admin session after it, and for reading
    and checking journals for ever. `interlock vault check FILE` says which units it is too old for; `interlock vault
    mirror` keeps a copy that is never too old.

    Examples:

    - `interlock vault backup /media/stick/met.backup`
    - `interlock vault backup /srv/met.backup --new-key-file /media/stick/backup.key`: for a nightly job

    Next: `interlock vault check FILE`; keep file and key in different places.

    JSON: {file, units, made_s, digest}; digest: SHA-256 in hex.
    """
    at = of(context)
    vault = at.open_vault()
    secret = vault_unlock.new_secret(vault.path, key_file, asker(), "--new-key-file FILE")
    made = backups.write(vault, file, NewSlot(secret, at.who(vault)), utc_ms() // 1000)
    if as_json:
        print_json({"file": str(file), "units": len(made.units), "made_s": made.made_s, "digest": made.digest})
        return
    print(f"{file} holds the vault of {made.force}: {_count(len(made.units), 'unit')}. SHA-256 {made.digest}")


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, or the folder of a mirror")],
    key_file: BackupKey = None,
    as_json: Json = False,
) -> None:
    """Make the vault at --home out of a backup or a mirror; never over another vault, and only when all of it is whole.

    Out of a backup it is a vault of its own, which you alone can open: a new passphrase is asked for, or --key-file
    names (and makes) its key file. Out of a mirror it opens as it did.

    Examples:

    - `interlock --home /home/me/.interlock vault restore /media/stick/met.backup`

    Next: `interlock vault check`, then `interlock policy diff` with all units in range; a unit that had two or more
    admin sessions since the backup refuses the next change, and its journal can still be pulled.

    JSON: {home, force, units, made_s, digest}; made_s, digest: null for a mirror.
    """
    at = of(context)
    if at.has_vault:
        raise ToolError(
            f"there is a vault at {at.vault_path} already", "Name another place: interlock --home DIR vault ..."
        )
    if file.is_dir():
        _restore_mirror(at, file, as_json)
        return
    found = backups.read(file, _backup_secret(file, key_file))
    make_home(at.home)
    keys = at.new_keys(at.vault_path, at.key_file, "--key-file FILE")
    backups.restore(found, at.vault_path, keys)
    vault = at.open_vault()
    if as_json:
        print_json(
            {
                "home": str(at.home), "force": found.force, "units": len(found.units),
                "made_s": found.made_s, "digest": found.digest,
            }
        )  # fmt: skip
        return
    print(
        f"The vault of {found.force} is at {vault.path}: {_count(len(found.units), 'unit')}, as they were at "
        f"{_time(found.made_s)}. Units that had two or more admin sessions since then are opened for reading only."
    )


def _restore_mirror(at: Context, folder: Path, as_json: bool) -> None:
    """The vault at --home as the mirror has it."""

    def check(copy: Path) -> None:
        keys = vault_unlock.unlock(copy, at.key_file, asker(), at.person)
        found = examine(Vault.open(copy, keys=keys)).findings
        if found:
            raise ToolError(f"{folder} is not whole: {found[0]}", "Take a backup instead, or another copy.")

    make_home(at.home)
    backups.copy_back(folder, at.vault_path, check)
    vault = at.open_vault()
    force, units = vault.force().name, len(vault.serials())
    if as_json:
        print_json({"home": str(at.home), "force": force, "units": units, "made_s": None, "digest": None})
        return
    print(f"The vault of {force} is at {vault.path}: {_count(units, 'unit')}, as the mirror has them.")


@app.command()
def check(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A backup, instead of the vault itself")] = None,
    key_file: BackupKey = None,
    as_json: Json = False,
) -> None:
    """Read all of the vault, or of a backup: does everything open, hold what it should, and fit together?

    Of a backup it says, too, by what the vault at --home knows (if there is one), for which units it is too old to
    open them as admin.

    Examples:

    - `interlock vault check`
    - `interlock vault check /media/stick/met.backup`: is it whole, and is it time for a new one?

    Next: what is damaged, restore from a backup: `interlock --home DIR vault restore FILE`.

    JSON: {files, findings: [text], remarks: [text], too_old_for: [serial]}. Exit code 1: findings, or too old.
    """
    at = of(context)
    too_old: list[str] = []
    if file is None:
        checked = examine(at.open_vault())
        files, findings, remarks = checked.files, checked.findings, checked.remarks
    else:
        found = backups.read(file, _backup_secret(file, key_file))
        files, findings, remarks = len(found.files), (), ()
        if at.has_vault and (vault := at.open_vault()).kind == "force":
            too_old = backups.stale(found, vault)
    if as_json:
        print_json({"files": files, "findings": findings, "remarks": remarks, "too_old_for": too_old})
    else:
        for text in findings:
            print(f"- {text}")
        print(
            f"{_count(files, 'file')} read: {'all whole.' if not findings else _count(len(findings), 'finding') + '.'}"
        )
        for text in remarks:
            print(f"Better: {text}.")
        if too_old:
            print(f"Too old to open as admin: {', '.join(too_old)}. Make a new backup.")
    if findings or too_old:
        end(Exit.FINDINGS)


@app.command()
def log(context: typer.Context, as_json: Json = False) -> None:
    """Show who used the vault, when, where and for what; and whether anybody changed that record.

    Examples:

    - `interlock vault log`

    Next: `interlock vault keys`: who can open it now.

    JSON: {uses: [{number, utc, person, slot, command, host}], findings: [text]}. Exit code 1: findings.
    """
    vault = of(context).open_vault()
    if vault.files.keys is None:
        raise ToolError("a vault that is not encrypted keeps no log", "Encrypt it: interlock vault encrypt.")
    found = vault_log.read(vault.files)
    if as_json:
        print_json({"uses": [vars(use) for use in found.uses], "findings": found.findings})
    else:
        rows = table("use", "time (UTC)", "person", "key", "command", "computer")
        for use in found.uses:
            rows.add_row(str(use.number), use.utc, use.person, str(use.slot), use.command, use.host)
        console().print(rows)
        for text in found.findings:
            print(f"- {text}")
    if found.findings:
        end(Exit.FINDINGS)


@app.command()
def mirror(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="An empty folder on another disk, a stick or a server")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep no mirror any more")] = False,
    as_json: Json = False,
) -> None:
    """Keep the vault a second time elsewhere, file by file as it changes, sealed as it is: if this computer is lost, no
    unit's key is.

    While the other place is away, commands say so and go on; the next change makes up for what was missed.

    Examples:

    - `interlock vault mirror /media/stick/interlock`
    - `interlock vault mirror --off`

    Next: `interlock --home DIR vault restore /media/stick/interlock`, on another computer, when it has to be.

    JSON: {mirror}: the folder, or null.
    """
    vault = of(context).open_vault()
    if vault.files.keys is None:
        raise ToolError("a vault that is not encrypted is not copied about", "Encrypt it: interlock vault encrypt.")
    if folder is not None or off:
        place = None if off or folder is None else _place_for(vault, folder)
        with vault.locked():
            keys = vault.files.keys
            vault.files.lock_with(replace(keys, locks=replace(keys.locks, mirror=place)))
            if place is not None:
                vault.files.bring_mirror()
    place = vault.files.keys.locks.mirror
    if as_json:
        print_json({"mirror": place})
        return
    print(f"The vault is kept a second time in {place}." if place else "The vault is kept here alone.")


def _place_for(vault: Vault, folder: Path) -> str:
    """The folder, when a mirror may be there."""
    place, here = folder.absolute().resolve(), vault.path.absolute().resolve()
    if not place.is_dir():
        raise ToolError(f"{folder} is no folder", "Make it first: an empty one, on another disk.")
    if place == here or here in place.parents:
        raise ToolError(f"{folder} is in the vault itself", "Name a folder on another disk, a stick or a server.")
    if any(place.iterdir()):
        found = vault_keys.read(place)
        assert vault.files.keys is not None
        if found is None or found.vault != vault.files.keys.locks.vault:
            raise ToolError(f"{folder} is not empty, and no mirror of this vault", "Name an empty folder.")
    return str(place)


@app.command()
def encrypt(context: typer.Context, as_json: Json = False) -> None:
    """Encrypt a vault that an older version of this program made in clear. Broken off, the next command goes on.

    What was in clear may stay in unused blocks of the disk, and in copies of it: an SSD is not erased by writing over.
    If the disk leaves your hands, change what units hold (`interlock rotate`).

    Examples:

    - `interlock vault encrypt`: asks for a passphrase
    - `interlock --key-file /media/stick/interlock.key vault encrypt`

    Next: `interlock vault add-key`, `interlock vault backup`.

    JSON: {files}: how many were encrypted.
    """
    at = of(context)
    vault = at.open_vault()
    if vault.files.keys is not None:
        raise ToolError("the vault is encrypted already", "interlock vault keys lists who can open it.")
    fresh = at.new_keys(vault.path, at.key_file, "--key-file FILE")
    with vault.locked():
        vault.files.lock_with(replace(fresh, locks=replace(fresh.locks, is_partly_clear=True)))
    files = len(vault.files.secrets())
    if as_json:
        print_json({"files": files})
        return
    print(f"{_count(files, 'file')} of the vault at {vault.path} are encrypted.")


def _backup_secret(file: Path, key_file: Path | None) -> Secret:
    """What opens this backup: the key file that is given, or a passphrase that is asked for."""
    kind = backups.kind(file)
    if key_file is not None:
        return vault_unlock.read_key_file(key_file)
    ask = asker()
    if kind == "key file" or ask is None:
        raise ToolError(f"the backup at {file} takes a {kind}", f"Give it: --backup-key-file FILE{_or_terminal(kind)}.")
    return passphrase(ask(f"Passphrase of the backup {file}"))


def _or_terminal(kind: str) -> str:
    return "" if kind == "key file" else ", or run this on a terminal"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
